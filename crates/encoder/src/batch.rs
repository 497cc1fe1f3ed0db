use std::ops::Range;

/// Windows to send through an encoder together. There is no padding: windows of any length stand
/// one after the other, and a window's result does not depend, to the bit, on which others are
/// in the batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    pub(crate) ids: Vec<u32>,
    pub(crate) types: Vec<u8>,
    pub(crate) ends: Vec<usize>,
}

impl Batch {
    /// Adds a window: its pieces, special ones included.
    pub fn push(&mut self, ids: &[u32]) {
        self.ids.extend_from_slice(ids);
        self.types.resize(self.ids.len(), 0);
        self.ends.push(self.ids.len());
    }

    /// Adds a window with a token type for each piece (second segment: 1). Model types without
    /// token types leave them unread.
    ///
    /// # Panics
    ///
    /// If there are not as many types as pieces.
    pub fn push_typed(&mut self, ids: &[u32], types: &[u8]) {
        assert_eq!(ids.len(), types.len(), "a token type for each piece");
        self.ids.extend_from_slice(ids);
        self.types.extend_from_slice(types);
        self.ends.push(self.ids.len());
    }

    /// How many windows.
    #[must_use]
    pub fn windows(&self) -> usize {
        self.ends.len()
    }

    /// How many pieces in all windows.
    #[must_use]
    pub fn pieces(&self) -> usize {
        self.ids.len()
    }

    /// The pieces of each window, and their token types.
    pub fn iter(&self) -> impl Iterator<Item = (&[u32], &[u8])> {
        let window = |rows: Range<usize>| (&self.ids[rows.clone()], &self.types[rows]);
        self.ranges().map(window)
    }

    /// Whether there is no window.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Takes all windows out, keeping the memory.
    pub fn clear(&mut self) {
        self.ids.clear();
        self.types.clear();
        self.ends.clear();
    }

    /// The places of a window's pieces among all of the batch.
    ///
    /// # Panics
    ///
    /// If there is no such window.
    #[must_use]
    pub fn window(&self, window: usize) -> Range<usize> {
        range(&self.ends, window)
    }

    /// The rows of each window.
    pub(crate) fn ranges(&self) -> impl Iterator<Item = Range<usize>> {
        ranges(&self.ends)
    }
}

fn range(ends: &[usize], window: usize) -> Range<usize> {
    let start = window.checked_sub(1).map_or(0, |before| ends[before]);
    start..ends[window]
}

pub(crate) fn ranges(ends: &[usize]) -> impl Iterator<Item = Range<usize>> {
    let starts = std::iter::once(0).chain(ends.iter().copied());
    starts.zip(ends).map(|(start, &end)| start..end)
}

/// Hidden states: one row for each piece of each window, windows one after the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct States {
    pub(crate) data: Vec<f32>,
    pub(crate) hidden: usize,
    pub(crate) ends: Vec<usize>,
}

impl States {
    /// The states of a batch, row after row of `hidden` values.
    ///
    /// # Panics
    ///
    /// If there is not a row for each piece.
    #[must_use]
    pub fn new(batch: &Batch, hidden: usize, data: Vec<f32>) -> Self {
        assert_eq!(
            data.len(),
            batch.pieces() * hidden,
            "a row for each piece of the batch"
        );
        Self {
            data,
            hidden,
            ends: batch.ends.clone(),
        }
    }

    /// The state of a piece, by its place among all pieces.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    #[must_use]
    pub fn row(&self, row: usize) -> &[f32] {
        &self.data[row * self.hidden..][..self.hidden]
    }

    /// The state of a piece, to be changed: a head may add what it knows of a word before
    /// [`Layers`](crate::Layers) of its own.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    #[must_use]
    pub fn row_mut(&mut self, row: usize) -> &mut [f32] {
        &mut self.data[row * self.hidden..][..self.hidden]
    }

    /// The rows of a window.
    ///
    /// # Panics
    ///
    /// If there is no such window.
    #[must_use]
    pub fn window(&self, window: usize) -> Range<usize> {
        range(&self.ends, window)
    }

    /// How many rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    /// How many windows.
    #[must_use]
    pub fn windows(&self) -> usize {
        self.ends.len()
    }

    /// Values per row.
    #[must_use]
    pub fn hidden_size(&self) -> usize {
        self.hidden
    }

    /// All rows, one after the other.
    #[must_use]
    pub fn as_slice(&self) -> &[f32] {
        &self.data
    }

    /// The mean of a window's rows: a sentence embedding, for models trained to give one.
    ///
    /// # Panics
    ///
    /// If there is no such window.
    #[must_use]
    pub fn mean(&self, window: usize) -> Vec<f32> {
        let rows = self.window(window);
        let mut sum = vec![0.0; self.hidden];
        for row in rows.clone() {
            for (sum, value) in sum.iter_mut().zip(self.row(row)) {
                *sum += value;
            }
        }
        let count = rows.len().max(1) as f32;
        sum.iter_mut().for_each(|sum| *sum /= count);
        sum
    }
}
