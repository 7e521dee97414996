//! What must hold for a whole day of the soil, whatever its state.

use proptest::prelude::*;

use super::fixtures::{column, litter, seasonal, with_mineral_nitrogen};
use super::*;
use crate::lanes::{Batched, Lanes, WIDTH};

const SOIL_RATIOS: [(Pool, f64); 3] =
    [(Pool::ActiveSoil, 8.0), (Pool::SlowSoil, 11.0), (Pool::PassiveSoil, 11.0)];

fn layers(range: std::ops::Range<f64>) -> impl Strategy<Value = [f64; LAYERS]> {
    proptest::collection::vec(range, LAYERS).prop_map(|v| std::array::from_fn(|j| v[j]))
}

fn pools(largest: f64) -> impl Strategy<Value = Pools> {
    proptest::collection::vec(0.0..largest, LAYERS * POOLS)
        .prop_map(|v| std::array::from_fn(|j| std::array::from_fn(|i| v[j * POOLS + i])))
}

prop_compose! {
    fn states()(carbon in pools(500.0), nitrogen in pools(20.0), nh4 in layers(0.0..0.02), no3 in layers(0.0..0.05))
        -> SoilState { SoilState { carbon, nitrogen, nh4, no3 } }
}

prop_compose! {
    fn climates()(temperature in layers(250.0..315.0), psi in layers(-3.0..0.0), water in layers(0.0..0.5),
        frozen_depth_limit in 0.0..4.0, drainage in 0.0..80.0, surface_runoff in 0.0..80.0, et_annual in 0.0..1500.0, activity in 0.2..5.0)
        -> SoilClimate {
        SoilClimate { temperature, psi, water, frozen_depth_limit, drainage, surface_runoff, et_annual, activity }
    }
}

prop_compose! {
    fn inputs()(litter_carbon in pools(1.0), litter_nitrogen in pools(0.05), nitrogen_deposition in 0.0..0.1,
        nitrogen_fixation in 0.0..0.1, plant_nitrogen_demand in 0.0..2.0,
        burned in prop_oneof![Just(0.0), 0.0..0.01, Just(1.0)]) -> SoilInput {
        SoilInput { litter_carbon, litter_nitrogen, nitrogen_deposition, nitrogen_fixation, plant_nitrogen_demand, burned }
    }
}

/// What a column has for a day: its soil, climate, input and parameters, and the state it starts from.
type Case = (SoilColumn, SoilClimate, SoilInput, SoilParameters, SoilState);

