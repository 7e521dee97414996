//! What learnt parts share, over candle: differentiable operations.
//!
//! Everything runs on the CPU, and on a GPU with the cargo feature `cuda`. Results don't depend on the number of threads:
//! sums run in an order that shapes alone fix.

#[cfg(test)]
mod check;
pub mod error;
mod float;
pub mod ops;

pub use error::NnError;
