use std::sync::{Mutex, PoisonError};

use rust_bert::RustBertError;
use standpoint_encoder::{Batch, Encode, ModelDir, Scratch, States};
use tch::{Device, Tensor};

use crate::config::Config;
use crate::error::Error;
use crate::model::Model;

/// A model of the BERT family on libtorch.
///
/// It is an [`Encode`], with which an [`Encoder`](standpoint_encoder::Encoder) can stand on it.
pub struct RustBert {
    /// libtorch's tensors may go to another thread, but not be shared between threads.
    model: Mutex<Model>,
    config: Config,
    device: Device,
    together: usize,
}

/// A window: its pieces, their token types, and the row of its first piece in the batch.
type Window<'a> = (&'a [u32], &'a [u8], usize);

impl RustBert {
    /// Opens a Hugging Face model directory on a device: [`Device::Cpu`], [`Device::Cuda`] with its
    /// number, or what [`Device::cuda_if_available`] finds. Weights may be stored in all the ways
    /// that [`Weights`](standpoint_encoder::Weights) reads; they become 32-bit floats.
    ///
    /// # Errors
    ///
    /// If a file is missing or damaged, the weights do not fit `config.json`, there is no such
    /// device, or rust-bert does not run the type; the error says which.
    pub fn open(dir: impl Into<ModelDir>, device: Device) -> Result<Self, Error> {
        let dir = dir.into();
        if let Device::Cuda(number) = device {
            let found = usize::try_from(tch::Cuda::device_count()).unwrap_or(0);
            if number >= found {
                let wanted = device;
                return Err(Error::Device { wanted, found });
            }
        }
        let config = Config::open(&dir)?;
        Ok(Self {
            model: Mutex::new(Model::open(&dir, &config, device)?),
            config,
            device,
            together: 1,
        })
    }

    /// Sends up to `windows` windows through the model together, those of like length, the shorter
    /// padded and the padding masked.
    ///
    /// At 1, as opened, a window's states do not depend on what else is in a batch, as [`Encode`]
    /// asks. Above it they do not but for rounding, since libtorch may add up the same values in
    /// another order; a GPU needs many windows together to be busy.
    ///
    /// # Panics
    ///
    /// If it is 0.
    #[must_use]
    pub fn together(mut self, windows: usize) -> Self {
        assert!(windows > 0, "one window at least");
        self.together = windows;
        self
    }

    /// Stops where libtorch would stop with an error of its own, or read another row.
    fn check(&self, (ids, types, _): Window<'_>) {
        let config = &self.config;
        assert!(
            ids.len() <= config.max_pieces,
            "a window of {} pieces is longer than the model's {}",
            ids.len(),
            config.max_pieces
        );
        for &id in ids {
            assert!(
                (id as usize) < config.vocabulary,
                "there is no piece {id} among {}",
                config.vocabulary
            );
        }
        for &kind in types {
            assert!(
                config.types.is_none_or(|count| usize::from(kind) < count),
                "there is no token type {kind}"
            );
        }
    }

    /// The states of some windows, padded to the longest: `longest` rows for each.
    fn run(&self, windows: &[Window<'_>], longest: usize) -> Result<Vec<f32>, RustBertError> {
        let tensor = |values: Vec<i64>| {
            let size = [windows.len() as i64, longest as i64];
            Tensor::f_from_slice(&values)?
                .f_view(size)?
                .f_to_device(self.device)
        };
        let mut ids = vec![0; windows.len() * longest];
        let mut types = ids.clone();
        let mut mask = ids.clone();
        for (window, at) in windows.iter().zip((0..).step_by(longest)) {
            let rows = at..at + window.0.len();
            for ((id, kind), row) in window.0.iter().zip(window.1).zip(rows.clone()) {
                (ids[row], types[row]) = (i64::from(*id), i64::from(*kind));
            }
            mask[rows].fill(1);
        }
        let padded = mask.contains(&0);
        let mask = padded.then(|| tensor(mask)).transpose()?;
        let model = self.model.lock().unwrap_or_else(PoisonError::into_inner);
        let states = tch::no_grad(|| model.forward(&tensor(ids)?, &tensor(types)?, mask.as_ref()))?;
        let states = states.f_div_scalar(self.config.scale)?;
        let states = states.f_to_device(Device::Cpu)?.f_contiguous()?;
        let mut values = vec![0.0; states.numel()];
        states.f_copy_data(&mut values, states.numel())?;
        Ok(values)
    }
}

impl Encode for RustBert {
    fn hidden_size(&self) -> usize {
        self.config.hidden
    }

    fn max_pieces(&self) -> usize {
        self.config.max_pieces
    }

    fn kernel_name(&self) -> &'static str {
        match self.device {
            Device::Cpu => "rust-bert-cpu",
            _ => "rust-bert-cuda",
        }
    }

    /// As the trait says; it panics too if libtorch fails, for want of memory above all.
    fn encode(&self, batch: &Batch, _: &mut Scratch) -> States {
        let hidden = self.config.hidden;
        let mut windows: Vec<Window<'_>> = Vec::with_capacity(batch.windows());
        let mut row = 0;
        for (ids, types) in batch.iter() {
            if !ids.is_empty() {
                windows.push((ids, types, row));
            }
            row += ids.len();
        }
        windows.iter().for_each(|&window| self.check(window));
        windows.sort_by_key(|(ids, ..)| ids.len());
        let mut data = vec![0.0; row * hidden];
        for windows in windows.chunks(self.together) {
            let longest = windows.last().map_or(0, |(ids, ..)| ids.len());
            let states = match self.run(windows, longest) {
                Ok(states) => states,
                Err(err) => panic!("libtorch: {err}"),
            };
            for ((ids, _, row), states) in windows.iter().zip(states.chunks(longest * hidden)) {
                let len = ids.len() * hidden;
                data[row * hidden..][..len].copy_from_slice(&states[..len]);
            }
        }
        States::new(batch, hidden, data)
    }
}

impl std::fmt::Debug for RustBert {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RustBert")
            .field("device", &self.device)
            .field("hidden_size", &self.config.hidden)
            .field("together", &self.together)
            .finish_non_exhaustive()
    }
}
