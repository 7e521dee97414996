//! The daily step of a column, process by process.

use super::balance::{LargestImbalance, Stocks};
use super::output::DayFluxes;
use super::setup::Column;
use super::state::ColumnState;
use crate::constants::{CARBON_PER_MICROMOLE, DAY, FREEZING, MEGAPASCAL_PER_MM, YEAR_DAYS};
use crate::energy::radiation::{net_longwave_loss, saturation_vapour_pressure};
use crate::energy::soil_temperature;
use crate::error::LandError;
use crate::forcing::DailyWeather;
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
use crate::water::soil_water::{Wetness, redistribute};
use crate::water::{snow, soil_water::SoilWaterLoss};

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

/// The day as the column meets it, after the station's corrections.
struct Today {
    day: usize,
    mean: f64,
    daytime: f64,
    night: f64,
    shortwave: f64,
    vpd: f64,
    precipitation: f64,
    co2: f64,
    day_share: f64,
    transmission: f64,
}

impl Today {
    fn new(column: &Column, weather: &DailyWeather, day: usize, co2: f64) -> Self {
        let p = &column.parameters;
        let sun = &column.solar.days[day];
        let mean = 0.5 * (weather.tmin + weather.tmax) + p.forc_tbot_offset;
        let range = weather.tmax - weather.tmin;
        let shortwave = weather.shortwave * p.forc_solar_scale;
        Self {
            day,
            mean,
            // Mean of the daylight hours of a sine between minimum and maximum.
            daytime: mean + 0.21 * range,
            night: mean - 0.21 * range,
            shortwave,
            vpd: weather.vpd * p.forc_vpd_scale,
            precipitation: weather.precipitation * p.forc_rain_scale,
            co2,
            day_share: sun.day_length / DAY,
            transmission: (shortwave / sun.top_of_atmosphere.max(1.0)).clamp(0.0, 1.0),
        }
    }
}

/// Advances a column by one day; `(day of the year, CO₂)` in 0-based days and µmol mol⁻¹.
///
/// # Errors
/// [`LandError::Balance`], [`LandError::NotFinite`].
pub fn step(
    column: &Column,
    state: &mut ColumnState,
    weather: &DailyWeather,
    (day, co2): (usize, f64),
    trace: Option<&mut OperatorTrace>,
) -> Result<(DayFluxes, LargestImbalance), LandError> {
    let before = Stocks::of(state);
    let today = Today::new(column, weather, day, co2);
    let mut fluxes = DayFluxes { precipitation: today.precipitation, ..DayFluxes::default() };
    let wetness = Wetness::new(&state.water, &column.hydraulics);
    remember(&mut state.plant, &today);

    let leaf_area = state.plant.leaf * column.parameters.slatop;
    fluxes.lai = leaf_area;
    let uptake = root_uptake(column, state, &wetness);
    fluxes.btran = uptake.stress;
    let canopy = assimilate(column, &state.plant, &today, leaf_area, uptake.stress);
    let loss = move_water(column, state, &today, &wetness, &canopy, &uptake, &mut fluxes);
    soil_temperature::conduct(&mut state.temperature, &mut state.water, &column.hydraulics, today.mean);
    update_thaw(column, state, day);

    let litter = shed_leaves(column, state, &wetness, &today, leaf_area);
    fluxes.harvest = litter.harvest;
    fluxes.harvest_n = litter.harvest_n;
    let climate = soil_climate(column, state, &wetness, loss);
    grow_and_decompose(column, state, &today, &canopy, &litter, &climate, trace, &mut fluxes);
    let imbalance = before.check(state, &fluxes, day)?;
    Ok((fluxes, imbalance))
}

/// Running means that plants carry.
fn remember(plant: &mut Vegetation, today: &Today) {
    plant.t10 += (today.mean - plant.t10) / 10.0;
    plant.t_annual += (today.mean - plant.t_annual) / YEAR_DAYS;
    plant.acclimation += (today.mean - FREEZING - plant.acclimation) / ACCLIMATION_DAYS;
}

/// Where roots find water.
struct RootUptake {
    share: [f64; LAYERS],
    stress: f64,
}

