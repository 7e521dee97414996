//! The report of an invented run.

use reterra_report::input::Element;

use super::*;
use crate::stages::fixture::{Bench, FAILED_EVERYWHERE};

fn filled(bench: &Bench) -> ReportInput {
    bench.finished(|context| fill(&Material::read(context).unwrap(), context).unwrap())
}

#[test]
fn report_has_every_section() {
    let bench = Bench::of_series();
    let input = filled(&bench);
    assert_eq!((input.stations.len(), input.goals.len(), input.members), (3, 6, 64));
    let first = &input.stations[0];
    assert_eq!(first.seasonal[0].variable, Shown::Gpp);
    let (prior, mean) = (first.seasonal[0].prior[6].unwrap(), first.seasonal[0].mean[6].unwrap());
    assert!((prior / mean - 0.7).abs() < 1e-9);
    assert!(first.seasonal[0].observed_withheld[6].is_some() && first.series[1].mean.len() == 36);
    assert!(first.pools.soil_carbon.is_some() && first.failure.is_none());
    assert!(input.stations[FAILED_EVERYWHERE].failure.is_some());
    assert_eq!((input.inversions[0].converged, input.inversions[0].iterations[0].pseudo_time), (true, 0.0));
    let inflation = input.inflation.unwrap();
    approx::assert_relative_eq!(inflation.mean[3].unwrap(), 1.1, max_relative = 1e-12);
    assert_eq!(inflation.mean[0], None);
    assert_eq!(input.failed_members[0].cause, "no leaves left in month 8");
    assert_eq!(input.parameters[0].unit, "× default");
    let provenance = &input.provenance;
    assert!(
        provenance.inputs.len() == 4 && provenance.inputs.iter().all(|f| f.sha256.len() == 64 && f.bytes > 0)
    );
    assert!(provenance.configuration.contains("Three stations"));
}

#[test]
fn observations_and_ensemble_are_compared_by_variable() {
    let input = filled(&Bench::of_series());
    let [gpp] = &input.agreement[..] else { panic!("{:?}", input.agreement) };
    assert_eq!((gpp.variable, gpp.used), (Shown::Gpp, 69));
    assert_eq!((gpp.others[0].label.as_str(), gpp.others[0].count), ("refused by background check", 3));
    // Members are 0.9 times the truth: they lie below the observations.
    assert!(gpp.innovation.unwrap().value > 0.0 && gpp.ranks.as_ref().unwrap().slope > 0.0);
    assert!(gpp.crps.is_some_and(|[before, after]| after < before));
    assert!(input.agreement_note.contains("50 %"), "{}", input.agreement_note);
}

/// The invented stocks change by exactly the flows, so what is left over is rounding.
#[test]
fn books_close() {
    let input = filled(&Bench::of_series());
    assert_eq!(input.closure.len(), 3);
    for closure in &input.closure {
        let scale = closure.final_stock.abs();
        assert!(closure.residual().abs() < 1e-9 * scale, "{:?} {}", closure.element, closure.residual());
        assert!(closure.is_closed());
    }
    let nitrogen = input.closure.iter().find(|c| c.element == Element::Nitrogen).unwrap();
    assert_eq!((nitrogen.largest_relative_error, nitrogen.largest_at.as_str()), (5e-14, "calibration"));
}

#[test]
fn page_and_figures_are_written_the_same_each_time() {
    let read =
        |bench: &Bench, name: &str| std::fs::read_to_string(bench.run_until("report").join(name)).unwrap();
    let (one, two) = (Bench::of_normals(), Bench::of_normals());
    for name in [FILE, MAP, SKILL] {
        assert_eq!(read(&one, name), read(&two, name), "{name}");
    }
    let page = read(&one, FILE);
    assert!(
        page.contains("FI-Hyy")
            && page.contains("a fit and no validation")
            && !page.contains("neither calibration")
            && !page.contains("NaN")
    );
    assert!(filled(&one).stations[0].series.is_empty() && filled(&one).goals.is_empty());
}
