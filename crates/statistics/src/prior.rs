//! Priors given by physical mean, standard deviation and bounds, and their unconstrained transforms.
//!
//! Filters and inversions work with `u`, normal and without bounds; models take `θ`, physical. The transforms
//! rise strictly, so that quantiles map to quantiles:
//!
//! | bounds | `u(θ)` | `θ` is |
//! |---|---|---|
//! | none | `θ` | normal |
//! | above `a` | `ln(θ - a)` | shifted lognormal |
//! | below `b` | `-ln(b - θ)` | reflected lognormal |
//! | within `a`, `b` | `ln((θ - a)/(b - θ))` | logit-normal |
//! | uniform within `a`, `b` | `Φ⁻¹((θ - a)/(b - a))` | uniform |
//!
//! The normal distribution of `u` is the one under which `θ` has exactly the given mean and sd: in closed form
//! for the first three, by quadrature and Newton's method for the logit-normal, whose moments have no closed form
//! (Atchison and Shen 1980, doi:10.1093/biomet/67.2.261).

use serde::{Deserialize, Serialize};

use crate::normal;
use crate::random::Stream;

/// Where a parameter may lie, in physical units. Bounds are exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bounds {
    /// Everywhere.
    None,
    /// Bounded below: above this value.
    Below(f64),
    /// Bounded above: below this value.
    Above(f64),
    /// Between the two values, the lower one first.
    Both(f64, f64),
    /// Between the two values, all of them equally likely; see [`Prior::uniform`].
    Uniform(f64, f64),
}

impl Bounds {
    /// Whether the value lies inside.
    #[must_use]
    pub fn contains(self, theta: f64) -> bool {
        match self {
            Bounds::None => theta.is_finite(),
            Bounds::Below(a) => theta > a,
            Bounds::Above(b) => theta < b,
            Bounds::Both(a, b) | Bounds::Uniform(a, b) => theta > a && theta < b,
        }
    }
}

/// Why a prior cannot be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PriorError {
    /// The mean, sd or a bound is NaN or infinite.
    #[error("prior of `{name}`: mean {mean}, sd {sd}, bounds {bounds:?} must all be finite numbers")]
    NotFinite {
        /// The parameter.
        name: String,
        /// Its mean as given.
        mean: f64,
        /// Its sd as given.
        sd: f64,
        /// Its bounds as given.
        bounds: Bounds,
    },
    /// The standard deviation is zero or negative.
    #[error("prior of `{name}`: sd {sd} must be positive; leave a parameter that is known out of the list")]
    SdNotPositive {
        /// The parameter.
        name: String,
        /// Its sd as given.
        sd: f64,
    },
    /// The mean is outside the bounds.
    #[error("prior of `{name}`: mean {mean} must lie inside its bounds {bounds:?}")]
    MeanOutsideBounds {
        /// The parameter.
        name: String,
        /// Its mean as given.
        mean: f64,
        /// Its bounds as given.
        bounds: Bounds,
    },
    /// The mean or sd isn't that of the uniform distribution.
    #[error(
        "prior of `{name}`: mean {mean} and sd {sd} are not those of a uniform prior within {bounds:?}; give bounds only"
    )]
    NotUniform {
        /// The parameter.
        name: String,
        /// Its mean as given.
        mean: f64,
        /// Its sd as given.
        sd: f64,
        /// Its bounds as given.
        bounds: Bounds,
    },
    /// No distribution within the bounds has this sd, or only one that piles up at both bounds.
    #[error(
        "prior of `{name}`: sd {sd} is too wide for mean {mean} within {bounds:?}; give an sd below {limit:.4}"
    )]
    SdTooWide {
        /// The parameter.
        name: String,
        /// Its mean as given.
        mean: f64,
        /// Its sd as given.
        sd: f64,
        /// Its bounds as given.
        bounds: Bounds,
        /// The largest sd taken.
        limit: f64,
    },
}

/// What the user gives, and what is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AsGiven {
    name: String,
    mean: f64,
    sd: f64,
    bounds: Bounds,
}

