//! An affine map of the last axis, with its bias added in the product.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp3, D, Layout, Result as CandleResult, Shape, Tensor, WithDType};
use faer::{Accum, MatMut, MatRef};
use rayon::prelude::*;

use crate::error::{NnError, check_shape};
use crate::float::{Float, add_to, by_dtype, has_kernel, numbers, with_numbers};

const NAME: &str = "linear";

/// Rows of a task: long enough that a product is at its speed, and part of every result, because sums over rows are
/// by task.
const ROWS: usize = 192;

/// Rows of the weight's gradient that one task computes.
const OUTPUTS: usize = 32;

/// `x Wᵀ + b` over the last axis of `x` (…, in), with `weight` W (out, in) and `bias` b (out): (…, out). Gradients for all
/// three.
///
/// # Errors
/// `Shape` where weight or bias don't fit; those of candle.
pub fn linear(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor, NnError> {
    let inputs = x.dim(D::Minus1)?;
    let [outputs, _] = check_shape("weight of a linear map", weight, [("out", None), ("in", Some(inputs))])?;
    check_shape("bias of a linear map", bias, [("out", Some(outputs))])?;
    if has_kernel(x) {
        let (x, weight, bias) = (x.contiguous()?, weight.contiguous()?, bias.contiguous()?);
        return Ok(x.apply_op3(&weight, &bias, Linear)?);
    }
    composed(x, weight, bias)
}

/// The same by candle's operations.
fn composed(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor, NnError> {
    let mut shape = x.dims().to_vec();
    let inputs = shape.pop().unwrap_or_default();
    shape.push(weight.dim(0)?);
    let rows = x.reshape(((), inputs))?.matmul(&weight.t()?)?;
    Ok(rows.broadcast_add(bias)?.reshape(shape)?)
}

struct Linear;

impl CustomOp3 for Linear {
    fn name(&self) -> &'static str {
        NAME
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> CandleResult<(CpuStorage, Shape)> {
        by_dtype!(NAME, x.dtype(), T => {
            let weight = numbers::<T>(NAME, weight, weight_layout)?;
            let bias = numbers::<T>(NAME, bias, bias_layout)?;
            let out = forward(numbers::<T>(NAME, x, x_layout)?, weight, bias);
            let mut shape = x_layout.dims().to_vec();
            if let Some(last) = shape.last_mut() {
                *last = bias.len();
            }
            Ok((T::to_cpu_storage_owned(out), Shape::from(shape)))
        })
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        _out: &Tensor,
        grad: &Tensor,
    ) -> CandleResult<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let outputs = bias.elem_count();
        let read = [x, weight, grad];
        let (dx, dweight, dbias) = by_dtype!(NAME, x.dtype(), T => with_numbers::<T, _, _>(NAME, read, |[x_, w, grad]| {
            let dx = Tensor::from_vec(input_gradient(grad, w, outputs), x.shape(), x.device())?;
            let dweight = Tensor::from_vec(weight_gradient(grad, x_, outputs), weight.shape(), x.device())?;
            Ok((dx, dweight, Tensor::from_vec(column_sums(grad, outputs), bias.shape(), x.device())?))
        }))?;
        Ok((Some(dx), Some(dweight), Some(dbias)))
    }
}

/// A matrix of so many columns over a slice, row by row.
pub(super) fn rows_of<T>(numbers: &[T], columns: usize) -> MatRef<'_, T> {
    MatRef::from_row_major_slice(numbers, numbers.len() / columns, columns)
}

/// As [`rows_of`], to be written.
pub(super) fn rows_of_mut<T>(numbers: &mut [T], columns: usize) -> MatMut<'_, T> {
    let rows = numbers.len() / columns;
    MatMut::from_row_major_slice_mut(numbers, rows, columns)
}

