//! Quantities of station files: the units they may come in, their conversion to SI, and what is possible.
//!
//! One table serves every reader. Fluxes given as sums (`mm`, `MJ m-2`, `gC m-2`) are divided by the length of
//! the period that the row stands for.

/// Molar mass of carbon, g mol-1 (IUPAC 2021).
const CARBON: f64 = 12.011;
/// Latent heat of vaporisation at 20 °C, J kg-1 (Allen et al. 1998, FAO-56, eq. 8).
const VAPORISATION: f64 = 2.45e6;
const DAY: f64 = 86_400.0;
const HOUR: f64 = 3_600.0;
/// 0 °C in K.
const FREEZING: f64 = 273.15;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Quantity {
    /// Air or soil temperature, K.
    Temperature,
    /// Short- or long-wave radiation, W m-2.
    Radiation,
    /// Vapour pressure deficit, Pa.
    VapourPressureDeficit,
    /// Air pressure, Pa.
    AirPressure,
    /// Precipitation, kg m-2 s-1.
    Precipitation,
    /// Evapotranspiration, kg m-2 s-1.
    Evapotranspiration,
    /// GPP, NEE, respiration, gC m-2 s-1.
    CarbonFlux,
    /// Carbon stock, gC m-2.
    CarbonPool,
    /// Leaf area index, m2 m-2.
    LeafArea,
    /// Volumetric soil water content, m3 m-3.
    WaterContent,
    /// CO2 mole fraction, ppm.
    Co2,
    /// Wind speed, m s-1.
    Wind,
    /// A quality figure or other fraction, 1.
    Fraction,
    /// Of another value, 1.
    Multiple,
    /// Difference of two temperatures, K.
    TemperatureChange,
}

/// A unit: its spellings (the first is the usual one) and `SI = factor · value + offset`.
struct Unit {
    names: &'static [&'static str],
    factor: f64,
    offset: f64,
    /// Whether the value is a sum over the row's period.
    sum: bool,
}

const fn unit(names: &'static [&'static str], factor: f64) -> Unit {
    Unit { names, factor, offset: 0.0, sum: false }
}

const fn sum(names: &'static [&'static str], factor: f64) -> Unit {
    Unit { names, factor, offset: 0.0, sum: true }
}

const TEMPERATURE: &[Unit] = &[
    unit(&["K"], 1.0),
    Unit { names: &["degC", "C", "deg C", "Celsius", "deg_C"], factor: 1.0, offset: FREEZING, sum: false },
];
const RADIATION: &[Unit] = &[
    unit(&["W m-2", "W/m2", "Wm-2"], 1.0),
    unit(&["MJ m-2 d-1", "MJ m-2 day-1", "MJ/m2/d"], 1e6 / DAY),
    sum(&["MJ m-2", "MJ/m2"], 1e6),
    sum(&["J m-2", "J/m2"], 1.0),
    sum(&["J cm-2", "J/cm2"], 1e4),
];
const PRESSURE: &[Unit] = &[unit(&["Pa"], 1.0), unit(&["hPa", "mbar"], 100.0), unit(&["kPa"], 1000.0)];
const WATER: &[Unit] = &[
    unit(&["kg m-2 s-1", "mm s-1"], 1.0),
    unit(&["mm d-1", "mm day-1", "mm/d", "mm/day", "kg m-2 d-1"], 1.0 / DAY),
    unit(&["mm h-1", "mm/h"], 1.0 / HOUR),
    sum(&["mm", "kg m-2", "l m-2"], 1.0),
];
const EVAPOTRANSPIRATION: &[Unit] = &[
    unit(&["kg m-2 s-1", "mm s-1"], 1.0),
    unit(&["mm d-1", "mm day-1", "mm/d", "mm/day", "kg m-2 d-1"], 1.0 / DAY),
    unit(&["mm h-1", "mm/h"], 1.0 / HOUR),
    sum(&["mm", "kg m-2", "l m-2"], 1.0),
    unit(&["W m-2", "W/m2", "Wm-2"], 1.0 / VAPORISATION),
];
const CARBON_FLUX: &[Unit] = &[
    unit(&["gC m-2 s-1", "g C m-2 s-1"], 1.0),
    unit(&["gC m-2 d-1", "g C m-2 d-1", "gC m-2 day-1", "gC/m2/d"], 1.0 / DAY),
    unit(&["umol m-2 s-1", "umolCO2 m-2 s-1", "umol CO2 m-2 s-1", "umol/m2/s"], CARBON * 1e-6),
    sum(&["gC m-2", "g C m-2"], 1.0),
];
const CARBON_POOL: &[Unit] = &[
    unit(&["gC m-2", "g C m-2", "gC/m2"], 1.0),
    unit(&["kgC m-2", "kg C m-2", "kgC/m2"], 1000.0),
    unit(&["MgC ha-1", "Mg C ha-1", "tC ha-1", "t C ha-1"], 100.0),
];
const AREA: &[Unit] = &[unit(&["m2 m-2", "m2/m2", "1", "-"], 1.0)];
const WATER_CONTENT: &[Unit] =
    &[unit(&["m3 m-3", "m3/m3"], 1.0), unit(&["%", "vol%", "Vol%", "vol.%", "vol-%"], 0.01)];
