//! Columns with several tiles.

use std::sync::Arc;

use super::*;
use crate::energy::solar::SolarTable;
use crate::error::LandError;
use crate::fire::Ignition;
use crate::forcing::{Atmosphere, MonthlyWeather, WeatherSeries};
use crate::lanes::{Batched, Lanes, WIDTH};
use crate::parameters::Parameters;
use crate::plant::pft::Pft;
use crate::soil::LAYERS;
use crate::weather::disaggregate;

/// Years of a cool, moist climate.
fn weather(years: usize) -> WeatherSeries {
    let month = |m: usize| {
        let wave = (std::f64::consts::TAU * (m as f64 - 0.5) / 12.0).cos();
        MonthlyWeather {
            tmin: 275.0 - 8.0 * wave,
            tmax: 284.0 - 10.0 * wave,
            shortwave: 130.0 - 95.0 * wave,
            vpd: 400.0 - 250.0 * wave,
            precipitation: 2.5e-5,
            air: Atmosphere::with_co2(390.0),
        }
    };
    let months: Vec<MonthlyWeather> = (0..12 * years).map(month).collect();
    disaggregate(&months, 0, 7, 0).unwrap()
}

fn column(cover: &[(Pft, f64)], flnr: f64) -> Result<Column, LandError> {
    let site = Site {
        latitude: 61.0,
        elevation: 1_000.0,
        cover: cover.iter().map(|&(pft, fraction)| Cover { pft, fraction }).collect(),
        sand: 50.0,
        clay: 15.0,
        organic: [0.0; LAYERS],
        soil_depth: 2.0,
        base: Base::Open,
        wind: USUAL_WIND,
        nitrogen_deposition: 0.5,
        ignition: Ignition::usual(61.0),
    };
    let parameters = cover
        .iter()
        .map(|&(pft, _)| {
            let mut p = Parameters::for_pft(pft);
            p.flnr *= flnr;
            p
        })
        .collect();
    Column::new(&site, parameters, Arc::new(SolarTable::new(61.0)))
}

const ALPINE: [(Pft, f64); 3] =
    [(Pft::ArcticGrass, 0.68), (Pft::DeciduousShrubBoreal, 0.24), (Pft::NeedleleafEvergreenBoreal, 0.04)];

#[test]
fn two_halves_of_a_forest_are_a_forest() {
    let (pft, weather) = (Pft::NeedleleafEvergreenBoreal, weather(4));
    let run = |cover: &[(Pft, f64)]| {
        let column = column(cover, 1.0).unwrap();
        let mut state = ColumnState::cold_start(&column, 276.0);
        simulate(&column, &mut state, &weather, None, |_, _| {}).unwrap();
        [state.total_carbon(&column), state.total_nitrogen(&column), state.total_water(&column)]
    };
    let (whole, halves) = (run(&[(pft, 1.0)]), run(&[(pft, 0.5), (pft, 0.5)]));
    for (a, b) in whole.iter().zip(halves) {
        assert!((a / b - 1.0).abs() < 1e-10, "{whole:?} {halves:?}");
    }
}

#[test]
fn tiles_share_soil_but_not_leaves() {
    let (column, weather) = (column(&ALPINE, 1.0).unwrap(), weather(6));
    let mut state = ColumnState::cold_start(&column, 276.0);
    let mut lai = 0.0_f64;
    simulate(&column, &mut state, &weather, None, |_, month| lai = lai.max(month.lai)).unwrap();
    let leaves: Vec<f64> = state.plants.iter().map(|p| p.leaf + p.storage).collect();
    assert!(leaves.iter().all(|l| *l > 1.0) && (leaves[0] / leaves[2] - 1.0).abs() > 0.05, "{leaves:?}");
    assert!(lai > 0.1, "{lai}");
    let sum: f64 = state.plants.iter().zip(ALPINE).map(|(p, (_, f))| p.carbon() * f).sum();
    assert!((state.vegetation_carbon(&column) / sum - 1.0).abs() < 1e-12);
}

#[test]
fn bare_ground_evaporates_and_sheds_the_rest() {
    let (weather, pft) = (weather(3), Pft::ArcticGrass);
    let water = |fraction: f64| {
        let column = column(&[(pft, fraction)], 1.0).unwrap();
        let mut state = ColumnState::cold_start(&column, 276.0);
        let (mut et, mut gpp) = (0.0, 0.0);
        simulate(&column, &mut state, &weather, None, |_, m| (et, gpp) = (et + m.et, gpp + m.gpp)).unwrap();
        (et, gpp)
    };
    let (full, sparse) = (water(1.0), water(0.1));
    assert!(sparse.1 < 0.3 * full.1 && sparse.0 > 0.2 * full.0, "{full:?} {sparse:?}");
}

#[test]
fn the_last_snow_goes_once_however_tiles_share_it() {
    // Sevenths round to a little more than the whole; so do shares read from a table of nine digits.
    let types = &Pft::ALL[8..15];
    for share in [1.0 / 7.0, 0.142_857_143] {
        let cover: Vec<(Pft, f64)> = types.iter().map(|&pft| (pft, share)).collect();
        let (column, weather) = (column(&cover, 1.0).unwrap(), weather(1));
        let mut state = ColumnState::cold_start(&column, 276.0);
        let mut least = f64::INFINITY;
        let see = |_: Day, _: &DayFluxes, state: &ColumnState| least = least.min(state.water.snow.total());
        let outcome = simulate_days(&column, &mut state, &[&weather], None, see);
        assert!(least >= 0.0, "{least:e}");
        assert!(outcome.imbalance.water < 1e-13, "{:e}", outcome.imbalance.water);
    }
}

