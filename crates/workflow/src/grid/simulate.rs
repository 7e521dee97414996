//! Stage `simulate`: from the equilibrium through the period, tile by tile, with monthly output.

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::ArrayD;
use reterra_domain::SyntheticEurope;
use reterra_fields::{Cell, Window};
use reterra_io::bundle::{read_bundle, write_bundle};
use reterra_io::cf::grid::GridWriter;
use reterra_land::column::Column;

use super::batch::{batches, run_batches};
use super::cells;
use super::members::{Members, Starting};
use super::restart::{read_restart, write_restart};
use super::tiles::{self, Tile};
use super::{CellFailure, domain, layout};
use crate::config::grid::GridWorkflow;
use crate::engine::{Context, Inputs, Stage, StageError, StageOutput};
use crate::results::write_json;

const PRODUCT: &str = "monthly.nc";
const FAILURES: &str = "failures.json";

/// The stage.
pub(super) struct Simulation;

impl Stage<GridWorkflow> for Simulation {
    fn name(&self) -> &'static str {
        "simulate"
    }

    fn title(&self) -> &'static str {
        "run every land cell through the period"
    }

    fn inputs(&self, workflow: &GridWorkflow) -> Result<Inputs, StageError> {
        Ok(domain::inputs(workflow)?
            .config("period", &workflow.period)?
            .config("title", &workflow.title)?
            .config("product", &workflow.product)?
            .after("spinup"))
    }

    fn model_years(&self, workflow: &GridWorkflow) -> f64 {
        0.5 * workflow.domain.window.len() as f64 * workflow.period.months() as f64 / 12.0
    }

    fn run(&self, context: &Context<'_, GridWorkflow>) -> Result<StageOutput, StageError> {
        let workflow = context.workflow();
        let generator = cells::generator(workflow);
        let notes: Vec<Vec<CellFailure>> =
            tiles::each(context, |tile| simulate_tile(context, &generator, tile))?;
        let mut output = StageOutput::new().file(PRODUCT).file(FAILURES);
        for number in 0..notes.len() {
            let file = tiles::name(number, "nc");
            tiles::publish(context, &file)?;
            output = output.file(file);
        }
        gather(context)?;
        let failures: Vec<CellFailure> = notes.into_iter().flatten().collect();
        write_json(&context.directory().join(FAILURES), &failures)?;
        let months = workflow.period.months();
        Ok(output.note(format!("{months} months; {} cells failed", failures.len())))
    }
}

/// Puts the tiles' monthly output into one file.
fn gather(context: &Context<'_, GridWorkflow>) -> Result<(), StageError> {
    let workflow = context.workflow();
    let checkpoint = context.checkpoint_dir()?;
    let path = context.directory().join(PRODUCT);
    let writer = GridWriter::create(&path, layout::monthly(workflow), domain::QUEUE)?;
    for (number, tile) in workflow.domain.tiles().iter().enumerate() {
        let (arrays, _) = read_bundle(&checkpoint.join(tiles::name(number, "bundle")))?;
        for (variable, name) in workflow.product.variables.iter().enumerate() {
            let values = arrays.get(name).map_or_else(Vec::new, |a| a.iter().map(|v| *v as f32).collect());
            writer.put(layout::part(workflow, tile, variable, values))?;
        }
    }
    writer.finish()?;
    Ok(())
}

fn simulate_tile(
    context: &Context<'_, GridWorkflow>,
    generator: &SyntheticEurope,
    tile: &Tile<'_>,
) -> Result<Vec<CellFailure>, StageError> {
    let workflow = context.workflow();
    let equilibrium = context.result("spinup", "").join(tile.file("nc").file_name().unwrap_or_default());
    let (starting, mut failures) = starting(generator, tile, &equilibrium)?;
    let each: Vec<&Column> = starting.iter().map(|s| &s.of.column).collect();
    let ends = run_batches(starting.len(), &batches(&each), |batch| {
        if context.interrupted() {
            return batch.iter().map(|_| Err("interrupted".to_owned())).collect();
        }
        Members::new(workflow, generator, batch.iter().map(|&i| &starting[i]).collect()).run()
    });
    context.check_interrupt()?;
    let mut arrays = TileArrays::missing(workflow, tile);
    let mut restarts = Vec::with_capacity(starting.len());
    for (start, end) in starting.iter().zip(ends) {
        match end {
            Ok(ran) => {
                arrays.set(start.of.cell.cell, &ran.output);
                restarts.push(ran.restart);
            }
            Err(reason) => failures.push(start.of.failure(&reason)),
        }
    }
    let about = serde_json::json!({ "dims": ["time", "rlat", "rlon"] });
    write_bundle(&tile.file("bundle"), &arrays.by_name(workflow), &about)?;
    write_restart(&tile.file("nc"), &restarts)?;
    Ok(failures)
}

/// The output of a tile: by variable, (month, row, column); NaN where nothing ran.
struct TileArrays<'a> {
    window: &'a Window,
    months: usize,
    arrays: Vec<ArrayD<f64>>,
}

impl<'a> TileArrays<'a> {
    fn missing(workflow: &GridWorkflow, tile: &Tile<'a>) -> Self {
        let (window, months) = (tile.window, workflow.period.months());
        let shape = vec![months, window.rows.len(), window.columns.len()];
        let empty = ArrayD::from_elem(shape, f64::NAN);
        Self { window, months, arrays: vec![empty; workflow.product.variables.len()] }
    }

    /// Stores a cell's output, all months of one variable after those of another.
    fn set(&mut self, cell: Cell, output: &[f32]) {
        let at = [cell.row - self.window.rows.start, cell.column - self.window.columns.start];
        for (array, months) in self.arrays.iter_mut().zip(output.chunks(self.months)) {
            for (month, value) in months.iter().enumerate() {
                array[[month, at[0], at[1]]] = f64::from(*value);
            }
        }
    }

    fn by_name(self, workflow: &GridWorkflow) -> BTreeMap<String, ArrayD<f64>> {
        workflow.product.variables.iter().cloned().zip(self.arrays).collect()
    }
}

/// The columns of a tile that have an equilibrium to start from; the others failed there.
fn starting(
    generator: &SyntheticEurope,
    tile: &Tile<'_>,
    equilibrium: &Path,
) -> Result<(Vec<Starting>, Vec<CellFailure>), StageError> {
    let restarts = read_restart(equilibrium)?;
    let mut by_cell: BTreeMap<u32, _> = restarts.into_iter().map(|r| (r.cell, r)).collect();
    let (columns, mut failures) = cells::columns_of(generator, tile.window);
    let mut starting = Vec::with_capacity(columns.len());
    for of in columns {
        match by_cell.remove(&of.cell.number) {
            Some(restart) => starting.push(Starting { of, restart }),
            None => failures.push(of.failure("its spin-up failed")),
        }
    }
    Ok((starting, failures))
}
