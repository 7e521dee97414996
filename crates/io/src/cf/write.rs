//! Writing a product: CF-1.11 chapter 9 and appendix H.2.1 (orthogonal time series), ACDD-1.3.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;

use ndarray::ArrayD;
use netcdf::{AttributeValue, FileMut, Options, VariableMut};
use reterra_fields::Igbp;

use super::grid::define;
use super::{About, MEMBER, Product, STATION, Storage, TIME, Variable, quiet};
use crate::{IoError, atomic};

/// The default fill values of NetCDF (`netcdf.h`: `NC_FILL_DOUBLE`, `NC_FILL_FLOAT`, `NC_FILL_BYTE`, `NC_FILL_INT64`).
pub(crate) const FILL_DOUBLE: f64 = 9.969_209_968_386_869e36;
pub(crate) const FILL_SINGLE: f32 = 9.969_21e36;
pub(crate) const FILL_BYTE: i8 = -127;
pub(crate) const FILL_WHOLE: i64 = -9_223_372_036_854_775_806;
/// The dimension of the two ends of a cell.
pub(crate) const ENDS: &str = "nv";
pub(crate) const TIME_BOUNDS: &str = "time_bnds";

pub(crate) type Written = Result<(), netcdf::Error>;

/// Writes a product, atomically.
///
/// # Errors
/// A variable whose dimensions differ in size from the product's, or a file that cannot be written; a full disk
/// is told apart.
pub fn write_product(path: &Path, product: &Product) -> Result<(), IoError> {
    let sizes = sizes(product)?;
    atomic::publish(path, |partial| {
        let failed = |(action, source)| netcdf_error(path, partial, action, source);
        write(partial, product, &sizes).map_err(failed)
    })
}

/// The size of every dimension.
fn sizes(product: &Product) -> Result<BTreeMap<String, usize>, IoError> {
    let mut sizes = BTreeMap::from([(STATION.to_owned(), product.stations.len())]);
    if product.axis.len > 0 {
        sizes.insert(TIME.to_owned(), product.axis.len);
        sizes.insert(ENDS.to_owned(), 2);
    }
    if product.members > 0 {
        sizes.insert(MEMBER.to_owned(), product.members);
    }
    for Variable { field, .. } in &product.variables {
        for (name, found) in field.dims().iter().zip(field.data().shape()) {
            let expected = *sizes.entry(name.clone()).or_insert(*found);
            if expected != *found {
                let (variable, dimension) = (field.name.clone(), name.clone());
                return Err(IoError::Product { variable, dimension, expected, found: *found });
            }
        }
    }
    Ok(sizes)
}

fn write(
    path: &Path,
    product: &Product,
    sizes: &BTreeMap<String, usize>,
) -> Result<(), (String, netcdf::Error)> {
    let doing = |what: &str| {
        let what = what.to_owned();
        move |error| (what, error)
    };
    quiet::hdf5();
    let mut file = netcdf::create_with(path, Options::NETCDF4).map_err(doing("create"))?;
    attributes(&mut file, product).map_err(doing("write the attributes of"))?;
    for (name, size) in sizes {
        file.add_dimension(name, *size).map_err(doing("write the dimensions of"))?;
    }
    stations(&mut file, product).map_err(doing("write the stations of"))?;
    if product.axis.len > 0 {
        time(&mut file, product).map_err(doing("write the time of"))?;
    }
    members(&mut file, product).map_err(doing("write the members of"))?;
    for variable in &product.variables {
        data(&mut file, variable).map_err(doing(&format!("write variable `{}` of", variable.field.name)))?;
    }
    file.close().map_err(doing("finish"))
}

fn attributes(file: &mut FileMut, product: &Product) -> Written {
    let about = &product.about;
    let [feature, kind] = if product.axis.len > 0 { ["timeSeries", "Station"] } else { [""; 2] };
    let months: Vec<_> = product.axis.months().collect();
    let mut texts = about_texts(about, feature, kind);
    if let (Some(first), Some(last)) = (months.first(), months.last()) {
        texts.push(("time_coverage_start", format!("{first}-01T00:00:00Z")));
        texts.push(("time_coverage_end", format!("{}-01T00:00:00Z", last.next())));
        texts.push(("time_coverage_duration", format!("P{}M", months.len())));
        texts.push(("time_coverage_resolution", "P1M".to_owned()));
    }
    texts.extend(about.further.iter().map(|(name, text)| (name.as_str(), text.clone())));
    for (name, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
        file.add_attribute(name, text)?;
    }
    extent(file, product)
}

/// Global attributes that say who made a file, of what; empty where there is nothing to say.
pub(crate) fn about_texts<'a>(about: &'a About, feature: &str, kind: &str) -> Vec<(&'a str, String)> {
    let given = [
        ("Conventions", "CF-1.11, ACDD-1.3"),
        ("featureType", feature),
        ("title", &about.title),
        ("summary", &about.summary),
        ("keywords", &about.keywords),
        ("source", &about.source),
        ("history", &about.history),
        ("references", &about.references),
        ("institution", &about.institution),
        ("creator_name", &about.creator_name),
        ("license", &about.license),
        ("acknowledgement", &about.acknowledgement),
        ("id", &about.id),
        ("date_created", &about.date_created),
        ("standard_name_vocabulary", "CF Standard Name Table v93"),
        ("cdm_data_type", kind),
    ];
    given.map(|(name, text)| (name, text.to_owned())).into()
}

