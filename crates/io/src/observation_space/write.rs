//! Writing, atomically.

use std::path::Path;

use ndarray::{Array2, Axis};
use netcdf::{FileMut, NcTypeDescriptor, Options, VariableMut};

use super::{KIND, ObservationSpace, ROW, Row, moments};
use crate::cf::grid::define::members;
use crate::cf::write::{
    ENDS, FILL_DOUBLE, FILL_SINGLE, TIME_BOUNDS, Written, about_texts, netcdf_error, put_texts,
};
use crate::cf::{About, MEMBER, TIME, quiet};
use crate::{IoError, atomic};

/// Where and when a row stands.
const COORDINATES: &str = "time lat lon alt station_id";

/// The members that a mean or a standard deviation is over: with the axis gone, `cell_methods` names it by this
/// coordinate without dimensions (CF-1.11, section 7.3).
const REALIZATION: &str = "realization";

/// Writes observations with their predictions, atomically. The same input gives the same bytes.
///
/// # Errors
/// Predictions that have other rows than the observations or other members than each other, a kind that is not there,
/// or a file that cannot be written; a full disk is told apart.
pub fn write_observation_space(path: &Path, about: &About, space: &ObservationSpace) -> Result<(), IoError> {
    check(space)?;
    atomic::publish(path, |partial| {
        let failed = |source| netcdf_error(path, partial, "write observations to".to_owned(), source);
        write(partial, about, space).map_err(failed)
    })
}

fn check(space: &ObservationSpace) -> Result<(), IoError> {
    let misfit = |variable: &str, dimension: &str, expected: usize, found: usize| {
        let (variable, dimension) = (variable.to_owned(), dimension.to_owned());
        Err(IoError::Product { variable, dimension, expected, found })
    };
    let (rows, members) = space.prior.dim();
    for (variable, dimension, expected, found) in [
        ("prior_member", ROW, space.rows.len(), rows),
        ("posterior_member", ROW, space.rows.len(), space.posterior.nrows()),
        ("posterior_member", MEMBER, members, space.posterior.ncols()),
        ("observation_kind", KIND, space.kinds.len().min(i8::MAX as usize), space.kinds.len()),
    ] {
        if expected != found {
            return misfit(variable, dimension, expected, found);
        }
    }
    match space.rows.iter().find(|row| row.kind >= space.kinds.len()) {
        Some(row) => misfit("observation_kind", KIND, space.kinds.len(), row.kind + 1),
        None => Ok(()),
    }
}

fn write(path: &Path, about: &About, space: &ObservationSpace) -> Written {
    quiet::hdf5();
    let mut file = netcdf::create_with(path, Options::NETCDF4)?;
    let further = about.further.iter().map(|(name, text)| (name.as_str(), text.clone()));
    let texts = about_texts(about, "point", "Point").into_iter().chain(further);
    for (name, text) in texts.filter(|(_, text)| !text.is_empty()) {
        file.add_attribute(name, text)?;
    }
    let sizes =
        [(ROW, space.rows.len()), (MEMBER, space.prior.ncols()), (KIND, space.kinds.len()), (ENDS, 2)];
    for (name, size) in sizes {
        file.add_dimension(name, size)?;
    }
    members(&mut file, space.prior.ncols())?;
    realization(&mut file, space.prior.ncols())?;
    times(&mut file, space)?;
    places(&mut file, &space.rows)?;
    kinds(&mut file, space)?;
    flags(&mut file, space)?;
    observed(&mut file, &space.rows)?;
    predicted(&mut file, "prior", "before the analysis", &space.prior)?;
    predicted(&mut file, "posterior", "after the analysis", &space.posterior)?;
    file.close()
}

fn realization(file: &mut FileMut, members: usize) -> Written {
    let mut variable = file.add_string_variable(REALIZATION, &[])?;
    put_texts(
        &mut variable,
        &[
            ("standard_name", "realization"),
            ("long_name", "members that means and standard deviations are over"),
        ],
    )?;
    variable.put_string(&format!("all {members} members"), ())
}

