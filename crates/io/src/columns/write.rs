//! Writing structs along a column.

use std::path::Path;

use netcdf::{FileMut, Options, VariableMut};
use serde::Serialize;

use super::table::{Kind, Misfit, Numbers, Table, Variable, whole};
use super::{COLUMN, COUNTS, PATH, ROLE};
use crate::cf::{FILL_DOUBLE, FILL_WHOLE, netcdf_error, quiet};
use crate::{IoError, atomic};

/// How a file of columns is laid out and described.
#[derive(Clone, Copy, Debug, Default)]
pub struct Layout<'a> {
    /// Names of array dimensions by their length, `(20, "layer")`; others are called `size_N`.
    pub dimensions: &'a [(usize, &'a str)],
    /// Global attributes.
    pub attributes: &'a [(&'a str, &'a str)],
}

type Written = Result<(), netcdf::Error>;

/// Writes one struct a column, atomically.
///
/// # Errors
/// [`IoError::Columns`] for what has no place in such a file (numbers that aren't finite, ragged arrays of numbers), or
/// a file that can't be written.
pub fn write_columns<T: Serialize>(path: &Path, columns: &[T], layout: Layout<'_>) -> Result<(), IoError> {
    let misfit = |source| IoError::Columns { path: path.to_owned(), source };
    let mut table = Table::default();
    for (column, value) in columns.iter().enumerate() {
        let not_finite = |_| misfit(Misfit::NotFinite { path: String::new(), column });
        let value = serde_json::to_value(value).map_err(not_finite)?;
        table.push(&value).map_err(misfit)?;
    }
    atomic::publish(path, |partial| {
        let failed = |(action, source)| netcdf_error(path, partial, action, source);
        write(partial, &table, layout).map_err(failed)
    })
}

fn write(path: &Path, table: &Table, layout: Layout<'_>) -> Result<(), (String, netcdf::Error)> {
    let doing = |what: &str| {
        let what = what.to_owned();
        move |error| (what, error)
    };
    quiet::hdf5();
    let mut file = netcdf::create_with(path, Options::NETCDF4).map_err(doing("create"))?;
    for (name, text) in layout.attributes {
        file.add_attribute(name, *text).map_err(doing("write the attributes of"))?;
    }
    file.add_attribute("columns", whole(table.columns)).map_err(doing("write the attributes of"))?;
    file.add_dimension(COLUMN, table.columns.max(1)).map_err(doing("write the dimensions of"))?;
    for (path, variable) in &table.variables {
        let written = put(&mut file, table, (path, variable), layout);
        written.map_err(doing(&format!("write variable `{path}` of")))?;
    }
    file.close().map_err(doing("finish"))
}

/// A name that NetCDF and CF accept.
fn plain(path: &str) -> String {
    path.replace("[]", "").replace('.', "_")
}

fn put(
    file: &mut FileMut,
    table: &Table,
    (path, variable): (&str, &Variable),
    layout: Layout<'_>,
) -> Written {
    let dimensions = dimensions(table, (path, variable), layout);
    for (name, size) in &dimensions {
        if file.dimension(name).is_none() {
            file.add_dimension(name, *size)?;
        }
    }
    let names: Vec<&str> = dimensions.iter().map(|(name, _)| name.as_str()).collect();
    let sizes: Vec<usize> = dimensions.iter().map(|(_, size)| *size).collect();
    let name = plain(path) + if variable.kind == Kind::Count { "_count" } else { "" };
    if variable.kind == Kind::Number {
        let mut target = file.add_variable::<f64>(&name, &names)?;
        target.set_compression(1, true)?;
        target.set_fill_value(FILL_DOUBLE)?;
        target.put_attribute(PATH, path)?;
        return target.put_values(&reals(variable, &sizes), ..);
    }
    let mut target = file.add_variable::<i64>(&name, &names)?;
    target.set_compression(1, true)?;
    target.set_fill_value(FILL_WHOLE)?;
    target.put_attribute(PATH, path)?;
    describe(&mut target, variable)?;
    target.put_values(&wholes(variable, &sizes), ..)
}

/// The dimensions of a variable: columns, the lists around it, and those of its arrays.
fn dimensions(
    table: &Table,
    (path, variable): (&str, &Variable),
    layout: Layout<'_>,
) -> Vec<(String, usize)> {
    let of_size = |&size: &usize| {
        let known = layout.dimensions.iter().find(|(length, _)| *length == size);
        (known.map_or_else(|| format!("size_{size}"), |(_, name)| (*name).to_owned()), size)
    };
    let columns = (COLUMN.to_owned(), table.columns.max(1));
    let lists = lists(table, path, variable.kind);
    std::iter::once(columns).chain(lists).chain(variable.shape.iter().map(of_size)).collect()
}

/// What whole numbers mean.
fn describe(target: &mut VariableMut<'_>, variable: &Variable) -> Written {
    let meanings = match variable.kind {
        Kind::Count => {
            target.put_attribute(ROLE, COUNTS)?;
            return Ok(());
        }
        Kind::Truth => "false true".to_owned(),
        Kind::Word => variable.words.join(" "),
        Kind::Integer | Kind::Number => return Ok(()),
    };
    let codes = whole(meanings.split(' ').count());
    target.put_attribute("flag_meanings", meanings)?;
    target.put_attribute("flag_values", (0..codes).collect::<Vec<i64>>())?;
    Ok(())
}

/// The lists around a path with their lengths; those of a count are the ones around its own list.
fn lists(table: &Table, path: &str, kind: Kind) -> Vec<(String, usize)> {
    let ends: Vec<usize> = path.match_indices("[]").map(|(at, _)| at + 2).collect();
    let around = if kind == Kind::Count { ends.len() - 1 } else { ends.len() };
    let length = |list: &str| {
        let entries = table.variables.get(list).map_or(&[][..], |v| &v.entries);
        let counts = entries.iter().map(|e| if let Numbers::Whole(n) = e.numbers { n } else { 0 });
        counts.max().unwrap_or(0).max(1) as usize
    };
    ends[..around].iter().map(|&end| (plain(&path[..end]), length(&path[..end]))).collect()
}

/// Position of an entry's first number.
fn offset(column: usize, places: &[usize], sizes: &[usize]) -> usize {
    let indices = std::iter::once(column).chain(places.iter().copied());
    let head = indices.zip(sizes).fold(0, |at, (index, size)| at * size + index);
    head * sizes[1 + places.len()..].iter().product::<usize>()
}

fn reals(variable: &Variable, sizes: &[usize]) -> Vec<f64> {
    let mut all = vec![FILL_DOUBLE; sizes.iter().product()];
    for entry in &variable.entries {
        if let Numbers::Real(numbers) = &entry.numbers {
            let at = offset(entry.column, &entry.places, sizes);
            all[at..at + numbers.len()].copy_from_slice(numbers);
        }
    }
    all
}

fn wholes(variable: &Variable, sizes: &[usize]) -> Vec<i64> {
    let mut all = vec![FILL_WHOLE; sizes.iter().product()];
    for entry in &variable.entries {
        if let Numbers::Whole(whole) = entry.numbers {
            all[offset(entry.column, &entry.places, sizes)] = whole;
        }
    }
    all
}
