//! Error-subspace transform Kalman filter (Nerger et al. 2012, doi:10.1175/MWR-D-11-00102.1): the transform is
//! computed in the space of the N - 1 independent anomalies and gives the ETKF's ensemble.

use ndarray::{Array1, Array2};

use crate::AssimilationError;
use crate::analysis::{Departures, Transform, TransformFilter};
use crate::transform::transform;

/// `T = 1 1ᵀ / N + Ω (I + Ωᵀ S Sᵀ Ω)^(-1/2) Ωᵀ` with `Ω` (N × N - 1) orthonormal and `1ᵀ Ω = 0`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Estkf;

impl TransformFilter for Estkf {
    fn transform(&self, seen: &Departures) -> Result<Transform, AssimilationError> {
        let n = seen.s.nrows();
        let omega = projection(n);
        // `transform` divides its weights by the root of its own number of rows less one.
        let scale = ((n as f64 - 2.0).max(0.0) / (n as f64 - 1.0)).sqrt();
        let inner =
            if n == 2 { single(seen, &omega) } else { transform(omega.t().dot(&seen.s).view(), &seen.d)? };
        let w = omega.dot(&inner.w) * if n == 2 { 1.0 } else { scale };
        let t = omega.dot(&inner.t).dot(&omega.t()) + 1.0 / n as f64;
        Ok(Transform { w, t, chi2: inner.chi2, dfs: inner.dfs })
    }
}

/// Two members have one independent anomaly: all is scalar.
fn single(seen: &Departures, omega: &Array2<f64>) -> Transform {
    let s = omega.column(0).dot(&seen.s);
    let (information, signal) = (s.dot(&s), s.dot(&seen.d));
    let w = signal / (1.0 + information);
    Transform {
        w: Array1::from_elem(1, w),
        t: Array2::from_elem((1, 1), 1.0 / (1.0 + information).sqrt()),
        chi2: seen.d.dot(&seen.d) - signal * w,
        dfs: information / (1.0 + information),
    }
}

/// The deterministic projection of the paper's eq. 17: columns orthonormal, orthogonal to 1.
fn projection(n: usize) -> Array2<f64> {
    let (size, root) = (n as f64, (n as f64).sqrt());
    let off = -1.0 / size / (1.0 / root + 1.0);
    Array2::from_shape_fn((n, n - 1), |(i, j)| match i {
        _ if i + 1 == n => -1.0 / root,
        _ if i == j => 1.0 + off,
        _ => off,
    })
}
