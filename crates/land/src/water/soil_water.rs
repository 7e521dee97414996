//! Soil water at a daily step: gravity drainage, capillary redistribution, overflow.
//!
//! A split form of the Richards equation that conserves water exactly and is stable at one day: each layer
//! drains by its unsaturated conductivity (Clapp & Hornberger 1978, doi:10.1029/WR014i004p00601), whose
//! ordinary differential equation has a closed solution over the day; capillarity is an implicit diffusion of
//! water content, and what exceeds the pores rises to the layer above and leaves the top as runoff. Ice blocks
//! pores. Free drainage at the bottom.

use crate::soil::grid::{LAYERS, NODE};
use crate::water::WaterState;
use crate::water::hydraulics::Hydraulics;

/// Saturation below which nothing flows.
const DRY: f64 = 0.01;

/// Water that leaves the soil in a day, mm.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SoilWaterLoss {
    /// Over the surface.
    pub runoff: f64,
    /// Below the bottom.
    pub drainage: f64,
}

/// Powers of saturation that the step needs, by layer.
#[derive(Clone, Debug)]
pub struct Wetness {
    /// Liquid over pore space.
    pub saturation: [f64; LAYERS],
    /// Saturation to the power b + 2 (shape of diffusivity).
    power: [f64; LAYERS],
}

impl Wetness {
    /// Of the present state.
    #[must_use]
    pub fn new(water: &WaterState, soil: &Hydraulics) -> Self {
        let mut saturation = [1.0; LAYERS];
        let mut power = [0.0; LAYERS];
        for i in 0..soil.layers {
            saturation[i] = (water.liquid[i] / soil.capacity[i]).clamp(DRY, 1.0);
            power[i] = ((soil.exponent + 2.0) * saturation[i].ln()).exp();
        }
        Self { saturation, power }
    }

    /// Suction relative to saturation, s^−b, of a layer.
    #[must_use]
    pub fn suction_factor(&self, layer: usize) -> f64 {
        let s = self.saturation[layer];
        s * s / self.power[layer]
    }
}

/// Moves water for one day after infiltration and extraction were applied.
pub fn redistribute(water: &mut WaterState, soil: &Hydraulics, wetness: &Wetness) -> SoilWaterLoss {
    let drainage = drain(water, soil);
    diffuse(water, soil, wetness);
    SoilWaterLoss { runoff: overflow(water, soil), drainage }
}

/// How far ice leaves pores open to flow.
fn open_pores(water: &WaterState, soil: &Hydraulics, layer: usize) -> f64 {
    let open = (1.0 - water.ice[layer] / soil.capacity[layer]).max(0.0);
    open * open * open
}

fn drain(water: &mut WaterState, soil: &Hydraulics) -> f64 {
    let mut inflow = 0.0;
    for i in 0..soil.layers {
        let available = water.liquid[i] + inflow;
        let saturated = soil.conductivity * open_pores(water, soil, i);
        inflow = drained_in_a_day(available, soil.capacity[i], saturated, 2.0 * soil.exponent + 2.0);
        water.liquid[i] = available - inflow;
    }
    inflow
}

/// Outflow of one day, mm, from a layer that holds `liquid` of `capacity` mm and conducts `saturated` mm d⁻¹ when full.
///
/// Water beyond the pores passes at the saturated rate; then W ds/dt = −Kₛ sᵐ⁺¹ gives
/// s(t)⁻ᵐ = s₀⁻ᵐ + m Kₛ t / W.
fn drained_in_a_day(liquid: f64, capacity: f64, saturated: f64, m: f64) -> f64 {
    let excess = (liquid - capacity).max(0.0);
    if excess >= saturated {
        return saturated;
    }
    let held = liquid - excess;
    if held <= DRY * capacity {
        return excess;
    }
    let day = 1.0 - excess / saturated.max(f64::MIN_POSITIVE);
    let steepness = m * saturated * day / capacity * (m * (held / capacity).ln()).exp();
    // held · (1 − (1 + steepness)^(−1/m)), without cancellation where little flows.
    excess - held * (-steepness.ln_1p() / m).exp_m1()
}

fn diffuse(water: &mut WaterState, soil: &Hydraulics, wetness: &Wetness) {
    let n = soil.layers;
    if n < 2 {
        return;
    }
    // D = b Ks ψs / φ · s^(b+2), mm² d⁻¹; conductance between nodes in d⁻¹ of water content × mm.
    let scale = soil.exponent * soil.conductivity * soil.suction / soil.porosity;
    let mut conductance = [0.0; LAYERS];
    for i in 0..n - 1 {
        let shape = 0.5
            * (wetness.power[i] * open_pores(water, soil, i)
                + wetness.power[i + 1] * open_pores(water, soil, i + 1));
        conductance[i] = scale * shape / ((NODE[i + 1] - NODE[i]) * 1_000.0);
    }
    let content = solve_content(water, soil, &conductance);
    for i in 0..n - 1 {
        let wanted = conductance[i] * (content[i + 1] - content[i]);
        let flow = wanted.clamp(-water.liquid[i].max(0.0), water.liquid[i + 1].max(0.0));
        water.liquid[i] += flow;
        water.liquid[i + 1] -= flow;
    }
}

