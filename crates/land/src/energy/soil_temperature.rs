//! Soil temperature by layer: implicit heat conduction under snow, with freezing and thawing of soil water.
//!
//! Conduction by the Thomas algorithm at a daily step; then, layer by layer, the energy beyond the freezing
//! point freezes or melts water and holds the layer at 0 °C, as in CLM5 (technical note, section 2.6.2).
//! Snow's layers are part of the chain; no flux at the bottom.

use crate::constants::{DAY, FREEZING, GRAVITY, ICE_HEAT, LATENT_FUSION, LIQUID_HEAT};
use crate::lanes::Real;
use crate::soil::grid::{LAYERS, THICKNESS};
use crate::water::WaterState;
use crate::water::hydraulics::Hydraulics;
use crate::water::snowpack::SNOW_LAYERS;

/// Conductivity, W m⁻¹ K⁻¹, and volumetric heat capacity, J m⁻³ K⁻¹, of bedrock (CLM5).
const BEDROCK_CONDUCTIVITY: f64 = 3.0;
const BEDROCK_HEAT: f64 = 2.0e6;
/// Thermal resistance between layers of snow, K m² W⁻¹: where there is none, its nodes hold no heat and this alone.
const CONTACT_RESISTANCE: f64 = 1e-4;
/// Temperature over which the latent heat of a node is spread, K.
const SPREAD: f64 = 0.5;
/// Most passes that look for the nodes whose latent heat is spent; two or three find them.
const MOST_PASSES: usize = 12;
/// Snow, then soil.
const NODES: usize = SNOW_LAYERS + LAYERS;

/// What heats and cools the ground from above: the temperature that it would take without flux into the soil, K, and the
/// resistance of the air to the heat it gives off, K m² W⁻¹. Together they close the surface's energy balance, linear
/// in its temperature.
#[derive(Clone, Copy, Debug)]
pub struct Surface<T: Real = f64> {
    /// K.
    pub temperature: T,
    /// K m² W⁻¹.
    pub resistance: T,
}

/// Heat of the nodes: capacity, J m⁻² K⁻¹, and thermal resistance to both sides, K m² W⁻¹.
struct Nodes<T> {
    capacity: [T; NODES],
    resistance: [T; NODES],
}

/// Advances temperature (K) by a day under a surface; freezes and melts water of soil and snow.
pub fn conduct<T: Real>(
    temperature: &mut [T; LAYERS],
    water: &mut WaterState<T>,
    soil: &Hydraulics<T>,
    surface: &Surface<T>,
) {
    let nodes = nodes(temperature, water, soil);
    let mut heat = [T::of(0.0); NODES];
    for k in 0..NODES {
        let celsius =
            if k < SNOW_LAYERS { water.snow.chill[k] } else { temperature[k - SNOW_LAYERS] - FREEZING };
        heat[k] = nodes.capacity[k] * celsius;
    }
    let dry = solve(&heat, &nodes.capacity, &nodes.resistance, surface);
    let latent = latent_heat(&dry, water, soil);
    let energy = enthalpy(&heat, &nodes, (&dry, &latent), surface);
    for k in 0..SNOW_LAYERS {
        water.snow.give_heat(k, energy[k]);
    }
    for i in 0..soil.layers {
        let k = SNOW_LAYERS + i;
        temperature[i] = change_phase(energy[k], water, (i, latent[k]), nodes.capacity[k]);
    }
    for i in soil.layers..LAYERS {
        let k = SNOW_LAYERS + i;
        temperature[i] = energy[k] / nodes.capacity[k] + FREEZING;
    }
}

