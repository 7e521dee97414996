//! Weather from invented and from real towers.

use std::path::PathBuf;

use reterra_io::fluxnet::{QUALITY, read_daily};

use super::*;

/// Three years of days from the first of February, the second day lost.
fn record() -> DailySeries {
    let start = Month { year: 2003, month: 2 };
    let all: Vec<Date> = (0..36)
        .flat_map(|m| {
            let month = start.plus(m);
            (1..=month.days(Calendar::Standard)).map(move |d| Date { day: d as u8, ..month.first_day() })
        })
        .collect();
    let dates: Vec<Date> = all.into_iter().enumerate().filter(|(i, _)| *i != 1).map(|(_, d)| d).collect();
    let series = |f: fn(usize) -> f64| (0..dates.len()).map(|i| Some(f(i))).collect::<Vec<_>>();
    let values = [
        (Daily::AirTemperature, series(|i| 280.0 - 10.0 * (i as f64 / 58.1).cos())),
        (Daily::Shortwave, series(|_| 100.0)),
        (Daily::Vpd, series(|_| 400.0)),
        (Daily::Precipitation, series(|_| 2.0 / DAY)),
        (Daily::Wind, series(|i| if i < 40 { 1.0 } else { 4.0 })),
        (Daily::Co2, series(|i| 370.0 + i as f64 / 100.0)),
    ];
    DailySeries { dates, values: values.into() }
}

#[test]
fn days_keep_their_place_when_a_leap_day_is_dropped() {
    let record = record();
    let tower = TowerWeather::of(&record, &SolarTable::new(50.0)).unwrap();
    assert_eq!((tower.start.to_string().as_str(), tower.weather.months()), ("2003-02", 36));
    assert_eq!(tower.weather.days.len(), 3 * YEAR);
    assert_eq!((tower.day_of_year(0), tower.day_of_year(YEAR - 31)), (31, 0));
    // 1 March 2004 follows 28 February: 393 days on, and entry 393 of a record that lost one day and has a leap day.
    let march = 28 + 365;
    assert_eq!(tower.places[march - 1], Some(march - 2));
    assert_eq!(tower.places[march], Some(march));
    let mean = |d: &DailyWeather| 0.5 * (d.tmin + d.tmax);
    let temperature = record.values[&Daily::AirTemperature][march].unwrap();
    assert!((mean(&tower.weather.days[march]) - temperature).abs() < 1e-9);
    assert!((tower.weather.days[march].precipitation - 2.0).abs() < 1e-12);
    assert!((tower.weather.days[march].longwave - UNKNOWN).abs() < f64::EPSILON);
    // February of three years has calm days in the first alone; a whole year later no month has any.
    assert!(
        (tower.wind[1] - (27.0 + 56.0 * 4.0) / 83.0).abs() < 1e-12 && (tower.wind[6] - 4.0).abs() < 1e-12
    );
}

#[test]
fn a_lost_day_is_filled_from_its_season_and_counted() {
    let record = record();
    let tower = TowerWeather::of(&record, &SolarTable::new(50.0)).unwrap();
    assert!(tower.filled.values().all(|&n| n == 1), "{:?}", tower.filled);
    assert_eq!(tower.observed(&record, Daily::AirTemperature)[1], None);
    let day = tower.weather.days[1];
    assert!((0.5 * (day.tmin + day.tmax) - 270.0).abs() < 0.3, "{day:?}");
    // 0.01 ppm a day, from the middle of February 2003 to that of January 2006.
    let co2: Vec<f64> = tower.weather.air.iter().map(|air| air.co2).collect();
    assert!((co2[0] - 370.14).abs() < 0.02 && (co2[35] - co2[0] - 10.65).abs() < 0.05, "{co2:?}");
}

#[test]
fn a_record_without_a_driver_is_refused_by_name() {
    let mut record = record();
    record.values.remove(&Daily::Vpd);
    let Err(StageError::Failed(error)) = TowerWeather::of(&record, &SolarTable::new(50.0)) else {
        panic!("accepted")
    };
    assert!(error.to_string().contains("Vpd"), "{error}");
}

/// Bristow and Campbell's curve: at half of the clearest sky's transmission `B ΔT^2.4 = ln 2`.
#[test]
fn the_range_widens_with_the_clearness_of_the_sky_and_stays_bounded() {
    let rate = 0.036 * (-1.54_f64).exp();
    assert!((rate * diurnal_range(0.35).powf(2.4) - std::f64::consts::LN_2).abs() < 1e-12);
    assert!(diurnal_range(0.0) < 1e-12 && diurnal_range(0.1) < diurnal_range(0.5));
    assert!((11.0..13.0).contains(&diurnal_range(1.0)), "{}", diurnal_range(1.0));
}

#[test]
fn the_tower_at_hyytiala_becomes_nineteen_years_of_weather() {
    let root = std::env::var_os("RETERRA_TEST_DATA");
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let file = PathBuf::from(root.unwrap_or_else(|| default.into())).join("sites_daily/FI-Hyy_daily.csv");
    if !file.exists() {
        println!("skipped: no test data at {}; set RETERRA_TEST_DATA", file.display());
        return;
    }
    let record = read_daily(&file, QUALITY).unwrap();
    let tower = TowerWeather::of(&record, &SolarTable::new(61.85)).unwrap();
    assert_eq!((tower.weather.days.len(), tower.filled[&Daily::AirTemperature]), (19 * YEAR, 0));
    let years = tower.weather.days.chunks(YEAR);
    let rain: Vec<f64> = years.map(|year| year.iter().map(|d| d.precipitation).sum()).collect();
    // 711 mm a year is the site's long-term mean; the record's gauge catches less.
    assert!(rain.iter().all(|r| (300.0..950.0).contains(r)), "{rain:?}");
    let rise = tower.weather.air[227].co2 - tower.weather.air[0].co2;
    assert!((25.0..50.0).contains(&rise), "{rise}");
}
