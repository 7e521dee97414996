//! Evapotranspiration of a day: transpiration by Penman–Monteith with Medlyn's conductance, evaporation of
//! intercepted water, of bare soil, and sublimation.
//!
//! Monteith (1965); soil surface resistance grows with dryness. Monthly station forcing has no wind: the
//! aerodynamic conductance is that of the canopy height at the site's mean wind.

use crate::constants::{AIR_HEAT, DAY, DRY_AIR, FREEZING, GAS, LATENT_VAPOUR};
use crate::energy::radiation::{saturation_slope, saturation_vapour_pressure};
use crate::lanes::Real;

/// Von Kármán's constant.
const KARMAN: f64 = 0.41;
/// Mean wind above the canopy by calendar month where none is known, m s⁻¹.
pub const USUAL_WIND: [f64; 12] = [2.5; 12];
/// Height of that wind above the canopy, m.
const WIND_HEIGHT: f64 = 4.0;
/// Interception capacity per leaf area for a day's several showers, mm.
pub const INTERCEPTION: f64 = 0.3;
/// Extinction of net radiation in the canopy.
const NET_EXTINCTION: f64 = 0.6;

/// Aerodynamic conductance over a canopy of a height in metres, m s⁻¹ (log law, z₀ = 0.1 h, d = 0.67 h), in a wind,
/// m s⁻¹, 4 m above it.
#[must_use]
pub fn aerodynamic_conductance(height: f64, wind: f64) -> f64 {
    let momentum = momentum_profile(height);
    KARMAN * KARMAN * wind / (momentum * (momentum + 2.0))
}

/// Friction velocity over the same canopy, m s⁻¹.
#[must_use]
pub fn friction_velocity(height: f64, wind: f64) -> f64 {
    KARMAN * wind / momentum_profile(height)
}

/// ln((z − d) / z₀).
fn momentum_profile(height: f64) -> f64 {
    let z0 = 0.1 * height;
    ((height * 0.33 + WIND_HEIGHT) / z0).ln()
}

/// Air of a day.
#[derive(Clone, Copy, Debug)]
pub struct Air<T: Real = f64> {
    /// Temperature, K.
    pub temperature: T,
    /// Vapour pressure deficit, Pa.
    pub vpd: T,
    /// Pressure, Pa.
    pub pressure: T,
    /// Aerodynamic conductance, m s⁻¹.
    pub aerodynamic: T,
}

/// Penman–Monteith with what doesn't change from surface to surface worked out once.
#[derive(Clone, Copy, Debug)]
pub struct PenmanMonteith<T: Real = f64> {
    slope: T,
    psychrometric: T,
    drying: T,
    aerodynamic: T,
}

impl<T: Real> PenmanMonteith<T> {
    /// For a day's air.
    #[must_use]
    pub fn new(air: &Air<T>) -> Self {
        let celsius = air.temperature - FREEZING;
        let slope = saturation_slope(celsius, saturation_vapour_pressure(celsius));
        let density = air.pressure / (air.temperature * DRY_AIR);
        Self {
            slope,
            psychrometric: air.pressure * AIR_HEAT / (0.622 * LATENT_VAPOUR),
            drying: density * AIR_HEAT * air.vpd * air.aerodynamic,
            aerodynamic: air.aerodynamic,
        }
    }

    /// Evaporation, mm d⁻¹, of a surface with net radiation (W m⁻²), its share of the drying power of the air,
    /// and a surface resistance, s m⁻¹. Never negative: dew is left out.
    #[must_use]
    pub fn evaporation(&self, net: T, share: T, resistance: T) -> T {
        let denominator = self.slope + self.psychrometric * (self.aerodynamic * resistance + 1.0);
        ((self.slope * net + self.drying * share) / denominator).max(0.0) * DAY / LATENT_VAPOUR
    }
}

/// Share of net radiation that the canopy keeps.
#[must_use]
pub fn canopy_share<T: Real>(lai: T) -> T {
    T::of(1.0) - (lai * -NET_EXTINCTION).exp()
}

/// Canopy resistance, s m⁻¹, of a conductance in mol m⁻² s⁻¹.
#[must_use]
pub fn resistance_of<T: Real>(conductance: T, temperature: T, pressure: T) -> T {
    T::of(1.0) / (conductance * GAS * temperature / pressure).max(1e-6)
}

/// Resistance of the soil surface, s m⁻¹, at a saturation of its top layer.
#[must_use]
pub fn surface_resistance<T: Real>(soil_resistance: T, saturation: T) -> T {
    let dryness = T::of(0.5) / saturation.max(0.02);
    soil_resistance * dryness * dryness
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::Lanes;
    use crate::water::fixtures::assert_alike;

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
        assert!(aerodynamic_conductance(20.0, 2.5) > 2.0 * aerodynamic_conductance(0.3, 2.5));
    }

    #[test]
    fn a_dry_surface_resists() {
        assert!(surface_resistance(300.0, 0.1) > 20.0 * surface_resistance(300.0, 0.5));
    }

    #[test]
    fn a_batch_gives_what_each_column_gives_alone() {
        let (temperature, vpd) = ([250.0, 280.0, 291.0, 310.0], [5.0, 0.0, 900.0, 4_000.0]);
        let (net, lai) = ([0.0, -40.0, 150.0, 260.0], [0.0, 0.7, 3.0, 8.0]);
        let (conductance, saturation) = ([0.0, 1e-9, 0.2, 0.6], [0.01, 0.1, 0.6, 1.0]);
        let batch = |values: [f64; 4]| Lanes::from(values);
        let air = |k: usize| Air {
            temperature: temperature[k],
            vpd: vpd[k],
            pressure: 90_000.0 + 3_000.0 * k as f64,
            aerodynamic: 0.02 + 0.01 * k as f64,
        };
        let demand = PenmanMonteith::new(&Air {
            temperature: batch(temperature),
            vpd: batch(vpd),
            pressure: <Lanes as Real>::from_lanes(|k| air(k).pressure),
            aerodynamic: <Lanes as Real>::from_lanes(|k| air(k).aerodynamic),
        });
        let share = canopy_share(batch(lai));
        assert_alike(share, |k| canopy_share(lai[k]));
        let resistance = resistance_of(batch(conductance), batch(temperature), Lanes::from(95_000.0));
        let alone = |k: usize| resistance_of(conductance[k], temperature[k], 95_000.0);
        assert_alike(resistance, alone);
        assert_alike(surface_resistance(Lanes::from(300.0), batch(saturation)), |k| {
            surface_resistance(300.0, saturation[k])
        });
        assert_alike(demand.evaporation(batch(net), share, resistance), |k| {
            PenmanMonteith::new(&air(k)).evaporation(net[k], canopy_share(lai[k]), alone(k))
        });
    }
}
