//! Tapers: how an observation's weight falls with distance.

/// Half-width of the Gaspari-Cohn function over the radius of the Gaussian `exp(-r²/2)` that it resembles, about `√(10/3)`
/// (Sakov and Bertino 2011, doi:10.1007/s10596-010-9202-6).
pub const HALF_WIDTH: f64 = 1.82;
/// Weights at or below this are left out.
pub const CUT_OFF: f64 = 1e-3;

/// The fifth-order piecewise rational function of Gaspari and Cohn (1999), doi:10.1002/qj.49712555417, eq. 4.10,
/// of distance over half-width: 1 at 0, 5/24 at 1, and 0 from 2 on.
#[must_use]
pub fn gaspari_cohn(z: f64) -> f64 {
    let (z2, z3) = (z * z, z * z * z);
    if z <= 1.0 {
        1.0 - 5.0 / 3.0 * z2 + 5.0 / 8.0 * z3 + 0.5 * z2 * z2 - 0.25 * z2 * z3
    } else if z < 2.0 {
        4.0 - 5.0 * z + 5.0 / 3.0 * z2 + 5.0 / 8.0 * z3 - 0.5 * z2 * z2 + z2 * z3 / 12.0 - 2.0 / (3.0 * z)
    } else {
        0.0
    }
}

/// The taper that resembles a Gaussian with value `exp(-1/2)` at `radius` (same unit as `distance`); zero from 3.64
/// radii on.
#[must_use]
pub fn by_radius(distance: f64, radius: f64) -> f64 {
    gaspari_cohn(distance / (HALF_WIDTH * radius))
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;

    #[test]
    fn the_function_has_its_published_values_and_no_step() {
        assert_abs_diff_eq!(gaspari_cohn(0.0), 1.0);
        assert_abs_diff_eq!(gaspari_cohn(1.0), 5.0 / 24.0, epsilon = 1e-15);
        assert_abs_diff_eq!(gaspari_cohn(1.0 + 1e-12), 5.0 / 24.0, epsilon = 1e-11);
        assert_abs_diff_eq!(gaspari_cohn(2.0 - 1e-9), 0.0, epsilon = 1e-15);
        assert_abs_diff_eq!(gaspari_cohn(3.0), 0.0);
    }

    #[test]
    fn the_taper_resembles_the_gaussian_of_its_radius() {
        for distance in 0..15 {
            let distance = f64::from(distance);
            let gauss = (-0.5 * (distance / 4.0) * (distance / 4.0)).exp();
            assert_abs_diff_eq!(by_radius(distance, 4.0), gauss, epsilon = 0.04);
        }
        assert_abs_diff_eq!(by_radius(3.64 * 4.0, 4.0), 0.0);
    }
}
