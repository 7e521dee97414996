//! Operators against sums done by hand.

use approx::assert_abs_diff_eq;

use super::{Accumulator, Axis, CosmicRay, Field, Layers, Period, Quantity, Record, Sensing, Shown, Support};
use crate::AssimilationError;
use crate::observation::{Observation, Variable, Window};

/// Layers of 2, 4, 6 and 8 cm: nodes at 1, 4, 9 and 16 cm.
fn layers() -> Layers {
    Layers::new(&[0.02, 0.04, 0.06, 0.08]).unwrap()
}

/// A column that shows the same at every step, but for a flux of its own.
struct Column {
    layers: Layers,
    flux: f64,
}

impl Shown for Column {
    fn layers(&self) -> Option<&Layers> {
        Some(&self.layers)
    }

    fn value(&self, field: Field, layer: usize, support: Support) -> Option<f64> {
        match (field, support) {
            (Field::Column(Variable::Gpp), Support::Cell) => Some(self.flux),
            (Field::Column(Variable::Lai), Support::Tile(tile)) => [2.0, 5.0].get(tile).copied(),
            (Field::SoilWater, Support::Cell) => [0.1, 0.2, 0.4, 0.3].get(layer).copied(),
            (Field::SoilCarbon, Support::Cell) => [100.0, 200.0, 300.0, 400.0].get(layer).copied(),
            _ => None,
        }
    }
}

fn column(flux: f64) -> Column {
    Column { layers: layers(), flux }
}

fn see(quantity: Quantity) -> f64 {
    quantity.observe(&column(0.0), Support::Cell).unwrap()
}

#[test]
fn moisture_at_a_depth_lies_between_the_nodes_around_it() {
    let at = |depth| see(Quantity::SoilMoisture(Sensing::At(depth)));
    for (depth, water) in
        [(0.0, 0.1), (0.01, 0.1), (0.025, 0.15), (0.04, 0.2), (0.08, 0.36), (0.16, 0.3), (0.2, 0.3)]
    {
        assert_abs_diff_eq!(at(depth), water, epsilon = 1e-12);
    }
}

#[test]
fn moisture_over_a_range_is_weighted_by_thickness() {
    let between = |top, bottom| see(Quantity::SoilMoisture(Sensing::Between { top, bottom }));
    assert_abs_diff_eq!(between(0.0, 0.06), (2.0 * 0.1 + 4.0 * 0.2) / 6.0, epsilon = 1e-12);
    assert_abs_diff_eq!(between(0.05, 0.14), (1.0 * 0.2 + 6.0 * 0.4 + 2.0 * 0.3) / 9.0, epsilon = 1e-12);
}

#[test]
fn carbon_above_a_depth_counts_parts_of_layers() {
    assert_abs_diff_eq!(see(Quantity::SoilCarbon { depth: 0.08 }), 100.0 + 200.0 + 100.0, epsilon = 1e-9);
    assert_abs_diff_eq!(see(Quantity::SoilCarbon { depth: 1.0 }), 1000.0, epsilon = 1e-9);
}

#[test]
fn what_a_column_does_not_show_is_refused() {
    let deep = Quantity::SoilMoisture(Sensing::At(0.3));
    for (quantity, support) in [
        (deep, Support::Cell),
        (Quantity::SoilMoisture(Sensing::Between { top: 0.1, bottom: 0.21 }), Support::Cell),
        (Quantity::SoilMoisture(Sensing::Between { top: 0.1, bottom: 0.1 }), Support::Cell),
        (Quantity::Column(Variable::Gpp), Support::Tile(0)),
        (Quantity::Column(Variable::Lai), Support::Tile(2)),
        (Quantity::Column(Variable::Biomass), Support::Cell),
    ] {
        let refused = quantity.observe(&column(1.0), support);
        assert!(matches!(refused, Err(AssimilationError::Unobservable { .. })), "{quantity:?}");
    }
    assert!(
        (Quantity::Column(Variable::Lai).observe(&column(1.0), Support::Tile(1)).unwrap() - 5.0).abs()
            < 1e-15
    );
    assert!(matches!(Layers::new(&[0.1, 0.0]), Err(AssimilationError::NotPositive { index: 1, .. })));
    assert!(Layers::new(&[]).is_err());
}

