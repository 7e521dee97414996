//! Windows over a grid with depth: which tokens share one, and which pairs in it may see each other.
//!
//! A window spans the whole depth, because vertical mixing couples all layers of a soil, and `rows` × `columns`
//! horizontally. Every second block shifts the grid by half a window (Liu et al. 2021,
//! doi:10.1109/ICCV48922.2021.00986). Roll, padding and partition are one table of rows; masks are by kind of window.

use std::sync::Arc;

use candle_core::{Device, Tensor};

use crate::error::NnError;
use crate::ops::{Mask, Pick};

/// Tokens of a sample, in the order (depth, row, column).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Planes.
    pub depth: usize,
    /// Rows, from north to south or the other way.
    pub rows: usize,
    /// Columns, along a row.
    pub columns: usize,
}

impl Grid {
    /// Tokens in all.
    #[must_use]
    pub fn tokens(self) -> usize {
        self.depth * self.rows * self.columns
    }

    /// The number of a token.
    fn token(self, depth: usize, row: usize, column: usize) -> u32 {
        ((depth * self.rows + row) * self.columns + column) as u32
    }
}

/// Horizontal size of windows, and where they lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tiling {
    /// Rows of a window.
    pub rows: usize,
    /// Columns of a window.
    pub columns: usize,
    /// At the grid's corner, or half a window further.
    pub offset: Offset,
    /// What lies beyond the last column.
    pub edge: Edge,
}

/// Where windows begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offset {
    /// At the grid's corner.
    Corner,
    /// Half a window further in both directions.
    Half,
}

/// What lies beyond the last column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// Nothing, as in a region.
    Closed,
    /// The first column, as around the globe.
    Wrapped,
}

/// The windows of a grid.
#[derive(Clone, Debug)]
pub struct Windows {
    grid: Grid,
    tiling: Tiling,
    /// Windows from north to south, and along a row.
    counts: [usize; 2],
    partition: Pick,
    mask: Option<Mask>,
    /// By token in the order of windows: whether it is one of the grid's. None where all are.
    inside: Option<Vec<u8>>,
}

impl Windows {
    /// Lays windows over a grid; the last ones are filled up with tokens that are not there.
    ///
    /// # Errors
    /// `Setting` for a grid or a window without tokens, and for a wrapped edge with columns that windows don't divide.
    pub fn new(grid: Grid, tiling: Tiling, device: &Device) -> Result<Self, NnError> {
        let refuse =
            |value: String, wanted| Err(NnError::Setting { what: "windows of a grid", value, wanted });
        if grid.tokens() == 0 || tiling.rows == 0 || tiling.columns == 0 {
            return refuse(format!("{tiling:?} over {grid:?}"), "give lengths above zero");
        }
        if tiling.edge == Edge::Wrapped && !grid.columns.is_multiple_of(tiling.columns) {
            let value = format!("{} columns wrapped in windows of {}", grid.columns, tiling.columns);
            return refuse(value, "give windows that divide the columns");
        }
        let counts = [grid.rows.div_ceil(tiling.rows), grid.columns.div_ceil(tiling.columns)];
        let table = partition(grid, tiling, counts);
        let inside = table
            .contains(&Pick::NONE)
            .then(|| table.iter().map(|from| u8::from(*from != Pick::NONE)).collect());
        let mask = mask(grid, tiling, counts, device)?;
        Ok(Self { grid, tiling, counts, partition: Pick::new(table, grid.tokens())?, mask, inside })
    }

    /// The grid.
    #[must_use]
    pub fn grid(&self) -> Grid {
        self.grid
    }

    /// Size and place of windows.
    #[must_use]
    pub fn tiling(&self) -> Tiling {
        self.tiling
    }

    /// Windows of one sample: rows of windows, and windows in a row.
    #[must_use]
    pub fn counts(&self) -> [usize; 2] {
        self.counts
    }

