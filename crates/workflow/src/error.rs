//! What can go wrong between a workflow file and a finished run.

use std::error::Error;
use std::io;
use std::path::PathBuf;

/// An error of reading a workflow or of running it. [`WorkflowError::help`] says what the user can do next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkflowError {
    /// The workflow file can't be read.
    #[error("cannot read the workflow file {}", file.display())]
    ReadWorkflow {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Not TOML, or a value of the wrong type.
    #[error("{}:{line}: {}{message}", file.display(), prefixed(key))]
    Syntax {
        /// The workflow file.
        file: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Dotted key of the value, empty where the text isn't TOML.
        key: String,
        /// The parser's words.
        message: String,
    },
    /// A key or section that the format doesn't have.
    #[error("{}:{line}: unknown key `{key}` in {}", file.display(), section_name(section))]
    UnknownKey {
        /// The workflow file.
        file: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Section, empty for the top level.
        section: String,
        /// The key.
        key: String,
        /// The known key that it may stand for.
        nearest: Option<Box<str>>,
        /// The section's keys.
        accepted: Box<[String]>,
    },
    /// A name that is none of a fixed set.
    #[error("{}:{line}: `{value}` is no known value of `{key}`", file.display())]
    UnknownValue {
        /// The workflow file.
        file: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Dotted key.
        key: String,
        /// What is written.
        value: String,
        /// The known name that it may stand for.
        nearest: Option<Box<str>>,
        /// The set.
        accepted: Box<[String]>,
    },
    /// A required key isn't there.
    #[error("{}:{line}: `{key}` is missing in {}", file.display(), section_name(section))]
    MissingKey {
        /// The workflow file.
        file: PathBuf,
        /// Line of the section, from 1.
        line: usize,
        /// Section, empty for the top level.
        section: String,
        /// The key.
        key: String,
    },
    /// A value of the right type that isn't accepted.
    #[error("{}:{line}: `{key}` is `{value}`; accepted: {accepted}", file.display())]
    InvalidValue {
        /// The workflow file.
        file: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Dotted key.
        key: String,
        /// What is written.
        value: String,
        /// What is accepted.
        accepted: String,
    },
    /// An input path that exists nowhere it was looked for.
    #[error("{}:{line}: `{key}` names `{written}`, which does not exist", file.display())]
    MissingInput {
        /// The workflow file.
        file: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Dotted key.
        key: String,
        /// The path as written.
        written: String,
        /// Where it was looked for.
        tried: Vec<PathBuf>,
    },
    /// A file can't be read, written or checked; a full disk is told apart.
    #[error(transparent)]
    File(Box<reterra_io::IoError>),
    /// A file or directory of the run can't be handled.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried: `create`, `list`, `delete` and so on.
        action: &'static str,
        /// The path.
        path: PathBuf,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The directory holds no run.
    #[error("{} holds no reterra run", directory.display())]
    NoRun {
        /// The directory.
        directory: PathBuf,
    },
    /// The output directory has files in it that no run wrote.
    #[error("{} is not empty and holds no reterra run", directory.display())]
    NotEmpty {
        /// The directory.
        directory: PathBuf,
    },
    /// The run directory belongs to another process.
    #[error("{} is in use by process {pid}", directory.display())]
    Locked {
        /// The run directory.
        directory: PathBuf,
        /// What the lock file says, `unknown` where it says nothing.
        pid: String,
    },
    /// The results of a stage were made from something else than what the workflow says now.
    #[error("stage `{stage}` in {} is stale: {}", directory.display(), changed.join("; "))]
    Stale {
        /// The run directory.
        directory: PathBuf,
        /// The first stale stage.
        stage: &'static str,
        /// What changed.
        changed: Vec<String>,
    },
    /// A stage names one that doesn't come before it.
    #[error("stage `{stage}` needs `{needs}`, which is no stage before it")]
    StageOrder {
        /// The stage.
        stage: &'static str,
        /// What it names.
        needs: String,
    },
    /// No stage of that name.
    #[error("there is no stage `{name}`")]
    UnknownStage {
        /// The name asked for.
        name: String,
        /// The stages.
        accepted: Vec<String>,
    },
    /// A stage has to be done first.
    #[error("stage `{stage}` in {} is not done", directory.display())]
    NotDone {
        /// The run directory.
        directory: PathBuf,
        /// The stage.
        stage: String,
    },
    /// A stage says that it wrote a file that isn't there.
    #[error("stage `{stage}` did not write its output {}", path.display())]
    MissingOutput {
        /// The stage.
        stage: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// A stage failed.
    #[error("stage `{stage}` failed")]
    Stage {
        /// The stage.
        stage: &'static str,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A twin experiment can't be run as its file says.
    #[error("the twin experiment of {} can't be run", file.display())]
    Twin {
        /// The file.
        file: PathBuf,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// No emulator can be fitted to a table, or asked.
    #[error("{}: no emulator of {outputs}", file.display())]
    Emulator {
        /// The table.
        file: PathBuf,
        /// Names of the outputs.
        outputs: String,
        /// Why.
        source: reterra_emulators::EmulatorError,
    },
    /// A file that holds no emulators that can be used.
    #[error("{} holds no emulators that this version reads: {reason}; make it with `reterra emulate fit`", file.display())]
    NoEmulators {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A table's columns can't be split into inputs and outputs as asked.
    #[error("{}: {split}", file.display())]
    EmulatedColumns {
        /// The table.
        file: PathBuf,
        /// What is wrong.
        split: crate::emulate::BadSplit,
    },
    /// Emulators can't be judged by the rows that they were fitted to.
    #[error("{}: the emulators of {} were fitted to all {rows} rows of it; give rows they have not seen", table.display(), file.display())]
    NoNewRows {
        /// The table.
        table: PathBuf,
        /// The emulators' file.
        file: PathBuf,
        /// Rows of the table.
        rows: usize,
    },
    /// The user stopped the run.
    #[error("interrupted in stage `{stage}`")]
    Interrupted {
        /// The run directory.
        directory: PathBuf,
        /// The stage that was running.
        stage: &'static str,
    },
    /// A campaign's directory was begun with other settings.
    #[error("{} holds a campaign of other settings: {}", directory.display(), changed.join("; "))]
    OtherSettings {
        /// The campaign's directory.
        directory: PathBuf,
        /// What changed.
        changed: Vec<String>,
    },
    /// A run that is there isn't the one that is asked for.
    #[error("the run in {} has other parameters than are asked for now", directory.display())]
    OtherRun {
        /// The run's directory.
        directory: PathBuf,
    },
    /// More runs of a campaign failed than are tolerated.
    #[error("{failed} runs failed, {tolerated} are tolerated; the first is {}: {reason}", directory.display())]
    RunsFailed {
        /// Runs that failed.
        failed: usize,
        /// Runs that may.
        tolerated: usize,
        /// Directory of the first of them.
        directory: PathBuf,
        /// Why it failed.
        reason: String,
    },
    /// A campaign has no result.
    #[error("the campaign in {} ends without a result", directory.display())]
    Campaign {
        /// The campaign's directory.
        directory: PathBuf,
        /// Why.
        source: Box<reterra_assimilation::AssimilationError>,
    },
    /// The user stopped a campaign.
    #[error("interrupted; the runs that are complete are kept in {}", directory.display())]
    CampaignInterrupted {
        /// The campaign's directory.
        directory: PathBuf,
    },
    /// Ranks can't exchange.
    #[error(transparent)]
    Ranks(#[from] reterra_parallel::ParallelError),
    /// The Ctrl-C handler or the thread pool can't be set up.
    #[error("cannot set up {what}")]
    Setup {
        /// What.
        what: &'static str,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl From<reterra_io::IoError> for WorkflowError {
    fn from(error: reterra_io::IoError) -> WorkflowError {
        WorkflowError::File(Box::new(error))
    }
}

impl WorkflowError {
    /// What the user can do about it, where there is something to say beyond the message.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            WorkflowError::UnknownKey { nearest, accepted, .. }
            | WorkflowError::UnknownValue { nearest, accepted, .. } => Some(suggestion(nearest.as_deref(), accepted)),
            WorkflowError::UnknownStage { accepted, .. } => Some(format!("stages: {}", accepted.join(", "))),
            WorkflowError::MissingInput { tried, .. } => {
                let tried: Vec<String> = tried.iter().map(|p| p.display().to_string()).collect();
                Some(format!("looked for {}; `--data DIR` adds a place to look", tried.join(", ")))
            }
            WorkflowError::NoRun { .. } => {
                Some("give the output directory of `reterra run`, the one that holds run.json".to_owned())
            }
            WorkflowError::NotEmpty { .. } => Some("choose a new or empty directory with `--out`".to_owned()),
            WorkflowError::Locked { .. } => {
                Some("wait for that process or stop it; or choose another directory with `--out`".to_owned())
            }
            WorkflowError::Stale { .. } => Some(
                "`--rerun-stale` runs this stage and those after it again; `--out DIR` keeps these results and starts \
                 a fresh run"
                    .to_owned(),
            ),
            WorkflowError::OtherSettings { .. } => Some(
                "put the settings back, or name another directory with `--out`; `runs.at_once` and \
                 `runs.tolerated_failures` may change"
                    .to_owned(),
            ),
            WorkflowError::OtherRun { .. } => Some(
                "it was made by another version, or a run before it was changed; name another directory with `--out`"
                    .to_owned(),
            ),
            WorkflowError::RunsFailed { directory, .. } => Some(format!(
                "look at {}; mend the model or narrow the priors and name another directory with `--out`, or raise \
                 `runs.tolerated_failures` and go on",
                directory.display()
            )),
            WorkflowError::Campaign { .. } => {
                Some("its runs are kept there; other settings need another directory, by `--out`".to_owned())
            }
            WorkflowError::CampaignInterrupted { .. } => Some("the same command continues it".to_owned()),
            WorkflowError::NotDone { directory, .. } | WorkflowError::Interrupted { directory, .. } => {
                Some(format!("continue with `reterra resume {}`", directory.display()))
            }
            _ => None,
        }
    }

    /// Process exit code: 2 for a workflow file or command that isn't accepted, 130 after Ctrl-C, otherwise 1.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            WorkflowError::ReadWorkflow { .. }
            | WorkflowError::Syntax { .. }
            | WorkflowError::UnknownKey { .. }
            | WorkflowError::UnknownValue { .. }
            | WorkflowError::MissingKey { .. }
            | WorkflowError::InvalidValue { .. }
            | WorkflowError::MissingInput { .. }
            | WorkflowError::NoRun { .. }
            | WorkflowError::NotEmpty { .. }
            | WorkflowError::EmulatedColumns { .. }
            | WorkflowError::OtherSettings { .. }
            | WorkflowError::UnknownStage { .. } => 2,
            WorkflowError::Interrupted { .. } | WorkflowError::CampaignInterrupted { .. } => 130,
            _ => 1,
        }
    }

    pub(crate) fn io<E>(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(E) -> WorkflowError
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let path = path.into();
        move |source| WorkflowError::Io { action, path, source: source.into() }
    }
}

fn prefixed(key: &str) -> String {
    if key.is_empty() { String::new() } else { format!("`{key}`: ") }
}

fn section_name(section: &str) -> String {
    if section.is_empty() { "the top level".to_owned() } else { format!("[{section}]") }
}

fn suggestion(nearest: Option<&str>, accepted: &[String]) -> String {
    let known = format!("known: {}", accepted.join(", "));
    nearest.map_or(known.clone(), |name| format!("did you mean `{name}`? {known}"))
}
