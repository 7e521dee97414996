//! Stationary kernels with one length scale for each input (automatic relevance determination).

use serde::{Deserialize, Serialize};
use wide::f64x4;

/// A kernel of the scaled distance `r`, `r² = Σ_d ((x_d - x'_d) / ℓ_d)²`; Rasmussen and Williams 2006, chapter 4.2
/// (<https://gaussianprocess.org/gpml>).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kernel {
    /// Squared exponential, `exp(-r² / 2)`: smooth without limit.
    Rbf,
    /// Matérn with ν = 3/2, `(1 + √3 r) exp(-√3 r)`: one derivative.
    Matern32,
    /// Matérn with ν = 5/2, `(1 + √5 r + 5 r² / 3) exp(-√5 r)`: two derivatives.
    #[default]
    Matern52,
}

/// A correlation and its slope.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Correlation {
    /// The kernel for unit variance.
    pub value: f64,
    /// `-2 ∂value / ∂(r²)`: every derivative of the kernel is this times differences of inputs.
    pub slope: f64,
}

impl Kernel {
    /// The kernel at a squared scaled distance.
    pub(super) fn at(self, squared: f64) -> Correlation {
        match self {
            Self::Rbf => {
                let value = (-0.5 * squared).exp();
                Correlation { value, slope: value }
            }
            Self::Matern32 => {
                let s = (3.0 * squared).sqrt();
                let decay = (-s).exp();
                Correlation { value: (1.0 + s) * decay, slope: 3.0 * decay }
            }
            Self::Matern52 => {
                let s = (5.0 * squared).sqrt();
                let decay = (-s).exp();
                let slope = 5.0 / 3.0 * (1.0 + s) * decay;
                Correlation { value: (1.0 + s + s * s / 3.0) * decay, slope }
            }
        }
    }

    /// The kernel at many squared scaled distances, which become its values; their slopes go to `slope`, of the same
    /// length. Four at a time: the last digits differ from [`Self::at`].
    pub(super) fn at_each(self, squared: &mut [f64], slope: &mut [f64]) {
        let (values, rest) = squared.as_chunks_mut::<4>();
        let (slopes, slope_rest) = slope.as_chunks_mut::<4>();
        for (value, slope) in values.iter_mut().zip(slopes) {
            (*value, *slope) = self.at_four(*value);
        }
        let count = rest.len();
        let mut last = [0.0; 4];
        last[..count].copy_from_slice(rest);
        let (value, slope) = self.at_four(last);
        rest.copy_from_slice(&value[..count]);
        slope_rest.copy_from_slice(&slope[..count]);
    }

    fn at_four(self, squared: [f64; 4]) -> ([f64; 4], [f64; 4]) {
        let squared = f64x4::from(squared);
        let (value, slope) = match self {
            Self::Rbf => {
                let value = (squared * -0.5).exp();
                (value, value)
            }
            Self::Matern32 => {
                let s = (squared * 3.0).sqrt();
                let decay = (-s).exp();
                ((s + 1.0) * decay, decay * 3.0)
            }
            Self::Matern52 => {
                let s = (squared * 5.0).sqrt();
                let decay = (-s).exp();
                let rise = s + 1.0;
                ((rise + s * s * (1.0 / 3.0)) * decay, rise * decay * (5.0 / 3.0))
            }
        };
        (value.to_array(), slope.to_array())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;

    #[test]
    fn four_at_a_time_are_the_same_as_one() {
        for kernel in [Kernel::Rbf, Kernel::Matern32, Kernel::Matern52] {
            let squared = [0.0, 1e-12, 0.3, 1.0, 2.0, 40.0, 9e4];
            let (mut values, mut slopes) = (squared, [0.0; 7]);
            kernel.at_each(&mut values, &mut slopes);
            for k in 0..7 {
                let one = kernel.at(squared[k]);
                assert_abs_diff_eq!(values[k], one.value, epsilon = 1e-15);
                assert_abs_diff_eq!(slopes[k], one.slope, epsilon = 1e-14);
            }
        }
    }

    #[test]
    fn slopes_are_derivatives_of_values() {
        for kernel in [Kernel::Rbf, Kernel::Matern32, Kernel::Matern52] {
            for squared in [0.01, 0.3, 2.0, 9.0] {
                let (h, at) = (1e-6, |x| kernel.at(x).value);
                let derivative = (at(squared + h) - at(squared - h)) / (2.0 * h);
                assert_abs_diff_eq!(kernel.at(squared).slope, -2.0 * derivative, epsilon = 1e-8);
            }
            assert_abs_diff_eq!(kernel.at(0.0).value, 1.0);
        }
    }
}
