//! Finite-size ensemble Kalman filter (EnKF-N), which needs no inflation: the prior's covariance is itself
//! uncertain, because the ensemble is finite (Bocquet 2011, doi:10.5194/npg-18-735-2011; Bocquet et al. 2015,
//! doi:10.5194/npg-22-645-2015).
//!
//! Primal form: the weights minimise `½ |d - √(N-1) Sᵀ w|² + ½ (N - 1) cL ln(eN + |w|²)` by Newton's method in the
//! basis of eigenvectors of `S Sᵀ`, with the Hessian without its radial term.

use ndarray::Array1;

use crate::AssimilationError;
use crate::analysis::{Departures, Transform, TransformFilter};
use crate::linear_algebra::eigh;

/// Newton's method ends where the gradient or the step is below these, or after so many steps.
const GRADIENT: f64 = 1e-7;
const STEP: f64 = 1e-4;
const ITERATIONS: usize = 100;

/// The filter with its hyper-prior.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EnkfN {
    /// Certainty of the hyper-prior over that of N members, `xN` > 0: 1 is agnostic, larger trusts the ensemble more.
    pub certainty: f64,
    /// Dimensions by which the members exceed the space of their anomalies, `g`.
    pub nullity: f64,
}

impl Default for EnkfN {
    fn default() -> Self {
        Self { certainty: 1.0, nullity: 0.0 }
    }
}

/// The coefficients of the hyper-prior.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct HyperPrior {
    /// `eN`, the effect of the unknown mean.
    e: f64,
    /// `cL`, the factor of the logarithm.
    c: f64,
}

impl HyperPrior {
    /// `N - 1` over the square of the inflation that belongs to weights of squared length `w2`.
    pub(crate) fn precision(self, members: usize, w2: f64) -> f64 {
        (members - 1) as f64 * self.c / (self.e + w2)
    }
}

impl EnkfN {
    /// Coefficients for the eigenvalues of `S Sᵀ`, corrected so that the prior's mode goes to no inflation where
    /// observations tell nothing (Bocquet et al. 2015, section 3.3).
    pub(crate) fn hyper_prior(&self, eigenvalues: &Array1<f64>) -> HyperPrior {
        let n = eigenvalues.len() as f64;
        let (e, c) = ((n + 1.0) / n, (n + self.nullity) / (n - 1.0));
        let weight_of_prior = eigenvalues.iter().map(|l| 1.0 / (1.0 + l)).sum::<f64>() / n;
        let correction = (e / c).powf(0.5 * weight_of_prior);
        HyperPrior { e: self.certainty * e / correction, c: self.certainty * c * correction }
    }

    pub(crate) fn check(&self) -> Result<(), AssimilationError> {
        if self.certainty > 0.0 && self.certainty.is_finite() {
            return Ok(());
        }
        let (option, range) = ("certainty of the EnKF-N", "(0, infinity)");
        Err(AssimilationError::Option { option, value: self.certainty, range })
    }
}

impl TransformFilter for EnkfN {
    fn transform(&self, seen: &Departures) -> Result<Transform, AssimilationError> {
        self.check()?;
        let scale = ((seen.s.nrows() - 1) as f64).sqrt();
        let (values, v) = eigh(seen.s.dot(&seen.s.t()).view(), "the ensemble's information matrix")?;
        let values = values.mapv(|l| l.max(0.0));
        let signal = v.t().dot(&seen.s.dot(&seen.d));
        let growth = self.inflation(&values, &(&signal * scale)).powi(2);
        // All that follows is the ETKF with anomalies inflated by the root of `growth`.
        let weights = &signal / &values.mapv(|l| 1.0 + growth * l);
        let t = (&v * &values.mapv(|l| (growth / (1.0 + growth * l)).sqrt())).dot(&v.t());
        Ok(Transform {
            chi2: seen.d.dot(&seen.d) - growth * signal.dot(&weights),
            dfs: values.iter().map(|l| growth * l / (1.0 + growth * l)).sum(),
            w: v.dot(&weights) * (growth / scale),
            t,
        })
    }
}

impl EnkfN {
    /// The factor on the prior's anomalies, from the eigenvalues of `S Sᵀ` and `√(N-1) S d` in their basis.
    fn inflation(&self, values: &Array1<f64>, signal: &Array1<f64>) -> f64 {
        let n = values.len();
        let size = (n - 1) as f64;
        let prior = self.hyper_prior(values);
        let mut w = Array1::<f64>::zeros(n);
        let mut precision = prior.precision(n, 0.0);
        for _ in 0..ITERATIONS {
            let gradient = &w * &values.mapv(|l| size * l + precision) - signal;
            if gradient.dot(&gradient).sqrt() <= GRADIENT {
                break;
            }
            let step = gradient / values.mapv(|l| size * l + precision);
            w -= &step;
            precision = prior.precision(n, w.dot(&w));
            if step.dot(&step).sqrt() <= STEP {
                break;
            }
        }
        (size / precision).sqrt()
    }
}
