//! Scaling and shifting of channels by sample: FiLM (Perez et al. 2018, doi:10.1609/aaai.v32i1.11671).

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp2, Layout, Result as CandleResult, Shape, Tensor, WithDType};
use rayon::prelude::*;

use crate::error::{NnError, check_shape};
use crate::float::{Float, add_to, by_dtype, has_kernel, numbers, with_numbers};

const NAME: &str = "modulate";

/// Tokens of a task; sums over tokens are by task.
const TOKENS: usize = 128;

/// `x · (1 + scale) + shift` for `x` (batch, tokens, dim), with `film` (batch, 2 · dim): scales, then shifts. Gradients
/// for both.
///
/// # Errors
/// `Shape` where `film` doesn't fit; those of candle.
pub fn modulate(x: &Tensor, film: &Tensor) -> Result<Tensor, NnError> {
    let [batch, _, dim] =
        check_shape("input of a modulation", x, [("batch", None), ("tokens", None), ("dim", None)])?;
    check_shape("scales and shifts", film, [("batch", Some(batch)), ("2 dim", Some(2 * dim))])?;
    if has_kernel(x) {
        return Ok(x.contiguous()?.apply_op2(&film.contiguous()?, Modulate)?);
    }
    composed(x, film)
}

/// The same by candle's operations.
fn composed(x: &Tensor, film: &Tensor) -> Result<Tensor, NnError> {
    let film = film.unsqueeze(1)?;
    let dim = x.dim(2)?;
    let scaled = x.broadcast_mul(&(film.narrow(2, 0, dim)? + 1.0)?)?;
    Ok(scaled.broadcast_add(&film.narrow(2, dim, dim)?)?)
}

struct Modulate;

fn forward<T: Float>(x: &[T], film: &[T], tokens: usize, dim: usize) -> Vec<T> {
    let mut out = vec![T::zero(); x.len()];
    let samples =
        out.par_chunks_mut(tokens * dim).zip(x.par_chunks(tokens * dim)).zip(film.par_chunks(2 * dim));
    samples.for_each(|((out, x), film)| {
        let (scale, shift) = film.split_at(dim);
        out.par_chunks_mut(TOKENS * dim).zip(x.par_chunks(TOKENS * dim)).for_each(|(out, x)| {
            for (out, x) in out.chunks_exact_mut(dim).zip(x.chunks_exact(dim)) {
                for k in 0..dim {
                    out[k] = x[k].mul_add(T::one() + scale[k], shift[k]);
                }
            }
        });
    });
    out
}

/// Gradients of `x` and `film`.
fn backward<T: Float>(x: &[T], film: &[T], grad: &[T], tokens: usize, dim: usize) -> (Vec<T>, Vec<T>) {
    let mut dx = vec![T::zero(); x.len()];
    let mut dfilm = vec![T::zero(); film.len()];
    let samples = (dx.par_chunks_mut(tokens * dim), dfilm.par_chunks_mut(2 * dim), film.par_chunks(2 * dim));
    let read = x.par_chunks(tokens * dim).zip(grad.par_chunks(tokens * dim));
    samples.into_par_iter().zip(read).for_each(|((dx, dfilm, film), (x, grad))| {
        let part = TOKENS * dim;
        let tasks = (dx.par_chunks_mut(part), x.par_chunks(part), grad.par_chunks(part)).into_par_iter();
        let partial: Vec<Vec<T>> =
            tasks.map(|(dx, x, grad)| backward_tokens(dx, x, &film[..dim], grad)).collect();
        for partial in &partial {
            add_to(dfilm, partial);
        }
    });
    (dx, dfilm)
}

/// Some tokens of one sample: the gradient of `x` in place, that of the scales and shifts as result.
fn backward_tokens<T: Float>(dx: &mut [T], x: &[T], scale: &[T], grad: &[T]) -> Vec<T> {
    let dim = scale.len();
    let mut dfilm = vec![T::zero(); 2 * dim];
    let (dscale, dshift) = dfilm.split_at_mut(dim);
    let tokens = dx.chunks_exact_mut(dim).zip(x.chunks_exact(dim)).zip(grad.chunks_exact(dim));
    for ((dx, x), grad) in tokens {
        for k in 0..dim {
            dx[k] = grad[k] * (T::one() + scale[k]);
            dscale[k] += grad[k] * x[k];
            dshift[k] += grad[k];
        }
    }
    dfilm
}

impl CustomOp2 for Modulate {
    fn name(&self) -> &'static str {
        NAME
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        film: &CpuStorage,
        film_layout: &Layout,
    ) -> CandleResult<(CpuStorage, Shape)> {
        let (_, tokens, dim) = x_layout.shape().dims3()?;
        by_dtype!(NAME, x.dtype(), T => {
            let (x, film) = (numbers::<T>(NAME, x, x_layout)?, numbers::<T>(NAME, film, film_layout)?);
            Ok((T::to_cpu_storage_owned(forward(x, film, tokens, dim)), x_layout.shape().clone()))
        })
    }

    fn bwd(
        &self,
        x: &Tensor,
        film: &Tensor,
        _out: &Tensor,
        grad: &Tensor,
    ) -> CandleResult<(Option<Tensor>, Option<Tensor>)> {
        let (_, tokens, dim) = x.dims3()?;
        let read = [x, film, grad];
        let (dx, dfilm) = by_dtype!(NAME, x.dtype(), T => with_numbers::<T, _, _>(NAME, read, |[x_, film_, grad]| {
            let (dx, dfilm) = backward(x_, film_, grad, tokens, dim);
            let dx = Tensor::from_vec(dx, x.shape(), x.device())?;
            Ok((dx, Tensor::from_vec(dfilm, film.shape(), x.device())?))
        }))?;
        Ok((Some(dx), Some(dfilm)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Check, random};
    use candle_core::DType::{self, F32, F64};

    fn inputs(tokens: usize, dim: usize, dtype: DType) -> Vec<Tensor> {
        vec![random(1, (2, tokens, dim), dtype), random(2, (2, 2 * dim), dtype)]
    }

    fn fast(t: &[Tensor]) -> Result<Tensor, NnError> {
        modulate(&t[0], &t[1])
    }

    #[test]
    fn its_gradients_are_the_finite_differences() {
        Check::new(&fast).finite_differences(&inputs(3, 4, F64));
    }

    #[test]
    fn it_agrees_with_candles_operations() {
        Check::new(&fast).agrees_with(&|t| composed(&t[0], &t[1]), &inputs(150, 9, F32));
    }

    #[test]
    fn threads_do_not_change_a_bit() {
        Check::new(&fast).same_on_threads(&inputs(400, 8, F32));
    }
}
