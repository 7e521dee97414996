//! The soil that a cosmic-ray neutron sensor sees.
//!
//! Schrön et al. 2017 (doi:10.5194/hess-21-5009-2017, equation 2 and table A1; the fit is that of Köhli et al. 2015,
//! doi:10.1002/2015WR017169, equation 8): a depth d counts as exp(-2 d / D₈₆), where D₈₆, the depth from above which 86 %
//! of the neutrons come, is less in wet and dense soil:
//!
//! ```text
//! D₈₆ = (8.321 + 0.14249 (0.96655 + exp(-0.01 r)) (20 + θ) / (0.0429 + θ)) / ρ      cm
//! ```
//!
//! with r the distance from the sensor in m, ρ the bulk density in g cm⁻³ and θ all water of the soil, bound water
//! included, m³ m⁻³. The depth depends on the mean that is wanted, so both are found in turn.

use serde::{Deserialize, Serialize};

use super::layers::Layers;
use crate::AssimilationError;

/// Table A1 of Schrön et al. 2017: p₀ to p₅.
const P: [f64; 6] = [8.321, 0.142_49, 0.966_55, 0.01, 20.0, 0.0429];
/// Centimetres in a metre.
const CENTIMETRES: f64 = 100.0;
/// Change of the mean at which mean and depth agree, m³ m⁻³.
const AGREED: f64 = 1e-12;
/// Most turns; a dozen are enough where the profile is not extreme.
const TURNS: usize = 100;

/// A sensor above a soil.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CosmicRay {
    bulk_density: f64,
    bound_water: f64,
    distance: f64,
}

impl CosmicRay {
    /// A sensor over soil with a dry bulk density, g cm⁻³, and water bound in minerals and organic matter as a share of
    /// the dry soil's mass. `distance` of that soil from the sensor, m, is rescaled to sea-level pressure and bare ground;
    /// 0 is below the sensor, where it sees deepest.
    ///
    /// # Errors
    /// `Option` for a density outside (0, 3], bound water outside [0, 1) or a negative distance.
    pub fn new(bulk_density: f64, bound_water: f64, distance: f64) -> Result<Self, AssimilationError> {
        let options = [
            ("bulk density", bulk_density, bulk_density > 0.0 && bulk_density <= 3.0, "(0, 3] g cm-3"),
            ("bound water", bound_water, (0.0..1.0).contains(&bound_water), "[0, 1)"),
            ("distance", distance, distance >= 0.0 && distance.is_finite(), "[0, infinity)"),
        ];
        match options.into_iter().find(|(.., good, _)| !good) {
            Some((option, value, _, range)) => Err(AssimilationError::Option { option, value, range }),
            None => Ok(Self { bulk_density, bound_water, distance }),
        }
    }

    /// Depth from above which 86 % of the neutrons come, m, in soil with mean water content `water`, m³ m⁻³.
    #[must_use]
    pub fn penetration(&self, water: f64) -> f64 {
        let hydrogen = water + self.bound_water * self.bulk_density;
        let near = P[2] + (-P[3] * self.distance).exp();
        (P[0] + P[1] * near * (P[4] + hydrogen) / (P[5] + hydrogen)) / (self.bulk_density * CENTIMETRES)
    }

    /// Weights of the layers for a mean water content; they sum to 1.
    #[must_use]
    pub fn weights(&self, layers: &Layers, water: f64) -> Vec<f64> {
        let depth = self.penetration(water);
        let left = |z: f64| (-2.0 * z / depth).exp();
        let all = 1.0 - left(layers.bottom());
        let weight = |layer| {
            let (top, bottom) = layers.extent(layer);
            (left(top) - left(bottom)) / all
        };
        (0..layers.count()).map(weight).collect()
    }

    /// The water content that the sensor sees of a profile, m³ m⁻³ by layer.
    #[must_use]
    pub fn mean(&self, layers: &Layers, profile: &[f64]) -> f64 {
        let mut mean = profile.first().copied().unwrap_or_default();
        for _ in 0..TURNS {
            let weights = self.weights(layers, mean);
            let next = weights.iter().zip(profile).map(|(w, water)| w * water).sum::<f64>();
            let change = (next - mean).abs();
            mean = next;
            if change < AGREED {
                break;
            }
        }
        mean
    }
}
