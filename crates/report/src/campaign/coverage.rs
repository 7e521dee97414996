//! Coverage: intervals of the emulators on runs at draws of the posterior; misfit of the calibration beside it.

use super::input::{Campaign, Round};
use crate::axes::Area;
use crate::figure::Figure;
use crate::number;
use crate::scale::extent;
use crate::svg::{self, Element};

const PANEL: f64 = 258.0;
const AREA: Area = Area { left: 44.0, top: 36.0, width: 200.0, height: 170.0 };
const HEIGHT: f64 = 250.0;

/// Up to three panels; none where there is nothing to show.
pub(super) fn draw(campaign: &Campaign) -> Option<Figure> {
    let panels: Vec<Element> =
        [reliability(campaign), rounds(campaign), misfit(campaign)].into_iter().flatten().collect();
    if panels.is_empty() {
        return None;
    }
    let mut figure = Figure::new(PANEL * panels.len() as f64, HEIGHT, "Coverage of the emulators");
    for (k, panel) in panels.into_iter().enumerate() {
        figure.add(svg::group_at(PANEL * k as f64, 0.0).child(panel));
    }
    Some(figure)
}

fn titled(title: &str, subtitle: &str, below: &str) -> Element {
    Element::new("g")
        .child(svg::text(2.0, 13.0, "panel-title", title))
        .child(svg::text(2.0, 27.0, "subtitle", subtitle))
        .child(svg::text(AREA.right(), AREA.bottom() + 29.0, "tick end", below))
}

/// Shares of held-out runs within intervals, over the intervals' probability.
fn reliability(campaign: &Campaign) -> Option<Element> {
    campaign.calibration.first()?;
    let (x, y) = (AREA.x((0.0, 1.0)), AREA.y((0.0, 1.0)));
    let line: Vec<_> = campaign.calibration.iter().map(|(p, share)| Some((x.at(*p), y.at(*share)))).collect();
    let dots = campaign.calibration.iter().map(|(p, share)| {
        svg::circle(x.at(*p), y.at(*share), 2.6).class("dot good").tooltip(&format!(
            "{} % intervals: {} %",
            number::whole(100.0 * p),
            number::fixed(Some(100.0 * share), 1)
        ))
    });
    let panel =
        titled("Intervals of the emulators", "last round; negligible errors count as within", "probability")
            .child(AREA.horizontal_grid(&y, 5))
            .child(AREA.vertical_grid(&x, 5))
            .child(svg::line((x.at(0.0), y.at(0.0)), (x.at(1.0), y.at(1.0)), "zero"))
            .child(svg::path(&svg::polyline(&line), "mean accent"));
    Some(panel.children(dots))
}

/// Coverage of 90 % intervals, round by round.
fn rounds(campaign: &Campaign) -> Option<Element> {
    let count = campaign.rounds.len();
    campaign.rounds.first()?;
    let lowest = campaign.rounds.iter().map(|round| round.coverage).fold(campaign.wanted_coverage, f64::min);
    let y = AREA.y(((lowest - 0.08).max(0.0), 1.0));
    let width = AREA.width / count as f64;
    let bar = |(k, round): (usize, &Round)| {
        let good = round.coverage >= campaign.wanted_coverage;
        let at = AREA.left + (k as f64 + 0.5) * width;
        let top = y.at(round.coverage);
        let wide = (0.5 * width).min(34.0);
        let words = format!(
            "{} runs, errors of {} observation errors",
            round.runs,
            number::significant(round.rmse, 2)
        );
        let bar = svg::rect(at - 0.5 * wide, top, wide, AREA.bottom() - top);
        let class = if good { "bar accent" } else { "bar baseline" };
        Element::new("g")
            .child(bar.class(class).tooltip(&words))
            .child(svg::text(at, top - 5.0, "value middle", &number::fixed(Some(round.coverage), 2)))
            .child(svg::text(at, AREA.bottom() + 13.0, "tick middle", &format!("{}", k + 1)))
    };
    let limit = y.at(campaign.wanted_coverage);
    let subtitle = format!("goal {}", number::fixed(Some(campaign.wanted_coverage), 2));
    let panel = titled("Coverage of 90 % intervals", &subtitle, "round")
        .child(AREA.horizontal_grid(&y, 4))
        .children(campaign.rounds.iter().enumerate().map(bar))
        .child(svg::line((AREA.left, limit), (AREA.right(), limit), "limit"));
    Some(panel)
}

/// Misfit of the calibration's members, step by step.
fn misfit(campaign: &Campaign) -> Option<Element> {
    let logarithms = || campaign.misfit.iter().map(|(_, misfit)| misfit.log10());
    let (low, high) = extent(logarithms())?;
    let (x, y) = (
        AREA.x((1.0, campaign.misfit.len().max(2) as f64)),
        AREA.y((low.min(0.0) - 0.15, high.max(0.0) + 0.15)),
    );
    let places: Vec<_> =
        logarithms().enumerate().map(|(k, l)| Some((x.at(k as f64 + 1.0), y.at(l)))).collect();
    let dots = places.iter().flatten().zip(&campaign.misfit).map(|((px, py), (t, misfit))| {
        let words = format!("{} at pseudo-time {}", number::significant(*misfit, 3), number::compact(*t, 3));
        svg::circle(*px, *py, 2.6).class("dot good").tooltip(&words)
    });
    let panel =
        titled("Misfit of the calibration", "members before each step; about 1 within errors", "step")
            .child(AREA.decades(&y))
            .child(AREA.vertical_grid(&x, 5))
            .child(svg::line((AREA.left, y.at(0.0)), (AREA.right(), y.at(0.0)), "limit"))
            .child(svg::path(&svg::polyline(&places), "mean accent"));
    Some(panel.children(dots))
}
