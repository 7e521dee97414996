//! Where a column meets the air: photosynthesis and evaporation tile by tile, snow, and water in the soil.

use super::canopy_snow::{CanopySnow, STEM_AREA};
use super::output::DayFluxes;
use super::setup::Tile;
use super::state::ColumnState;
use super::today::Today;
use crate::constants::{CARBON_PER_MICROMOLE, DAY, FREEZING, YEAR_DAYS};
use crate::energy::soil_temperature::Surface;
use crate::lanes::Real;
use crate::plant::canopy::{CanopyLight, gross_photosynthesis, leaf_respiration};
use crate::plant::pft::LeafHabit;
use crate::plant::photosynthesis::{biochemistry, dark_respiration, internal_ratio};
use crate::plant::state::Vegetation;
use crate::plant::stoichiometry::leaf_cn;
use crate::soil::grid::LAYERS;
use crate::water::evapotranspiration::{INTERCEPTION, canopy_share, resistance_of, surface_resistance};
use crate::water::snow;
use crate::water::soil_water::{SoilWaterLoss, redistribute};

/// Acclimated temperature below which evergreen photosynthesis rests, °C, and the days of its memory
/// (Mäkelä et al. 2004, doi:10.1093/treephys/24.4.369: 200 h).
const REST_TEMPERATURE: f64 = -4.0;
const ACCLIMATION_DAYS: f64 = 8.3;
/// Largest share of a layer's water that leaves it by roots or evaporation in a day.
const EXTRACTABLE: f64 = 0.5;
/// Least range of soil suction over which stomata close, mm (1 kPa).
const LEAST_CLOSURE: f64 = 100.0;
/// Plant water stress below which roots find nothing: shares of less would underflow.
const LEAST_UPTAKE: f64 = 1e-12;
/// Leaf area below which a plant counts as bare.
const LEAFLESS: f64 = 1e-6;
/// Warmest and coldest that the surface gets against its air on a mean day, K.
const MOST_WARMTH: f64 = 6.0;
/// Shade of leaves and stems over snow, per area.
const SHADE: f64 = 0.5;
/// Share of the rain on a wet forest canopy that evaporates while it rains: 0.17 of 1.38 mm h⁻¹ at Thetford (Gash 1979,
/// doi:10.1002/qj.49710544304).
const RAIN_EVAPORATED: f64 = 0.12;
/// Resistance of snow to sublimation, s m⁻¹.
const SNOW_RESISTANCE: f64 = 150.0;

/// What a canopy does on a day, per area of its tile: carbon in gC m⁻² d⁻¹.
#[derive(Clone, Copy, Debug)]
pub(super) struct CanopyDay<T: Real> {
    /// Leaf area index, m² m⁻².
    pub lai: T,
    /// Gross photosynthesis.
    pub gpp: T,
    /// Leaf maintenance respiration.
    pub respiration: T,
    /// Wetness of the root zone, 0 to 1, frozen soil being wet.
    pub wetness: T,
    /// Mean conductance, mol m⁻² s⁻¹.
    conductance: T,
}

/// Where roots find water.
struct RootUptake<T> {
    share: [T; LAYERS],
    stress: T,
    /// Wetness of the root zone, frozen soil being wet.
    wetness: T,
}

/// What the soil gets from above.
pub(super) struct Ground<T: Real> {
    /// Water that ran off and drained.
    pub loss: SoilWaterLoss<T>,
    /// Its upper boundary of heat.
    pub surface: Surface<T>,
}

impl<T: Real> RootUptake<T> {
    /// From the layers' parts in a sum, the stress.
    fn new(mut share: [T; LAYERS], stress: T, wetness: T) -> Self {
        let takes = stress.over(LEAST_UPTAKE);
        let per_stress = T::select(takes, T::of(1.0) / stress, 0.0);
        for s in &mut share {
            *s *= per_stress;
        }
        Self { share, stress: T::select(takes, stress, 0.0), wetness }
    }
}

/// How stomata close as soil dries: linearly in its head.
struct Closure<T> {
    /// Head at which they are closed, mm.
    closed: T,
    /// mm⁻¹.
    per_head: T,
}

impl<T: Real> Closure<T> {
    /// Between the wetter of two heads, mm, at which stomata are open, and the drier one: draws of parameters come in
    /// any order.
    fn new(smpso: T, smpsc: T) -> Self {
        let open = smpso.max(smpsc);
        let closed = smpso.min(smpsc).min(open - LEAST_CLOSURE);
        Self { closed, per_head: T::of(1.0) / (open - closed) }
    }

