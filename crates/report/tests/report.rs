//! The whole report and the single figures: well-formed, escaped, deterministic, and whole when data is missing.

mod fixture;

use reterra_report::input::{Month, ReportInput, Seasonal, Series, Station, Variable};
use reterra_report::{ReportError, figures, render};

/// Walks through tags as XML does: every one closed, in order, attributes quoted; script and style are skipped.
fn check_well_formed(text: &str) {
    let mut open: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        assert!(!rest[..start].contains('>'), "stray > before {:.60}", &rest[start..]);
        rest = &rest[start..];
        let end = rest.find('>').unwrap_or_else(|| panic!("tag not ended: {rest:.60}"));
        let tag = &rest[1..end];
        rest = &rest[end + 1..];
        if tag.starts_with('!') {
            continue;
        }
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "closing tags out of order");
            continue;
        }
        check_attributes(tag);
        let name = tag.split([' ', '/']).next().unwrap_or_default().to_owned();
        if !tag.ends_with('/') {
            if name == "script" || name == "style" {
                let close = format!("</{name}>");
                rest = &rest[rest.find(&close).expect("script and style close")..];
            }
            open.push(name);
        }
    }
    assert!(open.is_empty(), "never closed: {open:?}");
}

fn check_attributes(tag: &str) {
    assert_eq!(tag.matches('"').count() % 2, 0, "unbalanced quotes: {tag}");
    let values = tag.split('"').skip(1).step_by(2);
    for value in values {
        assert!(!value.contains("NaN") && !value.contains("inf ") && value != "inf", "not finite: {tag}");
    }
    if let Some(data) = tag.split(" d=\"").nth(1).and_then(|rest| rest.split('"').next()) {
        assert!(data.chars().all(|c| c.is_ascii_digit() || "MLQZh.- ".contains(c)), "bad path: {data:.80}");
    }
}

fn empty_station(code: &str) -> Station {
    let series = Series {
        variable: Variable::Gpp,
        start: Month { year: 2001, month: 1 },
        observed_train: vec![None; 4],
        observed_withheld: vec![None; 4],
        mean: vec![None; 4],
        lower: vec![Some(f64::NAN); 4],
        upper: vec![None; 4],
    };
    Station {
        code: code.into(),
        latitude: f64::NAN,
        longitude: f64::INFINITY,
        elevation: Some(f64::NAN),
        seasonal: vec![Seasonal::empty(Variable::Gpp)],
        series: vec![series],
        ..Station::default()
    }
}

#[test]
fn reports_of_many_few_and_no_stations_are_well_formed() {
    for (stations, with_series) in [(48, true), (24, false), (1, true), (0, false)] {
        check_well_formed(&render(&fixture::input(stations, with_series)).unwrap());
    }
    check_well_formed(&render(&ReportInput::default()).unwrap());
}

