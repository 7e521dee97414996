//! Fields to tokens and back. Patches don't overlap, so a convolution over them is a reshape and an affine map.

use candle_core::Tensor;

use super::Linear;
use crate::error::{NnError, check_shape};
use crate::parameters::Scope;
use crate::windows::Grid;

/// How a column of soil under a surface is cut into patches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patches {
    /// Layers of soil in a patch.
    pub layers: usize,
    /// Rows in a patch.
    pub rows: usize,
    /// Columns in a patch.
    pub columns: usize,
}

impl Patches {
    /// (batch, variables, layers, rows, columns) to (batch, tokens, variables · patch), and the grid of tokens.
    fn cut(self, x: &Tensor) -> Result<(Tensor, Grid), NnError> {
        let axes =
            [("batch", None), ("variables", None), ("layers", None), ("rows", None), ("columns", None)];
        let [batch, variables, layers, rows, columns] = check_shape("field to cut into patches", x, axes)?;
        let grid = self.grid(layers, rows, columns)?;
        let (depth, down, along) = (grid.depth, grid.rows, grid.columns);
        let split = vec![batch, variables, depth, self.layers, down, self.rows, along, self.columns];
        let patches = x.reshape(split)?.permute(vec![0, 2, 4, 6, 1, 3, 5, 7])?;
        Ok((patches.reshape((batch, grid.tokens(), variables * self.size()))?, grid))
    }

    /// The way back from [`Self::cut`].
    fn join(self, tokens: &Tensor, variables: usize, grid: Grid) -> Result<Tensor, NnError> {
        let batch = tokens.dim(0)?;
        let (depth, down, along) = (grid.depth, grid.rows, grid.columns);
        let split = vec![batch, depth, down, along, variables, self.layers, self.rows, self.columns];
        let field = tokens.reshape(split)?.permute(vec![0, 4, 1, 5, 2, 6, 3, 7])?;
        let lengths = (depth * self.layers, down * self.rows, along * self.columns);
        Ok(field.reshape((batch, variables, lengths.0, lengths.1, lengths.2))?)
    }

    /// Numbers of one variable in a patch.
    fn size(self) -> usize {
        self.layers * self.rows * self.columns
    }

    /// The grid of tokens of a field.
    ///
    /// # Errors
    /// `Setting` where patches don't divide the field.
    pub fn grid(self, layers: usize, rows: usize, columns: usize) -> Result<Grid, NnError> {
        let pairs = [(layers, self.layers), (rows, self.rows), (columns, self.columns)];
        if pairs.iter().any(|(field, patch)| *patch == 0 || *field == 0 || !field.is_multiple_of(*patch)) {
            let value = format!("{self:?} over {layers} layers, {rows} rows and {columns} columns");
            let wanted = "give patches that divide the field, or fill the field up";
            return Err(NnError::Setting { what: "patches", value, wanted });
        }
        Ok(Grid { depth: layers / self.layers, rows: rows / self.rows, columns: columns / self.columns })
    }

    /// A patch of the surface: one plane.
    fn surface(self) -> Self {
        Self { layers: 1, ..self }
    }
}

/// Variables of the surface and of soil layers, as tokens: the surface is the first plane.
#[derive(Clone, Debug)]
pub struct PatchEmbedding {
    patches: Patches,
    surface: Linear,
    soil: Linear,
}

impl PatchEmbedding {
    /// For so many variables at the surface and in the soil.
    ///
    /// # Errors
    /// As [`Scope::normal`].
    pub fn new(
        mut scope: Scope<'_>,
        patches: Patches,
        [surface, soil]: [usize; 2],
        dim: usize,
    ) -> Result<Self, NnError> {
        let inputs = surface * patches.surface().size();
        let surface = Linear::new(scope.child("surface"), inputs, dim)?;
        let soil = Linear::new(scope.child("soil"), soil * patches.size(), dim)?;
        Ok(Self { patches, surface, soil })
    }

    /// `surface` (batch, variables, rows, columns) and `soil` (batch, variables, layers, rows, columns) to tokens
    /// (batch, tokens, dim), and their grid.
    ///
    /// # Errors
    /// `Shape` or `Setting` where patches don't fit the fields or the fields each other.
    pub fn forward(&self, surface: &Tensor, soil: &Tensor) -> Result<(Tensor, Grid), NnError> {
        let (top, plane) = self.patches.surface().cut(&surface.unsqueeze(2)?)?;
        let (below, grid) = self.patches.cut(soil)?;
        if (plane.rows, plane.columns) != (grid.rows, grid.columns) {
            let expected = format!("{} rows and {} columns of patches", grid.rows, grid.columns);
            return Err(NnError::Shape {
                what: "surface above the soil",
                expected,
                got: surface.dims().to_vec(),
            });
        }
        let tokens = Tensor::cat(&[self.surface.forward(&top)?, self.soil.forward(&below)?], 1)?;
        Ok((tokens, Grid { depth: grid.depth + 1, ..grid }))
    }
}

