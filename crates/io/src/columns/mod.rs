//! Structs along a column: one NetCDF variable for every number that the struct's definition holds.
//!
//! A value is walked through its `Serialize`; what it holds, whatever the struct gains or loses, becomes variables along
//! `column` and its lists and layers, and comes back bit for bit through `Deserialize`. So a restart file never lists
//! what a model's state consists of.
//!
//! | Rust | NetCDF |
//! |---|---|
//! | `f64` | `double`; what isn't finite is refused |
//! | arrays of numbers | further dimensions, all columns alike |
//! | integers, booleans | `int64`, `byte` |
//! | `Vec` of structs | a dimension of its own, as long as the longest; a variable counts each column's entries |
//! | enum with data | variables of every variant that occurs; those of other variants are missing |
//! | enum without data | a code with `flag_meanings` |
//!
//! The attribute `path` of a variable says where in the struct it belongs.

mod read;
mod table;
#[cfg(test)]
mod tests;
mod write;

pub use read::read_columns;
pub use table::Misfit;
pub use write::{Layout, write_columns};

/// The dimension of columns.
pub const COLUMN: &str = "column";
/// The attribute that says where in the struct a variable belongs.
const PATH: &str = "path";
/// The attribute of variables that count entries.
const ROLE: &str = "role";
const COUNTS: &str = "number of entries";
