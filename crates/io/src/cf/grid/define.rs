//! What a gridded file says before it has values.

use netcdf::{FileMut, VariableMut};
use reterra_fields::{MonthAxis, RotatedGrid};

use super::{Axis, COLUMNS, GridFile, GridVariable, ROWS};
use crate::cf::write::{ENDS, FILL_SINGLE, TIME_BOUNDS, Written, put_texts};
use crate::cf::{MEMBER, TIME};

/// The variable that describes the projection.
const MAPPING: &str = "rotated_pole";
const AREA: &str = "cell_area";

/// Attributes, dimensions, coordinates and variables of a file.
pub(super) fn define(file: &mut FileMut, layout: &GridFile) -> Written {
    attributes(file, layout)?;
    for name in [ROWS, COLUMNS, TIME, MEMBER] {
        if let Some(size) = layout.size(name) {
            file.add_dimension(name, size)?;
        }
    }
    mapping(file, &layout.grid)?;
    rotated(file, layout)?;
    geographic(file, layout)?;
    if let Some(axis) = &layout.time {
        time(file, axis)?;
    }
    if layout.members > 0 {
        members(file, layout.members)?;
    }
    for axis in &layout.axes {
        file.add_dimension(&axis.name, axis.labels.len())?;
        let mut variable = file.add_string_variable(&axis.labels_name(), &[&axis.name])?;
        axis.labels.iter().enumerate().try_for_each(|(i, label)| variable.put_string(label, i))?;
        put_texts(&mut variable, &[("long_name", &axis.long_name)])?;
    }
    layout.variables.iter().try_for_each(|variable| declare(file, layout, variable))
}

fn attributes(file: &mut FileMut, layout: &GridFile) -> Written {
    let about = &layout.about;
    let given = [
        ("Conventions", "CF-1.11, ACDD-1.3"),
        ("title", &about.title),
        ("summary", &about.summary),
        ("keywords", &about.keywords),
        ("source", &about.source),
        ("history", &about.history),
        ("references", &about.references),
        ("institution", &about.institution),
        ("license", &about.license),
        ("id", &about.id),
        ("cdm_data_type", "Grid"),
    ];
    for (name, text) in given.into_iter().filter(|(_, text)| !text.is_empty()) {
        file.add_attribute(name, text)?;
    }
    for (name, text) in &about.further {
        file.add_attribute(name, text.as_str())?;
    }
    Ok(())
}

fn mapping(file: &mut FileMut, grid: &RotatedGrid) -> Written {
    let mut variable = file.add_variable::<i32>(MAPPING, &[])?;
    put_texts(&mut variable, &[("grid_mapping_name", "rotated_latitude_longitude")])?;
    variable.put_attribute("grid_north_pole_latitude", grid.pole.latitude)?;
    variable.put_attribute("grid_north_pole_longitude", grid.pole.longitude)?;
    variable.put_attribute("north_pole_grid_longitude", 0.0)?;
    variable.put_attribute("earth_radius", RotatedGrid::EARTH_RADIUS)?;
    variable.put_value(0_i32, ())
}

fn rotated(file: &mut FileMut, layout: &GridFile) -> Written {
    let (grid, window) = (&layout.grid, &layout.window);
    let rows: Vec<f64> = window.rows.clone().map(|row| grid.rlat(row)).collect();
    let columns: Vec<f64> = window.columns.clone().map(|column| grid.rlon(column)).collect();
    for (name, standard, long, axis, values) in [
        (ROWS, "grid_latitude", "latitude in rotated-pole grid", "Y", rows),
        (COLUMNS, "grid_longitude", "longitude in rotated-pole grid", "X", columns),
    ] {
        let mut variable = file.add_variable::<f64>(name, &[name])?;
        let texts = [("standard_name", standard), ("long_name", long), ("units", "degrees"), ("axis", axis)];
        put_texts(&mut variable, &texts)?;
        variable.put_values(&values, ..)?;
    }
    Ok(())
}

