//! A snowpack of three layers: fresh snow on top, settling with age and load, water that seeps, is held or freezes.
//!
//! Fresh density by temperature and wind after van Kampenhout et al. (2017, doi:10.1002/2017MS000988); compaction by metamorphism and load after Anderson (1976), conductivity after Jordan (1991), irreducible water 3.3 %
//! of the pores: CLM5 technical note, chapter 2.8. CLM splits deep packs into up to twelve layers; three at fixed
//! depths keep the thin, fast top that matters at a daily step.

use serde::{Deserialize, Serialize};

use crate::batched;
use crate::constants::{DAY, FREEZING, ICE_DENSITY, ICE_HEAT, LATENT_FUSION, LIQUID_HEAT, WATER_DENSITY};
use crate::lanes::Real;
use crate::water::snow_wind::WindPacking;

/// Layers of the pack.
pub const SNOW_LAYERS: usize = 3;

/// Greatest thickness of the first two layers, m.
const THICKEST: [f64; 2] = [0.05, 0.15];
/// Liquid water that a layer holds, as a share of its pores.
const IRREDUCIBLE: f64 = 0.033;
/// Density that settling doesn't exceed, kg m⁻³.
const DENSEST: f64 = 500.0;
/// Snow below which the pack is gone, kg m⁻².
const NOTHING: f64 = 1e-9;

batched! {
    /// A snowpack, top layer first.
    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    pub struct Snowpack {
        /// Ice, kg m⁻².
        pub ice: [T; SNOW_LAYERS],
        /// Liquid water, kg m⁻².
        pub liquid: [T; SNOW_LAYERS],
        /// Thickness, m.
        pub thickness: [T; SNOW_LAYERS],
        /// Temperature below freezing (at most 0), K.
        pub chill: [T; SNOW_LAYERS],
    }
}

/// Density of fresh snow without wind, kg m⁻³, at an air temperature, K.
#[must_use]
pub fn fresh_density<T: Real>(kelvin: T) -> T {
    let celsius = (kelvin - FREEZING).clamp(-15.0, 2.0);
    let warm = (celsius + 15.0).max(1e-9);
    warm * warm.sqrt() * 1.7 + 50.0
}

/// Thermal conductivity of snow, W m⁻¹ K⁻¹, at a density, kg m⁻³.
#[must_use]
pub fn conductivity<T: Real>(density: T) -> T {
    const AIR: f64 = 0.023;
    const ICE: f64 = 2.29;
    (density * 7.75e-5 + density * density * 1.105e-6) * (ICE - AIR) + AIR
}

impl<T: Real> Snowpack<T> {
    /// A pack of one density, kg m⁻³, at 0 °C.
    #[must_use]
    pub fn of(snow: T, density: T) -> Self {
        let mut pack = Self::default();
        pack.ice[0] = snow;
        pack.thickness[0] = snow / density;
        pack.lay_out();
        pack
    }

    /// Water equivalent, kg m⁻².
    #[must_use]
    pub fn total(&self) -> T {
        (0..SNOW_LAYERS).fold(T::default(), |sum, k| sum + self.ice[k] + self.liquid[k])
    }

    /// Depth, m.
    #[must_use]
    pub fn depth(&self) -> T {
        self.thickness.iter().fold(T::default(), |sum, &d| sum + d)
    }

    /// Density of the top layer, kg m⁻³; 0 without snow.
    #[must_use]
    pub fn top_density(&self) -> T {
        self.density(0)
    }

    /// Heat capacity of a layer, J m⁻² K⁻¹.
    #[must_use]
    pub fn heat_capacity(&self, k: usize) -> T {
        self.ice[k] * ICE_HEAT + self.liquid[k] * LIQUID_HEAT
    }

    /// Thermal resistance of half a layer, K m² W⁻¹.
    #[must_use]
    pub fn half_resistance(&self, k: usize) -> T {
        let there = self.thickness[k].over(0.0);
        let density = (self.ice[k] + self.liquid[k]) / T::select(there, self.thickness[k], 1.0);
        T::select(there, self.thickness[k] * 0.5 / conductivity(density), 0.0)
    }

