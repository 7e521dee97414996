//! Cost of a day of soil biogeochemistry in one column of twenty layers.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use reterra_land::soil::{
    LAYERS, OperatorTrace, SoilClimate, SoilColumn, SoilInput, SoilParameters, SoilState, root_profile, step,
    surface_litter_profile,
};

fn column(active_layers: usize) -> SoilColumn {
    SoilColumn {
        sand: 40.0,
        clay: 20.0,
        active_layers,
        bulk_density: [1300.0; LAYERS],
        porosity: [0.45; LAYERS],
        root_fraction: root_profile(0.966, active_layers),
        litter_profile: surface_litter_profile(active_layers),
    }
}

fn climate(water: f64) -> SoilClimate {
    SoilClimate {
        temperature: std::array::from_fn(|j| 290.0 - 0.3 * j as f64),
        psi: std::array::from_fn(|j| -0.05 - 0.01 * j as f64),
        water: [water; LAYERS],
        frozen_depth_limit: 8.6,
        drainage: 0.5,
        surface_runoff: 0.1,
        et_annual: 500.0,
    }
}

fn input(soil: &SoilColumn) -> SoilInput {
    let mut input = SoilInput {
        nitrogen_deposition: 0.002,
        nitrogen_fixation: 0.001,
        plant_nitrogen_demand: 0.02,
        ..SoilInput::default()
    };
    for j in 0..LAYERS {
        for (i, share) in [0.25, 0.5, 0.25, 0.5].into_iter().enumerate() {
            input.litter_carbon[j][i] = share * soil.litter_profile[j];
            input.litter_nitrogen[j][i] = share * soil.litter_profile[j] / 40.0;
        }
    }
    input
}

fn bench(c: &mut Criterion) {
    let p = SoilParameters::default();
    for (name, layers, water) in [("dry", LAYERS, 0.25), ("wet", LAYERS, 0.40), ("shallow", 10, 0.25)] {
        let (soil, climate) = (column(layers), climate(water));
        let input = input(&soil);
        let mut state = SoilState::default();
        for _ in 0..3650 {
            step(&mut state, &soil, &climate, &input, &p, None);
        }
        c.bench_function(name, |b| {
            b.iter(|| step(black_box(&mut state), black_box(&soil), &climate, &input, &p, None));
        });
        let mut trace = OperatorTrace::new();
        c.bench_function(&format!("{name}, traced"), |b| {
            b.iter(|| step(black_box(&mut state), black_box(&soil), &climate, &input, &p, Some(&mut trace)));
        });
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
