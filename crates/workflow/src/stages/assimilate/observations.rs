//! The stage's file of observations: one row an observation, with what the ensemble made of it.

use ndarray::{Array2, Axis};
use reterra_assimilation::quality::Flag;
use reterra_fields::Calendar;
use reterra_io::cf::About;
use reterra_io::observation_space::{ObservationSpace, ObservedKind, Row, write_observation_space};

use super::observed::{Met, Observed, kind};
use crate::config::Variable;
use crate::engine::{Context, StageError};
use crate::experiment::StationCase;
use crate::results::OUTPUTS;
use crate::stages::product::{inputs, output_name};

/// File of observations, quality control and both ensembles.
pub const FILE: &str = "observations.nc";

/// Writes all stations' observations, station by station.
pub(super) fn write(
    context: &Context<'_>,
    cases: &[StationCase],
    observed: &[Observed],
) -> Result<(), StageError> {
    let members = context.workflow().assimilate.members;
    let mut space = ObservationSpace {
        calendar: Calendar::NoLeap,
        kinds: Variable::ALL.into_iter().map(observed_kind).collect(),
        flags: Flag::ALL.into_iter().map(|flag| (flag.code(), flag.meaning().to_owned())).collect(),
        rows: Vec::new(),
        prior: Array2::zeros((0, members)),
        posterior: Array2::zeros((0, members)),
    };
    for (case, observed) in cases.iter().zip(observed) {
        space.rows.extend(observed.rows.iter().map(|met| row(case, met)));
        space.prior.append(Axis(0), observed.prior.view())?;
        space.posterior.append(Axis(0), observed.posterior.view())?;
    }
    Ok(write_observation_space(&context.directory().join(FILE), &about(context)?, &space)?)
}

fn observed_kind(variable: Variable) -> ObservedKind {
    let output = OUTPUTS.iter().find(|output| output.name == output_name(variable));
    ObservedKind {
        name: variable.name().to_owned(),
        units: output.map_or(variable.unit(), |output| output.unit).to_owned(),
        long_name: output.map_or(variable.name(), |output| output.long_name).to_owned(),
    }
}

fn row(case: &StationCase, met: &Met) -> Row {
    let day = |month: usize| {
        Calendar::NoLeap.day_number(case.start.plus(i32::try_from(month).unwrap_or(i32::MAX)).first_day())
            as f64
    };
    Row {
        kind: kind(met.variable),
        station: case.station.id.clone(),
        latitude: case.station.latitude,
        longitude: case.station.longitude,
        elevation: case.station.elevation,
        time: met.months.map(day),
        value: met.value,
        error: met.error.sqrt(),
        error_used: met.used.map_or(f64::NAN, f64::sqrt),
        flag: met.flag.code(),
        evaluate_only: met.flag == Flag::EvaluateOnly,
    }
}

fn about(context: &Context<'_>) -> Result<About, StageError> {
    let workflow = context.workflow();
    let version = env!("CARGO_PKG_VERSION");
    let inputs = inputs(context, &["spinup", "calibrate"])?;
    let checksums: Vec<String> =
        inputs.into_iter().map(|(label, sum)| format!("{label} sha256:{sum}")).collect();
    Ok(About {
        title: format!("{}: observations and the ensemble's predictions of them", workflow.title),
        summary: format!(
            "Every observation that the filter met at land stations from {} to {}, what quality control said of it, \
             and what {} members predicted for it before and after the analysis of its month. A smoother had seen the \
             same observations before.",
            workflow.period.start, workflow.period.end, workflow.assimilate.members
        ),
        keywords: "land, data assimilation, observations, ensemble, quality control".to_owned(),
        source: format!("reterra {version}, embedded land model"),
        history: format!("reterra {version}: spinup, calibrate, assimilate"),
        references: "Observations: doi:10.1038/s41597-020-0534-3, doi:10.5194/gmd-15-1789-2022.".to_owned(),
        license: "CC-BY-4.0, https://creativecommons.org/licenses/by/4.0/".to_owned(),
        id: format!("{}-observations", workflow.name),
        further: vec![
            ("seed".to_owned(), workflow.seed.to_string()),
            ("input_checksums".to_owned(), checksums.join("\n")),
        ],
        ..About::default()
    })
}
