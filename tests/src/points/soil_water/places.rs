//! The three forests: their weather, their probes, and how their soil water is assimilated.
//!
//! Files give no depths for the towers' levels. At Hyytiälä they are taken for those of SMEAR II: humus, 2 to 6 cm, 14 to
//! 25 cm, 26 to 36 cm and 38 to 61 cm of the mineral soil, under 5 cm of humus. At Davos the first level is taken for
//! 5 cm and the third for 30 cm; the second repeats the first. At Solling the two probes at 20 cm count as two, and no
//! flux was measured.

use std::path::Path;

use reterra_assimilation::Inflation;
use reterra_assimilation::inflation::Adaptive;
use reterra_fields::calendar::{Calendar, MonthAxis};
use reterra_fields::station::{Igbp, Station};
use reterra_io::monthly::read_series;
use reterra_land::column::Base;
use reterra_land::constants::{DAY, FREEZING};
use reterra_land::error::LandError;
use reterra_land::parameters::Parameters;
use reterra_land::soil::grid::NODE;
use reterra_land::spinup::spin_up;
use reterra_statistics::{Bounds, Prior};
use reterra_workflow::config::{Mode, Parameter, Workflow};
use reterra_workflow::ensemble::daily::{Course, Ensemble, ForcingError, Options, Sensor, Setup};
use reterra_workflow::experiment::case::CaseInput;
use reterra_workflow::experiment::{ParameterSpace, Series, StationCase};
use reterra_workflow::stages::{calibrate, spinup};

use super::super::daily::Tower;
use super::super::solling;
use super::withheld;
use crate::dated::Dated;
use crate::error::cases;
use crate::{ValidationError, places as paths};

/// Levels of a tower's record with their depths, m.
const HYYTIALA: [(usize, f64); 5] = [(0, 0.025), (1, 0.09), (2, 0.245), (3, 0.36), (4, 0.545)];
const DAVOS: [(usize, f64); 2] = [(0, 0.05), (2, 0.30)];
/// Soil at Hyytiälä: on till over bedrock, uncovered to 1.8 m deep (catchments of SMEAR II), and on a gentle slope of less than
/// 2 % (FLUXNET's site description). Of 7.1 kgC m⁻² 1.7 are in the humus and 5.4 in the mineral soil down to half a metre
/// (Kolari et al. 2004, doi:10.1111/j.1365-2486.2004.00797.x, by `ForC`), 0.58 of organic matter each.
const HYYTIALA_DEPTH: f64 = 0.9;
const HYYTIALA_SLOPE: f64 = 1.1;
const HYYTIALA_CARBON: [(f64, f64); 2] = [(0.06, 1.7), (0.5, 5.4)];
const CARBON_OF_ORGANIC: f64 = 0.58;
/// First year of the run at Solling, ten before the first reading, and years of weather that its spin-up repeats.
const SOLLING_START: i32 = 1989;
const SOLLING_CYCLE: usize = 10;
/// Error of a reading for the layer of the column, m³ m⁻³: 0.01 to 0.02 of a probe in its own soil, and what soil differs
/// by from one place of a plot to the next.
const ERROR: f64 = 0.03;
/// Standard deviation of the logarithm of what a probe reads over what its layer holds: stones and roots that the fine earth
/// around a probe has none of, horizons whose pores are not the column's, and the probe's own calibration. So the level of
/// a record says little, and its course says all.
const GAIN: f64 = 0.4;
/// Standard deviation of what a probe reads beyond that, m³ m⁻³. Gain and offset together match mean and amplitude of two
/// records, as assimilation of soil moisture has to before it compares them (Reichle and Koster 2004,
/// doi:10.1029/2004GL020938); here the readings that are assimilated do that one by one.
const OFFSET: f64 = 0.1;
/// Parameters of the vegetation that set how fast it uses water: how many leaves and roots there are and for how long, what
/// they assimilate, how far stomata open, the energy that evaporates. Soil water that falls faster than the model's
/// tells of them; were they left as drawn, the filter would take the water out instead, and fluxes pay for it.
const USE_OF_WATER: [&str; 9] = [
    "medlynslope",
    "et_scale",
    "et_cos1",
    "et_sin1",
    "soil_resistance",
    "flnr",
    "slatop",
    "leaf_long",
    "froot_leaf",
];
const OPTIONS: Options = Options {
    members: 128,
    window: 1,
    seed: 6,
    column: 0,
    forcing: ForcingError { precipitation: 0.3, radiation: 0.1, memory: 3.0 },
    reach: 1.5,
    error_memory: 10.0,
    parameter_memory: 3_650.0,
    inflation: Inflation::None,
    frost: 0.01,
    background_check: 4.0,
};

