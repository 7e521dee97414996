//! Parameters that all columns of a vegetation type share: one vector a type, the same on every rank.

use ndarray::{Array2, Axis};
use reterra_assimilation::etkf::analyse;
use serde::{Deserialize, Serialize};

use super::engine::Setting;
use super::{CycleError, Model, Observed};

/// Vectors by vegetation type, members × parameters, unconstrained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Shared {
    vectors: Vec<Array2<f64>>,
}

impl Shared {
    /// The prior's draws.
    pub fn draw<M: Model>(setting: &Setting<'_, M>) -> Self {
        let of_type = |number: usize| {
            let draws: Vec<Vec<f64>> =
                (0..setting.options.members).map(|m| setting.model.draw(m, number)).collect();
            let width = draws.first().map_or(0, Vec::len);
            Array2::from_shape_fn((draws.len(), width), |(m, k)| draws[m].get(k).copied().unwrap_or_default())
        };
        Self { vectors: (0..setting.model.types()).map(of_type).collect() }
    }

    /// A member's parameters of a type.
    pub fn of(&self, vegetation_type: usize, member: usize) -> Vec<f64> {
        self.vectors[vegetation_type].row(member).to_vec()
    }

    /// Moves each type's vector by all observations of its columns (ETKF), with what this rank's members predict for those
    /// in its own columns. Every rank does the same with the same numbers.
    pub fn update<M: Model>(
        &mut self,
        setting: &Setting<'_, M>,
        due: &[Observed],
        own: &Array2<f64>,
    ) -> Result<(), CycleError> {
        let everyone = setting.ranks.gather(&own.iter().copied().collect::<Vec<_>>())?;
        let mut he = Array2::zeros((setting.options.members, due.len()));
        for (rank, part) in everyone.iter().enumerate() {
            let share = setting.decomposition.forecast(rank);
            let seen: Vec<usize> =
                (0..due.len()).filter(|k| share.columns.contains(&due[*k].column)).collect();
            for (member, row) in share.members.zip(part.chunks(seen.len().max(1))) {
                seen.iter().zip(row).for_each(|(k, x)| he[[member, *k]] = *x);
            }
        }
        for (number, vectors) in self.vectors.iter_mut().enumerate() {
            let of_type: Vec<usize> =
                (0..due.len()).filter(|k| setting.model.type_of(due[*k].column) == number).collect();
            let values: Vec<f64> = of_type.iter().map(|k| due[*k].value).collect();
            let variances: Vec<f64> = of_type.iter().map(|k| due[*k].variance).collect();
            if of_type.is_empty() {
                continue;
            }
            analyse(he.select(Axis(1), &of_type).view(), &values, &variances, 1.0)?
                .apply(vectors.view_mut())?;
        }
        Ok(())
    }
}
