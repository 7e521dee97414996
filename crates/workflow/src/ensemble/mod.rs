//! Where ensemble assimilation meets the land model: its state as rows, and what an update does to it.

pub mod land;

pub use land::Added;
