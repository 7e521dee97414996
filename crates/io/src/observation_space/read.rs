//! Reading what the writer writes.

use std::path::Path;

use ndarray::Array2;
use netcdf::{AttributeValue, File};
use reterra_fields::Calendar;

use super::{KIND, ObservationSpace, ObservedKind, ROW, Row};
use crate::IoError;
use crate::cf::read::{failed, open, text, values};
use crate::cf::write::TIME_BOUNDS;
use crate::cf::{MEMBER, TIME};

/// Reads a file of observations with their predictions.
///
/// # Errors
/// A file that cannot be read, or that lacks a variable of such a file.
pub fn read_observation_space(path: &Path) -> Result<ObservationSpace, IoError> {
    let source = Source { path, file: open(path)? };
    Ok(ObservationSpace {
        calendar: source.calendar()?,
        kinds: source.kinds()?,
        flags: source.flags()?,
        rows: source.rows()?,
        prior: source.members("prior_member")?,
        posterior: source.members("posterior_member")?,
    })
}

struct Source<'a> {
    path: &'a Path,
    file: File,
}

impl Source<'_> {
    fn variable(&self, name: &str) -> Result<netcdf::Variable<'_>, IoError> {
        self.file.variable(name).ok_or_else(|| IoError::NoSuchVariable {
            path: self.path.to_owned(),
            variable: name.to_owned(),
            found: self.file.variables().map(|v| v.name()).collect(),
        })
    }

    /// Why a variable is not what it should be.
    fn broken(&self, name: &str, why: &str) -> IoError {
        failed(self.path, name, why.into())
    }

    fn size(&self, dimension: &str) -> usize {
        self.file.dimension_len(dimension).unwrap_or(0)
    }

    /// Numbers of a variable that has `count` of them, NaN for missing ones.
    fn numbers(&self, name: &str, count: usize) -> Result<Vec<f64>, IoError> {
        let found = values(&self.variable(name)?).map_err(|e| failed(self.path, name, e))?;
        found
            .filter(|v| v.len() == count)
            .ok_or_else(|| self.broken(name, "it has other dimensions than it should"))
    }

    fn texts(&self, name: &str, count: usize) -> Result<Vec<String>, IoError> {
        let variable = self.variable(name)?;
        (0..count).map(|i| variable.get_string(i).map_err(|e| failed(self.path, name, e))).collect()
    }

    fn calendar(&self) -> Result<Calendar, IoError> {
        let name = text(&self.variable(TIME)?, "calendar").unwrap_or_default();
        let known = [Calendar::Standard, Calendar::NoLeap].into_iter().find(|c| c.cf_name() == name);
        known.ok_or_else(|| self.broken(TIME, "its calendar is neither standard nor noleap"))
    }

    fn kinds(&self) -> Result<Vec<ObservedKind>, IoError> {
        let texts = |name: &str| self.texts(name, self.size(KIND));
        let (names, units, longs) = (texts("kind_name")?, texts("kind_units")?, texts("kind_long_name")?);
        let parts = names.into_iter().zip(units).zip(longs);
        Ok(parts.map(|((name, units), long_name)| ObservedKind { name, units, long_name }).collect())
    }

    fn flags(&self) -> Result<Vec<(i8, String)>, IoError> {
        let name = "observation_flag";
        let variable = self.variable(name)?;
        let meanings = text(&variable, "flag_meanings").unwrap_or_default();
        let codes = match variable.attribute_value("flag_values").transpose() {
            Ok(Some(AttributeValue::Schars(codes))) => codes,
            Ok(Some(AttributeValue::Schar(code))) => vec![code],
            _ => return Err(self.broken(name, "it has no flag_values")),
        };
        Ok(codes.into_iter().zip(meanings.split_whitespace().map(str::to_owned)).collect())
    }

    fn rows(&self) -> Result<Vec<Row>, IoError> {
        let m = self.size(ROW);
        let column = |name: &str| self.numbers(name, m);
        let (kinds, flags, only) =
            (column("observation_kind")?, column("observation_flag")?, column("evaluate_only")?);
        let (latitudes, longitudes, elevations) = (column("lat")?, column("lon")?, column("alt")?);
        let (observed, given) = (column("observation")?, column("observation_error")?);
        let used = column("observation_error_used")?;
        let times = self.numbers(TIME_BOUNDS, 2 * m)?;
        let stations = self.texts("station_id", m)?;
        let row = |(j, station): (usize, String)| Row {
            kind: kinds[j] as usize,
            station,
            latitude: latitudes[j],
            longitude: longitudes[j],
            elevation: Some(elevations[j]).filter(|e| !e.is_nan()),
            time: [times[2 * j], times[2 * j + 1]],
            value: observed[j],
            error: given[j],
            error_used: used[j],
            flag: flags[j] as i8,
            evaluate_only: only[j] > 0.0,
        };
        Ok(stations.into_iter().enumerate().map(row).collect())
    }

    fn members(&self, name: &str) -> Result<Array2<f64>, IoError> {
        let shape = (self.size(ROW), self.size(MEMBER));
        let values = self.numbers(name, shape.0 * shape.1)?;
        Array2::from_shape_vec(shape, values)
            .map_err(|_| self.broken(name, "its values do not fill its dimensions"))
    }
}
