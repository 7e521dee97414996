//! Campaigns of a small Python program, from outside: `tests/models/decay.py` says when it is launched.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::program::{Program, Said};
use crate::{ValidationError, places};

/// Files of the model.
const FILES: [&str; 3] = ["decay.py", "decay.toml", "observations.csv"];
/// Pause between two looks at a campaign's directory.
const PAUSE: Duration = Duration::from_millis(2);
/// Longest wait for runs.
const PATIENCE: Duration = Duration::from_mins(5);

/// A folder with the model, and campaigns of it.
pub struct Campaigns {
    folder: TempDir,
    program: Program,
}

impl Campaigns {
    /// Copies the model.
    ///
    /// # Errors
    /// [`ValidationError::File`], [`ValidationError::Command`], and [`ValidationError::Checker`] without Python.
    pub fn new() -> Result<Campaigns, ValidationError> {
        let python = std::process::Command::new("python3").arg("--version").output();
        python.map_err(|_| ValidationError::Checker { missing: "python3".to_owned() })?;
        Self::of_other_models()
    }

    /// The same where variants name models of their own.
    ///
    /// # Errors
    /// [`ValidationError::File`] and [`ValidationError::Command`].
    pub fn of_other_models() -> Result<Campaigns, ValidationError> {
        let program = Program::built()?;
        let folder = tempfile::tempdir().map_err(ValidationError::file("create", Path::new("a folder")))?;
        for file in FILES {
            let from = places::workspace().join("tests/models").join(file);
            std::fs::copy(&from, folder.path().join(file)).map_err(ValidationError::file("copy", &from))?;
        }
        Ok(Campaigns { folder, program })
    }

    /// A path in the folder.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A variant of the campaign's file, under this name.
    ///
    /// # Errors
    /// [`ValidationError::File`].
    pub fn variant(&self, name: &str, changes: &[(&str, &str)]) -> Result<(), ValidationError> {
        let usual = self.path("decay.toml");
        let text = std::fs::read_to_string(&usual).map_err(ValidationError::file("read", &usual))?;
        let text = changes.iter().fold(text, |text, (from, to)| text.replacen(from, to, 1));
        std::fs::write(self.path(name), text).map_err(ValidationError::file("write", &usual))
    }

    /// Runs `reterra VERB FILE --out OUT` to its end.
    ///
    /// # Errors
    /// [`ValidationError::File`] where it can't be started.
    pub fn run(&self, verb: &str, file: &str, out: &str) -> Result<Said, ValidationError> {
        self.program.run(&self.words(verb, file, out))
    }

    /// The same as so many processes of an MPI job.
    ///
    /// # Errors
    /// [`ValidationError::Command`] where the program doesn't build with MPI.
    pub fn run_on_ranks(
        &self,
        ranks: usize,
        verb: &str,
        file: &str,
        out: &str,
    ) -> Result<Said, ValidationError> {
        Program::with_mpi()?.run_on_ranks(ranks, &self.words(verb, file, out))
    }

    fn words(&self, verb: &str, file: &str, out: &str) -> Vec<PathBuf> {
        vec![verb.into(), self.path(file), "--out".into(), self.path(out)]
    }

    /// Starts `reterra VERB FILE --out OUT` without waiting.
    ///
    /// # Errors
    /// [`ValidationError::File`] where it can't be started.
    pub fn start(&self, verb: &str, file: &str, out: &str) -> Result<Child, ValidationError> {
        self.program.start(&self.words(verb, file, out))
    }

    /// Starts `reterra sample decay.toml`, kills it with signal 9 once so many runs are complete, and gives the runs that
    /// were complete when it was dead.
    ///
    /// # Errors
    /// [`ValidationError::TooQuick`] where it came to its end first.
    pub fn kill(&self, out: &str, complete: usize) -> Result<BTreeSet<String>, ValidationError> {
        let directory = self.path(out);
        let mut child = self.start("sample", "decay.toml", out)?;
        let file = |action| ValidationError::file(action, &directory);
        let start = Instant::now();
        while self.complete(out).len() < complete {
            let ended = child.try_wait().map_err(file("wait for"))?;
            if ended.is_some() || start.elapsed() > PATIENCE {
                return Err(ValidationError::TooQuick { stage: format!("run {complete}"), attempts: 1 });
            }
            std::thread::sleep(PAUSE);
        }
        child.kill().map_err(file("kill"))?;
        child.wait().map_err(file("wait for"))?;
        Ok(self.complete(out))
    }

    /// The runs that have a state.
    #[must_use]
    pub fn complete(&self, out: &str) -> BTreeSet<String> {
        let runs = std::fs::read_dir(self.path(out).join("runs")).into_iter().flatten().flatten();
        let complete = runs.filter(|run| run.path().join("state.json").exists());
        complete.map(|run| run.file_name().to_string_lossy().into_owned()).collect()
    }

    /// How often each run's program was launched.
    ///
    /// # Errors
    /// [`ValidationError::File`].
    pub fn launches(&self, out: &str) -> Result<BTreeMap<String, usize>, ValidationError> {
        let path = self.path(out).join("launches.log");
        let log = std::fs::read_to_string(&path).map_err(ValidationError::file("read", &path))?;
        let mut counts = BTreeMap::new();
        for line in log.lines() {
            *counts.entry(line.to_owned()).or_insert(0) += 1;
        }
        Ok(counts)
    }

    /// The files of a campaign's result that differ from another's.
    ///
    /// # Errors
    /// [`ValidationError::File`] where one isn't there.
    pub fn differing(&self, a: &str, b: &str) -> Result<Vec<&'static str>, ValidationError> {
        let mut found = Vec::new();
        for file in ["calibration.json", "posterior.json", "posterior.csv"] {
            let bytes = |out: &str| {
                let path = self.path(out).join(file);
                std::fs::read(&path).map_err(ValidationError::file("read", &path))
            };
            if bytes(a)? != bytes(b)? {
                found.push(file);
            }
        }
        Ok(found)
    }
}
