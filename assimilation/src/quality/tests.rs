//! Each check catches what it is for, and refuses no more good observations than it says.

use ndarray::{Array2, ArrayView2, array};
use reterra_statistics::tail::normal_two_sided;
use reterra_statistics::{Stage, StreamKey};

use super::Flag::{Duplicate, Merged, Missing, NoPrediction, OutOfRange, Used};
use super::*;
use crate::localisation::{Metric, Place};
use crate::{AssimilationError, analyse};

/// Observations of one kind with everything that a sample needs.
struct World {
    kinds: Vec<usize>,
    places: Vec<Place>,
    times: Vec<[f64; 2]>,
    values: Vec<f64>,
    variances: Vec<f64>,
    he: Array2<f64>,
    members: Vec<usize>,
}

impl World {
    fn new(values: Vec<f64>, variances: Vec<f64>, he: Array2<f64>) -> Self {
        let m = values.len();
        Self {
            kinds: vec![0; m],
            places: (0..m).map(|j| Metric::Plane.place(j as f64, 0.0)).collect(),
            times: vec![[0.0, 1.0]; m],
            members: (0..he.nrows()).collect(),
            values,
            variances,
            he,
        }
    }

    /// Truth and members drawn from one Gaussian by `draw`, observed with error variance `r`.
    fn gaussian(seed: u64, (members, m): (usize, usize), r: f64, draw: &dyn Fn(u32) -> Vec<f64>) -> Self {
        let rows: Vec<f64> = (0..members).flat_map(|k| draw(k as u32 + 1)).collect();
        let mut noise = stream(seed, u32::MAX);
        let values = draw(0).iter().map(|truth| truth + r.sqrt() * noise.normal()).collect();
        Self::new(values, vec![r; m], Array2::from_shape_vec((members, m), rows).unwrap())
    }

    fn sample(&self) -> Sample<'_> {
        Sample {
            kinds: &self.kinds,
            places: &self.places,
            times: &self.times,
            values: &self.values,
            variances: &self.variances,
            he: self.he.view(),
            members: &self.members,
        }
    }

    fn run(&self, checks: Vec<Check>) -> Outcome {
        Control::new(Metric::Plane, checks).unwrap().run(&self.sample()).unwrap()
    }
}

fn stream(seed: u64, member: u32) -> reterra_statistics::Stream {
    StreamKey { seed, stage: Stage::Test, cycle: 0, member, column: 0 }.stream()
}

/// m independent standard normal numbers of a member.
fn independent(seed: u64, m: usize) -> impl Fn(u32) -> Vec<f64> {
    move |member| {
        let mut stream = stream(seed, member);
        (0..m).map(|_| stream.normal()).collect()
    }
}

/// A number of refusals that chance gives to a share of `m` in all but one case of 10,000.
fn as_often_as(share: f64, m: usize, count: usize) -> bool {
    let expected = share * m as f64;
    (count as f64 - expected).abs() < 4.0 * (expected * (1.0 - share)).sqrt()
}

fn background(limit: f64) -> Check {
    Check::Background(Background { limit })
}

#[test]
fn the_background_check_weighs_distance_against_spread_and_error() {
    // Mean 0, variance 3 in the two rows that count; with r = 1 the limit is 3 · 2 = 6.
    let he = array![[1.5_f64.sqrt(); 3], [-1.5_f64.sqrt(); 3], [f64::NAN; 3]];
    let mut world = World::new(vec![5.9, 6.1, -6.1], vec![1.0; 3], he);
    world.members = vec![0, 1];
    let outcome = world.run(vec![background(3.0)]);
    assert_eq!(outcome.flags, [Flag::Used, Flag::Background, Flag::Background]);
    assert_eq!(outcome.used(), [0]);
}

#[test]
fn good_observations_are_refused_or_down_weighted_at_the_nominal_rate() {
    let m = 20_000;
    let world = World::gaussian(1, (200, m), 1.0, &independent(1, m));
    for limit in [1.5, 2.0, 3.0] {
        let share = normal_two_sided(limit);
        let refused = world.run(vec![background(limit)]).count(Flag::Background);
        assert!(as_often_as(share, m, refused), "{refused} at {limit}");
        let touched = world.run(vec![Check::Huber(Huber { transition: limit })]);
        assert!(as_often_as(share, m, touched.count(Flag::DownWeighted)));
        assert_eq!(touched.used().len(), m);
    }
    // Truth and error make a variance of 2; nothing here has a twin.
    let limit = 2.0 * 2.0_f64.sqrt();
    let range = Check::Range(Range { kind: 0, lower: -limit, upper: limit });
    let outcome = world.run(vec![Check::Duplicates(Duplicates::Merge), range]);
    assert!(as_often_as(normal_two_sided(2.0), m, outcome.count(Flag::OutOfRange)));
    assert_eq!(outcome.count(Flag::Merged), 0);
}