/// Water content after implicit diffusion (Thomas algorithm).
fn solve_content(water: &WaterState, soil: &Hydraulics, conductance: &[f64; LAYERS]) -> [f64; LAYERS] {
    let n = soil.layers;
    let mut content = [0.0; LAYERS];
    let mut upper = [0.0; LAYERS];
    for i in 0..n {
        let depth = soil.capacity[i] / soil.porosity;
        let above = if i > 0 { conductance[i - 1] } else { 0.0 };
        let below = if i + 1 < n { conductance[i] } else { 0.0 };
        let (previous, carried) = if i > 0 { (upper[i - 1], content[i - 1]) } else { (0.0, 0.0) };
        let pivot = 1.0 / (depth + above + below - above * previous);
        upper[i] = below * pivot;
        content[i] = (water.liquid[i] + above * carried) * pivot;
    }
    for i in (0..n - 1).rev() {
        content[i] += upper[i] * content[i + 1];
    }
    content
}

fn overflow(water: &mut WaterState, soil: &Hydraulics) -> f64 {
    let mut excess = 0.0;
    for i in (0..soil.layers).rev() {
        water.liquid[i] += excess;
        excess = (water.liquid[i] + water.ice[i] - soil.capacity[i]).clamp(0.0, water.liquid[i].max(0.0));
        water.liquid[i] -= excess;
    }
    excess
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(saturation: f64) -> (WaterState, Hydraulics) {
        let soil = Hydraulics::from_texture(43.0, 18.0, 14, 1.0, 1.0);
        let mut water = WaterState { canopy: 0.0, snow: 0.0, liquid: [0.0; LAYERS], ice: [0.0; LAYERS] };
        for i in 0..soil.layers {
            water.liquid[i] = saturation * soil.capacity[i];
        }
        (water, soil)
    }

    fn day(water: &mut WaterState, soil: &Hydraulics) -> SoilWaterLoss {
        let wetness = Wetness::new(water, soil);
        redistribute(water, soil, &wetness)
    }

    #[test]
    fn water_is_conserved_through_storm_and_drought() {
        let (mut water, soil) = column(0.6);
        let mut expected = water.total();
        for d in 0..2_000 {
            let rain = if d % 7 == 0 { 40.0 } else { 0.0 };
            water.liquid[0] += rain;
            let loss = day(&mut water, &soil);
            expected += rain - loss.runoff - loss.drainage;
            assert!((water.total() - expected).abs() < 1e-9 * expected);
            assert!(
                (0..soil.layers)
                    .all(|i| water.liquid[i] >= 0.0 && water.liquid[i] <= soil.capacity[i] + 1e-9)
            );
        }
    }

    #[test]
    fn a_saturated_column_drains_to_field_capacity_within_ten_days() {
        // Loam holds 0.23 to 0.32 m3 m-3 at field capacity.
        let (mut water, soil) = column(1.0);
        let mut contents = Vec::new();
        for _ in 0..10 {
            day(&mut water, &soil);
            contents.push(water.liquid[5] / soil.capacity[5] * soil.porosity);
        }
        assert!(contents.windows(2).all(|w| w[1] <= w[0] + 1e-12));
        assert!((0.23..0.32).contains(&contents[9]), "{contents:?}");
    }

    #[test]
    fn a_days_outflow_is_the_integral_of_the_conductivity() {
        let (capacity, saturated, m) = (60.0, 250.0, 11.0);
        for start in [0.2, 0.5, 0.8, 1.0, 1.4] {
            let mut liquid: f64 = start * capacity;
            let steps = 400_000;
            for _ in 0..steps {
                let s = (liquid / capacity).min(1.0);
                liquid -= saturated * (f64::powf(s, m + 1.0)) / f64::from(steps);
            }
            let expected = start * capacity - liquid;
            let found = drained_in_a_day(start * capacity, capacity, saturated, m);
            assert!((found - expected).abs() < 1e-3 * expected + 1e-9, "{start}: {found} against {expected}");
        }
    }

    #[test]
    fn a_dry_top_is_wetted_from_below() {
        let (mut water, soil) = column(0.7);
        water.liquid[0] = 0.1 * soil.capacity[0];
        let before = water.liquid[0];
        day(&mut water, &soil);
        assert!(water.liquid[0] > 1.5 * before);
    }

    #[test]
    fn ice_closes_the_pores() {
        let (mut water, soil) = column(0.4);
        for i in 0..soil.layers {
            water.ice[i] = 0.6 * soil.capacity[i];
        }
        let loss = day(&mut water, &soil);
        let (mut open, _) = column(0.4);
        let free = day(&mut open, &soil);
        assert!(loss.drainage < 0.1 * free.drainage);
    }
}
