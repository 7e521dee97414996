//! The state of a land column as rows of numbers: which variable, layer and tile each row is, and how values that have
//! bounds become values that an analysis may add to.
//!
//! ```text
//! member's pools ─► rows, physical ─► Layout::forward ─► analysis ─► Layout::back ─► rows, within bounds
//! ```

mod layout;
mod map;
mod rank;
#[cfg(test)]
mod tests;

pub use layout::{Block, Layout, Mapped};
pub use map::Map;
