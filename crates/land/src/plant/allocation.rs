//! From photosynthate to tissue: what a day's carbon would build, the nitrogen it needs, and what it gets.
//!
//! Fixed ratios between tissues as in CLM5 with `stem_leaf` ≥ 0 (technical note, section 2.19). New tissue takes what
//! nitrogen there is, within the bounds of [`Richness`]; carbon that finds no nitrogen even so is respired (CLM5 FUN).
//! Leaf allocation fades beyond `laimx`, CLM's bound for crops, taken for all types.

use crate::batched;
use crate::lanes::Real;
use crate::parameters::Parameters;
use crate::plant::state::{Vegetation, storage_nitrogen_share};
use crate::plant::stoichiometry::{self, Richness};

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
    /// Nitrogen per gC at the target C:N of all tissues, gN gC⁻¹.
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

/// Nitrogen asked from the soil at a price, gC gN⁻¹, and what the plant takes back from its own pool for nothing, gN m⁻²
/// d⁻¹.
///
/// FUN: carbon is split so that what is paid for nitrogen and what is built with it come out at the target C:N, and of
/// that part [`stoichiometry::spending`] is spent. What is for nothing may make tissue richer than that.
#[must_use]
pub fn soil_demand<T: Real>(
    plant: &Vegetation<T>,
    p: &Parameters<T>,
    shares: &GrowthShares<T>,
    available: T,
    price: T,
) -> (T, T) {
    let per_tissue = p.grperc + 1.0;
    let target = available * shares.nitrogen;
    let most = target / per_tissue * Richness::bounds(p).richest;
    let own = (plant.retrans_n * RETRANSLOCATION_RATE).min(most);
    let ideal = (target - own * per_tissue).max(0.0) / (per_tissue + price * shares.nitrogen);
    (ideal * stoichiometry::spending(plant, p, price), own)
}

