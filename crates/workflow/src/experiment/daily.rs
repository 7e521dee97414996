//! Calibration of one station's vegetation parameters on a flux observed by day.
//!
//! Means over windows of days are compared, not days: what a daily step gets wrong on one day it gets wrong on the
//! next, and a window's mean loses little of what parameters can explain. The model's mean is over the very days that
//! were observed. Errors of windows still repeat from year to year, so a long series counts for a given number of
//! independent windows ([`DailyTarget::means`]), as months do in [`super::Target`].

use ndarray::ArrayView2;
use rayon::prelude::*;
use reterra_assimilation::etki::{Etki, EtkiOptions};
use reterra_assimilation::observation::Window;
use reterra_assimilation::{MemberFailure, Noise, prior_ensemble};
use reterra_land::column::{ColumnState, DayFluxes};
use reterra_land::error::LandError;
use reterra_land::lanes::{Lanes, WIDTH};
use reterra_land::parameters::Parameters;
use reterra_land::spinup;

use super::member::run_members_by_day;
use super::{ParameterSpace, StationCase};
use crate::config::{Calibrate, ErrorModel};
use crate::engine::StageError;

/// Windowed means of a daily series, with errors.
#[derive(Clone, Debug, PartialEq)]
pub struct DailyTarget {
    /// Days of each window.
    windows: Vec<Window>,
    /// Their mean observed value.
    pub values: Vec<f64>,
    /// Error variances of the means.
    pub variances: Vec<f64>,
}

impl DailyTarget {
    /// Means over windows of `width` days from the first entry on, of windows at least half of which is observed.
    /// `error` is that of a mean; all windows together count as `effective` independent ones at most.
    #[must_use]
    pub fn means(observed: &[Option<f64>], width: usize, error: &ErrorModel, effective: f64) -> Self {
        let mut target = Self { windows: Vec::new(), values: Vec::new(), variances: Vec::new() };
        for first in (0..observed.len()).step_by(width) {
            let span = first..(first + width).min(observed.len());
            let window = Window::among(span, |day| observed[day].is_some());
            let Some(mean) = window.mean_of(|day| observed[day]).filter(|_| 2 * window.len() >= width) else {
                continue;
            };
            target.windows.push(window);
            target.values.push(mean);
            target.variances.push(error.sd(mean).powi(2));
        }
        let dilution = (target.values.len() as f64 / effective).max(1.0);
        target.variances.iter_mut().for_each(|variance| *variance *= dilution);
        target
    }

    /// The same means of a model's days; none where they end before the last window.
    fn predict(&self, days: &[f64]) -> Option<Vec<f64>> {
        self.windows.iter().map(|window| window.mean(days)).collect()
    }
}

/// A station and the flux by which its parameters are calibrated.
#[derive(Clone, Debug)]
pub struct DailyCalibration<'a> {
    /// The station.
    pub case: &'a StationCase,
    /// What is estimated.
    pub space: ParameterSpace,
    /// The flux of a day, per day.
    pub flux: fn(&DayFluxes<Lanes>) -> Lanes,
    /// Where members start their spin-up: the equilibrium of the default parameters.
    pub from: ColumnState,
    /// How they spin up.
    pub options: spinup::Options,
    /// Members and iterations.
    pub calibrate: Calibrate,
    /// Seed of all random numbers.
    pub seed: u64,
}

