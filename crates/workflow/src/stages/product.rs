//! `product`: the reanalysis as one CF NetCDF file.
//!
//! Every output variable has its ensemble mean and standard deviation; the observed ones also their 5 % and 95 %
//! quantiles, the observations that were assimilated, and a quality flag. Months have the lengths of the noleap
//! calendar, which is the land model's: on it the stocks change by exactly what the fluxes bring.

mod about;
pub(super) mod statistics;

use std::path::Path;

use ndarray::{Array2, Array3};
use reterra_fields::{Calendar, Field, MonthAxis};
use reterra_io::cf::{MEMBER, Product, STATION, Storage, TIME, Variable as Written, write_product};

use self::statistics::{Moments, map_members, quantiles};
use crate::config::{Variable, Workflow};
use crate::engine::{Context, Inputs, Stage, StageError, StageOutput};
use crate::experiment::domain::add_inputs;
use crate::experiment::{StationCase, load_cases};
use crate::results::{EnsembleOutput, OUTPUTS, Output};

pub use about::ATTRIBUTIONS;
pub(super) use about::inputs;

/// The file that the stage writes.
pub const FILE: &str = "reanalysis.nc";

/// Values of the quality flags: what an estimate rests on.
const FLAGS: [(i8, &str); 4] = [
    (0, "modelled"),
    (1, "observation_assimilated"),
    (2, "observation_not_used"),
    (3, "no_surviving_member"),
];

/// The stage.
pub struct Reanalysis;

impl Stage for Reanalysis {
    fn name(&self) -> &'static str {
        "product"
    }

    fn title(&self) -> &'static str {
        "the reanalysis as CF NetCDF"
    }

    fn inputs(&self, workflow: &Workflow) -> Result<Inputs, StageError> {
        Ok(add_inputs(Inputs::new(), workflow)?
            .config("title", &workflow.title)?
            .config("name", &workflow.name)?
            .config("observations", &workflow.observations)?
            .config("product", &workflow.product)?
            .after("spinup")
            .after("calibrate")
            .after("assimilate"))
    }

    fn run(&self, context: &Context<'_>) -> Result<StageOutput, StageError> {
        let cases = load_cases(context.workflow())?;
        let ensemble = assimilated(context)?;
        let product = product(context, &cases, &ensemble)?;
        let note = format!(
            "{} variables, {} stations, {} months",
            product.variables.len(),
            cases.len(),
            product.axis.len
        );
        write_product(&context.directory().join(FILE), &product)?;
        Ok(StageOutput::new().file(FILE).note(note))
    }
}

/// The assimilated ensemble of all outputs.
///
/// # Errors
/// A bundle that can't be read.
pub fn assimilated(context: &Context<'_>) -> Result<EnsembleOutput, StageError> {
    Ok(EnsembleOutput::read(&context.result("assimilate", "assimilated.bundle"))?)
}

/// The name under which bundles and products hold an observed variable.
#[must_use]
pub fn output_name(variable: Variable) -> &'static str {
    match variable {
        Variable::Biomass => "TOTVEGC",
        other => other.name(),
    }
}

/// The ensemble mean of an observed variable, read back from a finished product: station × month, code units.
///
/// # Errors
/// A product that can't be read or doesn't hold the variable.
pub fn read_mean(file: &Path, variable: Variable) -> Result<Array2<f64>, StageError> {
    let field = reterra_io::cf::read_field(file, output_name(variable))?;
    Ok(field.data().clone().into_dimensionality()?)
}

fn product(
    context: &Context<'_>,
    cases: &[StationCase],
    ensemble: &EnsembleOutput,
) -> Result<Product, StageError> {
    let workflow = context.workflow();
    let keep_members = workflow.product.members;
    let mut variables = Vec::new();
    for output in OUTPUTS {
        let members = ensemble.array(output.name).ok_or_else(|| missing(output))?;
        let observed = Variable::ALL.into_iter().find(|v| output_name(*v) == output.name);
        variables.append(&mut summary(output, members, observed.is_some())?);
        if let Some(variable) = observed {
            let used = workflow.observations.variables.contains(&variable);
            variables.append(&mut evidence(output, members, cases, (variable, used))?);
        }
        if keep_members {
            variables.push(each_member(output, members)?);
        }
    }
    let members = ensemble.array(OUTPUTS[0].name).map_or(0, |a| a.dim().2);
    Ok(Product {
        about: about::about(context)?,
        stations: cases.iter().map(|c| c.station.clone()).collect(),
        axis: MonthAxis {
            start: workflow.period.start,
            len: workflow.period.months(),
            calendar: Calendar::NoLeap,
        },
        members: if keep_members { members } else { 0 },
        variables,
    })
}