fn extent(file: &mut FileMut, product: &Product) -> Written {
    let range = |values: &dyn Fn(&reterra_fields::Station) -> f64| {
        let values = || product.stations.iter().map(values);
        [values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max)]
    };
    if product.stations.is_empty() {
        return Ok(());
    }
    let [south, north] = range(&|s| s.latitude);
    let [west, east] = range(&|s| s.longitude);
    for (name, value) in [
        ("geospatial_lat_min", south),
        ("geospatial_lat_max", north),
        ("geospatial_lon_min", west),
        ("geospatial_lon_max", east),
    ] {
        file.add_attribute(name, value)?;
    }
    file.add_attribute("geospatial_lat_units", "degrees_north")?;
    file.add_attribute("geospatial_lon_units", "degrees_east")?;
    Ok(())
}

fn stations(file: &mut FileMut, product: &Product) -> Written {
    let stations = &product.stations;
    texts(file, "station_id", stations.iter().map(|s| s.id.as_str()))?;
    let role = if product.axis.len > 0 { "timeseries_id" } else { "" };
    describe(file, "station_id", &[("long_name", "station id"), ("cf_role", role)])?;
    texts(file, "station_name", stations.iter().map(|s| s.name.as_str()))?;
    describe(file, "station_name", &[("long_name", "station name"), ("standard_name", "platform_name")])?;

    let mut doubles = |name, values: Vec<f64>, about: &[(&str, &str)]| {
        let mut variable = file.add_variable::<f64>(name, &[STATION])?;
        if name == "alt" {
            variable.set_fill_value(FILL_DOUBLE)?;
        }
        put_texts(&mut variable, about)?;
        variable.put_values(&values, ..)
    };
    let latitude = [
        ("standard_name", "latitude"),
        ("long_name", "station latitude"),
        ("units", "degrees_north"),
        ("axis", "Y"),
    ];
    doubles("lat", stations.iter().map(|s| s.latitude).collect(), &latitude)?;
    let longitude = [
        ("standard_name", "longitude"),
        ("long_name", "station longitude"),
        ("units", "degrees_east"),
        ("axis", "X"),
    ];
    doubles("lon", stations.iter().map(|s| s.longitude).collect(), &longitude)?;
    let altitude = [
        ("standard_name", "surface_altitude"),
        ("long_name", "station elevation above sea level"),
        ("units", "m"),
        ("coverage_content_type", "auxiliaryInformation"),
        ("coordinates", "lat lon station_id station_name"),
    ];
    doubles("alt", stations.iter().map(|s| s.elevation.unwrap_or(FILL_DOUBLE)).collect(), &altitude)?;
    land_cover(file, product)
}

fn land_cover(file: &mut FileMut, product: &Product) -> Written {
    let values: Vec<i8> = product.stations.iter().map(|s| s.igbp as i8 + 1).collect();
    let mut variable = file.add_variable::<i8>("igbp", &[STATION])?;
    let meanings = Igbp::ALL.map(|c| c.meaning().replace(' ', "_")).join(" ");
    put_texts(
        &mut variable,
        &[
            ("long_name", "land cover, International Geosphere-Biosphere Programme"),
            ("standard_name", "land_cover"),
            ("flag_meanings", &meanings),
            ("coordinates", "lat lon station_id station_name"),
        ],
    )?;
    variable.put_attribute("flag_values", (1..=Igbp::ALL.len() as i8).collect::<Vec<i8>>())?;
    variable.put_values(&values, ..)
}

fn time(file: &mut FileMut, product: &Product) -> Written {
    define::time(file, &product.axis)
}

fn members(file: &mut FileMut, product: &Product) -> Written {
    if product.members > 0 { define::members(file, product.members) } else { Ok(()) }
}

fn data(file: &mut FileMut, variable: &Variable) -> Written {
    let Variable { field, storage, ancillary } = variable;
    let dims: Vec<&str> = field.dims().iter().map(String::as_str).collect();
    let mut target = match storage {
        Storage::Double => file.add_variable::<f64>(&field.name, &dims)?,
        Storage::Single => file.add_variable::<f32>(&field.name, &dims)?,
        Storage::Flags(_) => file.add_variable::<i8>(&field.name, &dims)?,
    };
    if !dims.is_empty() {
        target.set_compression(1, true)?;
    }
    let place = if dims.contains(&STATION) { "lat lon station_id station_name" } else { "" };
    let meanings = match storage {
        Storage::Flags(flags) => {
            flags.iter().map(|(_, meaning)| meaning.as_str()).collect::<Vec<_>>().join(" ")
        }
        _ => String::new(),
    };
    // Flags have no units (CF-1.11, section 3.5).
    let units = if meanings.is_empty() { field.units.as_str() } else { "" };
    let texts = [
        ("long_name", field.long_name.as_str()),
        ("standard_name", field.standard_name.as_deref().unwrap_or_default()),
        ("units", units),
        ("cell_methods", field.cell_methods.as_deref().unwrap_or_default()),
        ("coordinates", place),
        ("ancillary_variables", &ancillary.join(" ")),
        ("flag_meanings", &meanings),
        ("coverage_content_type", if meanings.is_empty() { "modelResult" } else { "qualityInformation" }),
    ];
    put_texts(&mut target, &texts)?;
    put_data(&mut target, field.data(), storage)
}

