//! The land model against a real eCLM run of an alpine grassland: same forcing, same surface, years 61 to 70.
//!
//! C:N of the leaves is compared with a restart at the end of year 70, by plant functional type.
//!
//! The 3-hourly forcing of 1901 to 1910 becomes daily weather; the surface data give cover, texture and bedrock. Our
//! model is spun up over the same ten years, the run is itself near its own equilibrium.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use reterra_land::column::{Base, Column, ColumnState, Cover, Site, simulate_days};
use reterra_land::constants::DAY;
use reterra_land::energy::solar::SolarTable;
use reterra_land::fire::Ignition;
use reterra_land::forcing::{Atmosphere, DailyWeather, MONTH_DAYS, WeatherSeries};
use reterra_land::parameters::Parameters;
use reterra_land::plant::pft::Pft;
use reterra_land::soil::LAYERS;
use reterra_land::spinup::{Options, spin_up};

use crate::record::{Goal, Record};
use crate::{ValidationError, places};

/// Years of the forcing cycle and of the history.
const YEARS: usize = 10;
/// First year of the forcing.
const FIRST_YEAR: usize = 1901;
/// CO₂ of the run, µmol mol⁻¹, and its nitrogen deposition, gN m⁻² yr⁻¹.
const CO2: f64 = 284.7;
const DEPOSITION: f64 = 0.10;
/// Height of the forcing's cell, m.
const ELEVATION: f64 = 1_200.0;
/// Tiles below this share are left out.
const SMALLEST_TILE: f64 = 0.005;

/// CLM's natural plant functional types 1 to 14.
const TYPES: [Pft; 14] = [
    Pft::NeedleleafEvergreenTemperate,
    Pft::NeedleleafEvergreenBoreal,
    Pft::NeedleleafDeciduousBoreal,
    Pft::BroadleafEvergreenTropical,
    Pft::BroadleafEvergreenTemperate,
    Pft::BroadleafDeciduousTropical,
    Pft::BroadleafDeciduousTemperate,
    Pft::BroadleafDeciduousBoreal,
    Pft::EvergreenShrub,
    Pft::DeciduousShrubTemperate,
    Pft::DeciduousShrubBoreal,
    Pft::ArcticGrass,
    Pft::C3Grass,
    Pft::C4Grass,
];

/// What both models tell of the ten years, month by month.
#[derive(Clone, Debug, Default)]
struct History {
    /// Gross primary production, autotrophic and heterotrophic respiration, gC m⁻² s⁻¹.
    gpp: Vec<f64>,
    ar: Vec<f64>,
    hr: Vec<f64>,
    lai: Vec<f64>,
    /// Soil temperature, K, and water, m³ m⁻³ (liquid and ice), by layer.
    temperature: Vec<[f64; LAYERS]>,
    moisture: Vec<[f64; LAYERS]>,
    /// C:N of leaves, displayed and stored, at the end, by plant functional type.
    leaf_cn: Vec<(Pft, f64)>,
}

/// Compares our run with eCLM's.
///
/// # Errors
/// [`ValidationError::NoData`], unreadable files, errors of the model.
pub fn measure() -> Result<Vec<Record>, ValidationError> {
    let folder = places::shared("clm_alp1")?;
    let atmosphere = folder.join("inputdata/atm/datm7/GSWP3v1/ALP1");
    let weather = forcing(&atmosphere)?;
    let site = site(&folder.join("eclm_run/surfdata_ALP1_natveg.nc"), mean_wind(&atmosphere)?)?;
    let (mut theirs, layers) = history(&folder.join("eclm_run/eclm_alp1_postAD_monthly_y61-70.nc"))?;
    theirs.leaf_cn = leaf_cn(&folder.join("eclm_run/eclm_alp1_postAD.clm2.r.0071.nc"))?;
    let ours = run(&site, &weather)?;
    Ok(compare(&ours, &theirs, layers))
}

