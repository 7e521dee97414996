//! The Gaussian error linear unit in its tanh form (Hendrycks and Gimpel 2016, doi:10.48550/arXiv.1606.08415).

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp1, Layout, Result as CandleResult, Shape, Tensor, WithDType};
use rayon::prelude::*;

use crate::error::NnError;
use crate::float::{Float, by_dtype, has_kernel, numbers, with_numbers};

const NAME: &str = "gelu";

/// 2 √(2/π).
const SLOPE: f64 = 1.595_769_121_605_730_8;
/// The cubic term, from the paper.
const CUBIC: f64 = 0.044_715;

/// Numbers of a task.
const NUMBERS: usize = 16_384;

/// `x Φ(x)` for every number, with `0.5 (1 + tanh(√(2/π) (x + 0.044715 x³)))` in the place of Φ, as candle's and
/// PyTorch's `tanh` form. It is at most 5e-4 off the exact one and takes one exponential.
///
/// # Errors
/// Those of candle.
pub fn gelu(x: &Tensor) -> Result<Tensor, NnError> {
    if has_kernel(x) { Ok(x.contiguous()?.apply_op1(Gelu)?) } else { Ok(x.gelu()?) }
}

/// 1 / (1 + e⁻ˣ).
#[inline]
pub(super) fn sigmoid<T: Float>(x: T) -> T {
    T::one() / (T::one() + (-x).exp())
}

#[inline]
fn value<T: Float>(x: T) -> T {
    let (slope, cubic) = (T::from_f64(SLOPE), T::from_f64(CUBIC));
    x * sigmoid(slope * x * (cubic * x).mul_add(x, T::one()))
}

#[inline]
fn derivative<T: Float>(x: T) -> T {
    let (slope, cubic, three) = (T::from_f64(SLOPE), T::from_f64(CUBIC), T::from_f64(3.0));
    let share = sigmoid(slope * x * (cubic * x).mul_add(x, T::one()));
    share + x * share * (T::one() - share) * slope * (three * cubic * x).mul_add(x, T::one())
}

fn forward<T: Float>(x: &[T]) -> Vec<T> {
    let mut out = vec![T::zero(); x.len()];
    out.par_chunks_mut(NUMBERS).zip(x.par_chunks(NUMBERS)).for_each(|(out, x)| {
        for (out, x) in out.iter_mut().zip(x) {
            *out = value(*x);
        }
    });
    out
}

fn backward<T: Float>(x: &[T], grad: &[T]) -> Vec<T> {
    let mut dx = vec![T::zero(); x.len()];
    let parts = dx.par_chunks_mut(NUMBERS).zip(x.par_chunks(NUMBERS)).zip(grad.par_chunks(NUMBERS));
    parts.for_each(|((dx, x), grad)| {
        for ((dx, x), grad) in dx.iter_mut().zip(x).zip(grad) {
            *dx = derivative(*x) * *grad;
        }
    });
    dx
}

struct Gelu;

impl CustomOp1 for Gelu {
    fn name(&self) -> &'static str {
        NAME
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> CandleResult<(CpuStorage, Shape)> {
        by_dtype!(NAME, x.dtype(), T => {
            let out = forward(numbers::<T>(NAME, x, layout)?);
            Ok((T::to_cpu_storage_owned(out), layout.shape().clone()))
        })
    }

    fn bwd(&self, x: &Tensor, _out: &Tensor, grad: &Tensor) -> CandleResult<Option<Tensor>> {
        by_dtype!(NAME, x.dtype(), T => with_numbers::<T, _, _>(NAME, [x, grad], |[x_, grad]| {
            Tensor::from_vec(backward(x_, grad), x.shape(), x.device())
        }))
        .map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Check, assert_close, random};
    use candle_core::{DType, Device};

    fn fast(t: &[Tensor]) -> Result<Tensor, NnError> {
        gelu(&t[0])
    }

    #[test]
    fn its_gradient_is_the_finite_difference() {
        Check::new(&fast).finite_differences(&[random(1, (4, 7), DType::F64)]);
    }

    #[test]
    fn it_agrees_with_candles_own() {
        let x = (random(1, (40, 25), DType::F32) * 2.0).unwrap();
        Check::new(&fast).agrees_with(&|t| Ok(t[0].gelu()?), &[x]);
    }

    #[test]
    fn far_numbers_pass_or_vanish_and_stay_finite() {
        let x = Tensor::new(&[-1.0e4_f32, -30.0, 0.0, 30.0, 1.0e4], &Device::Cpu).unwrap();
        let wanted = Tensor::new(&[0.0_f32, 0.0, 0.0, 30.0, 1.0e4], &Device::Cpu).unwrap();
        assert_close("gelu", &gelu(&x).unwrap(), &wanted, 1.0e-30);
    }

    #[test]
    fn threads_do_not_change_a_bit() {
        Check::new(&fast).same_on_threads(&[random(1, 40_000, DType::F32)]);
    }
}
