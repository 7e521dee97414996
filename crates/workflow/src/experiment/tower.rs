//! Daily weather of the land model from a flux tower's own record.
//!
//! The model's years have 365 days: 29 February is left out. Consolidated meteorology is complete but for single
//! days; such a day gets the mean of the days within a week of its place in the year, over all years, and every value
//! filled is counted. Daily files hold no minimum and maximum temperature: the range about the mean follows from the
//! transmission of the air ([`diurnal_range`]). Long-wave
//! radiation and the months' mean wind come from the record where it holds them. CO₂ is the straight line through the tower's own record, because its
//! days hold what the canopy below breathes, and the drifts of an analyser.

use std::collections::BTreeMap;

use reterra_fields::calendar::{Calendar, Date, Month, MonthAxis};
use reterra_fields::station::Station;
use reterra_io::fluxnet::{Daily, DailySeries};
use reterra_land::column::USUAL_WIND;
use reterra_land::constants::DAY;
use reterra_land::energy::solar::SolarTable;
use reterra_land::forcing::{Atmosphere, DailyWeather, MONTH_DAYS, UNKNOWN, WeatherSeries};

use super::case::{CaseInput, Series, StationCase};
use crate::engine::StageError;

/// Days of a model year.
const YEAR: usize = 365;
/// Days to either side whose mean fills a gap.
const NEAR: usize = 7;
/// With less extraterrestrial radiation than this, W m⁻², transmission tells nothing.
const DARK: f64 = 5.0;

/// A tower's whole months as weather.
#[derive(Clone, Debug, PartialEq)]
pub struct TowerWeather {
    /// First month.
    pub start: Month,
    /// The weather.
    pub weather: WeatherSeries,
    /// Mean wind by calendar month, m s⁻¹; what is usual where the record doesn't hold it.
    pub wind: [f64; 12],
    /// Values that the record lacks, by variable.
    pub filled: BTreeMap<Daily, usize>,
    /// Place in the record by day of the weather.
    places: Vec<Option<usize>>,
}

impl TowerWeather {
    /// Weather of the whole months of a record, under the sun of its site.
    ///
    /// # Errors
    /// A record without a whole month, or without a variable that the model needs.
    pub fn of(record: &DailySeries, solar: &SolarTable) -> Result<Self, StageError> {
        let (start, months) = whole_months(&record.dates)
            .ok_or_else(|| StageError::failed("the daily record holds no whole month; give a longer one"))?;
        let first_month = usize::from(start.month) - 1;
        let weather = WeatherSeries { first_month, air: Vec::new(), days: Vec::new() };
        let places = places(&record.dates, start, months);
        let mut tower = Self { start, weather, wind: USUAL_WIND, filled: BTreeMap::new(), places };
        tower.weather.air = tower.co2(record, months)?;
        tower.weather.days = tower.days(record, solar)?;
        tower.wind = tower.mean_wind(record);
        Ok(tower)
    }

    /// The tower's station under this weather, with nothing observed by month.
    #[must_use]
    pub fn case(
        &self,
        station: Station,
        texture: (f64, f64),
        nitrogen_deposition: f64,
        cycle_months: usize,
    ) -> StationCase {
        let input = CaseInput {
            station,
            start: self.start,
            weather: self.weather.monthly(),
            assimilated: Series::new(),
            withheld: Series::new(),
        };
        let mut case =
            StationCase::under(self.weather.clone(), input, texture, nitrogen_deposition, cycle_months);
        case.site.wind = self.wind;
        case
    }

    /// A variable of the record, in its code unit, on the days of the weather; gaps stay gaps.
    #[must_use]
    pub fn observed(&self, record: &DailySeries, variable: Daily) -> Vec<Option<f64>> {
        let series = record.values.get(&variable).map_or(&[][..], Vec::as_slice);
        let value = |place: &Option<usize>| place.and_then(|i| series.get(i).copied().flatten());
        self.places.iter().map(value).collect()
    }

    /// Day of the year, 0-based, of a day of the weather.
    #[must_use]
    pub fn day_of_year(&self, day: usize) -> usize {
        let first: usize = MONTH_DAYS[..self.weather.first_month].iter().sum();
        (first + day) % YEAR
    }

    fn days(&mut self, record: &DailySeries, solar: &SolarTable) -> Result<Vec<DailyWeather>, StageError> {
        let temperature = self.complete(record, Daily::AirTemperature)?;
        let shortwave = self.complete(record, Daily::Shortwave)?;
        let vpd = self.complete(record, Daily::Vpd)?;
        let precipitation = self.complete(record, Daily::Precipitation)?;
        // Where it is missing, the model knows better than a fill.
        let longwave = self.observed(record, Daily::Longwave);
        let day = |i: usize| {
            let above = solar.days[self.day_of_year(i)].top_of_atmosphere;
            let half = 0.5 * if above > DARK { diurnal_range(shortwave[i] / above) } else { 0.0 };
            DailyWeather {
                tmin: temperature[i] - half,
                tmax: temperature[i] + half,
                shortwave: shortwave[i].max(0.0),
                longwave: longwave[i].unwrap_or(UNKNOWN),
                vpd: vpd[i].max(0.0),
                precipitation: precipitation[i] * DAY,
            }
        };
        Ok((0..self.places.len()).map(day).collect())
    }