fn geographic(file: &mut FileMut, layout: &GridFile) -> Written {
    let (grid, window) = (&layout.grid, &layout.window);
    let centres: Vec<(f64, f64)> = window.cells().map(|cell| grid.centre(cell)).collect();
    let areas = window.cells().map(|cell| grid.area(cell.row)).collect();
    for (name, standard, long, units, values) in [
        ("lat", "latitude", "latitude", "degrees_north", centres.iter().map(|c| c.0).collect()),
        ("lon", "longitude", "longitude", "degrees_east", centres.iter().map(|c| c.1).collect()),
        (AREA, "cell_area", "area of the grid cell", "m2", areas),
    ] {
        let values: Vec<f64> = values;
        let mut variable = file.add_variable::<f64>(name, &[ROWS, COLUMNS])?;
        variable.set_compression(layout.compression.into(), true)?;
        put_texts(&mut variable, &[("standard_name", standard), ("long_name", long), ("units", units)])?;
        if name == AREA {
            put_texts(&mut variable, &[("coordinates", "lat lon"), ("grid_mapping", MAPPING)])?;
        }
        variable.put_values(&values, ..)?;
    }
    Ok(())
}

/// The coordinate of months with its bounds; the file has the dimension already.
pub(in crate::cf) fn time(file: &mut FileMut, axis: &MonthAxis) -> Written {
    let units = axis.units();
    let mut variable = file.add_variable::<f64>(TIME, &[TIME])?;
    put_texts(
        &mut variable,
        &[
            ("standard_name", "time"),
            ("long_name", "middle of the month"),
            ("units", &units),
            ("calendar", axis.calendar.cf_name()),
            ("units_metadata", "leap_seconds: none"),
            ("axis", "T"),
            ("bounds", TIME_BOUNDS),
        ],
    )?;
    variable.put_values(&axis.mid(), ..)?;
    if file.dimension(ENDS).is_none() {
        file.add_dimension(ENDS, 2)?;
    }
    file.add_variable::<f64>(TIME_BOUNDS, &[TIME, ENDS])?.put_values(&axis.bounds().concat(), ..)
}

/// The coordinate of members; the file has the dimension already.
pub(crate) fn members(file: &mut FileMut, count: usize) -> Written {
    let mut variable = file.add_variable::<i32>(MEMBER, &[MEMBER])?;
    let texts = [("standard_name", "realization"), ("long_name", "ensemble member"), ("units", "1")];
    put_texts(&mut variable, &texts)?;
    variable.put_values(&(1..).take(count).collect::<Vec<i32>>(), ..)
}

fn declare(file: &mut FileMut, layout: &GridFile, variable: &GridVariable) -> Written {
    let dims: Vec<&str> = variable.dims.iter().map(String::as_str).collect();
    let chunks: Option<Vec<usize>> = dims.iter().map(|name| layout.chunk(name)).collect();
    let unknown = || netcdf::Error::NotFound(format!("a dimension of {}", variable.name));
    let mut target: VariableMut<'_> = file.add_variable::<f32>(&variable.name, &dims)?;
    target.set_chunking(&chunks.ok_or_else(unknown)?)?;
    target.set_compression(layout.compression.into(), true)?;
    target.set_fill_value(FILL_SINGLE)?;
    let horizontal = dims.contains(&ROWS) && dims.contains(&COLUMNS);
    let place = |text| if horizontal { text } else { "" };
    let labels = layout.axes.iter().filter(|axis| variable.dims.contains(&axis.name)).map(Axis::labels_name);
    let coordinates: Vec<String> =
        place("lat lon").split_whitespace().map(str::to_owned).chain(labels).collect();
    // CF-1.11, section 3.1.2.
    let scale = if variable.units == "K" { "temperature: on_scale" } else { "" };
    put_texts(
        &mut target,
        &[
            ("long_name", variable.long_name.as_str()),
            ("standard_name", variable.standard_name.as_deref().unwrap_or_default()),
            ("units", variable.units.as_str()),
            ("cell_methods", variable.cell_methods.as_str()),
            ("grid_mapping", place(MAPPING)),
            ("units_metadata", scale),
            ("coordinates", &coordinates.join(" ")),
            ("cell_measures", place("area: cell_area")),
        ],
    )
}
