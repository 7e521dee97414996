//! The exponential where formulas ask for it: bit for bit that of `wide`, without the cases at the ends of its range.
//!
//! `wide` scales twice, so that results may overflow or be subnormal, and chooses among seven results. Within ±708 the
//! first factor is one and there is one result: half of the instructions, and two thirds of the time until a formula
//! has it. A vector with one number beyond takes `wide`'s way.

/// Exponents up to here, of either sign, have a normal result.
const NORMAL: f64 = 708.0;

/// Coefficients of x² to x¹³: those of the series.
const SERIES: [f64; 12] = [
    1.0 / 2.0,
    1.0 / 6.0,
    1.0 / 24.0,
    1.0 / 120.0,
    1.0 / 720.0,
    1.0 / 5_040.0,
    1.0 / 40_320.0,
    1.0 / 362_880.0,
    1.0 / 3_628_800.0,
    1.0 / 39_916_800.0,
    1.0 / 479_001_600.0,
    1.0 / 6_227_020_800.0,
];

/// ln 2 in two parts, of which the first is exact in products with whole numbers (fdlibm).
const LN_2: [f64; 2] = [0.693_145_751_953_125, 1.428_606_820_309_417_2e-6];

/// 2⁵² and the bias of exponents: added to a whole number, they put it where exponents are once moved up by 52 bits.
const TO_EXPONENT: f64 = 4_503_599_627_370_496.0 + 1_023.0;

macro_rules! exponentials {
    ($(#[$meta:meta])* $width:ident, $vector:ty, $bits:ty) => {
        $(#[$meta])*
        pub(crate) mod $width {
            use super::{LN_2, NORMAL, SERIES, TO_EXPONENT};

            /// eˣ.
            #[inline]
            pub(crate) fn exp(x: $vector) -> $vector {
                if !is_near(x) {
                    return far_exp(x);
                }
                let (z, _, power) = parts(x);
                (z + 1.0) * power
            }

            /// eˣ − 1, exact near zero.
            #[inline]
            pub(crate) fn exp_m1(x: $vector) -> $vector {
                if !is_near(x) {
                    return far_exp_m1(x);
                }
                let (z, r, power) = parts(x);
                let zero = <$vector>::ZERO;
                let grown = r.simd_eq(zero).select(z, (z + 1.0) * power - 1.0);
                // The series loses the sign of zero.
                x.simd_eq(zero).select(x, grown)
            }

            /// Whether all are, and numbers.
            #[inline]
            fn is_near(x: $vector) -> bool {
                x.abs().simd_lt(<$vector>::splat(NORMAL)).all()
            }

            #[cold]
            #[inline(never)]
            fn far_exp(x: $vector) -> $vector {
                x.exp()
            }

            #[cold]
            #[inline(never)]
            fn far_exp_m1(x: $vector) -> $vector {
                x.exp_m1()
            }

            /// x = r ln 2 + y: eʸ − 1, r, and 2ʳ. Sums of the series group its terms as `wide` does.
            #[inline]
            fn parts(x: $vector) -> ($vector, $vector, $vector) {
                let r = (x * <$vector>::LOG2_E).round_ties_even();
                let y = r.mul_neg_add(<$vector>::splat(LN_2[0]), x);
                let y = r.mul_neg_add(<$vector>::splat(LN_2[1]), y);
                let [c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13] = SERIES.map(<$vector>::splat);
                let y2 = y * y;
                let y4 = y2 * y2;
                let middle = y2.mul_add(y.mul_add(c11, c10), y.mul_add(c9, c8));
                let high = y4.mul_add(y.mul_add(c13, c12), middle);
                let first = y2.mul_add(y.mul_add(c3, c2), y);
                let low = y4.mul_add(y2.mul_add(y.mul_add(c7, c6), y.mul_add(c5, c4)), first);
                let bits: $bits = wide::bytemuck::cast(r + TO_EXPONENT);
                ((y4 * y4).mul_add(high, low), r, wide::bytemuck::cast(bits << 52))
            }
        }
    };
}

exponentials!(
    /// Two side by side.
    two,
    wide::f64x2,
    wide::i64x2
);
exponentials!(
    /// Four side by side.
    four,
    wide::f64x4,
    wide::i64x4
);

#[cfg(test)]
mod tests {
    use super::*;
    use wide::{f64x2, f64x4};

    fn check(x: f64) {
        let bits = |v: f64x4| v.to_array().map(f64::to_bits);
        let few = |v: f64x2| v.to_array().map(f64::to_bits);
        let (four, two) = (f64x4::from([x, 0.5, -x, 1.5]), f64x2::from([x, -x]));
        assert_eq!(bits(four::exp(four)), bits(four.exp()), "{x:e}");
        assert_eq!(bits(four::exp_m1(four)), bits(four.exp_m1()), "{x:e}");
        assert_eq!(few(two::exp(two)), few(two.exp()), "{x:e}");
        assert_eq!(few(two::exp_m1(two)), few(two.exp_m1()), "{x:e}");
    }

    #[test]
    fn every_exponential_is_that_of_wide_bit_for_bit() {
        for i in 0..80_000 {
            let x = 0.01 * f64::from(i);
            check(x);
            check(0.017 * x);
            check(1e-9 * x * x);
        }
        // Both sides of the range's ends, halfway between whole powers of two, and what is no exponent.
        let halfway = 0.5 * std::f64::consts::LN_2;
        for x in [0.0, NORMAL, 708.4, 709.78, 709.79, 744.0, 745.2, 1e300, f64::MIN_POSITIVE, halfway] {
            for x in [x, x.next_up(), x.next_down()] {
                check(x);
            }
        }
        check(f64::INFINITY);
        check(f64::NAN);
    }
}