fn times(file: &mut FileMut, space: &ObservationSpace) -> Written {
    let texts = [
        ("standard_name", "time"),
        ("long_name", "middle of the time that the observation stands for"),
        ("units", "days since 1970-01-01 00:00:00"),
        ("calendar", space.calendar.cf_name()),
        ("units_metadata", "leap_seconds: none"),
        ("axis", "T"),
        ("bounds", TIME_BOUNDS),
    ];
    let middles: Vec<f64> = space.rows.iter().map(|row| f64::midpoint(row.time[0], row.time[1])).collect();
    put(&mut declare::<f64>(file, TIME, &[ROW], &texts)?, &middles)?;
    let ends: Vec<f64> = space.rows.iter().flat_map(|row| row.time).collect();
    put(&mut declare::<f64>(file, TIME_BOUNDS, &[ROW, ENDS], &[])?, &ends)
}

fn places(file: &mut FileMut, rows: &[Row]) -> Written {
    let latitude = [("standard_name", "latitude"), ("long_name", "latitude"), ("units", "degrees_north")];
    doubles(file, "lat", &latitude, rows.iter().map(|row| row.latitude))?;
    let longitude = [("standard_name", "longitude"), ("long_name", "longitude"), ("units", "degrees_east")];
    doubles(file, "lon", &longitude, rows.iter().map(|row| row.longitude))?;
    let altitude =
        [("standard_name", "surface_altitude"), ("long_name", "elevation above sea level"), ("units", "m")];
    doubles(file, "alt", &altitude, rows.iter().map(|row| row.elevation.unwrap_or(f64::NAN)))?;
    texts(file, "station_id", ROW, rows.iter().map(|row| row.station.as_str()))?;
    let mut station = existing(file, "station_id")?;
    put_texts(&mut station, &[("long_name", "station id"), ("standard_name", "platform_id")])
}

fn kinds(file: &mut FileMut, space: &ObservationSpace) -> Written {
    let kinds = &space.kinds;
    texts(file, "kind_name", KIND, kinds.iter().map(|k| k.name.as_str()))?;
    texts(file, "kind_units", KIND, kinds.iter().map(|k| k.units.as_str()))?;
    texts(file, "kind_long_name", KIND, kinds.iter().map(|k| k.long_name.as_str()))?;
    for (name, long) in [
        ("kind_name", "name of a kind of observation"),
        ("kind_units", "units of values and errors of a kind of observation"),
        ("kind_long_name", "what a kind of observation is"),
    ] {
        put_texts(&mut existing(file, name)?, &[("long_name", long)])?;
    }
    let codes: Vec<(i8, &str)> = (0..).zip(kinds.iter().map(|k| k.name.as_str())).collect();
    let about = [("long_name", "kind of the observation, counted along the dimension kind")];
    coded(file, "observation_kind", &about, (&codes, space.rows.iter().map(|row| row.kind as i8).collect()))
}

fn flags(file: &mut FileMut, space: &ObservationSpace) -> Written {
    let codes: Vec<(i8, &str)> =
        space.flags.iter().map(|(code, meaning)| (*code, meaning.as_str())).collect();
    let about = [("long_name", "what quality control said"), ("standard_name", "quality_flag")];
    coded(file, "observation_flag", &about, (&codes, space.rows.iter().map(|row| row.flag).collect()))?;
    let about = [("long_name", "whether the observation is never assimilated")];
    let only = space.rows.iter().map(|row| i8::from(row.evaluate_only)).collect();
    coded(file, "evaluate_only", &about, (&[(0, "to_be_assimilated"), (1, "evaluated_only")], only))
}

fn observed(file: &mut FileMut, rows: &[Row]) -> Written {
    let value = [
        ("long_name", "value of the observation"),
        ("comment", "in the kind_units of its observation_kind"),
        ("coordinates", COORDINATES),
        ("ancillary_variables", "observation_error observation_error_used observation_flag"),
    ];
    doubles(file, "observation", &value, rows.iter().map(|row| row.value))?;
    let error = |long| [("long_name", long), ("coordinates", COORDINATES)];
    let given = error("standard deviation of the observation error as it came");
    doubles(file, "observation_error", &given, rows.iter().map(|row| row.error))?;
    let used = error("standard deviation of the observation error as the analysis used it");
    doubles(file, "observation_error_used", &used, rows.iter().map(|row| row.error_used))
}

