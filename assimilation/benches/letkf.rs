//! The local filter beside a straightforward one that computes the same, and what they cost by members.

use std::hint::black_box;

use criterion::measurement::WallTime;
use criterion::{BatchSize, BenchmarkGroup, BenchmarkId, Criterion, criterion_group, criterion_main};
use ndarray::{Array1, Array2, Axis};
use reterra_assimilation::AssimilationError;
use reterra_assimilation::analysis::Domain;
use reterra_assimilation::letkf::waves::{ERROR_VARIANCE, FORGETTING, Observed, RADIUS, Waves};
use reterra_assimilation::letkf::{Anchors, Columns, Letkf};
use reterra_assimilation::linear_algebra::eigh;
use reterra_assimilation::localisation::{
    Locality, Metric, Network, ObservationSet, Place, Site, Slice, Taper, domains,
};

const EDGE: usize = 64;

/// Waves on a square grid, ready for either filter.
struct Problem {
    prior: Array2<f64>,
    he: Array2<f64>,
    observed: Observed,
    places: Vec<Place>,
    locality: Locality,
}

impl Problem {
    fn new(members: usize) -> Result<Self, AssimilationError> {
        let waves = Waves { nx: EDGE, ny: EDGE, members };
        let (prior, observed) = (waves.prior(), waves.observed());
        let locality = Locality::new(Metric::Plane, Taper::GaspariCohn, RADIUS)?;
        Ok(Self { he: observed.predicted(prior.view()), prior, observed, places: waves.places(), locality })
    }

    fn set(&self) -> Result<ObservationSet, AssimilationError> {
        let Observed { places, values, variances, .. } = &self.observed;
        let network = Network { places, slices: None, values, variances };
        ObservationSet::new(&self.locality, &network, self.he.view())
    }

    fn domains(&self) -> Result<Vec<Domain>, AssimilationError> {
        let sites = |places: &[Place]| -> Vec<Site> {
            places.iter().map(|place| Site { place: *place, slice: Slice::default() }).collect()
        };
        domains(&self.locality, &sites(&self.places), &sites(&self.observed.places))
    }

    /// One column after the other by the formulas of Hunt et al. 2007: a dense N × N matrix, its eigenvectors, and the
    /// products that make a transform of them, all of it allocated anew. The search is not counted.
    fn straightforward(
        &self,
        domains: &[Domain],
        mut e: Array2<f64>,
    ) -> Result<Array2<f64>, AssimilationError> {
        let size = (e.nrows() - 1) as f64;
        let mean = self.he.sum_axis(Axis(0)) / e.nrows() as f64;
        for domain in domains {
            let ids: Vec<usize> = domain.observations.iter().map(|(k, _)| *k).collect();
            let weights: Array1<f64> =
                domain.observations.iter().map(|(_, taper)| taper / ERROR_VARIANCE).collect();
            let local = mean.select(Axis(0), &ids);
            let y = self.he.select(Axis(1), &ids) - &local;
            let innovation: Array1<f64> =
                ids.iter().zip(&local).map(|(k, mean)| self.observed.values[*k] - mean).collect();
            let weighted = &y * &weights;
            let precision = weighted.dot(&y.t()) + Array2::<f64>::eye(e.nrows()) * (FORGETTING * size);
            let (values, v) = eigh(precision.view(), "the precision of the weights")?;
            let w = v.dot(&(v.t().dot(&weighted.dot(&innovation)) / &values));
            let t = (&v * &values.mapv(|x| (size / x).sqrt())).dot(&v.t()) + &w;
            for column in &domain.columns {
                let mut x = e.column_mut(*column);
                let mean = x.sum() / (size + 1.0);
                let analysis = t.dot(&(&x - mean)) + mean;
                x.assign(&analysis);
            }
        }
        Ok(e)
    }
}

fn compare(group: &mut BenchmarkGroup<'_, WallTime>, members: usize) -> Result<(), AssimilationError> {
    let problem = Problem::new(members)?;
    let (set, domains) = (problem.set()?, problem.domains()?);
    let filter = Letkf::new(problem.locality.clone()).with_forgetting(FORGETTING)?;
    let columns = Columns::uniform(problem.places.clone(), 1);
    let anchors = Anchors::of_grid(&problem.places, (EDGE, EDGE), 3)?;
    let prior = || problem.prior.clone();
    let fast =
        |mut e: Array2<f64>| filter.analyse(&set, &columns, e.view_mut().insert_axis(Axis(1))).map(|_| e);
    let gap = (fast(prior())? - problem.straightforward(&domains, prior())?)
        .iter()
        .fold(0.0, |gap: f64, x| gap.max(x.abs()));
    assert!(gap < 1e-11, "both filters compute the same: {gap}");
    group.bench_function(BenchmarkId::new("every column", members), |bencher| {
        bencher.iter_batched(prior, fast, BatchSize::LargeInput);
    });
    group.bench_function(BenchmarkId::new("every third column", members), |bencher| {
        let analyse = |mut e: Array2<f64>| {
            filter.analyse_between(&anchors, &set, &columns, e.view_mut().insert_axis(Axis(1)))
        };
        bencher.iter_batched(prior, analyse, BatchSize::LargeInput);
    });
    group.bench_function(BenchmarkId::new("straightforward", members), |bencher| {
        bencher.iter_batched(prior, |e| problem.straightforward(&domains, e), BatchSize::LargeInput);
    });
    let matrix = problem.prior.dot(&problem.prior.t());
    group.bench_function(BenchmarkId::new("eigenvectors of one matrix by faer", members), |bencher| {
        bencher.iter(|| eigh(black_box(matrix.view()), "matrix"));
    });
    Ok(())
}

/// On one thread, whatever the machine has.
fn letkf(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("letkf, 4,096 columns");
    group.sample_size(10);
    if let Err(e) = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global() {
        eprintln!("on more than one thread: {e}");
    }
    for members in [20, 32, 48, 64] {
        if let Err(e) = compare(&mut group, members) {
            eprintln!("{members} members: {e}");
        }
    }
    group.finish();
}

criterion_group!(benches, letkf);
criterion_main!(benches);