    fn mean_wind(&self, record: &DailySeries) -> [f64; 12] {
        let days = self.observed(record, Daily::Wind);
        let (mut sums, mut counts) = ([0.0; 12], [0.0; 12]);
        let mut position = 0;
        for (m, _, month) in self.weather.by_month() {
            for wind in days[position..position + month.len()].iter().flatten() {
                sums[(self.weather.first_month + m) % 12] += wind;
                counts[(self.weather.first_month + m) % 12] += 1.0;
            }
            position += month.len();
        }
        std::array::from_fn(|m| if counts[m] > 0.0 { sums[m] / counts[m] } else { USUAL_WIND[m] })
    }

    /// A variable on every day, gaps filled and counted.
    fn complete(&mut self, record: &DailySeries, variable: Daily) -> Result<Vec<f64>, StageError> {
        let values = self.observed(record, variable);
        let of_year: Vec<usize> = (0..values.len()).map(|i| self.day_of_year(i)).collect();
        let (values, filled) = fill(&values, &of_year).ok_or_else(|| lacking(variable))?;
        self.filled.insert(variable, filled);
        Ok(values)
    }

    /// The straight line through the record, at the middle of each month.
    fn co2(&mut self, record: &DailySeries, months: usize) -> Result<Vec<Atmosphere>, StageError> {
        let values = self.observed(record, Daily::Co2);
        let (level, slope) = straight_line(&values).ok_or_else(|| lacking(Daily::Co2))?;
        self.filled.insert(Daily::Co2, values.iter().filter(|v| v.is_none()).count());
        let length = |m: usize| MONTH_DAYS[(self.weather.first_month + m) % 12] as f64;
        let mut begin = 0.0;
        Ok((0..months)
            .map(|m| {
                let middle = begin + 0.5 * length(m);
                begin += length(m);
                Atmosphere::with_co2(level + slope * middle)
            })
            .collect())
    }
}

fn lacking(variable: Daily) -> StageError {
    StageError::failed(format!("the daily record has no values of {variable:?}, which drives the land model"))
}

/// Daily range of air temperature, K, from the transmission of the air (global over extraterrestrial radiation):
/// Bristow and Campbell (1984, doi:10.1016/0168-1923(84)90017-0), solved for the range, with their A = 0.7, C = 2.4
/// and B for a mean range of 10 K.
#[must_use]
pub fn diurnal_range(transmission: f64) -> f64 {
    const CLEAREST: f64 = 0.7;
    const POWER: f64 = 2.4;
    const MEAN_RANGE: f64 = 10.0;
    let rate = 0.036 * (-0.154 * MEAN_RANGE).exp();
    // A sky as clear as can be would have no bound.
    let share = (transmission / CLEAREST).clamp(0.0, 0.95);
    (-(1.0 - share).ln() / rate).powf(1.0 / POWER)
}

/// First whole month, and how many there are.
fn whole_months(dates: &[Date]) -> Option<(Month, usize)> {
    let (first, last) = (dates.first()?, dates.last()?);
    let start = if first.day == 1 { first.month() } else { first.month().next() };
    let ended = u32::from(last.day) == last.month().days(Calendar::Standard);
    let months = last.month().since(start) + i64::from(ended);
    Some((start, usize::try_from(months).ok().filter(|n| *n > 0)?))
}

/// Where each day of these months is among the dates, which rise.
fn places(dates: &[Date], start: Month, months: usize) -> Vec<Option<usize>> {
    let axis = MonthAxis { start, len: months, calendar: Calendar::NoLeap };
    let days = |month: Month| {
        (1..=month.days(axis.calendar)).map(move |day| Date { day: day as u8, ..month.first_day() })
    };
    axis.months().flat_map(days).map(|date| dates.binary_search(&date).ok()).collect()
}

/// Gaps get the mean of what is near their day of the year; none where nothing is. Also tells how many there were.
fn fill(values: &[Option<f64>], of_year: &[usize]) -> Option<(Vec<f64>, usize)> {
    let (mut sums, mut counts) = ([0.0; YEAR], [0.0; YEAR]);
    for (value, &day) in values.iter().zip(of_year) {
        if let Some(value) = value {
            sums[day] += value;
            counts[day] += 1.0;
        }
    }
    let near = |day: usize| {
        let around = (0..=2 * NEAR).map(|k| (day + YEAR + k - NEAR) % YEAR);
        let (sum, count) = around.fold((0.0, 0.0), |(s, n), d| (s + sums[d], n + counts[d]));
        (count > 0.0).then(|| sum / count)
    };
    let filled = values.iter().zip(of_year).map(|(value, &day)| value.or_else(|| near(day)));
    Some((filled.collect::<Option<_>>()?, values.iter().filter(|v| v.is_none()).count()))
}

/// Level at the first entry and slope by entry of the least-squares line; none with fewer than two values.
fn straight_line(values: &[Option<f64>]) -> Option<(f64, f64)> {
    let points = || values.iter().enumerate().filter_map(|(i, v)| Some((i as f64, (*v)?)));
    let n = points().count() as f64;
    if n < 2.0 {
        return None;
    }
    let (x, y) = points().fold((0.0, 0.0), |(x, y), p| (x + p.0 / n, y + p.1 / n));
    let (xx, xy) =
        points().fold((0.0, 0.0), |(xx, xy), p| (xx + (p.0 - x).powi(2), xy + (p.0 - x) * (p.1 - y)));
    Some((y - xy / xx * x, xy / xx))
}

#[cfg(test)]
mod tests;
