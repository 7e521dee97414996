//! Soil water of the beech stand at Solling, 1999 to 2009, under its own weather since 1960.
//!
//! Nothing is calibrated: a temperate broadleaf deciduous tree with CLM's parameters grows on the profile's texture. The
//! water content of four sensors is compared with liquid water at their depths, interpolated between the middles of
//! layers. The sensor at 70 cm was replaced in 2001 and reads a tenth lower from then on; with those at 20 cm it
//! correlates by 0.24 and 0.41, they with that at 60 cm by 0.87 and more. Its figure is shown as it is.

use std::path::Path;
use std::sync::Arc;

use reterra_land::column::{Base, Column, ColumnState, Cover, Site, simulate_days};
use reterra_land::energy::radiation::saturation_vapour_pressure;
use reterra_land::energy::solar::SolarTable;
use reterra_land::fire::Ignition;
use reterra_land::forcing::{Atmosphere, DailyWeather, MONTH_DAYS, UNKNOWN, WeatherSeries};
use reterra_land::parameters::Parameters;
use reterra_land::plant::pft::Pft;
use reterra_land::soil::LAYERS;
use reterra_land::soil::grid::NODE;
use reterra_land::spinup::{Options, spin_up};
use reterra_statistics::scores::Pairwise;
use reterra_workflow::ensemble::daily::water_at;

use super::skill::number;
use crate::dated::Dated;
use crate::record::{Goal, Record};
use crate::{ValidationError, places};

/// First and last year of the weather, and first of the comparison.
pub(super) const YEARS: [i32; 2] = [1960, 2009];
const COMPARED: i32 = 1999;
/// Years of weather that the spin-up repeats.
const CYCLE: usize = 10;
/// Days of a model year, and of a week.
const YEAR: usize = 365;
const WEEK: usize = 7;
/// CO₂, µmol mol⁻¹, in 1960 and its rise a year up to 2010 (NOAA, Mauna Loa: 316.9 and 390.1).
const CO2: [f64; 2] = [316.9, 1.46];
/// Deepest horizon, m, and the depth that holds the sensors.
const DEPTH: f64 = 2.1;
const SENSED: f64 = 0.7;
/// Nitrogen deposition, gN m⁻² yr⁻¹: that assumed for the German stations.
const DEPOSITION: f64 = 1.8;
/// Carbon in organic matter, by mass (van Bemmelen's share, as in CLM's surface data).
const CARBON_OF_ORGANIC: f64 = 0.58;

/// Sensors with their depths, m.
pub(super) const SENSORS: [(&str, f64); 4] =
    [("swc_20cm_a", 0.2), ("swc_20cm_b", 0.2), ("swc_60cm", 0.6), ("swc_70cm", 0.7)];

/// Correlation and bias of soil water by sensor, and of its mean over depths.
///
/// # Errors
/// [`ValidationError::NoData`], unreadable files, errors of the model.
pub fn measure() -> Result<Vec<Record>, ValidationError> {
    let folder = places::shared("site_solling")?;
    let weather = weather(&folder.join("slb1_meteo.csv"))?;
    let site = site(&folder.join("slb1_soil.csv"), wind(&folder.join("slb1_meteo.csv"))?)?;
    let water = run(&site, &weather)?;
    let sensors = Dated::read(&folder.join("raw/slb1_swc_mpot.csv"))?;
    let mut pairs: Vec<Vec<Option<(f64, f64)>>> = Vec::new();
    for (name, depth) in SENSORS {
        let observed = sensors.on_noleap_days(name, [COMPARED, YEARS[1]])?;
        let pair = |(value, profile): (&Option<f64>, &[f64; LAYERS])| {
            Some((value.as_ref()? / 100.0, water_at(profile, depth)))
        };
        pairs.push(observed.iter().zip(&water).map(pair).collect());
    }
    let mut records = Vec::new();
    for ((name, _), pairs) in SENSORS.iter().zip(&pairs) {
        let [correlation, _] = scores(name, pairs);
        let name = format!(
            "land-3-solling-soil-moisture-{}-correlation",
            name.trim_start_matches("swc_").replace('_', "-")
        );
        records.push(Record::new(name, correlation, Goal::AtLeast(0.7), "1"));
    }
    let [correlation, bias] = scores("mean", &mean_of_depths(&pairs));
    let name = |what: &str| format!("land-3-solling-soil-moisture-mean-{what}");
    records.push(Record::new(name("correlation"), correlation, Goal::AtLeast(0.7), "1"));
    records.push(Record::new(name("bias"), bias, Goal::Between(-0.05, 0.05), "m3 m-3"));
    Ok(records)
}