#[test]
fn the_range_check_knows_kinds_and_what_has_no_value_is_missing() {
    let he = array![[0.0; 5], [1.0, 1.0, 1.0, 1.0, f64::NAN]];
    let mut world = World::new(vec![-1.0, -1.0, 0.0, f64::NAN, 0.0], vec![1.0; 5], he);
    world.kinds = vec![0, 1, 0, 0, 0];
    let outcome = world.run(vec![Check::Range(Range { kind: 0, lower: 0.0, upper: f64::INFINITY })]);
    assert_eq!(outcome.flags, [OutOfRange, Used, Used, Missing, NoPrediction]);
}

#[test]
fn duplicates_count_once() {
    let he = array![[0.0; 6], [1.0; 6]];
    let mut world = World::new(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], vec![4.0, 1.0, 1.0, 2.0, 2.0, 1.0], he);
    world.places[1] = world.places[0];
    world.places[2] = world.places[0];
    // The same place, but another kind; the same place and kind, but another time.
    (world.places[3], world.kinds[3]) = (world.places[0], 1);
    (world.places[4], world.times[4]) = (world.places[0], [1.0, 2.0]);
    let kept = world.run(vec![Check::Duplicates(Duplicates::Keep)]);
    assert_eq!(kept.flags, [Duplicate, Used, Duplicate, Used, Used, Used]);
    assert_eq!((kept.values, kept.variances), (world.values.clone(), world.variances.clone()));
    let merged = world.run(vec![Check::Duplicates(Duplicates::Merge)]);
    assert_eq!(merged.flags, [Merged, Duplicate, Duplicate, Used, Used, Used]);
    // (1/4 + 2 + 3) / (1/4 + 1 + 1).
    approx::assert_relative_eq!(merged.values[0], 7.0 / 3.0, max_relative = 1e-14);
    approx::assert_relative_eq!(merged.variances[0], 4.0 / 9.0, max_relative = 1e-14);
}

/// The mean moves by Huber's influence function: as the innovation says up to c, and no farther however far off.
#[test]
fn an_outlier_pulls_no_harder_than_one_at_the_transition() {
    let he = array![[-1.0], [0.0], [1.0]];
    let pull = |value: f64, checks: Vec<Check>| {
        let outcome = World::new(vec![value], vec![3.0], he.clone()).run(checks);
        let analysis = analyse(he.view(), &outcome.values, &outcome.variances, 1.0).unwrap();
        value - analysis.diagnostics.residual[0]
    };
    let huber = || vec![Check::Huber(Huber { transition: 1.5 })];
    // Variance 1 of 1 + 3: the transition is at 1.5 · 2 = 3, where the gain of 1/4 pulls by 0.75.
    approx::assert_relative_eq!(pull(2.9, huber()), pull(2.9, Vec::new()), max_relative = 1e-14);
    for far in [3.1, 30.0, 3e5] {
        approx::assert_relative_eq!(pull(far, huber()), 0.75, max_relative = 1e-9);
        approx::assert_relative_eq!(pull(-far, huber()), -0.75, max_relative = 1e-9);
    }
}

#[test]
fn what_is_evaluated_only_is_never_used() {
    let mut world = World::new(vec![0.0, 0.0, 90.0], vec![1.0; 3], array![[0.0; 3], [1.0; 3]]);
    world.kinds = vec![0, 7, 7];
    let only = || Check::EvaluateOnly(EvaluateOnly { kinds: vec![7] });
    let first = world.run(vec![only(), background(3.0)]);
    assert_eq!(first.flags, [Flag::Used, Flag::EvaluateOnly, Flag::EvaluateOnly]);
    let last = world.run(vec![background(3.0), only()]);
    assert_eq!(last.flags, [Flag::Used, Flag::EvaluateOnly, Flag::Background]);
    assert_eq!((first.used(), last.used()), (vec![0], vec![0]));
}

