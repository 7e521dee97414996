//! Evaluate-only observations: predicted and diagnosed like others, never assimilated. They show what an analysis does
//! to what it has not seen.

use serde::{Deserialize, Serialize};

use super::Flag;
use super::sample::Sifting;

/// Kinds that are evaluated only. Where this stands first among the checks nothing else looks at them; where it stands
/// last only the good ones are evaluated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluateOnly {
    /// Numbers of the kinds.
    pub kinds: Vec<usize>,
}

impl EvaluateOnly {
    pub(super) fn apply(&self, sifting: &mut Sifting<'_>) {
        for j in sifting.open() {
            if self.kinds.contains(&sifting.sample.kinds[j]) {
                sifting.outcome.flags[j] = Flag::EvaluateOnly;
            }
        }
    }
}
