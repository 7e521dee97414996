//! The speed of columns: full physics, no output; one core, two cores, and what a column weighs.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use rayon::prelude::*;
use reterra_domain::SyntheticEurope;
use reterra_fields::{Month, RotatedGrid, Window};
use reterra_land::column::{Base, Column, ColumnState, Cover, Site, USUAL_WIND, simulate_batch};
use reterra_land::energy::solar::SolarTable;
use reterra_land::fire::Ignition;
use reterra_land::forcing::{Atmosphere, MonthlyWeather, WeatherSeries};
use reterra_land::lanes::{Batched, Lanes, WIDTH};
use reterra_land::parameters::Parameters;
use reterra_land::plant::pft::Pft;
use reterra_land::soil::grid::LAYERS;
use reterra_land::weather::disaggregate;
use reterra_workflow::grid::batch::{batches, member};
use reterra_workflow::grid::cells::CellColumn;

use crate::record::{Goal, Record};
use crate::{ValidationError, places};

const GOAL: f64 = 1_000.0;
const SPEED_UP: f64 = 1.8;
/// Years of a pass, and passes of which the quickest counts: the machine may be shared.
const YEARS: usize = 5;
const PASSES: usize = 30;
const TURNS: usize = 12;
/// Reference figures of other models: CPU seconds a site-year of CLM5 (single point, half-hourly), low and high, and
/// site-years a second of SIPNET (daily, one site).
const CLM5_SECONDS: [f64; 2] = [17.0, 20.0];
const SIPNET_YEARS: f64 = 7_000.0;

/// Column-years per CPU second of one core, for a column of one type and for those of synthetic Europe; what a second
/// core adds; bytes of a column.
///
/// # Errors
/// Where a column can't be made or fails.
pub fn measure() -> Result<Vec<Record>, ValidationError> {
    let one_type = one_type()?;
    let alone = quickest(std::slice::from_ref(&one_type), PASSES);
    let europe = europe()?;
    let tiles: usize = europe.iter().map(|batch| batch.column.tiles.len()).sum();
    let of_europe = quickest(&europe, PASSES / 6);
    let speed_up = speed_up(&europe)?;
    let bytes = bytes_of_a_column(&europe);
    let tiles = tiles as f64 / europe.len() as f64;
    write_table(alone, (of_europe, tiles), speed_up)?;
    let record =
        |what: &str, measured, goal, unit| Record::new(format!("land-5-{what}"), measured, goal, unit);
    Ok(vec![
        record("one-type", alone, Goal::AtLeast(GOAL), "column-years per s and core"),
        record("synthetic-europe", of_europe, Goal::AtLeast(GOAL), "column-years per s and core"),
        record("two-core-speed-up", speed_up, Goal::AtLeast(SPEED_UP), "1"),
        record("memory-per-column", bytes, Goal::AtMost(1_048_576.0), "bytes"),
    ])
}

/// Four columns, their states and their weather.
struct Batch {
    column: Column<Lanes>,
    state: ColumnState<Lanes>,
    weather: Vec<WeatherSeries>,
}

impl Batch {
    /// Runs its years once more; column-years run.
    fn pass(&self) -> f64 {
        let mut state = self.state.clone();
        let weather: [&WeatherSeries; WIDTH] = std::array::from_fn(|k| &self.weather[k]);
        let outcome = simulate_batch(&self.column, &mut state, &weather, None, |_, _| {});
        let lanes = outcome.failures.iter().filter(|failure| failure.is_none()).count();
        lanes as f64 * self.weather[0].months() as f64 / 12.0
    }
}

fn land(source: reterra_land::error::LandError) -> ValidationError {
    ValidationError::Land { station: "of the speed test".to_owned(), source }
}

