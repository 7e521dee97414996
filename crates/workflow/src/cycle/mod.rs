//! Ensemble assimilation in time: many columns, many members, over ranks.
//!
//! ```text
//! smoother, if asked for    passes over the whole run find parameters, every pass from new spin-ups
//! members run a month       own members × own columns on each rank, batches of them on its threads
//!   who failed is replaced  by a donor of the same column, drawn by a stream of its own
//!   what they predict       monthly values; sums of windows that are still open are rows of the state
//! analysis                  one exchange to columns, local filter column by column, one exchange back
//!   states, parameters      moved; what the move adds in carbon, nitrogen and water is reported
//! checkpoint                each rank's members in one file; complete once rank 0 has written the marker
//! ```
//!
//! What a run computes has the same bits on any number of ranks and threads, killed and resumed or not: random numbers
//! are named by month, member and column, members run alone or in batches alike, and sums go by members in their order.

mod analysis;
mod checkpoint;
mod engine;
mod error;
mod failure;
mod forecast;
mod inflation;
pub mod land;

mod member;
mod model;
mod options;
mod quality;
mod report;
mod shared;
mod smoother;
mod start;
#[cfg(test)]
mod tests;
pub mod twin;

pub use engine::{Cycles, MemberOf};
pub use error::CycleError;
pub use inflation::Factors;
pub use member::{Lane, Member, Stored};
pub use model::{Model, Ran};
pub use options::{Checkpoints, Kind, Observed, Options, Sharing, Smoother};
pub use quality::Flagged;
pub use report::{Analysed, Balance, Failure, Report};
