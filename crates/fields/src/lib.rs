//! Calendars, stations, grids, coasts, named fields with units, and ensembles: the shapes that carry data between crates.
//!
//! Nothing here reads or writes files; units are named, never converted.

pub mod calendar;
pub mod coast;
pub mod ensemble;
mod error;
pub mod field;
pub mod grid;
pub mod station;

pub use calendar::{Calendar, Date, Month, MonthAxis};
pub use ensemble::Ensemble;
pub use error::FieldError;
pub use field::Field;
pub use grid::{Cell, RotatedGrid, RotatedPole, Window};
pub use station::{Igbp, SoilTexture, Station};
