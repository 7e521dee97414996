//! Attention of one window after the other, forward and backward; threads run over windows.

use std::sync::Arc;

use faer::{Accum, MatMut, MatRef};
use rayon::prelude::*;

use crate::float::{Float, add_to, max, sum, sum_of};

/// The gradient of a bias is summed by task and then over tasks, so this number is part of every result.
const TASKS: usize = 32;

/// Lengths of the axes.
#[derive(Clone, Copy)]
pub(super) struct Extent {
    /// Windows of all samples.
    pub windows: usize,
    /// Tokens of a window.
    pub tokens: usize,
    /// Channels of all heads.
    pub dim: usize,
    /// Heads.
    pub heads: usize,
    /// Kinds of biases.
    pub kinds: usize,
}

impl Extent {
    fn pairs(self) -> usize {
        self.tokens * self.tokens
    }

    fn scale<T: Float>(self) -> T {
        T::from_f64(1.0 / ((self.dim / self.heads) as f64).sqrt())
    }

    /// Part 0, 1, 2 of a window's packed rows for a head: its queries, keys, values.
    fn part<T>(self, window: &[T], part: usize, head: usize) -> MatRef<'_, T> {
        let width = self.dim / self.heads;
        MatRef::from_row_major_slice_with_stride(
            &window[part * self.dim + head * width..],
            self.tokens,
            width,
            3 * self.dim,
        )
    }

    /// As [`Self::part`], to be written.
    fn part_mut<T>(self, window: &mut [T], part: usize, head: usize) -> MatMut<'_, T> {
        let width = self.dim / self.heads;
        strided_mut(&mut window[part * self.dim + head * width..], self.tokens, width, 3 * self.dim)
    }

    /// A head's columns of a window's result.
    fn head<T>(self, window: &[T], head: usize) -> MatRef<'_, T> {
        let width = self.dim / self.heads;
        MatRef::from_row_major_slice_with_stride(&window[head * width..], self.tokens, width, self.dim)
    }

    /// As [`Self::head`], to be written.
    fn head_mut<T>(self, window: &mut [T], head: usize) -> MatMut<'_, T> {
        let width = self.dim / self.heads;
        strided_mut(&mut window[head * width..], self.tokens, width, self.dim)
    }

    fn square<T>(self, numbers: &[T]) -> MatRef<'_, T> {
        MatRef::from_row_major_slice(numbers, self.tokens, self.tokens)
    }

    fn square_mut<T>(self, numbers: &mut [T]) -> MatMut<'_, T> {
        MatMut::from_row_major_slice_mut(numbers, self.tokens, self.tokens)
    }
}

/// Rows that lie `stride` numbers apart. As columns, then transposed: faer 0.24.4 takes the stride of rows for that of
/// columns in the function that is made for it.
fn strided_mut<T>(numbers: &mut [T], rows: usize, columns: usize, stride: usize) -> MatMut<'_, T> {
    MatMut::from_column_major_slice_with_stride_mut(numbers, columns, rows, stride).transpose_mut()
}

/// What is added to scores, and which tokens are there.
pub(super) struct Scores<'a, T> {
    /// (kinds, heads, tokens, tokens).
    pub bias: &'a [T],
    /// By window of a sample.
    pub bias_of_window: Option<Arc<[u32]>>,
    /// (kinds, tokens, tokens), and the kind by window of a sample.
    pub mask: Option<(Vec<T>, Arc<[u32]>)>,
    /// (windows, tokens).
    pub present: Option<Vec<u8>>,
}

impl<T: Float> Scores<'_, T> {
    fn kind(&self, window: usize) -> usize {
        self.bias_of_window.as_ref().map_or(0, |of| of[window % of.len()] as usize)
    }

    /// Shares that each query (row) of a window gives to the keys, (tokens, tokens).
    fn shares(&self, extent: Extent, window: usize, head: usize, qkv: &[T], shares: &mut [T]) {
        let (tokens, pairs) = (extent.tokens, extent.pairs());
        let (queries, keys) = (extent.part(qkv, 0, head), extent.part(qkv, 1, head));
        T::product(extent.square_mut(shares), Accum::Replace, queries, keys.transpose(), extent.scale());
        let bias = &self.bias[(self.kind(window) * extent.heads + head) * pairs..][..pairs];
        let mask = self.mask.as_ref().map(|(values, of)| {
            let kind = of[window % of.len()] as usize;
            &values[kind * pairs..][..pairs]
        });
        let present = self.present.as_ref().map(|p| &p[window * tokens..][..tokens]);
        for (query, row) in shares.chunks_exact_mut(tokens).enumerate() {
            add_to(row, &bias[query * tokens..][..tokens]);
            if let Some(mask) = mask {
                add_to(row, &mask[query * tokens..][..tokens]);
            }
            if let Some(present) = present {
                drop_absent(row, present);
            }
            softmax(row);
        }
    }
}

fn drop_absent<T: Float>(row: &mut [T], present: &[u8]) {
    for (score, present) in row.iter_mut().zip(present) {
        if *present == 0 {
            *score = T::from_f64(f64::NEG_INFINITY);
        }
    }
}

/// In place. Zero everywhere where no score is above −∞.
#[inline]
fn softmax<T: Float>(row: &mut [T]) {
    let nothing = T::from_f64(f64::NEG_INFINITY);
    let top = max(row);
    if top == nothing {
        // A score that is no number stays so.
        row.iter_mut().filter(|s| **s == nothing).for_each(|s| *s = T::zero());
        return;
    }
    for score in &mut *row {
        *score = (*score - top).exp();
    }
    let scale = T::one() / sum(row);
    for score in row {
        *score *= scale;
    }
}

