//! The page of a campaign: figures with the summary, in one HTML file.

use minijinja::Environment;
use minijinja::value::Serde;
use serde::Serialize;

use super::input::{Campaign, Parameter};
use super::{chains, corner, coverage, sensitivity, validation};
use crate::error::ReportError;
use crate::figure::{Figure, STYLE};
use crate::number;
use crate::page::PAGE_STYLE;

const TEMPLATE: &str = include_str!("campaign.html");

/// Renders a campaign as one HTML file that needs nothing beside it. The same input gives the same bytes.
///
/// # Errors
/// [`ReportError::Template`], a defect.
pub fn render(campaign: &Campaign) -> Result<String, ReportError> {
    let mut environment = Environment::new();
    environment.add_template("campaign.html", TEMPLATE)?;
    Ok(environment.get_template("campaign.html")?.render(Serde(Page::of(campaign)))?)
}

#[derive(Debug, Serialize)]
struct Page<'a> {
    style: String,
    name: &'a str,
    lead: &'a str,
    facts: Vec<FactText<'a>>,
    parameters: Vec<Row<'a>>,
    corner: String,
    emulators: Option<String>,
    chains: String,
    coverage: Option<String>,
    sensitivity: Option<String>,
    files: &'a [(String, String)],
}

#[derive(Debug, Serialize)]
struct FactText<'a> {
    label: &'a str,
    value: &'a str,
    class: &'static str,
    wanted: &'a str,
}

#[derive(Debug, Serialize)]
struct Row<'a> {
    name: &'a str,
    prior: String,
    mean: String,
    sd: String,
    interval: String,
    narrowing: String,
    rhat: String,
    ess: String,
}

impl<'a> Page<'a> {
    fn of(campaign: &'a Campaign) -> Self {
        let fact = |fact: &'a super::input::Fact| FactText {
            label: &fact.label,
            value: &fact.value,
            class: fact.wanted.as_ref().map_or("", |(_, good)| if *good { "ok" } else { "fail" }),
            wanted: fact.wanted.as_ref().map_or("", |(wanted, _)| wanted),
        };
        Self {
            style: format!("{STYLE}\n{PAGE_STYLE}"),
            name: &campaign.name,
            lead: &campaign.lead,
            facts: campaign.facts.iter().map(fact).collect(),
            parameters: campaign.parameters.iter().map(row).collect(),
            corner: corner::draw(campaign).inline(),
            emulators: validation::draw(&campaign.outputs).map(Figure::inline),
            chains: chains::draw(campaign).inline(),
            coverage: coverage::draw(campaign).map(Figure::inline),
            sensitivity: sensitivity::draw(campaign).map(Figure::inline),
            files: &campaign.files,
        }
    }
}

fn row(parameter: &Parameter) -> Row<'_> {
    let (mean, sd) = parameter.moments;
    let (prior_mean, prior_sd) = parameter.prior_moments;
    let (low, high) = parameter.interval;
    let significant = |value: f64| number::significant(value, 3);
    Row {
        name: &parameter.name,
        prior: format!("{} ± {}", significant(prior_mean), number::significant(prior_sd, 2)),
        mean: significant(mean),
        sd: number::significant(sd, 2),
        interval: format!("{} to {}", significant(low), significant(high)),
        narrowing: format!("{} %", number::whole(100.0 * sd / prior_sd)),
        rhat: number::fixed(Some(parameter.rhat), 3),
        ess: number::whole(parameter.ess),
    }
}