#[test]
fn all_refused_is_told_and_bad_input_is_an_error() {
    let world = World::new(vec![50.0, -50.0], vec![1.0; 2], array![[0.0; 2], [1.0; 2]]);
    let outcome = world.run(vec![background(3.0)]);
    assert!(outcome.used().is_empty());
    assert_eq!(outcome.count(Flag::Background), 2);
    let control = Control::new(Metric::Plane, Vec::new()).unwrap();
    let variances = [1.0, 0.0];
    let sample = Sample { variances: &variances, ..world.sample() };
    assert!(matches!(control.run(&sample), Err(AssimilationError::NotPositive { index: 1, .. })));
    assert!(matches!(
        control.run(&Sample { members: &[0], ..world.sample() }),
        Err(AssimilationError::TooFewMembers { .. })
    ));
    let short: ArrayView2<'_, f64> = world.he.slice(ndarray::s![.., ..1]);
    assert!(matches!(
        control.run(&Sample { he: short, ..world.sample() }),
        Err(AssimilationError::Shape { .. })
    ));
    assert!(Control::new(Metric::Plane, vec![background(0.0)]).is_err());
    assert!(Control::new(Metric::Plane, vec![Check::Buddy(Buddy { false_alarm: 1.0, ..BUDDY })]).is_err());
    let bad = Range { kind: 0, lower: 1.0, upper: 1.0 };
    assert!(Control::new(Metric::Plane, vec![Check::Range(bad)]).is_err());
}

/// Columns at 0 and 10, observations at 0 to 11: those between 3 and 7 are nowhere near.
#[test]
fn what_stands_outside_the_domain_is_refused_counted_and_told() {
    let m = 12;
    let world = World::new(vec![0.0; m], vec![1.0; m], array![[0.0; 12], [1.0; 12]]);
    let columns = vec![[0.0, 0.0], [10.0, 0.0]];
    let domain = |within| Check::Domain(Domain { columns: columns.clone(), within });
    let outcome = world.run(vec![domain(2.0), background(3.0)]);
    let outside: Vec<usize> = (0..m).filter(|j| outcome.flags[*j] == Flag::OutsideDomain).collect();
    assert_eq!(outside, [3, 4, 5, 6, 7], "those at exactly 2 are within");
    assert_eq!((outcome.count(Flag::OutsideDomain), outcome.used().len()), (5, 7));
    let told = outcome.told().unwrap();
    for words in ["of 12 observations, 5", "outside domain", "number 3, 4, 5, 6, 7)", "coordinates"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert_eq!(world.run(vec![domain(5.0)]).told(), None);
}

/// Swapped coordinates of a station in Finland are a place in Somalia.
#[test]
fn swapped_coordinates_are_outside_on_the_sphere_too() {
    let earth = Metric::GreatCircle { radius: 6_371_007.2 };
    let mut world = World::new(vec![0.0; 2], vec![1.0; 2], array![[0.0; 2], [1.0; 2]]);
    world.places = vec![earth.place(24.2948, 61.8474), earth.place(61.8474, 24.2948)];
    let domain = Domain { columns: vec![[24.3, 61.9]], within: 50e3 };
    let control = Control::new(earth, vec![Check::Domain(domain)]).unwrap();
    assert_eq!(control.run(&world.sample()).unwrap().flags, [Used, Flag::OutsideDomain]);
}

#[test]
fn a_domain_without_columns_or_with_places_that_are_none_is_an_error() {
    let of = |columns, within| Control::new(Metric::Plane, vec![Check::Domain(Domain { columns, within })]);
    for (columns, within, words) in [
        (Vec::new(), 1.0, "number of columns of the domain check is 0"),
        (vec![[0.0, 0.0], [f64::NAN, 0.0]], 1.0, "place of a column of the domain check of row 0, column 1"),
        (vec![[0.0, 0.0]], 0.0, "distance of the domain check is 0"),
        (vec![[0.0, 0.0]], f64::INFINITY, "distance of the domain check is inf"),
    ] {
        let error = of(columns, within).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    // An observation without a place is an error, not one outside.
    let mut world = World::new(vec![0.0], vec![1.0], array![[0.0], [1.0]]);
    world.places[0] = Metric::Plane.place(f64::NAN, 0.0);
    let error = of(vec![[0.0, 0.0]], 1.0).unwrap().run(&world.sample()).unwrap_err();
    assert!(matches!(error, AssimilationError::NotFinite { .. }), "{error}");
}

#[test]
fn a_pipeline_is_data() {
    let text = r#"{"metric": {"great-circle": {"radius": 6371007.2}}, "checks": [
        {"domain": {"columns": [[24.3, 61.8]], "within": 5e4}},
        {"range": {"kind": 0, "lower": 0, "upper": 1}}, {"duplicates": "keep"}, {"background": {"limit": 4}},
        {"huber": {"transition": 1.345}}, {"evaluate-only": {"kinds": [2]}}]}"#;
    let control: Control = serde_json::from_str(text).unwrap();
    assert_eq!(control.checks().len(), 6);
    let again: Control = serde_json::from_str(&serde_json::to_string(&control).unwrap()).unwrap();
    assert_eq!(again, control);
    let bad = text.replace("\"limit\": 4", "\"limit\": -4");
    assert!(serde_json::from_str::<Control>(&bad).unwrap_err().to_string().contains("background check"));
}

