//! A measured figure with its goal, as it is written to `out/validation/<name>.json`.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use crate::ValidationError;

/// What a figure has to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Goal {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
    /// From the first to the second, both included.
    Between(f64, f64),
}

impl Goal {
    /// Whether a figure meets it; one that isn't a number never does.
    #[must_use]
    pub fn is_met_by(self, measured: f64) -> bool {
        match self {
            Goal::AtLeast(lowest) => measured >= lowest,
            Goal::AtMost(highest) => measured <= highest,
            Goal::Between(lowest, highest) => (lowest..=highest).contains(&measured),
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Goal::AtLeast(lowest) => write!(f, ">= {}", Short(*lowest)),
            Goal::AtMost(highest) => write!(f, "<= {}", Short(*highest)),
            Goal::Between(lowest, highest) => write!(f, "{} to {}", Short(*lowest), Short(*highest)),
        }
    }
}

impl Serialize for Goal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A number for people: small ones with an exponent.
struct Short(f64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 != 0.0 && self.0.abs() < 1e-3 { write!(f, "{:e}", self.0) } else { write!(f, "{}", self.0) }
    }
}

/// One measured figure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Record {
    /// `<part>-<point>-<what>`, such as `reanalysis-3-carbon`.
    pub name: String,
    /// What was measured; `null` where it isn't a number.
    pub measured: f64,
    /// What it has to be.
    pub goal: Goal,
    /// Unit, `1` for a ratio.
    pub unit: &'static str,
    /// Whether the goal is met.
    pub pass: bool,
    /// What measures it again.
    pub command: String,
}

impl Record {
    /// A record; `pass` follows from the figure and its goal.
    #[must_use]
    pub fn new(name: impl Into<String>, measured: f64, goal: Goal, unit: &'static str) -> Record {
        let name = name.into();
        let point: Vec<&str> = name.splitn(3, '-').take(2).collect();
        let command =
            format!("cargo run --release -p reterra-tests --bin validate -- --only {}", point.join("-"));
        Record { pass: goal.is_met_by(measured), name, measured, goal, unit, command }
    }

    /// Writes it into a folder, which is created where it is missing.
    ///
    /// # Errors
    /// [`ValidationError::File`].
    pub fn write(&self, folder: &Path) -> Result<PathBuf, ValidationError> {
        std::fs::create_dir_all(folder).map_err(ValidationError::file("create", folder))?;
        let path = folder.join(format!("{}.json", self.name));
        let mut json = serde_json::to_vec_pretty(self)
            .map_err(|source| ValidationError::Json { path: path.clone(), source })?;
        json.push(b'\n');
        std::fs::write(&path, json).map_err(ValidationError::file("write", &path))?;
        Ok(path)
    }

    /// A line of the table.
    #[must_use]
    pub fn line(&self) -> String {
        let word = if self.pass { "pass" } else { "FAIL" };
        let measured = if self.measured != 0.0 && (self.measured.abs() < 1e-2 || self.measured.abs() >= 1e5) {
            format!("{:.2e}", self.measured)
        } else {
            format!("{:.3}", self.measured)
        };
        format!("{word}  {:48} {measured:>12}  {:14} {}", self.name, self.goal.to_string(), self.unit)
    }
}

/// Deletes the records of earlier runs whose names begin so: a figure that can't be measured has no record.
///
/// # Errors
/// [`ValidationError::File`].
pub fn forget(folder: &Path, prefix: &str) -> Result<(), ValidationError> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        if name.starts_with(prefix) && path.extension().is_some_and(|e| e == "json") {
            std::fs::remove_file(&path).map_err(ValidationError::file("delete", &path))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goals_include_their_ends_and_refuse_what_is_no_number() {
        let goals = [
            (Goal::AtLeast(0.65), 0.65, 0.6499, ">= 0.65"),
            (Goal::AtMost(1e-10), 1e-10, 1.1e-10, "<= 1e-10"),
            (Goal::Between(0.8, 0.97), 0.97, 0.98, "0.8 to 0.97"),
            (Goal::Between(0.8, 0.97), 0.8, 0.79, "0.8 to 0.97"),
        ];
        for (goal, good, bad, text) in goals {
            assert!(goal.is_met_by(good) && !goal.is_met_by(bad) && !goal.is_met_by(f64::NAN), "{goal:?}");
            assert_eq!(goal.to_string(), text);
        }
    }

    #[test]
    fn a_record_is_written_with_goal_as_text_and_forgotten_by_prefix() {
        let folder = tempfile::tempdir().unwrap();
        let record = Record::new("reanalysis-3-carbon", 2e-10, Goal::AtMost(1e-10), "1");
        let path = record.write(folder.path()).unwrap();
        let json: serde_json::Value = crate::read_json(&path).unwrap();
        assert_eq!(json["goal"], "<= 1e-10");
        assert_eq!(json["pass"], false);
        assert!(json["command"].as_str().unwrap().ends_with("--only reanalysis-3"));
        forget(folder.path(), "reanalysis-4").unwrap();
        assert!(path.exists());
        forget(folder.path(), "reanalysis-3").unwrap();
        assert!(!path.exists());
    }
}
