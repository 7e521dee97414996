//! 4DEnVar for the mean, with anomalies from an ensemble filter around it.

use ndarray::Array2;

use super::ensemble::Treatment;
use crate::AssimilationError;
use crate::analysis::{Departures, TransformFilter};
use crate::filters::Etkf;
use crate::linear_algebra::require_finite;
use crate::transform::apply;
use crate::twin::{Cycles, Method};
use crate::variational::{FourDEnVar, LocalisationRoots};

/// 4DEnVar over windows of several cycles: the state at the window's end is analysed by all observations in it, each
/// at its own time; anomalies are those of the ETKF.
#[derive(Clone, Debug)]
pub struct EnsembleVariational {
    /// The minimisation.
    pub analysis: FourDEnVar,
    /// Members.
    pub members: usize,
    /// Cycles of a window, one or more.
    pub window: usize,
    /// Inflation and rotation.
    pub treatment: Treatment,
}

impl Method for EnsembleVariational {
    fn run(&self, cycles: &mut Cycles<'_>) -> Result<(), AssimilationError> {
        let experiment = cycles.experiment;
        let mut e = experiment.ensemble(cycles.seed, self.members);
        let width = experiment.observed.len();
        let window = self.window.max(1);
        let mut cycle = 0;
        while cycle < experiment.cycles {
            let end = (cycle + window).min(experiment.cycles);
            let mut he = Array2::zeros((self.members, (end - cycle) * width));
            let mut y = Vec::new();
            for k in cycle..end {
                experiment.model.advance(e.view_mut(), experiment.every);
                require_finite(e.view(), "ensemble")?;
                let columns = (k - cycle) * width..(k - cycle + 1) * width;
                he.slice_mut(ndarray::s![.., columns]).assign(&experiment.observe(e.view()));
                y.extend_from_slice(cycles.observation(k));
                // Times before the end have their forecast for an estimate.
                cycles.tell_ensemble(k, e.view());
            }
            let r = vec![experiment.error_variance; y.len()];
            let seen = crate::analysis::Observed { he: he.view(), y: &y, r: &r, key: cycles.key(end - 1) };
            self.analyse(&mut e, &seen, cycles, end - 1)?;
            cycles.tell_ensemble(end - 1, e.view());
            cycle = end;
        }
        Ok(())
    }
}

impl EnsembleVariational {
    fn analyse(
        &self,
        e: &mut Array2<f64>,
        seen: &crate::analysis::Observed<'_>,
        cycles: &Cycles<'_>,
        cycle: usize,
    ) -> Result<(), AssimilationError> {
        let roots = LocalisationRoots::global(e.ncols(), seen.y.len());
        let increment = self.analysis.increment(e.view(), seen, &roots)?;
        let found = Etkf.transform(&Departures::new(seen)?)?;
        let prior = e.clone();
        apply(&(found.w * 0.0), &found.t, 1.0, e.view_mut());
        *e += &increment;
        self.treatment.apply(&prior, e.view_mut(), cycles, cycle)
    }
}
