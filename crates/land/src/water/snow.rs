//! Snow as one store: partition of precipitation, melt by temperature and radiation.
//!
//! Partition as in CLM5 (all snow at 0 °C and below, all rain at 2 °C, linear between); melt by an enhanced
//! temperature index (Pellicciotti et al. 2005, doi:10.3189/172756505781829124): a part by degree-days (Hock 2003,
//! doi:10.1016/S0022-1694(03)00257-9), a part by the short-wave radiation that snow absorbs.

use crate::constants::FREEZING;
use crate::lanes::Real;

/// Melt by temperature, mm K⁻¹ d⁻¹, and by absorbed radiation, mm d⁻¹ per W m⁻² (0.0094 mm h⁻¹).
const MELT_BY_TEMPERATURE: f64 = 2.0;
const MELT_BY_RADIATION: f64 = 0.2256;
/// Snow that hides half of the ground, mm.
const HALF_COVER: f64 = 15.0;

/// Share of precipitation that falls as snow at an air temperature, K.
#[must_use]
pub fn snow_share<T: Real>(kelvin: T) -> T {
    (T::of(1.0) - (kelvin - FREEZING) / 2.0).clamp(0.0, 1.0)
}

/// Melt of a day, mm, from a store (mm), the air temperature (K) and the short-wave radiation that the snow absorbs
/// (W m⁻²). Radiation melts where it is above 1 °C: in the afternoons of days whose mean is above −2 °C, in all
/// sunlit hours from 1 °C.
#[must_use]
pub fn melt<T: Real>(snow: T, kelvin: T, absorbed: T) -> T {
    let celsius = kelvin - FREEZING;
    let melting = ((celsius + 2.0) / 3.0).clamp(0.0, 1.0);
    (celsius.max(0.0) * MELT_BY_TEMPERATURE + melting * absorbed * MELT_BY_RADIATION).min(snow)
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
        assert!((melt(1.0, 290.0, 60.0) - 1.0).abs() < 1e-12);
        assert!(melt(100.0, 271.0, 60.0).abs() < 1e-12);
        // Degree-day factors of open snow in spring: 2.5 to 6 mm/K/d (Hock 2003); in the shade of a forest, less.
        let (open, forest) = (melt(500.0, 277.15, 0.35 * 160.0), melt(500.0, 277.15, 5.0));
        assert!(
            (2.5 * 4.0..6.0 * 4.0).contains(&open) && (2.0 * 4.0..3.0 * 4.0).contains(&forest),
            "{open} {forest}"
        );
    }

    #[test]
    fn a_batch_gives_what_each_column_gives_alone() {
        let (snow, kelvin) = ([0.0, 1.0, 300.0, 40.0], [270.0, 290.0, 274.0, 275.5]);
        let absorbed = [0.0, 12.0, 66.0, 3.0];
        let batch = |values: [f64; 4]| Lanes::from(values);
        assert_alike(snow_share(batch(kelvin)), |k| snow_share(kelvin[k]));
        assert_alike(melt(batch(snow), batch(kelvin), batch(absorbed)), |k| {
            melt(snow[k], kelvin[k], absorbed[k])
        });
        assert_alike(cover(batch(snow)), |k| cover(snow[k]));
    }
}
