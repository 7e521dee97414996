//! The ensemble Kalman smoother, whose estimate of a cycle is told when it leaves the window.

use super::ensemble::{Rotation, Treatment};
use crate::AssimilationError;
use crate::analysis::TransformFilter;
use crate::smoothers::Enks;
use crate::twin::{Cycles, Method};

/// The lagged smoother in its cycle.
pub struct LaggedSmoother {
    /// The analysis.
    pub filter: Box<dyn TransformFilter + Send>,
    /// Members.
    pub members: usize,
    /// Cycles that an observation reaches back.
    pub lag: usize,
    /// Inflation and rotation of the newest state.
    pub treatment: Treatment,
}

impl Method for LaggedSmoother {
    fn run(&self, cycles: &mut Cycles<'_>) -> Result<(), AssimilationError> {
        let experiment = cycles.experiment;
        let mut e = experiment.ensemble(cycles.seed, self.members);
        let mut smoother = Enks::new(self.filter.as_ref(), self.lag);
        for cycle in 0..experiment.cycles {
            experiment.model.advance(e.view_mut(), experiment.every);
            let prior = e.clone();
            let he = experiment.observe(prior.view());
            let left = smoother.analyse(cycle, e.view_mut(), &cycles.observed(cycle, he.view()))?;
            if let Some((done, states)) = left {
                cycles.tell_ensemble(done, states.view());
            }
            self.treatment.apply(&prior, e.view_mut(), cycles, cycle)?;
            if self.treatment.rotation == Rotation::Random {
                smoother.rotate(cycles.key(cycle));
            }
        }
        smoother.finish().for_each(|(cycle, states)| cycles.tell_ensemble(cycle, states.view()));
        Ok(())
    }
}
