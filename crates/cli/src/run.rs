//! `reterra run FILE`.

use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::Args;
use reterra_workflow::config::Document;
use reterra_workflow::engine::{
    Engine, Interrupt, Manifest, OnStale, Progress, Request, Run, Stage, set_threads,
};
use reterra_workflow::{grid, stages};

use crate::Failure;
use crate::any_run::AnyRun;
use crate::output::print;

/// The run that is meant.
#[derive(Args)]
pub struct Which {
    /// The workflow file
    file: PathBuf,
    /// Directory where relative input paths are looked for first
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Run directory [default: the workflow's, or out/NAME]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Seed of all random numbers, instead of the workflow's
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
}

impl Which {
    /// Reads and validates the workflow.
    pub fn open(self) -> Result<AnyRun, Failure> {
        let request = Request { file: self.file, data: self.data, out: self.out, seed: self.seed };
        AnyRun::requested(&request)
    }

    /// The same where only a reanalysis of stations will do.
    pub fn open_stations(self) -> Result<Run, Failure> {
        let request = Request { file: self.file, data: self.data, out: self.out, seed: self.seed };
        Ok(Run::requested(&request, stages::known_parameters())?)
    }
}

/// What any run of stages can be told.
#[derive(Args)]
pub struct Common {
    /// Number of threads [default: all cores]; results don't depend on it
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Run stages again whose results were made from other inputs, configuration or code
    #[arg(long)]
    rerun_stale: bool,
}

/// How it is run.
#[derive(Args)]
pub struct How {
    #[command(flatten)]
    common: Common,
    /// Stop after this stage
    #[arg(long, value_name = "STAGE")]
    until: Option<String>,
}

/// Arguments of `run`.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    how: How,
}

/// Runs the workflow.
pub fn run(arguments: Arguments) -> Result<(), Failure> {
    execute(&arguments.which.open()?, &arguments.how)
}

/// Runs the stages of a run's kind and says where the results are.
pub fn execute(run: &AnyRun, how: &How) -> Result<(), Failure> {
    let until = how.until.as_deref();
    match run {
        AnyRun::Stations(run) => execute_stages(run, &stages::stages(run.workflow()), &how.common, until),
        AnyRun::Grid(run) => execute_stages(run, &grid::stages(), &how.common, until),
    }
}

/// Runs some stages, up to one if it is named, and says where the results are.
pub fn execute_stages<W: Document>(
    run: &Run<W>,
    stages: &[Box<dyn Stage<W>>],
    common: &Common,
    until: Option<&str>,
) -> Result<(), Failure> {
    if let Some(threads) = common.threads {
        set_threads(threads.get())?;
    }
    let interrupt = Interrupt::install()?;
    let progress = Progress::for_standard_error();
    let on_stale = if common.rerun_stale { OnStale::Rerun } else { OnStale::Refuse };
    Engine::new(run, stages, &interrupt, &progress).run(on_stale, until)?;
    print(&results(run.directory(), stages))
}

/// The run directory, and the files in it that a person opens.
fn results<W>(directory: &Path, stages: &[Box<dyn Stage<W>>]) -> String {
    let mut text = format!("results: {}\n", directory.display());
    for stage in stages {
        let folder = directory.join(stage.name());
        let Ok(Some(manifest)) = Manifest::read(&folder) else { continue };
        for name in manifest.outputs.keys() {
            let path = folder.join(name);
            let kind = match path.extension().and_then(|e| e.to_str()) {
                // A tile's restart file is for the program.
                Some("nc") if name.starts_with("tile_") => continue,
                Some("nc") if stage.name() == "spinup" => "figures",
                Some("nc") if stage.name() == "assimilate" => "observations",
                Some("nc") => "product",
                Some("html") => "report",
                Some("csv") => "table",
                _ => continue,
            };
            let _ = writeln!(text, "{kind}: {}", path.display());
        }
    }
    text
}
