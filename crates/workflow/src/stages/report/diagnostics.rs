//! Spin-up, inflation, failed members, and what a reader must know.

use reterra_report::input::{
    Drift, FailedMember, Inflation, Notice, Severity, SpinUp, StationSpinUp as ShownSpinUp,
};

use reterra_land::spinup::{Measure, Summary};

use super::{Material, calibration, month};
use crate::config::{SpinupMethod, Workflow};
use crate::results::{SpinUpNote, StationSpinUp};
use crate::stages::spinup;
use crate::stages::validation::Against;

pub(super) fn spinup(note: &SpinUpNote, workflow: &Workflow) -> SpinUp {
    let options = spinup::options(&workflow.spinup);
    let method = match workflow.spinup.method {
        SpinupMethod::Matrix => "semi-analytic matrix solution, nitrogen feedback iterated",
        SpinupMethod::BruteForce => "the model itself, cycle after cycle",
        SpinupMethod::AcceleratedDecomposition => "accelerated decomposition, then the model itself",
        SpinupMethod::Anderson => "the model itself, cycles mixed by Anderson acceleration",
        SpinupMethod::MatrixAnderson => "semi-analytic matrix solution, steps mixed by Anderson acceleration",
    };
    let farthest = |distances: &[f64]| distances.iter().map(|d| d.abs()).reduce(f64::max);
    let station = |s: &StationSpinUp| ShownSpinUp {
        station: s.id.clone(),
        drift: s.report.drift,
        other_drifts: drifts(&s.report.measures(), s.report.drifts()).split_off(1),
        equilibrium_distance: farthest(&s.report.distance),
        wood_distance: farthest(&s.report.wood_distance),
        years: s.report.years,
        iterations: s.report.cycles,
    };
    SpinUp {
        method: method.to_owned(),
        criterion: note.drift_limit,
        distance_limit: (!options.method.stops_by_drift_alone()).then_some(options.distance_limit),
        stations: note.stations.iter().map(station).collect(),
        mean_drifts: mean_drifts(&note.stations),
    }
}

/// Mean drifts over stations; none without any.
fn mean_drifts(stations: &[StationSpinUp]) -> Vec<Drift> {
    let summary = Summary::of(stations.iter().map(|s| (1.0, &s.report)));
    let (Some(summary), Some(first)) = (summary, stations.first()) else { return Vec::new() };
    drifts(&first.report.measures(), summary.mean_drifts)
}

/// Drifts for the report.
fn drifts(measures: &[Measure; 6], values: [Option<f64>; 6]) -> Vec<Drift> {
    let drift = |(measure, value): (&Measure, Option<f64>)| Drift {
        name: measure.name.to_owned(),
        value,
        limit: measure.limit,
        unit: shown_unit(measure.unit),
    };
    measures.iter().zip(values).map(drift).collect()
}

/// A unit with raised exponents: `gC m-2 yr-1` as gC m⁻² yr⁻¹.
fn shown_unit(unit: &str) -> String {
    let raised = |c: char| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        other => other,
    };
    unit.chars().map(raised).collect()
}

/// Inflation over stations by month, as a factor on the spread; none where no station was inflated.
pub(super) fn inflation(material: &Material, workflow: &Workflow) -> Option<Inflation> {
    let mut by_month: Vec<Vec<f64>> = vec![Vec::new(); workflow.period.months()];
    for (at, covariance) in material.assimilation.iter().flat_map(|s| &s.inflation) {
        if let Some(values) = by_month.get_mut(*at) {
            values.push(covariance.sqrt());
        }
    }
    if by_month.iter().all(Vec::is_empty) {
        return None;
    }
    let each = |of: fn(&[f64]) -> Option<f64>| by_month.iter().map(|values| of(values)).collect();
    Some(Inflation {
        start: month(workflow.period.start),
        mean: each(|v| (!v.is_empty()).then(|| v.iter().sum::<f64>() / v.len() as f64)),
        smallest: each(|v| v.iter().copied().reduce(f64::min)),
        largest: each(|v| v.iter().copied().reduce(f64::max)),
    })
}

pub(super) fn failed_members(material: &Material) -> Vec<FailedMember> {
    let mut all = Vec::new();
    for class in &material.calibration.classes {
        for step in &class.steps {
            all.extend(step.failed.iter().map(|f| FailedMember {
                stage: format!(
                    "calibrate, {}, iteration {}",
                    calibration::label(class.class),
                    step.iteration
                ),
                member: f.member,
                station: String::new(),
                cause: f.reason.clone(),
                remedy: "drawn again from the members that ran".to_owned(),
            }));
        }
    }
    for station in &material.assimilation {
        all.extend(station.failures.iter().map(|f| {
            let when = f.month.map_or(String::new(), |m| format!(" in month {}", m + 1));
            FailedMember {
                stage: "assimilate".to_owned(),
                member: f.member,
                station: station.id.clone(),
                cause: format!("{}{when}", f.reason),
                remedy: "replaced by another member".to_owned(),
            }
        }));
    }
    all
}

pub(super) fn notices(material: &Material) -> Vec<Notice> {
    let mut notices = Vec::new();
    if material.skill.kind == Against::Assimilated {
        notices.push(warning(
            "skill",
            "No observations are withheld: scores are against the assimilated ones and show a fit, not a validation.",
        ));
    }
    for station in material.spinup.stations.iter().filter(|s| !s.report.converged) {
        let text = format!(
            "The spin-up stopped after {} cycles with a drift of {:.2} gC m⁻² yr⁻¹, before equilibrium.",
            station.report.cycles, station.report.drift
        );
        notices.push(warning(&station.id, &text));
    }
    for class in material.calibration.classes.iter().filter(|c| c.steps.iter().any(|s| s.capped)) {
        let text =
            "The inversion was hurried to its end by the cap on iterations; its spread may be too small.";
        notices.push(warning(calibration::label(class.class), text));
    }
    for station in material.assimilation.iter().filter(|s| s.refused > s.used) {
        let text = format!(
            "The background check refused {} observations and used {}: model and observations disagree.",
            station.refused, station.used
        );
        notices.push(warning(&station.id, &text));
    }
    notices
}

fn warning(place: &str, message: &str) -> Notice {
    Notice { severity: Severity::Warning, place: place.to_owned(), message: message.to_owned() }
}
