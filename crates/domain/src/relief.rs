//! Height of the land: ranges where Europe has them, plains that rise from the sea, fractal relief on both.
//!
//! Heights of ranges are those that an atlas shows for their broad middle, rounded to 100 m; they were set by hand, and
//! what lies between is noise. The spectrum's slope is that of real terrain: k^−2 along a line (H = 0.5; Huang and
//! Turcotte 1989, doi:10.1029/JB094iB06p07491).

use crate::noise::{Field, Fractal, key};
use crate::outline::{DEGREE, square_to_segment};

/// A mountain range or plateau: its axis as (longitude, latitude), height of its middle, m, and half-width, km.
struct Range {
    axis: &'static [(f64, f64)],
    height: f64,
    half_width: f64,
}

const fn range(axis: &'static [(f64, f64)], height: f64, half_width: f64) -> Range {
    Range { axis, height, half_width }
}

#[rustfmt::skip]
const RANGES: [Range; 30] = [
    // Alps, their foreland, Jura
    range(&[(7.2, 44.2), (6.9, 45.3), (7.9, 46.1), (10.0, 46.6), (12.5, 47.0), (14.5, 47.3)], 2100.0, 75.0),
    range(&[(6.0, 46.2), (7.2, 47.2), (9.5, 48.3), (12.0, 48.0)], 550.0, 60.0),
    // Pyrenees, Cantabrian Mountains, Iberian plateau, Iberian System, Betics
    range(&[(-1.0, 43.0), (0.8, 42.7), (2.2, 42.4)], 1700.0, 40.0),
    range(&[(-7.0, 42.9), (-4.5, 43.0), (-2.5, 42.9)], 1000.0, 45.0),
    range(&[(-5.0, 41.5), (-3.5, 40.5), (-2.5, 39.5)], 780.0, 170.0),
    range(&[(-3.0, 42.0), (-1.8, 41.0), (-1.0, 40.3)], 1200.0, 50.0),
    range(&[(-4.5, 36.9), (-3.2, 37.1), (-2.0, 37.8)], 1300.0, 50.0),
    // Massif Central, Vosges to Bohemian Forest, Ore Mountains and Sudetes
    range(&[(2.8, 45.2), (3.8, 44.6)], 900.0, 70.0),
    range(&[(7.2, 48.2), (8.1, 48.0)], 600.0, 40.0),
    range(&[(8.5, 50.5), (10.5, 50.5), (13.0, 49.2), (14.5, 49.5)], 500.0, 90.0),
    range(&[(13.0, 50.5), (15.5, 50.8), (17.0, 50.2)], 600.0, 35.0),
    // Carpathians and Transylvania
    range(&[(18.0, 49.2), (20.1, 49.1), (22.5, 49.0), (24.5, 48.2), (25.5, 46.8), (25.5, 45.6), (23.0, 45.3)], 950.0, 50.0),
    range(&[(22.8, 46.6), (24.3, 46.5)], 600.0, 70.0),
    // Apennines, Dinarides and Pindus, Balkans, Rhodope
    range(&[(8.9, 44.5), (11.0, 44.2), (13.2, 42.5), (14.8, 41.2), (16.2, 39.3)], 850.0, 40.0),
    range(&[(14.5, 45.5), (17.0, 44.0), (19.5, 42.7), (20.8, 41.0), (21.5, 39.5), (22.3, 37.8)], 1150.0, 65.0),
    range(&[(22.5, 43.3), (25.0, 42.8), (27.0, 42.8)], 800.0, 40.0),
    range(&[(23.4, 41.9), (24.8, 41.6)], 1200.0, 55.0),
    // Scandes, south and north; Finland's and Sweden's inner lands
    range(&[(7.0, 60.0), (8.5, 61.5), (10.0, 62.6), (13.0, 63.8)], 1050.0, 90.0),
    range(&[(13.0, 63.8), (15.0, 66.0), (18.0, 68.2), (22.0, 69.4)], 750.0, 75.0),
    range(&[(14.0, 61.5), (17.5, 65.0), (23.0, 67.8), (28.0, 68.0)], 300.0, 120.0),
    // Scotland, Wales and Pennines, Iceland
    range(&[(-5.2, 56.5), (-4.0, 57.2)], 550.0, 60.0),
    range(&[(-3.6, 52.5), (-2.8, 53.5), (-2.3, 54.8)], 320.0, 45.0),
    range(&[(-20.5, 64.6), (-17.0, 64.8)], 800.0, 110.0),
    // Valdai and Central Russian uplands, Urals
    range(&[(33.0, 57.5), (36.0, 54.0), (37.5, 51.5)], 110.0, 170.0),
    range(&[(57.5, 52.5), (59.0, 57.0), (59.5, 61.0), (62.0, 66.0)], 600.0, 90.0),
    // Caucasus, Pontic and Taurus mountains, Anatolian plateau
    range(&[(38.5, 44.2), (42.5, 43.2), (45.5, 42.4), (48.0, 41.0)], 2100.0, 70.0),
    range(&[(30.0, 38.0), (33.5, 39.0), (37.0, 39.2), (41.5, 39.7), (44.5, 39.5)], 1300.0, 170.0),
    range(&[(30.0, 37.0), (33.0, 36.9), (36.0, 37.8)], 1400.0, 50.0),
    // Atlas
    range(&[(-9.0, 30.6), (-5.5, 32.2), (-2.0, 33.5), (3.0, 34.8), (8.0, 35.6)], 1200.0, 110.0),
    range(&[(-8.0, 31.1), (-5.0, 32.6)], 1900.0, 50.0),
];

