//! The training loop: parts of a step, clipping, the optimiser, scores and checkpoints.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

use candle_core::Tensor;

use super::adamw::{AdamW, AdamWOptions};
use super::checkpoint::{Named, Snapshot, State, install, read_run, write_run};
use super::gradients::{Gradients, clip};
use super::order::Order;
use super::progress::{Progress, left};
use super::schedule::Schedule;
use super::stopping::{Stopping, Verdict};
use crate::blocks::{Draw, Mode};
use crate::error::NnError;
use crate::parameters::Parameters;

/// What is trained: a network with its data.
pub trait Task {
    /// The mean loss of some samples.
    ///
    /// # Errors
    /// Those of the network and its data.
    fn loss(&self, part: &Part) -> Result<Tensor, NnError>;

    /// The score on data that training doesn't see, lower is better. Parameters hold their averages meanwhile, where
    /// averages are kept.
    ///
    /// # Errors
    /// As [`Self::loss`].
    fn score(&self) -> Result<f64, NnError>;
}

/// The samples of one part of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Numbers of samples.
    pub samples: Vec<usize>,
    /// What to give the blocks.
    pub mode: Mode,
}

/// Settings of a run.
#[derive(Clone, Debug)]
pub struct TrainingOptions {
    /// Order of samples and dropped paths follow from it.
    pub seed: u64,
    /// Samples there are.
    pub samples: usize,
    /// Samples of a part.
    pub batch: usize,
    /// Parts of a step, whose gradients are averaged.
    pub parts: u32,
    /// Steps and their learning rates.
    pub schedule: Schedule,
    /// The optimiser's settings.
    pub adamw: AdamWOptions,
    /// The largest norm of gradients; longer ones are shortened.
    pub clip: f64,
    /// When to score and to give up; never without it.
    pub stopping: Option<Stopping>,
    /// Where and how often the run is saved; never without it.
    pub checkpoints: Option<Checkpoints>,
}

/// Where and how often a run is saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoints {
    /// The file; it is replaced at once.
    pub path: PathBuf,
    /// Steps between.
    pub every: u64,
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All steps are done.
    Finished,
    /// The score no longer fell.
    Patience,
    /// The watcher wanted it. The run is saved and goes on where it was.
    Interrupted,
}

/// A run.
pub struct Trainer<'a> {
    parameters: &'a Parameters,
    options: TrainingOptions,
    adamw: AdamW,
    order: Order,
    state: State,
    /// Parameters of the best score.
    best: Option<Named>,
}

impl<'a> Trainer<'a> {
    /// A run from its start.
    ///
    /// # Errors
    /// `Setting` where options make no sense; those of candle.
    pub fn new(parameters: &'a Parameters, options: TrainingOptions) -> Result<Self, NnError> {
        options.check()?;
        let adamw = AdamW::new(parameters, options.adamw)?;
        let order = Order::new(options.seed, options.samples);
        let state = State { seed: options.seed, ..State::default() };
        Ok(Self { parameters, options, adamw, order, state, best: None })
    }

    /// Goes on from the checkpoint, if there is one: whether there was.
    ///
    /// # Errors
    /// `Io` or `Checkpoint` where it can't be read, is damaged or is of another network or seed.
    pub fn resume(&mut self) -> Result<bool, NnError> {
        let Some(checkpoints) = self.options.checkpoints.clone().filter(|c| c.path.exists()) else {
            return Ok(false);
        };
        let refuse = |reason| NnError::Checkpoint { path: checkpoints.path.display().to_string(), reason };
        let snapshot = read_run(&checkpoints.path, self.parameters)?;
        if snapshot.state.seed != self.options.seed {
            let (is, wanted) = (snapshot.state.seed, self.options.seed);
            return Err(refuse(format!("is of seed {is}, not {wanted}; give that seed or another file")));
        }
        let kept = snapshot.memories.values().any(|m| m.average.is_some());
        if kept != (self.options.adamw.averaging != super::Averaging::Off) {
            return Err(refuse(
                "keeps averages, or doesn't, unlike the options; give those of that run".into(),
            ));
        }
        self.adamw = AdamW::restored(self.options.adamw, snapshot.state.step, snapshot.memories);
        self.state = snapshot.state;
        self.best = snapshot.best;
        Ok(true)
    }

