//! Soil temperature by layer: implicit heat conduction under snow, with freezing and thawing of soil water.
//!
//! Conduction by the Thomas algorithm at a daily step; then, layer by layer, the energy beyond the freezing
//! point freezes or melts water and holds the layer at 0 °C, as in CLM5 (technical note, section 2.6.2).
//! The surface is air temperature through snow and a litter layer; no flux at the bottom.

use crate::constants::{DAY, FREEZING, LATENT_FUSION};
use crate::lanes::Real;
use crate::soil::grid::{LAYERS, THICKNESS};
use crate::water::WaterState;
use crate::water::hydraulics::Hydraulics;

/// Heat capacities, J kg⁻¹ K⁻¹.
const LIQUID_HEAT: f64 = 4_188.0;
const ICE_HEAT: f64 = 2_117.27;
/// Conductivity, W m⁻¹ K⁻¹, and volumetric heat capacity, J m⁻³ K⁻¹, of bedrock (CLM5).
const BEDROCK_CONDUCTIVITY: f64 = 3.0;
const BEDROCK_HEAT: f64 = 2.0e6;
/// Thermal resistance of the litter layer and canopy air, K m² W⁻¹.
const LITTER_RESISTANCE: f64 = 0.12;
/// Snow: conductivity W m⁻¹ K⁻¹ and density kg m⁻³ of a settled pack.
const SNOW_CONDUCTIVITY: f64 = 0.20;
const SNOW_DENSITY: f64 = 250.0;
/// Liquid water that never freezes, as a share of pore space.
const UNFREEZABLE: f64 = 0.05;

/// Advances temperature (K) by a day with the surface at `surface` K; freezes and melts water.
pub fn conduct<T: Real>(
    temperature: &mut [T; LAYERS],
    water: &mut WaterState<T>,
    soil: &Hydraulics<T>,
    surface: T,
) {
    let mut capacity = [T::of(0.0); LAYERS];
    // Thermal resistance of half a layer, K m² W⁻¹.
    let mut resistance = [T::of(0.0); LAYERS];
    for i in 0..soil.layers {
        let wet = ((water.liquid[i] + water.ice[i]) / soil.capacity[i]).clamp(0.0, 1.0);
        let conductivity = soil.heat_dry + (soil.heat_saturated - soil.heat_dry) * wet;
        resistance[i] = T::of(0.5 * THICKNESS[i]) / conductivity;
        capacity[i] =
            soil.heat_solid * THICKNESS[i] + water.liquid[i] * LIQUID_HEAT + water.ice[i] * ICE_HEAT;
    }
    for i in soil.layers..LAYERS {
        resistance[i] = T::of(0.5 * THICKNESS[i] / BEDROCK_CONDUCTIVITY);
        capacity[i] = T::of(BEDROCK_HEAT * THICKNESS[i]);
    }
    let snow = water.snow / SNOW_DENSITY / SNOW_CONDUCTIVITY;
    // The node of the top layer is its middle.
    let top = T::of(DAY) / (snow + LITTER_RESISTANCE + resistance[0]);
    solve(temperature, &capacity, &resistance, top, surface);
    for i in 0..soil.layers {
        change_phase(&mut temperature[i], water, soil, i, capacity[i]);
    }
}

fn solve<T: Real>(t: &mut [T; LAYERS], capacity: &[T; LAYERS], resistance: &[T; LAYERS], top: T, surface: T) {
    let mut upper = [T::of(0.0); LAYERS];
    let mut above = top;
    for i in 0..LAYERS {
        let below = if i + 1 < LAYERS {
            // Two half-layers in series.
            T::of(DAY) / (resistance[i] + resistance[i + 1])
        } else {
            T::of(0.0)
        };
        let (previous, carried) = if i > 0 { (upper[i - 1], t[i - 1]) } else { (T::of(0.0), surface) };
        let pivot = T::of(1.0) / (capacity[i] + above + below - above * previous);
        upper[i] = below * pivot;
        t[i] = (capacity[i] * t[i] + above * carried) * pivot;
        above = below;
    }
    for i in (0..LAYERS - 1).rev() {
        let next = t[i + 1];
        t[i] += upper[i] * next;
    }
}

