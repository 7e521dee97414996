//! What a way to equilibrium has to say.

use super::accelerated::Accelerated;
use super::cycle::Cycle;
use super::semi_analytic::SemiAnalytic;
use super::{Method, Options, mixed};
use crate::column::{Column, ColumnState};
use crate::error::LandError;
use crate::parameters::Parameters;

/// A way of one column to its equilibrium.
pub(super) trait Way {
    /// The state that the next cycle runs from.
    ///
    /// # Errors
    /// [`LandError::Unsolvable`].
    fn next(&mut self, column: &Column, cycle: &Cycle) -> Result<ColumnState, LandError>;

    /// The state that the first cycle runs from.
    fn start(&self, given: &ColumnState) -> ColumnState {
        given.clone()
    }

    /// The parameters that the next cycle runs with, where they are not the column's own: what it does then is not
    /// judged.
    fn other_parameters(&self) -> Option<&Parameters> {
        None
    }
}

/// Runs on from where the cycle ended.
pub(super) struct Onward;

impl Way for Onward {
    fn next(&mut self, _: &Column, cycle: &Cycle) -> Result<ColumnState, LandError> {
        Ok(cycle.after.clone())
    }
}

/// The way of a method, for a column that starts in `state`.
pub(super) fn of(options: &Options, column: &Column, state: &ColumnState) -> Box<dyn Way> {
    match options.method {
        Method::BruteForce | Method::Continue => Box::new(Onward),
        Method::AcceleratedDecomposition => Box::new(Accelerated::new(column, options.drift_limit)),
        Method::Matrix => Box::new(SemiAnalytic::new(state)),
        Method::Anderson => Box::new(mixed::cycles()),
        Method::MatrixAnderson => Box::new(mixed::solutions(state)),
    }
}
