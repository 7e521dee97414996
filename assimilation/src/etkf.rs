//! The ensemble transform Kalman filter's analysis as a pure function of the observed ensemble.
//!
//! Bishop et al. 2001, doi:10.1175/1520-0493(2001)129<0420:ASWTET>2.0.CO;2, in the formulation of
//! Hunt et al. 2007, doi:10.1016/j.physd.2006.11.008. One analysis serves states, parameters and past
//! outputs alike ([`Analysis::apply`]); members that failed stay outside ([`analyse_subset`]).

use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, Axis};
use serde::{Deserialize, Serialize};

use crate::AssimilationError;
use crate::calibration::data::require_members;
use crate::inflation::posterior::spread_growth;
use crate::linear_algebra::{require_finite, require_finite_row};
use crate::noise::standard_deviations;
use crate::transform::{Transform, apply, column_means, column_sds, transform};

/// An analysis: what to do to every ensemble that belongs to these members.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Analysis {
    /// Rows that took part, ascending.
    pub members: Vec<usize>,
    /// Rows in all, N.
    pub size: usize,
    /// Mean weights, one per row that took part.
    pub w: Array1<f64>,
    /// Transform of the anomalies of the rows that took part; symmetric, its rows sum to 1.
    pub t: Array2<f64>,
    /// Factor on the prior anomalies, applied before the update.
    pub inflation: f64,
    /// What the analysis saw.
    pub diagnostics: Diagnostics,
}

/// What an analysis saw and did in observation space; vectors have one value per observation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Diagnostics {
    /// Observation minus prior mean.
    pub innovation: Vec<f64>,
    /// Observation minus posterior mean.
    pub residual: Vec<f64>,
    /// Standard deviation of the prior after inflation.
    pub prior_spread: Vec<f64>,
    /// Standard deviation of the posterior.
    pub posterior_spread: Vec<f64>,
    /// `dᵀ (H P Hᵀ + R)⁻¹ d`; its expectation is the number of observations.
    pub chi2: f64,
    /// Degrees of freedom for signal, `tr(K H)`.
    pub dfs: f64,
}

/// Analyses observations `y` (m) with error variances `r` (m) by the ensemble's predictions `he` (N × m).
/// `inflation` multiplies prior anomalies (its square the covariance). Without observations nothing is
/// changed or inflated.
///
/// # Errors
/// `Shape`, `NotFinite`, `NotPositive`, `Option` for the inflation, `NoEnsemble` below two members, `TooFewMembers` where
/// fewer than two take part.
pub fn analyse(
    he: ArrayView2<'_, f64>,
    y: &[f64],
    r: &[f64],
    inflation: f64,
) -> Result<Analysis, AssimilationError> {
    let members: Vec<usize> = (0..he.nrows()).collect();
    analyse_subset(he, y, r, inflation, &members)
}

/// As [`analyse`], by the given rows only; values in other rows are never looked at.
///
/// # Errors
/// As [`analyse`], and `Shape` where a row does not exist or rows do not ascend.
pub fn analyse_subset(
    he: ArrayView2<'_, f64>,
    y: &[f64],
    r: &[f64],
    inflation: f64,
    members: &[usize],
) -> Result<Analysis, AssimilationError> {
    let prior = checked_rows(he, y, r, members)?;
    if !(inflation > 0.0 && inflation.is_finite()) {
        let range = "(0, infinity)";
        return Err(AssimilationError::Option { option: "inflation", value: inflation, range });
    }
    let inflation = if y.is_empty() { 1.0 } else { inflation };
    let sd = Array1::from(standard_deviations(r)?);
    let mean = column_means(prior.view());
    let innovation = ndarray::aview1(y).to_owned() - &mean;
    let anomalies = (&prior - &mean) * inflation;
    let s = &anomalies / &sd / ((members.len() - 1) as f64).sqrt();
    let found = transform(s.view(), &(&innovation / &sd))?;
    let posterior = (&found.t + &found.w).dot(&anomalies);
    let diagnostics = Diagnostics {
        residual: (&innovation - &column_means(posterior.view())).to_vec(),
        innovation: innovation.to_vec(),
        prior_spread: column_sds(anomalies.view()).to_vec(),
        posterior_spread: column_sds(posterior.view()).to_vec(),
        chi2: found.chi2,
        dfs: found.dfs,
    };
    Ok(Analysis {
        members: members.to_vec(),
        size: he.nrows(),
        w: found.w,
        t: found.t,
        inflation,
        diagnostics,
    })
}

/// The analysis of a transform in which all members take part.
impl From<Transform> for Analysis {
    fn from(found: Transform) -> Self {
        let size = found.w.len();
        let diagnostics = Diagnostics { chi2: found.chi2, dfs: found.dfs, ..Diagnostics::default() };
        Self { members: (0..size).collect(), size, w: found.w, t: found.t, inflation: 1.0, diagnostics }
    }
}

