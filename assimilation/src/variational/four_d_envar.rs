//! 4DEnVar: the mean's analysis over a window of time with covariances from an ensemble of trajectories, localised
//! through its control vector, without an adjoint (Liu et al. 2008, doi:10.1175/2008MWR2312.1; control vector of Buehner
//! 2005, doi:10.1256/qj.04.15, after Lorenc 2003, doi:10.1256/qj.02.132).
//!
//! The increment is `Σ_k (L v_k) ∘ A_k / √(N - 1)` with `L Lᵀ` the localisation; `v` minimises
//! `½ |v|² + ½ |d - Σ_k (L_o v_k) ∘ S_k|²`, by conjugate gradients.

use ndarray::{Array1, Array2, ArrayView2, Axis, Zip};

use crate::AssimilationError;
use crate::analysis::{Departures, Observed, Unused};
use crate::linear_algebra::require_finite;
use crate::transform::column_means;

/// Roots of the localisation: `state` (n × q) and `observed` (m × q), so that `state stateᵀ` and `state observedᵀ` are
/// the tapers between columns of the state, and between these and observations at their times.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalisationRoots {
    /// Of the state.
    pub state: Array2<f64>,
    /// Of the observations.
    pub observed: Array2<f64>,
}

impl LocalisationRoots {
    /// No localisation of n columns and m observations.
    #[must_use]
    pub fn global(n: usize, m: usize) -> Self {
        Self { state: Array2::ones((n, 1)), observed: Array2::ones((m, 1)) }
    }

    /// Observations that change nothing: those whose root is zero, and those that all members predict alike.
    #[must_use]
    pub fn unused(&self, seen: &Observed<'_>) -> Unused {
        let unreached = self.observed.rows().into_iter().filter(|row| row.iter().all(|x| *x == 0.0)).count();
        Unused { unreached, without_spread: seen.without_spread() }
    }
}

/// The minimisation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FourDEnVar {
    /// Steps at most.
    pub iterations: usize,
    /// Residual over the gradient at the start, below which the minimisation ends.
    pub tolerance: f64,
}

impl Default for FourDEnVar {
    fn default() -> Self {
        Self { iterations: 100, tolerance: 1e-8 }
    }
}

impl FourDEnVar {
    /// The mean's increment (n) for the ensemble `e` (N × n) at the time of the analysis and its predictions of all
    /// observations of the window, each at its own time.
    ///
    /// # Errors
    /// `Shape`, `NotFinite`, `NotPositive`, `NoEnsemble`, and `NoMinimum` of the minimisation.
    pub fn increment(
        &self,
        e: ArrayView2<'_, f64>,
        seen: &Observed<'_>,
        roots: &LocalisationRoots,
    ) -> Result<Array1<f64>, AssimilationError> {
        seen.check(e.nrows())?;
        require_finite(e, "state of a member")?;
        require_finite(roots.state.view(), "root of the localisation")?;
        require_finite(roots.observed.view(), "observed root of the localisation")?;
        check(roots, e.ncols(), seen.y.len())?;
        let found = Departures::new(seen)?;
        let cost = Cost { s: found.s, root: &roots.observed };
        let v = self.minimise(&cost, &found.d)?;
        let anomalies = &e - &column_means(e);
        let scale = ((e.nrows() - 1) as f64).sqrt();
        Ok((v.dot(&roots.state.t()) * anomalies).sum_axis(Axis(0)) / scale)
    }

    /// Conjugate gradients on `(I + Gᵀ G) v = Gᵀ d`.
    fn minimise(&self, cost: &Cost<'_>, d: &Array1<f64>) -> Result<Array2<f64>, AssimilationError> {
        let mut residual = cost.adjoint(d);
        let mut v = Array2::zeros(residual.dim());
        let mut direction = residual.clone();
        let mut squares = norm2(&residual);
        let goal = squares * self.tolerance * self.tolerance;
        for _ in 0..self.iterations {
            if squares <= goal {
                return Ok(v);
            }
            let curved = &direction + &cost.adjoint(&cost.observe(&direction));
            let length = squares / Zip::from(&direction).and(&curved).fold(0.0, |sum, p, q| sum + p * q);
            v.scaled_add(length, &direction);
            residual.scaled_add(-length, &curved);
            let next = norm2(&residual);
            direction = &residual + &(direction * (next / squares));
            squares = next;
        }
        if squares <= goal {
            return Ok(v);
        }
        Err(AssimilationError::NoMinimum { iterations: self.iterations })
    }
}

