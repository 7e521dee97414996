//! A whole campaign, run by run.

use ndarray::{Array2, ArrayView2, Axis};
use reterra_statistics::{Stage, StreamKey};
use serde::{Deserialize, Serialize};

use super::checks::Forecast;
use super::posterior::{DOUBLINGS, draw};
use super::{CesOptions, Emulation, HeldOut, Posterior, Refusal, Runs};
use crate::calibration::{Calibrator, Problem, Process};
use crate::model::evaluate_members;
use crate::stop::Stop;
use crate::transform::column_means;
use crate::{AssimilationError, ForwardMap, MemberFailure};

/// A campaign under way: ask for runs, tell their outputs, until there is a posterior or a refusal. Serialise it between
/// the two, and no run is ever made twice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Campaign {
    problem: Problem,
    options: CesOptions,
    runs: Runs,
    phase: Phase,
    held_out: Vec<HeldOut>,
}

/// Where a campaign is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Phase {
    /// Runs are placed by calibration.
    Calibrate(Box<Process>),
    /// Runs at the calibrated ensemble, which is where the posterior is looked for.
    Calibrated(Array2<f64>),
    /// Runs at draws of a posterior that isn't judged yet; only of chains that agree can it become one.
    Check { posterior: Box<Posterior>, agreed: bool, u: Array2<f64>, forecast: Box<Forecast> },
    /// Done.
    Done(Box<Posterior>),
}

/// What a call of [`Campaign::tell`] did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// Calibration goes on, at this pseudo-time.
    Calibrating(f64),
    /// Emulators are fitted; runs at draws of the posterior are wanted.
    Checking,
    /// Something was wanting; the runs joined the design, and new ones are wanted.
    Refined(HeldOut, Round),
    /// The posterior is there.
    Done,
}

/// What else was known of a sample that didn't become a posterior.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// Share of draws outside the design.
    pub outside: f64,
    /// Mean share of emulator variance in the likelihood's.
    pub ignorance: f64,
    /// Whether its chains passed the gate.
    pub agreed: bool,
}

impl Campaign {
    /// A campaign on a problem.
    ///
    /// # Errors
    /// Those of the calibration's start; `Option` for a round without runs.
    pub fn new(problem: Problem, options: CesOptions) -> Result<Self, AssimilationError> {
        if options.held_out == 0 {
            let (option, range) = ("held_out", "1 and above");
            return Err(AssimilationError::Option { option, value: 0.0, range });
        }
        let process = options.calibration.start(&problem, (options.members, options.seed))?;
        let (runs, phase) = (Runs::default(), Phase::Calibrate(Box::new(process)));
        Ok(Self { problem, options, runs, phase, held_out: Vec::new() })
    }

    /// Unconstrained parameters to run next (rows); none when done.
    #[must_use]
    pub fn ask(&self) -> Array2<f64> {
        match &self.phase {
            Phase::Calibrate(process) => process.ask().to_owned(),
            Phase::Calibrated(u) | Phase::Check { u, .. } => u.clone(),
            Phase::Done(_) => Array2::zeros((0, self.problem.parameters())),
        }
    }

    /// The posterior, once there is one.
    #[must_use]
    pub fn posterior(&self) -> Option<&Posterior> {
        match &self.phase {
            Phase::Done(posterior) => Some(posterior),
            Phase::Calibrate(_) | Phase::Calibrated(_) | Phase::Check { .. } => None,
        }
    }

    /// All runs so far.
    #[must_use]
    pub fn runs(&self) -> &Runs {
        &self.runs
    }

    /// Takes the outputs (all m observations each) of the runs that were asked for, in order.
    ///
    /// # Errors
    /// `Refused` where there will be no posterior; `NotConverged` for chains; those of calibration and emulators. The
    /// campaign is then unchanged.
    pub fn tell(
        &mut self,
        outputs: &[Result<Vec<f64>, MemberFailure>],
    ) -> Result<Progress, AssimilationError> {
        self.tell_until(outputs, Stop::never())
    }

