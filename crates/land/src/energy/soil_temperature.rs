//! Soil temperature by layer: implicit heat conduction under snow, with freezing and thawing of soil water.
//!
//! Conduction by the Thomas algorithm at a daily step; then, layer by layer, the energy beyond the freezing
//! point freezes or melts water and holds the layer at 0 °C, as in CLM5 (technical note, section 2.6.2).
//! The surface is air temperature through snow and a litter layer; no flux at the bottom.

use crate::constants::{DAY, FREEZING, LATENT_FUSION};
use crate::soil::grid::{LAYERS, NODE, THICKNESS};
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
pub fn conduct(temperature: &mut [f64; LAYERS], water: &mut WaterState, soil: &Hydraulics, surface: f64) {
    let mut capacity = [0.0; LAYERS];
    let mut conductivity = [BEDROCK_CONDUCTIVITY; LAYERS];
    for i in 0..LAYERS {
        capacity[i] = heat_capacity(water, soil, i);
        if i < soil.layers {
            let wet = ((water.liquid[i] + water.ice[i]) / soil.capacity[i]).clamp(0.0, 1.0);
            conductivity[i] = soil.heat_dry + (soil.heat_saturated - soil.heat_dry) * wet;
        }
    }
    let snow = water.snow / SNOW_DENSITY / SNOW_CONDUCTIVITY;
    let top = DAY / (LITTER_RESISTANCE + snow + NODE[0] / conductivity[0]);
    solve(temperature, &capacity, &conductivity, top, surface);
    for i in 0..soil.layers {
        change_phase(&mut temperature[i], water, soil, i, capacity[i]);
    }
}

fn heat_capacity(water: &WaterState, soil: &Hydraulics, layer: usize) -> f64 {
    if layer >= soil.layers {
        return BEDROCK_HEAT * THICKNESS[layer];
    }
    soil.heat_solid * THICKNESS[layer] + LIQUID_HEAT * water.liquid[layer] + ICE_HEAT * water.ice[layer]
}

fn solve(t: &mut [f64; LAYERS], capacity: &[f64; LAYERS], k: &[f64; LAYERS], top: f64, surface: f64) {
    let mut upper = [0.0; LAYERS];
    let mut above = top;
    for i in 0..LAYERS {
        let below = if i + 1 < LAYERS {
            // Resistances of the two half-layers in series.
            DAY / (0.5 * THICKNESS[i] / k[i] + 0.5 * THICKNESS[i + 1] / k[i + 1])
        } else {
            0.0
        };
        let (previous, carried) = if i > 0 { (upper[i - 1], t[i - 1]) } else { (0.0, surface) };
        let pivot = 1.0 / (capacity[i] + above + below - above * previous);
        upper[i] = below * pivot;
        t[i] = (capacity[i] * t[i] + above * carried) * pivot;
        above = below;
    }
    for i in (0..LAYERS - 1).rev() {
        t[i] += upper[i] * t[i + 1];
    }
}

fn change_phase(t: &mut f64, water: &mut WaterState, soil: &Hydraulics, i: usize, capacity: f64) {
    let energy = (FREEZING - *t) * capacity;
    if energy > 0.0 {
        let freezable = (water.liquid[i] - UNFREEZABLE * soil.capacity[i]).max(0.0);
        let frozen = (energy / LATENT_FUSION).min(freezable);
        water.liquid[i] -= frozen;
        water.ice[i] += frozen;
        *t += frozen * LATENT_FUSION / capacity;
    } else if water.ice[i] > 0.0 {
        let melted = (-energy / LATENT_FUSION).min(water.ice[i]);
        water.ice[i] -= melted;
        water.liquid[i] += melted;
        *t -= melted * LATENT_FUSION / capacity;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(mean: f64) -> ([f64; LAYERS], WaterState, Hydraulics) {
        let soil = Hydraulics::from_texture(43.0, 18.0, 14, 1.0, 1.0);
        let mut water = WaterState { canopy: 0.0, snow: 0.0, liquid: [0.0; LAYERS], ice: [0.0; LAYERS] };
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
}
