//! `reterra twin FILE`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use reterra_io::atomic::replace;
use reterra_workflow::engine::set_threads;
use reterra_workflow::twin;

use crate::Failure;
use crate::output::print;

/// Arguments of `twin`.
#[derive(Args)]
pub struct Arguments {
    /// The file of the twin experiment, such as one in workflows/twin/
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Write the JSON there instead of to standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Threads; seeds run in parallel [default: all cores]; results don't depend on it
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
}

/// Runs the experiment and writes its scores as JSON.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let twin = twin::load(&arguments.file)?;
    if let Some(threads) = arguments.threads {
        set_threads(threads.get())?;
    }
    let outcome = twin.run()?;
    let json = serde_json::to_string_pretty(&outcome).map_err(|e| Failure::Output(e.into()))?;
    match &arguments.out {
        Some(file) => Ok(replace(file, format!("{json}\n").as_bytes())?),
        None => print(&json),
    }
}
