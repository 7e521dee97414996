//! The weather generator: monthly means to days, keeping every monthly mean exactly.
//!
//! After Richardson (1981, doi:10.1029/WR017i001p00182) and Geng et al. (1986,
//! doi:10.1016/0168-1923(86)90014-6): wet days as a two-state Markov chain whose wet share grows with the month's
//! rain, exponential amounts; radiation falls on wet days; temperature is the month-to-month course plus
//! first-order autoregressive noise shared by minimum and maximum; vapour pressure deficit follows warmth and
//! radiation. Each variable is then corrected, additively (temperature) or by a factor (the others), so that
//! its mean over the month's days is the given one. Seeded by (seed, column, month): the same months give the
//! same days whatever the order or thread.

use std::ops::Range;

use reterra_statistics::random::{Stage, Stream, StreamKey};
use serde::{Deserialize, Serialize};

use crate::constants::DAY;
use crate::error::LandError;
use crate::forcing::{DailyWeather, MONTH_DAYS, MonthlyWeather, UNKNOWN, WeatherSeries};

/// Day-to-day persistence and spread of temperature, K.
const PERSISTENCE: f64 = 0.7;
const TEMPERATURE_SD: f64 = 2.5;
/// Probability of rain after rain less that after a dry day (Geng et al. 1986).
const WET_MEMORY: f64 = 0.25;
/// Mean rain on a wet day in a dry month, mm, and how it grows with the month's rain.
const WET_DAY_RAIN: f64 = 3.0;
const WET_DAY_GROWTH: f64 = 0.8;
/// Radiation of a wet day relative to a dry one.
const WET_RADIATION: f64 = 0.55;
/// Spread of radiation from day to day.
const RADIATION_SPREAD: f64 = 0.2;

/// What the generator remembers from one month to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// Temperature noise of the last day, standard deviations.
    pub noise: f64,
    /// Whether the last day was wet.
    pub wet: bool,
}

/// Daily weather of a run of months that begins in `first_month` (0 = January) at a `column`.
///
/// # Errors
/// [`LandError::Forcing`] if a month's means are impossible.
pub fn disaggregate(
    months: &[MonthlyWeather],
    first_month: usize,
    seed: u64,
    column: u32,
) -> Result<WeatherSeries, LandError> {
    let stream = (seed, column);
    disaggregate_part(months, (first_month, 0..months.len()), stream, &mut Memory::default())
}

/// As [`disaggregate`], for a part of the months only; `memory` is that of the month before it, and then that of its
/// last. Parts in a row give the days of the whole.
///
/// # Errors
/// [`LandError::Forcing`] if a month's means are impossible.
pub fn disaggregate_part(
    months: &[MonthlyWeather],
    (first_month, part): (usize, Range<usize>),
    (seed, column): (u64, u32),
    memory: &mut Memory,
) -> Result<WeatherSeries, LandError> {
    let month_of_year = |m: usize| (first_month + m) % 12;
    let mut series =
        WeatherSeries { first_month: month_of_year(part.start), air: Vec::new(), days: Vec::new() };
    for m in part {
        let month = &months[m];
        month.validate(m)?;
        let key = StreamKey { seed, stage: Stage::Weather, cycle: m as u32, member: 0, column };
        let length = MONTH_DAYS[month_of_year(m)];
        let neighbours = (&months[m.saturating_sub(1)], &months[(m + 1).min(months.len() - 1)]);
        let rain = rain_of(month, length, &mut memory.wet, &mut key.stream());
        let mut draws = StreamKey { member: 1, ..key }.stream();
        series.days.extend(days_of(month, neighbours, &rain, &mut memory.noise, &mut draws));
        series.air.push(month.air);
    }
    Ok(series)
}