/// A column of temperate needleleaf forest, four members of it.
fn one_type() -> Result<Batch, ValidationError> {
    let pft = Pft::NeedleleafEvergreenTemperate;
    let site = Site {
        latitude: 51.0,
        elevation: 300.0,
        cover: Cover::whole(pft),
        sand: 40.0,
        clay: 20.0,
        organic: [0.0; LAYERS],
        soil_depth: 8.6,
        base: Base::Open,
        wind: USUAL_WIND,
        nitrogen_deposition: 1.0,
        ignition: Ignition::usual(51.0),
    };
    let months: Vec<MonthlyWeather> = (0..12 * YEARS)
        .map(|m| {
            let wave = (std::f64::consts::TAU * (m as f64 - 0.5) / 12.0).cos();
            MonthlyWeather {
                tmin: 278.0 - 8.0 * wave,
                tmax: 287.0 - 10.0 * wave,
                shortwave: 130.0 - 95.0 * wave,
                vpd: 400.0 - 250.0 * wave,
                precipitation: 2.2e-5,
                air: Atmosphere::with_co2(390.0),
            }
        })
        .collect();
    let weather = disaggregate(&months, 0, 1, 0).map_err(land)?;
    let solar = Arc::new(SolarTable::new(site.latitude));
    let columns: Vec<Column> = (0..WIDTH)
        .map(|k| {
            let mut parameters = Parameters::for_pft(pft);
            parameters.flnr *= 0.8 + 0.1 * k as f64;
            Column::new(&site, vec![parameters], Arc::clone(&solar)).map_err(land)
        })
        .collect::<Result<_, _>>()?;
    Ok(gather(&columns, &|k| ColumnState::cold_start(&columns[k], 282.0), vec![weather; WIDTH]))
}

fn gather(columns: &[Column], state: &dyn Fn(usize) -> ColumnState, weather: Vec<WeatherSeries>) -> Batch {
    let states: Vec<ColumnState> = (0..WIDTH).map(state).collect();
    let mut batch = Batch {
        column: Column::gather(&|k| &columns[k]),
        state: ColumnState::gather(&|k| &states[k]),
        weather,
    };
    // The seeds of a cold start grow up first.
    let lanes: [&WeatherSeries; WIDTH] = std::array::from_fn(|k| &batch.weather[k]);
    simulate_batch(&batch.column, &mut batch.state, &lanes, None, |_, _| {});
    batch
}

/// Full batches of synthetic Europe's columns.
fn europe() -> Result<Vec<Batch>, ValidationError> {
    const CO2: f64 = 380.0;
    let europe = SyntheticEurope::new(RotatedGrid::cordex_europe(0.44), 1);
    let window = Window { rows: 40..64, columns: 40..64 };
    let cells = window.cells().filter_map(|cell| europe.land_cell(cell));
    let columns: Vec<CellColumn> =
        cells.map(|c| CellColumn::new(c).map_err(land)).collect::<Result<_, _>>()?;
    let each: Vec<&Column> = columns.iter().map(|c| &c.column).collect();
    let full = batches(&each).into_iter().filter(|batch| batch.len() == WIDTH);
    let start = Month { year: 2001, month: 1 };
    full.step_by(8)
        .map(|batch| {
            let of = |k: usize| &columns[member(&batch, k)];
            let weather = (0..WIDTH)
                .map(|k| {
                    let months = europe.weather(&of(k).cell, (start, 12 * YEARS), CO2);
                    disaggregate(&months, 0, 1, of(k).cell.number).map_err(land)
                })
                .collect::<Result<_, _>>()?;
            let columns: Vec<Column> = (0..WIDTH).map(|k| of(k).column.clone()).collect();
            Ok(gather(&columns, &|k| of(k).cold_start(), weather))
        })
        .collect()
}

/// Column-years per CPU second of the quickest pass over all batches, on one thread.
fn quickest(batches: &[Batch], passes: usize) -> f64 {
    (0..passes)
        .map(|_| {
            let clock = Clock::start();
            let years: f64 = batches.iter().map(|batch| std::hint::black_box(batch.pass())).sum();
            years / clock.seconds()
        })
        .fold(0.0, f64::max)
}