fn cases(active: usize) -> impl Strategy<Value = Case> {
    let p = (0.0..2.0, 0.02..0.3, 1.1..4.0);
    (states(), climates(), inputs(), 5.0..95.0, p).prop_map(move |(state, climate, input, sand, p)| {
        let (decomp_scale, depth_runoff_nloss, q10_hr) = p;
        let p = SoilParameters { q10_hr, decomp_scale, depth_runoff_nloss, ..SoilParameters::default() };
        (SoilColumn { sand, ..column(active) }, climate, input, p, state)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_batch_does_what_its_columns_do_alone(
        columns in (1..=LAYERS).prop_flat_map(|active| proptest::collection::vec(cases(active), WIDTH)),
    ) {
        let mut state = SoilState::<Lanes>::gather(&|k| &columns[k].4);
        let soil = SoilColumn::gather(&|k| &columns[k].0);
        let climate = SoilClimate::gather(&|k| &columns[k].1);
        let input = SoilInput::gather(&|k| &columns[k].2);
        let p = SoilBiology::new(&SoilParameters::gather(&|k| &columns[k].3));
        let mut trace = OperatorTrace::new();
        let mut fluxes = SoilFluxes::default();
        for _ in 0..3 {
            fluxes = step(&mut state, &soil, &climate, &input, &p, Some(&mut trace));
        }
        for (k, (soil, climate, input, p, start)) in columns.iter().enumerate() {
            let (mut alone, mut traced, mut left) = (start.clone(), OperatorTrace::new(), SoilFluxes::default());
            for _ in 0..3 {
                left = step(&mut alone, soil, climate, input, &SoilBiology::new(p), Some(&mut traced));
            }
            // Debug prints each number so that it reads back as the same bits.
            prop_assert_eq!(format!("{:?}", fluxes.lane(k)), format!("{left:?}"));
            prop_assert_eq!(format!("{:?}", state.lane(k)), format!("{alone:?}"));
            prop_assert_eq!(format!("{:?}", trace.lane(k)), format!("{traced:?}"));
            prop_assert_eq!(state.total_carbon().at(k).to_bits(), alone.total_carbon().to_bits());
            prop_assert_eq!(state.total_nitrogen().at(k).to_bits(), alone.total_nitrogen().to_bits());
        }
    }

    #[test]
    fn a_day_conserves_carbon_and_nitrogen_and_leaves_nothing_negative(
        before in states(), climate in climates(), input in inputs(),
        active in 1..=LAYERS, scale in prop_oneof![Just(1.0), Just(0.0), Just(1e4)],
    ) {
        let p = SoilParameters { decomp_scale: scale, ..SoilParameters::default() };
        let mut after = before.clone();
        let f = step(&mut after, &column(active), &climate, &input, &SoilBiology::new(&p), None);
        let carbon_in: f64 = input.litter_carbon.iter().flatten().sum();
        let carbon = before.total_carbon() + carbon_in - f.heterotrophic_respiration - f.fire;
        prop_assert!((after.total_carbon() - carbon).abs() <= 1e-12 * carbon);
        let nitrogen_in = input.litter_nitrogen.iter().flatten().sum::<f64>()
            + input.nitrogen_deposition + input.nitrogen_fixation + f.free_fixation;
        let nitrogen = before.total_nitrogen() + nitrogen_in
            - f.plant_nitrogen_uptake - f.denitrification - f.leaching - f.fire_nitrogen;
        prop_assert!((after.total_nitrogen() - nitrogen).abs() <= 1e-12 * nitrogen);
        prop_assert!(after.carbon.iter().chain(&after.nitrogen).flatten().all(|&x| x >= 0.0));
        prop_assert!(after.nh4.iter().chain(&after.no3).all(|&x| x >= 0.0));
        prop_assert!((0.0..=1.0 + 1e-12).contains(&f.fpi));
        prop_assert!(f.plant_nitrogen_uptake <= input.plant_nitrogen_demand * (1.0 + 1e-12));
        prop_assert!(f.n2o <= f.denitrification * (1.0 + 1e-12));
        prop_assert!(f.heterotrophic_respiration >= 0.0 && f.immobilisation >= 0.0 && f.leaching >= 0.0);
    }
}

#[test]
fn soil_carbon_to_nitrogen_stays_8_11_11() {
    let (soil, p) = (column(LAYERS), SoilParameters::default());
    let mut state = with_mineral_nitrogen(0.1);
    for day in 0..3650 {
        step(&mut state, &soil, &seasonal(day % 365), &litter(&soil, 50.0, 1.0), &SoilBiology::new(&p), None);
    }
    for (pool, cn) in SOIL_RATIOS {
        for j in 0..LAYERS {
            let (carbon, nitrogen) = (state.carbon[j][pool as usize], state.nitrogen[j][pool as usize]);
            assert!(carbon > 0.0, "{} is empty in layer {j}", pool.name());
            assert!(
                (carbon / nitrogen - cn).abs() < 1e-9,
                "{} in layer {j}: {}",
                pool.name(),
                carbon / nitrogen
            );
        }
    }
}

#[test]
fn a_wrong_soil_ratio_relaxes_to_the_fixed_one() {
    let (soil, p) = (column(1), SoilParameters::default());
    let mut state = with_mineral_nitrogen(1.0);
    state.carbon[0][4] = 100.0;
    state.nitrogen[0][4] = 20.0;
    for day in 0..3650 {
        step(&mut state, &soil, &seasonal(day % 365), &litter(&soil, 50.0, 1.0), &SoilBiology::new(&p), None);
    }
    assert!((state.carbon[0][4] / state.nitrogen[0][4] - 8.0).abs() < 1e-3);
}

#[test]
fn without_mineral_nitrogen_poor_litter_waits() {
    let (soil, p) = (column(1), SoilParameters::default());
    let mut state = SoilState::default();
    state.carbon[0][1] = 100.0;
    state.nitrogen[0][1] = 0.5;
    let none = SoilInput::default();
    let dry = SoilClimate { et_annual: 0.0, ..seasonal(180) };
    let p = SoilParameters { freelivfix_intercept: 0.0, ..p };
    let fluxes = step(&mut state, &soil, &dry, &none, &SoilBiology::new(&p), None);
    assert!(fluxes.fpi == 0.0 && fluxes.heterotrophic_respiration == 0.0);
    assert!((state.carbon[0][1] - 100.0).abs() < 1e-12);
    state.nh4[0] = 10.0;
    let fluxes = step(&mut state, &soil, &dry, &none, &SoilBiology::new(&p), None);
    assert!((fluxes.fpi - 1.0).abs() < 1e-15 && fluxes.heterotrophic_respiration > 0.0);
}

#[test]
fn nothing_happens_in_dry_and_frozen_soil() {
    let (soil, p) = (column(LAYERS), SoilParameters::default());
    let climate = SoilClimate { psi: [-2.5; LAYERS], frozen_depth_limit: 0.0, ..seasonal(0) };
    let mut state = with_mineral_nitrogen(0.1);
    state.carbon = [[10.0, 10.0, 10.0, 10.0, 10.0, 10.0, 10.0]; LAYERS];
    let fluxes = step(&mut state, &soil, &climate, &SoilInput::default(), &SoilBiology::new(&p), None);
    assert!(fluxes.heterotrophic_respiration.abs() + fluxes.nitrification.abs() < 1e-15);
    for layer in state.carbon {
        assert!(layer.iter().all(|c| (c - 10.0).abs() < 1e-13));
    }
}

#[test]
fn a_trace_does_not_change_the_day() {
    let (soil, p) = (column(LAYERS), SoilParameters::default());
    let (mut plain, mut traced) = (with_mineral_nitrogen(0.1), with_mineral_nitrogen(0.1));
    let mut trace = OperatorTrace::new();
    for day in 0..50 {
        let (climate, input) = (seasonal(day), litter(&soil, 50.0, 1.0));
        let without = step(&mut plain, &soil, &climate, &input, &SoilBiology::new(&p), None);
        let with = step(&mut traced, &soil, &climate, &input, &SoilBiology::new(&p), Some(&mut trace));
        assert_eq!(without, with);
    }
    assert_eq!(plain, traced);
    assert_eq!(trace.days, 50);
}
