//! Range check: a value outside what its kind can physically be is refused, whatever the prior says.

use serde::{Deserialize, Serialize};

use super::Flag;
use super::sample::Sifting;
use crate::AssimilationError;

/// What values of one kind can be, both ends included; an open end is infinite.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The kind.
    pub kind: usize,
    /// Least possible value, in the kind's unit.
    pub lower: f64,
    /// Greatest possible value.
    pub upper: f64,
}

impl Range {
    pub(super) fn validate(&self) -> Result<(), AssimilationError> {
        if self.lower < self.upper {
            return Ok(());
        }
        let (option, range) = ("lower end of the range check", "(-infinity, upper end)");
        Err(AssimilationError::Option { option, value: self.lower, range })
    }

    pub(super) fn apply(&self, sifting: &mut Sifting<'_>) {
        for j in sifting.open() {
            let outside = !(self.lower..=self.upper).contains(&sifting.outcome.values[j]);
            if sifting.sample.kinds[j] == self.kind && outside {
                sifting.outcome.flags[j] = Flag::OutOfRange;
            }
        }
    }
}
