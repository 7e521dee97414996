//! A break in a station's temperature, found and removed by a reference series.
//!
//! The standard normal homogeneity test for a single break (Alexandersson 1986, doi:10.1002/joc.3370060607) on annual
//! means of station minus reference: with z the standardised differences of n years,
//! `T(k) = k z̄₁² + (n − k) z̄₂²` for the means of the first k years and of the others. The largest T marks the break
//! where it exceeds what one series in a hundred without break reaches. Temperature before it is then shifted to the
//! level after it, calendar month by calendar month. A station measures temperature and relative humidity and computes
//! the vapour pressure deficit from both, so that a break in temperature is one in the deficit too: it is computed anew
//! at the humidity that was measured. Only weather is looked at, nothing that is predicted.

use reterra_land::constants::FREEZING;
use reterra_land::energy::radiation::saturation_vapour_pressure;
use reterra_land::forcing::{DailyWeather, MonthlyWeather, WeatherSeries};

/// Numbers of years, and the statistic that one homogeneous series in a hundred exceeds (Khaliq and Ouarda 2007,
/// doi:10.1002/joc.1438; equal to 0.1 in 100,000 series of normal noise).
const CRITICAL: [(f64, f64); 5] = [(10.0, 6.77), (14.0, 7.99), (20.0, 9.11), (50.0, 11.22), (100.0, 12.37)];
/// Fewer years tell of no break.
const LEAST: usize = 10;
/// Months of a year.
const YEAR: usize = 12;

/// A break in temperature.
#[derive(Clone, Debug, PartialEq)]
pub struct Break {
    /// Years of the compared series before the break.
    pub years: usize,
    /// Alexandersson's largest T.
    pub statistic: f64,
    /// What turns temperature before the break into that after it, by calendar month, K.
    pub shifts: [f64; YEAR],
}

/// The break of a series of differences by month, K, of whole years from a January on; none where it is homogeneous or
/// shorter than ten years.
#[must_use]
pub fn find_break(differences: &[f64]) -> Option<Break> {
    let years: Vec<f64> =
        differences.chunks_exact(YEAR).map(|year| year.iter().sum::<f64>() / YEAR as f64).collect();
    if years.len() < LEAST {
        return None;
    }
    let (years, statistic) = largest_statistic(&years)?;
    if statistic <= critical(differences.len() / YEAR) {
        return None;
    }
    let mean = |part: &[f64], month: usize| {
        let same: Vec<f64> = part.chunks_exact(YEAR).map(|year| year[month]).collect();
        same.iter().sum::<f64>() / same.len() as f64
    };
    let (before, after) = differences.split_at(years * YEAR);
    Some(Break { years, statistic, shifts: std::array::from_fn(|m| mean(after, m) - mean(before, m)) })
}

