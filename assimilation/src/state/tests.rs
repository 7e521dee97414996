//! Maps lead there and back, keep bounds and order, and blocks lie where they say.

use approx::assert_abs_diff_eq;
use ndarray::{Array2, Array3, Axis, array};
use reterra_statistics::{Stage, StreamKey, normal};

use super::{Block, Layout, Map};
use crate::letkf::{Columns, Letkf};
use crate::localisation::{Locality, Metric, Network, ObservationSet, Slice, Taper, Vertical};
use crate::{AssimilationError, BlockProblem};

const MAPS: [Map; 5] = [
    Map::Identity,
    Map::Log { floor: 1e-3 },
    Map::Logit { lower: -0.5, upper: 2.0 },
    Map::Rank { lower: 0.0, upper: 3.0 },
    Map::Rank { lower: 0.0, upper: f64::INFINITY },
];

fn block(name: &str, layers: usize, map: Map) -> Block {
    Block { name: name.into(), unit: "1".into(), layers, tiles: 1, map }
}

fn one(map: Map) -> Layout {
    Layout::new(vec![block("x", 1, map)]).unwrap()
}

/// Members in (0, 2), ties and bounds among them.
fn members(seed: u64, n: usize) -> Array2<f64> {
    let mut stream = StreamKey { seed, stage: Stage::Test, cycle: 0, member: 0, column: 0 }.stream();
    Array2::from_shape_fn((n, 1), |(m, _)| match m % 7 {
        0 => 0.0,
        1 => 0.25,
        _ => 2.0 * normal::cumulative(stream.normal()),
    })
}

#[test]
fn back_undoes_forward() {
    for map in MAPS {
        for n in [1, 2, 9, 64] {
            let (layout, before) = (one(map), members(3, n));
            let mut e = before.clone();
            let mapped = layout.forward(e.view_mut()).unwrap();
            layout.back(&mapped, e.view_mut()).unwrap();
            for (got, x) in e.iter().zip(&before) {
                assert_abs_diff_eq!(*got, *x, epsilon = 1e-12);
            }
        }
    }
}

#[test]
fn no_update_leaves_the_bounds_or_the_order() {
    for map in MAPS {
        let (layout, n) = (one(map), 33);
        let (lower, upper) = map.bounds();
        let mut prior = members(5, n);
        let mapped = layout.forward(prior.view_mut()).unwrap();
        let mut e = Array2::from_shape_fn((n, 1), |(m, _)| (m as f64 - 16.0) * 2.5);
        layout.back(&mapped, e.view_mut()).unwrap();
        assert!(e.iter().all(|x| x.is_finite() && (lower..=upper).contains(x)), "{map:?}: {e}");
        assert!(e.iter().zip(e.iter().skip(1)).all(|(a, b)| a <= b), "{map:?}: {e}");
    }
}

#[test]
fn values_out_of_bounds_come_back_at_the_bound() {
    let layout = one(Map::Logit { lower: 0.0, upper: 1.0 });
    let mut e = array![[-0.1], [0.0], [0.5], [1.0], [1.2]];
    let mapped = layout.forward(e.view_mut()).unwrap();
    assert!(e.iter().all(|u| u.is_finite()));
    layout.back(&mapped, e.view_mut()).unwrap();
    assert_eq!(e, array![[0.0], [0.0], [0.5], [1.0], [1.0]]);
}

#[test]
fn ranks_become_normal_quantiles_and_equal_members_share_theirs() {
    let layout = one(Map::Rank { lower: 0.0, upper: 10.0 });
    let mut e = array![[3.0], [1.0], [7.0], [1.0], [4.0]];
    let mapped = layout.forward(e.view_mut()).unwrap();
    // Ranks 2, 1/2, 4, 1/2, 3 of five.
    for (z, p) in e.iter().zip([0.5, 0.2, 0.9, 0.2, 0.7]) {
        assert_abs_diff_eq!(*z, normal::quantile(p), epsilon = 1e-15);
    }
    // Halfway between two members in z, and two tails that are uniform in probability: 0.2 and 0.1 lie beyond.
    let z = |p: f64| normal::quantile(p);
    let mut e = array![[0.5 * (z(0.5) + z(0.7))], [z(0.05)], [z(0.95)], [z(0.2)], [z(0.7)]];
    layout.back(&mapped, e.view_mut()).unwrap();
    for (x, exact) in e.iter().zip([3.5, 0.25, 8.5, 1.0, 4.0]) {
        assert_abs_diff_eq!(*x, exact, epsilon = 1e-13);
    }
}

