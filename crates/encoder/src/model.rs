use std::ops::Range;
use std::sync::Arc;

use crate::attention::{Disentangled, DistanceRows, Positions, RelativeBias, Rotary};
use crate::batch::{Batch, States};
use crate::config::{Config, Distances, ModelType, Places};
use crate::dir::ModelDir;
use crate::encoder::Encode;
use crate::error::Error;
use crate::kernel::{Kernel, Product, project};
use crate::layer::{Norm, Scratch, Stack, chunks};
use crate::weights::{Matrix, Weights};

/// A model of the BERT family on this crate's kernels: embeddings and layers.
pub(crate) struct Model {
    config: Config,
    words: Matrix,
    positions: Option<Matrix>,
    types: Option<Matrix>,
    norm: Norm,
    projection: Option<Box<dyn Product>>,
    stack: Stack,
}

impl Model {
    pub(crate) fn open(dir: &ModelDir, config: Config, kernel: Kernel) -> Result<Self, Error> {
        let backend = kernel.backend_for(dir)?;
        let weights = Weights::open(dir)?;
        // A model saved with a task's head has its encoder under the type's name.
        let name = match config.model_type {
            ModelType::Bert => "bert.",
            ModelType::DistilBert => "distilbert.",
            ModelType::MpNet => "mpnet.",
            ModelType::Roberta => "roberta.",
            ModelType::Electra => "electra.",
            ModelType::Albert => "albert.",
            ModelType::DebertaV2 => "deberta.",
            ModelType::ModernBert => "model.",
        };
        let headed = weights.names().any(|n| n.starts_with(name));
        let prefix = if headed { name } else { "" };
        let table = |part: &str, rows: usize| {
            weights.matrix(
                &format!("{prefix}embeddings.{part}.weight"),
                rows,
                config.embedding,
            )
        };
        let (words, norm) = match config.model_type {
            ModelType::ModernBert => ("tok_embeddings", "norm"),
            _ => ("word_embeddings", "LayerNorm"),
        };
        let norm_name = format!("{prefix}embeddings.{norm}");
        let norm = Norm::open(&weights, &norm_name, config.embedding, &config)?;
        let layers = layer_names(prefix, &config);
        let positions = positions(&weights, prefix, &layers, &config)?;
        let last = match config.model_type {
            ModelType::ModernBert => {
                let name = format!("{prefix}final_norm");
                Some(Norm::open(&weights, &name, config.hidden, &config)?)
            }
            _ => None,
        };
        let layers = layers.into_iter().zip(positions);
        let stack = Stack::open(&weights, layers, &config, last, backend)?;
        let projection = match config.model_type {
            ModelType::Albert => Some("encoder.embedding_hidden_mapping_in"),
            _ if config.embedding != config.hidden => Some("embeddings_project"),
            _ => None,
        };
        let projection = projection
            .map(|name| stack.projection(&weights, &format!("{prefix}{name}"), config.embedding))
            .transpose()?;
        let types = match config.types {
            0 => None,
            rows => Some(table("token_type_embeddings", rows)?),
        };
        let positions = match config.places {
            Places::Rotary(_) | Places::Disentangled { table: false, .. } => None,
            _ => Some(table("position_embeddings", config.positions)?),
        };
        Ok(Self {
            words: table(words, config.vocabulary)?,
            positions,
            types,
            norm,
            projection,
            stack,
            config,
        })
    }

    /// The sum of a piece's embeddings, for the piece at `at` in the batch and `place` in its
    /// window.
    fn embed(&self, batch: &Batch, at: usize, place: usize, row: &mut [f32], value: &mut [f32]) {
        let id = batch.ids[at] as usize;
        assert!(
            id < self.words.rows,
            "there is no piece {id} among {}",
            self.words.rows
        );
        self.words.read_row(id, row);
        let mut add = |table: &Matrix, from: usize| {
            table.read_row(from, value);
            row.iter_mut().zip(&*value).for_each(|(x, y)| *x += y);
        };
        if let Some(types) = &self.types {
            let kind = usize::from(batch.types[at]);
            assert!(
                kind < types.rows,
                "there is no token type {kind} among {}",
                types.rows
            );
            add(types, kind);
        }
        if let Some(positions) = &self.positions {
            add(positions, self.config.first_position + place);
        }
    }

