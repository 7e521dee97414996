//! The checks in their order.

use serde::{Deserialize, Serialize};

use super::sample::{Outcome, Sample, Sifting};
use super::{Background, Buddy, Domain, Duplicates, EvaluateOnly, Huber, Range};
use crate::AssimilationError;
use crate::localisation::Metric;

/// One check. Each looks only at what those before it have left to be assimilated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// Distance from the columns of the model.
    Domain(Domain),
    /// Physical range of one kind.
    Range(Range),
    /// Same place, kind and time.
    Duplicates(Duplicates),
    /// Distance from the prior.
    Background(Background),
    /// Agreement with neighbours.
    Buddy(Buddy),
    /// Inflated errors of outliers.
    Huber(Huber),
    /// Kinds that are not assimilated.
    EvaluateOnly(EvaluateOnly),
}

/// Quality control: the metric of places, and checks in their order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub struct Control {
    metric: Metric,
    checks: Vec<Check>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    metric: Metric,
    checks: Vec<Check>,
}

impl TryFrom<Written> for Control {
    type Error = AssimilationError;
    fn try_from(written: Written) -> Result<Self, AssimilationError> {
        Self::new(written.metric, written.checks)
    }
}

impl Control {
    /// Checks in the order in which they run; none is quality control that only drops what has no value or prediction.
    ///
    /// # Errors
    /// `Option` where a limit is outside of its range.
    pub fn new(metric: Metric, checks: Vec<Check>) -> Result<Self, AssimilationError> {
        metric.check()?;
        checks.iter().try_for_each(Check::validate)?;
        Ok(Self { metric, checks })
    }

    /// The checks.
    #[must_use]
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// Runs the checks. That none is left to be assimilated is an outcome, not an error.
    ///
    /// # Errors
    /// `Shape`, `NotPositive` for an error variance, `NotFinite` for a place, `TooFewMembers` below two, and what linear
    /// algebra says of the buddy check's covariances.
    pub fn run(&self, sample: &Sample<'_>) -> Result<Outcome, AssimilationError> {
        let mut sifting = Sifting::new(sample)?;
        for check in &self.checks {
            check.apply(self.metric, &mut sifting)?;
        }
        Ok(sifting.outcome)
    }
}

impl Check {
    fn validate(&self) -> Result<(), AssimilationError> {
        match self {
            Self::Domain(domain) => domain.validate(),
            Self::Range(range) => range.validate(),
            Self::Background(background) => background.validate(),
            Self::Buddy(buddy) => buddy.validate(),
            Self::Huber(huber) => huber.validate(),
            Self::Duplicates(_) | Self::EvaluateOnly(_) => Ok(()),
        }
    }

    fn apply(&self, metric: Metric, sifting: &mut Sifting<'_>) -> Result<(), AssimilationError> {
        match self {
            Self::Domain(domain) => domain.apply(metric, sifting),
            Self::Range(range) => range.apply(sifting),
            Self::Duplicates(duplicates) => duplicates.apply(sifting),
            Self::Background(background) => background.apply(sifting),
            Self::Buddy(buddy) => return buddy.apply(metric, sifting),
            Self::Huber(huber) => huber.apply(sifting),
            Self::EvaluateOnly(evaluate) => evaluate.apply(sifting),
        }
        Ok(())
    }
}