/// Tokens to variables of the surface and of soil layers: the way back from [`PatchEmbedding`].
#[derive(Clone, Debug)]
pub struct PatchRecovery {
    patches: Patches,
    variables: [usize; 2],
    surface: Linear,
    soil: Linear,
}

impl PatchRecovery {
    /// For so many variables at the surface and in the soil.
    ///
    /// # Errors
    /// As [`Scope::normal`].
    pub fn new(
        mut scope: Scope<'_>,
        patches: Patches,
        variables: [usize; 2],
        dim: usize,
    ) -> Result<Self, NnError> {
        let surface = Linear::new(scope.child("surface"), dim, variables[0] * patches.surface().size())?;
        let soil = Linear::new(scope.child("soil"), dim, variables[1] * patches.size())?;
        Ok(Self { patches, variables, surface, soil })
    }

    /// Tokens (batch, tokens, dim) of a grid to `surface` (batch, variables, rows, columns) and `soil` (batch,
    /// variables, layers, rows, columns).
    ///
    /// # Errors
    /// `Shape` where the tokens aren't those of the grid or there are none below the surface.
    pub fn forward(&self, tokens: &Tensor, grid: Grid) -> Result<(Tensor, Tensor), NnError> {
        let axes = [("batch", None), ("tokens of a surface and soil", Some(grid.tokens())), ("dim", None)];
        check_shape("tokens to recover fields from", tokens, axes)?;
        let plane = grid.rows * grid.columns;
        if grid.depth < 2 {
            let expected = "two planes at least, a surface and soil".to_owned();
            return Err(NnError::Shape {
                what: "tokens to recover fields from",
                expected,
                got: vec![grid.depth],
            });
        }
        let top = self.surface.forward(&tokens.narrow(1, 0, plane)?)?;
        let below = self.soil.forward(&tokens.narrow(1, plane, grid.tokens() - plane)?)?;
        let surface = self.patches.surface().join(&top, self.variables[0], Grid { depth: 1, ..grid })?;
        let soil = self.patches.join(&below, self.variables[1], Grid { depth: grid.depth - 1, ..grid })?;
        Ok((surface.squeeze(2)?, soil))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Parameters;
    use crate::check::{random, values};
    use candle_core::{DType, Device};

    const PATCHES: Patches = Patches { layers: 2, rows: 2, columns: 3 };

    #[test]
    fn patches_joined_are_the_field() {
        let x = random(1, (2, 3, 4, 4, 6), DType::F32);
        let (tokens, grid) = PATCHES.cut(&x).unwrap();
        assert_eq!((tokens.dims(), grid), ([2, 8, 36].as_slice(), Grid { depth: 2, rows: 2, columns: 2 }));
        assert_eq!(values(&PATCHES.join(&tokens, 3, grid).unwrap()), values(&x));
    }

    /// The second token of the lower plane's second row: its numbers come from layers 2 and 3, rows 2 and 3, columns 3 to 5.
    #[test]
    fn a_patch_holds_neighbours() {
        let x = random(1, (1, 1, 4, 4, 6), DType::F32);
        let (tokens, _) = PATCHES.cut(&x).unwrap();
        let part = x.narrow(2, 2, 2).unwrap().narrow(3, 2, 2).unwrap().narrow(4, 3, 3).unwrap();
        assert_eq!(values(&tokens.narrow(1, 7, 1).unwrap()), values(&part));
    }

    #[test]
    fn fields_become_tokens_and_tokens_fields_of_the_same_lengths() {
        let mut parameters = Parameters::new(1, DType::F32, &Device::Cpu);
        let mut root = parameters.root();
        let embedding = PatchEmbedding::new(root.child("in"), PATCHES, [5, 3], 8).unwrap();
        let recovery = PatchRecovery::new(root.child("out"), PATCHES, [2, 4], 8).unwrap();
        let (surface, soil) = (random(1, (2, 5, 4, 6), DType::F32), random(2, (2, 3, 4, 4, 6), DType::F32));
        let (tokens, grid) = embedding.forward(&surface, &soil).unwrap();
        assert_eq!((tokens.dims(), grid.depth), ([2, 12, 8].as_slice(), 3));
        let (surface, soil) = recovery.forward(&tokens, grid).unwrap();
        assert_eq!((surface.dims(), soil.dims()), ([2, 2, 4, 6].as_slice(), [2, 4, 4, 4, 6].as_slice()));
    }

    #[test]
    fn fields_that_patches_do_not_divide_are_refused() {
        assert!(PATCHES.grid(4, 5, 6).unwrap_err().to_string().contains("divide the field"));
    }
}