    /// Tokens of one window.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.grid.depth * self.tiling.rows * self.tiling.columns
    }

    /// Tokens of a sample to tokens window by window; `inverse` of it leads back.
    #[must_use]
    pub fn partition(&self) -> &Pick {
        &self.partition
    }

    /// Which pairs must not see each other, though a window holds both: those that are far apart in the grid.
    #[must_use]
    pub fn mask(&self) -> Option<&Mask> {
        self.mask.as_ref()
    }

    /// Which tokens of the windows of a batch are there, (batch · windows, tokens); none where all are. `present`
    /// (batch, tokens), `u8`, says which of the grid's are.
    ///
    /// # Errors
    /// `Shape` where `present` is of another grid; those of candle.
    pub fn present(
        &self,
        present: Option<&Tensor>,
        batch: usize,
        device: &Device,
    ) -> Result<Option<Tensor>, NnError> {
        let flags = match (present, &self.inside) {
            (Some(present), _) => self.partition.flags(present)?,
            (None, Some(inside)) => Tensor::new(inside.as_slice(), device)?.repeat((batch, 1))?,
            (None, None) => return Ok(None),
        };
        Ok(Some(flags.reshape(((), self.tokens()))?))
    }
}

/// For each place of each window the grid's token.
fn partition(grid: Grid, tiling: Tiling, counts: [usize; 2]) -> Vec<u32> {
    let padded = [counts[0] * tiling.rows, counts[1] * tiling.columns];
    let by = shift(tiling);
    let mut table = Vec::with_capacity(padded[0] * padded[1] * grid.depth);
    for window in 0..counts[0] * counts[1] {
        let corner = [window / counts[1] * tiling.rows, window % counts[1] * tiling.columns];
        for depth in 0..grid.depth {
            for place in 0..tiling.rows * tiling.columns {
                let row = (corner[0] + place / tiling.columns + by[0]) % padded[0];
                let column = (corner[1] + place % tiling.columns + by[1]) % padded[1];
                let there = row < grid.rows && column < grid.columns;
                table.push(if there { grid.token(depth, row, column) } else { Pick::NONE });
            }
        }
    }
    table
}

/// Rows and columns by which the grid is rolled.
fn shift(tiling: Tiling) -> [usize; 2] {
    match tiling.offset {
        Offset::Corner => [0, 0],
        Offset::Half => [tiling.rows / 2, tiling.columns / 2],
    }
}

