//! The mean year of a place, from latitude, distance to the sea, eastness, height and cloud.
//!
//! Coefficients of temperature, transmission, daily range and humidity are least-squares fits to the monthly normals of
//! the 48 stations in `data/site_normals.csv` (those below 600 m for temperature), together with the rounded January and
//! July means of 16 cities from Reykjavík to Ufa and Cairo (WMO No. 847, normals of 1961–1990). What they leave
//! unexplained: 1.3 K of annual mean temperature, 0.9 K of its half-range, 0.05 of transmission, 1.0 K of the daily
//! range, 0.07 of relative humidity. Precipitation is set by hand, to a factor of about 1.5.

use std::f64::consts::TAU;

use reterra_land::constants::{DAY, FREEZING};
use reterra_land::energy::radiation::{saturation_slope, saturation_vapour_pressure};
use reterra_land::energy::solar::SolarTable;
use reterra_land::forcing::MONTH_DAYS;
use serde::{Deserialize, Serialize};

use crate::outline::DEGREE;

/// Months of a year.
pub const MONTHS: usize = 12;

/// Monthly means of the mean year.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Normals {
    /// Mean daily minimum temperature, K.
    pub tmin: [f64; MONTHS],
    /// Mean daily maximum temperature, K.
    pub tmax: [f64; MONTHS],
    /// Short-wave radiation, W m⁻².
    pub shortwave: [f64; MONTHS],
    /// Vapour pressure deficit, Pa.
    pub vpd: [f64; MONTHS],
    /// Precipitation, kg m⁻² s⁻¹.
    pub precipitation: [f64; MONTHS],
}

/// What the climate of a place follows from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Place {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// m.
    pub elevation: f64,
    /// Distance to the sea, km.
    pub inland: f64,
    /// Local cloudiness and raininess, standard normal.
    pub cloud: f64,
    /// See `cloud`.
    pub rain: f64,
}

/// Lapse rate of temperature, K m⁻¹ (International Standard Atmosphere).
const LAPSE: f64 = 6.5e-3;
/// Longitude from which the distance to the Atlantic counts, degrees east, and over which its rain fades, 1,000 km.
const ATLANTIC: f64 = -12.0;
const FADING: f64 = 2.5;
/// Temperature at sea level: mean at 50° N on the Atlantic, °C, its change by degree of latitude and by 1,000 km to the
/// east, K.
const MEAN: [f64; 3] = [13.4, -0.578, -1.04];
/// Half of the yearly range: on the Atlantic, by 1,000 km to the east, inland, by 1,000 km and degree of latitude, K.
const HALF_RANGE: [f64; 4] = [5.2, 2.13, 1.16, 0.079];
/// Transmission of the air: at 50° N inland, by degree of latitude, in summer, on the coast.
const TRANSMISSION: [f64; 4] = [0.45, -0.0095, 0.08, 0.07];
/// Daily range: for none, by transmission, on the coast, K; and its least.
const DAILY_RANGE: [f64; 3] = [-2.7, 18.7, -1.8];
const LEAST_RANGE: f64 = 0.8;
/// Relative humidity: for none, by transmission, in summer.
const HUMIDITY: [f64; 3] = [1.09, -1.07, -0.04];
/// Rain of a lowland at 50° N, mm d⁻¹.
const RAIN: f64 = 1.95;

impl Place {
    /// Distance to the Atlantic, 1,000 km.
    fn east(&self) -> f64 {
        ((self.longitude - ATLANTIC) * self.latitude.to_radians().cos() * DEGREE * 1e-3).max(0.0)
    }

    /// 0 on the Atlantic, towards 1 far in the east.
    fn eastness(&self) -> f64 {
        1.0 - (-self.east() / FADING).exp()
    }

    /// 1 on the coast, 0 inland.
    fn coastal(&self) -> f64 {
        (-self.inland / 100.0).exp()
    }

    /// Mean and half-range of temperature over the year, °C and K.
    fn temperature(&self) -> (f64, f64) {
        let (north, east) = (self.latitude - 50.0, self.east());
        let mean = MEAN[0] + MEAN[1] * north + MEAN[2] * east - LAPSE * self.elevation;
        let inland = 1.0 - (-self.inland / 150.0).exp();
        let [a, b, c, d] = HALF_RANGE;
        (mean, (a + b * east + c * inland + d * east * north).max(3.0))
    }

    /// Yearly mean precipitation, mm d⁻¹.
    fn rain(&self) -> f64 {
        let (east, north) = (self.eastness(), self.latitude);
        let subtropics = (-((44.0 - north).max(0.0) / 9.0).powf(1.5)).exp();
        let polar = (-0.02 * (north - 60.0).max(0.0)).exp();
        let steppe = (-1.2 * east * east * (-((north - 45.0) / 8.0).powi(2)).exp()).exp();
        let windward = 1.0 + 0.8 * (1.0 - east).powi(5);
        let slopes = (1.0 + 0.6e-3 * self.elevation).min(2.2);
        RAIN * subtropics * polar * steppe * windward * slopes * (0.2 * self.rain).exp()
    }

