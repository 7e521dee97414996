//! Tables of test data as they were published: comma-separated, dates in either of two spellings, gaps as `NA` or empty.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use reterra_fields::calendar::{Calendar, Date, Month};

use crate::ValidationError;

/// A table, its rows by date where it has any.
#[derive(Clone, Debug)]
pub struct Dated {
    path: PathBuf,
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    by_date: BTreeMap<Date, usize>,
}

impl Dated {
    /// Reads a table whose first column holds dates, `2001-01-31` or `1/31/2001`.
    ///
    /// # Errors
    /// An unreadable file, or a date that is none.
    pub fn read(path: &Path) -> Result<Self, ValidationError> {
        let mut table = Self::plain(path)?;
        for (i, row) in table.rows.iter().enumerate() {
            let text = row.first().map_or("", String::as_str);
            let date =
                date(text).ok_or_else(|| table.absent(&format!("a date in row {} ({text})", i + 2)))?;
            table.by_date.insert(date, i);
        }
        Ok(table)
    }

    /// Reads a table without looking for dates.
    ///
    /// # Errors
    /// An unreadable file.
    pub fn plain(path: &Path) -> Result<Self, ValidationError> {
        let text = std::fs::read_to_string(path).map_err(ValidationError::file("read", path))?;
        let cells = |line: &str| line.split(',').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
        let mut lines = text.lines();
        let header = lines.next().map(cells).unwrap_or_default();
        let rows = lines.filter(|line| !line.is_empty()).map(cells).collect();
        Ok(Self { path: path.to_owned(), header, rows, by_date: BTreeMap::new() })
    }

    /// A column in the order of the file; what isn't a number is a gap.
    ///
    /// # Errors
    /// [`ValidationError::Absent`] for a column that isn't there.
    pub fn column(&self, name: &str) -> Result<Vec<Option<f64>>, ValidationError> {
        let index = self.header.iter().position(|h| h == name);
        let index = index.ok_or_else(|| self.absent(&format!("column `{name}`")))?;
        Ok(self.rows.iter().map(|row| row.get(index).and_then(|cell| cell.parse().ok())).collect())
    }

    /// A column on every day but 29 February of these years, both included; days without a row are gaps.
    ///
    /// # Errors
    /// As [`Self::column`].
    pub fn on_noleap_days(
        &self,
        name: &str,
        [first, last]: [i32; 2],
    ) -> Result<Vec<Option<f64>>, ValidationError> {
        let column = self.column(name)?;
        let months = (first..=last).flat_map(|year| (1..=12).map(move |month| Month { year, month }));
        let days = months.flat_map(|month| {
            let length = month.days(Calendar::NoLeap);
            (1..=length).map(move |day| Date { day: day as u8, ..month.first_day() })
        });
        Ok(days.map(|date| self.by_date.get(&date).and_then(|&i| column[i])).collect())
    }

    /// That something isn't in this table.
    #[must_use]
    pub fn absent(&self, what: &str) -> ValidationError {
        ValidationError::Absent { what: what.to_owned(), path: self.path.clone() }
    }
}

fn date(text: &str) -> Option<Date> {
    let iso = match text.split('/').collect::<Vec<_>>()[..] {
        [month, day, year] => format!("{year}-{month:0>2}-{day:0>2}"),
        _ => text.to_owned(),
    };
    Date::parse(&iso, Calendar::Standard).ok()
}

#[cfg(test)]
mod tests {
    // Helpers of tests may unwrap as tests do.
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn days_are_found_by_either_spelling_and_the_leap_day_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        std::fs::write(&path, "dates,a\n2/28/2000,1\n2/29/2000,2\n3/1/2000,3\n2000-12-31,NA\n").unwrap();
        let days = Dated::read(&path).unwrap().on_noleap_days("a", [2000, 2000]).unwrap();
        assert_eq!(days.len(), 365);
        assert_eq!((days[58], days[59]), (Some(1.0), Some(3.0)));
        assert_eq!(days.iter().flatten().count(), 2);
        let error = Dated::read(&path).unwrap().column("b").unwrap_err().to_string();
        assert!(error.contains("column `b`"), "{error}");
        std::fs::write(&path, "dates,a\n2/30/2000,1\n").unwrap();
        assert!(Dated::read(&path).is_err());
    }
}
