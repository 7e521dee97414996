//! Ranks that are processes of an MPI job, by rsmpi over the system's MPI library.
//!
//! A rank that panics must not just unwind: `MPI_Finalize` would wait for the others, and they for what it never
//! sends. So a panic ends the whole job with its message; [`attempt`] marks work whose panics are caught.

use mpi::collective::CommunicatorCollectives as _;
use mpi::datatype::{Partition, PartitionMut};
use mpi::environment::Universe;
use mpi::topology::{Communicator as _, SimpleCommunicator};

pub use crate::attempt::attempt;
use crate::attempt::attempting;
use crate::{Communicator, ParallelError, Parts};

/// Exit code of a job that a panic has ended, which is Rust's own for a panic.
pub const PANICKED: i32 = 101;

/// This process in its job. MPI ends when it is dropped.
pub struct Job {
    world: SimpleCommunicator,
    _universe: Universe,
}

impl Job {
    /// Starts MPI. From now on a panic on any thread ends all ranks, after its message.
    ///
    /// # Errors
    /// `Started` where MPI has been started in this process before.
    pub fn start() -> Result<Self, ParallelError> {
        // Threads compute, one of them talks.
        let (universe, _) =
            mpi::initialize_with_threading(mpi::Threading::Funneled).ok_or(ParallelError::Started)?;
        let world = universe.world();
        end_all_on_panic(world.rank(), world.size());
        Ok(Self { world, _universe: universe })
    }

    /// Ends all ranks with a message and an exit code: for an error that this rank can't go on with.
    pub fn end_all(&self, message: &str, code: i32) -> ! {
        eprintln!("error on rank {} of {}: {message}", self.world.rank(), self.world.size());
        self.world.abort(code)
    }
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "rank {} of {}", self.world.rank(), self.world.size())
    }
}

fn end_all_on_panic(rank: i32, size: i32) {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        tell(panic);
        if !attempting() {
            eprintln!(
                "rank {rank} of {size} has panicked, see above; it ends the job, because the others would wait for it"
            );
            SimpleCommunicator::world().abort(PANICKED);
        }
    }));
}

impl Communicator for Job {
    fn rank(&self) -> usize {
        self.world.rank() as usize
    }

    fn size(&self) -> usize {
        self.world.size() as usize
    }

    fn exchange_counts(&self, counts: &[usize]) -> Result<Vec<usize>, ParallelError> {
        if counts.len() != self.size() {
            return Err(ParallelError::Parts { what: "counts", expected: self.size(), got: counts.len() });
        }
        let send: Vec<u64> = counts.iter().map(|count| *count as u64).collect();
        let mut receive = vec![0_u64; self.size()];
        self.world.all_to_all_into(&send[..], &mut receive[..]);
        Ok(receive.into_iter().map(|count| count as usize).collect())
    }

    fn exchange_round(&self, send: &Parts, receive: &mut Parts) -> Result<(), ParallelError> {
        send.check(self.size())?;
        receive.check(self.size())?;
        let (counts, starts) = layout(&send.counts)?;
        let (into_counts, into_starts) = layout(&receive.counts)?;
        let from = Partition::new(&send.numbers[..], counts, starts);
        let mut into = PartitionMut::new(&mut receive.numbers[..], into_counts, into_starts);
        self.world.all_to_all_varcount_into(&from, &mut into);
        Ok(())
    }
}

/// Counts and where they begin, as MPI counts.
fn layout(counts: &[usize]) -> Result<(Vec<i32>, Vec<i32>), ParallelError> {
    let total: usize = counts.iter().sum();
    let too_many = |_| {
        let what = "numbers of a round, at most";
        ParallelError::Parts { what, expected: i32::MAX as usize, got: total }
    };
    i32::try_from(total).map_err(too_many)?;
    let counts: Vec<i32> =
        counts.iter().map(|count| i32::try_from(*count).map_err(too_many)).collect::<Result<_, _>>()?;
    let starts = counts.iter().scan(0, |sum, count| Some(std::mem::replace(sum, *sum + count))).collect();
    Ok((counts, starts))
}
