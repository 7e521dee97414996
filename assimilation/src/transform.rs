//! The symmetric square-root transform in ensemble space, shared by inversion and filter
//! (Bishop et al. 2001, doi:10.1175/1520-0493(2001)129<0420:ASWTET>2.0.CO;2; symmetric and therefore
//! mean-preserving: Wang et al. 2004, doi:10.1175/1520-0493(2004)132<1590:WIBAEO>2.0.CO;2).

use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, Axis};

use crate::AssimilationError;
use crate::linear_algebra::eigh;

/// What an analysis does to every ensemble that belongs to its members: `E ← 1 x̄ᵀ + (T + 1 wᵀ) A`.
#[derive(Clone, Debug, PartialEq)]
pub struct Transform {
    /// Weights of the anomalies in the mean, N.
    pub w: Array1<f64>,
    /// Transform of the anomalies, N × N; `1ᵀ T A = 0`.
    pub t: Array2<f64>,
    /// `dᵀ (H P Hᵀ + R)⁻¹ d`.
    pub chi2: f64,
    /// Degrees of freedom for signal, `tr(K H)`.
    pub dfs: f64,
}

/// The transform for whitened observed anomalies `s = Y R^(-1/2) / sqrt(N - 1)` (N × m) and whitened
/// innovation `d` (m): `T = (I + s sᵀ)^(-1/2)`, `w = s (I + sᵀ s)⁻¹ d / sqrt(N - 1)`.
/// It decomposes `sᵀ s` or `s sᵀ`, whichever is smaller.
pub(crate) fn transform(s: ArrayView2<'_, f64>, d: &Array1<f64>) -> Result<Transform, AssimilationError> {
    let scale = ((s.nrows() - 1) as f64).sqrt();
    let signal = s.dot(d);
    let (weights, t, eigenvalues) =
        if s.ncols() < s.nrows() { in_observation_space(s, d)? } else { in_ensemble_space(s, &signal)? };
    Ok(Transform {
        chi2: d.dot(d) - signal.dot(&weights),
        dfs: eigenvalues.iter().map(|l| l / (1.0 + l)).sum(),
        w: weights / scale,
        t,
    })
}

type Parts = (Array1<f64>, Array2<f64>, Array1<f64>);

fn in_observation_space(s: ArrayView2<'_, f64>, d: &Array1<f64>) -> Result<Parts, AssimilationError> {
    let (values, v) = eigh(s.t().dot(&s).view(), "the observed covariance")?;
    let values = values.mapv(|l| l.max(0.0));
    let x = s.dot(&v);
    // ((1 + l)^(-1/2) - 1) / l, written so that nothing cancels as l goes to 0.
    let shrink = values.mapv(|l| {
        let root = (1.0 + l).sqrt();
        -1.0 / (root * (1.0 + root))
    });
    let t = Array2::eye(s.nrows()) + (&x * &shrink).dot(&x.t());
    let weights = x.dot(&(v.t().dot(d) / values.mapv(|l| 1.0 + l)));
    Ok((weights, t, values))
}

fn in_ensemble_space(s: ArrayView2<'_, f64>, signal: &Array1<f64>) -> Result<Parts, AssimilationError> {
    let (values, u) = eigh(s.dot(&s.t()).view(), "the ensemble's information matrix")?;
    let values = values.mapv(|l| l.max(0.0));
    let t = (&u * &values.mapv(|l| 1.0 / (1.0 + l).sqrt())).dot(&u.t());
    let weights = u.dot(&(u.t().dot(signal) / values.mapv(|l| 1.0 + l)));
    Ok((weights, t, values))
}

/// Updates an ensemble: `E ← 1 x̄ᵀ + (T + 1 wᵀ) A`, with anomalies first multiplied by `inflation`.
pub(crate) fn apply(w: &Array1<f64>, t: &Array2<f64>, inflation: f64, mut e: ArrayViewMut2<'_, f64>) {
    let mean = column_means(e.view());
    let anomalies = (&e - &mean) * inflation;
    e.assign(&((t + w).dot(&anomalies) + &mean));
}

/// Means of the columns, rows added in order.
pub(crate) fn column_means(e: ArrayView2<'_, f64>) -> Array1<f64> {
    let mut sum = Array1::zeros(e.ncols());
    for row in e.axis_iter(Axis(0)) {
        sum += &row;
    }
    sum / e.nrows() as f64
}

/// Standard deviations (n - 1) of the columns.
pub(crate) fn column_sds(e: ArrayView2<'_, f64>) -> Array1<f64> {
    let mean = column_means(e);
    let mut sum = Array1::<f64>::zeros(e.ncols());
    for row in e.axis_iter(Axis(0)) {
        sum += &(&row - &mean).mapv(|a| a * a);
    }
    sum.mapv(|x| (x / (e.nrows() - 1) as f64).sqrt())
}
