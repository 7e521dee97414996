//! Tries ranks out: `mpirun -n 4 reterra-ranks` prints what went wrong between them, or nothing.
//!
//! `reterra-ranks panic` lets rank 1 panic while the others wait for it, `reterra-ranks error` lets it give up,
//! `reterra-ranks attempt` lets it catch its own panic, and `reterra-ranks forever` goes on until a rank is killed.

use std::io::Write as _;

use reterra_parallel::mpi::{Job, attempt};
use reterra_parallel::{Communicator, ParallelError, Parts};

fn main() -> Result<(), ParallelError> {
    let job = Job::start()?;
    match std::env::args().nth(1).as_deref() {
        Some("panic") if job.rank() == 1 => panic!("asked for"),
        Some("error") if job.rank() == 1 => job.end_all("asked to give up", 3),
        Some("attempt") if job.rank() == 1 => {
            let outcome = attempt(|| panic!("asked for and caught"));
            assert!(outcome.is_err(), "a panic is caught");
        }
        Some("forever") => forever(&job)?,
        _ => {}
    }
    check_exchange(&job)?;
    check_sum(&job)?;
    job.wait()
}

/// Says which process this rank is, then exchanges without end.
fn forever(job: &Job) -> Result<(), ParallelError> {
    println!("rank {} is process {}", job.rank(), std::process::id());
    // The launcher passes lines on as they come; a full pipe at its end is not this program's affair.
    let _ = std::io::stdout().flush();
    loop {
        check_exchange(job)?;
    }
}

/// Rank `from` sends `from + 2 to` numbers to rank `to`.
fn part(from: usize, to: usize) -> Vec<f64> {
    (0..from + 2 * to).map(|k| (10_000 * from + 100 * to + k) as f64).collect()
}

fn check_exchange(job: &Job) -> Result<(), ParallelError> {
    let own: Vec<_> = (0..job.size()).map(|to| part(job.rank(), to)).collect();
    let received = job.exchange(Parts::from_parts(&own))?;
    for from in 0..job.size() {
        assert_eq!(received.of(from), part(from, job.rank()), "from {from} to {}", job.rank());
    }
    Ok(())
}

fn check_sum(job: &Job) -> Result<(), ParallelError> {
    let expected: f64 = (0..job.size()).map(|rank| 0.1 * rank as f64).sum();
    let sum = job.sum(0.1 * job.rank() as f64)?;
    assert_eq!(sum.to_bits(), expected.to_bits(), "a sum adds in the order of ranks");
    Ok(())
}
