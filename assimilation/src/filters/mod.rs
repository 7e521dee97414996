//! Ensemble filters, one file each, behind the traits of [`crate::analysis`].

pub mod denkf;
pub mod enkf_n;
pub mod estkf;
pub mod etkf;
mod gain;
pub mod lnetf;
pub mod particle;
pub mod rank_histogram;
mod serial;
pub mod serial_eakf;
pub mod stochastic_enkf;

pub use denkf::DEnkf;
pub use enkf_n::EnkfN;
pub use estkf::Estkf;
pub use etkf::Etkf;
pub use lnetf::Lnetf;
pub use particle::ParticleFilter;
pub use rank_histogram::RankHistogramFilter;
pub use serial_eakf::SerialEakf;
pub use stochastic_enkf::StochasticEnkf;

#[cfg(test)]
mod tests;
