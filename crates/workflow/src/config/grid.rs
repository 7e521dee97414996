//! Workflow files of gridded runs: `[domain]` with `kind = "grid"`.

mod validate;
mod written;

use std::path::{Path, PathBuf};

use reterra_fields::{RotatedGrid, Window};
use serde::{Deserialize, Serialize};

use super::decode::Source;
use super::paths::Bases;
use super::validate::Validator;
use super::{Document, Overrides, Period, ScenarioInput, Spinup};
use crate::WorkflowError;

/// One validated gridded run. Made by [`Document::parse`] only, so holding one means it was checked.
#[derive(Clone, Debug, Serialize)]
pub struct GridWorkflow {
    /// Short name, also the default output directory's.
    pub name: String,
    /// Title of the product; the name where the file gives none.
    pub title: String,
    /// Seed of surface, climate and weather.
    pub seed: u64,
    /// Which cells.
    pub domain: GridDomain,
    /// What drives them.
    pub forcing: GridForcing,
    /// Months of the run.
    pub period: Period,
    /// How equilibrium is reached.
    pub spinup: Spinup,
    /// What is written.
    pub product: GridProduct,
    /// Directory that the file asks for.
    #[serde(skip)]
    pub output: Option<PathBuf>,
}

/// Where surface and climate come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SurfaceSource {
    /// The generator [`reterra_domain::SyntheticEurope`].
    #[default]
    SyntheticEurope,
}

/// The cells of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GridDomain {
    /// Where surface and climate come from.
    pub source: SurfaceSource,
    /// The grid.
    pub grid: RotatedGrid,
    /// The part of it that is run.
    pub window: Window,
    /// Cells along a tile's edge: what is computed, kept and resumed as one.
    pub tile: usize,
}

impl GridDomain {
    /// The tiles, in the order of their numbers.
    #[must_use]
    pub fn tiles(&self) -> Vec<Window> {
        RotatedGrid::tiles(&self.window, self.tile)
    }
}

/// What drives the columns: synthetic weather with the cells' normals and correlated anomalies.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GridForcing {
    /// Years of weather that one spin-up cycle runs over, from the period's start.
    pub cycle_years: u32,
    /// Constant CO2 mole fraction, ppm, where no scenario tells it.
    pub co2_ppm: f64,
    /// What changes from year to year besides weather.
    #[serde(skip)]
    pub scenario: Option<ScenarioInput>,
}

/// What a gridded run writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GridProduct {
    /// Names of monthly variables ([`crate::results::OUTPUTS`]), at least one, each once.
    pub variables: Vec<String>,
    /// Deflate level, 1 to 9.
    pub compression: u8,
}

impl Document for GridWorkflow {
    fn parse(
        text: &str,
        file: &Path,
        overrides: Overrides<'_>,
        known_parameters: &[&str],
    ) -> Result<Self, WorkflowError> {
        let source = Source { file, text };
        let written: written::WrittenGridWorkflow = source.decode()?;
        let bases = Bases::new(file, overrides.data);
        let mut workflow = Validator { source, bases, known_parameters }.grid_workflow(written)?;
        workflow.seed = overrides.seed.unwrap_or(workflow.seed);
        Ok(workflow)
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn output_directory(&self) -> PathBuf {
        self.output.clone().unwrap_or_else(|| PathBuf::from("out").join(&self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Kind;

    const GOOD: &str = r#"version = 1
name = "grid"
seed = 3

[domain]
kind = "grid"
source = "synthetic-europe"
resolution = 0.44
region = { south = -5.0, north = 0.0, west = -5.0, east = 5.0 }
tile = 8

[forcing]
kind = "synthetic"
cycle_years = 2

[period]
start = "2001-01"
end = "2002-12"

[product]
variables = ["GPP", "TOTVEGC"]
"#;

    fn parse(text: &str) -> Result<GridWorkflow, WorkflowError> {
        GridWorkflow::parse(text, Path::new("grid.toml"), Overrides::default(), &[])
    }

    #[test]
    fn a_region_becomes_the_cells_whose_middles_lie_in_it() {
        assert_eq!(Kind::of(GOOD), Kind::Grid);
        let domain = parse(GOOD).unwrap().domain;
        let (grid, window) = (&domain.grid, &domain.window);
        assert!(grid.rlat(window.rows.start) >= -5.0 && grid.rlat(window.rows.start - 1) < -5.0);
        assert!(grid.rlon(window.columns.end - 1) <= 5.0 && grid.rlon(window.columns.end) > 5.0);
        assert_eq!(domain.tiles().iter().map(Window::len).sum::<usize>(), window.len());
        let whole = parse(&GOOD.replace("region", "# region")).unwrap().domain;
        assert_eq!(whole.window, whole.grid.whole());
    }

    /// Each refusal is one edit away from the good file, and names its line and what is accepted.
    #[test]
    fn what_is_not_accepted_is_refused_with_its_line() {
        for (from, to, line, word) in [
            ("resolution = 0.44", "resolution = 0.01", 8, "0.0275 to 0.5"),
            ("resolution = 0.44", "resolutoin = 0.44", 8, "resolutoin"),
            ("north = 0.0", "north = -6.0", 9, "region"),
            ("west = -5.0, east = 5.0", "west = 50.0, east = 55.0", 9, "region"),
            ("tile = 8", "tile = 0", 10, "1 to 512"),
            ("\"TOTVEGC\"", "\"TOTVEG\"", 21, "TOTVEG"),
            ("\"TOTVEGC\"", "\"GPP\"", 21, "each once"),
            ("end = \"2002-12\"", "end = \"2000-12\"", 18, "period.start"),
            ("source = \"synthetic-europe\"", "source = \"clm\"", 7, "clm"),
        ] {
            let error = parse(&GOOD.replace(from, to)).unwrap_err().to_string();
            assert!(error.contains(&format!("grid.toml:{line}:")) && error.contains(word), "{error}");
        }
    }

    #[test]
    fn a_station_workflow_is_told_apart() {
        assert_eq!(Kind::of("[domain]\nstations = \"a.csv\""), Kind::Stations);
        assert_eq!(Kind::of("not toml ["), Kind::Stations);
        let error =
            parse("version = 1\nname = \"a\"\n[domain]\nstations = \"a.csv\"").unwrap_err().to_string();
        assert!(error.contains("stations"), "{error}");
    }
}
