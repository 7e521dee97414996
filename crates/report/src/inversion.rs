//! Ensemble Kalman inversions: how the misfit falls over pseudo-time.

use crate::axes::Area;
use crate::figure::Figure;
use crate::input::{Inversion, InversionIteration};
use crate::number;
use crate::scale::extent;
use crate::svg::{self, Element};

const SIZE: (f64, f64) = (284.0, 170.0);
const AREA: Area = Area { left: 38.0, top: 34.0, width: 236.0, height: 104.0 };

/// One panel per inversion, on a shared logarithmic axis.
pub(crate) fn draw(inversions: &[Inversion]) -> Vec<Figure> {
    let misfits = inversions.iter().flat_map(|i| &i.iterations).map(|i| i.misfit.log10());
    let (low, high) = extent(misfits).unwrap_or((0.0, 1.0));
    let range = ((low.min(0.0) - 0.15), (high.max(0.0) + 0.15));
    inversions.iter().map(|inversion| one(inversion, range)).collect()
}

fn one(inversion: &Inversion, range: (f64, f64)) -> Figure {
    let mut figure = Figure::new(SIZE.0, SIZE.1, &format!("Misfit against pseudo-time, {}", inversion.group));
    let (x, y) = (AREA.x((0.0, 1.0)), AREA.y(range));
    let place = |i: &InversionIteration| Some((x.clamped(i.pseudo_time), y.at(i.misfit.log10())));
    let places: Vec<_> = inversion.iterations.iter().map(place).collect();
    figure.add(svg::text(2.0, 13.0, "panel-title", &inversion.group));
    figure.add(svg::text(2.0, 27.0, "subtitle", &caption(inversion)));
    figure.add(AREA.decades(&y));
    figure.add(AREA.vertical_grid(&x, 4));
    figure.add(svg::text(AREA.right(), AREA.bottom() + 27.0, "tick end", "pseudo-time"));
    figure.add(svg::line((AREA.left, y.at(0.0)), (AREA.right(), y.at(0.0)), "limit"));
    figure.add(svg::path(&svg::polyline(&places), "mean accent"));
    let finite = places
        .iter()
        .zip(&inversion.iterations)
        .filter_map(|(place, iteration)| Some(((*place)?, iteration)));
    let dots = finite.filter(|((x, y), _)| x.is_finite() && y.is_finite()).map(|((x, y), iteration)| {
        let text = format!(
            "T = {}: {}",
            number::compact(iteration.pseudo_time, 2),
            number::significant(iteration.misfit, 3)
        );
        svg::circle(x, y, 3.2).class("dot good").tooltip(&text)
    });
    figure.add(Element::new("g").children(dots));
    figure
}

fn caption(inversion: &Inversion) -> String {
    let steps = inversion.iterations.len().saturating_sub(1);
    let end = inversion.iterations.last().map_or(f64::NAN, |last| last.pseudo_time);
    let state = if inversion.converged { "converged" } else { "stopped early" };
    format!("{steps} iterations to T = {}, {state}", number::compact(end, 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inversion_without_iterations_and_one_with_bad_misfits_draw() {
        let iteration = |pseudo_time, misfit| InversionIteration { pseudo_time, misfit };
        let empty = Inversion { group: "all".into(), converged: false, iterations: vec![] };
        let bad = Inversion {
            group: "x".into(),
            converged: true,
            iterations: vec![iteration(0.0, f64::NAN), iteration(0.4, 0.0), iteration(1.0, 1.2)],
        };
        let svg: String = draw(&[empty, bad]).into_iter().map(Figure::inline).collect();
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
        assert!(svg.contains("2 iterations to T = 1, converged"), "{svg}");
    }
}
