//! Drift against distance: a station at rest is in the lower left, and one whose drift tells little of how far it is
//! from equilibrium stands high up on the left.

use crate::axes::Area;
use crate::figure::Figure;
use crate::input::{SpinUp, StationSpinUp};
use crate::number;
use crate::scale::Scale;
use crate::svg::{self, Element};

const AREA: Area = Area { left: 56.0, top: 26.0, width: 1096.0, height: 300.0 };
const SIZE: (f64, f64) = (1160.0, 366.0);
/// Radius of a dot, px.
const DOT: f64 = 3.6;
/// Powers of ten that an axis reaches at least, and the lowest that it may reach.
const DRIFTS: (f64, f64) = (-3.9, 0.9);
const DISTANCES: (f64, f64) = (-5.9, -2.1);
const LOWEST: f64 = -8.0;
/// Most stations that are named.
const NAMED: usize = 24;
/// Mean width of a name's letters, and its height, px.
const LETTER: (f64, f64) = (6.2, 11.0);

/// Both axes, in powers of ten.
struct Axes {
    x: Scale,
    y: Scale,
}

/// A station's place: powers of ten of its drift and of its distance.
struct Point<'a> {
    station: &'a StationSpinUp,
    at: (f64, f64),
    far: bool,
}

/// All stations that have a distance; `None` where none has.
pub(crate) fn draw(spinup: &SpinUp) -> Option<Figure> {
    let points: Vec<Point<'_>> = spinup.stations.iter().filter_map(|s| point(s, spinup)).collect();
    if points.is_empty() {
        return None;
    }
    let domain = |least: (f64, f64), of: fn(&Point<'_>) -> f64| {
        let (low, high) = points.iter().map(of).fold(least, |(low, high), v| (low.min(v), high.max(v)));
        ((low - 0.05).floor(), (high + 0.05).ceil())
    };
    let axes = Axes { x: AREA.x(domain(DRIFTS, |p| p.at.0)), y: AREA.y(domain(DISTANCES, |p| p.at.1)) };
    let mut figure = Figure::new(SIZE.0, SIZE.1, "Distance from equilibrium against drift by station");
    figure.add(svg::text(
        2.0,
        14.0,
        "subtitle",
        "largest distance of a soil pool from its linear equilibrium, relative",
    ));
    figure.add(AREA.decades(&axes.y));
    figure.add(AREA.decades_across(&axes.x));
    let caption = "|drift| of total ecosystem carbon, gC m⁻² yr⁻¹";
    figure.add(svg::text(AREA.right(), AREA.bottom() + 32.0, "subtitle end", caption));
    figure.add(limits(spinup, &axes));
    figure.add(Element::new("g").children(points.iter().map(|point| dot(point, &axes))));
    figure.add(names(&points, &axes));
    Some(figure)
}

fn point<'a>(station: &'a StationSpinUp, spinup: &SpinUp) -> Option<Point<'a>> {
    let distance = station.equilibrium_distance.filter(|d| d.is_finite())?.abs();
    let exponent = |value: f64| value.log10().max(LOWEST);
    let drift = Some(station.drift.abs()).filter(|d| d.is_finite())?;
    let far = drift > spinup.criterion || spinup.distance_limit.is_some_and(|limit| distance > limit);
    Some(Point { station, at: (exponent(drift), exponent(distance)), far })
}

fn limits(spinup: &SpinUp, axes: &Axes) -> Element {
    let x = axes.x.clamped(spinup.criterion.log10());
    let text = number::compact(spinup.criterion, 2);
    let group = Element::new("g")
        .child(svg::line((x, AREA.top), (x, AREA.bottom()), "limit"))
        .child(svg::text(x + 4.0, AREA.bottom() - 6.0, "limit-label halo", &text));
    let Some(limit) = spinup.distance_limit else { return group };
    let y = axes.y.clamped(limit.log10());
    let text = number::significant(limit, 2);
    group.child(svg::line((AREA.left, y), (AREA.right(), y), "limit")).child(svg::text(
        AREA.left + 4.0,
        y - 5.0,
        "limit-label halo",
        &text,
    ))
}