impl Analysis {
    /// Updates an ensemble (N × n) in place: states, parameters, or earlier outputs of the same members.
    /// Rows that took no part are left as they are; see [`Analysis::without`].
    ///
    /// # Errors
    /// `Shape` where the ensemble has another number of rows, `NotFinite` in a row that took part; the
    /// ensemble is then unchanged.
    pub fn apply(&self, mut e: ArrayViewMut2<'_, f64>) -> Result<(), AssimilationError> {
        let mut rows = self.rows(e.view())?;
        apply(&self.w, &self.t, self.inflation, rows.view_mut());
        self.put_back(&rows, &mut e);
        Ok(())
    }

    /// As [`Analysis::apply`] but without inflation, for outputs of earlier cycles: each analysis would
    /// inflate them again otherwise.
    ///
    /// # Errors
    /// As [`Analysis::apply`].
    pub fn apply_to_past(&self, mut e: ArrayViewMut2<'_, f64>) -> Result<(), AssimilationError> {
        let mut rows = self.rows(e.view())?;
        apply(&self.w, &self.t, 1.0, rows.view_mut());
        self.put_back(&rows, &mut e);
        Ok(())
    }

    /// As [`Analysis::apply`], then relaxes each column's spread to the prior's: the posterior anomalies
    /// grow by `1 + alpha (σb - σa) / σa` (RTPS, Whitaker and Hamill 2012, doi:10.1175/MWR-D-11-00276.1).
    /// `alpha` 0 changes nothing, 1 keeps the prior spread.
    ///
    /// # Errors
    /// As [`Analysis::apply`], and `Option` for an `alpha` outside [0, 1].
    pub fn apply_relaxed(&self, mut e: ArrayViewMut2<'_, f64>, alpha: f64) -> Result<(), AssimilationError> {
        if !(0.0..=1.0).contains(&alpha) {
            return Err(AssimilationError::Option { option: "alpha", value: alpha, range: "[0, 1]" });
        }
        let mut rows = self.rows(e.view())?;
        let prior = column_sds(rows.view());
        apply(&self.w, &self.t, self.inflation, rows.view_mut());
        let (mean, spread) = (column_means(rows.view()), column_sds(rows.view()));
        let growth = ndarray::Zip::from(&prior).and(&spread).map_collect(|&b, &a| spread_growth(alpha, b, a));
        let relaxed = (&rows - &mean) * &growth + &mean;
        self.put_back(&relaxed, &mut e);
        Ok(())
    }

    /// Rows that took no part, ascending: those of failed members, to be replaced by the caller.
    #[must_use]
    pub fn without(&self) -> Vec<usize> {
        (0..self.size).filter(|row| self.members.binary_search(row).is_err()).collect()
    }

    fn rows(&self, e: ArrayView2<'_, f64>) -> Result<Array2<f64>, AssimilationError> {
        if e.nrows() != self.size {
            return Err(AssimilationError::Shape {
                what: "rows (members) of the ensemble",
                expected: self.size,
                got: e.nrows(),
            });
        }
        let rows = e.select(Axis(0), &self.members);
        require_finite(rows.view(), "ensemble")?;
        Ok(rows)
    }

    fn put_back(&self, rows: &Array2<f64>, e: &mut ArrayViewMut2<'_, f64>) {
        for (row, &member) in rows.rows().into_iter().zip(&self.members) {
            e.row_mut(member).assign(&row);
        }
    }
}

