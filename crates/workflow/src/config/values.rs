//! The validated values that the stages use. Made by [`super::load`] only, so holding one means it was checked.
//!
//! Every section serialises to what enters a stage's key. Paths don't: a file enters the key by its checksum.

use std::collections::BTreeMap;
use std::path::PathBuf;

use reterra_fields::calendar::Month;
use reterra_io::scenario::Scenario;
use reterra_statistics::prior::Prior;
use serde::{Deserialize, Serialize};

use super::{ErrorModel, Variable};

/// One validated workflow.
#[derive(Clone, Debug, Serialize)]
pub struct Workflow {
    /// Short name, also the default output directory's: letters, digits, `-` and `_`.
    pub name: String,
    /// Title of report and product; the name where the file gives none.
    pub title: String,
    /// Seed of every random stream.
    pub seed: u64,
    /// Which stations.
    pub domain: Domain,
    /// What drives the model.
    pub forcing: Forcing,
    /// Months of the reanalysis.
    pub period: Period,
    /// How equilibrium is reached.
    pub spinup: Spinup,
    /// What is assimilated, and how far it is trusted.
    pub observations: Observations,
    /// Parameters calibrated by vegetation type, at least one, names unique.
    pub parameters: Vec<Parameter>,
    /// Parameters updated station by station in the assimilation, names unique.
    pub station_parameters: Vec<Parameter>,
    /// Ensemble inversion.
    pub calibrate: Calibrate,
    /// Filter and smoother.
    pub assimilate: Assimilate,
    /// What is validated beyond the withheld months.
    pub validation: Validation,
    /// What the product holds.
    pub product: Product,
    /// Directory that the file asks for; [`Workflow::output_directory`] adds the default.
    #[serde(skip)]
    pub output: Option<PathBuf>,
}

impl Workflow {
    /// The run directory: `[output] directory`, or `out/<name>`, relative to the current directory.
    #[must_use]
    pub fn output_directory(&self) -> PathBuf {
        self.output.clone().unwrap_or_else(|| PathBuf::from("out").join(&self.name))
    }
}

/// A file or directory of input: as written (the label in manifests) and where it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputPath {
    /// The text of the workflow file.
    pub written: String,
    /// The existing path it resolved to.
    pub path: PathBuf,
}

/// The stations of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Domain {
    /// Station table.
    #[serde(skip)]
    pub stations: InputPath,
    /// Only these ids, or all.
    pub include: Option<Vec<String>>,
    /// Never these ids.
    pub exclude: Vec<String>,
}

impl Domain {
    /// Whether the workflow wants this station.
    #[must_use]
    pub fn selects(&self, id: &str) -> bool {
        let included = self.include.as_ref().is_none_or(|ids| ids.iter().any(|i| i == id));
        included && !self.exclude.iter().any(|e| e == id)
    }
}

/// What drives the land model.
#[derive(Clone, Debug, Serialize)]
pub struct Forcing {
    /// Where it comes from.
    pub source: ForcingSource,
    /// Years of forcing that one spin-up cycle runs over.
    pub cycle_years: u32,
    /// Nitrogen deposition, gN m-2 s-1 (written per year), where the station table gives none.
    pub nitrogen_deposition: f64,
    /// What changes from year to year besides.
    #[serde(skip)]
    pub scenario: Option<ScenarioInput>,
}

/// A scenario, read, and where from.
#[derive(Clone, Debug, PartialEq)]
pub struct ScenarioInput {
    /// The table.
    pub file: InputPath,
    /// What it says.
    pub scenario: Scenario,
}

/// The two kinds of forcing.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForcingSource {
    /// Twelve mean months a station, in one CSV; weather years are synthetic.
    Normals {
        /// The table.
        #[serde(skip)]
        file: InputPath,
        /// Constant CO2 mole fraction, ppm.
        co2_ppm: f64,
    },
    /// A monthly series per station, `<station id>.csv` in one directory.
    Monthly {
        /// The directory.
        #[serde(skip)]
        directory: InputPath,
    },
}