fn root_uptake(column: &Column, state: &ColumnState, wetness: &Wetness) -> RootUptake {
    let p = &column.parameters;
    let mut share = [0.0; LAYERS];
    let mut stress = 0.0;
    for i in 0..column.hydraulics.layers {
        if state.temperature[i] > FREEZING - 1.0 {
            let head = -column.hydraulics.suction * wetness.suction_factor(i);
            let open = ((head - p.smpsc) / (p.smpso - p.smpsc)).clamp(0.0, 1.0);
            share[i] = column.soil.root_fraction[i] * open;
            stress += share[i];
        }
    }
    if stress > 0.0 {
        for s in &mut share {
            *s /= stress;
        }
    }
    RootUptake { share, stress }
}

/// What the canopy does on a day, gC m⁻² d⁻¹, and its conductance, mol m⁻² s⁻¹.
struct CanopyDay {
    gpp: f64,
    respiration: f64,
    conductance: f64,
}

fn assimilate(column: &Column, plant: &Vegetation, today: &Today, lai: f64, stress: f64) -> CanopyDay {
    let p = &column.parameters;
    if lai <= 1e-6 {
        return CanopyDay { gpp: 0.0, respiration: 0.0, conductance: 0.0 };
    }
    let sun = &column.solar.days[today.day];
    let leaf = biochemistry(today.daytime, plant.t10);
    let night = dark_respiration(today.night);
    let ready = if column.site.pft.leaf_habit() == LeafHabit::SeasonalDeciduous {
        1.0
    } else {
        ((plant.acclimation - REST_TEMPERATURE) / (p.t_acclim - REST_TEMPERATURE).max(1.0)).clamp(0.0, 1.0)
    };
    let day_length = sun.day_length / column.solar.max_day_length;
    let season = column.season([p.vcmax_cos1, p.vcmax_sin1, p.vcmax_cos2, p.vcmax_sin2], today.day);
    let capacity = p.vcmax25_top() * season;
    let vcmax25 = capacity * stress * ready * (day_length * day_length).max(0.01);
    let ratio = internal_ratio(p.medlynslope, today.vpd);
    let light = CanopyLight { sun, shortwave: today.shortwave, lai };
    let gpp = gross_photosynthesis(&light, &leaf, vcmax25, ratio * today.co2);
    let mean_rate = gpp / (CARBON_PER_MICROMOLE * DAY);
    let warm_respiration = column.season([p.resp_cos1, p.resp_sin1, p.resp_cos2, p.resp_sin2], today.day);
    CanopyDay {
        gpp,
        respiration: p.lmr_scale
            * warm_respiration
            * leaf_respiration(lai, p.vcmax25_top(), today.day_share, leaf.respiration, night),
        // gs = g0 + 1.6 (1 + g1/√D) A/ca, and ci/ca = g1/(g1 + √D) gives 1.6 A / (ca − ci).
        conductance: p.medlynintercept * 1e-6 * lai + 1.6 * mean_rate / (today.co2 * (1.0 - ratio)),
    }
}

/// Precipitation, interception, evapotranspiration and flow in the soil.
fn move_water(
    column: &Column,
    state: &mut ColumnState,
    today: &Today,
    wetness: &Wetness,
    canopy: &CanopyDay,
    uptake: &RootUptake,
    fluxes: &mut DayFluxes,
) -> SoilWaterLoss {
    let water = &mut state.water;
    let snowfall = today.precipitation * snow::snow_share(today.mean);
    let rain = today.precipitation - snowfall;
    water.snow += snowfall;
    let capacity = INTERCEPTION * fluxes.lai;
    let intercepted = (capacity - water.canopy).clamp(0.0, 0.7 * rain);
    water.canopy += intercepted;
    let melt = snow::melt(water.snow, today.mean, today.day_share);
    water.snow -= melt;

    evaporate(column, state, today, wetness, canopy, uptake, fluxes);
    let water = &mut state.water;
    water.liquid[0] += rain - intercepted + melt;
    let drip = (water.canopy - capacity).max(0.0);
    water.canopy -= drip;
    water.liquid[0] += drip;
    let loss = redistribute(water, &column.hydraulics, wetness);
    fluxes.runoff = loss.runoff + loss.drainage;
    loss
}

