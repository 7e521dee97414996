//! What leaves the living plant in a day: litterfall, mortality, live wood dying, harvest.
//!
//! Whole-plant mortality at a constant rate and live-to-dead wood turnover as in CLM5 (technical note, chapters
//! 20 and 23). What leaves a tissue has the tissue's C:N; falling leaves and dying wood give back the share of nitrogen
//! that takes them from their target C:N to the litter's or to dead wood's.

use crate::batched;
use crate::constants::YEAR_DAYS;
use crate::lanes::Real;
use crate::parameters::Parameters;
use crate::plant::pft::Pft;
use crate::plant::phenology::LeafTurnover;
use crate::plant::state::{Season, Vegetation};

/// Day of the year after which no meadow is cut: 17 October.
const LAST_CUT: usize = 290;

batched! {
    /// Carbon and nitrogen leaving the plant, g m⁻² d⁻¹.
    #[derive(Clone, Copy, Debug, Default, PartialEq)]
    pub struct Litterfall {
        /// Leaf litter (and dying storage).
        pub leaf: T,
        /// Nitrogen in it.
        pub leaf_n: T,
        /// Fine-root litter.
        pub froot: T,
        /// Nitrogen in it.
        pub froot_n: T,
        /// Wood.
        pub wood: T,
        /// Nitrogen in it.
        pub wood_n: T,
        /// Carried away by harvest.
        pub harvest: T,
        /// Nitrogen in it.
        pub harvest_n: T,
        /// Burned.
        pub fire: T,
        /// Nitrogen in it.
        pub fire_n: T,
    }
}

/// Moves storage to transfer, and transfer to leaves and fine roots.
pub fn display<T: Real>(plant: &mut Vegetation<T>, p: &Parameters<T>, turnover: &LeafTurnover<T>) {
    let (transferred, displayed) = (turnover.transferred, turnover.displayed);
    if !T::any(plant.stored().over(0.0) & (transferred.over(0.0) | displayed.over(0.0))) {
        return;
    }
    plant.transfer += take(&mut plant.storage, transferred);
    let moved = take(&mut plant.transfer, displayed);
    let leaf = moved / (p.froot_leaf + 1.0);
    plant.leaf += leaf;
    plant.froot += moved - leaf;
    let n = &mut plant.nitrogen;
    n.transfer += take(&mut n.storage, transferred);
    let moved = take(&mut n.transfer, displayed);
    let leaf = moved / (p.froot_leaf * p.leafcn / p.frootcn + 1.0);
    n.leaf += leaf;
    n.froot += moved - leaf;
}

/// Takes a share out of a pool.
fn take<T: Real>(pool: &mut T, share: T) -> T {
    let taken = *pool * share;
    *pool -= taken;
    taken
}

/// Sheds and kills for a day.
pub fn shed<T: Real>(
    plant: &mut Vegetation<T>,
    p: &Parameters<T>,
    turnover: &LeafTurnover<T>,
) -> Litterfall<T> {
    let mut fall = Litterfall::default();
    take_leaf(plant, p, turnover.leaf_share, &mut fall);
    fall.froot += take(&mut plant.froot, turnover.froot_share);
    fall.froot_n += take(&mut plant.nitrogen.froot, turnover.froot_share);
    live_to_dead(plant, p);
    mortality(plant, p, &mut fall);
    fall
}

/// A share of the leaves falls: nitrogen beyond the litter's goes back to the plant.
fn take_leaf<T: Real>(plant: &mut Vegetation<T>, p: &Parameters<T>, share: T, fall: &mut Litterfall<T>) {
    fall.leaf += take(&mut plant.leaf, share);
    let content = take(&mut plant.nitrogen.leaf, share);
    let litter_n = content * (p.leafcn / p.lflitcn).min(1.0);
    plant.retrans_n += content - litter_n;
    fall.leaf_n += litter_n;
}

fn live_to_dead<T: Real>(plant: &mut Vegetation<T>, p: &Parameters<T>) {
    let share = p.lwtop_ann / YEAR_DAYS;
    plant.deadwood += take(&mut plant.livewood, share);
    let from = take(&mut plant.nitrogen.livewood, share);
    let to = from * (p.livewdcn / p.deadwdcn).min(1.0);
    plant.nitrogen.deadwood += to;
    plant.retrans_n += from - to;
}

fn mortality<T: Real>(plant: &mut Vegetation<T>, p: &Parameters<T>, fall: &mut Litterfall<T>) {
    let share = p.r_mort / YEAR_DAYS;
    let n = &mut plant.nitrogen;
    let lose = |pool: &mut T| take(pool, share);
    fall.leaf += lose(&mut plant.leaf) + lose(&mut plant.storage) + lose(&mut plant.reserve);
    fall.leaf += lose(&mut plant.transfer);
    fall.leaf_n += lose(&mut n.leaf) + lose(&mut n.storage) + lose(&mut plant.retrans_n);
    fall.leaf_n += lose(&mut n.transfer);
    fall.froot += lose(&mut plant.froot);
    fall.froot_n += lose(&mut n.froot);
    fall.wood += lose(&mut plant.livewood) + lose(&mut plant.deadwood);
    fall.wood_n += lose(&mut n.livewood) + lose(&mut n.deadwood);
}

