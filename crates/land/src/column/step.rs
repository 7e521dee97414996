//! The daily step of a column, process by process.

use super::balance::{Residual, Stocks};
use super::output::DayFluxes;
use super::setup::Column;
use super::state::ColumnState;
use crate::constants::{CARBON_PER_MICROMOLE, DAY, FREEZING, MEGAPASCAL_PER_MM, YEAR_DAYS};
use crate::energy::radiation::{net_longwave_loss, saturation_vapour_pressure};
use crate::energy::soil_temperature;
use crate::energy::solar::SolarDay;
use crate::forcing::DailyWeather;
use crate::lanes::Real;
use crate::plant::allocation::{self, GrowthShares};
use crate::plant::canopy::{CanopyLight, gross_photosynthesis, leaf_respiration};
use crate::plant::phenology::{self, Signals};
use crate::plant::photosynthesis::{biochemistry, dark_respiration, internal_ratio};
use crate::plant::state::Vegetation;
use crate::plant::turnover::{self, Litterfall};
use crate::plant::{pft::LeafHabit, respiration};
use crate::soil::grid::{INTERFACE, LAYERS};
use crate::soil::{self, OperatorTrace, SoilClimate, SoilFluxes, SoilInput};
use crate::water::evapotranspiration::{
    Air, INTERCEPTION, PenmanMonteith, canopy_share, resistance_of, surface_resistance,
};
use crate::water::snow;
use crate::water::soil_water::{SoilWaterLoss, Wetness, redistribute};

/// Acclimated temperature below which evergreen photosynthesis rests, °C, and the days of its memory
/// (Mäkelä et al. 2004, doi:10.1093/treephys/24.4.369: 200 h).
const REST_TEMPERATURE: f64 = -4.0;
const ACCLIMATION_DAYS: f64 = 8.3;
/// Layer whose state phenology senses (node at 9 cm is the third in CLM; 0.05 to 0.16 m here).
const SENSED: usize = 2;
/// Albedo of snow under open sky and under trees.
const SNOW_ALBEDO: f64 = 0.65;
const SNOW_ALBEDO_FOREST: f64 = 0.25;
/// Largest share of a layer's water that leaves it by roots or evaporation in a day.
const EXTRACTABLE: f64 = 0.5;
/// Days of the year on which fertiliser is given: mid-March to mid-June.
const FERTILISED: std::ops::Range<usize> = 75..165;
/// Litter quality: labile, cellulose, lignin (all types of CLM5).
const QUALITY: [f64; 3] = [0.25, 0.5, 0.25];

/// Leaf area below which a plant counts as bare.
const BARE: f64 = 1e-6;

/// Seasonal multipliers of a day.
struct Seasons<T> {
    vcmax: T,
    respiration: T,
    evapotranspiration: T,
}

impl<T: Real> Seasons<T> {
    fn new(column: &Column<T>, day: usize) -> Self {
        let p = &column.parameters;
        Self {
            vcmax: column.season([p.vcmax_cos1, p.vcmax_sin1, p.vcmax_cos2, p.vcmax_sin2], day),
            respiration: column.season([p.resp_cos1, p.resp_sin1, p.resp_cos2, p.resp_sin2], day),
            evapotranspiration: column.season([p.et_cos1, p.et_sin1, p.et_cos2, p.et_sin2], day),
        }
    }
}

/// The day as the column meets it, after the station's corrections.
struct Today<'a, T: Real> {
    column: &'a Column<T>,
    day: usize,
    sun: &'a SolarDay<T>,
    seasons: Seasons<T>,
    mean: T,
    daytime: T,
    night: T,
    shortwave: T,
    vpd: T,
    precipitation: T,
    co2: T,
    day_share: T,
    transmission: T,
    wetness: Wetness<T>,
}

