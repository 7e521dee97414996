//! The likelihood by emulators.
//!
//! `-½ Σ_k [(d_k - μ_k)² / v_k + ln v_k] - ½ [rest / (1 + δ²) + (m - K) ln(1 + δ²)]` with `v_k = 1 + s_k² + δ²`: errors of
//! the observations (1, whitened), of the emulator (s²) and of the model (δ²). Without the logarithm a place would be
//! likely because nothing is known about it.

use super::{Discrepancy, Emulation};
use crate::AssimilationError;
use crate::sampling::{SmoothTarget, Target};

/// The likelihood of whitened parameters; with an inferred discrepancy, the normal score of its logarithm is the last one.
#[derive(Clone, Copy, Debug)]
pub struct Likelihood<'a> {
    emulation: &'a Emulation,
    discrepancy: Discrepancy,
}

impl<'a> Likelihood<'a> {
    /// The likelihood of the data that emulators were fitted for.
    #[must_use]
    pub fn new(emulation: &'a Emulation, discrepancy: Discrepancy) -> Self {
        Self { emulation, discrepancy }
    }

    /// δ² at `z`, and its derivative by the last parameter.
    fn discrepancy(&self, z: &[f64]) -> (f64, f64) {
        match self.discrepancy {
            Discrepancy::None => (0.0, 0.0),
            Discrepancy::Known(sd) => (sd * sd, 0.0),
            Discrepancy::Inferred { median, log_sd } => {
                let score = z.last().copied().unwrap_or(0.0);
                let variance = (median * (log_sd * score).exp()).powi(2);
                (variance, 2.0 * log_sd * variance)
            }
        }
    }

    /// Logarithm of the likelihood; with a gradient, its derivatives go there.
    fn evaluate(&self, z: &[f64], mut gradient: Option<&mut [f64]>) -> Result<f64, AssimilationError> {
        let p = self.emulation.parameters();
        let place = &z[..p];
        let (mean, variance) =
            self.emulation.predict(ndarray::aview1(place).insert_axis(ndarray::Axis(0)))?;
        let (data, rest) = self.emulation.data();
        let (delta, slope) = self.discrepancy(z);
        let others = (self.emulation.encoder.outputs() - data.len()) as f64;
        let mut value = -0.5 * (rest / (1.0 + delta) + others * (1.0 + delta).ln());
        let mut by_delta = 0.5 * (rest / (1.0 + delta) - others) / (1.0 + delta);
        for (k, y) in data.iter().enumerate() {
            let (gap, v) = (y - mean[[0, k]], 1.0 + variance[[0, k]] + delta);
            value -= 0.5 * (gap * gap / v + v.ln());
            let by_variance = 0.5 * (gap * gap / v - 1.0) / v;
            by_delta += by_variance;
            if let Some(gradient) = gradient.as_deref_mut() {
                let found = self.emulation.gradient(k, place)?;
                for (g, (m, s)) in gradient.iter_mut().zip(found.mean.iter().zip(&found.variance)) {
                    *g += gap / v * m + by_variance * s;
                }
            }
        }
        if let Some(last) = gradient.and_then(|gradient| gradient.get_mut(p)) {
            *last = by_delta * slope;
        }
        Ok(value)
    }
}

impl Target for Likelihood<'_> {
    fn dimension(&self) -> usize {
        let extra = matches!(self.discrepancy, Discrepancy::Inferred { .. });
        self.emulation.parameters() + usize::from(extra)
    }

    fn log_likelihood(&self, z: &[f64]) -> f64 {
        self.evaluate(z, None).unwrap_or(f64::NEG_INFINITY)
    }
}

impl SmoothTarget for Likelihood<'_> {
    fn with_gradient(&self, z: &[f64], gradient: &mut [f64]) -> f64 {
        gradient.fill(0.0);
        self.evaluate(z, Some(gradient)).unwrap_or(f64::NEG_INFINITY)
    }
}
