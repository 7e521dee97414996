//! Where ensemble assimilation meets the land model: its state as rows, what an update does to it, and members on their
//! way through time.

pub mod land;
pub mod members;

pub use land::Added;