/// Heat of the nodes at the end of the day, J m⁻² above that of water and ice at 0 °C.
///
/// Water that freezes or melts keeps its layer near 0 °C, and so the flux up: heat is a broken line of temperature, steep
/// by the latent heat over the first half kelvin from 0 °C on the side where the step without phase change ends, while
/// beyond that the layer has none left and on the other side it needs none. Passes find the piece of each node.
fn enthalpy<T: Real>(
    heat: &[T; NODES],
    nodes: &Nodes<T>,
    (dry, latent): (&[T; NODES], &[T; NODES]),
    surface: &Surface<T>,
) -> [T; NODES] {
    let zero = T::of(0.0);
    if !latent.iter().any(|&l| T::any(l.over(0.0))) {
        return std::array::from_fn(|k| dry[k] * nodes.capacity[k]);
    }
    let (mut celsius, mut capacity, mut spent) = ([zero; NODES], nodes.capacity, [zero; NODES]);
    for pass in 0..MOST_PASSES {
        let mut moved = pass == 0;
        for k in 0..NODES {
            let freezes = dry[k].under(0.0);
            let side = T::select(freezes, -celsius[k], celsius[k]);
            let all = T::select(freezes, -latent[k], latent[k]);
            let all = T::select(side.over(SPREAD), all, 0.0);
            let steep = T::select(side.over(SPREAD) | side.under(0.0), 0.0, latent[k] / SPREAD);
            let slope = nodes.capacity[k] + steep;
            moved |= T::any((all - spent[k]).abs().over(0.0) | (slope - capacity[k]).abs().over(0.0));
            (spent[k], capacity[k]) = (all, slope);
        }
        if !moved {
            break;
        }
        let left = std::array::from_fn(|k| heat[k] - spent[k]);
        celsius = solve(&left, &capacity, &nodes.resistance, surface);
    }
    std::array::from_fn(|k| celsius[k] * capacity[k] + spent[k])
}

/// Latent heat, J m⁻², that each node could give or take at the temperatures (°C) of a step without phase change.
fn latent_heat<T: Real>(celsius: &[T; NODES], water: &WaterState<T>, soil: &Hydraulics<T>) -> [T; NODES] {
    let mut latent = [T::of(0.0); NODES];
    for k in 0..NODES {
        let cold = celsius[k].under(0.0);
        let (ice, freezable) = if k < SNOW_LAYERS {
            (water.snow.ice[k], water.snow.liquid[k])
        } else if k < SNOW_LAYERS + soil.layers {
            let i = k - SNOW_LAYERS;
            let freezable = if T::any(cold) { freezable(celsius[k], water, soil, i) } else { T::of(0.0) };
            (water.ice[i], freezable)
        } else {
            continue;
        };
        latent[k] = T::select(cold, freezable, ice.max(0.0)) * LATENT_FUSION;
    }
    latent
}

/// Water of a layer, kg m⁻², that is not kept liquid by capillarity below 0 °C (Niu and Yang 2006,
/// doi:10.1175/JHM538.1; technical note, section 2.6.2).
fn freezable<T: Real>(celsius: T, water: &WaterState<T>, soil: &Hydraulics<T>, i: usize) -> T {
    // Head, mm, at which water of this temperature stays liquid.
    let head = (-celsius).max(1e-6) * (1e3 * LATENT_FUSION / (GRAVITY * FREEZING));
    let filled = ((head / soil.suction[i]).ln() / -soil.exponent[i]).exp().min(1.0);
    (water.liquid[i] - soil.capacity[i] * filled).max(0.0)
}

/// Gives a layer its heat above that of water at 0 °C, J m⁻²; freezes or melts within the latent heat that it has; its
/// temperature, K.
#[inline]
fn change_phase<T: Real>(energy: T, water: &mut WaterState<T>, (i, latent): (usize, T), capacity: T) -> T {
    let released = (-energy).clamp(0.0, latent);
    let taken = energy.clamp(0.0, latent.min(water.ice[i].max(0.0) * LATENT_FUSION));
    let frozen = (released - taken) / LATENT_FUSION;
    let frozen = frozen.clamp(-water.ice[i].max(0.0), water.liquid[i].max(0.0));
    water.liquid[i] -= frozen;
    water.ice[i] += frozen;
    (energy + frozen * LATENT_FUSION) / capacity + FREEZING
}

