//! The exponential of a whole profile at once: no calls and no branches, so that the compiler vectorises it.

/// `1.5 * 2^52`: adding it rounds to an integer, which then stands in the low bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// `ln 2` in two parts, the first with trailing zeros, so that its multiples are exact.
const LN_2: [f64; 2] = [0.693_147_180_369_123_8, 1.908_214_929_270_587_7e-10];

/// Arguments beyond this (either sign) are set to it; `exp` of it is still a normal number.
const LARGEST: f64 = 700.0;

/// Reciprocal factorials `1/11!` to `1/0!`: the Taylor series to 1e-14 on half of `ln 2`.
const SERIES: [f64; 12] = [
    1.0 / 39_916_800.0,
    1.0 / 3_628_800.0,
    1.0 / 362_880.0,
    1.0 / 40_320.0,
    1.0 / 5_040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    0.5,
    1.0,
    1.0,
];

/// Replaces each value by its exponential, to a relative error of 1e-14.
pub(super) fn exponentiate(profile: &mut [f64]) {
    for x in profile {
        *x = exp(*x);
    }
}

#[inline]
fn exp(x: f64) -> f64 {
    let x = x.clamp(-LARGEST, LARGEST);
    let shifted = x * std::f64::consts::LOG2_E + ROUND;
    let halvings = shifted - ROUND;
    let rest = (x - halvings * LN_2[0]) - halvings * LN_2[1];
    let mut series = 0.0;
    for coefficient in SERIES {
        series = series * rest + coefficient;
    }
    let power = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1.0_f64.to_bits()));
    series * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_standard_library() {
        for i in -70_000_i32..=70_000 {
            let x = f64::from(i) * 0.01 + 1e-4 / f64::from(i.abs() + 1);
            let expected = x.clamp(-LARGEST, LARGEST).exp();
            assert!((exp(x) / expected - 1.0).abs() < 2e-14, "exp({x})");
        }
    }

    #[test]
    fn stays_finite_and_passes_nan_on() {
        assert!(exp(1e300).is_finite() && exp(f64::NEG_INFINITY) > 0.0);
        assert!(exp(f64::NAN).is_nan());
    }
}