    /// How much wetter summer is than the year, relative: Mediterranean winters, continental summers.
    fn summer_rain(&self) -> f64 {
        (0.06 * (self.latitude.min(51.0) - 47.0) + 0.9 * (self.eastness() - 0.4)).clamp(-0.85, 0.5)
    }

    /// The mean year.
    pub fn normals(&self, sun: &SolarTable) -> Normals {
        let top = top_of_atmosphere(sun);
        let (mean, half_range) = self.temperature();
        let (rain, summer_rain) = (self.rain(), self.summer_rain());
        // Warmest in mid-July inland, at the end of July on the coast.
        let warmest = 6.6 + 0.5 * (-self.inland / 50.0).exp();
        let mut normals = Normals::default();
        for month in 0..MONTHS {
            let season = |peak: f64| (TAU * (month as f64 + 0.5 - peak) / 12.0).cos();
            let temperature = mean + half_range * season(warmest);
            let clear = self.transmission(season(6.5));
            let [none, by_clear, coast] = DAILY_RANGE;
            let range = (none + by_clear * clear + coast * self.coastal()).max(LEAST_RANGE);
            let (low, high) = (temperature - 0.5 * range, temperature + 0.5 * range);
            let saturation = 0.5 * (saturation_vapour_pressure(low) + saturation_vapour_pressure(high));
            let humidity = HUMIDITY[0] + HUMIDITY[1] * clear + HUMIDITY[2] * season(6.5);
            normals.tmin[month] = low + FREEZING;
            normals.tmax[month] = high + FREEZING;
            normals.shortwave[month] = clear * top[month];
            normals.vpd[month] = saturation * (1.0 - humidity.clamp(0.15, 0.95));
            normals.precipitation[month] = rain * (1.0 + summer_rain * season(6.8)) / DAY;
        }
        normals
    }

    /// Mean wind by month, m s⁻¹: 3 inland, more on coasts, heights and in winter.
    pub fn wind(&self) -> [f64; MONTHS] {
        let mean = 3.0 + 2.0 * self.coastal() + 1e-3 * self.elevation;
        std::array::from_fn(|month| mean * (1.0 + 0.15 * (TAU * month as f64 / 12.0).cos()))
    }

    fn transmission(&self, summer: f64) -> f64 {
        let [inland, by_latitude, by_summer, coast] = TRANSMISSION;
        let clear =
            inland + by_latitude * (self.latitude - 50.0) + by_summer * summer + coast * self.coastal();
        (clear - 0.025 * self.cloud).clamp(0.2, 0.72)
    }
}

/// Monthly means of radiation above the air, W m⁻².
fn top_of_atmosphere(sun: &SolarTable) -> [f64; MONTHS] {
    let mut first = 0;
    MONTH_DAYS.map(|length| {
        let days = &sun.days[first..first + length];
        first += length;
        days.iter().map(|day| day.top_of_atmosphere).sum::<f64>() / length as f64
    })
}

/// Sum over the days of the year, of something by month.
fn sum(of: impl Fn(usize) -> f64) -> f64 {
    (0..MONTHS).map(|month| of(month) * MONTH_DAYS[month] as f64).sum()
}

/// What vegetation makes of a climate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bioclimate {
    /// Mean of the year, K.
    pub mean: f64,
    /// Mean of the coldest month, K.
    pub coldest: f64,
    /// Degree-days above 5 °C, K d.
    pub degree_days: f64,
    /// Precipitation over Makkink's potential evapotranspiration.
    pub wetness: f64,
}

impl Normals {
    /// Mean temperature of a month, K.
    #[must_use]
    pub fn temperature(&self, month: usize) -> f64 {
        0.5 * (self.tmin[month] + self.tmax[month])
    }

    /// Mean temperature of the year, K.
    #[must_use]
    pub fn mean_temperature(&self) -> f64 {
        sum(|month| self.temperature(month)) / 365.0
    }

    pub(crate) fn bioclimate(&self) -> Bioclimate {
        let rain = sum(|month| self.precipitation[month] * DAY);
        Bioclimate {
            mean: self.mean_temperature(),
            coldest: (0..MONTHS).map(|m| self.temperature(m)).fold(f64::INFINITY, f64::min),
            degree_days: sum(|month| (self.temperature(month) - FREEZING - 5.0).max(0.0)),
            wetness: rain / sum(|month| self.makkink(month)).max(1.0),
        }
    }

    /// Makkink's potential evapotranspiration of a month, kg m⁻² d⁻¹ (de Bruin 1987: 0.65 Δ/(Δ+γ) S/λ).
    fn makkink(&self, month: usize) -> f64 {
        const PSYCHROMETRIC: f64 = 66.0;
        const LATENT_HEAT: f64 = 2.45e6;
        let celsius = self.temperature(month) - FREEZING;
        let slope = saturation_slope(celsius, saturation_vapour_pressure(celsius));
        0.65 * slope / (slope + PSYCHROMETRIC) * self.shortwave[month] * DAY / LATENT_HEAT
    }
}
