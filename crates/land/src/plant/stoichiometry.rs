//! Flexible C:N: tissue grows poorer in nitrogen where that is dear or scarce, richer where there is more than enough.
//!
//! FUN's flexible spending of carbon as in CLM5 (Fisher et al. 2010, doi:10.1029/2009GB003621; Lawrence et al. 2019,
//! doi:10.1029/2018MS001583; technical note, section 2.18.6) with the constants of its parameter file c171117, which
//! the technical note prints otherwise (200 and 80 for 100 and 8). All tissues depart from their targets by the same
//! factor, as CLM5 shares nitrogen out by demand.

use crate::lanes::Real;
use crate::parameters::Parameters;
use crate::plant::state::{Vegetation, storage_nitrogen_share};

/// Price of nitrogen above which plants save on it, gC gN⁻¹ (`fun_cn_flex_a`).
const DEAR: f64 = 5.0;
/// Price beyond that at which they would spend nothing, gC gN⁻¹ (`fun_cn_flex_b`).
const PROHIBITIVE: f64 = 100.0;
/// Departure of leaf C:N at which what they spend changes by half, gC gN⁻¹ (`fun_cn_flex_c`).
const DEPARTURE: f64 = 8.0;
/// Least share of the ideal that they spend.
const LEAST_SPENT: f64 = 0.5;
/// Furthest that leaf C:N is from its target, gC gN⁻¹ (CLM5 `NutrientCompetitionFlexibleCNMod`).
const RANGE: f64 = 10.0;
/// Least C:N over its target, where that is so low that [`RANGE`] would leave nothing of it.
const LEAST_RATIO: f64 = 0.5;
/// Leaf carbon and nitrogen of plants below this have no ratio, g m⁻².
const TRACE: f64 = 1e-9;

/// Nitrogen of tissue over that at its target C:N.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Richness<T: Real = f64> {
    /// The least.
    pub poorest: T,
    /// The most.
    pub richest: T,
}

impl<T: Real> Richness<T> {
    /// Bounds that leaf C:N sets for all tissues.
    #[must_use]
    pub fn bounds(p: &Parameters<T>) -> Self {
        let [lowest, highest] = leaf_range(p);
        Self { poorest: p.leafcn / highest, richest: p.leafcn / lowest }
    }
}

/// Least and largest leaf C:N, gC gN⁻¹.
fn leaf_range<T: Real>(p: &Parameters<T>) -> [T; 2] {
    [(p.leafcn - RANGE).max(p.leafcn * LEAST_RATIO), p.leafcn + RANGE]
}

/// C:N of the leaves, gC gN⁻¹, within its bounds; the target where there are none.
#[must_use]
pub fn leaf_cn<T: Real>(plant: &Vegetation<T>, p: &Parameters<T>) -> T {
    let [lowest, highest] = leaf_range(p);
    let ratio = plant.leaf / plant.nitrogen.leaf.max(TRACE);
    T::select(plant.leaf.over(TRACE), ratio.clamp(lowest, highest), p.leafcn)
}

/// Share of the carbon for nitrogen that a plant spends at a price, gC gN⁻¹: less where it is dear and leaves are
/// rich, more where they are poor.
#[must_use]
pub fn spending<T: Real>(plant: &Vegetation<T>, p: &Parameters<T>, price: T) -> T {
    let share = (T::of(1.0) - (price - DEAR) / PROHIBITIVE).clamp(0.0, 1.0);
    let departure = departure(plant, p) / DEPARTURE;
    let rich = (T::of(1.0) - share) * departure;
    (share + T::select(departure.under(0.0), rich, departure * 0.5)).clamp(LEAST_SPENT, 1.0)
}

/// C:N of leaves, displayed and stored, less its target, gC gN⁻¹.
fn departure<T: Real>(plant: &Vegetation<T>, p: &Parameters<T>) -> T {
    let n = &plant.nitrogen;
    let target = plant.leaf / p.leafcn + plant.stored() * storage_nitrogen_share(p);
    let held = n.leaf + n.storage + n.transfer;
    T::select(held.over(TRACE), (target / held.max(TRACE) - 1.0) * p.leafcn, DEPARTURE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::{Lanes, WIDTH};
    use crate::plant::fixtures::{columns, same, together};
    use crate::plant::pft::{LeafHabit, Pft};

    /// A needleleaf plant whose leaves have a C:N.
    fn plant(cn: f64) -> (Vegetation, Parameters) {
        let p = Parameters::for_pft(Pft::NeedleleafEvergreenBoreal);
        let mut plant = Vegetation::cold_start(&p, true, LeafHabit::Evergreen, 278.0);
        plant.nitrogen.leaf = plant.leaf / cn;
        (plant, p)
    }

    #[test]
    fn spending_is_funs() {
        for (cn, price, share) in [
            (58.0, 3.0, 1.0),
            (58.0, 25.0, 0.8),
            (58.0, 500.0, 0.5),
            // Poor leaves: half of the departure over 8.
            (60.0, 25.0, 0.925),
            (66.0, 500.0, 0.5),
            (70.0, 25.0, 1.0),
            // Rich leaves: the share saved times the departure over 8.
            (54.0, 25.0, 0.7),
            (54.0, 3.0, 1.0),
        ] {
            let (plant, p) = plant(cn);
            let found = spending(&plant, &p, price);
            assert!((found - share).abs() < 1e-12, "{cn} {price}: {found}");
        }
    }

    #[test]
    fn leaf_ratio_keeps_its_bounds_and_its_target_without_leaves() {
        for (cn, bounded) in [(30.0, 48.0), (50.0, 50.0), (1e9, 68.0), (f64::INFINITY, 68.0)] {
            let (plant, p) = plant(cn);
            assert!((leaf_cn(&plant, &p) - bounded).abs() < 1e-9, "{cn}");
        }
        let (mut bare, mut p) = plant(58.0);
        (bare.leaf, bare.nitrogen.leaf) = (0.0, 0.0);
        assert!((leaf_cn(&bare, &p) - 58.0).abs() < 1e-12);
        p.leafcn = 8.0;
        let bounds = Richness::bounds(&p);
        assert!((bounds.richest - 2.0).abs() < 1e-12 && (bounds.poorest - 8.0 / 18.0).abs() < 1e-12);
    }

    #[test]
    fn a_batch_is_its_columns() {
        let (parameters, mut plants) = columns(Pft::BroadleafDeciduousTemperate);
        plants[0].nitrogen.leaf = 0.0;
        plants[1].nitrogen.leaf *= 0.7;
        (plants[2].nitrogen.leaf, plants[2].nitrogen.storage) = (0.0, 0.0);
        let prices = [1.0, 20.0, 200.0, 60.0];
        let (batch, p) = (together(&plants), together(&parameters));
        let (spent, ratio) = (spending::<Lanes>(&batch, &p, together(&prices)), leaf_cn(&batch, &p));
        for k in 0..WIDTH {
            same(&spent.at(k), &spending(&plants[k], &parameters[k], prices[k]));
            same(&ratio.at(k), &leaf_cn(&plants[k], &parameters[k]));
        }
    }
}
