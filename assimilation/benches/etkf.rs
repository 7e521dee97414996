//! Cost of one ETKF analysis and of its application to a state.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use ndarray::Array2;
use reterra_assimilation::analyse;

fn ensemble(n: usize, columns: usize) -> Array2<f64> {
    Array2::from_shape_fn((n, columns), |(i, j)| ((i * 7919 + j * 104_729) as f64).sin())
}

fn etkf(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("etkf");
    for (n, m) in [(64, 5), (64, 50), (64, 500)] {
        let (he, y, r) = (ensemble(n, m), vec![0.1; m], vec![0.5; m]);
        let label = format!("{n} members, {m} observations");
        group.bench_function(BenchmarkId::new("analyse", &label), |bencher| {
            bencher.iter(|| analyse(black_box(he.view()), &y, &r, 1.02));
        });
        let Ok(analysis) = analyse(he.view(), &y, &r, 1.02) else { continue };
        let mut state = ensemble(n, 300);
        group.bench_function(BenchmarkId::new("apply to 300 variables", &label), |bencher| {
            bencher.iter(|| analysis.apply(black_box(state.view_mut())));
        });
    }
    group.finish();
}

criterion_group!(benches, etkf);
criterion_main!(benches);