/// Advances a column, or a batch of them, by one day; `(day of the year, CO₂)` in 0-based days and µmol mol⁻¹.
/// Returns the day's flows and what the budgets leave unexplained.
pub(super) fn step<T: Real>(
    column: &Column<T>,
    state: &mut ColumnState<T>,
    weather: &DailyWeather<T>,
    (day, co2): (usize, T),
    trace: Option<&mut OperatorTrace<T>>,
) -> (DayFluxes<T>, Residual<T>) {
    let before = Stocks::of(state);
    let wetness = Wetness::new(&state.water, &column.hydraulics);
    let today = Today::new(column, weather, (day, co2), wetness);
    let mut fluxes = DayFluxes { precipitation: today.precipitation, ..DayFluxes::default() };
    today.remember(&mut state.plant);

    let leaf_area = state.plant.leaf * column.parameters.slatop;
    fluxes.lai = leaf_area;
    let uptake = today.root_uptake(state);
    fluxes.btran = uptake.stress;
    let canopy = today.assimilate(&state.plant, leaf_area, uptake.stress);
    let loss = today.move_water(state, &canopy, &uptake, &mut fluxes);
    soil_temperature::conduct(&mut state.temperature, &mut state.water, &column.hydraulics, today.mean);
    today.update_thaw(state);

    let litter = today.shed_leaves(state, leaf_area);
    fluxes.harvest = litter.harvest;
    fluxes.harvest_n = litter.harvest_n;
    let climate = today.soil_climate(state, loss);
    today.grow_and_decompose(state, &canopy, &litter, &climate, trace, &mut fluxes);
    let residual = before.compare(state, &fluxes);
    (fluxes, residual)
}

/// Where roots find water.
struct RootUptake<T> {
    share: [T; LAYERS],
    stress: T,
}

/// What the canopy does on a day, gC m⁻² d⁻¹, and its conductance, mol m⁻² s⁻¹.
struct CanopyDay<T> {
    gpp: T,
    respiration: T,
    conductance: T,
}

impl<'a, T: Real> Today<'a, T> {
    fn new(
        column: &'a Column<T>,
        weather: &DailyWeather<T>,
        (day, co2): (usize, T),
        wetness: Wetness<T>,
    ) -> Self {
        let p = &column.parameters;
        let sun = &column.solar.days[day];
        let mean = (weather.tmin + weather.tmax) * 0.5 + p.forc_tbot_offset;
        let range = weather.tmax - weather.tmin;
        let shortwave = weather.shortwave * p.forc_solar_scale;
        Self {
            column,
            day,
            sun,
            seasons: Seasons::new(column, day),
            mean,
            // Mean of the daylight hours of a sine between minimum and maximum.
            daytime: mean + range * 0.21,
            night: mean - range * 0.21,
            shortwave,
            vpd: weather.vpd * p.forc_vpd_scale,
            precipitation: weather.precipitation * p.forc_rain_scale,
            co2,
            day_share: sun.day_length / DAY,
            transmission: (shortwave / sun.top_of_atmosphere.max(1.0)).clamp(0.0, 1.0),
            wetness,
        }
    }

    /// Running means that plants carry.
    fn remember(&self, plant: &mut Vegetation<T>) {
        plant.t10 += (self.mean - plant.t10) / 10.0;
        plant.t_annual += (self.mean - plant.t_annual) / YEAR_DAYS;
        plant.acclimation += (self.mean - FREEZING - plant.acclimation) / ACCLIMATION_DAYS;
    }

    fn root_uptake(&self, state: &ColumnState<T>) -> RootUptake<T> {
        let (soil, p) = (&self.column.hydraulics, &self.column.parameters);
        let per_head = T::of(1.0) / (p.smpso - p.smpsc);
        let mut share = [T::default(); LAYERS];
        let mut stress = T::default();
        for i in 0..soil.layers {
            let head = -(soil.suction * self.wetness.suction_factor(i));
            let open = ((head - p.smpsc) * per_head).clamp(0.0, 1.0);
            let thawed = state.temperature[i].over(FREEZING - 1.0);
            share[i] = T::select(thawed, self.column.soil.root_fraction[i] * open, 0.0);
            stress += share[i];
        }
        let per_stress = T::select(stress.over(0.0), T::of(1.0) / stress, 0.0);
        for s in &mut share {
            *s *= per_stress;
        }
        RootUptake { share, stress }
    }