/// (windows, tokens, dim).
pub(super) fn forward<T: Float>(extent: Extent, qkv: &[T], scores: &Scores<'_, T>) -> Vec<T> {
    let size = extent.tokens * extent.dim;
    let mut out = vec![T::zero(); extent.windows * size];
    let windows = out.par_chunks_mut(size).zip(qkv.par_chunks(3 * size)).enumerate();
    windows.for_each_init(
        || vec![T::zero(); extent.pairs()],
        |shares, (window, (out, qkv))| {
            for head in 0..extent.heads {
                scores.shares(extent, window, head, qkv, shares);
                let values = extent.part(qkv, 2, head);
                T::product(
                    extent.head_mut(out, head),
                    Accum::Replace,
                    extent.square(shares),
                    values,
                    T::one(),
                );
            }
        },
    );
    out
}

/// Gradients of `qkv` and of the bias.
pub(super) fn backward<T: Float>(
    extent: Extent,
    qkv: &[T],
    scores: &Scores<'_, T>,
    grad: &[T],
) -> (Vec<T>, Vec<T>) {
    let size = extent.tokens * extent.dim;
    let mut dqkv = vec![T::zero(); qkv.len()];
    let mut free: Vec<Option<&mut [T]>> = dqkv.chunks_mut(3 * size).map(Some).collect();
    let tasks: Vec<Task<'_, T>> = windows_by_task(extent, scores)
        .into_iter()
        .map(|windows| windows.into_iter().filter_map(|w| free[w].take().map(|out| (w, out))).collect())
        .collect();
    let partial: Vec<(usize, Vec<T>)> = tasks
        .into_par_iter()
        .map(|task| {
            let kind = task.first().map_or(0, |(window, _)| scores.kind(*window));
            let mut pass = Backward::new(extent, scores);
            for (window, dqkv) in task {
                pass.window(
                    window,
                    &qkv[window * 3 * size..][..3 * size],
                    &grad[window * size..][..size],
                    dqkv,
                );
            }
            (kind, pass.dbias)
        })
        .collect();
    let mut dbias = vec![T::zero(); scores.bias.len()];
    let size = extent.heads * extent.pairs();
    for (kind, partial) in &partial {
        add_to(&mut dbias[kind * size..][..size], partial);
    }
    (dqkv, dbias)
}

/// Windows of one kind of bias, with the place of each one's gradient.
type Task<'a, T> = Vec<(usize, &'a mut [T])>;

/// Windows of one kind, cut into so many tasks that all kinds together have about [`TASKS`].
fn windows_by_task<T: Float>(extent: Extent, scores: &Scores<'_, T>) -> Vec<Vec<usize>> {
    let mut by_kind = vec![Vec::new(); extent.kinds];
    (0..extent.windows).for_each(|window| by_kind[scores.kind(window)].push(window));
    let tasks = TASKS.div_ceil(extent.kinds);
    let cut = |windows: &Vec<usize>| -> Vec<Vec<usize>> {
        windows.chunks(windows.len().div_ceil(tasks).max(1)).map(<[usize]>::to_vec).collect()
    };
    by_kind.iter().flat_map(cut).collect()
}

/// The backward pass of a task's windows.
struct Backward<'a, T> {
    extent: Extent,
    scores: &'a Scores<'a, T>,
    shares: Vec<T>,
    dscores: Vec<T>,
    /// (heads, tokens, tokens).
    dbias: Vec<T>,
}

impl<'a, T: Float> Backward<'a, T> {
    fn new(extent: Extent, scores: &'a Scores<'a, T>) -> Self {
        let square = vec![T::zero(); extent.pairs()];
        let dbias = vec![T::zero(); extent.heads * extent.pairs()];
        Self { extent, scores, shares: square.clone(), dscores: square, dbias }
    }

    fn window(&mut self, window: usize, qkv: &[T], grad: &[T], dqkv: &mut [T]) {
        let extent = self.extent;
        let (pairs, scale) = (extent.pairs(), extent.scale());
        for head in 0..extent.heads {
            let [queries, keys, values] = [0, 1, 2].map(|part| extent.part(qkv, part, head));
            let grad = extent.head(grad, head);
            self.scores.shares(extent, window, head, qkv, &mut self.shares);
            let shares = extent.square(&self.shares).transpose();
            T::product(extent.part_mut(dqkv, 2, head), Accum::Replace, shares, grad, T::one());
            let dshares = extent.square_mut(&mut self.dscores);
            T::product(dshares, Accum::Replace, grad, values.transpose(), T::one());
            self.through_softmax();
            add_to(&mut self.dbias[head * pairs..][..pairs], &self.dscores);
            let dscores = extent.square(&self.dscores);
            T::product(extent.part_mut(dqkv, 0, head), Accum::Replace, dscores, keys, scale);
            T::product(extent.part_mut(dqkv, 1, head), Accum::Replace, dscores.transpose(), queries, scale);
        }
    }

    /// From gradients of shares to gradients of scores, in place.
    fn through_softmax(&mut self) {
        let tokens = self.extent.tokens;
        for (row, shares) in self.dscores.chunks_exact_mut(tokens).zip(self.shares.chunks_exact(tokens)) {
            let mean = sum_of(tokens, |k| row[k] * shares[k]);
            for (d, share) in row.iter_mut().zip(shares) {
                *d = *share * (*d - mean);
            }
        }
    }
}
