//! Puts the stations' codes beside their markers where there is room, and leaves out those for which there is none.

use crate::svg::{self, Element};

const HEIGHT: f64 = 10.0;
const WIDTH_PER_CHARACTER: f64 = 5.7;
const MARKER: f64 = 5.0;

/// A label's baseline point and how it is anchored there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Label {
    x: f64,
    y: f64,
    anchor: &'static str,
}

impl Label {
    pub(super) fn draw(&self, code: &str) -> Element {
        svg::text(self.x, self.y, "map-label", code).attr("text-anchor", self.anchor)
    }

    fn extent(&self, width: f64) -> Extent {
        let left = match self.anchor {
            "start" => self.x,
            "end" => self.x - width,
            _ => self.x - width / 2.0,
        };
        Extent { left, top: self.y - HEIGHT + 1.5, right: left + width, bottom: self.y + 1.5 }
    }
}

#[derive(Debug, Clone, Copy)]
struct Extent {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl Extent {
    fn meets(&self, other: &Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    fn inside(&self, (width, height): (f64, f64)) -> bool {
        self.left > 3.0 && self.top > 3.0 && self.right < width - 3.0 && self.bottom < height - 3.0
    }
}

/// One label per place, `None` where none fits. `taken` is a box (x, y, width, height) to keep clear.
pub(super) fn arrange(
    places: &[(f64, f64)],
    codes: &[&str],
    size: (f64, f64),
    taken: Option<(f64, f64, f64, f64)>,
) -> Vec<Option<Label>> {
    let marker = |&(x, y): &(f64, f64)| Extent {
        left: x - MARKER,
        top: y - MARKER,
        right: x + MARKER,
        bottom: y + MARKER,
    };
    let mut occupied: Vec<Extent> = places.iter().map(marker).collect();
    occupied.extend(taken.map(|(x, y, w, h)| Extent { left: x, top: y, right: x + w, bottom: y + h }));
    let mut labels = vec![None; places.len()];
    for i in order(places) {
        let width = codes[i].chars().count() as f64 * WIDTH_PER_CHARACTER;
        let free = |label: &Label| {
            let extent = label.extent(width);
            extent.inside(size) && !occupied.iter().any(|other| extent.meets(other))
        };
        labels[i] = candidates(places[i]).find(free);
        occupied.extend(labels[i].as_ref().map(|label: &Label| label.extent(width)));
    }
    labels
}

/// Lone stations last: those in a crowd have fewer places for their labels.
fn order(places: &[(f64, f64)]) -> Vec<usize> {
    let crowd = |i: usize| {
        let near = |p: &&(f64, f64)| (p.0 - places[i].0).hypot(p.1 - places[i].1) < 40.0;
        places.iter().filter(near).count()
    };
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(crowd(i)));
    order
}

fn candidates((x, y): (f64, f64)) -> impl Iterator<Item = Label> {
    const NEAR: f64 = 7.5;
    let around = [
        (NEAR, 3.5, "start"),
        (-NEAR, 3.5, "end"),
        (0.0, -8.0, "middle"),
        (0.0, 15.5, "middle"),
        (5.0, -5.0, "start"),
        (5.0, 12.0, "start"),
        (-5.0, -5.0, "end"),
        (-5.0, 12.0, "end"),
    ];
    around.into_iter().map(move |(dx, dy, anchor)| Label { x: x + dx, y: y + dy, anchor })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_never_overlap_and_stay_inside() {
        let places: Vec<_> =
            (0..40).map(|i| (40.0 + f64::from(i % 8) * 22.0, 30.0 + f64::from(i / 8) * 14.0)).collect();
        let codes = vec!["AB-Cde"; 40];
        let labels = arrange(&places, &codes, (240.0, 120.0), Some((0.0, 0.0, 60.0, 40.0)));
        let extents: Vec<_> = labels.iter().flatten().map(|l| l.extent(6.0 * WIDTH_PER_CHARACTER)).collect();
        assert!(extents.len() > 3 && extents.len() < 40);
        for (i, a) in extents.iter().enumerate() {
            assert!(a.inside((240.0, 120.0)));
            assert!(extents[i + 1..].iter().all(|b| !a.meets(b)));
        }
    }
}