fn predicted(file: &mut FileMut, name: &str, when: &str, members: &Array2<f64>) -> Written {
    let found: Vec<[f64; 2]> = members.axis_iter(Axis(0)).map(|row| moments(&row)).collect();
    for (k, figure, method) in [(0, "mean", "mean"), (1, "sd", "standard deviation")] {
        let long = format!("{method} of the observation's counterpart {when}");
        let cell = format!("{REALIZATION}: {}", method.replace(' ', "_"));
        let coordinates = format!("{COORDINATES} {REALIZATION}");
        let about = [("long_name", long.as_str()), ("cell_methods", &cell), ("coordinates", &coordinates)];
        doubles(file, &format!("{name}_{figure}"), &about, found.iter().map(|moments| moments[k]))?;
    }
    let long = format!("the observation's counterpart in each member {when}");
    let about = [("long_name", long.as_str()), ("coordinates", COORDINATES)];
    let mut variable = declare::<f32>(file, &format!("{name}_member"), &[ROW, MEMBER], &about)?;
    variable.set_fill_value(FILL_SINGLE)?;
    let stored: Vec<f32> = members.iter().map(|v| if v.is_nan() { FILL_SINGLE } else { *v as f32 }).collect();
    put(&mut variable, &stored)
}

/// A compressed variable with its attributes, still without values.
fn declare<'f, T: NcTypeDescriptor>(
    file: &'f mut FileMut,
    name: &str,
    dimensions: &[&str],
    about: &[(&str, &str)],
) -> Result<VariableMut<'f>, netcdf::Error> {
    let mut variable = file.add_variable::<T>(name, dimensions)?;
    variable.set_compression(1, true)?;
    put_texts(&mut variable, about)?;
    Ok(variable)
}

/// A number a row; NaN is missing.
fn doubles(
    file: &mut FileMut,
    name: &str,
    about: &[(&str, &str)],
    values: impl Iterator<Item = f64>,
) -> Written {
    let mut variable = declare::<f64>(file, name, &[ROW], about)?;
    variable.set_fill_value(FILL_DOUBLE)?;
    let stored: Vec<f64> = values.map(|v| if v.is_nan() { FILL_DOUBLE } else { v }).collect();
    put(&mut variable, &stored)
}

/// A code a row, with what codes mean.
fn coded(
    file: &mut FileMut,
    name: &str,
    about: &[(&str, &str)],
    (codes, values): (&[(i8, &str)], Vec<i8>),
) -> Written {
    let mut variable = declare::<i8>(file, name, &[ROW], about)?;
    let meanings: Vec<&str> = codes.iter().map(|(_, meaning)| *meaning).collect();
    put_texts(&mut variable, &[("flag_meanings", &meanings.join(" ")), ("coordinates", COORDINATES)])?;
    variable.put_attribute("flag_values", codes.iter().map(|(code, _)| *code).collect::<Vec<i8>>())?;
    put(&mut variable, &values)
}

fn put<T: NcTypeDescriptor>(variable: &mut VariableMut<'_>, values: &[T]) -> Written {
    if values.is_empty() { Ok(()) } else { variable.put_values(values, ..) }
}

fn texts<'a>(
    file: &mut FileMut,
    name: &str,
    dimension: &str,
    values: impl Iterator<Item = &'a str>,
) -> Written {
    let mut variable = file.add_string_variable(name, &[dimension])?;
    values.enumerate().try_for_each(|(i, text)| variable.put_string(text, i))
}

fn existing<'f>(file: &'f mut FileMut, name: &str) -> Result<VariableMut<'f>, netcdf::Error> {
    file.variable_mut(name).ok_or_else(|| netcdf::Error::NotFound(name.to_owned()))
}
