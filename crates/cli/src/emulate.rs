//! `reterra emulate fit|predict|validate`.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use reterra_io::replace;
use reterra_io::run_files::{RecordColumn, write_records};
use reterra_workflow::emulate::{
    Emulators, FitOptions, Judged, OutputEmulator, Prediction, Split, fit, judge, predict,
};
use serde_json::json;

use crate::Failure;
use crate::output::print;
use crate::table::align;

/// How names of NetCDF files end.
const NETCDF: &str = "nc";

/// Arguments of `emulate`.
#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    job: Job,
}

#[derive(Subcommand)]
enum Job {
    /// Fit an emulator to each output of a table of runs, CSV or NetCDF
    Fit(FitArguments),
    /// Predict mean and standard deviation of each output for the rows of a table
    Predict(PredictArguments),
    /// Score emulators on those rows of a table that they were not fitted to
    Validate(ValidateArguments),
}

#[derive(Args)]
#[command(group = clap::ArgGroup::new("columns").args(["inputs", "outputs"]).required(true).multiple(true))]
struct FitArguments {
    /// The table: CSV with a header, a run a row; or NetCDF, variables along one dimension
    #[arg(value_name = "TABLE")]
    table: PathBuf,
    /// Columns that are inputs [default: all that are not outputs]
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    inputs: Vec<String>,
    /// Columns that are outputs [default: all that are not inputs]
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    outputs: Vec<String>,
    /// Column whose equal values are left out together in the choice, such as a station
    #[arg(long, value_name = "COLUMN")]
    blocks: Option<String>,
    /// Seed of folds, searches and trees
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Where to write the emulators, as JSON
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Args)]
struct PredictArguments {
    /// What `fit` wrote
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// A table with the inputs, CSV or NetCDF; other columns are ignored
    #[arg(value_name = "TABLE")]
    table: PathBuf,
    /// Write there instead of to standard output; NetCDF where the name ends in .nc, else CSV
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Args)]
struct ValidateArguments {
    /// What `fit` wrote
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// A table with inputs and outputs, CSV or NetCDF
    #[arg(value_name = "TABLE")]
    table: PathBuf,
    /// For programs
    #[arg(long)]
    json: bool,
}

/// Does the job.
pub fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.job {
        Job::Fit(arguments) => run_fit(arguments),
        Job::Predict(arguments) => run_predict(&arguments),
        Job::Validate(arguments) => run_validate(&arguments),
    }
}

fn run_fit(arguments: FitArguments) -> Result<(), Failure> {
    let split = match (arguments.inputs, arguments.outputs) {
        (inputs, outputs) if outputs.is_empty() => Split::Inputs(inputs),
        (inputs, outputs) if inputs.is_empty() => Split::Outputs(outputs),
        (inputs, outputs) => Split::Both(inputs, outputs),
    };
    let options = FitOptions { split, blocks: arguments.blocks, seed: arguments.seed };
    let (emulators, reports) = fit(&arguments.table, &options)?;
    emulators.write(&arguments.out)?;
    let mut text = format!("inputs: {}\n", emulators.inputs.join(", "));
    for (output, report) in emulators.outputs.iter().zip(reports) {
        let _ = write!(text, "\n{}\n{report}", output.name);
    }
    print(&text)
}

fn run_predict(arguments: &PredictArguments) -> Result<(), Failure> {
    let emulators = Emulators::read(&arguments.file)?;
    let predicted = predict(&emulators, &arguments.table)?;
    let columns = columns(&emulators, &predicted.outputs);
    match &arguments.out {
        Some(file) if file.extension().is_some_and(|end| end == NETCDF) => {
            Ok(write_records(file, ("Outputs as emulators predict them", &predicted.record), &columns)?)
        }
        Some(file) => Ok(replace(file, csv(&columns).as_bytes())?),
        None => print(&csv(&columns)),
    }
}

/// Columns `y` and `y_sd` for each output, rows as in the table.
fn columns(emulators: &Emulators, predicted: &[Prediction]) -> Vec<RecordColumn> {
    let both = |(output, found): (&OutputEmulator, &Prediction)| {
        let (name, sd) = (&output.name, found.variance.iter().map(|v| v.sqrt()));
        let (mean, spread) = (format!("predicted mean of {name}"), format!("standard deviation of {name}"));
        [
            RecordColumn { name: name.clone(), long_name: mean, numbers: found.mean.clone() },
            RecordColumn { name: format!("{name}_sd"), long_name: spread, numbers: sd.collect() },
        ]
    };
    emulators.outputs.iter().zip(predicted).flat_map(both).collect()
}

fn csv(columns: &[RecordColumn]) -> String {
    let mut csv = columns.iter().map(|column| quoted(&column.name)).collect::<Vec<_>>().join(",") + "\n";
    for row in 0..columns.first().map_or(0, |column| column.numbers.len()) {
        let cells = columns.iter().map(|column| column.numbers[row].to_string());
        csv.push_str(&cells.collect::<Vec<_>>().join(","));
        csv.push('\n');
    }
    csv
}

/// A name as CSV has it.
fn quoted(name: &str) -> String {
    let plain = !name.contains([',', '"', '\n']);
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

fn run_validate(arguments: &ValidateArguments) -> Result<(), Failure> {
    let judged = judge(&arguments.file, &arguments.table)?;
    if arguments.json {
        let outputs: Vec<_> =
            judged.outputs.iter().map(|(name, scores)| json!({ "name": name, "scores": scores })).collect();
        let found = json!({ "rows": judged.rows, "rows_seen_by_fit": judged.seen, "outputs": outputs });
        return print(&format!("{found:#}\n"));
    }
    print(&told(&judged))
}

fn told(judged: &Judged) -> String {
    let header = ["output", "R2", "RMSE", "90 % band", "CRPS"].map(str::to_owned).to_vec();
    let line = |(name, scores): &(String, reterra_workflow::emulate::Scores)| {
        let (r2, rmse) = (format!("{:.4}", scores.r2), format!("{:.3e}", scores.rmse));
        vec![name.clone(), r2, rmse, format!("{:.3}", scores.coverage), format!("{:.3e}", scores.crps)]
    };
    let rows: Vec<Vec<String>> = std::iter::once(header).chain(judged.outputs.iter().map(line)).collect();
    let left_out = if judged.seen == 0 {
        String::new()
    } else {
        format!("; {} that the fit has seen are left out", judged.seen)
    };
    format!("{} rows{left_out}\n{}", judged.rows, align(&rows))
}