/// The prior of one parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "AsGiven", into = "AsGiven")]
pub struct Prior {
    name: String,
    mean: f64,
    sd: f64,
    bounds: Bounds,
    u_mean: f64,
    u_sd: f64,
}

impl Prior {
    /// A prior by physical mean and sd within bounds.
    ///
    /// # Errors
    /// A value that is not finite, an sd that is not positive, a mean outside the bounds, or an sd too wide
    /// for two bounds: each error names the parameter and its values.
    pub fn new(name: &str, mean: f64, sd: f64, bounds: Bounds) -> Result<Prior, PriorError> {
        check(name, mean, sd, bounds)?;
        let (u_mean, u_sd) = match bounds {
            Bounds::None => (mean, sd),
            Bounds::Below(a) => lognormal(mean - a, sd),
            Bounds::Above(b) => {
                let (u_mean, u_sd) = lognormal(b - mean, sd);
                (-u_mean, u_sd)
            }
            Bounds::Both(a, b) => {
                let (m, s) = ((mean - a) / (b - a), sd / (b - a));
                let limit = WIDEST * (m * (1.0 - m)).sqrt();
                let fit = if s < limit { logit_normal(m, s) } else { None };
                fit.ok_or_else(|| PriorError::SdTooWide {
                    name: name.to_owned(),
                    mean,
                    sd,
                    bounds,
                    limit: limit * (b - a),
                })?
            }
            Bounds::Uniform(a, b) => {
                let (middle, spread) = uniform(a, b);
                let far = |given: f64, own: f64| (given - own).abs() > ROUNDING * (b - a);
                if far(mean, middle) || far(sd, spread) {
                    return Err(PriorError::NotUniform { name: name.to_owned(), mean, sd, bounds });
                }
                (0.0, 1.0)
            }
        };
        Ok(Prior { name: name.to_owned(), mean, sd, bounds, u_mean, u_sd })
    }

    /// The prior under which all values between two bounds are equally likely; `u` is their normal score.
    ///
    /// # Errors
    /// A bound that is not finite, and a lower one that is not below the upper.
    pub fn uniform(name: &str, lower: f64, upper: f64) -> Result<Prior, PriorError> {
        let (mean, sd) = uniform(lower, upper);
        Prior::new(name, mean, sd, Bounds::Uniform(lower, upper))
    }

    /// The parameter's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The physical mean.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// The physical standard deviation.
    #[must_use]
    pub fn sd(&self) -> f64 {
        self.sd
    }

    /// The physical bounds.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// The mean of `u`.
    #[must_use]
    pub fn u_mean(&self) -> f64 {
        self.u_mean
    }

    /// The standard deviation of `u`.
    #[must_use]
    pub fn u_sd(&self) -> f64 {
        self.u_sd
    }

    /// `θ` of `u`. Within rounding, a far-out `u` gives the bound itself.
    #[must_use]
    pub fn physical(&self, u: f64) -> f64 {
        match self.bounds {
            Bounds::None => u,
            Bounds::Below(a) => a + u.exp(),
            Bounds::Above(b) => b - (-u).exp(),
            Bounds::Both(a, b) => a + (b - a) * logistic(u),
            Bounds::Uniform(a, b) => a + (b - a) * normal::cumulative(u),
        }
    }

    /// `u` of `θ`: infinite at a bound, NaN outside.
    #[must_use]
    pub fn unconstrained(&self, theta: f64) -> f64 {
        match self.bounds {
            Bounds::None => theta,
            Bounds::Below(a) => (theta - a).ln(),
            Bounds::Above(b) => -(b - theta).ln(),
            Bounds::Both(a, b) => ((theta - a) / (b - theta)).ln(),
            Bounds::Uniform(a, b) => normal::quantile((theta - a) / (b - a)),
        }
    }

    /// The physical quantile of probability `p`.
    #[must_use]
    pub fn quantile(&self, p: f64) -> f64 {
        self.physical(self.u_mean + self.u_sd * normal::quantile(p))
    }

