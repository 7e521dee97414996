//! What a run of cycles is asked for.

use std::path::PathBuf;

use reterra_assimilation::AssimilationError;
use reterra_assimilation::inflation::varying::VaryingOptions;
use reterra_assimilation::letkf::Letkf;
use reterra_assimilation::quality::Control;
use serde::{Deserialize, Serialize};

/// How to cycle.
#[derive(Clone, Debug)]
pub struct Options {
    /// Members N.
    pub members: usize,
    /// Months to run.
    pub months: usize,
    /// Seed of the donors.
    pub seed: u64,
    /// Groups of ranks that members run on: they divide the number of ranks.
    pub groups: usize,
    /// The local filter; its metric is that of longitudes and latitudes.
    pub filter: Letkf,
    /// Inflation of the forecast by factors that are learnt, for every row of every column; it comes on top of what the
    /// filter itself does to the spread. None leaves every bit as the filter alone has it.
    pub inflation: Option<VaryingOptions>,
    /// Quality control of the observations before they are assimilated, in every pass of the smoother and in the filter,
    /// whose flags are told; places are those of columns, times are in months from the start of the run. None takes all.
    pub control: Option<Control>,
    /// Kinds of observations.
    pub kinds: Vec<Kind>,
    /// Who shares parameters.
    pub sharing: Sharing,
    /// What comes before the filter.
    pub smoother: Option<Smoother>,
    /// Where checkpoints go, and how often.
    pub checkpoints: Option<Checkpoints>,
}

/// What an observation is the mean of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kind {
    /// Number of the model's variable.
    pub variable: usize,
    /// Months of the window, 1 or more. Windows follow each other from the first month of the run, and are assimilated at
    /// their end.
    pub months: usize,
}

/// Whose parameters observations move.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sharing {
    /// Every column has its own, which are rows of its state: a map.
    #[default]
    Columns,
    /// Columns of a vegetation type have one vector, moved by all observations of that type.
    Types,
}

/// A smoother over the whole run that finds parameters before the filter follows states in time, by repeated
/// [regression](reterra_assimilation::regression) of what members predict, every pass from new spin-ups.
///
/// A filter alone moves states that a spin-up has made away from what its parameters sustain, further with each analysis of
/// a nonlinear model; passes of a smoother keep both together. The information of an observation is used once: every pass
/// begins from the prior and takes error variances over `share`, the filter those over `1 - share`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Smoother {
    /// Runs of the whole ensemble.
    pub passes: usize,
    /// Share of the observations' information that they take, above 0 and below 1.
    pub share: f64,
}

/// Where checkpoints go, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoints {
    /// A directory that every rank sees.
    pub directory: PathBuf,
    /// Months between them; the last month has one in any case.
    pub every: usize,
    /// What the model was made from, in words or as a checksum: another one doesn't resume.
    pub model: String,
}

/// An observation: a mean over its window, in one column.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observed {
    /// Number of the column.
    pub column: usize,
    /// Number of its kind.
    pub kind: usize,
    /// Last month of its window, 0-based.
    pub month: usize,
    /// Value, in the variable's unit.
    pub value: f64,
    /// Variance of its error.
    pub variance: f64,
}

impl Kind {
    /// Whether a window ends with this month.
    #[must_use]
    pub fn ends(&self, month: usize) -> bool {
        (month + 1).is_multiple_of(self.months)
    }
}

impl Smoother {
    /// Refuses what can't be.
    pub(super) fn check(self) -> Result<(), AssimilationError> {
        if self.passes == 0 {
            let (option, value) = ("passes of the smoother", 0.0);
            return Err(AssimilationError::Option { option, value, range: "1 and more" });
        }
        if self.share > 0.0 && self.share < 1.0 {
            return Ok(());
        }
        let option = "share of the smoother";
        Err(AssimilationError::Option { option, value: self.share, range: "(0, 1)" })
    }

    /// Factors on error variances: of the passes, and of the filter.
    pub(super) fn factors(self) -> [f64; 2] {
        [1.0 / self.share, 1.0 / (1.0 - self.share)]
    }
}
