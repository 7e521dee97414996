//! From photosynthate to tissue: what a day's carbon would build, the nitrogen it needs, and what it gets.
//!
//! Fixed ratios between tissues as in CLM5 with `stem_leaf` ≥ 0 (technical note, section 2.19); nitrogen
//! shortage scales growth, and carbon that finds no nitrogen was not fixed (CLM4.5's down-regulation).
//! Leaf allocation fades beyond `laimx`, CLM's bound for crops, taken for all types.

use crate::batched;
use crate::lanes::Real;
use crate::parameters::Parameters;
use crate::plant::state::{Vegetation, storage_nitrogen_share};

/// Share of reserves in leaf and fine root that the plant keeps, and the days it takes to fill them.
const RESERVE_SHARE: f64 = 0.25;
const RESERVE_DAYS: f64 = 20.0;
/// Largest share of the retranslocated pool used in a day.
const RETRANSLOCATION_RATE: f64 = 0.05;

/// Nitrogen bought with carbon from symbionts, gN m⁻² d⁻¹, of what the soil left unmet, at a price, gC gN⁻¹.
#[must_use]
pub fn buy_nitrogen<T: Real>(unmet: T, p: &Parameters<T>, available: T, price: T) -> T {
    (p.fracfixers * unmet.max(0.0)).min(available * 0.5 / price)
}

/// What the plant can build in a day, per gC of growth: shares that sum to one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GrowthShares<T: Real = f64> {
    leaf: T,
    froot: T,
    livewood: T,
    deadwood: T,
    storage: T,
    /// Nitrogen needed per gC, gN gC⁻¹.
    pub nitrogen: T,
}

impl<T: Real> GrowthShares<T> {
    /// Shares at a leaf area (displayed and stored), m² m⁻².
    #[must_use]
    pub fn new(p: &Parameters<T>, leaf_area: T) -> Self {
        let one = T::of(1.0);
        let filled = leaf_area / p.laimx;
        let squared = filled * filled;
        let leaf = one / (squared * squared + 1.0);
        let wood = p.stem_leaf * (p.croot_stem + 1.0);
        let sum = leaf + p.froot_leaf + wood;
        let (leaf, froot, wood) = (leaf / sum, p.froot_leaf / sum, wood / sum);
        let storage = (leaf + froot) * (one - p.fcur);
        let (leaf, froot) = (leaf * p.fcur, froot * p.fcur);
        let (livewood, deadwood) = (wood * p.flivewd, wood * (one - p.flivewd));
        let nitrogen = leaf / p.leafcn
            + froot / p.frootcn
            + livewood / p.livewdcn
            + deadwood / p.deadwdcn
            + storage * storage_nitrogen_share(p);
        Self { leaf, froot, livewood, deadwood, storage, nitrogen }
    }
}

batched! {
    /// Carbon left for growth once respiration is paid, and how it was paid.
    #[derive(Clone, Copy, Debug, Default, PartialEq)]
    pub struct CarbonBudget {
        /// For new tissue and its growth respiration, gC m⁻² d⁻¹.
        pub available: T,
        /// Maintenance respiration that could be paid, gC m⁻² d⁻¹.
        pub maintenance: T,
    }
}

/// Pays maintenance from photosynthesis, then from the reserve; refills the reserve.
pub fn pay_maintenance<T: Real>(plant: &mut Vegetation<T>, gpp: T, wanted: T) -> CarbonBudget<T> {
    let surplus = gpp - wanted;
    let short = surplus.under(0.0);
    let paid = (-surplus).min(plant.reserve);
    let target = (plant.leaf + plant.froot) * RESERVE_SHARE + 5.0;
    let saved = ((target - plant.reserve) / RESERVE_DAYS).clamp(0.0, surplus * 0.5);
    plant.reserve += T::select(short, -paid, saved);
    CarbonBudget {
        available: T::select(short, 0.0, surplus - saved),
        maintenance: T::select(short, gpp + paid, wanted),
    }
}

/// Nitrogen asked from the soil, gN m⁻² d⁻¹, after what the plant can take back from its own pool.
#[must_use]
pub fn soil_demand<T: Real>(
    plant: &Vegetation<T>,
    p: &Parameters<T>,
    shares: &GrowthShares<T>,
    available: T,
) -> (T, T) {
    let demand = available / (p.grperc + 1.0) * shares.nitrogen;
    let own = (plant.retrans_n * RETRANSLOCATION_RATE).min(demand);
    (demand - own, own)
}

batched! {
    /// Growth of a day.
    #[derive(Clone, Copy, Debug, Default, PartialEq)]
    pub struct Growth {
        /// New tissue, gC m⁻² d⁻¹.
        pub tissue: T,
        /// Growth respiration, gC m⁻² d⁻¹.
        pub respiration: T,
        /// Carbon not fixed for want of nitrogen, gC m⁻² d⁻¹.
        pub excess: T,
    }
}

