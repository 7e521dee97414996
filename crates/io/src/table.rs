//! A CSV table with named columns, whose every complaint names file, line, column and value.

use std::fs;
use std::path::{Path, PathBuf};

use crate::quantity::{Conversion, Quantity};
use crate::{IoError, Place};

/// A table read whole: header, and lines with as many cells.
pub(crate) struct Table {
    path: PathBuf,
    header: Vec<String>,
    rows: Vec<Row>,
}

/// A line with its number in the file.
pub(crate) struct Row {
    pub line: u64,
    cells: csv::StringRecord,
}

impl Row {
    /// The text of a cell.
    pub fn text(&self, index: usize) -> &str {
        self.cells.get(index).unwrap_or_default()
    }
}

/// A column that holds numbers of a quantity in a unit.
#[derive(Clone)]
pub(crate) struct Numbers {
    pub index: usize,
    quantity: Quantity,
    unit: &'static str,
    conversion: Conversion,
}

impl Table {
    /// Reads a table separated by commas, or by semicolons if its header has more of those.
    pub fn read(path: &Path) -> Result<Table, IoError> {
        let bytes = fs::read(path).map_err(|e| IoError::file(path, "read", e))?;
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        let first = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
        let count = |c: u8| first.split(|b| *b == c).count();
        let delimiter = if count(b';') > count(b',') { b';' } else { b',' };
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(bytes);
        let mut records = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|e| not_text(path, &e))?;
            records.push(Row { line: line_of(&record, bytes), cells: record });
        }
        Table::of_records(path, records)
    }

    fn of_records(path: &Path, mut records: Vec<Row>) -> Result<Table, IoError> {
        let path = path.to_owned();
        if records.len() < 2 {
            return Err(IoError::Empty { path });
        }
        let rows = records.split_off(1);
        let header: Vec<String> = records.iter().flat_map(|r| r.cells.iter()).map(str::to_owned).collect();
        if let Some(bad) = rows.iter().find(|r| r.cells.len() != header.len()) {
            let (line, found) = (bad.line, bad.cells.len());
            return Err(IoError::CellCount { path, line, found, expected: header.len() });
        }
        let twice = (1..header.len()).find(|i| header[..*i].contains(&header[*i]));
        if let Some(column) = twice.map(|i| header[i].clone()) {
            return Err(IoError::UnknownColumn { path, column, accepted: header });
        }
        Ok(Table { path, header, rows })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn header(&self) -> &[String] {
        &self.header
    }

    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    pub fn optional(&self, column: &str) -> Option<usize> {
        self.header.iter().position(|name| name == column)
    }

    pub fn column(&self, column: &str) -> Result<usize, IoError> {
        self.optional(column).ok_or_else(|| IoError::MissingColumn {
            path: self.path.clone(),
            column: column.to_owned(),
            found: self.header.clone(),
        })
    }

    /// A column of numbers that must be there.
    pub fn numbers(&self, name: &str, quantity: Quantity, unit: &'static str) -> Result<Numbers, IoError> {
        let index = self.column(name)?;
        let conversion = quantity.conversion(unit, None).ok_or_else(|| IoError::WrongUnit {
            at: self.place(&self.rows[0], index),
            unit: unit.to_owned(),
            quantity: quantity.name(),
            accepted: quantity.accepted(),
        })?;
        Ok(Numbers { index, quantity, unit, conversion })
    }

    /// A column of numbers that may be there.
    pub fn optional_numbers(
        &self,
        name: &str,
        quantity: Quantity,
        unit: &'static str,
    ) -> Result<Option<Numbers>, IoError> {
        self.optional(name).map(|_| self.numbers(name, quantity, unit)).transpose()
    }

    pub fn place(&self, row: &Row, index: usize) -> Place {
        let column = self.header.get(index).cloned().unwrap_or_default();
        Place { path: self.path.clone(), line: row.line, column }
    }

    /// The number in a cell; none where it is empty, `NaN`, `NA` or -9999.
    pub fn plain_number(&self, row: &Row, index: usize) -> Result<Option<f64>, IoError> {
        let text = row.text(index);
        if ["", "NaN", "nan", "NAN", "NA"].contains(&text) {
            return Ok(None);
        }
        match text.parse::<f64>() {
            Ok(value) if value <= -9999.0 && value > -10_000.0 => Ok(None),
            Ok(value) if value.is_finite() => Ok(Some(value)),
            _ => Err(IoError::NotANumber { at: self.place(row, index), value: text.to_owned() }),
        }
    }

    /// The number in a cell, in SI, checked to be possible.
    pub fn number(&self, row: &Row, column: &Numbers) -> Result<Option<f64>, IoError> {
        let Some(value) = self.plain_number(row, column.index)? else { return Ok(None) };
        possible(column.quantity, column.conversion, value).map(Some).map_err(|[lowest, highest]| {
            let (at, unit) = (self.place(row, column.index), column.unit.to_owned());
            IoError::OutOfRange { at, value, unit, lowest, highest }
        })
    }

    /// The number in a cell that must have one.
    pub fn required(&self, row: &Row, column: &Numbers) -> Result<f64, IoError> {
        self.number(row, column)?.ok_or_else(|| IoError::Missing { at: self.place(row, column.index) })
    }

    /// Numbers of a whole column that must be complete.
    pub fn complete(&self, column: &Numbers) -> Result<Vec<f64>, IoError> {
        self.rows.iter().map(|row| self.required(row, column)).collect()
    }

    /// Numbers of a whole column with gaps; all gaps where there is no column.
    pub fn gappy(&self, column: Option<&Numbers>) -> Result<Vec<Option<f64>>, IoError> {
        self.rows.iter().map(|row| column.map_or(Ok(None), |c| self.number(row, c))).collect()
    }
}

