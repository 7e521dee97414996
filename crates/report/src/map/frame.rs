//! A window of the projected plane and its pixels.

use super::projection::project;
use crate::input::Station;

/// Europe from Portugal to the Black Sea and from Tunisia to the North Cape: west, south, east, north of the centre, km.
const EUROPE: (f64, f64, f64, f64) = (-1990.0, -1930.0, 2010.0, 2200.0);
const SVALBARD: (f64, f64, f64, f64) = (-30.0, 2690.0, 430.0, 3164.0);
/// Room that a station outside [`EUROPE`] keeps to the frame, km.
const ROOM: f64 = 150.0;

const MERIDIANS: std::ops::RangeInclusive<i32> = -6..=12;
const PARALLELS: std::ops::RangeInclusive<i32> = 2..=8;
const GRATICULE_STEP: f64 = 10.0;

#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    west: f64,
    north: f64,
    pixels_per_km: f64,
    size: (f64, f64),
}

impl Frame {
    /// Europe, and further where stations lie outside.
    pub(super) fn europe(stations: &[(usize, &Station)], width: f64) -> Self {
        let (mut west, mut south, mut east, mut north) = EUROPE;
        for (x, y) in stations.iter().filter_map(|(_, s)| project(s.longitude, s.latitude)) {
            if x > EUROPE.0 && x < EUROPE.2 && y > EUROPE.1 && y < EUROPE.3 {
                continue;
            }
            (west, east) = (west.min(x - ROOM), east.max(x + ROOM));
            (south, north) = (south.min(y - ROOM), north.max(y + ROOM));
        }
        let pixels_per_km = width / (east - west);
        Self { west, north, pixels_per_km, size: (width, (north - south) * pixels_per_km) }
    }

    /// Svalbard, fitted to a size in pixels.
    pub(super) fn svalbard(size: (f64, f64)) -> Self {
        let (west, _, east, north) = SVALBARD;
        Self { west, north, pixels_per_km: size.0 / (east - west), size }
    }

    pub(super) fn width(&self) -> f64 {
        self.size.0
    }

    pub(super) fn height(&self) -> f64 {
        self.size.1
    }

    /// Pixels of a place; `None` where it has none.
    pub(super) fn at(&self, longitude: f64, latitude: f64) -> Option<(f64, f64)> {
        let (x, y) = project(longitude, latitude)?;
        Some(((x - self.west) * self.pixels_per_km, (self.north - y) * self.pixels_per_km))
    }

    /// Pixels of a ring; empty where all of it lies to one side of the frame.
    pub(super) fn ring(&self, ring: &[(f32, f32)]) -> Vec<(f64, f64)> {
        let places =
            ring.iter().filter_map(|&(longitude, latitude)| self.at(longitude.into(), latitude.into()));
        let places: Vec<_> = places.collect();
        let (width, height) = self.size;
        let beside = [
            places.iter().all(|p| p.0 < 0.0),
            places.iter().all(|p| p.0 > width),
            places.iter().all(|p| p.1 < 0.0),
            places.iter().all(|p| p.1 > height),
        ];
        if beside.contains(&true) { Vec::new() } else { places }
    }

    /// Like [`Frame::at`], but only near the frame.
    fn near(&self, longitude: f64, latitude: f64) -> Option<(f64, f64)> {
        const REACH: f64 = 40.0;
        let (width, height) = self.size;
        let inside = |value: f64, limit: f64| (-REACH..limit + REACH).contains(&value);
        self.at(longitude, latitude).filter(|&(x, y)| inside(x, width) && inside(y, height))
    }

    /// Meridians and parallels every 10°.
    pub(super) fn graticule(&self) -> Vec<Vec<Option<(f64, f64)>>> {
        let meridian =
            |i: i32| (20..=85).map(|j| self.near(f64::from(i) * GRATICULE_STEP, f64::from(j))).collect();
        let parallel = |j: i32| {
            (-30..=60).map(|i| self.near(2.0 * f64::from(i), f64::from(j) * GRATICULE_STEP)).collect()
        };
        MERIDIANS.map(meridian).chain(PARALLELS.map(parallel)).collect()
    }

    /// Degrees, where meridians cross the lower edge and parallels the left one.
    pub(super) fn graticule_labels(&self) -> Vec<(f64, f64, String)> {
        let (width, height) = self.size;
        let inside = |value: f64, limit: f64| value > 30.0 && value < limit - 30.0;
        let mut labels = Vec::new();
        for i in MERIDIANS {
            let line: Vec<_> =
                (40..=340).filter_map(|j| self.at(f64::from(i) * 10.0, f64::from(j) / 4.0)).collect();
            if let Some(x) = crossing(&line, |p| p.1, |p| p.0, height - 6.0).filter(|x| inside(*x, width)) {
                labels.push((x + 3.0, height - 6.0, degrees(i * 10, ["W", "E"])));
            }
        }
        for j in PARALLELS {
            let line: Vec<_> =
                (-60..=120).filter_map(|i| self.at(f64::from(i), f64::from(j) * 10.0)).collect();
            if let Some(y) = crossing(&line, |p| p.0, |p| p.1, 4.0).filter(|y| inside(*y, height)) {
                labels.push((4.0, y - 4.0, degrees(j * 10, ["S", "N"])));
            }
        }
        labels
    }
}

type Coordinate = fn(&(f64, f64)) -> f64;

/// The other coordinate where a line crosses `at` along one coordinate.
fn crossing(line: &[(f64, f64)], along: Coordinate, other: Coordinate, at: f64) -> Option<f64> {
    line.windows(2).find_map(|pair| match pair {
        [a, b] if (along(a) - at) * (along(b) - at) <= 0.0 => Some(f64::midpoint(other(a), other(b))),
        _ => None,
    })
}

fn degrees(value: i32, [negative, positive]: [&str; 2]) -> String {
    match value.signum() {
        0 => "0°".to_owned(),
        sign => format!("{}° {}", value.abs(), if sign < 0 { negative } else { positive }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_far_station_widens_the_frame() {
        let station = Station { longitude: 35.05, latitude: 31.35, ..Station::default() };
        let near = Frame::europe(&[], 640.0);
        let far = Frame::europe(&[(0, &station)], 640.0);
        let (x, y) = far.at(35.05, 31.35).unwrap();
        assert!((0.0..640.0).contains(&x) && (0.0..far.height()).contains(&y));
        let (x, _) = near.at(35.05, 31.35).unwrap();
        assert!(x > 640.0);
    }

    #[test]
    fn both_svalbard_stations_lie_in_the_inset() {
        let frame = Frame::svalbard((132.0, 136.0));
        for (longitude, latitude) in [(15.923, 78.186), (11.8311, 78.9216)] {
            let (x, y) = frame.at(longitude, latitude).unwrap();
            assert!((10.0..122.0).contains(&x) && (10.0..126.0).contains(&y), "{x} {y}");
        }
    }
}
