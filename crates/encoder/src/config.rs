use serde_json::Value;

use crate::dir::ModelDir;
use crate::error::{Error, ErrorKind};

/// The model types that can be opened.
pub(crate) const SUPPORTED: &[&str] = &[
    "bert",
    "distilbert",
    "mpnet",
    "roberta",
    "xlm-roberta",
    "electra",
    "albert",
    "deberta-v2",
    "modernbert",
];

/// What `config.json` says, by one set of names for all model types.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) model_type: ModelType,
    pub(crate) hidden: usize,
    /// Values of an embedding; where that is not the hidden size, a product stands between.
    pub(crate) embedding: usize,
    pub(crate) layers: usize,
    /// Groups of layers that share weights, and layers in one.
    pub(crate) groups: Option<(usize, usize)>,
    pub(crate) heads: usize,
    pub(crate) intermediate: usize,
    pub(crate) vocabulary: usize,
    /// Rows of the position table; without one, the pieces of the longest window.
    pub(crate) positions: usize,
    /// The position of a window's first piece.
    pub(crate) first_position: usize,
    /// Rows of the token type table; 0 where the type has none.
    pub(crate) types: usize,
    pub(crate) epsilon: f32,
    pub(crate) activation: Activation,
    pub(crate) places: Places,
    /// The function in a [`Transform`](crate::Transform) before a task's own product.
    pub(crate) transform: Option<Activation>,
}

/// How a model knows in what order pieces stand.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Places {
    /// A table of positions, added to the embeddings.
    Table,
    /// MPNet's: the table, and a bias on scores by distance, shared by all layers.
    Bias,
    /// DeBERTa's: vectors for distances, by which queries and keys are also multiplied (He et al.
    /// 2021); `table` where positions are added to the embeddings too.
    Disentangled { distances: Distances, table: bool },
    /// ModernBERT's: queries and keys turned by their position (Su et al. 2021).
    Rotary(Vec<Rotary>),
}

/// Which vectors DeBERTa has for distances, and what is done with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Distances {
    /// Vectors for each direction.
    pub(crate) span: usize,
    /// The distance at which logarithmic buckets end; without buckets a vector is for one distance.
    pub(crate) farthest: Option<usize>,
    /// Whether a query looks at the distance, and whether a key does.
    pub(crate) content_to_place: bool,
    pub(crate) place_to_content: bool,
    /// Whether content's projections also serve the distances.
    pub(crate) shared: bool,
    /// Whether the vectors are normalized.
    pub(crate) norm: bool,
}

/// How one of ModernBERT's layers sees positions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rotary {
    /// The base of the angles' wavelengths.
    pub(crate) theta: f32,
    /// How far a query sees, where not over the whole window.
    pub(crate) reach: Option<usize>,
}

/// `model_type`, after loading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ModelType {
    Bert,
    DistilBert,
    MpNet,
    /// Also XLM-RoBERTa.
    Roberta,
    Electra,
    Albert,
    /// Also DeBERTa v3.
    DebertaV2,
    ModernBert,
}

/// The function between the two products of a feed-forward block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activation {
    /// `x · Φ(x)`, with the error function.
    Gelu,
    /// The approximation with tanh.
    GeluTanh,
    Relu,
}

impl Config {
    pub(crate) fn open(dir: &ModelDir) -> Result<Self, Error> {
        let name = "config.json";
        let bytes = dir.file(name)?;
        Self::parse(&bytes).map_err(|kind| Error::new(dir.place(name), kind))
    }

