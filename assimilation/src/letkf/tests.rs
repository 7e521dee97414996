//! The filter against plain linear algebra, and against itself on other threads, orders and layouts.

use approx::assert_abs_diff_eq;
use ndarray::{Array1, Array2, Array3, Axis, s};

use super::{Anchors, Columns, Letkf, Relaxation};
use crate::AssimilationError;
use crate::linear_algebra::eigh;
use crate::localisation::{Locality, Metric, Network, ObservationSet, Place, Slice, Taper};
use crate::transform::column_means;

fn number(k: usize) -> f64 {
    ((k as f64 * 12.9898).sin() * 43758.5453).fract()
}

/// Scattered columns and observations of a unit square.
struct Scene {
    locality: Locality,
    columns: Vec<Place>,
    observed: Vec<Place>,
    values: Vec<f64>,
    variances: Vec<f64>,
    he: Array2<f64>,
    state: Array3<f64>,
}

fn scene((members, rows, columns, observations): (usize, usize, usize, usize), radius: f64) -> Scene {
    let locality = Locality::new(Metric::Plane, Taper::GaspariCohn, radius).unwrap();
    let places = |n: usize, from: usize| -> Vec<Place> {
        (from..from + n).map(|k| locality.place(number(2 * k), number(2 * k + 1))).collect()
    };
    let (columns, observed) = (places(columns, 1), places(observations, 50_000));
    let values = (0..observations).map(|k| number(k + 7)).collect();
    let variances = (0..observations).map(|k| 0.3 + number(k + 11).abs()).collect();
    let he = Array2::from_shape_fn((members, observations), |(i, j)| number(i * 1009 + j + 3) * 2.0);
    let state = Array3::from_shape_fn((members, rows, columns.len()), |(i, r, j)| {
        number(i * 2003 + j * 17 + r * 31 + 5) * 3.0 + 1.0
    });
    Scene { locality, columns, observed, values, variances, he, state }
}

impl Scene {
    fn set(&self) -> ObservationSet {
        let network = Network {
            places: &self.observed,
            slices: None,
            values: &self.values,
            variances: &self.variances,
        };
        ObservationSet::new(&self.locality, &network, self.he.view()).unwrap()
    }

    fn analysed(&self) -> Array3<f64> {
        let mut state = self.state.clone();
        let columns = Columns::uniform(self.columns.clone(), state.len_of(Axis(1)));
        let filter = Letkf::new(self.locality.clone()).with_forgetting(0.9).unwrap();
        filter.analyse(&self.set(), &columns, state.view_mut()).unwrap();
        state
    }

    /// The analysis of one column by the formulas of Hunt et al. 2007, with eigenvectors of the N × N matrix.
    fn expected(&self, column: usize) -> Array2<f64> {
        let n = self.he.nrows();
        let weight = |j: usize| {
            let distance = self.locality.metric().distance(&self.columns[column], &self.observed[j]);
            Taper::GaspariCohn.weight(distance / self.locality.radius()) / self.variances[j]
        };
        let weights: Array1<f64> = (0..self.observed.len()).map(weight).collect();
        let prior = self.state.slice(s![.., .., column]).to_owned();
        if weights.iter().all(|w| *w == 0.0) {
            return prior;
        }
        let means = column_means(self.he.view());
        let y = &self.he - &means;
        let weighted = &y * &weights;
        let precision = weighted.dot(&y.t()) + Array2::<f64>::eye(n) * (0.9 * (n - 1) as f64);
        let (values, v) = eigh(precision.view(), "precision").unwrap();
        let function = |f: &dyn Fn(f64) -> f64| (&v * &values.mapv(f)).dot(&v.t());
        let w = function(&|x| 1.0 / x).dot(&weighted.dot(&(Array1::from(self.values.clone()) - means)));
        let t = function(&|x| ((n - 1) as f64 / x).sqrt()) + &w;
        let mean = column_means(prior.view());
        t.dot(&(&prior - &mean)) + mean
    }
}

fn check(sizes: (usize, usize, usize, usize), radius: f64) {
    let scene = scene(sizes, radius);
    let analysed = scene.analysed();
    for column in 0..sizes.2 {
        let expected = scene.expected(column);
        let gap =
            (&analysed.slice(s![.., .., column]) - &expected).mapv(f64::abs).fold(0.0, |a: f64, b| a.max(*b));
        assert!(gap < 1e-12, "{sizes:?}, column {column}: {gap}");
    }
}

