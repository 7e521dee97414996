//! The tiny workflow in a folder of its own, with just its stations, to run, disturb and spoil.

use std::path::{Path, PathBuf};

use crate::program::{Program, Said};
use crate::{ValidationError, places};

/// The workflow file in a sandbox.
pub const WORKFLOW: &str = "tiny.toml";
/// The station table in a sandbox.
pub const STATIONS: &str = "data/stations.csv";
/// The monthly normals in a sandbox.
pub const NORMALS: &str = "data/site_normals.csv";

/// The stations of the tiny workflow.
const IDS: [&str; 3] = ["FI-Hyy", "DE-Hai", "AT-Neu"];

/// A temporary folder for runs of a tiny workflow.
#[derive(Debug)]
pub struct Sandbox {
    folder: tempfile::TempDir,
    workflow: PathBuf,
    data: Option<PathBuf>,
}

impl Sandbox {
    /// A fresh one with the workflow of normals and the rows of the shipped tables that it uses.
    ///
    /// # Errors
    /// [`ValidationError::File`].
    pub fn new() -> Result<Sandbox, ValidationError> {
        let folder = temporary()?;
        let sandbox = Sandbox { workflow: folder.path().join(WORKFLOW), folder, data: None };
        let data = sandbox.file("data");
        std::fs::create_dir(&data).map_err(ValidationError::file("create", &data))?;
        let workflow = places::workspace().join("tests/workflows").join(WORKFLOW);
        sandbox.write(WORKFLOW, &read(&workflow)?)?;
        for table in [STATIONS, NORMALS] {
            sandbox.write(table, &rows_of_stations(&read(&places::workspace().join(table))?))?;
        }
        Ok(sandbox)
    }

    /// A fresh one for the workflow of monthly series, which lie in `data`.
    ///
    /// # Errors
    /// [`ValidationError::File`].
    pub fn of_series(data: &Path) -> Result<Sandbox, ValidationError> {
        let workflow = places::workspace().join("tests/workflows/tiny-monthly.toml");
        Ok(Sandbox { folder: temporary()?, workflow, data: Some(data.to_owned()) })
    }

    /// A fresh one for the gridded workflow, which reads no data.
    ///
    /// # Errors
    /// [`ValidationError::File`].
    pub fn of_grid() -> Result<Sandbox, ValidationError> {
        let workflow = places::workspace().join("tests/workflows/tiny-grid.toml");
        Ok(Sandbox { folder: temporary()?, workflow, data: None })
    }

    /// A path in it.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The text of a file in it.
    ///
    /// # Errors
    /// [`ValidationError::File`].
    pub fn text(&self, name: &str) -> Result<String, ValidationError> {
        read(&self.file(name))
    }

    /// Writes a file in it.
    ///
    /// # Errors
    /// [`ValidationError::File`].
    pub fn write(&self, name: &str, text: &str) -> Result<(), ValidationError> {
        let path = self.file(name);
        std::fs::write(&path, text).map_err(ValidationError::file("write", &path))
    }

    /// The run directory that commands use.
    #[must_use]
    pub fn out(&self) -> PathBuf {
        self.file("out")
    }

    /// Arguments of `run` with this workflow, a run directory and more.
    #[must_use]
    pub fn run_arguments(&self, out: &Path, more: &[&str]) -> Vec<String> {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let mut arguments = vec!["run".to_owned(), text(&self.workflow), "--out".to_owned(), text(out)];
        if let Some(data) = &self.data {
            arguments.extend(["--data".to_owned(), text(data)]);
        }
        arguments.extend(more.iter().map(|&word| word.to_owned()));
        arguments
    }

    /// Runs the workflow into [`Sandbox::out`] to its end, good or bad.
    ///
    /// # Errors
    /// As [`Program::run`].
    pub fn run(&self, program: &Program) -> Result<Said, ValidationError> {
        program.run(&self.run_arguments(&self.out(), &[]))
    }
}

fn temporary() -> Result<tempfile::TempDir, ValidationError> {
    tempfile::tempdir().map_err(ValidationError::file("create", &std::env::temp_dir()))
}

fn read(path: &Path) -> Result<String, ValidationError> {
    std::fs::read_to_string(path).map_err(ValidationError::file("read", path))
}

/// The header, and the rows of the tiny workflow's stations.
fn rows_of_stations(table: &str) -> String {
    let wanted = |line: &str| line.split(',').next().is_some_and(|id| IDS.contains(&id));
    let lines = table.lines().enumerate().filter(|(i, line)| *i == 0 || wanted(line));
    lines.flat_map(|(_, line)| [line, "\n"]).collect()
}
