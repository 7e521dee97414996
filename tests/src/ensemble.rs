//! An ensemble over synthetic Europe: every member at every column, monthly output of all of them in one file.
//!
//! It runs in a process of its own, so that the peak of its memory is its own: the `validate` program starts itself again
//! with [`SPEC`] set.

use std::path::PathBuf;

use rayon::prelude::*;
use reterra_domain::{LandCell, SyntheticEurope};
use reterra_fields::{Calendar, Month, MonthAxis, RotatedGrid, Window};
use reterra_io::cf::grid::{COLUMNS, GridFile, GridVariable, GridWriter, Part, ROWS};
use reterra_io::cf::{About, MEMBER, TIME};
use reterra_land::column::{Column, ColumnState, MonthlyOutput, simulate_batch};
use reterra_land::forcing::WeatherSeries;
use reterra_land::lanes::{Batched, Lanes, WIDTH};
use reterra_land::parameters::Parameters;
use reterra_land::weather::disaggregate;
use reterra_statistics::design::{Design, LatinHypercube};
use reterra_statistics::normal;
use reterra_workflow::results::OUTPUTS;
use serde::{Deserialize, Serialize};

use crate::ValidationError;

/// The environment variable that tells a process to be an ensemble.
pub const SPEC: &str = "RETERRA_ENSEMBLE";
/// Seed of surface, weather and parameters.
const SEED: u64 = 20_010_101;
const START: Month = Month { year: 2001, month: 1 };
const CO2: f64 = 380.0;
/// Cells along a tile's edge: four tiles make the region.
const TILE: usize = 20;
/// Multipliers on the types' defaults, and the standard deviation of their logarithm.
const PERTURBED: [&str; 6] = ["flnr", "medlynslope", "slatop", "leaf_long", "froot_leaf", "br_mr_root"];
const SPREAD: f64 = 0.2;
const VARIABLES: [&str; 6] = ["GPP", "NEE", "ET", "LAI", "TOTVEGC", "TOTSOMC"];
/// Parts that may wait for the writer.
const QUEUE: usize = 24;

/// An ensemble to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ensemble {
    /// File of the output.
    pub file: PathBuf,
    /// Members, a multiple of four.
    pub members: usize,
    /// Columns, the first so many of the region.
    pub columns: usize,
    /// Years.
    pub years: usize,
    /// Threads.
    pub threads: usize,
}

/// What an ensemble did.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Columns that the region had, at most those asked for.
    pub columns: usize,
    /// Their tiles of plant functional types, mean.
    pub tiles: f64,
    /// Columns of members that failed.
    pub failed: usize,
    /// Size of the file, bytes.
    pub bytes: u64,
    /// CPU time of the process, s; none where the system doesn't tell.
    pub cpu_seconds: Option<f64>,
}

/// Some 1,200 cells of 0.44° between the Bay of Biscay and the Black Sea.
fn region() -> Window {
    Window { rows: 38..38 + 2 * TILE, columns: 38..38 + 2 * TILE }
}

impl Ensemble {
    /// Runs it.
    ///
    /// # Errors
    /// Where the file can't be written, or the threads can't be started.
    pub fn run(&self) -> Result<Outcome, ValidationError> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.threads).build();
        let pool = pool.map_err(|e| ValidationError::Cases { reason: format!("no thread pool: {e}") })?;
        pool.install(|| self.run_here())
    }

    fn run_here(&self) -> Result<Outcome, ValidationError> {
        let europe = SyntheticEurope::new(RotatedGrid::cordex_europe(0.44), SEED);
        let writer = GridWriter::create(&self.file, self.layout(&europe), QUEUE)?;
        let multipliers = multipliers(self.members);
        let (mut left, mut failed, mut tiles) = (self.columns, 0, 0);
        for tile in RotatedGrid::tiles(&region(), TILE) {
            let cells: Vec<LandCell> =
                tile.cells().filter_map(|cell| europe.land_cell(cell)).take(left).collect();
            left -= cells.len();
            tiles += cells.iter().map(|cell| cell.site.cover.len()).sum::<usize>();
            let forced: Vec<Forced> = cells.into_par_iter().map(|cell| self.forced(&europe, cell)).collect();
            let groups: Vec<&[[f64; PERTURBED.len()]]> = multipliers.chunks(WIDTH).collect();
            // Parts go to the writer in order, so that the file's bytes don't depend on threads.
            for (first, some) in groups.chunks(2 * self.threads).enumerate() {
                let units: Vec<Unit> =
                    some.par_iter().map(|members| self.unit(&tile, &forced, members)).collect();
                for (i, unit) in units.into_iter().enumerate() {
                    failed += unit.failed;
                    self.write(&writer, &tile, (first * 2 * self.threads + i) * WIDTH, unit)?;
                }
            }
        }
        let bytes = writer.finish()?;
        let columns = self.columns - left;
        Ok(Outcome {
            columns,
            tiles: tiles as f64 / columns as f64,
            failed,
            bytes,
            cpu_seconds: cpu_seconds(),
        })
    }

    fn months(&self) -> usize {
        12 * self.years
    }

    fn layout(&self, europe: &SyntheticEurope) -> GridFile {
        let variable = |name: &str| {
            let output = OUTPUTS.iter().find(|output| output.name == name)?;
            Some(GridVariable {
                name: name.to_owned(),
                units: output.unit.to_owned(),
                long_name: output.long_name.to_owned(),
                standard_name: output.standard_name.map(str::to_owned),
                cell_methods: output.cell_methods.to_owned(),
                dims: [MEMBER, TIME, ROWS, COLUMNS].map(str::to_owned).to_vec(),
            })
        };
        GridFile {
            about: About { title: "Ensemble over synthetic Europe".to_owned(), ..About::default() },
            grid: *europe.grid(),
            window: region(),
            time: Some(MonthAxis { start: START, len: self.months(), calendar: Calendar::NoLeap }),
            members: self.members,
            axes: Vec::new(),
            variables: VARIABLES.iter().filter_map(|name| variable(name)).collect(),
            chunks: vec![(MEMBER.to_owned(), WIDTH), (ROWS.to_owned(), TILE), (COLUMNS.to_owned(), TILE)],
            compression: 1,
        }
    }

    /// A cell with its days, which all members share.
    fn forced(&self, europe: &SyntheticEurope, cell: LandCell) -> Forced {
        let months = europe.weather(&cell, (START, self.months()), CO2);
        let days = disaggregate(&months, 0, SEED, cell.number).map_err(|e| e.to_string());
        Forced { cell, days }
    }

    /// Four members at every column of a tile.
    fn unit(&self, tile: &Window, forced: &[Forced], members: &[[f64; PERTURBED.len()]]) -> Unit {
        let months = self.months();
        let size = WIDTH * months * tile.len();
        let mut unit = Unit { values: vec![vec![f32::NAN; size]; VARIABLES.len()], failed: 0 };
        for forced in forced {
            let place = tile.position(forced.cell.cell).unwrap_or(0);
            let ran = forced.run(members, |month, lane, output| {
                for (values, name) in unit.values.iter_mut().zip(VARIABLES) {
                    let value = OUTPUTS.iter().find(|o| o.name == name).map_or(f64::NAN, |o| (o.of)(output));
                    values[(lane * months + month) * tile.len() + place] = value as f32;
                }
            });
            unit.failed += ran.unwrap_or(WIDTH);
        }
        unit
    }

    fn write(
        &self,
        writer: &GridWriter,
        tile: &Window,
        first_member: usize,
        unit: Unit,
    ) -> Result<(), ValidationError> {
        let region = region();
        let rows = tile.rows.start - region.rows.start..tile.rows.end - region.rows.start;
        let columns = tile.columns.start - region.columns.start..tile.columns.end - region.columns.start;
        for (variable, values) in unit.values.into_iter().enumerate() {
            let at =
                vec![first_member..first_member + WIDTH, 0..self.months(), rows.clone(), columns.clone()];
            writer.put(Part { variable, at, values })?;
        }
        Ok(())
    }
}