/// Correlation by day, and bias.
fn scores(name: &str, pairs: &[Option<(f64, f64)>]) -> [f64; 2] {
    let (daily, weekly) = (pairwise(pairs.iter().copied()), pairwise(pairs.chunks(WEEK).map(mean)));
    let [correlation, bias, of_weeks] = [daily.correlation(), daily.bias(), weekly.correlation()].map(number);
    eprintln!(
        "{name}: {} days, correlation {correlation:.2}, of weeks {of_weeks:.2}, bias {bias:.3} m3 m-3",
        daily.n()
    );
    [correlation, bias]
}

fn pairwise(pairs: impl Iterator<Item = Option<(f64, f64)>>) -> Pairwise {
    let mut sums = Pairwise::default();
    pairs.flatten().for_each(|(observed, modelled)| sums.push(observed, modelled));
    sums
}

fn mean(pairs: &[Option<(f64, f64)>]) -> Option<(f64, f64)> {
    let n = pairs.iter().flatten().count() as f64;
    let sum = pairs.iter().flatten().fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
    (n > 0.0).then_some((sum.0 / n, sum.1 / n))
}

/// By day, the mean over the depths of 20, 60 and 70 cm where each has a sensor that tells; those at 20 cm count as one.
fn mean_of_depths(pairs: &[Vec<Option<(f64, f64)>>]) -> Vec<Option<(f64, f64)>> {
    let day = |d: usize| {
        let top = mean(&[pairs[0][d], pairs[1][d]])?;
        mean(&[Some(top), Some(pairs[2][d]?), Some(pairs[3][d]?)])
    };
    (0..pairs[0].len()).map(day).collect()
}

/// Liquid water by layer, kg m⁻², on every day of the comparison.
fn run(site: &Site, weather: &WeatherSeries) -> Result<Vec<[f64; LAYERS]>, ValidationError> {
    let land = |source| ValidationError::Land { station: "Solling".to_owned(), source };
    let solar = Arc::new(SolarTable::new(site.latitude));
    let column = Column::new(site, vec![Parameters::for_pft(site.dominant())], solar).map_err(land)?;
    let cycle = weather.slice(0..12 * CYCLE);
    let mean = cycle.days.iter().map(|d| 0.5 * (d.tmin + d.tmax)).sum::<f64>() / cycle.days.len() as f64;
    let start = ColumnState::cold_start(&column, mean);
    let (mut state, report) = spin_up(&column, &start, &cycle, &Options::default()).map_err(land)?;
    eprintln!("spun up in {:.0} years, drift {:.2} gC m-2 yr-1", report.years, report.drift);
    let first = 12 * (COMPARED - YEARS[0]) as usize;
    let (mut water, mut largest_lai) = (Vec::new(), 0.0_f64);
    let outcome = simulate_days(&column, &mut state, &[weather], None, |day, fluxes, state| {
        if day.month >= first {
            largest_lai = largest_lai.max(fluxes.lai);
            water.push(state.water.liquid);
        }
    });
    if let Some(source) = outcome.failures.into_iter().flatten().next() {
        return Err(land(source));
    }
    eprintln!("largest LAI {largest_lai:.1}, observed 5.0 to 5.9");
    Ok(water)
}

