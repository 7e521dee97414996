//! Evapotranspiration of a day: transpiration by Penman–Monteith with Medlyn's conductance, evaporation of
//! intercepted water, of bare soil, and sublimation.
//!
//! Monteith (1965); soil surface resistance grows with dryness. Monthly station forcing has no wind: the
//! aerodynamic conductance is that of the canopy height at 2.5 m s⁻¹.

use crate::constants::{AIR_HEAT, DAY, DRY_AIR, FREEZING, GAS, LATENT_VAPOUR};
use crate::energy::radiation::{saturation_slope, saturation_vapour_pressure};

/// Von Kármán's constant and the assumed wind above the canopy, m s⁻¹.
const KARMAN: f64 = 0.41;
const WIND: f64 = 2.5;
/// Height of that wind above the canopy, m.
const WIND_HEIGHT: f64 = 4.0;
/// Interception capacity per leaf area for a day's several showers, mm.
pub const INTERCEPTION: f64 = 0.3;
/// Extinction of net radiation in the canopy.
const NET_EXTINCTION: f64 = 0.6;

/// Aerodynamic conductance over a canopy of a height in metres, m s⁻¹ (log law, z₀ = 0.1 h, d = 0.67 h).
#[must_use]
pub fn aerodynamic_conductance(height: f64) -> f64 {
    let z0 = 0.1 * height;
    let momentum = ((height * 0.33 + WIND_HEIGHT) / z0).ln();
    KARMAN * KARMAN * WIND / (momentum * (momentum + 2.0))
}

/// Air of a day.
#[derive(Clone, Copy, Debug)]
pub struct Air {
    /// Temperature, K.
    pub temperature: f64,
    /// Vapour pressure deficit, Pa.
    pub vpd: f64,
    /// Pressure, Pa.
    pub pressure: f64,
    /// Aerodynamic conductance, m s⁻¹.
    pub aerodynamic: f64,
}

/// Penman–Monteith with what doesn't change from surface to surface worked out once.
#[derive(Clone, Copy, Debug)]
pub struct PenmanMonteith {
    slope: f64,
    psychrometric: f64,
    drying: f64,
    aerodynamic: f64,
}

impl PenmanMonteith {
    /// For a day's air.
    #[must_use]
    pub fn new(air: &Air) -> Self {
        let celsius = air.temperature - FREEZING;
        let slope = saturation_slope(celsius, saturation_vapour_pressure(celsius));
        let density = air.pressure / (DRY_AIR * air.temperature);
        Self {
            slope,
            psychrometric: AIR_HEAT * air.pressure / (0.622 * LATENT_VAPOUR),
            drying: density * AIR_HEAT * air.vpd * air.aerodynamic,
            aerodynamic: air.aerodynamic,
        }
    }

    /// Evaporation, mm d⁻¹, of a surface with net radiation (W m⁻²), its share of the drying power of the air,
    /// and a surface resistance, s m⁻¹. Never negative: dew is left out.
    #[must_use]
    pub fn evaporation(&self, net: f64, share: f64, resistance: f64) -> f64 {
        let denominator = self.slope + self.psychrometric * (1.0 + self.aerodynamic * resistance);
        ((self.slope * net + self.drying * share) / denominator).max(0.0) * DAY / LATENT_VAPOUR
    }
}

/// Share of net radiation that the canopy keeps.
#[must_use]
pub fn canopy_share(lai: f64) -> f64 {
    1.0 - (-NET_EXTINCTION * lai).exp()
}

/// Canopy resistance, s m⁻¹, of a conductance in mol m⁻² s⁻¹.
#[must_use]
pub fn resistance_of(conductance: f64, temperature: f64, pressure: f64) -> f64 {
    1.0 / (conductance * GAS * temperature / pressure).max(1e-6)
}

/// Resistance of the soil surface, s m⁻¹, at a saturation of its top layer.
#[must_use]
pub fn surface_resistance(soil_resistance: f64, saturation: f64) -> f64 {
    let dryness = 0.5 / saturation.max(0.02);
    soil_resistance * dryness * dryness
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reference_evapotranspiration_of_fao56() {
        // FAO-56 reference crop: rs 70 s/m, ra 208/u2. Example 18 (Uccle, 6 July): 3.9 mm/d with Rn - G
        // 13.28 MJ m-2 d-1, T 16.9 °C, es - ea 0.589 kPa, u2 2.078 m/s, P 100.1 kPa.
        let air = Air { temperature: 290.05, vpd: 589.0, pressure: 100_100.0, aerodynamic: 2.078 / 208.0 };
        let et = PenmanMonteith::new(&air).evaporation(13.28e6 / DAY, 1.0, 70.0);
        assert!((et - 3.88).abs() < 0.1, "{et}");
    }

    #[test]
    fn forests_couple_better_than_grass() {
        assert!(aerodynamic_conductance(20.0) > 2.0 * aerodynamic_conductance(0.3));
    }

    #[test]
    fn a_dry_surface_resists() {
        assert!(surface_resistance(300.0, 0.1) > 20.0 * surface_resistance(300.0, 0.5));
    }
}
