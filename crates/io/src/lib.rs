//! Reading stations and writing products: CSV tables, CF NetCDF, bundles of arrays, atomic files.
//!
//! A reader converts units once, on entry, to SI with gC m-2 for carbon; after it, no code converts. Every
//! error of a reader names the file, line, column and value, and what to do about it.

pub mod atomic;
pub mod bundle;
pub mod cf;
pub mod checksum;
pub mod columns;
pub mod elter;
mod error;
pub mod fluxnet;
pub mod monthly;
pub mod normals;
pub mod number_table;
pub mod observation_space;
pub mod quantity;
mod records;
pub mod run_files;
pub mod scenario;
pub mod site_table;
mod table;

pub use atomic::{replace, write_atomic};
pub use bundle::{read_bundle, write_bundle};
pub use checksum::{sha256_bytes, sha256_file};
pub use columns::{read_columns, write_columns};
pub use error::{Corruption, IoError, Place};
pub use number_table::NumberTable;

/// A folder of the shared test data, or none with a line that says so.
#[cfg(test)]
pub(crate) fn test_data(folder: &str) -> Option<std::path::PathBuf> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let root = std::env::var_os("RETERRA_TEST_DATA").unwrap_or_else(|| default.into());
    let path = std::path::PathBuf::from(root).join(folder);
    if !path.exists() {
        println!("skipped: no test data at {}; set RETERRA_TEST_DATA", path.display());
        return None;
    }
    Some(path)
}