batched! {
    /// Growth of a day.
    #[derive(Clone, Copy, Debug, Default, PartialEq)]
    pub struct Growth {
        /// New tissue, gC m⁻² d⁻¹.
        pub tissue: T,
        /// Growth respiration, gC m⁻² d⁻¹.
        pub respiration: T,
        /// Carbon left for want of nitrogen, gC m⁻² d⁻¹.
        pub excess: T,
        /// Nitrogen of new tissue over that of all that carbon would build at the target C:N, at most 1.
        pub supply: T,
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
    let (supply, bounds) = (uptake + own, Richness::bounds(p));
    let tissue = wanted.min(supply / (shares.nitrogen * bounds.poorest));
    let target = tissue * shares.nitrogen;
    let richness = T::select(target.over(0.0), supply / target, 1.0).min(bounds.richest);
    plant.leaf += tissue * shares.leaf;
    plant.froot += tissue * shares.froot;
    plant.livewood += tissue * shares.livewood;
    plant.deadwood += tissue * shares.deadwood;
    plant.storage += tissue * shares.storage;
    let n = &mut plant.nitrogen;
    let rich = tissue * richness;
    n.leaf += rich * shares.leaf / p.leafcn;
    n.froot += rich * shares.froot / p.frootcn;
    n.livewood += rich * shares.livewood / p.livewdcn;
    n.deadwood += rich * shares.deadwood / p.deadwdcn;
    n.storage += rich * shares.storage * storage_nitrogen_share(p);
    // What makes tissue no richer stays in the plant's own pool; what the last bit lacks in an empty pool comes from
    // nowhere.
    plant.retrans_n = (plant.retrans_n + uptake - rich * shares.nitrogen).max(0.0);
    let respiration = tissue * p.grperc;
    let needed = wanted * shares.nitrogen;
    Growth {
        tissue,
        respiration,
        excess: (available - tissue - respiration).max(0.0),
        supply: T::select(needed.over(0.0), supply / needed, 1.0).min(1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::{Batched, Lanes, WIDTH};
    use crate::plant::fixtures::{columns, same, together};
    use crate::plant::pft::{LeafHabit, Pft};

    #[test]
    fn growth_conserves_carbon_and_nitrogen() {
        for (pft, met) in Pft::ALL.into_iter().flat_map(|pft| [0.0, 0.3, 0.7, 1.0].map(|met| (pft, met))) {
            let p = Parameters::for_pft(pft);
            let mut plant = Vegetation::cold_start(&p, pft.is_woody(), LeafHabit::Evergreen, 283.0);
            plant.retrans_n = 2.0 * met;
            let shares = GrowthShares::new(&p, 3.0);
            let (demand, own) = soil_demand(&plant, &p, &shares, 5.0, 20.0);
            let (c, n) = (plant.carbon(), plant.total_nitrogen());
            let growth = grow(&mut plant, &p, &shares, 5.0, (met * demand, own));
            assert!((plant.carbon() - c - growth.tissue).abs() < 1e-10);
            assert!((plant.total_nitrogen() - n - met * demand).abs() < 1e-10);
            assert!((growth.tissue + growth.respiration + growth.excess - 5.0).abs() < 1e-12);
        }
    }

    #[test]
    fn what_is_paid_and_what_is_built_come_out_at_the_target() {
        // FUN: spent + (1 + grperc) growth = available, and spent / price = growth × N:C. Below 5 gC gN-1 all is spent.
        let p = Parameters::for_pft(Pft::BroadleafDeciduousTemperate);
        let mut plant = Vegetation::cold_start(&p, true, LeafHabit::Evergreen, 283.0);
        plant.retrans_n = 0.2;
        let shares = GrowthShares::new(&p, 3.0);
        let (demand, own) = soil_demand(&plant, &p, &shares, 5.0, 4.0);
        let growth = grow(&mut plant, &p, &shares, 5.0 - 4.0 * demand, (demand, own));
        assert!(
            (growth.tissue * shares.nitrogen - demand - own).abs() < 1e-12 && growth.excess.abs() < 1e-12
        );
        assert!((own - 0.01).abs() < 1e-12 && (growth.supply - 1.0).abs() < 1e-12);
    }

    #[test]
    fn scarce_nitrogen_makes_tissue_poor_and_plenty_makes_it_rich() {
        for pft in Pft::ALL.into_iter().filter(|pft| Parameters::for_pft(*pft).fcur > 0.0) {
            let p = Parameters::for_pft(pft);
            // Two hundred days on a share of the demand, with an own pool.
            let after = |met: f64, pool: f64| {
                let mut plant = Vegetation::cold_start(&p, pft.is_woody(), LeafHabit::Evergreen, 283.0);
                let shares = GrowthShares::new(&p, 1.0);
                let mut excess = 0.0;
                for _ in 0..200 {
                    plant.retrans_n = pool;
                    let (demand, own) = soil_demand(&plant, &p, &shares, 10.0, 20.0);
                    let left = 10.0 - 20.0 * met * demand;
                    excess = grow(&mut plant, &p, &shares, left, (met * demand, own)).excess;
                    (plant.leaf, plant.nitrogen.leaf) = (0.9 * plant.leaf, 0.9 * plant.nitrogen.leaf);
                }
                (plant.leaf / plant.nitrogen.leaf, excess)
            };
            let ((dear, kept), (scarce, left), (plenty, _)) =
                (after(1.0, 0.0), after(0.3, 0.0), after(1.0, 50.0));
            // At 20 gC gN-1 eCLM's needleleaf, shrub and grass at 61° N have 3, 6 and 8 % more than their targets.
            assert!(kept.abs() < 1e-9 && (1.02..1.10).contains(&(dear / p.leafcn)), "{pft:?}: {dear}");
            assert!((scarce - p.leafcn - 10.0).abs() < 1e-6 && left > 0.0, "{pft:?}: {scarce} {left}");
            assert!((plenty - (p.leafcn - 10.0)).abs() < 1e-6, "{pft:?}: {plenty}");
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
    ) -> [T; 7] {
        let budget = pay_maintenance(plant, gpp, wanted);
        let shares = GrowthShares::new(p, area);
        let (demand, own) = soil_demand(plant, p, &shares, budget.available, T::of(6.0) / met.max(0.1));
        let bought = buy_nitrogen(demand * (T::of(1.0) - met), p, budget.available, T::of(6.0));
        let left = budget.available - bought * 6.0;
        let growth = grow(plant, p, &shares, left, (demand * met + bought, own));
        [
            budget.available,
            budget.maintenance,
            bought,
            growth.tissue,
            growth.respiration,
            growth.excess,
            growth.supply,
        ]
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