/// The rows that take part, after checks of shapes and values.
pub(crate) fn checked_rows(
    he: ArrayView2<'_, f64>,
    y: &[f64],
    r: &[f64],
    members: &[usize],
) -> Result<Array2<f64>, AssimilationError> {
    let (n, m) = he.dim();
    for (what, got) in [("observations", y.len()), ("observation error variances", r.len())] {
        if got != m {
            return Err(AssimilationError::Shape { what, expected: m, got });
        }
    }
    if n < 2 {
        return Err(AssimilationError::NoEnsemble { members: n });
    }
    require_members(members.len(), n, 2, "see the members left out")?;
    let ascending = members.windows(2).all(|pair| pair[0] < pair[1]);
    if let Some(&last) = members.last()
        && (!ascending || last >= n)
    {
        return Err(AssimilationError::Shape {
            what: "ascending rows of the subset, the last of them",
            expected: n - 1,
            got: last,
        });
    }
    require_finite_row(y, "observation")?;
    let prior = he.select(Axis(0), members);
    require_finite(prior.view(), "predicted observation")?;
    Ok(prior)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;
    use ndarray::{array, s};
    use reterra_statistics::{Bounds, Prior, Stage, StreamKey};

    use crate::ensemble::prior_ensemble;

    /// An ensemble of three variables with exact moments: means 1, 2, 3 and variances 1, 4, 9.
    fn ensemble(n: usize) -> Array2<f64> {
        let priors: Vec<Prior> =
            (1..4).map(|k| Prior::new("x", f64::from(k), f64::from(k), Bounds::None).unwrap()).collect();
        prior_ensemble(&priors, n, 5, 0).unwrap()
    }

    /// Kalman filter for one observation of the sum of the three variables: y = 10, r = 2.
    #[test]
    fn one_observation_gives_the_kalman_filter() {
        let mut e = ensemble(12);
        let he = e.sum_axis(Axis(1)).insert_axis(Axis(1));
        let analysis = analyse(he.view(), &[10.0], &[2.0], 1.0).unwrap();
        analysis.apply(e.view_mut()).unwrap();
        let p = [1.0, 4.0, 9.0];
        let (innovation, variance) = (4.0, 16.0);
        let mean = column_means(e.view());
        let a = &e - &mean;
        let c = a.t().dot(&a) / 11.0;
        for i in 0..3 {
            assert_abs_diff_eq!(mean[i], (i + 1) as f64 + p[i] / variance * innovation, epsilon = 1e-10);
            for j in 0..3 {
                let prior = if i == j { p[i] } else { 0.0 };
                assert_abs_diff_eq!(c[[i, j]], prior - p[i] * p[j] / variance, epsilon = 1e-10);
            }
        }
        let seen = &analysis.diagnostics;
        assert_abs_diff_eq!(seen.chi2, innovation * innovation / variance, epsilon = 1e-10);
        assert_abs_diff_eq!(seen.dfs, 14.0 / 16.0, epsilon = 1e-10);
        assert_abs_diff_eq!(seen.residual[0], 10.0 - mean.sum(), epsilon = 1e-10);
        assert_abs_diff_eq!(seen.posterior_spread[0], (14.0_f64 * 2.0 / 16.0).sqrt(), epsilon = 1e-10);
    }

    #[test]
    fn the_two_decompositions_agree_with_many_observations_taken_at_once_or_in_turn() {
        // Six members, nine observations at once (N × N) against three batches of three (m × m).
        let e = ensemble(6);
        let h = Array2::from_shape_fn((3, 9), |(i, j)| ((i * 7 + j * 3) as f64).sin());
        let (y, r) = (vec![0.5; 9], vec![0.3, 0.5, 0.7, 0.3, 0.5, 0.7, 0.3, 0.5, 0.7]);
        let mut once = e.clone();
        analyse(e.dot(&h).view(), &y, &r, 1.0).unwrap().apply(once.view_mut()).unwrap();
        let mut turns = e;
        for k in (0..9).step_by(3) {
            let he = turns.dot(&h.slice(s![.., k..k + 3]));
            analyse(he.view(), &y[k..k + 3], &r[k..k + 3], 1.0).unwrap().apply(turns.view_mut()).unwrap();
        }
        let covariance = |e: &Array2<f64>| {
            let a = e - &column_means(e.view());
            a.t().dot(&a)
        };
        let mean_gap = column_means(once.view()) - column_means(turns.view());
        assert!(mean_gap.iter().all(|x| x.abs() < 1e-12), "{mean_gap}");
        assert!((covariance(&once) - covariance(&turns)).iter().all(|x| x.abs() < 1e-12));
    }

    #[test]
    fn failed_members_stay_outside_and_the_rest_is_updated_as_if_alone() {
        let mut whole = ensemble(9);
        let mut alone = whole.slice(s![..8, ..]).to_owned();
        whole.row_mut(8).fill(f64::NAN);
        let rows: Vec<usize> = (0..8).collect();
        let analysis = analyse_subset(whole.view(), &[1.0; 3], &[0.5; 3], 1.1, &rows).unwrap();
        analyse(alone.view(), &[1.0; 3], &[0.5; 3], 1.1).unwrap().apply(alone.view_mut()).unwrap();
        analysis.apply(whole.view_mut()).unwrap();
        assert_eq!(whole.slice(s![..8, ..]), alone);
        assert_eq!(analysis.without(), [8]);
        assert!(analyse(whole.view(), &[1.0; 3], &[0.5; 3], 1.1).is_err());
    }

    #[test]
    fn inflation_and_relaxation_scale_the_spread_as_published() {
        let e = ensemble(10);
        let analysis = analyse(e.view(), &[1.0, 2.0, 3.0], &[1.0, 4.0, 9.0], 1.5).unwrap();
        let mut inflated = e.clone();
        analysis.apply(inflated.view_mut()).unwrap();
        let mut relaxed = e;
        analysis.apply_relaxed(relaxed.view_mut(), 1.0).unwrap();
        let (a, b) = (column_sds(inflated.view()), column_sds(relaxed.view()));
        for k in 0..3 {
            let prior = (k + 1) as f64;
            // Prior variance 2.25, error variance 1 in the prior's units: posterior 2.25 / 3.25.
            assert_abs_diff_eq!(a[k], prior * (2.25_f64 / 3.25).sqrt(), epsilon = 1e-10);
            assert_abs_diff_eq!(b[k], prior, epsilon = 1e-10);
        }
    }

    #[test]
    fn no_observation_changes_nothing() {
        let e = ensemble(7);
        let mut after = e.clone();
        let none = Array2::zeros((7, 0));
        analyse(none.view(), &[], &[], 1.3).unwrap().apply(after.view_mut()).unwrap();
        assert!((after - e).iter().all(|x| x.abs() < 1e-14));
    }

    #[test]
    fn wrong_shapes_and_rows_are_errors() {
        let he = array![[1.0], [2.0], [3.0]];
        let shape = |result| matches!(result, Err(AssimilationError::Shape { .. }));
        assert!(shape(analyse(he.view(), &[1.0, 2.0], &[1.0], 1.0)));
        assert!(shape(analyse_subset(he.view(), &[1.0], &[1.0], 1.0, &[0, 3])));
        assert!(shape(analyse_subset(he.view(), &[1.0], &[1.0], 1.0, &[1, 1])));
        assert!(analyse_subset(he.view(), &[1.0], &[1.0], 1.0, &[1]).is_err());
        assert!(analyse(he.view(), &[1.0], &[0.0], 1.0).is_err());
        assert!(analyse(he.view(), &[f64::NAN], &[1.0], 1.0).is_err());
    }

    /// Tendency of Lorenz-96 with F = 8, and a Runge-Kutta step of 0.05.
    fn lorenz96_step(x: &mut [f64]) {
        let n = x.len();
        let tendency = |x: &[f64]| -> Vec<f64> {
            (0..n).map(|i| (x[(i + 1) % n] - x[(i + n - 2) % n]) * x[(i + n - 1) % n] - x[i] + 8.0).collect()
        };
        let moved =
            |x: &[f64], k: &[f64], h: f64| -> Vec<f64> { x.iter().zip(k).map(|(x, k)| x + h * k).collect() };
        let k1 = tendency(x);
        let k2 = tendency(&moved(x, &k1, 0.025));
        let k3 = tendency(&moved(x, &k2, 0.025));
        let k4 = tendency(&moved(x, &k3, 0.05));
        for i in 0..n {
            x[i] += 0.05 / 6.0 * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i]);
        }
    }

    /// Time-mean analysis error of a twin experiment on Lorenz-96, all 40 variables observed with R = I at
    /// every step (Sakov and Oke 2008, doi:10.1175/2007MWR2021.1; no rotation of members).
    fn lorenz96_error(n: usize, inflation: f64, cycles: u32) -> f64 {
        let stream =
            |cycle, member| StreamKey { seed: 3, stage: Stage::Test, cycle, member, column: 0 }.stream();
        let draw = |member| {
            let mut numbers = stream(0, member);
            Array1::from_shape_fn(40, |i| f64::from(u8::from(i == 0)) + 0.001_f64.sqrt() * numbers.normal())
        };
        let mut truth = draw(n as u32);
        let mut e = Array2::zeros((n, 40));
        e.rows_mut().into_iter().enumerate().for_each(|(k, mut row)| row.assign(&draw(k as u32)));
        let (mut sum, mut count) = (0.0, 0.0);
        for cycle in 1..=cycles {
            lorenz96_step(truth.as_slice_mut().unwrap());
            e.rows_mut().into_iter().for_each(|mut row| lorenz96_step(row.as_slice_mut().unwrap()));
            let mut errors = stream(cycle, 0);
            let y: Vec<f64> = truth.iter().map(|x| x + errors.normal()).collect();
            analyse(e.view(), &y, &[1.0; 40], inflation).unwrap().apply(e.view_mut()).unwrap();
            if cycle > 400 {
                let gap = column_means(e.view()) - &truth;
                sum += (gap.dot(&gap) / 40.0).sqrt();
                count += 1.0;
            }
        }
        sum / count
    }

    #[test]
    fn lorenz96_reaches_the_published_error() {
        let error = lorenz96_error(28, 1.02, 2000);
        // Published 0.18 for 28 members and inflation 1.02 with rotation of members.
        assert!((error - 0.18).abs() < 0.02, "{error}");
        let error = lorenz96_error(20, 1.04, 2000);
        assert!((error - 0.20).abs() < 0.02, "{error}");
    }
}
