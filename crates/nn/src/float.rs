//! The numbers that kernels compute with: `f32` for training, `f64` for checks by finite differences.

use std::iter::Sum;
use std::ops::Neg;

use candle_core::{CpuStorage, DType, Layout, Result as CandleResult, Storage, Tensor, WithDType};
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

/// Lanes of sums: so many partial sums run side by side, then in a fixed tree.
const LANES: usize = 16;

/// A floating-point number with what kernels need beyond arithmetic.
pub(crate) trait Float: WithDType + Neg<Output = Self> + Sum {
    /// Square root.
    fn sqrt(self) -> Self;

    /// eˣ, without a branch, so that loops over it run in the processor's vectors. Error: two units in the last
    /// place. Zero where the result would be below the smallest normal number, and the largest power that is
    /// finite above.
    fn exp(self) -> Self;

    /// `self · a + b`, rounded once.
    fn mul_add(self, a: Self, b: Self) -> Self;

    /// `out = alpha · a b`, or added to `out` where `sum` is [`Accum::Add`]. Runs on the calling thread.
    fn product(out: MatMut<'_, Self>, sum: Accum, a: MatRef<'_, Self>, b: MatRef<'_, Self>, alpha: Self);
}

impl Float for f32 {
    fn sqrt(self) -> Self {
        self.sqrt()
    }

    /// Cody and Waite's reduction by ln 2 in two parts; the series to degree seven within ±ln 2 / 2.
    #[inline]
    fn exp(self) -> Self {
        /// 1.5 · 2²³: added to a number below 2²², it leaves the nearest whole number in the lowest bits.
        const ROUND: f32 = 12_582_912.0;
        const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
        let x = if self > 88.0 { 88.0 } else { self };
        let shifted = x.mul_add(std::f32::consts::LOG2_E, ROUND);
        let whole = shifted - ROUND;
        let r = whole.mul_add(-LN_2[1], whole.mul_add(-LN_2[0], x));
        let mut series = 1.0 / 5_040.0_f32;
        for factorial in [720.0, 120.0, 24.0, 6.0, 2.0, 1.0, 1.0_f32] {
            series = series.mul_add(r, 1.0 / factorial);
        }
        let scaled = f32::from_bits(series.to_bits().wrapping_add(shifted.to_bits() << 23));
        let small = if x < -87.0 { 0.0 } else { scaled };
        if x.is_nan() { x } else { small }
    }

    #[inline]
    fn mul_add(self, a: Self, b: Self) -> Self {
        self.mul_add(a, b)
    }

    fn product(out: MatMut<'_, Self>, sum: Accum, a: MatRef<'_, Self>, b: MatRef<'_, Self>, alpha: Self) {
        matmul(out, sum, a, b, alpha, Par::Seq);
    }
}

impl Float for f64 {
    fn sqrt(self) -> Self {
        self.sqrt()
    }

    #[inline]
    fn exp(self) -> Self {
        let x = if self > 709.0 { 709.0 } else { self };
        if x < -708.0 { 0.0 } else { x.exp() }
    }

    #[inline]
    fn mul_add(self, a: Self, b: Self) -> Self {
        self.mul_add(a, b)
    }

    fn product(out: MatMut<'_, Self>, sum: Accum, a: MatRef<'_, Self>, b: MatRef<'_, Self>, alpha: Self) {
        matmul(out, sum, a, b, alpha, Par::Seq);
    }
}

/// The sum of `term(k)` over `0..n`, in an order that depends on `n` alone and fills the processor's vectors.
#[inline]
pub(crate) fn sum_of<T: Float>(n: usize, term: impl Fn(usize) -> T) -> T {
    let mut partial = [T::zero(); LANES];
    let whole = n - n % LANES;
    for start in (0..whole).step_by(LANES) {
        for lane in 0..LANES {
            partial[lane] += term(start + lane);
        }
    }
    for k in whole..n {
        partial[k - whole] += term(k);
    }
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            let other = partial[lane + width];
            partial[lane] += other;
        }
        width /= 2;
    }
    partial[0]
}

/// The sum of a slice.
#[inline]
pub(crate) fn sum<T: Float>(x: &[T]) -> T {
    sum_of(x.len(), |k| x[k])
}

