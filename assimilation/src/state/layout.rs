//! Which row of a column's state is what.

use std::ops::Range;

use ndarray::{ArrayViewMut2, ArrayViewMut3, Axis};
use rayon::prelude::*;

use super::map::{Map, Row};
use super::rank::Quantiles;
use crate::linear_algebra::require_finite;
use crate::localisation::Slice;
use crate::{AssimilationError, BlockProblem};

/// One variable of a column: `layers` × `tiles` values.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// The variable.
    pub name: String,
    /// Unit of its physical values.
    pub unit: String,
    /// Layers it has, 1 for what is not layered.
    pub layers: usize,
    /// Tiles it has, 1 for what they share.
    pub tiles: usize,
    /// How its values become those an analysis updates.
    pub map: Map,
}

/// Rows of one column's state: block by block, then layer, then tile.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    blocks: Vec<Block>,
    /// First row of every block, and the number of rows.
    starts: Vec<usize>,
}

/// What leads an ensemble back to physical values. It belongs to the ensemble it was made from.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapped {
    members: usize,
    rows: Vec<Row>,
}

impl Layout {
    /// A layout of blocks, in their order.
    ///
    /// # Errors
    /// `Block` where a name is there twice, a block is empty or its map has impossible bounds; `Shape` without blocks.
    pub fn new(blocks: Vec<Block>) -> Result<Self, AssimilationError> {
        if blocks.is_empty() {
            return Err(AssimilationError::Shape { what: "blocks of a state layout", expected: 1, got: 0 });
        }
        let mut starts = vec![0];
        for (k, block) in blocks.iter().enumerate() {
            let twice = blocks[..k].iter().any(|other| other.name == block.name);
            let problem = |problem| AssimilationError::Block { name: block.name.clone(), problem };
            if twice {
                return Err(problem(BlockProblem::Twice));
            }
            if block.rows() == 0 {
                return Err(problem(BlockProblem::Empty { layers: block.layers, tiles: block.tiles }));
            }
            block.map.check().map_err(problem)?;
            starts.push(starts[k] + block.rows());
        }
        Ok(Self { blocks, starts })
    }

    /// Number of rows of a column.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.starts[self.blocks.len()]
    }

    /// The blocks, each with its rows.
    pub fn blocks(&self) -> impl Iterator<Item = (&Block, Range<usize>)> {
        self.blocks.iter().zip(self.starts.windows(2).map(|pair| pair[0]..pair[1]))
    }

    /// A block and its rows, by name.
    #[must_use]
    pub fn block(&self, name: &str) -> Option<(&Block, Range<usize>)> {
        self.blocks().find(|(block, _)| block.name == name)
    }

    /// The row of a variable in a layer and tile, from 0.
    #[must_use]
    pub fn row(&self, name: &str, layer: usize, tile: usize) -> Option<usize> {
        let (block, rows) = self.block(name)?;
        (layer < block.layers && tile < block.tiles).then(|| rows.start + layer * block.tiles + tile)
    }

    /// Rows that share a transform, for [`crate::letkf::Columns::sliced`]: `slice` tells how a block's layer and tile are
    /// localised, and rows next to each other that are localised alike go together.
    pub fn slices(&self, slice: impl Fn(&Block, usize, usize) -> Slice) -> Vec<(Range<usize>, Slice)> {
        let mut slices: Vec<(Range<usize>, Slice)> = Vec::new();
        for (block, rows) in self.blocks() {
            for (k, row) in rows.enumerate() {
                let own = slice(block, k / block.tiles, k % block.tiles);
                match slices.last_mut() {
                    Some((range, last)) if *last == own => range.end = row + 1,
                    _ => slices.push((row..row + 1, own)),
                }
            }
        }
        slices
    }

    /// Physical values (members × rows) to those an analysis updates, in place; what comes back belongs to this ensemble.
    /// Values out of bounds count as the bound.
    ///
    /// # Errors
    /// `Shape` for another number of rows, `NotFinite` for a NaN or infinity; the ensemble is then as it was.
    pub fn forward(&self, mut e: ArrayViewMut2<'_, f64>) -> Result<Mapped, AssimilationError> {
        self.require(e.ncols(), e.nrows(), e.nrows())?;
        require_finite(e.view(), "the ensemble of physical values")?;
        let quantiles = Quantiles::of(e.nrows());
        let mut rows = Vec::with_capacity(self.rows());
        for (block, range) in self.blocks() {
            rows.extend(range.map(|k| block.map.forward(e.column_mut(k), &quantiles)));
        }
        Ok(Mapped { members: e.nrows(), rows })
    }

    /// Updated values (members × rows) back to physical ones, in place.
    ///
    /// # Errors
    /// `Shape` where the ensemble is not that of `mapped`, `NotFinite` for a NaN or infinity; the ensemble is then as it
    /// was.
    pub fn back(&self, mapped: &Mapped, mut e: ArrayViewMut2<'_, f64>) -> Result<(), AssimilationError> {
        self.require(e.ncols(), e.nrows(), mapped.members)?;
        require_finite(e.view(), "the updated ensemble")?;
        for (block, range) in self.blocks() {
            for k in range {
                block.map.back(&mapped.rows[k], e.column_mut(k));
            }
        }
        Ok(())
    }

    /// As [`Self::forward`] for many columns (member, row, column), each by itself.
    ///
    /// # Errors
    /// Those of [`Self::forward`], of any column; others are then mapped.
    pub fn forward_columns(&self, mut e: ArrayViewMut3<'_, f64>) -> Result<Vec<Mapped>, AssimilationError> {
        let columns: Vec<_> = e.axis_iter_mut(Axis(2)).collect();
        columns.into_par_iter().map(|column| self.forward(column)).collect()
    }

    /// As [`Self::back`] for many columns (member, row, column).
    ///
    /// # Errors
    /// Those of [`Self::back`], of any column, and `Shape` where there are not as many columns as were mapped; others are
    /// then mapped back.
    pub fn back_columns(
        &self,
        mapped: &[Mapped],
        mut e: ArrayViewMut3<'_, f64>,
    ) -> Result<(), AssimilationError> {
        let columns: Vec<_> = e.axis_iter_mut(Axis(2)).collect();
        if columns.len() != mapped.len() {
            let (expected, got) = (mapped.len(), columns.len());
            return Err(AssimilationError::Shape { what: "mapped columns", expected, got });
        }
        columns.into_par_iter().zip(mapped).try_for_each(|(column, mapped)| self.back(mapped, column))
    }

    fn require(&self, rows: usize, members: usize, expected: usize) -> Result<(), AssimilationError> {
        if rows != self.rows() {
            return Err(AssimilationError::Shape {
                what: "rows of a column",
                expected: self.rows(),
                got: rows,
            });
        }
        if members != expected || members == 0 {
            return Err(AssimilationError::Shape {
                what: "mapped members",
                expected: expected.max(1),
                got: members,
            });
        }
        Ok(())
    }
}

impl Block {
    /// Number of its rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.layers * self.tiles
    }
}
