//! From the files of a workflow to cases: stations, forcing, observations.

use std::path::Path;

use reterra_fields::station::Station;
use reterra_io::monthly::{MonthlyObservations, MonthlySeries, read_series, series_path};
use reterra_io::normals::{Normals, read_normals};
use reterra_io::site_table::read_stations;
use reterra_land::forcing::{Atmosphere, MonthlyWeather};

use super::case::{CaseInput, Series, StationCase};
use super::scenario;
use crate::config::{Domain, Forcing, ForcingSource, Period, Variable, Workflow};
use crate::engine::{Inputs, StageError};

/// What cases are made from: where, under what, when, and the seed of the weather's days.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// Which stations.
    pub domain: &'a Domain,
    /// What drives the model.
    pub forcing: &'a Forcing,
    /// Months.
    pub period: Period,
    /// Seed of the weather generator.
    pub seed: u64,
}

impl<'a> From<&'a Workflow> for Sources<'a> {
    fn from(workflow: &'a Workflow) -> Self {
        let Workflow { domain, forcing, period, seed, .. } = workflow;
        Self { domain, forcing, period: *period, seed: *seed }
    }
}

/// The stations that a workflow selects, in the table's order.
///
/// # Errors
/// Where the table can't be read, names no wanted station, or a wanted one is not in it.
pub fn selected_stations(workflow: &Workflow) -> Result<Vec<Station>, StageError> {
    selected(&workflow.domain)
}

fn selected(domain: &Domain) -> Result<Vec<Station>, StageError> {
    let table = &domain.stations;
    let all = read_stations(&table.path)?;
    for id in domain.include.iter().flatten() {
        if !all.iter().any(|s| s.id == *id) {
            let known: Vec<&str> = all.iter().map(|s| s.id.as_str()).collect();
            return Err(StageError::failed(format!(
                "station `{id}` of [domain] include is not in {}; it has {}",
                table.written,
                known.join(", ")
            )));
        }
    }
    let stations: Vec<Station> = all.into_iter().filter(|s| domain.selects(&s.id)).collect();
    if stations.is_empty() {
        return Err(StageError::failed(format!("no station of {} is selected", table.written)));
    }
    Ok(stations)
}

/// Adds the files that every case depends on to a stage's inputs.
///
/// # Errors
/// As [`selected_stations`].
pub fn add_inputs(inputs: Inputs, workflow: &Workflow) -> Result<Inputs, StageError> {
    let mut inputs = inputs
        .file(&workflow.domain.stations)
        .config("seed", &workflow.seed)?
        .config("domain", &workflow.domain)?
        .config("forcing", &workflow.forcing)?
        .config("period", &workflow.period)?;
    if let Some(scenario) = &workflow.forcing.scenario {
        inputs = inputs.file(&scenario.file);
    }
    match &workflow.forcing.source {
        ForcingSource::Normals { file, .. } => inputs = inputs.file(file),
        ForcingSource::Monthly { directory } => {
            for station in selected_stations(workflow)? {
                let label = format!("{}/{}.csv", directory.written, station.id);
                inputs = inputs.labelled(&label, &series_path(&directory.path, &station.id));
            }
        }
    }
    Ok(inputs)
}

/// Reads everything and works out the cases.
///
/// # Errors
/// Unreadable or impossible input, a station without soil texture, a series that doesn't cover the period.
pub fn load_cases(workflow: &Workflow) -> Result<Vec<StationCase>, StageError> {
    cases_of(&Sources::from(workflow))
}

