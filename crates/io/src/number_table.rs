//! Plain tables of numbers: tables of runs, whose columns have no units that a reader could know. CSV under a header, or
//! NetCDF with variables along one dimension of records.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::IoError;
use crate::records::Records;
use crate::table::Table;

/// How NetCDF files begin: the classic formats, and HDF5.
const NETCDF: [&[u8]; 2] = [b"CDF", b"\x89HDF"];
/// What records are called where a table has no name for them.
const RECORD: &str = "record";

/// A table with named columns, read whole; cells are looked at when their column is asked for.
pub struct NumberTable {
    kind: Kind,
}

enum Kind {
    Csv(Table),
    NetCdf(Records),
}

impl NumberTable {
    /// Reads a table, NetCDF as its first bytes have it, else separated by commas or semicolons. In NetCDF the dimension
    /// of records is the only one that variables of one dimension lie along, or the only such that is unlimited.
    ///
    /// # Errors
    /// A file that can't be read, has no rows, lines of other lengths than its header, or a column twice; `Records` for
    /// NetCDF without such a dimension.
    pub fn read(path: &Path) -> Result<Self, IoError> {
        let mut start = Vec::new();
        let file = File::open(path).map_err(|e| IoError::file(path, "read", e))?;
        file.take(4).read_to_end(&mut start).map_err(|e| IoError::file(path, "read", e))?;
        let netcdf = NETCDF.iter().any(|magic| start.starts_with(magic));
        let kind = if netcdf { Kind::NetCdf(Records::read(path)?) } else { Kind::Csv(Table::read(path)?) };
        Ok(Self { kind })
    }

    /// What its records are called: a NetCDF file's dimension.
    #[must_use]
    pub fn record(&self) -> &str {
        match &self.kind {
            Kind::Csv(_) => RECORD,
            Kind::NetCdf(records) => records.dimension(),
        }
    }

    /// Names of columns, in their order; not among them is the coordinate of a NetCDF file's records.
    #[must_use]
    pub fn header(&self) -> &[String] {
        match &self.kind {
            Kind::Csv(table) => table.header(),
            Kind::NetCdf(records) => records.header(),
        }
    }

    /// Number of records.
    #[must_use]
    pub fn rows(&self) -> usize {
        match &self.kind {
            Kind::Csv(table) => table.rows().len(),
            Kind::NetCdf(records) => records.rows(),
        }
    }

    /// Numbers of a column, one a row, all finite, as they are written.
    ///
    /// # Errors
    /// `MissingColumn`, and `Missing` or `NotANumber` with the line of a cell that holds no number; -9999, `NA` and `NaN`
    /// are gaps. In NetCDF `NoSuchVariable`, `NotARecord`, `TextVariable` and `MissingEntry`.
    pub fn numbers(&self, column: &str) -> Result<Vec<f64>, IoError> {
        let table = match &self.kind {
            Kind::Csv(table) => table,
            Kind::NetCdf(records) => return records.numbers(column),
        };
        let index = table.column(column)?;
        let number = |row| {
            let missing = || IoError::Missing { at: table.place(row, index) };
            table.plain_number(row, index)?.ok_or_else(missing)
        };
        table.rows().iter().map(number).collect()
    }

    /// Texts of a column, one a row, for names of groups.
    ///
    /// # Errors
    /// As [`Self::numbers`], and `Missing` or `MissingEntry` for an empty text.
    pub fn texts(&self, column: &str) -> Result<Vec<String>, IoError> {
        let table = match &self.kind {
            Kind::Csv(table) => table,
            Kind::NetCdf(records) => return records.texts(column),
        };
        let index = table.column(column)?;
        let text = |row: &crate::table::Row| match row.text(index) {
            "" => Err(IoError::Missing { at: table.place(row, index) }),
            text => Ok(text.to_owned()),
        };
        table.rows().iter().map(text).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_that_hold_no_number_are_told_by_line_and_column() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("runs.csv");
        std::fs::write(&path, "a,b,c\n1,,x\n2e-3,4,\n").unwrap();
        let table = NumberTable::read(&path).unwrap();
        assert_eq!(table.numbers("a").unwrap(), [1.0, 0.002]);
        let said = |error: IoError| error.to_string();
        assert!(said(table.numbers("b").unwrap_err()).contains("runs.csv, line 2, column `b`: no value"));
        assert!(said(table.numbers("c").unwrap_err()).contains("line 2, column `c`: `x` is not a number"));
        assert!(said(table.texts("c").unwrap_err()).contains("line 3, column `c`"));
        assert!(said(table.numbers("d").unwrap_err()).contains("`d` is missing; found: a, b, c"));
    }
}
