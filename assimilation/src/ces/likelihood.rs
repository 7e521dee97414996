//! The likelihood by emulators.
//!
//! `-½ Σ_k [(d_k - μ_k)² / v_k + ln v_k] - ½ [rest / (1 + δ²) + (m - K) ln(1 + δ²)]` with `v_k = 1 + s_k² + δ²`: errors of
//! the observations (1, whitened), of the emulator (s²) and of the model (δ²). Without the logarithm a place would be
//! likely because nothing is known about it.

use reterra_emulators::gaussian_process::{Gradient, Moments};

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
    pub(super) fn discrepancy(&self, z: &[f64]) -> (f64, f64) {
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

    /// The emulators it is by.
    pub(super) fn emulation(&self) -> &'a Emulation {
        self.emulation
    }

    /// Logarithm of the likelihood from what `at` says of each component; with a gradient, its derivatives are added there,
    /// and `at` has to give those of its moments.
    pub(super) fn of(
        &self,
        z: &[f64],
        mut gradient: Option<&mut [f64]>,
        at: impl Fn(usize) -> Result<(Moments, Option<Gradient>), AssimilationError>,
    ) -> Result<f64, AssimilationError> {
        let (data, rest) = self.emulation.data();
        let (delta, slope) = self.discrepancy(z);
        let others = (self.emulation.encoder.outputs() - data.len()) as f64;
        let mut value = -0.5 * (rest / (1.0 + delta) + others * (1.0 + delta).ln());
        let mut by_delta = 0.5 * (rest / (1.0 + delta) - others) / (1.0 + delta);
        for (k, y) in data.iter().enumerate() {
            let (found, slopes) = at(k)?;
            let (gap, v) = (y - found.mean, 1.0 + found.variance + delta);
            value -= 0.5 * (gap * gap / v + v.ln());
            let by_variance = 0.5 * (gap * gap / v - 1.0) / v;
            by_delta += by_variance;
            if let (Some(gradient), Some(slopes)) = (gradient.as_deref_mut(), slopes) {
                for (g, (m, s)) in gradient.iter_mut().zip(slopes.mean.iter().zip(&slopes.variance)) {
                    *g += gap / v * m + by_variance * s;
                }
            }
        }
        if let Some(last) = gradient.and_then(|gradient| gradient.get_mut(self.emulation.parameters())) {
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
        let place = &z[..self.emulation.parameters()];
        let at = |k| Ok((self.emulation.moments(k, place)?, None));
        self.of(z, None, at).unwrap_or(f64::NEG_INFINITY)
    }
}

impl SmoothTarget for Likelihood<'_> {
    fn with_gradient(&self, z: &[f64], gradient: &mut [f64]) -> f64 {
        gradient.fill(0.0);
        let place = &z[..self.emulation.parameters()];
        let at = |k| self.emulation.gradient(k, place).map(|(found, slopes)| (found, Some(slopes)));
        self.of(z, Some(gradient), at).unwrap_or(f64::NEG_INFINITY)
    }
}
