//! Ranks, and what they tell each other.
//!
//! One trait, [`Communicator`], with three kinds of ranks behind it: [`Alone`] (one process), [`threads`] (ranks of one
//! process, for tests and small machines) and `mpi` (processes of an MPI job; cargo feature `mpi`). Numbers travel as
//! they are, so a result has the same bits on any number of ranks if what each rank computes has.

pub mod attempt;
pub mod blocks;
mod communicator;
pub mod error;
#[cfg(feature = "mpi")]
pub mod mpi;
pub mod threads;

pub use attempt::attempt;
pub use blocks::block;
pub use communicator::{Alone, Communicator, Parts};
pub use error::ParallelError;
