//! Observation operators as data: which quantity, of what area, over which steps.
//!
//! A model shows the values of a step through [`Shown`]; an [`Accumulator`] takes them as the run goes on and gives what an
//! observation sees when its window ends. So an observation of eight days or of a year is assimilated at its window's end,
//! with a mean over the very steps that were observed, and nothing of the past is kept but a sum.

mod accumulator;
mod cosmic_ray;
mod layers;
mod period;
mod quantity;
#[cfg(test)]
mod tests;

pub use accumulator::{Accumulator, Due, Predicted, Record};
pub use cosmic_ray::CosmicRay;
pub use layers::Layers;
pub use period::{Axis, Period};
pub use quantity::{Field, Quantity, Sensing, Shown, Support};
