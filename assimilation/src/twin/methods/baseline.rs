//! Methods without an ensemble, by which the others are judged.

use ndarray::{Array2, Axis};

use crate::AssimilationError;
use crate::twin::{Cycles, Method};
use crate::variational::ThreeDVar;

/// The truth's time mean.
#[derive(Clone, Copy, Debug)]
pub struct Climatology;

impl Method for Climatology {
    fn run(&self, cycles: &mut Cycles<'_>) -> Result<(), AssimilationError> {
        let mean = cycles.nature.mean();
        (0..cycles.experiment.cycles).for_each(|cycle| cycles.tell(cycle, mean.view()));
        Ok(())
    }

    fn follows_the_truth(&self) -> bool {
        false
    }
}

/// Optimal interpolation: a Kalman update of the climatological mean and covariance at every cycle.
#[derive(Clone, Copy, Debug)]
pub struct Interpolation;

impl Method for Interpolation {
    fn run(&self, cycles: &mut Cycles<'_>) -> Result<(), AssimilationError> {
        let experiment = cycles.experiment;
        let (mean, covariance) = cycles.nature.climate();
        let analysis = scaled(cycles, &covariance, 1.0)?;
        for cycle in 0..experiment.cycles {
            let estimate = analysis.analyse(mean.view(), cycles.observation(cycle))?;
            cycles.tell(cycle, estimate.view());
        }
        Ok(())
    }
}

/// 3D-Var with a share of the climatological covariance, cycled with the model.
#[derive(Clone, Copy, Debug)]
pub struct StaticVariational {
    /// Factor on the climatological covariance of the truth.
    pub covariance_scale: f64,
}

impl Method for StaticVariational {
    fn run(&self, cycles: &mut Cycles<'_>) -> Result<(), AssimilationError> {
        let experiment = cycles.experiment;
        let (_, covariance) = cycles.nature.climate();
        let analysis = scaled(cycles, &covariance, self.covariance_scale)?;
        let mut state = experiment.prior.mean().insert_axis(Axis(0));
        for cycle in 0..experiment.cycles {
            experiment.model.advance(state.view_mut(), experiment.every);
            let estimate = analysis.analyse(state.row(0), cycles.observation(cycle))?;
            state.row_mut(0).assign(&estimate);
            cycles.tell(cycle, state.row(0));
        }
        Ok(())
    }
}

fn scaled(cycles: &Cycles<'_>, covariance: &Array2<f64>, scale: f64) -> Result<ThreeDVar, AssimilationError> {
    let experiment = cycles.experiment;
    let (n, m) = (experiment.model.dimension(), experiment.observed.len());
    let mut operator = Array2::zeros((m, n));
    experiment.observed.iter().enumerate().for_each(|(row, &column)| operator[[row, column]] = 1.0);
    ThreeDVar::new((covariance * scale).view(), operator, &experiment.error_variances())
}