    fn assimilate(&self, plant: &Vegetation<T>, lai: T, stress: T) -> CanopyDay<T> {
        let p = &self.column.parameters;
        let leaf = biochemistry(self.daytime, plant.t10);
        let night = dark_respiration(self.night);
        let ready = if self.column.pft.leaf_habit() == LeafHabit::SeasonalDeciduous {
            T::of(1.0)
        } else {
            let range = (p.t_acclim - REST_TEMPERATURE).max(1.0);
            ((plant.acclimation - REST_TEMPERATURE) / range).clamp(0.0, 1.0)
        };
        let day_length = self.sun.day_length / self.column.solar.max_day_length;
        let top = p.vcmax25_top();
        let vcmax25 = top * self.seasons.vcmax * stress * ready * (day_length * day_length).max(0.01);
        let ratio = internal_ratio(p.medlynslope, self.vpd);
        let light = CanopyLight { sun: self.sun, shortwave: self.shortwave, lai };
        let gpp = gross_photosynthesis(&light, &leaf, vcmax25, ratio * self.co2);
        let mean_rate = gpp / (CARBON_PER_MICROMOLE * DAY);
        let respiration = p.lmr_scale
            * self.seasons.respiration
            * leaf_respiration(lai, top, self.day_share, leaf.respiration, night);
        // gs = g0 + 1.6 (1 + g1/√D) A/ca, and ci/ca = g1/(g1 + √D) gives 1.6 A / (ca − ci).
        let conductance =
            p.medlynintercept * lai * 1e-6 + mean_rate * 1.6 / (self.co2 * (T::of(1.0) - ratio));
        let leafy = lai.over(BARE);
        CanopyDay {
            gpp: T::select(leafy, gpp, 0.0),
            respiration: T::select(leafy, respiration, 0.0),
            conductance: T::select(leafy, conductance, 0.0),
        }
    }

    /// Precipitation, interception, evapotranspiration and flow in the soil.
    fn move_water(
        &self,
        state: &mut ColumnState<T>,
        canopy: &CanopyDay<T>,
        uptake: &RootUptake<T>,
        fluxes: &mut DayFluxes<T>,
    ) -> SoilWaterLoss<T> {
        let water = &mut state.water;
        let snowfall = self.precipitation * snow::snow_share(self.mean);
        let rain = self.precipitation - snowfall;
        water.snow += snowfall;
        let capacity = fluxes.lai * INTERCEPTION;
        let intercepted = (capacity - water.canopy).clamp(0.0, rain * 0.7);
        water.canopy += intercepted;
        let melt = snow::melt(water.snow, self.mean, self.day_share);
        water.snow -= melt;

        self.evaporate(state, canopy, uptake, fluxes);
        let water = &mut state.water;
        water.liquid[0] += rain - intercepted + melt;
        let drip = (water.canopy - capacity).max(0.0);
        water.canopy -= drip;
        water.liquid[0] += drip;
        let loss = redistribute(water, &self.column.hydraulics, &self.wetness);
        fluxes.runoff = loss.runoff + loss.drainage;
        loss
    }

    /// Net radiation, W m⁻², under the albedo of plants and snow.
    fn net_radiation(&self, snow: T) -> T {
        let pft = self.column.pft;
        let saturation = saturation_vapour_pressure(self.mean - FREEZING);
        let base = pft.albedo();
        let white = if pft.is_tree() { SNOW_ALBEDO_FOREST } else { SNOW_ALBEDO };
        let albedo = snow::cover(snow) * (white.max(base) - base) + base;
        let longwave = net_longwave_loss(self.mean, saturation - self.vpd, self.transmission);
        ((T::of(1.0) - albedo) * self.shortwave - longwave).max(0.0)
    }

