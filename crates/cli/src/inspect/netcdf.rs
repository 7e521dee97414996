//! NetCDF files.

use std::fmt::Write as _;
use std::path::Path;

use reterra_io::cf::{VariableSummary, inspect};

use crate::Failure;
use crate::table::align;

/// Global attributes, dimensions and variables.
pub fn describe(path: &Path) -> Result<String, Failure> {
    let summary = inspect(path)?;
    let mut text = format!("{}: NetCDF\n\n", path.display());
    for (name, value) in &summary.attributes {
        let _ = writeln!(text, "{name}: {value}");
    }
    let dimensions: Vec<String> =
        summary.dimensions.iter().map(|(name, n)| format!("{name} = {n}")).collect();
    let _ = writeln!(text, "\ndimensions: {}\n", dimensions.join(", "));
    let header = ["variable", "dimensions", "units", "min", "mean", "max", "missing", "what"];
    let rows: Vec<Vec<String>> = std::iter::once(header.map(str::to_owned).to_vec())
        .chain(summary.variables.iter().map(row))
        .collect();
    Ok(text + &align(&rows))
}

fn row(variable: &VariableSummary) -> Vec<String> {
    let mut cells = vec![variable.name.clone(), variable.dims.join(" "), variable.units.clone()];
    match &variable.statistics {
        Some(s) => {
            cells.extend([s.min, s.mean, s.max].map(|x| format!("{x:.6}")));
            cells.push(s.missing.to_string());
        }
        None => cells.extend(["text", "", "", ""].map(str::to_owned)),
    }
    cells.push(variable.long_name.clone());
    cells
}
