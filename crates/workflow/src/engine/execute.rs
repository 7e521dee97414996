//! The engine: states of all stages, and running those that aren't done.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use reterra_io::{replace, sha256_file};
use serde::Serialize;

use super::key::KeyMaker;
use super::lock::Lock;
use super::{
    CHECKPOINTS, Context, Interrupt, Key, MANIFEST, Manifest, Progress, Run, Stage, StageError, StageOutput,
    StageState, checkpoint_directory,
};
use crate::WorkflowError;
use crate::config::{Document, Workflow};

/// Wall-clock times of a stage, apart from the manifest because they differ from run to run.
const TIMING: &str = "timing.json";

/// What happens to stages whose results are stale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnStale {
    /// The run stops before anything is changed.
    #[default]
    Refuse,
    /// They run again, their old results are deleted.
    Rerun,
}

/// One line of a plan.
#[derive(Clone, Debug, Serialize)]
pub struct PlannedStage {
    /// Name.
    pub name: &'static str,
    /// One line.
    pub title: &'static str,
    /// State.
    #[serde(flatten)]
    pub state: StageState,
    /// Years the land model runs in this stage.
    pub model_years: f64,
    /// Lines of the stage when it was done.
    pub notes: Vec<String>,
    /// Key that the results have or will have.
    #[serde(skip)]
    key: Key,
}

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Stages that ran.
    pub ran: Vec<&'static str>,
    /// Stages that were done already.
    pub skipped: Vec<&'static str>,
}

/// Runs the stages of one run.
pub struct Engine<'a, W = Workflow> {
    run: &'a Run<W>,
    stages: &'a [Box<dyn Stage<W>>],
    interrupt: &'a Interrupt,
    progress: &'a Progress,
}

impl<'a, W: Document> Engine<'a, W> {
    /// An engine for a run. Stages run in the order given.
    #[must_use]
    pub fn new(
        run: &'a Run<W>,
        stages: &'a [Box<dyn Stage<W>>],
        interrupt: &'a Interrupt,
        progress: &'a Progress,
    ) -> Engine<'a, W> {
        Engine { run, stages, interrupt, progress }
    }

    /// The state of every stage. Reads and checksums all inputs and results, writes nothing.
    ///
    /// # Errors
    /// [`WorkflowError`] for an input that can't be read.
    pub fn plan(&self) -> Result<Vec<PlannedStage>, WorkflowError> {
        let mut keys = KeyMaker::default();
        self.stages.iter().map(|stage| self.look_at(stage.as_ref(), &mut keys)).collect()
    }

    fn look_at(&self, stage: &dyn Stage<W>, keys: &mut KeyMaker) -> Result<PlannedStage, WorkflowError> {
        let workflow = self.run.workflow();
        let inputs = stage.inputs(workflow).map_err(|e| self.ended(stage, e))?;
        let key = keys.key(stage, &inputs)?;
        let directory = self.run.directory().join(stage.name());
        let state = StageState::of(&directory, &key)?;
        let manifest = Manifest::read(&directory).unwrap_or_default();
        Ok(PlannedStage {
            name: stage.name(),
            title: stage.title(),
            state,
            model_years: stage.model_years(workflow),
            notes: manifest.map_or_else(Vec::new, |m| m.notes),
            key,
        })
    }

    /// Runs what isn't done, up to and including the stage `until`.
    ///
    /// # Errors
    /// [`WorkflowError`]: another process in the directory, stale results, a failed or interrupted stage.
    pub fn run(&self, on_stale: OnStale, until: Option<&str>) -> Result<Summary, WorkflowError> {
        let _lock = self.lock()?;
        let mut plan = self.plan()?;
        plan.truncate(self.end(until)?);
        if on_stale == OnStale::Refuse {
            self.refuse_stale(&plan)?;
        }
        self.run.remember()?;
        let mut summary = Summary::default();
        for (stage, planned) in self.stages.iter().zip(&plan) {
            if planned.state == StageState::Done {
                self.progress.say(&format!("{}: done, skipped", planned.name));
                summary.skipped.push(planned.name);
                continue;
            }
            self.execute(stage.as_ref(), planned)?;
            summary.ran.push(planned.name);
        }
        Ok(summary)
    }

    /// Runs one stage again whatever its state; the stages before it have to be done.
    ///
    /// # Errors
    /// [`WorkflowError::NotDone`] for an earlier stage that isn't, and as [`Engine::run`].
    pub fn rerun(&self, name: &str) -> Result<(), WorkflowError> {
        let _lock = self.lock()?;
        let index = self.index(name)?;
        let plan = self.plan()?;
        self.require_done(&plan[..index])?;
        self.execute(self.stages[index].as_ref(), &plan[index])
    }

    /// What a stage sees, for jobs on the results of a run whose stages are all done.
    ///
    /// # Errors
    /// [`WorkflowError::NotDone`] for the first stage that isn't.
    pub fn finished(&self) -> Result<Context<'a, W>, WorkflowError> {
        let plan = self.plan()?;
        self.require_done(&plan)?;
        let last = plan.last();
        Ok(self.context(last.map_or("", |p| p.name), last.map_or("", |p| &p.key.key)))
    }

    fn lock(&self) -> Result<Lock, WorkflowError> {
        let directory = self.run.directory();
        fs::create_dir_all(directory).map_err(WorkflowError::io("create", directory))?;
        Lock::take(directory)
    }

    fn index(&self, name: &str) -> Result<usize, WorkflowError> {
        let found = self.stages.iter().position(|stage| stage.name() == name);
        found.ok_or_else(|| WorkflowError::UnknownStage {
            name: name.to_owned(),
            accepted: self.stages.iter().map(|stage| stage.name().to_owned()).collect(),
        })
    }

    fn end(&self, until: Option<&str>) -> Result<usize, WorkflowError> {
        until.map_or(Ok(self.stages.len()), |name| Ok(self.index(name)? + 1))
    }

    fn refuse_stale(&self, plan: &[PlannedStage]) -> Result<(), WorkflowError> {
        for planned in plan {
            if let StageState::Stale { changed } = &planned.state {
                return Err(WorkflowError::Stale {
                    directory: self.run.directory().to_owned(),
                    stage: planned.name,
                    changed: changed.clone(),
                });
            }
        }
        Ok(())
    }

    fn require_done(&self, plan: &[PlannedStage]) -> Result<(), WorkflowError> {
        match plan.iter().find(|planned| planned.state != StageState::Done) {
            None => Ok(()),
            Some(planned) => Err(WorkflowError::NotDone {
                directory: self.run.directory().to_owned(),
                stage: planned.name.to_owned(),
            }),
        }
    }

    fn context(&self, stage: &'static str, key: &str) -> Context<'a, W> {
        Context {
            workflow: self.run.workflow(),
            workflow_text: self.run.text(),
            run_directory: self.run.directory(),
            stage,
            key: key.to_owned(),
            interrupt: self.interrupt,
            progress: self.progress,
        }
    }

    fn execute(&self, stage: &dyn Stage<W>, planned: &PlannedStage) -> Result<(), WorkflowError> {
        let context = self.context(planned.name, &planned.key.key);
        context.check_interrupt().map_err(|e| self.ended(stage, e))?;
        for detail in planned.state.details() {
            self.progress.say(&format!("{}: runs again: {detail}", planned.name));
        }
        let directory = self.run.directory().join(planned.name);
        clear(&directory, &checkpoint_directory(&directory, &planned.key.key))?;
        let started = Instant::now();
        self.progress.begin();
        self.progress.say(&format!("{}: {}", planned.name, planned.title));
        let result = stage.run(&context);
        self.progress.end();
        let output = result.map_err(|e| self.ended(stage, e))?;
        let seconds = started.elapsed().as_secs_f64();
        self.progress.say(&format!("{}: done in {seconds:.1} s", planned.name));
        for note in &output.notes {
            self.progress.say(&format!("{}: {note}", planned.name));
        }
        finish(&directory, planned, &output, seconds)
    }

    fn ended(&self, stage: &dyn Stage<W>, error: StageError) -> WorkflowError {
        match error {
            StageError::Interrupted => {
                WorkflowError::Interrupted { directory: self.run.directory().to_owned(), stage: stage.name() }
            }
            StageError::Failed(source) => WorkflowError::Stage { stage: stage.name(), source },
        }
    }
}

