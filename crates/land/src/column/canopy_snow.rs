//! Snow on its way through the canopies of a column.

use super::setup::{MOST_TILES, Tile};
use super::state::ColumnState;
use super::today::Today;
use crate::constants::{FREEZING, LATENT_FUSION, LATENT_VAPOUR};
use crate::lanes::Real;
use crate::water::canopy_snow::{Depletion, caught, deficit_over_ice, deplete, resistance, unloading_rate};
use crate::water::evapotranspiration::canopy_share;
use crate::water::snowpack::Snowpack;

/// Stems of a forest, m² m⁻².
pub(super) const STEM_AREA: f64 = 1.0;
/// Heat of sublimation over that of evaporation.
const SUBLIMATION: f64 = (LATENT_VAPOUR + LATENT_FUSION) / LATENT_VAPOUR;

/// What canopies did with the snow of a day, kg m⁻².
pub(super) struct CanopySnow<T> {
    /// Snow that reached the ground, per area of the column.
    pub fallen: T,
    /// Given to the air by each tile, per its own area.
    pub sublimed: [T; MOST_TILES],
}

impl<T: Real> CanopySnow<T> {
    /// Evaporation that takes as much heat as a tile's sublimation, kg m⁻² of the tile.
    pub fn as_evaporation(&self, tile: usize) -> T {
        self.sublimed[tile] * SUBLIMATION
    }
}

impl<T: Real> Today<'_, T> {
    /// Catches, unloads and sublimes snow tile by tile. Only trees hold snow: what is lower lies under it.
    pub fn snow_through_canopies(&self, state: &mut ColumnState<T>, snowfall: T) -> CanopySnow<T> {
        let mut snow =
            CanopySnow { fallen: snowfall * self.column.bare, sublimed: [T::default(); MOST_TILES] };
        for (i, tile) in self.column.tiles.iter().enumerate() {
            let mut through = snowfall;
            if tile.pft.is_tree() {
                let plant = &mut state.plants[i];
                let area = plant.leaf * tile.parameters.slatop + STEM_AREA;
                let caught = caught(snowfall, area, plant.intercepted_snow);
                let day = self.canopy_snow(tile, &state.water.snow, area, plant.intercepted_snow + caught);
                plant.intercepted_snow = day.left;
                snow.sublimed[i] = day.sublimed;
                through = snowfall - caught + day.unloaded;
            }
            snow.fallen += through * tile.fraction;
        }
        snow
    }

    /// What becomes of snow that leaves and stems of an area hold: nothing where there is none.
    fn canopy_snow(&self, tile: &Tile<T>, pack: &Snowpack<T>, area: T, held: T) -> Depletion<T> {
        let none = T::default();
        let snowy = held.over(0.0);
        if !T::any(snowy) {
            return Depletion { left: none, sublimed: none, unloaded: none };
        }
        let wind = self.column.wind[self.month];
        let share = canopy_share(area);
        let net = self.net_radiation(Some(tile), pack).max(0.0);
        let resistance = resistance(area, tile.leaf_conductance * wind.sqrt());
        let air = self.demand_at(Some(tile), deficit_over_ice(self.vpd, self.mean - FREEZING));
        let energy = air.evaporation(net * share, share, resistance) / SUBLIMATION;
        let demand = energy * self.evaporating_season(&tile.parameters);
        let day = deplete(held, unloading_rate(self.mean, wind), demand);
        Depletion {
            left: T::select(snowy, day.left, none),
            sublimed: T::select(snowy, day.sublimed, none),
            unloaded: T::select(snowy, day.unloaded, none),
        }
    }
}
