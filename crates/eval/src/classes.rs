use crate::Counts;

/// The counts of one item that has one gold class and one predicted class, of `classes` in all:
/// the item is gold for one, predicted for one, and correct if they are the same. Summed over
/// items, micro-F1 is accuracy; `None` as prediction is an answer withheld.
///
/// ```
/// use standpoint_eval::{Scores, count_class};
///
/// let (for_it, against) = (0, 1);
/// let mut sum = count_class(2, for_it, Some(for_it));
/// for (total, c) in sum.iter_mut().zip(count_class(2, against, Some(for_it))) {
///     *total += c;
/// }
/// assert_eq!(Scores::micro(&sum).f1, 0.5);
/// ```
///
/// # Panics
///
/// If a class is not below `classes`.
#[must_use]
pub fn count_class(classes: usize, gold: usize, predicted: Option<usize>) -> Vec<Counts> {
    let mut counts = vec![Counts::default(); classes];
    counts[gold].gold += 1;
    if let Some(predicted) = predicted {
        counts[predicted].predicted += 1;
        counts[predicted].correct += u64::from(predicted == gold);
    }
    counts
}
