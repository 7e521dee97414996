//! Observations, their errors, and the check against the background.

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use crate::AssimilationError;
use crate::etkf::checked_rows;
use crate::noise::standard_deviations;
use crate::transform::{column_means, column_sds};

/// What is observed. Values and errors are in the units named here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// Gross primary production, mean over the window, gC m⁻² s⁻¹.
    Gpp,
    /// Net ecosystem exchange, positive to the atmosphere, mean over the window, gC m⁻² s⁻¹.
    Nee,
    /// Evapotranspiration, mean over the window, kg m⁻² s⁻¹.
    Evapotranspiration,
    /// Leaf area index, mean over the window, m² m⁻².
    Lai,
    /// Biomass above ground, mean over the window, gC m⁻².
    Biomass,
}

/// One observation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// What is observed.
    pub kind: Kind,
    /// The value, in the kind's units.
    pub value: f64,
    /// Standard deviation of its error, representativeness included, in the kind's units.
    pub error_sd: f64,
    /// The time it stands for.
    pub window: Window,
}

/// A span of model output steps (months): `start` inclusive, `end` exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// First step.
    pub start: usize,
    /// Step after the last.
    pub end: usize,
}

impl Window {
    /// The window of a single step.
    #[must_use]
    pub fn step(start: usize) -> Self {
        Self { start, end: start + 1 }
    }

    /// The mean of a model's series over the window; none where the series does not cover it.
    #[must_use]
    pub fn mean(&self, series: &[f64]) -> Option<f64> {
        let inside = series.get(self.start..self.end)?;
        (!inside.is_empty()).then(|| inside.iter().sum::<f64>() / inside.len() as f64)
    }
}

/// Error standard deviation as the larger of a floor and a share of the value's size.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorModel {
    /// Least error, in the observation's units.
    pub floor: f64,
    /// Share of the absolute value.
    pub relative: f64,
}

impl ErrorModel {
    /// The error's standard deviation for a value: `max(floor, relative |value|)`.
    #[must_use]
    pub fn sd(&self, value: f64) -> f64 {
        self.floor.max(self.relative * value.abs())
    }
}

/// What the background check says of an observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Flag {
    /// Used.
    Accepted,
    /// Too far from the prior ensemble for its spread and the observation's error.
    Rejected,
}

/// Flags each of m observations: rejected where `|y - mean(H E)| > k sqrt(var(H E) + r)`, over the given
/// members of `he` (N × m).
///
/// # Errors
/// Those of [`crate::analyse_subset`], and `Option` where `k` is not positive.
pub fn background_check(
    he: ArrayView2<'_, f64>,
    y: &[f64],
    r: &[f64],
    members: &[usize],
    k: f64,
) -> Result<Vec<Flag>, AssimilationError> {
    if k.is_nan() || k <= 0.0 {
        return Err(AssimilationError::Option {
            option: "background check k",
            value: k,
            range: "(0, infinity]",
        });
    }
    let prior = checked_rows(he, y, r, members)?;
    standard_deviations(r)?;
    let (mean, spread) = (column_means(prior.view()), column_sds(prior.view()));
    let flag = |j: usize| {
        let limit = k * (spread[j] * spread[j] + r[j]).sqrt();
        if (y[j] - mean[j]).abs() > limit { Flag::Rejected } else { Flag::Accepted }
    };
    Ok((0..y.len()).map(flag).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;
    use ndarray::array;

    #[test]
    fn the_check_weighs_distance_against_spread_and_error() {
        // Mean 0, variance 3 in the two rows that count; with r = 1 the limit is 3 · 2 = 6.
        let he = array![[1.5_f64.sqrt(); 3], [-1.5_f64.sqrt(); 3], [f64::NAN; 3]];
        let flags = background_check(he.view(), &[5.9, 6.1, -6.1], &[1.0; 3], &[0, 1], 3.0).unwrap();
        assert_eq!(flags, [Flag::Accepted, Flag::Rejected, Flag::Rejected]);
    }

    #[test]
    fn the_error_has_a_floor() {
        let model = ErrorModel { floor: 0.5, relative: 0.1 };
        assert_abs_diff_eq!(model.sd(-20.0), 2.0);
        assert_abs_diff_eq!(model.sd(1.0), 0.5);
    }

    #[test]
    fn a_window_outside_the_series_has_no_mean() {
        let series = [1.0, 2.0, 6.0];
        assert_eq!(Window { start: 0, end: 3 }.mean(&series), Some(3.0));
        assert_eq!(Window::step(2).mean(&series), Some(6.0));
        assert_eq!(Window::step(3).mean(&series), None);
        assert_eq!(Window { start: 1, end: 1 }.mean(&series), None);
    }
}
