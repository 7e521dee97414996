//! `reterra sample`: calibrate, emulate, sample, check.

use ndarray::Array2;
use reterra_assimilation::Stop;
use reterra_assimilation::ces::{Campaign, Posterior, Progress, Runs as Known};
use reterra_statistics::Prior;

use super::calibrate::{self, ended, open, with_model};
use super::figures::{Ended, write_figures};
use super::ledger::Job;
use super::model::Found;
use super::results::{SUMMARY, SampleResult, write, write_draws};
use super::runs::{Output, Runs};
use super::settings::Settings;
use super::{Surroundings, team};
use crate::WorkflowError;

/// A posterior with the runs that it is made of.
pub(super) struct Judged {
    pub posterior: Posterior,
    /// The runs that its emulators are fitted to.
    pub design: Known,
    /// Unconstrained parameters (rows) and outputs of those that judged it.
    pub held_out_at: Array2<f64>,
    pub held_out: Vec<Output>,
}

/// Samples a posterior, or continues to, and writes it into the campaign's directory.
///
/// # Errors
/// Those of [`super::calibrate()`], and the refusal to call a sample a posterior.
pub fn sample(settings: &Settings, around: Surroundings<'_>) -> Result<SampleResult, WorkflowError> {
    let _lock = open(settings, Job::Sample)?;
    let found = with_model(settings, around, |model| {
        // Its runs are those that the campaign asks for first.
        let calibration = &calibrate::run(settings, model, around)?;
        let mut runs = Runs::new(settings, model, around);
        let judged = &run(settings, &mut runs, around)?;
        let result = SampleResult::new(settings, &judged.posterior, runs.counts().1);
        write_draws(settings, &judged.posterior)?;
        let calibrated = mean(settings, &calibration.ensemble);
        model.conclude(settings, Found { draws: &judged.posterior.draws, calibrated: &calibrated })?;
        write_figures(Ended { settings, judged, calibration, result: &result })?;
        write(&settings.directory, SUMMARY, &result)?;
        Ok(result)
    })?;
    team::dismiss(around.ranks)?;
    Ok(found)
}

/// Mean of an ensemble of physical parameters (rows), unconstrained.
fn mean(settings: &Settings, ensemble: &[Vec<f64>]) -> Vec<f64> {
    let of = |(k, prior): (usize, &Prior)| {
        ensemble.iter().map(|member| prior.unconstrained(member[k])).sum::<f64>() / ensemble.len() as f64
    };
    settings.problem.priors.iter().enumerate().map(of).collect()
}

fn run(settings: &Settings, runs: &mut Runs<'_>, around: Surroundings<'_>) -> Result<Judged, WorkflowError> {
    let started = Campaign::new(settings.problem.clone(), settings.ces.clone());
    let mut campaign = started.map_err(ended(settings))?;
    let mut title = "calibrate";
    let asked = || around.interrupt.requested();
    loop {
        let u = campaign.ask();
        let outputs = runs.evaluate(u.view(), title)?;
        let design = campaign.runs().clone();
        let progress = campaign.tell_until(&outputs, Stop::when(&asked)).map_err(ended(settings))?;
        if let Some(line) = said(&progress) {
            title = "check";
            around.progress.say(&line);
        }
        if let Some(posterior) = campaign.posterior() {
            let posterior = posterior.clone();
            return Ok(Judged { posterior, design, held_out_at: u, held_out: outputs });
        }
    }
}

/// What there is to say of a step that ends a round.
fn said(progress: &Progress) -> Option<String> {
    match progress {
        Progress::Checking => Some("sample: runs at draws of the posterior check the emulators".to_owned()),
        Progress::Refined(found, round) => Some(format!(
            "check: 90 % intervals of the emulators cover {:.3} of {} runs, which join the design; {:.3} of the draws lay \
             outside it, emulators were {:.3} of the variance, chains {}",
            found.coverage,
            found.runs,
            round.outside,
            round.ignorance,
            if round.agreed { "agreed" } else { "didn't agree yet" },
        )),
        Progress::Calibrating(_) | Progress::Done => None,
    }
}
