//! The standard normal distribution and its quantile function.
//!
//! Quantiles by algorithm AS 241 (PPND16) of Wichura (1988), Appl. Statist. 37, 477-484, doi:10.2307/2347330: rational
//! approximations in three ranges, relative error about 1e-16. Probabilities by Hart et al. (1968), Computer
//! Approximations, number 5666, as printed by West (2005), Wilmott Magazine, May, 70-76: absolute error about 1e-16.
#![allow(clippy::excessive_precision, reason = "the coefficients are printed as in the paper")]

/// Numerator and denominator of the central range, |p - 1/2| <= 0.425, lowest power first.
const CENTRE: [[f64; 8]; 2] = [
    [
        3.387_132_872_796_366_608,
        1.331_416_678_917_843_774_5e2,
        1.971_590_950_306_551_442_7e3,
        1.373_169_376_550_946_112_5e4,
        4.592_195_393_154_987_145_7e4,
        6.726_577_092_700_870_085_3e4,
        3.343_057_558_358_812_810_5e4,
        2.509_080_928_730_122_672_7e3,
    ],
    [
        1.0,
        4.231_333_070_160_091_125_2e1,
        6.871_870_074_920_579_083e2,
        5.394_196_021_424_751_107_7e3,
        2.121_379_430_158_659_586_7e4,
        3.930_789_580_009_271_061e4,
        2.872_908_573_572_194_267_4e4,
        5.226_495_278_852_854_561e3,
    ],
];
/// The near tail, sqrt(-ln p) <= 5.
const NEAR_TAIL: [[f64; 8]; 2] = [
    [
        1.423_437_110_749_683_577_34,
        4.630_337_846_156_545_295_9,
        5.769_497_221_460_691_405_5,
        3.647_848_324_763_204_605_04,
        1.270_458_252_452_368_382_58,
        2.417_807_251_774_506_117_7e-1,
        2.272_384_498_926_918_458_33e-2,
        7.745_450_142_783_414_076_4e-4,
    ],
    [
        1.0,
        2.053_191_626_637_758_821_87,
        1.676_384_830_183_803_849_4,
        6.897_673_349_851_000_045_5e-1,
        1.481_039_764_274_800_745_9e-1,
        1.519_866_656_361_645_719_66e-2,
        5.475_938_084_995_344_946e-4,
        1.050_750_071_644_416_843_24e-9,
    ],
];
/// The far tail.
const FAR_TAIL: [[f64; 8]; 2] = [
    [
        6.657_904_643_501_103_777_2,
        5.463_784_911_164_114_369_9,
        1.784_826_539_917_291_335_8,
        2.965_605_718_285_048_912_3e-1,
        2.653_218_952_657_612_309_3e-2,
        1.242_660_947_388_078_438_6e-3,
        2.711_555_568_743_487_578_15e-5,
        2.010_334_399_292_288_132_65e-7,
    ],
    [
        1.0,
        5.998_322_065_558_879_376_9e-1,
        1.369_298_809_227_358_053_1e-1,
        1.487_536_129_085_061_485_25e-2,
        7.868_691_311_456_132_591e-4,
        1.846_318_317_510_054_681_8e-5,
        1.421_511_758_316_445_888_7e-7,
        2.044_263_103_389_939_785_64e-15,
    ],
];

/// The standard normal quantile of probability `p`: -inf at 0, +inf at 1, NaN outside [0, 1].
#[must_use]
pub fn quantile(p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    let q = p - 0.5;
    if p <= 0.0 || p >= 1.0 {
        return q * f64::INFINITY;
    }
    if q.abs() <= 0.425 {
        return q * rational(&CENTRE, 0.180_625 - q * q);
    }
    let r = (-p.min(1.0 - p).ln()).sqrt();
    let tail = if r <= 5.0 { rational(&NEAR_TAIL, r - 1.6) } else { rational(&FAR_TAIL, r - 5.0) };
    tail.copysign(q)
}

fn rational(c: &[[f64; 8]; 2], x: f64) -> f64 {
    let horner = |c: &[f64; 8]| c.iter().rev().fold(0.0, |sum, c| sum * x + c);
    horner(&c[0]) / horner(&c[1])
}

/// Hart's numerator and denominator for |z| below [`TAIL`], lowest power first.
const CUMULATIVE: [[f64; 8]; 2] = [
    [
        220.206_867_912_376,
        221.213_596_169_931,
        112.079_291_497_871,
        33.912_866_078_383,
        6.373_962_203_531_65,
        0.700_383_064_443_688,
        3.526_249_659_989_11e-2,
        0.0,
    ],
    [
        440.413_735_824_752,
        793.826_512_519_948,
        637.333_633_378_831,
        296.564_248_779_674,
        86.780_732_202_946_1,
        16.064_177_579_207,
        1.755_667_163_182_64,
        8.838_834_764_831_84e-2,
    ],
];
/// Where a continued fraction takes over.
const TAIL: f64 = 7.071_067_811_865_47;

/// The probability that a standard normal variable is below `z`.
#[must_use]
pub fn cumulative(z: f64) -> f64 {
    let y = z.abs();
    let density = (-0.5 * y * y).exp();
    let beyond = if y < TAIL {
        density * rational(&CUMULATIVE, y)
    } else {
        let fraction = [4.0, 3.0, 2.0, 1.0].iter().fold(y + 0.65, |below, k| y + k / below);
        density / (fraction * std::f64::consts::TAU.sqrt())
    };
    if z > 0.0 { 1.0 - beyond } else { beyond }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    /// The check values printed in Wichura (1988) and two common ones.
    #[test]
    fn quantile_gives_the_papers_values() {
        for (p, z) in [
            (0.25, -0.674_489_750_196_081_743),
            (0.001, -3.090_232_306_167_813_541),
            (1e-20, -9.262_340_089_798_407_579),
            (0.975, 1.959_963_984_540_054),
            (0.5, 0.0),
        ] {
            assert_relative_eq!(quantile(p), z, max_relative = 1e-14);
        }
    }

    /// Abramowitz and Stegun (1964), tables 26.1 and 26.2.
    #[test]
    fn probabilities_are_those_of_the_tables() {
        for (z, p) in [
            (0.0, 0.5),
            (1.0, 0.841_344_746_068_543),
            (1.96, 0.975_002_104_851_780),
            (-3.0, 1.349_898_031_630_095e-3),
            (-5.0, 2.866_515_718_791_940e-7),
            (-10.0, 7.619_853_024_160_527e-24),
        ] {
            assert_relative_eq!(cumulative(z), p, max_relative = 2e-12);
        }
    }

    #[test]
    fn probabilities_undo_quantiles() {
        for k in 1..1000 {
            let p = f64::from(k) / 1000.0;
            assert!((cumulative(quantile(p)) - p).abs() < 4e-16, "{p}");
        }
    }

    #[test]
    fn quantile_marks_the_ends() {
        assert!(quantile(0.0).is_infinite() && quantile(0.0).is_sign_negative());
        assert!(quantile(1.0).is_infinite() && quantile(1.0).is_sign_positive());
        assert!(quantile(-0.1).is_nan() && quantile(f64::NAN).is_nan());
    }
}