/// Empties a stage's directory but for the checkpoint to continue from. The manifest goes first, so that a stage half
/// cleared isn't taken for done.
fn clear(directory: &Path, checkpoint: &Path) -> Result<(), WorkflowError> {
    fs::create_dir_all(directory).map_err(WorkflowError::io("create", directory))?;
    let manifest = directory.join(MANIFEST);
    if manifest.exists() {
        fs::remove_file(&manifest).map_err(WorkflowError::io("delete", &manifest))?;
    }
    let checkpoints = directory.join(CHECKPOINTS);
    remove_all_but(directory, &checkpoints)?;
    if checkpoints.is_dir() { remove_all_but(&checkpoints, checkpoint) } else { Ok(()) }
}

fn remove_all_but(directory: &Path, kept: &Path) -> Result<(), WorkflowError> {
    let entries = fs::read_dir(directory).map_err(WorkflowError::io("list", directory))?;
    for entry in entries {
        let path = entry.map_err(WorkflowError::io("list", directory))?.path();
        if path == kept {
            continue;
        }
        let folder = path.is_dir() && !path.is_symlink();
        let removed = if folder { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.map_err(WorkflowError::io("delete", &path))?;
    }
    Ok(())
}

/// Checksums the outputs and writes the manifest, which makes the stage done.
fn finish(
    directory: &Path,
    planned: &PlannedStage,
    output: &StageOutput,
    seconds: f64,
) -> Result<(), WorkflowError> {
    let mut manifest = Manifest {
        stage: planned.name.to_owned(),
        key: planned.key.clone(),
        outputs: std::collections::BTreeMap::new(),
        notes: output.notes.clone(),
    };
    for file in &output.files {
        let path = directory.join(file);
        if !path.is_file() {
            return Err(WorkflowError::MissingOutput { stage: planned.name, path });
        }
        let sum = sha256_file(&path)?;
        manifest.outputs.insert(file.to_string_lossy().into_owned(), sum);
    }
    write_json(&directory.join(TIMING), &serde_json::json!({ "seconds": seconds }))?;
    write_json(&directory.join(MANIFEST), &manifest)?;
    let checkpoints: PathBuf = directory.join(CHECKPOINTS);
    if checkpoints.exists() {
        fs::remove_dir_all(&checkpoints).map_err(WorkflowError::io("delete", &checkpoints))?;
    }
    Ok(())
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), WorkflowError> {
    let mut json = serde_json::to_vec_pretty(value).map_err(WorkflowError::io("write", path))?;
    json.push(b'\n');
    Ok(replace(path, &json)?)
}
