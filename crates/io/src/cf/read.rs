//! Looking into a NetCDF file: what is in it, and one variable of it.

use std::path::Path;

use ndarray::ArrayD;
use netcdf::types::NcVariableType;
use netcdf::{AttributeValue, File};
use reterra_fields::Field;

use super::quiet;
use crate::IoError;

/// A summary of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct FileSummary {
    /// Global attributes, as text.
    pub attributes: Vec<(String, String)>,
    /// Dimensions with their sizes.
    pub dimensions: Vec<(String, usize)>,
    /// Variables in the file's order.
    pub variables: Vec<VariableSummary>,
}

/// A summary of a variable.
#[derive(Clone, Debug, PartialEq)]
pub struct VariableSummary {
    /// Its name.
    pub name: String,
    /// What it is.
    pub long_name: String,
    /// Its units.
    pub units: String,
    /// Its dimensions.
    pub dims: Vec<String>,
    /// Its figures; none for text.
    pub statistics: Option<Statistics>,
}

/// Figures over a variable's values; the range is NaN where all are missing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Statistics {
    /// Values that are there.
    pub present: usize,
    /// Values that are missing.
    pub missing: usize,
    /// The least value.
    pub min: f64,
    /// The mean.
    pub mean: f64,
    /// The greatest value.
    pub max: f64,
}

/// Summarises a NetCDF file.
///
/// # Errors
/// A file that is not there, is no NetCDF file or is broken.
pub fn inspect(path: &Path) -> Result<FileSummary, IoError> {
    let file = open(path)?;
    let mut variables = Vec::new();
    for variable in file.variables() {
        let failed = |e| failed(path, &variable.name(), e);
        let values = values(&variable).map_err(failed)?;
        variables.push(VariableSummary {
            name: variable.name(),
            long_name: text(&variable, "long_name").unwrap_or_default(),
            units: text(&variable, "units").unwrap_or_default(),
            dims: variable.dimensions().iter().map(netcdf::Dimension::name).collect(),
            statistics: values.map(|v| statistics(&v)),
        });
    }
    let attribute =
        |a: netcdf::Attribute| (a.name().to_owned(), a.value().map(|v| shown(&v)).unwrap_or_default());
    Ok(FileSummary {
        attributes: file.attributes().map(attribute).collect(),
        dimensions: file.dimensions().map(|d| (d.name(), d.len())).collect(),
        variables,
    })
}

/// Reads one numeric variable; missing values become NaN.
///
/// # Errors
/// A file that cannot be read, or without that variable, or where it is text.
pub fn read_field(path: &Path, name: &str) -> Result<Field, IoError> {
    let file = open(path)?;
    let absent = || IoError::NoSuchVariable {
        path: path.to_owned(),
        variable: name.to_owned(),
        found: file.variables().map(|v| v.name()).collect(),
    };
    let variable = file.variable(name).ok_or_else(absent)?;
    let data = values(&variable).map_err(|e| failed(path, name, e))?.ok_or_else(absent)?;
    let dims: Vec<String> = variable.dimensions().iter().map(netcdf::Dimension::name).collect();
    let dims: Vec<&str> = dims.iter().map(String::as_str).collect();
    let shape: Vec<usize> = variable.dimensions().iter().map(netcdf::Dimension::len).collect();
    let mismatch = |_| failed(path, name, "its values do not fill its dimensions".into());
    let data = ArrayD::from_shape_vec(shape, data).map_err(mismatch)?;
    let units = text(&variable, "units").unwrap_or_default();
    let mismatch = |e: reterra_fields::FieldError| failed(path, name, e.to_string().into());
    let mut field = Field::new(name, &units, &dims, data).map_err(mismatch)?;
    field.standard_name = text(&variable, "standard_name");
    field.long_name = text(&variable, "long_name").unwrap_or_default();
    field.cell_methods = text(&variable, "cell_methods");
    Ok(field)
}

pub(crate) fn open(path: &Path) -> Result<File, IoError> {
    // The library's own message for a missing file is less clear than the system's.
    std::fs::File::open(path).map_err(|e| IoError::file(path, "read", e))?;
    quiet::hdf5();
    netcdf::open(path).map_err(|source| IoError::NetCdf {
        path: path.to_owned(),
        action: "read".to_owned(),
        source,
    })
}

pub(crate) fn failed(path: &Path, variable: &str, source: netcdf::Error) -> IoError {
    IoError::NetCdf { path: path.to_owned(), action: format!("read variable `{variable}` of"), source }
}

