//! Which columns of a table are inputs, which are outputs.

use std::fmt;

use ndarray::Array2;
use reterra_io::NumberTable;

use crate::WorkflowError;

/// Columns as a user names them; the group that isn't named is all the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Split {
    /// Inputs are named.
    Inputs(Vec<String>),
    /// Outputs are named.
    Outputs(Vec<String>),
    /// Inputs and outputs are named; other columns aren't read.
    Both(Vec<String>, Vec<String>),
}

/// Why columns can't be split so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadSplit {
    /// No column is left for inputs.
    NoInputs,
    /// No column is left for outputs.
    NoOutputs,
    /// A column is named for two things.
    Twice(String),
    /// An output has one value in all rows.
    Constant(String),
}

impl fmt::Display for BadSplit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoInputs => f.write_str("no column is left for inputs; name fewer outputs"),
            Self::NoOutputs => f.write_str("no column is left for outputs; name fewer inputs"),
            Self::Twice(column) => write!(f, "column `{column}` is named twice; name it once"),
            Self::Constant(column) => {
                write!(
                    f,
                    "output `{column}` is the same in all rows; there is nothing to learn, leave it out"
                )
            }
        }
    }
}

impl Split {
    /// Names of inputs and outputs among the columns of a table, `blocks` being neither.
    pub(super) fn resolve(
        &self,
        header: &[String],
        blocks: Option<&str>,
    ) -> Result<(Vec<String>, Vec<String>), BadSplit> {
        let others = |named: &[String]| -> Vec<String> {
            let other = |name: &&String| !named.contains(name) && Some(name.as_str()) != blocks;
            header.iter().filter(other).cloned().collect()
        };
        let (inputs, outputs) = match self {
            Self::Inputs(inputs) => (inputs.clone(), others(inputs)),
            Self::Outputs(outputs) => (others(outputs), outputs.clone()),
            Self::Both(inputs, outputs) => (inputs.clone(), outputs.clone()),
        };
        let all: Vec<&str> = inputs.iter().chain(&outputs).map(String::as_str).chain(blocks).collect();
        if let Some(twice) = (1..all.len()).find(|&i| all[..i].contains(&all[i])) {
            return Err(BadSplit::Twice(all[twice].to_owned()));
        }
        match (inputs.is_empty(), outputs.is_empty()) {
            (true, _) => Err(BadSplit::NoInputs),
            (_, true) => Err(BadSplit::NoOutputs),
            _ => Ok((inputs, outputs)),
        }
    }
}

/// Numbers of columns, rows × names.
pub(super) fn matrix(table: &NumberTable, names: &[String]) -> Result<Array2<f64>, WorkflowError> {
    let mut found = Array2::zeros((table.rows(), names.len()));
    for (mut column, name) in found.columns_mut().into_iter().zip(names) {
        for (cell, number) in column.iter_mut().zip(table.numbers(name)?) {
            *cell = number;
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_not_named_are_the_other_group_and_blocks_are_neither() {
        let names = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let header = names("a b site y");
        let resolve = |split: Split| split.resolve(&header, Some("site"));
        assert_eq!(resolve(Split::Outputs(names("y"))), Ok((names("a b"), names("y"))));
        assert_eq!(resolve(Split::Inputs(names("b"))), Ok((names("b"), names("a y"))));
        assert_eq!(resolve(Split::Outputs(names("a b y"))), Err(BadSplit::NoInputs));
        assert_eq!(resolve(Split::Inputs(names("a b y"))), Err(BadSplit::NoOutputs));
        assert_eq!(resolve(Split::Both(names("a"), names("a"))), Err(BadSplit::Twice("a".to_owned())));
        assert_eq!(resolve(Split::Outputs(names("site"))), Err(BadSplit::Twice("site".to_owned())));
    }
}