/// Rolling brings the two ends of the grid into its last windows. Four kinds: without an end, with the two ends of
/// columns, of rows, of both.
fn mask(grid: Grid, tiling: Tiling, counts: [usize; 2], device: &Device) -> Result<Option<Mask>, NnError> {
    let mut by = shift(tiling);
    if tiling.edge == Edge::Wrapped {
        by[1] = 0;
    }
    if by == [0, 0] {
        return Ok(None);
    }
    let tokens = grid.depth * tiling.rows * tiling.columns;
    let mut values = Vec::with_capacity(4 * tokens * tokens);
    for kind in 0..4 {
        let end = |place: usize| {
            let (row, column) = (place / tiling.columns, place % tiling.columns);
            let beyond_rows = kind / 2 == 1 && by[0] > 0 && row >= tiling.rows - by[0];
            let beyond_columns = kind % 2 == 1 && by[1] > 0 && column >= tiling.columns - by[1];
            (beyond_rows, beyond_columns)
        };
        let level = tiling.rows * tiling.columns;
        for pair in 0..tokens * tokens {
            let apart = end(pair / tokens % level) != end(pair % tokens % level);
            values.push(if apart { f32::NEG_INFINITY } else { 0.0 });
        }
    }
    let last = |window: usize, count: usize| u32::from(window + 1 == count);
    let of_window: Arc<[u32]> = (0..counts[0] * counts[1])
        .map(|w| 2 * last(w / counts[1], counts[0]) + last(w % counts[1], counts[1]))
        .collect();
    Ok(Some(Mask { values: Tensor::from_vec(values, (4, tokens, tokens), device)?, of_window }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{random, values};
    use candle_core::DType;

    const GRID: Grid = Grid { depth: 2, rows: 5, columns: 6 };

    fn windows(offset: Offset, edge: Edge) -> Windows {
        Windows::new(GRID, Tiling { rows: 2, columns: 3, offset, edge }, &Device::Cpu).unwrap()
    }

    fn all() -> impl Iterator<Item = Windows> {
        [Offset::Corner, Offset::Half]
            .into_iter()
            .flat_map(|offset| [Edge::Closed, Edge::Wrapped].map(|edge| windows(offset, edge)))
    }

    /// The place of a token in the grid.
    fn place(token: u32) -> [i64; 2] {
        let in_plane = i64::from(token) % 30;
        [in_plane / 6, in_plane % 6]
    }

    #[test]
    fn windows_hold_every_token_once_and_lead_back() {
        let x = random(1, (2, GRID.tokens(), 3), DType::F32);
        for windows in all() {
            let parts = windows.partition().apply(&x).unwrap();
            assert_eq!(parts.dim(1).unwrap(), 6 * windows.tokens());
            let back = windows.partition().inverse().apply(&parts).unwrap();
            assert_eq!(values(&back), values(&x));
        }
    }

    /// Two tokens see each other exactly where they are close: in a window of the grid laid half a window further.
    #[test]
    fn only_tokens_that_are_close_see_each_other() {
        for edge in [Edge::Closed, Edge::Wrapped] {
            let windows = windows(Offset::Half, edge);
            let tokens: Vec<u32> = (0..GRID.tokens() as u32).collect();
            let numbers = Tensor::new(tokens, &Device::Cpu).unwrap().to_dtype(DType::F64).unwrap();
            let numbers = (numbers + 1.0).unwrap().reshape((1, GRID.tokens(), 1)).unwrap();
            let parts = values(&windows.partition().apply(&numbers).unwrap());
            let mask = windows.mask().unwrap();
            for (window, kind) in mask.of_window.iter().enumerate() {
                let mask = values(&mask.values.get(*kind as usize).unwrap());
                let part = &parts[window * 12..][..12];
                for pair in 0..144 {
                    let (a, b) = (part[pair / 12], part[pair % 12]);
                    if a == 0.0 || b == 0.0 {
                        continue;
                    }
                    let (a, b) = (place(a as u32 - 1), place(b as u32 - 1));
                    let columns = (a[1] - b[1]).abs();
                    let columns = if edge == Edge::Wrapped { columns.min(6 - columns) } else { columns };
                    let close = (a[0] - b[0]).abs() < 2 && columns < 3;
                    assert_eq!(mask[pair] == 0.0, close, "{a:?} and {b:?}, {edge:?}");
                }
            }
        }
    }

    #[test]
    fn windows_span_all_planes_and_keep_their_order() {
        let windows = windows(Offset::Corner, Edge::Closed);
        assert!(windows.mask().is_none());
        let flags = windows.present(None, 1, &Device::Cpu).unwrap().unwrap().to_vec2::<u8>().unwrap();
        // The sixth row is not there: the last row of windows has half of its tokens.
        assert_eq!(flags[0], [1; 12]);
        assert_eq!(flags[4], [1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0]);
    }

    #[test]
    fn absent_tokens_of_the_grid_are_absent_in_windows() {
        let mut there = vec![1_u8; GRID.tokens()];
        there[0] = 0;
        let there = Tensor::from_vec(there, (1, GRID.tokens()), &Device::Cpu).unwrap();
        let windows = windows(Offset::Corner, Edge::Closed);
        let flags = windows.present(Some(&there), 1, &Device::Cpu).unwrap().unwrap().to_vec2::<u8>().unwrap();
        assert_eq!(flags[0], [0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
        assert_eq!(flags[5], [1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0]);
    }

    #[test]
    fn a_wrapped_edge_needs_windows_that_divide_the_columns() {
        let tiling = Tiling { rows: 2, columns: 4, offset: Offset::Half, edge: Edge::Wrapped };
        assert!(
            Windows::new(GRID, tiling, &Device::Cpu).unwrap_err().to_string().contains("divide the columns")
        );
    }
}
