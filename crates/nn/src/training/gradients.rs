//! Gradients of all parameters, summed over the parts of a step.

use candle_core::{Tensor, WithDType};
use rayon::prelude::*;

use crate::error::NnError;
use crate::float::{Float, by_dtype, has_kernel, sum_of, with_numbers};
use crate::parameters::Parameters;

const NAME: &str = "gradients";

/// Numbers of a task; the norm is summed by task.
const NUMBERS: usize = 16_384;

/// One tensor a parameter, in the order of their names.
#[derive(Clone, Debug)]
pub struct Gradients {
    tensors: Vec<Tensor>,
}

impl Gradients {
    /// Of a scalar loss.
    ///
    /// # Errors
    /// `NoGradient` where the loss doesn't depend on a parameter; those of candle.
    pub fn of(loss: &Tensor, parameters: &Parameters) -> Result<Self, NnError> {
        let mut store = loss.backward()?;
        let mut take = |(name, variable): (&str, &candle_core::Var)| {
            store.remove(variable).ok_or_else(|| NnError::NoGradient { name: name.to_owned() })
        };
        Ok(Self { tensors: parameters.iter().map(&mut take).collect::<Result<_, _>>()? })
    }

    /// Adds those of another part of the step.
    ///
    /// # Errors
    /// Those of candle.
    pub fn add(&mut self, other: &Self) -> Result<(), NnError> {
        for (sum, tensor) in self.tensors.iter_mut().zip(&other.tensors) {
            *sum = (&*sum + tensor)?;
        }
        Ok(())
    }

    /// Square root of the sum of all squares.
    ///
    /// # Errors
    /// Those of candle.
    pub fn norm(&self) -> Result<f64, NnError> {
        let squares = self.tensors.iter().map(squares).collect::<Result<Vec<f64>, _>>()?;
        Ok(squares.iter().sum::<f64>().sqrt())
    }

    /// In the order of the parameters' names.
    #[must_use]
    pub fn tensors(&self) -> &[Tensor] {
        &self.tensors
    }
}

/// The sum of a tensor's squares, in `f64`.
fn squares(tensor: &Tensor) -> Result<f64, NnError> {
    if !has_kernel(tensor) {
        return Ok(tensor.to_dtype(candle_core::DType::F32)?.sqr()?.sum_all()?.to_scalar::<f32>()?.into());
    }
    Ok(
        by_dtype!(NAME, tensor.dtype(), T => with_numbers::<T, _, _>(NAME, [tensor], |[x]| Ok(sum_of_squares(x))))?,
    )
}

fn sum_of_squares<T: Float>(x: &[T]) -> f64 {
    let square = |x: T| WithDType::to_f64(x) * WithDType::to_f64(x);
    let parts: Vec<f64> = x.par_chunks(NUMBERS).map(|x| sum_of(x.len(), |k| square(x[k]))).collect();
    parts.iter().sum()
}

/// The factor that brings gradients of this norm down to `limit`; one where they are within it.
#[must_use]
pub fn clip(norm: f64, limit: f64) -> f64 {
    if norm > limit { limit / norm } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{random, values};
    use candle_core::{DType, Device};

    fn two() -> (Parameters, Tensor, Tensor) {
        let mut parameters = Parameters::new(1, DType::F32, &Device::Cpu);
        let a = parameters.root().normal("a", 70_000, 1.0).unwrap();
        let b = parameters.root().normal("b", 3, 1.0).unwrap();
        (parameters, a, b)
    }

    #[test]
    fn the_norm_is_that_of_all_numbers() {
        let (parameters, a, b) = two();
        let loss = ((a.sqr().unwrap().sum_all().unwrap() + b.sum_all().unwrap()).unwrap() * 0.5).unwrap();
        let norm = Gradients::of(&loss, &parameters).unwrap().norm().unwrap();
        let wanted = values(&a).iter().map(|x| x * x).sum::<f64>() + 3.0 * 0.25;
        assert!((norm / wanted.sqrt() - 1.0).abs() < 1.0e-6, "{norm}");
    }

    #[test]
    fn parts_of_a_step_add_up() {
        let (parameters, a, b) = two();
        let part = |w: f64| {
            let weights = (random(1, 70_000, DType::F32) * w).unwrap();
            let loss = ((&a * weights).unwrap().sum_all().unwrap() + b.sum_all().unwrap()).unwrap();
            Gradients::of(&loss, &parameters).unwrap()
        };
        let mut sum = part(1.0);
        sum.add(&part(2.0)).unwrap();
        let wanted = (random(1, 70_000, DType::F32) * 3.0).unwrap();
        crate::check::assert_close("sum", &sum.tensors()[0], &wanted, 1.0e-6);
        assert_eq!(values(&sum.tensors()[1]), [2.0; 3]);
    }

    #[test]
    fn a_parameter_that_the_loss_forgets_is_named() {
        let (parameters, a, _) = two();
        let error = Gradients::of(&a.sum_all().unwrap(), &parameters).unwrap_err().to_string();
        assert!(error.contains("parameter b"), "{error}");
    }

    #[test]
    fn clipping_keeps_what_is_within_the_limit() {
        assert_eq!((clip(0.5, 1.0), clip(4.0, 1.0)), (1.0, 0.25));
    }
}