/// The stand on the texture of the depths that hold the sensors.
pub(super) fn site(soil: &Path, wind: [f64; 12]) -> Result<Site, ValidationError> {
    let horizons = Dated::plain(soil)?;
    let [upper, lower, sand, clay] = ["upper", "lower", "sand", "clay"].map(|name| horizons.column(name));
    let (upper, lower, sand, clay) = (upper?, lower?, sand?, clay?);
    let thickness =
        |i: usize| (lower[i].unwrap_or(0.0).abs().min(SENSED) - upper[i].unwrap_or(0.0).abs()).max(0.0);
    let mean = |of: &[Option<f64>]| {
        let sum = |f: &dyn Fn(usize) -> f64| (0..of.len()).map(|i| thickness(i) * f(i)).sum::<f64>();
        sum(&|i| of[i].unwrap_or(0.0)) / sum(&|_| 1.0)
    };
    Ok(Site {
        latitude: 51.76,
        elevation: 500.0,
        cover: Cover::whole(Pft::BroadleafDeciduousTemperate),
        sand: mean(&sand),
        clay: mean(&clay),
        organic: organic(&horizons)?,
        soil_depth: DEPTH,
        base: Base::Open,
        wind,
        nitrogen_deposition: DEPOSITION,
        ignition: Ignition::usual(51.76),
    })
}

/// Organic matter by layer, kg m⁻³: that of the horizon which holds the middle of the layer, none below the profile.
fn organic(horizons: &Dated) -> Result<[f64; LAYERS], ValidationError> {
    let [lower, density, gravel, carbon] =
        ["lower", "bd", "gravel", "c_org"].map(|name| horizons.column(name));
    let (lower, density, gravel, carbon) = (lower?, density?, gravel?, carbon?);
    let of = |i: usize| {
        let fine_earth = 1e3 * density[i]? * (1.0 - gravel[i]?);
        Some(fine_earth * carbon[i]? / 100.0 / CARBON_OF_ORGANIC)
    };
    let horizon = |depth: f64| lower.iter().position(|l| l.is_some_and(|l| l.abs() >= depth));
    Ok(std::array::from_fn(|i| horizon(NODE[i]).and_then(of).unwrap_or(0.0)))
}

/// Mean wind by calendar month, m s⁻¹.
pub(super) fn wind(file: &Path) -> Result<[f64; 12], ValidationError> {
    let days = Dated::read(file)?.on_noleap_days("windspeed", YEARS)?;
    let mut begin = 0;
    Ok(MONTH_DAYS.map(|length| {
        let month: Vec<f64> =
            days.chunks(YEAR).flat_map(|year| &year[begin..begin + length]).flatten().copied().collect();
        begin += length;
        month.iter().sum::<f64>() / month.len() as f64
    }))
}

pub(super) fn weather(file: &Path) -> Result<WeatherSeries, ValidationError> {
    let table = Dated::read(file)?;
    let names = ["tmin", "tmax", "globrad", "vappres", "prec"];
    let mut columns = Vec::new();
    for name in names {
        let days = table.on_noleap_days(name, YEARS)?;
        let days: Option<Vec<f64>> = days.into_iter().collect();
        columns.push(days.ok_or_else(|| table.absent(&format!("`{name}` on every day")))?);
    }
    let day = |i: usize| {
        let [tmin, tmax, radiation, vapour, rain] = std::array::from_fn(|k| columns[k][i]);
        let saturation = 0.5 * (saturation_vapour_pressure(tmin) + saturation_vapour_pressure(tmax));
        DailyWeather {
            tmin: tmin + 273.15,
            tmax: tmax + 273.15,
            shortwave: radiation * 1e6 / 86_400.0,
            longwave: UNKNOWN,
            vpd: (saturation - 1e3 * vapour).max(0.0),
            precipitation: rain,
        }
    };
    let days: Vec<DailyWeather> = (0..columns[0].len()).map(day).collect();
    let months = days.len() / YEAR * MONTH_DAYS.len();
    let co2 = |m: usize| CO2[0] + CO2[1] * (m as f64 + 0.5) / 12.0;
    let air = (0..months).map(|m| Atmosphere::with_co2(co2(m))).collect();
    Ok(WeatherSeries { first_month: 0, air, days })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_without_all_depths_has_no_mean() {
        let (a, b) = (Some((0.3, 0.4)), Some((0.2, 0.1)));
        let pairs = vec![vec![a, None, a], vec![None, a, None], vec![b, b, b], vec![b, None, b]];
        let means = mean_of_depths(&pairs);
        assert!(means[1].is_none());
        let (observed, modelled) = means[0].unwrap_or_default();
        assert!((observed - 0.7 / 3.0).abs() < 1e-12 && (modelled - 0.2).abs() < 1e-12);
    }
}
