//! A gridded run, as written → validated.

use reterra_fields::{RotatedGrid, Window};

use super::written::{WrittenGridDomain, WrittenGridForcing, WrittenGridProduct, WrittenGridWorkflow};
use super::{GridDomain, GridForcing, GridProduct, GridWorkflow};
use crate::config::validate::{Checked, DEFAULT_CO2_PPM, DEFAULT_CYCLE_YEARS, DEFAULT_SEED, Validator};
use crate::config::written::WrittenSpinup;
use crate::results::OUTPUTS;

/// Cells along a tile's edge where the file doesn't say.
const DEFAULT_TILE: usize = 32;
const DEFAULT_COMPRESSION: u8 = 1;

impl Validator<'_> {
    pub(super) fn grid_workflow(&self, w: WrittenGridWorkflow) -> Checked<GridWorkflow> {
        self.version(w.version)?;
        let name = self.name(w.name)?;
        let (method, max_cycles, drift_limit) = (w.spinup.method, w.spinup.max_cycles, w.spinup.drift_limit);
        Ok(GridWorkflow {
            title: w.title.unwrap_or_else(|| name.clone()),
            name,
            seed: w.seed.unwrap_or(DEFAULT_SEED),
            domain: self.grid_domain(&w.domain)?,
            forcing: self.grid_forcing(&w.forcing)?,
            period: self.period(&w.period)?,
            spinup: self.spinup(&WrittenSpinup { method, max_cycles, drift_limit, member_cycles: None })?,
            product: self.grid_product(w.product)?,
            output: w.output.directory.map(Into::into),
        })
    }

    fn grid_domain(&self, w: &WrittenGridDomain) -> Checked<GridDomain> {
        self.range("domain.resolution", w.resolution, 0.0275..=0.5)?;
        let tile = w.tile.unwrap_or(DEFAULT_TILE);
        self.range("domain.tile", tile, 1..=512)?;
        let grid = RotatedGrid::cordex_europe(w.resolution);
        let window = self.window(w, &grid)?;
        Ok(GridDomain { source: w.source, grid, window, tile })
    }

    /// The cells whose middles lie in the region.
    fn window(&self, w: &WrittenGridDomain, grid: &RotatedGrid) -> Checked<Window> {
        let Some(region) = w.region else { return Ok(grid.whole()) };
        let within = |count: usize, middle: &dyn Fn(usize) -> f64, (from, to): (f64, f64)| {
            let inside: Vec<usize> = (0..count).filter(|&i| (from..=to).contains(&middle(i))).collect();
            inside.first().map_or(0, |&i| i)..inside.last().map_or(0, |&i| i + 1)
        };
        let window = Window {
            rows: within(grid.rows, &|i| grid.rlat(i), (region.south, region.north)),
            columns: within(grid.columns, &|i| grid.rlon(i), (region.west, region.east)),
        };
        let shown = format!("{} to {} N, {} to {} E", region.south, region.north, region.west, region.east);
        let accepted = "rotated degrees with a cell's middle between them: south -23.43 to north 21.89, west -28.43 to \
                        east 18.21";
        self.require(!window.is_empty(), "domain.region", &shown, accepted)?;
        Ok(window)
    }

    fn grid_forcing(&self, w: &WrittenGridForcing) -> Checked<GridForcing> {
        let cycle_years = w.cycle_years.unwrap_or(DEFAULT_CYCLE_YEARS);
        self.range("forcing.cycle_years", cycle_years, 1..=200)?;
        let co2_ppm = w.co2_ppm.unwrap_or(DEFAULT_CO2_PPM);
        self.range("forcing.co2_ppm", co2_ppm, 100.0..=2000.0)?;
        Ok(GridForcing { cycle_years, co2_ppm, scenario: self.scenario(w.scenario.as_ref())? })
    }

    fn grid_product(&self, w: WrittenGridProduct) -> Checked<GridProduct> {
        let known: Vec<&str> = OUTPUTS.iter().map(|output| output.name).collect();
        let accepted = format!("at least one, each once, of: {}", known.join(", "));
        let distinct =
            |(i, name): (usize, &String)| known.contains(&name.as_str()) && !w.variables[..i].contains(name);
        let good = !w.variables.is_empty() && w.variables.iter().enumerate().all(distinct);
        self.require(good, "product.variables", &w.variables.join(", "), &accepted)?;
        let compression = w.compression.unwrap_or(DEFAULT_COMPRESSION);
        self.range("product.compression", compression, 1..=9)?;
        Ok(GridProduct { variables: w.variables, compression })
    }
}