/// Rain by day, kg m⁻² d⁻¹, with the month's mean.
fn rain_of(month: &MonthlyWeather, length: usize, wet: &mut bool, draws: &mut Stream) -> Vec<f64> {
    let mean = month.precipitation * DAY;
    let wet_share = (mean / (WET_DAY_RAIN + WET_DAY_GROWTH * mean)).clamp(0.02, 0.95);
    let after_dry = wet_share * (1.0 - WET_MEMORY);
    let mut rain = vec![0.0; length];
    for amount in &mut rain {
        let chance = if *wet { after_dry + WET_MEMORY } else { after_dry };
        *wet = draws.uniform() < chance;
        let size = -draws.uniform().ln();
        if *wet {
            *amount = size.max(0.05);
        }
    }
    if rain.iter().all(|&r| r == 0.0) {
        rain[length / 2] = 1.0;
    }
    scale_to_mean(&mut rain, mean);
    rain
}

fn days_of(
    month: &MonthlyWeather,
    (before, after): (&MonthlyWeather, &MonthlyWeather),
    rain: &[f64],
    noise: &mut f64,
    draws: &mut Stream,
) -> Vec<DailyWeather> {
    let n = rain.len();
    let (mut tmin, mut tmax) = (vec![0.0; n], vec![0.0; n]);
    let (mut shortwave, mut vpd) = (vec![0.0; n], vec![0.0; n]);
    for d in 0..n {
        let position = (d as f64 + 0.5) / n as f64;
        let course = |f: fn(&MonthlyWeather) -> f64| interpolate(f(before), f(month), f(after), position);
        *noise = PERSISTENCE * *noise + (1.0 - PERSISTENCE * PERSISTENCE).sqrt() * draws.normal();
        let wet = rain[d] > 0.0;
        tmin[d] = course(|m| m.tmin) + TEMPERATURE_SD * *noise;
        tmax[d] = course(|m| m.tmax) + TEMPERATURE_SD * *noise;
        let sky =
            if wet { WET_RADIATION } else { 1.0 } * (1.0 + RADIATION_SPREAD * draws.normal()).clamp(0.5, 1.4);
        shortwave[d] = course(|m| m.shortwave).max(0.0) * sky;
        vpd[d] = course(|m| m.vpd).max(1.0) * (0.4 + 0.6 * sky) * (0.08 * TEMPERATURE_SD * *noise).exp();
    }
    let mut range: Vec<f64> = tmax.iter().zip(&tmin).map(|(max, min)| max - min).collect();
    shift_to_mean(&mut tmin, month.tmin);
    shift_to_mean(&mut tmax, month.tmax);
    if tmax.iter().zip(&tmin).any(|(max, min)| max < min) {
        // A month of far smaller range than its neighbours: scaled, as it has to stay positive.
        scale_to_mean(&mut range, month.tmax - month.tmin);
        for d in 0..n {
            tmax[d] = tmin[d] + range[d];
        }
    }
    scale_to_mean(&mut shortwave, month.shortwave);
    scale_to_mean(&mut vpd, month.vpd);
    (0..n)
        .map(|d| DailyWeather {
            tmin: tmin[d],
            tmax: tmax[d],
            shortwave: shortwave[d],
            longwave: UNKNOWN,
            vpd: vpd[d],
            precipitation: rain[d],
        })
        .collect()
}

/// Value within a month from the middles of this and the neighbouring month.
fn interpolate(before: f64, this: f64, after: f64, position: f64) -> f64 {
    if position < 0.5 {
        before + (this - before) * (position + 0.5)
    } else {
        this + (after - this) * (position - 0.5)
    }
}

fn shift_to_mean(values: &mut [f64], mean: f64) {
    let shift = mean - values.iter().sum::<f64>() / values.len() as f64;
    for v in values {
        *v += shift;
    }
}

