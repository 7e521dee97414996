//! Multi-head attention within windows (Liu et al. 2021, doi:10.1109/ICCV48922.2021.00986), with queries, keys and values
//! packed in one tensor, a learnt bias by pair of tokens, and a mask.
//!
//! Probabilities are not kept: the backward pass computes them again, so memory doesn't grow with the square of a
//! window's tokens.

mod kernel;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use candle_core::backend::BackendStorage;
use candle_core::{
    CpuStorage, CustomOp2, D, DType, Layout, Result as CandleResult, Shape, Tensor, WithDType,
};

use crate::error::{NnError, check_shape};
use crate::float::{Float, by_dtype, has_kernel, numbers, with_numbers};
use kernel::{Extent, Scores};

const NAME: &str = "window attention";

/// Below any score that is finite.
const LOWEST: f64 = -1.0e30;

/// How windows attend.
#[derive(Clone, Debug)]
pub struct WindowAttention {
    /// Heads; they divide the channels.
    pub heads: usize,
    /// Which of the biases each window of a sample has. None: the first one for all.
    pub bias_of_window: Option<Arc<[u32]>>,
    /// What is added to the scores, beside the bias.
    pub mask: Option<Mask>,
    /// Which tokens are there, (windows, tokens), `u8`: the others are no keys. A query that finds none gets zero.
    pub present: Option<Tensor>,
}

/// A number added to the score of each pair of tokens, by kind of window: zero, or −∞ for pairs that must not see each
/// other.
#[derive(Clone, Debug)]
pub struct Mask {
    /// (kinds, tokens, tokens).
    pub values: Tensor,
    /// The kind of each window of a sample.
    pub of_window: Arc<[u32]>,
}

/// `softmax(q kᵀ / √(dim / heads) + bias + mask) v`, window by window and head by head: (windows, tokens, dim).
///
/// `qkv` is (windows, tokens, 3 · dim): queries of all heads, then keys, then values. `bias` is (kinds, heads, tokens,
/// tokens). The windows of one sample follow each other. Gradients for `qkv` and `bias`.
///
/// # Errors
/// `Shape` or `Setting` where something doesn't fit; those of candle.
pub fn window_attention(qkv: &Tensor, bias: &Tensor, attention: &WindowAttention) -> Result<Tensor, NnError> {
    let attention = attention.checked(qkv, bias)?;
    if has_kernel(qkv) {
        return Ok(qkv.contiguous()?.apply_op2(&bias.contiguous()?, Op { attention })?);
    }
    composed(qkv, bias, &attention)
}

impl WindowAttention {
    /// So many heads, one bias, no mask, all tokens there.
    #[must_use]
    pub fn new(heads: usize) -> Self {
        Self { heads, bias_of_window: None, mask: None, present: None }
    }

    /// Refuses what doesn't fit the tensors; the mask in their type.
    fn checked(&self, qkv: &Tensor, bias: &Tensor) -> Result<Self, NnError> {
        let shape = [("windows", None), ("tokens", None), ("3 dim", None)];
        let [windows, tokens, packed] = check_shape("qkv of window attention", qkv, shape)?;
        if self.heads == 0 || !packed.is_multiple_of(3 * self.heads) || packed == 0 {
            let value = format!("{} heads for {packed} packed channels", self.heads);
            return Err(setting("window attention", value, "give heads that divide a third of the channels"));
        }
        let pairs = [
            ("kinds", None),
            ("heads", Some(self.heads)),
            ("tokens", Some(tokens)),
            ("tokens", Some(tokens)),
        ];
        let [kinds, ..] = check_shape("bias of window attention", bias, pairs)?;
        check_kinds("bias", self.bias_of_window.as_deref(), kinds, windows)?;
        let mut checked = self.clone();
        if let Some(mask) = &mut checked.mask {
            let pairs = [("kinds", None), ("tokens", Some(tokens)), ("tokens", Some(tokens))];
            let [kinds, ..] = check_shape("mask of window attention", &mask.values, pairs)?;
            check_kinds("mask", Some(&mask.of_window), kinds, windows)?;
            mask.values = mask.values.to_dtype(qkv.dtype())?;
        }
        if let Some(present) = &mut checked.present {
            let shape = [("windows", Some(windows)), ("tokens", Some(tokens))];
            check_shape("present tokens of window attention", present, shape)?;
            *present = present.to_dtype(DType::U8)?;
        }
        Ok(checked)
    }
}

fn setting(what: &'static str, value: String, wanted: &'static str) -> NnError {
    NnError::Setting { what, value, wanted }
}

/// A table of kinds has to name kinds that exist, for a number of windows that divides all of them.
fn check_kinds(
    what: &'static str,
    of_window: Option<&[u32]>,
    kinds: usize,
    windows: usize,
) -> Result<(), NnError> {
    let Some(of_window) = of_window else {
        return if kinds > 0 { Ok(()) } else { Err(setting(what, "no kinds".into(), "give one at least")) };
    };
    if of_window.is_empty() || !windows.is_multiple_of(of_window.len()) {
        let value = format!("given for {} windows, with {windows} windows in all", of_window.len());
        return Err(setting(what, value, "give a kind for each window of a sample"));
    }
    match of_window.iter().find(|kind| **kind as usize >= kinds) {
        Some(kind) => Err(setting(what, format!("of kind {kind}"), "give kinds below the number of kinds")),
        None => Ok(()),
    }
}

