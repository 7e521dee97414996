//! Reading structs along a column.

use std::path::Path;

use netcdf::AttributeValue;
use netcdf::types::{FloatType, NcVariableType};
use serde::de::DeserializeOwned;

use super::table::{Entry, Kind, Numbers, Table, Variable};
use super::{COUNTS, PATH, ROLE};
use crate::cf::{FILL_DOUBLE, FILL_WHOLE, quiet};
use crate::{Corruption, IoError};

/// Reads what [`super::write_columns`] wrote, bit for bit.
///
/// # Errors
/// [`IoError::NetCdf`] for a file that can't be read, [`IoError::Corrupt`] where its variables don't fit together, and
/// [`IoError::OtherColumns`] where they aren't those of this struct.
pub fn read_columns<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, IoError> {
    let netcdf = |source| IoError::NetCdf { path: path.to_owned(), action: "read".to_owned(), source };
    let corrupt = || IoError::Corrupt { path: path.to_owned(), what: Corruption::Header };
    let table = table(path).map_err(netcdf)?.ok_or_else(corrupt)?;
    let values = table.values().ok_or_else(corrupt)?;
    let other = |source| IoError::OtherColumns { path: path.to_owned(), source };
    values.into_iter().map(|value| serde_json::from_value(value).map_err(other)).collect()
}

/// The file's variables; none where they aren't written by this module.
fn table(path: &Path) -> Result<Option<Table>, netcdf::Error> {
    quiet::hdf5();
    let file = netcdf::open(path)?;
    let Some(AttributeValue::Longlong(columns)) = file.attribute("columns").and_then(|a| a.value().ok())
    else {
        return Ok(None);
    };
    let mut table = Table { columns: columns.max(0) as usize, ..Table::default() };
    for source in file.variables() {
        let Some(AttributeValue::Str(place)) = source.attribute_value(PATH).transpose()? else {
            return Ok(None);
        };
        let Some(variable) = variable(&source, &place, table.columns)? else { return Ok(None) };
        table.variables.insert(place, variable);
    }
    Ok(Some(table))
}

fn variable(
    source: &netcdf::Variable<'_>,
    path: &str,
    columns: usize,
) -> Result<Option<Variable>, netcdf::Error> {
    let text = |name: &str| match source.attribute_value(name) {
        Some(Ok(AttributeValue::Str(text))) => Some(text),
        _ => None,
    };
    let meanings = text("flag_meanings");
    let kind = match (source.vartype() == NcVariableType::Float(FloatType::F64), &meanings) {
        (true, _) => Kind::Number,
        (false, _) if text(ROLE).as_deref() == Some(COUNTS) => Kind::Count,
        (false, Some(words)) if words == "false true" => Kind::Truth,
        (false, Some(_)) => Kind::Word,
        (false, None) => Kind::Integer,
    };
    let sizes: Vec<usize> = source.dimensions().iter().map(netcdf::Dimension::len).collect();
    let lists = path.matches("[]").count() - usize::from(kind == Kind::Count);
    let Some((around, shape)) = sizes.split_at_checked(1 + lists) else { return Ok(None) };
    let words = meanings.unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    let mut variable = Variable { kind, shape: shape.to_vec(), words, entries: Vec::new() };
    let all: Vec<Option<Numbers>> = if kind == Kind::Number {
        let values: Vec<f64> = source.get_values(..)?;
        let each = shape.iter().product::<usize>().max(1);
        values
            .chunks(each)
            .map(|part| (part[0] != FILL_DOUBLE).then(|| Numbers::Real(part.to_vec())))
            .collect()
    } else {
        let values: Vec<i64> = source.get_values(..)?;
        values.into_iter().map(|value| (value != FILL_WHOLE).then_some(Numbers::Whole(value))).collect()
    };
    for (at, numbers) in all.into_iter().enumerate() {
        let index = indices(at, around);
        if let (Some(numbers), true) = (numbers, index[0] < columns) {
            variable.entries.push(Entry { column: index[0], places: index[1..].to_vec(), numbers });
        }
    }
    Ok(Some(variable))
}

/// Position in C order to indices.
fn indices(mut at: usize, sizes: &[usize]) -> Vec<usize> {
    let mut found: Vec<usize> = sizes
        .iter()
        .rev()
        .map(|size| {
            let index = at % size.max(&1);
            at /= size.max(&1);
            index
        })
        .collect();
    found.reverse();
    found
}
