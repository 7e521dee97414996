//! The ways against each other.

use std::sync::Arc;

use super::*;
use crate::column::{Base, Column, ColumnState, Cover, Site, USUAL_WIND, simulate};
use crate::energy::solar::SolarTable;
use crate::fire::Ignition;
use crate::fire::tests::MEDITERRANEAN;
use crate::forcing::{Atmosphere, MonthlyWeather, WeatherSeries};
use crate::lanes::{Lanes, WIDTH};
use crate::parameters::Parameters;
use crate::plant::pft::Pft;
use crate::soil::{LAYERS, POOLS, Pool};
use crate::weather::disaggregate;

/// A forcing cycle of two years with cold winters.
fn weather() -> WeatherSeries {
    let month = |m: usize| {
        let wave = (std::f64::consts::TAU * (m as f64 - 0.5) / 12.0).cos();
        MonthlyWeather {
            tmin: 274.0 - 12.0 * wave,
            tmax: 283.0 - 14.0 * wave,
            shortwave: 120.0 - 95.0 * wave,
            vpd: 350.0 - 250.0 * wave,
            precipitation: if m < 12 { 2.5e-5 } else { 1.8e-5 },
            air: Atmosphere::with_co2(380.0),
        }
    };
    let months: Vec<MonthlyWeather> = (0..24).map(month).collect();
    disaggregate(&months, 0, 3, 0).unwrap()
}

/// A boreal forest on shallow soil at 61° N, where CLM accelerates most.
pub(super) fn column(flnr: f64) -> Column {
    let pft = Pft::NeedleleafEvergreenBoreal;
    let site = Site {
        latitude: 61.0,
        elevation: 200.0,
        cover: Cover::whole(pft),
        sand: 45.0,
        clay: 15.0,
        organic: [0.0; LAYERS],
        soil_depth: 0.5,
        base: Base::Open,
        wind: USUAL_WIND,
        nitrogen_deposition: 0.8,
        ignition: Ignition::usual(61.0),
    };
    let mut parameters = Parameters::for_pft(pft);
    parameters.flnr *= flnr;
    Column::new(&site, vec![parameters], Arc::new(SolarTable::new(61.0))).unwrap()
}

fn pools(state: &ColumnState) -> [f64; POOLS] {
    state.soil.carbon_by_pool()
}

#[test]
fn accelerated_and_semi_analytic_ways_meet() {
    let (column, weather) = (column(1.0), weather());
    let start = ColumnState::cold_start(&column, 278.0);
    let run = |method, max_cycles| {
        let options = Options { method, max_cycles, ..Options::default() };
        spin_up(&column, &start, &weather, &options).unwrap()
    };
    let (matrix, report) = run(Method::Matrix, 300);
    assert!(report.converged && report.years < 400.0, "{report:?}");
    let (accelerated, report) = run(Method::AcceleratedDecomposition, 1_500);
    assert!(report.converged, "{report:?}");
    let passive = Pool::PassiveSoil as usize;
    let (a, b) = (pools(&accelerated)[passive], pools(&matrix)[passive]);
    assert!((a / b - 1.0).abs() < 0.10, "{a} {b}");
}

#[test]
fn mixing_ends_at_the_same_equilibrium_and_sooner_than_the_model_alone() {
    let (column, weather) = (column(1.0), weather());
    let start = ColumnState::cold_start(&column, 278.0);
    let run = |method| {
        // Mixing that knows nothing of the model wanders for a thousand cycles where nitrogen is scarce.
        let options = Options { method, max_cycles: 1_500, distance_limit: 1e-4, ..Options::default() };
        spin_up(&column, &start, &weather, &options).unwrap()
    };
    let (matrix, _) = run(Method::Matrix);
    for method in [Method::MatrixAnderson, Method::Anderson] {
        let (mixed, report) = run(method);
        assert!(report.converged, "{report:?}");
        for pool in Pool::ALL {
            let (a, b) = (pools(&mixed)[pool as usize], pools(&matrix)[pool as usize]);
            assert!((a / b - 1.0).abs() < 2e-3, "{method:?}, {}: {a} {b}", pool.name());
        }
    }
}

#[test]
fn given_pools_are_judged_not_solved() {
    let (column, weather) = (column(1.0), weather());
    let start = ColumnState::cold_start(&column, 278.0);
    let solve = Options { max_cycles: 300, ..Options::default() };
    let (rest, _) = spin_up(&column, &start, &weather, &solve).unwrap();
    let judge = Options { method: Method::Continue, distance_limit: 0.02, ..solve };
    let judged = |given: &GivenPools| {
        let mut state = rest.clone();
        given.put_into(&mut state, &column).unwrap();
        spin_up(&column, &state, &weather, &judge).unwrap().1
    };
    let mut given = GivenPools::of(&rest);
    assert!(judged(&given).converged);
    for layer in &mut given.carbon {
        layer[Pool::PassiveSoil as usize] *= 0.7;
    }
    let report = judged(&given);
    assert!(!report.converged && report.distance[Pool::PassiveSoil as usize] > 0.25, "{report:?}");
    given.plants[0][0] = f64::NAN;
    assert!(given.put_into(&mut rest.clone(), &column).is_err());
}

#[test]
fn every_way_gives_a_column_of_a_batch_what_it_gives_it_alone() {
    let weather = weather();
    let columns: Vec<Column> = (0..WIDTH).map(|k| column(0.8 + 0.15 * k as f64)).collect();
    let starts: Vec<ColumnState> = columns.iter().map(|c| ColumnState::cold_start(c, 278.0)).collect();
    for method in Method::ALL {
        let options = Options { method, max_cycles: 12, ..Options::default() };
        let together = spin_up_batch::<Lanes>(
            &columns.iter().collect::<Vec<_>>(),
            &starts.iter().collect::<Vec<_>>(),
            &[&weather; WIDTH],
            &options,
        );
        for ((column, start), end) in columns.iter().zip(&starts).zip(together) {
            let alone = spin_up(column, start, &weather, &options).unwrap();
            assert!(end.unwrap() == alone, "{method:?}");
        }
    }
}

#[test]
fn where_it_burns_the_matrix_ends_where_brute_force_does() {
    // Faster soil and wood, so that brute force is affordable; more fire, so that it matters.
    let column = MEDITERRANEAN.column(|p| {
        (p.soil.tau_s2, p.soil.tau_s3, p.r_mort) = (1.0, 10.0, 0.1);
        p.fire_scale = 10.0;
    });
    let (weather, start) = (MEDITERRANEAN.weather(2), MEDITERRANEAN.cold_start(&column));
    let run = |options: Options| spin_up(&column, &start, &weather, &options).unwrap();
    let (matrix, report) = run(Options { distance_limit: 1e-4, ..Options::default() });
    assert!(report.converged, "{report:?}");
    let brute =
        Options { method: Method::BruteForce, drift_limit: 1e-9, max_cycles: 200, ..Options::default() };
    let (brute, _) = run(brute);
    for pool in Pool::ALL {
        let (a, b) = (pools(&matrix)[pool as usize], pools(&brute)[pool as usize]);
        assert!((a / b - 1.0).abs() < 0.005, "{}: {a} {b}", pool.name());
    }
    let (a, b) = (matrix.plants[0].deadwood, brute.plants[0].deadwood);
    assert!((a / b - 1.0).abs() < 0.005, "dead wood: {a} {b}");
    let mut burned = 0.0;
    let mut state = matrix.clone();
    simulate(&column, &mut state, &weather, None, |_, month| burned += month.burned * 30.4 * 86_400.0)
        .unwrap();
    assert!(burned > 0.02, "{burned} in two years");
}
