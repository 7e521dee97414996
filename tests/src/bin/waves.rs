//! The local filter on waves, timed: `waves --nx 400 --ny 250 --members 32`. Started by `mpirun`, and built with the
//! feature `mpi`, it is one rank of several. Prints one line of JSON, which the validation runs read.

use std::process::ExitCode;

use clap::Parser;
use reterra_parallel::{Alone, Communicator};
use reterra_tests::waves::{Run, on_rank};

/// A run of the local filter.
#[derive(Parser)]
struct Arguments {
    /// Grid points along the first coordinate
    #[arg(long)]
    nx: usize,
    /// Grid points along the second coordinate
    #[arg(long)]
    ny: usize,
    /// Members
    #[arg(long)]
    members: usize,
    /// Threads of a rank
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Analyses, of which the quickest counts
    #[arg(long, default_value_t = 1)]
    repeats: usize,
    /// Members run on this many groups of ranks; without it the state is laid out by columns from the start
    #[arg(long)]
    groups: Option<usize>,
}

impl Arguments {
    fn run(&self, ranks: &dyn Communicator) -> Result<(), String> {
        let run = Run {
            size: [self.nx, self.ny, self.members],
            threads: self.threads,
            repeats: self.repeats,
            groups: self.groups,
        };
        let outcome = on_rank(&run, ranks).map_err(|e| e.to_string())?;
        if ranks.rank() == 0 {
            println!("{}", serde_json::to_string(&outcome).map_err(|e| e.to_string())?);
        }
        Ok(())
    }
}

#[cfg(feature = "mpi")]
fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let launched = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"].iter().any(|name| std::env::var_os(name).is_some());
    if !launched {
        return ended(arguments.run(&Alone));
    }
    let job = match reterra_parallel::mpi::Job::start() {
        Ok(job) => job,
        Err(e) => return ended(Err(e.to_string())),
    };
    // A rank that gives up must take the others with it.
    arguments.run(&job).map_or_else(|message| job.end_all(&message, 1), |()| ExitCode::SUCCESS)
}

#[cfg(not(feature = "mpi"))]
fn main() -> ExitCode {
    ended(Arguments::parse().run(&Alone))
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
