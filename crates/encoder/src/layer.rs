use std::ops::Range;
use std::sync::Arc;

use crate::attention::{Positions, Shape};
use crate::batch::{States, ranges};
use crate::config::{Activation, Config, ModelType, Places};
use crate::dir::ModelDir;
use crate::error::{Error, ErrorKind};
use crate::kernel::{Backend, Kernel, Operand, Out, Product, Work, move_up};
use crate::math;
use crate::subwords::WordCache;
use crate::weights::Weights;

/// Rows that go through the layers together: enough that the weights, read once for all of them,
/// do not wait for memory, few enough that what stands between two products stays in the cache.
const CHUNK: usize = 384;

/// Memory that a worker keeps from call to call. It carries no results: any one serves any model.
#[derive(Default)]
pub struct Scratch {
    pub(crate) words: WordCache,
    input: Operand,
    inner: Operand,
    qkv: Operand,
    work: Work,
    /// Rows normalized before a product, where the sum goes on without.
    normal: Vec<f32>,
    /// Both halves of a gated feed-forward block.
    gated: Vec<f32>,
}

/// Transformer layers without embeddings: for a task's own layers on top of an encoder's states.
///
/// ```no_run
/// use standpoint_encoder::{Encoder, Kernel, Layers, Scratch};
///
/// # fn main() -> Result<(), standpoint_encoder::Error> {
/// # let batch = standpoint_encoder::Batch::default();
/// let encoder = Encoder::open("encoder", Kernel::Auto)?;
/// // Tensors `top.layer.0.attention.q_lin.weight` and so on.
/// let top = Layers::open("head", "top.layer.", Kernel::Auto)?;
/// let mut scratch = Scratch::default();
/// let mut states = encoder.encode(&batch, &mut scratch);
/// top.apply(&mut states, &mut scratch);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Layers {
    inner: Arc<Stack>,
}

impl Layers {
    /// Opens the layers whose tensors start with `prefix` and a number, as `0.attention.q_lin.weight`
    /// follows `top.layer.`, of a directory with `config.json` and weights. `config.json` says of
    /// which type they are (`distilbert`, `bert`), and how many heads they have; layers are
    /// counted in the file.
    ///
    /// # Errors
    ///
    /// As [`Encoder::open`](crate::Encoder::open).
    pub fn open(dir: impl Into<ModelDir>, prefix: &str, kernel: Kernel) -> Result<Self, Error> {
        let dir = dir.into();
        let config = Config::open(&dir)?;
        let weights = Weights::open(&dir)?;
        let count = (0..)
            .take_while(|i| {
                let start = format!("{prefix}{i}.");
                weights.names().any(|name| name.starts_with(&start))
            })
            .count();
        let backend = kernel.backend_for(&dir)?;
        // None in the file: ask for the first, so that the error names it.
        if config.places != Places::Table {
            let what = "is of a type whose layers cannot stand alone: they know positions";
            return Err(config_error(&dir, what.to_owned()));
        }
        let name = |i| (format!("{prefix}{i}."), Arc::new(Positions::Plain));
        let layers = (0..count.max(1)).map(name);
        let stack = Stack::open(&weights, layers, &config, None, backend)?;
        Ok(Self {
            inner: Arc::new(stack),
        })
    }

