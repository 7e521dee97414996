//! Layer normalisation over the last axis (Ba et al. 2016, doi:10.48550/arXiv.1607.06450), affine, in one pass.
//!
//! candle's own fused one has no gradient, without an error; the composition of its operations here is right and
//! serves where there is no kernel.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp3, D, Layout, Result as CandleResult, Shape, Tensor, WithDType};
use rayon::prelude::*;

use crate::error::{NnError, check_shape};
use crate::float::{Float, add_to, by_dtype, has_kernel, numbers, sum, sum_of, with_numbers};

const NAME: &str = "layer norm";

/// Rows of a task. Sums over rows are by task, so this number is part of every result.
const ROWS: usize = 64;

/// `(x − mean) / sqrt(variance + epsilon) · weight + bias` over the last axis of `x` (…, dim), with `weight` and
/// `bias` (dim). Gradients for all three.
///
/// # Errors
/// `Shape` where weight or bias have another length; those of candle.
pub fn layer_norm(x: &Tensor, weight: &Tensor, bias: &Tensor, epsilon: f64) -> Result<Tensor, NnError> {
    let dim = x.dim(D::Minus1)?;
    check_shape("weight of a layer norm", weight, [("dim", Some(dim))])?;
    check_shape("bias of a layer norm", bias, [("dim", Some(dim))])?;
    if has_kernel(x) {
        let (x, weight, bias) = (x.contiguous()?, weight.contiguous()?, bias.contiguous()?);
        return Ok(x.apply_op3(&weight, &bias, LayerNorm { epsilon })?);
    }
    composed(x, weight, bias, epsilon)
}

/// The same by candle's operations.
fn composed(x: &Tensor, weight: &Tensor, bias: &Tensor, epsilon: f64) -> Result<Tensor, NnError> {
    let centred = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
    let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
    let normalised = centred.broadcast_div(&(variance + epsilon)?.sqrt()?)?;
    Ok(normalised.broadcast_mul(weight)?.broadcast_add(bias)?)
}

struct LayerNorm {
    epsilon: f64,
}

impl CustomOp3 for LayerNorm {
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
            let out = forward(numbers::<T>(NAME, x, x_layout)?, weight, bias, T::from_f64(self.epsilon));
            Ok((T::to_cpu_storage_owned(out), x_layout.shape().clone()))
        })
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        _bias: &Tensor,
        _out: &Tensor,
        grad: &Tensor,
    ) -> CandleResult<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let read = [x, weight, grad];
        let (dx, dweight, dbias) = by_dtype!(NAME, x.dtype(), T => with_numbers::<T, _, _>(NAME, read, |[x_, w, grad]| {
            let (dx, dweight, dbias) = backward(x_, w, grad, T::from_f64(self.epsilon));
            let dx = Tensor::from_vec(dx, x.shape(), x.device())?;
            let dweight = Tensor::from_vec(dweight, weight.shape(), x.device())?;
            Ok((dx, dweight, Tensor::from_vec(dbias, weight.shape(), x.device())?))
        }))?;
        Ok((Some(dx), Some(dweight), Some(dbias)))
    }
}

/// Mean and 1 / sqrt(variance + epsilon) of a row.
#[inline]
fn moments<T: Float>(row: &[T], epsilon: T) -> (T, T) {
    let n = T::from_f64(row.len() as f64);
    let mean = sum(row) / n;
    let variance = sum_of(row.len(), |k| (row[k] - mean) * (row[k] - mean)) / n;
    (mean, T::one() / (variance + epsilon).sqrt())
}

fn forward<T: Float>(x: &[T], weight: &[T], bias: &[T], epsilon: T) -> Vec<T> {
    let dim = weight.len();
    let mut out = vec![T::zero(); x.len()];
    out.par_chunks_mut(ROWS * dim).zip(x.par_chunks(ROWS * dim)).for_each(|(out, x)| {
        for (out, x) in out.chunks_exact_mut(dim).zip(x.chunks_exact(dim)) {
            let (mean, scale) = moments(x, epsilon);
            for k in 0..dim {
                out[k] = ((x[k] - mean) * scale).mul_add(weight[k], bias[k]);
            }
        }
    });
    out
}

/// Gradients of x, weight and bias.
fn backward<T: Float>(x: &[T], weight: &[T], grad: &[T], epsilon: T) -> (Vec<T>, Vec<T>, Vec<T>) {
    let dim = weight.len();
    let mut dx = vec![T::zero(); x.len()];
    let partial: Vec<Vec<T>> = dx
        .par_chunks_mut(ROWS * dim)
        .zip(x.par_chunks(ROWS * dim))
        .zip(grad.par_chunks(ROWS * dim))
        .map(|((dx, x), grad)| {
            let mut affine = vec![T::zero(); 2 * dim];
            let rows = dx.chunks_exact_mut(dim).zip(x.chunks_exact(dim)).zip(grad.chunks_exact(dim));
            for ((dx, x), grad) in rows {
                backward_row(dx, x, weight, grad, epsilon, &mut affine);
            }
            affine
        })
        .collect();
    let mut affine = vec![T::zero(); 2 * dim];
    for partial in &partial {
        add_to(&mut affine, partial);
    }
    let dbias = affine.split_off(dim);
    (dx, affine, dbias)
}

/// One row; `affine` gathers the gradients of weight and bias, one after the other.
#[inline]
fn backward_row<T: Float>(dx: &mut [T], x: &[T], weight: &[T], grad: &[T], epsilon: T, affine: &mut [T]) {
    let dim = weight.len();
    let (dx, x, grad) = (&mut dx[..dim], &x[..dim], &grad[..dim]);
    let (dweight, dbias) = affine.split_at_mut(dim);
    let (mean, scale) = moments(x, epsilon);
    let n = T::from_f64(dim as f64);
    let along_mean = sum_of(dim, |k| grad[k] * weight[k]) / n;
    let along_x = sum_of(dim, |k| grad[k] * weight[k] * ((x[k] - mean) * scale)) / n;
    for k in 0..dim {
        let normalised = (x[k] - mean) * scale;
        dx[k] = scale * (grad[k] * weight[k] - along_mean - normalised * along_x);
        dweight[k] += grad[k] * normalised;
        dbias[k] += grad[k];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Check, random};
    use candle_core::DType::{F32, F64};

    fn inputs(rows: usize, dim: usize, dtype: candle_core::DType) -> Vec<Tensor> {
        vec![random(1, (2, rows, dim), dtype), random(2, dim, dtype), random(3, dim, dtype)]
    }

    fn fast(t: &[Tensor]) -> Result<Tensor, NnError> {
        layer_norm(&t[0], &t[1], &t[2], 1.0e-5)
    }

    fn slow(t: &[Tensor]) -> Result<Tensor, NnError> {
        composed(&t[0], &t[1], &t[2], 1.0e-5)
    }

    #[test]
    fn its_gradients_are_the_finite_differences() {
        Check::new(&fast).finite_differences(&inputs(3, 5, F64));
    }

    #[test]
    fn it_agrees_with_candles_operations() {
        Check::new(&fast).agrees_with(&slow, &inputs(75, 37, F32));
    }

    #[test]
    fn threads_do_not_change_a_bit() {
        Check::new(&fast).same_on_threads(&inputs(150, 48, F32));
    }

    #[test]
    fn a_bias_of_another_length_is_refused() {
        let t = inputs(2, 4, F32);
        let error = layer_norm(&t[0], &t[1], &random(1, 5, F32), 1.0e-5).unwrap_err().to_string();
        assert!(error.contains("bias of a layer norm") && error.contains("dim = 4"), "{error}");
    }
}