/// Equation 8 of Köhli et al. 2015: below the sensor 20.16 cm at θ = 0.2 with 3 % bound water and 1.4 g cm⁻³; 79.9 cm in
/// dry soil (1 %) and 13.2 cm in wet soil (50 %) of 1.43 g cm⁻³. At 100 m, exp(-1) takes the place of 1.
#[test]
fn neutrons_come_from_the_published_depths() {
    let depth = |sensor: CosmicRay, water| 100.0 * sensor.penetration(water);
    assert_abs_diff_eq!(depth(CosmicRay::new(1.4, 0.03, 0.0).unwrap(), 0.2), 20.16, epsilon = 0.005);
    let bare = CosmicRay::new(1.43, 0.0, 0.0).unwrap();
    assert_abs_diff_eq!(depth(bare, 0.01), 79.94, epsilon = 0.01);
    assert_abs_diff_eq!(depth(bare, 0.5), 13.22, epsilon = 0.01);
    let far = CosmicRay::new(1.43, 0.0, 100.0).unwrap();
    let by_hand = (8.321 + 0.14249 * (0.96655 + (-1.0_f64).exp()) * 20.2 / 0.2429) / 1.43;
    assert_abs_diff_eq!(depth(far, 0.2), by_hand, epsilon = 1e-12);
    assert!(CosmicRay::new(0.0, 0.0, 0.0).is_err() && CosmicRay::new(1.4, f64::NAN, 0.0).is_err());
}

#[test]
fn the_share_of_neutrons_from_above_their_depth_is_86_percent() {
    let sensor = CosmicRay::new(1.4, 0.0, 0.0).unwrap();
    let depth = sensor.penetration(0.25);
    let fine = Layers::new(&[vec![depth / 100.0; 100], vec![depth; 30]].concat()).unwrap();
    let weights = sensor.weights(&fine, 0.25);
    assert_abs_diff_eq!(weights[..100].iter().sum::<f64>(), 1.0 - (-2.0_f64).exp(), epsilon = 1e-12);
    assert_abs_diff_eq!(weights.iter().sum::<f64>(), 1.0, epsilon = 1e-12);
    // Per depth, a layer counts as exp(-2 d / D).
    assert_abs_diff_eq!(weights[60] / weights[10], (-1.0_f64).exp(), epsilon = 1e-12);
}

#[test]
fn a_sensor_sees_the_mean_that_belongs_to_its_own_depth() {
    let (sensor, profile) = (CosmicRay::new(1.3, 0.02, 0.0).unwrap(), [0.1, 0.2, 0.4, 0.3]);
    let mean = sensor.mean(&layers(), &profile);
    let again: f64 = sensor.weights(&layers(), mean).iter().zip(profile).map(|(w, x)| w * x).sum();
    assert_abs_diff_eq!(again, mean, epsilon = 1e-11);
    assert_abs_diff_eq!(see(Quantity::SoilMoisture(Sensing::CosmicRay(sensor))), mean, epsilon = 1e-15);
    assert_abs_diff_eq!(sensor.mean(&layers(), &[0.3; 4]), 0.3, epsilon = 1e-12);
}

#[test]
fn windows_follow_the_calendar_and_are_whole() {
    let days = Axis::Days { first: 0 };
    let spans = |windows: Vec<Window>| windows.iter().map(|w| (w.start(), w.end())).collect::<Vec<_>>();
    let eight = spans(Period::EightDays.windows(days, 2 * 365));
    assert_eq!((eight.len(), eight[1], eight[45], eight[46]), (92, (8, 16), (360, 365), (365, 373)));
    let months = spans(Period::Month.windows(Axis::Days { first: 40 }, 365));
    // From 10 February on: March is the first whole month, January the last.
    assert_eq!((months[0], months.len(), months[10]), ((19, 50), 11, (325, 356)));
    assert_eq!(spans(Period::Year.windows(Axis::Months { first: 3 }, 30)), [(9, 21)]);
    assert_eq!(spans(Period::Year.windows(days, 364)), []);
    assert_eq!(Period::Month.windows(Axis::Months { first: 3 }, 2), [Window::step(0), Window::step(1)]);
    assert_eq!(Period::Step.windows(days, 2), [Window::step(0), Window::step(1)]);
    assert!(Period::EightDays.windows(Axis::Months { first: 0 }, 24).is_empty());
}

fn record(quantity: Quantity, windows: Vec<Window>) -> Result<Record, AssimilationError> {
    let observations = windows.into_iter().map(|window| Observation { window, value: 1.0, variance: 0.1 });
    Record::new(quantity, Support::Cell, observations.collect())
}

