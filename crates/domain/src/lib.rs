//! Gridded domains of land columns.
//!
//! [`SyntheticEurope`] gives every cell of a rotated-pole grid over Europe a surface and a climate by the procedure that
//! its modules document. **It is not Europe**: coast and mountains stand about where Europe's do, climate follows
//! latitude, height and distance from the sea, and everything else is correlated noise. It is there to run the model over
//! as many and as varied columns as a continent has, at any resolution, without a single input file.
//!
//! A cell's values depend on its place in the whole grid and on the seed, never on which other cells are computed.

mod cell;
mod climate;
mod deposition;
mod noise;
mod outline;
mod relief;
mod soil;
#[cfg(test)]
mod tests;
mod vegetation;
mod weather;

pub use cell::{LandCell, Surface, SyntheticEurope};
pub use climate::{MONTHS, Normals};
