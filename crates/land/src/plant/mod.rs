//! Plants: types, photosynthesis, phenology, respiration, allocation and turnover.

pub mod allocation;
pub mod canopy;
#[cfg(test)]
mod fixtures;
pub mod nitrogen_cost;
pub mod pft;
pub mod phenology;
pub mod photosynthesis;
pub mod respiration;
pub mod state;
pub mod stoichiometry;
pub mod turnover;
