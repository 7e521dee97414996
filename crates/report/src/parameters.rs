//! Posterior against prior: one figure per parameter, one row per group.

use crate::axes::Area;
use crate::figure::Figure;
use crate::input::{Parameter, Quantiles};
use crate::number;
use crate::scale::{Scale, extent, padded};
use crate::svg::{self, Element};

const WIDTH: f64 = 560.0;
const LABELS: f64 = 176.0;
const REDUCTION: f64 = 62.0;
const ROW: f64 = 25.0;
const TOP: f64 = 44.0;

/// Figures in the order in which the parameters first appear.
pub(crate) fn draw(parameters: &[Parameter]) -> Vec<Figure> {
    let mut names: Vec<&str> = Vec::new();
    for parameter in parameters {
        if !names.contains(&parameter.name.as_str()) {
            names.push(&parameter.name);
        }
    }
    names
        .into_iter()
        .map(|name| one(&parameters.iter().filter(|p| p.name == name).collect::<Vec<_>>()))
        .collect()
}

fn one(rows: &[&Parameter]) -> Figure {
    let height = TOP + ROW * rows.len() as f64 + 24.0;
    let area =
        Area { left: LABELS, top: TOP, width: WIDTH - LABELS - REDUCTION, height: ROW * rows.len() as f64 };
    let name = rows.first().map_or("", |parameter| parameter.name.as_str());
    let mut figure = Figure::new(WIDTH, height, &format!("Prior and posterior of {name}"));
    let all = |q: &Quantiles| [q.p05, q.p95];
    let values = rows.iter().flat_map(|p| all(&p.prior).into_iter().chain(p.posterior.iter().flat_map(all)));
    let x = area.x(padded(extent(values).unwrap_or((0.0, 1.0)), 0.04));
    figure.add(heading(rows.first().copied()));
    figure.add(svg::text(WIDTH - 2.0, TOP - 8.0, "tick end", "90 % range"));
    figure.add(area.vertical_grid(&x, 5));
    for (i, parameter) in rows.iter().enumerate() {
        figure.add(row(parameter, TOP + ROW * (i as f64 + 0.5), &x));
    }
    figure
}

fn heading(parameter: Option<&Parameter>) -> Element {
    let Some(parameter) = parameter else {
        return Element::new("g");
    };
    let unit = if parameter.unit.is_empty() { String::new() } else { format!("[{}]", parameter.unit) };
    let unit = Element::new("tspan").class("unit").attr("dx", 6).text(&unit);
    let name = Element::new("text")
        .num("x", 2.0)
        .num("y", 14.0)
        .class("panel-title code")
        .text(&parameter.name)
        .child(unit);
    Element::new("g").child(name).child(svg::text(
        2.0,
        30.0,
        "subtitle",
        &shortened(&parameter.long_name, 86),
    ))
}

fn row(parameter: &Parameter, y: f64, x: &Scale) -> Element {
    let label = svg::text(LABELS - 8.0, y + 4.0, "row-label end", &shortened(&parameter.group, 28));
    let prior = interval(&parameter.prior, y - 5.0, x, "prior");
    let posterior = parameter.posterior.as_ref().map(|q| interval(q, y + 4.5, x, "posterior"));
    let reduction = parameter.posterior.as_ref().and_then(|q| reduction(&parameter.prior, q));
    let reduction = reduction.map(|text| svg::text(WIDTH - 2.0, y + 4.0, "value end", &text));
    Element::new("g").child(label).child(prior).children(posterior).children(reduction)
}

/// Whisker 5–95 %, box 25–75 %, a tick at the median.
fn interval(q: &Quantiles, y: f64, x: &Scale, kind: &str) -> Element {
    let half = 3.4;
    let whisker = svg::line((x.clamped(q.p05), y), (x.clamped(q.p95), y), "whisker");
    let (left, right) = (x.clamped(q.p25), x.clamped(q.p75));
    let middle = svg::rect(left, y - half, (right - left).max(1.0), 2.0 * half).attr("rx", 1.5).class("box");
    let median = svg::line((x.clamped(q.p50), y - half - 1.0), (x.clamped(q.p50), y + half + 1.0), "median");
    let number = |value| number::significant(value, 3);
    let text = format!("{kind}: {} ({} to {}, 90 %)", number(q.p50), number(q.p05), number(q.p95));
    Element::new("g").class(kind).child(whisker).child(middle).child(median).tooltip(&text)
}

/// Change of the 90 % range's width from prior to posterior.
fn reduction(prior: &Quantiles, posterior: &Quantiles) -> Option<String> {
    let change = (posterior.p95 - posterior.p05) / (prior.p95 - prior.p05) - 1.0;
    change.is_finite().then(|| format!("{} %", number::signed(Some(100.0 * change), 0)))
}

fn shortened(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    text.chars().take(limit - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quantiles(centre: f64, half: f64) -> Quantiles {
        let at = |share: f64| centre + share * half;
        Quantiles { p05: at(-1.0), p25: at(-0.4), p50: centre, p75: at(0.4), p95: at(1.0) }
    }

    #[test]
    fn groups_of_one_parameter_share_a_figure_and_its_narrowing_is_told() {
        let parameter = |name: &str, group: &str| Parameter {
            name: name.into(),
            long_name: String::new(),
            unit: String::new(),
            group: group.into(),
            prior: quantiles(4.0, 2.0),
            posterior: Some(quantiles(4.5, 0.5)),
        };
        let figures = draw(&[parameter("a", "x"), parameter("b", "x"), parameter("a", "y")]);
        assert_eq!(figures.len(), 2);
        assert!(figures[0].clone().inline().contains("\u{2212}75 %"));
    }

    #[test]
    fn a_parameter_that_is_not_finite_draws_nothing_wrong() {
        let nan = quantiles(f64::NAN, 1.0);
        let parameter = Parameter {
            name: "a".into(),
            long_name: "é".repeat(200),
            unit: "m".into(),
            group: "g".into(),
            prior: nan,
            posterior: Some(nan),
        };
        assert!(!draw(&[parameter])[0].clone().inline().contains("NaN"));
    }
}
