//! A twin experiment with the land model: `cycles SPEC`, a JSON file as [`Run`] has it. Started by `mpirun`, and built with
//! the feature `mpi`, it is one rank of several; `--threads N` makes ranks of threads. Prints one line of JSON.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use reterra_parallel::{Alone, Communicator, threads};
use reterra_tests::cycles::{Experiment, Run};

/// A twin experiment with the land model.
#[derive(Parser)]
struct Arguments {
    /// What to run
    spec: PathBuf,
    /// Ranks that are threads of this process
    #[arg(long, default_value_t = 1)]
    threads: usize,
}

impl Arguments {
    fn experiment(&self) -> Result<Experiment, String> {
        let text =
            std::fs::read_to_string(&self.spec).map_err(|e| format!("{}: {e}", self.spec.display()))?;
        let run: Run = serde_json::from_str(&text).map_err(|e| format!("{}: {e}", self.spec.display()))?;
        Experiment::new(&run).map_err(|e| e.to_string())
    }

    fn run(experiment: &Experiment, ranks: &dyn Communicator) -> Result<(), String> {
        let outcome = experiment.assimilated(ranks).map_err(|e| e.to_string())?;
        if ranks.rank() == 0 {
            println!("{}", serde_json::to_string(&outcome).map_err(|e| e.to_string())?);
        }
        Ok(())
    }

    fn run_here(&self) -> Result<(), String> {
        let experiment = self.experiment()?;
        if self.threads <= 1 {
            return Self::run(&experiment, &Alone);
        }
        threads::run(self.threads, |ranks| Self::run(&experiment, ranks)).into_iter().collect()
    }
}

#[cfg(feature = "mpi")]
fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let launched = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"].iter().any(|name| std::env::var_os(name).is_some());
    if !launched {
        return ended(arguments.run_here());
    }
    let job = match reterra_parallel::mpi::Job::start() {
        Ok(job) => job,
        Err(e) => return ended(Err(e.to_string())),
    };
    let run = arguments.experiment().and_then(|experiment| Arguments::run(&experiment, &job));
    // A rank that gives up must take the others with it.
    run.map_or_else(|message| job.end_all(&message, 1), |()| ExitCode::SUCCESS)
}

#[cfg(not(feature = "mpi"))]
fn main() -> ExitCode {
    ended(Arguments::parse().run_here())
}

fn ended(result: Result<(), String>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {e}");
            ExitCode::FAILURE
        }
    }
}
