//! One step down and up a U: four neighbouring tokens of a plane become one with twice the channels, and the way back.

use candle_core::Tensor;

use super::{Linear, Norm};
use crate::error::NnError;
use crate::ops::Pick;
use crate::parameters::Scope;
use crate::windows::Grid;

/// Tokens side by side that become one.
const MERGED: usize = 4;

/// The grid of half the rows and columns.
fn coarse(grid: Grid) -> Grid {
    Grid { depth: grid.depth, rows: grid.rows.div_ceil(2), columns: grid.columns.div_ceil(2) }
}

/// Four tokens of a plane after each other; zeros where the grid ends.
fn neighbours(grid: Grid) -> Result<Pick, NnError> {
    let half = coarse(grid);
    let token = |k: usize| {
        let (merged, part) = (k / MERGED, k % MERGED);
        let depth = merged / (half.rows * half.columns);
        let row = merged / half.columns % half.rows * 2 + part / 2;
        let column = merged % half.columns * 2 + part % 2;
        let there = row < grid.rows && column < grid.columns;
        if there { ((depth * grid.rows + row) * grid.columns + column) as u32 } else { Pick::NONE }
    };
    Pick::new((0..half.tokens() * MERGED).map(token).collect(), grid.tokens())
}

/// Halves rows and columns, doubles channels.
#[derive(Clone, Debug)]
pub struct Merge {
    pick: Pick,
    grid: Grid,
    norm: Norm,
    map: Linear,
}

impl Merge {
    /// From a grid with `dim` channels.
    ///
    /// # Errors
    /// As [`Scope::normal`].
    pub fn new(mut scope: Scope<'_>, grid: Grid, dim: usize) -> Result<Self, NnError> {
        let norm = Norm::new(scope.child("norm"), MERGED * dim)?;
        let map = Linear::new(scope.child("map"), MERGED * dim, 2 * dim)?;
        Ok(Self { pick: neighbours(grid)?, grid: coarse(grid), norm, map })
    }

    /// The grid of the result.
    #[must_use]
    pub fn grid(&self) -> Grid {
        self.grid
    }

    /// (batch, tokens, dim) to (batch, merged tokens, 2 · dim).
    ///
    /// # Errors
    /// `Shape` where the tokens aren't those of the grid.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor, NnError> {
        let (batch, _, dim) = x.dims3()?;
        let four = self.pick.apply(x)?.reshape((batch, self.grid.tokens(), MERGED * dim))?;
        self.map.forward(&self.norm.forward(&four)?)
    }

    /// Which merged tokens are there, (batch, merged tokens), `u8`: those of which any part is.
    ///
    /// # Errors
    /// `Shape` where the flags aren't those of the grid.
    pub fn present(&self, present: &Tensor) -> Result<Tensor, NnError> {
        let four = self.pick.flags(present)?.reshape(((), self.grid.tokens(), MERGED))?;
        Ok(four.max(2)?)
    }
}

/// Doubles rows and columns, halves channels.
#[derive(Clone, Debug)]
pub struct Split {
    pick: Pick,
    map: Linear,
    norm: Norm,
}

impl Split {
    /// To the grid with `dim` channels that a [`Merge`] began from.
    ///
    /// # Errors
    /// As [`Scope::normal`].
    pub fn new(mut scope: Scope<'_>, grid: Grid, dim: usize) -> Result<Self, NnError> {
        let map = Linear::new(scope.child("map"), 2 * dim, MERGED * dim)?;
        Ok(Self { pick: neighbours(grid)?.inverse(), map, norm: Norm::new(scope.child("norm"), dim)? })
    }

    /// (batch, merged tokens, 2 · dim) to (batch, tokens, dim).
    ///
    /// # Errors
    /// `Shape` where the tokens aren't those of the merged grid.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor, NnError> {
        let (batch, tokens, channels) = x.dims3()?;
        let four = self.map.forward(x)?.reshape((batch, tokens * MERGED, channels / 2))?;
        self.norm.forward(&self.pick.apply(&four)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Parameters;
    use crate::check::{random, values};
    use candle_core::{DType, Device};

    const GRID: Grid = Grid { depth: 2, rows: 3, columns: 4 };

    #[test]
    fn a_merged_token_holds_two_by_two_neighbours() {
        let tokens = Tensor::arange(1.0_f32, 25.0, &Device::Cpu).unwrap().reshape((1, 24, 1)).unwrap();
        let four = neighbours(GRID).unwrap().apply(&tokens).unwrap();
        // The second plane's last token: its lower half is beyond the grid.
        assert_eq!(values(&four.narrow(1, 0, 4).unwrap()), [1.0, 2.0, 5.0, 6.0]);
        assert_eq!(values(&four.narrow(1, 28, 4).unwrap()), [23.0, 24.0, 0.0, 0.0]);
    }

    #[test]
    fn merging_and_splitting_lead_back_to_the_grid() {
        let mut parameters = Parameters::new(1, DType::F32, &Device::Cpu);
        let mut root = parameters.root();
        let merge = Merge::new(root.child("merge"), GRID, 6).unwrap();
        let split = Split::new(root.child("split"), GRID, 6).unwrap();
        let merged = merge.forward(&random(1, (2, 24, 6), DType::F32)).unwrap();
        assert_eq!(merged.dims(), [2, 8, 12]);
        assert_eq!(merge.grid(), Grid { depth: 2, rows: 2, columns: 2 });
        assert_eq!(split.forward(&merged).unwrap().dims(), [2, 24, 6]);
    }

    #[test]
    fn a_merged_token_is_there_where_a_part_of_it_is() {
        let mut parameters = Parameters::new(1, DType::F32, &Device::Cpu);
        let merge = Merge::new(parameters.root(), GRID, 6).unwrap();
        let mut flags = vec![0_u8; 24];
        flags[5] = 1;
        let flags = Tensor::from_vec(flags, (1, 24), &Device::Cpu).unwrap();
        let merged = merge.present(&flags).unwrap().to_vec2::<u8>().unwrap();
        assert_eq!(merged, [[1, 0, 0, 0, 0, 0, 0, 0]]);
    }
}