/// Builds tissue from available carbon and the nitrogen got: `uptake` from soil, `own` retranslocated.
pub fn grow<T: Real>(
    plant: &mut Vegetation<T>,
    p: &Parameters<T>,
    shares: &GrowthShares<T>,
    available: T,
    (uptake, own): (T, T),
) -> Growth<T> {
    let wanted = available / (p.grperc + 1.0);
    let supply = uptake + own;
    let possible = T::select(shares.nitrogen.over(0.0), supply / shares.nitrogen, wanted);
    let tissue = wanted.min(possible);
    plant.leaf += tissue * shares.leaf;
    plant.froot += tissue * shares.froot;
    plant.livewood += tissue * shares.livewood;
    plant.deadwood += tissue * shares.deadwood;
    plant.storage += tissue * shares.storage;
    let n = &mut plant.nitrogen;
    n.leaf += tissue * shares.leaf / p.leafcn;
    n.froot += tissue * shares.froot / p.frootcn;
    n.livewood += tissue * shares.livewood / p.livewdcn;
    n.deadwood += tissue * shares.deadwood / p.deadwdcn;
    n.storage += tissue * shares.storage * storage_nitrogen_share(p);
    // Rounding aside, supply is used up: what the last bit leaves stays in the plant's own pool, what it lacks in an
    // empty pool comes from nowhere.
    plant.retrans_n = (plant.retrans_n + uptake - tissue * shares.nitrogen).max(0.0);
    let respiration = tissue * p.grperc;
    Growth { tissue, respiration, excess: (available - tissue - respiration).max(0.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::{Batched, Lanes, WIDTH};
    use crate::plant::fixtures::{columns, same, together};
    use crate::plant::pft::{LeafHabit, Pft};

    #[test]
    fn growth_conserves_and_keeps_c_to_n() {
        for pft in Pft::ALL {
            let p = Parameters::for_pft(pft);
            let mut plant = Vegetation::cold_start(&p, pft.is_woody(), LeafHabit::Evergreen, 283.0);
            plant.retrans_n = 2.0;
            let shares = GrowthShares::new(&p, 3.0);
            let (demand, own) = soil_demand(&plant, &p, &shares, 5.0);
            let (c, n) = (plant.carbon(), plant.total_nitrogen());
            let growth = grow(&mut plant, &p, &shares, 5.0, (0.7 * demand, own));
            assert!((plant.carbon() - c - growth.tissue).abs() < 1e-10);
            assert!((plant.total_nitrogen() - n - 0.7 * demand).abs() < 1e-10);
            assert!((growth.tissue + growth.respiration + growth.excess - 5.0).abs() < 1e-12);
            assert!((plant.leaf / plant.nitrogen.leaf - p.leafcn).abs() < 1e-6);
        }
    }

    #[test]
    fn rounding_takes_nothing_from_an_empty_pool() {
        let p = Parameters::for_pft(Pft::BroadleafDeciduousTemperate);
        let mut overdrawn = false;
        for i in 1..2_000 {
            let mut plant = Vegetation::cold_start(&p, true, LeafHabit::SeasonalDeciduous, 283.0);
            plant.retrans_n = 0.0;
            let (shares, uptake) = (GrowthShares::new(&p, 2.0), 1e-4 * f64::from(i));
            let growth = grow(&mut plant, &p, &shares, 1e3, (uptake, 0.0));
            overdrawn |= uptake < growth.tissue * shares.nitrogen;
            assert!(plant.retrans_n >= 0.0, "{:e} of {uptake}", plant.retrans_n);
        }
        assert!(overdrawn, "no uptake rounds to less than the tissue it builds");
    }

    #[test]
    fn crowded_canopy_sends_carbon_elsewhere() {
        let p = Parameters::for_pft(Pft::NeedleleafEvergreenBoreal);
        let (open, dense) = (GrowthShares::new(&p, 1.0), GrowthShares::new(&p, 14.0));
        assert!(dense.leaf < 0.1 * open.leaf && dense.froot > open.froot);
    }

    #[test]
    fn reserve_pays_the_winter_and_no_more() {
        let p = Parameters::for_pft(Pft::NeedleleafEvergreenBoreal);
        let mut plant = Vegetation::cold_start(&p, true, LeafHabit::Evergreen, 278.0);
        plant.reserve = 1.0;
        let budget = pay_maintenance(&mut plant, 0.0, 3.0);
        assert!((budget.maintenance - 1.0).abs() < 1e-12 && plant.reserve.abs() < 1e-12);
    }

    /// A day's growth: maintenance short of photosynthesis and over it, nitrogen short and plenty.
    fn day<T: Real>(
        plant: &mut Vegetation<T>,
        p: &Parameters<T>,
        [gpp, wanted, area, met]: [T; 4],
    ) -> [T; 6] {
        let budget = pay_maintenance(plant, gpp, wanted);
        let shares = GrowthShares::new(p, area);
        let (demand, own) = soil_demand(plant, p, &shares, budget.available);
        let bought = buy_nitrogen(demand * (T::of(1.0) - met), p, budget.available, T::of(6.0));
        let left = budget.available - bought * 6.0;
        let growth = grow(plant, p, &shares, left, (demand * met + bought, own));
        [budget.available, budget.maintenance, bought, growth.tissue, growth.respiration, growth.excess]
    }

    #[test]
    fn a_batch_is_its_columns() {
        let inputs =
            [[6.0, 1.5, 0.4, 0.3], [0.0, 0.8, 2.0, 0.0], [0.5, 0.9, 11.0, 1.0], [3.0, 2.0, 5.0, 1.2]];
        for pft in [Pft::C3Grass, Pft::BroadleafDeciduousTemperate] {
            let (parameters, mut plants) = columns(pft);
            let mut batch: Vegetation<Lanes> = together(&plants);
            let found = day(&mut batch, &together(&parameters), together(&inputs));
            for k in 0..WIDTH {
                same(&found.lane(k), &day(&mut plants[k], &parameters[k], inputs[k]));
                same(&batch.lane(k), &plants[k]);
            }
        }
    }
}
