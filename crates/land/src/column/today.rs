//! The day as a column meets it, after the station's corrections.

use super::setup::{Column, Tile};
use super::step::Prepared;
use crate::constants::{AIR_HEAT, DAY, DRY_AIR, FREEZING, LATENT_VAPOUR};
use crate::energy::radiation::{longwave_loss, net_longwave_loss, saturation_vapour_pressure};
use crate::energy::solar::SolarDay;
use crate::forcing::{Atmosphere, DailyWeather, MONTH_DAYS, UNKNOWN};
use crate::lanes::Real;
use crate::parameters::Parameters;
use crate::soil::SoilBiology;
use crate::water::evapotranspiration::{Air, PenmanMonteith};
use crate::water::snow;
use crate::water::snowpack::Snowpack;
use crate::water::soil_water::Wetness;

/// Albedo of snow under trees.
const SNOW_ALBEDO_FOREST: f64 = 0.25;
/// Albedo of bare soil (CLM5 technical note, table 2.3.3: colour 10, half wet).
const SOIL_ALBEDO: f64 = 0.17;

/// Calendar month of a day of the year, both 0-based.
fn month_of(day: usize) -> usize {
    let ends = MONTH_DAYS.iter().scan(0, |end, days| {
        *end += days;
        Some(*end)
    });
    ends.take_while(|&end| end <= day).count().min(11)
}

/// What the atmosphere and the soil's wetness are on a day.
pub(super) struct Today<'a, T: Real> {
    pub column: &'a Column<T>,
    /// What lives in its soil.
    pub biology: &'a SoilBiology<T>,
    pub day: usize,
    pub sun: &'a SolarDay<T>,
    /// Mean air temperature, and those of daylight and night, K.
    pub mean: T,
    pub daytime: T,
    pub night: T,
    /// Between its minimum and its maximum, K.
    pub range: T,
    /// Pressure of saturated vapour at the mean temperature, Pa.
    pub saturation: T,
    /// Short-wave radiation, W m⁻².
    pub shortwave: T,
    /// Vapour pressure deficit, Pa.
    pub vpd: T,
    /// Precipitation, kg m⁻² d⁻¹.
    pub precipitation: T,
    /// CO₂, µmol mol⁻¹.
    pub co2: T,
    /// Nitrogen deposition, gN m⁻² d⁻¹.
    pub deposition: T,
    /// Share of the day with daylight.
    pub day_share: T,
    /// How wet the soil was in the morning.
    pub wetness: &'a Wetness<T>,
    /// Calendar month, 0-based.
    pub month: usize,
    /// Net long-wave loss, W m⁻².
    longwave: T,
}

impl<'a, T: Real> Today<'a, T> {
    pub fn new(
        Prepared { column, biology }: &'a Prepared<'a, T>,
        weather: &DailyWeather<T>,
        (day, air): (usize, &Atmosphere<T>),
        wetness: &'a Wetness<T>,
    ) -> Self {
        let p = &column.parameters;
        let sun = &column.solar.days[day];
        let mean = (weather.tmin + weather.tmax) * 0.5 + p.forc_tbot_offset;
        let range = weather.tmax - weather.tmin;
        let shortwave = weather.shortwave * p.forc_solar_scale;
        let vpd = weather.vpd * p.forc_vpd_scale;
        let transmission = (shortwave / sun.top_of_atmosphere.max(1.0)).clamp(0.0, 1.0);
        let saturation = saturation_vapour_pressure(mean - FREEZING);
        Self {
            column,
            biology,
            day,
            sun,
            mean,
            // Mean of the daylight hours of a sine between minimum and maximum.
            daytime: mean + range * 0.21,
            night: mean - range * 0.21,
            range,
            saturation,
            shortwave,
            vpd,
            precipitation: weather.precipitation * p.forc_rain_scale,
            co2: air.co2,
            deposition: column.deposition * air.deposition,
            day_share: sun.day_length / DAY,
            wetness,
            month: month_of(day),
            longwave: T::select(
                weather.longwave.over(UNKNOWN),
                longwave_loss(mean, weather.longwave),
                net_longwave_loss(mean, saturation - vpd, transmission),
            ),
        }
    }

    /// Seasonal multiplier of respiration.
    pub fn respiring_season(&self, p: &Parameters<T>) -> T {
        self.column.season([p.resp_cos1, p.resp_sin1, p.resp_cos2, p.resp_sin2], self.day)
    }

    /// Multiplier on the energy of evapotranspiration.
    pub fn evaporating_season(&self, p: &Parameters<T>) -> T {
        p.et_scale * self.column.season([p.et_cos1, p.et_sin1, p.et_cos2, p.et_sin2], self.day)
    }

    /// Net radiation over a tile, or over bare ground, W m⁻².
    pub fn net_radiation(&self, tile: Option<&Tile<T>>, pack: &Snowpack<T>) -> T {
        let base = tile.map_or(SOIL_ALBEDO, |t| t.pft.albedo());
        let forest = tile.is_some_and(|t| t.pft.is_tree());
        let white = if forest { T::of(SNOW_ALBEDO_FOREST) } else { snow::albedo(pack.top_density()) };
        let albedo = snow::cover(pack.total()) * (white.max(base) - base) + base;
        (T::of(1.0) - albedo) * self.shortwave - self.longwave
    }

    /// Warmth of a surface over its air, K, that carries away net radiation (W m⁻²) less the energy of evapotranspiration
    /// (kg m⁻² d⁻¹).
    pub fn surface_warmth(&self, tile: Option<&Tile<T>>, net: T, evaporated: T) -> T {
        (net - evaporated * (LATENT_VAPOUR / DAY)) / self.heat_conductance(tile)
    }

    /// Aerodynamic conductance over a tile or bare ground, m s⁻¹.
    fn aerodynamic(&self, tile: Option<&Tile<T>>) -> T {
        tile.map_or(self.column.bare_aerodynamic, |t| t.aerodynamic) * self.column.wind[self.month]
    }

    /// Conductance of the air to sensible heat over a tile or bare ground, W m⁻² K⁻¹.
    pub fn heat_conductance(&self, tile: Option<&Tile<T>>) -> T {
        self.column.pressure / (self.mean * DRY_AIR) * self.aerodynamic(tile) * AIR_HEAT
    }

    /// What the air asks for over a tile or bare ground.
    pub fn demand(&self, tile: Option<&Tile<T>>) -> PenmanMonteith<T> {
        self.demand_at(tile, self.vpd)
    }

    /// The same with another vapour pressure deficit, Pa.
    pub fn demand_at(&self, tile: Option<&Tile<T>>, vpd: T) -> PenmanMonteith<T> {
        PenmanMonteith::new(&Air {
            temperature: self.mean,
            vpd,
            pressure: self.column.pressure,
            aerodynamic: self.aerodynamic(tile),
        })
    }
}
