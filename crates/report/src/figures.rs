//! Single figures as SVG files of their own, for a README or a talk. They carry their style, light and dark.

use crate::error::ReportError;
use crate::figure::Figure;
use crate::input::{ReportInput, Station};
use crate::svg;
use crate::{check, range, seasonal};

/// Margin around a figure that stands alone, px.
const MARGIN: f64 = 14.0;

/// The map of the stations.
///
/// # Errors
/// [`ReportError`] where the input contradicts itself, as in [`crate::render`].
pub fn map(input: &ReportInput) -> Result<String, ReportError> {
    check::check(input)?;
    Ok(crate::map::draw(&input.stations, crate::map::Links::Absent).standalone())
}

/// R² of every run and variable.
///
/// # Errors
/// [`ReportError`] where the input contradicts itself, as in [`crate::render`].
pub fn skill(input: &ReportInput) -> Result<String, ReportError> {
    check::check(input)?;
    Ok(with_margin(crate::skill::draw(input), "").standalone())
}

/// The mean seasonal cycles of one station: GPP, NEE, ET and LAI, on the axes that all stations share.
///
/// # Errors
/// [`ReportError::UnknownStation`] for a code that the input does not have, and [`ReportError`] as in
/// [`crate::render`].
pub fn seasonal_cycles(input: &ReportInput, code: &str) -> Result<String, ReportError> {
    check::check(input)?;
    let station =
        input.stations.iter().find(|station| station.code == code).ok_or_else(|| unknown(input, code))?;
    Ok(with_margin(panels(input, station), &heading(station)).standalone())
}

fn unknown(input: &ReportInput, code: &str) -> ReportError {
    let known: Vec<&str> = input.stations.iter().map(|station| station.code.as_str()).collect();
    ReportError::UnknownStation { code: code.to_owned(), known: known.join(", ") }
}

fn heading(station: &Station) -> String {
    let parts = [station.code.as_str(), station.name.as_str(), station.vegetation.label()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

fn panels(input: &ReportInput, station: &Station) -> Figure {
    const GAP: f64 = 16.0;
    let (width, height) = seasonal::SIZE;
    let title = format!("Mean seasonal cycles of {}", station.code);
    let mut figure = Figure::new(2.0 * width + GAP, 2.0 * height + GAP, &title);
    for (i, variable) in seasonal::VARIABLES.into_iter().enumerate() {
        let cycle = station.seasonal.iter().find(|cycle| cycle.variable == variable);
        let panel = seasonal::draw(variable, cycle, range::seasonal(&input.stations, variable));
        let (x, y) = ((i % 2) as f64 * (width + GAP), (i / 2) as f64 * (height + GAP));
        figure.add(svg::group_at(x, y).child(panel.into_body()));
    }
    figure
}

/// The figure with room around it and, if there is one, a heading above it.
pub(crate) fn with_margin(figure: Figure, heading: &str) -> Figure {
    const HEADING: f64 = 30.0;
    let above = if heading.is_empty() { 0.0 } else { HEADING };
    let (width, height) = figure.size();
    let title = figure.title().to_owned();
    let mut framed = Figure::new(width + 2.0 * MARGIN, height + 2.0 * MARGIN + above, &title);
    if !heading.is_empty() {
        framed.add(svg::text(MARGIN + 2.0, MARGIN + 14.0, "heading", heading));
    }
    framed.add(svg::group_at(MARGIN, MARGIN + above).child(figure.into_body()));
    framed
}