/// A site with everything that was measured there.
pub(super) struct Place {
    pub id: &'static str,
    pub case: StationCase,
    /// Probes with all their readings.
    pub probes: Vec<Sensor>,
    /// Gross primary production by day, gC m⁻² d⁻¹.
    pub gpp: Vec<Option<f64>>,
    /// Evapotranspiration by month, kg m⁻² d⁻¹.
    pub et: Vec<Option<f64>>,
}

/// All three.
pub(super) fn all(workflow: &Workflow) -> Result<[Place; 3], ValidationError> {
    Ok([
        on_till(tower("FI-Hyy", &HYYTIALA, workflow)?),
        tower("CH-Dav", &DAVOS, workflow)?,
        beeches(&paths::shared("site_solling")?)?,
    ]
    .map(without_frost))
}

impl Place {
    /// Open loop and assimilation.
    pub fn run(&self, workflow: &Workflow, column: u32) -> Result<[Course; 2], ValidationError> {
        let land = |source| ValidationError::Land { station: self.id.to_owned(), source };
        let case = &self.case;
        let (updated, kept) = parameters(case, workflow)?;
        let middle = case.column(middle_of(case, [&updated, &kept]).map_err(land)?).map_err(land)?;
        let cycle = case.weather.slice(0..case.cycle_months);
        let options = spinup::options(&workflow.spinup);
        let (from, _) = spin_up(&middle, &case.cold_start(&middle), &cycle, &options).map_err(land)?;
        let setup = Setup {
            case,
            from: &from,
            spinup: calibrate::member_options(workflow),
            updated,
            kept,
            sensors: self.probes.iter().map(assimilated).collect(),
            options: Options { column, inflation: Inflation::Adaptive(Adaptive::default()), ..OPTIONS },
        };
        let mut open = Ensemble::start(&setup).map_err(cases)?;
        open.run_open(self.first()).map_err(cases)?;
        let mut filter = open.clone();
        let end = case.weather.days.len();
        open.run_open(end).map_err(cases)?;
        filter.assimilate(end).map_err(cases)?;
        for (name, median, sd) in filter.updated() {
            eprintln!("{}: {name} at the end {median:.4}, unconstrained sd {sd:.3}", self.id);
        }
        for (name, gain, offset) in filter.relations() {
            eprintln!("{}: {name} reads {gain:.2} times its layer's water and {offset:+.3}", self.id);
        }
        Ok([open.course().clone(), filter.course().clone()])
    }

    /// Day of the first reading.
    pub fn first(&self) -> usize {
        let first = |probe: &Sensor| probe.readings.iter().position(Option::is_some);
        self.probes.iter().filter_map(first).min().unwrap_or(0)
    }
}

/// A place without the readings of days whose mean air temperature is below freezing: the water that a probe reads is
/// liquid, and that of frozen soil isn't. It is the flag D02 of the International Soil Moisture Network (Dorigo et al. 2013,
/// doi:10.2136/vzj2012.0097).
fn without_frost(mut place: Place) -> Place {
    let days = &place.case.weather.days;
    for probe in &mut place.probes {
        for (reading, day) in probe.readings.iter_mut().zip(days) {
            *reading = reading.filter(|_| 0.5 * (day.tmin + day.tmax) >= FREEZING);
        }
    }
    place
}

/// A probe without its withheld readings.
fn assimilated(probe: &Sensor) -> Sensor {
    let see = |(day, value): (usize, &Option<f64>)| value.filter(|_| !withheld(day));
    Sensor { readings: probe.readings.iter().enumerate().map(see).collect(), ..probe.clone() }
}

/// Parameters that soil water may move, and those that are uncertain besides: the shipped workflow's of the vegetation
/// type, and the gauge.
fn parameters(
    case: &StationCase,
    workflow: &Workflow,
) -> Result<(ParameterSpace, ParameterSpace), ValidationError> {
    let value = |name: &str, (mean, sd), bounds| -> Result<Parameter, ValidationError> {
        let prior = Prior::new(name, mean, sd, bounds).map_err(failed)?;
        Ok(Parameter { name: name.to_owned(), mode: Mode::Value, prior })
    };
    let updated = vec![
        value("watsat_scale", (1.0, 0.15), Bounds::Below(0.0))?,
        // A median of 1, and a factor of 2.6.
        value("hksat_scale", (1.6, 2.0), Bounds::Below(0.0))?,
        value("rootprof_beta", (case.defaults().rootprof_beta, 0.015), Bounds::Both(0.8, 0.999))?,
    ];
    let class = calibrate::space_of(&workflow.parameters, case.class);
    let rain = workflow.station_parameters.iter().filter(|p| p.name == "forc_rain_scale");
    let (more, kept): (Vec<_>, Vec<_>) = class
        .parameters()
        .iter()
        .chain(rain)
        .cloned()
        .partition(|parameter| USE_OF_WATER.contains(&parameter.name.as_str()));
    let updated = updated.into_iter().chain(more).collect();
    Ok((ParameterSpace::new(updated), ParameterSpace::new(kept)))
}

