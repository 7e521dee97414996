//! A Gaussian process for each component of the outputs.

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;
use reterra_emulators::gaussian_process::{Gradient, LengthScales, Mean, Moments, OutputNoise, Pointwise};
use reterra_emulators::{GaussianProcess, GaussianProcessOptions};

use super::{CesOptions, Encoder, Refusal, Runs};
use crate::AssimilationError;
use crate::calibration::{NormalPrior, Problem};
use crate::linear_algebra::eigh;
use crate::stop::Stop;
use crate::transform::column_means;

/// Standard deviation of a design along a direction, over that along its widest, below which it doesn't vary there.
const VARIES: f64 = 1e-7;

/// Emulators of the outputs as components, as functions of whitened parameters `z = (u - mean) / sd`.
#[derive(Clone, Debug)]
pub struct Emulation {
    /// Outputs to components.
    pub encoder: Encoder,
    processes: Vec<GaussianProcess>,
    /// The same, ready for single places.
    singly: Vec<Pointwise>,
    prior: NormalPrior,
    /// Whitened parameters of the design, n × p.
    design: Array2<f64>,
    /// Components of the data.
    data: Vec<f64>,
    /// Square of what components leave of the data.
    rest: f64,
    skill: f64,
}

impl Emulation {
    /// Fits emulators to runs.
    ///
    /// # Errors
    /// `Refused` for a collapsed design and for outputs that look like noise; those of the emulators.
    pub fn fit(problem: &Problem, runs: &Runs, options: &CesOptions) -> Result<Self, AssimilationError> {
        Self::fit_until(problem, runs, options, Stop::never())
    }

    /// The same, unless somebody asks to stop before; asked at each component.
    ///
    /// # Errors
    /// As [`Self::fit`], and `Stopped`.
    pub fn fit_until(
        problem: &Problem,
        runs: &Runs,
        options: &CesOptions,
        stop: Stop<'_>,
    ) -> Result<Self, AssimilationError> {
        let prior = problem.prior();
        let (u, outputs) = runs.closest(problem, options.emulators.runs)?;
        let design = prior.whiten(&u);
        require_spread(&design)?;
        let encoder = Encoder::new(outputs.view(), &problem.noise, &options.emulators)?;
        if encoder.components() == 0 {
            let (runs, variance) = (design.nrows(), encoder.variance);
            return Err(Refusal::NoContrast { runs, variance }.into());
        }
        let encoded = encoder.encode(outputs.view());
        let fit = |column: Vec<f64>| {
            stop.check()?;
            let gp = GaussianProcessOptions {
                kernel: options.emulators.kernel,
                mean: Mean::Linear,
                noise: OutputNoise::Estimated,
                length_scales: LengthScales::Dimension,
                starts: options.emulators.starts,
                seed: options.seed,
            };
            GaussianProcess::fit(design.view(), &column, &gp).map_err(AssimilationError::from)
        };
        let columns: Vec<Vec<f64>> = encoded.columns().into_iter().map(|c| c.to_vec()).collect();
        let processes = columns.into_par_iter().map(fit).collect::<Result<Vec<_>, _>>()?;
        let data = encoder.encode(ndarray::aview1(&problem.y).insert_axis(Axis(0)));
        let rest = encoder.rest(&problem.y);
        let data = data.into_iter().collect();
        let singly = processes.iter().map(Pointwise::new).collect();
        let mut emulation = Self { encoder, processes, singly, prior, design, data, rest, skill: 0.0 };
        emulation.skill = emulation.explained(&encoded);
        let (skill, wanted) = (emulation.skill, options.limits.skill);
        if skill.is_nan() || skill < wanted {
            return Err(Refusal::NothingLearnt { skill, wanted }.into());
        }
        Ok(emulation)
    }

    /// Share of the components' variance that is explained of runs left out one by one.
    fn explained(&self, encoded: &Array2<f64>) -> f64 {
        let (mut left, mut total) = (0.0, 0.0);
        for (column, process) in encoded.columns().into_iter().zip(&self.processes) {
            let mean = column.sum() / column.len() as f64;
            total += column.iter().map(|y| (y - mean).powi(2)).sum::<f64>();
            left +=
                column.iter().zip(process.leave_one_out().mean).map(|(y, m)| (y - m).powi(2)).sum::<f64>();
        }
        1.0 - left / total
    }

    /// The share of variance explained of runs left out one by one.
    #[must_use]
    pub fn skill(&self) -> f64 {
        self.skill
    }