#[test]
fn a_tail_without_bound_has_the_spread_of_the_members() {
    let layout = one(Map::Rank { lower: f64::NEG_INFINITY, upper: f64::INFINITY });
    let mut e = array![[1.0], [2.0], [3.0]];
    let mapped = layout.forward(e.view_mut()).unwrap();
    let edge = e[[2, 0]];
    let mut e = array![[-edge - 2.0], [0.0], [edge + 3.0]];
    layout.back(&mapped, e.view_mut()).unwrap();
    assert_abs_diff_eq!(e.into_raw_vec_and_offset().0[..], [-1.0, 2.0, 6.0], epsilon = 1e-14);
}

#[test]
fn members_that_are_all_equal_do_not_move() {
    for map in MAPS {
        let layout = one(map);
        let mut e = Array2::from_elem((6, 1), 0.7);
        let mapped = layout.forward(e.view_mut()).unwrap();
        assert!(e.iter().all(|u| u.to_bits() == e[[0, 0]].to_bits()));
        layout.back(&mapped, e.view_mut()).unwrap();
        assert!(e.iter().all(|x| (x - 0.7).abs() < 1e-15), "{map:?}");
    }
}

#[test]
fn rows_are_block_by_block_then_layer_then_tile() {
    let tiled = Block { tiles: 3, ..block("leaf", 2, Map::Identity) };
    let layout = Layout::new(vec![block("water", 4, Map::Identity), tiled]).unwrap();
    assert_eq!(layout.rows(), 10);
    assert_eq!(layout.block("leaf").map(|(b, rows)| (b.rows(), rows)), Some((6, 4..10)));
    assert_eq!(layout.row("leaf", 1, 2), Some(9));
    assert_eq!(layout.row("leaf", 0, 1), Some(5));
    assert_eq!(
        (layout.row("leaf", 2, 0), layout.row("water", 0, 1), layout.row("snow", 0, 0)),
        (None, None, None)
    );
}

/// Three layers at 0.1, 0.3 and 0.5 m and a content that counts as surface: water is observed at 0.1 m, tapered by depth.
#[test]
fn a_local_filter_moves_layers_by_their_depth() {
    let water = block("water", 3, Map::Logit { lower: 0.0, upper: 1.0 });
    let layout = Layout::new(vec![block("leaf", 1, Map::Log { floor: 1e-3 }), water]).unwrap();
    let slices = layout.slices(|block, layer, _| match block.name.as_str() {
        "leaf" => Slice::default(),
        _ => Slice { kind: 0, depth: 0.1 + 0.2 * layer as f64 },
    });
    let ranges: Vec<_> = slices.iter().map(|(rows, slice)| (rows.clone(), slice.depth)).collect();
    assert_eq!(ranges, [(0..1, 0.0), (1..2, 0.1), (2..3, 0.1 + 0.2), (3..4, 0.5)]);
    let locality = Locality::new(Metric::Plane, Taper::GaspariCohn, 1.0).unwrap();
    let vertical = Vertical { taper: Taper::GaspariCohn, radius: 0.3 };
    let locality = locality.with_vertical(vertical).unwrap();
    let place = locality.place(0.0, 0.0);
    let mut e = Array3::from_shape_fn((10, 4, 1), |(m, _, _)| 0.3 + 0.02 * m as f64);
    let (before, at) = (e.clone(), Slice { kind: 0, depth: 0.1 });
    let he = Array2::from_shape_fn((10, 1), |(m, _)| before[[m, 1, 0]]);
    let network = Network { places: &[place], slices: Some(&[at]), values: &[0.3], variances: &[1e-4] };
    let observations = ObservationSet::new(&locality, &network, he.view()).unwrap();
    let columns = Columns::sliced(vec![place], slices).unwrap();
    let mapped = layout.forward_columns(e.view_mut()).unwrap();
    Letkf::new(locality).analyse(&observations, &columns, e.view_mut()).unwrap();
    layout.back_columns(&mapped, e.view_mut()).unwrap();
    let moved: Vec<f64> = (0..4).map(|row| (&e - &before).index_axis(Axis(1), row).mean().unwrap()).collect();
    // From 0.39 almost all of the way where it is observed, less 0.2 m below and 0.1 m above, not at all 0.4 m below.
    assert!((moved[1] + 0.09).abs() < 0.01 && moved[2] < -0.001 && moved[2] > 0.9 * moved[1], "{moved:?}");
    assert!(moved[0] < moved[2] && moved[3].abs() < 1e-15, "{moved:?}");
}

