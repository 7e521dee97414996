//! Chains: what they pass through, and the densities that each gives.

use super::density::curve;
use super::input::{Campaign, Parameter};
use crate::axes::Area;
use crate::figure::Figure;
use crate::number;
use crate::scale::{Scale, extent, padded};
use crate::svg::{self, Element};

const ROW: f64 = 112.0;
const TRACE: Area = Area { left: 62.0, top: 26.0, width: 560.0, height: 66.0 };
const BESIDE: Area = Area { left: 632.0, top: 26.0, width: 96.0, height: 66.0 };
/// Points of a chain that are drawn; more would be less than a pixel apart.
const SHOWN: usize = 500;
/// Classes of the chains' colours, in turn.
const COLOURS: [&str; 4] = ["gpp", "et", "nee", "biomass"];
/// Points of a density.
const POINTS: usize = 81;

/// A row for each parameter.
pub(super) fn draw(campaign: &Campaign) -> Figure {
    let rows = campaign.parameters.len();
    let mut figure = Figure::new(BESIDE.right() + 8.0, rows as f64 * ROW + 14.0, "Markov chains");
    for (k, parameter) in campaign.parameters.iter().enumerate() {
        figure.add(svg::group_at(0.0, k as f64 * ROW).child(row(parameter, k + 1 == rows)));
    }
    figure
}

fn row(parameter: &Parameter, last: bool) -> Element {
    let range = padded(extent(parameter.draws()).unwrap_or((0.0, 1.0)), 0.03);
    let y = TRACE.y(range);
    let length = parameter.chains.iter().map(Vec::len).max().unwrap_or(0);
    let x = TRACE.x((0.0, length as f64));
    let rhat = number::fixed(Some(parameter.rhat), 3);
    let title = format!("{} · R̂ {rhat} · ESS {}", parameter.name, number::whole(parameter.ess));
    let traces = parameter.chains.iter().enumerate().map(|(k, chain)| trace(chain, k, (&x, &y)));
    let densities = parameter.chains.iter().enumerate().map(|(k, chain)| density(chain, k, &y));
    let frame = |area: Area| svg::rect(area.left, area.top, area.width, area.height).class("frame");
    let row = Element::new("g")
        .child(svg::text(TRACE.left, 16.0, "row-label", &title))
        .child(TRACE.horizontal_grid(&y, 3))
        .child(frame(TRACE))
        .child(TRACE.clip(traces))
        .child(frame(BESIDE))
        .child(BESIDE.clip(densities));
    if last {
        let label = svg::text(TRACE.right(), TRACE.bottom() + 27.0, "tick end", "draw");
        return row.child(TRACE.vertical_grid(&x, 5)).child(label);
    }
    row
}

fn trace(chain: &[f64], k: usize, (x, y): (&Scale, &Scale)) -> Element {
    let every = chain.len().div_ceil(SHOWN).max(1);
    let points: Vec<_> =
        chain.iter().enumerate().step_by(every).map(|(i, v)| Some((x.at(i as f64), y.at(*v)))).collect();
    svg::path(&svg::polyline(&points), &format!("trace {}", COLOURS[k % COLOURS.len()]))
}

fn density(chain: &[f64], k: usize, y: &Scale) -> Element {
    let curve = curve(chain, y.domain(), POINTS);
    let highest = curve.iter().map(|p| p.1).fold(0.0, f64::max);
    let x = BESIDE.x((0.0, 1.15 * highest));
    let points: Vec<_> = curve.iter().map(|p| Some((x.at(p.1), y.at(p.0)))).collect();
    svg::path(&svg::polyline(&points), &format!("mean thin {}", COLOURS[k % COLOURS.len()]))
}
