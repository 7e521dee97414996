//! Places sorted into cubic cells, so that a search touches only what is near.
//!
//! Cells are numbered from the origin of the coordinates and have a size that the search radius alone decides. So the
//! order of any two places is the same whichever other places are in the index: processes that hold different parts of
//! a set see what they share in the same order.

use super::metric::Place;

/// Immutable: places in the order of their cells, and where each cell begins.
#[derive(Clone, Debug)]
pub struct CellIndex {
    size: f64,
    /// Place `k` of the index was given as number `order[k]`.
    order: Vec<u32>,
    places: Vec<Place>,
    cells: Vec<(Cell, u32)>,
}

/// Number of a cell along `z`, `x`, `y`: cells that differ in the last one only follow each other.
pub(crate) type Cell = [i64; 3];

/// Cells to the search radius: finer ones fit a box of columns better and cost more of them to visit.
const CELLS_TO_RADIUS: f64 = 2.0;

impl CellIndex {
    /// Sorts places, all of them finite, for searches within straight lines of `radius`.
    #[must_use]
    pub fn new(places: &[Place], radius: f64) -> Self {
        let size = radius / CELLS_TO_RADIUS;
        let mut keyed = Vec::new();
        cell_order(places, size, &mut keyed);
        let mut cells: Vec<(Cell, u32)> = Vec::new();
        for (k, (cell, _)) in keyed.iter().enumerate() {
            if cells.last().is_none_or(|(last, _)| last != cell) {
                cells.push((*cell, k as u32));
            }
        }
        let order: Vec<u32> = keyed.iter().map(|(_, k)| *k).collect();
        Self { size, places: order.iter().map(|k| places[*k as usize]).collect(), order, cells }
    }

    /// The number under which each place was given, in the order of the index.
    #[must_use]
    pub fn order(&self) -> &[u32] {
        &self.order
    }

    /// The places in the order of the index.
    #[must_use]
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// Calls `visit` with runs of positions in the index, ascending: together they hold every place within `radius` of
    /// the box, and others near it.
    pub(crate) fn near(&self, around: &Bounds, radius: f64, mut visit: impl FnMut(std::ops::Range<usize>)) {
        let low = cell(&Place(around.low.map(|x| x - radius)), self.size);
        let high = cell(&Place(around.high.map(|x| x + radius)), self.size);
        let strips = (high[0] - low[0] + 1) as f64 * (high[1] - low[1] + 1) as f64;
        if strips > self.cells.len() as f64 {
            return visit(0..self.places.len());
        }
        for z in low[0]..=high[0] {
            for x in low[1]..=high[1] {
                let first = self.start([z, x, low[2]]);
                let end = self.start([z, x, high[2] + 1]);
                if first < end {
                    visit(first..end);
                }
            }
        }
    }

    /// Position of the first place in this cell or a later one.
    fn start(&self, cell: Cell) -> usize {
        let at = self.cells.partition_point(|(other, _)| *other < cell);
        self.cells.get(at).map_or(self.places.len(), |(_, first)| *first as usize)
    }
}

fn cell(place: &Place, size: f64) -> Cell {
    let [x, y, z] = place.0.map(|x| (x / size).floor() as i64);
    [z, x, y]
}

/// The box around some places.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    low: [f64; 3],
    high: [f64; 3],
}

impl Bounds {
    /// Around no place.
    pub const EMPTY: Self = Self { low: [f64::INFINITY; 3], high: [f64::NEG_INFINITY; 3] };

    /// Around one place more.
    pub fn with(mut self, place: &Place) -> Self {
        for k in 0..3 {
            self.low[k] = self.low[k].min(place.0[k]);
            self.high[k] = self.high[k].max(place.0[k]);
        }
        self
    }

    /// Squared length of the shortest straight line to the box.
    pub fn squared_to(&self, place: &Place) -> f64 {
        let outside = |k: usize| (self.low[k] - place.0[k]).max(place.0[k] - self.high[k]).max(0.0);
        (0..3).map(outside).map(|x| x * x).sum()
    }
}

/// Sorts columns into cells of `size`, to be analysed cell by cell: numbers of the columns.
pub(crate) fn cell_order(places: &[Place], size: f64, order: &mut Vec<(Cell, u32)>) {
    order.clear();
    order.extend(places.iter().enumerate().map(|(k, place)| (cell(place, size), k as u32)));
    order.sort_unstable();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::localisation::metric::Metric;

    fn scattered(n: usize, metric: Metric, extent: [f64; 2]) -> Vec<Place> {
        let number = |k: usize, a: f64| ((k as f64 * a).sin() * 43758.5453).fract();
        (0..n)
            .map(|k| metric.place(extent[0] * number(k + 1, 12.9898), extent[1] * number(k + 1, 78.233)))
            .collect()
    }

    /// Positions found around one place, by brute force and by cells.
    fn check(metric: Metric, extent: [f64; 2], distance: f64) {
        let places = scattered(3000, metric, extent);
        let radius = metric.straight(distance);
        let index = CellIndex::new(&places, radius);
        let mut seen = 0;
        for place in &places[..200] {
            let mut found = Vec::new();
            let bounds = Bounds::EMPTY.with(place);
            index.near(&bounds, radius, |run| {
                found.extend(run.filter(|k| index.places()[*k].squared_to(place) <= radius * radius));
            });
            assert!(found.windows(2).all(|pair| pair[0] < pair[1]), "ascending, each once");
            let within = |k: &usize| metric.distance(&index.places()[*k], place) <= distance * (1.0 + 1e-12);
            let expected: Vec<usize> = (0..places.len()).filter(within).collect();
            assert_eq!(found, expected);
            seen += found.len();
        }
        assert!(seen > 1000, "{seen}");
    }

    #[test]
    fn cells_find_what_brute_force_finds_in_every_metric() {
        check(Metric::Plane, [100.0, 60.0], 5.0);
        check(Metric::Plane, [100.0, 60.0], 500.0);
        check(Metric::Ring { length: 40.0 }, [40.0, 0.0], 3.0);
        check(Metric::GreatCircle { radius: 6.371e6 }, [180.0, 90.0], 1e6);
        check(Metric::GreatCircle { radius: 6.371e6 }, [180.0, 90.0], 1e9);
    }

    #[test]
    fn the_order_of_two_places_does_not_depend_on_the_others() {
        let places = scattered(500, Metric::Plane, [50.0, 50.0]);
        let whole = CellIndex::new(&places, 4.0);
        let half = CellIndex::new(&places[100..], 4.0);
        let kept: Vec<u32> = whole.order().iter().copied().filter(|k| *k >= 100).collect();
        let shifted: Vec<u32> = half.order().iter().map(|k| k + 100).collect();
        assert_eq!(kept, shifted);
    }
}
