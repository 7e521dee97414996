//! The predictive distribution of an observation: every member with the observation error around it.
//!
//! With equal weights this is a mixture of normal distributions, one a member, all of the same spread. Its
//! quantiles are found by bisection; its CRPS has a closed form (Grimit et al. 2006, doi:10.1256/qj.05.235).
//! Nothing is drawn at random.

use std::f64::consts::{PI, SQRT_2};

/// A mixture of normal distributions of one standard deviation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Predictive<'a> {
    /// The members, at least one, finite.
    pub members: &'a [f64],
    /// Standard deviation of the observation error, positive.
    pub sd: f64,
}

impl Predictive<'_> {
    /// The probability of a value up to `x`.
    pub(crate) fn cdf(&self, x: f64) -> f64 {
        self.members.iter().map(|m| normal_cdf((x - m) / self.sd)).sum::<f64>() / self.members.len() as f64
    }

    /// The quantile of probability `p`, to 1e-12 of the range that is searched.
    pub(super) fn quantile(&self, p: f64) -> f64 {
        /// Members and ten standard deviations to either side hold all but 1e-23 of the probability.
        const REACH: f64 = 10.0;
        let (least, most) =
            self.members.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), m| (a.min(*m), b.max(*m)));
        let (mut low, mut high) = (least - REACH * self.sd, most + REACH * self.sd);
        for _ in 0..40 {
            let middle = 0.5 * (low + high);
            if self.cdf(middle) < p { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    }

    /// The continuous ranked probability score of an observation, in its units.
    pub(super) fn crps(&self, obs: f64) -> f64 {
        let n = self.members.len() as f64;
        let to_obs: f64 = self.members.iter().map(|m| mean_distance(obs - m, self.sd)).sum();
        let apart = SQRT_2 * self.sd;
        let mut pairs = 0.0;
        for (i, a) in self.members.iter().enumerate() {
            pairs += self.members[..i].iter().map(|b| mean_distance(a - b, apart)).sum::<f64>();
        }
        let own = mean_distance(0.0, apart) * n;
        to_obs / n - 0.5 * (2.0 * pairs + own) / (n * n)
    }
}

/// `E|X|` of a normal variable with mean `mu` and standard deviation `sd`.
fn mean_distance(mu: f64, sd: f64) -> f64 {
    let z = mu / sd;
    let density = (-0.5 * z * z).exp() / (2.0 * PI).sqrt();
    2.0 * sd * density + mu * (2.0 * normal_cdf(z) - 1.0)
}

/// The standard normal distribution function: Hart's (1968) rational approximation as printed by West (2005),
/// "Better approximations to cumulative normal functions", Wilmott Magazine; absolute error below 1e-14.
fn normal_cdf(x: f64) -> f64 {
    const TOP: [f64; 7] = [
        3.52624965998911e-2,
        0.700383064443688,
        6.37396220353165,
        33.912866078383,
        112.079291497871,
        221.213596169931,
        220.206867912376,
    ];
    const BOTTOM: [f64; 8] = [
        8.83883476483184e-2,
        1.75566716318264,
        16.064177579207,
        86.7807322029461,
        296.564248779674,
        637.333633378831,
        793.826512519948,
        440.413735824752,
    ];
    const TAIL: f64 = 7.071_067_811_865_47;
    let z = x.abs();
    let horner = |c: &[f64]| c.iter().fold(0.0, |sum, c| sum * z + c);
    let density = (-0.5 * z * z).exp();
    let lower = if z < TAIL {
        density * horner(&TOP) / horner(&BOTTOM)
    } else {
        let fraction = [4.0, 3.0, 2.0, 1.0].into_iter().fold(z + 0.65, |below, k| z + k / below);
        density / fraction / (2.0 * PI).sqrt()
    };
    if x > 0.0 { 1.0 - lower } else { lower }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use reterra_statistics::normal;

    #[test]
    fn the_distribution_function_inverts_the_quantile_function() {
        for p in [1e-12, 1e-6, 0.01, 0.25, 0.5, 0.9, 0.999] {
            assert_relative_eq!(normal_cdf(normal::quantile(p)), p, max_relative = 1e-11, epsilon = 1e-15);
        }
    }

    #[test]
    fn one_member_has_the_normal_quantiles_and_crps() {
        let one = Predictive { members: &[3.0], sd: 2.0 };
        assert_relative_eq!(one.quantile(0.95), 3.0 + 2.0 * 1.644_853_626_951_473, epsilon = 1e-10);
        // 2φ(0) − 1/√π = 0.2336950 times the standard deviation.
        assert_relative_eq!(one.crps(3.0), 2.0 * 0.233_695_0, epsilon = 1e-6);
    }

    #[test]
    fn a_mixture_of_quantile_points_is_the_wider_normal() {
        // N(0, 1) members with an error of 0.75 are N(0, 1.25²).
        let members: Vec<f64> = (0..2000).map(|i| normal::quantile((f64::from(i) + 0.5) / 2e3)).collect();
        let mixture = Predictive { members: &members, sd: 0.75 };
        assert_relative_eq!(mixture.quantile(0.05), -1.25 * 1.644_853_6, epsilon = 2e-3);
        assert_relative_eq!(mixture.crps(0.0), 1.25 * 0.233_695_0, epsilon = 1e-3);
    }

    #[test]
    fn a_small_error_gives_the_ensembles_own_crps() {
        let members = [4.0, 0.0];
        let tight = Predictive { members: &members, sd: 1e-6 };
        assert_relative_eq!(tight.crps(1.0), 1.0, epsilon = 1e-5);
    }
}
