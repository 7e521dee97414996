//! A station's section: facts, scores, seasonal cycles and series.

use serde::Serialize;

use crate::input::{Pools, ReportInput, Run, Seasonal, Station, Variable, Vegetation};
use crate::{marker, number, range, seasonal, series, skill};

const GRAMS_PER_KILOGRAM: f64 = 1000.0;

/// A station's section, ready for the page.
#[derive(Debug, Serialize)]
pub(crate) struct Section {
    anchor: String,
    code: String,
    name: String,
    icon: String,
    vegetation: &'static str,
    /// What the page's filter looks in.
    search: String,
    facts: Vec<Fact>,
    scores: Vec<Score>,
    panels: Vec<String>,
    strips: Vec<String>,
    failure: Option<String>,
    empty: bool,
}

#[derive(Debug, Serialize)]
struct Fact {
    label: &'static str,
    value: String,
}

#[derive(Debug, Serialize)]
struct Score {
    label: &'static str,
    class: &'static str,
    r2: String,
    n: usize,
}

/// An entry of the map's legend.
#[derive(Debug, Serialize)]
pub(crate) struct LegendEntry {
    icon: String,
    label: &'static str,
    count: usize,
}

/// The identifier of a station's section: its code where that is a plain word, else its index.
pub(crate) fn anchor(index: usize, code: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let numeric = code.chars().all(|c| c.is_ascii_digit());
    if !numeric && code.chars().all(plain) { format!("station-{code}") } else { format!("station-{index}") }
}

pub(crate) fn legend(stations: &[Station]) -> Vec<LegendEntry> {
    let count = |vegetation| stations.iter().filter(|station| station.vegetation == vegetation).count();
    let entry = |v: Vegetation| LegendEntry { icon: marker::icon(v), label: v.label(), count: count(v) };
    Vegetation::ALL.into_iter().map(entry).filter(|entry| entry.count > 0).collect()
}

pub(crate) fn sections(input: &ReportInput) -> Vec<Section> {
    let ranges = Ranges::of(&input.stations);
    input.stations.iter().enumerate().map(|(i, station)| section(i, station, &ranges)).collect()
}

/// Axes that all stations share.
struct Ranges {
    seasonal: Vec<(Variable, Option<(f64, f64)>)>,
    series: Vec<(Variable, Option<(f64, f64)>)>,
}

impl Ranges {
    fn of(stations: &[Station]) -> Self {
        Self {
            seasonal: seasonal::VARIABLES.map(|v| (v, range::seasonal(stations, v))).to_vec(),
            series: series::VARIABLES.map(|v| (v, range::series(stations, v))).to_vec(),
        }
    }
}

fn section(index: usize, station: &Station, ranges: &Ranges) -> Section {
    let panels = panels(station, ranges);
    let strips = strips(station, ranges);
    Section {
        anchor: anchor(index, &station.code),
        code: station.code.clone(),
        name: station.name.clone(),
        icon: marker::icon(station.vegetation),
        vegetation: station.vegetation.label(),
        search: format!("{} {} {}", station.code, station.name, station.vegetation.label()).to_lowercase(),
        facts: facts(station),
        scores: scores(station),
        empty: panels.is_empty() && strips.is_empty(),
        panels,
        strips,
        failure: station.failure.clone(),
    }
}

fn cycle(station: &Station, variable: Variable) -> Option<&Seasonal> {
    station.seasonal.iter().find(|cycle| cycle.variable == variable)
}

/// All four panels where at least one has values, else none.
fn panels(station: &Station, ranges: &Ranges) -> Vec<String> {
    if !station.seasonal.iter().any(seasonal::has_values) {
        return Vec::new();
    }
    let draw =
        |(variable, range): &(_, _)| seasonal::draw(*variable, cycle(station, *variable), *range).inline();
    ranges.seasonal.iter().map(draw).collect()
}

fn strips(station: &Station, ranges: &Ranges) -> Vec<String> {
    let one = |(variable, range): &(Variable, Option<(f64, f64)>)| {
        let found = station.series.iter().find(|series| series.variable == *variable);
        found
            .filter(|found| series::has_values(found))
            .zip(*range)
            .map(|(found, range)| series::draw(found, range).inline())
    };
    ranges.series.iter().filter_map(one).collect()
}

