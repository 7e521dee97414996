//! How wind packs snow: fresh flakes break, drifting grains settle densely.
//!
//! van Kampenhout et al. (2017, doi:10.1002/2017MS000988), as in CLM5 (technical note, section 2.8.4), for each wind of
//! a Rayleigh distribution about the month's mean: packing grows fast with wind, so that its mean isn't that of the mean wind.

use crate::batched;
use crate::lanes::Real;

/// Density to which drifting packs, kg m⁻³, and the depth that it reaches, m.
const DRIFTED: f64 = 350.0;
const DRIFT_DEPTH: f64 = 0.1;
/// Time scale of drifting, d.
const DRIFT_DAYS: f64 = 2.0;
/// Densities, kg m⁻³, between which the rate of drifting is taken as exponential.
const BETWEEN: [f64; 2] = [150.0, 300.0];
/// Wind over its mean up to which the distribution is summed, and the steps of the sum.
const STRONGEST: f64 = 5.0;
const STEPS: usize = 200;

batched! {
    /// What the winds of a month do to snow.
    #[derive(Clone, Copy, Debug, Default, PartialEq)]
    pub struct WindPacking {
        /// Added to the density of fresh snow, kg m⁻³.
        pub fresh: T,
        /// Mean driftability of snow of 150 kg m⁻³.
        pub driftability: T,
        /// Decrease of its logarithm per density, m³ kg⁻¹.
        pub decrease: T,
    }
}

impl WindPacking {
    /// Of a month with a mean wind, m s⁻¹.
    #[must_use]
    pub fn of(mean: f64) -> Self {
        let [light, dense] = BETWEEN.map(|density| over_winds(mean, |u| driftability(density, u)).max(1e-9));
        Self {
            fresh: over_winds(mean, packed_by),
            driftability: light,
            decrease: (light / dense).ln() / (BETWEEN[1] - BETWEEN[0]),
        }
    }

    /// The same for all columns of a batch.
    #[must_use]
    pub fn spread<T: Real>(&self) -> WindPacking<T> {
        WindPacking {
            fresh: T::of(self.fresh),
            driftability: T::of(self.driftability),
            decrease: T::of(self.decrease),
        }
    }
}

impl<T: Real> WindPacking<T> {
    /// Rate at which drifting thins snow of a density, kg m⁻³, under snow of a depth, m: d⁻¹.
    #[must_use]
    pub fn rate(&self, density: T, above: T) -> T {
        let there = density.over(0.0);
        let mobile = ((T::of(BETWEEN[0]) - density) * self.decrease).exp() * self.driftability;
        let reach = (above * (-1.0 / DRIFT_DEPTH)).exp();
        let missing = (T::of(DRIFTED) - density).max(0.0) / T::select(there, density, 1.0);
        T::select(there, missing * mobile * reach / DRIFT_DAYS, 0.0).min(1.0)
    }
}

/// Mean of a function of wind over a Rayleigh distribution with a mean, m s⁻¹ (midpoint rule).
fn over_winds(mean: f64, of: impl Fn(f64) -> f64) -> f64 {
    let step = STRONGEST / STEPS as f64;
    let quarter = std::f64::consts::FRAC_PI_4;
    (0..STEPS)
        .map(|i| {
            let x = (i as f64 + 0.5) * step;
            2.0 * quarter * x * (-quarter * x * x).exp() * step * of(x * mean)
        })
        .sum()
}

/// What wind, m s⁻¹, adds to the density of fresh snow, kg m⁻³.
fn packed_by(wind: f64) -> f64 {
    266.861 * (0.5 * (1.0 + (wind / 5.0).tanh())).powf(8.8)
}

/// How much snow of a density, kg m⁻³, drifts in a wind, m s⁻¹: above 0 once grains move.
fn driftability(density: f64, wind: f64) -> f64 {
    let mobility = -0.069 + 0.66 * (1.25 - 0.0042 * (density - 50.0).max(0.0));
    (-2.868 * (-0.085 * wind).exp() + 1.0 + mobility).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_over_winds_keeps_their_mean() {
        assert!((over_winds(6.0, |_| 1.0) - 1.0).abs() < 1e-4);
        assert!((over_winds(6.0, |u| u) - 6.0).abs() < 1e-3);
    }

    #[test]
    fn wind_packs_as_published() {
        // 266.861 ((1 + tanh(U/5))/2)^8.8 is 87 kg m-3 at 5 m s-1, 228 at 10.
        assert!((packed_by(5.0) - 86.9).abs() < 1.0, "{}", packed_by(5.0));
        assert!((packed_by(10.0) - 227.0).abs() < 2.0, "{}", packed_by(10.0));
        // Snow of 100 kg m-3 begins to drift between 6 and 8 m s-1.
        assert!(driftability(100.0, 6.0) <= 0.0 && driftability(100.0, 8.0) > 0.0);
    }

    #[test]
    fn storms_pack_and_calm_does_not() {
        let (calm, storm) = (WindPacking::of(1.0), WindPacking::of(9.0));
        assert!(calm.fresh < 10.0 && storm.fresh > 150.0);
        assert!(calm.rate(200.0, 0.02) < 1e-6 && storm.rate(200.0, 0.02) > 0.03);
        assert!(storm.rate(360.0, 0.02).abs() < 1e-15 && storm.rate(0.0, 0.0).abs() < 1e-15);
    }
}
