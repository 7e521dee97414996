//! A member in one column.

use serde::{Deserialize, Serialize};

/// A member of a column between two months.
#[derive(Clone, Debug)]
pub struct Member<C, S> {
    /// Its column, as its parameters make it.
    pub column: C,
    /// The rest.
    pub stored: Stored<S>,
}

/// What a checkpoint holds of a member in one column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stored<S> {
    /// Number of the member.
    pub member: u32,
    /// Number of the column.
    pub column: u32,
    /// Parameters, unconstrained.
    pub parameters: Vec<f64>,
    /// Sums over the months of each window that is still open, by kind of observation; in the variable's unit, months.
    pub sums: Vec<f64>,
    /// State.
    pub state: S,
}

/// A member in a batch.
#[derive(Clone, Copy, Debug)]
pub struct Lane<'a, C, S> {
    /// Its number.
    pub member: usize,
    /// Its column.
    pub column: &'a C,
    /// Its state.
    pub state: &'a S,
}