    /// A random `u`.
    pub fn sample(&self, stream: &mut Stream) -> f64 {
        self.u_mean + self.u_sd * stream.normal()
    }
}

impl TryFrom<AsGiven> for Prior {
    type Error = PriorError;
    fn try_from(given: AsGiven) -> Result<Self, PriorError> {
        Prior::new(&given.name, given.mean, given.sd, given.bounds)
    }
}

impl From<Prior> for AsGiven {
    fn from(prior: Prior) -> Self {
        AsGiven { name: prior.name, mean: prior.mean, sd: prior.sd, bounds: prior.bounds }
    }
}

fn check(name: &str, mean: f64, sd: f64, bounds: Bounds) -> Result<(), PriorError> {
    let finite_bounds = match bounds {
        Bounds::None => true,
        Bounds::Below(a) | Bounds::Above(a) => a.is_finite(),
        Bounds::Both(a, b) | Bounds::Uniform(a, b) => a.is_finite() && b.is_finite(),
    };
    let name = || name.to_owned();
    if !(finite_bounds && mean.is_finite() && sd.is_finite()) {
        return Err(PriorError::NotFinite { name: name(), mean, sd, bounds });
    }
    if sd <= 0.0 {
        return Err(PriorError::SdNotPositive { name: name(), sd });
    }
    if !bounds.contains(mean) {
        return Err(PriorError::MeanOutsideBounds { name: name(), mean, bounds });
    }
    Ok(())
}

/// Share of a uniform prior's width by which its mean and sd may be off, as decimals in files are.
const ROUNDING: f64 = 1e-9;

/// Mean and sd of the uniform distribution.
fn uniform(a: f64, b: f64) -> (f64, f64) {
    (0.5 * (a + b), (b - a) / 12.0_f64.sqrt())
}

/// Mean and sd of the logarithm of a lognormal variable with this mean and sd.
fn lognormal(mean: f64, sd: f64) -> (f64, f64) {
    let variance = (sd / mean).powi(2).ln_1p();
    (mean.ln() - 0.5 * variance, variance.sqrt())
}

/// The sd of a variable within bounds is below that of one that only takes the bounds; beyond this share of it
/// the logit-normal density has nearly all of its mass at the two bounds.
const WIDEST: f64 = 0.9;

fn logistic(u: f64) -> f64 {
    1.0 / (1.0 + (-u).exp())
}

/// Mean and sd of the logit of a variable in (0, 1) with this mean and sd, by damped Newton steps in
/// `(μ, ln σ)` on the residuals `(logit mean, ln sd)`; none where they do not converge.
fn logit_normal(mean: f64, sd: f64) -> Option<(f64, f64)> {
    let target = [(mean / (1.0 - mean)).ln(), sd.ln()];
    let mut x = [target[0], (sd / (mean * (1.0 - mean))).min(3.0).ln()];
    let (mut residual, mut jacobian) = moments(x, target);
    for _ in 0..100 {
        let error = residual[0].hypot(residual[1]);
        if error < 1e-12 {
            return Some((x[0], x[1].exp()));
        }
        let [[a, b], [c, d]] = jacobian;
        let determinant = a * d - b * c;
        let step = [
            (d * residual[0] - b * residual[1]) / determinant,
            (a * residual[1] - c * residual[0]) / determinant,
        ];
        let mut length = 1.0_f64.min(2.0 / step[0].hypot(step[1]));
        loop {
            let trial = [x[0] - length * step[0], x[1] - length * step[1]];
            let (r, j) = moments(trial, target);
            if r[0].hypot(r[1]) < error {
                (x, residual, jacobian) = (trial, r, j);
                break;
            }
            length *= 0.5;
            if length < 1e-8 {
                return (error < 1e-9).then(|| (x[0], x[1].exp()));
            }
        }
    }
    None
}

