//! 100 members at 1,000 columns of synthetic Europe through ten years: time, memory, bytes, and the same bits on one
//! thread and two.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use super::speed::watch;
use crate::ensemble::{Ensemble, Outcome, SPEC};
use crate::record::{Goal, Record};
use crate::{ValidationError, read_json};

const MEMBERS: usize = 100;
const COLUMNS: usize = 1_000;
const YEARS: usize = 10;
const THREADS: usize = 2;
/// A million column-years at 1,000 a second and core.
const SECONDS: f64 = 500.0;
const MEBIBYTES: f64 = 2048.0;

/// Wall and CPU time, peak memory and bytes of the whole ensemble, what failed in it, and the bytes that differ between
/// one thread and two in a smaller one of 8 members, 120 columns and 2 years.
///
/// # Errors
/// Where the ensemble can't be run.
pub fn measure() -> Result<Vec<Record>, ValidationError> {
    let folder = tempfile::tempdir().map_err(ValidationError::file("create", &std::env::temp_dir()))?;
    let file = folder.path().join("ensemble.nc");
    let whole = Ensemble { file, members: MEMBERS, columns: COLUMNS, years: YEARS, threads: THREADS };
    let (outcome, seconds, peak) = run(&whole)?;
    let column_years = (MEMBERS * outcome.columns * YEARS) as f64;
    eprintln!(
        "{} columns with {:.2} tiles each, {:.0} column-years a wall second on {THREADS} threads, {:.0} a CPU second",
        outcome.columns,
        outcome.tiles,
        column_years / seconds,
        column_years / outcome.cpu_seconds.unwrap_or(f64::NAN)
    );
    let record =
        |what: &str, measured, goal, unit| Record::new(format!("land-6-{what}"), measured, goal, unit);
    Ok(vec![
        record("columns", outcome.columns as f64, Goal::AtLeast(COLUMNS as f64), "1"),
        record("failed", outcome.failed as f64, Goal::AtMost(0.0), "columns of members"),
        record("seconds", seconds, Goal::AtMost(SECONDS), "s"),
        record(
            "cpu-seconds",
            outcome.cpu_seconds.unwrap_or(f64::NAN),
            Goal::AtMost(SECONDS * THREADS as f64),
            "s",
        ),
        record("peak-memory", peak, Goal::AtMost(MEBIBYTES), "MiB"),
        record("bytes-written", outcome.bytes as f64 / 1_048_576.0, Goal::AtMost(raw_mebibytes()), "MiB"),
        record("threads-bytes-differing", differing(folder.path())?, Goal::AtMost(0.0), "bytes"),
    ])
}

/// The file without compression: six variables of four bytes.
fn raw_mebibytes() -> f64 {
    (6 * 4 * MEMBERS * COLUMNS * YEARS * 12) as f64 / 1_048_576.0
}

/// Bytes that differ between the files of one thread and of two.
fn differing(folder: &Path) -> Result<f64, ValidationError> {
    let of = |threads: usize| {
        let file = folder.join(format!("threads-{threads}.nc"));
        let part = Ensemble { file: file.clone(), members: 8, columns: 120, years: 2, threads };
        run(&part)?;
        std::fs::read(&file).map_err(ValidationError::file("read", &file))
    };
    let (one, two) = (of(1)?, of(2)?);
    let unlike = one.iter().zip(&two).filter(|(a, b)| a != b).count();
    Ok((unlike + one.len().abs_diff(two.len())) as f64)
}

/// Runs an ensemble in a process of its own: what it did, its wall time, s, and its peak memory, MiB.
fn run(ensemble: &Ensemble) -> Result<(Outcome, f64, f64), ValidationError> {
    let program = std::env::current_exe().map_err(ValidationError::file("find", Path::new("validate")))?;
    let answer = ensemble.file.with_extension("json");
    let spec = serde_json::to_string(ensemble)
        .map_err(|source| ValidationError::Json { path: answer.clone(), source })?;
    let mut command = Command::new(&program);
    command.env(SPEC, spec).stdout(Stdio::null()).stdin(Stdio::null());
    let start = Instant::now();
    let mut child = command.spawn().map_err(ValidationError::file("start", &program))?;
    let (code, peak) = watch(&mut child, &program)?;
    let seconds = start.elapsed().as_secs_f64();
    if code != Some(0) {
        let command = format!("{SPEC}=… {}", program.display());
        return Err(ValidationError::Command { command, code, err: "its last words are above".to_owned() });
    }
    Ok((read_json(&answer)?, seconds, peak))
}
