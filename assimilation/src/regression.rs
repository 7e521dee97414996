//! The analysis of a few parameters by many members: by what predictions depend on them linearly, and no more.
//!
//! A transform of the ensemble takes every direction in which predictions differ for news. Where members are many and
//! parameters few, most of these directions are curvature and roughness of the model: correlated with parameters by
//! chance, they make the posterior too narrow, the more so the more is observed. Here predictions are regressed on the
//! parameters (Evensen et al. 2019, doi:10.3389/fams.2019.00047, project them likewise), and what the regression
//! leaves is an error of the linear model: its covariance is added to that of the observations, so that what the model
//! can't say linearly isn't believed. For one analysis this is the best linear estimate with its own error, whatever the
//! shape of the model. Repeated, with the members where the last analysis has put them, it is posterior linearisation
//! (García-Fernández et al. 2015, doi:10.1109/TSP.2015.2454485): the model is made linear where the posterior is, and the
//! prior and the observations are still used once.
//!
//! ```text
//! S = z G + E,    C = EᵀE / (N - 1 - p),    J = 1 + B G (R + C)⁻¹ Gᵀ Bᵀ
//! ```
//!
//! `z` are the present members in coordinates of unit covariance, `S` their predictions' anomalies, `B` takes prior anomalies
//! of unit covariance to `z`, and `J` is the posterior's precision in those. `G` comes from a sample, with an error of
//! covariance `C / (N - 1)`: that adds `f = tr((R + C)⁻¹ C) / (N - 1)` to the diagonal of the information and moves the mean
//! by as much. The spread of the posterior makes up for both, to first order in `f`.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

use crate::AssimilationError;
use crate::calibration::data::require_members;
use crate::linear_algebra::{cholesky, eigh, solve_lower};
use crate::transform::column_means;

/// Eigenvalues of a covariance of parameters below this share of the largest are directions without spread.
const NO_SPREAD: f64 = 1e-12;

/// What members predict for observations, whitened by the observations' errors.
#[derive(Clone, Copy, Debug)]
pub struct Whitened<'a> {
    /// Anomalies of the predictions (N × m).
    pub anomalies: ArrayView2<'a, f64>,
    /// Observations minus the predictions' mean (m).
    pub innovations: &'a [f64],
}

/// The posterior ensemble (N × p) of unconstrained parameters: the prior one moved by what members with the `present`
/// parameters predict. In the first analysis both are the same.
///
/// # Errors
/// `Shape` where members or parameters differ in number, `TooFewMembers` below p + 2, and for what isn't finite.
pub fn regress(
    prior: ArrayView2<'_, f64>,
    present: ArrayView2<'_, f64>,
    seen: &Whitened<'_>,
) -> Result<Array2<f64>, AssimilationError> {
    let (n, p) = prior.dim();
    let shapes = [
        ("members that predict", n, seen.anomalies.nrows()),
        ("members at present", n, present.nrows()),
        ("parameters at present", p, present.ncols()),
        ("innovations", seen.anomalies.ncols(), seen.innovations.len()),
    ];
    if let Some(&(what, expected, got)) = shapes.iter().find(|(_, expected, got)| expected != got) {
        return Err(AssimilationError::Shape { what, expected, got });
    }
    require_members(n, n, p + 2, "a regression on the parameters leaves nothing to judge its error by")?;
    let (before, now) = (Coordinates::of(prior)?, Coordinates::of(present)?);
    if before.z.ncols() == 0 || now.z.ncols() == 0 || seen.innovations.is_empty() {
        return Ok(prior.to_owned());
    }
    let news = News::of(&now.z, seen)?;
    let b = before.back.dot(&now.forth);
    let apart = (&before.mean - &now.mean).dot(&now.forth);
    let pull = b.dot(&(&news.pull - &news.information.dot(&apart)));
    let (values, v) = eigh(b.dot(&news.information).dot(&b.t()).view(), "the parameters' information")?;
    let shift = v.dot(&(v.t().dot(&pull) / &values.mapv(|l| 1.0 + l.max(0.0))));
    let (values, v) = eigh(b.dot(&news.certain()?).dot(&b.t()).view(), "the parameters' information")?;
    let narrowed = (&v / &values.mapv(|l| (1.0 + l.max(0.0)).sqrt())).dot(&v.t());
    Ok((before.z.dot(&narrowed) + &shift).dot(&before.back) + &before.mean)
}

