//! Column-years: one column alone against a batch of four, monthly output off.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use reterra_land::column::{Base, Column, ColumnState, Cover, Site, USUAL_WIND, simulate_batch};
use reterra_land::energy::solar::SolarTable;
use reterra_land::fire::Ignition;
use reterra_land::forcing::{Atmosphere, MonthlyWeather, WeatherSeries};
use reterra_land::lanes::{Batched, Lanes, Real, WIDTH};
use reterra_land::parameters::Parameters;
use reterra_land::plant::pft::Pft;
use reterra_land::soil::LAYERS;
use reterra_land::weather::disaggregate;

/// Years of one pass.
const YEARS: usize = 5;

fn weather() -> WeatherSeries {
    let months: Vec<MonthlyWeather> = (0..12 * YEARS)
        .map(|m| {
            let wave = (std::f64::consts::TAU * (m as f64 - 0.5) / 12.0).cos();
            MonthlyWeather {
                tmin: 278.0 - 8.0 * wave,
                tmax: 287.0 - 10.0 * wave,
                shortwave: 130.0 - 95.0 * wave,
                vpd: 400.0 - 250.0 * wave,
                precipitation: 2.2e-5,
                air: Atmosphere::with_co2(390.0),
            }
        })
        .collect();
    disaggregate(&months, 0, 1, 0).expect("the weather is possible")
}

fn column(flnr: f64) -> Column {
    let pft = Pft::NeedleleafEvergreenTemperate;
    let site = Site {
        latitude: 51.0,
        elevation: 300.0,
        cover: Cover::whole(pft),
        sand: 40.0,
        clay: 20.0,
        organic: [0.0; LAYERS],
        soil_depth: 8.6,
        base: Base::Open,
        wind: USUAL_WIND,
        nitrogen_deposition: 1.0,
        ignition: Ignition::usual(51.0),
    };
    let mut parameters = Parameters::for_pft(pft);
    parameters.flnr *= flnr;
    Column::new(&site, vec![parameters], Arc::new(SolarTable::new(51.0))).expect("one type covers all")
}

fn years<T: Real>(columns: &[Column], weather: &WeatherSeries) -> impl FnMut() {
    let batch = Column::<T>::gather(&|k| &columns[k]);
    let states: Vec<ColumnState> = columns.iter().map(|c| ColumnState::cold_start(c, 282.0)).collect();
    let mut state = ColumnState::<T>::gather(&|k| &states[k]);
    let series = vec![weather; T::WIDTH];
    move || {
        let outcome = simulate_batch(&batch, &mut state, &series, None, |_, _| {});
        assert!(black_box(outcome).failures.iter().all(Option::is_none));
    }
}

fn column_years(criterion: &mut Criterion) {
    let weather = weather();
    let columns: Vec<Column> = (0..WIDTH).map(|k| column(0.8 + 0.1 * k as f64)).collect();
    let mut group = criterion.benchmark_group("column_years");
    group.throughput(Throughput::Elements(YEARS as u64));
    let mut alone = years::<f64>(&columns, &weather);
    group.bench_function("alone", |b| b.iter(&mut alone));
    group.throughput(Throughput::Elements((YEARS * WIDTH) as u64));
    let mut batch = years::<Lanes>(&columns, &weather);
    group.bench_function("batch", |b| b.iter(&mut batch));
    group.finish();
}

criterion_group!(benches, column_years);
criterion_main!(benches);
