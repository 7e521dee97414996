//! Keys: the hash of everything that a stage's result depends on.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use reterra_io::{sha256_bytes, sha256_file};

use super::{InputFile, Inputs, Key, Stage};
use crate::WorkflowError;

/// Checksums input files once, however many stages read them.
#[derive(Default)]
pub(super) struct KeyMaker {
    seen: BTreeMap<PathBuf, String>,
    keys: BTreeMap<&'static str, String>,
}

impl KeyMaker {
    /// The key of a stage whose earlier stages were given to this function before.
    pub fn key<W>(&mut self, stage: &dyn Stage<W>, inputs: &Inputs) -> Result<Key, WorkflowError> {
        let mut key = Key {
            key: String::new(),
            code: stage.code().name().to_owned(),
            config: inputs
                .config
                .iter()
                .map(|(k, v)| (k.clone(), sha256_bytes(v.to_string().as_bytes())))
                .collect(),
            inputs: self.checksums(&inputs.files)?,
            upstream: self.upstream(stage, &inputs.after)?,
        };
        key.key = digest(stage.name(), &key);
        self.keys.insert(stage.name(), key.key.clone());
        Ok(key)
    }

    fn checksums(&mut self, files: &[InputFile]) -> Result<BTreeMap<String, String>, WorkflowError> {
        let mut checksums = BTreeMap::new();
        for file in files {
            let sum = match self.seen.get(&file.path) {
                Some(sum) => sum.clone(),
                None => sha256_file(&file.path)?,
            };
            self.seen.insert(file.path.clone(), sum.clone());
            checksums.insert(file.label.clone(), sum);
        }
        Ok(checksums)
    }

    fn upstream<W>(
        &self,
        stage: &dyn Stage<W>,
        after: &[&'static str],
    ) -> Result<BTreeMap<String, String>, WorkflowError> {
        let find = |name: &&'static str| {
            let key = self.keys.get(name).ok_or_else(|| WorkflowError::StageOrder {
                stage: stage.name(),
                needs: (*name).to_owned(),
            })?;
            Ok(((*name).to_owned(), key.clone()))
        };
        after.iter().map(find).collect()
    }
}

/// SHA-256 over name and parts, each on its own line, so that no two lists of parts give the same text.
fn digest(stage: &str, key: &Key) -> String {
    let mut text = format!("stage {stage}\ncode {}\n", key.code);
    for (kind, parts) in [("config", &key.config), ("input", &key.inputs), ("after", &key.upstream)] {
        for (name, sum) in parts {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{kind} {name:?} {sum}");
        }
    }
    sha256_bytes(text.as_bytes())
}

/// What differs between the key of stored results and the present one, in words.
pub(super) fn differences(stored: &Key, present: &Key) -> Vec<String> {
    let mut changed = Vec::new();
    if stored.code != present.code {
        changed.push(format!("the code changed from {} to {}", stored.code, present.code));
    }
    compare("configuration", &stored.config, &present.config, &mut changed);
    compare("input", &stored.inputs, &present.inputs, &mut changed);
    compare("stage", &stored.upstream, &present.upstream, &mut changed);
    changed
}

fn compare(
    kind: &str,
    stored: &BTreeMap<String, String>,
    present: &BTreeMap<String, String>,
    changed: &mut Vec<String>,
) {
    for (name, sum) in present {
        match stored.get(name) {
            None => changed.push(format!("{kind} `{name}` is new")),
            Some(old) if old != sum => changed.push(format!("{kind} `{name}` changed")),
            Some(_) => {}
        }
    }
    let gone = stored.keys().filter(|name| !present.contains_key(*name));
    changed.extend(gone.map(|name| format!("{kind} `{name}` is gone")));
}
