//! The Kalman gain in ensemble space.

use ndarray::{Array1, Array2};

use crate::AssimilationError;
use crate::analysis::Departures;
use crate::linear_algebra::{cholesky, solve_each};

/// `G = S (Sᵀ S + I)⁻¹` (N × m), by the smaller of the two matrices, and what follows from it.
pub(super) struct Gain {
    /// `G`.
    pub g: Array2<f64>,
    /// Weights of the mean, `G d / √(N - 1)`.
    pub w: Array1<f64>,
    /// `dᵀ (H P Hᵀ + R)⁻¹ d`.
    pub chi2: f64,
    /// `tr(K H)`.
    pub dfs: f64,
}

impl Gain {
    pub(super) fn new(seen: &Departures) -> Result<Self, AssimilationError> {
        let s = &seen.s;
        let (n, m) = s.dim();
        // Rows of `S` are right-hand sides in observation space; in ensemble space its columns are.
        let g = if m <= n {
            solved(s.t().dot(s), s.clone(), "the innovation covariance")?
        } else {
            let columns = s.t().to_owned();
            solved(s.dot(&s.t()), columns, "the ensemble's information matrix")?.reversed_axes()
        };
        let weights = g.dot(&seen.d);
        let signal = s.dot(&seen.d);
        let dfs = (&g * s).sum();
        Ok(Self {
            w: &weights / ((n - 1) as f64).sqrt(),
            chi2: seen.d.dot(&seen.d) - signal.dot(&weights),
            dfs,
            g,
        })
    }
}

/// Solves `(a + I) x = b` for every row of `b`.
fn solved(
    mut a: Array2<f64>,
    mut b: Array2<f64>,
    what: &'static str,
) -> Result<Array2<f64>, AssimilationError> {
    a.diag_mut().mapv_inplace(|x| x + 1.0);
    let l = cholesky(a.view(), what)?;
    solve_each(l.view(), b.rows_mut());
    Ok(b)
}
