//! What an inversion aims at: the assimilated observations of stations as one vector with errors.

use reterra_land::column::MonthlyOutput;

use super::case::StationCase;
use super::member::observe;
use super::rotation::Rotation;
use crate::config::{Observations, Variable};

/// One observation's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which variable.
    pub variable: Variable,
    /// Which month of the run.
    pub month: usize,
}

/// Observations of one station, flattened.
#[derive(Clone, Debug)]
pub struct Target {
    /// Where each value belongs.
    pub places: Vec<Place>,
    /// Values, code units.
    pub values: Vec<f64>,
    /// Error variances.
    pub variances: Vec<f64>,
}

impl Target {
    /// The assimilated observations of a station.
    ///
    /// Errors of neighbouring months and years are correlated (the model's structure is the same in each);
    /// a long series therefore counts as `effective_months` independent values of each variable: its error
    /// variances grow by its length over that number.
    #[must_use]
    pub fn of(case: &StationCase, observations: &Observations) -> Self {
        let mut target = Self { places: Vec::new(), values: Vec::new(), variances: Vec::new() };
        for &variable in &observations.variables {
            let (Some(series), Some(model)) =
                (case.assimilated.get(&variable), observations.errors.get(&variable))
            else {
                continue;
            };
            let count = series.iter().flatten().count() as f64;
            let dilution = (count / observations.effective_months).max(1.0);
            let rotation = Rotation::of(case.class, series);
            for (month, value) in series.iter().enumerate() {
                if let Some(value) = *value {
                    target.places.push(Place { variable, month });
                    target.values.push(value);
                    let error = model.sd(value).powi(2);
                    target.variances.push(error * dilution + rotation.variance(month, error));
                }
            }
        }
        target
    }

    /// The model's counterpart of every value.
    #[must_use]
    pub fn predict(&self, outputs: &[MonthlyOutput]) -> Vec<f64> {
        self.places.iter().map(|p| observe(p.variable, &outputs[p.month])).collect()
    }
}
