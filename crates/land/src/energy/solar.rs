//! The sun's course over a site: day length, elevation and extraterrestrial radiation by day of the year.
//!
//! The orbit is CLM's (`shr_orb_mod`; Berger 1978, doi:10.1175/1520-0469(1978)035<2362:LTVODI>2.0.CO;2) for the year 2000:
//! the vernal equinox at noon of 21 March, years of 365 days. Computed once per site.

use std::f64::consts::PI;

use crate::batched;
use crate::lanes::{Batched, Real};

/// Number of quadrature points over half a day.
pub const POINTS: usize = 3;
/// Gauss–Legendre abscissae on (0, 1), as the fraction of the half-day from noon.
const NODES: [f64; POINTS] = [0.112_701_665_379_258_3, 0.5, 0.887_298_334_620_741_7];
/// Their weights.
pub const WEIGHTS: [f64; POINTS] = [5.0 / 18.0, 8.0 / 18.0, 5.0 / 18.0];
const SOLAR_CONSTANT: f64 = 1_361.0;

batched! {
    /// The sun on one day.
    #[derive(Clone, Copy, Debug, Default, PartialEq)]
    pub struct SolarDay {
        /// Day length, s.
        pub day_length: T,
        /// 1 where days are getting longer, else 0.
        pub lengthening: T,
        /// Daily mean extraterrestrial radiation on the horizontal, W m⁻².
        pub top_of_atmosphere: T,
        /// Sine of the sun's elevation at the quadrature points of the half-day.
        pub sin_elevation: [T; POINTS],
        /// Share of a day's radiation per unit of time at each point: radiation = daily mean × shape.
        pub shape: [T; POINTS],
    }
}

/// The sun over a site, day by day (366 days; noleap years use the first 365).
#[derive(Clone, Debug)]
pub struct SolarTable<T: Real = f64> {
    /// One entry a day of the year.
    pub days: Vec<SolarDay<T>>,
    /// Longest day, s.
    pub max_day_length: T,
    /// Cosine and sine of the year and half-year angle, for seasonal multipliers.
    pub harmonics: Vec<[T; 4]>,
}

impl<T: Real> Batched for SolarTable<T> {
    type Column = SolarTable;
    fn gather<'a>(column: &dyn Fn(usize) -> &'a SolarTable) -> Self {
        let days = 0..column(0).days.len();
        Self {
            days: days.clone().map(|d| SolarDay::gather(&|k| &column(k).days[d])).collect(),
            max_day_length: T::gather(&|k| &column(k).max_day_length),
            harmonics: days.map(|d| Batched::gather(&|k| &column(k).harmonics[d])).collect(),
        }
    }
    fn lane(&self, lane: usize) -> SolarTable {
        SolarTable {
            days: self.days.iter().map(|day| day.lane(lane)).collect(),
            max_day_length: self.max_day_length.lane(lane),
            harmonics: self.harmonics.iter().map(|day| day.lane(lane)).collect(),
        }
    }
    fn set_lane(&mut self, lane: usize, column: &SolarTable) {
        for (mine, theirs) in self.days.iter_mut().zip(&column.days) {
            mine.set_lane(lane, theirs);
        }
        self.max_day_length.set_lane(lane, &column.max_day_length);
        for (mine, theirs) in self.harmonics.iter_mut().zip(&column.harmonics) {
            mine.set_lane(lane, theirs);
        }
    }
}