/// A numeric variable's values in C order, missing ones as NaN; none for text.
pub(crate) fn values(variable: &netcdf::Variable) -> Result<Option<Vec<f64>>, netcdf::Error> {
    if !matches!(variable.vartype(), NcVariableType::Int(_) | NcVariableType::Float(_)) {
        return Ok(None);
    }
    if variable.len() == 0 {
        return Ok(Some(Vec::new()));
    }
    let fill = match variable.attribute_value("_FillValue").transpose()? {
        Some(AttributeValue::Double(v)) => Some(v),
        Some(AttributeValue::Float(v)) => Some(f64::from(v)),
        Some(AttributeValue::Schar(v)) => Some(f64::from(v)),
        Some(AttributeValue::Int(v)) => Some(f64::from(v)),
        _ => None,
    };
    let mut values = variable.get_values::<f64, _>(..)?;
    for value in &mut values {
        if fill.is_some_and(|f| f.to_bits() == value.to_bits()) {
            *value = f64::NAN;
        }
    }
    Ok(Some(values))
}

fn statistics(values: &[f64]) -> Statistics {
    let present = || values.iter().copied().filter(|v| !v.is_nan());
    let n = present().count();
    Statistics {
        present: n,
        missing: values.len() - n,
        min: present().fold(f64::NAN, f64::min),
        mean: present().sum::<f64>() / n as f64,
        max: present().fold(f64::NAN, f64::max),
    }
}

pub(crate) fn text(variable: &netcdf::Variable, name: &str) -> Option<String> {
    match variable.attribute_value(name)?.ok()? {
        AttributeValue::Str(text) => Some(text),
        _ => None,
    }
}

fn shown(value: &AttributeValue) -> String {
    match value {
        AttributeValue::Str(text) => text.clone(),
        AttributeValue::Double(number) => number.to_string(),
        AttributeValue::Int(number) => number.to_string(),
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cf::{sample::product, write_product};
    use approx::assert_relative_eq;

    fn written() -> (tempfile::TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("product.nc");
        write_product(&path, &product()).unwrap();
        (dir, path)
    }

    #[test]
    fn a_field_comes_back_as_it_was_written() {
        let (_dir, path) = written();
        let product = product();
        let mean = read_field(&path, "gpp").unwrap();
        let bits = |f: &Field| f.data().iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&mean), bits(&product.variables[0].field));
        assert_eq!((&mean.units, mean.dims()), (&"g m-2 s-1".to_owned(), product.variables[0].field.dims()));
        assert_eq!(mean.cell_methods.as_deref(), Some("time: mean"));
        let members = read_field(&path, "gpp_member").unwrap();
        for (back, given) in members.data().iter().zip(product.variables[1].field.data()) {
            assert_relative_eq!(back, given, max_relative = 1e-7);
        }
    }

    #[test]
    fn a_file_is_summarised() {
        let (_dir, path) = written();
        let summary = inspect(&path).unwrap();
        let variable = |name: &str| summary.variables.iter().find(|v| v.name == name).unwrap();
        let gpp = variable("gpp").statistics.unwrap();
        assert_eq!((gpp.present, gpp.missing), (27, 1));
        assert_relative_eq!(gpp.min, 2e-5, max_relative = 1e-12);
        assert_relative_eq!(gpp.max, 80e-5, max_relative = 1e-12);
        assert_eq!(variable("station_id").statistics, None);
        assert_eq!(variable("time").units, "days since 2003-01-01 00:00:00");
        assert_relative_eq!(variable("time").statistics.unwrap().min, 349.5);
        let alt = variable("alt").statistics.unwrap();
        assert_eq!((alt.present, alt.missing), (1, 1));
        assert!(summary.dimensions.contains(&("member".to_owned(), 3)));
        assert!(summary.attributes.contains(&("featureType".to_owned(), "timeSeries".to_owned())));
        assert!(
            summary.attributes.contains(&("time_coverage_end".to_owned(), "2005-02-01T00:00:00Z".to_owned()))
        );
    }

    #[test]
    fn what_is_no_netcdf_file_or_not_there_is_refused() {
        let (dir, path) = written();
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        let error = inspect(&path).unwrap_err().to_string();
        assert!(error.contains("product.nc"), "{error}");
        let error = inspect(&dir.path().join("none.nc")).unwrap_err().to_string();
        assert!(error.contains("none.nc") && error.contains("No such file"), "{error}");
        let (_dir, path) = written();
        let error = read_field(&path, "gdp").unwrap_err().to_string();
        assert!(error.contains("`gdp`") && error.contains("gpp_member"), "{error}");
        assert!(read_field(&path, "station_id").is_err());
    }
}
