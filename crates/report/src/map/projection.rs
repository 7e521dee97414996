//! Lambert's azimuthal equal-area projection on the sphere, centred like ETRS89-LAEA (EPSG:3035).
//!
//! Snyder (1987), Map projections: a working manual, equations 24-2 to 24-4, doi:10.3133/pp1395.

const CENTRE_LATITUDE: f64 = 52.0;
const CENTRE_LONGITUDE: f64 = 10.0;
/// Radius of the sphere of the Earth's surface area, km.
const EARTH_RADIUS: f64 = 6371.007;

/// East and north of the centre, km; `None` for the antipode and for coordinates that are not finite.
pub(super) fn project(longitude: f64, latitude: f64) -> Option<(f64, f64)> {
    let (sin_0, cos_0) = CENTRE_LATITUDE.to_radians().sin_cos();
    let (sin_phi, cos_phi) = latitude.to_radians().sin_cos();
    let (sin_lambda, cos_lambda) = (longitude - CENTRE_LONGITUDE).to_radians().sin_cos();
    let denominator = 1.0 + sin_0 * sin_phi + cos_0 * cos_phi * cos_lambda;
    if !denominator.is_finite() || denominator < 1e-6 {
        return None;
    }
    let k = EARTH_RADIUS * (2.0 / denominator).sqrt();
    Some((k * cos_phi * sin_lambda, k * (cos_0 * sin_phi - sin_0 * cos_phi * cos_lambda)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(longitude: f64, latitude: f64, expected: (f64, f64), tolerance: f64) {
        let (x, y) = project(longitude, latitude).unwrap();
        assert!((x - expected.0).abs() < tolerance && (y - expected.1).abs() < tolerance, "{x} {y}");
    }

    /// The distance of a point from the centre is its chord, 2 R sin(c/2): that makes the projection equal-area.
    #[test]
    fn distance_from_the_centre_is_the_chord() {
        check(10.0, 52.0, (0.0, 0.0), 1e-9);
        let chord = 2.0 * EARTH_RADIUS * (9.0_f64.to_radians() / 2.0).sin();
        check(10.0, 61.0, (0.0, chord), 1e-9);
        check(10.0, 43.0, (0.0, -chord), 1e-9);
    }

    /// EPSG's test point for method 9820 (guidance note 7-2): 50° N 5° E is E 3962799.45, N 2999718.85 on the ellipsoid,
    /// with false origin 4321000, 3210000. The sphere differs by less than 2 km.
    #[test]
    fn the_epsg_test_point_lies_where_it_should() {
        check(5.0, 50.0, (-358.20055, -210.28115), 2.0);
    }

    #[test]
    fn the_antipode_has_no_place() {
        assert_eq!(project(-170.0, -52.0), None);
        assert_eq!(project(f64::NAN, 0.0), None);
    }
}
