//! The HTML report and its figures.

pub mod input;
