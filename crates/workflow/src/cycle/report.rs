//! What happened in a run of cycles, the same on every rank.

use reterra_assimilation::quality::Flag;
use serde::{Deserialize, Serialize};

use super::{Factors, Flagged};
use crate::ensemble::Added;

/// What happened since the start.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Members that failed, in the order of months, columns and members.
    pub failures: Vec<Failure>,
    /// Observations assimilated.
    pub used: usize,
    /// Parameter vectors that an analysis pushed out of the model's range; they kept their values.
    pub kept: usize,
    /// By column, what analyses added.
    pub balances: Vec<Balance>,
    /// Analyses of the filter, in their order.
    pub analyses: Vec<Analysed>,
    /// Observations that quality control didn't take as they came, in the order of months.
    pub flagged: Vec<Flagged>,
}

/// One analysis of the filter.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Analysed {
    /// Month of the run.
    pub month: usize,
    /// Observations assimilated.
    pub used: usize,
    /// Observations due that were not.
    pub left_out: usize,
    /// Inflation factors after it, where they are learnt.
    pub factors: Option<Factors>,
}

impl Report {
    /// Notes the flags of these observations that are not simply used.
    pub(super) fn flag(&mut self, numbers: &[usize], flags: &[Flag]) {
        let all = numbers.iter().zip(flags).map(|(number, flag)| Flagged { number: *number, flag: *flag });
        self.flagged.extend(all.filter(|flagged| flagged.flag != Flag::Used));
    }
}

/// A member that failed in a column, and went on as a copy of another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Pass of the smoother, from 0; none in the filter.
    pub pass: Option<usize>,
    /// Month of the run; none in the spin-up.
    pub month: Option<usize>,
    /// Column.
    pub column: usize,
    /// Member.
    pub member: usize,
    /// The member that it was replaced by.
    pub donor: usize,
    /// Why.
    pub reason: String,
}

/// What analyses added to a column, mean over members: gC, gN and kg of water m⁻².
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Balance {
    /// Sum over analyses.
    pub net: [f64; 3],
    /// Sum of amounts, added or removed.
    pub moved: [f64; 3],
}

/// Carbon, nitrogen, water.
pub(super) fn numbers(added: Added) -> [f64; 3] {
    [added.carbon, added.nitrogen, added.water]
}
