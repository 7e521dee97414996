//! Moves markers apart that would hide each other, and no further than that.

const LEAST_DISTANCE: f64 = 10.5;
const ROUNDS: usize = 80;
/// Share of its displacement by which a marker is drawn back each round.
const PULL: f64 = 0.04;

/// Places with at least (nearly) [`LEAST_DISTANCE`] between them, near the true ones.
pub(super) fn spread(true_places: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut places = true_places.to_vec();
    for _ in 0..ROUNDS {
        for i in 0..places.len() {
            for j in i + 1..places.len() {
                push_apart(&mut places, i, j);
            }
        }
        for (place, home) in places.iter_mut().zip(true_places) {
            place.0 += PULL * (home.0 - place.0);
            place.1 += PULL * (home.1 - place.1);
        }
    }
    places
}

fn push_apart(places: &mut [(f64, f64)], i: usize, j: usize) {
    let (mut dx, mut dy) = (places[j].0 - places[i].0, places[j].1 - places[i].1);
    let mut distance = dx.hypot(dy);
    if distance >= LEAST_DISTANCE {
        return;
    }
    if distance < 1e-6 {
        // Markers on one spot part in a direction of their own, so that three of them don't stay on one line.
        (dy, dx) = (1.0 + i as f64 * 2.4 + j as f64).sin_cos();
        distance = 1.0;
    }
    let push = 0.5 * (LEAST_DISTANCE - distance.min(LEAST_DISTANCE)) / distance;
    places[i] = (places[i].0 - push * dx, places[i].1 - push * dy);
    places[j] = (places[j].0 + push * dx, places[j].1 + push * dy);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stations_on_one_spot_part_and_lone_ones_stay() {
        let places = spread(&[(100.0, 100.0), (100.0, 100.0), (100.3, 100.1), (300.0, 50.0)]);
        for i in 0..3 {
            for j in i + 1..3 {
                let (a, b) = (places[i], places[j]);
                assert!((a.0 - b.0).hypot(a.1 - b.1) > 8.0, "{places:?}");
            }
        }
        assert_eq!(places[3], (300.0, 50.0));
    }
}