#[test]
fn the_report_needs_nothing_from_outside() {
    let page = render(&fixture::input(3, true)).unwrap();
    for outside in ["http://", "https://", "src=", "@import", "url(", "<link"] {
        let found = page.find(outside).map(|at| &page[at..(at + 60).min(page.len())]);
        assert_eq!(found, None, "{outside}");
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let input = fixture::input(12, true);
    assert_eq!(render(&input).unwrap(), render(&input.clone()).unwrap());
}

#[test]
fn what_users_wrote_is_escaped_everywhere() {
    let evil = "</title><script>alert(\"x\")</script>&'";
    let mut input = fixture::input(2, true);
    input.title = evil.into();
    input.domain = evil.into();
    input.stations[0].code = evil.into();
    input.stations[0].name = evil.into();
    input.stations[0].soil = evil.into();
    input.stations[1].failure = Some(evil.into());
    input.parameters[0].name = evil.into();
    input.parameters[0].group = evil.into();
    input.closure[0].flows[0].label = evil.into();
    input.inversions[0].group = evil.into();
    input.agreement[0].others[0].label = evil.into();
    input.agreement_note = evil.into();
    input.notices[0].message = evil.into();
    input.failed_members[0].cause = evil.into();
    if let Some(spinup) = &mut input.spinup {
        spinup.method = evil.into();
        spinup.stations[0].station = evil.into();
    }
    input.provenance.configuration = evil.into();
    input.provenance.inputs[0].path = evil.into();
    input.provenance.attributions[0] = evil.into();
    let page = render(&input).unwrap();
    check_well_formed(&page);
    assert_eq!(page.matches("<script").count(), 1);
    assert!(!page.contains("alert(\"x\")"));
    check_well_formed(&figures::seasonal_cycles(&input, evil).unwrap());
}

#[test]
fn an_all_empty_station_is_said_to_be_empty() {
    let mut input = fixture::input(2, true);
    input.stations.push(empty_station("XX-Nul"));
    let page = render(&input).unwrap();
    check_well_formed(&page);
    assert_eq!(page.matches("Neither observations nor model output").count(), 1);
    let alone = ReportInput { stations: vec![empty_station("XX-Nul")], ..ReportInput::default() };
    check_well_formed(&render(&alone).unwrap());
}

#[test]
fn numbers_that_are_not_finite_never_reach_the_drawing() {
    let mut input = fixture::input(3, true);
    for station in &mut input.stations {
        for cycle in &mut station.seasonal {
            cycle.mean[3] = Some(f64::NAN);
            cycle.upper[4] = Some(f64::INFINITY);
            cycle.observed_train[5] = Some(f64::NEG_INFINITY);
        }
        for series in &mut station.series {
            series.mean[7] = Some(f64::NAN);
            series.observed_withheld[9] = Some(f64::INFINITY);
        }
    }
    for score in &mut input.skill {
        score.r2 = Some(f64::NAN);
        score.bias = Some(f64::INFINITY);
    }
    for closure in &mut input.closure {
        closure.largest_relative_error = f64::NAN;
        closure.flows[0].amount = f64::INFINITY;
    }
    for parameter in &mut input.parameters {
        parameter.prior.p05 = f64::NAN;
    }
    for inversion in &mut input.inversions {
        inversion.iterations[1].misfit = f64::NAN;
        inversion.iterations[2].pseudo_time = f64::NAN;
    }
    if let Some(ranks) = &mut input.agreement[0].ranks {
        ranks.frequencies[2] = f64::NAN;
        ranks.p_value = f64::NAN;
    }
    input.agreement[1].crps = Some([f64::NAN, f64::INFINITY]);
    if let Some(inflation) = &mut input.inflation {
        inflation.largest[3] = Some(f64::INFINITY);
    }
    let page = render(&input).unwrap();
    check_well_formed(&page);
    assert!(!page.contains("NaN"));
}

#[test]
fn every_station_is_linked_from_the_map_and_has_its_section() {
    let input = fixture::input(48, false);
    let page = render(&input).unwrap();
    for station in &input.stations {
        let anchor = format!("station-{}", station.code);
        assert_eq!(page.matches(&format!("id=\"{anchor}\"")).count(), 1);
        assert_eq!(page.matches(&format!("href=\"#{anchor}\"")).count(), 2, "map and list link to {anchor}");
    }
}

#[test]
fn single_figures_stand_alone() {
    let input = fixture::input(24, false);
    let drawn = [figures::map(&input), figures::skill(&input), figures::seasonal_cycles(&input, "DE-Hai")];
    for figure in drawn {
        let figure = figure.unwrap();
        check_well_formed(&figure);
        assert!(figure.starts_with("<svg") && figure.contains("xmlns=\"http://www.w3.org/2000/svg\""));
        assert!(figure.contains("<style>") && !figure.contains("href"));
    }
    let unknown = figures::seasonal_cycles(&input, "DE-Hay").unwrap_err();
    assert!(matches!(&unknown, ReportError::UnknownStation { code, .. } if code == "DE-Hay"));
    assert!(unknown.to_string().contains("DE-Hai"));
}
