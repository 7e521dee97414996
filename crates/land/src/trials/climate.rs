//! The weather of a trial.

use super::YEARS;
use super::dice::Dice;
use crate::column::Site;
use crate::constants::FREEZING;
use crate::energy::radiation::saturation_vapour_pressure;
use crate::energy::solar::SolarTable;
use crate::error::LandError;
use crate::forcing::{Atmosphere, DailyWeather, MonthlyWeather, WeatherSeries};
use crate::weather::disaggregate;

/// What [`MonthlyWeather::validate`] accepts: temperature, K; radiation, W m⁻²; vapour pressure deficit, Pa;
/// precipitation, kg m⁻² s⁻¹ and by day; CO₂, µmol mol⁻¹.
const COLDEST: f64 = 180.0;
const WARMEST: [f64; 2] = [330.0, 340.0];
const BRIGHTEST: f64 = 600.0;
const DRIEST: f64 = 15_000.0;
const WETTEST: f64 = 0.02;
const WETTEST_DAY: f64 = 1_728.0;
const CO2: [f64; 2] = [100.0, 5_000.0];

/// Daily weather of all years.
pub(super) fn weather(
    site: &Site,
    solar: &SolarTable,
    dice: &mut Dice,
    (seed, number): (u64, u32),
) -> Result<WeatherSeries, LandError> {
    let climate = Climate::draw(site, dice);
    let (erratic, jumpy) =
        dice.of(&[(false, false), (false, false), (false, true), (true, false), (true, true)]);
    let months: Vec<MonthlyWeather> = (0..12 * YEARS)
        .map(|m| if erratic && dice.one_in(2) { anything(dice) } else { climate.month(m % 12, solar, dice) })
        .collect();
    let mut series = disaggregate(&months, 0, seed, number)?;
    if jumpy {
        for day in &mut series.days {
            jump(day, dice);
        }
    }
    Ok(series)
}

/// Mean air temperature of a series, K.
pub(super) fn mean_temperature(series: &WeatherSeries) -> f64 {
    let sum: f64 = series.days.iter().map(|d| 0.5 * (d.tmin + d.tmax)).sum();
    sum / series.days.len() as f64
}

/// A year of some place: from polar to tropical, from desert to rain forest.
struct Climate {
    /// Mean temperature, half the range of its year, and the range of a day, K.
    mean: f64,
    amplitude: f64,
    range: f64,
    /// 0 where January is coldest, π where it is warmest.
    phase: f64,
    /// Relative humidity, and the share of the sun's radiation that comes through.
    humidity: f64,
    clear: f64,
    /// Mean precipitation, kg m⁻² s⁻¹, and how far it has seasons, 0 to 1, with their phase.
    rain: f64,
    seasons: [f64; 2],
    co2: f64,
}

impl Climate {
    fn draw(site: &Site, dice: &mut Dice) -> Self {
        let pole = site.latitude.abs() / 90.0;
        Self {
            mean: dice.between(303.0 - 60.0 * pole, 308.0 - 30.0 * pole),
            amplitude: dice.between(0.0, 3.0 + 30.0 * pole),
            range: dice.between(0.5, 22.0),
            phase: if site.latitude < 0.0 { std::f64::consts::PI } else { 0.0 },
            humidity: dice.between(0.05, 0.98),
            clear: dice.between(0.15, 0.78),
            rain: dice.decades(1e-8, 3e-4),
            seasons: [dice.0.uniform(), dice.between(0.0, std::f64::consts::TAU)],
            co2: dice.decades(180.0, 1_200.0),
        }
    }

    fn month(&self, month: usize, solar: &SolarTable, dice: &mut Dice) -> MonthlyWeather {
        let angle = std::f64::consts::TAU * (month as f64 + 0.5) / 12.0;
        let mean = self.mean - self.amplitude * (angle - self.phase).cos() + 1.5 * dice.0.normal();
        let sun = solar.days[30 * month + 15].top_of_atmosphere;
        let wet = 1.0 + self.seasons[0] * (angle - self.seasons[1]).cos();
        MonthlyWeather {
            tmin: mean - 0.5 * self.range,
            tmax: mean + 0.5 * self.range,
            shortwave: sun * self.clear * dice.between(0.8, 1.2),
            vpd: (1.0 - self.humidity) * saturation_vapour_pressure(mean - FREEZING),
            precipitation: (self.rain * wet * dice.decades(0.3, 3.0)).min(WETTEST),
            air: Atmosphere { co2: self.co2, deposition: dice.decades(0.01, 10.0) },
        }
    }
}

/// A month that readers let pass.
fn anything(dice: &mut Dice) -> MonthlyWeather {
    let tmin = dice.within(COLDEST, WARMEST[0]);
    MonthlyWeather {
        tmin,
        tmax: dice.within(tmin, WARMEST[1]),
        shortwave: dice.within(0.0, BRIGHTEST),
        vpd: dice.within(0.0, DRIEST),
        precipitation: if dice.one_in(2) { dice.within(0.0, WETTEST) } else { dice.decades(1e-9, 1e-4) },
        air: Atmosphere { co2: dice.within(CO2[0], CO2[1]), deposition: dice.decades(0.01, 10.0) },
    }
}

/// Now and then one variable of a day leaps to somewhere in its range.
fn jump(day: &mut DailyWeather, dice: &mut Dice) {
    match dice.0.index(72) {
        0 => day.precipitation = dice.within(0.0, WETTEST_DAY),
        1 => day.shortwave = dice.within(0.0, BRIGHTEST),
        2 => day.vpd = dice.within(0.0, DRIEST),
        3 => {
            day.tmin = dice.within(COLDEST, WARMEST[0]);
            day.tmax = dice.within(day.tmin, WARMEST[1]);
        }
        4 => {
            let step = dice.between(-40.0, 40.0);
            day.tmin = (day.tmin + step).clamp(COLDEST, WARMEST[0]);
            day.tmax = (day.tmax + step).clamp(day.tmin, WARMEST[1]);
        }
        5 => day.longwave = dice.within(50.0, 500.0),
        _ => {}
    }
}
