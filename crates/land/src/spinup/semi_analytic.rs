//! The semi-analytic way: after each cycle, soil and wood are set to what that cycle sustains.

use super::cycle::Cycle;
use super::way::Way;
use super::wood;
use crate::column::{Column, ColumnState};
use crate::error::LandError;
use crate::soil::OperatorTrace;

/// Soil carbon below which a soil counts as bare, gC m⁻².
const BARE: f64 = 100.0;

/// Solves soil and wood.
pub(super) struct SemiAnalytic {
    started_bare: bool,
}

impl SemiAnalytic {
    pub fn new(start: &ColumnState) -> Self {
        Self { started_bare: start.soil.total_carbon() < BARE }
    }
}

impl Way for SemiAnalytic {
    fn next(&mut self, column: &Column, cycle: &Cycle) -> Result<ColumnState, LandError> {
        // What nitrogen scarcity did while a bare soil filled says nothing of the equilibrium.
        let bare = cycle.number == 1 && self.started_bare;
        let solve = if bare { OperatorTrace::solve_unlimited } else { OperatorTrace::solve };
        let soil = solve(&cycle.trace, &cycle.after.soil, &column.soil, &column.parameters.soil)
            .map_err(|source| LandError::Unsolvable { source })?;
        let mut solved = ColumnState { soil, ..cycle.after.clone() };
        wood::solve(column, cycle, &mut solved);
        Ok(solved)
    }
}