#[test]
fn impossible_blocks_are_named() {
    let refused = |blocks: Vec<Block>| match Layout::new(blocks) {
        Err(AssimilationError::Block { name, problem }) => (name, problem),
        other => panic!("{other:?}"),
    };
    let x = || block("x", 1, Map::Identity);
    assert_eq!(refused(vec![x(), x()]), ("x".into(), BlockProblem::Twice));
    let empty = Block { tiles: 0, ..x() };
    assert_eq!(refused(vec![empty]).1, BlockProblem::Empty { layers: 1, tiles: 0 });
    for map in [
        Map::Logit { lower: 1.0, upper: 1.0 },
        Map::Logit { lower: 0.0, upper: f64::INFINITY },
        Map::Rank { lower: 2.0, upper: 1.0 },
        Map::Rank { lower: f64::NAN, upper: 1.0 },
    ] {
        assert!(matches!(refused(vec![block("y", 1, map)]).1, BlockProblem::Bounds { .. }), "{map:?}");
    }
    assert_eq!(refused(vec![block("y", 1, Map::Log { floor: 0.0 })]).1, BlockProblem::Floor(0.0));
    assert!(matches!(Layout::new(Vec::new()), Err(AssimilationError::Shape { .. })));
}

#[test]
fn what_is_not_finite_or_of_another_shape_is_refused_and_left_alone() {
    let layout = one(Map::Log { floor: 1.0 });
    let mut e = array![[2.0], [f64::NAN]];
    assert!(matches!(
        layout.forward(e.view_mut()),
        Err(AssimilationError::NotFinite { row: 1, column: 0, .. })
    ));
    assert_abs_diff_eq!(e[[0, 0]], 2.0);
    let mut wide = array![[2.0, 3.0]];
    assert!(matches!(
        layout.forward(wide.view_mut()),
        Err(AssimilationError::Shape { expected: 1, got: 2, .. })
    ));
    let mut whole = array![[2.0], [3.0]];
    let mapped = layout.forward(whole.view_mut()).unwrap();
    let mut fewer = array![[0.0]];
    assert!(matches!(
        layout.back(&mapped, fewer.view_mut()),
        Err(AssimilationError::Shape { expected: 2, .. })
    ));
    whole[[0, 0]] = f64::INFINITY;
    assert!(matches!(layout.back(&mapped, whole.view_mut()), Err(AssimilationError::NotFinite { .. })));
}

#[test]
fn many_columns_are_mapped_as_each_alone() {
    let layout = Layout::new(MAPS.iter().map(|&map| block(&format!("{map:?}"), 1, map)).collect()).unwrap();
    let mut e =
        Array3::from_shape_fn((12, 5, 3), |(m, row, column)| members((row + 5 * column) as u64, 12)[[m, 0]]);
    let before = e.clone();
    let mapped = layout.forward_columns(e.view_mut()).unwrap();
    for (column, view) in e.axis_iter(Axis(2)).enumerate() {
        let mut alone = before.index_axis(Axis(2), column).to_owned();
        assert_eq!(mapped[column], layout.forward(alone.view_mut()).unwrap());
        assert_eq!(view, alone);
    }
    layout.back_columns(&mapped, e.view_mut()).unwrap();
    assert!((e - before).iter().all(|x| x.abs() < 1e-12));
}
