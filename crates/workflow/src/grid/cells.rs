//! From a workflow to the columns of a tile.

use std::sync::Arc;

use reterra_domain::{LandCell, SyntheticEurope};
use reterra_fields::Window;
use reterra_land::column::{Column, ColumnState};
use reterra_land::error::LandError;
use reterra_land::parameters::Parameters;

use super::CellFailure;
use crate::config::grid::{GridWorkflow, SurfaceSource};

/// A land cell with its column.
#[derive(Clone, Debug)]
pub struct CellColumn {
    /// The cell.
    pub cell: LandCell,
    /// Its column, with CLM's default parameters.
    pub column: Column,
}

impl CellColumn {
    /// The column of a cell.
    ///
    /// # Errors
    /// [`LandError::Cover`].
    pub fn new(cell: LandCell) -> Result<Self, LandError> {
        let parameters = cell.site.cover.iter().map(|cover| Parameters::for_pft(cover.pft)).collect();
        let column = Column::new(&cell.site, parameters, Arc::clone(&cell.solar))?;
        Ok(Self { cell, column })
    }

    /// A cold start under the cell's climate.
    #[must_use]
    pub fn cold_start(&self) -> ColumnState {
        ColumnState::cold_start(&self.column, self.cell.normals.mean_temperature())
    }

    /// What is known of its failing.
    #[must_use]
    pub fn failure(&self, reason: &str) -> CellFailure {
        let LandCell { number, latitude, longitude, .. } = self.cell;
        CellFailure { cell: number, latitude, longitude, reason: reason.to_owned() }
    }
}

/// The generator of a workflow's surface and climate.
#[must_use]
pub fn generator(workflow: &GridWorkflow) -> SyntheticEurope {
    match workflow.domain.source {
        SurfaceSource::SyntheticEurope => SyntheticEurope::new(workflow.domain.grid, workflow.seed),
    }
}

/// The columns of a tile, row by row, and the cells that can't be one.
#[must_use]
pub fn columns_of(generator: &SyntheticEurope, tile: &Window) -> (Vec<CellColumn>, Vec<CellFailure>) {
    let (mut columns, mut failures) = (Vec::new(), Vec::new());
    for cell in tile.cells().filter_map(|cell| generator.land_cell(cell)) {
        let LandCell { number, latitude, longitude, .. } = cell;
        match CellColumn::new(cell) {
            Ok(column) => columns.push(column),
            Err(e) => failures.push(CellFailure { cell: number, latitude, longitude, reason: e.to_string() }),
        }
    }
    (columns, failures)
}