/// The same by candle's operations.
fn composed(qkv: &Tensor, bias: &Tensor, attention: &WindowAttention) -> Result<Tensor, NnError> {
    let (windows, tokens, packed) = qkv.dims3()?;
    let (heads, dim) = (attention.heads, packed / 3);
    let split = qkv.reshape((windows, tokens, 3, heads, dim / heads))?.permute((2, 0, 3, 1, 4))?;
    let part = |k: usize| split.get(k)?.contiguous();
    let (q, k, v) = (part(0)?, part(1)?, part(2)?);
    let scores = (q.matmul(&k.t()?)? / ((dim / heads) as f64).sqrt())?;
    let mut scores = match &attention.bias_of_window {
        None => scores.broadcast_add(&bias.narrow(0, 0, 1)?)?,
        Some(of_window) => (scores + by_window(bias, of_window, windows)?)?,
    };
    if let Some(mask) = &attention.mask {
        scores = scores.broadcast_add(&by_window(&mask.values, &mask.of_window, windows)?.unsqueeze(1)?)?;
    }
    if let Some(present) = &attention.present {
        // ln 1 and ln 0: nothing, and −∞.
        let penalty = present.to_dtype(qkv.dtype())?.log()?.reshape((windows, 1, 1, tokens))?;
        scores = scores.broadcast_add(&penalty)?;
    }
    let top = scores.detach().max_keepdim(D::Minus1)?.maximum(LOWEST)?;
    let powers = scores.broadcast_sub(&top)?.exp()?;
    let total = powers.sum_keepdim(D::Minus1)?;
    // A query without keys has a total of zero, and gets zero.
    let total = (&total + total.eq(0.0)?.to_dtype(qkv.dtype())?)?;
    let shares = powers.broadcast_div(&total)?;
    Ok(shares.matmul(&v)?.transpose(1, 2)?.reshape((windows, tokens, dim))?)
}

/// Picks from the first axis of `table` for every window of every sample.
fn by_window(table: &Tensor, of_window: &[u32], windows: usize) -> CandleResult<Tensor> {
    let all: Vec<u32> = of_window.iter().copied().cycle().take(windows).collect();
    table.index_select(&Tensor::new(all, table.device())?, 0)
}

struct Op {
    attention: WindowAttention,
}

impl Op {
    /// What is added to scores, as numbers of a kernel.
    fn scores<'a, T: Float>(&self, bias: &'a [T]) -> CandleResult<Scores<'a, T>> {
        let attention = &self.attention;
        let mask = attention.mask.as_ref();
        let mask_values = mask.map(|m| m.values.flatten_all()?.to_vec1::<T>()).transpose()?;
        let present = attention.present.as_ref().map(|p| p.flatten_all()?.to_vec1::<u8>()).transpose()?;
        Ok(Scores {
            bias,
            bias_of_window: attention.bias_of_window.clone(),
            mask: mask_values.zip(mask.map(|m| m.of_window.clone())),
            present,
        })
    }

    fn extent(&self, qkv: &[usize], bias: &[usize]) -> Extent {
        let heads = self.attention.heads;
        Extent { windows: qkv[0], tokens: qkv[1], dim: qkv[2] / 3, heads, kinds: bias[0] }
    }
}

impl CustomOp2 for Op {
    fn name(&self) -> &'static str {
        NAME
    }

    fn cpu_fwd(
        &self,
        qkv: &CpuStorage,
        qkv_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> CandleResult<(CpuStorage, Shape)> {
        by_dtype!(NAME, qkv.dtype(), T => {
            let extent = self.extent(qkv_layout.dims(), bias_layout.dims());
            let scores = self.scores(numbers::<T>(NAME, bias, bias_layout)?)?;
            let out = kernel::forward(extent, numbers::<T>(NAME, qkv, qkv_layout)?, &scores);
            Ok((T::to_cpu_storage_owned(out), Shape::from((extent.windows, extent.tokens, extent.dim))))
        })
    }

    fn bwd(
        &self,
        qkv: &Tensor,
        bias: &Tensor,
        _out: &Tensor,
        grad: &Tensor,
    ) -> CandleResult<(Option<Tensor>, Option<Tensor>)> {
        let extent = self.extent(qkv.dims(), bias.dims());
        let read = [qkv, bias, grad];
        let (dqkv, dbias) = by_dtype!(NAME, qkv.dtype(), T => with_numbers::<T, _, _>(NAME, read, |[qkv_, b, grad]| {
            let (dqkv, dbias) = kernel::backward(extent, qkv_, &self.scores(b)?, grad);
            let dqkv = Tensor::from_vec(dqkv, qkv.shape(), qkv.device())?;
            Ok((dqkv, Tensor::from_vec(dbias, bias.shape(), qkv.device())?))
        }))?;
        Ok((Some(dqkv), Some(dbias)))
    }
}
