//! Stage `spinup`: every land cell to equilibrium, tile by tile.

use reterra_domain::SyntheticEurope;
use reterra_io::cf::grid::{GridFile, GridVariable, GridWriter};
use reterra_land::column::{Column, ColumnState};
use reterra_land::forcing::WeatherSeries;
use reterra_land::lanes::{Lanes, WIDTH};
use reterra_land::spinup::{Options, Report, Summary, spin_up_batch};
use reterra_land::weather::Memory;
use serde::{Deserialize, Serialize};

use super::batch::{batches, member, run_batches};
use super::cells::{self, CellColumn};
use super::climate::CellWeather;
use super::restart::{Restart, write_restart};
use super::tiles::{self, Tile};
use super::{CellFailure, domain, layout};
use crate::config::grid::GridWorkflow;
use crate::engine::{Context, Inputs, Stage, StageError, StageOutput};
use crate::results::write_json;
use crate::stages::spinup::options;

const MAP: &str = "spinup.nc";
const NOTE: &str = "spinup.json";
/// Cycles that a column of the default parameters takes, about; for `plan`.
const USUAL_CYCLES: f64 = 12.0;
/// Share of the cells of Europe that are land, about; for `plan`.
const USUAL_LAND: f64 = 0.5;

/// The stage.
pub(super) struct SpinUp;

/// The note of a tile.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TileSpinUp {
    cells: Vec<CellSpinUp>,
    failures: Vec<CellFailure>,
}

/// How a cell's spin-up went.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct CellSpinUp {
    cell: u32,
    /// Land in the cell, m².
    area: f64,
    report: Report,
    vegetation_carbon: f64,
    litter_carbon: f64,
    soil_carbon: f64,
}

/// `spinup.json`.
#[derive(Serialize)]
struct Note {
    /// CLM's measures over all cells; none without any.
    summary: Option<Summary>,
    /// Whether they say equilibrium.
    in_equilibrium: bool,
    /// The cells that failed.
    failures: Vec<CellFailure>,
}

impl Stage<GridWorkflow> for SpinUp {
    fn name(&self) -> &'static str {
        "spinup"
    }

    fn title(&self) -> &'static str {
        "bring every land cell to equilibrium"
    }

    fn inputs(&self, workflow: &GridWorkflow) -> Result<Inputs, StageError> {
        domain::inputs(workflow)?.config("start", &workflow.period.start)?.config("spinup", &workflow.spinup)
    }

    fn model_years(&self, workflow: &GridWorkflow) -> f64 {
        USUAL_CYCLES
            * f64::from(workflow.forcing.cycle_years)
            * USUAL_LAND
            * workflow.domain.window.len() as f64
    }

    fn run(&self, context: &Context<'_, GridWorkflow>) -> Result<StageOutput, StageError> {
        let workflow = context.workflow();
        let generator = cells::generator(workflow);
        let notes = tiles::each(context, |tile| spin_up_tile(context, &generator, tile))?;
        let mut output = StageOutput::new().file(MAP).file(NOTE);
        for number in 0..notes.len() {
            let file = tiles::name(number, "nc");
            tiles::publish(context, &file)?;
            output = output.file(file);
        }
        draw_map(context, &notes)?;
        let all = || notes.iter().flat_map(|note| &note.cells);
        let summary = Summary::of(all().map(|cell| (cell.area, &cell.report)));
        let failures: Vec<CellFailure> = notes.iter().flat_map(|note| note.failures.clone()).collect();
        let line = summary.as_ref().map_or_else(
            || "no land cell".to_owned(),
            |s| {
                format!(
                    "{} of {} columns converged, {} failed, {:.0} model years; {:.2} % of the area drifts more than 1 gC m-2 \
                     yr-1",
                    s.converged,
                    s.columns,
                    failures.len(),
                    s.years,
                    100.0 * s.disequilibrium
                )
            },
        );
        let in_equilibrium = summary.as_ref().is_some_and(Summary::is_in_equilibrium);
        write_json(&context.directory().join(NOTE), &Note { summary, in_equilibrium, failures })?;
        Ok(output.note(line))
    }
}

type Equilibrium = (ColumnState, Report);

