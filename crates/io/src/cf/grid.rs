//! Gridded files: CF-1.11 on a rotated pole, chunked and compressed, written part by part by a thread of their own.
//!
//! Dimensions are `member`, `time`, axes of the caller, `rlat` and `rlon`, in this order; a variable has some of them.
//! Values are 32 bits; what is never written is missing.

pub(crate) mod define;
mod stream;
#[cfg(test)]
mod tests;

use std::ops::Range;

use reterra_fields::{MonthAxis, RotatedGrid, Window};

use super::About;

pub use stream::GridWriter;

/// The dimension of rows.
pub const ROWS: &str = "rlat";
/// The dimension of columns.
pub const COLUMNS: &str = "rlon";

/// What a gridded file is.
#[derive(Clone, Debug, PartialEq)]
pub struct GridFile {
    /// Global attributes.
    pub about: About,
    /// The grid.
    pub grid: RotatedGrid,
    /// The part of it that the file holds.
    pub window: Window,
    /// Months along `time`, where there are any.
    pub time: Option<MonthAxis>,
    /// Members along `member`; 0 for none.
    pub members: usize,
    /// Further axes.
    pub axes: Vec<Axis>,
    /// The variables.
    pub variables: Vec<GridVariable>,
    /// Chunk sizes by dimension; a dimension not named is one chunk long. Parts that fill whole chunks are written
    /// fastest.
    pub chunks: Vec<(String, usize)>,
    /// Deflate level, 1 to 9; bytes are shuffled first.
    pub compression: u8,
}

/// An axis of the caller.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// Name of the dimension; the labels are an auxiliary coordinate, called after it.
    pub name: String,
    /// What it is.
    pub long_name: String,
    /// A text for each entry.
    pub labels: Vec<String>,
}

/// A variable of a gridded file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GridVariable {
    /// Its name.
    pub name: String,
    /// Its units, as UDUNITS reads them.
    pub units: String,
    /// What it is.
    pub long_name: String,
    /// Its CF standard name, where there is one.
    pub standard_name: Option<String>,
    /// How its values stand for their cells; empty for nothing to say.
    pub cell_methods: String,
    /// Its dimensions, slowest first.
    pub dims: Vec<String>,
}

/// Values of a part of a variable.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Place of the variable in [`GridFile::variables`].
    pub variable: usize,
    /// Entries along each of its dimensions; rows and columns count from the window's first.
    pub at: Vec<Range<usize>>,
    /// Values, C order; NaN is written as missing.
    pub values: Vec<f32>,
}

impl Axis {
    fn labels_name(&self) -> String {
        format!("{}_name", self.name)
    }
}

impl GridFile {
    /// Size of a dimension; none where the file has no such.
    #[must_use]
    pub fn size(&self, dimension: &str) -> Option<usize> {
        match dimension {
            ROWS => Some(self.window.rows.len()),
            COLUMNS => Some(self.window.columns.len()),
            super::TIME => self.time.as_ref().map(|axis| axis.len),
            super::MEMBER => (self.members > 0).then_some(self.members),
            other => self.axes.iter().find(|axis| axis.name == other).map(|axis| axis.labels.len()),
        }
    }

    fn chunk(&self, dimension: &str) -> Option<usize> {
        let size = self.size(dimension)?;
        let wanted = self.chunks.iter().find(|(name, _)| name == dimension);
        Some(wanted.map_or(size, |(_, chunk)| *chunk).clamp(1, size.max(1)))
    }
}
