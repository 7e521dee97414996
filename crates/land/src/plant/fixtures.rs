//! Four different columns of a type, for the tests that a batch computes what each column computes alone.

use std::fmt::Debug;

use super::pft::{LeafHabit, Pft};
use super::state::Vegetation;
use crate::lanes::{Batched, WIDTH};
use crate::parameters::Parameters;

/// Parameters and plants, with leaves and stores alike.
pub(super) fn columns(pft: Pft) -> ([Parameters; WIDTH], [Vegetation; WIDTH]) {
    let parameters: [Parameters; WIDTH] = std::array::from_fn(|k| {
        let mut p = Parameters::for_pft(pft);
        let change = 1.0 + 0.13 * k as f64;
        p.leafcn *= change;
        p.froot_leaf *= change;
        p.laimx /= change;
        p.q10_mr *= change;
        p.fstor2tran /= change;
        p
    });
    let plants = std::array::from_fn(|k| {
        let p = &parameters[k];
        let mut plant =
            Vegetation::cold_start(p, pft.is_woody(), LeafHabit::SeasonalDeciduous, 276.0 + 3.0 * k as f64);
        plant.leaf = 90.0 + 31.7 * k as f64;
        plant.froot = 70.0 + 13.3 * k as f64;
        plant.reserve = [40.0, 1.0, 0.3, 70.0][k];
        plant.reset_nitrogen(p);
        plant
    });
    (parameters, plants)
}

/// A batch of columns.
pub(super) fn together<B: Batched>(columns: &[B::Column; WIDTH]) -> B {
    B::gather(&|k| &columns[k])
}

/// What a lane of a batch and a column alone came to: equal to the last bit, signs of zeros included.
pub(super) fn same<V: Debug>(lane: &V, alone: &V) {
    assert_eq!(format!("{lane:?}"), format!("{alone:?}"));
}
