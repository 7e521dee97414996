//! Soil water at a daily step: gravity drainage, capillary redistribution, overflow.
//!
//! A split form of the Richards equation that conserves water exactly and is stable at one day: each layer
//! drains by its unsaturated conductivity (Clapp & Hornberger 1978, doi:10.1029/WR014i004p00601), whose
//! ordinary differential equation has a closed solution over the day; capillarity is an implicit diffusion of
//! water content, and what exceeds the pores rises to the layer above and leaves the top as runoff. Ice blocks
//! pores. The bottom drains freely or, on bedrock, sideways from its water table. Where layers differ, water moves to
//! equal potential, not content.

use crate::constants::{ICE_DENSITY, WATER_DENSITY};
use crate::lanes::Real;
use crate::soil::grid::{LAYERS, NODE, THICKNESS};
use crate::water::WaterState;
use crate::water::hydraulics::Hydraulics;

/// Saturation below which nothing flows.
const DRY: f64 = 0.01;
/// Volume of ice over that of its water.
const ICE_VOLUME: f64 = WATER_DENSITY / ICE_DENSITY;
/// ln 10⁶: how much ice that fills the pores impedes flow (CLM5's `e_ice` = 6).
const IMPEDANCE: f64 = 6.0 * std::f64::consts::LN_10;
/// Saturation from which a layer belongs to a water table (CLM5).
const WATER_TABLE: f64 = 0.9;

/// Half the reciprocal distance between a layer's node and the next, mm⁻¹.
const HALF_PER_DISTANCE: [f64; LAYERS] = {
    let mut per = [0.0; LAYERS];
    let mut i = 0;
    while i + 1 < LAYERS {
        per[i] = 0.5 / ((NODE[i + 1] - NODE[i]) * 1_000.0);
        i += 1;
    }
    per
};

/// Water that leaves the soil in a day, mm.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SoilWaterLoss<T: Real = f64> {
    /// Over the surface.
    pub runoff: T,
    /// Below the bottom.
    pub drainage: T,
}

/// Powers of saturation that the step needs, by layer.
#[derive(Clone, Debug)]
pub struct Wetness<T: Real = f64> {
    /// Liquid over pore space.
    pub saturation: [T; LAYERS],
    /// Logarithm of saturation.
    log: [T; LAYERS],
    /// Saturation to the power b + 2 (shape of diffusivity).
    power: [T; LAYERS],
}

impl<T: Real> Wetness<T> {
    /// Of the present state.
    #[must_use]
    pub fn new(water: &WaterState<T>, soil: &Hydraulics<T>) -> Self {
        let mut saturation = [T::of(1.0); LAYERS];
        let mut log = [T::of(0.0); LAYERS];
        let mut power = [T::of(0.0); LAYERS];
        for i in 0..soil.layers {
            saturation[i] = (water.liquid[i] / soil.capacity[i]).clamp(DRY, 1.0);
            log[i] = saturation[i].ln();
            power[i] = ((soil.exponent[i] + 2.0) * log[i]).exp();
        }
        Self { saturation, log, power }
    }

    /// Suction relative to saturation, s^−b, of a layer.
    #[inline]
    #[must_use]
    pub fn suction_factor(&self, layer: usize) -> T {
        let s = self.saturation[layer];
        s * s / self.power[layer]
    }

    /// How much more water content the layer below `i` holds than `i` where both are at the mean of their potentials.
    fn step_of_content(&self, soil: &Hydraulics<T>, i: usize) -> T {
        let log_suction = |j: usize| soil.log_suction[j] - soil.exponent[j] * self.log[j];
        let mean = (log_suction(i) + log_suction(i + 1)) * 0.5;
        let content = |j: usize| {
            let saturation = ((soil.log_suction[j] - mean) / soil.exponent[j]).exp();
            soil.porosity[j] * saturation.clamp(DRY, 1.0)
        };
        content(i + 1) - content(i)
    }
}

/// Moves water for one day after infiltration and extraction were applied.
pub fn redistribute<T: Real>(
    water: &mut WaterState<T>,
    soil: &Hydraulics<T>,
    wetness: &Wetness<T>,
) -> SoilWaterLoss<T> {
    let open = open_pores(water, soil);
    let drainage = drain(water, soil, &open);
    diffuse(water, soil, wetness, &open);
    SoilWaterLoss { runoff: overflow(water, soil), drainage }
}

