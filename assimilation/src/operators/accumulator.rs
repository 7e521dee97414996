//! Running means of what observations see.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::quantity::{Quantity, Shown, Support};
use crate::AssimilationError;
use crate::observation::{Observation, Window};

/// Observations of one quantity and support in one column, in the order of their windows, which don't overlap.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// What is observed.
    pub quantity: Quantity,
    /// Of what area.
    pub support: Support,
    observations: Vec<Observation>,
}

/// What a member predicts for an observation whose window has ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Due<'a> {
    /// Number of the record.
    pub record: usize,
    /// The observation.
    pub observation: &'a Observation,
    /// Its prediction: the mean over the window's observed steps.
    pub predicted: f64,
}

/// Sums of one member of one column over the windows that are open. A checkpoint holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Accumulator {
    /// Steps taken.
    step: usize,
    sums: Vec<Sum>,
}

/// Over the open window of a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Sum {
    /// The record's next observation.
    next: usize,
    total: f64,
    count: usize,
}

/// What all members predict for the observations whose windows have ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Predicted<'a> {
    /// Predictions, members × observations.
    pub he: Array2<f64>,
    /// Number of every observation's record.
    pub records: Vec<usize>,
    /// The observations.
    pub observations: Vec<&'a Observation>,
}

impl Predicted<'_> {
    /// Their values.
    #[must_use]
    pub fn values(&self) -> Vec<f64> {
        self.observations.iter().map(|observation| observation.value).collect()
    }

    /// Their error variances.
    #[must_use]
    pub fn variances(&self) -> Vec<f64> {
        self.observations.iter().map(|observation| observation.variance).collect()
    }
}

impl Record {
    /// A record.
    ///
    /// # Errors
    /// `Window` where a window is empty or begins before the last one has ended.
    pub fn new(
        quantity: Quantity,
        support: Support,
        observations: Vec<Observation>,
    ) -> Result<Self, AssimilationError> {
        let mut free = 0;
        for (index, Observation { window, .. }) in observations.iter().enumerate() {
            if window.start() < free || window.is_empty() {
                let (start, end) = (window.start(), window.end());
                return Err(AssimilationError::Window { index, start, end, free });
            }
            free = window.end();
        }
        Ok(Self { quantity, support, observations })
    }

    /// The observations.
    #[must_use]
    pub fn observations(&self) -> &[Observation] {
        &self.observations
    }

    fn window(&self, number: usize) -> Option<&Window> {
        self.observations.get(number).map(|observation| &observation.window)
    }
}

impl Accumulator {
    /// At the start of a run with this many records.
    #[must_use]
    pub fn new(records: usize) -> Self {
        Self { step: 0, sums: vec![Sum::default(); records] }
    }

    /// Steps taken so far.
    #[must_use]
    pub fn step(&self) -> usize {
        self.step
    }

    /// The sums over open windows, one a record, nought where none is open. As rows of the state that an analysis updates,
    /// they let the past of a window follow what its members have learnt since (Sakov et al. 2010,
    /// doi:10.1111/j.1600-0870.2009.00417.x).
    pub fn sums(&self) -> impl Iterator<Item = f64> {
        self.sums.iter().map(|sum| sum.total)
    }

    /// Takes updated sums, in the order of [`Self::sums`]; those of windows that are not open stay nought.
    pub fn update(&mut self, sums: impl IntoIterator<Item = f64>) {
        for (sum, updated) in self.sums.iter_mut().zip(sums).filter(|(sum, _)| sum.count > 0) {
            sum.total = updated;
        }
    }

    /// As [`Self::take`], for members that run together: one accumulator and one column each.
    ///
    /// # Errors
    /// Those of [`Self::take`], and `Shape` where members are not at the same step.
    pub fn take_all<'a, S: Shown>(
        members: &mut [Self],
        records: &'a [Record],
        columns: impl IntoIterator<Item = S>,
    ) -> Result<Predicted<'a>, AssimilationError> {
        let mut due = Vec::with_capacity(members.len());
        for (member, column) in members.iter_mut().zip(columns) {
            due.push(member.take(records, &column)?);
        }
        let first = due.first().map_or(&[][..], Vec::as_slice);
        let expected = first.len();
        if let Some(other) = due.iter().find(|other| other.len() != expected) {
            let what = "observations that are due for a member";
            return Err(AssimilationError::Shape { what, expected, got: other.len() });
        }
        Ok(Predicted {
            he: Array2::from_shape_fn((due.len(), expected), |(member, k)| due[member][k].predicted),
            records: first.iter().map(|due| due.record).collect(),
            observations: first.iter().map(|due| due.observation).collect(),
        })
    }

    /// Takes the values of a step, and gives the predictions of the windows that end with it, by record. `records` are the
    /// same at every step. What no window is open for is not asked of the model.
    ///
    /// # Errors
    /// `Shape` for another number of records, and those of [`Quantity::observe`]; the accumulator is then of no use.
    pub fn take<'a>(
        &mut self,
        records: &'a [Record],
        column: &dyn Shown,
    ) -> Result<Vec<Due<'a>>, AssimilationError> {
        if records.len() != self.sums.len() {
            let (expected, got) = (self.sums.len(), records.len());
            return Err(AssimilationError::Shape { what: "records of an accumulator", expected, got });
        }
        let mut due = Vec::new();
        for (number, (record, sum)) in records.iter().zip(&mut self.sums).enumerate() {
            let Some(window) = record.window(sum.next) else { continue };
            if window.holds(self.step) {
                sum.total += record.quantity.observe(column, record.support)?;
                sum.count += 1;
            }
            if window.end() == self.step + 1 {
                let predicted = sum.total / sum.count as f64;
                due.push(Due { record: number, observation: &record.observations[sum.next], predicted });
                *sum = Sum { next: sum.next + 1, ..Sum::default() };
            }
        }
        self.step += 1;
        Ok(due)
    }
}
