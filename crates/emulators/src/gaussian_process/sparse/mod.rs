//! A Gaussian process for many rows: a posterior at inducing inputs that loses as little as it can (Titsias 2009,
//! <https://proceedings.mlr.press/v5/titsias09a.html>). Cost: n m² a step of the search, m² a prediction's variance.

mod bound;
mod inducing;
#[cfg(test)]
mod tests;

use faer::linalg::triangular_solve::{
    solve_lower_triangular_in_place, solve_upper_triangular_in_place as solve_upper,
};
use faer::{Mat, Par};
use ndarray::{Array2, ArrayView1, ArrayView2, Axis};
use reterra_statistics::{Stage, StreamKey};
use serde::{Deserialize, Serialize};

use super::fit::{LENGTH, NOISE, SIGNAL};
use super::kernel::Kernel;
use super::likelihood::scaled;
use super::minimise::{Limits, minimise};
use super::scaling::Scaling;
use super::{
    GaussianProcess, GaussianProcessOptions, Hyperparameters, Mean, OutputNoise, check, check_inputs,
};
use crate::emulator::{Emulator, EmulatorError, Gradient, LeaveOneOut, Prediction};

use bound::{Data, Posterior};

/// Rows predicted at a time.
const ROWS: usize = 512;

/// How a sparse process is fitted. Its mean is constant and its noise estimated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SparseOptions {
    /// Kernel.
    pub kernel: Kernel,
    /// Most inducing inputs m.
    pub inducing: usize,
    /// Rows of the exact process whose hyperparameters the search starts from.
    pub first: usize,
    /// Seed of those rows and of its starts.
    pub seed: u64,
}

impl Default for SparseOptions {
    fn default() -> Self {
        Self { kernel: Kernel::default(), inducing: 300, first: 500, seed: 0 }
    }
}

/// What a stored process consists of; the rest follows.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Stored {
    x: Array2<f64>,
    y: Vec<f64>,
    kernel: Kernel,
    /// Rows that are inducing.
    inducing: Vec<usize>,
    /// Scaled.
    hyper: Hyperparameters,
}

/// A fitted sparse process.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(into = "Stored", try_from = "Stored")]
pub struct SparseProcess {
    stored: Stored,
    scaling: Scaling,
    /// Inducing inputs in units of their length scales, m × d.
    z: Array2<f64>,
    posterior: Posterior,
}

impl SparseProcess {
    /// Fits a process to inputs `x` (n × d) and outputs `y` (n).
    ///
    /// # Errors
    /// As [`GaussianProcess::fit`].
    pub fn fit(x: ArrayView2<'_, f64>, y: &[f64], options: &SparseOptions) -> Result<Self, EmulatorError> {
        check(x, y)?;
        let scaling = Scaling::of(x, y);
        let inputs = scaling.inputs_of(x);
        let first = first(x, y, options)?;
        let z = scaled(inputs.view(), &first.length_scales);
        let inducing = inducing::chosen(options.kernel, &z, options.inducing.max(1));
        let data = data(&scaling, inputs, y, &inducing);
        let hyper = search(&data, options.kernel, &first).ok_or_else(super::no_likelihood)?;
        let stored = Stored { x: x.to_owned(), y: y.to_vec(), kernel: options.kernel, inducing, hyper };
        Self::restore(stored, scaling, &data)
    }

    fn restore(stored: Stored, scaling: Scaling, data: &Data) -> Result<Self, EmulatorError> {
        let posterior = data.posterior(stored.kernel, &stored.hyper).ok_or_else(super::no_likelihood)?;
        let z = scaled(data.u.view(), &stored.hyper.length_scales);
        Ok(Self { stored, scaling, z, posterior })
    }

    /// Hyperparameters in units of inputs and output.
    #[must_use]
    pub fn hyperparameters(&self) -> Hyperparameters {
        super::in_units(&self.stored.hyper, &self.scaling)
    }

    /// The bound of the logarithm of the likelihood of outputs in units of their standard deviation.
    #[must_use]
    pub fn bound(&self) -> f64 {
        self.posterior.bound
    }

    /// Number of inducing inputs.
    #[must_use]
    pub fn inducing(&self) -> usize {
        self.stored.inducing.len()
    }

    fn check(&self, x: ArrayView2<'_, f64>) -> Result<(), EmulatorError> {
        if x.ncols() != self.scaling.inputs() {
            return Err(EmulatorError::Inputs { expected: self.scaling.inputs(), got: x.ncols() });
        }
        check_inputs(x)
    }

