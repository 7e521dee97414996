//! Measures what the project promises and writes one record a figure to `out/validation/`.
//!
//! `cargo run --release -p reterra-tests --bin validate -- [--only PREFIX] [--fresh]`. Exit code 1 where a figure misses
//! its goal or can't be measured.

use std::process::ExitCode;

use clap::Parser;
use reterra_tests::ensemble::{self, Ensemble};
use reterra_tests::points::{POINTS, Point, column_speed, left_out, skill};
use reterra_tests::record::{Record, forget};
use reterra_tests::{ValidationError, places};

/// The validation runs.
#[derive(Parser)]
struct Arguments {
    /// Only the records whose names begin so, such as `reanalysis-2`
    #[arg(long, value_name = "PREFIX", default_value = "")]
    only: String,
    /// Run the 48 stations anew, also where a finished run is there
    #[arg(long)]
    fresh: bool,
}

fn main() -> ExitCode {
    // This program started itself to be an ensemble, whose memory is measured from outside.
    if let Some(spec) = std::env::var_os(ensemble::SPEC) {
        return run_ensemble(&spec.to_string_lossy());
    }
    // Or to be the years that callgrind counts.
    if std::env::var_os(column_speed::PROFILED).is_some() {
        return run_profiled();
    }
    let arguments = Arguments::parse();
    match validate(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(e) => {
            eprintln!("error: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run_ensemble(spec: &str) -> ExitCode {
    let done = serde_json::from_str::<Ensemble>(spec).map_err(|e| e.to_string()).and_then(|ensemble| {
        let outcome = ensemble.run().map_err(|e| e.to_string())?;
        let text = serde_json::to_string(&outcome).map_err(|e| e.to_string())?;
        std::fs::write(ensemble.file.with_extension("json"), text).map_err(|e| e.to_string())
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run_profiled() -> ExitCode {
    match column_speed::run_profiled() {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {e}");
            ExitCode::FAILURE
        }
    }
}

/// Measures what is asked for; whether all of it is good.
fn validate(arguments: &Arguments) -> Result<bool, ValidationError> {
    let wanted: Vec<&Point> = POINTS.iter().filter(|point| point.is_wanted(&arguments.only)).collect();
    if wanted.is_empty() {
        let names: Vec<&str> = POINTS.iter().map(|point| point.name).collect();
        eprintln!(
            "error: no record's name begins with `{}`\nhelp: points: {}",
            arguments.only,
            names.join(", ")
        );
        return Ok(false);
    }
    if arguments.fresh {
        forget_runs(&wanted)?;
    }
    let mut good = true;
    let mut lines = Vec::new();
    for point in wanted {
        good &= measure(point, &arguments.only, &mut lines)?;
    }
    println!("{}\nrecords: {}", lines.join("\n"), places::validation().display());
    Ok(good)
}

/// Deletes the long runs that the wanted points look at.
fn forget_runs(wanted: &[&Point]) -> Result<(), ValidationError> {
    for (run, of) in [(skill::RUN, "reanalysis"), (left_out::RUN, "land-3-left-out")] {
        let run = places::validation().join(run);
        if run.exists() && wanted.iter().any(|point| point.name.starts_with(of)) {
            std::fs::remove_dir_all(&run).map_err(ValidationError::file("delete", &run))?;
        }
    }
    Ok(())
}

/// Measures one point and writes its records; whether all are good.
fn measure(point: &Point, only: &str, lines: &mut Vec<String>) -> Result<bool, ValidationError> {
    let folder = places::validation();
    forget(&folder, if only.len() > point.name.len() { only } else { point.name })?;
    eprintln!("{}: {}", point.name, point.title);
    let records: Vec<Record> = match (point.measure)() {
        Ok(records) => records.into_iter().filter(|record| record.name.starts_with(only)).collect(),
        Err(e) => {
            lines.push(format!("FAIL  {}: not measured: {e}", point.name));
            return Ok(false);
        }
    };
    for record in &records {
        record.write(&folder)?;
        lines.push(record.line());
    }
    if records.is_empty() {
        lines.push(format!("FAIL  {}: no record's name begins with `{only}`", point.name));
    }
    Ok(!records.is_empty() && records.iter().all(|record| record.pass))
}
