//! Observations and their errors.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// A variable of a whole column that stations observe. Values and errors are in the units named here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Variable {
    /// Gross primary production, gC m⁻² s⁻¹.
    #[serde(rename = "GPP")]
    Gpp,
    /// Net ecosystem exchange, gC m⁻² s⁻¹, positive to the atmosphere.
    #[serde(rename = "NEE")]
    Nee,
    /// Evapotranspiration, kg m⁻² s⁻¹.
    #[serde(rename = "ET")]
    Et,
    /// Leaf area index, m² m⁻².
    #[serde(rename = "LAI")]
    Lai,
    /// Carbon in living vegetation, gC m⁻².
    #[serde(rename = "biomass")]
    Biomass,
}

impl Variable {
    /// Every variable, in the order of tables and vectors.
    pub const ALL: [Variable; 5] =
        [Variable::Gpp, Variable::Nee, Variable::Et, Variable::Lai, Variable::Biomass];

    /// The name in workflow files, tables and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Variable::Gpp => "GPP",
            Variable::Nee => "NEE",
            Variable::Et => "ET",
            Variable::Lai => "LAI",
            Variable::Biomass => "biomass",
        }
    }

    /// The unit of its values.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Variable::Gpp | Variable::Nee => "gC m-2 s-1",
            Variable::Et => "kg m-2 s-1",
            Variable::Lai => "m2 m-2",
            Variable::Biomass => "gC m-2",
        }
    }
}

/// One observation: a mean over its window. Of what, its series says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// The time it stands for.
    pub window: Window,
    /// The value, in the quantity's unit.
    pub value: f64,
    /// Variance of its error, representativeness included, square of the unit.
    pub variance: f64,
}

/// Model steps that an observation is the mean of: a span, and which steps of it were observed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    span: Range<usize>,
    /// The observed steps where they are not all, ascending.
    observed: Option<Vec<usize>>,
}

impl Window {
    /// All steps of a span.
    #[must_use]
    pub fn new(span: Range<usize>) -> Self {
        Self { span, observed: None }
    }

    /// A single step.
    #[must_use]
    pub fn step(step: usize) -> Self {
        Self::new(step..step + 1)
    }

    /// The steps of a span for which `observed` holds.
    #[must_use]
    pub fn among(span: Range<usize>, observed: impl Fn(usize) -> bool) -> Self {
        let steps: Vec<usize> = span.clone().filter(|step| observed(*step)).collect();
        let all = steps.len() == span.len();
        Self { span, observed: (!all).then_some(steps) }
    }

    /// First step of the span.
    #[must_use]
    pub fn start(&self) -> usize {
        self.span.start
    }

    /// Step after the last of the span: the observation is assimilated before it.
    #[must_use]
    pub fn end(&self) -> usize {
        self.span.end
    }

    /// Number of observed steps.
    #[must_use]
    pub fn len(&self) -> usize {
        self.observed.as_ref().map_or(self.span.len(), Vec::len)
    }

    /// Whether no step was observed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a step was observed.
    #[must_use]
    pub fn holds(&self, step: usize) -> bool {
        let observed = || self.observed.as_ref().is_none_or(|steps| steps.binary_search(&step).is_ok());
        self.span.contains(&step) && observed()
    }

    /// The mean of a model's series over the observed steps; none where there are none or the series is too short.
    #[must_use]
    pub fn mean(&self, series: &[f64]) -> Option<f64> {
        self.mean_of(|step| series.get(step).copied())
    }

    /// The mean of what a model gives for the observed steps; none where there are none or one has no value.
    pub fn mean_of(&self, value: impl Fn(usize) -> Option<f64>) -> Option<f64> {
        let mut sum = 0.0;
        for step in self.span.clone().filter(|step| self.holds(*step)) {
            sum += value(step)?;
        }
        (!self.is_empty()).then(|| sum / self.len() as f64)
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

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;

    #[test]
    fn the_error_has_a_floor() {
        let model = ErrorModel { floor: 0.5, relative: 0.1 };
        assert_abs_diff_eq!(model.sd(-20.0), 2.0);
        assert_abs_diff_eq!(model.sd(1.0), 0.5);
    }

    #[test]
    fn a_window_outside_the_series_has_no_mean() {
        let series = [1.0, 2.0, 6.0];
        assert_eq!(Window::new(0..3).mean(&series), Some(3.0));
        assert_eq!(Window::step(2).mean(&series), Some(6.0));
        assert_eq!(Window::step(3).mean(&series), None);
        assert_eq!(Window::new(1..1).mean(&series), None);
    }

    #[test]
    fn a_window_with_gaps_is_the_mean_of_what_was_observed() {
        let series = [1.0, 1e9, 3.0, 8.0];
        let window = Window::among(0..4, |step| step != 1);
        assert_eq!((window.len(), window.mean(&series)), (3, Some(4.0)));
        assert_eq!([0, 1, 3, 4].map(|step| window.holds(step)), [true, false, true, false]);
        assert_eq!(Window::among(0..4, |_| true), Window::new(0..4));
        let none = Window::among(0..4, |_| false);
        assert_eq!((none.is_empty(), none.mean(&series)), (true, None));
    }

    #[test]
    fn names_are_those_that_serde_reads() {
        for variable in Variable::ALL {
            let json = serde_json::to_string(&variable).unwrap();
            assert_eq!(json, format!("\"{}\"", variable.name()));
        }
    }
}