const BUDDY: Buddy = Buddy { suspect: 2.0, false_alarm: 0.01, radius: 3.0, span: 0.0, least: 5, most: 16 };

/// A square of places one unit apart.
fn square(side: usize) -> Vec<Place> {
    (0..side * side).map(|j| Metric::Plane.place((j % side) as f64, (j / side) as f64)).collect()
}

/// Numbers of a member that neighbours on the square share: means of 3 × 3 independent ones, times 3.
fn smooth(seed: u64, side: usize) -> impl Fn(u32) -> Vec<f64> {
    move |member| {
        let wide = side + 2;
        let fine = independent(seed, wide * wide)(member);
        let around = |j: usize| {
            let corner = j / side * wide + j % side;
            (0..9).map(|k| fine[corner + k / 3 * wide + k % 3]).sum::<f64>() / 3.0
        };
        (0..side * side).map(around).collect()
    }
}

/// A square of observations of the smooth field, neighbours 5/6 to 2/3 correlated, errors a fifth of its spread.
fn correlated(seed: u64, side: usize) -> World {
    let mut world = World::gaussian(seed, (150, side * side), 0.04, &smooth(seed, side));
    world.places = square(side);
    world
}

#[test]
fn the_buddy_check_refuses_fewer_good_observations_than_it_may() {
    let (side, seeds) = (30, 10);
    let (mut apart, mut together) = (0, 0);
    for seed in 0..seeds {
        let mut world = World::gaussian(seed, (150, side * side), 1.0, &independent(seed, side * side));
        world.places = square(side);
        apart += world.run(vec![Check::Buddy(BUDDY)]).count(Flag::Buddy);
        together += correlated(seed, side).run(vec![Check::Buddy(BUDDY)]).count(Flag::Buddy);
    }
    // 90 of 9000 may be refused. Where neighbours are correlated, being a suspect and failing are two things.
    assert!((30..=90).contains(&apart), "{apart} of independent ones");
    assert!((1..=apart).contains(&together), "{together} of correlated ones");
}

/// Two neighbours that agree with each other and with nobody else are found, and one far from anything is left alone.
#[test]
fn the_buddy_check_finds_errors_that_the_prior_would_allow() {
    let (side, centre, seeds) = (15, 7 * 15 + 7, 20);
    let mut found = 0;
    for seed in 0..seeds {
        let mut world = correlated(seed, side);
        let wrong = world.values[centre] + 3.5_f64.copysign(world.values[centre]);
        (world.values[centre], world.values[centre + 1]) = (wrong, wrong);
        world.places[0] = Metric::Plane.place(900.0, 900.0);
        world.values[0] = 3.5;
        let outcome = world.run(vec![background(7.0), Check::Buddy(BUDDY)]);
        found += [centre, centre + 1].into_iter().filter(|j| outcome.flags[*j] == Flag::Buddy).count();
        assert_eq!(outcome.flags[0], Used);
        assert!(outcome.count(Flag::Buddy) < 6);
    }
    assert!(found >= 36, "{found} of 40");
}

#[test]
fn an_error_of_the_prior_over_a_whole_region_condemns_no_observation() {
    let side = 20;
    for seed in 0..5 {
        let mut world = correlated(seed, side);
        for y in &mut world.values {
            *y += 2.5;
        }
        let background = world.run(vec![background(2.0)]).used().len();
        let buddies = world.run(vec![Check::Buddy(BUDDY)]).used().len();
        assert!(background < side * side / 2 && buddies > side * side * 19 / 20, "{background} {buddies}");
    }
}
