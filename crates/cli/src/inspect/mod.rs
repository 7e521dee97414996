//! `reterra inspect FILE`: NetCDF files and bundles are known by their first bytes, CSV by its header.

mod bundle;
mod netcdf;
mod series;
mod stations;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::Failure;
use crate::output::print;

/// What is enough to tell files apart.
const HEAD: u64 = 65_536;

/// Arguments of `inspect`.
#[derive(Args)]
pub struct Arguments {
    /// The file
    file: PathBuf,
}

/// Prints what is in the file.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let path = arguments.file.as_path();
    let head = head(path)?;
    let text = match kind(&head) {
        Some(Kind::NetCdf) => netcdf::describe(path)?,
        Some(Kind::Bundle) => bundle::describe(path)?,
        Some(Kind::Csv(header)) => csv(path, &header)?,
        None => return Err(Failure::UnknownFile { path: path.to_owned() }),
    };
    print(&text)
}

enum Kind {
    NetCdf,
    Bundle,
    /// Lower-case column names.
    Csv(Vec<String>),
}

fn head(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |source| reterra_io::IoError::File { path: path.to_owned(), action: "read", source };
    let mut head = Vec::new();
    File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head)).map_err(failed)?;
    Ok(head)
}

fn kind(head: &[u8]) -> Option<Kind> {
    if head.starts_with(b"CDF") || head.starts_with(b"\x89HDF") {
        return Some(Kind::NetCdf);
    }
    if head.starts_with(b"RETERRA1") {
        return Some(Kind::Bundle);
    }
    let end = head.iter().position(|b| *b == b'\n').unwrap_or(head.len());
    let line = std::str::from_utf8(head.get(..end)?).ok()?;
    let name = |cell: &str| cell.trim().trim_matches('"').trim_start_matches('\u{feff}').to_lowercase();
    let names: Vec<String> = line.split([',', ';']).map(name).collect();
    (names.len() > 1).then_some(Kind::Csv(names))
}

/// The readers, most telling columns first.
fn csv(path: &Path, header: &[String]) -> Result<String, Failure> {
    let has = |names: &[&str]| names.iter().all(|name| header.iter().any(|column| column == name));
    if has(&["site_code", "time", "variable"]) {
        series::elter(path)
    } else if has(&["timestamp"]) {
        series::daily(path)
    } else if has(&["site", "month", "tmin_degc"]) {
        series::normals(path)
    } else if has(&["month", "tmin_degc"]) {
        series::monthly(path)
    } else if has(&["site", "igbp", "lat"]) {
        stations::sites(path)
    } else if has(&["id", "latitude", "longitude"]) {
        stations::table(path)
    } else {
        Err(Failure::UnknownFile { path: path.to_owned() })
    }
}