impl DailyCalibration<'_> {
    /// The posterior of a target within the first `months` of the case. Values of the target are per day.
    ///
    /// # Errors
    /// Too few members that run, or a target that isn't finite.
    pub fn posterior(&self, target: &DailyTarget, months: usize) -> Result<Etki, StageError> {
        let group = self.case.class as u32;
        let members = self.calibrate.members;
        let prior = prior_ensemble(&self.space.priors(), members, self.seed, group)?;
        let options = EtkiOptions {
            max_iterations: self.calibrate.max_iterations as u32,
            min_members: (members / 2).max(2),
            step_scale: self.calibrate.step_scale,
            seed: self.seed,
            group,
            ..EtkiOptions::default()
        };
        let noise = Noise::Diagonal(target.variances.clone());
        let mut etki = Etki::new(prior, &target.values, &noise, options)?;
        while !etki.done() {
            let runs = self.run(&etki.ensemble(), months);
            let predict = |days: Vec<f64>| target.predict(&days).ok_or_else(MemberFailure::shorter);
            let predicted: Vec<_> = runs.into_iter().map(|run| run.and_then(predict)).collect();
            etki.tell(&predicted)?;
        }
        Ok(etki)
    }

    /// The flux of every day of the first `months`, per day, by member (rows of unconstrained parameters).
    #[must_use]
    pub fn run(&self, ensemble: &ArrayView2<'_, f64>, months: usize) -> Vec<Result<Vec<f64>, MemberFailure>> {
        let batches: Vec<usize> = (0..ensemble.nrows()).step_by(WIDTH).collect();
        let run = |&first: &usize| {
            let members = first..(first + WIDTH).min(ensemble.nrows());
            let parameters = members.map(|m| self.parameters(&ensemble.row(m).to_vec())).collect();
            let options = (&self.options, months);
            run_members_by_day(self.case, parameters, &self.from, options, self.flux)
        };
        let runs: Vec<_> = batches.par_iter().map(run).collect();
        let failed = |e: LandError| MemberFailure::new(format!("{}: {e}", self.case.station.id));
        runs.into_iter().flatten().map(|run| run.map(|r| r.values).map_err(failed)).collect()
    }

    fn parameters(&self, u: &[f64]) -> Result<Parameters, LandError> {
        let mut parameters = self.case.defaults();
        self.space.apply(u, &mut parameters)?;
        Ok(parameters)
    }
}

/// Mean of the members that ran, day by day; none where none did.
#[must_use]
pub fn ensemble_mean(runs: &[Result<Vec<f64>, MemberFailure>]) -> Option<Vec<f64>> {
    let alive: Vec<&Vec<f64>> = runs.iter().flatten().collect();
    let days = alive.first()?.len();
    let mean = |day: usize| alive.iter().map(|run| run[day]).sum::<f64>() / alive.len() as f64;
    Some((0..days).map(mean).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ERROR: ErrorModel = ErrorModel { floor: 0.5, relative: 0.1 };

    #[test]
    fn a_window_is_compared_over_its_observed_days_alone() {
        let observed = [Some(1.0), None, Some(3.0), Some(9.0), None, None, None, Some(4.0)];
        let target = DailyTarget::means(&observed, 4, &ERROR, 100.0);
        // The second window has one day of four.
        assert_eq!((target.values.len(), target.values[0]), (1, 13.0 / 3.0));
        assert_eq!(target.predict(&[1.0, 1e9, 2.0, 3.0, 0.0, 0.0, 0.0, 0.0]), Some(vec![2.0]));
        assert_eq!(target.predict(&[1.0, 1e9, 2.0]), None);
    }

    #[test]
    fn a_long_series_counts_for_no_more_windows_than_it_is_worth() {
        let observed = vec![Some(2.0); 400];
        let target = DailyTarget::means(&observed, 4, &ERROR, 25.0);
        assert_eq!(target.values.len(), 100);
        let information: f64 = target.variances.iter().map(|v| 1.0 / v).sum();
        assert!((information - 25.0 / 0.25).abs() < 1e-9, "{information}");
    }

    #[test]
    fn failed_members_are_left_out_of_the_mean() {
        let runs = vec![Ok(vec![1.0, 2.0]), Err(MemberFailure::new("drift")), Ok(vec![3.0, 6.0])];
        assert_eq!(ensemble_mean(&runs), Some(vec![2.0, 4.0]));
        assert_eq!(ensemble_mean(&runs[1..2]), None);
    }
}
