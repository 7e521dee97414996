//! Stationary kernels with one length scale for each input (automatic relevance determination).

use serde::{Deserialize, Serialize};

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
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;

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