impl SolarTable {
    /// Table for a latitude in degrees north.
    #[must_use]
    pub fn new(latitude: f64) -> Self {
        let mut days: Vec<SolarDay> = (0..366).map(|d| solar_day(latitude, d)).collect();
        for d in 0..366 {
            days[d].lengthening = f64::from((10..192).contains(&((d + 20) % 366)) == (latitude >= 0.0));
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
    let orbit = Orbit::on(day as f64 + 1.5);
    sun(latitude, orbit.declination, orbit.closeness)
}

/// Where the sun stands.
struct Orbit {
    /// Declination, radians.
    declination: f64,
    /// Square of the mean over the actual distance.
    closeness: f64,
}

impl Orbit {
    /// At a day of the calendar: 1.0 is the start of 1 January.
    fn on(calendar_day: f64) -> Self {
        const ECCENTRICITY: f64 = 0.016_704;
        const OBLIQUITY: f64 = 23.4393 * PI / 180.0;
        // Longitude of the perihelion from the moving vernal equinox, plus π.
        const PERIHELION: f64 = (102.94 + 180.0) * PI / 180.0;
        let e = ECCENTRICITY;
        let beta = (1.0 - e * e).sqrt();
        let at_equinox = 2.0
            * (e * (0.5 + 0.125 * e * e) * (1.0 + beta) * PERIHELION.sin()
                - 0.25 * e * e * (0.5 + beta) * (2.0 * PERIHELION).sin());
        let mean_longitude = at_equinox + (calendar_day - 80.5) * 2.0 * PI / 365.0;
        let anomaly = mean_longitude - PERIHELION;
        let longitude =
            mean_longitude + e * ((2.0 - 0.25 * e * e) * anomaly.sin() + 1.25 * e * (2.0 * anomaly).sin());
        let inverse_distance = (1.0 + e * (longitude - PERIHELION).cos()) / (1.0 - e * e);
        Self {
            declination: (OBLIQUITY.sin() * longitude.sin()).asin(),
            closeness: inverse_distance * inverse_distance,
        }
    }
}

/// A day at a latitude, degrees, for a declination, radians, and the square of the mean over the actual distance.
fn sun(latitude: f64, declination: f64, closeness: f64) -> SolarDay {
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
        lengthening: 0.0,
        top_of_atmosphere: (SOLAR_CONSTANT * closeness * daily).max(0.0),
        sin_elevation,
        shape,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::{Lanes, WIDTH};
    use crate::water::fixtures::assert_alike;

    #[test]
    fn day_length_and_radiation_are_fao56s() {
        // FAO-56 examples 8 and 9: 20° S, 3 September, declination 0.120, dr 0.985: N 11.7 h, Ra 32.2 MJ m-2 d-1 with a
        // solar constant of 1367 W m-2.
        let day = sun(-20.0, 0.120, 0.985);
        assert!((day.day_length / 3600.0 - 11.7).abs() < 0.05, "{}", day.day_length);
        let radiation = day.top_of_atmosphere * 0.0864 * 1_367.0 / SOLAR_CONSTANT;
        assert!((radiation / 32.2 - 1.0).abs() < 2e-3, "{radiation}");
    }

    #[test]
    fn the_orbit_is_the_almanacs() {
        // Astronomical Almanac, noon UT, mean of a leap cycle; the equinox of a calendar of 365 days wanders by 0.3°.
        for (day, degrees) in [(1, -23.0), (80, 0.0), (172, 23.44), (246, 7.5), (266, -0.1), (355, -23.44)] {
            let found = Orbit::on(f64::from(day) + 0.5).declination.to_degrees();
            assert!((found - degrees).abs() < 0.4, "day {day}: {found}");
        }
        // Perihelion 0.9833 AU early in January, aphelion 1.0167 AU early in July.
        assert!((Orbit::on(4.0).closeness * 0.9833 * 0.9833 - 1.0).abs() < 5e-4);
        assert!((Orbit::on(186.0).closeness * 1.0167 * 1.0167 - 1.0).abs() < 5e-4);
    }

    #[test]
    fn radiation_has_its_closed_forms_at_equator_and_pole() {
        // Equinox at the equator: S0 E / π; polar day: S0 E sin δ, δ = 23.44° at the solstice.
        let near = |value: f64, exact: f64| assert!((value / exact - 1.0).abs() < 2e-3, "{value} {exact}");
        near(solar_day(0.0, 79).top_of_atmosphere, SOLAR_CONSTANT * 1.0078 / PI);
        near(
            solar_day(89.999, 171).top_of_atmosphere,
            SOLAR_CONSTANT * 0.9678 * 23.44_f64.to_radians().sin(),
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
    fn a_batch_gives_what_each_column_gives_alone() {
        let tables = [-33.0, 0.0, 51.0, 78.9].map(SolarTable::new);
        let mut batch = SolarTable::<Lanes>::gather(&|k| &tables[k]);
        assert_eq!((batch.days.len(), batch.harmonics.len()), (366, 366));
        assert_alike(batch.max_day_length, |k| tables[k].max_day_length);
        for d in 0..366 {
            assert!((0..WIDTH).all(|k| batch.days[d].lane(k) == tables[k].days[d]));
            assert_alike(batch.harmonics[d][1], |k| tables[k].harmonics[d][1]);
        }
        batch.set_lane(0, &tables[2]);
        assert_eq!(batch.lane(0).days, tables[2].days);
        assert_eq!(batch.lane(1).days, tables[1].days);
    }

    #[test]
    fn polar_night_and_day() {
        let table = SolarTable::new(78.9);
        assert!(table.days[0].day_length < 1.0);
        assert!((table.days[171].day_length - 86_400.0).abs() < 1.0);
        assert!(table.days[60].lengthening > 0.5 && table.days[250].lengthening < 0.5);
    }
}
