//! The sun's course over a site: day length, elevation and extraterrestrial radiation by day of the year.
//!
//! Declination: Spencer (1971), its first two harmonics (within 0.2°); eccentricity as in FAO-56 (Allen et al. 1998).
//! Computed once per site.

use std::f64::consts::PI;

/// Number of quadrature points over half a day.
pub const POINTS: usize = 3;
/// Gauss–Legendre abscissae on (0, 1), as the fraction of the half-day from noon.
const NODES: [f64; POINTS] = [0.112_701_665_379_258_3, 0.5, 0.887_298_334_620_741_7];
/// Their weights.
pub const WEIGHTS: [f64; POINTS] = [5.0 / 18.0, 8.0 / 18.0, 5.0 / 18.0];
const SOLAR_CONSTANT: f64 = 1_361.0;

/// The sun on one day.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SolarDay {
    /// Day length, s.
    pub day_length: f64,
    /// Whether days are getting longer.
    pub lengthening: bool,
    /// Daily mean extraterrestrial radiation on the horizontal, W m⁻².
    pub top_of_atmosphere: f64,
    /// Sine of the sun's elevation at the quadrature points of the half-day.
    pub sin_elevation: [f64; POINTS],
    /// Share of a day's radiation per unit of time at each point: radiation = daily mean × shape.
    pub shape: [f64; POINTS],
}

/// The sun over a site, day by day (366 days; noleap years use the first 365).
#[derive(Clone, Debug)]
pub struct SolarTable {
    /// One entry a day of the year.
    pub days: Vec<SolarDay>,
    /// Longest day, s.
    pub max_day_length: f64,
    /// Cosine and sine of the year and half-year angle, for seasonal multipliers.
    pub harmonics: Vec<[f64; 4]>,
}

impl SolarTable {
    /// Table for a latitude in degrees north.
    #[must_use]
    pub fn new(latitude: f64) -> Self {
        let mut days: Vec<SolarDay> = (0..366).map(|d| solar_day(latitude, d)).collect();
        for d in 0..366 {
            days[d].lengthening = (10..192).contains(&((d + 20) % 366)) == (latitude >= 0.0);
        }
        let max_day_length = days.iter().map(|d| d.day_length).fold(0.0, f64::max);
        let harmonics = (0..366)
            .map(|d| {
                let angle = 2.0 * PI * (f64::from(d) + 0.5) / 365.25;
                [angle.cos(), angle.sin(), (2.0 * angle).cos(), (2.0 * angle).sin()]
            })
            .collect();
        Self { days, max_day_length, harmonics }
    }
}

fn solar_day(latitude: f64, day: usize) -> SolarDay {
    let angle = 2.0 * PI * day as f64 / 365.25;
    let declination = 0.006918 - 0.399912 * angle.cos() + 0.070257 * angle.sin()
        - 0.006758 * (2.0 * angle).cos()
        + 0.000907 * (2.0 * angle).sin();
    let eccentricity = 1.0 + 0.033 * angle.cos();
    let phi = latitude.to_radians();
    let (a, b) = (phi.sin() * declination.sin(), phi.cos() * declination.cos());
    let half_day = (-a / b.max(1e-9)).clamp(-1.0, 1.0).acos();
    let mut sin_elevation = [0.0; POINTS];
    let mut shape = [0.0; POINTS];
    if half_day > 1e-3 {
        for k in 0..POINTS {
            sin_elevation[k] = (a + b * (NODES[k] * half_day).cos()).max(0.0);
        }
        let mean: f64 = (0..POINTS).map(|k| WEIGHTS[k] * sin_elevation[k]).sum::<f64>() * half_day / PI;
        for k in 0..POINTS {
            shape[k] = if mean > 0.0 { sin_elevation[k] / mean } else { 0.0 };
        }
    }
    let daily = (half_day * a + b * half_day.sin()) / PI;
    SolarDay {
        day_length: half_day / PI * crate::constants::DAY,
        lengthening: false,
        top_of_atmosphere: (SOLAR_CONSTANT * eccentricity * daily).max(0.0),
        sin_elevation,
        shape,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn day_length_and_radiation_are_fao56s() {
        // FAO-56 examples 8 and 9: 20° S, 3 September: N 11.7 h, Ra 32.2 MJ m-2 d-1 with a solar constant of 1367
        // W m-2 and a declination (Cooper's) of 6.9°, where Spencer's is 7.5°: together 2 %.
        let day = solar_day(-20.0, 245);
        assert!((day.day_length / 3600.0 - 11.7).abs() < 0.1, "{}", day.day_length);
        let radiation = day.top_of_atmosphere * 0.0864;
        assert!((radiation / 32.2 - 1.0).abs() < 0.025, "{radiation}");
    }

    #[test]
    fn radiation_has_its_closed_forms_at_equator_and_pole() {
        // Equinox at the equator: S0 E / π; polar day: S0 E sin δ, δ = 23.45° at the solstice, known to 0.2° (0.8 %).
        let near = |value: f64, exact: f64| assert!((value / exact - 1.0).abs() < 8e-3, "{value} {exact}");
        near(solar_day(0.0, 79).top_of_atmosphere, SOLAR_CONSTANT * 1.0069 / PI);
        near(
            solar_day(89.999, 171).top_of_atmosphere,
            SOLAR_CONSTANT * 0.9678 * 23.45_f64.to_radians().sin(),
        );
    }

    #[test]
    fn shape_integrates_to_the_daily_mean() {
        for latitude in [-60.0, 0.0, 47.0, 68.0, 78.9] {
            for day in SolarTable::new(latitude).days {
                let half_day_share = day.day_length / crate::constants::DAY;
                let mean: f64 = (0..POINTS).map(|k| WEIGHTS[k] * day.shape[k]).sum::<f64>() * half_day_share;
                assert!(mean == 0.0 || (mean - 1.0).abs() < 1e-12, "{mean}");
            }
        }
    }

    #[test]
    fn polar_night_and_day() {
        let table = SolarTable::new(78.9);
        assert!(table.days[0].day_length < 1.0);
        assert!((table.days[171].day_length - 86_400.0).abs() < 1.0);
        assert!(table.days[60].lengthening && !table.days[250].lengthening);
    }
}
