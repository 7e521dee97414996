//! Predictions at one place after another, as a Markov chain asks for them.
//!
//! With the factor's inverse at hand, `v = L⁻¹ k` and what the variance's gradient needs, `L⁻ᵀ v`, take one pass over half of
//! a matrix and no solve: n² operations, all of them on whole vectors. `‖v‖²` from the inverse of the factor keeps the digits
//! that `kᵀ K⁻¹ k` from the inverse of the covariance would lose where outputs have next to no noise.

use faer::Mat;
use ndarray::{Array2, Axis};
use serde::Serialize;

use super::kernel::Kernel;
use super::{GaussianProcess, Mean, check_inputs};
use crate::emulator::{EmulatorError, Gradient};

/// Numbers that are added side by side.
const LANES: usize = 8;

/// A [process](GaussianProcess) made ready for single places; n²/2 numbers of memory, n³/3 operations once. It can be
/// written for programs in other languages, but not read: what is stored is the process.
#[derive(Clone, Debug, Serialize)]
pub struct Pointwise {
    kernel: Kernel,
    /// Variance of the process, scaled.
    signal: f64,
    /// Inputs in units of length scales, one row an input, d × n.
    z: Array2<f64>,
    /// `scaled = place * factor - shift` for each input.
    factor: Vec<f64>,
    shift: Vec<f64>,
    /// Lower triangle of `L⁻¹`, row after row, each as long as its diagonal needs.
    rows: Vec<Vec<f64>>,
    alpha: Vec<f64>,
    basis: Basis,
    /// Mean and standard deviation of the outputs.
    units: (f64, f64),
}

/// What the fitted mean adds, in units of the length scales: `t = h₀ + H z - B k`.
#[derive(Clone, Debug, Serialize)]
struct Basis {
    /// Coefficients of the mean, and their part that doesn't depend on the place.
    constant: f64,
    slope: Vec<f64>,
    /// `C⁻¹ h` where z is 0, q.
    start: Vec<f64>,
    /// Its derivatives by z, q × d; no columns for a constant mean.
    rise: Array2<f64>,
    /// `C⁻¹ Uᵀ`, q × n.
    known: Vec<Vec<f64>>,
}

/// Mean and variance at one place.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    /// Mean, in units of the output.
    pub mean: f64,
    /// Variance of the function, without the noise of outputs.
    pub variance: f64,
}

impl Pointwise {
    /// Prepares a process.
    #[must_use]
    pub fn new(process: &GaussianProcess) -> Self {
        let hyper = &process.stored.hyper;
        let scale = |j: usize| process.scaling.scale(j) * hyper.length_scales[j];
        let d = process.scaling.inputs();
        let origin = process.scaling.row(ndarray::aview1(&vec![0.0; d]));
        let n = process.z.nrows();
        let mut inverse = Mat::identity(n, n);
        process.factor.whiten(&mut inverse);
        Self {
            kernel: process.stored.kernel,
            signal: hyper.signal_sd.powi(2),
            z: process.z.t().as_standard_layout().into_owned(),
            factor: (0..d).map(|j| 1.0 / scale(j)).collect(),
            shift: origin.iter().zip(&hyper.length_scales).map(|(x, length)| -x / length).collect(),
            rows: (0..n).map(|i| (0..=i).map(|j| inverse[(i, j)]).collect()).collect(),
            alpha: process.factor.alpha.to_vec(),
            basis: Basis::new(process),
            units: (process.scaling.mean, process.scaling.sd),
        }
    }

