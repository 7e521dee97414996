//! Land and sea: how far a point is from the coast, and on which side.

use reterra_fields::coast::{LAKES, LAND, Ring};

use crate::noise::{Field, Fractal, key};

/// Length of a degree of latitude, km.
pub(crate) const DEGREE: f64 = 111.2;
/// The drawn coast has no features under 30 km; noise gives it smaller ones, of this size, km.
const WIGGLE: f64 = 4.0;
const COAST: Fractal = Fractal { longest: 60.0, shortest: 6.0, hurst: 0.7 };

/// Segments of rings, as (longitude, latitude) of their ends.
type Segments = Vec<[[f64; 2]; 2]>;

/// The outlines of land and lakes.
#[derive(Clone, Debug)]
pub(crate) struct Outline {
    land: Segments,
    lakes: Segments,
    key: u64,
}

/// Where a point lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Shore {
    /// Whether it is land.
    pub is_land: bool,
    /// Distance to the sea, km; 0 at sea.
    pub inland: f64,
}

impl Outline {
    pub fn new(seed: u64) -> Self {
        let segments = |rings: &[Ring]| rings.iter().flat_map(|ring| segments_of(ring)).collect();
        Self { land: segments(&LAND), lakes: segments(&LAKES), key: key(seed, Field::Coast, 0) }
    }

    /// Of a latitude and longitude, and the same point of the unit sphere.
    pub fn shore(&self, (latitude, longitude): (f64, f64), point: [f64; 3]) -> Shore {
        let land = signed_distance(&self.land, latitude, longitude);
        let lake = signed_distance(&self.lakes, latitude, longitude);
        let near = land.abs().min(lake.abs()) < 5.0 * WIGGLE;
        let wiggle = if near { WIGGLE * COAST.at(point, self.key) } else { 0.0 };
        Shore { is_land: land + wiggle > 0.0 && lake + wiggle < 0.0, inland: (land + wiggle).max(0.0) }
    }
}

fn segments_of(ring: Ring) -> impl Iterator<Item = [[f64; 2]; 2]> {
    let vertex = |i: usize| [f64::from(ring[i % ring.len()].0), f64::from(ring[i % ring.len()].1)];
    (0..ring.len()).map(move |i| [vertex(i), vertex(i + 1)])
}

/// Edges that close a ring outside of any European map; no coast.
fn is_frame(segment: &[[f64; 2]; 2]) -> bool {
    segment.iter().all(|[longitude, latitude]| *longitude >= 60.0 || *latitude <= 24.0)
}

/// Distance to the nearest segment, km, positive inside: even–odd rule; distances on a plane that touches at the point.
fn signed_distance(segments: &Segments, latitude: f64, longitude: f64) -> f64 {
    let east = DEGREE * latitude.to_radians().cos();
    let mut inside = false;
    let mut nearest = f64::INFINITY;
    for segment in segments {
        let [[x0, y0], [x1, y1]] = segment;
        if (y0 > &latitude) != (y1 > &latitude) {
            let crossing = x0 + (latitude - y0) / (y1 - y0) * (x1 - x0);
            inside ^= longitude < crossing;
        }
        if !is_frame(segment) {
            let at = |x: &f64, y: &f64| [(x - longitude) * east, (y - latitude) * DEGREE];
            nearest = nearest.min(square_to_segment(at(x0, y0), at(x1, y1)));
        }
    }
    if inside { nearest.sqrt() } else { -nearest.sqrt() }
}

/// Square of the distance from the origin to a segment.
pub(crate) fn square_to_segment(a: [f64; 2], b: [f64; 2]) -> f64 {
    let d = [b[0] - a[0], b[1] - a[1]];
    let length = d[0] * d[0] + d[1] * d[1];
    let along = if length > 0.0 { (-(a[0] * d[0] + a[1] * d[1]) / length).clamp(0.0, 1.0) } else { 0.0 };
    let p = [a[0] + along * d[0], a[1] + along * d[1]];
    p[0] * p[0] + p[1] * p[1]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::on_sphere;

    fn shore(latitude: f64, longitude: f64) -> Shore {
        Outline::new(1).shore((latitude, longitude), on_sphere(latitude, longitude))
    }

    #[test]
    fn capitals_are_on_land_and_seas_are_not() {
        for (latitude, longitude) in
            [(48.9, 2.3), (52.5, 13.4), (40.4, -3.7), (55.8, 37.6), (60.5, 22.8), (39.9, 32.9), (64.5, -19.0)]
        {
            assert!(shore(latitude, longitude).is_land, "{latitude} {longitude}");
        }
        for (latitude, longitude) in
            [(56.0, 3.0), (43.0, 5.5), (58.0, 20.0), (43.0, 35.0), (40.0, 12.0), (50.0, -15.0), (42.0, 51.0)]
        {
            assert!(!shore(latitude, longitude).is_land, "{latitude} {longitude}");
        }
    }

    #[test]
    fn distance_inland_is_that_of_a_map() {
        // Moscow is some 600 km from the Gulf of Finland, Munich 300 km from the Adriatic, Brussels 100 km from the sea.
        for (latitude, longitude, km) in [(55.8, 37.6, 600.0), (48.1, 11.6, 300.0), (50.8, 4.4, 100.0)] {
            let found = shore(latitude, longitude).inland;
            assert!((found / km - 1.0).abs() < 0.25, "{found} {km}");
        }
        assert!(shore(66.0, 63.0).is_land && shore(66.0, 63.0).inland > 100.0);
    }
}
