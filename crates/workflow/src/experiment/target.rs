//! What an inversion aims at: the assimilated observations of stations as one vector with errors.

use reterra_assimilation::AssimilationError;
use reterra_assimilation::observation::{Observation, Window};
use reterra_assimilation::operators::{Quantity, Record, Support};

use super::case::StationCase;
use super::rotation::Rotation;
use crate::config::{Observations, Variable};

/// Observations of one station: a record for every variable, windows in months of the run.
#[derive(Clone, Debug)]
pub struct Target {
    /// The records. Vectors go record by record.
    pub records: Vec<Record>,
}

impl Target {
    /// The assimilated observations of a station.
    ///
    /// Errors of neighbouring months and years are correlated (the model's structure is the same in each);
    /// a long series therefore counts as `effective_months` independent values of each variable: its error
    /// variances grow by its length over that number.
    ///
    /// # Errors
    /// None for series of single months.
    pub fn of(case: &StationCase, observations: &Observations) -> Result<Self, AssimilationError> {
        Self::with(case, observations, &observations.variables)
    }

    /// The observations of a station that are predicted and never assimilated.
    ///
    /// # Errors
    /// As [`Target::of`].
    pub fn evaluated(case: &StationCase, observations: &Observations) -> Result<Self, AssimilationError> {
        Self::with(case, observations, &observations.evaluate)
    }

    fn with(
        case: &StationCase,
        observations: &Observations,
        variables: &[Variable],
    ) -> Result<Self, AssimilationError> {
        let mut records = Vec::new();
        for &variable in variables {
            let (Some(series), Some(model)) =
                (case.assimilated.get(&variable), observations.errors.get(&variable))
            else {
                continue;
            };
            let count = series.iter().flatten().count() as f64;
            let dilution = (count / observations.effective_months).max(1.0);
            let rotation = Rotation::of(case.class, series);
            let observed = series.iter().enumerate().filter_map(|(month, value)| {
                let value = (*value)?;
                let error = model.sd(value).powi(2);
                let variance = error * dilution + rotation.variance(month, error);
                Some(Observation { window: Window::step(month), value, variance })
            });
            records.push(Record::new(Quantity::Column(variable), Support::Cell, observed.collect())?);
        }
        Ok(Self { records })
    }

    /// Error variances of a variable's single observations by month: one by one they have no need to count for less.
    #[must_use]
    pub fn single_variances(
        case: &StationCase,
        observations: &Observations,
        variable: Variable,
    ) -> Vec<Option<f64>> {
        let (Some(series), Some(model)) =
            (case.assimilated.get(&variable), observations.errors.get(&variable))
        else {
            return Vec::new();
        };
        let rotation = Rotation::of(case.class, series);
        let single = |(month, value): (usize, &Option<f64>)| {
            let error = model.sd((*value)?).powi(2);
            Some(error + rotation.variance(month, error))
        };
        series.iter().enumerate().map(single).collect()
    }

    /// The values, in the code's units.
    #[must_use]
    pub fn values(&self) -> Vec<f64> {
        self.each().map(|(_, observation)| observation.value).collect()
    }

    /// Error variances.
    #[must_use]
    pub fn variances(&self) -> Vec<f64> {
        self.each().map(|(_, observation)| observation.variance).collect()
    }

    /// The model's counterpart of every value, from what `value` gives for a variable and a month; none where it lacks one.
    pub fn predict(&self, value: impl Fn(Variable, usize) -> Option<f64>) -> Option<Vec<f64>> {
        let predicted = |(record, observation): (&Record, &Observation)| {
            let variable = record.quantity.variable()?;
            observation.window.mean_of(|month| value(variable, month))
        };
        self.each().map(predicted).collect()
    }

    fn each(&self) -> impl Iterator<Item = (&Record, &Observation)> {
        self.records.iter().flat_map(|record| record.observations().iter().map(move |o| (record, o)))
    }
}
