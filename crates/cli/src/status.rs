//! `reterra status [DIR]`.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use reterra_workflow::engine::running_process;
use serde_json::json;

use crate::any_run::AnyRun;
use crate::output::print;
use crate::plan::{listing, plan};
use crate::{Failure, run_directory};

/// Arguments of `status`.
#[derive(Args)]
pub struct Arguments {
    /// The run directory [default: this one, or the only run in out/]
    directory: Option<PathBuf>,
    /// For programs
    #[arg(long)]
    json: bool,
}

/// Prints the state of a run.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let directory = run_directory::find(arguments.directory.as_deref())?;
    let run = AnyRun::in_directory(&directory)?;
    let plan = plan(&run)?;
    let process = running_process(&directory);
    if arguments.json {
        let name = run.name();
        let state = json!({ "workflow": name, "directory": directory, "process": process, "stages": plan });
        return print(&format!("{state:#}\n"));
    }
    let mut text = format!("{} in {}", run.name(), directory.display());
    text.push_str(&process.map_or_else(|| "\n".to_owned(), |pid| format!(", running as process {pid}\n")));
    text.push_str(&listing(&plan));
    for stage in &plan {
        for note in &stage.notes {
            let _ = writeln!(text, "{}: {note}", stage.name);
        }
    }
    print(&text)
}