/// As [`load_cases`], from those parts of a workflow that cases depend on.
///
/// # Errors
/// As [`load_cases`].
pub fn cases_of(sources: &Sources<'_>) -> Result<Vec<StationCase>, StageError> {
    let (domain, forcing) = (sources.domain, sources.forcing);
    let stations = selected(domain)?;
    let normals = match &forcing.source {
        ForcingSource::Normals { file, .. } => Some(read_normals(&file.path)?),
        ForcingSource::Monthly { .. } => None,
    };
    let mut cases = Vec::with_capacity(stations.len());
    for (column, station) in stations.into_iter().enumerate() {
        let Some(soil) = station.soil else {
            return Err(StageError::failed(format!(
                "station {} has no soil texture; give `sand` and `clay` (percent) in {}, or exclude it in [domain]",
                station.id, domain.stations.written
            )));
        };
        let mut input = match (&forcing.source, &normals) {
            (ForcingSource::Monthly { directory }, _) => {
                monthly_input(sources.period, station, &directory.path)?
            }
            (ForcingSource::Normals { file, co2_ppm }, normals) => {
                let found = normals.as_ref().and_then(|n| n.get(&station.id)).ok_or_else(|| {
                    StageError::failed(format!("station {} has no normals in {}", station.id, file.written))
                })?;
                normals_input(sources.period, station, found, *co2_ppm)
            }
        };
        scenario::apply(forcing.scenario.as_ref(), input.start, &mut input.weather);
        let id = input.station.id.clone();
        let cycle = forcing.cycle_years as usize * 12;
        let deposition = forcing.nitrogen_deposition;
        let streams = (sources.seed, column as u32);
        let case = StationCase::new(input, (soil.sand, soil.clay), deposition, cycle, streams)
            .map_err(|e| StageError::failed(format!("station {id}: {e}")))?;
        cases.push(case);
    }
    Ok(cases)
}

fn monthly_input(period: Period, station: Station, directory: &Path) -> Result<CaseInput, StageError> {
    let path = series_path(directory, &station.id);
    let series = read_series(&path)?;
    let months = period.months();
    let first = series.axis.position(period.start);
    let Some(first) = first.filter(|f| f + months <= series.axis.len) else {
        return Err(StageError::failed(format!(
            "{} covers {} months from {}, not the period {} to {}; shorten [period]",
            path.display(),
            series.axis.len,
            series.axis.start,
            period.start,
            period.end
        )));
    };
    let range = first..first + months;
    let weather = range.clone().map(|m| weather_of(&series, m)).collect();
    Ok(CaseInput {
        station,
        start: period.start,
        weather,
        assimilated: series_of(&series.train, range.clone()),
        withheld: series_of(&series.valid, range),
    })
}

/// The weather of a month of a series.
#[must_use]
pub fn weather_of(series: &MonthlySeries, m: usize) -> MonthlyWeather {
    let f = &series.forcing;
    MonthlyWeather {
        tmin: f.tmin[m],
        tmax: f.tmax[m],
        shortwave: f.shortwave[m],
        vpd: f.vpd[m],
        precipitation: f.precipitation[m],
        air: Atmosphere::with_co2(f.co2[m]),
    }
}

fn series_of(observations: &MonthlyObservations, range: std::ops::Range<usize>) -> Series {
    let part = |values: &Vec<Option<f64>>| values[range.clone()].to_vec();
    [
        (Variable::Gpp, part(&observations.gpp)),
        (Variable::Nee, part(&observations.nee)),
        (Variable::Et, part(&observations.et)),
        (Variable::Lai, part(&observations.lai)),
        (Variable::Biomass, part(&observations.biomass)),
    ]
    .into()
}

/// Twelve normals, repeated over the period; each year's weather differs by the generator alone.
fn normals_input(period: Period, station: Station, normals: &Normals, co2: f64) -> CaseInput {
    let first = usize::from(period.start.month) - 1;
    let months = period.months();
    let of_year = |m: usize| (first + m) % 12;
    let weather = (0..months)
        .map(|m| {
            let k = of_year(m);
            MonthlyWeather {
                tmin: normals.tmin[k],
                tmax: normals.tmax[k],
                shortwave: normals.shortwave[k],
                vpd: normals.vpd[k],
                precipitation: normals.precipitation[k],
                air: Atmosphere::with_co2(co2),
            }
        })
        .collect();
    let repeat = |values: &[Option<f64>; 12]| (0..months).map(|m| values[of_year(m)]).collect::<Vec<_>>();
    let none = || vec![None; months];
    let series = |gpp, nee, et, lai, biomass| -> Series {
        [
            (Variable::Gpp, gpp),
            (Variable::Nee, nee),
            (Variable::Et, et),
            (Variable::Lai, lai),
            (Variable::Biomass, biomass),
        ]
        .into()
    };
    CaseInput {
        station,
        start: period.start,
        weather,
        assimilated: series(
            repeat(&normals.gpp),
            repeat(&normals.nee),
            repeat(&normals.et),
            repeat(&normals.lai),
            none(),
        ),
        withheld: series(none(), none(), none(), none(), none()),
    }
}
