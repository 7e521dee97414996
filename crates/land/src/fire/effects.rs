//! What fire does to plants: what of them burns, what dies and falls, what stays.
//!
//! CLM5's combustion completeness (`cc_*`) and mortality (`fm_*`) by plant type, parameter file c171117. Roots don't
//! burn. Killed stems stay as dead wood, but for the share that falls.

use crate::lanes::Real;
use crate::plant::pft::Pft;
use crate::plant::state::Vegetation;
use crate::plant::turnover::Litterfall;

/// CLM5's constants of fire of a plant type; shares of what is where fire passes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FireTraits {
    /// Share of leaves that burns (`cc_leaf`).
    pub burns_leaf: f64,
    /// Share of stems, live and dead, that burns (`cc_lstem`, `cc_dstem`).
    pub burns_stem: f64,
    /// Share of stores that burns (`cc_other`).
    pub burns_store: f64,
    /// Share of unburned leaves that dies (`fm_leaf`).
    pub kills_leaf: f64,
    /// Share of unburned live stems that dies (`fm_lstem`).
    pub kills_stem: f64,
    /// Share of unburned stores that is lost to litter (`fm_other`).
    pub kills_store: f64,
    /// Share of roots that dies, and of wood that falls (`fm_root`, `fm_lroot`, `fm_droot`).
    pub kills_root: f64,
    /// Speed of fire, m s⁻¹ (`fsr_pft`).
    pub spread: f64,
}

impl FireTraits {
    /// Those of a plant type.
    #[must_use]
    pub const fn of(pft: Pft) -> Self {
        // Stems that burn, stores that burn, stems and stores that die, roots that die, speed.
        let [burns_stem, burns_store, kills, kills_root, spread] = match pft {
            Pft::NeedleleafEvergreenTemperate
            | Pft::NeedleleafEvergreenBoreal
            | Pft::NeedleleafDeciduousBoreal => [0.30, 0.50, 0.50, 0.15, 0.26],
            Pft::BroadleafEvergreenTropical
            | Pft::BroadleafEvergreenTemperate
            | Pft::BroadleafDeciduousBoreal => [0.27, 0.45, 0.45, 0.13, 0.25],
            Pft::BroadleafDeciduousTropical | Pft::BroadleafDeciduousTemperate => {
                [0.27, 0.45, 0.35, 0.10, 0.25]
            }
            Pft::EvergreenShrub | Pft::DeciduousShrubTemperate | Pft::DeciduousShrubBoreal => {
                [0.35, 0.55, 0.55, 0.17, 0.28]
            }
            Pft::ArcticGrass | Pft::C3Grass | Pft::C4Grass | Pft::C3Crop => [0.80, 0.80, 0.80, 0.20, 0.33],
        };
        Self {
            burns_leaf: 0.8,
            burns_stem,
            burns_store,
            kills_leaf: 0.8,
            kills_stem: kills,
            kills_store: kills,
            kills_root,
            spread,
        }
    }

    /// Share of wood above and below ground that leaves it where fire passes, of which `stem` is above ground: from live
    /// wood (what becomes dead wood included) and from dead wood.
    #[must_use]
    pub fn wood_loss<T: Real>(&self, stem: T) -> [T; 2] {
        let Wood { air, falls, dies } = self.wood(stem);
        [air + falls + dies, air + falls]
    }

    fn wood<T: Real>(&self, stem: T) -> Wood<T> {
        let standing = stem * (1.0 - self.burns_stem);
        Wood {
            air: stem * self.burns_stem,
            falls: (standing + (T::of(1.0) - stem)) * self.kills_root,
            dies: standing * (self.kills_stem - self.kills_root),
        }
    }
}

/// Shares of wood that burn, fall, and turn from live to dead.
struct Wood<T> {
    air: T,
    falls: T,
    dies: T,
}

/// Burns the share `burned` of a tile, whose wood is `stem` above ground: adds what burns and what falls to `fall`.
pub fn burn<T: Real>(
    plant: &mut Vegetation<T>,
    traits: &FireTraits,
    (burned, stem): (T, T),
    fall: &mut Litterfall<T>,
) {
    let leaf = (burned * traits.burns_leaf, burned * ((1.0 - traits.burns_leaf) * traits.kills_leaf));
    let store = (burned * traits.burns_store, burned * ((1.0 - traits.burns_store) * traits.kills_store));
    let root = (T::default(), burned * traits.kills_root);
    let Wood { air, falls, dies } = traits.wood(stem);
    let wood = (burned * air, burned * falls);
    let n = &mut plant.nitrogen;
    lose(&mut plant.leaf, leaf, (&mut fall.fire, &mut fall.leaf));
    lose(&mut n.leaf, leaf, (&mut fall.fire_n, &mut fall.leaf_n));
    for pool in [&mut plant.storage, &mut plant.transfer, &mut plant.reserve] {
        lose(pool, store, (&mut fall.fire, &mut fall.leaf));
    }
    for pool in [&mut n.storage, &mut n.transfer, &mut plant.retrans_n] {
        lose(pool, store, (&mut fall.fire_n, &mut fall.leaf_n));
    }
    lose(&mut plant.froot, root, (&mut fall.fire, &mut fall.froot));
    lose(&mut n.froot, root, (&mut fall.fire_n, &mut fall.froot_n));
    let died = plant.livewood * (burned * dies);
    let died_n = n.livewood * (burned * dies);
    for (live, dead, died, air, falls) in [
        (&mut plant.livewood, &mut plant.deadwood, died, &mut fall.fire, &mut fall.wood),
        (&mut n.livewood, &mut n.deadwood, died_n, &mut fall.fire_n, &mut fall.wood_n),
    ] {
        lose(live, wood, (air, falls));
        lose(dead, wood, (air, falls));
        *live -= died;
        *dead += died;
    }
}

