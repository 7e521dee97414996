//! How far training is, and how long the rest takes.

use std::time::Duration;

/// After a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Steps done, those of earlier runs included.
    pub step: u64,
    /// Steps in all.
    pub steps: u64,
    /// Mean loss of the step's parts.
    pub loss: f64,
    /// Norm of the gradients, before clipping.
    pub gradient: f64,
    /// Learning rate of the step.
    pub rate: f64,
    /// The validation score, where this step had one.
    pub score: Option<f64>,
    /// Since this run began.
    pub elapsed: Duration,
    /// Until the last step, at the pace of this run.
    pub left: Duration,
}

/// What `done` steps that took `elapsed` say of the time of `rest` steps; zero where none are done.
#[must_use]
pub(super) fn left(done: u64, rest: u64, elapsed: Duration) -> Duration {
    if done == 0 {
        return Duration::ZERO;
    }
    Duration::try_from_secs_f64(elapsed.as_secs_f64() / done as f64 * rest as f64).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_takes_as_long_a_step_as_what_is_done() {
        assert_eq!(left(4, 6, Duration::from_secs(2)), Duration::from_secs(3));
        assert_eq!(left(0, 6, Duration::from_secs(2)), Duration::ZERO);
        assert_eq!(left(1, u64::MAX, Duration::from_secs(9)), Duration::MAX);
    }
}