/// Mean evapotranspiration of December to February in the second year of a type, mm d⁻¹.
fn winter_evaporation(pft: Pft) -> f64 {
    let column = column(&[(pft, 1.0)], 1.0).unwrap();
    let mut state = ColumnState::cold_start(&column, 272.0);
    let (mut sum, mut most, mut days) = (0.0, 0.0_f64, 0.0);
    let see = |day: Day, fluxes: &DayFluxes, state: &ColumnState| {
        most = most.max(state.plants[0].intercepted_snow);
        if day.month >= 12 && !(59..334).contains(&day.of_year) {
            (sum, days) = (sum + fluxes.et, days + 1.0);
        }
    };
    let outcome = simulate_days(&column, &mut state, &[&weather(2)], None, see);
    assert!(outcome.imbalance.water < 1e-12, "{:e}", outcome.imbalance.water);
    assert!((most > 0.0) == pft.is_tree(), "{pft:?}: {most} mm");
    sum / days
}

#[test]
fn forests_give_back_snow_that_they_catch() {
    // Above a subalpine forest in Colorado with snow on its branches: 0.70 mm/d (Molotch et al. 2007,
    // doi:10.1002/hyp.6719), in drier and windier air than here.
    let (forest, field) =
        (winter_evaporation(Pft::NeedleleafEvergreenBoreal), winter_evaporation(Pft::ArcticGrass));
    assert!((0.1..0.7).contains(&forest) && forest > 1.2 * field, "{forest} {field} mm/d");
}

#[test]
fn a_batch_of_tiled_columns_does_what_each_does_alone() {
    let weather = weather(2);
    let columns: Vec<Column> = (0..WIDTH).map(|k| column(&ALPINE, 0.8 + 0.15 * k as f64).unwrap()).collect();
    let states: Vec<ColumnState> = columns.iter().map(|c| ColumnState::cold_start(c, 276.0)).collect();
    let batch = Column::<Lanes>::gather(&|k| &columns[k]);
    let mut together = ColumnState::<Lanes>::gather(&|k| &states[k]);
    let outcome = simulate_batch(&batch, &mut together, &[&weather; WIDTH], None, |_, _| {});
    assert!(outcome.failures.iter().all(Option::is_none));
    for (k, (column, mut alone)) in columns.iter().zip(states).enumerate() {
        simulate(column, &mut alone, &weather, None, |_, _| {}).unwrap();
        assert!(together.lane(k) == alone, "lane {k}");
    }
}

/// A spruce forest after six years on so much fertiliser, gN m⁻² yr⁻¹, and nothing from symbionts.
fn fed(nfert: f64) -> (Column, ColumnState) {
    let mut column = column(&[(Pft::NeedleleafEvergreenBoreal, 1.0)], 1.0).unwrap();
    for p in [&mut column.parameters, &mut column.tiles[0].parameters] {
        (p.nfert, p.fracfixers) = (nfert, 0.0);
    }
    let mut state = ColumnState::cold_start(&column, 276.0);
    simulate(&column, &mut state, &weather(6), None, |_, _| {}).unwrap();
    (column, state)
}

/// Gross production of a year, gC m⁻² s⁻¹ in the mean.
fn gpp(column: &Column, state: &ColumnState) -> f64 {
    let mut sum = 0.0;
    simulate(column, &mut state.clone(), &weather(1), None, |_, month| sum += month.gpp / 12.0).unwrap();
    sum
}

#[test]
fn scarce_nitrogen_makes_leaves_poor_and_poor_leaves_assimilate_less() {
    let ((poor_column, poor), (rich_column, rich)) = (fed(0.0), fed(10.0));
    let (a, b) = (&poor.plants[0], &rich.plants[0]);
    let (cn_a, cn_b) = (a.leaf / a.nitrogen.leaf, b.leaf / b.nitrogen.leaf);
    assert!((60.0..=68.0).contains(&cn_a) && (48.0..59.5).contains(&cn_b), "{cn_a} {cn_b}");
    assert!(gpp(&poor_column, &poor) < 0.9 * gpp(&rich_column, &rich));
    // The same leaves with the nitrogen of the poor ones: Vcmax falls in proportion, the rest of GPP is light.
    let mut depleted = rich.clone();
    depleted.plants[0].nitrogen.leaf = b.leaf / cn_a;
    let ratio = gpp(&rich_column, &depleted) / gpp(&rich_column, &rich);
    assert!(ratio < 1.0 - 0.2 * (1.0 - cn_b / cn_a) && ratio > cn_b / cn_a, "{ratio} {}", cn_b / cn_a);
}

#[test]
fn a_cover_that_makes_no_sense_is_refused() {
    let refused = |cover: &[(Pft, f64)]| matches!(column(cover, 1.0), Err(LandError::Cover { .. }));
    assert!(refused(&[(Pft::ArcticGrass, 0.7), (Pft::C3Grass, 0.4)]));
    assert!(refused(&[(Pft::ArcticGrass, 0.0)]) && refused(&[(Pft::ArcticGrass, f64::NAN)]));
    assert!(refused(&[(Pft::ArcticGrass, 0.01); MOST_TILES + 1]));
}

#[test]
fn a_run_in_spans_has_the_bits_of_the_run_in_one() {
    let (weather, column) = (weather(1), column(&ALPINE, 1.0).unwrap());
    let start = ColumnState::cold_start(&column, 279.0);
    let (mut whole, mut parts) = (start.clone(), start);
    let mut days = Vec::new();
    simulate_days(&column, &mut whole, &[&weather], None, |day, _, _| days.push(day));
    let mut seen = Vec::new();
    for span in [0..1, 1..31, 31..200, 200..200, 200..365, 365..400] {
        simulate_span(&column, &mut parts, (&[&weather], span), None, |day, _, _| seen.push(day));
    }
    assert_eq!(seen, days);
    assert_eq!(parts, whole);
}