    fn parse(bytes: &[u8]) -> Result<Self, ErrorKind> {
        let json: Value = serde_json::from_slice(bytes)
            .map_err(|err| ErrorKind::Config(format!("is no JSON: {err}")))?;
        let fields = Fields(&json);
        let found = fields.text("model_type")?;
        let model_type = match found {
            "bert" => ModelType::Bert,
            "distilbert" => ModelType::DistilBert,
            "mpnet" => ModelType::MpNet,
            "roberta" | "xlm-roberta" => ModelType::Roberta,
            "electra" => ModelType::Electra,
            "albert" => ModelType::Albert,
            "deberta-v2" => ModelType::DebertaV2,
            "modernbert" => ModelType::ModernBert,
            other => {
                return Err(ErrorKind::ModelType {
                    found: other.to_owned(),
                    supported: SUPPORTED.join(", "),
                });
            }
        };
        let config = match model_type {
            ModelType::DistilBert => Self::distilbert(&fields)?,
            ModelType::ModernBert => Self::modernbert(&fields)?,
            _ => Self::bert(model_type, &fields)?,
        };
        config.check()?;
        Ok(config)
    }

    fn distilbert(fields: &Fields<'_>) -> Result<Self, ErrorKind> {
        Ok(Self {
            model_type: ModelType::DistilBert,
            hidden: fields.size("dim")?,
            embedding: fields.size("dim")?,
            groups: None,
            layers: fields.size("n_layers")?,
            heads: fields.size("n_heads")?,
            intermediate: fields.size("hidden_dim")?,
            vocabulary: fields.size("vocab_size")?,
            positions: fields.size("max_position_embeddings")?,
            first_position: 0,
            types: 0,
            epsilon: 1e-12,
            activation: fields.activation("activation")?,
            places: Places::Table,
            transform: None,
        })
    }

    /// BERT, and the types that name their fields as it does.
    fn bert(model_type: ModelType, fields: &Fields<'_>) -> Result<Self, ErrorKind> {
        let hidden = fields.size("hidden_size")?;
        Ok(Self {
            model_type,
            hidden,
            embedding: match model_type {
                ModelType::Electra | ModelType::Albert => fields.size("embedding_size")?,
                _ => hidden,
            },
            groups: match model_type {
                ModelType::Albert => Some((
                    fields.size_or("num_hidden_groups", 1)?,
                    fields.size_or("inner_group_num", 1)?,
                )),
                _ => None,
            },
            layers: fields.size("num_hidden_layers")?,
            heads: fields.size("num_attention_heads")?,
            intermediate: fields.size("intermediate_size")?,
            vocabulary: fields.size("vocab_size")?,
            positions: fields.size("max_position_embeddings")?,
            first_position: match model_type {
                // The positions up to the padding piece's number are the padding's.
                ModelType::MpNet => 2,
                ModelType::Roberta => fields.size_or("pad_token_id", 1)? + 1,
                _ => 0,
            },
            types: match model_type {
                ModelType::MpNet => 0,
                ModelType::DebertaV2 => fields.size_or("type_vocab_size", 0)?,
                _ => fields.size("type_vocab_size")?,
            },
            epsilon: fields.number_or("layer_norm_eps", 1e-12)?,
            activation: fields.activation("hidden_act")?,
            places: match model_type {
                ModelType::MpNet => Places::Bias,
                ModelType::DebertaV2 => fields.deberta(hidden)?,
                _ => Places::Table,
            },
            transform: None,
        })
    }

    fn modernbert(fields: &Fields<'_>) -> Result<Self, ErrorKind> {
        let hidden = fields.size("hidden_size")?;
        let layers = fields.size("num_hidden_layers")?;
        Ok(Self {
            model_type: ModelType::ModernBert,
            hidden,
            embedding: hidden,
            groups: None,
            layers,
            heads: fields.size("num_attention_heads")?,
            intermediate: fields.size("intermediate_size")?,
            vocabulary: fields.size("vocab_size")?,
            positions: fields.size("max_position_embeddings")?,
            first_position: 0,
            types: 0,
            epsilon: fields.number_or("norm_eps", 1e-5)?,
            activation: fields.activation("hidden_activation")?,
            places: Places::Rotary(fields.rotary(layers)?),
            transform: Some(fields.activation("classifier_activation")?),
        })
    }