    /// Number of parameters.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.design.ncols()
    }

    /// Whitened parameters of the design.
    #[must_use]
    pub fn design(&self) -> ArrayView2<'_, f64> {
        self.design.view()
    }

    /// Whitened parameters back to unconstrained ones (rows).
    #[must_use]
    pub fn unconstrained(&self, z: &Array2<f64>) -> Array2<f64> {
        self.prior.unwhiten(z)
    }

    /// Unconstrained parameters (rows) to whitened ones.
    #[must_use]
    pub fn whitened(&self, u: &Array2<f64>) -> Array2<f64> {
        self.prior.whiten(u)
    }

    /// Components of the data, and the square of what they leave of it.
    #[must_use]
    pub fn data(&self) -> (&[f64], f64) {
        (&self.data, self.rest)
    }

    /// Means and variances of the components (rows of `z` × K), without the estimated noise of runs.
    ///
    /// # Errors
    /// Those of the emulators.
    pub fn predict(&self, z: ArrayView2<'_, f64>) -> Result<(Array2<f64>, Array2<f64>), AssimilationError> {
        let size = (z.nrows(), self.processes.len());
        let (mut mean, mut variance) = (Array2::zeros(size), Array2::zeros(size));
        for (k, process) in self.processes.iter().enumerate() {
            let found = process.predict_with_variance(z)?;
            mean.column_mut(k).iter_mut().zip(found.mean).for_each(|(x, value)| *x = value);
            variance.column_mut(k).iter_mut().zip(found.variance).for_each(|(x, value)| *x = value);
        }
        Ok((mean, variance))
    }

    /// Means and variances of the m outputs (n × m), in their own units, at unconstrained parameters (rows of `u`); with the
    /// estimated noise of runs.
    ///
    /// # Errors
    /// Those of the emulators.
    pub fn predict_outputs(&self, u: &Array2<f64>) -> Result<(Array2<f64>, Array2<f64>), AssimilationError> {
        let (mean, variance) = self.predict(self.whitened(u).view())?;
        let variance = variance + &ndarray::Array1::from(self.noise());
        Ok(self.encoder.decode(&mean, &variance))
    }

    /// The emulator of each component, ready for single places.
    #[must_use]
    pub fn singly(&self) -> &[Pointwise] {
        &self.singly
    }

    /// Mean and variance of component `k` at one place (p), without the estimated noise of runs.
    ///
    /// # Errors
    /// Those of the emulators.
    pub fn moments(&self, k: usize, z: &[f64]) -> Result<Moments, AssimilationError> {
        Ok(self.singly[k].moments(z)?)
    }

    /// The same with their derivatives.
    ///
    /// # Errors
    /// Those of the emulators.
    pub fn gradient(&self, k: usize, z: &[f64]) -> Result<(Moments, Gradient), AssimilationError> {
        Ok(self.singly[k].with_gradient(z)?)
    }

    /// Mean of component `k` with its derivatives, at a fraction of the cost of a variance.
    ///
    /// # Errors
    /// Those of the emulators.
    pub fn mean(&self, k: usize, z: &[f64]) -> Result<(f64, Vec<f64>), AssimilationError> {
        Ok(self.singly[k].mean_with_gradient(z)?)
    }

    /// Variances of the noise that was estimated of each component's runs.
    #[must_use]
    pub fn noise(&self) -> Vec<f64> {
        self.processes.iter().map(|process| process.hyperparameters().noise_sd.powi(2)).collect()
    }

    /// Leave-one-out scores of each component.
    #[must_use]
    pub fn scores(&self) -> Vec<Vec<f64>> {
        self.processes.iter().map(|process| process.leave_one_out().z).collect()
    }
}

/// Refuses runs that don't span the parameters.
fn require_spread(design: &Array2<f64>) -> Result<(), AssimilationError> {
    let (runs, parameters) = design.dim();
    let refused = |spanned| Refusal::Collapsed { runs, spanned, parameters };
    if runs < parameters + 3 {
        return Err(refused(runs.saturating_sub(1).min(parameters)).into());
    }
    let a = design - &column_means(design.view());
    let (values, _) = eigh(a.t().dot(&a).view(), "the covariance of the design")?;
    let largest = values.iter().copied().fold(0.0, f64::max);
    let spanned = values.iter().filter(|l| **l > largest * VARIES * VARIES).count();
    if spanned < parameters {
        return Err(refused(spanned).into());
    }
    Ok(())
}