fn nodes<T: Real>(temperature: &[T; LAYERS], water: &WaterState<T>, soil: &Hydraulics<T>) -> Nodes<T> {
    let zero = T::of(0.0);
    let mut nodes = Nodes { capacity: [zero; NODES], resistance: [zero; NODES] };
    for k in 0..SNOW_LAYERS {
        nodes.capacity[k] = water.snow.heat_capacity(k);
        nodes.resistance[k] = water.snow.half_resistance(k);
    }
    for i in 0..LAYERS {
        let node = SNOW_LAYERS + i;
        if i < soil.layers {
            nodes.resistance[node] = T::of(0.5 * THICKNESS[i]) / conductivity(temperature[i], water, soil, i);
            nodes.capacity[node] =
                soil.heat_solid[i] * THICKNESS[i] + water.liquid[i] * LIQUID_HEAT + water.ice[i] * ICE_HEAT;
        } else {
            nodes.resistance[node] = T::of(0.5 * THICKNESS[i] / BEDROCK_CONDUCTIVITY);
            nodes.capacity[node] = T::of(BEDROCK_HEAT * THICKNESS[i]);
        }
    }
    nodes
}

/// Thermal conductivity of a layer, W m⁻¹ K⁻¹: between dry and saturated by the Kersten number, better where water is
/// ice (technical note, section 2.6.3).
#[inline]
fn conductivity<T: Real>(temperature: T, water: &WaterState<T>, soil: &Hydraulics<T>, i: usize) -> T {
    let all = water.liquid[i] + water.ice[i];
    let wet = (all / soil.capacity[i]).clamp(1e-3, 1.0);
    let unfrozen = (wet.ln() * std::f64::consts::LOG10_E + 1.0).max(0.0);
    let kersten = T::select(temperature.under(FREEZING), wet, unfrozen);
    let mut saturated = soil.heat_saturated[i];
    let icy = water.ice[i].over(0.0);
    if T::any(icy) {
        let share = T::select(icy, water.ice[i] / all, 0.0);
        saturated *= T::select(icy, (soil.heat_ice[i] * share).exp(), 1.0);
    }
    soil.heat_dry[i] + (saturated - soil.heat_dry[i]) * kersten
}