/// Height of plains far from the sea, m, and the distance over which they reach it, km.
const PLAIN: f64 = 150.0;
const PLAIN_RISE: f64 = 300.0;
/// Distance over which land rises from the beach to its full height, km.
const BEACH: f64 = 12.0;
/// Relative height of hills on plains and of massifs in ranges, standard deviation of the logarithm.
const HILLS: f64 = 0.5;
const MASSIFS: f64 = 0.45;
const TERRAIN: Fractal = Fractal { longest: 160.0, shortest: 5.0, hurst: 0.5 };

/// Keys of the relief's noise.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Relief {
    plain: u64,
    mountain: u64,
}

impl Relief {
    pub fn new(seed: u64) -> Self {
        Self { plain: key(seed, Field::Plain, 0), mountain: key(seed, Field::Mountain, 0) }
    }

    /// Height of a point of the land that lies `inland` km from the sea, m.
    pub fn height(&self, (latitude, longitude): (f64, f64), point: [f64; 3], inland: f64) -> f64 {
        let lognormal = |noise: f64, sd: f64| (sd * noise - 0.5 * sd * sd).exp();
        let plain = 10.0 + PLAIN * (1.0 - (-inland / PLAIN_RISE).exp());
        let hills = plain * lognormal(TERRAIN.at(point, self.plain), HILLS);
        let range = ranges(latitude, longitude);
        let massifs =
            if range > 1.0 { range * lognormal(TERRAIN.at(point, self.mountain), MASSIFS) } else { 0.0 };
        (hills + massifs) * (1.0 - (-inland / BEACH).exp())
    }
}

/// Height that the ranges give a point, m; where two overlap, little more than the higher.
fn ranges(latitude: f64, longitude: f64) -> f64 {
    let east = DEGREE * latitude.to_radians().cos();
    let at = |(x, y): (f64, f64)| [(x - longitude) * east, (y - latitude) * DEGREE];
    let cubes = RANGES.iter().map(|range| {
        let square = range
            .axis
            .windows(2)
            .map(|ends| square_to_segment(at(ends[0]), at(ends[1])))
            .fold(f64::INFINITY, f64::min);
        let depth = -square / (range.half_width * range.half_width) * std::f64::consts::LN_2;
        if depth < -12.0 { 0.0 } else { (range.height * depth.exp()).powi(3) }
    });
    cubes.sum::<f64>().cbrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_stand_where_they_should() {
        // Valais, Pyrenees, Jotunheimen; Netherlands, Ukraine's steppe.
        for (latitude, longitude, low, high) in [
            (46.1, 7.7, 1_500.0, 2_600.0),
            (42.7, 0.8, 1_300.0, 2_200.0),
            (61.5, 8.5, 800.0, 1_400.0),
            (52.2, 5.5, 0.0, 30.0),
            (47.5, 34.0, 0.0, 60.0),
        ] {
            let height = ranges(latitude, longitude);
            assert!((low..=high).contains(&height), "{latitude} {longitude}: {height}");
        }
    }
}
