use standpoint_core::Polarity;

/// How likely each answer to "does the holder stand for or against the target?" is; the three
/// sum to 1. Calibrated on development data: of answers given with 0.8, about 80 % are right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Probabilities {
    /// The holder supports, praises, helps or agrees with the target.
    pub favor: f32,
    /// The holder opposes, criticizes, harms or rejects the target.
    pub against: f32,
    /// Neither shows.
    pub neutral: f32,
}

impl Probabilities {
    /// The likeliest answer and its probability; of equals, the more cautious one: neutral before
    /// against before for.
    ///
    /// ```
    /// use standpoint_core::Polarity;
    /// use standpoint_stance::Probabilities;
    ///
    /// let scores = Probabilities { favor: 0.1, against: 0.7, neutral: 0.2 };
    /// assert_eq!(scores.best(), (Polarity::Against, 0.7));
    /// assert_eq!(scores.decide(0.6), Polarity::Against);
    /// assert_eq!(scores.decide(0.8), Polarity::Unknown);
    /// ```
    #[must_use]
    pub fn best(&self) -> (Polarity, f32) {
        let mut best = (Polarity::Neutral, self.neutral);
        for next in [
            (Polarity::Against, self.against),
            (Polarity::For, self.favor),
        ] {
            if next.1 > best.1 {
                best = next;
            }
        }
        best
    }

    /// The likeliest answer if it is at least this likely, else [`Polarity::Unknown`].
    #[must_use]
    pub fn decide(&self, threshold: f32) -> Polarity {
        let (polarity, score) = self.best();
        if score >= threshold {
            polarity
        } else {
            Polarity::Unknown
        }
    }

    fn from_logits(logits: Logits, temperature: f32) -> Self {
        let [favor, against, neutral] = softmax(logits.map(|x| x / temperature));
        Self {
            favor,
            against,
            neutral,
        }
    }
}

/// The answer about a pair, from one pass through the model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer {
    /// The holder's stance to the target.
    pub forward: Probabilities,
    /// The target's stance to the holder. Without meaning when the holder is the author.
    pub backward: Probabilities,
    /// The pair as one of the five classes of the directed-sentiment data of Park, Pan and Joo
    /// ("Who Blames or Endorses Whom?", Findings of ACL 2021), where at most one direction shows
    /// a stance: neutral, holder for target, target for holder, holder against target, target
    /// against holder. The five sum to 1.
    pub joint: [f32; 5],
}

/// For, against, neutral, before the softmax.
pub(crate) type Logits = [f32; 3];

/// What logits are divided by, fitted on development data (Guo et al., "On Calibration of Modern
/// Neural Networks", ICML 2017).
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Temperatures {
    /// For either direction between two parties.
    pub(crate) pair: f32,
    /// For the five classes.
    pub(crate) joint: f32,
    /// For the stance of the text itself.
    pub(crate) author: f32,
}

impl Answer {
    /// `joint_bias` is added to the logits of the five classes after their temperature.
    pub(crate) fn new(
        [forward, backward]: [Logits; 2],
        author: bool,
        by: &Temperatures,
        joint_bias: [f32; 5],
    ) -> Self {
        let temperature = if author { by.author } else { by.pair };
        let ([f_for, f_against, f_neutral], [b_for, b_against, b_neutral]) = (forward, backward);
        // A class says what one direction is and that the other is neutral.
        let joint = [
            f_neutral + b_neutral,
            f_for + b_neutral,
            f_neutral + b_for,
            f_against + b_neutral,
            f_neutral + b_against,
        ];
        Self {
            forward: Probabilities::from_logits(forward, temperature),
            backward: Probabilities::from_logits(backward, temperature),
            joint: softmax(std::array::from_fn(|c| joint[c] / by.joint + joint_bias[c])),
        }
    }
}

fn softmax<const N: usize>(logits: [f32; N]) -> [f32; N] {
    let most = logits.into_iter().fold(f32::NEG_INFINITY, f32::max);
    let each = logits.map(|x| (x - most).exp());
    let sum: f32 = each.iter().sum();
    each.map(|x| x / sum)
}
