//! The page: everything inlined in one HTML file, from one template.

use minijinja::Environment;
use minijinja::value::Serde;
use serde::Serialize;

use crate::error::ReportError;
use crate::figure::{Figure, STYLE};
use crate::input::{FailedMember, InputFile, Provenance, ReportInput, Severity, SpinUp};
use crate::{
    agreement, check, closure, equilibrium, inflation, inversion, map, number, parameters, skill, spinup,
    station, summary,
};

const TEMPLATE: &str = include_str!("page.html");
pub(crate) const PAGE_STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Renders a report as one HTML file that needs nothing beside it. The same input gives the same bytes.
///
/// # Errors
/// [`ReportError`] where the input contradicts itself: a station listed twice, a series whose lists differ in
/// length, a month or period that does not exist.
pub fn render(input: &ReportInput) -> Result<String, ReportError> {
    check::check(input)?;
    let mut environment = Environment::new();
    environment.add_template("page.html", TEMPLATE)?;
    Ok(environment.get_template("page.html")?.render(Serde(Page::of(input)))?)
}

/// What the template fills in. Figures are strings of SVG.
#[derive(Debug, Serialize)]
struct Page<'a> {
    style: String,
    script: &'static str,
    title: &'a str,
    domain: &'a str,
    lead: String,
    period: String,
    tiles: Vec<summary::Tile>,
    badges: Vec<summary::Badge>,
    map: String,
    legend: Vec<station::LegendEntry>,
    notices: Vec<NoticeText<'a>>,
    failed_members: &'a [FailedMember],
    basis: &'static str,
    scored_months: &'static str,
    has_baselines: bool,
    has_goals: bool,
    skill_figure: Option<String>,
    skill_tables: Vec<skill::Table>,
    stations: Vec<station::Section>,
    parameters: Vec<String>,
    inversions: Vec<String>,
    inflation: Option<String>,
    inflation_summary: Option<String>,
    agreement: Vec<agreement::Row>,
    agreement_note: &'a str,
    ranks: Vec<String>,
    spinup: Option<SpinUpSection<'a>>,
    closure: Vec<closure::Books>,
    provenance: &'a Provenance,
    inputs: Vec<FileText<'a>>,
}

impl<'a> Page<'a> {
    fn of(input: &'a ReportInput) -> Self {
        let inline = |figures: Vec<Figure>| figures.into_iter().map(Figure::inline).collect();
        let inflation = input.inflation.as_ref();
        Self {
            style: format!("{STYLE}\n{PAGE_STYLE}"),
            script: SCRIPT,
            title: &input.title,
            domain: &input.domain,
            lead: summary::lead(input),
            period: summary::period(input),
            tiles: summary::tiles(input),
            badges: summary::badges(input),
            map: map::draw(&input.stations, map::Links::InPage).inline(),
            legend: station::legend(&input.stations),
            notices: notices(input),
            failed_members: &input.failed_members,
            basis: input.basis.sentence(),
            scored_months: input.basis.months(),
            has_baselines: input.skill.iter().any(|score| score.run.is_baseline()),
            has_goals: !input.goals.is_empty(),
            skill_figure: (!input.skill.is_empty()).then(|| skill::draw(input).inline()),
            skill_tables: skill::tables(input),
            stations: station::sections(input),
            parameters: inline(parameters::draw(&input.parameters)),
            inversions: inline(inversion::draw(&input.inversions)),
            inflation: inflation.map(|inflation| inflation::draw(inflation).inline()),
            inflation_summary: inflation.and_then(inflation::summary),
            agreement: agreement::rows(&input.agreement),
            agreement_note: &input.agreement_note,
            ranks: inline(agreement::draw(&input.agreement)),
            spinup: input.spinup.as_ref().map(spinup_section),
            closure: input.closure.iter().map(closure::books).collect(),
            provenance: &input.provenance,
            inputs: input.provenance.inputs.iter().map(file).collect(),
        }
    }
}

#[derive(Debug, Serialize)]
struct NoticeText<'a> {
    class: &'static str,
    label: &'static str,
    place: &'a str,
    message: &'a str,
}

fn notices(input: &ReportInput) -> Vec<NoticeText<'_>> {
    let severities = [(Severity::Failure, "fail", "Failure"), (Severity::Warning, "warn", "Warning")];
    let of = |(severity, class, label): (Severity, &'static str, &'static str)| {
        let matching = input.notices.iter().filter(move |notice| notice.severity == severity);
        matching.map(move |notice| NoticeText {
            class,
            label,
            place: &notice.place,
            message: &notice.message,
        })
    };
    severities.into_iter().flat_map(of).collect()
}

#[derive(Debug, Serialize)]
struct SpinUpSection<'a> {
    method: &'a str,
    criterion: String,
    settled: usize,
    count: usize,
    figure: String,
    plane: Option<String>,
    names: Vec<String>,
    rows: Vec<spinup::Row>,
    means: Vec<spinup::Cell>,
}

fn spinup_section(result: &SpinUp) -> SpinUpSection<'_> {
    SpinUpSection {
        method: &result.method,
        criterion: number::compact(result.criterion, 2),
        settled: spinup::settled(result),
        count: result.stations.len(),
        figure: spinup::draw(result).inline(),
        plane: equilibrium::draw(result).map(Figure::inline),
        names: names(result),
        rows: spinup::rows(result),
        means: spinup::cells(&result.mean_drifts),
    }
}

/// What drifts beside ecosystem carbon, as heads of columns.
fn names(result: &SpinUp) -> Vec<String> {
    let others = result.stations.first().map(|station| station.other_drifts.as_slice()).unwrap_or_default();
    others.iter().map(|drift| format!("{} ({})", drift.name, drift.unit)).collect()
}

#[derive(Debug, Serialize)]
struct FileText<'a> {
    path: &'a str,
    sha256: &'a str,
    size: String,
}

fn file(file: &InputFile) -> FileText<'_> {
    const KIBIBYTE: u64 = 1024;
    let bytes = file.bytes as f64;
    let size = match file.bytes {
        bytes if bytes < KIBIBYTE => format!("{bytes} B"),
        n if n < KIBIBYTE * KIBIBYTE => format!("{} KiB", number::fixed(Some(bytes / KIBIBYTE as f64), 1)),
        _ => format!("{} MiB", number::fixed(Some(bytes / (KIBIBYTE * KIBIBYTE) as f64), 1)),
    };
    FileText { path: &file.path, sha256: &file.sha256, size }
}
