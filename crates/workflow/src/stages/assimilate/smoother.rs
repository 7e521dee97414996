//! The smoother: parameters and site history of one station from its whole record.

use std::path::Path;

use ndarray::{Array2, Axis};
use reterra_assimilation::etki::{Etki, EtkiOptions};
use reterra_assimilation::noise::Noise;
use reterra_assimilation::{MemberFailure, prior_ensemble};
use reterra_land::column::LargestImbalance;
use reterra_land::lanes::WIDTH;

use super::Station;
use crate::engine::StageError;
use crate::experiment::{MemberRun, Target, run_members};
use crate::results::{CalibrationNote, read_json, write_json};
use crate::stages::calibrate::member_options;

/// Group numbers of the draws of station parameters and of deviations from the class, apart from the classes'.
const STATION_GROUP: u32 = 10_000;
const DEVIATION_GROUP: u32 = 20_000;

/// An inversion between iterations.
#[derive(serde::Serialize, serde::Deserialize)]
pub(super) struct Smoothed {
    pub etki: Option<Etki>,
    /// The ensemble where nothing was to be inverted.
    pub ensemble: Array2<f64>,
    pub imbalance: LargestImbalance,
}

impl Smoothed {
    pub fn members(&self) -> Array2<f64> {
        self.etki.as_ref().map_or_else(|| self.ensemble.clone(), |e| e.ensemble().to_owned())
    }
}

impl Station<'_> {
    pub(super) fn smooth(
        &self,
        calibration: &CalibrationNote,
        directory: &Path,
    ) -> Result<Smoothed, StageError> {
        let file = directory.join(format!("{}.smoother.json", self.case.station.id));
        let target = Target::of(self.case, &self.context.workflow().observations)?;
        let mut smoothed = if file.exists() { read_json(&file)? } else { self.begin(calibration, &target)? };
        let months = self.case.assimilated_months();
        while smoothed.etki.as_ref().is_some_and(|e| !e.done()) {
            let ensemble = smoothed.members();
            let mut predictions = Vec::with_capacity(ensemble.nrows());
            for run in self.run(&ensemble, months)? {
                if let Ok(run) = &run {
                    smoothed.imbalance = smoothed.imbalance.max(run.imbalance);
                }
                predictions.push(run.and_then(|run| {
                    let predicted = target.predict(|variable, month| run.observe(variable, month));
                    predicted.ok_or_else(MemberFailure::shorter)
                }));
            }
            if let Some(etki) = &mut smoothed.etki {
                etki.tell(&predictions)?;
            }
            write_json(&file, &smoothed)?;
        }
        Ok(smoothed)
    }

    fn begin(&self, calibration: &CalibrationNote, target: &Target) -> Result<Smoothed, StageError> {
        let workflow = self.context.workflow();
        let ensemble = self.prior(calibration)?;
        let imbalance = LargestImbalance::default();
        let share = workflow.assimilate.smoother_share;
        let values = target.values();
        if values.is_empty() || share <= 0.0 {
            return Ok(Smoothed { etki: None, ensemble, imbalance });
        }
        let options = EtkiOptions {
            target_t: share,
            max_iterations: workflow.calibrate.max_iterations as u32,
            min_members: (ensemble.nrows() / 2).max(2),
            step_scale: workflow.calibrate.step_scale,
            seed: workflow.seed,
            group: STATION_GROUP + self.column,
        };
        let noise = Noise::Diagonal(target.variances());
        let etki = Etki::new(ensemble.clone(), &values, &noise, options)?;
        Ok(Smoothed { etki: Some(etki), ensemble, imbalance })
    }

    /// The class's posterior, spread by what stations differ, and the prior of the station's own parameters.
    fn prior(&self, calibration: &CalibrationNote) -> Result<Array2<f64>, StageError> {
        let workflow = self.context.workflow();
        let members = workflow.assimilate.members;
        let found = calibration.classes.iter().find(|c| c.class == self.case.class);
        let class =
            found.ok_or_else(|| StageError::failed(format!("no calibration of {:?}", self.case.class)))?;
        let draw = |space: &crate::experiment::ParameterSpace, group: u32| {
            if space.is_empty() {
                return Ok(Array2::zeros((members, 0)));
            }
            prior_ensemble(&space.priors(), members, workflow.seed, group + self.column)
        };
        let deviation = draw(&self.spaces.class, DEVIATION_GROUP)?;
        let own = draw(&self.spaces.station, STATION_GROUP)?;
        let width = self.spaces.class.len();
        let spread = workflow.assimilate.station_spread;
        let mut ensemble = Array2::zeros((members, self.spaces.len()));
        for member in 0..members {
            let posterior = &class.posterior[member % class.posterior.len()];
            for k in 0..width {
                let away = deviation[[member, k]] - self.spaces.class.parameters()[k].prior.u_mean();
                ensemble[[member, k]] = posterior[k] + spread * away;
            }
            for k in 0..self.spaces.station.len() {
                ensemble[[member, width + k]] = own[[member, k]];
            }
        }
        Ok(ensemble)
    }

    /// Runs members, rows of unconstrained parameters, each from its own spin-up.
    pub(super) fn run(&self, ensemble: &Array2<f64>, months: usize) -> Result<Runs, StageError> {
        let options = member_options(self.context.workflow());
        let mut runs = Vec::with_capacity(ensemble.nrows());
        for batch in ensemble.axis_chunks_iter(Axis(0), WIDTH) {
            self.context.check_interrupt()?;
            let parameters = batch.rows().into_iter().map(|row| {
                let mut parameters = self.case.defaults();
                self.spaces.apply(&row.to_vec(), &mut parameters).map(|()| parameters)
            });
            let results = run_members(self.case, parameters.collect(), self.from, &options, months);
            runs.extend(results.into_iter().map(|run| run.map_err(|e| MemberFailure::new(e.to_string()))));
        }
        Ok(runs)
    }
}

/// Runs of all members.
pub(super) type Runs = Vec<Result<MemberRun, MemberFailure>>;
