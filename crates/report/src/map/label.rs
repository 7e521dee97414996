//! Puts the stations' codes beside their markers where there is room, and leaves out those for which there is none.

use crate::svg::{self, Element};

const HEIGHT: f64 = 10.0;
const WIDTH_PER_CHARACTER: f64 = 6.3;
const MARKER: f64 = 5.0;

/// A label's baseline point and how it is anchored there, with a line to its marker where that is far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Label {
    x: f64,
    y: f64,
    anchor: &'static str,
    line: Option<Line>,
}

type Line = ((f64, f64), (f64, f64));

impl Label {
    pub(super) fn draw(&self, code: &str) -> Element {
        let line = self.line.map(|(from, to)| svg::line(from, to, "leader"));
        let text = svg::text(self.x, self.y, "map-label", code).attr("text-anchor", self.anchor);
        Element::new("g").children(line).child(text)
    }

    /// Small boxes along the line, from the edge of its marker on.
    fn trail(&self) -> impl Iterator<Item = Extent> {
        const STEP: f64 = 2.0;
        self.line.into_iter().flat_map(|(from, to)| {
            let (dx, dy) = (to.0 - from.0, to.1 - from.1);
            let length = dx.hypot(dy);
            let count = ((length - MARKER * 1.5) / STEP).max(0.0) as usize;
            let at = move |i: usize| (length - STEP * i as f64) / length;
            (0..count).map(move |i| Extent::around((from.0 + at(i) * dx, from.1 + at(i) * dy), 0.8))
        })
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

/// Where led labels lie, degrees from east, anticlockwise: sideways first, where text takes the least height.
const DIRECTIONS: [(f64, &str); 14] = [
    (0.0, "start"),
    (180.0, "end"),
    (20.0, "start"),
    (-20.0, "start"),
    (160.0, "end"),
    (-160.0, "end"),
    (45.0, "start"),
    (-45.0, "start"),
    (135.0, "end"),
    (-135.0, "end"),
    (70.0, "start"),
    (-70.0, "start"),
    (110.0, "end"),
    (-110.0, "end"),
];

#[derive(Debug, Clone, Copy)]
struct Extent {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl Extent {
    fn around((x, y): (f64, f64), half: f64) -> Self {
        Self { left: x - half, top: y - half, right: x + half, bottom: y + half }
    }

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
    let mut room = Room::new(places, size, taken);
    let width = |i: usize| codes[i].chars().count() as f64 * WIDTH_PER_CHARACTER;
    let order = order(places);
    let mut labels = vec![None; places.len()];
    for &i in &order {
        labels[i] = beside(places[i]).find(|label| room.has(label, width(i)));
        room.occupy(labels[i].as_ref(), width(i));
    }
    for &i in &order {
        if labels[i].is_none() {
            labels[i] = led(places[i]).find(|label| room.has(label, width(i)));
            room.occupy(labels[i].as_ref(), width(i));
        }
    }
    labels
}

/// What is taken of the map.
struct Room {
    size: (f64, f64),
    occupied: Vec<Extent>,
}

impl Room {
    fn new(places: &[(f64, f64)], size: (f64, f64), taken: Option<(f64, f64, f64, f64)>) -> Self {
        let mut occupied: Vec<Extent> = places.iter().map(|&place| Extent::around(place, MARKER)).collect();
        occupied.extend(taken.map(|(x, y, w, h)| Extent { left: x, top: y, right: x + w, bottom: y + h }));
        Self { size, occupied }
    }

    fn has(&self, label: &Label, width: f64) -> bool {
        let extent = label.extent(width);
        let free = |extent: &Extent| !self.occupied.iter().any(|other| extent.meets(other));
        extent.inside(self.size) && free(&extent) && label.trail().all(|extent| free(&extent))
    }

    fn occupy(&mut self, label: Option<&Label>, width: f64) {
        self.occupied.extend(label.map(|label| label.extent(width)));
        self.occupied.extend(label.into_iter().flat_map(Label::trail));
    }
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

/// Labels that touch their marker.
fn beside((x, y): (f64, f64)) -> impl Iterator<Item = Label> {
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
    around.into_iter().map(move |(dx, dy, anchor)| Label { x: x + dx, y: y + dy, anchor, line: None })
}

/// Labels at a distance, each with a line to its marker, near ones first.
fn led((x, y): (f64, f64)) -> impl Iterator<Item = Label> {
    const DISTANCES: [f64; 6] = [14.0, 20.0, 27.0, 35.0, 45.0, 57.0];
    DISTANCES.into_iter().flat_map(move |distance| {
        DIRECTIONS.into_iter().map(move |(degrees, anchor)| {
            let (sin, cos) = degrees.to_radians().sin_cos();
            let end = (x + distance * cos, y - distance * sin);
            let gap = if anchor == "start" { 2.0 } else { -2.0 };
            Label { x: end.0 + gap, y: end.1 + 3.5, anchor, line: Some(((x, y), end)) }
        })
    })
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
