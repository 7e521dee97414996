//! Scores of models against observations: pairs, bands, ensembles and ILAMB's.
//!
//! Accumulators merge, so that a score over many stations is built from each station's part; merge them in a
//! fixed order and the result does not depend on who computed which part. Missing observations are left out
//! by the caller; a NaN given to a score shows up as NaN in it.

mod coverage;
mod crps;
pub mod ilamb;
mod pairwise;
mod quantile;

pub use coverage::Coverage;
pub use crps::{crps_ensemble, crps_fair};
pub use pairwise::Pairwise;
pub use quantile::quantile;
