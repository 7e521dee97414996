//! The slow part of a column as a vector: ln(1 + pool), so that a step is a factor on what a pool holds, and pools of
//! all sizes count.
//!
//! What else a column holds, water, temperature and phenology, forgets its past within a cycle or two. Nitrogen of soil
//! organic matter and of tissues is no coordinate: it follows its carbon. That of dead wood is one: its C:N is old.

use crate::column::{Column, ColumnState};
use crate::plant::state::Vegetation;
use crate::soil::LAYERS;

/// Number of pools, the first ones, whose nitrogen is no function of their carbon.
const FLOATING: usize = 4;

/// Which pools are coordinates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coordinates {
    /// Soil organic matter, litter, plants.
    Organic,
    /// Mineral nitrogen too.
    WithMineral,
}

impl Coordinates {
    /// The coordinates of a state.
    pub fn of(self, state: &ColumnState) -> Vec<f64> {
        let mut all = Vec::new();
        self.each(&mut state.clone(), |value| all.push(value.max(0.0).ln_1p()));
        all
    }

    /// Sum of what the coordinates' pools differ by, g m⁻². In logarithms, litter that is a thousand times too much for
    /// the nitrogen there is hardly moves; in grams it does.
    pub fn distance(self, a: &ColumnState, b: &ColumnState) -> f64 {
        let mut of_a = Vec::new();
        self.each(&mut a.clone(), |value| of_a.push(*value));
        let mut of_a = of_a.into_iter();
        let mut sum = 0.0;
        self.each(&mut b.clone(), |value| sum += of_a.next().map_or(0.0, |a| (*value - a).abs()));
        sum
    }

    /// Gives `state` these coordinates where they differ from its own, and the nitrogen that follows: of soil organic
    /// matter by its C:N, of tissues in proportion to their carbon.
    pub fn put(self, coordinates: &[f64], state: &mut ColumnState, column: &Column) {
        let tissues: Vec<[f64; 4]> = state.plants.iter().map(tissue_carbon).collect();
        let mut next = coordinates.iter();
        self.each(state, |value| {
            let own = value.max(0.0).ln_1p();
            if let Some(&x) = next.next().filter(|&&x| (x - own).abs() > 0.0) {
                *value = x.exp_m1().max(0.0);
            }
        });
        let p = &column.parameters.soil;
        for j in 0..LAYERS {
            let [.., s1, s2, s3] = state.soil.carbon[j];
            state.soil.nitrogen[j][FLOATING..].copy_from_slice(&[s1 / p.cn_s1, s2 / p.cn_s2, s3 / p.cn_s3]);
        }
        for (plant, before) in state.plants.iter_mut().zip(tissues) {
            follow(plant, &before);
        }
    }

    /// Visits every coordinate's value, always in the same order.
    fn each(self, state: &mut ColumnState, mut visit: impl FnMut(&mut f64)) {
        let soil = &mut state.soil;
        soil.carbon.iter_mut().flatten().for_each(&mut visit);
        soil.nitrogen.iter_mut().flat_map(|layer| &mut layer[..FLOATING]).for_each(&mut visit);
        if self == Self::WithMineral {
            soil.nh4.iter_mut().chain(&mut soil.no3).for_each(&mut visit);
        }
        for plant in &mut state.plants {
            let Vegetation {
                leaf,
                froot,
                livewood,
                deadwood,
                storage,
                reserve,
                nitrogen,
                retrans_n,
                npp_mean,
                ..
            } = plant;
            let dead_n = &mut nitrogen.deadwood;
            let all = [leaf, froot, livewood, deadwood, storage, reserve, dead_n, retrans_n, npp_mean];
            all.into_iter().for_each(&mut visit);
        }
    }
}

/// Carbon of the tissues whose nitrogen follows it, gC m⁻².
fn tissue_carbon(plant: &Vegetation) -> [f64; 4] {
    [plant.leaf, plant.froot, plant.livewood, plant.storage]
}

/// Changes the nitrogen of tissues as their carbon changed since it was `before`.
fn follow(plant: &mut Vegetation, before: &[f64; 4]) {
    let after = tissue_carbon(plant);
    let n = &mut plant.nitrogen;
    let parts = [&mut n.leaf, &mut n.froot, &mut n.livewood, &mut n.storage];
    for (i, part) in parts.into_iter().enumerate() {
        if before[i] > 0.0 {
            *part *= after[i] / before[i];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spinup::tests::column;

    #[test]
    fn own_coordinates_change_nothing_and_others_keep_the_ratios_of_elements() {
        let column = column(1.0);
        let mut state = ColumnState::cold_start(&column, 278.0);
        state.soil.carbon = [[0.0, 20.0, 30.0, 40.0, 80.0, 900.0, 0.3]; LAYERS];
        state.soil.nitrogen = [[0.0, 0.2, 0.3, 0.1, 10.0, 900.0 / 11.0, 0.3 / 11.0]; LAYERS];
        for coordinates in [Coordinates::Organic, Coordinates::WithMineral] {
            let mut same = state.clone();
            let own = coordinates.of(&state);
            coordinates.put(&own, &mut same, &column);
            assert!(same == state);
            let mut more = state.clone();
            coordinates.put(&own.iter().map(|x| x + 0.5).collect::<Vec<_>>(), &mut more, &column);
            let (soil, plant, before) = (&more.soil, &more.plants[0], &state.plants[0]);
            assert!((soil.carbon[0][5] - (0.5_f64.exp() * 901.0 - 1.0)).abs() < 1e-9);
            assert!((soil.carbon[0][5] / soil.nitrogen[0][5] - column.parameters.soil.cn_s2).abs() < 1e-12);
            assert!(plant.leaf > before.leaf && soil.carbon[0][0] > 0.6);
            let (a, b) = (plant.leaf / plant.nitrogen.leaf, before.leaf / before.nitrogen.leaf);
            assert!((a / b - 1.0).abs() < 1e-12, "{a} {b}");
            coordinates.put(&vec![-1.0; own.len()], &mut more, &column);
            assert!(more.soil.total_carbon() == 0.0 && more.plants[0].carbon() == 0.0);
        }
    }
}
