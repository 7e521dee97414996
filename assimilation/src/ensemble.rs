//! Ensembles with exact first and second moments.
//!
//! Fifty free draws miss their mean by a seventh of a standard deviation, and an exact filter would carry
//! that error to its posterior. An affine map of the draws removes it (Pham 2001,
//! doi:10.1175/1520-0493(2001)129<1194:SMFSDA>2.0.CO;2: second-order exact sampling).

use ndarray::{Array1, Array2, ArrayView2};
use reterra_statistics::{Prior, Stage, StreamKey};

use crate::AssimilationError;
use crate::linear_algebra::cholesky;
use crate::transform::{column_means, column_sds};

/// Draws an ensemble (n × p) of unconstrained parameters whose mean and covariance are exactly the priors'
/// (independent normals). `group` keeps the draws of several groups, such as vegetation types, apart.
/// Where n ≤ p no ensemble has that covariance: then means and variances are exact, correlations are not.
///
/// # Errors
/// `TooFewMembers` for fewer than two members.
pub fn prior_ensemble(
    priors: &[Prior],
    n: usize,
    seed: u64,
    group: u32,
) -> Result<Array2<f64>, AssimilationError> {
    if n < 2 {
        return Err(AssimilationError::TooFewMembers {
            surviving: n,
            members: n,
            needed: 2,
            first: "none drawn".into(),
        });
    }
    let mut u = Array2::zeros((n, priors.len()));
    for (member, mut row) in u.rows_mut().into_iter().enumerate() {
        let key = StreamKey { seed, stage: Stage::Prior, cycle: 0, member: member as u32, column: group };
        let mut stream = key.stream();
        row.iter_mut().for_each(|x| *x = stream.normal());
    }
    match_moments(&mut u, &Array1::zeros(priors.len()), Array2::eye(priors.len()).view());
    for (mut column, prior) in u.columns_mut().into_iter().zip(priors) {
        column.mapv_inplace(|z| prior.u_mean() + prior.u_sd() * z);
    }
    Ok(u)
}

/// Moves the ensemble to the given mean and covariance by an affine map. Where the covariance is singular,
/// in the ensemble or as given, the mean is still met, and the variances where the ensemble has any spread.
pub(crate) fn match_moments(e: &mut Array2<f64>, mean: &Array1<f64>, covariance: ArrayView2<'_, f64>) {
    let anomalies = &*e - &column_means(e.view());
    let current = anomalies.t().dot(&anomalies) / (e.nrows() - 1) as f64;
    let factors = (cholesky(covariance, "target"), cholesky(current.view(), "current"));
    let mut matched = if let (Ok(target), Ok(current)) = factors {
        map_rows(&anomalies, &target, &current)
    } else {
        let scale = covariance.diag().mapv(f64::sqrt) / column_sds(e.view());
        anomalies * &scale.mapv(|s| if s.is_finite() { s } else { 1.0 })
    };
    // Rounding leaves a mean of a few ulps.
    matched = &matched - &column_means(matched.view());
    *e = matched + mean;
}

fn map_rows(anomalies: &Array2<f64>, target: &Array2<f64>, current: &Array2<f64>) -> Array2<f64> {
    let mut mapped = anomalies.clone();
    for mut row in mapped.rows_mut() {
        let mut z = row.to_vec();
        crate::linear_algebra::solve_lower(current.view(), &mut z);
        row.assign(&target.dot(&Array1::from(z)));
    }
    mapped
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;
    use reterra_statistics::Bounds;

    fn priors() -> Vec<Prior> {
        vec![
            Prior::new("amplitude", 4.0, 2.0, Bounds::Below(0.0)).unwrap(),
            Prior::new("shift", 0.0, 5.0, Bounds::None).unwrap(),
        ]
    }

    #[test]
    fn mean_and_covariance_are_exactly_the_priors() {
        let u = prior_ensemble(&priors(), 50, 3, 0).unwrap();
        let mean = column_means(u.view());
        let a = &u - &mean;
        let c = a.t().dot(&a) / 49.0;
        let log_variance = 1.25_f64.ln();
        assert_abs_diff_eq!(mean[0], 4.0_f64.ln() - 0.5 * log_variance, epsilon = 1e-13);
        assert_abs_diff_eq!(mean[1], 0.0, epsilon = 1e-13);
        assert_abs_diff_eq!(c[[0, 0]], log_variance, epsilon = 1e-13);
        assert_abs_diff_eq!(c[[1, 1]], 25.0, epsilon = 1e-11);
        assert_abs_diff_eq!(c[[0, 1]], 0.0, epsilon = 1e-13);
    }

    #[test]
    fn groups_and_seeds_draw_apart_and_repeat() {
        let draw = |seed, group| prior_ensemble(&priors(), 10, seed, group).unwrap();
        assert_eq!(draw(1, 0), draw(1, 0));
        assert_ne!(draw(1, 0), draw(1, 1));
        assert_ne!(draw(1, 0), draw(2, 0));
    }

    #[test]
    fn fewer_members_than_parameters_still_meet_means_and_variances() {
        let many: Vec<Prior> =
            (0..6).map(|k| Prior::new("x", f64::from(k), 2.0, Bounds::None).unwrap()).collect();
        let u = prior_ensemble(&many, 4, 1, 0).unwrap();
        let (mean, sd) = (column_means(u.view()), column_sds(u.view()));
        for k in 0..6 {
            assert_abs_diff_eq!(mean[k], k as f64, epsilon = 1e-12);
            assert_abs_diff_eq!(sd[k], 2.0, epsilon = 1e-12);
        }
    }
}
