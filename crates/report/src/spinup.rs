//! Spin-up: every station's drift against the criterion, and its distance from equilibrium.

use serde::Serialize;

use crate::axes::Area;
use crate::figure::Figure;
use crate::input::{Drift, SpinUp, StationSpinUp};
use crate::number;
use crate::scale::Scale;
use crate::svg::{self, Element};

const WIDTH: f64 = 1160.0;
const LEFT: f64 = 56.0;
const DRIFT: Area = Area { left: LEFT, top: 26.0, width: WIDTH - LEFT - 8.0, height: 130.0 };
const DISTANCE: Area = Area { left: LEFT, top: 194.0, width: WIDTH - LEFT - 8.0, height: 70.0 };
const LABELS: f64 = 58.0;
/// Axes go no lower than this power of ten; smaller values stand on the axis.
const LOWEST_EXPONENT: f64 = -6.0;

/// A row of the table.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    station: String,
    drift: String,
    settled: bool,
    others: Vec<Cell>,
    distance: String,
    wood: String,
    years: String,
    iterations: usize,
}

/// A drift in the table.
#[derive(Debug, Serialize)]
pub(crate) struct Cell {
    value: String,
    met: bool,
}

pub(crate) fn cells(drifts: &[Drift]) -> Vec<Cell> {
    let cell = |drift: &Drift| Cell { value: share(drift.value), met: drift.is_met() };
    drifts.iter().map(cell).collect()
}

fn share(value: Option<f64>) -> String {
    value.map_or_else(|| number::MISSING.to_owned(), |value| number::significant(value, 2))
}

pub(crate) fn rows(spinup: &SpinUp) -> Vec<Row> {
    let row = |s: &StationSpinUp| Row {
        station: s.station.clone(),
        drift: number::significant(s.drift, 2),
        settled: is_settled(s, spinup.criterion),
        others: cells(&s.other_drifts),
        distance: share(s.equilibrium_distance),
        wood: share(s.wood_distance),
        years: number::whole(s.years),
        iterations: s.iterations,
    };
    spinup.stations.iter().map(row).collect()
}

/// Whether a station meets the criterion; a drift that is not a number does not.
pub(crate) fn is_settled(station: &StationSpinUp, criterion: f64) -> bool {
    station.drift.abs() < criterion
}

pub(crate) fn settled(spinup: &SpinUp) -> usize {
    spinup.stations.iter().filter(|station| is_settled(station, spinup.criterion)).count()
}

/// Stations from the largest drift to the smallest; distance below where it was computed.
pub(crate) fn draw(spinup: &SpinUp) -> Figure {
    let mut stations: Vec<&StationSpinUp> = spinup.stations.iter().collect();
    stations.sort_by(|a, b| b.drift.abs().total_cmp(&a.drift.abs()));
    let with_distance = stations.iter().any(|s| s.equilibrium_distance.is_some_and(f64::is_finite));
    let base = if with_distance { DISTANCE.bottom() } else { DRIFT.bottom() };
    let mut figure = Figure::new(WIDTH, base + LABELS, "Drift after spin-up by station");
    let drifts: Vec<Option<f64>> = stations.iter().map(|s| Some(s.drift.abs())).collect();
    figure.add(svg::text(
        2.0,
        14.0,
        "subtitle",
        "|drift| of total ecosystem carbon over the last forcing cycle, gC m⁻² yr⁻¹",
    ));
    figure.add(dot_plot(&DRIFT, &drifts, Some(&Limit::drift(spinup.criterion))));
    if with_distance {
        let distances: Vec<_> = stations.iter().map(|s| s.equilibrium_distance).collect();
        figure.add(svg::text(
            2.0,
            DISTANCE.top - 12.0,
            "subtitle",
            "distance from the linear system's equilibrium, relative",
        ));
        figure.add(dot_plot(&DISTANCE, &distances, spinup.distance_limit.map(Limit::distance).as_ref()));
    }
    let names = stations.iter().enumerate().map(|(i, s)| name(&s.station, x_of(i, stations.len()), base));
    figure.add(Element::new("g").children(names));
    figure
}

