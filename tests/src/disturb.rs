//! Stops the program in the middle of a stage, by a signal.

use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::program::{Program, collect};
use crate::sandbox::Sandbox;
use crate::{ValidationError, read_json, tree};

/// How often a stage may be done before the signal comes.
const ATTEMPTS: usize = 8;
/// Longest wait for a stage to begin.
const PATIENCE: Duration = Duration::from_mins(5);
/// Pause between two looks at the run directory.
const PAUSE: Duration = Duration::from_micros(200);

/// What stops the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// `kill -9`.
    Kill,
    /// Ctrl-C.
    Interrupt,
}

/// Where in a run the signal comes.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// The stage.
    pub stage: &'a str,
    /// The share of the time that the stage took undisturbed, 0 to 1.
    pub share: f64,
}

/// Makes `out` a copy of the finished run `reference` as it was before `moment`'s stage, runs on, and stops the
/// program in that stage. Returns its exit code, none after `kill -9`.
///
/// # Errors
/// [`ValidationError::TooQuick`] where the stage was always done first, even when stopped at its very beginning.
pub fn stop_in_stage(
    program: &Program,
    sandbox: &Sandbox,
    (reference, out): (&Path, &Path),
    moment: Moment<'_>,
    signal: Signal,
) -> Result<Option<i32>, ValidationError> {
    let stages: Vec<String> = program.stages(reference)?.into_iter().map(|(name, _)| name).collect();
    let position = stages.iter().position(|name| name == moment.stage).unwrap_or(0);
    let whole = duration(&reference.join(moment.stage))?;
    let mut share = moment.share;
    for _ in 0..ATTEMPTS {
        remove(out)?;
        tree::copy(reference, out)?;
        for stage in &stages[position..] {
            remove(&out.join(stage))?;
        }
        let child = program.start(&sandbox.run_arguments(out, &[]))?;
        let (hit, code) = signal_in(child, &out.join(moment.stage), whole.mul_f64(share), signal)?;
        if hit {
            return Ok(code);
        }
        // A stage can be quicker than last time.
        share *= 0.5;
    }
    Err(ValidationError::TooQuick { stage: moment.stage.to_owned(), attempts: ATTEMPTS })
}

/// Waits for a stage's folder, then for the delay, then signals and waits for the end. Whether the stage was
/// stopped before it was done, and the exit code.
fn signal_in(
    mut child: Child,
    stage: &Path,
    delay: Duration,
    signal: Signal,
) -> Result<(bool, Option<i32>), ValidationError> {
    let file = |action| ValidationError::file(action, stage);
    let start = Instant::now();
    while !stage.exists() && start.elapsed() < PATIENCE {
        if let Some(ended) = child.try_wait().map_err(file("wait for"))? {
            return Ok((false, ended.code()));
        }
        std::thread::sleep(PAUSE);
    }
    std::thread::sleep(delay);
    match signal {
        Signal::Kill => child.kill().map_err(file("kill"))?,
        Signal::Interrupt => {
            collect(Command::new("kill").args(["-INT", &child.id().to_string()]))?;
        }
    }
    let ended = child.wait().map_err(file("wait for"))?;
    let stopped = ended.code() != Some(0) && stage.exists() && !stage.join("stage.json").exists();
    Ok((stopped, ended.code()))
}

/// How long a stage of a finished run took.
fn duration(stage: &Path) -> Result<Duration, ValidationError> {
    let timing: serde_json::Value = read_json(&stage.join("timing.json"))?;
    Ok(Duration::from_secs_f64(timing["seconds"].as_f64().unwrap_or(0.0).max(0.0)))
}

fn remove(folder: &Path) -> Result<(), ValidationError> {
    if !folder.exists() {
        return Ok(());
    }
    std::fs::remove_dir_all(folder).map_err(ValidationError::file("delete", folder))
}
