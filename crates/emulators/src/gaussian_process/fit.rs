//! Hyperparameters by the largest restricted likelihood times their prior, from several starts.
//!
//! Starts compete on a part of the rows, where an evaluation is cheap; the best goes on with all of them.

use reterra_statistics::{Stage, StreamKey};
use serde::{Deserialize, Serialize};

use super::Hyperparameters;
use super::kernel::Kernel;
use super::likelihood::Data;
use super::minimise::{Limits, Minimum, minimise};

/// Rows on which starts compete.
const ROWS_OF_STARTS: usize = 250;
/// Bounds of the signal's and the noise's standard deviation and of length scales, scaled.
pub(super) const SIGNAL: (f64, f64) = (1e-2, 1e2);
pub(super) const NOISE: (f64, f64) = (1e-4, 3.0);
pub(super) const LENGTH: (f64, f64) = (1e-2, 1e4);

/// What is believed of length scales before any output is seen, inputs from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LengthScales {
    /// Nothing: maximum likelihood.
    Free,
    /// `ln ℓ ~ N(√2 + ½ ln d, 3)`: in more dimensions points lie further apart, and few inputs matter (Hvarfner et al.
    /// 2024, <https://proceedings.mlr.press/v235/hvarfner24a.html>).
    #[default]
    Dimension,
}

/// What is optimised, and how.
pub(super) struct Search<'a> {
    pub data: &'a Data,
    pub kernel: Kernel,
    pub length_scales: LengthScales,
    pub estimate_noise: bool,
    pub starts: usize,
    pub seed: u64,
}

impl Search<'_> {
    /// The best hyperparameters; none where no start has a likelihood.
    pub fn best(&self) -> Option<Hyperparameters> {
        let n = self.data.y.len();
        let mut rows: Vec<usize> = (0..n).collect();
        let mut stream = self.stream(0);
        if n > ROWS_OF_STARTS {
            stream.shuffle(&mut rows);
            rows.truncate(ROWS_OF_STARTS);
            rows.sort_unstable();
        }
        let part = self.data.rows(&rows);
        let limits = Limits { iterations: 60, decrease: 1e-3 };
        let reached = (0..self.starts.max(1)).filter_map(|k| self.climb(&part, &self.start(k), limits));
        let first = reached.min_by(|a, b| a.value.total_cmp(&b.value))?;
        let limits = Limits { iterations: 200, decrease: 1e-5 };
        self.climb(self.data, &first.x, limits).map(|minimum| self.hyper(&minimum.x))
    }

    /// The best hyperparameters near those of similar data.
    pub fn near(&self, hyper: &Hyperparameters) -> Option<Hyperparameters> {
        let noise = self.estimate_noise.then(|| hyper.noise_sd.ln());
        let lengths = hyper.length_scales.iter().map(|length| length.ln());
        let start: Vec<f64> = std::iter::once(hyper.signal_sd.ln()).chain(lengths).chain(noise).collect();
        let limits = Limits { iterations: 60, decrease: 1e-3 };
        self.climb(self.data, &start, limits).map(|minimum| self.hyper(&minimum.x))
    }

    fn climb(&self, data: &Data, start: &[f64], limits: Limits) -> Option<Minimum> {
        minimise(|at| self.cost(data, at), start, &self.bounds(), limits)
    }

    /// Minus the logarithm of the posterior density of hyperparameters, and its gradient.
    fn cost(&self, data: &Data, at: &[f64]) -> Option<(f64, Vec<f64>)> {
        let (value, gradient) = data.likelihood(self.kernel, &self.hyper(at))?;
        let mut cost = -value;
        let mut slope: Vec<f64> = gradient[..at.len()].iter().map(|g| -g).collect();
        if self.length_scales == LengthScales::Dimension {
            let (mean, variance) = self.length_prior();
            for k in 1..=self.inputs() {
                cost += 0.5 * (at[k] - mean).powi(2) / variance;
                slope[k] += (at[k] - mean) / variance;
            }
        }
        Some((cost, slope))
    }

    fn length_prior(&self) -> (f64, f64) {
        (2.0_f64.sqrt() + 0.5 * (self.inputs() as f64).ln(), 3.0)
    }

    /// The first start has long length scales, as the prior; others are shorter by up to a factor of 20, for where a
    /// function bends often the long ones take it for noise.
    fn start(&self, k: usize) -> Vec<f64> {
        let long = 0.5 * (self.inputs() as f64).ln();
        let mut stream = self.stream(1 + k as u32);
        let mut shifted = |middle: f64, width: f64| {
            if k == 0 { middle } else { middle + width * (2.0 * stream.uniform() - 1.0) }
        };
        let signal = shifted(0.0, 0.5);
        let shorter = 3.0 * k as f64 / self.starts as f64;
        let lengths: Vec<f64> = (0..self.inputs()).map(|_| shifted(long - shorter, 0.5)).collect();
        let noise = shifted(0.1_f64.ln(), 1.5);
        let noise = self.estimate_noise.then_some(noise);
        std::iter::once(signal).chain(lengths).chain(noise).collect()
    }

    fn bounds(&self) -> Vec<(f64, f64)> {
        let logs = |(low, high): (f64, f64)| (low.ln(), high.ln());
        let noise = self.estimate_noise.then_some(logs(NOISE));
        let lengths = std::iter::repeat_n(logs(LENGTH), self.inputs());
        std::iter::once(logs(SIGNAL)).chain(lengths).chain(noise).collect()
    }

    fn hyper(&self, at: &[f64]) -> Hyperparameters {
        let d = self.inputs();
        Hyperparameters {
            signal_sd: at[0].exp(),
            length_scales: at[1..=d].iter().map(|l| l.exp()).collect(),
            noise_sd: at.get(d + 1).map_or(0.0, |noise| noise.exp()),
        }
    }

    fn inputs(&self) -> usize {
        self.data.x.ncols()
    }

    fn stream(&self, member: u32) -> reterra_statistics::Stream {
        StreamKey { seed: self.seed, stage: Stage::Calibrate, cycle: 0, member, column: 0 }.stream()
    }
}