/// Output of four members over a tile: by variable, [lane][month][cell].
struct Unit {
    values: Vec<Vec<f32>>,
    failed: usize,
}

struct Forced {
    cell: LandCell,
    days: Result<WeatherSeries, String>,
}

impl Forced {
    /// Runs four members from a cold start; how many failed, none where no column can be made.
    fn run(
        &self,
        members: &[[f64; PERTURBED.len()]],
        mut sink: impl FnMut(usize, usize, &MonthlyOutput),
    ) -> Option<usize> {
        let days = self.days.as_ref().ok()?;
        let columns: Vec<Column> =
            members.iter().map(|multipliers| self.column(multipliers)).collect::<Option<_>>()?;
        let mean = self.cell.normals.mean_temperature();
        let states: Vec<ColumnState> = columns.iter().map(|c| ColumnState::cold_start(c, mean)).collect();
        let batch = Column::<Lanes>::gather(&|k| &columns[k]);
        let mut state = ColumnState::<Lanes>::gather(&|k| &states[k]);
        let outcome = simulate_batch(&batch, &mut state, &[days; WIDTH], None, |month, output| {
            (0..WIDTH).for_each(|lane| sink(month, lane, &output.lane(lane)));
        });
        Some(outcome.failures.iter().flatten().count())
    }

    fn column(&self, multipliers: &[f64; PERTURBED.len()]) -> Option<Column> {
        let parameters = |cover: &reterra_land::column::Cover| {
            let mut parameters = Parameters::for_pft(cover.pft);
            for (name, multiplier) in PERTURBED.iter().zip(multipliers) {
                parameters.set(name, parameters.get(name).ok()? * multiplier).ok()?;
            }
            Some(parameters)
        };
        let parameters = self.cell.site.cover.iter().map(parameters).collect::<Option<_>>()?;
        Column::new(&self.cell.site, parameters, self.cell.solar.clone()).ok()
    }
}

/// Lognormal multipliers of each member, from a Latin hypercube.
fn multipliers(members: usize) -> Vec<[f64; PERTURBED.len()]> {
    let design = LatinHypercube { size: members, candidates: 1 };
    let points = design.sample(PERTURBED.len(), SEED).points;
    let multiplier = |p: &f64| (SPREAD * normal::quantile(*p)).exp();
    points.iter().map(|point| std::array::from_fn(|i| multiplier(&point[i]))).collect()
}

/// CPU time of this process, all threads, s; Linux only.
#[must_use]
pub fn cpu_seconds() -> Option<f64> {
    // utime and stime are the 14th and 15th fields, in hundredths of a second; the 2nd is in parentheses.
    const PER_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = stat.rsplit(')').next()?.split_whitespace().skip(11);
    let (user, system): (f64, f64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some((user + system) / PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_has_the_thousand_columns() {
        let europe = SyntheticEurope::new(RotatedGrid::cordex_europe(0.44), SEED);
        let land = region().cells().filter(|&cell| europe.surface(cell).land_fraction >= 0.5).count();
        assert!(land >= 1_000, "{land}");
    }
}
