//! The variables of a column that a cycle does not bring to rest by itself, as a vector, and their Anderson mixing.

use super::anderson::Anderson;
use super::cycle::Cycle;
use super::way::Way;
use crate::column::{Column, ColumnState};
use crate::error::LandError;
use crate::soil::LAYERS;

/// Amount, g m⁻², below which a variable counts by its amount and above which by its logarithm: `ln(1 + x / FLOOR)`.
const FLOOR: f64 = 1.0;
/// Litter pools and woody debris, whose C:N floats.
const LITTER: usize = 4;

/// A way, accelerated: what it would run the next cycle from is the map's image of where the last one ran from.
pub(super) struct Mixed<W> {
    inner: W,
    anderson: Anderson,
    /// Cycles before it begins.
    wait: usize,
}

impl<W> Mixed<W> {
    pub fn new(inner: W, anderson: Anderson, wait: usize) -> Self {
        Self { inner, anderson, wait }
    }
}

impl<W: Way> Way for Mixed<W> {
    fn next(&mut self, column: &Column, cycle: &Cycle) -> Result<ColumnState, LandError> {
        let mut next = self.inner.next(column, cycle)?;
        if cycle.number >= self.wait {
            let mixed = self.anderson.next(&read(&cycle.before), &read(&next));
            write(&mixed, &mut next, column);
        }
        Ok(next)
    }
}

/// The slow variables: organic pools, mineral nitrogen, plants and the memory of what they produced.
fn slow(state: &mut ColumnState) -> impl Iterator<Item = &mut f64> {
    let (soil, plant) = (&mut state.soil, &mut state.plant);
    let nitrogen = soil.nitrogen.iter_mut().flat_map(|layer| &mut layer[..LITTER]);
    let organic = soil.carbon.iter_mut().flatten().chain(nitrogen);
    organic.chain(&mut soil.nh4).chain(&mut soil.no3).chain([
        &mut plant.leaf,
        &mut plant.froot,
        &mut plant.livewood,
        &mut plant.deadwood,
        &mut plant.storage,
        &mut plant.reserve,
        &mut plant.retrans_n,
        &mut plant.npp_mean,
    ])
}

fn read(state: &ColumnState) -> Vec<f64> {
    slow(&mut state.clone()).map(|value| (value.max(0.0) / FLOOR).ln_1p()).collect()
}

/// Puts the slow variables into a state; what hangs on them follows, all else stays.
fn write(vector: &[f64], state: &mut ColumnState, column: &Column) {
    for (value, scaled) in slow(state).zip(vector) {
        *value = FLOOR * scaled.max(0.0).exp_m1();
    }
    let p = &column.parameters.soil;
    for j in 0..LAYERS {
        for (pool, ratio) in [(4, p.cn_s1), (5, p.cn_s2), (6, p.cn_s3)] {
            state.soil.nitrogen[j][pool] = state.soil.carbon[j][pool] / ratio;
        }
    }
    state.plant.reset_nitrogen(&column.parameters);
}
