//! The speed of columns: full physics, no output; one core, two cores, what a column weighs, and how much of the
//! arithmetic is in vectors.

mod batches;
mod vectorised;

pub use vectorised::{PROFILED, run_profiled};

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use rayon::prelude::*;
use reterra_land::column::Column;
use reterra_land::lanes::WIDTH;
use rustix::time::{ClockId, clock_gettime};

use crate::record::{Goal, Record};
use crate::{ValidationError, places};
use batches::Batch;
use vectorised::Vectorised;

const GOAL: f64 = 1_000.0;
const SPEED_UP: f64 = 1.8;
/// Passes of which the quickest counts: the machine may be shared.
const PASSES: usize = 30;
const TURNS: usize = 12;
/// Reference figures of other models: CPU seconds a site-year of CLM5 (single point, half-hourly), low and high, and
/// site-years a second of SIPNET (daily, one site).
const CLM5_SECONDS: [f64; 2] = [17.0, 20.0];
const SIPNET_YEARS: f64 = 7_000.0;

/// Least share of the arithmetic instructions that work on four columns at once.
const VECTORISED: f64 = 0.95;

/// Column-years per CPU second of one core, for a column of one type and for those of synthetic Europe; what a second
/// core adds; bytes of a column; share of the arithmetic in vectors, where valgrind is there to count it.
///
/// # Errors
/// Where a column can't be made or fails.
pub fn measure() -> Result<Vec<Record>, ValidationError> {
    let alone = quickest(std::slice::from_ref(&batches::one_type()?), PASSES);
    let europe = batches::europe()?;
    let tiles: usize = europe.iter().map(|batch| batch.column.tiles.len()).sum();
    let speeds = Speeds {
        one_type: alone,
        europe: quickest(&europe, PASSES / 6),
        tiles: tiles as f64 / europe.len() as f64,
        second_core: speed_up(&europe)?,
    };
    let bytes = bytes_of_a_column(&europe);
    let vectorised = vectorised::measure()?;
    write_table(&speeds, vectorised.as_ref())?;
    let record =
        |what: &str, measured, goal, unit| Record::new(format!("land-5-{what}"), measured, goal, unit);
    let mut records = vec![
        record("one-type", speeds.one_type, Goal::AtLeast(GOAL), "column-years per s and core"),
        record("synthetic-europe", speeds.europe, Goal::AtLeast(GOAL), "column-years per s and core"),
        record("two-core-speed-up", speeds.second_core, Goal::AtLeast(SPEED_UP), "1"),
        record("memory-per-column", bytes, Goal::AtMost(1_048_576.0), "bytes"),
    ];
    let share = vectorised.map(|v| record("vectorised-share", v.share(), Goal::AtLeast(VECTORISED), "1"));
    records.extend(share);
    Ok(records)
}

/// What was timed.
struct Speeds {
    /// Column-years per CPU second of a column of one type.
    one_type: f64,
    /// The same of synthetic Europe's columns.
    europe: f64,
    /// Types that those have on average.
    tiles: f64,
    /// How much faster two cores are than one.
    second_core: f64,
}

/// Column-years per CPU second of the quickest pass over all batches, on one thread.
fn quickest(batches: &[Batch], passes: usize) -> f64 {
    (0..passes)
        .map(|_| {
            let start = thread_seconds();
            let years: f64 = batches.iter().map(|batch| std::hint::black_box(batch.pass())).sum();
            years / (thread_seconds() - start)
        })
        .fold(0.0, f64::max)
}

/// Time that this thread has had a core, s, to the nanosecond: what `/proc` tells of it is a scheduler's tick old, a
/// quarter of a pass.
fn thread_seconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
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
fn write_table(speeds: &Speeds, vectorised: Option<&Vectorised>) -> Result<(), ValidationError> {
    let mut text =
        String::from("| model | a year of a column takes, CPU s | column-years per CPU s |\n|---|---|---|\n");
    let mut row = |name: &str, years: f64| {
        let _ = writeln!(text, "| {name} | {:.2e} | {years:.3} |", 1.0 / years);
    };
    row("Reterra, one plant functional type, daily", speeds.one_type);
    row(&format!("Reterra, synthetic Europe ({:.1} types a column), daily", speeds.tiles), speeds.europe);
    row("SIPNET, one site, daily, without its files (reference figure)", SIPNET_YEARS);
    row("CLM5, one site, half-hourly (reference figure, quicker)", 1.0 / CLM5_SECONDS[0]);
    row("CLM5, one site, half-hourly (reference figure, slower)", 1.0 / CLM5_SECONDS[1]);
    let _ = writeln!(text, "\nA second core makes Reterra {:.2} times as fast.\n", speeds.second_core);
    text += &vectorised.map_or_else(
        || "How much of the arithmetic is in vectors: skipped, it takes valgrind and objdump.\n".to_owned(),
        Vectorised::table,
    );
    let folder = places::validation();
    std::fs::create_dir_all(&folder).map_err(ValidationError::file("create", &folder))?;
    let path = folder.join("land-5.md");
    std::fs::write(&path, text).map_err(ValidationError::file("write", &path))
}