fn forward<T: Float>(x: &[T], weight: &[T], bias: &[T]) -> Vec<T> {
    let (outputs, inputs) = (bias.len(), weight.len() / bias.len());
    let transposed = rows_of(weight, inputs).transpose();
    let mut out = vec![T::zero(); x.len() / inputs * outputs];
    out.par_chunks_mut(ROWS * outputs).zip(x.par_chunks(ROWS * inputs)).for_each(|(out, x)| {
        out.chunks_exact_mut(outputs).for_each(|row| row.copy_from_slice(bias));
        T::product(rows_of_mut(out, outputs), Accum::Add, rows_of(x, inputs), transposed, T::one());
    });
    out
}

fn input_gradient<T: Float>(grad: &[T], weight: &[T], outputs: usize) -> Vec<T> {
    let inputs = weight.len() / outputs;
    let weight = rows_of(weight, inputs);
    let mut dx = vec![T::zero(); grad.len() / outputs * inputs];
    dx.par_chunks_mut(ROWS * inputs).zip(grad.par_chunks(ROWS * outputs)).for_each(|(dx, grad)| {
        T::product(rows_of_mut(dx, inputs), Accum::Replace, rows_of(grad, outputs), weight, T::one());
    });
    dx
}

fn weight_gradient<T: Float>(grad: &[T], x: &[T], outputs: usize) -> Vec<T> {
    let inputs = x.len() / (grad.len() / outputs);
    let (grad, x) = (rows_of(grad, outputs), rows_of(x, inputs));
    let mut dweight = vec![T::zero(); outputs * inputs];
    dweight.par_chunks_mut(OUTPUTS * inputs).enumerate().for_each(|(task, dweight)| {
        let block = rows_of_mut(dweight, inputs);
        let grad = grad.subcols(task * OUTPUTS, block.nrows()).transpose();
        T::product(block, Accum::Replace, grad, x, T::one());
    });
    dweight
}

/// Sums over rows of a matrix.
pub(super) fn column_sums<T: Float>(rows: &[T], columns: usize) -> Vec<T> {
    let partial: Vec<Vec<T>> = rows
        .par_chunks(ROWS * columns)
        .map(|rows| {
            let mut total = vec![T::zero(); columns];
            rows.chunks_exact(columns).for_each(|row| add_to(&mut total, row));
            total
        })
        .collect();
    let mut total = vec![T::zero(); columns];
    for partial in &partial {
        add_to(&mut total, partial);
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Check, random};
    use candle_core::DType::{self, F32, F64};

    fn inputs(rows: usize, inputs: usize, outputs: usize, dtype: DType) -> Vec<Tensor> {
        // Small weights, as in a network, so that results are of order one.
        let weight = (random(2, (outputs, inputs), dtype) / (inputs as f64).sqrt()).unwrap();
        vec![random(1, (2, rows, inputs), dtype), weight, random(3, outputs, dtype)]
    }

    fn fast(t: &[Tensor]) -> Result<Tensor, NnError> {
        linear(&t[0], &t[1], &t[2])
    }

    fn slow(t: &[Tensor]) -> Result<Tensor, NnError> {
        composed(&t[0], &t[1], &t[2])
    }

    #[test]
    fn its_gradients_are_the_finite_differences() {
        Check::new(&fast).finite_differences(&inputs(3, 4, 5, F64));
    }

    #[test]
    fn it_agrees_with_candles_operations() {
        Check::new(&fast).agrees_with(&slow, &inputs(203, 33, 70, F32));
        Check::new(&fast).agrees_with(&slow, &inputs(1, 7, 1, F32));
    }

    #[test]
    fn threads_do_not_change_a_bit() {
        Check::new(&fast).same_on_threads(&inputs(500, 24, 96, F32));
    }

    #[test]
    fn a_weight_of_other_inputs_is_refused() {
        let t = inputs(2, 4, 3, F32);
        let error = linear(&t[0], &t[1].t().unwrap(), &t[2]).unwrap_err().to_string();
        assert!(error.contains("in = 4") && error.contains("[4, 3]"), "{error}");
    }
}