fn scale_to_mean(values: &mut [f64], mean: f64) {
    let sum: f64 = values.iter().sum();
    if sum > 0.0 {
        let factor = mean * values.len() as f64 / sum;
        for v in values {
            *v *= factor;
        }
    } else {
        values.fill(mean);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forcing::Atmosphere;

    fn year() -> Vec<MonthlyWeather> {
        (0..48)
            .map(|m| {
                let phase = (2.0 * std::f64::consts::PI * (f64::from(m) - 6.0) / 12.0).cos();
                MonthlyWeather {
                    tmin: 276.0 + 8.0 * phase,
                    tmax: 283.0 + 11.0 * phase,
                    shortwave: 120.0 + 95.0 * phase,
                    vpd: 400.0 + 300.0 * phase,
                    precipitation: (0.5 + f64::from(m % 5)) / DAY,
                    air: Atmosphere::with_co2(380.0),
                }
            })
            .collect()
    }

    #[test]
    fn monthly_means_are_kept_exactly() {
        let months = year();
        let series = disaggregate(&months, 0, 7, 3).unwrap();
        for (m, _, days) in series.by_month() {
            let mean = |f: fn(&DailyWeather) -> f64| days.iter().map(f).sum::<f64>() / days.len() as f64;
            assert!((mean(|d| d.tmin) - months[m].tmin).abs() < 1e-10);
            assert!((mean(|d| d.tmax) - months[m].tmax).abs() < 1e-10);
            assert!((mean(|d| d.shortwave) - months[m].shortwave).abs() < 1e-10 * 200.0);
            assert!((mean(|d| d.vpd) - months[m].vpd).abs() < 1e-10 * 1e3);
            assert!((mean(|d| d.precipitation) - months[m].precipitation * DAY).abs() < 1e-12);
            assert!(days.iter().all(|d| d.shortwave >= 0.0 && d.vpd >= 0.0 && d.precipitation >= 0.0));
            assert!(days.iter().all(|d| d.tmax >= d.tmin - 1e-9));
        }
    }

    #[test]
    fn a_cloudy_month_between_clear_ones_keeps_its_order_of_minimum_and_maximum() {
        let mut months = year();
        months[5].tmax = months[5].tmin + 0.5;
        let series = disaggregate(&months, 0, 7, 3).unwrap();
        let (_, _, days) = series.by_month().nth(5).unwrap();
        assert!(days.iter().all(|d| d.tmax >= d.tmin));
        let mean = days.iter().map(|d| d.tmax).sum::<f64>() / days.len() as f64;
        assert!((mean - months[5].tmax).abs() < 1e-10);
    }

    #[test]
    fn seeded_and_different_by_column() {
        let months = year();
        let a = disaggregate(&months, 0, 7, 3).unwrap();
        assert_eq!(a, disaggregate(&months, 0, 7, 3).unwrap());
        assert_ne!(a, disaggregate(&months, 0, 7, 4).unwrap());
        assert_ne!(a, disaggregate(&months, 0, 8, 3).unwrap());
    }

    #[test]
    fn parts_in_a_row_give_the_days_of_the_whole() {
        let months = year();
        let whole = disaggregate(&months, 3, 7, 3).unwrap();
        let mut memory = Memory::default();
        let mut days = Vec::new();
        for part in [0..7, 7..8, 8..48] {
            let series = disaggregate_part(&months, (3, part.clone()), (7, 3), &mut memory).unwrap();
            assert_eq!(series.first_month, (3 + part.start) % 12);
            days.extend(series.days);
        }
        assert_eq!(days, whole.days);
    }

    #[test]
    fn wet_days_are_as_frequent_as_in_europe() {
        // 2.5 mm/d: about every second day wet (E-OBS: 40 to 55 % of days >= 0.1 mm in western Europe).
        let month = MonthlyWeather { precipitation: 2.5 / DAY, ..year()[3] };
        let series = disaggregate(&vec![month; 240], 0, 1, 0).unwrap();
        let wet = series.days.iter().filter(|d| d.precipitation > 0.0).count() as f64;
        let share = wet / series.days.len() as f64;
        assert!((0.4..0.6).contains(&share), "{share}");
    }

    #[test]
    fn impossible_forcing_is_refused_by_name() {
        for (broken, name) in [
            (MonthlyWeather { precipitation: -1.0, ..year()[0] }, "precipitation"),
            (MonthlyWeather { tmax: 673.15, ..year()[0] }, "tmax"),
            (MonthlyWeather { shortwave: f64::NAN, ..year()[0] }, "shortwave"),
        ] {
            match disaggregate(&[year()[0], broken], 0, 1, 0) {
                Err(LandError::Forcing { variable, month: 1, .. }) => assert_eq!(variable, name),
                other => panic!("{other:?}"),
            }
        }
    }
}