    /// Kernel of the inducing inputs with places, m × places.
    fn kernel(&self, x: ArrayView2<'_, f64>) -> Mat<f64> {
        let hyper = &self.stored.hyper;
        let z = scaled(self.scaling.inputs_of(x).view(), &hyper.length_scales);
        Mat::from_fn(self.z.nrows(), z.nrows(), |i, j| {
            let square = self.z.row(i).iter().zip(z.row(j)).map(|(a, b)| (a - b) * (a - b)).sum();
            hyper.signal_sd.powi(2) * self.stored.kernel.at(square).value
        })
    }

    fn means(&self, k: &Mat<f64>) -> Vec<f64> {
        let found = k.transpose() * &self.posterior.beta;
        found.col(0).iter().map(|mean| mean * self.scaling.sd + self.scaling.mean).collect()
    }

    /// Scaled variances without noise; leaves `L⁻¹ k` and `C⁻¹ L⁻¹ k`.
    fn variances(&self, k: &mut Mat<f64>) -> (Vec<f64>, Mat<f64>) {
        solve_lower_triangular_in_place(self.posterior.l.as_ref(), k.as_mut(), Par::Seq);
        let mut rest = k.clone();
        solve_lower_triangular_in_place(self.posterior.c.as_ref(), rest.as_mut(), Par::Seq);
        let square = |column: faer::ColRef<'_, f64>| column.iter().map(|v| v * v).sum::<f64>();
        let signal = self.stored.hyper.signal_sd.powi(2);
        let of = |j: usize| (signal - square(k.col(j)) + square(rest.col(j))).max(0.0);
        ((0..k.ncols()).map(of).collect(), rest)
    }
}

/// Hyperparameters of an exact process on a part of the rows, scaled.
fn first(
    x: ArrayView2<'_, f64>,
    y: &[f64],
    options: &SparseOptions,
) -> Result<Hyperparameters, EmulatorError> {
    let mut rows: Vec<usize> = (0..y.len()).collect();
    let key = StreamKey { seed: options.seed, stage: Stage::Resample, cycle: 0, member: 0, column: u32::MAX };
    key.stream().shuffle(&mut rows);
    rows.truncate(options.first.max(4));
    rows.sort_unstable();
    let part: Vec<f64> = rows.iter().map(|&row| y[row]).collect();
    let exact = GaussianProcessOptions {
        kernel: options.kernel,
        mean: Mean::Constant,
        noise: OutputNoise::Estimated,
        seed: options.seed,
        ..Default::default()
    };
    let process = GaussianProcess::fit(x.select(Axis(0), &rows).view(), &part, &exact)?;
    Ok(process.stored.hyper)
}

/// The largest bound near given hyperparameters.
fn search(data: &Data, kernel: Kernel, first: &Hyperparameters) -> Option<Hyperparameters> {
    let logs = |(low, high): (f64, f64)| (low.ln(), high.ln());
    let d = first.length_scales.len();
    let of = |at: &[f64]| Hyperparameters {
        signal_sd: at[0].exp(),
        length_scales: at[1..=d].iter().map(|length| length.exp()).collect(),
        noise_sd: at[d + 1].exp(),
    };
    let lengths = first.length_scales.iter().map(|length| length.ln());
    let start: Vec<f64> =
        std::iter::once(first.signal_sd.ln()).chain(lengths).chain([first.noise_sd.ln()]).collect();
    let bounds: Vec<(f64, f64)> = std::iter::once(logs(SIGNAL))
        .chain(std::iter::repeat_n(logs(LENGTH), d))
        .chain([logs(NOISE)])
        .collect();
    let cost = |at: &[f64]| {
        let (bound, gradient) = data.bound(kernel, &of(at))?;
        Some((-bound, gradient.into_iter().map(|g| -g).collect()))
    };
    let limits = Limits { iterations: 60, decrease: 1e-2 };
    minimise(cost, &start, &bounds, limits).map(|minimum| of(&minimum.x))
}

/// Scaled data.
fn data(scaling: &Scaling, inputs: Array2<f64>, y: &[f64], inducing: &[usize]) -> Data {
    Data {
        u: inputs.select(Axis(0), inducing),
        x: inputs,
        y: y.iter().map(|y| (y - scaling.mean) / scaling.sd).collect(),
    }
}

