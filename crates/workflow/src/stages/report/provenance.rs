//! Where the result comes from.

use std::collections::BTreeMap;
use std::path::PathBuf;

use reterra_io::monthly::series_path;
use reterra_report::input::{InputFile, Provenance};

use crate::config::{ForcingSource, ScenarioInput, Workflow};
use crate::engine::{Context, StageError};
use crate::experiment::domain::selected_stations;
use crate::stages::product::{ATTRIBUTIONS, inputs};

pub(super) fn of(context: &Context<'_>) -> Result<Provenance, StageError> {
    let workflow = context.workflow();
    let places = places(workflow)?;
    let size = |label: &str| places.get(label).and_then(|p| std::fs::metadata(p).ok()).map_or(0, |m| m.len());
    let stages = ["spinup", "calibrate", "assimilate", "baselines", "product", "validation"];
    let file = |(path, sha256): (String, String)| InputFile { bytes: size(&path), path, sha256 };
    Ok(Provenance {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        seed: workflow.seed,
        configuration: context.workflow_text().to_owned(),
        inputs: inputs(context, &stages)?.into_iter().map(file).collect(),
        attributions: ATTRIBUTIONS.map(str::to_owned).to_vec(),
        ..Provenance::default()
    })
}

/// Where the input files are, by their labels in manifests.
fn places(workflow: &Workflow) -> Result<BTreeMap<String, PathBuf>, StageError> {
    let stations = &workflow.domain.stations;
    let mut places = BTreeMap::from([(stations.written.clone(), stations.path.clone())]);
    if let Some(ScenarioInput { file, .. }) = &workflow.forcing.scenario {
        places.insert(file.written.clone(), file.path.clone());
    }
    match &workflow.forcing.source {
        ForcingSource::Normals { file, .. } => {
            places.insert(file.written.clone(), file.path.clone());
        }
        ForcingSource::Monthly { directory } => {
            for station in selected_stations(workflow)? {
                let label = format!("{}/{}.csv", directory.written, station.id);
                places.insert(label, series_path(&directory.path, &station.id));
            }
        }
    }
    Ok(places)
}
