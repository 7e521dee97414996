//! What a branch adds to its input, weighted by sample: stochastic depth (Huang et al. 2016,
//! doi:10.1007/978-3-319-46493-0_39) in the same pass.

use std::sync::Arc;

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp2, Layout, Result as CandleResult, Shape, Tensor, WithDType};
use rayon::prelude::*;

use crate::error::NnError;
use crate::float::{Float, by_dtype, has_kernel, numbers, with_numbers};

const NAME: &str = "residual";

/// Numbers of a task.
const NUMBERS: usize = 16_384;

/// `x + weight · branch` for two tensors of one shape, whose first axis is the batch, with one weight a sample; plain
/// sum without weights. Gradients for both.
///
/// # Errors
/// `Shape` where shapes differ, `Setting` where there is not one weight a sample; those of candle.
pub fn residual(x: &Tensor, branch: &Tensor, weights: Option<Arc<[f64]>>) -> Result<Tensor, NnError> {
    if x.dims() != branch.dims() {
        let expected = format!("{:?}", x.dims());
        return Err(NnError::Shape {
            what: "branch of a residual sum",
            expected,
            got: branch.dims().to_vec(),
        });
    }
    if let Some(weights) = weights.as_ref().filter(|w| x.dims().first() != Some(&w.len())) {
        let value = format!("given for {} samples, where shapes are {:?}", weights.len(), x.dims());
        return Err(NnError::Setting { what: "weights of a branch", value, wanted: "give one a sample" });
    }
    if has_kernel(x) {
        return Ok(x.contiguous()?.apply_op2(&branch.contiguous()?, Residual { weights })?);
    }
    composed(x, branch, weights.as_deref())
}

/// The same by candle's operations.
fn composed(x: &Tensor, branch: &Tensor, weights: Option<&[f64]>) -> Result<Tensor, NnError> {
    let Some(weights) = weights else { return Ok((x + branch)?) };
    let mut shape = vec![1; x.rank()];
    shape[0] = weights.len();
    let weights = Tensor::new(weights, x.device())?.to_dtype(x.dtype())?.reshape(shape)?;
    Ok((x + branch.broadcast_mul(&weights)?)?)
}

struct Residual {
    weights: Option<Arc<[f64]>>,
}

impl Residual {
    /// `x + weight · branch`, or without `x`.
    fn weighted<T: Float>(&self, x: Option<&[T]>, branch: &[T]) -> Vec<T> {
        let size = branch.len().checked_div(self.weights.as_ref().map_or(1, |w| w.len())).unwrap_or(0).max(1);
        let mut out = x.map_or_else(|| vec![T::zero(); branch.len()], <[T]>::to_vec);
        let samples = out.par_chunks_mut(size).zip(branch.par_chunks(size)).enumerate();
        samples.for_each(|(sample, (out, branch))| {
            let weight = T::from_f64(self.weights.as_ref().map_or(1.0, |w| w[sample]));
            out.par_chunks_mut(NUMBERS).zip(branch.par_chunks(NUMBERS)).for_each(|(out, branch)| {
                for (out, branch) in out.iter_mut().zip(branch) {
                    *out = branch.mul_add(weight, *out);
                }
            });
        });
        out
    }
}

impl CustomOp2 for Residual {
    fn name(&self) -> &'static str {
        NAME
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        branch: &CpuStorage,
        branch_layout: &Layout,
    ) -> CandleResult<(CpuStorage, Shape)> {
        by_dtype!(NAME, x.dtype(), T => {
            let (x, branch) = (numbers::<T>(NAME, x, x_layout)?, numbers::<T>(NAME, branch, branch_layout)?);
            Ok((T::to_cpu_storage_owned(self.weighted(Some(x), branch)), x_layout.shape().clone()))
        })
    }

    fn bwd(
        &self,
        _x: &Tensor,
        branch: &Tensor,
        _out: &Tensor,
        grad: &Tensor,
    ) -> CandleResult<(Option<Tensor>, Option<Tensor>)> {
        if self.weights.is_none() {
            return Ok((Some(grad.clone()), Some(grad.clone())));
        }
        let dbranch = by_dtype!(NAME, branch.dtype(), T => with_numbers::<T, _, _>(NAME, [grad], |[grad]| {
            Tensor::from_vec(self.weighted::<T>(None, grad), branch.shape(), branch.device())
        }))?;
        Ok((Some(grad.clone()), Some(dbranch)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Check, random};
    use candle_core::DType::{self, F32, F64};

    fn inputs(numbers: usize, dtype: DType) -> Vec<Tensor> {
        vec![random(1, (3, numbers), dtype), random(2, (3, numbers), dtype)]
    }

    fn weights() -> Arc<[f64]> {
        [0.5, 0.0, 2.0].into()
    }

    #[test]
    fn its_gradients_are_the_finite_differences() {
        for weights in [None, Some(weights())] {
            let op = |t: &[Tensor]| residual(&t[0], &t[1], weights.clone());
            Check::new(&op).finite_differences(&inputs(4, F64));
        }
    }

    #[test]
    fn it_agrees_with_candles_operations() {
        for weights in [None, Some(weights())] {
            let fast = |t: &[Tensor]| residual(&t[0], &t[1], weights.clone());
            let slow = |t: &[Tensor]| composed(&t[0], &t[1], weights.as_deref());
            Check::new(&fast).agrees_with(&slow, &inputs(70, F32));
        }
    }

    #[test]
    fn threads_do_not_change_a_bit() {
        let op = |t: &[Tensor]| residual(&t[0], &t[1], Some(weights()));
        Check::new(&op).same_on_threads(&inputs(40_000, F32));
    }

    #[test]
    fn weights_for_another_batch_are_refused() {
        let t = inputs(4, F32);
        let error = residual(&t[0], &t[1], Some([1.0].into())).unwrap_err().to_string();
        assert!(error.contains("given for 1 samples"), "{error}");
    }
}
