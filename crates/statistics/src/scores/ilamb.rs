//! Scores of the International Land Model Benchmarking package, 0 (bad) to 1 (perfect), for one place.
//!
//! Collier et al. (2018), doi:10.1029/2018MS001354, section 2.2: errors are made relative to the observations'
//! own variability about their mean, and mapped to scores by `exp(-ε)`.

use std::f64::consts::PI;

/// The three scores of one place and their mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IlambScores {
    /// Of the mean.
    pub bias: f64,
    /// Of the variation about the mean.
    pub rmse: f64,
    /// Of the month of the seasonal maximum.
    pub seasonal: f64,
}

impl IlambScores {
    /// The overall score, in which the RMSE score counts twice, as in the paper.
    #[must_use]
    pub fn overall(&self) -> f64 {
        (self.bias + 2.0 * self.rmse + self.seasonal) / 4.0
    }
}

/// The bias score `exp(-|bias|/crms)` of paired series; none where the observations do not vary.
#[must_use]
pub fn bias_score(obs: &[f64], model: &[f64]) -> Option<f64> {
    let errors = centred(obs, model)?;
    Some((-errors.bias.abs() / errors.crms).exp())
}

/// The RMSE score `exp(-crmse/crms)` of paired series, the means taken off both; none where the observations
/// do not vary.
#[must_use]
pub fn rmse_score(obs: &[f64], model: &[f64]) -> Option<f64> {
    let errors = centred(obs, model)?;
    Some((-errors.crmse / errors.crms).exp())
}

/// The seasonal cycle score `½(1 + cos(2πθ/12))` of two mean annual cycles whose maxima are θ months apart.
#[must_use]
pub fn seasonal_score(obs: &[f64; 12], model: &[f64; 12]) -> f64 {
    let shift = peak(model) as f64 - peak(obs) as f64;
    0.5 * (1.0 + (2.0 * PI * shift / 12.0).cos())
}

/// The first month with the highest value.
fn peak(cycle: &[f64; 12]) -> usize {
    (0..12).fold(0, |best, month| if cycle[month] > cycle[best] { month } else { best })
}

struct CentredErrors {
    bias: f64,
    crmse: f64,
    crms: f64,
}

fn centred(obs: &[f64], model: &[f64]) -> Option<CentredErrors> {
    let n = obs.len().min(model.len()) as f64;
    let pairs = || obs.iter().zip(model);
    let mean_obs = pairs().map(|(o, _)| o).sum::<f64>() / n;
    let bias = pairs().map(|(o, m)| m - o).sum::<f64>() / n;
    let crms = (pairs().map(|(o, _)| (o - mean_obs).powi(2)).sum::<f64>() / n).sqrt();
    let crmse = (pairs().map(|(o, m)| (m - o - bias).powi(2)).sum::<f64>() / n).sqrt();
    (crms > 0.0).then_some(CentredErrors { bias, crmse, crms })
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    fn cycle(amplitude: f64, offset: f64, peak: f64) -> [f64; 12] {
        std::array::from_fn(|m| offset + amplitude * (2.0 * PI * (m as f64 - peak) / 12.0).cos())
    }

    /// A cosine of amplitude √2 has crms 1: an offset of 0.5 scores exp(-0.5) in bias and 1 in RMSE, half the
    /// amplitude the other way round.
    #[test]
    fn bias_and_amplitude_errors_are_told_apart() {
        let obs = cycle(2_f64.sqrt(), 3.0, 6.0);
        let offset = cycle(2_f64.sqrt(), 3.5, 6.0);
        let flat = cycle(0.5 * 2_f64.sqrt(), 3.0, 6.0);
        let half = (-0.5_f64).exp();
        assert_relative_eq!(bias_score(&obs, &offset).unwrap(), half, epsilon = 1e-12);
        assert_relative_eq!(rmse_score(&obs, &offset).unwrap(), 1.0, epsilon = 1e-7);
        assert_relative_eq!(bias_score(&obs, &flat).unwrap(), 1.0, epsilon = 1e-12);
        assert_relative_eq!(rmse_score(&obs, &flat).unwrap(), half, epsilon = 1e-12);
        assert_eq!(bias_score(&[1.0, 1.0], &[0.0, 3.0]), None);
    }

    #[test]
    fn the_seasonal_score_counts_months_round_the_year() {
        let score = |peak| seasonal_score(&cycle(1.0, 0.0, 0.0), &cycle(1.0, 0.0, peak));
        assert_relative_eq!(score(0.0), 1.0);
        assert_relative_eq!(score(3.0), 0.5, epsilon = 1e-12);
        assert_relative_eq!(score(11.0), score(1.0), epsilon = 1e-12);
        assert_relative_eq!(score(6.0), 0.0, epsilon = 1e-12);
    }

    #[test]
    fn the_rmse_score_counts_twice() {
        let overall = IlambScores { bias: 1.0, rmse: 0.5, seasonal: 0.0 }.overall();
        assert_relative_eq!(overall, 0.5);
    }
}
