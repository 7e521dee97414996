//! The day's fire in a column.

use super::life::Canopies;
use super::setup::Tile;
use super::state::ColumnState;
use super::today::Today;
use crate::constants::FREEZING;
use crate::energy::radiation::saturation_vapour_pressure;
use crate::fire::{self, FireTraits, Weather, availability, woodiness};
use crate::lanes::Real;
use crate::plant::pft::Pft;
use crate::plant::state::Vegetation;
use crate::plant::turnover::Litterfall;
use crate::soil::grid::THICKNESS;
use crate::soil::{Pool, column_totals};

/// Days of the memory of wood for the air's humidity.
const WOOD_DAYS: f64 = 30.0;
/// Layers whose temperature decides whether the ground is frozen (CLM: the top 17 cm; 20 cm here).
const TOP: usize = 4;
/// Warmth of that ground, K, from which a whole day burns: CLM's half-hours cross 0 °C one by one.
const THAWING: f64 = 1.0;
/// Mean of a half sine over its amplitude.
const HALF_SINE: f64 = 2.0 / std::f64::consts::PI;

impl<T: Real> Today<'_, T> {
    /// Share of the column that burns, d⁻¹; the air's humidity enters its running mean.
    pub fn burned(&self, state: &mut ColumnState<T>, canopies: &Canopies<T>) -> T {
        let (column, p) = (self.column, &self.column.parameters);
        let humidity = (T::of(1.0) - self.vpd / self.saturation).clamp(0.0, 1.0);
        state.humidity += (humidity - state.humidity) / WOOD_DAYS;
        let potential = column.fire.potential[self.month] * p.fire_scale;
        let wetness = self.wild_wetness(canopies);
        let thawed = (top_temperature(state) - FREEZING).clamp(0.0, THAWING) / THAWING;
        let may = potential.over(0.0) & thawed.over(0.0) & Weather::dryness_of_soil(wetness).over(0.0);
        if !T::any(may) {
            return T::default();
        }
        let weather =
            Weather { humidity: self.humidity_of_halves(), monthly_humidity: state.humidity, wetness };
        let fuel = self.fuel(state);
        let share = potential * thawed * availability(fuel) * weather.combustibility(woodiness(fuel));
        T::select(may, share.min(1.0) * column.fire.wild, 0.0)
    }

    /// Burns a tile's part of the share of the column that burns.
    pub fn burn(&self, tile: &Tile<T>, plant: &mut Vegetation<T>, burned: T, fall: &mut Litterfall<T>) {
        if T::any(burned.over(0.0)) {
            let share = self.column.fire.burned_tile(tile.pft, burned);
            fire::burn(plant, &FireTraits::of(tile.pft), (share, tile.parameters.stem_share()), fall);
        }
    }

    /// Relative humidity of the warm and of the cold half of a day whose temperature is a sine.
    fn humidity_of_halves(&self) -> [T; 2] {
        let vapour = self.saturation - self.vpd;
        [HALF_SINE, -HALF_SINE].map(|sign| {
            let temperature = self.mean + self.range * (0.5 * sign);
            (vapour / saturation_vapour_pressure(temperature - FREEZING)).clamp(0.0, 1.0)
        })
    }

    /// Wetness of the root zone, mean over what is neither crop nor bare; as good as wet where nothing else is.
    fn wild_wetness(&self, canopies: &Canopies<T>) -> T {
        let (mut sum, mut area) = (T::default(), T::default());
        for (tile, canopy) in self.column.tiles.iter().zip(canopies) {
            if tile.pft != Pft::C3Crop {
                sum += canopy.wetness * tile.fraction;
                area += tile.fraction;
            }
        }
        T::select(area.over(0.0), sum / area, 1.0)
    }

    /// Fuel, gC m⁻² of what is no cropland: litter, woody debris, and what of plants is above ground (CLM's `FUELC`).
    fn fuel(&self, state: &ColumnState<T>) -> T {
        let debris = Pool::WoodyDebris as usize;
        let pools = column_totals(&state.soil.carbon);
        let lying = pools[..debris].iter().fold(T::default(), |sum, &litter| sum + litter);
        let lying = lying + pools[debris] * self.column.parameters.soil.spinup_debris;
        let standing = |sum: T, (tile, plant): (&Tile<T>, &Vegetation<T>)| {
            let p = &tile.parameters;
            let stored = plant.storage / (p.froot_leaf + 1.0);
            let wood = (plant.livewood + plant.deadwood) * p.stem_share();
            sum + (plant.leaf + stored + wood) * tile.fraction
        };
        let wild = self.column.tiles.iter().zip(&state.plants).filter(|(tile, _)| tile.pft != Pft::C3Crop);
        lying + wild.fold(T::default(), standing) / self.column.fire.wild.max(f64::MIN_POSITIVE)
    }
}

/// Temperature of the ground's top 20 cm, K.
fn top_temperature<T: Real>(state: &ColumnState<T>) -> T {
    let depth: f64 = THICKNESS[..TOP].iter().sum();
    (0..TOP).fold(T::default(), |sum, i| sum + state.temperature[i] * (THICKNESS[i] / depth))
}