    /// How many layers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.layers.len()
    }

    /// Whether there is no layer.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inner.layers.is_empty()
    }

    /// Values per row.
    #[must_use]
    pub fn hidden_size(&self) -> usize {
        self.inner.hidden
    }

    /// Sends states through the layers, in place; attention is within each window.
    ///
    /// # Panics
    ///
    /// If the states have another hidden size.
    pub fn apply(&self, states: &mut States, scratch: &mut Scratch) {
        assert_eq!(
            states.hidden, self.inner.hidden,
            "the layers' hidden size must be the states'"
        );
        let hidden = states.hidden;
        for chunk in chunks(&states.ends) {
            let rows = &mut states.data[chunk.rows.start * hidden..chunk.rows.end * hidden];
            self.inner.apply(rows, &chunk.windows, None, scratch);
        }
    }

    /// [`apply`](Self::apply) to the states of several documents as one batch, which is faster for
    /// short ones. Each result is the same to the bit.
    ///
    /// # Panics
    ///
    /// As [`apply`](Self::apply).
    pub fn apply_many(&self, documents: &mut [States], scratch: &mut Scratch) {
        if let [states] = documents {
            return self.apply(states, scratch);
        }
        let mut all = States {
            hidden: self.inner.hidden,
            ..States::default()
        };
        for states in &*documents {
            assert_eq!(
                states.hidden, all.hidden,
                "the layers' hidden size must be the states'"
            );
            let before = all.rows();
            all.data.extend_from_slice(&states.data);
            all.ends.extend(states.ends.iter().map(|end| before + end));
        }
        self.apply(&mut all, scratch);
        let mut rest = &all.data[..];
        for states in documents {
            let (own, others) = rest.split_at(states.data.len());
            states.data.copy_from_slice(own);
            rest = others;
        }
    }
}

impl std::fmt::Debug for Layers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Layers")
            .field("layers", &self.len())
            .field("hidden_size", &self.hidden_size())
            .finish_non_exhaustive()
    }
}

/// Whole windows that go through a model together.
pub(crate) struct Chunk {
    pub(crate) rows: Range<usize>,
    /// Within the chunk.
    pub(crate) windows: Vec<Range<usize>>,
}

/// Cuts windows into chunks of up to [`CHUNK`] rows; a longer window is one of its own.
pub(crate) fn chunks(ends: &[usize]) -> Vec<Chunk> {
    let mut chunks: Vec<Chunk> = Vec::new();
    for window in ranges(ends) {
        match chunks.last_mut() {
            Some(chunk) if window.end - chunk.rows.start <= CHUNK => {
                let start = chunk.rows.start;
                chunk.windows.push(window.start - start..window.end - start);
                chunk.rows.end = window.end;
            }
            _ => chunks.push(Chunk {
                windows: std::iter::once(0..window.len()).collect(),
                rows: window,
            }),
        }
    }
    chunks
}

/// Layers, packed.
pub(crate) struct Stack {
    backend: Box<dyn Backend>,
    layers: Vec<Layer>,
    /// Which of the layers come one after the other: all, each once, unless they share weights.
    order: Vec<usize>,
    hidden: usize,
    heads: usize,
    activation: Activation,
    /// Values between the two products of a gated feed-forward block, half of what the first gives.
    gate: Option<usize>,
    /// Where layers normalize before their products, the normalization after the last.
    last: Option<Norm>,
}

/// Attention, then a feed-forward block, each added to its input. The sums are normalized; or, where
/// [`Stack::last`] says so, what goes into the products.
struct Layer {
    positions: Arc<Positions>,
    qkv: Box<dyn Product>,
    output: Box<dyn Product>,
    /// None where a first layer takes the embeddings as they are.
    attention_norm: Option<Norm>,
    up: Box<dyn Product>,
    down: Box<dyn Product>,
    output_norm: Norm,
}

/// Weight and bias of a layer normalization.
#[derive(Clone)]
pub(crate) struct Norm {
    pub(crate) weight: Vec<f32>,
    pub(crate) bias: Vec<f32>,
    pub(crate) epsilon: f32,
}

impl Norm {
    pub(crate) fn open(
        weights: &Weights,
        name: &str,
        width: usize,
        config: &Config,
    ) -> Result<Self, Error> {
        // Checkpoints converted from TensorFlow have the older names.
        let old = weights.contains(&format!("{name}.gamma"));
        let (weight, bias) = if old {
            ("gamma", "beta")
        } else {
            ("weight", "bias")
        };
        Ok(Self {
            weight: weights.exact(&format!("{name}.{weight}"), &[width])?,
            bias: bias_of(weights, &format!("{name}.{bias}"), width, config)?,
            epsilon: config.epsilon,
        })
    }

    pub(crate) fn apply(&self, rows: &mut [f32]) {
        math::layer_norm(rows, &self.weight, &self.bias, self.epsilon);
    }
}