    /// The states of all pieces, or of those at these places.
    fn run(&self, batch: &Batch, places: Option<&[usize]>, scratch: &mut Scratch) -> Vec<f32> {
        let (hidden, width) = (self.config.hidden, self.config.embedding);
        let count = places.map_or(batch.pieces(), <[usize]>::len);
        let mut states = Vec::with_capacity(count * hidden);
        let (mut rows, mut narrow) = (Vec::new(), Vec::new());
        let mut value = vec![0.0; width];
        for chunk in chunks(&batch.ends) {
            let wanted = places.map(|places| in_chunk(places, &chunk.rows));
            if wanted.as_ref().is_some_and(Vec::is_empty) {
                continue;
            }
            rows.resize(chunk.rows.len() * hidden, 0.0);
            let embeddings = match self.projection {
                Some(_) => {
                    narrow.resize(chunk.rows.len() * width, 0.0);
                    &mut narrow
                }
                None => &mut rows,
            };
            for window in &chunk.windows {
                assert!(
                    window.len() <= self.max_pieces(),
                    "a window of {} pieces is longer than the model's {}",
                    window.len(),
                    self.max_pieces()
                );
                for (place, at) in window.clone().enumerate() {
                    let row = &mut embeddings[at * width..][..width];
                    self.embed(batch, chunk.rows.start + at, place, row, &mut value);
                }
            }
            self.norm.apply(embeddings);
            if let Some(projection) = &self.projection {
                let stack = &self.stack;
                stack.project(&**projection, &narrow, width, &mut rows, scratch);
            }
            self.stack
                .apply(&mut rows, &chunk.windows, wanted.as_deref(), scratch);
            let kept = wanted.map_or(chunk.rows.len(), |wanted| wanted.len());
            states.extend_from_slice(&rows[..kept * hidden]);
        }
        states
    }
}

/// Which of these places, in ascending order, are in a chunk, as rows of it.
fn in_chunk(places: &[usize], rows: &Range<usize>) -> Vec<usize> {
    let from = places.partition_point(|&place| place < rows.start);
    let to = places.partition_point(|&place| place < rows.end);
    places[from..to]
        .iter()
        .map(|place| place - rows.start)
        .collect()
}

impl Encode for Model {
    fn hidden_size(&self) -> usize {
        self.config.hidden
    }

    fn max_pieces(&self) -> usize {
        self.config.max_pieces()
    }

    fn kernel_name(&self) -> &'static str {
        self.stack.kernel_name()
    }

    fn encode(&self, batch: &Batch, scratch: &mut Scratch) -> States {
        States {
            data: self.run(batch, None, scratch),
            hidden: self.hidden_size(),
            ends: batch.ends.clone(),
        }
    }

    fn encode_at(&self, batch: &Batch, places: &[usize], scratch: &mut Scratch) -> Vec<f32> {
        self.run(batch, Some(places), scratch)
    }
}

/// The starts of the layers' names.
fn layer_names(prefix: &str, config: &Config) -> Vec<String> {
    let layers = |part: &str| {
        let name = |i| format!("{prefix}{part}.{i}.");
        (0..config.layers).map(name).collect()
    };
    match (config.model_type, config.groups) {
        (_, Some((groups, inner))) => (0..groups * inner)
            .map(|i| {
                let (group, layer) = (i / inner, i % inner);
                format!("{prefix}encoder.albert_layer_groups.{group}.albert_layers.{layer}.")
            })
            .collect(),
        (ModelType::DistilBert, _) => layers("transformer.layer"),
        (ModelType::ModernBert, _) => layers("layers"),
        _ => layers("encoder.layer"),
    }
}

