//! Where ensemble assimilation meets the land model: its state as rows, what an update does to it, what observations see
//! of it, and members on their way through time.

pub mod daily;
pub mod land;
pub mod members;
mod shown;

pub use land::Added;
pub use shown::{OfDay, OfMonth, soil_layers};
