//! What the gridded files of a run have in common.

use reterra_fields::{Calendar, MonthAxis, Window};
use reterra_io::cf::grid::{Axis, COLUMNS, GridFile, GridVariable, Part, ROWS};
use reterra_io::cf::{About, TIME};

use crate::config::grid::GridWorkflow;
use crate::results::OUTPUTS;

/// Months of a chunk: a reader of a series and one of a map both read few chunks.
const CHUNK_MONTHS: usize = 12;

/// Deflate level of maps; that of the product is the workflow's choice.
const MAP_COMPRESSION: u8 = 1;

/// A file over the run's window, chunked by tiles, without variables. Nothing of the product's wishes enters, so that
/// they don't make a spin-up stale.
pub(super) fn file(workflow: &GridWorkflow, what: &str) -> GridFile {
    let domain = &workflow.domain;
    let tile = |name: &str| (name.to_owned(), domain.tile);
    GridFile {
        about: About {
            title: format!("Synthetic Europe: {what}"),
            summary: "Synthetic Europe is not Europe: surface and climate come from a documented generator."
                .to_owned(),
            source: format!(
                "Reterra {}, land model; synthetic surface and weather",
                env!("CARGO_PKG_VERSION")
            ),
            history: format!("made by Reterra {}", env!("CARGO_PKG_VERSION")),
            further: vec![("seed".to_owned(), workflow.seed.to_string())],
            ..About::default()
        },
        grid: domain.grid,
        window: domain.window.clone(),
        time: None,
        members: 0,
        axes: Vec::new(),
        variables: Vec::new(),
        chunks: vec![tile(ROWS), tile(COLUMNS), (TIME.to_owned(), CHUNK_MONTHS)],
        compression: MAP_COMPRESSION,
    }
}

/// The monthly file.
pub(super) fn monthly(workflow: &GridWorkflow) -> GridFile {
    let period = workflow.period;
    let time = MonthAxis { start: period.start, len: period.months(), calendar: Calendar::NoLeap };
    let variables = workflow.product.variables.iter().filter_map(|name| monthly_variable(name)).collect();
    let file = file(workflow, "monthly output");
    let about = About { title: workflow.title.clone(), ..file.about.clone() };
    GridFile { about, time: Some(time), variables, compression: workflow.product.compression, ..file }
}

fn monthly_variable(name: &str) -> Option<GridVariable> {
    let output = OUTPUTS.iter().find(|output| output.name == name)?;
    Some(GridVariable {
        name: output.name.to_owned(),
        units: output.unit.to_owned(),
        long_name: output.long_name.to_owned(),
        standard_name: output.standard_name.map(str::to_owned),
        cell_methods: format!("area: mean where land {}", output.cell_methods),
        dims: [TIME, ROWS, COLUMNS].map(str::to_owned).to_vec(),
    })
}

/// A variable over the window, along further axes before it.
pub(super) fn map(name: &str, (units, long_name): (&str, &str), axes: &[&str]) -> GridVariable {
    let dims = axes.iter().chain(&[ROWS, COLUMNS]).map(|d| (*d).to_owned()).collect();
    GridVariable {
        name: name.to_owned(),
        units: units.to_owned(),
        long_name: long_name.to_owned(),
        dims,
        ..GridVariable::default()
    }
}

/// An axis with texts.
pub(super) fn axis(name: &str, long_name: &str, labels: &[&str]) -> Axis {
    let labels = labels.iter().map(|label| (*label).to_owned()).collect();
    Axis { name: name.to_owned(), long_name: long_name.to_owned(), labels }
}

/// Values of a tile, as a part of the run's file.
pub(super) fn part(workflow: &GridWorkflow, tile: &Window, variable: usize, values: Vec<f32>) -> Part {
    let window = &workflow.domain.window;
    let rows = tile.rows.start - window.rows.start..tile.rows.end - window.rows.start;
    let columns = tile.columns.start - window.columns.start..tile.columns.end - window.columns.start;
    let entries = values.len() / tile.len().max(1);
    // A variable without further axes has two dimensions, one with an axis three.
    let at = if entries == 1 { vec![rows, columns] } else { vec![0..entries, rows, columns] };
    Part { variable, at, values }
}
