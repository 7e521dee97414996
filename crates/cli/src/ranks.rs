//! The ranks of a command: this process alone, or those of an MPI job.

use reterra_parallel::{Alone, Communicator};

use crate::Failure;

/// What launchers tell processes of a job.
const LAUNCHED: [&str; 2] = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"];

/// Processes of the job, where there is one.
fn launched() -> Option<usize> {
    LAUNCHED.iter().find_map(|name| std::env::var(name).ok()?.parse().ok())
}

/// Does work on the ranks of this job; where it fails on one of them, all end.
#[cfg(feature = "mpi")]
pub fn on_ranks(work: impl FnOnce(&dyn Communicator) -> Result<(), Failure>) -> Result<(), Failure> {
    if launched().is_none() {
        return work(&Alone);
    }
    let job = reterra_parallel::mpi::Job::start().map_err(reterra_workflow::WorkflowError::from)?;
    work(&job).or_else(|failure| {
        let code = failure.exit_code();
        failure.report();
        // The others would wait for this one.
        job.end_all("this rank ends the job, see above", i32::from(code))
    })
}

/// Does work in this process; one of several would only be in the others' way.
#[cfg(not(feature = "mpi"))]
pub fn on_ranks(work: impl FnOnce(&dyn Communicator) -> Result<(), Failure>) -> Result<(), Failure> {
    match launched() {
        Some(ranks) if ranks > 1 => Err(Failure::WithoutMpi { ranks }),
        _ => work(&Alone),
    }
}