const CO2: &[Unit] = &[unit(&["ppm", "umol mol-1", "umol/mol"], 1.0)];
const WIND: &[Unit] = &[unit(&["m s-1", "m/s"], 1.0)];
const FRACTION: &[Unit] = &[unit(&["1"], 1.0)];
const TEMPERATURE_CHANGE: &[Unit] = &[unit(&["K", "degC"], 1.0)];

impl Quantity {
    /// Its name in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Quantity::Temperature => "temperature",
            Quantity::Radiation => "radiation",
            Quantity::VapourPressureDeficit => "vapour pressure deficit",
            Quantity::AirPressure => "air pressure",
            Quantity::Precipitation => "precipitation",
            Quantity::Evapotranspiration => "evapotranspiration",
            Quantity::CarbonFlux => "carbon flux",
            Quantity::CarbonPool => "carbon pool",
            Quantity::LeafArea => "leaf area index",
            Quantity::WaterContent => "soil water content",
            Quantity::Co2 => "CO2 mole fraction",
            Quantity::Wind => "wind speed",
            Quantity::Fraction => "fraction",
            Quantity::Multiple => "multiple",
            Quantity::TemperatureChange => "temperature change",
        }
    }

    /// The unit it has in the code.
    #[must_use]
    pub fn si(self) -> &'static str {
        self.units().first().map_or("1", |u| u.names[0])
    }

    /// The units it may come in, by their usual spelling.
    #[must_use]
    pub fn accepted(self) -> Vec<&'static str> {
        self.units().iter().map(|u| u.names[0]).collect()
    }

    /// The conversion of a unit as written; `period_s` is the length of the period that the value stands for,
    /// where known. None for a unit it does not have, or a sum over an unknown period.
    #[must_use]
    pub fn conversion(self, unit: &str, period_s: Option<f64>) -> Option<Conversion> {
        let unit = normalised(unit);
        let found = self.units().iter().find(|u| u.names.contains(&unit.as_str()))?;
        let factor = if found.sum { found.factor / period_s? } else { found.factor };
        Some(Conversion { factor, offset: found.offset })
    }

    /// The least and greatest value that can be, in SI.
    #[must_use]
    pub fn possible(self) -> [f64; 2] {
        match self {
            Quantity::Temperature => [FREEZING - 90.0, FREEZING + 60.0],
            Quantity::Radiation => [0.0, 1500.0],
            Quantity::VapourPressureDeficit => [0.0, 15e3],
            Quantity::AirPressure => [30e3, 110e3],
            Quantity::Precipitation => [0.0, 2000.0 / DAY],
            Quantity::Evapotranspiration => [-20.0 / DAY, 50.0 / DAY],
            Quantity::CarbonFlux => [-200.0 / DAY, 200.0 / DAY],
            Quantity::CarbonPool => [0.0, 1e6],
            Quantity::LeafArea => [0.0, 20.0],
            Quantity::WaterContent | Quantity::Fraction => [0.0, 1.0],
            Quantity::Co2 => [100.0, 2000.0],
            Quantity::Wind => [0.0, 120.0],
            Quantity::Multiple => [0.0, 100.0],
            Quantity::TemperatureChange => [-15.0, 15.0],
        }
    }

    fn units(self) -> &'static [Unit] {
        match self {
            Quantity::Temperature => TEMPERATURE,
            Quantity::Radiation => RADIATION,
            Quantity::VapourPressureDeficit | Quantity::AirPressure => PRESSURE,
            Quantity::Precipitation => WATER,
            Quantity::Evapotranspiration => EVAPOTRANSPIRATION,
            Quantity::CarbonFlux => CARBON_FLUX,
            Quantity::CarbonPool => CARBON_POOL,
            Quantity::LeafArea => AREA,
            Quantity::WaterContent => WATER_CONTENT,
            Quantity::Co2 => CO2,
            Quantity::Wind => WIND,
            Quantity::Fraction | Quantity::Multiple => FRACTION,
            Quantity::TemperatureChange => TEMPERATURE_CHANGE,
        }
    }
}

