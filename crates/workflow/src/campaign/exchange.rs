//! `parameters.json` and `outputs.json`, `parameters.nc` and `outputs.nc`.

use std::path::Path;

use reterra_io::run_files::{read_variables, write_scalars};
use reterra_io::{IoError, replace};
use serde_json::{Map, Value};

use super::settings::{Exchange, Observed};
use crate::WorkflowError;

const PARAMETERS: &str = "parameters.json";
const OUTPUTS: &str = "outputs.json";
const PARAMETERS_NC: &str = "parameters.nc";
const OUTPUTS_NC: &str = "outputs.nc";
/// Title of the parameters as NetCDF.
const TITLE: &str = "Parameters of a run";

/// The files of a run.
#[derive(Clone, Copy)]
pub(super) struct Files<'a> {
    pub directory: &'a Path,
    pub kind: Exchange,
}

impl Files<'_> {
    /// Writes the parameters: `{name: value}`, or variables without dimensions.
    pub fn write(self, names: &[String], values: &[f64]) -> Result<(), WorkflowError> {
        match self.kind {
            Exchange::Json => write_parameters(self.directory, names, values),
            Exchange::NetCdf => {
                let all: Vec<_> = names.iter().cloned().zip(values.iter().copied()).collect();
                Ok(write_scalars(&self.directory.join(PARAMETERS_NC), TITLE, &all)?)
            }
        }
    }

    /// The observed outputs that a run wrote, one after another; else what is wrong with them.
    pub fn read(self, observed: &[Observed]) -> Result<Vec<f64>, String> {
        match self.kind {
            Exchange::Json => read_json(self.directory, observed),
            Exchange::NetCdf => read_netcdf(self.directory, observed),
        }
    }
}

/// Writes `{name: value}` for a run.
pub(super) fn write_parameters(
    directory: &Path,
    names: &[String],
    values: &[f64],
) -> Result<(), WorkflowError> {
    let map: Map<String, Value> =
        names.iter().cloned().zip(values.iter().map(|value| Value::from(*value))).collect();
    let path = directory.join(PARAMETERS);
    let text = serde_json::to_string_pretty(&map).map_err(WorkflowError::io("write", &path))?;
    Ok(replace(&path, format!("{text}\n").as_bytes())?)
}

/// Variables of any dimensions, in C order.
fn read_netcdf(directory: &Path, observed: &[Observed]) -> Result<Vec<f64>, String> {
    let names: Vec<&str> = observed.iter().map(|output| output.name.as_str()).collect();
    let found = read_variables(&directory.join(OUTPUTS_NC), &names).map_err(|e| match e {
        IoError::NoSuchVariable { variable, found, .. } => absent(OUTPUTS_NC, &variable, &found.join(", ")),
        IoError::TextVariable { variable, .. } => format!("output `{variable}` is no finite number"),
        other => format!("it left no {OUTPUTS_NC} that can be read: {other}"),
    })?;
    let mut all = Vec::new();
    for (output, numbers) in observed.iter().zip(found) {
        all.extend(finite(numbers.into_iter().map(Some), output)?);
    }
    Ok(all)
}

fn read_json(directory: &Path, observed: &[Observed]) -> Result<Vec<f64>, String> {
    let text = std::fs::read_to_string(directory.join(OUTPUTS))
        .map_err(|e| format!("it left no {OUTPUTS} that can be read: {e}"))?;
    let found = parse(&text)?;
    let mut all = Vec::new();
    for output in observed {
        let value = found.get(&output.name).ok_or_else(|| {
            let names: Vec<&str> = found.keys().map(String::as_str).collect();
            absent(OUTPUTS, &output.name, &names.join(", "))
        })?;
        let list = match value {
            Value::Array(list) => list.as_slice(),
            single => std::slice::from_ref(single),
        };
        all.extend(finite(list.iter().map(Value::as_f64), output)?);
    }
    Ok(all)
}

fn absent(file: &str, name: &str, found: &str) -> String {
    format!("{file} has no `{name}`; it has: {found}")
}

fn parse(text: &str) -> Result<Map<String, Value>, String> {
    // Many programs write NaN and Infinity, which JSON doesn't have: told apart from text that is no JSON at all.
    let plain = || ["-Infinity", "Infinity", "NaN"].iter().fold(text.to_owned(), |t, n| t.replace(n, "null"));
    let parsed = serde_json::from_str(text).or_else(|e| serde_json::from_str(&plain()).map_err(|_| e));
    parsed.map_err(|e| format!("{OUTPUTS} holds no JSON object: {e}"))
}

/// As many finite numbers as are observed; none stands for what is no number.
fn finite(found: impl ExactSizeIterator<Item = Option<f64>>, output: &Observed) -> Result<Vec<f64>, String> {
    let Observed { name, values } = output;
    let count = found.len();
    if count != *values {
        return Err(format!("output `{name}` has {count} values where {values} are observed"));
    }
    let number = |(k, value): (usize, Option<f64>)| {
        let place = if count == 1 { String::new() } else { format!(", value {k} (from 0),") };
        let finite = value.filter(|x| x.is_finite());
        finite.ok_or_else(|| format!("output `{name}`{place} is no finite number"))
    };
    found.enumerate().map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<f64>, String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(OUTPUTS), text).unwrap();
        let observed = [("a", 1), ("b", 2)].map(|(name, values)| Observed { name: name.to_owned(), values });
        read_json(folder.path(), &observed)
    }

    #[test]
    fn outputs_come_in_the_order_of_the_observations() {
        assert_eq!(read(r#"{"b": [2, 3e0], "x": "text", "a": 1.5}"#), Ok(vec![1.5, 2.0, 3.0]));
        assert_eq!(read(r#"{"b": [2, 3], "a": [1.5]}"#), Ok(vec![1.5, 2.0, 3.0]));
    }

    #[test]
    fn what_is_wrong_with_outputs_is_told() {
        for (text, part) in [
            (r#"{"a": 1}"#, "has no `b`; it has: a"),
            (r#"{"a": 1, "b": [1]}"#, "`b` has 1 values where 2 are observed"),
            (r#"{"a": NaN, "b": [1, 2]}"#, "`a` is no finite number"),
            (r#"{"a": 1, "b": [1, -Infinity]}"#, "`b`, value 1 (from 0), is no finite number"),
            (r#"{"a": 1, "b": [1, "x"]}"#, "is no finite number"),
            (r#"{"a": 1, "b": "#, "holds no JSON object"),
            ("[1, 2]", "holds no JSON object"),
        ] {
            let said = read(text).unwrap_err();
            assert!(said.contains(part), "{text}: {said}");
        }
        assert!(read_json(Path::new("/nowhere"), &[]).unwrap_err().contains("no outputs.json"));
    }
}