    /// Lays fresh snow, kg m⁻², of the air's temperature, K, on top.
    pub fn fall(&mut self, snow: T, air: T, wind: &WindPacking<T>) {
        let before = self.heat_capacity(0);
        let added = snow * ICE_HEAT;
        let sum = before + added;
        let chill = before * self.chill[0] + added * (air - FREEZING).min(0.0);
        self.chill[0] = T::select(sum.over(0.0), chill / sum, 0.0);
        self.ice[0] += snow;
        self.thickness[0] += snow / (fresh_density(air) + wind.fresh);
    }

    /// Melts `wanted` kg m⁻² from the top, lets it and `rain` seep, settles the pack and lays out its layers anew;
    /// gives what runs out below, kg m⁻².
    pub fn melt_and_settle(&mut self, wanted: T, rain: T, wind: &WindPacking<T>) -> T {
        let mut left = wanted;
        let mut seeping = rain;
        let mut load = T::default();
        let mut above = T::default();
        for k in 0..SNOW_LAYERS {
            let melted = left.min(self.ice[k]);
            left -= melted;
            self.remove_ice(k, melted);
            seeping = self.seep(k, seeping + melted);
            above += self.thickness[k] * 0.5;
            self.settle(k, load, wind.rate(self.density(k), above));
            above += self.thickness[k] * 0.5;
            load += self.ice[k] + self.liquid[k];
        }
        self.lay_out();
        seeping
    }

    /// Takes `wanted` kg m⁻², at most all, into the air from the top; gives what was taken.
    pub fn sublime(&mut self, wanted: T) -> T {
        let mut left = wanted;
        for k in 0..SNOW_LAYERS {
            let ice = left.min(self.ice[k]);
            self.remove_ice(k, ice);
            left -= ice;
            let liquid = left.min(self.liquid[k]);
            self.liquid[k] -= liquid;
            left -= liquid;
        }
        wanted - left
    }

    /// Gives a layer its heat above that of water and ice at 0 °C, J m⁻²: warmth melts, cold freezes.
    pub fn give_heat(&mut self, k: usize, energy: T) {
        let melted = (energy / LATENT_FUSION).clamp(0.0, self.ice[k]);
        self.remove_ice(k, melted);
        self.liquid[k] += melted;
        let frozen = (-energy / LATENT_FUSION).clamp(0.0, self.liquid[k]);
        self.liquid[k] -= frozen;
        self.ice[k] += frozen;
        let capacity = self.heat_capacity(k);
        let chill = (energy + frozen * LATENT_FUSION) / capacity;
        self.chill[k] = T::select(capacity.over(NOTHING), chill.min(0.0), 0.0);
    }

    fn remove_ice(&mut self, k: usize, amount: T) {
        let ice = self.ice[k];
        let kept = T::select(ice.over(0.0), (ice - amount) / ice, 0.0);
        self.thickness[k] *= kept;
        self.ice[k] = ice - amount;
    }

    /// Water into a layer: some freezes where it is cold, some is held, the rest goes on.
    fn seep(&mut self, k: usize, inflow: T) -> T {
        let water = self.liquid[k] + inflow;
        let heat = self.ice[k] * ICE_HEAT * self.chill[k];
        let frozen = water.min(-heat / LATENT_FUSION);
        self.ice[k] += frozen;
        let warmed = (heat + frozen * LATENT_FUSION) / (self.ice[k] * ICE_HEAT);
        self.chill[k] = T::select(frozen.over(0.0), warmed.min(0.0), self.chill[k]);
        let pores = (self.thickness[k] - self.ice[k] / ICE_DENSITY).max(0.0);
        let held = (water - frozen).min(pores * (IRREDUCIBLE * WATER_DENSITY));
        self.liquid[k] = held;
        water - frozen - held
    }

    /// Density of a layer's ice, kg m⁻³; 0 where there is none.
    fn density(&self, k: usize) -> T {
        let there = self.thickness[k].over(0.0);
        T::select(there, self.ice[k] / T::select(there, self.thickness[k], 1.0), 0.0)
    }