#[test]
fn every_way_gives_the_formulas_of_the_paper() {
    // Few and many observations to the members; a row, and enough rows for a transform written out.
    check((8, 1, 60, 40), 0.3);
    check((8, 1, 60, 300), 0.4);
    check((7, 30, 30, 30), 0.3);
    check((7, 30, 30, 200), 0.4);
    check((33, 3, 30, 60), 0.5);
    check((2, 1, 20, 20), 0.3);
}

#[test]
fn bits_do_not_depend_on_threads_on_the_order_or_on_who_else_is_there() {
    let mut scene = scene((12, 2, 300, 200), 0.25);
    let pool = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
    let one = pool(1).install(|| scene.analysed());
    assert_eq!(one, pool(4).install(|| scene.analysed()));
    scene.columns.reverse();
    scene.state.invert_axis(Axis(2));
    let mut reversed = scene.analysed();
    reversed.invert_axis(Axis(2));
    assert_eq!(one, reversed);
    let alone = Scene {
        columns: vec![scene.columns[200]],
        state: scene.state.slice(s![.., .., 200..201]).to_owned(),
        ..scene
    };
    assert_eq!(one.index_axis(Axis(2), 99), alone.analysed().index_axis(Axis(2), 0));
}

#[test]
fn a_state_laid_out_by_columns_gives_the_same() {
    let scene = scene((9, 3, 50, 60), 0.3);
    let by_column = scene.state.view().permuted_axes([2, 1, 0]).as_standard_layout().to_owned();
    let other = Scene { state: by_column.permuted_axes([2, 1, 0]), ..scene };
    let standard = Scene { state: other.state.as_standard_layout().to_owned(), ..other };
    let expected = standard.analysed();
    let turned = standard.state.view().permuted_axes([2, 1, 0]).as_standard_layout().to_owned();
    assert_eq!(Scene { state: turned.permuted_axes([2, 1, 0]), ..standard }.analysed(), expected);
}

#[test]
fn columns_without_observations_and_rows_of_no_slice_stay_as_they_are() {
    let scene = scene((6, 4, 40, 2), 0.1);
    let filter = Letkf::new(scene.locality.clone()).with_forgetting(0.5).unwrap();
    let columns = Columns::sliced(scene.columns.clone(), vec![(1..3, Slice::default())]).unwrap();
    let mut state = scene.state.clone();
    let summary = filter.analyse(&scene.set(), &columns, state.view_mut()).unwrap();
    assert!(summary.transforms > 0 && summary.transforms < 40, "{summary:?}");
    let changed = |row: usize| {
        let pairs = state.index_axis(Axis(1), row).into_iter().zip(scene.state.index_axis(Axis(1), row));
        pairs.filter(|(a, b)| a.to_bits() != b.to_bits()).count()
    };
    assert_eq!(
        [changed(0), changed(1), changed(2), changed(3)],
        [0, 6 * summary.transforms, 6 * summary.transforms, 0]
    );
}

#[test]
fn slices_see_what_their_kind_may_see() {
    let mut scene = scene((6, 2, 10, 30), 0.6);
    let factors = ndarray::array![[1.0], [0.0]];
    let kinds = vec![(0..1, Slice { kind: 0, depth: 0.0 }), (1..2, Slice { kind: 1, depth: 0.0 })];
    let whole = scene.analysed();
    scene.locality = scene.locality.with_kinds(factors).unwrap();
    let columns = Columns::sliced(scene.columns.clone(), kinds).unwrap();
    let filter = Letkf::new(scene.locality.clone()).with_forgetting(0.9).unwrap();
    let mut state = scene.state.clone();
    filter.analyse(&scene.set(), &columns, state.view_mut()).unwrap();
    assert_eq!(state.index_axis(Axis(1), 0), whole.index_axis(Axis(1), 0));
    assert_eq!(state.index_axis(Axis(1), 1), scene.state.index_axis(Axis(1), 1));
}

