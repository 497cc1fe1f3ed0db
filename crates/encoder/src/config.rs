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
    /// Rows of the position table.
    pub(crate) positions: usize,
    /// The position of a window's first piece.
    pub(crate) first_position: usize,
    /// Rows of the token type table; 0 where the type has none.
    pub(crate) types: usize,
    pub(crate) epsilon: f32,
    pub(crate) activation: Activation,
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
            other => {
                return Err(ErrorKind::ModelType {
                    found: other.to_owned(),
                    supported: SUPPORTED.join(", "),
                });
            }
        };
        let config = if model_type == ModelType::DistilBert {
            Self {
                model_type,
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
            }
        } else {
            Self {
                model_type,
                hidden: fields.size("hidden_size")?,
                embedding: match model_type {
                    ModelType::Electra | ModelType::Albert => fields.size("embedding_size")?,
                    _ => fields.size("hidden_size")?,
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
                    _ => fields.size("type_vocab_size")?,
                },
                epsilon: fields.number_or("layer_norm_eps", 1e-12)?,
                activation: fields.activation("hidden_act")?,
            }
        };
        config.check()?;
        Ok(config)
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