/// The value in SI, or the range it must lie in, in its own unit. Rounding noise of -1e-6 counts as 0.
pub(crate) fn possible(quantity: Quantity, conversion: Conversion, value: f64) -> Result<f64, [f64; 2]> {
    let [lowest, highest] = quantity.possible();
    if value < 0.0 && value > -1e-6 && lowest >= 0.0 && conversion.to_si(0.0) <= 0.0 {
        return Ok(0.0);
    }
    let si = conversion.to_si(value);
    if (lowest..=highest).contains(&si) {
        return Ok(si);
    }
    Err([conversion.from_si(lowest), conversion.from_si(highest)])
}

/// The line on which a record begins; the reader's own position is before line ends that it skips.
fn line_of(record: &csv::StringRecord, bytes: &[u8]) -> u64 {
    let Some(position) = record.position() else { return 0 };
    let rest = bytes.get(position.byte() as usize..).unwrap_or_default();
    let ends = rest.iter().take_while(|b| matches!(b, b'\n' | b'\r'));
    position.line() + ends.filter(|b| **b == b'\n').count() as u64
}

fn not_text(path: &Path, error: &csv::Error) -> IoError {
    IoError::NotText { path: path.to_owned(), line: error.position().map_or(0, csv::Position::line) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("table.csv");
        fs::write(&path, text).unwrap();
        (dir, path)
    }

    fn read(text: &str) -> Result<Table, IoError> {
        let (_dir, path) = written(text);
        Table::read(&path)
    }

    #[test]
    fn commas_semicolons_quotes_and_a_byte_order_mark_are_read() {
        for text in ["a,b\n1,\"x, y\"\n", "\u{feff}a;b\r\n1;x, y\r\n"] {
            let table = read(text).unwrap();
            assert_eq!(table.header(), ["a", "b"]);
            assert_eq!(table.rows()[0].text(1), "x, y");
            assert_eq!(table.rows()[0].line, 2);
        }
    }

    #[test]
    fn blank_lines_count() {
        let table = read("a,b\r\n\r\n\n1,2\r\n3,4\r\n").unwrap();
        assert_eq!(table.rows().iter().map(|r| r.line).collect::<Vec<_>>(), [4, 5]);
    }

    #[test]
    fn broken_tables_are_refused_with_the_line() {
        for (text, said) in [
            ("", "no data"),
            ("a,b\n", "no data"),
            ("a,b\n1,2\n3", "line 3: 1 cells where the header has 2"),
            ("a,a\n1,2\n", "`a` is unknown or stands twice"),
        ] {
            let error = read(text).err().unwrap().to_string();
            assert!(error.contains(said) && error.contains("table.csv"), "{error}");
        }
        let (_dir, path) = written("");
        fs::write(&path, b"a,b\n1,\xff\n").unwrap();
        assert!(Table::read(&path).err().unwrap().to_string().contains("line 2: not UTF-8"));
    }

    #[test]
    fn cells_are_numbers_gaps_or_errors() {
        let cell = |text: &str| {
            let table = read(&format!("id;t\nx;{text}\n")).unwrap();
            let column = table.numbers("t", Quantity::Precipitation, "mm d-1").unwrap();
            table.number(&table.rows()[0], &column)
        };
        for gap in ["", "NaN", "NA", "-9999", "-9999.0"] {
            assert_eq!(cell(gap).unwrap(), None);
        }
        assert_eq!(cell("-7e-15").unwrap(), Some(0.0));
        for text in ["1,5", "abc", "inf", "1e999"] {
            let error = cell(text).unwrap_err().to_string();
            assert!(error.contains(&format!("`{text}` is not a number")), "{error}");
        }
        let error = cell("-0.1").unwrap_err().to_string();
        assert!(error.contains("line 2, column `t`: -0.1 mm d-1 is impossible"), "{error}");
    }
}