/// How far ice leaves pores open to flow, by layer.
fn open_pores<T: Real>(water: &WaterState<T>, soil: &Hydraulics<T>) -> [T; LAYERS] {
    let mut pores = [T::of(0.0); LAYERS];
    for i in 0..soil.layers {
        let icy = water.ice[i].over(0.0);
        let filled = (water.ice[i] * ICE_VOLUME / soil.capacity[i]).min(1.0);
        pores[i] = if T::any(icy) { T::select(icy, (filled * -IMPEDANCE).exp(), 1.0) } else { T::of(1.0) };
    }
    pores
}

fn drain<T: Real>(water: &mut WaterState<T>, soil: &Hydraulics<T>, open: &[T; LAYERS]) -> T {
    let closed = soil.baseflow.at_least(0.0);
    let mut inflow = T::of(0.0);
    for i in 0..soil.layers {
        let available = water.liquid[i] + inflow;
        let m = soil.exponent[i] * 2.0 + 2.0;
        let outflow = drained_in_a_day(available, soil.capacity[i], soil.conductivity[i] * open[i], m);
        inflow = if i + 1 < soil.layers { outflow } else { T::select(closed, 0.0, outflow) };
        water.liquid[i] = available - inflow;
    }
    if T::any(closed) { inflow + baseflow(water, soil, closed) } else { inflow }
}

/// Lateral outflow of a day, mm, from the water table that stands on bedrock: layers more than 90 % full from the
/// bottom up (CLM5 technical note, section 2.7.5), taken from the top of the table down to 90 %.
fn baseflow<T: Real>(water: &mut WaterState<T>, soil: &Hydraulics<T>, closed: T::Mask) -> T {
    let zero = T::of(0.0);
    let spare = |water: &WaterState<T>, i: usize| {
        let excess = water.liquid[i] + water.ice[i] * ICE_VOLUME - soil.capacity[i] * WATER_TABLE;
        excess.clamp(0.0, water.liquid[i].max(0.0))
    };
    let (mut stands, mut height, mut above) = (closed, zero, zero);
    for i in (0..soil.layers).rev() {
        let excess = spare(water, i);
        above += T::select(closed, excess, 0.0);
        stands = stands & excess.over(0.0);
        height += T::select(stands, THICKNESS[i] * 1_000.0, 0.0);
    }
    let wanted = (soil.baseflow * height).min(above);
    let mut left = T::select(closed, wanted, 0.0);
    for i in 0..soil.layers {
        let taken = spare(water, i).min(left);
        water.liquid[i] -= taken;
        left -= taken;
    }
    T::select(closed, wanted, 0.0) - left
}

/// Outflow of one day, mm, from a layer that holds `liquid` of `capacity` mm and conducts `saturated` mm d⁻¹ when full.
///
/// Water beyond the pores passes at the saturated rate; then W ds/dt = −Kₛ sᵐ⁺¹ gives
/// s(t)⁻ᵐ = s₀⁻ᵐ + m Kₛ t / W.
#[inline]
fn drained_in_a_day<T: Real>(liquid: T, capacity: T, saturated: T, m: T) -> T {
    let excess = (liquid - capacity).max(0.0);
    let held = liquid - excess;
    let passed = excess.min(saturated);
    let drains = !excess.at_least(saturated) & !held.at_most(capacity * DRY);
    if !T::any(drains) {
        return passed;
    }
    let day = T::of(1.0) - excess / saturated;
    let steepness = m * saturated * day / capacity * (m * (held / capacity).ln()).exp();
    // held · (1 − (1 + steepness)^(−1/m)), without cancellation where little flows.
    T::select(drains, excess - held * (-steepness.ln_1p() / m).exp_m1(), passed)
}

fn diffuse<T: Real>(
    water: &mut WaterState<T>,
    soil: &Hydraulics<T>,
    wetness: &Wetness<T>,
    open: &[T; LAYERS],
) {
    let n = soil.layers;
    if n < 2 {
        return;
    }
    // D = b Ks ψs / φ · s^(b+2), mm² d⁻¹; conductance between nodes in d⁻¹ of water content × mm.
    let diffusivity = |i: usize| soil.diffusivity[i] * wetness.power[i];
    let mut conductance = [T::of(0.0); LAYERS];
    let mut step = [T::of(0.0); LAYERS];
    let layered = T::any(soil.layered.over(0.0));
    let mut upper = diffusivity(0);
    for i in 0..n - 1 {
        let lower = diffusivity(i + 1);
        // Ice on either side stands in the way (CLM5: impedance at the mean share of ice).
        let passage = (open[i] * open[i + 1]).sqrt();
        conductance[i] = passage * (upper + lower) * HALF_PER_DISTANCE[i];
        upper = lower;
        if layered {
            step[i] = soil.layered * wetness.step_of_content(soil, i);
        }
    }
    let content = solve_content(water, soil, &conductance, &step);
    for i in 0..n - 1 {
        let wanted = conductance[i] * (content[i + 1] - content[i] - step[i]);
        let flow = wanted.clamp(-water.liquid[i].max(0.0), water.liquid[i + 1].max(0.0));
        water.liquid[i] += flow;
        water.liquid[i + 1] -= flow;
    }
}

