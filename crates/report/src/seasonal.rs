//! A station's mean seasonal cycle of one variable: band, mean, prior and observations.

use crate::axes::{Area, MONTH_INITIALS, MONTH_NAMES};
use crate::figure::Figure;
use crate::input::{Monthly, Seasonal, Variable};
use crate::number;
use crate::scale::Scale;
use crate::svg::{self, Element};

pub(crate) const SIZE: (f64, f64) = (284.0, 166.0);
const AREA: Area = Area { left: 32.0, top: 27.0, width: 246.0, height: 117.0 };

/// The variables that every station's section shows.
pub(crate) const VARIABLES: [Variable; 4] = [Variable::Gpp, Variable::Nee, Variable::Et, Variable::Lai];

/// Name of a variable in style sheets.
pub(crate) fn class(variable: Variable) -> &'static str {
    match variable {
        Variable::Gpp => "gpp",
        Variable::Nee => "nee",
        Variable::Et => "et",
        Variable::Lai => "lai",
        Variable::Biomass => "biomass",
    }
}

/// Draws a panel on a value range in readers' units; without a cycle it says so.
pub(crate) fn draw(variable: Variable, cycle: Option<&Seasonal>, range: Option<(f64, f64)>) -> Figure {
    let title = format!("{} mean seasonal cycle", variable.label());
    let mut figure = Figure::new(SIZE.0, SIZE.1, &title);
    figure.add(heading(variable));
    let y = AREA.y(range.unwrap_or((0.0, 1.0)));
    if range.is_some() {
        figure.add(AREA.horizontal_grid(&y, 5));
    }
    figure.add(month_labels());
    figure.add(match cycle.filter(|cycle| has_values(cycle)) {
        Some(cycle) => content(cycle, &y),
        None => {
            svg::text(AREA.left + AREA.width / 2.0, AREA.top + AREA.height / 2.0, "absent middle", "no data")
        }
    });
    figure
}

pub(crate) fn has_values(cycle: &Seasonal) -> bool {
    let lists = [&cycle.observed_train, &cycle.observed_withheld, &cycle.mean];
    lists.into_iter().flatten().flatten().any(|value| value.is_finite())
}

fn heading(variable: Variable) -> Element {
    let unit = Element::new("tspan").class("unit").attr("dx", 6).text(variable.display_unit());
    Element::new("text").num("x", 2.0).num("y", 14.0).class("panel-title").text(variable.label()).child(unit)
}

fn x_of(month: usize) -> f64 {
    AREA.left + (month as f64 + 0.5) / 12.0 * AREA.width
}

fn month_labels() -> Element {
    let label =
        |(i, initial): (usize, &&str)| svg::text(x_of(i), AREA.bottom() + 14.0, "tick middle", initial);
    Element::new("g").children(MONTH_INITIALS.iter().enumerate().map(label))
}

fn content(cycle: &Seasonal, y: &Scale) -> Element {
    let variable = cycle.variable;
    let place = |(i, value): (usize, &Option<f64>)| value.map(|v| (x_of(i), y.at(variable.display(v))));
    let line = |values: &Monthly| svg::polyline(&values.iter().enumerate().map(place).collect::<Vec<_>>());
    let limits = cycle.lower.iter().zip(&cycle.upper).enumerate();
    let band: Vec<_> = limits
        .map(|(i, (low, high))| {
            Some((x_of(i), y.at(variable.display((*low)?)), y.at(variable.display((*high)?))))
        })
        .collect();
    let name = class(variable);
    let lines = [
        svg::path(&svg::band(&band), &format!("band {name}")),
        svg::path(&line(&cycle.prior), "prior-line"),
        svg::path(&line(&cycle.mean), &format!("mean {name}")),
    ];
    let withheld = points(&cycle.observed_withheld, variable, y, "withheld");
    let train = points(&cycle.observed_train, variable, y, "train");
    Element::new("g").child(AREA.clip(lines)).children(withheld).children(train)
}

fn points(values: &Monthly, variable: Variable, y: &Scale, kind: &str) -> Vec<Element> {
    let finite =
        |(i, value): (usize, &Option<f64>)| value.filter(|v| v.is_finite()).map(|v| (i, variable.display(v)));
    let draw = |(i, value): (usize, f64)| {
        let text = format!(
            "{}, {kind}: {} {}",
            MONTH_NAMES[i],
            number::significant(value, 3),
            variable.display_unit()
        );
        svg::circle(x_of(i), y.clamped(value), 2.8).class(&format!("observed {kind}")).tooltip(&text)
    };
    values.iter().enumerate().filter_map(finite).map(draw).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_cycle_says_so() {
        let empty = Seasonal::empty(Variable::Gpp);
        assert!(draw(Variable::Gpp, Some(&empty), Some((0.0, 10.0))).inline().contains("no data"));
    }

    #[test]
    fn values_stand_in_readers_units() {
        let mut cycle = Seasonal::empty(Variable::Gpp);
        cycle.observed_train[6] = Some(1e-4);
        cycle.mean = [Some(f64::NAN); 12];
        let svg = draw(Variable::Gpp, Some(&cycle), Some((0.0, 10.0))).inline();
        assert!(svg.contains("July, train: 8.64 gC m⁻² d⁻¹"), "{svg}");
        assert!(!svg.contains("NaN"));
    }
}
