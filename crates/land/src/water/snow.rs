//! Snow as one store: partition of precipitation, degree-day melt.
//!
//! Partition as in CLM5 (all snow at 0 °C and below, all rain at 2 °C, linear between); melt by degree-days
//! (Hock 2003, doi:10.1016/S0022-1694(03)00257-9), its factor growing with day length.

use crate::constants::FREEZING;
use crate::lanes::Real;

/// Degree-day factor in winter and its growth to midsummer, mm K⁻¹ d⁻¹.
const MELT_FACTOR: f64 = 2.0;
const MELT_FACTOR_SUMMER: f64 = 3.5;
/// Snow that hides half of the ground, mm.
const HALF_COVER: f64 = 15.0;

/// Share of precipitation that falls as snow at an air temperature, K.
#[must_use]
pub fn snow_share<T: Real>(kelvin: T) -> T {
    (T::of(1.0) - (kelvin - FREEZING) / 2.0).clamp(0.0, 1.0)
}

/// Melt of a day, mm, from a store (mm), the air temperature (K) and the day length as a share of the day.
#[must_use]
pub fn melt<T: Real>(snow: T, kelvin: T, day_share: T) -> T {
    let factor = (day_share - 0.33).clamp(0.0, 0.67) * MELT_FACTOR_SUMMER + MELT_FACTOR;
    (factor * (kelvin - FREEZING).max(0.0)).min(snow)
}

/// Share of the ground covered.
#[must_use]
pub fn cover<T: Real>(snow: T) -> T {
    snow / (snow + HALF_COVER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::Lanes;
    use crate::water::fixtures::assert_alike;

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

    #[test]
    fn a_batch_gives_what_each_column_gives_alone() {
        let (snow, kelvin) = ([0.0, 1.0, 300.0, 40.0], [270.0, 290.0, 274.0, 275.5]);
        let day = [0.0, 0.4, 0.66, 1.0];
        let batch = |values: [f64; 4]| Lanes::from(values);
        assert_alike(snow_share(batch(kelvin)), |k| snow_share(kelvin[k]));
        assert_alike(melt(batch(snow), batch(kelvin), batch(day)), |k| melt(snow[k], kelvin[k], day[k]));
        assert_alike(cover(batch(snow)), |k| cover(snow[k]));
    }
}
