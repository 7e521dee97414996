use super::*;

#[test]
fn lanes_compute_what_one_column_computes_bit_for_bit() {
    let of_lanes = |f: fn(Lanes) -> Lanes, x: f64| {
        f(<Lanes as Real>::from_lanes(|k| if k == 2 { x } else { 0.5 })).at(2)
    };
    for i in 0..20_000 {
        let x = -40.0 + 0.004 * f64::from(i);
        assert_eq!(of_lanes(Real::exp, x).to_bits(), Real::exp(x).to_bits());
        assert_eq!(of_lanes(Real::exp_m1, x).to_bits(), Real::exp_m1(x).to_bits());
        let x = 1e-6 + 0.01 * f64::from(i);
        assert_eq!(of_lanes(Real::ln, x).to_bits(), Real::ln(x).to_bits());
        assert_eq!(of_lanes(Real::ln_1p, x).to_bits(), Real::ln_1p(x).to_bits());
        assert_eq!(of_lanes(Real::sqrt, x).to_bits(), Real::sqrt(x).to_bits());
    }
}

#[test]
fn exponential_and_logarithm_are_the_standard_librarys_to_rounding() {
    for i in 1..20_000 {
        let x = 0.01 * f64::from(i);
        assert!((Real::ln(x) - x.ln()).abs() <= 4e-16 * x.ln().abs().max(1e-3));
        let x = x - 100.0;
        assert!((Real::exp(x) - x.exp()).abs() <= 4e-16 * x.exp());
        assert!((Real::exp_m1(1e-9 * x) - (1e-9 * x).exp_m1()).abs() <= 4e-16 * (1e-9 * x).exp_m1().abs());
    }
    assert!(Real::powf(0.0, 2.5) == 0.0);
}

#[test]
fn bounds_pass_on_what_is_not_a_number_and_treat_zeros_alike() {
    let values = [f64::NAN, -1.0, -0.0, 0.0, 2.0, f64::INFINITY];
    for (a, b) in values.iter().flat_map(|&a| values.map(|b| (a, b))) {
        for (lanes, alone) in [Real::max(Lanes::from(a), b), Real::min(Lanes::from(a), b)]
            .into_iter()
            .zip([Real::max(a, b), Real::min(a, b)])
        {
            assert_eq!(lanes.at(1).to_bits(), alone.to_bits(), "{a} {b}");
            assert_eq!(alone.is_nan(), a.is_nan() || b.is_nan(), "{a} {b}");
        }
    }
    assert!(Real::clamp(f64::NAN, 0.0, 1.0).is_nan());
    assert!((Real::max(1.0, 2.0) - 2.0_f64).abs() < 1e-12 && (Real::min(1.0, 2.0) - 1.0_f64).abs() < 1e-12);
}

batched! {
    #[derive(Clone, Debug, PartialEq)]
    pub struct Pair {
        pub one: T,
        pub many: [[T; 2]; 3],
        pub word: PerColumn<T, &'static str>,
    }
}

#[test]
fn columns_come_out_as_they_went_in() {
    let columns: Vec<Pair> = (0..WIDTH)
        .map(|k| Pair {
            one: k as f64,
            many: [[1.0, 10.0 * k as f64], [0.0; 2], [3.0; 2]],
            word: PerColumn::new(|_| ["a", "b", "c", "d"][k]),
        })
        .collect();
    let mut batch = Pair::<Lanes>::gather(&|k| &columns[k]);
    assert!((0..WIDTH).all(|k| batch.lane(k) == columns[k]));
    batch.set_lane(1, &columns[3]);
    assert_eq!((batch.lane(1), batch.lane(0)), (columns[3].clone(), columns[0].clone()));
}

#[test]
fn masks_choose_lane_by_lane() {
    let x = Lanes::from([-1.0, 0.0, 2.0, 3.0]);
    let chosen = <Lanes as Real>::select(x.over(0.0) & x.under(3.0), x * 10.0, -1.0);
    assert_eq!(chosen.to_array().map(f64::to_bits), [-1.0_f64, -1.0, 20.0, -1.0].map(f64::to_bits));
    assert!(<Lanes as Real>::any(x.at_least(3.0)) && !<Lanes as Real>::any(x.over(3.0)));
    assert!(<Lanes as Real>::holds(!x.at_most(0.0), 2) && !<Lanes as Real>::holds(!x.at_most(0.0), 1));
}
