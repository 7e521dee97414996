//! Iterative ensemble Kalman smoother: Gauss-Newton on the weights of the state at the start of a window
//! (Bocquet and Sakov 2014, doi:10.1002/qj.2236; with a window of one cycle it is the iterative filter of Sakov et al. 2012,
//! doi:10.1175/MWR-D-11-00176.1).
//!
//! The ensemble that is run is conditioned by the present transform `T`; the sensitivities are those of the
//! deconditioned anomalies `T⁻¹ Y`.

use ndarray::{Array1, Array2};

use super::{Window, departures};
use crate::AssimilationError;
use crate::analysis::{Departures, Transform};
use crate::filters::EnkfN;
use crate::linear_algebra::{eigh, require_finite};
use crate::transform::column_means;
use reterra_statistics::StreamKey;
use serde::{Deserialize, Serialize};

/// The smoother's options.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ienks {
    /// Iterations at most, one or more.
    pub iterations: usize,
    /// Mean square of a step's weights below which iterations end; 0 makes them all.
    pub tolerance: f64,
    /// Finite-size hyper-prior in place of inflation.
    pub hyper_prior: Option<EnkfN>,
}

impl Default for Ienks {
    fn default() -> Self {
        Self { iterations: 10, tolerance: 0.0, hyper_prior: None }
    }
}

/// What a window's iterations found.
#[derive(Clone, Debug, PartialEq)]
pub struct Smoothed {
    /// Transform of the ensemble at the start of the window.
    pub transform: Transform,
    /// The last step of the weights: what the last prediction lacks, as weights of the first prediction's anomalies.
    pub last_step: Array1<f64>,
    /// Iterations made.
    pub iterations: usize,
}

/// The state of the iteration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Iterate {
    w: Array1<f64>,
    t: Array2<f64>,
    inverse: Array2<f64>,
    step: Array1<f64>,
    chi2: f64,
    dfs: f64,
}

impl Ienks {
    /// Smooths the ensemble `e` (N × n) at the start of a window by observations `y` with variances `r` at its end.
    ///
    /// # Errors
    /// Those of the window, `Shape`, `NotFinite`, `NotPositive`, `Option` for no iterations.
    pub fn smooth(
        &self,
        e: &Array2<f64>,
        (y, r): (&[f64], &[f64]),
        key: StreamKey,
        window: &mut dyn Window,
    ) -> Result<Smoothed, AssimilationError> {
        if self.iterations == 0 {
            let (option, range) = ("iterations of the iEnKS", "[1, infinity)");
            return Err(AssimilationError::Option { option, value: 0.0, range });
        }
        self.hyper_prior.map_or(Ok(()), |prior| prior.check())?;
        let n = e.nrows();
        require_finite(e.view(), "state of a member at the start of the window")?;
        let mean = column_means(e.view());
        let anomalies = e - &mean;
        let mut now = Iterate::start(n);
        let mut done = 0;
        while done < self.iterations {
            let present = now.present(&anomalies, &mean);
            now.advance(&departures(window, present.view(), (y, r), key)?, self.hyper_prior)?;
            done += 1;
            if now.last_step() < self.tolerance * n as f64 {
                break;
            }
        }
        let transform = Transform { w: now.w, t: now.t, chi2: now.chi2, dfs: now.dfs };
        Ok(Smoothed { transform, last_step: now.step, iterations: done })
    }
}

impl Iterate {
    pub(crate) fn start(n: usize) -> Self {
        Self {
            w: Array1::zeros(n),
            t: Array2::eye(n),
            inverse: Array2::eye(n),
            step: Array1::zeros(n),
            chi2: 0.0,
            dfs: 0.0,
        }
    }

    /// The present, conditioned ensemble from the anomalies and the mean of the first one.
    pub(crate) fn present(&self, anomalies: &Array2<f64>, mean: &Array1<f64>) -> Array2<f64> {
        (&self.t + &self.w).dot(anomalies) + mean
    }

    /// Square of the last step of the weights.
    pub(crate) fn last_step(&self) -> f64 {
        self.step.dot(&self.step)
    }

    /// The place a share of the way from another iterate to this one: weights and information are in between.
    pub(crate) fn part_way_from(self, from: &Self, share: f64) -> Result<Self, AssimilationError> {
        if share >= 1.0 {
            return Ok(self);
        }
        let information =
            self.inverse.dot(&self.inverse) * share + from.inverse.dot(&from.inverse) * (1.0 - share);
        let (values, v) = eigh(information.view(), "the smoother's information matrix")?;
        let power = |p: f64| (&v * &values.mapv(|l| l.max(1.0).powf(p))).dot(&v.t());
        let step = &self.step * share;
        Ok(Self { w: &from.w + &step, step, t: power(-0.5), inverse: power(0.5), ..self })
    }

    /// One Gauss-Newton step for departures of the present, conditioned ensemble.
    pub(crate) fn advance(
        &mut self,
        seen: &Departures,
        hyper_prior: Option<EnkfN>,
    ) -> Result<(), AssimilationError> {
        let n = self.w.len();
        let size = (n - 1) as f64;
        let s = self.inverse.dot(&seen.s);
        let (values, v) = eigh(s.dot(&s.t()).view(), "the smoother's information matrix")?;
        let values = values.mapv(|l| l.max(0.0));
        let zeta = hyper_prior
            .map_or(1.0, |prior| prior.hyper_prior(&values).precision(n, self.w.dot(&self.w)) / size);
        let power = |p: f64| (&v * &values.mapv(|l| (l + zeta).powf(p))).dot(&v.t());
        let gradient = s.dot(&seen.d) / size.sqrt() - &self.w * zeta;
        self.step = v.dot(&(v.t().dot(&gradient) / values.mapv(|l| l + zeta)));
        // Twice the cost function at its minimum as it is seen from here.
        self.chi2 = seen.d.dot(&seen.d) + size * (zeta * self.w.dot(&self.w) - gradient.dot(&self.step));
        self.w += &self.step;
        (self.t, self.inverse) = (power(-0.5), power(0.5));
        self.dfs = values.iter().map(|l| l / (l + zeta)).sum();
        Ok(())
    }
}
