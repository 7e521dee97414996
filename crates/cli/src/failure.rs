//! How a command fails: what is said, and the exit code.

use std::error::Error;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use reterra_io::IoError;
use reterra_workflow::WorkflowError;
use reterra_workflow::engine::StageError;

/// Why a command ended early.
pub enum Failure {
    /// The workflow or its run.
    Workflow(WorkflowError),
    /// A file.
    File(IoError),
    /// A job on a finished run.
    Job(StageError),
    /// No run directory was named and it isn't clear which is meant.
    WhichRun {
        /// The runs found.
        found: Vec<PathBuf>,
    },
    /// A file that is none of what `inspect` knows.
    UnknownFile {
        /// The file.
        path: PathBuf,
    },
    /// Standard output can't be written.
    Output(std::io::Error),
    /// It was started on several ranks and knows none.
    #[cfg_attr(feature = "mpi", allow(dead_code))]
    WithoutMpi {
        /// Processes of the job.
        ranks: usize,
    },
}

impl Failure {
    /// Says it on standard error and gives the exit code.
    pub fn report(self) -> ExitCode {
        match self {
            Failure::Workflow(e) => say(&e, e.help(), e.exit_code()),
            Failure::File(e) => say(&e, None, 1),
            Failure::Job(StageError::Interrupted) => say_text("interrupted", None, 130),
            Failure::Job(StageError::Failed(e)) => say(e.as_ref(), None, 1),
            Failure::WhichRun { found } => which_run(&found),
            Failure::UnknownFile { path } => say_text(
                &format!(
                    "{} is no NetCDF file, bundle or CSV of stations that reterra knows",
                    path.display()
                ),
                Some("a CSV is known by the columns of its first line".to_owned()),
                1,
            ),
            Failure::Output(e) => say(&e, None, 1),
            Failure::WithoutMpi { ranks } => say_text(
                &format!("this is one of {ranks} processes, and reterra was built without MPI"),
                Some("build it by `make cluster`, or start one process".to_owned()),
                2,
            ),
        }
    }

    /// The exit code alone.
    #[cfg_attr(not(feature = "mpi"), allow(dead_code))]
    pub fn exit_code(&self) -> u8 {
        match self {
            Failure::Workflow(e) => e.exit_code(),
            Failure::Job(StageError::Interrupted) => 130,
            _ => 1,
        }
    }
}

impl From<WorkflowError> for Failure {
    fn from(error: WorkflowError) -> Failure {
        Failure::Workflow(error)
    }
}

impl From<IoError> for Failure {
    fn from(error: IoError) -> Failure {
        Failure::File(error)
    }
}

impl From<StageError> for Failure {
    fn from(error: StageError) -> Failure {
        Failure::Job(error)
    }
}

fn which_run(found: &[PathBuf]) -> ExitCode {
    if found.is_empty() {
        let help = "start one with `reterra run FILE`, or name its directory";
        return say_text("there is no run here or in out/", Some(help.to_owned()), 2);
    }
    let names: Vec<String> = found.iter().map(|p| p.display().to_string()).collect();
    say_text("there are several runs; name one", Some(format!("runs: {}", names.join(", "))), 2)
}

/// The error and its causes; a cause that the line above already contains isn't repeated.
fn say(error: &dyn Error, help: Option<String>, code: u8) -> ExitCode {
    let mut text = error.to_string();
    let mut said = text.clone();
    let mut source = error.source();
    while let Some(cause) = source {
        let line = cause.to_string();
        if !said.contains(&line) {
            let _ = write!(text, "\n  because {line}");
            said = line;
        }
        source = cause.source();
    }
    say_text(&text, help, code)
}

fn say_text(text: &str, help: Option<String>, code: u8) -> ExitCode {
    eprintln!("error: {text}");
    if let Some(help) = help {
        eprintln!("help: {help}");
    }
    ExitCode::from(code)
}
