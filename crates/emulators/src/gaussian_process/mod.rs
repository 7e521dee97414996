//! Gaussian-process regression (Rasmussen and Williams 2006, <https://gaussianprocess.org/gpml>): exact, with one length
//! scale for each input, noise that is estimated, known for each row, or both, and a mean that is fitted with a vague
//! prior. Beyond a few thousand rows, [`SparseProcess`].
//!
//! Hyperparameters maximise the restricted likelihood with its analytic gradient ([`fit`](GaussianProcess::fit)). Cost:
//! n³ a step of the search, n² a prediction's variance.

mod factor;
mod fit;
mod kernel;
mod likelihood;
mod minimise;
mod pointwise;
mod predict;
mod scaling;
mod sparse;
#[cfg(test)]
mod tests;

use ndarray::{Array2, ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::emulator::{Emulator, EmulatorError, Prediction, check_outputs, restored, stored};

use factor::Factor;
use fit::Search;
use likelihood::Data;
use scaling::Scaling;

pub use crate::emulator::{Gradient, LeaveOneOut};
pub use fit::LengthScales;
pub use kernel::Kernel;
pub use pointwise::{Moments, Pointwise};
pub use sparse::{SparseOptions, SparseProcess};

/// The mean that the process deviates from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mean {
    /// The same everywhere.
    #[default]
    Constant,
    /// Linear in the inputs.
    Linear,
}

/// What is known of the outputs' errors.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputNoise {
    /// One variance for all rows, estimated.
    #[default]
    Estimated,
    /// A variance for each row, in squared units of the output; zeros for a model without noise.
    Known(Vec<f64>),
    /// A variance for each row, and an estimated one on top.
    AtLeast(Vec<f64>),
}

/// How a process is fitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GaussianProcessOptions {
    /// Kernel.
    pub kernel: Kernel,
    /// Mean.
    pub mean: Mean,
    /// Errors of the outputs.
    pub noise: OutputNoise,
    /// Prior of the length scales.
    pub length_scales: LengthScales,
    /// Starts of the search.
    pub starts: usize,
    /// Seed of the starts.
    pub seed: u64,
}

impl Default for GaussianProcessOptions {
    fn default() -> Self {
        Self {
            kernel: Kernel::default(),
            mean: Mean::default(),
            noise: OutputNoise::default(),
            length_scales: LengthScales::default(),
            starts: 4,
            seed: 0,
        }
    }
}

/// Hyperparameters; of a fitted process in units of inputs and output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hyperparameters {
    /// Standard deviation of the process.
    pub signal_sd: f64,
    /// Length scale of each input.
    pub length_scales: Vec<f64>,
    /// Standard deviation of the estimated noise.
    pub noise_sd: f64,
}

/// What a stored process consists of; the rest follows.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Stored {
    x: Array2<f64>,
    y: Vec<f64>,
    known: Vec<f64>,
    kernel: Kernel,
    mean: Mean,
    /// Scaled.
    hyper: Hyperparameters,
}

/// A fitted process.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(into = "Stored", try_from = "Stored")]
pub struct GaussianProcess {
    stored: Stored,
    scaling: Scaling,
    /// Inputs in units of their length scales, n × d.
    z: Array2<f64>,
    factor: Factor,
}

impl GaussianProcess {
    /// Fits a process to inputs `x` (n × d) and outputs `y` (n).
    ///
    /// # Errors
    /// `Rows`, `Output`, `Infinite` (NaN inputs too), `Noise`, `TooFew` rows for the mean, and `Fit` where no start of
    /// the search has a likelihood.
    pub fn fit(
        x: ArrayView2<'_, f64>,
        y: &[f64],
        options: &GaussianProcessOptions,
    ) -> Result<Self, EmulatorError> {
        Self::fit_near((x, y), options, None)
    }

    /// Fits a process to data that resemble those of this one, such as a part of them: the search starts at these
    /// hyperparameters, at a fraction of the cost. The options should be those of this process.
    ///
    /// # Errors
    /// As [`Self::fit`], and `Inputs` for another number of inputs.
    pub fn refit(
        &self,
        x: ArrayView2<'_, f64>,
        y: &[f64],
        options: &GaussianProcessOptions,
    ) -> Result<Self, EmulatorError> {
        if x.ncols() != self.scaling.inputs() {
            return Err(EmulatorError::Inputs { expected: self.scaling.inputs(), got: x.ncols() });
        }
        Self::fit_near((x, y), options, Some(&self.stored.hyper))
    }

