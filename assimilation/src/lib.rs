//! Ensemble inversion of parameters and ensemble filtering of states.
//!
//! Notation: `E` ensemble, members are rows (N × n); `A` its anomalies; `Y` observed anomalies (N × m);
//! `d` innovation; `R` observation error variances; `T` transform (N × N); `u` unconstrained parameters.
//! The crate knows models by a trait ([`model::ForwardMap`]) and by arrays only. No result depends on the
//! number of threads: sums run in a fixed order and random numbers come from keyed streams.

#![allow(
    clippy::needless_pass_by_value,
    reason = "array views are handles, passed by value as ndarray itself does"
)]

pub mod acceptance;
pub mod analysis;
pub mod calibration;
pub mod ces;
pub mod diagnostics;
pub mod distributed;
pub mod ensemble;
pub mod error;
pub mod etkf;
pub mod filters;
pub mod inflation;
pub mod letkf;
pub mod linear_algebra;
pub mod localisation;
pub mod model;
pub mod noise;
pub mod observation;
pub mod operators;
pub mod quality;
pub mod regression;
pub mod rotation;
pub mod sampling;
pub mod smoother;
pub mod smoothers;
pub mod state;
pub mod stop;
pub mod taper;
mod transform;
pub mod twin;
pub mod variational;

pub use calibration::etki::{self, Etki, EtkiOptions, Step, invert};
pub use ensemble::prior_ensemble;
pub use error::{AssimilationError, BlockProblem};
pub use etkf::{Analysis, analyse, analyse_subset};

pub use inflation::Inflation;
pub use model::{ForwardMap, MemberFailure};
pub use noise::Noise;
pub use observation::Observation;
pub use smoother::FixedLag;
pub use stop::Stop;
