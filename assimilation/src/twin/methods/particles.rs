//! The particle filter, whose weights live from cycle to cycle.

use crate::AssimilationError;
use crate::filters::ParticleFilter;
use crate::twin::{Cycles, Method};

/// A particle filter in its cycle; estimates are weighted means before resampling.
#[derive(Clone, Copy, Debug)]
pub struct Particles {
    /// The filter.
    pub filter: ParticleFilter,
    /// Particles.
    pub members: usize,
}

impl Method for Particles {
    fn run(&self, cycles: &mut Cycles<'_>) -> Result<(), AssimilationError> {
        let experiment = cycles.experiment;
        let mut e = experiment.ensemble(cycles.seed, self.members);
        let mut weights = vec![1.0 / self.members as f64; self.members];
        for cycle in 0..experiment.cycles {
            experiment.model.advance(e.view_mut(), experiment.every);
            let he = experiment.observe(e.view());
            self.filter.weigh(&mut weights, &cycles.observed(cycle, he.view()))?;
            cycles.tell_weighted(cycle, e.view(), &weights);
            self.filter.resample(e.view_mut(), &mut weights, cycles.key(cycle))?;
        }
        Ok(())
    }
}