    /// The same, unless somebody asks to stop before emulators are fitted and chains drawn.
    ///
    /// # Errors
    /// As [`Self::tell`], and `Stopped`; tell the same outputs again to go on.
    pub fn tell_until(
        &mut self,
        outputs: &[Result<Vec<f64>, MemberFailure>],
        stop: Stop<'_>,
    ) -> Result<Progress, AssimilationError> {
        let mut next = self.clone();
        let progress = next.take(outputs, stop)?;
        *self = next;
        Ok(progress)
    }

    fn take(
        &mut self,
        outputs: &[Result<Vec<f64>, MemberFailure>],
        stop: Stop<'_>,
    ) -> Result<Progress, AssimilationError> {
        let asked = self.ask();
        match &mut self.phase {
            Phase::Done(_) => Err(AssimilationError::Finished { t: 1.0 }),
            Phase::Calibrate(process) => {
                let step = process.tell(outputs)?;
                self.runs.add(asked.view(), outputs)?;
                if process.done() {
                    self.phase = Phase::Calibrated(some(process.sample(), self.options.members));
                }
                Ok(Progress::Calibrating(step.t))
            }
            Phase::Calibrated(_) => {
                self.runs.add(asked.view(), outputs)?;
                self.emulate(false, stop)?;
                Ok(Progress::Checking)
            }
            Phase::Check { .. } => self.judge((&asked, outputs), stop),
        }
    }

    /// Fits emulators to all runs, samples, and asks for runs at draws.
    ///
    /// Emulators that don't know the model yet have posteriors of odd shapes. So chains that don't agree are drawn longer only
    /// where that is all that is wanting (`sound`); before, their draws are where runs are wanted all the same.
    fn emulate(&mut self, sound: bool, stop: Stop<'_>) -> Result<(), AssimilationError> {
        let emulation = Emulation::fit_until(&self.problem, &self.runs, &self.options, stop)?;
        let last = self.held_out.len() as u32 >= self.options.rounds;
        let doublings = if last || sound { DOUBLINGS } else { 0 };
        let (posterior, doubt) =
            draw(&self.problem, &emulation, (self.runs.len(), &self.options), (doublings, stop))?;
        let agreed = doubt.is_none();
        if let (true, Some(doubt)) = (last, doubt) {
            return Err(doubt);
        }
        let round = self.held_out.len() as u32;
        let key =
            StreamKey { seed: self.options.seed, stage: Stage::Resample, cycle: round, member: 0, column: 0 };
        let mut stream = key.stream();
        let rows: Vec<usize> =
            (0..self.options.held_out).map(|_| stream.index(posterior.draws.nrows())).collect();
        let mut u = posterior.draws.select(Axis(0), &rows);
        if !agreed || posterior.checks.outside > self.options.limits.outside {
            u = emulation.unconstrained(&near(emulation.design(), emulation.whitened(&u)));
        }
        let forecast = Forecast::new(&emulation, emulation.whitened(&u).view())?;
        self.phase = Phase::Check { posterior: Box::new(posterior), agreed, u, forecast: Box::new(forecast) };
        Ok(())
    }

