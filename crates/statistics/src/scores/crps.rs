//! The continuous ranked probability score of an ensemble, in the units of the observation; less is better.
//!
//! `CRPS = E|X - y| - ½ E|X - X'|` (Gneiting and Raftery 2007, doi:10.1198/016214506000001437). With the
//! members as the distribution itself the second mean is over all N² pairs; the fair score (Ferro 2014,
//! doi:10.1002/qj.2270) divides by N(N - 1) and so does not punish an ensemble for being small.

/// The score of the ensemble's empirical distribution; NaN without members.
#[must_use]
pub fn crps_ensemble(members: &[f64], obs: f64) -> f64 {
    let n = members.len() as f64;
    mean_error(members, obs) - pair_sum(members) / (n * n)
}

/// The fair score of the distribution that the members are drawn from; NaN with less than two members.
#[must_use]
pub fn crps_fair(members: &[f64], obs: f64) -> f64 {
    let n = members.len() as f64;
    mean_error(members, obs) - pair_sum(members) / (n * (n - 1.0))
}

fn mean_error(members: &[f64], obs: f64) -> f64 {
    members.iter().map(|x| (x - obs).abs()).sum::<f64>() / members.len() as f64
}

/// `Σ_{i<j} |x_i - x_j|`, half the sum over all pairs: after sorting, `x_i` is added `i` times and taken off
/// `N - 1 - i` times.
fn pair_sum(members: &[f64]) -> f64 {
    let mut sorted = members.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = members.len() as f64 - 1.0;
    sorted.iter().enumerate().map(|(i, x)| (2.0 * i as f64 - last) * x).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normal;
    use approx::assert_relative_eq;

    #[test]
    fn small_ensembles_give_the_hand_count() {
        assert_relative_eq!(crps_ensemble(&[2.0], 5.0), 3.0);
        // |0-1| and |4-1| have mean 2; the two ordered pairs differ by 4, so ½ E|X - X'| = 1, or 2 if fair.
        assert_relative_eq!(crps_ensemble(&[4.0, 0.0], 1.0), 1.0);
        assert_relative_eq!(crps_fair(&[4.0, 0.0], 1.0), 0.0);
        assert!(crps_ensemble(&[], 1.0).is_nan() && crps_fair(&[1.0], 1.0).is_nan());
    }

    /// The CRPS of N(0, 1) at y = 0 is 2φ(0) - 1/√π = 0.2336950.
    #[test]
    fn a_normal_ensemble_gives_the_closed_form() {
        let members: Vec<f64> = (0..20_000).map(|i| normal::quantile((f64::from(i) + 0.5) / 2e4)).collect();
        assert_relative_eq!(crps_ensemble(&members, 0.0), 0.233_695_0, epsilon = 1e-4);
    }
}