impl From<SparseProcess> for Stored {
    fn from(process: SparseProcess) -> Self {
        process.stored
    }
}

impl TryFrom<Stored> for SparseProcess {
    type Error = EmulatorError;

    fn try_from(found: Stored) -> Result<Self, EmulatorError> {
        check(found.x.view(), &found.y)?;
        let fits = found.hyper.length_scales.len() == found.x.ncols();
        if !fits || found.inducing.is_empty() || found.inducing.iter().any(|&row| row >= found.y.len()) {
            return Err(EmulatorError::Stored { reason: "its parts don't fit together".into() });
        }
        let scaling = Scaling::of(found.x.view(), &found.y);
        let data = data(&scaling, scaling.inputs_of(found.x.view()), &found.y, &found.inducing);
        Self::restore(found, scaling, &data)
    }
}

impl Emulator for SparseProcess {
    fn inputs(&self) -> usize {
        self.scaling.inputs()
    }

    fn predict(&self, x: ArrayView2<'_, f64>) -> Result<Vec<f64>, EmulatorError> {
        self.check(x)?;
        Ok(x.axis_chunks_iter(Axis(0), ROWS).flat_map(|part| self.means(&self.kernel(part))).collect())
    }

    fn distribution(&self, x: ArrayView2<'_, f64>) -> Result<Prediction, EmulatorError> {
        self.check(x)?;
        let mut found = Prediction::default();
        let (noise, unit) = (self.stored.hyper.noise_sd.powi(2), self.scaling.sd.powi(2));
        for part in x.axis_chunks_iter(Axis(0), ROWS) {
            let mut k = self.kernel(part);
            found.mean.extend(self.means(&k));
            found.variance.extend(self.variances(&mut k).0.into_iter().map(|v| unit * (v + noise)));
        }
        Ok(found)
    }

    fn derivatives(&self, x: ArrayView1<'_, f64>) -> Result<Option<Gradient>, EmulatorError> {
        self.check(x.insert_axis(Axis(0)))?;
        let hyper = &self.stored.hyper;
        let z: Vec<f64> = self.scaling.row(x).iter().zip(&hyper.length_scales).map(|(x, l)| x / l).collect();
        let mut k = self.kernel(x.insert_axis(Axis(0)));
        let (_, mut rest) = self.variances(&mut k);
        // `K_mm⁻¹ k - (L B Lᵀ)⁻¹ k`, what a change of the kernel takes off the variance.
        solve_upper(self.posterior.c.as_ref().transpose(), rest.as_mut(), Par::Seq);
        let mut taken = &k - &rest;
        solve_upper(self.posterior.l.as_ref().transpose(), taken.as_mut(), Par::Seq);
        let d = z.len();
        let mut found = Gradient { mean: vec![0.0; d], variance: vec![0.0; d] };
        for (i, row) in self.z.rows().into_iter().enumerate() {
            let square: f64 = row.iter().zip(&z).map(|(a, b)| (a - b) * (a - b)).sum();
            let slope = hyper.signal_sd.powi(2) * self.stored.kernel.at(square).slope;
            for j in 0..d {
                let dk = slope * (row[j] - z[j]) / (self.scaling.scale(j) * hyper.length_scales[j]);
                found.mean[j] += self.scaling.sd * dk * self.posterior.beta[(i, 0)];
                found.variance[j] -= 2.0 * self.scaling.sd.powi(2) * dk * taken[(i, 0)];
            }
        }
        Ok(Some(found))
    }

    /// By the process whose covariance is that of the posterior at the inducing inputs, hyperparameters kept.
    fn left_out(&self) -> LeaveOneOut {
        let mut white = self.posterior.a.clone();
        solve_lower_triangular_in_place(self.posterior.c.as_ref(), white.as_mut(), Par::Seq);
        let square = self.stored.hyper.noise_sd.powi(2);
        let mut found = LeaveOneOut::default();
        for (i, (y, alpha)) in self.stored.y.iter().zip(&self.posterior.alpha).enumerate() {
            let explained: f64 = white.col(i).iter().map(|v| v * v).sum();
            let precision = ((1.0 - explained) / square).max(f64::MIN_POSITIVE);
            found.mean.push(y - self.scaling.sd * alpha / precision);
            found.variance.push(self.scaling.sd.powi(2) / precision);
            found.z.push(alpha / precision.sqrt());
        }
        found
    }
}
