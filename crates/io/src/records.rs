//! Tables in NetCDF: variables along one dimension, a record an entry of it.
//!
//! The dimension is the only one that variables of one dimension lie along; where there are several, the unlimited one. Other
//! variables are no columns, and neither is the dimension's own coordinate, which counts or names records and tells
//! nothing of them (CF-1.11, section 5), unless it is asked for.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use netcdf::types::NcVariableType;
use netcdf::{File, Variable};

use crate::IoError;
use crate::cf::numbers::decoded;
use crate::cf::read::{failed, open};

/// Variables along one dimension, read whole.
pub(crate) struct Records {
    path: PathBuf,
    dimension: String,
    rows: usize,
    /// Names of columns, in the file's order.
    header: Vec<String>,
    /// All that can be a column, the coordinate too.
    columns: Vec<(String, Column)>,
    /// Names and dimensions of the others.
    others: Vec<(String, Vec<String>)>,
}

enum Column {
    /// NaN where there is no value.
    Numbers(Vec<f64>),
    Texts(Vec<String>),
}

impl Records {
    pub fn read(path: &Path) -> Result<Self, IoError> {
        let file = open(path)?;
        let dimension = dimension(&file, path)?;
        let rows = file.dimension_len(&dimension).unwrap_or(0);
        if rows == 0 {
            return Err(IoError::Empty { path: path.to_owned() });
        }
        let (mut columns, mut others) = (Vec::new(), Vec::new());
        for variable in file.variables() {
            let name = variable.name();
            let dims = names(&variable);
            let found = if dims.first() == Some(&dimension) {
                column(&variable, rows).map_err(|e| failed(path, &name, e))?
            } else {
                None
            };
            match found {
                Some(column) => columns.push((name, column)),
                None => others.push((name, dims)),
            }
        }
        let header = columns.iter().map(|(name, _)| name.clone()).filter(|name| *name != dimension).collect();
        Ok(Self { path: path.to_owned(), dimension, rows, header, columns, others })
    }

    pub fn dimension(&self) -> &str {
        &self.dimension
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    pub fn header(&self) -> &[String] {
        &self.header
    }

    pub fn numbers(&self, name: &str) -> Result<Vec<f64>, IoError> {
        let Column::Numbers(numbers) = self.column(name)? else {
            return Err(IoError::TextVariable { path: self.path.clone(), variable: name.to_owned() });
        };
        match numbers.iter().position(|number| !number.is_finite()) {
            Some(entry) => Err(self.missing(name, entry)),
            None => Ok(numbers.clone()),
        }
    }

    /// Numbers as names of groups are written as short as they can be.
    pub fn texts(&self, name: &str) -> Result<Vec<String>, IoError> {
        let texts = match self.column(name)? {
            Column::Texts(texts) => texts.clone(),
            Column::Numbers(_) => self.numbers(name)?.iter().map(f64::to_string).collect(),
        };
        match texts.iter().position(String::is_empty) {
            Some(entry) => Err(self.missing(name, entry)),
            None => Ok(texts),
        }
    }

    fn column(&self, name: &str) -> Result<&Column, IoError> {
        if let Some((_, column)) = self.columns.iter().find(|(other, _)| other == name) {
            return Ok(column);
        }
        let (path, variable) = (self.path.clone(), name.to_owned());
        match self.others.iter().find(|(other, _)| other == name) {
            Some((_, found)) => {
                let (found, dimension) = (found.clone(), self.dimension.clone());
                Err(IoError::NotARecord { path, variable, found, dimension })
            }
            None => Err(IoError::NoSuchVariable { path, variable, found: self.header.clone() }),
        }
    }

    fn missing(&self, variable: &str, entry: usize) -> IoError {
        let (path, dimension) = (self.path.clone(), self.dimension.clone());
        IoError::MissingEntry { path, variable: variable.to_owned(), dimension, entry }
    }
}

/// The dimension of records.
fn dimension(file: &File, path: &Path) -> Result<String, IoError> {
    let along = |variable: Variable| match variable.dimensions() {
        [one] => Some((one.name(), one.is_unlimited())),
        // Texts of one length are characters along a second dimension.
        [one, _] if variable.vartype() == NcVariableType::Char => Some((one.name(), one.is_unlimited())),
        _ => None,
    };
    let found: BTreeSet<(String, bool)> = file.variables().filter_map(along).collect();
    let unlimited: Vec<&String> = found.iter().filter(|(_, yes)| *yes).map(|(name, _)| name).collect();
    match (found.len(), unlimited.as_slice()) {
        (1, _) => Ok(found.into_iter().map(|(name, _)| name).collect()),
        (_, [one]) => Ok((*one).clone()),
        _ => Err(IoError::Records {
            path: path.to_owned(),
            found: found.into_iter().map(|(name, _)| name).collect(),
        }),
    }
}

/// A column, if a variable along the dimension of records is one.
fn column(variable: &Variable, rows: usize) -> Result<Option<Column>, netcdf::Error> {
    match (variable.vartype(), variable.dimensions()) {
        (NcVariableType::String, [_]) => {
            let texts = (0..rows).map(|i| variable.get_string(i)).collect::<Result<Vec<_>, _>>()?;
            Ok(Some(Column::Texts(texts)))
        }
        (NcVariableType::Char, [_, length]) => {
            let bytes = variable.get_raw_values(..)?;
            let text = |bytes: &[u8]| {
                let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
                String::from_utf8_lossy(&bytes[..end]).trim_end().to_owned()
            };
            Ok(Some(Column::Texts(bytes.chunks(length.len().max(1)).map(text).collect())))
        }
        (_, [_]) => Ok(decoded(variable)?.map(Column::Numbers)),
        _ => Ok(None),
    }
}

fn names(variable: &Variable) -> Vec<String> {
    variable.dimensions().iter().map(netcdf::Dimension::name).collect()
}
