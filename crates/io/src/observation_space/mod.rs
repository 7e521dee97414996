//! What an assimilation did in observation space, one row for every observation that it met: CF-1.11 discrete sampling
//! geometry `point` in NetCDF-4.
//!
//! Rows are of several kinds, and kinds have units of their own, which CF can't say of one variable: `observation` and
//! what belongs to it carry no units, and `kind_units` names those of a row's kind. Everything else is CF.

mod read;
#[cfg(test)]
mod tests;
mod write;

use ndarray::{Array2, ArrayView1};
use reterra_fields::Calendar;

pub use read::read_observation_space;
pub use write::write_observation_space;

/// The dimension of observations.
pub(crate) const ROW: &str = "obs";
/// The dimension of kinds.
pub(crate) const KIND: &str = "kind";

/// Observations with an ensemble's predictions of them before and after.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservationSpace {
    /// The calendar that times are counted in.
    pub calendar: Calendar,
    /// Kinds of observations; [`Row::kind`] counts along them.
    pub kinds: Vec<ObservedKind>,
    /// Codes of quality control with their meanings, one word each.
    pub flags: Vec<(i8, String)>,
    /// One entry an observation, m.
    pub rows: Vec<Row>,
    /// Predictions before the analysis, m × N, in the units of each row's kind; stored in 32 bits.
    pub prior: Array2<f64>,
    /// Predictions after it, likewise.
    pub posterior: Array2<f64>,
}

/// A kind of observation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedKind {
    /// Its name, one word.
    pub name: String,
    /// Its units, as UDUNITS reads them.
    pub units: String,
    /// What it is.
    pub long_name: String,
}

/// One observation.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Number of its kind, from 0.
    pub kind: usize,
    /// Id of its station.
    pub station: String,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// Metres above sea level, where known.
    pub elevation: Option<f64>,
    /// Start and end of the time that it stands for, days since 1970-01-01.
    pub time: [f64; 2],
    /// Its value, in the kind's units.
    pub value: f64,
    /// Standard deviation of its error as it came.
    pub error: f64,
    /// Standard deviation of its error as the analysis used it.
    pub error_used: f64,
    /// Code of what quality control said.
    pub flag: i8,
    /// Whether it is of those that are predicted and never assimilated.
    pub evaluate_only: bool,
}

/// Mean and standard deviation (N - 1) of the members that are finite; NaN where there are too few.
pub(crate) fn moments(members: &ArrayView1<'_, f64>) -> [f64; 2] {
    let there = || members.iter().filter(|x| x.is_finite());
    let n = there().count() as f64;
    let mean = there().sum::<f64>() / n;
    let squares: f64 = there().map(|x| (x - mean).powi(2)).sum();
    [mean, if n < 2.0 { f64::NAN } else { (squares / (n - 1.0)).sqrt() }]
}
