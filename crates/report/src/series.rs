//! A strip of a station's monthly series: band, mean and observations over the whole period.

use crate::axes::Area;
use crate::figure::Figure;
use crate::input::{Month, Series, Variable};
use crate::scale::Scale;
use crate::seasonal::class;
use crate::svg::{self, Element};

const SIZE: (f64, f64) = (1160.0, 112.0);
const AREA: Area = Area { left: 32.0, top: 24.0, width: 1122.0, height: 68.0 };

/// The variables whose series are drawn.
pub(crate) const VARIABLES: [Variable; 2] = [Variable::Gpp, Variable::Nee];

pub(crate) fn has_values(series: &Series) -> bool {
    let lists = [&series.observed_train, &series.observed_withheld, &series.mean];
    lists.into_iter().flatten().flatten().any(|value| value.is_finite())
}

/// Draws a strip on a value range in readers' units.
pub(crate) fn draw(series: &Series, range: (f64, f64)) -> Figure {
    let variable = series.variable;
    let mut figure = Figure::new(SIZE.0, SIZE.1, &format!("{} monthly series", variable.label()));
    let unit = Element::new("tspan")
        .class("unit")
        .attr("dx", 6)
        .text(&format!("{}, monthly", variable.display_unit()));
    let title = Element::new("text").num("x", 2.0).num("y", 14.0).class("panel-title").text(variable.label());
    let y = AREA.y(range);
    figure.add(title.child(unit));
    figure.add(AREA.horizontal_grid(&y, 4));
    figure.add(years(&AREA, series.start, series.mean.len()));
    figure.add(content(series, &y));
    figure
}

fn content(series: &Series, y: &Scale) -> Element {
    let (variable, count) = (series.variable, series.mean.len());
    let x = |i: usize| AREA.left + (i as f64 + 0.5) / count.max(1) as f64 * AREA.width;
    let place = |(i, value): (usize, &Option<f64>)| value.map(|v| (x(i), y.at(variable.display(v))));
    let places = |values: &[Option<f64>]| values.iter().enumerate().map(place).collect::<Vec<_>>();
    let limits = series.lower.iter().zip(&series.upper).enumerate();
    let band: Vec<_> = limits
        .map(|(i, (low, high))| {
            Some((x(i), y.at(variable.display((*low)?)), y.at(variable.display((*high)?))))
        })
        .collect();
    let name = class(variable);
    let withheld = svg::dots(&places(&series.observed_withheld));
    AREA.clip([
        svg::path(&svg::band(&band), &format!("band {name}")),
        svg::path(&svg::polyline(&places(&series.mean)), &format!("mean thin {name}")),
        svg::path(&withheld, "dots rim"),
        svg::path(&withheld, "dots hollow"),
        svg::path(&svg::dots(&places(&series.observed_train)), "dots filled"),
    ])
}

/// Lines and labels at the turn of years, as many as there is room for.
pub(crate) fn years(area: &Area, start: Month, count: usize) -> Element {
    const LEAST_WIDTH: f64 = 44.0;
    let month_width = area.width / count.max(1) as f64;
    let every = (LEAST_WIDTH / (12.0 * month_width)).ceil().max(1.0) as i32;
    let first = 1.0 - f64::from(start.month);
    let turn = |i: i32| {
        let year = start.year.saturating_add(i);
        let x = area.left + (first + 12.0 * f64::from(i)) * month_width;
        let inside = x >= area.left - 0.01 && x < area.right() - 16.0 && year % every == 0;
        inside.then(|| {
            let label = svg::text(x + 3.0, area.bottom() + 13.0, "tick", &year.to_string());
            Element::new("g").child(svg::line((x, area.top), (x, area.bottom() + 4.0), "grid")).child(label)
        })
    };
    Element::new("g").children((0..=i32::try_from(count / 12 + 1).unwrap_or(i32::MAX)).filter_map(turn))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_that_starts_in_autumn_marks_the_new_year() {
        let years = years(&AREA, Month { year: 2003, month: 10 }, 30).to_string();
        assert!(!years.contains("2003") && years.contains("2004") && years.contains("2005"));
        let x = AREA.left + 3.0 / 30.0 * AREA.width;
        assert!(years.contains(&format!("x1=\"{}\"", svg::pixel(x))), "{years}");
    }
}