/// A linear conversion to SI.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conversion {
    factor: f64,
    offset: f64,
}

impl Conversion {
    /// The value in SI.
    #[must_use]
    pub fn to_si(self, value: f64) -> f64 {
        self.factor * value + self.offset
    }

    /// The value in the file's unit.
    #[must_use]
    pub fn from_si(self, si: f64) -> f64 {
        (si - self.offset) / self.factor
    }
}

fn normalised(unit: &str) -> String {
    unit.trim()
        .replace(['µ', 'μ'], "u")
        .replace('°', "deg")
        .replace('²', "2")
        .replace('³', "3")
        .replace('⁻', "-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn units_convert_to_their_known_equals() {
        for (quantity, unit, value, si) in [
            (Quantity::Temperature, "°C", -3.15, 270.0),
            (Quantity::Radiation, "MJ m-2 d-1", 8.64, 100.0),
            (Quantity::VapourPressureDeficit, "hPa", 12.0, 1200.0),
            (Quantity::VapourPressureDeficit, "kPa", 1.2, 1200.0),
            (Quantity::Precipitation, "mm d-1", 86.4, 1e-3),
            (Quantity::Precipitation, "mm", 2.0, 2.0 / 86_400.0),
            (Quantity::Evapotranspiration, "W m-2", 245.0, 1e-4),
            (Quantity::CarbonFlux, "µmol m-2 s-1", 1.0, 12.011e-6),
            (Quantity::CarbonFlux, "gC m-2 d-1", 8.64, 1e-4),
            (Quantity::CarbonPool, "MgC ha-1", 1.0, 100.0),
            (Quantity::WaterContent, "%", 31.0, 0.31),
        ] {
            let conversion = quantity.conversion(unit, Some(86_400.0)).unwrap();
            assert_relative_eq!(conversion.to_si(value), si, max_relative = 1e-12);
            assert_relative_eq!(conversion.from_si(si), value, max_relative = 1e-12);
        }
    }

    #[test]
    fn a_foreign_unit_or_a_sum_over_an_unknown_period_is_refused() {
        assert_eq!(Quantity::Temperature.conversion("hPa", None), None);
        assert_eq!(Quantity::Precipitation.conversion("mm", None), None);
        assert_eq!(Quantity::Precipitation.si(), "kg m-2 s-1");
    }
}
