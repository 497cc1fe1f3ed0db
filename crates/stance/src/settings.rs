use std::collections::HashMap;

use serde::Deserialize;
use standpoint_encoder::{Encoder, ModelDir};

use crate::answer::Temperatures;
use crate::error::Error;
use crate::passage::Markers;

/// What `config.json` says of the head.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// Before and after the party that stands first in the text, before and after the second.
    markers: [String; 4],
    /// Pieces in a window, special ones and markers included.
    pub(crate) window: usize,
    /// The same for a passage with two parties: what stands farther off misleads more than it
    /// tells. As `window` unless set.
    pair_window: Option<usize>,
    pub(crate) temperature: Temperatures,
    /// What is added for each of the five classes (neutral, the party that stands first for the
    /// second, second for first, first against second, second against first), fitted so that rare
    /// ones are found.
    #[serde(default)]
    pub(crate) joint_bias: [f32; 5],
    /// Answers less likely than this are `Polarity::Unknown`.
    pub(crate) threshold: f32,
}

#[derive(Deserialize)]
struct Config {
    id2label: HashMap<String, String>,
    stance: Settings,
}

impl Settings {
    /// Reads them, and holds them to what the head and the encoder can do.
    pub(crate) fn open(dir: &ModelDir, encoder: &Encoder) -> Result<Self, Error> {
        let odd = |what: String| Err(Error::config(dir, what));
        let Config { id2label, stance } = match serde_json::from_slice(&dir.file("config.json")?) {
            Ok(config) => config,
            Err(err) => return odd(format!("is not that of a stance model: {err}")),
        };
        for (id, label) in ["for", "against", "neutral"].into_iter().enumerate() {
            let found = id2label
                .get(&id.to_string())
                .map_or("nothing", String::as_str);
            if found != label {
                return odd(format!("`id2label` has {found} for {id}; wanted {label}"));
            }
        }
        let most = encoder.max_pieces();
        let windows = [
            ("window", stance.window),
            ("pair_window", stance.pair_window()),
        ];
        for (name, window) in windows {
            if !(8..=most).contains(&window) {
                return odd(format!("`{name}` is {window}; wanted 8 to {most} pieces"));
            }
        }
        let Temperatures {
            pair,
            joint,
            author,
        } = stance.temperature;
        let hot = |t: &f32| t.is_finite() && *t > 0.0;
        if ![pair, joint, author].iter().all(hot) {
            return odd("a `temperature` is not above 0".to_owned());
        }
        if !(0.0..=1.0).contains(&stance.threshold) {
            let found = stance.threshold;
            return odd(format!("`threshold` is {found}; wanted 0 to 1"));
        }
        Ok(stance)
    }

    /// Pieces in a window with two parties.
    pub(crate) fn pair_window(&self) -> usize {
        self.pair_window.unwrap_or(self.window)
    }

    /// The pieces that mark the parties.
    pub(crate) fn markers(&self, dir: &ModelDir, encoder: &Encoder) -> Result<Markers, Error> {
        let id = |piece: &String| {
            let id = encoder.subwords().id(piece);
            id.ok_or_else(|| {
                let what = format!("the marker `{piece}` is no piece of tokenizer.json");
                Error::config(dir, what)
            })
        };
        let [a, b, c, d] = &self.markers;
        Ok(Markers {
            first: [id(a)?, id(b)?],
            second: [id(c)?, id(d)?],
        })
    }
}
