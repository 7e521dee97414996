//! How well means and variances predict outputs they didn't see.

use reterra_statistics::normal;
use serde::{Deserialize, Serialize};

use crate::emulator::Prediction;

/// The band whose coverage is scored holds this share of a normal distribution.
pub const BAND: f64 = 0.9;

/// Half width of that band in standard deviations, 1.645.
#[must_use]
pub fn half_width() -> f64 {
    normal::quantile(0.5 + 0.5 * BAND)
}

/// Scores over rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Rows.
    pub rows: usize,
    /// Share of the outputs' variance that means explain.
    pub r2: f64,
    /// Root mean square error of means, in units of the output.
    pub rmse: f64,
    /// Share of outputs within the 90 % band of their normal distribution.
    pub coverage: f64,
    /// Mean continuous ranked probability score of normal distributions, in units of the output (Gneiting and Raftery
    /// 2007, doi:10.1198/016214506000001437, equation 5).
    pub crps: f64,
    /// Mean negative logarithm of the normal density.
    pub nlpd: f64,
}

impl Scores {
    /// Scores of predictions against outputs.
    ///
    /// # Panics
    /// Where there is no row, or lengths differ.
    #[must_use]
    pub fn of(y: &[f64], predicted: &Prediction) -> Self {
        assert!(!y.is_empty() && predicted.mean.len() == y.len() && predicted.variance.len() == y.len());
        let n = y.len() as f64;
        let mean = y.iter().sum::<f64>() / n;
        let total: f64 = y.iter().map(|y| (y - mean) * (y - mean)).sum();
        let rows = || predicted.mean.iter().zip(&predicted.variance).zip(y);
        let error: f64 = rows().map(|((mean, _), y)| (y - mean) * (y - mean)).sum();
        let half = half_width();
        let inside =
            rows().filter(|((mean, variance), y)| (*y - *mean).abs() <= half * variance.sqrt()).count();
        Self {
            rows: y.len(),
            r2: 1.0 - error / total,
            rmse: (error / n).sqrt(),
            coverage: inside as f64 / n,
            crps: rows().map(|((mean, variance), y)| crps(y - mean, variance.sqrt())).sum::<f64>() / n,
            nlpd: rows().map(|((mean, variance), y)| surprise(y - mean, *variance)).sum::<f64>() / n,
        }
    }
}

fn crps(gap: f64, sd: f64) -> f64 {
    if sd <= 0.0 {
        return gap.abs();
    }
    let z = gap / sd;
    let density = (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
    sd * (z * (2.0 * normal::cumulative(z) - 1.0) + 2.0 * density - 1.0 / std::f64::consts::PI.sqrt())
}

fn surprise(gap: f64, variance: f64) -> f64 {
    0.5 * (gap * gap / variance + (2.0 * std::f64::consts::PI * variance).ln())
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;

    #[test]
    fn scores_are_those_of_their_formulas() {
        let y = [1.0, 2.0, 3.0, 6.0];
        let predicted = Prediction { mean: vec![1.0, 2.5, 2.5, 4.0], variance: vec![1.0; 4] };
        let scores = Scores::of(&y, &predicted);
        assert_abs_diff_eq!(scores.r2, 1.0 - 4.5 / 14.0);
        assert_abs_diff_eq!(scores.rmse, (4.5_f64 / 4.0).sqrt());
        assert_abs_diff_eq!(scores.coverage, 0.75);
        assert_abs_diff_eq!(
            scores.nlpd,
            0.5 * (4.5 / 4.0 + (2.0 * std::f64::consts::PI).ln()),
            epsilon = 1e-12
        );
    }

    /// At the mean the score is `sd (√2 - 1) / √π`, far away the distance less `sd / √π`.
    #[test]
    fn the_ranked_probability_score_has_its_limits() {
        let root_pi = std::f64::consts::PI.sqrt();
        assert_abs_diff_eq!(crps(0.0, 2.0), 2.0 * (2.0_f64.sqrt() - 1.0) / root_pi, epsilon = 1e-12);
        assert_abs_diff_eq!(crps(60.0, 2.0), 60.0 - 2.0 / root_pi, epsilon = 1e-9);
        assert_abs_diff_eq!(crps(-3.0, 0.0), 3.0);
    }
}