/// Freezes (or melts, where negative) what the energy below the freezing point takes from a layer.
#[inline]
fn change_phase<T: Real>(t: &mut T, water: &mut WaterState<T>, soil: &Hydraulics<T>, i: usize, capacity: T) {
    let freezable = (water.liquid[i] - soil.capacity[i] * UNFREEZABLE).max(0.0);
    let wanted = (T::of(FREEZING) - *t) * capacity / LATENT_FUSION;
    let frozen = wanted.clamp(-water.ice[i].max(0.0), freezable);
    water.liquid[i] -= frozen;
    water.ice[i] += frozen;
    *t += frozen * LATENT_FUSION / capacity;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::{Batched, Lanes, WIDTH};
    use crate::water::fixtures::assert_alike;

    fn column(mean: f64) -> ([f64; LAYERS], WaterState, Hydraulics) {
        let soil = Hydraulics::from_texture(43.0, 18.0, 14, 1.0, 1.0);
        let mut water = WaterState { snow: 0.0, liquid: [0.0; LAYERS], ice: [0.0; LAYERS] };
        for i in 0..soil.layers {
            water.liquid[i] = 0.6 * soil.capacity[i];
        }
        ([mean; LAYERS], water, soil)
    }

    #[test]
    fn annual_wave_damps_and_lags_with_depth() {
        // Analytic: amplitude exp(-z/D), D = sqrt(2 kappa/omega) ~ 2 m for moist loam.
        let (mut t, mut water, soil) = column(285.0);
        let (mut shallow, mut deep) = ((400.0_f64, 0.0_f64), (400.0_f64, 0.0_f64));
        for d in 0..3650 {
            let air = 285.0 + 8.0 * (2.0 * std::f64::consts::PI * f64::from(d) / 365.0).sin();
            conduct(&mut t, &mut water, &soil, air);
            if d > 2920 {
                shallow = (shallow.0.min(t[2]), shallow.1.max(t[2]));
                deep = (deep.0.min(t[14]), deep.1.max(t[14]));
            }
        }
        let ratio = (deep.1 - deep.0) / (shallow.1 - shallow.0);
        // Node 15 sits 3.0 m below node 3: exp(-3.0/2.1) = 0.24.
        assert!((0.12..0.40).contains(&ratio), "{ratio}");
        assert!((t.iter().sum::<f64>() / 20.0 - 285.0).abs() < 2.0);
    }

    #[test]
    fn freezing_holds_zero_and_conserves_water() {
        let (mut t, mut water, soil) = column(274.0);
        let before = water.total();
        for _ in 0..20 {
            conduct(&mut t, &mut water, &soil, 263.15);
        }
        assert!(water.ice[0] > 0.0 && t[0] < FREEZING);
        assert!((water.total() - before).abs() < 1e-9 * before);
        for _ in 0..200 {
            conduct(&mut t, &mut water, &soil, 283.15);
        }
        assert!(water.ice.iter().sum::<f64>() < 1e-9 && t[0] > FREEZING);
    }

    #[test]
    fn snow_insulates() {
        let (mut bare, mut water, soil) = column(274.0);
        let (mut covered, mut snowy, _) = column(274.0);
        snowy.snow = 150.0;
        for _ in 0..30 {
            conduct(&mut bare, &mut water, &soil, 258.15);
            conduct(&mut covered, &mut snowy, &soil, 258.15);
        }
        assert!(covered[2] > bare[2] + 2.0, "{} {}", covered[2], bare[2]);
    }

    #[test]
    fn a_batch_gives_what_each_column_gives_alone() {
        // Never frozen, frozen and thawed by seasons, under snow, and thawing out of permafrost.
        let mut alone = [288.0, 275.0, 273.3, 270.0].map(|mean| {
            let (temperature, water, _) = column(mean);
            (temperature, water)
        });
        let soils = [(80.0, 5.0), (43.0, 18.0), (20.0, 60.0), (10.0, 20.0)]
            .map(|(sand, clay)| Hydraulics::from_texture(sand, clay, 14, 1.0, 1.0));
        alone[2].1.snow = 90.0;
        for i in 0..14 {
            alone[3].1.ice[i] = 0.3 * soils[3].capacity[i];
        }
        let soil = Hydraulics::<Lanes>::gather(&|k| &soils[k]);
        let mut temperature = <[Lanes; LAYERS]>::gather(&|k| &alone[k].0);
        let mut water = WaterState::<Lanes>::gather(&|k| &alone[k].1);
        for d in 0..730 {
            let wave = (2.0 * std::f64::consts::PI * f64::from(d) / 365.0).sin();
            let air = [288.0, 275.0, 268.0, 280.0].map(|mean| mean - 12.0 * wave);
            conduct(&mut temperature, &mut water, &soil, Lanes::from(air));
            for k in 0..WIDTH {
                let (temperature, water) = &mut alone[k];
                conduct(temperature, water, &soils[k], air[k]);
            }
            for i in 0..LAYERS {
                assert_alike(temperature[i], |k| alone[k].0[i]);
                assert_alike(water.liquid[i], |k| alone[k].1.liquid[i]);
                assert_alike(water.ice[i], |k| alone[k].1.ice[i]);
            }
        }
    }
}
