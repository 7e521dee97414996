//! Which observations may change which part of a state, and by how much.
//!
//! A [`Locality`] says how weights fall with distance, between kinds of variables and with depth; no local analysis can
//! be built without one. [`ObservationSet`] holds observations in spatial order. [`pairs()`] gives the same
//! weights as lists, for filters that localise covariances or take domains; [`adaptive`] weighs by sample correlation.

pub mod adaptive;
pub mod index;
pub mod locality;
pub mod metric;
pub mod observations;
pub mod pairs;
pub mod taper;

pub use locality::{Locality, Slice, Vertical};
pub use metric::{Metric, Place};
pub use observations::{Network, ObservationSet};
pub use pairs::{Site, covariance_taper, domains, pairs};
pub use taper::{Taper, gaspari_cohn};

use crate::AssimilationError;

/// Refuses what is not a positive finite number.
pub(crate) fn require_positive(option: &'static str, value: f64) -> Result<(), AssimilationError> {
    if value > 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(AssimilationError::Option { option, value, range: "(0, infinity)" })
}
