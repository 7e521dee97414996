//! Cost of the local filter by members, and of the eigenvectors that it does without.

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use ndarray::{Array2, Axis};
use reterra_assimilation::letkf::waves::{FORGETTING, RADIUS, Waves};
use reterra_assimilation::letkf::{Anchors, Columns, Letkf};
use reterra_assimilation::linear_algebra::eigh;
use reterra_assimilation::localisation::{Locality, Metric, Network, ObservationSet, Taper};

const EDGE: usize = 64;

fn letkf(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("letkf, 4,096 columns");
    for members in [20, 32, 48, 64] {
        let waves = Waves { nx: EDGE, ny: EDGE, members };
        let (prior, observed) = (waves.prior(), waves.observed());
        let Ok(locality) = Locality::new(Metric::Plane, Taper::GaspariCohn, RADIUS) else { return };
        let network = Network {
            places: &observed.places,
            slices: None,
            values: &observed.values,
            variances: &observed.variances,
        };
        let he = observed.predicted(prior.view());
        let Ok(set) = ObservationSet::new(&locality, &network, he.view()) else { return };
        let Ok(filter) = Letkf::new(locality).with_forgetting(FORGETTING) else { return };
        let columns = Columns::uniform(waves.places(), 1);
        group.bench_function(BenchmarkId::new("every column", members), |bencher| {
            let analyse =
                |mut e: Array2<f64>| filter.analyse(&set, &columns, e.view_mut().insert_axis(Axis(1)));
            bencher.iter_batched(|| prior.clone(), analyse, BatchSize::LargeInput);
        });
        let Ok(anchors) = Anchors::of_grid(columns.places(), (EDGE, EDGE), 3) else { return };
        group.bench_function(BenchmarkId::new("every third column", members), |bencher| {
            let analyse = |mut e: Array2<f64>| {
                filter.analyse_between(&anchors, &set, &columns, e.view_mut().insert_axis(Axis(1)))
            };
            bencher.iter_batched(|| prior.clone(), analyse, BatchSize::LargeInput);
        });
        let matrix = prior.dot(&prior.t());
        group.bench_function(BenchmarkId::new("eigenvectors of one matrix by faer", members), |bencher| {
            bencher.iter(|| eigh(black_box(matrix.view()), "matrix"));
        });
    }
    group.finish();
}

criterion_group!(benches, letkf);
criterion_main!(benches);
