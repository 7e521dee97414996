//! Diagnostics of an assimilation in observation space.
//!
//! [`Statistics`] take one analysis after the other: innovations, spread against skill, rank histograms, the continuous
//! ranked probability score, degrees of freedom for signal and the variances that departures show, each by kind of
//! observation. They are sums: they merge, serialise, and have the same bits whatever the number of threads where
//! parts are merged in a fixed order.

pub mod clustered;
pub mod dependent;
pub mod desroziers;
pub mod innovations;
pub mod ranks;
pub mod spread_skill;
pub mod statistics;

#[cfg(test)]
mod tests;

pub use clustered::Clustered;
pub use desroziers::{Departure, Desroziers, Estimate};
pub use innovations::Innovations;
pub use ranks::{Flatness, RankHistogram};
pub use spread_skill::{Bin, SpreadSkill};
pub use statistics::{KindStatistics, Seen, Statistics};