/// The parameters in the middle of their priors. Members begin there, not at CLM's defaults, under which the leaf area of
/// cold conifers sinks to a tenth: a forest that has to grow first takes longer than a member's spin-up.
fn middle_of(case: &StationCase, spaces: [&ParameterSpace; 2]) -> Result<Parameters, LandError> {
    let mut parameters = case.defaults();
    for space in spaces {
        let middle: Vec<f64> = space.priors().iter().map(Prior::u_mean).collect();
        space.apply(&middle, &mut parameters)?;
    }
    Ok(parameters)
}

fn probe(name: String, depth: f64, readings: Vec<Option<f64>>) -> Sensor {
    Sensor { name, depth, readings, error: ERROR, gain: GAIN, offset: OFFSET }
}

fn tower(id: &'static str, levels: &[(usize, f64)], workflow: &Workflow) -> Result<Place, ValidationError> {
    paths::shared("sites_daily")?;
    let tower = Tower::read(id, workflow)?;
    let of_level = |&(level, depth): &(usize, f64)| {
        probe(format!("level {}", level + 1), depth, tower.soil_water[level].clone())
    };
    let probes = levels.iter().map(of_level).collect();
    let series = read_series(&paths::shared(&format!("sites_monthly/{id}.csv"))?)?;
    let (start, len) = (tower.case.start, tower.case.weather.months());
    let of_month = |month| {
        let m = series.axis.position(month)?;
        Some(series.train.et[m].or(series.valid.et[m])? * DAY)
    };
    let et = MonthAxis { start, len, calendar: Calendar::NoLeap }.months().map(of_month).collect();
    Ok(Place { id, case: tower.case, probes, gpp: tower.gpp, et })
}

/// The soil of Hyytiälä.
fn on_till(mut place: Place) -> Place {
    let site = &mut place.case.site;
    site.soil_depth = HYYTIALA_DEPTH;
    site.base = Base::Bedrock { slope: HYYTIALA_SLOPE };
    let mut top = 0.0;
    for (bottom, carbon) in HYYTIALA_CARBON {
        for (organic, _) in site.organic.iter_mut().zip(NODE).filter(|(_, node)| (top..bottom).contains(node))
        {
            *organic = carbon / CARBON_OF_ORGANIC / (bottom - top);
        }
        top = bottom;
    }
    place
}

fn beeches(folder: &Path) -> Result<Place, ValidationError> {
    let meteorology = folder.join("slb1_meteo.csv");
    let site = solling::site(&folder.join("slb1_soil.csv"), solling::wind(&meteorology)?)?;
    let whole = solling::weather(&meteorology)?;
    let weather = whole.slice(12 * (SOLLING_START - solling::YEARS[0]) as usize..whole.months());
    let station = Station {
        id: "Solling".to_owned(),
        name: "Solling, beeches".to_owned(),
        latitude: site.latitude,
        longitude: 9.58,
        elevation: Some(site.elevation),
        igbp: Igbp::DBF,
        country: None,
        soil: None,
        deims: None,
        network: None,
        nitrogen_deposition: None,
    };
    let input = CaseInput {
        station,
        start: format!("{SOLLING_START}-01").parse().map_err(failed)?,
        weather: weather.monthly(),
        assimilated: Series::new(),
        withheld: Series::new(),
    };
    let texture = (site.sand, site.clay);
    let mut case = StationCase::under(weather, input, texture, 0.0, 12 * SOLLING_CYCLE);
    case.site = site;
    let sensors = Dated::read(&folder.join("raw/slb1_swc_mpot.csv"))?;
    let mut probes = Vec::new();
    for (name, depth) in solling::SENSORS {
        let percent = sensors.on_noleap_days(name, [SOLLING_START, solling::YEARS[1]])?;
        let readings = percent.into_iter().map(|value| Some(value? / 100.0)).collect();
        probes.push(probe(name.to_owned(), depth, readings));
    }
    Ok(Place { id: "Solling", case, probes, gpp: Vec::new(), et: Vec::new() })
}

/// For `map_err`: what keeps a case from being made.
fn failed<E: std::error::Error + Send + Sync + 'static>(error: E) -> ValidationError {
    cases(error.into())
}