    fn evaporate(
        &self,
        state: &mut ColumnState<T>,
        canopy: &CanopyDay<T>,
        uptake: &RootUptake<T>,
        fluxes: &mut DayFluxes<T>,
    ) {
        let (column, p) = (self.column, &self.column.parameters);
        let water = &mut state.water;
        let net = self.net_radiation(water.snow);
        fluxes.net_radiation = net;
        let factor = p.et_scale * self.seasons.evapotranspiration;
        let air = Air {
            temperature: self.mean,
            vpd: self.vpd,
            pressure: column.pressure,
            aerodynamic: column.aerodynamic,
        };
        let demand = PenmanMonteith::new(&air);
        let share = canopy_share(fluxes.lai);
        let wet = (demand.evaporation(net * share, share, T::default()) * factor).min(water.canopy);
        water.canopy -= wet;
        let resistance = resistance_of(canopy.conductance, self.daytime, column.pressure);
        let transpiration =
            (demand.evaporation(net * share, share, resistance) * factor - wet * 0.5).max(0.0);
        let wanted = T::select(fluxes.lai.over(BARE), transpiration, 0.0);
        let mut transpired = T::default();
        for i in 0..column.hydraulics.layers {
            let taken = (wanted * uptake.share[i]).min(water.liquid[i] * EXTRACTABLE);
            water.liquid[i] -= taken;
            transpired += taken;
        }
        let open = T::of(1.0) - share;
        let snowy = water.snow.over(0.0);
        let surface = surface_resistance(p.soil_resistance, self.wetness.saturation[0]);
        let bare =
            (factor * demand.evaporation(net * open, open, surface)).min(water.liquid[0] * EXTRACTABLE);
        let white = (factor * demand.evaporation(net * open, open, T::of(150.0)) * 0.5).min(water.snow);
        let ground = T::select(snowy, white, bare);
        water.snow -= T::select(snowy, ground, 0.0);
        water.liquid[0] -= T::select(snowy, 0.0, ground);
        fluxes.transpiration = transpired;
        fluxes.et = wet + transpired + ground;
        state.plant.et_mean += (fluxes.et - state.plant.et_mean) / YEAR_DAYS;
    }

    /// Deepest thaw of the year, for cryoturbation.
    fn update_thaw(&self, state: &mut ColumnState<T>) {
        if self.day == 0 {
            state.thaw = [T::default(), state.thaw[0]];
        }
        let layers = self.column.hydraulics.layers;
        let mut depth = T::default();
        let mut thawed = T::default().at_least(0.0);
        for i in 0..layers {
            thawed = thawed & state.temperature[i].over(FREEZING - 1e-9);
            let bottom = if i + 1 == layers { INTERFACE[LAYERS - 1] } else { INTERFACE[i] };
            depth = T::select(thawed, bottom, depth);
        }
        state.thaw[0] = state.thaw[0].max(depth);
    }

    fn shed_leaves(&self, state: &mut ColumnState<T>, leaf_area: T) -> Litterfall<T> {
        let (column, p) = (self.column, &self.column.parameters);
        let sensed = SENSED.min(column.hydraulics.layers - 1);
        let signals = Signals {
            soil_temperature: state.temperature[sensed],
            soil_potential: -(column.hydraulics.suction * self.wetness.suction_factor(sensed))
                * MEGAPASCAL_PER_MM,
            day_length: self.sun.day_length,
            lengthening: self.sun.lengthening,
            lai: leaf_area,
        };
        let plant = &mut state.plant;
        let turnover = phenology::advance(plant, p, column.pft.leaf_habit(), &signals);
        turnover::display(plant, p, turnover.displayed);
        let mut fall = turnover::shed(plant, p, &turnover);
        turnover::harvest(plant, p, column.pft, self.day, &mut fall);
        fall
    }

    fn soil_climate(&self, state: &ColumnState<T>, loss: SoilWaterLoss<T>) -> SoilClimate<T> {
        let mut climate = SoilClimate {
            temperature: state.temperature,
            psi: [T::of(-0.1); LAYERS],
            water: [T::default(); LAYERS],
            frozen_depth_limit: state.thaw[0].max(state.thaw[1]),
            drainage: loss.drainage,
            surface_runoff: loss.runoff,
            et_annual: state.plant.et_mean * YEAR_DAYS,
        };
        let soil = &self.column.hydraulics;
        for i in 0..soil.layers {
            climate.psi[i] = -(soil.suction * self.wetness.suction_factor(i)) * MEGAPASCAL_PER_MM;
            climate.water[i] = state.water.liquid[i] / soil.capacity[i] * soil.porosity;
        }
        climate
    }

