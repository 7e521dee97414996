//! How trees are grown, and what they minimise.

use serde::{Deserialize, Serialize};

use crate::emulator::EmulatorError;

/// Most bins of an input's values; one code more stands for a missing value.
pub const MOST_BINS: usize = 255;
/// Most rows: sums of gradients and counts of rows share 64 bits.
const MOST_ROWS: usize = 1 << 26;

/// What trees minimise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// Half the squared error: trees predict the mean.
    #[default]
    Squared,
    /// The pinball loss of a probability within (0, 1): trees predict that quantile (Koenker and Bassett 1978,
    /// doi:10.2307/1913643).
    Quantile(f64),
}

/// How a prediction may follow one input while all others stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Monotone {
    /// Up and down.
    #[default]
    Free,
    /// Never down where the input rises.
    Rising,
    /// Never up where the input rises.
    Falling,
}

/// How trees are grown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BoostingOptions {
    /// What is minimised.
    pub loss: Loss,
    /// Number of trees.
    pub trees: usize,
    /// Shrinkage of each tree.
    pub learning_rate: f64,
    /// Largest depth of a tree.
    pub depth: usize,
    /// L2 penalty on leaf values, in rows.
    pub l2: f64,
    /// Least rows in a leaf.
    pub leaf_rows: usize,
    /// Bins of each input's values, at most [`MOST_BINS`].
    pub bins: usize,
    /// Share of the inputs that each tree sees, drawn without replacement.
    pub input_share: f64,
    /// Share of the rows that each tree learns from, drawn without replacement (Friedman 2002,
    /// doi:10.1016/S0167-9473(01)00065-2).
    pub row_share: f64,
    /// By input, or none for freedom everywhere.
    pub monotone: Vec<Monotone>,
    /// Seed of the shares that are drawn.
    pub seed: u64,
}

impl Default for BoostingOptions {
    fn default() -> Self {
        Self {
            loss: Loss::Squared,
            trees: 300,
            learning_rate: 0.1,
            depth: 6,
            l2: 1.0,
            leaf_rows: 1,
            bins: MOST_BINS,
            input_share: 1.0,
            row_share: 1.0,
            monotone: Vec::new(),
            seed: 0,
        }
    }
}

impl BoostingOptions {
    /// Refuses what has no meaning for data of a shape.
    pub(super) fn check(&self, rows: usize, inputs: usize) -> Result<(), EmulatorError> {
        let share = |value: f64| value > 0.0 && value <= 1.0;
        let refused = [
            (self.learning_rate > 0.0 && self.learning_rate.is_finite(), "the learning rate must be above 0"),
            (self.l2 >= 0.0 && self.l2.is_finite(), "the L2 penalty must be 0 or more"),
            (self.depth >= 1 && self.leaf_rows >= 1, "depth and rows of a leaf must be 1 or more"),
            ((2..=MOST_BINS).contains(&self.bins), "give 2 to 255 bins"),
            (share(self.input_share) && share(self.row_share), "shares must be above 0 and at most 1"),
            (self.loss.is_proper(), "the probability of a quantile must be within (0, 1)"),
            (self.monotone.is_empty() || self.monotone.len() == inputs, "give a direction for every input"),
            (rows <= MOST_ROWS, "there are more than 67,108,864 rows; give a part of them"),
        ];
        match refused.into_iter().find(|(good, _)| !good) {
            Some((_, reason)) => Err(EmulatorError::Fit { method: "boosted trees", reason: reason.into() }),
            None => Ok(()),
        }
    }
}

impl Loss {
    fn is_proper(self) -> bool {
        match self {
            Self::Squared => true,
            Self::Quantile(probability) => probability > 0.0 && probability < 1.0,
        }
    }

    /// The best constant.
    pub(super) fn constant(self, y: &mut [f64]) -> f64 {
        match self {
            Self::Squared => y.iter().sum::<f64>() / y.len() as f64,
            Self::Quantile(probability) => quantile(y, probability),
        }
    }

    /// Derivative of the loss by the prediction, for a residual `y - prediction`.
    pub(super) fn gradient(self, residual: f64) -> f64 {
        match self {
            Self::Squared => -residual,
            Self::Quantile(probability) if residual > 0.0 => -probability,
            Self::Quantile(probability) => 1.0 - probability,
        }
    }

    /// The loss of a residual.
    #[must_use]
    pub fn of(self, residual: f64) -> f64 {
        match self {
            Self::Squared => 0.5 * residual * residual,
            Self::Quantile(_) => residual.abs() * self.gradient(residual).abs(),
        }
    }
}

/// A quantile of values, interpolated between neighbours; the values change their order.
pub(super) fn quantile(values: &mut [f64], probability: f64) -> f64 {
    let place = probability * (values.len() - 1) as f64;
    let (low, share) = (place.floor() as usize, place.fract());
    let (_, &mut below, rest) = values.select_nth_unstable_by(low, f64::total_cmp);
    let above = rest.iter().copied().fold(f64::INFINITY, f64::min);
    if share > 0.0 { below + share * (above - below) } else { below }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;

    #[test]
    fn losses_fall_along_their_gradients() {
        for loss in [Loss::Squared, Loss::Quantile(0.2), Loss::Quantile(0.9)] {
            for residual in [-2.0, -0.3, 0.4, 3.0] {
                let slope = -(loss.of(residual + 1e-6) - loss.of(residual - 1e-6)) / 2e-6;
                assert_abs_diff_eq!(loss.gradient(residual), slope, epsilon = 1e-8);
            }
        }
        assert_abs_diff_eq!(Loss::Quantile(0.9).of(2.0), 1.8);
        assert_abs_diff_eq!(Loss::Quantile(0.9).of(-2.0), 0.2, epsilon = 1e-12);
    }

    #[test]
    fn quantiles_are_those_between_sorted_values() {
        let mut values = [5.0, 1.0, 4.0, 2.0, 3.0];
        let found = [0.0, 0.1, 0.5, 0.9, 1.0].map(|p| quantile(&mut values, p));
        for (found, expected) in found.into_iter().zip([1.0, 1.4, 3.0, 4.6, 5.0]) {
            assert_abs_diff_eq!(found, expected, epsilon = 1e-12);
        }
    }
}