fn spin_up_tile(
    context: &Context<'_, GridWorkflow>,
    generator: &SyntheticEurope,
    tile: &Tile<'_>,
) -> Result<TileSpinUp, StageError> {
    let workflow = context.workflow();
    let (columns, mut failures) = cells::columns_of(generator, tile.window);
    let each: Vec<&Column> = columns.iter().map(|c| &c.column).collect();
    let options = options(&workflow.spinup);
    let ends = run_batches(columns.len(), &batches(&each), |batch| {
        if context.interrupted() {
            return batch.iter().map(|_| Err("interrupted".to_owned())).collect();
        }
        let members: Vec<&CellColumn> = batch.iter().map(|&i| &columns[i]).collect();
        equilibria(workflow, generator, &members, &options)
    });
    // Cells that were left out because the user stops must not pass for failures.
    context.check_interrupt()?;
    let (mut restarts, mut notes) = (Vec::new(), Vec::new());
    for (of, end) in columns.iter().zip(ends) {
        match end {
            Ok((state, report)) => {
                notes.push(describe(of, &state, report));
                let cell = of.cell.number;
                restarts.push(Restart { cell, months: 0, weather: Memory::default(), state });
            }
            Err(reason) => failures.push(of.failure(&reason)),
        }
    }
    write_restart(&tile.file("nc"), &restarts)?;
    Ok(TileSpinUp { cells: notes, failures })
}

/// Spins up to [`WIDTH`] cells whose columns are alike.
fn equilibria(
    workflow: &GridWorkflow,
    generator: &SyntheticEurope,
    members: &[&CellColumn],
    options: &Options,
) -> Vec<Result<Equilibrium, String>> {
    let months = 12 * workflow.forcing.cycle_years as usize;
    let weather: Result<Vec<WeatherSeries>, _> =
        members.iter().map(|of| CellWeather::new(workflow, generator, of, months).all_days()).collect();
    let weather = match weather {
        Ok(weather) => weather,
        Err(e) => return members.iter().map(|_| Err(e.to_string())).collect(),
    };
    let places: Vec<usize> = (0..members.len()).collect();
    let lanes: [usize; WIDTH] = std::array::from_fn(|lane| member(&places, lane));
    let starts: Vec<ColumnState> = members.iter().map(|of| of.cold_start()).collect();
    let ends = spin_up_batch::<Lanes>(
        &lanes.map(|k| &members[k].column),
        &lanes.map(|k| &starts[k]),
        &lanes.map(|k| &weather[k]),
        options,
    );
    ends.into_iter().take(members.len()).map(|end| end.map_err(|e| e.to_string())).collect()
}

fn describe(of: &CellColumn, state: &ColumnState, report: Report) -> CellSpinUp {
    let pools = state.soil.carbon_by_pool();
    CellSpinUp {
        cell: of.cell.number,
        area: of.cell.area * of.cell.land_fraction,
        report,
        vegetation_carbon: state.vegetation_carbon(&of.column),
        litter_carbon: pools[..4].iter().sum(),
        soil_carbon: pools[4..].iter().sum(),
    }
}

/// A figure of the spin-up as a map.
type SpinUpMap = (&'static str, (&'static str, &'static str), fn(&CellSpinUp) -> f64);

const MAPS: [SpinUpMap; 6] = [
    ("converged", ("1", "1 where the stop rule was met"), |c| f64::from(u8::from(c.report.converged))),
    ("years", ("yr", "years simulated"), |c| c.report.years),
    ("drift", ("g m-2 yr-1", "drift of ecosystem carbon over the last cycle"), |c| c.report.drift),
    ("TOTVEGC", ("g m-2", "carbon in living vegetation"), |c| c.vegetation_carbon),
    ("TOTLITC", ("g m-2", "carbon in litter and woody debris"), |c| c.litter_carbon),
    ("TOTSOMC", ("g m-2", "carbon in soil organic matter"), |c| c.soil_carbon),
];

fn draw_map(context: &Context<'_, GridWorkflow>, notes: &[TileSpinUp]) -> Result<(), StageError> {
    let workflow = context.workflow();
    let variables: Vec<GridVariable> =
        MAPS.iter().map(|(name, about, _)| layout::map(name, *about, &[])).collect();
    let file = GridFile { variables, ..layout::file(workflow, "equilibrium") };
    let writer = GridWriter::create(&context.directory().join(MAP), file, domain::QUEUE)?;
    for (tile, note) in workflow.domain.tiles().iter().zip(notes) {
        for (variable, (_, _, of)) in MAPS.iter().enumerate() {
            let mut values = vec![f32::NAN; tile.len()];
            for cell in &note.cells {
                if let Some(place) = place(workflow, tile, cell.cell) {
                    values[place] = of(cell) as f32;
                }
            }
            writer.put(layout::part(workflow, tile, variable, values))?;
        }
    }
    writer.finish()?;
    Ok(())
}

/// Where a cell lies in a tile.
fn place(workflow: &GridWorkflow, tile: &reterra_fields::Window, number: u32) -> Option<usize> {
    let columns = workflow.domain.grid.columns;
    let number = number as usize;
    tile.position(reterra_fields::Cell { row: number / columns, column: number % columns })
}
