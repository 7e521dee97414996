//! Localisation by what the ensemble itself says: correlations that sampling error explains get no weight.
//!
//! Luo, Bhakta and Naevdal 2018, doi:10.2118/185936-PA; the continuous taper is that of Luo and Bhakta 2020,
//! doi:10.1016/j.petrol.2019.106559. It needs no distance, so it serves parameters and variables without a place.

use super::taper::gaspari_cohn;
use crate::AssimilationError;

/// A taper of the sample correlation between a state variable and a predicted observation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CorrelationTaper {
    threshold: f64,
}

impl CorrelationTaper {
    /// For an ensemble of `members` and `variables` state variables: the noise of a correlation has a standard deviation
    /// of `1 / sqrt(N)`, and the largest of `n` such numbers is about `sqrt(2 ln n)` of them (the universal threshold of
    /// Donoho and Johnstone 1994, doi:10.1093/biomet/81.3.425).
    ///
    /// # Errors
    /// `NoEnsemble` below two members.
    pub fn new(members: usize, variables: usize) -> Result<Self, AssimilationError> {
        if members < 2 {
            return Err(AssimilationError::NoEnsemble { members });
        }
        let noise = (members as f64).sqrt().recip();
        Ok(Self { threshold: (noise * (2.0 * (variables.max(2) as f64).ln()).sqrt()).min(0.999) })
    }

    /// Correlations around and below which there is little but noise.
    #[must_use]
    pub fn threshold(&self) -> f64 {
        self.threshold
    }

    /// The weight at a correlation: 1 at ±1, 5/24 at the threshold, 0 well below it.
    #[must_use]
    pub fn weight(&self, correlation: f64) -> f64 {
        gaspari_cohn((1.0 - correlation.abs().min(1.0)) / (1.0 - self.threshold))
    }

    /// The weight of one series of anomalies for another; nothing where one of them has no spread.
    #[must_use]
    pub fn between(&self, a: &[f64], b: &[f64]) -> f64 {
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let scale = (product(a, a) * product(b, b)).sqrt();
        if scale > 0.0 { self.weight(product(a, b) / scale) } else { 0.0 }
    }
}

/// Share of a sample covariance of `members` that isn't expected to be sampling error, by the sample correlation that it
/// comes with: 0 where sampling error explains all of it, near 1 where it is strong or members are many.
///
/// The optimal damping of a Gaussian ensemble's covariance (Ménétrier et al. 2015, doi:10.1175/MWR-D-14-00157.1). Milder than
/// [`CorrelationTaper`], so that many weak readings may teach together what none does alone.
#[must_use]
pub fn damping(correlation: f64, members: usize) -> f64 {
    let n = members as f64;
    let squared = correlation * correlation;
    if members < 3 || squared <= 0.0 {
        return 0.0;
    }
    ((n - 1.0) / ((n + 1.0) * (n - 2.0)) * (n - 1.0 - squared.recip())).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;
    use reterra_statistics::{Stage, StreamKey};

    #[test]
    fn damping_is_nothing_for_noise_and_next_to_nothing_lost_for_signal() {
        for members in [16_usize, 64, 256] {
            let noise = (members as f64 - 1.0).sqrt().recip();
            assert_abs_diff_eq!(damping(0.99 * noise, members), 0.0, epsilon = 1e-15);
            assert!(damping(1.5 * noise, members) > 0.4 && damping(-0.8, members) > 0.8);
        }
        assert_abs_diff_eq!(damping(0.3, 64), damping(-0.3, 64), epsilon = 1e-15);
        assert_abs_diff_eq!(damping(0.0, 64) + damping(0.9, 2), 0.0, epsilon = 1e-15);
    }

    /// Sample correlation of two Gaussian series that are correlated at `rho`.
    fn sampled(rho: f64, members: usize, member: u32) -> f64 {
        let key = StreamKey { seed: 3, stage: Stage::Filter, cycle: 0, member, column: 0 };
        let mut stream = key.stream();
        let pairs: Vec<[f64; 2]> = (0..members)
            .map(|_| {
                let (a, b) = (stream.normal(), stream.normal());
                [a, rho * a + (1.0 - rho * rho).sqrt() * b]
            })
            .collect();
        let mean = |k: usize| pairs.iter().map(|p| p[k]).sum::<f64>() / members as f64;
        let (a, b) = (mean(0), mean(1));
        let product =
            |i: usize, j: usize| pairs.iter().map(|p| (p[i] - [a, b][i]) * (p[j] - [a, b][j])).sum::<f64>();
        product(0, 1) / (product(0, 0) * product(1, 1)).sqrt()
    }

    #[test]
    fn damped_correlations_are_nearer_the_truth() {
        // Over the weak correlations that damping is for; a thousand draws leave the error of either mean at 5 %.
        for rho in [0.0, 0.05, 0.1] {
            let error = |damped: bool| {
                (0..1_000)
                    .map(|draw| sampled(rho, 40, draw))
                    .map(|r| if damped { r * damping(r, 40) } else { r })
                    .map(|r| (r - rho).powi(2))
                    .sum::<f64>()
            };
            assert!(error(true) < 0.8 * error(false), "{rho}: {} {}", error(true), error(false));
        }
    }

    #[test]
    fn weights_rise_with_the_correlation_of_either_sign() {
        let taper = CorrelationTaper::new(100, 40).unwrap();
        assert_abs_diff_eq!(taper.threshold(), 0.1 * (2.0 * 40.0_f64.ln()).sqrt(), epsilon = 1e-15);
        assert_abs_diff_eq!(taper.weight(-1.0), 1.0, epsilon = 1e-15);
        assert_abs_diff_eq!(taper.weight(taper.threshold()), 5.0 / 24.0, epsilon = 1e-14);
        assert_abs_diff_eq!(taper.weight(0.3), taper.weight(-0.3));
        assert_abs_diff_eq!(taper.between(&[1.0, -1.0], &[0.0, 0.0]), 0.0);
        assert!(CorrelationTaper::new(1, 3).is_err());
    }

    /// 200 independent variables and one that is correlated at 0.8, by 50 members.
    #[test]
    fn noise_is_damped_and_signal_is_kept() {
        let taper = CorrelationTaper::new(50, 200).unwrap();
        let mut stream = StreamKey { seed: 1, stage: Stage::Test, cycle: 0, member: 0, column: 0 }.stream();
        let mut draw = || -> Vec<f64> { (0..50).map(|_| stream.normal()).collect() };
        let centred = |x: Vec<f64>| {
            let mean = x.iter().sum::<f64>() / 50.0;
            x.into_iter().map(|x| x - mean).collect::<Vec<_>>()
        };
        let observed = centred(draw());
        let noise: f64 = (0..200).map(|_| taper.between(&centred(draw()), &observed)).sum::<f64>() / 200.0;
        let other = centred(draw());
        let signal: Vec<f64> = observed.iter().zip(&other).map(|(a, b)| 0.8 * a + 0.6 * b).collect();
        assert!(noise < 0.02, "{noise}");
        assert!(taper.between(&signal, &observed) > 0.5);
    }
}
