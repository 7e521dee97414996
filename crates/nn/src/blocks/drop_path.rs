//! Stochastic depth (Huang et al. 2016, doi:10.1007/978-3-319-46493-0_39): in training a branch is left out for some
//! samples, and counts for more in the others.

use std::sync::Arc;

use candle_core::Tensor;
use reterra_statistics::random::{Stage, StreamKey};

use super::Mode;
use crate::error::NnError;
use crate::ops::residual;

/// The sum of an input and a branch that is sometimes left out.
#[derive(Clone, Copy, Debug)]
pub struct DropPath {
    rate: f64,
    branch: u32,
}

impl DropPath {
    /// A branch with a number of its own, left out with this probability.
    ///
    /// # Errors
    /// `Setting` where `rate` isn't in [0, 1).
    pub fn new(rate: f64, branch: u32) -> Result<Self, NnError> {
        if !(0.0..1.0).contains(&rate) {
            let wanted = "give a probability in [0, 1)";
            return Err(NnError::Setting { what: "rate of dropped paths", value: rate.to_string(), wanted });
        }
        Ok(Self { rate, branch })
    }

    /// `x + branch`; in training, `x` or `x + branch / (1 − rate)` by sample.
    ///
    /// # Errors
    /// As [`residual()`].
    pub fn sum(self, x: &Tensor, branch: &Tensor, mode: Mode) -> Result<Tensor, NnError> {
        residual(x, branch, self.weights(x.dim(0)?, mode))
    }

    /// The weight of the branch by sample; none where it is one.
    fn weights(self, batch: usize, mode: Mode) -> Option<Arc<[f64]>> {
        let Mode::Train(draw) = mode else { return None };
        if self.rate == 0.0 {
            return None;
        }
        let weight = |sample| {
            let key = StreamKey {
                seed: draw.seed,
                stage: Stage::Training,
                cycle: draw.part,
                member: self.branch + 1,
                column: sample,
            };
            if key.stream().uniform() < self.rate { 0.0 } else { 1.0 / (1.0 - self.rate) }
        };
        Some((0..batch as u32).map(weight).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::Draw;

    fn train(part: u32) -> Mode {
        Mode::Train(Draw { seed: 5, part })
    }

    #[test]
    fn the_same_draw_leaves_out_the_same_samples() {
        let weights = |branch, part| DropPath::new(0.4, branch).unwrap().weights(64, train(part));
        assert_eq!(weights(0, 3), weights(0, 3));
        assert_ne!(weights(0, 3), weights(0, 4));
        assert_ne!(weights(0, 3), weights(1, 3));
    }

    /// The mean of 10,000 weights has a standard error of 0.0082 where the rate is 0.4.
    #[test]
    fn branches_keep_their_mean() {
        let weights = DropPath::new(0.4, 0).unwrap().weights(10_000, train(1)).unwrap();
        let mean = weights.iter().sum::<f64>() / 10_000.0;
        assert!((mean - 1.0).abs() < 0.033, "{mean}");
        assert!(weights.iter().all(|w| *w == 0.0 || (w - 1.0 / 0.6).abs() < 1.0e-12));
    }

    #[test]
    fn predictions_keep_every_branch() {
        assert_eq!(DropPath::new(0.4, 0).unwrap().weights(8, Mode::Predict), None);
    }

    #[test]
    fn a_branch_that_is_always_left_out_is_refused() {
        assert!(DropPath::new(1.0, 0).unwrap_err().to_string().contains("[0, 1)"));
    }
}
