//! Plain CSV tables of numbers under a header: tables of runs, whose columns have no units that a reader could know.

use std::path::Path;

use crate::IoError;
use crate::table::Table;

/// A table with a header, read whole; cells are looked at when their column is asked for.
pub struct NumberTable {
    table: Table,
}

impl NumberTable {
    /// Reads a table separated by commas or semicolons.
    ///
    /// # Errors
    /// A file that can't be read, has no rows, lines of other lengths than its header, or a column twice.
    pub fn read(path: &Path) -> Result<Self, IoError> {
        Ok(Self { table: Table::read(path)? })
    }

    /// Names of columns, in their order.
    #[must_use]
    pub fn header(&self) -> &[String] {
        self.table.header()
    }

    /// Number of rows below the header.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.table.rows().len()
    }

    /// Numbers of a column, one a row, all finite, as they are written.
    ///
    /// # Errors
    /// `MissingColumn`, and `Missing` or `NotANumber` with the line of a cell that holds no number; -9999, `NA` and `NaN`
    /// are gaps.
    pub fn numbers(&self, column: &str) -> Result<Vec<f64>, IoError> {
        let index = self.table.column(column)?;
        let number = |row| {
            let missing = || IoError::Missing { at: self.table.place(row, index) };
            self.table.plain_number(row, index)?.ok_or_else(missing)
        };
        self.table.rows().iter().map(number).collect()
    }

    /// Texts of a column, one a row, for names of groups.
    ///
    /// # Errors
    /// `MissingColumn`, and `Missing` for an empty cell.
    pub fn texts(&self, column: &str) -> Result<Vec<String>, IoError> {
        let index = self.table.column(column)?;
        let text = |row: &crate::table::Row| match row.text(index) {
            "" => Err(IoError::Missing { at: self.table.place(row, index) }),
            text => Ok(text.to_owned()),
        };
        self.table.rows().iter().map(text).collect()
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
