//! Parameters that all columns of a vegetation type share: one vector a type, the same on every rank.

use ndarray::{Array2, Axis};
use reterra_assimilation::etkf::analyse;
use reterra_assimilation::regression::{Whitened, regress};
use serde::{Deserialize, Serialize};

use super::engine::Setting;
use super::{CycleError, Model, Observed};

/// Vectors by vegetation type, members × parameters, unconstrained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Shared {
    vectors: Vec<Array2<f64>>,
}

/// How vectors move.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    /// By the ETKF's transform, from where they are.
    Transform,
    /// By [regression](regress), from the prior.
    Regression,
}

impl Shared {
    /// The prior's draws.
    pub fn draw<M: Model>(setting: &Setting<'_, M>) -> Self {
        Self { vectors: (0..setting.model.types()).map(|number| drawn(setting, number)).collect() }
    }

    /// A member's parameters of a type.
    pub fn of(&self, vegetation_type: usize, member: usize) -> Vec<f64> {
        self.vectors[vegetation_type].row(member).to_vec()
    }

    /// Moves each type's vector by all observations of its columns, with what this rank's members predict for those in its
    /// own columns. Every rank does the same with the same numbers.
    pub fn update<M: Model>(
        &mut self,
        setting: &Setting<'_, M>,
        due: &[Observed],
        (own, way): (&Array2<f64>, Way),
    ) -> Result<(), CycleError> {
        let he = setting.everywhere(due, own)?;
        for (number, vectors) in self.vectors.iter_mut().enumerate() {
            let of_type: Vec<usize> =
                (0..due.len()).filter(|k| setting.model.type_of(due[*k].column) == number).collect();
            let values: Vec<f64> = of_type.iter().map(|k| due[*k].value).collect();
            let variances: Vec<f64> = of_type.iter().map(|k| due[*k].variance).collect();
            if of_type.is_empty() {
                continue;
            }
            let he = he.select(Axis(1), &of_type);
            match way {
                Way::Transform => analyse(he.view(), &values, &variances, 1.0)?.apply(vectors.view_mut())?,
                Way::Regression => {
                    let (anomalies, innovations) = whitened(he, &values, &variances);
                    let seen = Whitened { anomalies: anomalies.view(), innovations: &innovations };
                    *vectors = regress(drawn(setting, number).view(), vectors.view(), &seen)?;
                }
            }
        }
        Ok(())
    }
}

/// The prior's draws of a type, members × parameters.
fn drawn<M: Model>(setting: &Setting<'_, M>, number: usize) -> Array2<f64> {
    let draws: Vec<Vec<f64>> = (0..setting.options.members).map(|m| setting.model.draw(m, number)).collect();
    let width = draws.first().map_or(0, Vec::len);
    Array2::from_shape_fn((draws.len(), width), |(m, k)| draws[m].get(k).copied().unwrap_or_default())
}

/// Anomalies of predictions and departures from their mean, in standard deviations of the errors.
fn whitened(mut he: Array2<f64>, values: &[f64], variances: &[f64]) -> (Array2<f64>, Vec<f64>) {
    let mut innovations = Vec::with_capacity(values.len());
    for ((mut column, value), variance) in he.columns_mut().into_iter().zip(values).zip(variances) {
        let (mean, sd) = (column.mean().unwrap_or_default(), variance.sqrt());
        column.mapv_inplace(|x| (x - mean) / sd);
        innovations.push((value - mean) / sd);
    }
    (he, innovations)
}
