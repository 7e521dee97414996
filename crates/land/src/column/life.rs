//! What lives in a column: leaves that come and go, growth, and what soil makes of litter.

use arrayvec::ArrayVec;

use super::output::DayFluxes;
use super::setup::{MOST_TILES, Tile};
use super::state::ColumnState;
use super::surface::CanopyDay;
use super::today::Today;
use crate::constants::{MEGAPASCAL_PER_MM, YEAR_DAYS};
use crate::lanes::Real;
use crate::plant::allocation::{self, CarbonBudget, GrowthShares};
use crate::plant::nitrogen_cost::{self, RootZone};
use crate::plant::phenology::{self, Signals};
use crate::plant::respiration;
use crate::plant::state::Vegetation;
use crate::plant::turnover::{self, Litterfall};
use crate::soil::grid::LAYERS;
use crate::soil::{self, OperatorTrace, SoilClimate, SoilFluxes, SoilInput};
use crate::water::soil_water::SoilWaterLoss;

/// Layer whose state phenology senses (node at 9 cm is the third in CLM; 0.05 to 0.16 m here).
const SENSED: usize = 2;
/// Largest share of a day's carbon for growth that goes into the uptake of nitrogen.
const MOST_PAID: f64 = 0.5;
/// Layer whose temperature roots have (0.2 to 0.32 m).
const ROOTED: usize = 4;
/// Days of the year on which fertiliser is given: mid-March to mid-June.
const FERTILISED: std::ops::Range<usize> = 75..165;
/// Litter quality: labile, cellulose, lignin (all types of CLM5).
const QUALITY: [f64; 3] = [0.25, 0.5, 0.25];

/// What a tile's plants want of a day, per area of the tile.
pub(super) struct Want<T: Real> {
    canopy: CanopyDay<T>,
    budget: CarbonBudget<T>,
    shares: GrowthShares<T>,
    /// Nitrogen asked from the soil, gN m⁻² d⁻¹.
    demand: T,
    /// Nitrogen taken back from old tissue, gN m⁻² d⁻¹.
    own: T,
    /// Price of nitrogen from the soil and from symbionts, gC gN⁻¹.
    price: T,
    fixation_price: T,
}

/// What roots meet in each layer.
#[derive(Clone, Copy)]
struct Below<'a, T> {
    /// K.
    temperature: &'a [T; LAYERS],
    /// Mineral nitrogen, gN m⁻².
    nitrogen: &'a [T; LAYERS],
}

/// The canopies and the wants of all tiles.
pub(super) type Canopies<T> = ArrayVec<CanopyDay<T>, MOST_TILES>;
type Wants<T> = ArrayVec<Want<T>, MOST_TILES>;

