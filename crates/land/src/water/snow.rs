//! What the air does to snow: partition of precipitation and melt.
//!
//! Partition as in CLM5 (all snow at 0 °C and below, all rain at 2 °C, linear between); melt by temperature and
//! absorbed radiation (Pellicciotti et al. 2005, doi:10.3189/172756505781829124).

use crate::constants::{DAY, FREEZING, LATENT_FUSION};
use crate::lanes::Real;

/// Melt by absorbed short-wave radiation, mm d⁻¹ per W m⁻² (that of the latent heat would be 0.259).
const MELT_BY_LIGHT: f64 = 0.2256;
/// Air temperatures, °C, between which light comes to melt snow.
const LIGHT_MELTS: [f64; 2] = [-2.0, 1.0];
/// Snow that hides half of the ground, mm.
const HALF_COVER: f64 = 15.0;

/// Share of precipitation that falls as snow at an air temperature, K.
#[must_use]
pub fn snow_share<T: Real>(kelvin: T) -> T {
    (T::of(1.0) - (kelvin - FREEZING) / 2.0).clamp(0.0, 1.0)
}

/// Melt that a day asks for, mm: air temperature, K, the air's conductance to sensible heat over snow, W m⁻² K⁻¹, and
/// short-wave radiation that snow absorbs, W m⁻².
#[must_use]
pub fn melt<T: Real>(kelvin: T, conductance: T, absorbed: T) -> T {
    let celsius = kelvin - FREEZING;
    let [none, all] = LIGHT_MELTS;
    let share = ((celsius - none) / (all - none)).clamp(0.0, 1.0);
    celsius.max(0.0) * conductance * (DAY / LATENT_FUSION) + share * absorbed.max(0.0) * MELT_BY_LIGHT
}

/// Albedo of open snow by the density of its top, kg m⁻³: fresh 0.80, old 0.53 (Oerlemans and Knap 1998,
/// doi:10.3189/S0022143000002574, for fresh snow and firn).
#[must_use]
pub fn albedo<T: Real>(density: T) -> T {
    const FRESH: [f64; 2] = [150.0, 0.80];
    const OLD: [f64; 2] = [350.0, 0.53];
    let age = ((density - FRESH[0]) / (OLD[0] - FRESH[0])).clamp(0.0, 1.0);
    age * (OLD[1] - FRESH[1]) + FRESH[1]
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
    fn melt_needs_warmth_and_is_what_degree_days_say() {
        assert!(melt(270.0, 8.0, 80.0).abs() < 1e-12);
        // Published degree-day factors for snow in the open: 2.5 to 5.5 mm/K/d (Hock 2003,
        // doi:10.1016/S0022-1694(03)00257-9); a May day of 6 degrees, 2.5 m s-1 of wind and 70 W m-2 absorbed.
        let factor = melt(279.15, 7.6, 70.0) / 6.0;
        assert!((2.5..5.5).contains(&factor), "{factor}");
    }

    #[test]
    fn a_batch_gives_what_each_column_gives_alone() {
        let (snow, kelvin) = ([0.0, 1.0, 300.0, 40.0], [270.0, 290.0, 274.0, 275.5]);
        let absorbed = [0.0, 90.0, 30.0, -4.0];
        let batch = |values: [f64; 4]| Lanes::from(values);
        assert_alike(snow_share(batch(kelvin)), |k| snow_share(kelvin[k]));
        let air = Lanes::from(7.6);
        assert_alike(melt(batch(kelvin), air, batch(absorbed)), |k| melt(kelvin[k], 7.6, absorbed[k]));
        assert_alike(cover(batch(snow)), |k| cover(snow[k]));
    }
}
