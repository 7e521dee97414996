//! How the weight of an observation falls with distance: correlation functions of finite support.

use serde::{Deserialize, Serialize};

/// A weight from 1 at no distance to 0 at the support radius and beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Taper {
    /// The fifth-order piecewise rational function of Gaspari and Cohn 1999, eq. 4.10
    /// (doi:10.1002/qj.49712555417), with half the support radius as its length `c`.
    GaspariCohn,
    /// A Gaussian of the same length, `c = sqrt(10/3)` standard deviations, cut off at the support radius (3.65
    /// standard deviations, where it is 0.0013).
    Gaussian,
    /// `1 - r`; a correlation function on a line only.
    Triangle,
    /// `(1 - r)^4 (1 + 4 r)`: Wendland's function of smoothness 2, a correlation function in up to three dimensions
    /// (Wendland 1995, doi:10.1007/BF02123482).
    Wendland,
    /// 1 inside the support radius.
    Boxcar,
}

impl Taper {
    /// The weight at `r`, the distance in units of the support radius.
    #[must_use]
    pub fn weight(self, r: f64) -> f64 {
        match self {
            Self::GaspariCohn => gaspari_cohn(2.0 * r),
            _ if r > 1.0 => 0.0,
            Self::Gaussian => (-20.0 / 3.0 * r * r).exp(),
            Self::Triangle => 1.0 - r,
            Self::Wendland => (1.0 - r).powi(4) * 4.0_f64.mul_add(r, 1.0),
            Self::Boxcar => 1.0,
        }
    }

    /// Replaces distances, in units of the support radius, by weights.
    pub fn weigh(self, r: &mut [f64]) {
        match self {
            Self::GaspariCohn => r.iter_mut().for_each(|r| *r = gaspari_cohn(2.0 * *r)),
            Self::Wendland => r.iter_mut().for_each(|r| *r = Self::Wendland.weight(*r)),
            other => r.iter_mut().for_each(|r| *r = other.weight(*r)),
        }
    }
}

/// Gaspari and Cohn's function of `z`, the distance in units of its length (half the support radius).
#[must_use]
#[inline]
pub fn gaspari_cohn(z: f64) -> f64 {
    let near = (((-0.25 * z + 0.5) * z + 0.625) * z - 5.0 / 3.0) * z * z + 1.0;
    let far = ((((z / 12.0 - 0.5) * z + 0.625) * z + 5.0 / 3.0) * z - 5.0) * z + 4.0 - 2.0 / (3.0 * z);
    // Both are computed so that a loop over distances vectorises.
    let inside = if z <= 1.0 { near } else { far };
    // Rounding leaves a few 1e-17 of either sign just inside the support.
    if z < 2.0 { inside.max(0.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;

    const ALL: [Taper; 5] =
        [Taper::GaspariCohn, Taper::Gaussian, Taper::Triangle, Taper::Wendland, Taper::Boxcar];

    #[test]
    fn gaspari_cohn_has_its_published_values() {
        // Value and both sides at z = 1: 5/24. At z = 1/2: 0.684896 (263/384).
        assert_abs_diff_eq!(gaspari_cohn(1.0), 5.0 / 24.0, epsilon = 1e-15);
        assert_abs_diff_eq!(gaspari_cohn(1.0 + 1e-12), 5.0 / 24.0, epsilon = 1e-11);
        assert_abs_diff_eq!(gaspari_cohn(0.5), 263.0 / 384.0, epsilon = 1e-15);
        assert_abs_diff_eq!(gaspari_cohn(1.5), 19.0 / 1152.0, epsilon = 1e-15);
    }

    #[test]
    fn a_taper_falls_from_one_to_nothing_and_is_the_same_one_by_one_and_together() {
        for taper in ALL {
            assert_abs_diff_eq!(taper.weight(0.0), 1.0, epsilon = 1e-15);
            assert_abs_diff_eq!(taper.weight(1.0 + 1e-12), 0.0);
            let distances: Vec<f64> = (0..=1000).map(|k| f64::from(k) / 900.0).collect();
            let mut together = distances.clone();
            taper.weigh(&mut together);
            let alone: Vec<f64> = distances.iter().map(|r| taper.weight(*r)).collect();
            assert_eq!(together, alone);
            assert!(alone.windows(2).all(|pair| pair[0] >= pair[1]), "{taper:?}");
        }
    }

    #[test]
    fn the_gaussian_has_the_length_of_gaspari_and_cohn() {
        // Both have the same curvature at no distance.
        let curvature = |taper: Taper| (1.0 - taper.weight(1e-3)) / 1e-6;
        assert_abs_diff_eq!(curvature(Taper::Gaussian), curvature(Taper::GaspariCohn), epsilon = 0.02);
    }
}