fn compare(ours: &History, theirs: &History, layers: usize) -> Vec<Record> {
    let layer = |all: &[[f64; LAYERS]], i: usize| all.iter().map(|month| month[i]).collect::<Vec<f64>>();
    let temperature: Vec<f64> =
        (0..layers).map(|i| rmse(&layer(&ours.temperature, i), &layer(&theirs.temperature, i))).collect();
    let moisture: Vec<f64> =
        (0..layers).map(|i| correlation(&layer(&ours.moisture, i), &layer(&theirs.moisture, i))).collect();
    eprintln!("soil temperature RMSE by layer, K: {temperature:.2?}");
    eprintln!("soil moisture correlation by layer: {moisture:.2?}");
    for (name, ours, theirs) in
        [("GPP", &ours.gpp, &theirs.gpp), ("AR", &ours.ar, &theirs.ar), ("HR", &ours.hr, &theirs.hr)]
    {
        eprintln!("{name} by year, gC m-2: {:.0?} against {:.0?}", annual(ours), annual(theirs));
    }
    eprintln!("AR by month: {:.2?} against {:.2?}", daily(&ours.ar), daily(&theirs.ar));
    eprintln!("GPP by month: {:.2?} against {:.2?}", daily(&ours.gpp), daily(&theirs.gpp));
    eprintln!("HR by month: {:.2?} against {:.2?}", daily(&ours.hr), daily(&theirs.hr));
    eprintln!("LAI by month: {:.2?} against {:.2?}", seasonal(&ours.lai), seasonal(&theirs.lai));
    for i in [0, 3, 6, 7].into_iter().filter(|&i| i < layers) {
        let (t, w) = (seasonal(&layer(&ours.temperature, i)), seasonal(&layer(&theirs.temperature, i)));
        eprintln!("temperature of layer {i}, K: {t:.1?}\n{:>24}{w:.1?}", "against ");
        let (t, w) = (seasonal(&layer(&ours.moisture, i)), seasonal(&layer(&theirs.moisture, i)));
        eprintln!("water of layer {i}, m3 m-3: {t:.3?}\n{:>25}{w:.3?}", "against ");
    }
    let largest = temperature.iter().fold(0.0_f64, |a, &b| a.max(b));
    let median = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let ratio = |a: &[f64], b: &[f64]| a.iter().sum::<f64>() / b.iter().sum::<f64>();
    let quarter = Goal::Between(0.75, 1.25);
    let farthest = farthest_leaf_cn(&ours.leaf_cn, &theirs.leaf_cn);
    vec![
        Record::new("land-2-leaf-cn", farthest, Goal::AtMost(0.1), "1"),
        Record::new("land-2-soil-temperature-rmse", largest, Goal::AtMost(2.0), "K"),
        Record::new("land-2-soil-moisture-correlation", median(moisture), Goal::AtLeast(0.7), "1"),
        Record::new("land-2-gpp-ratio", ratio(&ours.gpp, &theirs.gpp), quarter, "1"),
        Record::new("land-2-hr-ratio", ratio(&ours.hr, &theirs.hr), quarter, "1"),
        Record::new(
            "land-2-lai-seasonality",
            correlation(&seasonal(&ours.lai), &seasonal(&theirs.lai)),
            Goal::AtLeast(0.7),
            "1",
        ),
    ]
}

fn run(site: &Site, weather: &WeatherSeries) -> Result<History, ValidationError> {
    let land = |source| ValidationError::Land { station: "ALP1".to_owned(), source };
    let parameters = site.cover.iter().map(|c| Parameters::for_pft(c.pft)).collect();
    let solar = Arc::new(SolarTable::new(site.latitude));
    let column = Column::new(site, parameters, solar).map_err(land)?;
    let mean = weather.days.iter().map(|d| 0.5 * (d.tmin + d.tmax)).sum::<f64>() / weather.days.len() as f64;
    let start = ColumnState::cold_start(&column, mean);
    let (mut state, report) = spin_up(&column, &start, weather, &Options::default()).map_err(land)?;
    eprintln!("spun up in {:.0} years, drift {:.2} gC m-2 yr-1", report.years, report.drift);
    let mut history = History::default();
    let outcome = simulate_days(&column, &mut state, &[weather], None, |day, fluxes, state| {
        if day.of_month == 0 {
            for series in [&mut history.gpp, &mut history.ar, &mut history.hr, &mut history.lai] {
                series.push(0.0);
            }
            history.temperature.push([0.0; LAYERS]);
            history.moisture.push([0.0; LAYERS]);
        }
        let (month, share) = (day.month, 1.0 / day.month_length as f64);
        history.gpp[month] += fluxes.gpp * share / DAY;
        history.ar[month] += fluxes.ra * share / DAY;
        history.hr[month] += fluxes.hr * share / DAY;
        history.lai[month] += fluxes.lai * share;
        for i in 0..column.hydraulics.layers {
            let water = (state.water.liquid[i] + state.water.ice[i]) / column.hydraulics.capacity[i];
            history.temperature[month][i] += state.temperature[i] * share;
            history.moisture[month][i] += water * column.hydraulics.porosity[i] * share;
        }
    });
    eprintln!("mineral nitrogen {:.2} gN m-2", state.soil.mineral_nitrogen());
    for (tile, plant) in column.tiles.iter().zip(&state.plants) {
        let stored = 1.0 / (1.0 + tile.parameters.froot_leaf);
        let leaf_n =
            1.0 / (1.0 + tile.parameters.froot_leaf * tile.parameters.leafcn / tile.parameters.frootcn);
        let n = &plant.nitrogen;
        let carbon = plant.leaf + plant.stored() * stored;
        history.leaf_cn.push((tile.pft, carbon / (n.leaf + (n.storage + n.transfer) * leaf_n)));
    }
    match outcome.failures.into_iter().flatten().next() {
        Some(failure) => Err(land(failure)),
        None => Ok(history),
    }
}