/// A bias; ModernBERT has none unless its makers wanted some.
fn bias_of(
    weights: &Weights,
    name: &str,
    width: usize,
    config: &Config,
) -> Result<Vec<f32>, Error> {
    if config.model_type == ModelType::ModernBert && !weights.contains(name) {
        return Ok(vec![0.0; width]);
    }
    weights.exact(name, &[width])
}

/// What the parts of a layer are called.
struct Names {
    /// Query, key and value, or all in one.
    qkv: &'static [&'static str],
    output: &'static str,
    attention_norm: &'static str,
    up: &'static str,
    down: &'static str,
    output_norm: &'static str,
}

impl Names {
    fn of(model_type: ModelType) -> Self {
        match model_type {
            ModelType::Bert | ModelType::Roberta | ModelType::Electra => Self {
                qkv: &[
                    "attention.self.query",
                    "attention.self.key",
                    "attention.self.value",
                ],
                output: "attention.output.dense",
                attention_norm: "attention.output.LayerNorm",
                up: "intermediate.dense",
                down: "output.dense",
                output_norm: "output.LayerNorm",
            },
            ModelType::DistilBert => Self {
                qkv: &["attention.q_lin", "attention.k_lin", "attention.v_lin"],
                output: "attention.out_lin",
                attention_norm: "sa_layer_norm",
                up: "ffn.lin1",
                down: "ffn.lin2",
                output_norm: "output_layer_norm",
            },
            ModelType::Albert => Self {
                qkv: &["attention.query", "attention.key", "attention.value"],
                output: "attention.dense",
                attention_norm: "attention.LayerNorm",
                up: "ffn",
                down: "ffn_output",
                output_norm: "full_layer_layer_norm",
            },
            ModelType::DebertaV2 => Self {
                qkv: &[
                    "attention.self.query_proj",
                    "attention.self.key_proj",
                    "attention.self.value_proj",
                ],
                output: "attention.output.dense",
                attention_norm: "attention.output.LayerNorm",
                up: "intermediate.dense",
                down: "output.dense",
                output_norm: "output.LayerNorm",
            },
            ModelType::ModernBert => Self {
                qkv: &["attn.Wqkv"],
                output: "attn.Wo",
                attention_norm: "attn_norm",
                up: "mlp.Wi",
                down: "mlp.Wo",
                output_norm: "mlp_norm",
            },
            ModelType::MpNet => Self {
                qkv: &["attention.attn.q", "attention.attn.k", "attention.attn.v"],
                output: "attention.attn.o",
                attention_norm: "attention.LayerNorm",
                up: "intermediate.dense",
                down: "output.dense",
                output_norm: "output.LayerNorm",
            },
        }
    }
}

impl Stack {
    /// Opens layers by the starts of their tensors' names. With `last`, they normalize before their
    /// products.
    pub(crate) fn open(
        weights: &Weights,
        prefixes: impl IntoIterator<Item = (String, Arc<Positions>)>,
        config: &Config,
        last: Option<Norm>,
        backend: Box<dyn Backend>,
    ) -> Result<Self, Error> {
        let names = Names::of(config.model_type);
        let (hidden, inner) = (config.hidden, config.intermediate);
        let gate = (config.model_type == ModelType::ModernBert).then_some(inner);
        let wide = gate.map_or(inner, |inner| 2 * inner);
        let mut layers = Vec::new();
        for (prefix, positions) in prefixes {
            let name = |part: &str| format!("{prefix}{part}");
            let pack = |parts: &[&str], rows: usize, cols: usize| {
                let mut matrices = Vec::new();
                let mut biases = Vec::new();
                for part in parts {
                    let part = name(part);
                    matrices.push(weights.matrix(&format!("{part}.weight"), rows, cols)?);
                    biases.extend(bias_of(weights, &format!("{part}.bias"), rows, config)?);
                }
                Ok::<_, Error>(backend.pack(&matrices, biases))
            };
            let norm = name(names.attention_norm);
            let first = last.is_some() && layers.is_empty();
            layers.push(Layer {
                positions,
                qkv: pack(names.qkv, 3 * hidden / names.qkv.len(), hidden)?,
                output: pack(&[names.output], hidden, hidden)?,
                attention_norm: if first {
                    None
                } else {
                    Some(Norm::open(weights, &norm, hidden, config)?)
                },
                up: pack(&[names.up], wide, hidden)?,
                down: pack(&[names.down], hidden, inner)?,
                output_norm: Norm::open(weights, &name(names.output_norm), hidden, config)?,
            });
        }
        let order = match config.groups {
            None => (0..layers.len()).collect(),
            Some((groups, inner)) => (0..config.layers)
                .flat_map(|i| (0..inner).map(move |j| i * groups / config.layers * inner + j))
                .collect(),
        };
        Ok(Self {
            backend,
            layers,
            order,
            hidden,
            heads: config.heads,
            activation: config.activation,
            gate,
            last,
        })
    }