/// A grid of columns of which some anchors carry the transforms.
fn between(radius: f64, stride: usize, taper: Taper) -> (Array3<f64>, Array3<f64>) {
    let mut scene = scene((9, 2, 48, 30), radius);
    scene.locality = Locality::new(Metric::Plane, taper, radius).unwrap();
    scene.columns =
        (0..48).map(|k| scene.locality.place(f64::from(k / 8) / 6.0, f64::from(k % 8) / 8.0)).collect();
    let anchors = Anchors::of_grid(&scene.columns, (6, 8), stride).unwrap();
    let mut state = scene.state.clone();
    let columns = Columns::uniform(scene.columns.clone(), 2);
    let filter = Letkf::new(scene.locality.clone()).with_forgetting(0.9).unwrap();
    filter.analyse_between(&anchors, &scene.set(), &columns, state.view_mut()).unwrap();
    (state, scene.analysed())
}

fn largest_gap((a, b): &(Array3<f64>, Array3<f64>)) -> f64 {
    (a - b).iter().fold(0.0, |most: f64, gap| most.max(gap.abs()))
}

#[test]
fn transforms_between_anchors_are_exact_at_them_and_where_all_are_equal() {
    assert!(largest_gap(&between(0.3, 1, Taper::GaspariCohn)) < 1e-12);
    assert!(largest_gap(&between(100.0, 3, Taper::Boxcar)) < 1e-12);
    let (state, exact) = between(0.6, 2, Taper::GaspariCohn);
    let at = |x: &Array3<f64>, k| x.index_axis(Axis(2), k).to_owned();
    assert!((at(&state, 2 * 8 + 4) - at(&exact, 2 * 8 + 4)).iter().all(|gap| gap.abs() < 1e-12));
    assert!(largest_gap(&(state, exact)) > 1e-6, "in between it is another analysis");
}

#[test]
fn full_relaxation_keeps_the_spread_but_moves_the_mean() {
    let scene = scene((10, 1, 30, 100), 0.4);
    let filter = Letkf::new(scene.locality.clone());
    let columns = Columns::uniform(scene.columns.clone(), 1);
    let run = |relaxation| {
        let mut state = scene.state.clone();
        let filter = filter.clone().with_relaxation(relaxation).unwrap();
        filter.analyse(&scene.set(), &columns, state.view_mut()).unwrap();
        state.index_axis_move(Axis(1), 0)
    };
    let (plain, kept) = (run(Relaxation::None), run(Relaxation::Perturbations(1.0)));
    let prior = scene.state.index_axis(Axis(1), 0);
    let means = [column_means(plain.view()), column_means(kept.view()), column_means(prior)];
    for column in 0..30 {
        assert_abs_diff_eq!(means[0][column], means[1][column], epsilon = 1e-13);
        let gap = (kept[[3, column]] - means[1][column]) - (prior[[3, column]] - means[2][column]);
        assert_abs_diff_eq!(gap, 0.0, epsilon = 1e-13);
    }
}

#[test]
fn what_does_not_fit_is_an_error_and_changes_nothing() {
    let scene = scene((6, 2, 10, 30), 0.6);
    let filter = Letkf::new(scene.locality.clone());
    let set = scene.set();
    let run = |columns: &Columns, state: &mut Array3<f64>| filter.analyse(&set, columns, state.view_mut());
    let shape = |result| matches!(result, Err(AssimilationError::Shape { .. }));
    assert!(shape(run(&Columns::uniform(scene.columns[1..].to_vec(), 2), &mut scene.state.clone())));
    assert!(shape(run(&Columns::uniform(scene.columns.clone(), 3), &mut scene.state.clone())));
    assert!(shape(run(
        &Columns::uniform(scene.columns.clone(), 2),
        &mut scene.state.slice(s![1.., .., ..]).to_owned()
    )));
    let mut broken = scene.state.clone();
    broken[[4, 1, 7]] = f64::NAN;
    let before = broken.clone();
    let result = run(&Columns::uniform(scene.columns.clone(), 2), &mut broken);
    assert!(matches!(result, Err(AssimilationError::NotFinite { row: 4, column: 7, .. })));
    assert!(before.iter().zip(&broken).all(|(a, b)| a.to_bits() == b.to_bits()));
    assert!(Letkf::new(scene.locality.clone()).with_forgetting(0.0).is_err());
    assert!(Letkf::new(scene.locality).with_relaxation(Relaxation::Spread(1.5)).is_err());
    assert!(Columns::sliced(vec![], vec![(0..2, Slice::default()), (1..3, Slice::default())]).is_err());
}