    fn fit_near(
        (x, y): (ArrayView2<'_, f64>, &[f64]),
        options: &GaussianProcessOptions,
        near: Option<&Hyperparameters>,
    ) -> Result<Self, EmulatorError> {
        check(x, y)?;
        let (known, estimate_noise) = match &options.noise {
            OutputNoise::Estimated => (vec![0.0; y.len()], true),
            OutputNoise::Known(variances) => (variances.clone(), false),
            OutputNoise::AtLeast(variances) => (variances.clone(), true),
        };
        check_noise(&known, y.len())?;
        let scaling = Scaling::of(x, y);
        let data = data(&scaling, x, y, (&known, options.mean));
        if y.len() <= data.h.ncols() + 1 {
            return Err(EmulatorError::TooFew { rows: y.len(), needed: data.h.ncols() + 2 });
        }
        let search = Search {
            data: &data,
            kernel: options.kernel,
            length_scales: options.length_scales,
            estimate_noise,
            starts: options.starts,
            seed: options.seed,
        };
        let hyper = near.map_or_else(|| search.best(), |near| search.near(near)).ok_or_else(no_likelihood)?;
        let (kernel, mean) = (options.kernel, options.mean);
        let stored = Stored { x: x.to_owned(), y: y.to_vec(), known, kernel, mean, hyper };
        Self::restore(stored, scaling, &data)
    }

    fn restore(stored: Stored, scaling: Scaling, data: &Data) -> Result<Self, EmulatorError> {
        let factor = data.factor(stored.kernel, &stored.hyper).ok_or_else(no_likelihood)?;
        let z = likelihood::scaled(data.x.view(), &stored.hyper.length_scales);
        Ok(Self { stored, scaling, z, factor })
    }

    /// Hyperparameters in units of inputs and output.
    #[must_use]
    pub fn hyperparameters(&self) -> Hyperparameters {
        in_units(&self.stored.hyper, &self.scaling)
    }

    /// Logarithm of the restricted likelihood of the outputs in units of their standard deviation.
    #[must_use]
    pub fn log_likelihood(&self) -> f64 {
        self.factor.log_likelihood
    }

    /// The process as JSON text.
    ///
    /// # Errors
    /// `Stored` where it cannot be written.
    pub fn to_json(&self) -> Result<String, EmulatorError> {
        stored(self)
    }

    /// A process from its JSON text: it predicts the same bits.
    ///
    /// # Errors
    /// `Stored` where the text is something else, or data that don't fit together.
    pub fn from_json(text: &str) -> Result<Self, EmulatorError> {
        restored(text)
    }
}

impl From<GaussianProcess> for Stored {
    fn from(process: GaussianProcess) -> Self {
        process.stored
    }
}

impl TryFrom<Stored> for GaussianProcess {
    type Error = EmulatorError;

    fn try_from(found: Stored) -> Result<Self, EmulatorError> {
        check(found.x.view(), &found.y)?;
        check_noise(&found.known, found.y.len())?;
        if found.hyper.length_scales.len() != found.x.ncols() {
            let (lengths, inputs) = (found.hyper.length_scales.len(), found.x.ncols());
            let reason = format!("it has {lengths} length scales for {inputs} inputs");
            return Err(EmulatorError::Stored { reason });
        }
        let scaling = Scaling::of(found.x.view(), &found.y);
        let data = data(&scaling, found.x.view(), &found.y, (&found.known, found.mean));
        Self::restore(found, scaling, &data)
    }
}

impl Emulator for GaussianProcess {
    fn inputs(&self) -> usize {
        self.scaling.inputs()
    }

    fn predict(&self, x: ArrayView2<'_, f64>) -> Result<Vec<f64>, EmulatorError> {
        self.means(x)
    }

    fn distribution(&self, x: ArrayView2<'_, f64>) -> Result<Prediction, EmulatorError> {
        let mut found = self.predict_with_variance(x)?;
        let noise = self.hyperparameters().noise_sd.powi(2);
        for variance in &mut found.variance {
            *variance += noise;
        }
        Ok(found)
    }

    fn derivatives(&self, x: ArrayView1<'_, f64>) -> Result<Option<Gradient>, EmulatorError> {
        self.gradient(x).map(Some)
    }

    fn left_out(&self) -> LeaveOneOut {
        self.leave_one_out()
    }
}

/// Scaled hyperparameters in units of inputs and output.
fn in_units(hyper: &Hyperparameters, scaling: &Scaling) -> Hyperparameters {
    let lengths = hyper.length_scales.iter().enumerate();
    Hyperparameters {
        signal_sd: hyper.signal_sd * scaling.sd,
        length_scales: lengths.map(|(j, length)| length * scaling.scale(j)).collect(),
        noise_sd: hyper.noise_sd * scaling.sd,
    }
}

fn no_likelihood() -> EmulatorError {
    EmulatorError::Fit {
        method: "a Gaussian process",
        reason: "no covariance was positive definite; give the outputs a noise, or fewer equal rows".into(),
    }
}

/// Scaled data.
fn data(scaling: &Scaling, x: ArrayView2<'_, f64>, y: &[f64], (known, mean): (&[f64], Mean)) -> Data {
    let scaled = scaling.inputs_of(x);
    Data {
        h: basis(&scaled, mean),
        x: scaled,
        y: y.iter().map(|y| (y - scaling.mean) / scaling.sd).collect(),
        known: known.iter().map(|known| known / (scaling.sd * scaling.sd)).collect(),
    }
}

/// Basis functions of the mean at scaled inputs, n × q.
fn basis(x: &Array2<f64>, mean: Mean) -> Array2<f64> {
    let q = match mean {
        Mean::Constant => 1,
        Mean::Linear => 1 + x.ncols(),
    };
    Array2::from_shape_fn((x.nrows(), q), |(i, j)| if j == 0 { 1.0 } else { x[[i, j - 1]] })
}

fn check(x: ArrayView2<'_, f64>, y: &[f64]) -> Result<(), EmulatorError> {
    check_outputs(x, y)?;
    check_inputs(x)
}

fn check_inputs(x: ArrayView2<'_, f64>) -> Result<(), EmulatorError> {
    match x.indexed_iter().find(|(_, x)| !x.is_finite()) {
        Some(((row, column), _)) => Err(EmulatorError::Missing { row, column }),
        None => Ok(()),
    }
}

fn check_noise(known: &[f64], rows: usize) -> Result<(), EmulatorError> {
    if known.len() != rows {
        return Err(EmulatorError::Rows { rows, outputs: known.len() });
    }
    match known.iter().position(|known| !known.is_finite() || *known < 0.0) {
        Some(row) => Err(EmulatorError::Noise { row, value: known[row] }),
        None => Ok(()),
    }
}
