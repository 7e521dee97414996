//! What emulators said of runs that they had not seen, beside what those runs gave.

use super::input::Output;
use crate::axes::Area;
use crate::figure::Figure;
use crate::number;
use crate::scale::{extent, padded};
use crate::svg::{self, Element};

const PANEL: (f64, f64) = (252.0, 250.0);
const AREA: Area = Area { left: 50.0, top: 36.0, width: 192.0, height: 174.0 };
const ACROSS: usize = 3;

/// A panel for each output; none without held-out runs.
pub(super) fn draw(outputs: &[Output]) -> Option<Figure> {
    let shown: Vec<&Output> = outputs.iter().filter(|output| !output.held_out.is_empty()).collect();
    if shown.is_empty() {
        return None;
    }
    let columns = shown.len().min(ACROSS);
    let rows = shown.len().div_ceil(ACROSS);
    let size = (columns as f64 * PANEL.0, rows as f64 * PANEL.1);
    let mut figure = Figure::new(size.0, size.1, "Emulators against runs that they had not seen");
    for (k, output) in shown.into_iter().enumerate() {
        let (x, y) = ((k % ACROSS) as f64 * PANEL.0, (k / ACROSS) as f64 * PANEL.1);
        figure.add(svg::group_at(x, y).child(panel(output)));
    }
    Some(figure)
}

fn panel(output: &Output) -> Element {
    let ends = output.held_out.iter().flat_map(|(run, mean, half)| [*run, mean - half, mean + half]);
    let domain = padded(extent(ends).unwrap_or((0.0, 1.0)), 0.04);
    let (x, y) = (AREA.x(domain), AREA.y(domain));
    let inside = output.held_out.iter().filter(|(run, mean, half)| (run - mean).abs() <= *half).count();
    let count = output.held_out.len();
    let caption = format!("{inside} of {count} within 90 % bands");
    let missed = |(run, mean, half): &(f64, f64, f64)| (run - mean).abs() > *half;
    let bar = |held: &(f64, f64, f64)| {
        let (run, mean, half) = *held;
        let class = if missed(held) { "bad" } else { "good" };
        let at = x.at(run);
        Element::new("g")
            .child(svg::line((at, y.at(mean - half)), (at, y.at(mean + half)), &format!("stem {class}")))
            .child(svg::circle(at, y.at(mean), 1.9).class(&format!("dot {class}")))
    };
    let diagonal = svg::line((x.at(domain.0), y.at(domain.0)), (x.at(domain.1), y.at(domain.1)), "zero");
    // Those that were missed lie on top.
    let (bad, good): (Vec<_>, Vec<_>) = output.held_out.iter().partition(|held| missed(held));
    Element::new("g")
        .child(svg::text(2.0, 13.0, "panel-title", &output.name))
        .child(svg::text(2.0, 27.0, "subtitle", &caption))
        .child(AREA.horizontal_grid(&y, 4))
        .child(AREA.vertical_grid(&x, 4))
        .child(AREA.clip(std::iter::once(diagonal).chain(good.into_iter().chain(bad).map(bar))))
        .child(svg::text(AREA.right(), AREA.bottom() + 29.0, "tick end", "run"))
        .child(
            svg::text(0.0, 0.0, "tick end", "emulator")
                .attr("transform", format!("translate({} {}) rotate(-90)", 9, svg::pixel(AREA.top))),
        )
        .tooltip(&format!("{}: {caption}", number::whole(count as f64)))
}
