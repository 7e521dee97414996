//! Snow as one store: partition of precipitation, degree-day melt.
//!
//! Partition as in CLM5 (all snow at 0 °C and below, all rain at 2 °C, linear between); melt by degree-days
//! (Hock 2003, doi:10.1016/S0022-1694(03)00257-9), its factor growing with day length.

use crate::constants::FREEZING;

/// Degree-day factor in winter and its growth to midsummer, mm K⁻¹ d⁻¹.
const MELT_FACTOR: f64 = 2.0;
const MELT_FACTOR_SUMMER: f64 = 3.5;
/// Snow that hides half of the ground, mm.
const HALF_COVER: f64 = 15.0;

/// Share of precipitation that falls as snow at an air temperature, K.
#[must_use]
pub fn snow_share(kelvin: f64) -> f64 {
    (1.0 - (kelvin - FREEZING) / 2.0).clamp(0.0, 1.0)
}

/// Melt of a day, mm, from a store (mm), the air temperature (K) and the day length as a share of the day.
#[must_use]
pub fn melt(snow: f64, kelvin: f64, day_share: f64) -> f64 {
    let factor = MELT_FACTOR + MELT_FACTOR_SUMMER * (day_share - 0.33).clamp(0.0, 0.67);
    (factor * (kelvin - FREEZING).max(0.0)).min(snow)
}

/// Share of the ground covered.
#[must_use]
pub fn cover(snow: f64) -> f64 {
    snow / (snow + HALF_COVER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partition_is_clms() {
        assert!((snow_share(272.0) - 1.0).abs() < 1e-12);
        assert!((snow_share(274.15) - 0.5).abs() < 1e-12);
        assert!(snow_share(276.0).abs() < 1e-12);
    }

    #[test]
    fn melt_never_exceeds_the_store_and_needs_warmth() {
        assert!((melt(1.0, 290.0, 0.6) - 1.0).abs() < 1e-12);
        assert!(melt(100.0, 273.15, 0.6).abs() < 1e-12);
        // Published degree-day factors for snow: 2.5 to 5.5 mm/K/d (Hock 2003).
        let april = melt(500.0, 274.15, 0.55);
        assert!((2.5..5.5).contains(&april), "{april}");
    }
}