/// Years before the likeliest break, and T there; none where the series doesn't vary.
fn largest_statistic(series: &[f64]) -> Option<(usize, f64)> {
    let n = series.len() as f64;
    let mean = series.iter().sum::<f64>() / n;
    let deviation = (series.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    if deviation.is_nan() || deviation <= 0.0 {
        return None;
    }
    let mut sum = 0.0;
    let statistic = |(i, d): (usize, &f64)| {
        // The z of all years sum to 0, so the later ones sum to the negative of the earlier.
        sum += (d - mean) / deviation;
        let k = (i + 1) as f64;
        (i + 1, sum * sum * (1.0 / k + 1.0 / (n - k)))
    };
    series[..series.len() - 1].iter().enumerate().map(statistic).max_by(|a, b| a.1.total_cmp(&b.1))
}

/// Linear in the logarithm of the number of years between the tabulated ones.
fn critical(years: usize) -> f64 {
    let n = years as f64;
    let last = CRITICAL[CRITICAL.len() - 1].1;
    CRITICAL.windows(2).find(|pair| n <= pair[1].0).map_or(last, |pair| {
        let [(n0, t0), (n1, t1)] = [pair[0], pair[1]];
        t0 + (t1 - t0) * (n / n0).ln() / (n1 / n0).ln()
    })
}

/// Compares weather with a reference whose first month is month `first` of the weather, a January, and shifts the
/// temperature before a break at constant relative humidity. Tells which break was removed.
pub fn remove_break(
    weather: &mut WeatherSeries,
    reference: &[MonthlyWeather],
    first: usize,
) -> Option<Break> {
    let mean = |m: &MonthlyWeather| 0.5 * (m.tmin + m.tmax);
    let own = weather.monthly();
    let pairs = own.iter().skip(first).zip(reference);
    let differences: Vec<f64> = pairs.map(|(own, reference)| mean(own) - mean(reference)).collect();
    let found = find_break(&differences)?;
    let homogeneous = first + found.years * YEAR;
    let lengths: Vec<(usize, usize)> = weather.by_month().map(|(m, _, days)| (m, days.len())).collect();
    let mut position = 0;
    for (month, length) in lengths {
        if month < homogeneous {
            let shift = found.shifts[(weather.first_month + month) % YEAR];
            weather.days[position..position + length].iter_mut().for_each(|day| warm(day, shift));
        }
        position += length;
    }
    Some(found)
}

/// Adds to a day's temperature, K, and keeps its relative humidity.
fn warm(day: &mut DailyWeather, shift: f64) {
    let mean = 0.5 * (day.tmin + day.tmax) - FREEZING;
    day.tmin += shift;
    day.tmax += shift;
    day.vpd *= saturation_vapour_pressure(mean + shift) / saturation_vapour_pressure(mean);
}

#[cfg(test)]
mod tests {
    use super::*;
    use reterra_land::forcing::Atmosphere;
    use reterra_land::weather::disaggregate;
    use reterra_statistics::{Stage, StreamKey};

    fn noise(series: u32, count: usize) -> Vec<f64> {
        let key = StreamKey { seed: 1, stage: Stage::Test, cycle: 0, member: series, column: 0 };
        let mut stream = key.stream();
        (0..count).map(|_| stream.normal()).collect()
    }

    /// One homogeneous series in a hundred is taken for broken, by the meaning of the critical values.
    #[test]
    fn the_test_errs_as_often_as_it_says() {
        for years in [10, 17, 35] {
            let broken =
                |s: &u32| largest_statistic(&noise(*s, years)).is_some_and(|(_, t)| t > critical(years));
            let share = (0..20_000).filter(broken).count() as f64 / 20_000.0;
            assert!((0.007..0.013).contains(&share), "{years} years: {share}");
        }
    }

    #[test]
    fn a_corrected_thermometer_leaves_humidity_as_it_was_measured() {
        let saturation =
            |day: &DailyWeather| saturation_vapour_pressure(0.5 * (day.tmin + day.tmax) - FREEZING);
        let month = MonthlyWeather {
            tmin: 275.0,
            tmax: 285.0,
            shortwave: 100.0,
            vpd: 300.0,
            precipitation: 2e-5,
            air: Atmosphere::with_co2(380.0),
        };
        let before = disaggregate(&[month; 12], 0, 1, 0).unwrap().days[0];
        let mut after = before;
        warm(&mut after, 2.0);
        let dryness = |day: &DailyWeather| day.vpd / saturation(day);
        assert!((dryness(&after) / dryness(&before) - 1.0).abs() < 1e-12);
        // Saturation rises by 6 to 7 % a kelvin near 10 degC.
        assert!((1.12..1.16).contains(&(after.vpd / before.vpd)), "{}", after.vpd / before.vpd);
    }

    /// By hand for -1, -1, 1, 1: the deviation is √(4/3), T(2) = 4 · 3/4 = 3.
    #[test]
    fn the_statistic_is_alexanderssons() {
        let (k, t) = largest_statistic(&[-1.0, -1.0, 1.0, 1.0]).unwrap();
        assert!(k == 2 && (t - 3.0).abs() < 1e-12, "{k} {t}");
        assert_eq!(largest_statistic(&[2.0; 12]), None);
    }

    #[test]
    fn a_moved_thermometer_is_moved_back_month_by_month() {
        let month = MonthlyWeather {
            tmin: 275.0,
            tmax: 285.0,
            shortwave: 100.0,
            vpd: 300.0,
            precipitation: 2e-5,
            air: Atmosphere::with_co2(380.0),
        };
        let reference: Vec<MonthlyWeather> = vec![month; 12 * 14];
        let colder = |m: usize| if m < 24 + 12 * 5 { 1.0 + (m % 12) as f64 / 10.0 } else { 0.0 };
        let noise = noise(0, 12 * 16);
        let months: Vec<MonthlyWeather> = (0..12 * 16)
            .map(|m| {
                let shift = 0.1 * noise[m] - colder(m);
                MonthlyWeather { tmin: 275.0 + shift, tmax: 285.0 + shift, ..month }
            })
            .collect();
        let mut weather = disaggregate(&months, 0, 1, 0).unwrap();
        // The reference begins two years after the weather.
        let found = remove_break(&mut weather, &reference, 24).unwrap();
        assert_eq!(found.years, 5);
        let restored = weather.monthly();
        for m in [0, 7, 30, 83] {
            assert!((restored[m].tmax - 285.0).abs() < 0.4, "{m}: {}", restored[m].tmax);
        }
        assert!((restored[100].tmax - months[100].tmax).abs() < 1e-9, "what follows the break stays");
        assert_eq!(remove_break(&mut weather, &reference, 24), None);
    }
}
