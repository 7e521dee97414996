//! The head of the report: one sentence, the key figures, and whether the run holds.

use serde::Serialize;

use crate::axes::MONTH_NAMES;
use crate::closure;
use crate::input::{Month, ReportInput, Run, Severity, Skill, Variable};
use crate::{number, skill, spinup};

/// A figure shown large.
#[derive(Debug, Serialize)]
pub(crate) struct Tile {
    value: String,
    label: String,
    note: String,
    class: &'static str,
}

/// Whether one aspect of the run holds.
#[derive(Debug, Serialize)]
pub(crate) struct Badge {
    status: Status,
    label: String,
    detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Ok,
    Warn,
    Fail,
}

impl Badge {
    fn new(status: Status, label: &str, detail: String) -> Self {
        Self { status, label: label.to_owned(), detail }
    }
}

/// `January 2001 to December 2016`; empty for a period that was not given.
pub(crate) fn period(input: &ReportInput) -> String {
    let name = |month: Month| {
        let index = usize::try_from(month.month).unwrap_or(0).wrapping_sub(1);
        MONTH_NAMES.get(index).map(|name| format!("{name} {}", month.year))
    };
    match (name(input.period.first), name(input.period.last)) {
        (Some(first), Some(last)) => format!("{first} to {last}"),
        _ => String::new(),
    }
}

/// What the run is and how well it does, in a sentence or two.
pub(crate) fn lead(input: &ReportInput) -> String {
    let stations = counted(input.stations.len(), "station");
    let over = match period(input) {
        period if period.is_empty() => String::new(),
        period => format!(", {period}"),
    };
    let members = match input.members {
        0 => String::new(),
        members => format!(", with {}", counted(members, "ensemble member")),
    };
    format!("Monthly carbon, nitrogen and water of {stations}{over}{members}.{}", explained(input))
}

fn explained(input: &ReportInput) -> String {
    let percent = |score: &Skill| score.r2.filter(|r2| r2.is_finite()).map(|r2| (100.0 * r2).round());
    let parts: Vec<String> = [Variable::Gpp, Variable::Nee, Variable::Et]
        .into_iter()
        .filter_map(|variable| {
            let percent = final_score(input, variable).and_then(percent).filter(|percent| *percent > 0.0)?;
            Some(format!("{percent} % of the variance of {}", variable.label()))
        })
        .collect();
    match parts.as_slice() {
        [] => String::new(),
        [one] => format!(" It explains {one} {}.", input.basis.clause()),
        [rest @ .., last] => {
            format!(" It explains {} and {last} {}.", rest.join(", "), input.basis.clause())
        }
    }
}

