//! `campaign.json`: the settings that a campaign began with, which its runs depend on.

use std::fs;
use std::path::Path;

use reterra_io::{IoError, replace};
use serde_json::{Map, Value, json};

use super::settings::Settings;
use crate::WorkflowError;

/// The file.
const LEDGER: &str = "campaign.json";
/// Changes that a refusal lists at most.
const LISTED: usize = 6;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Job {
    Calibrate,
    Sample,
}

/// Compares settings with those that the directory's campaign began with, and writes those that are new: a calibration
/// says nothing of how to sample, so it can be sampled from later.
pub(super) fn settle(settings: &Settings, job: Job) -> Result<(), WorkflowError> {
    let directory = &settings.directory;
    let path = directory.join(LEDGER);
    let now = fixed(settings, job).map_err(WorkflowError::io("write", &path))?;
    let mut known = read(directory)?.unwrap_or_default();
    let mut changed = Vec::new();
    for (key, value) in &now {
        if let Some(before) = known.get(key) {
            differences(key, before, value, &mut changed);
        }
    }
    if !changed.is_empty() {
        changed.truncate(LISTED);
        return Err(WorkflowError::OtherSettings { directory: directory.clone(), changed });
    }
    let all_known = now.keys().all(|key| known.contains_key(key));
    if all_known {
        return Ok(());
    }
    known.extend(now);
    let text = serde_json::to_string_pretty(&known).map_err(WorkflowError::io("write", &path))?;
    Ok(replace(&path, format!("{text}\n").as_bytes())?)
}

/// Refuses a directory that has something else in it.
pub(super) fn prepare(directory: &Path) -> Result<(), WorkflowError> {
    fs::create_dir_all(directory).map_err(WorkflowError::io("create", directory))?;
    let mut entries = fs::read_dir(directory).map_err(WorkflowError::io("list", directory))?;
    let foreign = entries.next().is_some() && !directory.join(LEDGER).exists();
    // A campaign that was stopped before its ledger was there has left its lock.
    let mut only_lock = || entries.next().is_none() && crate::engine::has_lock(directory);
    if foreign && !only_lock() {
        return Err(WorkflowError::NotEmpty { directory: directory.to_owned() });
    }
    Ok(())
}

fn read(directory: &Path) -> Result<Option<Map<String, Value>>, WorkflowError> {
    let path = directory.join(LEDGER);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(serde_json::from_str(&text).map_err(WorkflowError::io("understand", path))?)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(IoError::File { path, action: "read", source }.into()),
    }
}

/// What runs depend on. Not among it: the name, how many runs are made at once, and how many may fail.
fn fixed(settings: &Settings, job: Job) -> serde_json::Result<Map<String, Value>> {
    let mut map = Map::new();
    map.insert("seed".to_owned(), json!(settings.seed));
    map.insert("members".to_owned(), json!(settings.members));
    map.insert("model".to_owned(), serde_json::to_value(&settings.model)?);
    map.insert("outputs".to_owned(), serde_json::to_value(&settings.observed)?);
    map.insert("problem".to_owned(), serde_json::to_value(&settings.problem)?);
    map.insert("calibrate".to_owned(), serde_json::to_value(&settings.method)?);
    if job == Job::Sample {
        map.insert("sample".to_owned(), serde_json::to_value(&settings.ces)?);
    }
    Ok(map)
}

/// Paths at which two values differ, with both.
fn differences(path: &str, before: &Value, now: &Value, found: &mut Vec<String>) {
    match (before, now) {
        (Value::Object(a), Value::Object(b)) => {
            let keys = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
            for key in keys {
                let of = |map: &Map<String, Value>| map.get(key).cloned().unwrap_or(Value::Null);
                differences(&format!("{path}.{key}"), &of(a), &of(b), found);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (k, (a, b)) in a.iter().zip(b).enumerate() {
                differences(&format!("{path}[{k}]"), a, b, found);
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            found.push(format!("{path}: {} entries, was {}", b.len(), a.len()));
        }
        (a, b) if a != b => found.push(format!("{path}: {b}, was {a}")),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_told_by_its_path() {
        let mut found = Vec::new();
        let (a, b) = (json!({"x": [1, {"y": 2}], "z": [1]}), json!({"x": [1, {"y": 3}], "z": []}));
        differences("calibrate", &a, &b, &mut found);
        assert_eq!(found, ["calibrate.x[1].y: 3, was 2", "calibrate.z: 0 entries, was 1"]);
    }
}
