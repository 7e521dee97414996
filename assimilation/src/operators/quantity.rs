//! What is observed, and of what area.

use serde::{Deserialize, Serialize};

use super::cosmic_ray::CosmicRay;
use super::layers::Layers;
use crate::AssimilationError;
use crate::observation::Variable;

/// What an observation is of.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Quantity {
    /// A variable of the whole column, in its unit.
    Column(Variable),
    /// Soil organic carbon above a depth, gC m⁻².
    SoilCarbon {
        /// The depth, m.
        depth: f64,
    },
    /// Volume of liquid water, m³ m⁻³.
    SoilMoisture(Sensing),
}

/// Which soil an instrument senses.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Sensing {
    /// A depth, m: linear between the nodes of layers.
    At(f64),
    /// The mean between two depths.
    Between {
        /// Upper depth, m.
        top: f64,
        /// Lower depth, m.
        bottom: f64,
    },
    /// What a cosmic-ray neutron sensor sees.
    CosmicRay(CosmicRay),
}

/// The area that an observation stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Support {
    /// The mean of the cell.
    #[default]
    Cell,
    /// One of its tiles, from 0.
    Tile(usize),
}

/// A value that a model shows by layer, support and step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// A variable without layers, in its unit; its layer is 0.
    Column(Variable),
    /// Soil organic carbon of a layer, gC m⁻².
    SoilCarbon,
    /// Volume of liquid water in a layer, m³ m⁻³.
    SoilWater,
}

/// A column as a model shows it at a step.
pub trait Shown {
    /// The soil's layers above bedrock; none where it shows no soil.
    fn layers(&self) -> Option<&Layers> {
        None
    }

    /// A value; none where the model has no such field, layer or tile.
    fn value(&self, field: Field, layer: usize, support: Support) -> Option<f64>;
}

impl Quantity {
    /// Its name, for tables and diagnostics by kind of observation.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Quantity::Column(variable) => variable.name(),
            Quantity::SoilCarbon { .. } => "SOC",
            Quantity::SoilMoisture(_) => "soil moisture",
        }
    }

    /// The unit of its values.
    #[must_use]
    pub fn unit(&self) -> &'static str {
        match self {
            Quantity::Column(variable) => variable.unit(),
            Quantity::SoilCarbon { .. } => "gC m-2",
            Quantity::SoilMoisture(_) => "m3 m-3",
        }
    }

    /// The variable, where it is one.
    #[must_use]
    pub fn variable(&self) -> Option<Variable> {
        if let Quantity::Column(variable) = *self { Some(variable) } else { None }
    }

    /// The value of a step.
    ///
    /// # Errors
    /// `Unobservable` where the model has no such value, or a depth lies below the soil.
    pub fn observe(&self, column: &dyn Shown, support: Support) -> Result<f64, AssimilationError> {
        let value = match *self {
            Quantity::Column(variable) => column.value(Field::Column(variable), 0, support),
            Quantity::SoilCarbon { depth } => {
                of_soil(column, Field::SoilCarbon, support, |layers, profile| {
                    Some(weighted(&layers.above(depth), profile))
                })
            }
            Quantity::SoilMoisture(sensing) => {
                of_soil(column, Field::SoilWater, support, |layers, profile| sensing.of(layers, profile))
            }
        };
        value
            .ok_or(AssimilationError::Unobservable { quantity: self.name(), support: format!("{support:?}") })
    }
}

impl Sensing {
    /// What is seen of a profile; none where the soil doesn't reach the depth.
    #[must_use]
    pub fn of(&self, layers: &Layers, profile: &[f64]) -> Option<f64> {
        match *self {
            Sensing::At(depth) => Some(weighted(&layers.at(depth)?, profile)),
            Sensing::Between { top, bottom } => Some(weighted(&layers.between(top, bottom)?, profile)),
            Sensing::CosmicRay(sensor) => Some(sensor.mean(layers, profile)),
        }
    }
}

/// What is seen of the profile that a column shows; none where it shows no whole one.
fn of_soil(
    column: &dyn Shown,
    field: Field,
    support: Support,
    see: impl FnOnce(&Layers, &[f64]) -> Option<f64>,
) -> Option<f64> {
    let layers = column.layers()?;
    let profile: Vec<f64> =
        (0..layers.count()).map(|layer| column.value(field, layer, support)).collect::<Option<_>>()?;
    see(layers, &profile)
}

fn weighted(weights: &[f64], profile: &[f64]) -> f64 {
    weights.iter().zip(profile).map(|(w, x)| w * x).sum()
}