/// An ensemble of parameters in coordinates of unit covariance.
struct Coordinates {
    mean: Array1<f64>,
    /// Anomalies, N × directions with spread.
    z: Array2<f64>,
    /// From anomalies of parameters to coordinates, p × directions.
    forth: Array2<f64>,
    /// And back.
    back: Array2<f64>,
}

impl Coordinates {
    fn of(e: ArrayView2<'_, f64>) -> Result<Self, AssimilationError> {
        let mean = column_means(e);
        let anomalies = &e - &mean;
        let covariance = anomalies.t().dot(&anomalies) / (e.nrows() - 1) as f64;
        let (values, v) = eigh(covariance.view(), "the parameters' covariance")?;
        let least = NO_SPREAD * values.iter().fold(0.0_f64, |a, b| a.max(*b));
        let kept: Vec<usize> = (0..values.len()).filter(|k| values[*k] > least).collect();
        let (sds, v) = (values.select(Axis(0), &kept).mapv(f64::sqrt), v.select(Axis(1), &kept));
        let forth = &v / &sds;
        Ok(Self { z: anomalies.dot(&forth), mean, forth, back: (v * sds).reversed_axes() })
    }
}

/// What observations say of parameters in coordinates of unit covariance.
struct News {
    /// `G (R + C)⁻¹ Gᵀ`, p × p.
    information: Array2<f64>,
    /// `G (R + C)⁻¹ d`.
    pull: Array1<f64>,
    /// `tr((R + C)⁻¹ C) / (N - 1)`: what the regression's sampling error adds to each diagonal of the information.
    chance: f64,
}

impl News {
    /// In the space of observations, or of members where they are fewer.
    fn of(z: &Array2<f64>, seen: &Whitened<'_>) -> Result<Self, AssimilationError> {
        let (n, p) = z.dim();
        let g = z.t().dot(&seen.anomalies) / (n - 1) as f64;
        let residuals = (&seen.anomalies - &z.dot(&g)) / ((n - 1 - p) as f64).sqrt();
        let d = ndarray::aview1(seen.innovations);
        // (1 + EᵀE)⁻¹ = 1 - Eᵀ (1 + E Eᵀ)⁻¹ E.
        let few = residuals.ncols() < n;
        let gram = if few { residuals.t().dot(&residuals) } else { residuals.dot(&residuals.t()) };
        let order = gram.nrows();
        let l = cholesky((gram + Array2::<f64>::eye(order)).view(), "residuals of the regression")?;
        let part = |x: ArrayView1<'_, f64>| {
            let mut x = if few { x.to_vec() } else { residuals.dot(&x).to_vec() };
            solve_lower(l.view(), &mut x);
            Array1::from(x)
        };
        let mut of_g = Array2::zeros((order, p));
        g.rows().into_iter().zip(of_g.columns_mut()).for_each(|(row, mut column)| column.assign(&part(row)));
        let of_d = part(d);
        let (mut information, mut pull) = (of_g.t().dot(&of_g), of_g.t().dot(&of_d));
        if !few {
            (information, pull) = (g.dot(&g.t()) - information, g.dot(&d) - pull);
        }
        let chance = (order as f64 - trace_of_inverse(&l)) / (n - 1) as f64;
        Ok(Self { information, pull, chance })
    }

    /// The information without what chance adds to it and what its error of the mean takes away.
    fn certain(&self) -> Result<Array2<f64>, AssimilationError> {
        let (values, v) = eigh(self.information.view(), "the parameters' information")?;
        Ok((&v * &values.mapv(|l| (l - 2.0 * self.chance).max(0.0))).dot(&v.t()))
    }
}