/// Cuts a meadow or harvests a crop when its day has come; the crop's residue then falls as litter.
pub fn harvest<T: Real>(
    plant: &mut Vegetation<T>,
    p: &Parameters<T>,
    pft: Pft,
    day: usize,
    fall: &mut Litterfall<T>,
) {
    if !matches!(pft, Pft::C3Crop | Pft::C3Grass) {
        return;
    }
    let cut = T::from_lanes(|k| {
        let cut = is_cut_day(pft, p.harvest_day.at(k), p.harvest_interval.at(k), day);
        if cut { p.harvest_frac.at(k) } else { 0.0 }
    });
    if !T::any(cut.over(0.0)) {
        return;
    }
    fall.harvest += take(&mut plant.leaf, cut);
    fall.harvest_n += take(&mut plant.nitrogen.leaf, cut);
    if pft == Pft::C3Crop {
        fall.harvest += take(&mut plant.storage, cut);
        fall.harvest_n += take(&mut plant.nitrogen.storage, cut);
        // Sown again in autumn, as most of Europe's cereals are: wetness, not warmth, starts the next crop.
        for k in (0..T::WIDTH).filter(|&k| cut.at(k) > 0.0) {
            *plant.season.at_mut(k) = Season::Offset { days_left: p.ndays_off.at(k).round(), by_cold: false };
        }
    }
}

