//! The learning rate by step: a linear rise, then half a cosine down (Loshchilov and Hutter 2017,
//! doi:10.48550/arXiv.1608.03983).

use std::f64::consts::PI;

use crate::error::NnError;

/// Warm-up and cosine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// Steps in all.
    pub steps: u64,
    /// Steps of the rise.
    pub warmup: u64,
    /// The highest rate.
    pub peak: f64,
    /// The rate at the end.
    pub floor: f64,
}

impl Schedule {
    /// Refuses what can't be followed.
    ///
    /// # Errors
    /// `Setting` without steps, with a rise longer than the whole, or with rates that aren't 0 ≤ floor ≤ peak.
    pub fn check(&self) -> Result<(), NnError> {
        let possible = self.steps > 0 && self.warmup <= self.steps && self.peak.is_finite();
        if possible && 0.0 <= self.floor && self.floor <= self.peak {
            return Ok(());
        }
        let wanted = "give one step or more, a warm-up within them and 0 ≤ floor ≤ peak";
        Err(NnError::Setting { what: "schedule", value: format!("{self:?}"), wanted })
    }

    /// The rate of a step, counted from 0.
    #[must_use]
    pub fn rate(&self, step: u64) -> f64 {
        if step < self.warmup {
            return self.peak * (step + 1) as f64 / self.warmup as f64;
        }
        let rest = (self.steps - self.warmup.min(self.steps)).max(1);
        let share = ((step - self.warmup) as f64 / rest as f64).min(1.0);
        self.floor + (self.peak - self.floor) * 0.5 * (1.0 + (PI * share).cos())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;

    const SCHEDULE: Schedule = Schedule { steps: 30, warmup: 10, peak: 2.0, floor: 0.5 };

    #[test]
    fn the_rate_rises_peaks_and_falls_to_its_floor() {
        let wanted = [(0, 0.2), (4, 1.0), (9, 2.0), (10, 2.0), (20, 1.25), (30, 0.5), (99, 0.5)];
        for (step, rate) in wanted {
            assert_abs_diff_eq!(SCHEDULE.rate(step), rate, epsilon = 1.0e-12);
        }
    }

    #[test]
    fn a_rise_longer_than_the_run_is_refused() {
        assert!(Schedule { warmup: 31, ..SCHEDULE }.check().is_err());
        assert!(SCHEDULE.check().is_ok());
    }
}