/// Water content after implicit diffusion (Thomas algorithm).
fn solve_content<T: Real>(
    water: &WaterState<T>,
    soil: &Hydraulics<T>,
    conductance: &[T; LAYERS],
    step: &[T; LAYERS],
) -> [T; LAYERS] {
    let n = soil.layers;
    let zero = T::of(0.0);
    let mut content = [zero; LAYERS];
    let mut upper = [zero; LAYERS];
    for i in 0..n {
        let (above, over) = if i > 0 { (conductance[i - 1], step[i - 1]) } else { (zero, zero) };
        let (below, under) = if i + 1 < n { (conductance[i], step[i]) } else { (zero, zero) };
        let pulled = above * over - below * under;
        let (previous, carried) = if i > 0 { (upper[i - 1], content[i - 1]) } else { (zero, zero) };
        let pivot = T::of(1.0) / (soil.depth[i] + above + below - above * previous);
        upper[i] = below * pivot;
        content[i] = (water.liquid[i] + pulled + above * carried) * pivot;
    }
    for i in (0..n - 1).rev() {
        let next = content[i + 1];
        content[i] += upper[i] * next;
    }
    content
}

fn overflow<T: Real>(water: &mut WaterState<T>, soil: &Hydraulics<T>) -> T {
    let mut excess = T::of(0.0);
    for i in (0..soil.layers).rev() {
        water.liquid[i] += excess;
        excess = (water.liquid[i] + water.ice[i] * ICE_VOLUME - soil.capacity[i])
            .clamp(0.0, water.liquid[i].max(0.0));
        water.liquid[i] -= excess;
    }
    excess
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::{Batched, Lanes, WIDTH};
    use crate::water::fixtures::assert_alike;

    fn column(saturation: f64) -> (WaterState, Hydraulics) {
        let soil = Hydraulics::from_texture(43.0, 18.0, 14, 1.0, 1.0);
        let mut water = WaterState::default();
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
            contents.push(water.liquid[5] / soil.capacity[5] * soil.porosity[5]);
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

    #[test]
    fn a_batch_gives_what_each_column_gives_alone() {
        let soils = [(80.0, 5.0), (43.0, 18.0), (20.0, 60.0), (10.0, 20.0)]
            .map(|(sand, clay)| Hydraulics::from_texture(sand, clay, 14, 1.0, 1.0));
        // Drying out, moist, full (water stands on clay), and closed by ice in part.
        let rain = [0.0, 8.0, 120.0, 3.0];
        let mut alone = [0.004, 0.5, 1.0, 0.3].map(|saturation| column(saturation).0);
        for i in 0..14 {
            alone[3].ice[i] = if i < 5 { 1.2 } else { 0.1 } * soils[3].capacity[i];
        }
        let soil = Hydraulics::<Lanes>::gather(&|k| &soils[k]);
        let mut batch = WaterState::<Lanes>::gather(&|k| &alone[k]);
        for _ in 0..60 {
            batch.liquid[0] += Lanes::from(rain);
            let wetness = Wetness::new(&batch, &soil);
            let loss = redistribute(&mut batch, &soil, &wetness);
            for (water, rain) in alone.iter_mut().zip(rain) {
                water.liquid[0] += rain;
            }
            assert_alike(wetness.suction_factor(6), |k| Wetness::new(&alone[k], &soils[k]).suction_factor(6));
            let losses: [SoilWaterLoss; WIDTH] = std::array::from_fn(|k| day(&mut alone[k], &soils[k]));
            assert_alike(loss.runoff, |k| losses[k].runoff);
            assert_alike(loss.drainage, |k| losses[k].drainage);
            assert_alike(batch.total(), |k| alone[k].total());
            for i in 0..LAYERS {
                assert_alike(batch.liquid[i], |k| alone[k].liquid[i]);
            }
        }
    }
}
