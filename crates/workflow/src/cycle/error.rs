//! What can stop a run of cycles.

use std::path::PathBuf;

use reterra_assimilation::AssimilationError;
use reterra_io::IoError;
use reterra_parallel::ParallelError;

/// An error that ends a run of cycles.
#[derive(Debug, thiserror::Error)]
pub enum CycleError {
    /// The filter, or what it was given.
    #[error(transparent)]
    Assimilation(#[from] AssimilationError),
    /// Ranks don't hear each other.
    #[error(transparent)]
    Parallel(#[from] ParallelError),
    /// A checkpoint can't be written or read.
    #[error(transparent)]
    File(#[from] IoError),
    /// Too many members of a column failed at once.
    #[error(
        "only {alive} of {members} members of column {column} survived {}; narrow the prior of its parameters, or \
         raise the members",
        month.map_or("the spin-up".to_owned(), |month| format!("month {month}"))
    )]
    TooFewMembers {
        /// Members left.
        alive: usize,
        /// Members N.
        members: usize,
        /// The column.
        column: usize,
        /// Month of the run; none in the spin-up.
        month: Option<usize>,
    },
    /// An observation that can't be.
    #[error("observation {number} (column {column}, kind {kind}, month {month}): {what}")]
    Observation {
        /// Its number.
        number: usize,
        /// Its column.
        column: usize,
        /// Its kind.
        kind: usize,
        /// Its month.
        month: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// A column that could be made before, and can't be made again.
    #[error("column {column} can't be made again: {what}; check that the model's input is as it was")]
    Column {
        /// The column.
        column: usize,
        /// Why.
        what: String,
    },
    /// What a rank has sent isn't what was expected.
    #[error("a message between ranks can't be read: {0}; let every rank run the same program")]
    Message(#[source] serde_json::Error),
    /// Checkpoints of something else.
    #[error(
        "the checkpoints in {} are of a run with another model, other options or other observations; give another \
         directory, or delete them",
        directory.display()
    )]
    OtherRun {
        /// The directory.
        directory: PathBuf,
    },
    /// A checkpoint that isn't what was written.
    #[error("{} is damaged: {what}; delete its folder to go on from the checkpoint before it", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A directory that can't be handled.
    #[error("cannot {action} {}: {source}", path.display())]
    Directory {
        /// What was tried.
        action: &'static str,
        /// The path.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}
