//! Smoothers over a window that slides by one cycle, each observation taken once, at the window's end.

use ndarray::{Array1, Array2, ArrayView2};

use super::ensemble::Treatment;
use crate::AssimilationError;
use crate::filters::Etkf;
use crate::smoothers::{Ienks, Mda};
use crate::transform::column_means;
use crate::twin::{Cycles, Experiment, Method};

/// How a window is iterated.
#[derive(Clone, Debug)]
pub enum Iteration {
    /// Gauss-Newton.
    GaussNewton(Ienks),
    /// Multiple data assimilation with the ETKF.
    Mda(Mda<Etkf>),
}

/// An iterative smoother; its estimate of a cycle is that of the window's end, which is the filter's.
#[derive(Clone, Debug)]
pub struct IterativeSmoother {
    /// The iteration.
    pub iteration: Iteration,
    /// Members.
    pub members: usize,
    /// Length of the window, cycles; 0 is a filter without another run of the model.
    pub lag: usize,
    /// Inflation and rotation after each update.
    pub treatment: Treatment,
}

/// The runs of a window: keeps the first and the last ensemble at its end.
struct Runs<'a> {
    experiment: &'a Experiment,
    steps: usize,
    first: Option<Array2<f64>>,
    last: Array2<f64>,
}

impl Runs<'_> {
    fn predict(&mut self, start: ArrayView2<'_, f64>) -> Array2<f64> {
        self.last = start.to_owned();
        self.experiment.model.advance(self.last.view_mut(), self.steps);
        if self.first.is_none() {
            self.first = Some(self.last.clone());
        }
        self.experiment.observe(self.last.view())
    }

    /// The last run's mean, moved by weights of an ensemble's anomalies.
    fn moved(&self, weights: &Array1<f64>, ensemble: &Array2<f64>) -> Array1<f64> {
        let anomalies = ensemble - &column_means(ensemble.view());
        column_means(self.last.view()) + weights.dot(&anomalies)
    }
}

impl IterativeSmoother {
    /// Updates the ensemble at the window's start; returns the estimate at its end.
    fn update(
        &self,
        e: &mut Array2<f64>,
        steps: usize,
        cycles: &Cycles<'_>,
        cycle: usize,
    ) -> Result<Array1<f64>, AssimilationError> {
        let experiment = cycles.experiment;
        let mut runs = Runs { experiment, steps, first: None, last: Array2::zeros((0, 0)) };
        let variances = experiment.error_variances();
        let seen = (cycles.observation(cycle), &variances[..]);
        let mut window = |start: ArrayView2<'_, f64>| Ok(runs.predict(start));
        let key = cycles.key(cycle);
        match &self.iteration {
            Iteration::GaussNewton(smoother) => {
                let found = smoother.smooth(e, seen, key, &mut window)?;
                crate::transform::apply(&found.transform.w, &found.transform.t, 1.0, e.view_mut());
                let first = runs.first.as_ref().unwrap_or(&runs.last);
                Ok(runs.moved(&found.last_step, first))
            }
            Iteration::Mda(mda) => {
                let last = mda.update(e, seen, key, &mut window)?;
                Ok(last.map_or_else(|| column_means(e.view()), |found| runs.moved(&found.w, &runs.last)))
            }
        }
    }
}

impl Method for IterativeSmoother {
    fn run(&self, cycles: &mut Cycles<'_>) -> Result<(), AssimilationError> {
        let experiment = cycles.experiment;
        let mut e = experiment.ensemble(cycles.seed, self.members);
        // Observation times that the ensemble has passed; its window begins there.
        let mut passed = 0;
        for cycle in 0..experiment.cycles {
            if cycle + 1 > passed + self.lag {
                experiment.model.advance(e.view_mut(), experiment.every);
                passed += 1;
            }
            let prior = e.clone();
            let steps = (cycle + 1 - passed) * experiment.every;
            let estimate = self.update(&mut e, steps, cycles, cycle)?;
            self.treatment.apply(&prior, e.view_mut(), cycles, cycle)?;
            cycles.tell(cycle, estimate.view());
        }
        Ok(())
    }
}
