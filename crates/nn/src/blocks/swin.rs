//! The shifted-window transformer block (Liu et al. 2021, doi:10.1109/ICCV48922.2021.00986) over a grid with depth.

use std::sync::Arc;

use candle_core::Tensor;

use super::{BiasKind, DropPath, Film, Linear, Mlp, Norm, Pass, PositionBias};
use crate::error::{NnError, check_shape};
use crate::ops::{WindowAttention, window_attention};
use crate::parameters::Scope;
use crate::windows::Windows;

/// Sizes of a block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SwinOptions {
    /// Channels.
    pub dim: usize,
    /// Heads; they divide the channels.
    pub heads: usize,
    /// Channels between the two maps of the MLP.
    pub hidden: usize,
    /// What the bias of attention depends on.
    pub bias: BiasKind,
    /// Width of the vector that conditions the block; 0 without one.
    pub condition: usize,
    /// Probability that a sample skips a branch in training.
    pub drop_path: f64,
}

/// Attention within windows, then an MLP, each on the normalised input and added to it.
#[derive(Clone, Debug)]
pub struct SwinBlock {
    windows: Arc<Windows>,
    attention: Attention,
    mlp: Mlp,
    norms: [Norm; 2],
    films: Option<[Film; 2]>,
    drop_paths: [DropPath; 2],
}

#[derive(Clone, Debug)]
struct Attention {
    heads: usize,
    qkv: Linear,
    bias: PositionBias,
    out: Linear,
}

impl SwinBlock {
    /// A block with a number of its own over the windows of a grid.
    ///
    /// # Errors
    /// `Setting` where the heads don't divide the channels or the rate of dropped paths isn't in [0, 1); as
    /// [`Scope::normal`].
    pub fn new(
        mut scope: Scope<'_>,
        windows: &Arc<Windows>,
        options: SwinOptions,
        number: u32,
    ) -> Result<Self, NnError> {
        let SwinOptions { dim, heads, hidden, bias, condition, drop_path } = options;
        if heads == 0 || dim == 0 || !dim.is_multiple_of(heads) {
            let value = format!("{heads} heads for {dim} channels");
            return Err(NnError::Setting {
                what: "a block",
                value,
                wanted: "give heads that divide the channels",
            });
        }
        let attention = Attention {
            heads,
            qkv: Linear::new(scope.child("qkv"), dim, 3 * dim)?,
            bias: PositionBias::new(scope.child("position"), windows, bias, heads)?,
            out: Linear::new(scope.child("out"), dim, dim)?,
        };
        let mlp = Mlp::new(scope.child("mlp"), dim, hidden)?;
        let norms = [Norm::new(scope.child("norm1"), dim)?, Norm::new(scope.child("norm2"), dim)?];
        let mut film = |name| Film::new(scope.child(name), condition, dim);
        let films = if condition == 0 { None } else { Some([film("film1")?, film("film2")?]) };
        let drop_paths = [DropPath::new(drop_path, 2 * number)?, DropPath::new(drop_path, 2 * number + 1)?];
        Ok(Self { windows: windows.clone(), attention, mlp, norms, films, drop_paths })
    }

    /// `x` (batch, tokens, dim), tokens in the order of the grid, to the same shape.
    ///
    /// # Errors
    /// `Shape` where `x`, the condition or the flags of present tokens don't fit; `Setting` where a condition is
    /// missing.
    pub fn forward(&self, x: &Tensor, pass: Pass<'_>) -> Result<Tensor, NnError> {
        let axes =
            [("batch", None), ("tokens of the grid", Some(self.windows.grid().tokens())), ("dim", None)];
        check_shape("input of a block", x, axes)?;
        let attended = self.attention.forward(&self.prepared(0, x, pass)?, &self.windows, pass)?;
        let x = self.drop_paths[0].sum(x, &attended, pass.mode)?;
        let branch = self.mlp.forward(&self.prepared(1, &x, pass)?)?;
        self.drop_paths[1].sum(&x, &branch, pass.mode)
    }

    /// The input of a branch: normalised, and modulated by the condition.
    fn prepared(&self, branch: usize, x: &Tensor, pass: Pass<'_>) -> Result<Tensor, NnError> {
        let normalised = self.norms[branch].forward(x)?;
        match (&self.films, pass.condition) {
            (None, _) => Ok(normalised),
            (Some(films), Some(condition)) => films[branch].forward(&normalised, condition),
            (Some(_), None) => Err(NnError::Setting {
                what: "condition of a block",
                value: "missing".into(),
                wanted: "give the vector that the block was made for",
            }),
        }
    }
}

impl Attention {
    fn forward(&self, x: &Tensor, windows: &Windows, pass: Pass<'_>) -> Result<Tensor, NnError> {
        let (batch, _, dim) = x.dims3()?;
        let parts = windows.partition().apply(x)?.reshape(((), windows.tokens(), dim))?;
        let attention = WindowAttention {
            heads: self.heads,
            bias_of_window: self.bias.of_window(),
            mask: windows.mask().cloned(),
            present: windows.present(pass.present, batch, x.device())?,
        };
        let attended = window_attention(&self.qkv.forward(&parts)?, &self.bias.forward()?, &attention)?;
        let rows = self.out.forward(&attended)?.reshape((batch, (), dim))?;
        windows.partition().inverse().apply(&rows)
    }
}

#[cfg(test)]
mod tests;