/// Implicit step of the chain of nodes from their heat, J m⁻² above 0 °C: temperatures, °C (Thomas algorithm).
fn solve<T: Real>(
    heat: &[T; NODES],
    capacity: &[T; NODES],
    resistance: &[T; NODES],
    surface: &Surface<T>,
) -> [T; NODES] {
    let zero = T::of(0.0);
    let mut t = [zero; NODES];
    let mut upper = [zero; NODES];
    let mut above = T::of(DAY) / (resistance[0] + surface.resistance);
    for i in 0..NODES {
        let below = if i + 1 < NODES {
            // Two half-layers in series.
            let thin = if i + 1 < SNOW_LAYERS { CONTACT_RESISTANCE } else { 0.0 };
            T::of(DAY) / (resistance[i] + resistance[i + 1] + thin)
        } else {
            zero
        };
        let (previous, carried) =
            if i > 0 { (upper[i - 1], t[i - 1]) } else { (zero, surface.temperature - FREEZING) };
        let pivot = T::of(1.0) / (capacity[i] + above + below - above * previous);
        upper[i] = below * pivot;
        t[i] = (heat[i] + above * carried) * pivot;
        above = below;
    }
    for i in (0..NODES - 1).rev() {
        let next = t[i + 1];
        t[i] += upper[i] * next;
    }
    t
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::{Batched, Lanes, WIDTH};
    use crate::water::fixtures::assert_alike;
    use crate::water::snowpack::Snowpack;

    fn under<T: Real>(temperature: T) -> Surface<T> {
        Surface { temperature, resistance: T::of(0.05) }
    }

    fn column(mean: f64) -> ([f64; LAYERS], WaterState, Hydraulics) {
        let soil = Hydraulics::from_texture(43.0, 18.0, 14, 1.0, 1.0);
        let mut water = WaterState::default();
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
            conduct(&mut t, &mut water, &soil, &under(air));
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
            conduct(&mut t, &mut water, &soil, &under(263.15));
        }
        assert!(water.ice[0] > 0.0 && t[0] < FREEZING);
        assert!((water.total() - before).abs() < 1e-9 * before);
        for _ in 0..200 {
            conduct(&mut t, &mut water, &soil, &under(283.15));
        }
        assert!(water.ice.iter().sum::<f64>() < 1e-9 && t[0] > FREEZING);
    }

    #[test]
    fn a_layer_that_freezes_through_ends_no_colder_than_the_air() {
        // Wet ground under sudden hard frost: the latent heat of the top layers is spent within the day.
        for air in [272.0, 268.0, 255.0, 223.15] {
            let (mut t, mut water, soil) = column(274.0);
            for _ in 0..40 {
                conduct(&mut t, &mut water, &soil, &under(air));
                assert!(t.iter().all(|&t| t >= air - 1e-9), "{air}: {t:?}");
                assert!(t.windows(2).take(12).all(|t| t[0] <= t[1] + 0.6), "{air}: {t:?}");
            }
            for _ in 0..40 {
                conduct(&mut t, &mut water, &soil, &under(300.0));
                assert!(t.iter().all(|&t| t <= 300.0 + 1e-9), "{air}: {t:?}");
                assert!(water.ice.iter().all(|&ice| ice >= 0.0), "{air}: {:?}", water.ice);
            }
        }
    }

    #[test]
    fn a_day_of_frost_takes_the_heat_that_passes_the_surface() {
        let (mut t, mut water, soil) = column(273.5);
        let heat = |t: &[f64; LAYERS], water: &WaterState| -> f64 {
            let nodes = nodes(t, water, &soil);
            let sensible: f64 =
                (0..LAYERS).map(|i| nodes.capacity[SNOW_LAYERS + i] * (t[i] - FREEZING)).sum();
            sensible - LATENT_FUSION * water.ice.iter().sum::<f64>()
        };
        for _ in 0..30 {
            let (before, resistance) = (heat(&t, &water), nodes(&t, &water, &soil).resistance[SNOW_LAYERS]);
            let liquid = water.liquid;
            conduct(&mut t, &mut water, &soil, &under(258.15));
            // Water that froze on a day changed its heat capacity: that of the step is of its beginning.
            let changed: f64 = (0..LAYERS)
                .map(|i| (liquid[i] - water.liquid[i]) * (LIQUID_HEAT - ICE_HEAT) * (t[i] - FREEZING))
                .sum();
            let lost = before - heat(&t, &water) - changed;
            let contact = CONTACT_RESISTANCE * (SNOW_LAYERS - 1) as f64;
            let flux = DAY * (t[0] - 258.15) / (0.05 + contact + resistance);
            assert!(
                lost > 0.0 && (t[0] > FREEZING - 1.0 || (lost / flux - 1.0).abs() < 0.2),
                "{lost} {flux}"
            );
        }
    }

    #[test]
    fn snow_insulates() {
        let (mut bare, mut water, soil) = column(274.0);
        let (mut covered, mut snowy, _) = column(274.0);
        snowy.snow = Snowpack::of(150.0, 250.0);
        for _ in 0..30 {
            conduct(&mut bare, &mut water, &soil, &under(258.15));
            conduct(&mut covered, &mut snowy, &soil, &under(258.15));
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
        alone[2].1.snow = Snowpack::of(90.0, 200.0);
        for i in 0..14 {
            alone[3].1.ice[i] = 0.3 * soils[3].capacity[i];
        }
        let soil = Hydraulics::<Lanes>::gather(&|k| &soils[k]);
        let mut temperature = <[Lanes; LAYERS]>::gather(&|k| &alone[k].0);
        let mut water = WaterState::<Lanes>::gather(&|k| &alone[k].1);
        for d in 0..730 {
            let wave = (2.0 * std::f64::consts::PI * f64::from(d) / 365.0).sin();
            let air = [288.0, 275.0, 268.0, 280.0].map(|mean| mean - 12.0 * wave);
            conduct(&mut temperature, &mut water, &soil, &under(Lanes::from(air)));
            for k in 0..WIDTH {
                let (temperature, water) = &mut alone[k];
                conduct(temperature, water, &soils[k], &under(air[k]));
            }
            for i in 0..LAYERS {
                assert_alike(temperature[i], |k| alone[k].0[i]);
                assert_alike(water.liquid[i], |k| alone[k].1.liquid[i]);
                assert_alike(water.ice[i], |k| alone[k].1.ice[i]);
            }
        }
    }
}
