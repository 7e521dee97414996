//! What learnt parts share, over candle: differentiable operations, blocks of networks over a grid with depth, and a
//! training loop.
//!
//! Everything runs on the CPU, and on a GPU with the cargo feature `cuda`. Results don't depend on the number of threads:
//! sums run in an order that shapes alone fix, and random numbers are named by seed, step and sample.

pub mod blocks;
#[cfg(test)]
mod check;
pub mod error;
mod float;
pub mod ops;
pub mod parameters;
pub mod training;
pub mod windows;

pub use error::NnError;
pub use parameters::{Parameters, Scope};
pub use windows::{Edge, Grid, Offset, Tiling, Windows};
