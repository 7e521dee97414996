//! What goes into a run of somebody's model and comes out of it, as NetCDF: variables with names, nothing else agreed.

use std::path::Path;

use netcdf::Options;

use crate::cf::numbers::decoded;
use crate::cf::quiet;
use crate::cf::read::{failed, open};
use crate::cf::write::{FILL_DOUBLE, netcdf_error, put_texts};
use crate::{IoError, atomic};

/// The conventions that both kinds of files keep.
const CONVENTIONS: &str = "CF-1.11";

/// Numbers along the dimension of records.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordColumn {
    /// Name of the variable.
    pub name: String,
    /// What it is.
    pub long_name: String,
    /// A number a record; NaN is written as missing.
    pub numbers: Vec<f64>,
}

/// Whether NetCDF takes a name as that of a variable, and CF recommends it: a letter, then letters, digits and `_`.
#[must_use]
pub fn is_variable_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(plain)
}

/// Writes numbers as variables without dimensions, atomically, for another process to read at once.
///
/// HDF5 locks what it writes, and any process that another thread starts meanwhile inherits the open file and its lock for
/// life. So what is published is a copy that HDF5 never opened.
///
/// # Errors
/// A file that can't be written; a full disk is told apart.
pub fn write_scalars(path: &Path, title: &str, values: &[(String, f64)]) -> Result<(), IoError> {
    atomic::publish(path, |partial| {
        let locked = partial.with_extension("locked");
        let write = || -> Result<(), netcdf::Error> {
            quiet::hdf5();
            let mut file = netcdf::create_with(&locked, Options::NETCDF4)?;
            file.add_attribute("Conventions", CONVENTIONS)?;
            file.add_attribute("title", title)?;
            for (name, value) in values {
                let mut variable = file.add_variable::<f64>(name, &[])?;
                put_texts(&mut variable, &[("long_name", name)])?;
                variable.put_value(*value, ())?;
            }
            file.close()
        };
        let written = write().map_err(|source| netcdf_error(path, partial, "write".to_owned(), source));
        let copied = written.and_then(|()| {
            std::fs::copy(&locked, partial).map(drop).map_err(|source| IoError::file(path, "write", source))
        });
        // Where it was never made there is nothing to remove.
        let _ = std::fs::remove_file(&locked);
        copied
    })
}

/// Writes columns along a dimension, atomically.
///
/// # Errors
/// A file that can't be written; a full disk is told apart.
pub fn write_records(
    path: &Path,
    (title, dimension): (&str, &str),
    columns: &[RecordColumn],
) -> Result<(), IoError> {
    let rows = columns.first().map_or(0, |column| column.numbers.len());
    atomic::publish(path, |partial| {
        let write = || -> Result<(), netcdf::Error> {
            quiet::hdf5();
            let mut file = netcdf::create_with(partial, Options::NETCDF4)?;
            file.add_attribute("Conventions", CONVENTIONS)?;
            file.add_attribute("title", title)?;
            file.add_dimension(dimension, rows)?;
            for column in columns {
                let mut variable = file.add_variable::<f64>(&column.name, &[dimension])?;
                put_texts(&mut variable, &[("long_name", &column.long_name)])?;
                variable.set_fill_value(FILL_DOUBLE)?;
                let stored = column.numbers.iter().map(|v| if v.is_nan() { FILL_DOUBLE } else { *v });
                variable.put_values(&stored.collect::<Vec<f64>>(), ..)?;
            }
            file.close()
        };
        write().map_err(|source| netcdf_error(path, partial, "write".to_owned(), source))
    })
}