/// First and last month, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Period {
    /// First month.
    pub start: Month,
    /// Last month, not before the first.
    pub end: Month,
}

impl Period {
    /// Number of months.
    #[must_use]
    pub fn months(&self) -> usize {
        usize::try_from(self.end.since(self.start) + 1).unwrap_or(0)
    }
}

/// How the soil and vegetation reach equilibrium.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpinupMethod {
    /// Semi-analytic matrix solution, iterated.
    Matrix,
    /// The model itself, cycle after cycle.
    BruteForce,
    /// CLM's accelerated decomposition, then the model itself until it rests.
    AcceleratedDecomposition,
    /// The model itself, cycles mixed by Anderson acceleration.
    Anderson,
    /// The matrix solution, its steps mixed by Anderson acceleration.
    MatrixAnderson,
}

/// Spin-up.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spinup {
    /// Method.
    pub method: SpinupMethod,
    /// Most forcing cycles that are run.
    pub max_cycles: u32,
    /// CLM's criterion: |change of total ecosystem carbon|, gC m-2 yr-1, over a whole cycle.
    pub drift_limit: f64,
    /// Most forcing cycles of a member's spin-up; it starts from the default parameters' equilibrium.
    pub member_cycles: u32,
}

/// Observations and their errors.
#[derive(Clone, Debug, Serialize)]
pub struct Observations {
    /// Assimilated variables, without repeats, in the order of [`Variable::ALL`].
    pub variables: Vec<Variable>,
    /// Variables that are predicted and diagnosed, never assimilated, in the same order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evaluate: Vec<Variable>,
    /// How many independent months the series of one variable at one station is worth: errors of the model's
    /// structure repeat from month to month and year to year, so longer series get larger error variances.
    pub effective_months: f64,
    /// An error model for every variable that is assimilated or evaluated.
    pub errors: BTreeMap<Variable, ErrorModel>,
}

/// What a parameter's value means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// The parameter itself.
    #[default]
    Value,
    /// A multiplier on the vegetation type's default.
    Scale,
    /// What is added to the vegetation type's default.
    Shift,
}

/// A parameter with its prior.
#[derive(Clone, Debug, Serialize)]
pub struct Parameter {
    /// CLM's name.
    pub name: String,
    /// Value or multiplier.
    pub mode: Mode,
    /// Prior of the value or multiplier, physical.
    pub prior: Prior,
}

/// Ensemble transform Kalman inversion.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Calibrate {
    /// Ensemble size.
    pub members: usize,
    /// Most iterations.
    pub max_iterations: usize,
    /// Factor, above 0 to 1, on the steps of the data-misfit controller: smaller is slower and follows a nonlinear
    /// model better.
    pub step_scale: f64,
}

/// Covariance inflation of the filter.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum InflationChoice {
    /// None.
    None,
    /// Estimated from the innovations.
    Adaptive,
    /// A constant factor on the anomalies, at least 1.
    Fixed(f64),
}

/// Filter and smoother in time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Assimilate {
    /// Ensemble size.
    pub members: usize,
    /// Share, 0 to 1, of the observations' information that the smoother uses; the filter takes the rest.
    pub smoother_share: f64,
    /// Spread of a station's parameters about its vegetation type's, in standard deviations of the prior.
    pub station_spread: f64,
    /// Months that an analysis reaches back.
    pub lag_months: usize,
    /// Inflation.
    pub inflation: InflationChoice,
}

/// Validation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Validation {
    /// Into how many folds the stations are dealt, each predicted with the parameters that the others teach; none for
    /// no such cross-validation. Ten are the folds of the boosted trees.
    pub folds: Option<usize>,
}

/// What the product holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Product {
    /// Whether every member is written beside mean and spread.
    pub members: bool,
}
