//! Methods as they run through the cycles of an experiment.

mod baseline;
mod enks;
mod ensemble;
mod envar;
mod particles;
mod ring;
mod window;

pub use baseline::{Climatology, Interpolation, StaticVariational};
pub use enks::LaggedSmoother;
pub use ensemble::{EnsembleFilter, Reach, Rotation, Treatment};
pub use envar::EnsembleVariational;
pub use particles::Particles;
pub use ring::Ring;
pub use window::{Iteration, IterativeSmoother};
