//! `report`: one HTML file that a person looks at first, and figures for a README or a talk.

mod agreement;
mod calibration;
mod closure;
mod diagnostics;
mod provenance;
mod station;

use std::path::Path;

use reterra_assimilation::diagnostics::Statistics;
use reterra_fields::Month;
use reterra_report::input::{
    Basis, Goal, Month as ShownMonth, Period, ReportInput, Run, Skill, Variable as Shown,
};
use reterra_report::{figures, render};

use crate::config::Workflow;
use crate::engine::{Code, Context, Inputs, Stage, StageError, StageOutput};
use crate::experiment::domain::add_inputs;
use crate::experiment::{StationCase, load_cases};
use crate::results::{CalibrationNote, EnsembleOutput, SpinUpNote, StationAssimilation, read_json};
use crate::stages::assimilate;
use crate::stages::product::assimilated;
use crate::stages::validation::{self, Against, SkillNote, SkillRow, shown};

/// The page.
pub const FILE: &str = "report.html";
const MAP: &str = "figures/map.svg";
const SKILL: &str = "figures/skill.svg";

/// What the project asks of R² against withheld observations: calibrated, then assimilated.
const GOALS: [(Shown, f64, f64); 3] =
    [(Shown::Gpp, 0.65, 0.78), (Shown::Nee, 0.40, 0.69), (Shown::Et, 0.65, 0.77)];

/// The stage.
pub struct HtmlReport;

impl Stage for HtmlReport {
    fn name(&self) -> &'static str {
        "report"
    }

    fn title(&self) -> &'static str {
        "the report as one HTML file"
    }

    fn code(&self) -> Code {
        Code::Report
    }

    fn inputs(&self, workflow: &Workflow) -> Result<Inputs, StageError> {
        let inputs = add_inputs(Inputs::new(), workflow)?.config("workflow", workflow)?;
        let stages = ["spinup", "calibrate", "assimilate", "baselines", "product", "validation"];
        Ok(stages.into_iter().fold(inputs, Inputs::after))
    }

    fn run(&self, context: &Context<'_>) -> Result<StageOutput, StageError> {
        let input = fill(&Material::read(context)?, context)?;
        let directory = context.directory();
        write(&directory.join(FILE), &render(&input)?)?;
        std::fs::create_dir_all(directory.join("figures"))?;
        write(&directory.join(MAP), &figures::map(&input)?)?;
        write(&directory.join(SKILL), &figures::skill(&input)?)?;
        Ok(StageOutput::new().file(FILE).file(MAP).file(SKILL))
    }
}

fn write(path: &Path, text: &str) -> Result<(), StageError> {
    Ok(reterra_io::replace(path, text.as_bytes())?)
}

/// The results of the stages before.
struct Material {
    cases: Vec<StationCase>,
    spinup: SpinUpNote,
    calibration: CalibrationNote,
    assimilation: Vec<StationAssimilation>,
    diagnostics: Statistics,
    skill: SkillNote,
    prior: EnsembleOutput,
    analysis: EnsembleOutput,
}

impl Material {
    fn read(context: &Context<'_>) -> Result<Self, StageError> {
        Ok(Self {
            cases: load_cases(context.workflow())?,
            spinup: read_json(&context.result("spinup", "spinup.json"))?,
            calibration: read_json(&context.result("calibrate", "calibrate.json"))?,
            assimilation: read_json(&context.result("assimilate", "assimilate.json"))?,
            diagnostics: read_json(&context.result("assimilate", assimilate::DIAGNOSTICS))?,
            skill: read_json(&context.result("validation", validation::FILE))?,
            prior: EnsembleOutput::read(&context.result("calibrate", "prior.bundle"))?,
            analysis: assimilated(context)?,
        })
    }
}

fn fill(material: &Material, context: &Context<'_>) -> Result<ReportInput, StageError> {
    let workflow = context.workflow();
    Ok(ReportInput {
        title: workflow.title.clone(),
        domain: domain(material, workflow),
        period: Period { first: month(workflow.period.start), last: month(workflow.period.end) },
        members: workflow.assimilate.members,
        stations: station::all(material, workflow),
        skill: material.skill.pooled.iter().map(skill).collect(),
        basis: match material.skill.kind {
            Against::Withheld => Basis::Withheld,
            Against::Assimilated => Basis::Assimilated,
        },
        goals: goals(material.skill.kind),
        parameters: calibration::parameters(&material.calibration),
        spinup: Some(diagnostics::spinup(&material.spinup, workflow)),
        closure: closure::all(material),
        inversions: calibration::inversions(&material.calibration),
        inflation: diagnostics::inflation(material, workflow),
        agreement: agreement::all(material),
        agreement_note: agreement::note(workflow),
        failed_members: diagnostics::failed_members(material),
        notices: diagnostics::notices(material),
        provenance: provenance::of(context)?,
    })
}

fn domain(material: &Material, workflow: &Workflow) -> String {
    let basis = match workflow.forcing.source {
        crate::config::ForcingSource::Normals { .. } => "driven by mean years of weather",
        crate::config::ForcingSource::Monthly { .. } => "driven by monthly weather",
    };
    let stations = material.cases.len();
    let noun = if stations == 1 { "station" } else { "stations" };
    format!("Carbon, nitrogen and water of {stations} {noun}, {basis}.")
}

fn month(month: Month) -> ShownMonth {
    ShownMonth { year: month.year, month: u32::from(month.month) }
}

fn skill(row: &SkillRow) -> Skill {
    Skill {
        variable: shown(row.variable),
        run: row.run,
        r2: row.r2,
        rmse: row.rmse,
        bias: row.bias,
        n: row.n as usize,
        coverage: row.coverage,
    }
}

/// Goals speak of withheld observations; a fit has none.
fn goals(kind: Against) -> Vec<Goal> {
    if kind == Against::Assimilated {
        return Vec::new();
    }
    let of = |(variable, calibrated, assimilated)| {
        [(Run::Calibrated, calibrated), (Run::Assimilated, assimilated)].map(|(run, r2)| Goal {
            variable,
            run,
            r2,
        })
    };
    GOALS.into_iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests;