/// Days 0 to 15 with the day's number as flux: eight days, some of them unobserved, and single days.
#[test]
fn a_mean_falls_due_when_its_window_ends_and_counts_observed_steps_alone() {
    let gpp = Quantity::Column(Variable::Gpp);
    let eight = vec![Window::new(0..8), Window::among(8..16, |day| ![8, 15].contains(&day))];
    let single = vec![Window::step(3), Window::step(4), Window::step(9)];
    let water = Quantity::SoilMoisture(Sensing::At(0.04));
    let records = [
        record(gpp, eight).unwrap(),
        record(gpp, single).unwrap(),
        record(water, vec![Window::step(7)]).unwrap(),
    ];
    let mut accumulator = Accumulator::new(3);
    let mut seen = Vec::new();
    for day in 0..16 {
        // A checkpoint between any two days changes nothing.
        let text = serde_json::to_string(&accumulator).unwrap();
        accumulator = serde_json::from_str(&text).unwrap();
        for due in accumulator.take(&records, &column(f64::from(day))).unwrap() {
            seen.push((day, due.record, due.predicted));
        }
    }
    let expected = [(3, 1, 3.0), (4, 1, 4.0), (7, 0, 3.5), (7, 2, 0.2), (9, 1, 9.0), (15, 0, 11.5)];
    assert_eq!(seen.len(), expected.len());
    for (got, wanted) in seen.iter().zip(expected) {
        assert_eq!((got.0, got.1), (wanted.0, wanted.1));
        assert_abs_diff_eq!(got.2, wanted.2, epsilon = 1e-12);
    }
    assert_eq!(accumulator.step(), 16);
}

#[test]
fn members_are_rows_of_what_is_predicted() {
    let records = [record(Quantity::Column(Variable::Gpp), vec![Window::new(0..2)]).unwrap()];
    let mut members = vec![Accumulator::new(1); 3];
    let fluxes = |day: f64| [1.0, 2.0, 4.0].map(|flux| column(flux + day));
    assert!(Accumulator::take_all(&mut members, &records, fluxes(0.0)).unwrap().observations.is_empty());
    let due = Accumulator::take_all(&mut members, &records, fluxes(1.0)).unwrap();
    assert_eq!(due.he, ndarray::array![[1.5], [2.5], [4.5]]);
    assert_eq!((due.records.clone(), due.values(), due.variances()), (vec![0], vec![1.0], vec![0.1]));
    let mut apart = vec![Accumulator::new(1); 2];
    apart[0].take(&records, &column(1.0)).unwrap();
    let refused = Accumulator::take_all(&mut apart, &records, fluxes(1.0));
    assert!(matches!(refused, Err(AssimilationError::Shape { expected: 1, got: 0, .. })));
}

#[test]
fn an_update_moves_the_past_of_an_open_window_alone() {
    let gpp = Quantity::Column(Variable::Gpp);
    let records =
        [record(gpp, vec![Window::new(0..2)]).unwrap(), record(gpp, vec![Window::new(1..3)]).unwrap()];
    let mut member = Accumulator::new(2);
    member.take(&records, &column(1.0)).unwrap();
    assert_eq!(member.sums().collect::<Vec<_>>(), [1.0, 0.0]);
    member.update([3.0, 9.0]);
    let due = member.take(&records, &column(1.0)).unwrap();
    assert_abs_diff_eq!(due[0].predicted, 2.0);
    assert_eq!(member.sums().collect::<Vec<_>>(), [0.0, 1.0]);
}

#[test]
fn what_no_window_is_open_for_is_not_asked_of_the_model() {
    let absent = record(Quantity::Column(Variable::Nee), vec![Window::step(5)]).unwrap();
    let mut accumulator = Accumulator::new(1);
    for _ in 0..5 {
        assert!(accumulator.take(std::slice::from_ref(&absent), &column(1.0)).unwrap().is_empty());
    }
    assert!(accumulator.take(std::slice::from_ref(&absent), &column(1.0)).is_err());
    assert!(matches!(accumulator.take(&[], &column(1.0)), Err(AssimilationError::Shape { expected: 1, .. })));
}

#[test]
fn windows_that_overlap_or_hold_nothing_are_refused() {
    let gpp = Quantity::Column(Variable::Gpp);
    let overlapping = record(gpp, vec![Window::new(0..8), Window::new(7..9)]);
    assert!(matches!(overlapping, Err(AssimilationError::Window { index: 1, start: 7, end: 9, free: 8 })));
    assert!(record(gpp, vec![Window::among(0..8, |_| false)]).is_err());
}
