//! Weather of single months: normals with anomalies that neighbouring cells share.

use reterra_fields::Month;
use reterra_land::forcing::{Atmosphere, MonthlyWeather};

use crate::climate::{MONTHS, Normals};
use crate::noise::{Field, Fractal, key};

/// Anomalies are as wide as weather systems of a month: about 1,000 km.
const PATTERN: Fractal = Fractal { longest: 1_600.0, shortest: 400.0, hurst: 1.0 };
/// Standard deviation of a month's temperature: in summer, and what winter adds for each kelvin of the yearly
/// half-range, K. January in Berlin (half-range 9.5 K) varies by 3 K, July by 1.5 K.
const SUMMER_SD: f64 = 1.3;
const WINTER_SD: f64 = 0.18;
/// Of a month's precipitation, as a logarithm.
const RAIN_SD: f64 = 0.4;
/// What a standard deviation more of rain does to radiation and humidity deficit, relative.
const RAIN_DIMS: f64 = 0.06;
const RAIN_MOISTENS: f64 = 0.08;

/// Monthly weather of `count` months from `start` at a point of the sphere.
pub(crate) fn months(
    normals: &Normals,
    (seed, point): (u64, [f64; 3]),
    (start, count): (Month, usize),
    co2: f64,
) -> Vec<MonthlyWeather> {
    let half_range = 0.5 * (normals.temperature(6) - normals.temperature(0)).abs();
    std::iter::successors(Some(start), |month| Some(month.next()))
        .take(count)
        .map(|month| {
            let k = (usize::from(month.month) - 1) % MONTHS;
            let number = i64::from(month.year) * 12 + i64::from(month.month) - 1;
            let warm = PATTERN.at(point, key(seed, Field::WarmMonth, number));
            let wet = PATTERN.at(point, key(seed, Field::WetMonth, number));
            let winter = 0.5 + 0.5 * (std::f64::consts::TAU * (k as f64 - 0.5) / 12.0).cos();
            let shift = (SUMMER_SD + WINTER_SD * half_range * winter) * warm;
            MonthlyWeather {
                tmin: normals.tmin[k] + shift,
                tmax: normals.tmax[k] + shift,
                shortwave: normals.shortwave[k] * (-RAIN_DIMS * wet).exp(),
                // Saturation rises by about 6 % a kelvin; half of it stays as deficit.
                vpd: normals.vpd[k] * (0.03 * shift - RAIN_MOISTENS * wet).exp(),
                precipitation: normals.precipitation[k] * (RAIN_SD * wet - 0.5 * RAIN_SD * RAIN_SD).exp(),
                air: Atmosphere::with_co2(co2),
            }
        })
        .collect()
}