/// Numbers of variables of any dimensions, in C order, NaN where there is no value.
///
/// # Errors
/// A file that can't be read, `NoSuchVariable`, and `TextVariable`.
pub fn read_variables(path: &Path, names: &[&str]) -> Result<Vec<Vec<f64>>, IoError> {
    let file = open(path)?;
    let one = |name: &&str| {
        let (path, variable) = (path.to_owned(), (*name).to_owned());
        let Some(found) = file.variable(name) else {
            let found = file.variables().map(|v| v.name()).collect();
            return Err(IoError::NoSuchVariable { path, variable, found });
        };
        let numbers = decoded(&found).map_err(|e| failed(&path, name, e))?;
        numbers.ok_or(IoError::TextVariable { path, variable })
    };
    names.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NumberTable;

    #[test]
    fn numbers_of_a_run_keep_their_bits() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("parameters.nc");
        let values = [("k_labile".to_owned(), 0.1 + 0.2), ("q10".to_owned(), -1e-300)];
        write_scalars(&path, "Parameters", &values).unwrap();
        let found = read_variables(&path, &["q10", "k_labile"]).unwrap();
        assert_eq!(found, [vec![-1e-300], vec![0.1 + 0.2]]);
        let said = read_variables(&path, &["q11"]).unwrap_err().to_string();
        assert!(said.contains("no variable `q11`; it has: k_labile, q10"), "{said}");
    }

    #[test]
    fn names_that_netcdf_and_cf_take_are_told_apart() {
        assert!(["k", "Q10", "k_labile"].iter().all(|name| is_variable_name(name)));
        assert!(["", "_k", "1k", "k labile", "k/l", "k-l", "é"].iter().all(|name| !is_variable_name(name)));
    }

    /// A file as other programs write them.
    fn table(path: &Path, unlimited: bool) {
        let mut file = netcdf::create(path).unwrap();
        if unlimited {
            file.add_unlimited_dimension("run").unwrap();
        } else {
            file.add_dimension("run", 3).unwrap();
        }
        file.add_dimension("length", 4).unwrap();
        file.add_dimension("lat", 2).unwrap();
        let mut put = |name: &str, dimension: &str, values: &[f64]| {
            let mut variable = file.add_variable::<f64>(name, &[dimension]).unwrap();
            variable.put_values(values, 0..values.len()).unwrap();
        };
        put("run", "run", &[10.0, 11.0, 12.0]);
        put("a", "run", &[1.0, 2.0, 3.0]);
        put("gap", "run", &[1.0, f64::NAN, 3.0]);
        put("unwritten", "run", &[1.0]);
        if unlimited {
            put("lat", "lat", &[50.0, 51.0]);
        }
        let mut packed = file.add_variable::<i16>("packed", &["run"]).unwrap();
        packed.set_fill_value(-1_i16).unwrap();
        packed.put_attribute("scale_factor", 0.5).unwrap();
        packed.put_attribute("add_offset", 10.0).unwrap();
        packed.put_values(&[2_i16, 4, 6], 0..3).unwrap();
        let mut whole = file.add_variable::<i32>("year", &["run"]).unwrap();
        whole.put_values(&[2003, 2004, 2003], 0..3).unwrap();
        file.add_variable::<f64>("map", &["run", "lat"]).unwrap();
        let mut site = file.add_string_variable("site", &["run"]).unwrap();
        for (i, text) in ["S1", "S2", "S1"].iter().enumerate() {
            site.put_string(text, i).unwrap();
        }
        file.close().unwrap();
    }

    #[test]
    fn variables_along_the_record_dimension_are_columns() {
        let folder = tempfile::tempdir().unwrap();
        for unlimited in [false, true] {
            let path = folder.path().join("runs.nc");
            table(&path, unlimited);
            let found = NumberTable::read(&path).unwrap();
            assert_eq!(found.header(), ["a", "gap", "unwritten", "packed", "year", "site"]);
            assert_eq!(found.rows(), 3);
            assert_eq!(found.numbers("a").unwrap(), [1.0, 2.0, 3.0]);
            assert_eq!(found.numbers("run").unwrap(), [10.0, 11.0, 12.0]);
            assert_eq!(found.numbers("packed").unwrap(), [11.0, 12.0, 13.0]);
            assert_eq!(found.texts("site").unwrap(), ["S1", "S2", "S1"]);
            assert_eq!(found.texts("year").unwrap(), ["2003", "2004", "2003"]);
            for (name, part) in [
                ("gap", "variable `gap`, entry 1 of `run` (from 0): no value"),
                ("unwritten", "entry 1 of `run`"),
                ("site", "variable `site` holds text"),
                ("map", "variable `map` has the dimensions (run, lat)"),
                ("none", "no variable `none`; it has: a, gap"),
            ] {
                let said = found.numbers(name).unwrap_err().to_string();
                assert!(said.contains(part) && said.contains("runs.nc"), "{said}");
            }
        }
    }

    #[test]
    fn columns_come_back_as_they_were_written_and_several_dimensions_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("predicted.nc");
        let column = |name: &str, numbers: &[f64]| RecordColumn {
            name: name.to_owned(),
            long_name: name.to_owned(),
            numbers: numbers.to_vec(),
        };
        write_records(&path, ("Predictions", "run"), &[column("y", &[1.0, 0.1 + 0.2])]).unwrap();
        assert_eq!(NumberTable::read(&path).unwrap().numbers("y").unwrap(), [1.0, 0.1 + 0.2]);
        let mut file = netcdf::append(&path).unwrap();
        file.add_dimension("lat", 2).unwrap();
        file.add_variable::<f64>("lat", &["lat"]).unwrap();
        file.close().unwrap();
        let said = NumberTable::read(&path).err().unwrap().to_string();
        assert!(said.contains("lat, run") && said.contains("unlimited"), "{said}");
    }
}