fn dot(point: &Point<'_>, axes: &Axes) -> Element {
    let (x, y) = (axes.x.clamped(point.at.0), axes.y.clamped(point.at.1));
    let station = point.station;
    let text = format!(
        "{}: {} gC m⁻² yr⁻¹, {}",
        station.station,
        number::significant(station.drift, 2),
        number::significant(station.equilibrium_distance.unwrap_or(f64::NAN), 2)
    );
    let kind = if point.far { "bad" } else { "good" };
    svg::circle(x, y, DOT).class(&format!("dot {kind}")).tooltip(&text)
}

/// Names of the stations that are not at rest, the farthest first, where there is room for them.
fn names(points: &[Point<'_>], axes: &Axes) -> Element {
    let mut far: Vec<&Point<'_>> = points.iter().filter(|point| point.far).collect();
    far.sort_by(|a, b| b.at.1.total_cmp(&a.at.1));
    let at = |point: &Point<'_>| (axes.x.clamped(point.at.0), axes.y.clamped(point.at.1));
    let dot = |(x, y): (f64, f64)| (x - DOT, y - DOT, x + DOT, y + DOT);
    let mut placed: Vec<Frame> = points.iter().map(|point| dot(at(point))).collect();
    let name = |point: &Point<'_>| {
        let (x, y) = at(point);
        let code = &point.station.station;
        let frame = places(x, y, LETTER.0 * code.chars().count() as f64)
            .into_iter()
            .find(|f| f.2 <= AREA.right() + 8.0 && !placed.iter().any(|other| overlap(f, other)))?;
        placed.push(frame);
        Some(svg::text(frame.0, frame.3 - 2.5, "tick halo", code))
    };
    Element::new("g").children(far.into_iter().take(NAMED).filter_map(name))
}

/// Left, top, right and bottom of a name, px.
type Frame = (f64, f64, f64, f64);

/// Where a name of some width may stand beside its dot, best first: right, left, above, below.
fn places(x: f64, y: f64, width: f64) -> [Frame; 4] {
    let height = LETTER.1;
    let at = |left: f64, middle: f64| (left, middle - height / 2.0, left + width, middle + height / 2.0);
    let centred = x - width / 2.0;
    [at(x + 7.0, y), at(x - 7.0 - width, y), at(centred, y - 11.0), at(centred, y + 12.0)]
}

fn overlap(a: &Frame, b: &Frame) -> bool {
    a.0 < b.2 && b.0 < a.2 && a.1 < b.3 && b.1 < a.3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spinup(stations: &[(f64, Option<f64>)]) -> SpinUp {
        let station = |(i, (drift, distance)): (usize, &(f64, Option<f64>))| StationSpinUp {
            station: format!("S{i}"),
            drift: *drift,
            other_drifts: Vec::new(),
            equilibrium_distance: *distance,
            wood_distance: None,
            years: 1.0,
            iterations: 1,
        };
        SpinUp {
            method: String::new(),
            criterion: 1.0,
            distance_limit: Some(5e-4),
            stations: stations.iter().enumerate().map(station).collect(),
            mean_drifts: Vec::new(),
        }
    }

    #[test]
    fn a_station_beyond_either_limit_is_named_and_zeros_are_drawn() {
        let stations =
            [(0.1, Some(1e-5)), (0.1, Some(0.3)), (-2.0, Some(1e-5)), (0.0, Some(0.0)), (f64::NAN, None)];
        let svg = draw(&spinup(&stations)).unwrap().inline();
        assert_eq!((svg.matches("dot good").count(), svg.matches("dot bad").count()), (2, 2));
        assert!(svg.contains(">S1<") && svg.contains(">S2<") && !svg.contains(">S0<"));
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }

    #[test]
    fn without_distances_there_is_no_figure() {
        assert!(draw(&spinup(&[(0.1, None), (0.2, Some(f64::NAN))])).is_none());
    }
}
