//! `reterra validate [DIR]`.

use std::path::PathBuf;

use clap::Args;
use reterra_workflow::engine::{Engine, Interrupt, Progress, Run};
use reterra_workflow::stages;

use crate::output::print;
use crate::{Failure, run_directory};

/// Arguments of `validate`.
#[derive(Args)]
pub struct Arguments {
    /// The run directory [default: this one, or the only run in out/]
    directory: Option<PathBuf>,
}

/// Prints the skill table of a finished run, computed again from its product and observations.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let directory = run_directory::find(arguments.directory.as_deref())?;
    let run = Run::in_directory(&directory, stages::known_parameters())?;
    let (all, interrupt, progress) =
        (stages::stages(run.workflow()), Interrupt::install()?, Progress::for_standard_error());
    let context = Engine::new(&run, &all, &interrupt, &progress).finished()?;
    print(&stages::skill_table(&context)?)
}
