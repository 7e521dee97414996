//! Up to four runs at a station: their parameters, what they left, and its checkpoint.

use std::path::{Path, PathBuf};

use ndarray::ArrayD;
use reterra_io::{read_bundle, write_bundle};
use reterra_land::column::{ColumnState, LargestImbalance};
use reterra_land::error::LandError;
use reterra_land::lanes::WIDTH;
use reterra_land::parameters::Parameters;
use reterra_land::spinup::Options;
use reterra_statistics::design::{Factor, Sample};
use serde::{Deserialize, Serialize};

use super::outputs::{NAMES, YEAR, yearly};
use crate::config::Parameter;
use crate::engine::StageError;
use crate::experiment::{MemberRun, ParameterSpace, StationCase, run_members};

/// What all batches share.
pub(super) struct Study<'a> {
    pub parameters: &'a [Parameter],
    pub factors: Vec<Factor>,
    pub sample: &'a Sample,
    pub options: Options,
    pub months: usize,
    pub checkpoints: PathBuf,
}

/// What a batch of runs left.
pub(super) struct Batch {
    pub arrays: reterra_io::bundle::Arrays,
    pub imbalance: LargestImbalance,
    /// Why each run failed, if it did.
    pub reasons: Vec<Option<String>>,
}

/// What a checkpoint holds beside its arrays.
#[derive(Serialize, Deserialize)]
struct Meta {
    imbalance: LargestImbalance,
    reasons: Vec<Option<String>>,
}

impl Study<'_> {
    /// The batch that begins with a run, from its checkpoint if there is one.
    ///
    /// # Errors
    /// Those of the checkpoint's file; what the model can't do is told in the batch.
    pub fn batch(&self, case: &StationCase, state: &ColumnState, first: usize) -> Result<Batch, StageError> {
        let path = self.checkpoints.join(format!("{}-{first:06}.bundle", case.station.id));
        if path.exists() {
            return Batch::read(&path);
        }
        let batch = self.run(case, state, first);
        batch.write(&path)?;
        Ok(batch)
    }

    fn run(&self, case: &StationCase, state: &ColumnState, first: usize) -> Batch {
        let runs = first..self.sample.points.len().min(first + WIDTH);
        let acting: Vec<usize> = (0..self.parameters.len())
            .filter(|&i| Parameters::acts_on(&self.parameters[i].name, case.class))
            .collect();
        let parameters: Vec<Result<Parameters, LandError>> =
            runs.map(|run| self.parameters_of(case, &acting, run)).collect();
        let mut batch = Batch::missing(parameters.len(), self.parameters.len(), self.months / YEAR);
        for (k, p) in parameters.iter().enumerate() {
            for &i in &acting {
                let value = p.as_ref().ok().and_then(|p| p.get(&self.parameters[i].name).ok());
                batch.set("values", &[k, i], value.unwrap_or(f64::NAN));
            }
        }
        let ends = run_members(case, parameters, state, &self.options, self.months);
        for (k, end) in ends.into_iter().enumerate() {
            match end {
                Ok(end) => batch.store(k, &end, usize::from(case.start.month) - 1),
                Err(error) => batch.reasons[k] = Some(error.to_string()),
            }
        }
        batch
    }

    fn parameters_of(
        &self,
        case: &StationCase,
        acting: &[usize],
        run: usize,
    ) -> Result<Parameters, LandError> {
        let all = self.sample.values(run, &self.factors);
        let space = ParameterSpace::new(acting.iter().map(|&i| self.parameters[i].clone()).collect());
        let values: Vec<f64> = acting.iter().map(|&i| all[i]).collect();
        let mut parameters = case.defaults();
        space.apply_physical(&values, &mut parameters)?;
        Ok(parameters)
    }
}

impl Batch {
    fn missing(runs: usize, parameters: usize, years: usize) -> Self {
        let empty = |shape: &[usize]| ArrayD::from_elem(shape, f64::NAN);
        let arrays = [
            ("values", empty(&[runs, parameters])),
            ("yearly", empty(&[runs, years, NAMES.len()])),
            ("drift", empty(&[runs])),
            ("converged", empty(&[runs])),
        ];
        Self {
            arrays: arrays.map(|(name, array)| (name.to_owned(), array)).into(),
            imbalance: LargestImbalance::default(),
            reasons: vec![None; runs],
        }
    }

    fn set(&mut self, name: &str, index: &[usize], value: f64) {
        if let Some(place) = self.arrays.get_mut(name).and_then(|array| array.get_mut(index)) {
            *place = value;
        }
    }

    fn store(&mut self, run: usize, end: &MemberRun, first_month: usize) {
        for (year, means) in yearly(&end.outputs, first_month).iter().enumerate() {
            for (output, &mean) in means.iter().enumerate() {
                self.set("yearly", &[run, year, output], mean);
            }
        }
        self.set("drift", &[run], end.spinup.drift);
        self.set("converged", &[run], f64::from(u8::from(end.spinup.converged)));
        self.imbalance = self.imbalance.max(end.imbalance);
    }

    fn write(&self, path: &Path) -> Result<(), StageError> {
        let meta = serde_json::to_value(Meta { imbalance: self.imbalance, reasons: self.reasons.clone() })?;
        Ok(write_bundle(path, &self.arrays, &meta)?)
    }

    fn read(path: &Path) -> Result<Self, StageError> {
        let (arrays, meta) = read_bundle(path)?;
        let Meta { imbalance, reasons } = serde_json::from_value(meta)?;
        Ok(Self { arrays, imbalance, reasons })
    }
}
