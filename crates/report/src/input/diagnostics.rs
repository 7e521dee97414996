//! How well the run itself went: parameters, spin-up, closure, inversion, inflation, failures.

use serde::{Deserialize, Serialize};

use super::Month;

/// Quantiles of a distribution, physical units of the parameter.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Quantiles {
    /// 5 %.
    pub p05: f64,
    /// 25 %.
    pub p25: f64,
    /// Median.
    pub p50: f64,
    /// 75 %.
    pub p75: f64,
    /// 95 %.
    pub p95: f64,
}

/// A calibrated parameter: prior and posterior.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// CLM's name, such as `medlynslope`.
    pub name: String,
    /// Meaning in a few words; may be empty.
    pub long_name: String,
    /// Unit as it is shown; empty for none.
    pub unit: String,
    /// What the value holds for: a vegetation type's label, or `all`.
    pub group: String,
    /// Prior.
    pub prior: Quantiles,
    /// Posterior; `None` where calibration did not run.
    pub posterior: Option<Quantiles>,
}

/// Result of the spin-up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpinUp {
    /// Method in a few words, such as `matrix solution, N feedback iterated`.
    pub method: String,
    /// Largest drift of total ecosystem carbon that counts as equilibrium, gC m⁻² yr⁻¹ (CLM: 1).
    pub criterion: f64,
    /// Largest distance that counts as equilibrium; `None` where the way stops by drift alone.
    pub distance_limit: Option<f64>,
    /// One entry per station.
    pub stations: Vec<StationSpinUp>,
    /// Mean drifts over stations: of total ecosystem carbon, then in the order of [`StationSpinUp::other_drifts`];
    /// may be empty.
    pub mean_drifts: Vec<Drift>,
}

/// A drift with its limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// CLM's name of what drifts, such as `TOTSOMC`.
    pub name: String,
    /// How much it does; `None` if not measured.
    pub value: Option<f64>,
    /// How much it may.
    pub limit: f64,
    /// Unit of both, as it is shown.
    pub unit: String,
}

impl Drift {
    /// Whether it is within its limit; what was not measured is not.
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.value.is_some_and(|value| value.abs() <= self.limit)
    }
}

/// Spin-up of one station.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StationSpinUp {
    /// The station's code.
    pub station: String,
    /// Change of total ecosystem carbon over the last forcing cycle, gC m⁻² yr⁻¹.
    pub drift: f64,
    /// Drifts of what else CLM looks at, the same of all stations in the same order; may be empty.
    pub other_drifts: Vec<Drift>,
    /// Largest distance of a soil pool from the linear system's fixed point, relative to it; `None` if not computed.
    pub equilibrium_distance: Option<f64>,
    /// The same of wood.
    pub wood_distance: Option<f64>,
    /// Years simulated.
    pub years: f64,
    /// Matrix solutions or forcing cycles until it stopped.
    pub iterations: usize,
}

/// What is balanced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Element {
    /// Carbon, gC m⁻².
    Carbon,
    /// Nitrogen, gN m⁻².
    Nitrogen,
    /// Water, kg m⁻² (mm).
    Water,
}

impl Element {
    /// Name.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Carbon => "Carbon",
            Self::Nitrogen => "Nitrogen",
            Self::Water => "Water",
        }
    }

    /// Unit of stocks and amounts.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Self::Carbon => "gC m⁻²",
            Self::Nitrogen => "gN m⁻²",
            Self::Water => "mm",
        }
    }
}

/// Balance of one element over the period, mean over stations and members.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Closure {
    /// The element.
    pub element: Element,
    /// Largest balance error of any step, relative to the stock.
    pub largest_relative_error: f64,
    /// Station and day of that step, in words; may be empty.
    pub largest_at: String,
    /// Largest relative error that counts as closed.
    pub tolerance: f64,
    /// Stock at the start, in [`Element::unit`].
    pub initial_stock: f64,
    /// Flows over the whole period.
    pub flows: Vec<Flow>,
    /// Net amount that the assimilation added, in [`Element::unit`].
    pub assimilation_increment: f64,
    /// Stock at the end.
    pub final_stock: f64,
}

impl Closure {
    /// Final stock − (initial stock + flows + increment): zero where the books close.
    #[must_use]
    pub fn residual(&self) -> f64 {
        let inflow: f64 = self.flows.iter().map(|flow| flow.amount).sum();
        self.final_stock - (self.initial_stock + inflow + self.assimilation_increment)
    }

    /// Whether every step closed within the tolerance; an error that is not a number does not.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.largest_relative_error <= self.tolerance
    }
}

/// A flow across the system's border, summed over the period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Flow {
    /// What flows, such as `precipitation`.
    pub label: String,
    /// Amount in the element's unit, positive into the system.
    pub amount: f64,
}

/// One ensemble Kalman inversion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inversion {
    /// What was calibrated: a vegetation type's label, or `all`.
    pub group: String,
    /// Whether pseudo-time reached 1, so that the ensemble approximates the posterior.
    pub converged: bool,
    /// The iterations, first to last; the first at pseudo-time 0 is the prior.
    pub iterations: Vec<InversionIteration>,
}

/// One iteration of an inversion.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct InversionIteration {
    /// Pseudo-time reached, 0–1.
    pub pseudo_time: f64,
    /// Mean over members of the squared misfit, in units of the observation error, per observation.
    pub misfit: f64,
}

/// Adaptive inflation by month, over stations. All lists have the same length, one entry per month from `start`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Inflation {
    /// Month of the first entry.
    pub start: Month,
    /// Mean over stations of the factor on the spread.
    pub mean: Vec<Option<f64>>,
    /// Smallest over stations.
    pub smallest: Vec<Option<f64>>,
    /// Largest over stations.
    pub largest: Vec<Option<f64>>,
}

/// An ensemble member that failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FailedMember {
    /// Stage in which it failed.
    pub stage: String,
    /// Index of the member, from 0.
    pub member: usize,
    /// Station's code; empty where the member failed as a whole.
    pub station: String,
    /// Why.
    pub cause: String,
    /// What was done about it, such as `replaced by a draw from the others`.
    pub remedy: String,
}

/// How grave a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The result stands, with a reservation.
    Warning,
    /// Part of the result is missing.
    Failure,
}

/// Something that a reader must know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// How grave it is.
    pub severity: Severity,
    /// Stage, station or variable that it concerns.
    pub place: String,
    /// What happened, in a sentence.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn residual_is_what_the_books_do_not_explain() {
        let flow = |label: &str, amount| Flow { label: label.into(), amount };
        let mut closure = Closure {
            element: Element::Water,
            largest_relative_error: 1e-13,
            largest_at: String::new(),
            tolerance: 1e-10,
            initial_stock: 300.0,
            flows: vec![flow("precipitation", 900.0), flow("evapotranspiration", -500.0)],
            assimilation_increment: -3.0,
            final_stock: 697.5,
        };
        assert!((closure.residual() - 0.5).abs() < 1e-12);
        assert!(closure.is_closed());
        closure.largest_relative_error = f64::NAN;
        assert!(!closure.is_closed());
    }
}