/// Residuals `(logit E f - ., ln sd f - .)` of `f = logistic(μ + σz)` at `x = (μ, ln σ)` and their Jacobian,
/// by the trapezoidal rule in `z`, which converges geometrically for an analytic integrand of this decay.
fn moments(x: [f64; 2], target: [f64; 2]) -> ([f64; 2], [[f64; 2]; 2]) {
    const STEP: f64 = 0.05;
    let sigma = x[1].exp();
    let nodes = || {
        (-200..=200).map(|i| {
            let z = f64::from(i) * STEP;
            (z, STEP * (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt(), logistic(x[0] + sigma * z))
        })
    };
    let mean: f64 = nodes().map(|(_, w, f)| w * f).sum();
    let mut variance = 0.0;
    let (mut d_mean, mut d_variance) = ([0.0; 2], [0.0; 2]);
    for (z, w, f) in nodes() {
        let slope = f * (1.0 - f);
        variance += w * (f - mean).powi(2);
        for (k, along) in [1.0, sigma * z].into_iter().enumerate() {
            d_mean[k] += w * slope * along;
            d_variance[k] += 2.0 * w * (f - mean) * slope * along;
        }
    }
    let logit_slope = 1.0 / (mean * (1.0 - mean));
    let sd_slope = 0.5 / variance;
    let residual = [(mean / (1.0 - mean)).ln() - target[0], 0.5 * variance.ln() - target[1]];
    (residual, [d_mean.map(|d| d * logit_slope), d_variance.map(|d| d * sd_slope)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Stage, StreamKey};
    use approx::{assert_abs_diff_eq, assert_relative_eq};

    fn prior(mean: f64, sd: f64, bounds: Bounds) -> Prior {
        Prior::new("p", mean, sd, bounds).unwrap()
    }

    /// Physical mean and sd by the midpoint rule over 200,000 quantiles, independent of the fit.
    fn by_quantiles(prior: &Prior) -> (f64, f64) {
        let n = 200_000;
        let theta = |i| prior.quantile((f64::from(i) + 0.5) / f64::from(n));
        let mean = (0..n).map(theta).sum::<f64>() / f64::from(n);
        let variance = (0..n).map(|i| (theta(i) - mean).powi(2)).sum::<f64>() / f64::from(n);
        (mean, variance.sqrt())
    }

    /// Mean 4, sd 2 above 0: σ² = ln(1 + 1/4), μ = ln 4 - σ²/2.
    #[test]
    fn a_lower_bound_gives_the_closed_form_lognormal() {
        let p = prior(4.0, 2.0, Bounds::Below(0.0));
        assert_relative_eq!(p.u_mean(), 4_f64.ln() - 0.5 * 1.25_f64.ln(), max_relative = 1e-14);
        assert_relative_eq!(p.u_sd(), 1.25_f64.ln().sqrt(), max_relative = 1e-14);
        assert_abs_diff_eq!(p.u_mean(), 1.2747, epsilon = 5e-5);
        assert_abs_diff_eq!(p.u_sd(), 0.4724, epsilon = 5e-5);
    }

    #[test]
    fn every_kind_of_bound_keeps_the_given_moments() {
        for (mean, sd, bounds) in [
            (-3.0, 0.7, Bounds::None),
            (4.0, 2.0, Bounds::Below(0.0)),
            (-1.0, 0.5, Bounds::Below(-2.0)),
            (1.0, 2.0, Bounds::Above(4.0)),
            (0.5, 0.1, Bounds::Both(0.0, 1.0)),
            (0.5, (1.0_f64 / 12.0).sqrt(), Bounds::Both(0.0, 1.0)),
            (0.02, 0.015, Bounds::Both(0.0, 1.0)),
            (55.0, 8.0, Bounds::Both(10.0, 60.0)),
            (0.5, 0.42, Bounds::Both(0.0, 1.0)),
        ] {
            let p = prior(mean, sd, bounds);
            let (m, s) = by_quantiles(&p);
            assert_relative_eq!(m, mean, max_relative = 1e-4);
            assert_relative_eq!(s, sd, max_relative = 1e-3);
        }
    }

    /// A symmetric logit-normal has μ = 0, and for a small sd, σ = 4 sd to first order.
    #[test]
    fn two_bounds_have_the_symmetric_and_narrow_limits() {
        let p = prior(0.5, 0.001, Bounds::Both(0.0, 1.0));
        assert_abs_diff_eq!(p.u_mean(), 0.0, epsilon = 1e-12);
        assert_relative_eq!(p.u_sd(), 0.004, max_relative = 1e-5);
    }

    #[test]
    fn the_transforms_are_each_others_inverse_and_rise() {
        for bounds in [Bounds::None, Bounds::Below(0.1), Bounds::Above(3.0), Bounds::Both(0.1, 3.0)] {
            let p = prior(1.0, 0.3, bounds);
            for u in [-2.0, -0.3, 0.0, 1.5] {
                assert_relative_eq!(p.unconstrained(p.physical(u)), u, epsilon = 1e-12);
                assert!(p.physical(u + 0.1) > p.physical(u));
            }
        }
    }

    #[test]
    fn a_uniform_prior_has_its_quantiles_and_takes_no_other_moments() {
        let p = Prior::uniform("p", -1.0, 3.0).unwrap();
        let (m, s) = by_quantiles(&p);
        assert_relative_eq!(m, 1.0, max_relative = 1e-4);
        assert_relative_eq!(s, 4.0 / 12.0_f64.sqrt(), max_relative = 1e-3);
        for q in [0.01, 0.3, 0.9] {
            assert_relative_eq!(p.quantile(q), -1.0 + 4.0 * q, epsilon = 1e-12);
            assert_relative_eq!(p.physical(p.unconstrained(4.0 * q - 1.0)), 4.0 * q - 1.0, epsilon = 1e-12);
        }
        let text = serde_json::to_string(&p).unwrap();
        assert_eq!(serde_json::from_str::<Prior>(&text).unwrap(), p);
        let other = Prior::new("p", 1.0, 1.0, Bounds::Uniform(-1.0, 3.0));
        assert!(matches!(other, Err(PriorError::NotUniform { .. })));
        assert!(Prior::uniform("p", 3.0, -1.0).is_err());
    }

    #[test]
    fn samples_follow_the_prior() {
        let p = prior(1.0, 0.3, Bounds::Both(0.1, 3.0));
        let key = StreamKey { seed: 1, stage: Stage::Test, cycle: 0, member: 0, column: 0 };
        let mut stream = key.stream();
        let n = 40_000;
        let mean = (0..n).map(|_| p.physical(p.sample(&mut stream))).sum::<f64>() / f64::from(n);
        assert_abs_diff_eq!(mean, 1.0, epsilon = 4.0 * 0.3 / 200.0);
    }

    #[test]
    fn impossible_priors_are_refused_by_name() {
        let error = |mean, sd, bounds| Prior::new("slatop", mean, sd, bounds).unwrap_err();
        assert!(matches!(error(f64::NAN, 1.0, Bounds::None), PriorError::NotFinite { .. }));
        assert!(matches!(error(1.0, 0.0, Bounds::None), PriorError::SdNotPositive { .. }));
        assert!(matches!(error(-1.0, 1.0, Bounds::Below(0.0)), PriorError::MeanOutsideBounds { .. }));
        let wide = error(0.5, 0.5, Bounds::Both(0.0, 1.0));
        assert!(matches!(wide, PriorError::SdTooWide { .. }));
        assert!(wide.to_string().contains("`slatop`") && wide.to_string().contains("0.4500"), "{wide}");
    }

    #[test]
    fn a_stored_prior_is_checked_when_read() {
        let p = prior(1.0, 0.3, Bounds::Both(0.1, 3.0));
        let text = serde_json::to_string(&p).unwrap();
        assert_eq!(serde_json::from_str::<Prior>(&text).unwrap(), p);
        assert!(serde_json::from_str::<Prior>(&text.replace("0.3", "-0.3")).is_err());
    }
}