    /// Compares emulators with runs at draws of their posterior.
    fn judge(
        &mut self,
        (asked, outputs): (&Array2<f64>, &[Result<Vec<f64>, MemberFailure>]),
        stop: Stop<'_>,
    ) -> Result<Progress, AssimilationError> {
        let finite = |output: &&Result<Vec<f64>, MemberFailure>| {
            output.as_ref().is_ok_and(|values| values.iter().all(|x| x.is_finite()))
        };
        let rows: Vec<usize> = (0..outputs.len()).filter(|k| finite(&&outputs[*k])).collect();
        require_runs(rows.len(), outputs)?;
        let before = self.runs.len();
        self.runs.add(asked.view(), outputs)?;
        let limits = self.options.limits;
        let Phase::Check { posterior, agreed, forecast, .. } = &mut self.phase else {
            return Ok(Progress::Checking);
        };
        let found = forecast.against(&rows, self.runs.since(before).view(), &limits);
        self.held_out.push(found);
        let rounds = self.held_out.len() as u32;
        let last = rounds > self.options.rounds;
        let (outside, coverage) = (posterior.checks.outside, found.coverage);
        let good = outside <= limits.outside && coverage >= limits.coverage;
        let sound = good && (last || posterior.checks.ignorance <= limits.ignorance);
        if sound && *agreed {
            posterior.held_out.clone_from(&self.held_out);
            posterior.runs = self.runs.len();
            self.phase = Phase::Done(posterior.clone());
            return Ok(Progress::Done);
        }
        if last && outside > limits.outside {
            let (share, allowed) = (outside, limits.outside);
            return Err(Refusal::OutsideDesign { share, allowed, rounds }.into());
        }
        if last {
            return Err(Refusal::Coverage { coverage, wanted: limits.coverage, rounds }.into());
        }
        let chains = Round { outside, ignorance: posterior.checks.ignorance, agreed: *agreed };
        self.emulate(sound, stop)?;
        Ok(Progress::Refined(found, chains))
    }
}

/// At most so many rows, evenly from all.
fn some(rows: Array2<f64>, most: usize) -> Array2<f64> {
    let every = rows.nrows().div_ceil(most.max(1)).max(1);
    rows.select(Axis(0), &(0..rows.nrows()).step_by(every).collect::<Vec<_>>())
}

/// Share of the design's range by which runs may go beyond it in one round.
const BEYOND: f64 = 0.25;

/// Places (rows of `z`) pulled towards the design's mean until they are near its range: what emulators say far from their
/// runs is hardly a reason to run a model there, which may not even be able to.
fn near(design: ArrayView2<'_, f64>, mut z: Array2<f64>) -> Array2<f64> {
    let centre = column_means(design);
    let reach = |k: usize| {
        let column = design.column(k);
        let low = column.iter().copied().fold(f64::INFINITY, f64::min);
        let high = column.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let beyond = BEYOND * (high - low);
        (centre[k] - low + beyond, high - centre[k] + beyond)
    };
    let reaches: Vec<(f64, f64)> = (0..centre.len()).map(reach).collect();
    for mut row in z.rows_mut() {
        let step = &row - &centre;
        let share = |(x, (down, up)): (&f64, &(f64, f64))| if *x < 0.0 { -x / down } else { x / up };
        let most = step.iter().zip(&reaches).map(share).fold(1.0, f64::max);
        row.assign(&(&centre + &(step / most)));
    }
    z
}

/// Refuses to judge by less than half of the runs.
fn require_runs(alive: usize, outputs: &[Result<Vec<f64>, MemberFailure>]) -> Result<(), AssimilationError> {
    let runs = outputs.len();
    if 2 * alive >= runs && alive > 0 {
        return Ok(());
    }
    let first = outputs.iter().find_map(|output| output.as_ref().err());
    let first = first.map_or_else(|| "an output is not finite".to_owned(), |e| e.reason.clone());
    Err(Refusal::RunsFailed { failed: runs - alive, runs, first }.into())
}

/// Runs a campaign to its end, runs in parallel.
///
/// # Errors
/// Those of [`Campaign::tell`].
pub fn calibrate_emulate_sample<M: ForwardMap + ?Sized>(
    map: &M,
    problem: Problem,
    options: CesOptions,
) -> Result<Posterior, AssimilationError> {
    let mut campaign = Campaign::new(problem, options)?;
    loop {
        let outputs = evaluate_members(map, campaign.ask().view());
        campaign.tell(&outputs)?;
        if let Some(posterior) = campaign.posterior() {
            return Ok(posterior.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn places_far_from_the_design_come_back_along_their_way() {
        let design = array![[-1.0, 0.0], [1.0, 4.0]];
        // Reach: 1.5 of the first, 3 of the second; centre (0, 2).
        let found = near(design.view(), array![[1.5, -1.0], [3.0, 3.0], [0.0, 8.0]]);
        assert_eq!(found, array![[1.5, -1.0], [1.5, 2.5], [0.0, 5.0]]);
    }
}
