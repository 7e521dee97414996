//! From a workflow and a class to a campaign's problem.

use std::collections::BTreeMap;
use std::path::Path;

use reterra_assimilation::Noise;
use reterra_io::sha256_file;
use reterra_land::plant::pft::VegetationClass;
use serde::Serialize;

use crate::campaign::observations::Observations;
use crate::campaign::settings::Observed;
use crate::config::{ForcingSource, Mode, Overrides, Parameter, Workflow, load};
use crate::engine::StageError;
use crate::experiment::domain::selected_stations;
use crate::experiment::{StationCase, Target, load_cases};
use crate::stages::calibrate::space_of;
use crate::stages::known_parameters;
use crate::{WorkflowError, campaign::stage_failed};

/// What of the land model is run.
#[derive(Clone, Debug, Serialize)]
pub struct LandSettings {
    /// The class.
    pub class: VegetationClass,
    /// Its stations, in the table's order.
    pub stations: Vec<String>,
    /// What parameters mean.
    pub parameters: Vec<Parameter>,
    /// SHA-256 of the files behind it.
    pub files: BTreeMap<String, String>,
    /// Stations, weather, spin-up and observations.
    #[serde(skip)]
    pub workflow: Workflow,
}

/// What a campaign's file gives for it.
pub(in crate::campaign) struct Given<'a> {
    /// The workflow's file.
    pub file: &'a Path,
    /// Where its input is looked for first.
    pub data: Option<&'a Path>,
    pub class: VegetationClass,
    /// Parameters with their modes; empty for those of the workflow that act on the class.
    pub parameters: Vec<(Mode, reterra_statistics::Prior)>,
}

/// Values of one variable at one station.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub variable: crate::config::Variable,
    /// Place among the class's stations.
    pub station: usize,
    pub months: Vec<usize>,
}

impl Given<'_> {
    /// The model's settings, and what it is calibrated to.
    pub fn settings(self) -> Result<(LandSettings, Observations), WorkflowError> {
        let overrides = Overrides { data: self.data, seed: None };
        let workflow = load(self.file, overrides, known_parameters())?;
        let own = space_of(&workflow.parameters, self.class).parameters().to_vec();
        let given = self.parameters.into_iter().map(|(mode, prior)| {
            let name = prior.name().to_owned();
            Parameter { name, mode, prior }
        });
        let given: Vec<Parameter> = given.collect();
        let parameters = if given.is_empty() { own } else { given };
        let files = files(self.file, &workflow).map_err(stage_failed("read the files of", self.file))?;
        let mut settings =
            LandSettings { class: self.class, stations: Vec::new(), parameters, files, workflow };
        let cases = settings.cases()?;
        settings.stations = cases.iter().map(|case| case.station.id.clone()).collect();
        let observations = settings.observations(&cases)?;
        Ok((settings, observations))
    }
}

impl LandSettings {
    /// The stations of the class.
    pub(super) fn cases(&self) -> Result<Vec<StationCase>, WorkflowError> {
        let all =
            load_cases(&self.workflow).map_err(stage_failed("read the stations of", &self.workflow.name))?;
        Ok(all.into_iter().filter(|case| case.class == self.class).collect())
    }

    /// What is observed, variable by variable and station by station.
    pub(super) fn entries(
        &self,
        cases: &[StationCase],
    ) -> Result<(Vec<Entry>, Vec<[f64; 2]>), WorkflowError> {
        let failed = stage_failed("order the observations of", &self.workflow.name);
        let targets = cases.iter().map(|case| Target::of(case, &self.workflow.observations));
        let targets = targets.collect::<Result<Vec<Target>, _>>().map_err(|e| failed(e.into()))?;
        let (mut entries, mut values) = (Vec::new(), Vec::new());
        for &variable in &self.workflow.observations.variables {
            for (station, target) in targets.iter().enumerate() {
                let own = target.records.iter().filter(|record| record.quantity.variable() == Some(variable));
                for record in own {
                    let months = record.observations().iter().map(|o| o.window.start()).collect();
                    values.extend(record.observations().iter().map(|o| [o.value, o.variance]));
                    entries.push(Entry { variable, station, months });
                }
            }
        }
        Ok((entries, values))
    }

    /// One output a variable.
    fn observations(&self, cases: &[StationCase]) -> Result<Observations, WorkflowError> {
        let (entries, values) = self.entries(cases)?;
        let mut observed: Vec<Observed> = Vec::new();
        for entry in entries.iter().filter(|entry| !entry.months.is_empty()) {
            let name = entry.variable.name();
            match observed.last_mut() {
                Some(last) if last.name == name => last.values += entry.months.len(),
                _ => observed.push(Observed { name: name.to_owned(), values: entry.months.len() }),
            }
        }
        let y = values.iter().map(|pair| pair[0]).collect();
        let noise = Noise::Diagonal(values.iter().map(|pair| pair[1]).collect());
        Ok(Observations { observed, y, noise })
    }
}

/// Checksums of the workflow, its tables and its stations' series.
fn files(file: &Path, workflow: &Workflow) -> Result<BTreeMap<String, String>, StageError> {
    let mut paths = vec![file.to_owned(), workflow.domain.stations.path.clone()];
    paths.extend(workflow.forcing.scenario.as_ref().map(|scenario| scenario.file.path.clone()));
    match &workflow.forcing.source {
        ForcingSource::Normals { file, .. } => paths.push(file.path.clone()),
        ForcingSource::Monthly { directory } => {
            let series = |id: &str| reterra_io::monthly::series_path(&directory.path, id);
            paths.extend(selected_stations(workflow)?.iter().map(|station| series(&station.id)));
        }
    }
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    paths.iter().map(|path| Ok((name(path), sha256_file(path)?))).collect()
}