/// Largest relative difference of the leaf C:N of a type, ours to theirs.
fn farthest_leaf_cn(ours: &[(Pft, f64)], theirs: &[(Pft, f64)]) -> f64 {
    let mut farthest = 0.0_f64;
    for (pft, cn) in ours {
        let Some((_, their)) = theirs.iter().find(|(other, _)| other == pft) else { return f64::INFINITY };
        eprintln!("leaf C:N of {pft:?}: {cn:.1} against {their:.1}");
        farthest = if cn.is_nan() { f64::INFINITY } else { farthest.max((cn / their - 1.0).abs()) };
    }
    farthest
}

/// C:N of leaves, displayed and stored, of the types in a restart.
fn leaf_cn(restart: &Path) -> Result<Vec<(Pft, f64)>, ValidationError> {
    let read = |name| values(restart, name);
    let types = read("pfts1d_itypveg")?;
    let (c, stored_c) = (read("leafc")?, read("leafc_storage")?);
    let (n, stored_n) = (read("leafn")?, read("leafn_storage")?);
    let ratio = |i: usize| (c[i] + stored_c[i]) / (n[i] + stored_n[i]);
    let known = |i: usize| TYPES.get((types[i] as usize).wrapping_sub(1)).map(|&pft| (pft, ratio(i)));
    Ok((0..types.len()).filter_map(known).collect())
}

/// A variable of a file, all of it.
fn values(path: &Path, name: &str) -> Result<Vec<f64>, ValidationError> {
    let fail = |source| ValidationError::NetCdf { path: path.to_owned(), source };
    let file = netcdf::open(path).map_err(fail)?;
    let absent = || ValidationError::Absent { what: name.to_owned(), path: path.to_owned() };
    file.variable(name).ok_or_else(absent)?.get_values(..).map_err(fail)
}

fn month_file(folder: &Path, month: usize) -> PathBuf {
    folder.join(format!("clm1pt_ALP1_{}-{:02}.nc", FIRST_YEAR + month / 12, month % 12 + 1))
}

/// Mean wind of the forcing cycle by calendar month, m s⁻¹.
fn mean_wind(folder: &Path) -> Result<[f64; 12], ValidationError> {
    let mut wind = [0.0; 12];
    for month in 0..12 * YEARS {
        let all = values(&month_file(folder, month), "WIND")?;
        wind[month % 12] += all.iter().sum::<f64>() / (all.len() * YEARS) as f64;
    }
    Ok(wind)
}

/// Daily weather from the 3-hourly files of the forcing cycle.
fn forcing(folder: &Path) -> Result<WeatherSeries, ValidationError> {
    let mut days = Vec::new();
    for month in 0..12 * YEARS {
        let file = month_file(folder, month);
        let read = |name| values(&file, name);
        let (t, q, p) = (read("TBOT")?, read("QBOT")?, read("PSRF")?);
        let (radiation, sky, rain) = (read("FSDS")?, read("FLDS")?, read("PRECTmms")?);
        let length = t.len() / steps_per_day(t.len());
        for day in 0..MONTH_DAYS[month % 12] {
            let width = steps_per_day(t.len());
            let at = day.min(length - 1) * width..(day.min(length - 1) + 1) * width;
            let mean = |v: &[f64]| v[at.clone()].iter().sum::<f64>() / width as f64;
            let deficit: Vec<f64> = (0..t.len()).map(|i| vapour_deficit(t[i], q[i], p[i])).collect();
            days.push(DailyWeather {
                tmin: t[at.clone()].iter().fold(f64::INFINITY, |a, &b| a.min(b)),
                tmax: t[at.clone()].iter().fold(f64::NEG_INFINITY, |a, &b| a.max(b)),
                shortwave: mean(&radiation).max(0.0),
                longwave: mean(&sky),
                vpd: mean(&deficit),
                precipitation: mean(&rain).max(0.0) * DAY,
            });
        }
    }
    Ok(WeatherSeries { first_month: 0, air: vec![Atmosphere::with_co2(CO2); 12 * YEARS], days })
}

/// Records of a day: files hold 3-hourly, hourly or half-hourly months.
fn steps_per_day(records: usize) -> usize {
    [8, 24, 48].into_iter().find(|n| (28..=31).contains(&(records / n))).unwrap_or(8)
}