/// The observation term, `G v = Σ_k (L_o v_k) ∘ S_k` with `v` N × q.
struct Cost<'a> {
    s: Array2<f64>,
    root: &'a Array2<f64>,
}

impl Cost<'_> {
    fn observe(&self, v: &Array2<f64>) -> Array1<f64> {
        (v.dot(&self.root.t()) * &self.s).sum_axis(Axis(0))
    }

    fn adjoint(&self, d: &Array1<f64>) -> Array2<f64> {
        (&self.s * d).dot(self.root)
    }
}

fn norm2(v: &Array2<f64>) -> f64 {
    v.iter().map(|x| x * x).sum()
}

fn check(roots: &LocalisationRoots, n: usize, m: usize) -> Result<(), AssimilationError> {
    let lengths = [
        ("rows of the state's localisation root", n, roots.state.nrows()),
        ("rows of the observations' localisation root", m, roots.observed.nrows()),
        ("columns of the localisation roots", roots.state.ncols(), roots.observed.ncols()),
    ];
    for (what, expected, got) in lengths {
        if expected != got {
            return Err(AssimilationError::Shape { what, expected, got });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;
    use reterra_statistics::{Stage, StreamKey};

    use crate::linear_algebra::symmetric_root;
    use crate::taper::by_radius;
    use crate::variational::ThreeDVar;

    const KEY: StreamKey = StreamKey { seed: 5, stage: Stage::Test, cycle: 0, member: 0, column: 0 };

    fn ensemble(members: usize, n: usize) -> Array2<f64> {
        let mut stream = KEY.stream();
        Array2::from_shape_simple_fn((members, n), || stream.normal())
    }

    /// The Kalman update with the covariance `C ∘ P` of six members at nine points, four of them observed, is met.
    #[test]
    fn a_localised_analysis_is_the_kalman_update_with_the_tapered_covariance() {
        let e = ensemble(6, 9);
        let observed = [0_usize, 3, 4, 7];
        let taper = Array2::from_shape_fn((9, 9), |(i, j)| by_radius(i.abs_diff(j) as f64, 1.5));
        let root = symmetric_root(taper.view(), "taper").unwrap();
        let roots = LocalisationRoots { observed: root.select(Axis(0), &observed), state: root };
        let (y, r) = ([1.0, -2.0, 0.5, 3.0], [0.5, 1.0, 0.2, 2.0]);
        let he = e.select(Axis(1), &observed);
        let seen = Observed { he: he.view(), y: &y, r: &r, key: KEY };
        let found = FourDEnVar::default().increment(e.view(), &seen, &roots).unwrap();
        let mean = column_means(e.view());
        let a = &e - &mean;
        let b = a.t().dot(&a) / 5.0 * &taper;
        let h = Array2::eye(9).select(Axis(0), &observed);
        let exact = ThreeDVar::new(b.view(), h, &r).unwrap().analyse(mean.view(), &y).unwrap() - &mean;
        (0..9).for_each(|i| assert_abs_diff_eq!(found[i], exact[i], epsilon = 1e-7));
    }

    #[test]
    fn too_few_steps_are_an_error() {
        let e = ensemble(6, 9);
        let seen = Observed { he: e.view(), y: &[1.0; 9], r: &[0.1; 9], key: KEY };
        let hurried = FourDEnVar { iterations: 1, ..FourDEnVar::default() };
        let error = hurried.increment(e.view(), &seen, &LocalisationRoots::global(9, 9)).unwrap_err();
        assert!(matches!(error, AssimilationError::NoMinimum { iterations: 1 }), "{error}");
    }
}