/// Fill value and values in the type they are stored in; NaN becomes the fill value.
fn put_data(target: &mut VariableMut, data: &ArrayD<f64>, storage: &Storage) -> Written {
    match storage {
        Storage::Double => {
            target.set_fill_value(FILL_DOUBLE)?;
            put(target, data, |v| if v.is_nan() { FILL_DOUBLE } else { v })
        }
        Storage::Single => {
            target.set_fill_value(FILL_SINGLE)?;
            put(target, data, |v| if v.is_nan() { FILL_SINGLE } else { v as f32 })
        }
        Storage::Flags(flags) => {
            target.set_fill_value(FILL_BYTE)?;
            target.put_attribute("flag_values", flags.iter().map(|(v, _)| *v).collect::<Vec<i8>>())?;
            put(target, data, |v| if v.is_nan() { FILL_BYTE } else { v as i8 })
        }
    }
}

fn put<T: netcdf::NcTypeDescriptor>(
    target: &mut VariableMut,
    data: &ArrayD<f64>,
    stored: impl Fn(f64) -> T,
) -> Written {
    let values: Vec<T> = data.iter().map(|v| stored(*v)).collect();
    if values.is_empty() { Ok(()) } else { target.put_values(&values, ..) }
}

fn texts<'a>(file: &mut FileMut, name: &str, values: impl Iterator<Item = &'a str>) -> Written {
    let mut variable = file.add_string_variable(name, &[STATION])?;
    values.enumerate().try_for_each(|(i, text)| variable.put_string(text, i))
}

fn describe(file: &mut FileMut, name: &str, about: &[(&str, &str)]) -> Written {
    let missing = || netcdf::Error::NotFound(name.to_owned());
    put_texts(&mut file.variable_mut(name).ok_or_else(missing)?, about)
}

pub(crate) fn put_texts(variable: &mut VariableMut, about: &[(&str, &str)]) -> Written {
    for (name, text) in about.iter().filter(|(_, text)| !text.is_empty()) {
        variable.put_attribute(name, AttributeValue::Str((*text).to_owned()))?;
    }
    Ok(())
}

/// The NetCDF library does not say that a disk is full, so writing a little beside the file finds out.
pub(crate) fn netcdf_error(path: &Path, partial: &Path, action: String, source: netcdf::Error) -> IoError {
    let probe = partial.with_extension("probe");
    let probed = File::create(&probe).and_then(|mut f| {
        f.write_all(&vec![1; 1 << 20])?;
        f.sync_all()
    });
    // The probe has done its work; if it cannot be removed, the cause is already being reported.
    let _ = std::fs::remove_file(&probe);
    match probed {
        Err(error) => IoError::file(path, "write", error),
        Ok(()) => IoError::NetCdf { path: path.to_owned(), action, source },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cf::sample::product;

    #[test]
    fn the_same_product_gives_the_same_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let paths = ["a.nc", "b.nc"].map(|name| dir.path().join(name));
        for path in &paths {
            write_product(path, &product()).unwrap();
        }
        let [a, b] = paths.map(|path| std::fs::read(path).unwrap());
        assert!(a == b);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn parts_that_do_not_fit_are_refused_before_anything_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.nc");
        let wrong = Product { members: 4, ..product() };
        let error = write_product(&path, &wrong).unwrap_err().to_string();
        assert!(
            error.contains("`gpp_member`") && error.contains("3 entries where the product has 4"),
            "{error}"
        );
        assert!(!path.exists());
    }

    #[test]
    fn without_months_a_file_has_no_time_and_is_no_time_series() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.nc");
        let mut product = product();
        product.axis.len = 0;
        product.members = 0;
        let years = ndarray::arr1(&[40.0, f64::NAN]).into_dyn();
        let years = reterra_fields::Field::new("years", "common_year", &[STATION], years).unwrap();
        product.variables = vec![Variable::double(years)];
        write_product(&path, &product).unwrap();
        let file = netcdf::open(&path).unwrap();
        assert!(file.dimension(TIME).is_none() && file.variable(TIME).is_none());
        assert!(file.attribute("featureType").is_none() && file.attribute("time_coverage_start").is_none());
        let read = crate::cf::read_field(&path, "years").unwrap();
        assert!((read.data()[0] - 40.0).abs() < 1e-12 && read.data()[1].is_nan());
    }

    #[test]
    fn a_place_that_cannot_be_written_is_an_error_with_the_path() {
        let error = write_product(Path::new("/no/such/place/a.nc"), &product()).unwrap_err().to_string();
        assert!(error.contains("/no/such/place/a.nc"), "{error}");
    }
}
