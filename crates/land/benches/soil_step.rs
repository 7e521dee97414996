//! Cost of a day of soil biogeochemistry: of one column alone, and by column of a batch.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use reterra_land::lanes::{Batched, Lanes, Real};
use reterra_land::soil::{
    LAYERS, OperatorTrace, SoilBiology, SoilClimate, SoilColumn, SoilInput, SoilParameters, SoilState,
    root_profile, step, surface_litter_profile,
};

#[path = "../src/soil/fixtures.rs"]
mod fixtures;

/// Number of layers and water content, m3 m-3.
const CASES: [(&str, usize, f64); 3] = [("dry", LAYERS, 0.25), ("wet", LAYERS, 0.40), ("shallow", 10, 0.25)];

fn measure<T: Real>(c: &mut Criterion, width: &str) {
    let mut group = c.benchmark_group(width);
    group.throughput(Throughput::Elements(T::WIDTH as u64));
    let p = SoilBiology::new(&SoilParameters::default());
    for (name, layers, water) in CASES {
        let column = fixtures::column(layers);
        let summer = SoilClimate { water: [water; LAYERS], ..fixtures::seasonal(180) };
        let litter = fixtures::litter(&column, 50.0, 1.0);
        let start = fixtures::with_mineral_nitrogen(0.1);
        let soil = SoilColumn::<T>::gather(&|_| &column);
        let climate = SoilClimate::<T>::gather(&|_| &summer);
        let input = SoilInput::<T>::gather(&|_| &litter);
        let mut state = SoilState::<T>::gather(&|_| &start);
        for _ in 0..3650 {
            step(&mut state, &soil, &climate, &input, &p, None);
        }
        group.bench_function(name, |b| {
            b.iter(|| step(black_box(&mut state), black_box(&soil), &climate, &input, &p, None));
        });
        let mut trace = OperatorTrace::new();
        group.bench_function(format!("{name}, traced"), |b| {
            b.iter(|| step(black_box(&mut state), black_box(&soil), &climate, &input, &p, Some(&mut trace)));
        });
    }
}

fn bench(c: &mut Criterion) {
    measure::<f64>(c, "one column");
    measure::<Lanes>(c, "batch");
}

criterion_group!(benches, bench);
criterion_main!(benches);
