//! What a report is made of: plain data that a finished run fills in, in the code's units.
//!
//! Every amount is SI, with gC m⁻² and gN m⁻² for pools, gC m⁻² s⁻¹ for carbon fluxes and kg m⁻² s⁻¹ for water
//! fluxes; the report turns them into readers' units itself. A missing value is `None`; a number that is not
//! finite is treated as missing too. Every list may be empty and every option `None`: the report then says what
//! it does not have.

mod agreement;
mod diagnostics;
mod provenance;
mod station;
mod variable;
mod vegetation;

pub use agreement::{Agreement, Fate, Measured, Ranks};
pub use diagnostics::{
    Closure, Drift, Element, FailedMember, Flow, Inflation, Inversion, InversionIteration, Notice, Parameter,
    Quantiles, Severity, SpinUp, StationSpinUp,
};
pub use provenance::{InputFile, Provenance};
pub use station::{Monthly, Pools, Seasonal, Series, Station};
pub use variable::Variable;
pub use vegetation::Vegetation;

use serde::{Deserialize, Serialize};

/// Everything the report shows. `ReportInput::default()` is a valid, empty report.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ReportInput {
    /// Heading, in plain words.
    pub title: String,
    /// What area or set of stations the run covers, in plain words.
    pub domain: String,
    /// First and last month of the reanalysis.
    pub period: Period,
    /// Members of the assimilation's ensemble (0: no assimilation ran).
    pub members: usize,
    /// Stations in the order in which they are shown.
    pub stations: Vec<Station>,
    /// Scores pooled over stations and months, one entry per variable and run.
    pub skill: Vec<Skill>,
    /// The observations that all scores are made with.
    #[serde(default)]
    pub basis: Basis,
    /// What the project asks of these scores.
    pub goals: Vec<Goal>,
    /// Calibrated parameters, prior and posterior, one entry per name and group.
    pub parameters: Vec<Parameter>,
    /// The spin-up's result; `None` where it did not run.
    pub spinup: Option<SpinUp>,
    /// Balances of carbon, nitrogen and water.
    pub closure: Vec<Closure>,
    /// Ensemble Kalman inversions, one per group calibrated on its own.
    pub inversions: Vec<Inversion>,
    /// Adaptive inflation over the assimilated period.
    pub inflation: Option<Inflation>,
    /// How observations and the filter's ensemble agree, one entry a variable.
    #[serde(default)]
    pub agreement: Vec<Agreement>,
    /// What a reader of it must know; may be empty.
    #[serde(default)]
    pub agreement_note: String,
    /// Ensemble members that failed, and what became of them.
    pub failed_members: Vec<FailedMember>,
    /// Warnings and failures that a reader must know.
    pub notices: Vec<Notice>,
    /// Where the result comes from.
    pub provenance: Provenance,
}

/// A calendar month.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Month {
    /// Calendar year.
    pub year: i32,
    /// Month of the year, 1–12.
    pub month: u32,
}

/// An inclusive range of months.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// First month.
    pub first: Month,
    /// Last month.
    pub last: Month,
}

impl Period {
    /// Number of months, both ends counted; 0 for a period that ends before it starts.
    #[must_use]
    pub fn months(&self) -> usize {
        let index = |m: Month| i64::from(m.year) * 12 + i64::from(m.month);
        usize::try_from(index(self.last) - index(self.first) + 1).unwrap_or(0)
    }
}

/// Which estimate a score belongs to, in the order of the skill table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Run {
    /// The land model with prior parameters.
    Prior,
    /// The land model with parameters calibrated by vegetation type.
    Calibrated,
    /// The land model with parameters calibrated by vegetation type, without the station that they predict.
    CalibratedLeaveOut,
    /// Calibrated, with station states and parameters assimilated.
    Assimilated,
    /// Baseline: the station's own monthly climatology of its train months.
    Climatology,
    /// Baseline: boosted trees on the drivers.
    BoostedTrees,
    /// Baseline: boosted trees on the drivers, trained without the station that they predict.
    BoostedTreesLeaveOut,
}

impl Run {
    /// All runs, in the order of the skill table.
    pub const ALL: [Self; 7] = [
        Self::Prior,
        Self::Calibrated,
        Self::CalibratedLeaveOut,
        Self::Assimilated,
        Self::Climatology,
        Self::BoostedTrees,
        Self::BoostedTreesLeaveOut,
    ];

    /// The row's heading.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Prior => "Prior",
            Self::Calibrated => "Calibrated",
            Self::CalibratedLeaveOut => "Calibrated, station left out",
            Self::Assimilated => "Calibrated + assimilated",
            Self::Climatology => "Station climatology",
            Self::BoostedTrees => "Boosted trees",
            Self::BoostedTreesLeaveOut => "Boosted trees, station left out",
        }
    }

    /// Whether this is a baseline rather than the reanalysis itself.
    #[must_use]
    pub fn is_baseline(self) -> bool {
        matches!(self, Self::Climatology | Self::BoostedTrees | Self::BoostedTreesLeaveOut)
    }
}

/// The observations that scores are made with, which decides what a score means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// Observations that nothing was fitted to: scores tell how well the run predicts.
    #[default]
    Withheld,
    /// The observations that were assimilated: scores tell how well it fits, no more.
    Assimilated,
}

impl Basis {
    /// The months scored, in two words.
    pub(crate) fn months(self) -> &'static str {
        match self {
            Self::Withheld => "withheld months",
            Self::Assimilated => "assimilated months",
        }
    }

    /// What a share of variance explained refers to, after `It explains 80 % of the variance of GPP `.
    pub(crate) fn clause(self) -> &'static str {
        match self {
            Self::Withheld => "in months withheld from it",
            Self::Assimilated => "in the months that it assimilated, a fit and no validation",
        }
    }

    /// What the scores are, in a sentence.
    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Self::Withheld => {
                "Scores against months that neither calibration nor assimilation saw, pooled over stations."
            }
            Self::Assimilated => {
                "No observations are withheld: these are scores against the months that were assimilated, pooled over \
                 stations. They show how well the run fits, not how well it predicts."
            }
        }
    }
}

/// Scores of one run against observations of one variable.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Skill {
    /// The variable scored.
    pub variable: Variable,
    /// The run scored.
    pub run: Run,
    /// Coefficient of determination, 1 − SSE/SST.
    pub r2: Option<f64>,
    /// Root mean square error, in the variable's code units (see [`Variable`]).
    pub rmse: Option<f64>,
    /// Mean of modelled − observed, in the variable's code units.
    pub bias: Option<f64>,
    /// Number of station months scored.
    pub n: usize,
    /// Share of observations inside the 90 % band, 0–1; `None` for a run without uncertainty.
    pub coverage: Option<f64>,
}

/// The least R² that is asked of a run for a variable.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Goal {
    /// The variable.
    pub variable: Variable,
    /// The run.
    pub run: Run,
    /// Least coefficient of determination.
    pub r2: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn period_counts_both_ends_and_never_wraps() {
        let month = |year, month| Month { year, month };
        assert_eq!(Period { first: month(2001, 1), last: month(2016, 12) }.months(), 192);
        assert_eq!(Period { first: month(2016, 12), last: month(2001, 1) }.months(), 0);
    }

    #[test]
    fn an_empty_input_survives_json() {
        let input = ReportInput::default();
        let text = serde_json::to_string(&input).unwrap();
        assert_eq!(serde_json::from_str::<ReportInput>(&text).unwrap(), input);
    }
}
