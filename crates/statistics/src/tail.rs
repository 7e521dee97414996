//! Tails of the distributions that tests of significance are made with.

use std::f64::consts::{FRAC_2_PI, PI};

/// Steps after which a series or continued fraction has converged for any number of degrees of freedom met here.
const MOST_STEPS: usize = 100_000;

/// Probability that a χ² variable of `dof` degrees of freedom exceeds `x`; NaN where `dof` is not positive or `x` is
/// NaN.
#[must_use]
pub fn chi_square_tail(x: f64, dof: f64) -> f64 {
    if dof <= 0.0 || dof.is_nan() || x.is_nan() {
        return f64::NAN;
    }
    if x <= 0.0 { 1.0 } else { upper_gamma(0.5 * dof, 0.5 * x) }
}

/// Probability that a standard normal variable is farther from zero than `z`.
#[must_use]
pub fn normal_two_sided(z: f64) -> f64 {
    chi_square_tail(z * z, 1.0)
}

/// Probability that Student's variable of `dof` degrees of freedom is farther from zero than `t`; NaN without degrees
/// of freedom. Abramowitz and Stegun (1964), 26.7.3 and 26.7.4.
#[must_use]
pub fn student_two_sided(t: f64, dof: u32) -> f64 {
    if dof == 0 {
        return f64::NAN;
    }
    let angle = (t.abs() / f64::from(dof).sqrt()).atan();
    let (sin, cos) = angle.sin_cos();
    // Odd and even powers of the cosine: each term is the one before times (k - 1) / k cos².
    let odd = dof % 2 == 1;
    let (mut term, mut k) = if odd { (cos, 3) } else { (1.0, 2) };
    let mut sum = if dof == 1 { 0.0 } else { term };
    while k + 2 <= dof {
        term *= f64::from(k - 1) / f64::from(k) * cos * cos;
        sum += term;
        k += 2;
    }
    let inside = if odd { FRAC_2_PI * (angle + sin * sum) } else { sin * sum };
    (1.0 - inside).max(0.0)
}

/// The regularised upper incomplete gamma function `Q(a, x)`, a and x above 0: its series below `a + 1`, its continued
/// fraction above (Press et al. 2007, Numerical Recipes, section 6.2).
fn upper_gamma(a: f64, x: f64) -> f64 {
    if x.is_infinite() {
        return 0.0;
    }
    let scale = (a * x.ln() - x - ln_gamma(a)).exp();
    if x < a + 1.0 { 1.0 - scale * series(a, x) } else { scale * fraction(a, x) }
}

fn series(a: f64, x: f64) -> f64 {
    let (mut term, mut sum, mut n) = (1.0 / a, 1.0 / a, a);
    for _ in 0..MOST_STEPS {
        n += 1.0;
        term *= x / n;
        sum += term;
        if term <= sum * f64::EPSILON {
            break;
        }
    }
    sum
}

/// By the modified method of Lentz.
fn fraction(a: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away_from_zero = |v: f64| if v.abs() < TINY { TINY } else { v };
    let mut b = x + 1.0 - a;
    let (mut c, mut d) = (1.0 / TINY, 1.0 / away_from_zero(b));
    let mut product = d;
    for i in 1..MOST_STEPS {
        let i = i as f64;
        let an = -i * (i - a);
        b += 2.0;
        d = 1.0 / away_from_zero(an * d + b);
        c = away_from_zero(b + an / c);
        product *= d * c;
        if (d * c - 1.0).abs() <= f64::EPSILON {
            break;
        }
    }
    product
}

/// The logarithm of Γ(a), a above 0, by Lanczos (1964), doi:10.1137/0701008, with Godfrey's coefficients for g = 7.
fn ln_gamma(a: f64) -> f64 {
    const G: f64 = 7.0;
    const COEFFICIENTS: [f64; 8] = [
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    if a < 0.5 {
        // The reflection formula.
        return (PI / (PI * a).sin()).ln() - ln_gamma(1.0 - a);
    }
    let x = a - 1.0;
    let terms = COEFFICIENTS.iter().zip(1..);
    let sum = terms.fold(0.999_999_999_999_809_9, |sum, (c, k)| sum + c / (x + f64::from(k)));
    let t = x + G + 0.5;
    0.5 * (2.0 * PI).ln() + (x + 0.5) * t.ln() - t + sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    /// Critical values of the usual tables, and the closed forms exp(-x/2) for two and four degrees of freedom.
    #[test]
    fn chi_square_gives_tabled_values() {
        for (x, dof, p) in [
            (3.841_458_820_694_124, 1.0, 0.05),
            (18.307_038_053_275_146, 10.0, 0.05),
            (23.209_251_158_954_356, 10.0, 0.01),
            (124.342_113_404_004_1, 100.0, 0.05),
            (2.0, 2.0, (-1.0_f64).exp()),
            (6.0, 4.0, 4.0 * (-3.0_f64).exp()),
        ] {
            assert_relative_eq!(chi_square_tail(x, dof), p, max_relative = 1e-9);
        }
        // Wilson and Hilferty: the median of many degrees of freedom lies 2/3 below them.
        assert_relative_eq!(chi_square_tail(50_000.0 - 2.0 / 3.0, 50_000.0), 0.5, epsilon = 1e-5);
        assert_relative_eq!(normal_two_sided(-1.959_963_984_540_054), 0.05, max_relative = 1e-12);
        assert_relative_eq!(normal_two_sided(8.0), 1.244_192_114_854_348e-15, max_relative = 1e-10);
    }

    #[test]
    fn student_gives_tabled_values() {
        for (t, dof, p) in [
            (12.706_204_736_432_095, 1, 0.05),
            (4.302_652_729_911_275, 2, 0.05),
            (3.182_446_305_284_263, 3, 0.05),
            (-2.228_138_851_964_939, 10, 0.05),
            (3.169_272_672_616_950_4, 10, 0.01),
            (2.039_513_446_396_408_5, 31, 0.05),
        ] {
            assert_relative_eq!(student_two_sided(t, dof), p, max_relative = 1e-9);
        }
    }

    #[test]
    fn the_ends_are_certain_and_no_freedom_has_no_answer() {
        assert_relative_eq!(chi_square_tail(0.0, 3.0), 1.0);
        assert_relative_eq!(chi_square_tail(f64::INFINITY, 3.0), 0.0);
        assert_relative_eq!(student_two_sided(0.0, 4), 1.0);
        assert!(chi_square_tail(1.0, 0.0).is_nan() && chi_square_tail(f64::NAN, 1.0).is_nan());
        assert!(student_two_sided(1.0, 0).is_nan());
    }
}
