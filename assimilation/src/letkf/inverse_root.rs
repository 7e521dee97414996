//! `(1 + x)^(-1/2)` on `[0, κ - 1]` as a sum of poles: `Σ c_k / (1 + x + s_k)` with positive `c_k` and `s_k`.
//!
//! Method 3 of Hale, Higham and Trefethen 2008 (doi:10.1137/070700607): the trapezoidal rule on a contour integral after
//! a change of variable by Jacobi's elliptic functions, which is Zolotarev's best approximation. It converges
//! geometrically; eleven poles reach 10⁻¹⁵ at κ = 32. For a tridiagonal matrix a pole costs a few operations a row, where
//! eigenvectors would cost a row's length.

use std::f64::consts::{FRAC_PI_2, PI};
use std::sync::LazyLock;

/// One term: shift `s` and coefficient `c`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pole {
    /// Positive shift.
    pub shift: f64,
    /// Positive coefficient.
    pub coefficient: f64,
}

/// κ = 2^1 to 2^BUCKETS; beyond, an ensemble says nothing that double precision can hold.
const BUCKETS: usize = 52;

static POLES: LazyLock<Vec<Vec<Pole>>> =
    LazyLock::new(|| (1..=BUCKETS).map(|e| poles((e as f64).exp2())).collect());

/// Poles that serve all `x` from 0 to `largest`; not the same ones for every `largest`, but for every one of the same
/// power of two.
pub(crate) fn poles_up_to(largest: f64) -> &'static [Pole] {
    let exponent = (1.0 + largest.max(0.0)).log2().ceil();
    &POLES[(exponent as usize).clamp(1, BUCKETS) - 1]
}

/// The fewest poles that reach rounding error on `[1, kappa]`.
fn poles(kappa: f64) -> Vec<Pole> {
    let (k, complement) = (complete(1.0 / kappa), complete_complement(1.0 / kappa));
    let n = (ERROR.recip().ln() * complement / (2.0 * PI * k)).ceil() as usize;
    let pole = |j: usize| {
        // sc(K' - u) = sqrt(κ) / sc(u): the upper half mirrors the lower one.
        let mirrored = 2 * j >= n;
        let u = (if mirrored { n - 1 - j } else { j } as f64 + 0.5) * complement / n as f64;
        let (sc, slope) = tangent(u, kappa, (k, complement));
        let factor = if mirrored { kappa.sqrt() / (sc * sc) } else { 1.0 };
        Pole {
            shift: (sc * factor).powi(2),
            coefficient: 2.0 * complement / (PI * n as f64) * slope * factor,
        }
    };
    (0..n).map(pole).collect()
}

/// Relative error that is aimed at, up to a factor of four.
const ERROR: f64 = 1e-16;

/// Complete elliptic integral K of parameter `m`.
fn complete(m: f64) -> f64 {
    FRAC_PI_2 / mean(1.0, (1.0 - m).sqrt())
}

/// K of the parameter `1 - m`, without cancellation.
fn complete_complement(m: f64) -> f64 {
    FRAC_PI_2 / mean(1.0, m.sqrt())
}

/// Arithmetic-geometric mean.
fn mean(mut a: f64, mut b: f64) -> f64 {
    while (a - b).abs() > 4.0 * f64::EPSILON * a {
        (a, b) = (0.5 * (a + b), (a * b).sqrt());
    }
    a
}

/// `sc(u)` of parameter `1 - 1/κ` and its slope, `u` at most half the period: `sn(i u) = i sc(u)`, by the Fourier series of
/// sn (Abramowitz and Stegun 16.20 and 16.23), whose terms are all positive here.
fn tangent(u: f64, kappa: f64, (k, complement): (f64, f64)) -> (f64, f64) {
    let nome = (-PI * complement / k).exp();
    let (mut value, mut slope) = (0.0, 0.0);
    for odd in (1..).step_by(2).map(f64::from) {
        let weight = nome.powf(0.5 * odd) / (1.0 - nome.powf(odd));
        let (rate, before) = (odd * FRAC_PI_2 / k, slope);
        value += weight * (rate * u).sinh();
        slope += weight * rate * (rate * u).cosh();
        if slope - before <= f64::EPSILON * slope {
            break;
        }
    }
    let amplitude = 2.0 * PI * kappa.sqrt() / k;
    (amplitude * value, amplitude * slope)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    fn sum(poles: &[Pole], x: f64) -> f64 {
        poles.iter().map(|p| p.coefficient / (1.0 + x + p.shift)).sum()
    }

    #[test]
    fn the_sum_of_poles_is_the_inverse_root_to_rounding() {
        for exponent in [1_i32, 2, 5, 10, 20, 40] {
            let largest = f64::from(exponent).exp2() - 1.0;
            let poles = poles_up_to(largest);
            for k in 0..=1000 {
                let x = largest * (f64::from(k) / 1000.0).powi(exponent);
                assert_relative_eq!(sum(poles, x), (1.0 + x).sqrt().recip(), max_relative = 8e-15);
            }
        }
    }

    #[test]
    fn usual_spectra_need_few_poles() {
        assert_eq!(poles_up_to(30.0).len(), 12);
        assert_eq!(poles_up_to(1000.0).len(), 19);
        assert!(poles_up_to(1e9).len() < 50);
    }

    #[test]
    fn elliptic_functions_have_published_values() {
        // Abramowitz and Stegun: K(0.5), table 17.1; sn(0.2 | 0.81) = 0.19762 and cn = 0.98028, example 16.4.
        assert_relative_eq!(complete(0.5), 1.854_074_677_301_372, max_relative = 1e-15);
        let kappa = 1.0 / 0.19;
        let (sc, slope) = tangent(0.2, kappa, (complete(0.19), complete_complement(0.19)));
        assert_relative_eq!(sc, 0.19762 / 0.98028, epsilon = 1e-5);
        assert_relative_eq!(slope, 0.98406 / 0.98028_f64.powi(2), epsilon = 2e-5);
    }
}