fn facts(station: &Station) -> Vec<Fact> {
    let mut facts = vec![Fact { label: "Place", value: place(station.latitude, station.longitude) }];
    if let Some(elevation) = station.elevation.filter(|e| e.is_finite()) {
        facts.push(Fact { label: "Elevation", value: format!("{} m", number::fixed(Some(elevation), 0)) });
    }
    if !station.soil.is_empty() {
        facts.push(Fact { label: "Soil", value: station.soil.clone() });
    }
    facts.extend(pool_facts(&station.pools));
    facts
}

fn place(latitude: f64, longitude: f64) -> String {
    let side =
        |value: f64, [positive, negative]: [&'static str; 2]| if value < 0.0 { negative } else { positive };
    let degrees = |value: f64| number::fixed(Some(value.abs()), 3);
    let (north, east) = (side(latitude, ["N", "S"]), side(longitude, ["E", "W"]));
    format!("{}° {north}, {}° {east}", degrees(latitude), degrees(longitude))
}

fn pool_facts(pools: &Pools) -> Vec<Fact> {
    let carbon = |value: f64| format!("{} kgC m⁻²", number::significant(value / GRAMS_PER_KILOGRAM, 3));
    let nitrogen = |value: f64| format!("{} gN m⁻²", number::significant(value, 3));
    let all: [(&str, Option<f64>, Show); 6] = [
        ("Vegetation C", pools.vegetation_carbon, &carbon),
        ("Observed biomass C", pools.observed_biomass, &carbon),
        ("Soil and litter C", pools.soil_carbon, &carbon),
        ("Vegetation N", pools.vegetation_nitrogen, &nitrogen),
        ("Soil organic N", pools.soil_nitrogen, &nitrogen),
        ("Mineral N", pools.mineral_nitrogen, &nitrogen),
    ];
    let fact = |(label, value, show): (&'static str, Option<f64>, Show)| {
        value.filter(|v| v.is_finite()).map(|value| Fact { label, value: show(value) })
    };
    all.into_iter().filter_map(fact).collect()
}

/// How a pool is written out.
type Show<'a> = &'a dyn Fn(f64) -> String;

/// R² of the best run that the station's scores have: assimilated, else calibrated, else prior.
fn scores(station: &Station) -> Vec<Score> {
    let score = |variable: Variable| {
        let runs = [Run::Assimilated, Run::Calibrated, Run::Prior];
        let found = runs.into_iter().find_map(|run| skill::find(&station.skill, variable, run))?;
        found.r2.filter(|r2| r2.is_finite())?;
        let r2 = number::fixed(found.r2, 2);
        Some(Score { label: variable.label(), class: seasonal::class(variable), r2, n: found.n })
    };
    Variable::ALL.into_iter().filter_map(score).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_unique_even_for_strange_codes() {
        assert_eq!(anchor(3, "FI-Hyy"), "station-FI-Hyy");
        assert_eq!(anchor(3, "a b"), "station-3");
        assert_eq!(anchor(4, "3"), "station-4");
    }

    #[test]
    fn a_station_without_anything_has_an_empty_section() {
        let station = Station { code: "X".into(), latitude: -1.5, longitude: -2.0, ..Station::default() };
        let section = section(0, &station, &Ranges::of(std::slice::from_ref(&station)));
        assert!(section.empty && section.scores.is_empty());
        assert_eq!(section.facts[0].value, "1.500° S, 2.000° W");
    }

    #[test]
    fn pools_are_shown_in_kilograms_of_carbon_and_grams_of_nitrogen() {
        let pools = Pools { soil_carbon: Some(12345.0), mineral_nitrogen: Some(0.5), ..Pools::default() };
        let values: Vec<_> = pool_facts(&pools).into_iter().map(|fact| fact.value).collect();
        assert_eq!(values, ["12.3 kgC m⁻²", "0.500 gN m⁻²"]);
    }
}