/// Of `(L Lᵀ)⁻¹`.
fn trace_of_inverse(l: &Array2<f64>) -> f64 {
    let of_unit = |k: usize| {
        let mut unit = vec![0.0; l.nrows()];
        unit[k] = 1.0;
        solve_lower(l.view(), &mut unit);
        unit.iter().map(|x| x * x).sum::<f64>()
    };
    (0..l.nrows()).map(of_unit).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use reterra_statistics::random::{Stage, StreamKey};

    fn draws(n: usize, width: usize, cycle: u32) -> Array2<f64> {
        let key = |m: usize| StreamKey { seed: 5, stage: Stage::Test, cycle, member: m as u32, column: 0 };
        let mut all = Array2::zeros((n, width));
        for (m, mut row) in all.rows_mut().into_iter().enumerate() {
            let mut stream = key(m).stream();
            row.mapv_inplace(|_| stream.normal());
        }
        all
    }

    fn largest<D: ndarray::Dimension>(x: &ndarray::Array<f64, D>) -> f64 {
        x.iter().fold(0.0, |a, b| a.max(b.abs()))
    }

    fn moments(e: &Array2<f64>) -> (Array1<f64>, Array2<f64>) {
        let mean = column_means(e.view());
        let a = e - &mean;
        (mean, a.t().dot(&a) / (e.nrows() - 1) as f64)
    }

    #[test]
    fn a_linear_model_gets_its_exact_posterior() {
        let e = draws(20, 2, 0);
        let g = array![[1.0, 2.0, -0.5], [0.3, -1.0, 4.0]];
        let (mean, c) = moments(&e);
        let he = e.dot(&g);
        let seen = &he - &column_means(he.view());
        let d = array![0.7, -1.0, 2.0];
        let white = Whitened { anomalies: seen.view(), innovations: &d.to_vec() };
        let after = regress(e.view(), e.view(), &white).unwrap();
        let (after, covariance) = moments(&after);
        // (C⁻¹ + G Gᵀ) C' = 1 and C'⁻¹ (x' - x) = G d.
        let precision = |c: &Array2<f64>| {
            let det = c[[0, 0]] * c[[1, 1]] - c[[0, 1]] * c[[1, 0]];
            array![[c[[1, 1]], -c[[0, 1]]], [-c[[1, 0]], c[[0, 0]]]] / det
        };
        let expected = precision(&c) + g.dot(&g.t());
        assert!(largest(&(expected.dot(&covariance) - Array2::<f64>::eye(2))) < 1e-10);
        assert!(largest(&(expected.dot(&(&after - &mean)) - g.dot(&d))) < 1e-10);
    }

    #[test]
    fn an_estimate_from_members_and_rough_predictions_is_as_good_as_it_says() {
        // Two parameters, of which thirty observations see one; predictions are as rough as observations are wrong.
        let (n, m, truths) = (96, 30, 300);
        let (mut squares, mut variances) = ([0.0; 2], [0.0; 2]);
        for truth in 0..truths {
            let e = draws(n + 1, 2, 10 + 2 * truth);
            let rough = draws(n + 2, m, 11 + 2 * truth);
            let he = Array2::from_shape_fn((n + 1, m), |(i, k)| 0.3 * e[[i, 0]] + rough[[i, k]]);
            let target = e.row(n).to_owned();
            let predicted = he.slice(ndarray::s![..n, ..]);
            let mean = column_means(predicted);
            let seen = &predicted - &mean;
            let d = (&he.row(n) + &rough.row(n + 1) - &mean).to_vec();
            let white = Whitened { anomalies: seen.view(), innovations: &d };
            let members = e.slice(ndarray::s![..n, ..]);
            let (after, covariance) = moments(&regress(members, members, &white).unwrap());
            for k in 0..2 {
                squares[k] += (after[k] - target[k]).powi(2) / f64::from(truths);
                variances[k] += covariance[[k, k]] / f64::from(truths);
            }
        }
        // What is known of the parameter that nothing sees: its prior.
        assert!((variances[1] - 1.0).abs() < 0.1, "{variances:?}");
        for k in 0..2 {
            let ratio = squares[k] / variances[k];
            assert!((0.8..1.25).contains(&ratio), "{k}: {squares:?} {variances:?}");
        }
    }

    #[test]
    fn curvature_counts_as_error_and_the_estimate_is_as_good_as_it_says() {
        // y = 2 u + u² + ε, u ~ N(0, 1): over many truths the mean square of the estimate's error is its variance.
        let (members, truths) = (4_000, 400);
        let prior = draws(members, 1, 3);
        let model = |u: f64| 2.0 * u + u * u;
        let he = prior.mapv(model);
        let mean = column_means(he.view());
        let seen = &he - &mean;
        let (mut squares, mut variance) = (0.0, 0.0);
        for truth in draws(truths, 2, 4).rows() {
            let innovation = model(truth[0]) + truth[1] - mean[0];
            let white = Whitened { anomalies: seen.view(), innovations: &[innovation] };
            let (after, covariance) = moments(&regress(prior.view(), prior.view(), &white).unwrap());
            squares += (after[0] - truth[0]).powi(2) / truths as f64;
            variance = covariance[[0, 0]];
        }
        // 1 - 4 / (4 + 2 + 1).
        assert!((variance - 3.0 / 7.0).abs() < 0.03, "{variance}");
        assert!((squares / variance - 1.0).abs() < 0.25, "{squares} {variance}");
    }

    #[test]
    fn too_few_members_and_shapes_that_do_not_fit_are_errors() {
        let seen = Array2::zeros((4, 2));
        let white = Whitened { anomalies: seen.view(), innovations: &[0.0; 2] };
        let of = |n, p, white: &Whitened<'_>| {
            let e = draws(n, p, 7);
            regress(e.view(), e.view(), white).map(|after| after == e)
        };
        assert!(of(4, 3, &white).is_err() && of(5, 1, &white).is_err());
        assert!(of(4, 1, &Whitened { innovations: &[0.0], ..white }).is_err());
        // Predictions that are all alike change nothing, and neither does an ensemble without spread.
        let same = Array2::from_elem((4, 1), 3.0);
        assert_eq!(regress(same.view(), same.view(), &white).unwrap(), same);
    }

    #[test]
    fn repeated_where_the_posterior_is_it_finds_that_of_a_curved_model() {
        // y = exp(u) seen with an error of 0.05 at u = 1: the prior's own line through exp is no match for it.
        let prior = draws(2_000, 1, 8);
        let sd = 0.05;
        let observed = 1.0_f64.exp();
        let mut present = prior.clone();
        for _ in 0..6 {
            let he = present.mapv(f64::exp);
            let mean = column_means(he.view());
            let seen = (&he - &mean) / sd;
            let white = Whitened { anomalies: seen.view(), innovations: &[(observed - mean[0]) / sd] };
            present = regress(prior.view(), present.view(), &white).unwrap();
        }
        // By quadrature.
        let density = |u: f64| (-0.5 * u * u - 0.5 * ((u.exp() - observed) / sd).powi(2)).exp();
        let grid: Vec<f64> = (0..4_000).map(|k| 0.5 + f64::from(k) / 4_000.0).collect();
        let total: f64 = grid.iter().map(|u| density(*u)).sum();
        let mean = grid.iter().map(|u| u * density(*u)).sum::<f64>() / total;
        let variance = grid.iter().map(|u| (u - mean).powi(2) * density(*u)).sum::<f64>() / total;
        let (after, covariance) = moments(&present);
        assert!((after[0] - mean).abs() < 0.05 * variance.sqrt(), "{after} {mean}");
        assert!((covariance[[0, 0]] / variance - 1.0).abs() < 0.05, "{covariance} {variance}");
    }
}
