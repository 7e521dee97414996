//! Stage `domain`: surface and mean year of every cell, as files to look at.
//!
//! Later stages compute what they need again, cell by cell: it takes microseconds and reads nothing.

use std::path::Path;

use rayon::prelude::*;
use reterra_domain::{LandCell, MONTHS, Normals, Surface};
use reterra_fields::Window;
use reterra_io::cf::grid::{GridFile, GridVariable, GridWriter};
use reterra_land::plant::pft::Pft;

use super::{cells, layout};
use crate::config::grid::GridWorkflow;
use crate::engine::{Context, Inputs, Stage, StageError, StageOutput};

const SURFACE: &str = "surface.nc";
const CLIMATE: &str = "climate.nc";
/// Parts that may wait for the writer.
pub(super) const QUEUE: usize = 8;

/// The stage.
pub(super) struct Domain;

/// What enters the keys of all stages of a gridded run.
pub(super) fn inputs(workflow: &GridWorkflow) -> Result<Inputs, StageError> {
    let inputs = Inputs::new()
        .config("seed", &workflow.seed)?
        .config("domain", &workflow.domain)?
        .config("forcing", &workflow.forcing)?;
    Ok(match &workflow.forcing.scenario {
        Some(scenario) => inputs.file(&scenario.file),
        None => inputs,
    })
}

impl Stage<GridWorkflow> for Domain {
    fn name(&self) -> &'static str {
        "domain"
    }

    fn title(&self) -> &'static str {
        "surface and climate of every cell"
    }

    fn inputs(&self, workflow: &GridWorkflow) -> Result<Inputs, StageError> {
        inputs(workflow)
    }

    fn run(&self, context: &Context<'_, GridWorkflow>) -> Result<StageOutput, StageError> {
        let workflow = context.workflow();
        let generator = cells::generator(workflow);
        let path = |name: &str| context.directory().join(name);
        let surface = start(&path(SURFACE), surface_file(workflow))?;
        let climate = start(&path(CLIMATE), climate_file(workflow))?;
        let tiles = workflow.domain.tiles();
        let mut land = 0;
        for (i, tile) in tiles.iter().enumerate() {
            context.check_interrupt()?;
            let list: Vec<_> = tile.cells().collect();
            let found: Vec<Described> = list.into_par_iter().map(|cell| generator.cell(cell)).collect();
            land += found.iter().filter(|(_, column)| column.is_some()).count();
            put(workflow, tile, &surface, surface_fields(&found))?;
            put(workflow, tile, &climate, climate_fields(&found))?;
            context.progress("tiles", i as u64 + 1, tiles.len() as u64);
        }
        surface.finish()?;
        climate.finish()?;
        let note = format!("{land} land cells of {}", workflow.domain.window.len());
        Ok(StageOutput::new().file(SURFACE).file(CLIMATE).note(note))
    }
}

type Described = (Surface, Option<LandCell>);

fn start(path: &Path, file: GridFile) -> Result<GridWriter, StageError> {
    Ok(GridWriter::create(path, file, QUEUE)?)
}

fn put(
    workflow: &GridWorkflow,
    tile: &Window,
    writer: &GridWriter,
    fields: Vec<Vec<f32>>,
) -> Result<(), StageError> {
    for (variable, values) in fields.into_iter().enumerate() {
        writer.put(layout::part(workflow, tile, variable, values))?;
    }
    Ok(())
}

/// A scalar of a cell as a map.
struct ScalarMap {
    name: &'static str,
    about: (&'static str, &'static str),
    standard_name: Option<&'static str>,
    of: fn(&Described) -> f64,
}

/// NaN at sea.
fn of_land(cell: &Described, of: fn(&LandCell) -> f64) -> f64 {
    cell.1.as_ref().map_or(f64::NAN, of)
}

