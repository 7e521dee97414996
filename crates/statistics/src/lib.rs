//! Priors and their unconstrained transforms, counter-based random streams, designs of parameters, scores, and tails of
//! distributions.
//!
//! Everything here is a plain function or a small value of its own: no grid, no file, no thread.

pub mod design;
pub mod normal;
pub mod prior;
pub mod random;
pub mod scores;
pub mod tail;

pub use prior::{Bounds, Prior, PriorError};
pub use random::{Stage, Stream, StreamKey};
