//! The program `cycles`, from outside: on threads or processes as ranks, killed on its way, resumed.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{Outcome, Run};
use crate::program::{collect, profile_folder};
use crate::{ValidationError, places};

/// Longest wait for a month to be complete.
const PATIENCE: Duration = Duration::from_mins(5);
/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(1);

/// The program, with or without MPI.
#[derive(Clone, Debug)]
pub struct Program {
    path: PathBuf,
    processes: bool,
}

/// What its ranks are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ranks {
    /// Threads of one process.
    Threads(usize),
    /// Processes under `mpirun`.
    Processes(usize),
}

/// How a run ended whose process, or one of whose ranks, was killed.
#[derive(Clone, Debug)]
pub struct Killed {
    /// Exit code, none after a signal.
    pub code: Option<i32>,
    /// What it said.
    pub err: String,
    /// From the signal to the end of all.
    pub time: Duration,
    /// Whether the run was over before the signal: then nothing was shown.
    pub finished: bool,
}

impl Program {
    /// One that is there; `processes` tells whether it was built with MPI.
    #[must_use]
    pub fn at(path: &str, processes: bool) -> Self {
        Self { path: path.into(), processes }
    }

    /// Builds it, with MPI where there are its compiler and its launcher.
    ///
    /// # Errors
    /// [`ValidationError::Command`] where it doesn't build.
    pub fn built() -> Result<Self, ValidationError> {
        let is_there = |name: &&str| Command::new(name).arg("--version").output().is_ok();
        let processes = ["mpicc", "mpirun"].iter().all(is_there);
        let folder = profile_folder()?;
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "-p", "reterra-tests", "--bin", "cycles"]);
        build.current_dir(places::workspace());
        if processes {
            build.args(["--features", "mpi"]);
        }
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        if let Some(target) = folder.parent() {
            build.arg("--target-dir").arg(target);
        }
        collect(&mut build)?.success()?;
        let path = folder.join(format!("cycles{}", std::env::consts::EXE_SUFFIX));
        Ok(Self { path, processes })
    }

    /// Whether ranks can be processes.
    #[must_use]
    pub fn has_processes(&self) -> bool {
        self.processes
    }

    fn command(&self, spec: &Path, ranks: Ranks, threads: usize) -> Command {
        let mut command = match ranks {
            Ranks::Threads(size) => {
                let mut command = Command::new(&self.path);
                command.arg("--threads").arg(size.to_string());
                command
            }
            Ranks::Processes(size) => {
                let mut command = Command::new("mpirun");
                // More ranks than cores are wanted here, and none may wait for another by spinning on its core.
                command.args(["--oversubscribe", "--allow-run-as-root", "--bind-to", "none"]);
                command.args(["--mca", "mpi_yield_when_idle", "1", "-n", &size.to_string()]);
                command.arg(&self.path);
                command
            }
        };
        command.arg(spec).env("RAYON_NUM_THREADS", threads.to_string());
        command
    }

    /// Runs it to its end, on so many threads of each process.
    ///
    /// # Errors
    /// [`ValidationError::Command`] where it fails, [`ValidationError::Json`] where its answer can't be read.
    pub fn run(&self, run: &Run, ranks: Ranks, threads: usize) -> Result<Outcome, ValidationError> {
        let spec = written(run)?;
        let said = collect(&mut self.command(spec.path(), ranks, threads))?.success()?;
        serde_json::from_str(said.out.trim())
            .map_err(|source| ValidationError::Json { path: self.path.clone(), source })
    }

    /// Runs it and kills it (`kill -9`) once so many months are complete: the process, or one rank of several processes.
    ///
    /// # Errors
    /// [`ValidationError::File`] where it can't be started or killed.
    pub fn kill(&self, run: &Run, ranks: Ranks, months: usize) -> Result<Killed, ValidationError> {
        let spec = written(run)?;
        let directory = run.checkpoints.clone().unwrap_or_default();
        let marker = |months: usize| directory.join(format!("month-{months:06}")).join("complete.json");
        let file = |action| ValidationError::file(action, &self.path);
        let mut command = self.command(spec.path(), ranks, 1);
        let mut child =
            command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().map_err(file("start"))?;
        let start = Instant::now();
        while !marker(months).exists() && start.elapsed() < PATIENCE {
            if child.try_wait().map_err(file("wait for"))?.is_some() {
                break;
            }
            std::thread::sleep(PAUSE);
        }
        let signal = Instant::now();
        kill(&mut child, ranks)?;
        let output = child.wait_with_output().map_err(file("wait for"))?;
        Ok(Killed {
            code: output.status.code(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
            time: signal.elapsed(),
            finished: output.status.success() || marker(run.months).exists(),
        })
    }
}

fn written(run: &Run) -> Result<tempfile::NamedTempFile, ValidationError> {
    let failed = |action| ValidationError::file(action, Path::new("a temporary file"));
    let file = tempfile::NamedTempFile::new().map_err(failed("create"))?;
    let json = serde_json::to_vec(run)
        .map_err(|source| ValidationError::Json { path: file.path().to_owned(), source })?;
    std::fs::write(file.path(), json).map_err(ValidationError::file("write", file.path()))?;
    Ok(file)
}

fn kill(child: &mut Child, ranks: Ranks) -> Result<(), ValidationError> {
    if let Ranks::Threads(_) = ranks {
        return child.kill().map_err(ValidationError::file("kill", Path::new("cycles")));
    }
    // The launcher lives on; the last of its ranks doesn't.
    if let Some(rank) = children(child.id()).pop() {
        collect(Command::new("kill").args(["-KILL", &rank.to_string()]))?;
    }
    Ok(())
}

/// The processes that a process has started and that live, ascending.
fn children(parent: u32) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let of_parent = |process: &u32| {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        status
            .lines()
            .any(|line| line.strip_prefix("PPid:").is_some_and(|id| id.trim() == parent.to_string()))
    };
    let mut children: Vec<u32> = numbers.filter(of_parent).collect();
    children.sort_unstable();
    children
}
