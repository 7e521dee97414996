//! Point 7: the product in xarray, and the IOOS compliance checker's verdict on it.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::skill;
use crate::program::{Said, collect};
use crate::record::{Goal, Record};
use crate::{ValidationError, places};

/// The product of a run, relative to its directory.
const PRODUCT: &str = "product/reanalysis.nc";
/// CF version that is checked.
const TEST: &str = "cf:1.11";

/// Whether xarray decodes time, units and members; number of CF errors.
///
/// # Errors
/// [`ValidationError::Checker`] where Python or a package is missing, and those of the run.
pub fn measure() -> Result<Vec<Record>, ValidationError> {
    let product = skill::finished_run()?.join(PRODUCT);
    let problems = problems_in_xarray(&product)?;
    let errors = cf_errors(&product)?;
    let goal = Goal::AtMost(0.0);
    Ok(vec![
        Record::new("reanalysis-7-xarray", problems.len() as f64, goal, "problems"),
        Record::new("reanalysis-7-cf-errors", errors.len() as f64, goal, "errors"),
    ])
}

/// What the script finds wrong, one line each.
fn problems_in_xarray(product: &Path) -> Result<Vec<String>, ValidationError> {
    let script = places::workspace().join("tests/scripts/check_product.py");
    let said = python(Command::new("python3").arg(&script).arg(product))?;
    match said.code {
        Some(0) => {}
        Some(3) => return Err(ValidationError::Checker { missing: said.err.trim().to_owned() }),
        _ => {
            return Err(ValidationError::Command { command: said.command, code: said.code, err: said.err });
        }
    }
    eprint!("{}", said.out);
    let problems = said.out.lines().filter_map(|line| line.strip_prefix("problem: ")).map(str::to_owned);
    Ok(problems.collect())
}

/// What the checker calls an error: the items of highest priority.
fn cf_errors(product: &Path) -> Result<Vec<String>, ValidationError> {
    let folder = tempfile::tempdir().map_err(ValidationError::file("create", &std::env::temp_dir()))?;
    let answer: PathBuf = folder.path().join("answer.json");
    let test = format!("--test={TEST}");
    let mut checker = Command::new("compliance-checker");
    checker.args([test.as_ref(), "-f".as_ref(), "json".as_ref(), "-o".as_ref(), answer.as_os_str()]);
    let said = python(checker.arg(product))?;
    // Exit code 1 means findings; without an answer it means that the checker failed.
    if !answer.is_file() {
        return Err(ValidationError::Command { command: said.command, code: said.code, err: said.err });
    }
    let answer_value: Value = crate::read_json(&answer)?;
    let absent = || ValidationError::Absent { what: format!("the result of {TEST}"), path: answer.clone() };
    // With one file the answer is keyed by test; with several, by file and then by test.
    let by_file = answer_value.as_object().and_then(|files| files.values().next());
    let result = answer_value.get(TEST).or_else(|| by_file?.get(TEST)).ok_or_else(absent)?;
    let items = result["high_priorities"].as_array().ok_or_else(absent)?;
    let errors: Vec<String> = items.iter().flat_map(findings).collect();
    for error in &errors {
        eprintln!("CF error: {error}");
    }
    Ok(errors)
}

/// The messages of one item that doesn't have its full score.
fn findings(item: &Value) -> Vec<String> {
    let score = |i: usize| item["value"][i].as_f64();
    if let (Some(got), Some(possible)) = (score(0), score(1))
        && got >= possible
    {
        return Vec::new();
    }
    let name = item["name"].as_str().unwrap_or("unnamed");
    let messages = item["msgs"].as_array().cloned().unwrap_or_default();
    if messages.is_empty() {
        return vec![name.to_owned()];
    }
    messages.iter().map(|m| format!("{name}: {}", m.as_str().unwrap_or_default())).collect()
}

fn python(command: &mut Command) -> Result<Said, ValidationError> {
    let missing = command.get_program().to_string_lossy().into_owned();
    collect(command).map_err(|e| match e {
        ValidationError::File { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
            ValidationError::Checker { missing }
        }
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_of_full_score_has_no_finding_and_any_other_has_one() {
        let item = |json: &str| serde_json::from_str::<Value>(json).unwrap();
        assert!(findings(&item(r#"{"name": "a", "value": [3, 3], "msgs": []}"#)).is_empty());
        let bad = item(r#"{"name": "a", "value": [2, 3], "msgs": ["x", "y"]}"#);
        assert_eq!(findings(&bad), ["a: x", "a: y"]);
        assert_eq!(findings(&item(r#"{"name": "a", "value": [0, 1], "msgs": []}"#)), ["a"]);
        assert_eq!(findings(&item(r#"{"name": "a"}"#)), ["a"]);
    }
}
