//! What can go wrong with a file, told so that it can be mended.

use std::fmt;
use std::path::{Path, PathBuf};

use reterra_fields::FieldError;

/// A cell of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: u64,
    /// The column's name.
    pub column: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, line {}, column `{}`", self.path.display(), self.line, self.column)
    }
}

/// How a bundle is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Corruption {
    /// It does not start as a bundle does.
    NotABundle,
    /// It ends too early.
    Truncated,
    /// Its checksum differs from its content.
    Checksum,
    /// Its header cannot be read.
    Header,
}

impl fmt::Display for Corruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Corruption::NotABundle => "it is not a bundle",
            Corruption::Truncated => "it ends too early",
            Corruption::Checksum => "its checksum does not match its content",
            Corruption::Header => "its header cannot be read",
        })
    }
}

/// Any failure of this crate.
#[derive(Debug, thiserror::Error)]
pub enum IoError {
    /// The operating system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// The file or directory.
        path: PathBuf,
        /// What was tried: `read`, `write` …
        action: &'static str,
        /// The cause.
        source: std::io::Error,
    },
    /// The disk or the quota is full; the file that was there before, if any, is untouched.
    #[error("cannot write {}: the disk is full (or a quota is spent); free space there and run again, nothing was lost", path.display())]
    DiskFull {
        /// The file.
        path: PathBuf,
    },
    /// The NetCDF library refused.
    #[error("cannot {action} {} as NetCDF: {source}", path.display())]
    NetCdf {
        /// The file.
        path: PathBuf,
        /// What was tried, with the variable.
        action: String,
        /// The cause.
        source: netcdf::Error,
    },
    /// A table without rows.
    #[error("{} has no data below its header; it may be truncated: get it again", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A table that is no UTF-8 text.
    #[error("{}, line {line}: not UTF-8 text; save the table as UTF-8 CSV", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// The line.
        line: u64,
    },
    /// A line with more or fewer cells than the header.
    #[error("{}, line {line}: {found} cells where the header has {expected}; the file may be truncated: get it again, or mend the line", path.display())]
    CellCount {
        /// The file.
        path: PathBuf,
        /// The line.
        line: u64,
        /// Its cells.
        found: usize,
        /// The header's cells.
        expected: usize,
    },
    /// A column that must be there is not.
    #[error("{}: column `{column}` is missing; found: {}", path.display(), found.join(", "))]
    MissingColumn {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The columns that are there.
        found: Vec<String>,
    },
    /// A column that the reader does not know, or that stands twice.
    #[error("{}: column `{column}` is unknown or stands twice; use: {}", path.display(), accepted.join(", "))]
    UnknownColumn {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The columns it knows.
        accepted: Vec<String>,
    },
    /// A value that must be there is not.
    #[error("{at}: no value; this column must be complete: fill the gap")]
    Missing {
        /// Where.
        at: Place,
    },
    /// A value that is no number.
    #[error("{at}: `{value}` is not a number; write it with a decimal point, and leave missing values empty")]
    NotANumber {
        /// Where.
        at: Place,
        /// What stands there.
        value: String,
    },
    /// A value that cannot be.
    #[error(
        "{at}: {value} {unit} is impossible (it must lie in {lowest:.6} to {highest:.6}); correct it, or check the column's unit"
    )]
    OutOfRange {
        /// Where.
        at: Place,
        /// The value, in the file's unit.
        value: f64,
        /// The file's unit.
        unit: String,
        /// The least possible value, in the file's unit.
        lowest: f64,
        /// The greatest possible value, in the file's unit.
        highest: f64,
    },
    /// A unit that the quantity does not have, or that cannot be converted at this place.
    #[error("{at}: unit `{unit}` does not fit {quantity}; use one of: {}", accepted.join(", "))]
    WrongUnit {
        /// Where.
        at: Place,
        /// The unit as written.
        unit: String,
        /// The quantity.
        quantity: &'static str,
        /// The units it may have.
        accepted: Vec<&'static str>,
    },
    /// A minimum above its maximum.
    #[error("{at}: minimum {minimum} is above maximum {maximum}; are the two columns swapped?")]
    Inverted {
        /// Where the minimum stands.
        at: Place,
        /// The minimum, in the file's unit.
        minimum: f64,
        /// The maximum, in the file's unit.
        maximum: f64,
    },
    /// A time that does not follow the line before.
    #[error("{}, line {line}: {found} where {expected} must follow; put the lines in order and fill the gap with empty observations", path.display())]
    NotConsecutive {
        /// The file.
        path: PathBuf,
        /// The line.
        line: u64,
        /// What must follow.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// A year that does not come after the one before.
    #[error("{at}: year {value} does not come after the line before; put the years in order, each once")]
    NotAscending {
        /// Where.
        at: Place,
        /// The year.
        value: String,
    },
    /// A station that stands twice.
    #[error("{}, line {line}: station `{id}` (or this month of it) stands twice; keep one line", path.display())]
    Duplicate {
        /// The file.
        path: PathBuf,
        /// The line of the second.
        line: u64,
        /// The station.
        id: String,
    },
    /// A station without all twelve months.
    #[error("{}: station `{id}` has {found} months of normals; give all 12", path.display())]
    MonthsMissing {
        /// The file.
        path: PathBuf,
        /// The station.
        id: String,
        /// How many months it has.
        found: usize,
    },
    /// A date, class or station fact that cannot be.
    #[error("{at}: {source}")]
    Fact {
        /// Where.
        at: Place,
        /// Why.
        source: Box<FieldError>,
    },
    /// A bundle that is broken.
    #[error("{} cannot be used: {what}; delete it and run its stage again", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// How.
        what: Corruption,
    },
    /// A product whose parts do not fit together.
    #[error(
        "variable `{variable}`: dimension `{dimension}` has {found} entries where the product has {expected}"
    )]
    Product {
        /// The variable.
        variable: String,
        /// The dimension.
        dimension: String,
        /// The product's size of it.
        expected: usize,
        /// The variable's.
        found: usize,
    },
    /// Structs that have no place in a file of columns.
    #[error("cannot write {}: {source}", path.display())]
    Columns {
        /// The file.
        path: PathBuf,
        /// Why.
        source: crate::columns::Misfit,
    },
    /// A file of columns of another struct.
    #[error(
        "{} holds other variables than this version has ({source}); run the stage that made it again",
        path.display()
    )]
    OtherColumns {
        /// The file.
        path: PathBuf,
        /// What is missing or not known.
        source: serde_json::Error,
    },
    /// A gridded file whose writer has ended, or was left, before the file was finished.
    #[error("{} was not finished: its writer stopped", path.display())]
    WriterStopped {
        /// The file.
        path: PathBuf,
    },
    /// A NetCDF file that is no table.
    #[error(
        "{} is no table of records: its variables lie along {}; give it one dimension, or make that of the records \
         unlimited",
        path.display(),
        if found.is_empty() { "no dimension alone".to_owned() } else { found.join(", ") }
    )]
    Records {
        /// The file.
        path: PathBuf,
        /// Dimensions of its variables of one dimension.
        found: Vec<String>,
    },
    /// A variable that is no column of a table of records.
    #[error(
        "{}: variable `{variable}` has the dimensions ({}) where a column has ({dimension}); take parts of it as \
         variables of their own",
        path.display(),
        found.join(", ")
    )]
    NotARecord {
        /// The file.
        path: PathBuf,
        /// The variable.
        variable: String,
        /// Its dimensions.
        found: Vec<String>,
        /// The dimension of records.
        dimension: String,
    },
    /// A record without a value.
    #[error(
        "{}, variable `{variable}`, entry {entry} of `{dimension}` (from 0): no value; this variable must be complete: \
         fill the gap, or leave that entry out",
        path.display()
    )]
    MissingEntry {
        /// The file.
        path: PathBuf,
        /// The variable.
        variable: String,
        /// The dimension of records.
        dimension: String,
        /// The entry, from 0.
        entry: usize,
    },
    /// A variable that holds text where numbers are wanted.
    #[error("{}: variable `{variable}` holds text where numbers are wanted; name another one", path.display())]
    TextVariable {
        /// The file.
        path: PathBuf,
        /// The variable.
        variable: String,
    },
    /// A variable that a NetCDF file does not have.
    #[error("{}: no variable `{variable}`; it has: {}", path.display(), found.join(", "))]
    NoSuchVariable {
        /// The file.
        path: PathBuf,
        /// The variable.
        variable: String,
        /// What there is.
        found: Vec<String>,
    },
}

impl IoError {
    /// A fact that cannot be, at its place.
    pub(crate) fn fact(at: Place, source: FieldError) -> IoError {
        IoError::Fact { at, source: Box::new(source) }
    }

    /// A refusal of the operating system; a full disk is told apart.
    pub(crate) fn file(path: &Path, action: &'static str, source: std::io::Error) -> IoError {
        use std::io::ErrorKind::{QuotaExceeded, StorageFull};
        match source.kind() {
            StorageFull | QuotaExceeded => IoError::DiskFull { path: path.to_owned() },
            _ => IoError::File { path: path.to_owned(), action, source },
        }
    }
}