    /// Runs until the end, telling `watch` after every step; it can interrupt. At the end the parameters are those of the
    /// best score, or the averages where there are no scores, or the last ones where there are no averages either;
    /// after an interruption they are those of its step.
    ///
    /// # Errors
    /// `NotFinite` where loss, gradients or a score aren't numbers; `NoGradient`; `Io`; those of the task.
    pub fn run(
        &mut self,
        task: &dyn Task,
        watch: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<End, NnError> {
        let (start, begun) = (Instant::now(), self.state.step);
        let steps = self.options.schedule.steps;
        while self.state.step < steps && !self.is_out_of_patience() {
            let (loss, gradient, rate) = self.step(task)?;
            let score = self.score_when_due(task)?;
            let elapsed = start.elapsed();
            let step = self.state.step;
            let left = left(step - begun, steps - step, elapsed);
            let told = watch(&Progress { step, steps, loss, gradient, rate, score, elapsed, left });
            let interrupted = told.is_break() && step < steps;
            self.save_when_due(interrupted)?;
            if interrupted {
                return Ok(End::Interrupted);
            }
        }
        self.install_result()?;
        Ok(if self.state.step < steps { End::Patience } else { End::Finished })
    }

    /// The parameters with the best score, if scores were asked for.
    #[must_use]
    pub fn best(&self) -> Option<(f64, &Named)> {
        Some((self.state.best?.score, self.best.as_ref()?))
    }

    /// The optimiser, with moments and averages.
    #[must_use]
    pub fn optimiser(&self) -> &AdamW {
        &self.adamw
    }

    /// One step: mean loss, norm of the gradients, learning rate.
    fn step(&mut self, task: &dyn Task) -> Result<(f64, f64, f64), NnError> {
        let parts = f64::from(self.options.parts);
        let mut total: Option<Gradients> = None;
        let mut loss = 0.0;
        for _ in 0..self.options.parts {
            let part = task.loss(&self.next_part())?;
            loss += self.finite("loss", part.to_dtype(candle_core::DType::F64)?.to_scalar::<f64>()?)? / parts;
            let gradients = Gradients::of(&part, self.parameters)?;
            match &mut total {
                None => total = Some(gradients),
                Some(total) => total.add(&gradients)?,
            }
        }
        let rate = self.options.schedule.rate(self.state.step);
        let mut norm = 0.0;
        if let Some(total) = total {
            norm = self.finite("norm of the gradients", total.norm()? / parts)?;
            let scale = clip(norm, self.options.clip) / parts;
            self.adamw.step(self.parameters, &total, scale, rate)?;
        }
        self.state.step += 1;
        Ok((loss, norm, rate))
    }

    fn finite(&self, what: &'static str, value: f64) -> Result<f64, NnError> {
        if value.is_finite() { Ok(value) } else { Err(NnError::NotFinite { what, step: self.state.step }) }
    }

    fn next_part(&mut self) -> Part {
        let samples = self.order.take(self.state.drawn, self.options.batch);
        let mode = Mode::Train(Draw { seed: self.state.seed, part: self.state.parts });
        self.state.drawn += self.options.batch as u64;
        self.state.parts += 1;
        Part { samples, mode }
    }

    fn score_when_due(&mut self, task: &dyn Task) -> Result<Option<f64>, NnError> {
        let Some(stopping) = self.options.stopping else { return Ok(None) };
        let step = self.state.step;
        if !step.is_multiple_of(stopping.every) && step != self.options.schedule.steps {
            return Ok(None);
        }
        let last = current(self.parameters)?;
        let judged = self.averages().unwrap_or_else(|| last.clone());
        install(&judged, self.parameters)?;
        let score = task.score();
        install(&last, self.parameters)?;
        let score = self.finite("validation score", score?)?;
        if stopping.judge(&mut self.state.best, score, step) == Verdict::Better {
            self.best = Some(judged);
        }
        Ok(Some(score))
    }

    fn is_out_of_patience(&self) -> bool {
        let spent = |s: Stopping| self.state.best.is_some_and(|best| best.since >= s.patience);
        self.options.stopping.is_some_and(spent)
    }

    fn save_when_due(&self, interrupted: bool) -> Result<(), NnError> {
        let Some(checkpoints) = &self.options.checkpoints else { return Ok(()) };
        let (step, steps) = (self.state.step, self.options.schedule.steps);
        let due = step.is_multiple_of(checkpoints.every) || step == steps || self.is_out_of_patience();
        if !(due || interrupted) {
            return Ok(());
        }
        let memories = self.adamw.memories().clone();
        let snapshot = Snapshot { state: self.state.clone(), memories, best: self.best.clone() };
        write_run(&checkpoints.path, self.parameters, &snapshot)
    }

    fn averages(&self) -> Option<Named> {
        let average =
            |(name, memory): (&String, &super::adamw::Memory)| Some((name.clone(), memory.average.clone()?));
        self.adamw.memories().iter().map(average).collect()
    }

    fn install_result(&self) -> Result<(), NnError> {
        match self.best.clone().or_else(|| self.averages()) {
            Some(result) => install(&result, self.parameters),
            None => Ok(()),
        }
    }
}

/// A copy of all parameters.
fn current(parameters: &Parameters) -> Result<Named, NnError> {
    parameters.iter().map(|(name, v)| Ok((name.to_owned(), v.copy()?.detach()))).collect()
}

impl TrainingOptions {
    fn check(&self) -> Result<(), NnError> {
        self.schedule.check()?;
        let every = self.checkpoints.as_ref().map_or(1, |c| c.every);
        let (scores, patience) = self.stopping.map_or((1, 1), |s| (s.every, s.patience));
        let counts = [
            ("samples", self.samples as u64),
            ("samples of a part", self.batch as u64),
            ("parts of a step", self.parts.into()),
            ("steps between checkpoints", every),
            ("steps between scores", scores),
            ("patience", patience.into()),
        ];
        for (what, value) in counts {
            if value == 0 {
                return Err(NnError::Setting { what, value: "0".into(), wanted: "give one or more" });
            }
        }
        if self.clip > 0.0 {
            return Ok(());
        }
        let wanted = "give a norm above zero, infinity for no limit";
        Err(NnError::Setting { what: "limit of gradients", value: self.clip.to_string(), wanted })
    }
}

#[cfg(test)]
mod tests;
