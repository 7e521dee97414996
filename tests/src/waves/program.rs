//! The program `waves`, from outside: built with MPI where the machine has it, launched on some ranks.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use super::Outcome;
use crate::program::{collect, profile_folder};
use crate::{ValidationError, places};

/// Starts a program before all that have an ordinary priority (util-linux).
const FIRST: [&str; 3] = ["chrt", "--fifo", "1"];

/// The program, in the profile of the executable that asks.
#[derive(Clone, Debug)]
pub struct Program {
    path: PathBuf,
    ranks: bool,
    first: bool,
}

/// Who waits where there are more processes than processors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Priority {
    /// Everybody, in turn.
    #[default]
    Ordinary,
    /// The others, where the system permits it: a time is then that of a machine without them.
    First,
}

/// One launch of it.
#[derive(Clone, Copy, Debug)]
pub struct Launch {
    /// Grid points along both coordinates, and members.
    pub size: [usize; 3],
    /// Processes.
    pub ranks: usize,
    /// Threads of each.
    pub threads: usize,
    /// Analyses, of which the quickest counts.
    pub repeats: usize,
    /// Groups of ranks that members run on; none where the state is laid out by columns from the start.
    pub groups: Option<usize>,
    /// Its place among the machine's other processes.
    pub priority: Priority,
}

impl Program {
    /// Builds it, with MPI where there are its compiler and its launcher.
    ///
    /// # Errors
    /// [`ValidationError::Command`] where it doesn't build.
    pub fn built() -> Result<Self, ValidationError> {
        let ranks =
            ["mpicc", "mpirun"].iter().all(|name| Command::new(name).arg("--version").output().is_ok());
        let folder = profile_folder()?;
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "-p", "reterra-tests", "--bin", "waves"]);
        build.current_dir(places::workspace());
        if ranks {
            build.args(["--features", "mpi"]);
        } else {
            eprintln!("no MPI library: waves runs on one rank only");
        }
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        if let Some(target) = folder.parent() {
            build.arg("--target-dir").arg(target);
        }
        collect(&mut build)?.success()?;
        let path = folder.join(format!("waves{}", std::env::consts::EXE_SUFFIX));
        let tried = Command::new(FIRST[0]).args(&FIRST[1..]).arg("true").output();
        Ok(Self { path, ranks, first: tried.is_ok_and(|tried| tried.status.success()) })
    }

    /// Whether the system permits [`Priority::First`].
    #[must_use]
    pub fn may_go_first(&self) -> bool {
        self.first
    }

    /// Whether it can run on several ranks.
    #[must_use]
    pub fn has_ranks(&self) -> bool {
        self.ranks
    }

    /// What starts it on its ranks, without its arguments.
    fn start(&self, launch: &Launch) -> Command {
        let mut words: Vec<OsString> = Vec::new();
        if launch.priority == Priority::First && self.first {
            words.extend(FIRST.map(OsString::from));
        }
        if launch.ranks > 1 {
            // More ranks than cores are wanted here, and none may wait for another by spinning on its core.
            let launcher = ["mpirun", "--oversubscribe", "--allow-run-as-root", "--bind-to", "none"];
            words.extend(launcher.map(OsString::from));
            let ranks = launch.ranks.to_string();
            words.extend(["--mca", "mpi_yield_when_idle", "1", "-n", &ranks].map(OsString::from));
        }
        words.push(self.path.clone().into());
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        command
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// [`ValidationError::Command`] where it fails, [`ValidationError::Json`] where its answer can't be read.
    pub fn run(&self, launch: &Launch) -> Result<Outcome, ValidationError> {
        let mut command = self.start(launch);
        let [nx, ny, members] = launch.size;
        let numbers = [("nx", nx), ("ny", ny), ("members", members), ("threads", launch.threads)];
        for (name, value) in numbers.into_iter().chain([("repeats", launch.repeats)]) {
            command.args([format!("--{name}"), value.to_string()]);
        }
        if let Some(groups) = launch.groups {
            command.args(["--groups".to_owned(), groups.to_string()]);
        }
        let said = collect(&mut command)?.success()?;
        serde_json::from_str(said.out.trim())
            .map_err(|source| ValidationError::Json { path: self.path.clone(), source })
    }
}
