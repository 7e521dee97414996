//! Scores of observed and modelled pairs, by running means and co-moments.
//!
//! Updates and merges follow Chan, Golub and `LeVeque` (1983), doi:10.1080/00031305.1983.10483115, which do not
//! lose figures to a large mean.

use serde::{Deserialize, Serialize};

/// Running sums over pairs of an observation and the model's value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pairwise {
    n: u64,
    mean_obs: f64,
    mean_model: f64,
    /// Sums of squares about the means, and of products.
    square_obs: f64,
    square_model: f64,
    product: f64,
    /// Sum of squared errors.
    square_error: f64,
}

impl Pairwise {
    /// Adds one pair.
    pub fn push(&mut self, obs: f64, model: f64) {
        let square_error = (model - obs).powi(2);
        self.merge(&Pairwise { n: 1, mean_obs: obs, mean_model: model, square_error, ..Pairwise::default() });
    }

    /// Adds another accumulator's pairs.
    pub fn merge(&mut self, other: &Self) {
        if other.n == 0 {
            return;
        }
        let n = self.n + other.n;
        let share = other.n as f64 / n as f64;
        let weight = self.n as f64 * share;
        let (d_obs, d_model) = (other.mean_obs - self.mean_obs, other.mean_model - self.mean_model);
        self.square_obs += other.square_obs + weight * d_obs * d_obs;
        self.square_model += other.square_model + weight * d_model * d_model;
        self.product += other.product + weight * d_obs * d_model;
        self.square_error += other.square_error;
        self.mean_obs += share * d_obs;
        self.mean_model += share * d_model;
        self.n = n;
    }

    /// The number of pairs.
    #[must_use]
    pub fn n(&self) -> u64 {
        self.n
    }

    /// The mean of the observations; none without pairs.
    #[must_use]
    pub fn mean_obs(&self) -> Option<f64> {
        (self.n > 0).then_some(self.mean_obs)
    }

    /// The share of the observed variance explained, `1 - SSE/SST` with SST about the observed mean (negative
    /// where the mean would do better); none where the observations do not vary.
    #[must_use]
    pub fn r2(&self) -> Option<f64> {
        (self.n > 1 && self.square_obs != 0.0).then(|| 1.0 - self.square_error / self.square_obs)
    }

    /// The root mean square error; none without pairs.
    #[must_use]
    pub fn rmse(&self) -> Option<f64> {
        (self.n > 0).then(|| (self.square_error / self.n as f64).sqrt())
    }

    /// The mean error, model minus observation; none without pairs.
    #[must_use]
    pub fn bias(&self) -> Option<f64> {
        (self.n > 0).then_some(self.mean_model - self.mean_obs)
    }

    /// Pearson's correlation; none where either side does not vary.
    #[must_use]
    pub fn correlation(&self) -> Option<f64> {
        let scale = (self.square_obs * self.square_model).sqrt();
        (self.n > 1 && scale != 0.0).then(|| self.product / scale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    fn of(pairs: &[(f64, f64)]) -> Pairwise {
        let mut sums = Pairwise::default();
        for (obs, model) in pairs {
            sums.push(*obs, *model);
        }
        sums
    }

    /// Anscombe's (1973) first data set, y as observed, 3 + x/2 as model: r² 0.667, SSE 13.76, SST 41.27.
    #[test]
    fn anscombes_quartet_gives_its_published_figures() {
        let x = [10.0, 8.0, 13.0, 9.0, 11.0, 14.0, 6.0, 4.0, 12.0, 7.0, 5.0];
        let y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];
        let sums = of(&y.iter().zip(x).map(|(y, x)| (*y, 3.0 + 0.5 * x)).collect::<Vec<_>>());
        assert_relative_eq!(sums.r2().unwrap(), 0.6665, epsilon = 5e-5);
        assert_relative_eq!(sums.rmse().unwrap(), (13.763_f64 / 11.0).sqrt(), epsilon = 1e-4);
        assert_relative_eq!(sums.correlation().unwrap(), 0.8164, epsilon = 5e-5);
        assert_relative_eq!(sums.bias().unwrap(), 7.5 - 82.51 / 11.0, epsilon = 1e-12);
    }

    #[test]
    fn merging_equals_pushing_and_a_large_mean_costs_no_figures() {
        let pairs: Vec<(f64, f64)> =
            (0..1000).map(|i| (f64::from(i).sin(), f64::from(i).sin() + 0.1 * f64::from(i).cos())).collect();
        let shifted: Vec<_> = pairs.iter().map(|(o, m)| (o + 1e7, m + 1e7)).collect();
        let whole = of(&pairs);
        for cut in [0, 1, 400, 1000] {
            let mut merged = of(&pairs[..cut]);
            merged.merge(&of(&pairs[cut..]));
            assert_eq!(merged.n(), 1000);
            assert_relative_eq!(merged.r2().unwrap(), whole.r2().unwrap(), epsilon = 1e-13);
            assert_relative_eq!(merged.correlation().unwrap(), whole.correlation().unwrap(), epsilon = 1e-13);
        }
        assert_relative_eq!(of(&shifted).r2().unwrap(), whole.r2().unwrap(), epsilon = 1e-7);
    }

    #[test]
    fn scores_that_have_no_meaning_are_none() {
        let none = Pairwise::default();
        assert_eq!((none.r2(), none.rmse(), none.bias(), none.correlation()), (None, None, None, None));
        assert_eq!(of(&[(1.0, 2.0), (1.0, 3.0)]).r2(), None);
        assert!(of(&[(1.0, f64::NAN), (2.0, 1.0)]).r2().unwrap().is_nan());
    }
}