/// Takes shares of a pool to the air and to litter.
fn lose<T: Real>(pool: &mut T, shares: (T, T), (air, litter): (&mut T, &mut T)) {
    let (burns, falls) = (*pool * shares.0, *pool * shares.1);
    *pool -= burns + falls;
    *air += burns;
    *litter += falls;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::{Batched, Lanes, WIDTH};
    use crate::parameters::Parameters;
    use crate::plant::pft::LeafHabit;

    fn plant(pft: Pft) -> Vegetation {
        let p = Parameters::for_pft(pft);
        let mut plant = Vegetation::cold_start(&p, pft.is_woody(), LeafHabit::Evergreen, 283.0);
        (plant.storage, plant.transfer) = (40.0, 10.0);
        plant.reset_nitrogen(&p);
        plant
    }

    #[test]
    fn fire_conserves_and_leaves_nothing_negative_even_where_all_burns() {
        for pft in Pft::ALL {
            for (burned, stem) in [(1e-4, 0.77), (1.0, 1.0), (1.0, 0.3)] {
                let (before, mut after) = (plant(pft), plant(pft));
                let mut fall = Litterfall::default();
                burn(&mut after, &FireTraits::of(pft), (burned, stem), &mut fall);
                let lost = fall.leaf + fall.froot + fall.wood + fall.fire;
                let lost_n = fall.leaf_n + fall.froot_n + fall.wood_n + fall.fire_n;
                assert!((before.carbon() - after.carbon() - lost).abs() < 1e-10 && lost > 0.0);
                assert!((before.total_nitrogen() - after.total_nitrogen() - lost_n).abs() < 1e-10);
                let n = after.nitrogen;
                for pool in [after.leaf, after.storage, after.livewood, n.leaf, n.livewood, after.retrans_n] {
                    assert!(pool >= 0.0, "{pft:?}: {pool}");
                }
            }
        }
    }

    #[test]
    fn a_burned_pine_loses_what_clm_takes() {
        let (before, mut after) =
            (plant(Pft::NeedleleafEvergreenBoreal), plant(Pft::NeedleleafEvergreenBoreal));
        let (stem, mut fall) = (1.0 / 1.3, Litterfall::default());
        let traits = FireTraits::of(Pft::NeedleleafEvergreenBoreal);
        burn(&mut after, &traits, (0.01, stem), &mut fall);
        let close = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-12, "{a} is not {b}");
        close(before.leaf - after.leaf, 0.01 * (0.8 + 0.2 * 0.8) * before.leaf);
        close(before.froot - after.froot, 0.01 * 0.15 * before.froot);
        let to_dead = 0.01 * stem * 0.7 * (0.5 - 0.15) * before.livewood;
        let dead = 0.01 * (stem * (0.3 + 0.7 * 0.15) + (1.0 - stem) * 0.15) * before.deadwood;
        close(after.deadwood - before.deadwood, to_dead - dead);
        let wood = before.livewood + before.deadwood;
        close(
            fall.fire,
            0.01 * (0.8 * before.leaf + 0.5 * (before.stored() + before.reserve) + stem * 0.3 * wood),
        );
        let [live, dead_share] = traits.wood_loss(stem);
        close(0.01 * live * before.livewood, before.livewood - after.livewood);
        close(0.01 * dead_share * before.deadwood, dead);
    }

    #[test]
    fn a_batch_burns_as_its_columns_do() {
        let pft = Pft::EvergreenShrub;
        let burned = [0.0, 1e-3, 0.3, 1.0];
        let plants = [1.0, 0.5, 2.0, 0.0].map(|scale| Vegetation { leaf: 90.0 * scale, ..plant(pft) });
        let mut batch = Vegetation::<Lanes>::gather(&|k| &plants[k]);
        let mut together = Litterfall::default();
        let traits = FireTraits::of(pft);
        burn(&mut batch, &traits, (Lanes::from(burned), Lanes::splat(0.77)), &mut together);
        for k in 0..WIDTH {
            let (mut alone, mut fall) = (plants[k].clone(), Litterfall::default());
            burn(&mut alone, &traits, (burned[k], 0.77), &mut fall);
            assert_eq!(format!("{:?}", batch.lane(k)), format!("{alone:?}"));
            assert_eq!(format!("{:?}", together.lane(k)), format!("{fall:?}"));
        }
    }
}