/// The largest of a slice; −∞ where it is empty.
#[inline]
pub(crate) fn max<T: Float>(x: &[T]) -> T {
    let larger = |a: T, b: T| if b > a { b } else { a };
    let mut partial = [T::from_f64(f64::NEG_INFINITY); LANES];
    let chunks = x.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for lane in 0..LANES {
            partial[lane] = larger(partial[lane], chunk[lane]);
        }
    }
    partial.iter().chain(rest).fold(T::from_f64(f64::NEG_INFINITY), |top, x| larger(top, *x))
}

/// `total += x`, element by element.
#[inline]
pub(crate) fn add_to<T: Float>(total: &mut [T], x: &[T]) {
    for (t, x) in total.iter_mut().zip(x) {
        *t += *x;
    }
}

/// The numbers of a contiguous CPU storage, of which `op` makes use.
pub(crate) fn numbers<'a, T: WithDType>(
    op: &'static str,
    storage: &'a CpuStorage,
    layout: &Layout,
) -> CandleResult<&'a [T]> {
    let (from, to) = layout.contiguous_offsets().ok_or(candle_core::Error::RequiresContiguous { op })?;
    Ok(&storage.as_slice::<T>()?[from..to])
}

/// Gives `read` the numbers of tensors on the CPU, made contiguous where they aren't.
pub(crate) fn with_numbers<T: WithDType, R, const N: usize>(
    op: &'static str,
    tensors: [&Tensor; N],
    read: impl FnOnce([&[T]; N]) -> CandleResult<R>,
) -> CandleResult<R> {
    let tensors = tensors.iter().map(|t| t.contiguous()).collect::<CandleResult<Vec<Tensor>>>()?;
    let held: Vec<_> = tensors.iter().map(Tensor::storage_and_layout).collect();
    let mut all: [&[T]; N] = [&[]; N];
    for (place, (storage, layout)) in all.iter_mut().zip(&held) {
        *place = match &**storage {
            Storage::Cpu(storage) => numbers(op, storage, layout)?,
            _ => return Err(candle_core::Error::Msg(format!("{op}: expected a tensor on the CPU"))),
        };
    }
    read(all)
}

/// Runs `$body` with `$t` as the number that `$dtype` names, for kernels of `$op`.
macro_rules! by_dtype {
    ($op:expr, $dtype:expr, $t:ident => $body:expr) => {
        match $dtype {
            candle_core::DType::F32 => {
                type $t = f32;
                $body
            }
            candle_core::DType::F64 => {
                type $t = f64;
                $body
            }
            other => Err(candle_core::Error::UnsupportedDTypeForOp(other, $op)),
        }
    };
}
pub(crate) use by_dtype;

/// Whether kernels of this crate take the tensor; others take candle's own operations.
pub(crate) fn has_kernel(tensor: &Tensor) -> bool {
    tensor.device().is_cpu() && matches!(tensor.dtype(), DType::F32 | DType::F64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Over the whole range, against `f64`'s exponential.
    #[test]
    fn the_exponential_is_within_two_units_in_the_last_place() {
        let worst = (-86_000..88_000)
            .map(|k| {
                let x = k as f32 * 1.0e-3;
                let exact = f64::from(x).exp();
                (f64::from(Float::exp(x)) / exact - 1.0).abs()
            })
            .fold(0.0, f64::max);
        assert!(worst < 2.0 * f64::from(f32::EPSILON), "{worst:e}");
    }

    #[test]
    fn the_exponential_ends_in_zero_and_a_finite_number() {
        assert_eq!(Float::exp(f32::NEG_INFINITY).to_bits(), 0);
        assert_eq!(Float::exp(-1.0e9_f32).to_bits(), 0);
        assert!(Float::exp(1.0e9_f32).is_finite());
        assert_eq!(Float::exp(0.0_f32).to_bits(), 1.0_f32.to_bits());
        assert!(Float::exp(f32::NAN).is_nan());
    }

    #[test]
    fn sums_of_any_length_are_exact_on_whole_numbers() {
        for n in 0..70_usize {
            let x: Vec<f32> = (0..n).map(|k| k as f32).collect();
            let wanted = (n * n.saturating_sub(1) / 2) as f32;
            assert_eq!(sum(&x).to_bits(), wanted.to_bits(), "{n} numbers");
        }
    }
}