fn evaporate(
    column: &Column,
    state: &mut ColumnState,
    today: &Today,
    wetness: &Wetness,
    canopy: &CanopyDay,
    uptake: &RootUptake,
    fluxes: &mut DayFluxes,
) {
    let p = &column.parameters;
    let water = &mut state.water;
    let saturation = saturation_vapour_pressure(today.mean - FREEZING);
    let tree = column.site.pft.is_tree();
    let covered = snow::cover(water.snow);
    let base = column.site.pft.albedo();
    let white = if tree { SNOW_ALBEDO_FOREST } else { SNOW_ALBEDO };
    let albedo = base + (white.max(base) - base) * covered;
    let longwave = net_longwave_loss(today.mean, saturation - today.vpd, today.transmission);
    let net = ((1.0 - albedo) * today.shortwave - longwave).max(0.0);
    let season = column.season([p.et_cos1, p.et_sin1, p.et_cos2, p.et_sin2], today.day);
    let factor = p.et_scale * season;
    fluxes.net_radiation = net;

    let air = Air {
        temperature: today.mean,
        vpd: today.vpd,
        pressure: column.pressure,
        aerodynamic: column.aerodynamic,
    };
    let demand = PenmanMonteith::new(&air);
    let share = canopy_share(fluxes.lai);
    let wet = (demand.evaporation(net * share, share, 0.0) * factor).min(water.canopy);
    water.canopy -= wet;
    let resistance = resistance_of(canopy.conductance, today.daytime, column.pressure);
    let wanted = if fluxes.lai > 1e-6 {
        (demand.evaporation(net * share, share, resistance) * factor - 0.5 * wet).max(0.0)
    } else {
        0.0
    };
    let mut transpired = 0.0;
    for i in 0..column.hydraulics.layers {
        let taken = (wanted * uptake.share[i]).min(EXTRACTABLE * water.liquid[i]);
        water.liquid[i] -= taken;
        transpired += taken;
    }
    let open = 1.0 - share;
    let ground = if water.snow > 0.0 {
        let sublimed = (0.5 * factor * demand.evaporation(net * open, open, 150.0)).min(water.snow);
        water.snow -= sublimed;
        sublimed
    } else {
        let surface = surface_resistance(p.soil_resistance, wetness.saturation[0]);
        let taken =
            (factor * demand.evaporation(net * open, open, surface)).min(EXTRACTABLE * water.liquid[0]);
        water.liquid[0] -= taken;
        taken
    };
    fluxes.transpiration = transpired;
    fluxes.et = wet + transpired + ground;
    state.plant.et_mean += (fluxes.et - state.plant.et_mean) / YEAR_DAYS;
}

/// Deepest thaw of the year, for cryoturbation.
fn update_thaw(column: &Column, state: &mut ColumnState, day: usize) {
    if day == 0 {
        state.thaw = [0.0, state.thaw[0]];
    }
    let layers = column.hydraulics.layers;
    let thawed = (0..layers).take_while(|&i| state.temperature[i] > FREEZING - 1e-9).count();
    let depth = if thawed == layers {
        INTERFACE[LAYERS - 1]
    } else if thawed == 0 {
        0.0
    } else {
        INTERFACE[thawed - 1]
    };
    state.thaw[0] = state.thaw[0].max(depth);
}

fn shed_leaves(
    column: &Column,
    state: &mut ColumnState,
    wetness: &Wetness,
    today: &Today,
    leaf_area: f64,
) -> Litterfall {
    let p = &column.parameters;
    let sensed = SENSED.min(column.hydraulics.layers - 1);
    let sun = &column.solar.days[today.day];
    let signals = Signals {
        soil_temperature: state.temperature[sensed],
        soil_potential: -column.hydraulics.suction * wetness.suction_factor(sensed) * MEGAPASCAL_PER_MM,
        day_length: sun.day_length,
        lengthening: sun.lengthening,
        lai: leaf_area,
    };
    let plant = &mut state.plant;
    let turnover = phenology::advance(plant, p, column.site.pft.leaf_habit(), &signals);
    turnover::display(plant, p, turnover.displayed);
    let mut fall = turnover::shed(plant, p, &turnover);
    turnover::harvest(plant, p, column.site.pft, today.day, &mut fall);
    fall
}

fn soil_climate(column: &Column, state: &ColumnState, wetness: &Wetness, loss: SoilWaterLoss) -> SoilClimate {
    let mut climate = SoilClimate {
        temperature: state.temperature,
        psi: [-0.1; LAYERS],
        water: [0.0; LAYERS],
        frozen_depth_limit: state.thaw[0].max(state.thaw[1]),
        drainage: loss.drainage,
        surface_runoff: loss.runoff,
        et_annual: state.plant.et_mean * YEAR_DAYS,
    };
    let soil = &column.hydraulics;
    for i in 0..soil.layers {
        climate.psi[i] = -soil.suction * wetness.suction_factor(i) * MEGAPASCAL_PER_MM;
        climate.water[i] = state.water.liquid[i] / soil.capacity[i] * soil.porosity;
    }
    climate
}