/// What each layer's attention knows of positions.
fn positions(
    weights: &Weights,
    prefix: &str,
    layers: &[String],
    config: &Config,
) -> Result<Vec<Arc<Positions>>, Error> {
    let longest = config.max_pieces();
    match &config.places {
        Places::Table => {
            let shared = Arc::new(Positions::Plain);
            Ok(vec![shared; layers.len()])
        }
        Places::Bias => {
            let name = format!("{prefix}encoder.relative_attention_bias.weight");
            let table = weights.exact(&name, &[MPNET_BUCKETS, config.heads])?;
            let bias = RelativeBias::new(config.heads, longest, |head, at| {
                table[mpnet_bucket(at) * config.heads + head]
            });
            let shared = Arc::new(Positions::Bias(bias));
            Ok(vec![shared; layers.len()])
        }
        Places::Rotary(kinds) => {
            let mut opened: Vec<Arc<Positions>> = Vec::new();
            for (i, kind) in kinds.iter().enumerate() {
                let same = kinds[..i].iter().position(|before| before == kind);
                let size = config.hidden / config.heads;
                let new = || Rotary::new(longest, size, kind.theta, kind.reach);
                opened.push(match same {
                    Some(layer) => Arc::clone(&opened[layer]),
                    None => Arc::new(Positions::Rotary(new())),
                });
            }
            Ok(opened)
        }
        Places::Disentangled { distances, .. } => {
            let rows = DistanceRows::new(longest, distances.span, distances.farthest);
            let rows = Arc::new(rows);
            let vectors = distance_vectors(weights, prefix, distances, config)?;
            let projected = |layer: &str, wanted: bool, own: &str, shared: &str| {
                let part = if distances.shared { shared } else { own };
                let name = format!("{layer}attention.self.{part}");
                let hidden = config.hidden;
                let project = || {
                    let weight = weights.matrix(&format!("{name}.weight"), hidden, hidden)?;
                    let bias = weights.exact(&format!("{name}.bias"), &[hidden])?;
                    Ok::<_, Error>(project(&vectors, &weight, bias))
                };
                wanted.then(project).transpose()
            };
            let open = |layer: &String| {
                let looked_at = distances.content_to_place;
                let looking = distances.place_to_content;
                Ok(Arc::new(Positions::Disentangled(Disentangled {
                    keys: projected(layer, looked_at, "pos_key_proj", "key_proj")?,
                    queries: projected(layer, looking, "pos_query_proj", "query_proj")?,
                    rows: Arc::clone(&rows),
                })))
            };
            layers.iter().map(open).collect()
        }
    }
}

/// DeBERTa's vectors for distances, `[2 · span, hidden]`, before a layer's projection.
fn distance_vectors(
    weights: &Weights,
    prefix: &str,
    distances: &Distances,
    config: &Config,
) -> Result<Vec<f32>, Error> {
    let name = format!("{prefix}encoder.rel_embeddings.weight");
    let mut vectors = weights.exact(&name, &[2 * distances.span, config.hidden])?;
    if distances.norm {
        let name = format!("{prefix}encoder.LayerNorm");
        Norm::open(weights, &name, config.hidden, config)?.apply(&mut vectors);
    }
    Ok(vectors)
}

const MPNET_BUCKETS: usize = 32;

/// MPNet's bucket for a distance from query to key (as T5's, for both directions): half for each
/// direction, the first 8 of which are for one distance each, the others logarithmic up to 128.
fn mpnet_bucket(distance: isize) -> usize {
    const HALF: usize = MPNET_BUCKETS / 2;
    const EXACT: usize = HALF / 2;
    let side = if distance > 0 { HALF } else { 0 };
    let n = distance.unsigned_abs();
    if n < EXACT {
        return side + n;
    }
    let log = (n as f32 / EXACT as f32).ln() / (128.0f64 / EXACT as f64).ln() as f32;
    side + (EXACT + (log * (HALF - EXACT) as f32) as usize).min(HALF - 1)
}
