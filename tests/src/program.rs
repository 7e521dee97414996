//! The `reterra` program, from outside.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use serde_json::Value;

use crate::{ValidationError, places};

/// What a command said and how it ended.
#[derive(Clone, Debug)]
pub struct Said {
    /// The command line.
    pub command: String,
    /// Exit code, none after a signal.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Said {
    /// The same, if the exit code is 0.
    ///
    /// # Errors
    /// [`ValidationError::Command`] otherwise.
    pub fn success(self) -> Result<Said, ValidationError> {
        if self.code == Some(0) {
            return Ok(self);
        }
        Err(ValidationError::Command { command: self.command, code: self.code, err: self.err })
    }
}

/// The program, built in the profile of the executable that asks.
#[derive(Clone, Debug)]
pub struct Program {
    path: PathBuf,
}

impl Program {
    /// Builds the program where it isn't up to date, once a process.
    ///
    /// # Errors
    /// [`ValidationError::Command`] where it doesn't build.
    pub fn built() -> Result<Program, ValidationError> {
        static BUILT: OnceLock<PathBuf> = OnceLock::new();
        if let Some(path) = BUILT.get() {
            return Ok(Program { path: path.clone() });
        }
        let folder = profile_folder()?;
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "-p", "reterra-cli"]).current_dir(places::workspace());
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        if let Some(target) = folder.parent() {
            build.arg("--target-dir").arg(target);
        }
        collect(&mut build)?.success()?;
        let path = folder.join(format!("reterra{}", std::env::consts::EXE_SUFFIX));
        Ok(Program { path: BUILT.get_or_init(|| path).clone() })
    }

    /// Builds the program with MPI, as a file beside the other.
    ///
    /// # Errors
    /// [`ValidationError::Command`] where it doesn't build, [`ValidationError::File`] where it can't be copied.
    pub fn with_mpi() -> Result<Program, ValidationError> {
        static BUILT: Mutex<Option<PathBuf>> = Mutex::new(None);
        let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(path) = built.clone() {
            return Ok(Program { path });
        }
        let folder = profile_folder()?;
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "-p", "reterra-cli", "--features", "mpi"]);
        build.current_dir(places::workspace());
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        if let Some(target) = folder.parent() {
            build.arg("--target-dir").arg(target);
        }
        collect(&mut build)?.success()?;
        let suffix = std::env::consts::EXE_SUFFIX;
        let path = folder.join(format!("reterra-mpi{suffix}"));
        std::fs::copy(folder.join(format!("reterra{suffix}")), &path)
            .map_err(ValidationError::file("copy", &path))?;
        Ok(Program { path: built.insert(path).clone() })
    }

    /// Runs it to its end as so many processes of an MPI job.
    ///
    /// # Errors
    /// As [`Program::run`].
    pub fn run_on_ranks<S: AsRef<std::ffi::OsStr>>(
        &self,
        ranks: usize,
        arguments: &[S],
    ) -> Result<Said, ValidationError> {
        let mut command = Command::new("mpirun");
        // More ranks than cores are wanted here, and none may wait for another by spinning on its core.
        command.args(["--oversubscribe", "--allow-run-as-root", "--bind-to", "none"]);
        command.args(["--mca", "mpi_yield_when_idle", "1", "-n", &ranks.to_string()]);
        command.arg(&self.path).args(arguments).current_dir(places::workspace()).stdin(Stdio::null());
        collect(&mut command)
    }

    /// The executable.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A command in the workspace's root.
    #[must_use]
    pub fn command<S: AsRef<std::ffi::OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(&self.path);
        command.args(arguments).current_dir(places::workspace()).stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// [`ValidationError::File`] where it can't be started; a failure of the command itself is in [`Said`].
    pub fn run<S: AsRef<std::ffi::OsStr>>(&self, arguments: &[S]) -> Result<Said, ValidationError> {
        collect(&mut self.command(arguments))
    }

    /// Runs it to its end, its progress on our standard error.
    ///
    /// # Errors
    /// [`ValidationError::Command`] where it fails.
    pub fn watch<S: AsRef<std::ffi::OsStr>>(&self, arguments: &[S]) -> Result<(), ValidationError> {
        let mut command = self.command(arguments);
        let status =
            command.stdout(Stdio::null()).status().map_err(ValidationError::file("start", &self.path))?;
        if status.success() {
            return Ok(());
        }
        let words: Vec<_> = arguments.iter().map(|word| word.as_ref().to_string_lossy()).collect();
        let command = format!("reterra {}", words.join(" "));
        Err(ValidationError::Command { command, code: status.code(), err: "see above".to_owned() })
    }

    /// Starts it without waiting; what it says is dropped.
    ///
    /// # Errors
    /// [`ValidationError::File`] where it can't be started.
    pub fn start<S: AsRef<std::ffi::OsStr>>(&self, arguments: &[S]) -> Result<Child, ValidationError> {
        let mut command = self.command(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().map_err(ValidationError::file("start", &self.path))
    }

    /// Names and states of a run's stages, in order, by `status --json`.
    ///
    /// # Errors
    /// As [`Program::run`], and where the answer isn't as expected.
    pub fn stages(&self, run: &Path) -> Result<Vec<(String, String)>, ValidationError> {
        let said = self.run(&["status".as_ref(), run.as_os_str(), "--json".as_ref()])?.success()?;
        let status: Value = serde_json::from_str(&said.out)
            .map_err(|source| ValidationError::Json { path: run.to_owned(), source })?;
        let text = |stage: &Value, key: &str| stage[key].as_str().unwrap_or_default().to_owned();
        let stages = status["stages"].as_array().filter(|stages| !stages.is_empty());
        let absent =
            || ValidationError::Absent { what: "the list of stages".to_owned(), path: run.to_owned() };
        Ok(stages.ok_or_else(absent)?.iter().map(|s| (text(s, "name"), text(s, "state"))).collect())
    }
}

/// Whether a program is on the path.
#[must_use]
pub fn is_there(name: &str) -> bool {
    Command::new(name).arg("--version").output().is_ok()
}

/// Runs a command and collects what it says.
///
/// # Errors
/// [`ValidationError::File`] where it can't be started.
pub fn collect(command: &mut Command) -> Result<Said, ValidationError> {
    let program = PathBuf::from(command.get_program());
    let words: Vec<String> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let output = command.output().map_err(ValidationError::file("start", &program))?;
    Ok(Said {
        command: words.join(" "),
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// `target/<profile>`: where this executable lies, or one above `deps`.
pub(crate) fn profile_folder() -> Result<PathBuf, ValidationError> {
    let own = std::env::current_exe().map_err(ValidationError::file("find", Path::new("this program")))?;
    let folder = own.parent().unwrap_or(Path::new("."));
    let above = folder.parent().filter(|_| folder.ends_with("deps"));
    Ok(above.unwrap_or(folder).to_owned())
}
