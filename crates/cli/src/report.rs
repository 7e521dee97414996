//! `reterra report [DIR]`.

use std::path::PathBuf;

use clap::Args;
use reterra_workflow::engine::{Engine, Interrupt, Manifest, Progress, Run};
use reterra_workflow::stages;

use crate::output::print;
use crate::{Failure, run_directory};

/// The stage that writes the report.
const REPORT: &str = "report";

/// Arguments of `report`.
#[derive(Args)]
pub struct Arguments {
    /// The run directory [default: this one, or the only run in out/]
    directory: Option<PathBuf>,
}

/// Runs the report stage again and says where its files are.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let directory = run_directory::find(arguments.directory.as_deref())?;
    let run = Run::in_directory(&directory, stages::known_parameters())?;
    let (all, interrupt, progress) =
        (stages::stages(run.workflow()), Interrupt::install()?, Progress::for_standard_error());
    Engine::new(&run, &all, &interrupt, &progress).rerun(REPORT)?;
    let folder = directory.join(REPORT);
    let outputs = Manifest::read(&folder)?.map(|manifest| manifest.outputs).unwrap_or_default();
    let line = |name: &String| format!("report: {}\n", folder.join(name).display());
    print(&outputs.keys().map(line).collect::<String>())
}