/// CPU time of this thread where the system tells it, else wall time.
struct Clock {
    cpu: Option<f64>,
    wall: Instant,
}

impl Clock {
    fn start() -> Self {
        Self { cpu: thread_seconds(), wall: Instant::now() }
    }

    fn seconds(&self) -> f64 {
        let cpu = self.cpu.zip(thread_seconds()).map(|(start, end)| end - start);
        cpu.filter(|seconds| *seconds > 0.0).unwrap_or_else(|| self.wall.elapsed().as_secs_f64())
    }
}

/// Time that this thread has had a core, s; Linux only.
fn thread_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(text.split_whitespace().next()?.parse::<f64>().ok()? * 1e-9)
}

/// Wall time of the quickest of several passes on one thread over that on two, taken in turns.
fn speed_up(batches: &[Batch]) -> Result<f64, ValidationError> {
    let pool = |threads: usize| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|e| ValidationError::Cases { reason: format!("no thread pool: {e}") })
    };
    let pools = [pool(1)?, pool(2)?];
    let mut best = [f64::INFINITY; 2];
    for _ in 0..TURNS {
        for (pool, best) in pools.iter().zip(&mut best) {
            let start = Instant::now();
            let years: f64 = pool.install(|| batches.par_iter().map(Batch::pass).sum());
            std::hint::black_box(years);
            *best = best.min(start.elapsed().as_secs_f64());
        }
    }
    eprintln!("quickest passes on one and two threads: {:.2} and {:.2} s", best[0], best[1]);
    Ok(best[0] / best[1])
}

/// What a column's properties, its sun and its state take in memory, without its weather: resident memory that many copies add.
fn bytes_of_a_column(batches: &[Batch]) -> f64 {
    const COPIES: usize = 64;
    let before = resident();
    let copy = |batch: &Batch| {
        let solar = Arc::new((*batch.column.solar).clone());
        (Column { solar, ..batch.column.clone() }, batch.state.clone())
    };
    let copies: Vec<_> = (0..COPIES).flat_map(|_| batches.iter().map(copy)).collect();
    let after = resident();
    let columns = (copies.len() * WIDTH) as f64;
    std::hint::black_box(copies);
    (after - before) / columns
}

/// `VmRSS` of this process, bytes; NaN where the system doesn't tell.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|rest| rest.split_whitespace().next()).and_then(|n| n.parse::<f64>().ok());
    kibibytes.map_or(f64::NAN, |n| n * 1024.0)
}

/// `out/validation/land-5.md`.
fn write_table(alone: f64, (europe, tiles): (f64, f64), speed_up: f64) -> Result<(), ValidationError> {
    let mut text =
        String::from("| model | a year of a column takes, CPU s | column-years per CPU s |\n|---|---|---|\n");
    let mut row = |name: &str, years: f64| {
        let _ = writeln!(text, "| {name} | {:.2e} | {years:.3} |", 1.0 / years);
    };
    row("Reterra, one plant functional type, daily", alone);
    row(&format!("Reterra, synthetic Europe ({tiles:.1} types a column), daily"), europe);
    row("SIPNET, one site, daily (reference figure)", SIPNET_YEARS);
    row("CLM5, one site, half-hourly (reference figure, quicker)", 1.0 / CLM5_SECONDS[0]);
    row("CLM5, one site, half-hourly (reference figure, slower)", 1.0 / CLM5_SECONDS[1]);
    let _ = writeln!(text, "\nA second core makes Reterra {speed_up:.2} times as fast.");
    let folder = places::validation();
    std::fs::create_dir_all(&folder).map_err(ValidationError::file("create", &folder))?;
    let path = folder.join("land-5.md");
    std::fs::write(&path, text).map_err(ValidationError::file("write", &path))
}