    /// A day of metamorphism, of settling under a load, kg m⁻², and of drifting, d⁻¹.
    fn settle(&mut self, k: usize, load: T, drift: T) {
        let there = self.thickness[k].over(0.0) & self.ice[k].over(0.0);
        if !T::any(there) {
            return;
        }
        let thickness = T::select(there, self.thickness[k], 1.0);
        let density = self.ice[k] / thickness;
        let chill = self.chill[k];
        let wet = T::select(self.liquid[k].over(0.0), 2.0, 1.0);
        let dense = (-(density - 100.0).max(0.0) * 0.046).exp();
        let metamorphism = (chill * 0.04).exp() * dense * wet * 2.777e-6;
        let weight = load + (self.ice[k] + self.liquid[k]) * 0.5;
        let viscosity = (-(chill * 0.08) + density * 0.023).exp() * 9e5;
        let rate = (metamorphism + weight / viscosity) * DAY + drift;
        let settled = (thickness * (-rate).exp()).max(self.ice[k] / DENSEST).min(thickness);
        self.thickness[k] = T::select(there, settled, 0.0);
    }

    /// Moves the layers' borders to their places; mass and heat go with the snow between.
    fn lay_out(&mut self) {
        let total = self.total();
        let gone = total.at_most(NOTHING) | self.depth().at_most(0.0);
        let depth = T::select(gone, 0.0, self.depth());
        let top = (depth / 3.0).min(THICKEST[0]);
        let second = ((depth - top) * 0.5).min(THICKEST[1]);
        let edges = [top, top + second, depth];
        let old = self.clone();
        let mut heat = [T::default(); SNOW_LAYERS];
        let mut upper = T::default();
        *self = Self::default();
        for k in 0..SNOW_LAYERS {
            let (mut from, lower) = (T::default(), if k + 1 < SNOW_LAYERS { edges[k] } else { depth });
            for j in 0..SNOW_LAYERS {
                let to = from + old.thickness[j];
                let shared = (lower.min(to) - upper.max(from)).max(0.0);
                let share = T::select(old.thickness[j].over(0.0), shared / old.thickness[j], 0.0).min(1.0);
                self.ice[k] += old.ice[j] * share;
                self.liquid[k] += old.liquid[j] * share;
                heat[k] += old.heat_capacity(j) * old.chill[j] * share;
                from = to;
            }
            self.thickness[k] = lower - upper;
            upper = lower;
        }
        self.close(&old, heat);
    }