    /// Opening at a head, mm: 0 to 1.
    fn open(&self, head: T) -> T {
        ((head - self.closed) * self.per_head).clamp(0.0, 1.0)
    }
}

/// Water on its way through the surface, kg m⁻² d⁻¹ of the column.
struct Exchange<T> {
    /// Rain and drip that reach the ground.
    through: T,
    /// Taken from soil layers by roots and evaporation.
    taken: [T; LAYERS],
    /// Taken from snow.
    sublimed: T,
    /// Warmth of the surface over the air, K.
    warmth: T,
}

impl<T: Real> Today<'_, T> {
    /// Precipitation, canopies and their water, evaporation and flow in the soil; `canopies` takes one entry a tile.
    pub fn exchange(
        &self,
        state: &mut ColumnState<T>,
        mut canopies: impl FnMut(CanopyDay<T>),
        fluxes: &mut DayFluxes<T>,
    ) -> Ground<T> {
        let column = self.column;
        let snowfall = self.precipitation * snow::snow_share(self.mean);
        let rain = self.precipitation - snowfall;
        let above = self.snow_through_canopies(state, snowfall);
        state.water.snow.fall(above.fallen, self.mean, &column.wind_packing[self.month]);
        let absorbed = T::of(1.0) - snow::albedo(state.water.snow.top_density());
        let melting = snow::melt(self.mean, self.heat_conductance(None), absorbed * self.light_below(state));

        let zero = T::default();
        let mut exchange =
            Exchange { through: rain * column.bare, taken: [zero; LAYERS], sublimed: zero, warmth: zero };
        for i in 0..column.tiles.len() {
            let tile = &column.tiles[i];
            let canopy = self.tile(tile, (state, i), (rain, &above), &mut exchange, fluxes);
            canopies(canopy);
        }
        if T::any(column.bare.over(0.0)) {
            self.bare_ground(state, &mut exchange, fluxes);
        }
        let water = &mut state.water;
        let white = snow::cover(water.snow.total());
        water.snow.sublime(exchange.sublimed);
        let seeped = water.snow.melt_and_settle(melting, exchange.through, &column.wind_packing[self.month]);
        for i in 0..column.hydraulics.layers {
            water.liquid[i] -= exchange.taken[i];
        }
        water.liquid[0] += seeped;
        state.et_mean += (fluxes.et - state.et_mean) / YEAR_DAYS;
        let loss = redistribute(water, &column.hydraulics, self.wetness);
        fluxes.runoff = loss.runoff + loss.drainage;
        let free = self.mean + exchange.warmth.clamp(-MOST_WARMTH, MOST_WARMTH);
        let snowy = free.min(FREEZING);
        let temperature = free + (snowy - free) * white;
        Ground { loss, surface: Surface { temperature, resistance: self.air_resistance() } }
    }

    /// Resistance of the air over the tiles to sensible heat, K m² W⁻¹.
    fn air_resistance(&self) -> T {
        let bare = self.heat_conductance(None) * self.column.bare;
        let tiles = self.column.tiles.iter();
        T::of(1.0) / tiles.fold(bare, |sum, tile| sum + self.heat_conductance(Some(tile)) * tile.fraction)
    }

    /// Short-wave radiation that reaches the ground, W m⁻², mean over the tiles.
    fn light_below(&self, state: &ColumnState<T>) -> T {
        let below = |plant: &Vegetation<T>, tile: &Tile<T>| {
            let stems = if tile.pft.is_tree() { STEM_AREA } else { 0.0 };
            ((plant.leaf * tile.parameters.slatop + stems) * -SHADE).exp() * tile.fraction
        };
        let tiles = state.plants.iter().zip(&self.column.tiles);
        tiles.fold(self.column.bare, |sum, (plant, tile)| sum + below(plant, tile)) * self.shortwave
    }

    /// One tile: photosynthesis, interception, transpiration, evaporation.
    fn tile(
        &self,
        tile: &Tile<T>,
        (state, index): (&mut ColumnState<T>, usize),
        (rain, above): (T, &CanopySnow<T>),
        exchange: &mut Exchange<T>,
        fluxes: &mut DayFluxes<T>,
    ) -> CanopyDay<T> {
        let (p, share_of_column) = (&tile.parameters, tile.fraction);
        let (water, plant) = (&state.water, &mut state.plants[index]);
        self.remember(plant);
        let lai = plant.leaf * p.slatop;
        let uptake = self.root_uptake(tile, &state.temperature);
        let canopy = self.assimilate(tile, plant, lai, &uptake);

        let capacity = lai * INTERCEPTION;
        let intercepted = (capacity - plant.intercepted).clamp(0.0, rain * 0.7);
        plant.intercepted += intercepted;
        let lying = water.snow.total();
        let radiation = self.net_radiation(Some(tile), &water.snow);
        let net = radiation.max(0.0);
        let demand = self.demand(Some(tile));
        let factor = self.evaporating_season(p);
        let cover = canopy_share(lai);
        let potential = demand.evaporation(net * cover, cover, T::default()) * factor;
        let held = potential.min(plant.intercepted);
        plant.intercepted -= held;
        let in_rain = if tile.pft.is_tree() {
            ((rain - intercepted) * cover * RAIN_EVAPORATED).min(potential - held)
        } else {
            T::default()
        };
        let wet = held + in_rain;
        let drip = (plant.intercepted - capacity).max(0.0);
        plant.intercepted -= drip;

        let sublimed = above.sublimed[index];
        let resistance = resistance_of(canopy.conductance, self.daytime, self.column.pressure);
        let dry =
            (demand.evaporation(net * cover, cover, resistance) * factor - (wet + sublimed) * 0.5).max(0.0);
        let wanted = T::select(lai.over(LEAFLESS), dry, 0.0);
        let mut transpired = T::default();
        let mut top = T::default();
        for i in 0..self.column.hydraulics.layers {
            let taken = (wanted * uptake.share[i]).min(water.liquid[i] * EXTRACTABLE);
            exchange.taken[i] += taken * share_of_column;
            transpired += taken;
            top = if i == 0 { taken } else { top };
        }
        let open = T::of(1.0) - cover;
        let snowy = lying.over(0.0);
        let surface = surface_resistance(p.soil_resistance, self.wetness.saturation[0]);
        let soil = (factor * demand.evaporation(net * open, open, surface))
            .min((water.liquid[0] - top) * EXTRACTABLE);
        let white = (factor * demand.evaporation(net * open, open, T::of(SNOW_RESISTANCE)) * 0.5).min(lying);
        exchange.sublimed += T::select(snowy, white, 0.0) * share_of_column;
        exchange.taken[0] += T::select(snowy, 0.0, soil) * share_of_column;
        exchange.through += (rain - intercepted - in_rain + drip) * share_of_column;
        let ground = T::select(snowy, white, soil);
        let evaporated = wet + transpired + ground;
        let cooling = evaporated + above.as_evaporation(index);
        exchange.warmth += self.surface_warmth(Some(tile), radiation, cooling) * share_of_column;

        fluxes.lai += lai * share_of_column;
        fluxes.btran += uptake.stress * share_of_column;
        fluxes.net_radiation += net * share_of_column;
        fluxes.transpiration += transpired * share_of_column;
        fluxes.et += (evaporated + sublimed) * share_of_column;
        canopy
    }

    /// Evaporation where nothing grows.
    fn bare_ground(&self, state: &ColumnState<T>, exchange: &mut Exchange<T>, fluxes: &mut DayFluxes<T>) {
        let (water, p, bare) = (&state.water, &self.column.parameters, self.column.bare);
        let lying = water.snow.total();
        let radiation = self.net_radiation(None, &water.snow);
        let net = radiation.max(0.0);
        let demand = self.demand(None);
        let factor = self.evaporating_season(p) * bare;
        let snowy = lying.over(0.0);
        let surface = surface_resistance(p.soil_resistance, self.wetness.saturation[0]);
        let whole = T::of(1.0);
        let soil =
            (factor * demand.evaporation(net, whole, surface)).min((water.liquid[0] * bare) * EXTRACTABLE);
        let white = (factor * demand.evaporation(net, whole, T::of(SNOW_RESISTANCE)) * 0.5).min(lying * bare);
        exchange.sublimed += T::select(snowy, white, 0.0);
        exchange.taken[0] += T::select(snowy, 0.0, soil);
        let evaporated = T::select(snowy, white, soil);
        exchange.warmth += self.surface_warmth(None, radiation * bare, evaporated);
        fluxes.net_radiation += net * bare;
        fluxes.et += evaporated;
    }

    /// Running means that plants carry.
    fn remember(&self, plant: &mut Vegetation<T>) {
        plant.t10 += (self.mean - plant.t10) / 10.0;
        plant.t_annual += (self.mean - plant.t_annual) / YEAR_DAYS;
        plant.acclimation += (self.mean - FREEZING - plant.acclimation) / ACCLIMATION_DAYS;
    }

    fn root_uptake(&self, tile: &Tile<T>, temperature: &[T; LAYERS]) -> RootUptake<T> {
        let (soil, p) = (&self.column.hydraulics, &tile.parameters);
        let stomata = Closure::new(p.smpso, p.smpsc);
        let mut share = [T::default(); LAYERS];
        let (mut stress, mut wetness) = (T::default(), T::default());
        for i in 0..soil.layers {
            let head = -(soil.suction[i] * self.wetness.suction_factor(i));
            let open = stomata.open(head);
            let thawed = temperature[i].over(FREEZING - 1.0);
            share[i] = T::select(thawed, tile.root_fraction[i] * open, 0.0);
            stress += share[i];
            wetness += T::select(thawed, share[i], tile.root_fraction[i]);
        }
        RootUptake::new(share, stress, wetness)
    }

    fn assimilate(
        &self,
        tile: &Tile<T>,
        plant: &Vegetation<T>,
        lai: T,
        uptake: &RootUptake<T>,
    ) -> CanopyDay<T> {
        let p = &tile.parameters;
        let leaf = biochemistry(self.daytime, plant.t10);
        let night = dark_respiration(self.night);
        let ready = if tile.pft.leaf_habit() == LeafHabit::SeasonalDeciduous {
            T::of(1.0)
        } else {
            let range = (p.t_acclim - REST_TEMPERATURE).max(1.0);
            ((plant.acclimation - REST_TEMPERATURE) / range).clamp(0.0, 1.0)
        };
        let day_length = self.sun.day_length / self.column.solar.max_day_length;
        let nitrogen = p.leaf_nitrogen(leaf_cn(plant, p));
        let top = p.vcmax25_top(nitrogen);
        let season = self.column.season([p.vcmax_cos1, p.vcmax_sin1, p.vcmax_cos2, p.vcmax_sin2], self.day);
        let vcmax25 = top * season * uptake.stress * ready * (day_length * day_length).max(0.01);
        let ratio = internal_ratio(p.medlynslope, self.vpd);
        let light = CanopyLight { sun: self.sun, shortwave: self.shortwave, lai };
        let gpp = gross_photosynthesis(&light, &leaf, vcmax25, ratio * self.co2);
        let mean_rate = gpp / (CARBON_PER_MICROMOLE * DAY);
        let respiration = p.lmr_scale
            * self.respiring_season(p)
            * leaf_respiration(
                lai,
                p.leaf_respiration25(nitrogen, plant.t10),
                self.day_share,
                leaf.respiration,
                night,
            );
        // gs = g0 + 1.6 (1 + g1/√D) A/ca, and ci/ca = g1/(g1 + √D) gives 1.6 A / (ca − ci).
        let conductance =
            p.medlynintercept * lai * 1e-6 + mean_rate * 1.6 / (self.co2 * (T::of(1.0) - ratio));
        let leafy = lai.over(LEAFLESS);
        CanopyDay {
            lai,
            gpp: T::select(leafy, gpp, 0.0),
            respiration: T::select(leafy, respiration, 0.0),
            wetness: uptake.wetness,
            conductance: T::select(leafy, conductance, 0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stomata_close_with_drought_whatever_the_order_of_the_draws() {
        let (right, swapped) = (Closure::new(-66e3, -255e3), Closure::new(-255e3, -66e3));
        for (head, open) in [(-1e3, 1.0), (-66e3, 1.0), (-160.5e3, 0.5), (-255e3, 0.0), (-1e6, 0.0)] {
            assert!((right.open(head) - open).abs() < 1e-12, "{head}");
            assert_eq!(right.open(head).to_bits(), swapped.open(head).to_bits());
        }
        let same = Closure::new(-66e3, -66e3);
        assert!((same.open(-66e3) - 1.0).abs() < 1e-12 && same.open(-67e3).abs() < 1e-12);
    }

    #[test]
    fn roots_in_soil_that_gives_next_to_nothing_take_nothing() {
        for (least, takes) in [(1e-3, true), (1e-9, true), (1e-14, false), (1e-310, false), (0.0, false)] {
            let uptake = RootUptake::new([least; LAYERS], least * LAYERS as f64, 0.0);
            let sum: f64 = uptake.share.iter().sum();
            assert!((sum - if takes { 1.0 } else { 0.0 }).abs() < 1e-12, "{least}: {sum}");
            assert_eq!(uptake.stress > 0.0, takes);
        }
    }
}
