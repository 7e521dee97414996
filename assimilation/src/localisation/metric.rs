//! Places and the distances between them.

use serde::{Deserialize, Serialize};

use crate::AssimilationError;

/// How far two places are apart.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// Straight lines between projected coordinates, or between grid indices; the coordinates' own unit.
    Plane,
    /// Along a periodic line of this length, as Lorenz-96 has; the coordinate's own unit.
    Ring {
        /// The coordinate after which the line begins again.
        length: f64,
    },
    /// Along great circles of a sphere of this radius; the radius' unit.
    GreatCircle {
        /// Radius of the sphere, m.
        radius: f64,
    },
}

/// Radius of the sphere that has the Earth's surface, m.
pub const EARTH_RADIUS: f64 = 6_371_007.2;

/// A place, in coordinates in which a metric's distance grows with the straight line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Place(pub(crate) [f64; 3]);

impl Metric {
    /// The place at projected coordinates or grid indices `x`, `y`; on a ring `y` does not count, on a sphere `x` is
    /// the longitude and `y` the latitude, degrees.
    #[must_use]
    pub fn place(self, x: f64, y: f64) -> Place {
        match self {
            Self::Plane => Place([x, y, 0.0]),
            Self::Ring { .. } => {
                let (sin, cos) = (x / self.curvature_radius()).sin_cos();
                Place([self.curvature_radius() * cos, self.curvature_radius() * sin, 0.0])
            }
            Self::GreatCircle { radius } => {
                let (sin, cos) = y.to_radians().sin_cos();
                let (east, north) = x.to_radians().sin_cos();
                Place([radius * cos * north, radius * cos * east, radius * sin])
            }
        }
    }

    /// The distance between two places.
    #[must_use]
    pub fn distance(self, a: &Place, b: &Place) -> f64 {
        self.along(a.straight_to(b))
    }

    /// The distance that belongs to a straight line.
    #[must_use]
    #[inline]
    pub(crate) fn along(self, straight: f64) -> f64 {
        if self == Self::Plane {
            return straight;
        }
        let diameter = 2.0 * self.curvature_radius();
        diameter * (straight / diameter).min(1.0).asin()
    }

    /// The straight line that belongs to a distance.
    #[must_use]
    pub(crate) fn straight(self, distance: f64) -> f64 {
        if self == Self::Plane {
            return distance;
        }
        let diameter = 2.0 * self.curvature_radius();
        diameter * (distance / diameter).min(std::f64::consts::FRAC_PI_2).sin()
    }

    /// Refuses a ring or a sphere without extent.
    pub(crate) fn check(self) -> Result<(), AssimilationError> {
        let (option, value) = match self {
            Self::Plane => return Ok(()),
            Self::Ring { length } => ("length of the ring", length),
            Self::GreatCircle { radius } => ("radius of the sphere", radius),
        };
        super::require_positive(option, value)
    }

    fn curvature_radius(self) -> f64 {
        match self {
            Self::Plane => f64::INFINITY,
            Self::Ring { length } => length / std::f64::consts::TAU,
            Self::GreatCircle { radius } => radius,
        }
    }
}

impl Place {
    /// Squared length of the straight line.
    #[inline]
    pub(crate) fn squared_to(&self, other: &Self) -> f64 {
        let [x, y, z] = [0, 1, 2].map(|k| self.0[k] - other.0[k]);
        x * x + y * y + z * z
    }

    fn straight_to(&self, other: &Self) -> f64 {
        self.squared_to(other).sqrt()
    }

    /// Whether every coordinate is a finite number.
    pub(crate) fn is_finite(&self) -> bool {
        self.0.iter().all(|x| x.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn a_quarter_of_the_meridian_and_two_towns() {
        let earth = Metric::GreatCircle { radius: EARTH_RADIUS };
        let quarter = earth.distance(&earth.place(7.0, 0.0), &earth.place(-120.0, 90.0));
        assert_relative_eq!(quarter, EARTH_RADIUS * std::f64::consts::FRAC_PI_2, max_relative = 1e-12);
        // Jülich and Hyytiälä by the haversine formula: 1,634 km.
        let (a, b) = (earth.place(6.41, 50.91), earth.place(24.29, 61.85));
        let haversine = |lat1: f64, lat2: f64, east: f64| {
            let (lat1, lat2) = (lat1.to_radians(), lat2.to_radians());
            let h = ((lat2 - lat1) / 2.0).sin().powi(2)
                + lat1.cos() * lat2.cos() * (east.to_radians() / 2.0).sin().powi(2);
            2.0 * EARTH_RADIUS * h.sqrt().asin()
        };
        assert_relative_eq!(
            earth.distance(&a, &b),
            haversine(50.91, 61.85, 24.29 - 6.41),
            max_relative = 1e-12
        );
        assert_relative_eq!(earth.along(earth.straight(1e5)), 1e5, max_relative = 1e-12);
    }

    #[test]
    fn a_ring_is_measured_the_short_way() {
        let ring = Metric::Ring { length: 40.0 };
        let at = |x| ring.place(x, 0.0);
        assert_relative_eq!(ring.distance(&at(1.0), &at(39.0)), 2.0, max_relative = 1e-13);
        assert_relative_eq!(ring.distance(&at(0.0), &at(20.0)), 20.0, max_relative = 1e-7);
        assert_relative_eq!(ring.distance(&at(3.0), &at(10.0)), 7.0, max_relative = 1e-13);
    }

    #[test]
    fn grid_indices_are_exact_on_a_plane() {
        let plane = Metric::Plane;
        assert_eq!(
            plane.distance(&plane.place(1.0, 2.0), &plane.place(4.0, 6.0)).to_bits(),
            5.0_f64.to_bits()
        );
    }
}
