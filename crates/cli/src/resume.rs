//! `reterra resume [DIR]`.

use std::path::PathBuf;

use clap::Args;

use crate::any_run::AnyRun;
use crate::run::{How, execute};
use crate::{Failure, run_directory};

/// Arguments of `resume`.
#[derive(Args)]
pub struct Arguments {
    /// The run directory [default: this one, or the only run in out/]
    directory: Option<PathBuf>,
    #[command(flatten)]
    how: How,
}

/// Continues a run from its own copy of the workflow.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let directory = run_directory::find(arguments.directory.as_deref())?;
    execute(&AnyRun::in_directory(&directory)?, &arguments.how)
}
