//! Windows of the calendar: days, eight days, months, years.

use serde::{Deserialize, Serialize};

use crate::observation::Window;

/// Days of the months; models of land run years of 365 days.
const MONTHS: [usize; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
/// Days of a composite of satellite images; they begin anew with every year, and the last one has five days.
const COMPOSITE: usize = 8;

/// How long an observation's mean is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Period {
    /// A single step.
    Step,
    /// Eight days from 1 January on, as of MODIS.
    EightDays,
    /// A calendar month.
    Month,
    /// A calendar year.
    Year,
}

/// The steps of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Axis {
    /// Days of years that have 365.
    Days {
        /// Day of the year of the first step, from 0.
        first: usize,
    },
    /// Months.
    Months {
        /// Calendar month of the first step, from 0.
        first: usize,
    },
}

impl Period {
    /// The whole windows among the first `steps` steps of a run, in order; none where a step is longer than the period.
    #[must_use]
    pub fn windows(self, axis: Axis, steps: usize) -> Vec<Window> {
        let lengths = match (self, axis) {
            (Period::Step, _) | (Period::Month, Axis::Months { .. }) => {
                return (0..steps).map(Window::step).collect();
            }
            (Period::EightDays, Axis::Months { .. }) => return Vec::new(),
            (Period::Year, Axis::Months { .. }) => vec![12],
            (Period::Year, Axis::Days { .. }) => vec![365],
            (Period::Month, Axis::Days { .. }) => MONTHS.to_vec(),
            (Period::EightDays, Axis::Days { .. }) => {
                (0..365).step_by(COMPOSITE).map(|day| COMPOSITE.min(365 - day)).collect()
            }
        };
        let (Axis::Days { first } | Axis::Months { first }) = axis;
        let (mut windows, mut start) = (Vec::new(), 0);
        for length in lengths.into_iter().cycle() {
            // Positions count from the beginning of the first year.
            let end = start + length;
            if end > first + steps {
                return windows;
            }
            if start >= first {
                windows.push(Window::new(start - first..end - first));
            }
            start = end;
        }
        windows
    }
}
