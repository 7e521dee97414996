//! The ensemble as one NetCDF file: parameters and outputs by member and station.

use ndarray::{Array1, ArrayD, Axis};
use reterra_fields::{Calendar, Field, MonthAxis};
use reterra_io::cf::{About, MEMBER, Product, STATION, Variable, write_product};
use reterra_land::parameters::Parameters;

use super::outputs::{YEAR, outputs};
use super::{EnsembleRuns, PRODUCT};
use crate::engine::{Context, StageError};
use crate::experiment::StationCase;
use crate::stages::product::inputs;

/// The dimension of years.
const YEARS: &str = "year";

/// Writes the file.
pub(super) fn write(
    context: &Context<'_>,
    cases: &[StationCase],
    runs: &EnsembleRuns,
) -> Result<(), StageError> {
    let workflow = context.workflow();
    let mut variables = parameters(runs)?;
    variables.extend(outputs_of(runs)?);
    variables.extend(spin_up(runs)?);
    variables.push(years(context, runs)?);
    let product = Product {
        about: about(context)?,
        stations: cases.iter().map(|c| c.station.clone()).collect(),
        axis: MonthAxis {
            start: workflow.period.start,
            len: workflow.period.months() / YEAR * YEAR,
            calendar: Calendar::NoLeap,
        },
        members: runs.drift.ncols(),
        variables,
    };
    Ok(write_product(&context.directory().join(PRODUCT), &product)?)
}

/// One variable a parameter: its values in the model.
fn parameters(runs: &EnsembleRuns) -> Result<Vec<Variable>, StageError> {
    let variable = |(i, name): (usize, &String)| {
        let values = runs.values.index_axis(Axis(2), i).reversed_axes();
        let field = Field::new(name, "", &[MEMBER, STATION], values.to_owned().into_dyn())?;
        let about = Parameters::description(name).unwrap_or_default();
        Ok(Variable::double(field.described(None, &format!("parameter: {}", about.trim_end_matches('.')))))
    };
    runs.parameters.iter().enumerate().map(variable).collect()
}

/// Two variables an output: the mean of all years, and each year's.
fn outputs_of(runs: &EnsembleRuns) -> Result<Vec<Variable>, StageError> {
    let mut variables = Vec::new();
    for (i, output) in outputs().enumerate() {
        let yearly = runs.yearly.index_axis(Axis(3), i).permuted_axes([1, 0, 2]);
        let mean = yearly.sum_axis(Axis(2)) / yearly.dim().2 as f64;
        let stock = output.cell_methods != "time: mean";
        let sampled = if stock { " at the ends of months" } else { "" };
        let mut add = |name: &str, dims: &[&str], over: &str, data: ArrayD<f64>| -> Result<(), StageError> {
            let about = format!("{}{sampled}, mean of {over}", output.long_name);
            let field = Field::new(name, output.unit, dims, data)?.described(output.standard_name, &about);
            variables.push(Variable::double(field));
            Ok(())
        };
        add(output.name, &[MEMBER, STATION], "all years", mean.into_dyn())?;
        let each = yearly.as_standard_layout().into_owned().into_dyn();
        add(&format!("{}_yearly", output.name), &[MEMBER, STATION, YEARS], "each year", each)?;
    }
    Ok(variables)
}

/// How far each spin-up came.
fn spin_up(runs: &EnsembleRuns) -> Result<[Variable; 2], StageError> {
    let field = |name, unit, about, data: &ndarray::Array2<f64>| -> Result<Variable, StageError> {
        let data = data.t().as_standard_layout().into_owned().into_dyn();
        let field = Field::new(name, unit, &[MEMBER, STATION], data)?;
        Ok(Variable::double(field.described(None, about)))
    };
    Ok([
        field("spinup_drift", "g m-2 year-1", "change of ecosystem carbon in the last cycle", &runs.drift)?,
        field(
            "spinup_converged",
            "1",
            "1 where the spin-up reached equilibrium, 0 where not",
            &runs.converged,
        )?,
    ])
}

/// The coordinate of years: that of each first month.
fn years(context: &Context<'_>, runs: &EnsembleRuns) -> Result<Variable, StageError> {
    let start = context.workflow().period.start;
    let values: Array1<f64> = (0..runs.yearly.dim().2).map(|i| f64::from(start.year) + i as f64).collect();
    let about = format!("year whose twelve months begin with month {}", start.month);
    let field = Field::new(YEARS, "1", &[YEARS], values.into_dyn())?;
    Ok(Variable::double(field.described(None, &about)))
}

fn about(context: &Context<'_>) -> Result<About, StageError> {
    let workflow = context.workflow();
    let version = env!("CARGO_PKG_VERSION");
    Ok(About {
        title: format!("{}: ensemble of parameters", workflow.title),
        summary: "Parameters of a CLM5-style column model and what they make of carbon, water and leaf area at \
                  stations: every member was spun up to its own equilibrium, got its site history and ran the whole \
                  period."
            .to_owned(),
        keywords: "sensitivity, parameters, ensemble, carbon cycle, land".to_owned(),
        source: format!("reterra {version}, embedded land model"),
        history: format!("reterra {version}: spinup, sensitivity"),
        references: "One at a time: doi:10.1029/2024MS004715. Latin hypercube: doi:10.1080/00401706.1979.10489755. \
                     Elementary effects: doi:10.1080/00401706.1991.10484804."
            .to_owned(),
        further: vec![
            ("seed".to_owned(), workflow.seed.to_string()),
            ("input_checksums".to_owned(), inputs(context, &["spinup"])?.into_iter().map(|(label, sum)| {
                format!("{label} sha256:{sum}")
            }).collect::<Vec<_>>().join("\n")),
        ],
        ..About::default()
    })
}
