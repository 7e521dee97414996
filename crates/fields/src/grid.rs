//! Rotated-pole grids and their tiles.
//!
//! A cell has a number in the whole grid that no tile changes, so what is computed from it doesn't depend on how the
//! grid is cut.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// A rotated pole (CF-1.11, appendix F, `rotated_latitude_longitude`).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RotatedPole {
    /// Latitude of the rotated north pole, degrees north (`grid_north_pole_latitude`).
    pub latitude: f64,
    /// Longitude of the rotated north pole, degrees east (`grid_north_pole_longitude`).
    pub longitude: f64,
}

impl RotatedPole {
    /// The pole of the European CORDEX domains (<https://cordex.org/domains/>, EUR-44, EUR-22, EUR-11).
    pub const CORDEX_EUROPE: Self = Self { latitude: 39.25, longitude: -162.0 };

    /// Latitude and longitude, degrees north and east, of a point in rotated latitude and longitude, degrees.
    #[must_use]
    pub fn geographic(self, (rlat, rlon): (f64, f64)) -> (f64, f64) {
        let (sin_pole, cos_pole) = self.latitude.to_radians().sin_cos();
        let (sin_phi, cos_phi) = rlat.to_radians().sin_cos();
        let (sin_lambda, cos_lambda) = rlon.to_radians().sin_cos();
        let sine = cos_phi * cos_lambda * cos_pole + sin_phi * sin_pole;
        // Towards the meridian opposite to the pole's, and to the east of it.
        let (towards, east) = (sin_pole * cos_lambda * cos_phi - cos_pole * sin_phi, sin_lambda * cos_phi);
        let longitude = self.longitude + 180.0 + east.atan2(towards).to_degrees();
        (sine.clamp(-1.0, 1.0).asin().to_degrees(), (longitude + 180.0).rem_euclid(360.0) - 180.0)
    }
}

/// A regular grid in rotated coordinates; rows go north, columns east.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RotatedGrid {
    /// The pole.
    pub pole: RotatedPole,
    /// Southern edge, rotated degrees.
    pub south: f64,
    /// Western edge, rotated degrees.
    pub west: f64,
    /// Cell size, degrees.
    pub resolution: f64,
    /// Cells from south to north.
    pub rows: usize,
    /// Cells from west to east.
    pub columns: usize,
}

/// A cell by its row and column in the whole grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cell {
    /// Row from the south, 0-based.
    pub row: usize,
    /// Column from the west, 0-based.
    pub column: usize,
}

impl RotatedGrid {
    /// Radius of the sphere of the Earth's surface area, m.
    pub const EARTH_RADIUS: f64 = 6_371_007.0;

    /// The domain that the European CORDEX grids share, with the cells of a given size that lie wholly in it:
    /// 106 × 103 at 0.44°, 424 × 412 at 0.11°.
    #[must_use]
    pub fn cordex_europe(resolution: f64) -> Self {
        const SOUTH: f64 = -23.43;
        const WEST: f64 = -28.43;
        const HEIGHT: f64 = 45.32;
        const WIDTH: f64 = 46.64;
        let cells = |extent: f64| (extent / resolution + 1e-6).floor() as usize;
        let (rows, columns) = (cells(HEIGHT), cells(WIDTH));
        Self { pole: RotatedPole::CORDEX_EUROPE, south: SOUTH, west: WEST, resolution, rows, columns }
    }

    /// Number of a cell, row by row.
    #[must_use]
    pub fn number(&self, cell: Cell) -> usize {
        cell.row * self.columns + cell.column
    }

    /// Rotated latitude of a row's middle, degrees.
    #[must_use]
    pub fn rlat(&self, row: usize) -> f64 {
        self.south + (row as f64 + 0.5) * self.resolution
    }

    /// Rotated longitude of a column's middle, degrees.
    #[must_use]
    pub fn rlon(&self, column: usize) -> f64 {
        self.west + (column as f64 + 0.5) * self.resolution
    }

    /// Latitude and longitude of a cell's middle, degrees north and east.
    #[must_use]
    pub fn centre(&self, cell: Cell) -> (f64, f64) {
        self.pole.geographic((self.rlat(cell.row), self.rlon(cell.column)))
    }