const SCALARS: [ScalarMap; 6] = [
    ScalarMap {
        name: "land_fraction",
        about: ("1", "share of land"),
        standard_name: Some("land_area_fraction"),
        of: |cell| cell.0.land_fraction,
    },
    ScalarMap {
        name: "elevation",
        about: ("m", "mean height of the land"),
        standard_name: Some("surface_altitude"),
        of: |cell| if cell.0.land_fraction > 0.0 { cell.0.elevation } else { f64::NAN },
    },
    ScalarMap {
        name: "sand",
        about: ("percent", "sand in the mineral soil, by mass"),
        standard_name: None,
        of: |cell| of_land(cell, |land| land.site.sand),
    },
    ScalarMap {
        name: "clay",
        about: ("percent", "clay in the mineral soil, by mass"),
        standard_name: None,
        of: |cell| of_land(cell, |land| land.site.clay),
    },
    ScalarMap {
        name: "soil_depth",
        about: ("m", "depth to bedrock"),
        standard_name: None,
        of: |cell| of_land(cell, |land| land.site.soil_depth),
    },
    ScalarMap {
        name: "nitrogen_deposition",
        about: ("g m-2 yr-1", "nitrogen deposition"),
        standard_name: None,
        of: |cell| of_land(cell, |land| land.site.nitrogen_deposition),
    },
];

fn surface_file(workflow: &GridWorkflow) -> GridFile {
    let mut variables: Vec<GridVariable> = SCALARS
        .iter()
        .map(|scalar| GridVariable {
            standard_name: scalar.standard_name.map(str::to_owned),
            ..layout::map(scalar.name, scalar.about, &[])
        })
        .collect();
    variables.push(layout::map("cover", ("1", "share of a plant functional type"), &["pft"]));
    let labels = Pft::ALL.map(|pft| format!("{pft:?}"));
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    let axes = vec![layout::axis("pft", "plant functional type", &labels)];
    GridFile { axes, variables, ..layout::file(workflow, "surface") }
}

fn surface_fields(cells: &[Described]) -> Vec<Vec<f32>> {
    let scalar = |scalar: &ScalarMap| cells.iter().map(|cell| (scalar.of)(cell) as f32).collect();
    let mut fields: Vec<Vec<f32>> = SCALARS.iter().map(scalar).collect();
    let share = |pft: Pft, cell: &Described| {
        let cover = cell.1.as_ref().map(|land| land.site.cover.iter().find(|c| c.pft == pft));
        cover.map_or(f32::NAN, |tile| tile.map_or(0.0, |tile| tile.fraction as f32))
    };
    fields.push(Pft::ALL.iter().flat_map(|&pft| cells.iter().map(move |cell| share(pft, cell))).collect());
    fields
}

/// A climate variable: name, units and long name, standard name, and where it is in the normals.
type ClimateMap = (&'static str, (&'static str, &'static str), &'static str, fn(&Normals) -> &[f64; MONTHS]);

const CLIMATES: [ClimateMap; 5] = [
    ("tmin", ("K", "mean daily minimum of air temperature"), "air_temperature", |n| &n.tmin),
    ("tmax", ("K", "mean daily maximum of air temperature"), "air_temperature", |n| &n.tmax),
    (
        "shortwave",
        ("W m-2", "incident short-wave radiation"),
        "surface_downwelling_shortwave_flux_in_air",
        |n| &n.shortwave,
    ),
    ("vpd", ("Pa", "vapour pressure deficit"), "water_vapor_saturation_deficit_in_air", |n| &n.vpd),
    ("precipitation", ("kg m-2 s-1", "precipitation"), "precipitation_flux", |n| &n.precipitation),
];

const MONTH_NAMES: [&str; MONTHS] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

fn climate_file(workflow: &GridWorkflow) -> GridFile {
    let variable = |(name, about, standard_name, _): &ClimateMap| GridVariable {
        standard_name: Some((*standard_name).to_owned()),
        ..layout::map(name, *about, &["month"])
    };
    GridFile {
        axes: vec![layout::axis("month", "month of the mean year", &MONTH_NAMES)],
        variables: CLIMATES.iter().map(variable).collect(),
        ..layout::file(workflow, "mean year of the climate")
    }
}

fn climate_fields(cells: &[Described]) -> Vec<Vec<f32>> {
    let value = |map: &ClimateMap, month: usize, cell: &Described| {
        cell.1.as_ref().map_or(f32::NAN, |land| (map.3)(&land.normals)[month] as f32)
    };
    CLIMATES
        .iter()
        .map(|map| {
            (0..MONTHS).flat_map(|month| cells.iter().map(move |cell| value(map, month, cell))).collect()
        })
        .collect()
}