/// A crop is harvested on its day, a meadow cut from then on at an interval, both in days, until autumn.
fn is_cut_day(pft: Pft, first: f64, interval: f64, day: usize) -> bool {
    let since = day.checked_sub(first.round() as usize);
    match pft {
        Pft::C3Crop => since == Some(0),
        Pft::C3Grass => since
            .is_some_and(|days| day <= LAST_CUT && days.is_multiple_of((interval.round() as usize).max(1))),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::{Batched, Lanes, WIDTH};
    use crate::plant::fixtures::{columns, same, together};
    use crate::plant::pft::LeafHabit;

    /// A share of storage goes to transfer, and all of that to display.
    fn shown(share: f64) -> LeafTurnover {
        LeafTurnover { transferred: share, displayed: 1.0, ..LeafTurnover::default() }
    }

    fn conserves(act: impl Fn(&mut Vegetation, &Parameters) -> Litterfall) {
        let p = Parameters::for_pft(Pft::C3Crop);
        let mut plant = Vegetation::cold_start(&p, false, LeafHabit::StressDeciduous, 283.0);
        display(&mut plant, &p, &shown(0.3));
        let (c, n) = (plant.carbon(), plant.total_nitrogen());
        let fall = act(&mut plant, &p);
        let lost = fall.leaf + fall.froot + fall.wood + fall.harvest;
        let lost_n = fall.leaf_n + fall.froot_n + fall.wood_n + fall.harvest_n;
        assert!((plant.carbon() + lost - c).abs() < 1e-10);
        assert!((plant.total_nitrogen() + lost_n - n).abs() < 1e-10);
        assert!(lost > 0.0 && lost_n > 0.0);
    }

    #[test]
    fn litterfall_and_harvest_conserve_carbon_and_nitrogen() {
        let half = LeafTurnover { leaf_share: 0.5, froot_share: 0.25, ..LeafTurnover::default() };
        conserves(|plant, p| shed(plant, p, &half));
        conserves(|plant, p| {
            let mut fall = Litterfall::default();
            harvest(plant, p, Pft::C3Crop, 205, &mut fall);
            fall
        });
    }

    #[test]
    fn no_tissue_gives_more_nitrogen_than_it_has() {
        let mut p = Parameters::for_pft(Pft::C3Crop);
        let mut plant = Vegetation::cold_start(&p, true, LeafHabit::StressDeciduous, 283.0);
        display(&mut plant, &p, &shown(0.3));
        // Tissues that grew at other C:N than they have now; dead wood richer than live wood.
        (p.leafcn, p.frootcn, p.livewdcn, p.deadwdcn) = (5.0, 5.0, 500.0, 50.0);
        p.harvest_frac = 1.0;
        let (c, n) = (plant.carbon(), plant.total_nitrogen());
        display(&mut plant, &p, &shown(0.4));
        let all = LeafTurnover { leaf_share: 0.9, froot_share: 1.0, ..LeafTurnover::default() };
        let mut fall = shed(&mut plant, &p, &all);
        harvest(&mut plant, &p, Pft::C3Crop, 205, &mut fall);
        let left = &plant.nitrogen;
        for pool in [left.leaf, left.froot, left.livewood, left.deadwood, left.storage, plant.retrans_n] {
            assert!(pool >= 0.0, "{plant:?}");
        }
        let lost = fall.leaf + fall.froot + fall.wood + fall.harvest;
        let lost_n = fall.leaf_n + fall.froot_n + fall.wood_n + fall.harvest_n;
        assert!((plant.carbon() + lost - c).abs() < 1e-10);
        assert!((plant.total_nitrogen() + lost_n - n).abs() < 1e-10);
    }

    #[test]
    fn meadows_are_cut_until_autumn_and_crops_once() {
        let days = |pft, interval| -> Vec<usize> {
            (0..365).filter(|&day| is_cut_day(pft, 165.4, interval, day)).collect()
        };
        assert_eq!(days(Pft::C3Grass, 45.0), [165, 210, 255]);
        assert_eq!(days(Pft::C3Grass, 30.0), [165, 195, 225, 255, 285]);
        assert_eq!(days(Pft::C3Crop, 45.0), [165]);
        assert!(days(Pft::ArcticGrass, 45.0).is_empty());
    }

    #[test]
    fn litter_follows_the_c_to_n_of_its_tissue() {
        let p = Parameters::for_pft(Pft::BroadleafDeciduousTemperate);
        for richness in [1.0, 0.8] {
            let mut plant = Vegetation::cold_start(&p, true, LeafHabit::Evergreen, 283.0);
            for pool in [&mut plant.nitrogen.leaf, &mut plant.nitrogen.froot, &mut plant.nitrogen.livewood] {
                *pool *= richness;
            }
            let (dead, dead_n) = (plant.deadwood, plant.nitrogen.deadwood);
            live_to_dead(&mut plant, &p);
            let dying = (plant.deadwood - dead) / (plant.nitrogen.deadwood - dead_n);
            let mut fall = Litterfall::default();
            take_leaf(&mut plant, &p, 0.5, &mut fall);
            let half = LeafTurnover { froot_share: 0.5, ..LeafTurnover::default() };
            let roots = shed(&mut plant, &p, &half);
            assert!((fall.leaf / fall.leaf_n * richness - p.lflitcn).abs() < 1e-9);
            assert!((roots.froot / roots.froot_n * richness - p.frootcn).abs() < 1e-9);
            assert!((dying * richness / p.deadwdcn - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn storage_displays_leaves_and_roots_of_its_own_richness() {
        let p = Parameters::for_pft(Pft::BroadleafDeciduousTemperate);
        let mut plant = Vegetation::cold_start(&p, true, LeafHabit::SeasonalDeciduous, 283.0);
        plant.nitrogen.storage *= 0.8;
        display(&mut plant, &p, &shown(1.0));
        assert!((0.8 * plant.leaf / plant.nitrogen.leaf - p.leafcn).abs() < 1e-9);
        assert!((0.8 * plant.froot / plant.nitrogen.froot - p.frootcn).abs() < 1e-9);
        assert!(plant.storage == 0.0 && plant.nitrogen.storage == 0.0);
    }

    #[test]
    fn a_batch_is_its_columns() {
        for pft in [Pft::C3Crop, Pft::C3Grass, Pft::BroadleafDeciduousTemperate] {
            let (mut parameters, mut plants) = columns(pft);
            for (k, p) in parameters.iter_mut().enumerate() {
                (p.harvest_day, p.harvest_frac) = [(205.0, 0.6), (250.0, 0.4), (206.0, 0.9), (205.0, 0.0)][k];
            }
            plants[2].storage = 0.0;
            let mut batch: Vegetation<Lanes> = together(&plants);
            let together_p: Parameters<Lanes> = together(&parameters);
            for day in [204, 205, 206, 250, 251] {
                let share = [0.0, 0.1, 0.02, 1.0].map(|s| s * day as f64 / 251.0);
                let (stored, shown) = ([0.5, 0.01, 0.0, 1.0], [0.0, 0.3, 0.07, 1.0]);
                let turnover = |k: usize| LeafTurnover {
                    transferred: stored[k],
                    displayed: shown[k],
                    leaf_share: share[k],
                    froot_share: 0.5 * share[k],
                };
                let turnovers = std::array::from_fn(turnover);
                let mut fall = act(&mut batch, &together_p, &together(&turnovers));
                harvest(&mut batch, &together_p, pft, day, &mut fall);
                for k in 0..WIDTH {
                    let mut alone = act(&mut plants[k], &parameters[k], &turnovers[k]);
                    harvest(&mut plants[k], &parameters[k], pft, day, &mut alone);
                    same(&fall.lane(k), &alone);
                    same(&batch.lane(k), &plants[k]);
                }
            }
        }
    }

    fn act<T: Real>(
        plant: &mut Vegetation<T>,
        p: &Parameters<T>,
        turnover: &LeafTurnover<T>,
    ) -> Litterfall<T> {
        display(plant, p, turnover);
        shed(plant, p, turnover)
    }
}