    /// One day's carbon and nitrogen of plants and soil.
    fn grow_and_decompose(
        &self,
        state: &mut ColumnState<T>,
        canopy: &CanopyDay<T>,
        litter: &Litterfall<T>,
        climate: &SoilClimate<T>,
        trace: Option<&mut OperatorTrace<T>>,
        fluxes: &mut DayFluxes<T>,
    ) {
        let (column, p) = (self.column, &self.column.parameters);
        let plant = &mut state.plant;
        let season = self.seasons.respiration;
        let wanted =
            season * respiration::maintenance(plant, p, self.mean, state.temperature[4]) + canopy.respiration;
        let budget = allocation::pay_maintenance(plant, canopy.gpp, wanted);
        let stored_leaf = plant.storage / (p.froot_leaf + 1.0);
        let shares = GrowthShares::new(p, (plant.leaf + stored_leaf) * p.slatop);
        let (demand, own) = allocation::soil_demand(plant, p, &shares, budget.available);

        let npp = plant.npp_mean.max(0.0) * YEAR_DAYS;
        let mut input = SoilInput {
            nitrogen_deposition: column.deposition + self.fertiliser(),
            nitrogen_fixation: -(npp * -0.003).exp_m1() * p.nfix_scale * (1.8 / YEAR_DAYS),
            plant_nitrogen_demand: demand,
            ..SoilInput::default()
        };
        place_litter(column, litter, &mut input);
        let mut soil_parameters = p.soil.clone();
        soil_parameters.decomp_scale *= season;
        let soil = soil::step(&mut state.soil, &column.soil, climate, &input, &soil_parameters, trace);

        let missing = demand - soil.plant_nitrogen_uptake;
        let (bought, price) = allocation::buy_nitrogen(missing, p, budget.available);
        let uptake = soil.plant_nitrogen_uptake + bought;
        let growth = allocation::grow(plant, p, &shares, budget.available - price, (uptake, own));
        let needed = demand + own;
        fluxes.nitrogen_supply = T::select(needed.over(0.0), (uptake + own) / needed, 1.0);
        fluxes.gpp = canopy.gpp - growth.excess;
        fluxes.ra = budget.maintenance + growth.respiration + price;
        plant.npp_mean += (fluxes.gpp - fluxes.ra - plant.npp_mean) / YEAR_DAYS;
        account_nitrogen(fluxes, &soil, &input);
        fluxes.nitrogen_in += bought;
    }

    /// Fertiliser of the day, gN m⁻² d⁻¹.
    fn fertiliser(&self) -> T {
        let share = if FERTILISED.contains(&self.day) { 1.0 / FERTILISED.len() as f64 } else { 0.0 };
        self.column.parameters.nfert * share
    }
}

fn account_nitrogen<T: Real>(fluxes: &mut DayFluxes<T>, soil: &SoilFluxes<T>, input: &SoilInput<T>) {
    fluxes.hr = soil.heterotrophic_respiration;
    fluxes.nitrogen_in = input.nitrogen_deposition + input.nitrogen_fixation + soil.free_fixation;
    fluxes.nitrogen_out = soil.denitrification + soil.leaching;
}

/// Spreads litter over layers and pools: leaves and stems at the surface, roots along their profile.
fn place_litter<T: Real>(column: &Column<T>, litter: &Litterfall<T>, input: &mut SoilInput<T>) {
    let p = &column.parameters;
    let stem = T::of(1.0) / (p.croot_stem + 1.0);
    let root_share = T::of(1.0) - stem;
    for i in 0..column.hydraulics.layers {
        let (surface, root) = (column.soil.litter_profile[i], column.soil.root_fraction[i]);
        let fine = litter.leaf * surface + litter.froot * root;
        let fine_n = litter.leaf_n * surface + litter.froot_n * root;
        for (pool, share) in QUALITY.iter().enumerate() {
            input.litter_carbon[i][pool] = fine * *share;
            input.litter_nitrogen[i][pool] = fine_n * *share;
        }
        let coarse = stem * surface + root_share * root;
        input.litter_carbon[i][3] = litter.wood * coarse;
        input.litter_nitrogen[i][3] = litter.wood_n * coarse;
    }
}
