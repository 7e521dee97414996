//! Pools from elsewhere, a surrogate's prediction say, as the state to go on from.

use serde::{Deserialize, Serialize};

use super::SpinupError;
use crate::column::{Column, ColumnState};
use crate::plant::state::Vegetation;
use crate::soil::{LAYERS, Pools};

/// Pools of a column. What follows from them is not given: nitrogen of soil organic matter has the parameters' C:N, that
/// of plant tissue the C:N of the state that they are put into.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GivenPools {
    /// Organic carbon of the soil, gC m⁻².
    pub carbon: Pools,
    /// Nitrogen of metabolic, cellulose and lignin litter and of woody debris by layer, gN m⁻².
    pub litter_nitrogen: [[f64; 4]; LAYERS],
    /// Leaf, fine root, live wood, dead wood and storage (with transfer) of each tile, gC m⁻².
    pub plants: Vec<[f64; 5]>,
}

impl GivenPools {
    /// Those that a state holds.
    #[must_use]
    pub fn of(state: &ColumnState) -> Self {
        let litter = |[l1, l2, l3, debris, ..]: [f64; 7]| [l1, l2, l3, debris];
        Self {
            carbon: state.soil.carbon,
            litter_nitrogen: state.soil.nitrogen.map(litter),
            plants: state
                .plants
                .iter()
                .map(|p| [p.leaf, p.froot, p.livewood, p.deadwood, p.stored()])
                .collect(),
        }
    }

    /// Puts them into a state (of a cold start, or of a neighbour), which gives all else. A negative pool is empty.
    ///
    /// # Errors
    /// [`SpinupError::GivenPool`] for a pool that is not a finite number.
    pub fn put_into(&self, state: &mut ColumnState, column: &Column) -> Result<(), SpinupError> {
        let all = self
            .carbon
            .iter()
            .flatten()
            .chain(self.litter_nitrogen.iter().flatten())
            .chain(self.plants.iter().flatten());
        if let Some(&value) = all.into_iter().find(|value| !value.is_finite()) {
            return Err(SpinupError::GivenPool { value });
        }
        let p = &column.parameters.soil;
        let held = |value: f64| value.max(0.0);
        for j in 0..LAYERS {
            state.soil.carbon[j] = self.carbon[j].map(held);
            let [l1, l2, l3, debris] = self.litter_nitrogen[j].map(held);
            let [.., s1, s2, s3] = state.soil.carbon[j];
            state.soil.nitrogen[j] = [l1, l2, l3, debris, s1 / p.cn_s1, s2 / p.cn_s2, s3 / p.cn_s3];
        }
        for (plant, given) in state.plants.iter_mut().zip(&self.plants) {
            give(plant, &given.map(held));
        }
        state.bound_nitrogen(column);
        Ok(())
    }
}

/// Gives tissues these amounts of carbon, and nitrogen in proportion.
fn give(plant: &mut Vegetation, given: &[f64; 5]) {
    let Vegetation { leaf, froot, livewood, deadwood, storage, transfer, nitrogen: n, .. } = plant;
    *storage += std::mem::take(transfer);
    n.storage += std::mem::take(&mut n.transfer);
    let nitrogen = [&mut n.leaf, &mut n.froot, &mut n.livewood, &mut n.deadwood, &mut n.storage];
    let carbon = [leaf, froot, livewood, deadwood, storage];
    for ((carbon, nitrogen), &given) in carbon.into_iter().zip(nitrogen).zip(given) {
        *nitrogen *= if *carbon > 0.0 { given / *carbon } else { 0.0 };
        *carbon = given;
    }
}
