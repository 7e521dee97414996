//! Radiation, and heat in soil and snow.

pub mod radiation;
pub mod soil_temperature;
pub mod solar;