/// Vapour pressure deficit, Pa, from temperature, K, specific humidity and pressure, Pa (Tetens).
fn vapour_deficit(temperature: f64, humidity: f64, pressure: f64) -> f64 {
    let celsius = temperature - 273.15;
    let saturation = 610.78 * (17.27 * celsius / (celsius + 237.3)).exp();
    (saturation - humidity * pressure / (0.622 + 0.378 * humidity)).max(0.0)
}

fn site(surface: &Path, wind: [f64; 12]) -> Result<Site, ValidationError> {
    let read = |name| values(surface, name);
    let cover = read("PCT_NAT_PFT")?;
    let cover: Vec<Cover> = TYPES
        .iter()
        .zip(&cover[1..])
        .map(|(&pft, percent)| Cover { pft, fraction: percent / 100.0 })
        .filter(|c| c.fraction >= SMALLEST_TILE)
        .collect();
    let mean = |v: Vec<f64>| v.iter().sum::<f64>() / v.len() as f64;
    let latitude = read("LATIXY")?[0];
    Ok(Site {
        latitude,
        elevation: ELEVATION,
        cover,
        sand: mean(read("PCT_SAND")?),
        clay: mean(read("PCT_CLAY")?),
        organic: organic(&read("ORGANIC")?),
        soil_depth: read("zbedrock")?[0],
        base: Base::Bedrock { slope: read("SLOPE")?[0] },
        wind,
        nitrogen_deposition: DEPOSITION,
        ignition: Ignition::usual(latitude),
    })
}

/// Level of the surface data that eCLM gives to each of its layers (its `WATSAT` tells); the deepest goes on below.
const LEVELS: [usize; 8] = [0, 2, 3, 4, 5, 5, 6, 7];

/// Organic matter by layer from the surface data's levels.
fn organic(levels: &[f64]) -> [f64; LAYERS] {
    std::array::from_fn(|i| levels.get(LEVELS.get(i).copied().unwrap_or(i)).copied().unwrap_or(0.0))
}

/// eCLM's history, and its layers above bedrock.
fn history(file: &Path) -> Result<(History, usize), ValidationError> {
    let read = |name| values(file, name);
    let bedrock = read("nbedrock")?[0] as usize;
    let (temperature, moisture) = (read("TSOI")?, read("H2OSOI")?);
    let months = 12 * YEARS;
    let profile = |all: &[f64], m: usize| std::array::from_fn(|i| all[m * (all.len() / months) + i]);
    let history = History {
        gpp: read("GPP")?,
        ar: read("AR")?,
        hr: read("HR")?,
        lai: read("TLAI")?,
        temperature: (0..months).map(|m| profile(&temperature, m)).collect(),
        moisture: (0..months).map(|m| profile(&moisture, m)).collect(),
        leaf_cn: Vec::new(),
    };
    Ok((history, bedrock.min(LAYERS)))
}

/// Sums by year of a flux per second.
fn annual(monthly: &[f64]) -> Vec<f64> {
    let year = |year: &[f64]| year.iter().zip(MONTH_DAYS).map(|(f, days)| f * days as f64 * DAY).sum();
    monthly.chunks(12).map(year).collect()
}

/// Mean seasonal course of a flux per second, per day.
fn daily(monthly: &[f64]) -> Vec<f64> {
    seasonal(monthly).iter().map(|f| f * DAY).collect()
}

fn seasonal(monthly: &[f64]) -> Vec<f64> {
    (0..12).map(|m| monthly.iter().skip(m).step_by(12).sum::<f64>() * 12.0 / monthly.len() as f64).collect()
}

fn rmse(a: &[f64], b: &[f64]) -> f64 {
    (a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / a.len() as f64).sqrt()
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let (ma, mb) = (mean(a), mean(b));
    let product = |x: &[f64], mx: f64, y: &[f64], my: f64| -> f64 {
        x.iter().zip(y).map(|(x, y)| (x - mx) * (y - my)).sum()
    };
    product(a, ma, b, mb) / (product(a, ma, a, ma) * product(b, mb, b, mb)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_of_any_step_are_whole_days() {
        assert_eq!([248, 224, 744, 672, 1488].map(steps_per_day), [8, 8, 24, 24, 48]);
    }

    #[test]
    fn figures_are_what_they_are_called() {
        assert!((correlation(&[1.0, 2.0, 4.0], &[3.0, 5.0, 9.0]) - 1.0).abs() < 1e-12);
        assert!((rmse(&[1.0, 5.0], &[4.0, 1.0]) - 12.5_f64.sqrt()).abs() < 1e-12);
        // Saturated air at 20 °C: 2339 Pa.
        assert!((vapour_deficit(293.15, 0.0, 1e5) / 2_339.0 - 1.0).abs() < 2e-3);
    }
}
