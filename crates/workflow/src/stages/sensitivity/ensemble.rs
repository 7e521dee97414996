//! Runs an ensemble of parameters at every station, batch by batch.

use ndarray::{Array2, Array3, Array4, s};
use reterra_land::column::{ColumnState, LargestImbalance};
use reterra_land::lanes::WIDTH;
use reterra_statistics::design::{Factor, Sample};
use serde::{Deserialize, Serialize};

use super::batch::{Batch, Study};
use super::outputs::{NAMES, YEAR};
use crate::config::Parameter;
use crate::engine::{Context, StageError};
use crate::experiment::{StationCase, run_tasks};
use crate::stages::spinup;

/// What all runs gave at all stations. What failed is NaN: a declared missing value.
#[derive(Clone, Debug)]
pub struct EnsembleRuns {
    /// Names of the parameters.
    pub parameters: Vec<String>,
    /// Values as the model had them: station × run × parameter; NaN where a parameter does nothing.
    pub values: Array3<f64>,
    /// Means of the outputs: station × run × year × output, in the order of [`NAMES`].
    pub yearly: Array4<f64>,
    /// Drift of ecosystem carbon that the spin-up left, gC m⁻² yr⁻¹: station × run.
    pub drift: Array2<f64>,
    /// 1 where the spin-up converged, 0 where not: station × run.
    pub converged: Array2<f64>,
    /// Largest budget error of any step.
    pub imbalance: LargestImbalance,
    /// What failed.
    pub failures: Vec<FailedRun>,
}

/// A run that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedRun {
    /// Position of the station.
    pub station: usize,
    /// Run, 0-based.
    pub run: usize,
    /// Why.
    pub reason: String,
}

/// What is written beside the product.
#[derive(Serialize)]
pub(super) struct Note<'a> {
    imbalance: LargestImbalance,
    failures: Vec<NotedFailure<'a>>,
}

/// A failure by name.
#[derive(Serialize)]
struct NotedFailure<'a> {
    station: &'a str,
    /// As the product numbers them, from 1.
    member: usize,
    reason: &'a str,
}

impl EnsembleRuns {
    fn missing(parameters: &[Parameter], (stations, runs, years): (usize, usize, usize)) -> Self {
        Self {
            parameters: parameters.iter().map(|p| p.name.clone()).collect(),
            values: Array3::from_elem((stations, runs, parameters.len()), f64::NAN),
            yearly: Array4::from_elem((stations, runs, years, NAMES.len()), f64::NAN),
            drift: Array2::from_elem((stations, runs), f64::NAN),
            converged: Array2::from_elem((stations, runs), f64::NAN),
            imbalance: LargestImbalance::default(),
            failures: Vec::new(),
        }
    }

    /// Mean over all years of an output, by run.
    #[must_use]
    pub fn means(&self, station: usize, output: usize) -> Vec<f64> {
        let years = self.yearly.dim().2 as f64;
        self.yearly
            .slice(s![station, .., .., output])
            .rows()
            .into_iter()
            .map(|row| row.sum() / years)
            .collect()
    }

    /// Whether a parameter does anything at a station.
    #[must_use]
    pub fn acts(&self, station: usize, parameter: usize) -> bool {
        self.values.slice(s![station, .., parameter]).iter().any(|v| !v.is_nan())
    }

    /// Runs that ended their spin-up before it converged.
    #[must_use]
    pub fn unsettled(&self) -> usize {
        self.converged.iter().filter(|&&c| c == 0.0).count()
    }

    pub(super) fn note<'a>(&'a self, stations: &[&'a str]) -> Note<'a> {
        let named = |f: &'a FailedRun| NotedFailure {
            station: stations[f.station],
            member: f.run + 1,
            reason: &f.reason,
        };
        Note { imbalance: self.imbalance, failures: self.failures.iter().map(named).collect() }
    }

    /// Takes what a batch left.
    fn take(&mut self, station: usize, first: usize, batch: Batch) -> Result<(), StageError> {
        let of = |name: &str| {
            let lost =
                || StageError::failed(format!("a checkpoint of the ensemble lacks `{name}`; delete it"));
            batch.arrays.get(name).ok_or_else(lost)
        };
        let runs = first..first + batch.reasons.len();
        self.values.slice_mut(s![station, runs.clone(), ..]).assign(of("values")?);
        let yearly = of("yearly")?.view().into_dimensionality::<ndarray::Ix3>()?;
        self.yearly.slice_mut(s![station, runs.clone(), .., ..]).assign(&yearly);
        self.drift.slice_mut(s![station, runs.clone()]).assign(of("drift")?);
        self.converged.slice_mut(s![station, runs]).assign(of("converged")?);
        self.imbalance = self.imbalance.max(batch.imbalance);
        let failed = batch.reasons.into_iter().enumerate();
        self.failures
            .extend(failed.filter_map(|(k, why)| Some(FailedRun { station, run: first + k, reason: why? })));
        Ok(())
    }
}

/// Runs every point of a sample at every station, from the equilibrium of the station's default parameters.
///
/// The batches that are done are read from the stage's checkpoints.
///
/// # Errors
/// [`StageError::Interrupted`], files that can't be written, and a period of less than a year. A run that fails is
/// told in the result.
pub fn parameter_ensemble(
    context: &Context<'_>,
    (cases, states): (&[StationCase], &[ColumnState]),
    sample: &Sample,
) -> Result<EnsembleRuns, StageError> {
    let workflow = context.workflow();
    let (runs, years) = (sample.points.len(), workflow.period.months() / YEAR);
    if years == 0 {
        return Err(StageError::failed("a sensitivity study needs a [period] of twelve months or more"));
    }
    let study = Study {
        parameters: &workflow.parameters,
        factors: workflow.parameters.iter().map(|p| Factor::from(p.prior.clone())).collect(),
        sample,
        options: spinup::options(&workflow.spinup),
        months: years * YEAR,
        checkpoints: context.checkpoint_dir()?,
    };
    let batches = runs.div_ceil(WIDTH);
    let results = run_tasks(context, "batches", cases.len() * batches, |task| {
        let (station, batch) = (task / batches, task % batches);
        Ok(study.batch(&cases[station], &states[station], batch * WIDTH))
    })?;
    let mut ensemble = EnsembleRuns::missing(&workflow.parameters, (cases.len(), runs, years));
    for (task, result) in results.into_iter().enumerate() {
        let (station, first) = (task / batches, task % batches * WIDTH);
        match result {
            Ok(batch) => ensemble.take(station, first, batch?)?,
            Err(failure) => ensemble.failures.extend((first..runs.min(first + WIDTH)).map(|run| FailedRun {
                station,
                run,
                reason: failure.to_string(),
            })),
        }
    }
    Ok(ensemble)
}
