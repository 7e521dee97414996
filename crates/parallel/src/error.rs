//! What can go wrong between ranks.

/// An error of ranks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParallelError {
    /// Parts for another number of ranks, or parts that don't fill their buffer.
    #[error("{what}: expected {expected}, got {got}; every rank needs one part, and parts follow each other")]
    Parts {
        /// Which number.
        what: &'static str,
        /// What was wanted.
        expected: usize,
        /// What came.
        got: usize,
    },
    /// Another rank has ended.
    #[error("rank {rank} hears nothing from rank {other}: it has ended; its own message says why")]
    Silent {
        /// Who listens.
        rank: usize,
        /// Who has ended.
        other: usize,
    },
    /// MPI can't be started.
    #[error(
        "MPI has been started or ended before in this process; start it once, first thing in the program"
    )]
    Started,
}
