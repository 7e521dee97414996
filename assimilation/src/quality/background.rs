//! Background check: an observation farther from the prior than its spread and the observation's error allow is refused
//! (Andersson and Järvinen 1999, doi:10.1002/qj.49712555416).

use serde::{Deserialize, Serialize};

use super::Flag;
use super::sample::Sifting;
use crate::AssimilationError;
use crate::localisation::require_positive;

/// Refuses where `|y - mean(H E)| > k sqrt(var(H E) + r)`. With Gaussian errors that are what they say, it refuses a
/// share `2 Φ(-k)` of good observations: 4.6 % at 2, 0.27 % at 3, 0.006 % at 4.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Background {
    /// Limit in standard deviations of the innovation, k.
    pub limit: f64,
}

impl Background {
    pub(super) fn validate(self) -> Result<(), AssimilationError> {
        require_positive("limit of the background check", self.limit)
    }

    pub(super) fn apply(self, sifting: &mut Sifting<'_>) {
        for j in sifting.open() {
            if sifting.innovation(j).abs() > self.limit * sifting.variance(j).sqrt() {
                sifting.outcome.flags[j] = Flag::Background;
            }
        }
    }
}
