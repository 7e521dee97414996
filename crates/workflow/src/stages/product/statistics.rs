//! Statistics over the members of an ensemble; members that failed hold NaN and are left out.

use ndarray::{Array2, Array3, Axis};
use reterra_statistics::scores::quantile;

/// The values of the members that survived, in the members' order.
pub fn survivors<'a>(members: impl IntoIterator<Item = &'a f64>) -> Vec<f64> {
    members.into_iter().copied().filter(|v| v.is_finite()).collect()
}

/// A number for every station and month from the survivors' values there, which may be none.
pub fn map_members(members: &Array3<f64>, of: impl Fn(&[f64]) -> f64) -> Array2<f64> {
    members.map_axis(Axis(2), |m| of(&survivors(m)))
}

/// Mean and standard deviation.
pub struct Moments {
    /// Mean, NaN without values.
    pub mean: f64,
    /// Standard deviation with N - 1, NaN with fewer than two values.
    pub sd: f64,
}

impl Moments {
    /// Of these values.
    pub fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        let sd = if values.len() < 2 { f64::NAN } else { (squares / (n - 1.0)).sqrt() };
        Self { mean, sd }
    }
}

/// Quantiles of values in any order, NaN without values.
pub fn quantiles<const N: usize>(values: &[f64], probabilities: [f64; N]) -> [f64; N] {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    probabilities.map(|p| quantile(&sorted, p))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_members_are_left_out_and_none_gives_missing() {
        let members = ndarray::arr3(&[[[1.0, f64::NAN, 3.0], [f64::NAN, f64::NAN, f64::NAN]]]);
        let mean = map_members(&members, |m| Moments::of(m).mean);
        let sd = map_members(&members, |m| Moments::of(m).sd);
        approx::assert_relative_eq!(mean[[0, 0]], 2.0);
        approx::assert_relative_eq!(sd[[0, 0]], 2.0_f64.sqrt());
        assert!(mean[[0, 1]].is_nan() && sd[[0, 1]].is_nan());
        for (found, expected) in quantiles(&[3.0, 1.0], [0.0, 0.5, 1.0]).into_iter().zip([1.0, 2.0, 3.0]) {
            approx::assert_relative_eq!(found, expected);
        }
    }
}