    /// What rounding left out of the layers goes to the top one, and heat becomes temperature again.
    fn close(&mut self, old: &Self, heat: [T; SNOW_LAYERS]) {
        let sum = |of: &[T; SNOW_LAYERS]| of.iter().fold(T::default(), |sum, &x| sum + x);
        self.ice[0] = (self.ice[0] + (sum(&old.ice) - sum(&self.ice))).max(0.0);
        self.liquid[0] = (self.liquid[0] + (sum(&old.liquid) - sum(&self.liquid))).max(0.0);
        for k in 0..SNOW_LAYERS {
            let capacity = self.heat_capacity(k);
            self.chill[k] = T::select(capacity.over(NOTHING), heat[k] / capacity, 0.0).min(0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::{Batched, Lanes, WIDTH};
    use crate::water::fixtures::assert_alike;

    /// A winter's weather by day: snowfall kg m⁻², air K, melt wanted kg m⁻², rain kg m⁻².
    fn weather(d: usize, shift: f64) -> [f64; 4] {
        let air = 264.0 + shift + 12.0 * (d as f64 / 180.0 * std::f64::consts::PI * 1.5).sin().abs();
        let storm = if d.is_multiple_of(6) { 9.0 } else { 0.0 };
        let warm = (air - FREEZING).max(0.0);
        if air < 274.0 { [storm, air, 2.0 * warm, 0.0] } else { [0.0, air, 2.0 * warm, storm] }
    }

    fn day<T: Real>(pack: &mut Snowpack<T>, [snow, air, melt, rain]: [T; 4]) -> T {
        let wind = WindPacking::of(2.5).spread();
        pack.fall(snow, air, &wind);
        let out = pack.melt_and_settle(melt, rain, &wind);
        for k in 0..SNOW_LAYERS {
            let celsius = (air - FREEZING).min(0.0) * (0.9 - 0.3 * k as f64);
            pack.give_heat(k, pack.heat_capacity(k) * celsius);
        }
        out
    }

    #[test]
    fn water_is_conserved_and_layers_fill_the_pack() {
        let mut pack = Snowpack::default();
        let (mut expected, mut deepest) = (0.0, 0.0_f64);
        for d in 0..360 {
            let w = weather(d, 0.0);
            expected += w[0] + w[3] - day(&mut pack, w);
            assert!((pack.total() - expected).abs() < 1e-9, "day {d}: {} against {expected}", pack.total());
            assert!(pack.ice.iter().chain(&pack.liquid).chain(&pack.thickness).all(|&x| x >= 0.0));
            assert!(pack.chill.iter().all(|&c| c <= 0.0));
            deepest = deepest.max(pack.depth());
            if pack.depth() > 0.5 {
                assert!((pack.thickness[0] - THICKEST[0]).abs() < 0.01, "{:?}", pack.thickness);
            }
        }
        assert!((0.3..2.5).contains(&deepest), "{deepest}");
    }

    #[test]
    fn fresh_snow_is_light_and_settles_to_what_winters_have() {
        // 50 + 1.7 (T + 15)^1.5 without wind; packs of 2 months 200 to 300 (Sturm et al. 2010).
        assert!((fresh_density(273.15) - 148.8).abs() < 0.1 && (fresh_density(250.0) - 50.0).abs() < 0.1);
        let mut pack = Snowpack::default();
        for d in 0..60 {
            day(&mut pack, [if d < 40 { 3.0 } else { 0.0 }, 266.0, 0.0, 0.0]);
        }
        let density = pack.total() / pack.depth();
        assert!((150.0..320.0).contains(&density), "{density}");
    }

    #[test]
    fn conductivity_is_jordans() {
        assert!((conductivity(300.0) - 0.301).abs() < 2e-3, "{}", conductivity(300.0));
        assert!((conductivity(100.0) - 0.0656).abs() < 1e-3, "{}", conductivity(100.0));
    }

    #[test]
    fn cold_snow_freezes_what_melts_on_top() {
        let mut cold = Snowpack::<f64>::of(100.0, 250.0);
        cold.chill = [-10.0; SNOW_LAYERS];
        let mut ripe = Snowpack::<f64>::of(100.0, 250.0);
        // 100 kg of ice at -10 degrees freeze 6.3 kg of water.
        let wind = WindPacking::of(2.5);
        assert!(cold.melt_and_settle(4.0, 0.0, &wind) < 0.1 * 4.0);
        assert!(ripe.melt_and_settle(20.0, 0.0, &wind) > 5.0);
    }

    #[test]
    fn a_batch_gives_what_each_column_gives_alone() {
        let shift = [-8.0, 0.0, 6.0, 30.0];
        let mut alone: Vec<Snowpack> = vec![Snowpack::default(); WIDTH];
        let mut batch = Snowpack::<Lanes>::gather(&|k| &alone[k]);
        for d in 0..400 {
            let w: [[f64; 4]; WIDTH] = std::array::from_fn(|k| weather(d, shift[k]));
            let out = day(&mut batch, <[Lanes; 4]>::gather(&|k| &w[k]));
            let taken = batch.sublime(Lanes::from(0.3));
            for k in 0..WIDTH {
                let (run, sublimed) = (day(&mut alone[k], w[k]), alone[k].sublime(0.3));
                assert_eq!((out.at(k).to_bits(), taken.at(k).to_bits()), (run.to_bits(), sublimed.to_bits()));
            }
            assert_alike(batch.total(), |k| alone[k].total());
        }
    }
}