#[allow(clippy::too_many_arguments)] // One day's carbon and nitrogen meet here once.
fn grow_and_decompose(
    column: &Column,
    state: &mut ColumnState,
    today: &Today,
    canopy: &CanopyDay,
    litter: &Litterfall,
    climate: &SoilClimate,
    trace: Option<&mut OperatorTrace>,
    fluxes: &mut DayFluxes,
) {
    let p = &column.parameters;
    let plant = &mut state.plant;
    let season = column.season([p.resp_cos1, p.resp_sin1, p.resp_cos2, p.resp_sin2], today.day);
    let wanted =
        season * respiration::maintenance(plant, p, today.mean, state.temperature[4]) + canopy.respiration;
    let budget = allocation::pay_maintenance(plant, canopy.gpp, wanted);
    let stored_leaf = plant.storage / (1.0 + p.froot_leaf);
    let shares = GrowthShares::new(p, (plant.leaf + stored_leaf) * p.slatop);
    let (demand, own) = allocation::soil_demand(plant, p, &shares, budget.available);

    let fixation =
        p.nfix_scale * 1.8 * (1.0 - (-0.003 * plant.npp_mean.max(0.0) * YEAR_DAYS).exp()) / YEAR_DAYS;
    let mut input = SoilInput {
        nitrogen_deposition: column.deposition + fertiliser(p.nfert, today.day),
        nitrogen_fixation: fixation,
        plant_nitrogen_demand: demand,
        ..SoilInput::default()
    };
    place_litter(column, litter, &mut input);
    let mut soil_parameters = p.soil.clone();
    soil_parameters.decomp_scale *= season;
    let soil = soil::step(&mut state.soil, &column.soil, climate, &input, &soil_parameters, trace);

    let (bought, price) = allocation::buy_nitrogen(demand - soil.plant_nitrogen_uptake, p, budget.available);
    let uptake = soil.plant_nitrogen_uptake + bought;
    let growth = allocation::grow(plant, p, &shares, budget.available - price, (uptake, own));
    let needed = demand + own;
    fluxes.nitrogen_supply = if needed > 0.0 { (uptake + own) / needed } else { 1.0 };
    fluxes.gpp = canopy.gpp - growth.excess;
    fluxes.ra = budget.maintenance + growth.respiration + price;
    plant.npp_mean += (fluxes.gpp - fluxes.ra - plant.npp_mean) / YEAR_DAYS;
    account_nitrogen(fluxes, &soil, &input);
    fluxes.nitrogen_in += bought;
}

/// Fertiliser of a day, gN m⁻² d⁻¹.
fn fertiliser(annual: f64, day: usize) -> f64 {
    if FERTILISED.contains(&day) { annual / FERTILISED.len() as f64 } else { 0.0 }
}

fn account_nitrogen(fluxes: &mut DayFluxes, soil: &SoilFluxes, input: &SoilInput) {
    fluxes.hr = soil.heterotrophic_respiration;
    fluxes.nitrogen_in = input.nitrogen_deposition + input.nitrogen_fixation + soil.free_fixation;
    fluxes.nitrogen_out = soil.denitrification + soil.leaching;
}

/// Spreads litter over layers and pools: leaves and stems at the surface, roots along their profile.
fn place_litter(column: &Column, litter: &Litterfall, input: &mut SoilInput) {
    let p = &column.parameters;
    let stem = 1.0 / (1.0 + p.croot_stem);
    for i in 0..column.hydraulics.layers {
        let (surface, root) = (column.soil.litter_profile[i], column.soil.root_fraction[i]);
        let fine = litter.leaf * surface + litter.froot * root;
        let fine_n = litter.leaf_n * surface + litter.froot_n * root;
        for (pool, share) in QUALITY.iter().enumerate() {
            input.litter_carbon[i][pool] = fine * share;
            input.litter_nitrogen[i][pool] = fine_n * share;
        }
        let coarse = stem * surface + (1.0 - stem) * root;
        input.litter_carbon[i][3] = litter.wood * coarse;
        input.litter_nitrogen[i][3] = litter.wood_n * coarse;
    }
}
