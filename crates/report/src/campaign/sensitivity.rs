//! Sobol' indices: which parameters outputs owe their variance to.

use super::input::{Campaign, Output};
use crate::axes::Area;
use crate::figure::Figure;
use crate::number;
use crate::scale::Scale;
use crate::svg::{self, Element};

const LABELS: f64 = 112.0;
const WIDTH: f64 = 520.0;
const BAR: f64 = 15.0;
const BETWEEN: f64 = 12.0;
const TOP: f64 = 30.0;
/// Parameters that are shown of each output: those with the largest total indices.
const MOST: usize = 8;

/// A group of bars for each output: first-order index dark, total light.
pub(super) fn draw(campaign: &Campaign) -> Option<Figure> {
    let shown: Vec<&Output> = campaign.outputs.iter().filter(|output| !output.total.is_empty()).collect();
    if shown.is_empty() {
        return None;
    }
    let group = campaign.parameters.len().min(MOST) as f64 * BAR + 24.0 + BETWEEN;
    let area = Area { left: LABELS, top: TOP, width: WIDTH - LABELS, height: shown.len() as f64 * group };
    let highest = shown.iter().flat_map(|o| &o.total).map(|t| t.0 + t.1).fold(1.0, f64::max);
    let x = area.x((0.0, highest));
    let size = (WIDTH + 50.0, area.bottom() + 26.0);
    let mut figure = Figure::new(size.0, size.1, "Which parameters outputs owe their variance to");
    figure.add(svg::rect(area.left, 5.0, 14.0, 9.0).class("bar accent"));
    figure.add(svg::text(area.left + 20.0, 13.0, "subtitle", "alone"));
    figure.add(svg::rect(area.left + 66.0, 5.0, 14.0, 9.0).class("band accent"));
    figure.add(svg::text(area.left + 86.0, 13.0, "subtitle", "with all that it acts with (total index)"));
    figure.add(area.vertical_grid(&x, 5));
    for (k, output) in shown.into_iter().enumerate() {
        figure.add(svg::group_at(0.0, TOP + k as f64 * group).child(one(campaign, output, &x)));
    }
    Some(figure)
}

fn one(campaign: &Campaign, output: &Output, x: &Scale) -> Element {
    let mut all: Vec<_> = campaign.parameters.iter().zip(output.first.iter().zip(&output.total)).collect();
    if all.len() > MOST {
        all.sort_by(|(_, (_, a)), (_, (_, b))| b.0.total_cmp(&a.0));
        all.truncate(MOST);
    }
    let bars = all.into_iter().enumerate();
    let bar = |(k, (parameter, (first, total))): (usize, (&super::input::Parameter, _))| {
        let (first, total): (&(f64, f64), &(f64, f64)) = (first, total);
        let y = 22.0 + k as f64 * BAR;
        let wide = |value: f64| x.clamped(value.max(0.0)) - x.at(0.0);
        let words = format!(
            "{}: alone {} ± {}, total {} ± {}",
            parameter.name,
            number::fixed(Some(first.0), 3),
            number::fixed(Some(first.1), 3),
            number::fixed(Some(total.0), 3),
            number::fixed(Some(total.1), 3)
        );
        Element::new("g")
            .child(svg::text(LABELS - 6.0, y + 9.5, "row-label end", &parameter.name))
            .child(svg::rect(x.at(0.0), y, wide(total.0), BAR - 4.0).class("band accent"))
            .child(svg::rect(x.at(0.0), y, wide(first.0), BAR - 4.0).class("bar accent"))
            .child(svg::text(
                x.at(0.0) + wide(total.0.max(first.0)) + 5.0,
                y + 9.5,
                "tick",
                &number::fixed(Some(total.0), 2),
            ))
            .tooltip(&words)
    };
    Element::new("g").child(svg::text(2.0, 14.0, "panel-title", &output.name)).children(bars.map(bar))
}
