use rust_bert::albert::AlbertConfig;
use rust_bert::bert::BertConfig;
use rust_bert::distilbert::DistilBertConfig;
use rust_bert::electra::ElectraConfig;
use serde_json::{Map, Value};
use standpoint_encoder::ModelDir;

use crate::error::Error;

/// rust-bert computes layer norms with this epsilon, but for ALBERT's.
const FIXED_EPSILON: f64 = 1e-12;

const SUPPORTED: &str =
    "bert, distilbert, roberta, xlm-roberta, electra, and albert of one group of layers";

/// What `config.json` says.
pub(crate) struct Config {
    pub(crate) architecture: Architecture,
    /// What the tensors' names begin with in a model saved with a task's head.
    pub(crate) prefix: &'static str,
    pub(crate) hidden: usize,
    pub(crate) vocabulary: usize,
    /// How many token types there are; none for models that do not have them.
    pub(crate) types: Option<usize>,
    pub(crate) max_pieces: usize,
    /// The place of a window's first piece in the table of positions.
    pub(crate) first_position: usize,
    /// How much smaller states are inside, so that rust-bert's epsilon works as the model's; see
    /// `model::factor`.
    pub(crate) scale: f64,
}

pub(crate) enum Architecture {
    Bert(BertConfig),
    DistilBert(DistilBertConfig),
    Roberta(BertConfig),
    Electra(ElectraConfig),
    Albert(AlbertConfig),
}

impl Config {
    pub(crate) fn open(dir: &ModelDir) -> Result<Self, Error> {
        let file = dir.file("config.json")?;
        let odd = |source| Error::Config {
            model: dir.name(),
            source,
        };
        let unsupported = |found| Error::Unsupported {
            model: dir.name(),
            found,
            supported: SUPPORTED,
        };
        let mut fields: Map<String, Value> = serde_json::from_slice(&file).map_err(odd)?;
        let number = |fields: &Map<String, Value>, name: &str| fields.get(name)?.as_f64();
        let epsilon = number(&fields, "layer_norm_eps").unwrap_or(FIXED_EPSILON);
        let padding = number(&fields, "pad_token_id").unwrap_or(1.0) as usize;
        let kind = fields.get("model_type").and_then(Value::as_str);
        let kind = kind.unwrap_or("no `model_type`").to_owned();
        prepare(&mut fields);
        let fields = Value::Object(fields);

        let size = |n: i64| usize::try_from(n).unwrap_or(0);
        let scale = (FIXED_EPSILON / epsilon).sqrt();
        Ok(match &*kind {
            "bert" | "roberta" | "xlm-roberta" => {
                let config: BertConfig = serde_json::from_value(fields).map_err(odd)?;
                let first_position = if kind == "bert" { 0 } else { padding + 1 };
                Self {
                    prefix: if kind == "bert" { "bert." } else { "roberta." },
                    hidden: size(config.hidden_size),
                    vocabulary: size(config.vocab_size),
                    types: Some(size(config.type_vocab_size)),
                    max_pieces: size(config.max_position_embeddings).saturating_sub(first_position),
                    first_position,
                    scale,
                    architecture: if kind == "bert" {
                        Architecture::Bert(config)
                    } else {
                        Architecture::Roberta(config)
                    },
                }
            }
            "distilbert" => {
                let config: DistilBertConfig = serde_json::from_value(fields).map_err(odd)?;
                Self {
                    prefix: "distilbert.",
                    hidden: size(config.dim),
                    vocabulary: size(config.vocab_size),
                    types: None,
                    max_pieces: size(config.max_position_embeddings),
                    first_position: 0,
                    // The type has no other.
                    scale: 1.0,
                    architecture: Architecture::DistilBert(config),
                }
            }
            "electra" => {
                let mut config: ElectraConfig = serde_json::from_value(fields).map_err(odd)?;
                // Its embeddings would take the model's epsilon, its layers not: all the same.
                config.layer_norm_eps = Some(FIXED_EPSILON);
                Self {
                    prefix: "electra.",
                    hidden: size(config.hidden_size),
                    vocabulary: size(config.vocab_size),
                    types: Some(size(config.type_vocab_size)),
                    max_pieces: size(config.max_position_embeddings),
                    first_position: 0,
                    scale,
                    architecture: Architecture::Electra(config),
                }
            }
            "albert" => {
                let config: AlbertConfig = serde_json::from_value(fields).map_err(odd)?;
                let (groups, inner) = (config.num_hidden_groups, config.inner_group_num);
                if (groups, inner) != (1, 1) {
                    let found = format!("albert of {groups} groups of {inner} layers");
                    return Err(unsupported(found));
                }
                Self {
                    prefix: "albert.",
                    hidden: size(config.hidden_size),
                    vocabulary: size(config.vocab_size),
                    types: Some(size(config.type_vocab_size)),
                    max_pieces: size(config.max_position_embeddings),
                    first_position: 0,
                    scale: 1.0,
                    architecture: Architecture::Albert(config),
                }
            }
            _ => return Err(unsupported(kind)),
        })
    }
}

/// Makes the fields what rust-bert reads: it wants some that only training needs, which newer
/// files leave out, reads labels that an encoder does not have, and knows fewer names of functions.
fn prepare(fields: &mut Map<String, Value>) {
    for name in [
        "attention_dropout",
        "attention_probs_dropout_prob",
        "bos_token_id",
        "dropout",
        "eos_token_id",
        "hidden_dropout_prob",
        "initializer_range",
        "pad_token_id",
        "qa_dropout",
        "seq_classif_dropout",
    ] {
        fields.insert(name.to_owned(), Value::from(0));
    }
    // A table of positions comes from the file, however it was made.
    for name in ["sinusoidal_pos_embds", "tie_weights_"] {
        fields.insert(name.to_owned(), Value::from(false));
    }
    for name in [
        "id2label",
        "label2id",
        "is_decoder",
        "output_attentions",
        "output_hidden_states",
    ] {
        fields.remove(name);
    }
    for name in ["activation", "hidden_act"] {
        let same = match fields.get(name).and_then(Value::as_str) {
            Some("gelu_pytorch_tanh" | "gelu_fast") => "gelu_new",
            Some("silu") => "swish",
            _ => continue,
        };
        fields.insert(name.to_owned(), Value::from(same));
    }
}