impl<T: Real> Today<'_, T> {
    /// One day's carbon and nitrogen of plants and soil.
    pub fn live(
        &self,
        state: &mut ColumnState<T>,
        canopies: Canopies<T>,
        loss: SoilWaterLoss<T>,
        trace: Option<&mut OperatorTrace<T>>,
        fluxes: &mut DayFluxes<T>,
    ) {
        let column = self.column;
        let climate = self.soil_climate(state, loss);
        let burned = self.burned(state, &canopies);
        let mut input = SoilInput { nitrogen_deposition: self.deposition, burned, ..SoilInput::default() };
        fluxes.burned = burned;
        let mineral = std::array::from_fn(|i| state.soil.nh4[i] + state.soil.no3[i]);
        let below = Below { temperature: &state.temperature, nitrogen: &mineral };
        let mut wants = Wants::new();
        for ((tile, plant), canopy) in column.tiles.iter().zip(&mut state.plants).zip(canopies) {
            let mut litter = self.shed_leaves(tile, plant, &state.temperature, canopy.lai);
            self.burn(tile, plant, burned, &mut litter);
            fluxes.fire += litter.fire * tile.fraction;
            fluxes.fire_n += litter.fire_n * tile.fraction;
            fluxes.harvest += litter.harvest * tile.fraction;
            fluxes.harvest_n += litter.harvest_n * tile.fraction;
            self.place_litter(tile, &litter, &mut input);
            wants.push(self.want(tile, plant, canopy, below, &mut input));
        }
        let soil = soil::step(&mut state.soil, &column.soil, &climate, &input, self.biology, trace);
        account_for(fluxes, &soil, &input);
        let demand = input.plant_nitrogen_demand;
        let met = T::select(demand.over(0.0), soil.plant_nitrogen_uptake / demand, 0.0);
        for ((tile, plant), want) in column.tiles.iter().zip(&mut state.plants).zip(&wants) {
            grow(tile, plant, want, met, fluxes);
        }
    }

    fn shed_leaves(
        &self,
        tile: &Tile<T>,
        plant: &mut Vegetation<T>,
        temperature: &[T; LAYERS],
        lai: T,
    ) -> Litterfall<T> {
        let (soil, p) = (&self.column.hydraulics, &tile.parameters);
        let sensed = SENSED.min(soil.layers - 1);
        let signals = Signals {
            soil_temperature: temperature[sensed],
            soil_potential: -(soil.suction[sensed] * self.wetness.suction_factor(sensed)) * MEGAPASCAL_PER_MM,
            day_length: self.sun.day_length,
            lengthening: self.sun.lengthening,
            lai,
        };
        let turnover = phenology::advance(plant, p, tile.pft.leaf_habit(), &signals);
        turnover::display(plant, p, &turnover);
        let mut fall = turnover::shed(plant, p, &turnover);
        turnover::harvest(plant, p, tile.pft, self.day, &mut fall);
        fall
    }

    /// Spreads litter over layers and pools: leaves and stems at the surface, roots along their profile.
    fn place_litter(&self, tile: &Tile<T>, litter: &Litterfall<T>, input: &mut SoilInput<T>) {
        let stem = tile.parameters.stem_share();
        let root_share = T::of(1.0) - stem;
        for i in 0..self.column.hydraulics.layers {
            let surface = self.column.soil.litter_profile[i] * tile.fraction;
            let root = tile.root_fraction[i] * tile.fraction;
            let fine = litter.leaf * surface + litter.froot * root;
            let fine_n = litter.leaf_n * surface + litter.froot_n * root;
            for (pool, share) in QUALITY.iter().enumerate() {
                input.litter_carbon[i][pool] += fine * *share;
                input.litter_nitrogen[i][pool] += fine_n * *share;
            }
            let coarse = stem * surface + root_share * root;
            input.litter_carbon[i][3] += litter.wood * coarse;
            input.litter_nitrogen[i][3] += litter.wood_n * coarse;
        }
    }

    /// Pays respiration and asks for nitrogen; adds to what the soil gets and is asked for.
    fn want(
        &self,
        tile: &Tile<T>,
        plant: &mut Vegetation<T>,
        canopy: CanopyDay<T>,
        below: Below<'_, T>,
        input: &mut SoilInput<T>,
    ) -> Want<T> {
        let p = &tile.parameters;
        let woods = respiration::maintenance(plant, p, self.mean, below.temperature[ROOTED]);
        let budget = allocation::pay_maintenance(
            plant,
            canopy.gpp,
            self.respiring_season(p) * woods + canopy.respiration,
        );
        let stored_leaf = plant.stored() / (p.froot_leaf + 1.0);
        let shares = GrowthShares::new(p, (plant.leaf + stored_leaf) * p.slatop);
        let fixation_price = nitrogen_cost::fixation(below.temperature[ROOTED]);
        let zone = RootZone {
            nitrogen: below.nitrogen,
            root_fraction: &tile.root_fraction,
            layers: self.column.hydraulics.layers,
            roots: plant.froot,
        };
        let price = nitrogen_cost::uptake(&zone, p.perecm, fixation_price);
        let (demand, own) = allocation::soil_demand(plant, p, &shares, budget.available, price);
        let npp = plant.npp_mean.max(0.0) * YEAR_DAYS;
        let fixed = -(npp * -0.003).exp_m1() * p.nfix_scale * (1.8 / YEAR_DAYS);
        input.nitrogen_deposition += self.fertiliser(tile) * tile.fraction;
        input.nitrogen_fixation += fixed * tile.fraction;
        input.plant_nitrogen_demand += demand * tile.fraction;
        Want { canopy, budget, shares, demand, own, price, fixation_price }
    }

    /// Fertiliser of the day, gN m⁻² d⁻¹.
    fn fertiliser(&self, tile: &Tile<T>) -> T {
        let share = if FERTILISED.contains(&self.day) { 1.0 / FERTILISED.len() as f64 } else { 0.0 };
        tile.parameters.nfert * share
    }

    fn soil_climate(&self, state: &ColumnState<T>, loss: SoilWaterLoss<T>) -> SoilClimate<T> {
        let mut climate = SoilClimate {
            temperature: state.temperature,
            psi: [T::of(-0.1); LAYERS],
            water: [T::default(); LAYERS],
            frozen_depth_limit: state.thaw[0].max(state.thaw[1]),
            drainage: loss.drainage,
            surface_runoff: loss.runoff,
            et_annual: state.et_mean * YEAR_DAYS,
            activity: self.respiring_season(&self.column.parameters),
        };
        let soil = &self.column.hydraulics;
        for i in 0..soil.layers {
            climate.psi[i] = -(soil.suction[i] * self.wetness.suction_factor(i)) * MEGAPASCAL_PER_MM;
            climate.water[i] = state.water.liquid[i] / soil.capacity[i] * soil.porosity[i];
        }
        climate
    }
}

/// Grows with the share of its demand that the soil met, and with what it buys. What finds no nitrogen is respired.
fn grow<T: Real>(
    tile: &Tile<T>,
    plant: &mut Vegetation<T>,
    want: &Want<T>,
    met: T,
    fluxes: &mut DayFluxes<T>,
) {
    let (p, available) = (&tile.parameters, want.budget.available);
    let got = want.demand * met;
    let paid = (got * want.price).min(available * MOST_PAID);
    let bought = allocation::buy_nitrogen(want.demand - got, p, available - paid, want.fixation_price);
    let price = paid + bought * want.fixation_price;
    let uptake = got + bought;
    let growth = allocation::grow(plant, p, &want.shares, available - price, (uptake, want.own));
    let gpp = want.canopy.gpp;
    let ra = want.budget.maintenance + growth.respiration + growth.excess + price;
    plant.npp_mean += (gpp - ra - plant.npp_mean) / YEAR_DAYS;
    fluxes.gpp += gpp * tile.fraction;
    fluxes.ra += ra * tile.fraction;
    fluxes.nitrogen_supply += growth.supply * tile.fraction;
    fluxes.nitrogen_in += bought * tile.fraction;
}

fn account_for<T: Real>(fluxes: &mut DayFluxes<T>, soil: &SoilFluxes<T>, input: &SoilInput<T>) {
    fluxes.fire += soil.fire;
    fluxes.fire_n += soil.fire_nitrogen;
    fluxes.hr = soil.heterotrophic_respiration;
    fluxes.nitrogen_in = input.nitrogen_deposition + input.nitrogen_fixation + soil.free_fixation;
    fluxes.nitrogen_out = soil.denitrification + soil.leaching;
}