    /// Number of inputs d.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.factor.len()
    }

    /// Mean and variance at `x` (d).
    ///
    /// # Errors
    /// `Inputs` for another number of inputs, `Missing` for inputs that aren't finite.
    pub fn moments(&self, x: &[f64]) -> Result<Moments, EmulatorError> {
        let at = self.at(x)?;
        let explained: f64 = self.rows.iter().map(|row| dot(row, &at.k[..row.len()]).powi(2)).sum();
        Ok(self.in_units(&at, explained))
    }

    /// The same with the derivatives of both.
    ///
    /// # Errors
    /// As [`Self::moments`].
    pub fn with_gradient(&self, x: &[f64]) -> Result<(Moments, Gradient), EmulatorError> {
        let at = self.at(x)?;
        let mut explained = 0.0;
        // Half of minus the variance's derivative by k: L⁻ᵀ v + Bᵀ t.
        let mut by_k = vec![0.0; at.k.len()];
        for row in &self.rows {
            let v = dot(row, &at.k[..row.len()]);
            explained += v * v;
            add(&mut by_k[..row.len()], v, row);
        }
        for (known, t) in self.basis.known.iter().zip(&at.t) {
            add(&mut by_k, *t, known);
        }
        let found = self.in_units(&at, explained);
        let mut left = self.by_place(&at, &by_k);
        let linear = self.basis.rise.columns().into_iter().map(|rise| dot_strided(&at.t, rise));
        left.iter_mut().zip(linear).for_each(|(left, rise)| *left -= rise);
        let unit = -2.0 * self.units.1.powi(2);
        let variance = left.iter().zip(&self.factor).map(|(slope, factor)| unit * slope * factor).collect();
        Ok((found, Gradient { mean: self.slopes_of_mean(&at), variance }))
    }

    /// The mean alone, with its derivatives (d): some d n operations.
    ///
    /// # Errors
    /// As [`Self::moments`].
    pub fn mean_with_gradient(&self, x: &[f64]) -> Result<(f64, Vec<f64>), EmulatorError> {
        let at = self.covariances(x)?;
        Ok((self.mean_at(&at), self.slopes_of_mean(&at)))
    }

    fn slopes_of_mean(&self, at: &At) -> Vec<f64> {
        let mut slopes = self.by_place(at, &self.alpha);
        slopes.iter_mut().zip(&self.basis.slope).for_each(|(sum, slope)| *sum += slope);
        slopes.iter_mut().zip(&self.factor).for_each(|(slope, factor)| *slope *= self.units.1 * factor);
        slopes
    }

    /// Derivatives by z (d) of what has the derivatives `by_k` (n) by the covariances.
    fn by_place(&self, at: &At, by_k: &[f64]) -> Vec<f64> {
        let weights: Vec<f64> = at.slope.iter().zip(by_k).map(|(slope, by_k)| slope * by_k).collect();
        let sum: f64 = weights.iter().sum();
        let rows = self.z.axis_iter(Axis(0)).zip(&at.z);
        // ∂k/∂z is the slope times the difference of inputs.
        rows.map(|(row, z)| dot(&weights, row.to_slice().unwrap_or_default()) - z * sum).collect()
    }

    fn at(&self, x: &[f64]) -> Result<At, EmulatorError> {
        let mut at = self.covariances(x)?;
        at.t = self.basis.rest(&at.z, &at.k);
        Ok(at)
    }

    fn covariances(&self, x: &[f64]) -> Result<At, EmulatorError> {
        if x.len() != self.inputs() {
            return Err(EmulatorError::Inputs { expected: self.inputs(), got: x.len() });
        }
        check_inputs(ndarray::aview1(x).insert_axis(Axis(0)))?;
        let z: Vec<f64> = x
            .iter()
            .zip(&self.factor)
            .zip(&self.shift)
            .map(|((x, factor), shift)| x * factor - shift)
            .collect();
        let n = self.alpha.len();
        let mut k = vec![0.0; n];
        for (row, z) in self.z.axis_iter(Axis(0)).zip(&z) {
            // A slice, so that it becomes vector instructions: most of the time is spent here.
            let row = row.to_slice().unwrap_or_default();
            k.iter_mut().zip(row).for_each(|(sum, data)| *sum += (data - z) * (data - z));
        }
        let mut slope = vec![0.0; n];
        self.kernel.at_each(&mut k, &mut slope);
        k.iter_mut().chain(&mut slope).for_each(|value| *value *= self.signal);
        Ok(At { z, k, slope, t: Vec::new() })
    }

    fn mean_at(&self, at: &At) -> f64 {
        let (mean, sd) = self.units;
        let drift = self.basis.constant + dot(&self.basis.slope, &at.z[..self.basis.slope.len()]);
        sd * (drift + dot(&self.alpha, &at.k)) + mean
    }

    fn in_units(&self, at: &At, explained: f64) -> Moments {
        let rest: f64 = at.t.iter().map(|t| t * t).sum();
        let variance = self.units.1.powi(2) * (self.signal - explained + rest);
        Moments { mean: self.mean_at(at), variance: variance.max(0.0) }
    }
}

impl Basis {
    fn new(process: &GaussianProcess) -> Self {
        let (n, q) = process.factor.u.dim();
        let lengths = &process.stored.hyper.length_scales;
        let d = match process.stored.mean {
            Mean::Constant => 0,
            Mean::Linear => lengths.len(),
        };
        let mut inverse = Mat::identity(q, q);
        process.factor.whiten_mean(&mut inverse);
        let mut known = Mat::from_fn(q, n, |j, i| process.factor.u[[i, j]]);
        process.factor.whiten_mean(&mut known);
        let beta = &process.factor.beta;
        Self {
            constant: beta[0],
            slope: (0..d).map(|j| beta[j + 1] * lengths[j]).collect(),
            start: (0..q).map(|i| inverse[(i, 0)]).collect(),
            rise: Array2::from_shape_fn((q, d), |(i, j)| inverse[(i, j + 1)] * lengths[j]),
            known: (0..q).map(|i| (0..n).map(|j| known[(i, j)]).collect()).collect(),
        }
    }

    /// `C⁻¹ (h - Uᵀ k)`, q.
    fn rest(&self, z: &[f64], k: &[f64]) -> Vec<f64> {
        let rows = self.rise.rows().into_iter().zip(&self.start).zip(&self.known);
        rows.map(|((rise, start), known)| start + dot_strided(z, rise) - dot(known, k)).collect()
    }
}

/// One place: its inputs in units of length scales, covariances with the data, their slopes, and what the mean leaves where
/// the variance is wanted.
struct At {
    z: Vec<f64>,
    k: Vec<f64>,
    slope: Vec<f64>,
    t: Vec<f64>,
}

/// Dot product in a fixed order of lanes.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let (whole, rest) = a.as_chunks::<LANES>();
    let (other, other_rest) = b.as_chunks::<LANES>();
    for (a, b) in whole.iter().zip(other) {
        for lane in 0..LANES {
            sums[lane] = a[lane].mul_add(b[lane], sums[lane]);
        }
    }
    rest.iter().zip(other_rest).fold(sums.iter().sum(), |sum: f64, (a, b)| a.mul_add(*b, sum))
}

fn dot_strided(a: &[f64], b: ndarray::ArrayView1<'_, f64>) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(to: &mut [f64], factor: f64, what: &[f64]) {
    to.iter_mut().zip(what).for_each(|(to, what)| *to = what.mul_add(factor, *to));
}