/// The score of the furthest run there is: assimilated, else calibrated, else prior.
fn final_score(input: &ReportInput, variable: Variable) -> Option<&Skill> {
    [Run::Assimilated, Run::Calibrated, Run::Prior]
        .into_iter()
        .find_map(|run| skill::find(&input.skill, variable, run))
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

pub(crate) fn tiles(input: &ReportInput) -> Vec<Tile> {
    let count = |value: usize, label: &str| Tile {
        value: number::whole(value as f64),
        label: label.to_owned(),
        note: String::new(),
        class: "",
    };
    let counts = [(input.stations.len(), "stations"), (input.members, "members"), (months(input), "months")];
    let scores =
        [Variable::Gpp, Variable::Nee, Variable::Et].into_iter().filter_map(|v| score_tile(input, v));
    counts.into_iter().filter(|(n, _)| *n > 0).map(|(n, label)| count(n, label)).chain(scores).collect()
}

fn months(input: &ReportInput) -> usize {
    if period(input).is_empty() { 0 } else { input.period.months() }
}

fn score_tile(input: &ReportInput, variable: Variable) -> Option<Tile> {
    let score = final_score(input, variable)?;
    let prior = skill::find(&input.skill, variable, Run::Prior).filter(|prior| prior.run != score.run);
    let note = prior.map_or_else(String::new, |prior| format!("prior {}", number::fixed(prior.r2, 2)));
    let label = format!("R² {}", variable.label());
    Some(Tile { value: number::fixed(score.r2, 2), label, note, class: crate::seasonal::class(variable) })
}

/// The state of closure, spin-up, calibration, goals and failures; aspects that did not run are left out.
pub(crate) fn badges(input: &ReportInput) -> Vec<Badge> {
    let aspects = [closed(input), spun_up(input), calibrated(input), goals(input)];
    aspects.into_iter().flatten().chain([failures(input)]).collect()
}

fn closed(input: &ReportInput) -> Option<Badge> {
    let worst =
        input.closure.iter().max_by(|a, b| a.largest_relative_error.total_cmp(&b.largest_relative_error))?;
    let detail = format!("largest relative error {}", closure::books(worst).largest_text());
    let open: Vec<_> = input.closure.iter().filter(|c| !c.is_closed()).map(|c| c.element.label()).collect();
    Some(match open.as_slice() {
        [] => Badge::new(Status::Ok, "Balances close", detail),
        open => Badge::new(Status::Fail, &format!("{} not closed", open.join(", ")), detail),
    })
}

fn spun_up(input: &ReportInput) -> Option<Badge> {
    let result = input.spinup.as_ref().filter(|result| !result.stations.is_empty())?;
    let (settled, all) = (spinup::settled(result), result.stations.len());
    let detail = format!(
        "{settled} of {all} stations drift less than {} gC m⁻² yr⁻¹",
        number::compact(result.criterion, 2)
    );
    let (status, label) =
        if settled == all { (Status::Ok, "Spin-up settled") } else { (Status::Warn, "Spin-up incomplete") };
    Some(Badge::new(status, label, detail))
}

fn calibrated(input: &ReportInput) -> Option<Badge> {
    let (all, done) = (input.inversions.len(), input.inversions.iter().filter(|i| i.converged).count());
    let detail = format!("{done} of {} reached T = 1", counted(all, "inversion"));
    match (all, done) {
        (0, _) => None,
        _ if all == done => Some(Badge::new(Status::Ok, "Calibration converged", detail)),
        _ => Some(Badge::new(Status::Warn, "Calibration stopped early", detail)),
    }
}

fn goals(input: &ReportInput) -> Option<Badge> {
    let (all, met) =
        (input.goals.len(), input.goals.iter().filter(|g| skill::is_met(g, &input.skill)).count());
    let detail = format!("{met} of {} for R²", counted(all, "goal"));
    match (all, met) {
        (0, _) => None,
        _ if all == met => Some(Badge::new(Status::Ok, "Goals met", detail)),
        _ => Some(Badge::new(Status::Warn, "Goals missed", detail)),
    }
}

fn failures(input: &ReportInput) -> Badge {
    let stations = input.stations.iter().filter(|station| station.failure.is_some()).count();
    let grave = input.notices.iter().filter(|notice| notice.severity == Severity::Failure).count();
    let (members, warnings) = (input.failed_members.len(), input.notices.len() - grave);
    let parts = [
        (stations, "station without result"),
        (grave, "failure"),
        (members, "failed member"),
        (warnings, "warning"),
    ];
    let found = parts.into_iter().filter(|(count, _)| *count > 0);
    let detail = found.map(|(count, noun)| counted_phrase(count, noun)).collect::<Vec<_>>().join(", ");
    match (stations + grave, members + warnings) {
        (0, 0) => Badge::new(Status::Ok, "No failures", "no member, station or stage failed".to_owned()),
        (0, _) => Badge::new(Status::Warn, "With reservations", detail),
        _ => Badge::new(Status::Fail, "With failures", detail),
    }
}

fn counted_phrase(count: usize, noun: &str) -> String {
    match noun.split_once(' ') {
        Some((head, rest)) if head == "station" => format!("{} {rest}", counted(count, head)),
        _ => counted(count, noun),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::{Basis, Inversion, Notice, Period, SpinUp, StationSpinUp};

    fn score(variable: Variable, run: Run, r2: f64) -> Skill {
        Skill { variable, run, r2: Some(r2), rmse: None, bias: None, n: 1, coverage: None }
    }

    #[test]
    fn the_lead_names_size_period_and_skill() {
        let month = |year, month| Month { year, month };
        let input = ReportInput {
            period: Period { first: month(2001, 1), last: month(2016, 12) },
            members: 64,
            skill: vec![
                score(Variable::Gpp, Run::Assimilated, 0.812),
                score(Variable::Et, Run::Calibrated, 0.7),
            ],
            ..ReportInput::default()
        };
        assert_eq!(
            lead(&input),
            "Monthly carbon, nitrogen and water of 0 stations, January 2001 to December 2016, with 64 ensemble \
             members. It explains 81 % of the variance of GPP and 70 % of the variance of ET in months withheld from it."
        );
        let fitted = lead(&ReportInput { basis: Basis::Assimilated, ..input });
        assert!(fitted.ends_with("in the months that it assimilated, a fit and no validation."), "{fitted}");
    }

    #[test]
    fn badges_turn_when_something_does_not_hold() {
        let settled = StationSpinUp {
            station: "X".into(),
            drift: 0.1,
            other_drifts: Vec::new(),
            equilibrium_distance: None,
            wood_distance: None,
            years: 1.0,
            iterations: 1,
        };
        let drifting = StationSpinUp { drift: -2.0, ..settled.clone() };
        let spin = |stations| {
            Some(SpinUp {
                method: String::new(),
                criterion: 1.0,
                distance_limit: None,
                stations,
                mean_drifts: Vec::new(),
            })
        };
        let inversion = |converged| Inversion { group: "all".into(), converged, iterations: vec![] };
        let good = ReportInput {
            spinup: spin(vec![settled.clone()]),
            inversions: vec![inversion(true)],
            ..Default::default()
        };
        let notice = Notice { severity: Severity::Failure, place: String::new(), message: String::new() };
        let bad = ReportInput {
            spinup: spin(vec![settled, drifting]),
            inversions: vec![inversion(true), inversion(false)],
            notices: vec![notice],
            ..Default::default()
        };
        let statuses =
            |input: &ReportInput| badges(input).iter().map(|badge| badge.status).collect::<Vec<_>>();
        assert_eq!(statuses(&good), [Status::Ok; 3]);
        assert_eq!(statuses(&ReportInput { spinup: spin(vec![]), ..Default::default() }), [Status::Ok]);
        assert_eq!(statuses(&bad), [Status::Warn, Status::Warn, Status::Fail]);
    }
}