    fn check(&self) -> Result<(), ErrorKind> {
        let odd = |what: String| Err(ErrorKind::Config(what));
        if self.heads == 0 || self.hidden == 0 || !self.hidden.is_multiple_of(self.heads) {
            return odd(format!(
                "asks for {} attention heads in a hidden size of {}, which they do not divide",
                self.heads, self.hidden
            ));
        }
        if let Some((groups, inner)) = self.groups
            && (groups == 0 || inner == 0 || groups > self.layers)
        {
            return odd(format!(
                "asks for {groups} groups of {inner} layers for {} layers",
                self.layers
            ));
        }
        if matches!(self.places, Places::Rotary(_)) && !(self.hidden / self.heads).is_multiple_of(2)
        {
            return odd(format!(
                "asks for heads of {} values, which cannot be turned in pairs",
                self.hidden / self.heads
            ));
        }
        if self.positions <= self.first_position + 2 {
            return odd(format!(
                "has {} positions, too few for a window",
                self.positions
            ));
        }
        Ok(())
    }

    /// The longest window.
    pub(crate) fn max_pieces(&self) -> usize {
        self.positions - self.first_position
    }
}

/// `config.json`, field by field, with errors that name the field.
struct Fields<'a>(&'a Value);

impl<'a> Fields<'a> {
    fn text(&self, name: &str) -> Result<&'a str, ErrorKind> {
        let found = self.0.get(name);
        found
            .and_then(Value::as_str)
            .ok_or_else(|| odd(name, found, "a text"))
    }

    fn size(&self, name: &str) -> Result<usize, ErrorKind> {
        let found = self.0.get(name);
        found
            .and_then(Value::as_u64)
            // No table or layer of a real model is larger; sizes can then be multiplied freely.
            .filter(|&n| n < 1 << 24)
            .and_then(|n| usize::try_from(n).ok())
            .ok_or_else(|| odd(name, found, "a whole number below 16,777,216"))
    }

    fn size_or(&self, name: &str, default: usize) -> Result<usize, ErrorKind> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(default),
            Some(_) => self.size(name),
        }
    }

    fn number_or(&self, name: &str, default: f32) -> Result<f32, ErrorKind> {
        match self.0.get(name) {
            None => Ok(default),
            found => found
                .and_then(Value::as_f64)
                .map(|n| n as f32)
                .ok_or_else(|| odd(name, found, "a number")),
        }
    }

    fn flag_or(&self, name: &str, default: bool) -> Result<bool, ErrorKind> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(default),
            found => found
                .and_then(Value::as_bool)
                .ok_or_else(|| odd(name, found, "true or false")),
        }
    }

    /// DeBERTa's positions.
    fn deberta(&self, hidden: usize) -> Result<Places, ErrorKind> {
        let unsupported = |what: &str| {
            Err(ErrorKind::Config(format!(
                "asks for {what}, which is not supported for `deberta-v2`"
            )))
        };
        if self.size_or("conv_kernel_size", 0)? > 0 {
            return unsupported("a convolution layer (`conv_kernel_size`)");
        }
        if self.size_or("embedding_size", hidden)? != hidden {
            return unsupported("embeddings of another size (`embedding_size`)");
        }
        // A list, or a text with bars between.
        let kinds: Vec<&str> = match self.0.get("pos_att_type") {
            Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(kinds)) => kinds.split('|').map(str::trim).collect(),
            _ => Vec::new(),
        };
        if let Some(other) = kinds.iter().find(|k| !["c2p", "p2c"].contains(*k)) {
            return unsupported(&format!("`{other}` in `pos_att_type`"));
        }
        let table = self.flag_or("position_biased_input", true)?;
        if !self.flag_or("relative_attention", false)? {
            return match table && kinds.is_empty() {
                true => Ok(Places::Table),
                false => unsupported("no `relative_attention`, but for fields that go with it,"),
            };
        }
        // Any number below 1 stands for the longest window.
        let farthest = match self.0.get("max_relative_positions").and_then(Value::as_i64) {
            Some(1..) => self.size("max_relative_positions")?,
            _ => self.size("max_position_embeddings")?,
        };
        let buckets = match self.0.get("position_buckets").and_then(Value::as_i64) {
            Some(1..) => Some(self.size("position_buckets")?),
            _ => None,
        };
        if let Some(buckets) = buckets
            && (buckets < 4 || farthest <= buckets / 2 + 1)
        {
            return unsupported(&format!(
                "{buckets} `position_buckets` up to a distance of {farthest}"
            ));
        }
        let norm = self.0.get("norm_rel_ebd").and_then(Value::as_str);
        Ok(Places::Disentangled {
            distances: Distances {
                span: buckets.unwrap_or(farthest),
                farthest: buckets.map(|_| farthest),
                content_to_place: kinds.contains(&"c2p"),
                place_to_content: kinds.contains(&"p2c"),
                shared: self.flag_or("share_att_key", false)?,
                norm: norm.is_some_and(|norm| norm.split('|').any(|n| n.trim() == "layer_norm")),
            },
            table,
        })
    }

    /// How each of ModernBERT's layers sees positions. Newer files name the kind of each layer,
    /// and have the angles by kind; older ones say which layers are global.
    fn rotary(&self, layers: usize) -> Result<Vec<Rotary>, ErrorKind> {
        let reach = self.size_or("local_attention", 128)? / 2;
        let every = self.size_or("global_attn_every_n_layers", 3)?.max(1);
        let kinds = self.0.get("layer_types").and_then(Value::as_array);
        if let Some(kinds) = kinds
            && kinds.len() != layers
        {
            return Err(ErrorKind::Config(format!(
                "has {} `layer_types` for {layers} layers",
                kinds.len()
            )));
        }
        let theta = |kind: &str, name: &str, default: f32| {
            let parameters = self.0.get("rope_parameters").and_then(|all| all.get(kind));
            let Some(parameters) = parameters else {
                return self.number_or(name, default);
            };
            let fields = Fields(parameters);
            match fields.0.get("rope_type").and_then(Value::as_str) {
                None | Some("default") => fields.number_or("rope_theta", default),
                Some(other) => Err(ErrorKind::Config(format!(
                    "`rope_type` is `{other}`; only `default` can be run"
                ))),
            }
        };
        let global = Rotary {
            theta: theta("full_attention", "global_rope_theta", 160_000.0)?,
            reach: None,
        };
        let local = Rotary {
            theta: theta("sliding_attention", "local_rope_theta", 10_000.0)?,
            reach: Some(reach),
        };
        (0..layers)
            .map(|i| match kinds.map(|kinds| &kinds[i]) {
                None if i.is_multiple_of(every) => Ok(global),
                None => Ok(local),
                Some(kind) => match kind.as_str() {
                    Some("full_attention") => Ok(global),
                    Some("sliding_attention") => Ok(local),
                    _ => Err(odd(
                        "layer_types",
                        Some(kind),
                        "full_attention or sliding_attention",
                    )),
                },
            })
            .collect()
    }

    fn activation(&self, name: &str) -> Result<Activation, ErrorKind> {
        match self.text(name)? {
            "gelu" => Ok(Activation::Gelu),
            "gelu_new" | "gelu_pytorch_tanh" | "gelu_fast" => Ok(Activation::GeluTanh),
            "relu" => Ok(Activation::Relu),
            other => Err(ErrorKind::Config(format!(
                "`{name}` is `{other}`; gelu, gelu_new, gelu_pytorch_tanh, gelu_fast and relu can be run"
            ))),
        }
    }
}

fn odd(name: &str, found: Option<&Value>, wanted: &str) -> ErrorKind {
    ErrorKind::Config(match found {
        None => format!("has no `{name}`"),
        Some(value) => format!("`{name}` is {value}, not {wanted}"),
    })
}