    /// `n` × `n` points of a cell, evenly spaced: latitude and longitude, degrees.
    pub fn points(&self, cell: Cell, n: usize) -> impl Iterator<Item = (f64, f64)> {
        let part = move |i: usize| (i as f64 + 0.5) / n as f64;
        let (row, column, grid) = (cell.row as f64, cell.column as f64, *self);
        (0..n * n).map(move |k| {
            let rlat = grid.south + (row + part(k / n)) * grid.resolution;
            let rlon = grid.west + (column + part(k % n)) * grid.resolution;
            grid.pole.geographic((rlat, rlon))
        })
    }

    /// Area of a cell of a row, m².
    #[must_use]
    pub fn area(&self, row: usize) -> f64 {
        let edge = |offset: f64| (self.rlat(row) + offset * self.resolution).to_radians().sin();
        Self::EARTH_RADIUS * Self::EARTH_RADIUS * self.resolution.to_radians() * (edge(0.5) - edge(-0.5))
    }

    /// Cuts a window of the grid into tiles of `size` × `size` cells, smaller at its edges.
    #[must_use]
    pub fn tiles(window: &Window, size: usize) -> Vec<Window> {
        let cut = |range: &Range<usize>| -> Vec<Range<usize>> {
            range.clone().step_by(size.max(1)).map(|at| at..(at + size).min(range.end)).collect()
        };
        let columns = cut(&window.columns);
        cut(&window.rows)
            .into_iter()
            .flat_map(|rows| columns.iter().map(move |c| Window { rows: rows.clone(), columns: c.clone() }))
            .collect()
    }

    /// All of the grid.
    #[must_use]
    pub fn whole(&self) -> Window {
        Window { rows: 0..self.rows, columns: 0..self.columns }
    }
}

/// A rectangle of cells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Its rows.
    pub rows: Range<usize>,
    /// Its columns.
    pub columns: Range<usize>,
}

impl Window {
    /// Its cells, row by row.
    pub fn cells(&self) -> impl Iterator<Item = Cell> {
        let columns = self.columns.clone();
        self.rows.clone().flat_map(move |row| columns.clone().map(move |column| Cell { row, column }))
    }

    /// Number of cells.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len() * self.columns.len()
    }

    /// Whether it has no cells.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Place of a cell in [`Self::cells`].
    #[must_use]
    pub fn position(&self, cell: Cell) -> Option<usize> {
        let inside = self.rows.contains(&cell.row) && self.columns.contains(&cell.column);
        inside.then(|| (cell.row - self.rows.start) * self.columns.len() + cell.column - self.columns.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corners_of_eur_11_are_where_its_files_have_them() {
        // Smallest and largest latitude and longitude of EUR-11's cell centres (CORDEX archive design, table 2).
        let grid = RotatedGrid::cordex_europe(0.11);
        assert_eq!((grid.rows, grid.columns), (412, 424));
        assert!((grid.rlat(0) + 23.375).abs() < 1e-9 && (grid.rlon(0) + 28.375).abs() < 1e-9);
        let all: Vec<(f64, f64)> = grid.whole().cells().map(|cell| grid.centre(cell)).collect();
        let range = |of: fn(&(f64, f64)) -> f64| {
            all.iter().map(of).fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)))
        };
        let ((south, north), (west, east)) = (range(|p| p.0), range(|p| p.1));
        for (found, known) in [(south, 21.988), (north, 72.585), (west, -44.594), (east, 64.964)] {
            assert!((found - known).abs() < 1e-3, "{found} {known}");
        }
    }

    #[test]
    fn coarser_grids_nest_and_areas_add_up() {
        let (coarse, fine) = (RotatedGrid::cordex_europe(0.44), RotatedGrid::cordex_europe(0.11));
        assert_eq!((coarse.rows * 4, coarse.columns * 4), (fine.rows, fine.columns));
        let four: f64 = (40..44).map(|row| 4.0 * fine.area(row)).sum();
        assert!((four / coarse.area(10) - 1.0).abs() < 1e-12);
        assert_eq!(coarse.points(Cell { row: 3, column: 5 }, 8).count(), 64);
    }

    #[test]
    fn tiles_cover_every_cell_once() {
        let grid = RotatedGrid::cordex_europe(0.44);
        let tiles = RotatedGrid::tiles(&grid.whole(), 16);
        let mut seen = vec![0; grid.rows * grid.columns];
        for cell in tiles.iter().flat_map(Window::cells) {
            seen[grid.number(cell)] += 1;
        }
        assert!(seen.iter().all(|&n| n == 1));
        let tile = &tiles[9];
        assert!(tile.cells().enumerate().all(|(i, cell)| tile.position(cell) == Some(i)));
        assert_eq!(tile.position(Cell { row: 0, column: 0 }), None);
    }
}
