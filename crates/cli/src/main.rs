//! The `reterra` binary: one module per subcommand, no science.
//!
//! Results go to standard output, progress and errors to standard error. Exit codes: 0 done, 1 failed, 2 a command or
//! workflow file that isn't accepted, 130 interrupted.

mod any_run;
mod campaign;
mod emulate;
mod failure;
mod inspect;
mod output;
mod plan;
mod ranks;
mod report;
mod resume;
mod run;
mod run_directory;
mod sensitivity;
mod status;
mod table;
mod twin;
mod validate;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use failure::Failure;

/// Terrestrial ecosystem reanalysis: from station data to a product with uncertainty.
#[derive(Parser)]
#[command(name = "reterra", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a workflow, or continue it where it stopped
    Run(run::Arguments),
    /// Say what `run` would do: stages, their state, model years
    Plan(plan::Arguments),
    /// Say how far a run is
    Status(status::Arguments),
    /// Continue the run that a directory holds
    Resume(resume::Arguments),
    /// Score a finished run against its observations again
    Validate(validate::Arguments),
    /// Write the HTML report of a finished run again
    Report(report::Arguments),
    /// Run an ensemble of a workflow's parameters, to learn what outputs owe to them
    Sensitivity(sensitivity::Arguments),
    /// Run a twin experiment: a method scored against a truth that a model made
    Twin(twin::Arguments),
    /// Calibrate parameters of any model by its runs
    Calibrate(campaign::Arguments),
    /// Sample the posterior of any model's parameters: calibrate, emulate, sample, check
    Sample(campaign::Arguments),
    /// Learn outputs of any model from a table of its runs: fit, predict, validate
    Emulate(emulate::Arguments),
    /// Say what is in a file: NetCDF, bundle, or CSV of stations
    Inspect(inspect::Arguments),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(arguments) => run::run(arguments),
        Command::Plan(arguments) => plan::run(arguments),
        Command::Status(arguments) => status::run(&arguments),
        Command::Resume(arguments) => resume::run(&arguments),
        Command::Validate(arguments) => validate::run(&arguments),
        Command::Report(arguments) => report::run(&arguments),
        Command::Sensitivity(arguments) => sensitivity::run(arguments),
        Command::Twin(arguments) => twin::run(&arguments),
        Command::Calibrate(arguments) => campaign::calibrate(arguments),
        Command::Sample(arguments) => campaign::sample(arguments),
        Command::Emulate(arguments) => emulate::run(arguments),
        Command::Inspect(arguments) => inspect::run(&arguments),
    };
    done.map_or_else(Failure::report, |()| ExitCode::SUCCESS)
}