fn missing(output: &Output) -> StageError {
    StageError::failed(format!("assimilated.bundle holds no {}; rerun the stage `assimilate`", output.name))
}

/// A field over stations and months.
fn field(name: &str, output: &Output, data: Array2<f64>) -> Result<Field, StageError> {
    Ok(Field::new(name, output.unit, &[STATION, TIME], data.into_dyn())?)
}

/// Mean and spread, and the outer quantiles where the variable is observed.
fn summary(output: &Output, members: &Array3<f64>, observed: bool) -> Result<Vec<Written>, StageError> {
    let (name, long) = (output.name, output.long_name);
    let moments = |of: fn(&Moments) -> f64| map_members(members, move |m| of(&Moments::of(m)));
    let over_members = |method| format!("{} member: {method}", output.cell_methods);
    let mean = field(name, output, moments(|m| m.mean))?
        .described(output.standard_name, &format!("{long}, ensemble mean"))
        .with_cell_methods(&over_members("mean"));
    let sd_name = format!("{name}_sd");
    let sd = field(&sd_name, output, moments(|m| m.sd))?
        .described(output.standard_name, &format!("{long}, ensemble standard deviation"))
        .with_cell_methods(&over_members("standard_deviation"));
    let mut ancillary = vec![sd_name];
    let mut rest = vec![Written::single(sd)];
    if observed {
        for (suffix, p, words) in [("p05", 0.05, "5 % quantile"), ("p95", 0.95, "95 % quantile")] {
            let quantile =
                field(&format!("{name}_{suffix}"), output, map_members(members, |m| quantiles(m, [p])[0]))?
                    .described(None, &format!("{long}, ensemble {words}"));
            rest.push(Written::single(quantile));
            ancillary.push(format!("{name}_{suffix}"));
        }
        ancillary.extend([format!("{name}_flag"), format!("{name}_observed")]);
    }
    let names: Vec<&str> = ancillary.iter().map(String::as_str).collect();
    let mut all = vec![Written::single(mean).with_ancillary(&names)];
    all.append(&mut rest);
    Ok(all)
}

/// Quality flag and assimilated observations.
fn evidence(
    output: &Output,
    members: &Array3<f64>,
    cases: &[StationCase],
    (variable, used): (Variable, bool),
) -> Result<Vec<Written>, StageError> {
    let (stations, months, _) = members.dim();
    let present =
        |series: &crate::experiment::Series, m: usize| series.get(&variable).and_then(|s| *s.get(m)?);
    let assimilated =
        |s: usize, m: usize| cases.get(s).filter(|_| used).and_then(|c| present(&c.assimilated, m));
    let observed = |s: usize, m: usize| {
        cases.get(s).is_some_and(|c| present(&c.assimilated, m).or(present(&c.withheld, m)).is_some())
    };
    let survived = map_members(members, |m| f64::from(!m.is_empty()));
    let flag = Array2::from_shape_fn((stations, months), |(s, m)| {
        if survived[[s, m]] == 0.0 {
            3.0
        } else if assimilated(s, m).is_some() {
            1.0
        } else {
            f64::from(u8::from(observed(s, m))) * 2.0
        }
    });
    let values = Array2::from_shape_fn((stations, months), |(s, m)| assimilated(s, m).unwrap_or(f64::NAN));
    let flag = Field::new(&format!("{}_flag", output.name), "1", &[STATION, TIME], flag.into_dyn())?
        .described(Some("quality_flag"), &format!("{}: what the estimate rests on", output.long_name));
    let meanings = FLAGS.map(|(value, meaning)| (value, meaning.to_owned())).to_vec();
    let values = field(&format!("{}_observed", output.name), output, values)?
        .described(output.standard_name, &format!("{}, observations assimilated", output.long_name))
        .with_cell_methods(output.cell_methods);
    Ok(vec![
        Written { field: flag, storage: Storage::Flags(meanings), ancillary: Vec::new() },
        Written::single(values),
    ])
}

fn each_member(output: &Output, members: &Array3<f64>) -> Result<Written, StageError> {
    let data = members.clone().permuted_axes([2, 0, 1]).into_dyn();
    let field = Field::new(&format!("{}_member", output.name), output.unit, &[MEMBER, STATION, TIME], data)?
        .described(output.standard_name, &format!("{} of each member", output.long_name))
        .with_cell_methods(output.cell_methods);
    Ok(Written::single(field))
}

#[cfg(test)]
mod tests;