    /// The product between embeddings and layers, where they differ in size.
    pub(crate) fn projection(
        &self,
        weights: &Weights,
        name: &str,
        from: usize,
    ) -> Result<Box<dyn Product>, Error> {
        let weight = weights.matrix(&format!("{name}.weight"), self.hidden, from)?;
        let bias = weights.exact(&format!("{name}.bias"), &[self.hidden])?;
        Ok(self.backend.pack(&[weight], bias))
    }

    /// Sends embeddings through that product.
    pub(crate) fn project(
        &self,
        projection: &dyn Product,
        embeddings: &[f32],
        width: usize,
        out: &mut [f32],
        scratch: &mut Scratch,
    ) {
        self.backend.load(embeddings, width, &mut scratch.input);
        projection.run(&scratch.input, Out::Store(out));
    }

    pub(crate) fn kernel_name(&self) -> &'static str {
        self.backend.name()
    }

    /// Sends the rows of a chunk through all layers. Where only some rows are `wanted`, in ascending
    /// order, these come to stand in front, and the last layer does little for the others.
    pub(crate) fn apply(
        &self,
        mut x: &mut [f32],
        windows: &[Range<usize>],
        wanted: Option<&[usize]>,
        scratch: &mut Scratch,
    ) {
        let Scratch {
            input,
            inner,
            qkv,
            work,
            normal,
            gated,
            ..
        } = scratch;
        let backend = &*self.backend;
        let mut normalized = |x: &[f32], norm: &Norm, input: &mut Operand| {
            normal.clear();
            normal.extend_from_slice(x);
            backend.normalize(normal, norm, input);
        };
        let before = self.last.is_some();
        backend.load(x, self.hidden, input);
        for (i, layer) in self.order.iter().map(|&i| &self.layers[i]).enumerate() {
            let shape = Shape {
                heads: self.heads,
                size: self.hidden / self.heads,
                windows,
                positions: &layer.positions,
            };
            if let (true, Some(norm)) = (before, &layer.attention_norm) {
                normalized(x, norm, input);
            }
            layer.qkv.run(input, Out::Heads(qkv));
            backend.attend(qkv, &shape, work, input);
            if let (Some(wanted), true) = (wanted, i + 1 == self.order.len()) {
                input.keep(wanted);
                move_up(x, self.hidden, wanted);
                x = &mut x[..wanted.len() * self.hidden];
            }
            layer.output.run(input, Out::Add(x));
            match &layer.attention_norm {
                _ if before => normalized(x, &layer.output_norm, input),
                Some(norm) => backend.normalize(x, norm, input),
                None => {}
            }
            match self.gate {
                Some(width) => {
                    gated.resize(x.len() / self.hidden * 2 * width, 0.0);
                    layer.up.run(input, Out::Store(gated));
                    math::gate(self.activation, gated, width);
                    let rows = gated.len() / 2;
                    backend.load(&gated[..rows], width, inner);
                }
                None => layer.up.run(input, Out::Activate(self.activation, inner)),
            }
            layer.down.run(inner, Out::Add(x));
            if !before {
                backend.normalize(x, &layer.output_norm, input);
            }
        }
        if let Some(norm) = &self.last {
            norm.apply(x);
        }
    }
}

/// An error about the directory as a whole.
pub(crate) fn config_error(dir: &ModelDir, what: String) -> Error {
    Error::new(dir.place("config.json"), ErrorKind::Config(what))
}
