//! Rows in another order: windows from a grid and back, neighbours side by side.

use std::sync::Arc;

use candle_core::backend::BackendStorage;
use candle_core::{
    CpuStorage, CustomOp1, DType, Device, Layout, Result as CandleResult, Shape, Tensor, WithDType,
};
use rayon::prelude::*;

use crate::error::{NnError, check_shape};
use crate::float::{Float, by_dtype, has_kernel, numbers, with_numbers};

const NAME: &str = "pick";

/// Rows of a task.
const ROWS: usize = 256;

/// Which row of the source each row of the result is: every row at most once, and rows of zeros between.
#[derive(Clone, Debug)]
pub struct Pick {
    /// By row of the result; [`Self::NONE`] is a row of zeros.
    table: Arc<[u32]>,
    /// The way back: by row of the source.
    back: Arc<[u32]>,
}

impl Pick {
    /// Stands for a row of zeros.
    pub const NONE: u32 = u32::MAX;

    /// From the source's row by row of the result, for a source of so many rows.
    ///
    /// # Errors
    /// `Setting` where a row of the source doesn't exist or is named twice.
    pub fn new(table: Vec<u32>, sources: usize) -> Result<Self, NnError> {
        let mut back = vec![Self::NONE; sources];
        for (to, from) in table.iter().enumerate().filter(|(_, from)| **from != Self::NONE) {
            match back.get_mut(*from as usize) {
                Some(place) if *place == Self::NONE => *place = to as u32,
                _ => {
                    let value = format!("{from} at {to}");
                    let wanted = "give each row of the source at most once, below the number of rows";
                    return Err(NnError::Setting { what: "a picked row", value, wanted });
                }
            }
        }
        Ok(Self { table: table.into(), back: back.into() })
    }

    /// The way back: rows that are zeros here are left out there, and the other way round.
    #[must_use]
    pub fn inverse(&self) -> Self {
        Self { table: self.back.clone(), back: self.table.clone() }
    }

    /// Rows of the result.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.table.len()
    }

    /// Rows of the source.
    #[must_use]
    pub fn sources(&self) -> usize {
        self.back.len()
    }

    /// The result's rows from `x` (batch, sources, dim): (batch, rows, dim). Has a gradient.
    ///
    /// # Errors
    /// `Shape` where `x` has another number of rows; those of candle.
    pub fn apply(&self, x: &Tensor) -> Result<Tensor, NnError> {
        let shape = [("batch", None), ("rows", Some(self.sources())), ("dim", None)];
        check_shape("rows to pick from", x, shape)?;
        if has_kernel(x) {
            return Ok(x.contiguous()?.apply_op1(self.clone())?);
        }
        self.composed(x)
    }

    /// As [`Self::apply`] for one flag a row, (batch, sources), `u8`; rows of zeros are 0.
    ///
    /// # Errors
    /// As [`Self::apply`].
    pub fn flags(&self, flags: &Tensor) -> Result<Tensor, NnError> {
        let shape = [("batch", None), ("rows", Some(self.sources()))];
        check_shape("flags to pick from", flags, shape)?;
        Ok(self.composed(&flags.to_dtype(DType::U8)?.unsqueeze(2)?)?.squeeze(2)?)
    }

    /// The same by candle's operations: from the source with a row of zeros at its end.
    fn composed(&self, x: &Tensor) -> Result<Tensor, NnError> {
        let last = self.sources() as u32;
        let table: Vec<u32> = self.table.iter().map(|from| (*from).min(last)).collect();
        let table = Tensor::new(table, &Device::Cpu)?.to_device(x.device())?;
        Ok(x.pad_with_zeros(1, 0, 1)?.index_select(&table, 1)?)
    }
}

fn pick<T: Float>(x: &[T], table: &[u32], sources: usize, dim: usize) -> Vec<T> {
    let batch = x.len() / (sources * dim).max(1);
    let mut out = vec![T::zero(); batch * table.len() * dim];
    let samples = out.par_chunks_mut((table.len() * dim).max(1)).zip(x.par_chunks((sources * dim).max(1)));
    samples.for_each(|(out, x)| {
        let rows = out.par_chunks_mut(ROWS * dim).zip(table.par_chunks(ROWS));
        rows.for_each(|(out, table)| {
            for (out, from) in out.chunks_exact_mut(dim).zip(table) {
                if *from != Pick::NONE {
                    out.copy_from_slice(&x[*from as usize * dim..][..dim]);
                }
            }
        });
    });
    out
}

impl CustomOp1 for Pick {
    fn name(&self) -> &'static str {
        NAME
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> CandleResult<(CpuStorage, Shape)> {
        let (batch, sources, dim) = layout.shape().dims3()?;
        by_dtype!(NAME, x.dtype(), T => {
            let out = pick(numbers::<T>(NAME, x, layout)?, &self.table, sources, dim);
            Ok((T::to_cpu_storage_owned(out), Shape::from((batch, self.rows(), dim))))
        })
    }

    fn bwd(&self, x: &Tensor, _out: &Tensor, grad: &Tensor) -> CandleResult<Option<Tensor>> {
        let (_, rows, dim) = grad.dims3()?;
        by_dtype!(NAME, x.dtype(), T => with_numbers::<T, _, _>(NAME, [grad], |[grad]| {
            Tensor::from_vec(pick(grad, &self.back, rows, dim), x.shape(), x.device())
        }))
        .map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Check, assert_close, random};

    /// Four of five rows, with two rows of zeros.
    fn example() -> Pick {
        Pick::new(vec![3, Pick::NONE, 0, 4, Pick::NONE, 1], 5).unwrap()
    }

    #[test]
    fn its_gradient_is_the_finite_difference() {
        let op = |t: &[Tensor]| example().apply(&t[0]);
        Check::new(&op).finite_differences(&[random(1, (2, 5, 3), DType::F64)]);
    }

    #[test]
    fn it_agrees_with_candles_operations() {
        let (fast, slow) = (|t: &[Tensor]| example().apply(&t[0]), |t: &[Tensor]| example().composed(&t[0]));
        Check::new(&fast).agrees_with(&slow, &[random(1, (3, 5, 4), DType::F32)]);
    }

    #[test]
    fn the_way_back_restores_what_was_picked() {
        let x = random(1, (2, 5, 3), DType::F32);
        let back = example().inverse().apply(&example().apply(&x).unwrap()).unwrap();
        let kept =
            Tensor::new(&[1.0_f32, 1.0, 0.0, 1.0, 1.0], &Device::Cpu).unwrap().reshape((1, 5, 1)).unwrap();
        assert_close("rows", &back, &x.broadcast_mul(&kept).unwrap(), 0.0);
    }

    #[test]
    fn flags_of_rows_of_zeros_are_zero() {
        let flags = Tensor::new(&[[1_u8, 0, 1, 1, 1]], &Device::Cpu).unwrap();
        let picked = example().flags(&flags).unwrap().to_vec2::<u8>().unwrap();
        assert_eq!(picked, [[1, 0, 1, 1, 0, 0]]);
    }

    #[test]
    fn a_row_named_twice_or_missing_is_refused() {
        for table in [vec![1, 1], vec![5]] {
            assert!(Pick::new(table, 5).unwrap_err().to_string().contains("at most once"));
        }
    }
}
