use std::collections::BTreeMap;

use rust_bert::RustBertError;
use rust_bert::albert::AlbertModel;
use rust_bert::bert::{BertEmbeddings, BertModel};
use rust_bert::distilbert::DistilBertModel;
use rust_bert::electra::ElectraModel;
use rust_bert::roberta::RobertaEmbeddings;
use standpoint_encoder::{ModelDir, Weights};
use tch::{Device, Kind, Tensor, nn};

use crate::config::{Architecture, Config};
use crate::error::Error;

/// rust-bert's models, one as the other.
pub(crate) enum Model {
    Bert(BertModel<BertEmbeddings>),
    DistilBert(DistilBertModel),
    Roberta(BertModel<RobertaEmbeddings>, i64),
    Electra(ElectraModel),
    Albert(AlbertModel),
}

impl Model {
    pub(crate) fn open(dir: &ModelDir, config: &Config, device: Device) -> Result<Self, Error> {
        let weights = Weights::open(dir)?;
        let mut store = nn::VarStore::new(device);
        let root = store.root();
        let model = match &config.architecture {
            Architecture::Bert(config) => {
                Self::Bert(BertModel::new_with_optional_pooler(root, config, false))
            }
            Architecture::Roberta(bert) => {
                let model = BertModel::new_with_optional_pooler(root, bert, false);
                Self::Roberta(model, config.first_position as i64)
            }
            Architecture::DistilBert(config) => {
                Self::DistilBert(DistilBertModel::new(root, config))
            }
            Architecture::Electra(config) => Self::Electra(ElectraModel::new(root, config)),
            Architecture::Albert(config) => Self::Albert(AlbertModel::new(root, config)),
        };
        load(&store, &weights, dir, config)?;
        store.freeze();
        Ok(model)
    }

    /// The states `[windows, pieces, hidden]` for pieces and token types `[windows, pieces]`, and
    /// a mask of that shape (1: a piece, 0: padding) where some window is padded.
    pub(crate) fn forward(
        &self,
        ids: &Tensor,
        types: &Tensor,
        mask: Option<&Tensor>,
    ) -> Result<Tensor, RustBertError> {
        let (ids, types) = (Some(ids), Some(types));
        Ok(match self {
            Self::Bert(model) => {
                let output = model.forward_t(ids, mask, types, None, None, None, None, false)?;
                output.hidden_state
            }
            Self::Roberta(model, first) => {
                // By place: rust-bert would give padding pieces in a window no place of their own.
                let size = types.map_or_else(Vec::new, Tensor::size);
                let options = (Kind::Int64, types.map_or(Device::Cpu, Tensor::device));
                let places = Tensor::f_arange_start(*first, first + size[1], options)?
                    .f_expand(&size, false)?;
                let places = Some(&places);
                let output = model.forward_t(ids, mask, types, places, None, None, None, false)?;
                output.hidden_state
            }
            Self::DistilBert(model) => model.forward_t(ids, mask, None, false)?.hidden_state,
            Self::Electra(model) => {
                // Its mask is added to the scores as it is.
                let mask = mask.map(|mask| (mask - 1) * 10_000.0);
                let output = model.forward_t(ids, mask.as_ref(), types, None, None, false)?;
                output.hidden_state
            }
            Self::Albert(model) => {
                let output = model.forward_t(ids, mask, types, None, None, false)?;
                output.hidden_state
            }
        })
    }
}

/// Fills the model's variables from the file.
fn load(
    store: &nn::VarStore,
    weights: &Weights,
    dir: &ModelDir,
    config: &Config,
) -> Result<(), Error> {
    let headed = weights.names().any(|name| name.starts_with(config.prefix));
    let prefix = if headed { config.prefix } else { "" };
    let variables: BTreeMap<String, Tensor> = store.variables().into_iter().collect();
    for (name, mut variable) in variables {
        // rust-bert puts DistilBERT under a name of its own accord.
        let bare = name.strip_prefix("distilbert.").unwrap_or(&name);
        let stored = format!("{prefix}{bare}");
        // States do not go through ALBERT's pooler, which rust-bert always has.
        if bare.starts_with("pooler.") && !weights.contains(&stored) {
            continue;
        }
        let (found, mut values) = weights.tensor(&stored)?;
        let wanted = variable.size();
        if !found.iter().map(|&n| n as i64).eq(wanted.iter().copied()) {
            return Err(Error::Shape {
                model: dir.name(),
                name: stored,
                found,
                wanted,
            });
        }
        let factor = factor(bare, config.scale) as f32;
        values.iter_mut().for_each(|value| *value *= factor);
        let values = Tensor::f_from_slice(&values)?.f_view(&wanted[..])?;
        tch::no_grad(|| variable.f_copy_(&values))?;
    }
    Ok(())
}

/// What a weight is multiplied by so that layer norms with epsilon 1e-12 give what those with the
/// model's own give.
///
/// A layer norm of `scale * x` with epsilon `scale² * e` equals that of `x` with epsilon `e`. So
/// all that is added up between layer norms is made smaller by `scale`, what they put out is too,
/// and the products that read it are made larger. States come out smaller by `scale`.
fn factor(name: &str, scale: f64) -> f64 {
    let (layer, part) = name.rsplit_once('.').unwrap_or(("", name));
    let is = |ends: &[&str]| ends.iter().any(|end| layer.ends_with(end));
    if is(&["query", "key", "value", "intermediate.dense"]) {
        if part == "weight" { 1.0 / scale } else { 1.0 }
    } else if is(&["embeddings_project"]) {
        // Reads what is smaller, and is to put out what is smaller.
        if part == "bias" { scale } else { 1.0 }
    } else {
        scale
    }
}
