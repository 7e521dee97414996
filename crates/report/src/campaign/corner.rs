//! Prior and posterior of every parameter, and of every pair.

use super::density::{Grid, curve};
use super::input::{Campaign, Parameter, RING};
use crate::axes::Area;
use crate::figure::Figure;
use crate::number;
use crate::scale::{Scale, extent};
use crate::svg::{self, Element};

/// Side of a panel, between panels, and margins, px.
const SIDE: f64 = 132.0;
const GAP: f64 = 14.0;
const LEFT: f64 = 62.0;
const TOP: f64 = 44.0;
const BELOW: f64 = 52.0;
/// Share of a panel that the posterior may fill.
const FILL: f64 = 0.85;
/// Parameters that are shown.
const MOST: usize = 8;
/// Ticks of an axis, about.
const TICKS: usize = 5;
/// Points of a marginal density.
const POINTS: usize = 121;

/// Marginals on the diagonal, pairs below it; of many parameters those that the observations narrow most.
pub(super) fn draw(campaign: &Campaign) -> Figure {
    let parameters = &narrowed(&campaign.parameters);
    let d = parameters.len();
    let side = d as f64 * (SIDE + GAP) - GAP;
    let mut figure =
        Figure::new(LEFT + side + 8.0, TOP + side + BELOW, "Prior and posterior of the parameters");
    let ranges: Vec<(f64, f64)> = parameters.iter().map(|parameter| range(parameter)).collect();
    for row in 0..d {
        for column in 0..=row {
            let area = Area {
                left: LEFT + column as f64 * (SIDE + GAP),
                top: TOP + row as f64 * (SIDE + GAP),
                width: SIDE,
                height: SIDE,
            };
            let x = area.x(ranges[column]);
            figure.add(ticks(area, &x, row + 1 == d));
            if row == column {
                figure.add(marginal(parameters[row], area, &x));
                figure.add(heading(parameters[row], area));
            } else {
                let y = area.y(ranges[row]);
                figure.add(ticks_up(area, &y, column == 0));
                figure.add(pair((parameters[column], parameters[row]), area, (&x, &y)));
            }
            if row + 1 == d {
                let name = &parameters[column].name;
                figure.add(svg::text(area.left + 0.5 * SIDE, area.bottom() + 34.0, "row-label middle", name));
            }
        }
    }
    figure.add(legend(LEFT + side));
    figure
}

/// At most so many parameters, in their order, by the least share of the prior's spread that is left.
fn narrowed(parameters: &[Parameter]) -> Vec<&Parameter> {
    let left = |k: &usize| parameters[*k].moments.1 / parameters[*k].prior_moments.1;
    let mut order: Vec<usize> = (0..parameters.len()).collect();
    order.sort_by(|a, b| left(a).total_cmp(&left(b)));
    order.truncate(MOST);
    order.sort_unstable();
    order.into_iter().map(|k| &parameters[k]).collect()
}

/// Posterior with room around it, but no more than the prior.
fn range(parameter: &Parameter) -> (f64, f64) {
    let (low, high) = extent(parameter.draws()).unwrap_or((0.0, 1.0));
    let room = 0.5 * (high - low) * (1.0 / FILL - 1.0);
    let (first, last) = (parameter.prior.first(), parameter.prior.last());
    let whole = first.zip(last).map_or((low - room, high + room), |(a, b)| (a.0, b.0));
    ((low - room).max(whole.0.min(low)), (high + room).min(whole.1.max(high)))
}

fn marginal(parameter: &Parameter, area: Area, x: &Scale) -> Element {
    let draws: Vec<f64> = parameter.draws().collect();
    let posterior = curve(&draws, x.domain(), POINTS);
    let highest = posterior.iter().map(|p| p.1).fold(0.0, f64::max);
    let y = area.y((0.0, 1.12 * highest));
    let line = |points: &[(f64, f64)]| -> Vec<Option<(f64, f64)>> {
        points.iter().map(|p| Some((x.at(p.0), y.at(p.1)))).collect()
    };
    let below: Vec<_> = posterior.iter().map(|p| Some((x.at(p.0), y.at(0.0), y.at(p.1)))).collect();
    area.clip([
        svg::path(&svg::band(&below), "band accent"),
        svg::path(&svg::polyline(&line(&parameter.prior)), "prior-line"),
        svg::path(&svg::polyline(&line(&posterior)), "mean accent"),
    ])
}

fn heading(parameter: &Parameter, area: Area) -> Element {
    let (mean, sd) = parameter.moments;
    let text = format!("{} ± {}", number::significant(mean, 3), number::significant(sd, 2));
    Element::new("g")
        .child(svg::text(area.left, area.top - 7.0, "value", &text))
        .tooltip(&format!("{}: mean and standard deviation of the posterior", parameter.name))
}

fn pair((a, b): (&Parameter, &Parameter), area: Area, (x, y): (&Scale, &Scale)) -> Element {
    let share = |scale: &Scale, value: f64| {
        let (low, high) = scale.domain();
        (value - low) / (high - low)
    };
    let grid = Grid::new(a.draws().zip(b.draws()).map(|(p, q)| (share(x, p), share(y, q))));
    let place = |p: f64, q: f64| (area.left + p * area.width, area.bottom() - q * area.height);
    // A quarter behind, the cosine is the sine.
    let behind = |k: usize| b.ring.get((k + RING - RING / 4) % RING);
    let ring: Vec<(f64, f64)> =
        a.ring.iter().enumerate().filter_map(|(k, p)| Some((x.at(*p), y.at(*behind(k)?)))).collect();
    let (wide, narrow) = (grid.region(0.9, &place), grid.region(0.5, &place));
    area.clip([
        svg::path(&svg::ring(&ring), "prior-line"),
        svg::path(&wide, "region accent"),
        svg::path(&narrow, "region inner accent"),
    ])
}

/// Grid lines up and down; labels below the last row.
fn ticks(area: Area, x: &Scale, labelled: bool) -> Element {
    let (values, step) = x.ticks(TICKS);
    let frame = svg::rect(area.left, area.top, area.width, area.height).class("frame");
    let line = |value: f64| {
        let at = x.at(value);
        let line = Element::new("g").child(svg::line((at, area.top), (at, area.bottom()), "grid"));
        let label = svg::text(at, area.bottom() + 15.0, "tick middle", &number::tick(value, step));
        if labelled { line.child(label) } else { line }
    };
    Element::new("g").children(values.into_iter().map(line)).child(frame)
}

/// Grid lines across; labels beside the first column.
fn ticks_up(area: Area, y: &Scale, labelled: bool) -> Element {
    let (values, step) = y.ticks(TICKS);
    let line = |value: f64| {
        let at = y.at(value);
        let line = Element::new("g").child(svg::line((area.left, at), (area.right(), at), "grid"));
        let label = svg::text(area.left - 6.0, at + 3.5, "tick end", &number::tick(value, step));
        if labelled { line.child(label) } else { line }
    };
    Element::new("g").children(values.into_iter().map(line))
}

fn legend(right: f64) -> Element {
    let entry = |x: f64, sample: Element, label: &str| {
        Element::new("g").child(sample).child(svg::text(x + 26.0, 13.0, "subtitle", label))
    };
    let line = |x: f64, class: &str| svg::line((x, 9.0), (x + 20.0, 9.0), class);
    let width = 318.0_f64.min(right);
    let start = (right - width).max(2.0);
    Element::new("g").child(entry(start, line(start, "prior-line"), "prior, 90 %")).child(entry(
        start + 108.0,
        line(start + 108.0, "region accent"),
        "posterior, 50 and 90 %",
    ))
}
