//! The HTML report of a reanalysis, and its figures.
//!
//! A finished run fills in a [`input::ReportInput`]; [`render`] turns it into one HTML file that needs nothing
//! beside it, reads without scripts, prints, and has a light and a dark face. [`figures`] draws single figures as
//! SVG files. [`campaign`] shows a sampled posterior. Rendering is pure: the same input gives the same bytes.

mod agreement;
mod axes;
pub mod campaign;
mod check;
mod closure;
mod equilibrium;
mod error;
mod figure;
pub mod figures;
mod inflation;
pub mod input;
mod inversion;
mod map;
mod marker;
mod number;
mod page;
mod parameters;
mod range;
mod scale;
mod seasonal;
mod series;
mod skill;
mod spinup;
mod station;
mod summary;
mod svg;

pub use error::ReportError;
pub use page::render;