fn x_of(i: usize, count: usize) -> f64 {
    DRIFT.left + (i as f64 + 0.5) / count.max(1) as f64 * DRIFT.width
}

fn name(code: &str, x: f64, base: f64) -> Element {
    let turn = format!("rotate(-55 {} {})", svg::pixel(x + 4.0), svg::pixel(base + 12.0));
    svg::text(x + 4.0, base + 12.0, "tick end", code).attr("transform", turn)
}

/// What counts as equilibrium, with its label.
struct Limit {
    value: f64,
    label: String,
}

impl Limit {
    fn drift(value: f64) -> Self {
        Self { value, label: format!("criterion: {} gC m⁻² yr⁻¹", number::compact(value, 2)) }
    }

    fn distance(value: f64) -> Self {
        Self { value, label: number::significant(value, 2) }
    }
}

fn dot_plot(area: &Area, values: &[Option<f64>], limit: Option<&Limit>) -> Element {
    let exponent = |value: f64| value.log10().max(LOWEST_EXPONENT);
    let finite = || values.iter().flatten().filter(|v| v.is_finite()).chain(limit.map(|l| &l.value));
    let high = finite().map(|v| exponent(*v)).fold(LOWEST_EXPONENT + 1.0, f64::max);
    let low = finite().map(|v| exponent(*v)).fold(high, f64::min);
    let y = area.y(((low - 0.3).floor(), (high + 0.3).ceil()));
    let mut plot = Element::new("g").child(area.decades(&y));
    if let Some(limit) = &limit {
        plot = plot.child(limit_line(area, &y, limit));
    }
    let dots = values.iter().enumerate().filter_map(|(i, value)| {
        let value = value.filter(|v| v.is_finite())?;
        let (x, top) = (x_of(i, values.len()), y.clamped(exponent(value)));
        let late = limit.as_ref().is_some_and(|limit| value >= limit.value);
        let kind = if late { "bad" } else { "good" };
        let stem = svg::line((x, area.bottom()), (x, top), &format!("stem {kind}"));
        let dot =
            svg::circle(x, top, 3.6).class(&format!("dot {kind}")).tooltip(&number::significant(value, 2));
        Some(Element::new("g").child(stem).child(dot))
    });
    plot.children(dots)
}

fn limit_line(area: &Area, y: &Scale, limit: &Limit) -> Element {
    let at = y.clamped(limit.value.log10());
    let label = svg::text(area.right() - 2.0, at - 5.0, "limit-label end halo", &limit.label);
    Element::new("g").child(svg::line((area.left, at), (area.right(), at), "limit")).child(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spinup(drifts: &[f64]) -> SpinUp {
        let station = |(i, drift): (usize, &f64)| StationSpinUp {
            station: format!("S{i}"),
            drift: *drift,
            other_drifts: Vec::new(),
            equilibrium_distance: None,
            wood_distance: None,
            years: 400.0,
            iterations: 12,
        };
        SpinUp {
            method: String::new(),
            criterion: 1.0,
            distance_limit: None,
            stations: drifts.iter().enumerate().map(station).collect(),
            mean_drifts: Vec::new(),
        }
    }

    #[test]
    fn a_drift_at_the_criterion_or_undefined_is_not_settled() {
        assert_eq!(settled(&spinup(&[0.5, -0.99, 1.0, -3.0, f64::NAN])), 2);
    }

    #[test]
    fn zero_and_undefined_drift_are_drawn_without_nan() {
        let svg = draw(&spinup(&[0.0, f64::NAN, 2.0])).inline();
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
        assert_eq!(svg.matches("dot good").count(), 1);
        assert_eq!(svg.matches("dot bad").count(), 1);
    }
}
