//! What grows where: cover by climate rules, with correlated noise for what people and chance decide.
//!
//! Limits of warmth and frost are those of BIOME1 (Prentice et al. 1992, doi:10.2307/2845499): trees need 350 degree-days
//! above 5 °C, temperate summer-green trees 1,200, sclerophylls a coldest month above 5 °C. Which physiology a tree, shrub
//! or grass has is [`Pft::from_climate`], as for stations. Shares of crops and forests were set to Europe's orders of
//! magnitude (a quarter cropland, a third forest), not to any map.

use reterra_land::column::Cover;
use reterra_land::plant::pft::{Pft, VegetationClass};

use crate::climate::Bioclimate;
use crate::noise::{Field, Fractal, key};

const LANDSCAPE: Fractal = Fractal { longest: 300.0, shortest: 25.0, hurst: 0.3 };
/// Tiles a column has at most, and the share below which a type gets none.
const MOST_TILES: usize = 4;
const LEAST_SHARE: f64 = 0.07;

/// The fields of the landscape.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LandscapeNoise {
    keys: [u64; 3],
}

/// How wooded, how coniferous and how ploughed a place is, standard normal.
pub(crate) type Draws = [f64; 3];

impl LandscapeNoise {
    pub fn new(seed: u64) -> Self {
        Self { keys: [Field::Forest, Field::Conifer, Field::Crop].map(|field| key(seed, field, 0)) }
    }

    pub fn at(&self, point: [f64; 3]) -> Draws {
        self.keys.map(|key| LANDSCAPE.at(point, key))
    }
}

/// From 0 to 1 between two bounds.
fn ramp(value: f64, from: f64, to: f64) -> f64 {
    ((value - from) / (to - from)).clamp(0.0, 1.0)
}

/// Tiles of a place, types in CLM's order; the rest is bare.
pub(crate) fn cover(climate: &Bioclimate, elevation: f64, draws: &Draws) -> Vec<Cover> {
    let shares = shares(climate, elevation, draws);
    let mut cover: Vec<Cover> = Vec::new();
    for (class, fraction) in shares {
        let pft = physiology(class, climate);
        match cover.iter_mut().find(|c| c.pft == pft) {
            Some(tile) => tile.fraction += fraction,
            None => cover.push(Cover { pft, fraction }),
        }
    }
    let vegetated: f64 = cover.iter().map(|c| c.fraction).sum();
    cover.retain(|c| c.fraction >= LEAST_SHARE);
    cover.sort_by(|a, b| b.fraction.total_cmp(&a.fraction).then(a.pft.index().cmp(&b.pft.index())));
    cover.truncate(MOST_TILES);
    let kept: f64 = cover.iter().map(|c| c.fraction).sum();
    for tile in &mut cover {
        tile.fraction *= vegetated / kept;
    }
    cover.sort_by_key(|c| c.pft.index());
    cover
}

fn shares(climate: &Bioclimate, elevation: f64, draws: &Draws) -> [(VegetationClass, f64); 5] {
    let Bioclimate { coldest, degree_days, wetness, .. } = *climate;
    let vegetated = 0.98 * ramp(wetness, 0.05, 0.35) * ramp(degree_days, 50.0, 400.0);
    let arable = ramp(degree_days, 1_000.0, 1_900.0) * ramp(wetness, 0.25, 0.55);
    let crops = arable * (-elevation / 600.0).exp() * (0.38 + 0.2 * draws[2]).clamp(0.0, 0.9);
    let wooded = ramp(degree_days, 350.0, 800.0) * ramp(wetness, 0.35, 0.9);
    let trees = (1.0 - crops) * wooded * (0.55 + 0.2 * draws[0]).clamp(0.0, 0.95);
    let open = 1.0 - crops - trees;
    let dry_or_cold = (1.0 - ramp(wetness, 0.35, 0.8)).max(1.0 - ramp(degree_days, 400.0, 1_000.0));
    let shrubs = open * (0.1 + 0.5 * dry_or_cold);
    let frost = ramp(-(coldest - 273.15), -4.0, 9.0);
    let conifers = (0.12 + 0.76 * frost + 0.15 * draws[1]).clamp(0.0, 1.0);
    let mild = coldest > 278.15 && wetness < 1.0;
    let broadleaf =
        if mild { VegetationClass::EvergreenBroadleaf } else { VegetationClass::DeciduousBroadleaf };
    [
        (VegetationClass::EvergreenNeedleleaf, vegetated * trees * conifers),
        (broadleaf, vegetated * trees * (1.0 - conifers)),
        (VegetationClass::Shrub, vegetated * shrubs),
        (VegetationClass::Grass, vegetated * (open - shrubs)),
        (VegetationClass::Crop, vegetated * crops),
    ]
}

fn physiology(class: VegetationClass, climate: &Bioclimate) -> Pft {
    Pft::from_climate(class, climate.mean, climate.coldest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GERMANY: Bioclimate =
        Bioclimate { mean: 282.4, coldest: 273.0, degree_days: 1_900.0, wetness: 1.2 };

    fn total(cover: &[Cover]) -> f64 {
        cover.iter().map(|c| c.fraction).sum()
    }

    #[test]
    fn shares_are_above_their_least_and_leave_room() {
        for i in 0..2_000 {
            let of = |k: i32, n: i32| f64::from((i * k) % n) / f64::from(n);
            let climate = Bioclimate {
                mean: 260.0 + 40.0 * of(7, 31),
                coldest: 245.0 + 45.0 * of(11, 37),
                degree_days: 4_000.0 * of(13, 41),
                wetness: 2.0 * of(17, 43),
            };
            let draws = [of(3, 29), of(5, 23), of(19, 19)].map(|u| 6.0 * u - 3.0);
            let cover = cover(&climate, 2_000.0 * of(23, 17), &draws);
            assert!(cover.len() <= MOST_TILES && total(&cover) <= 1.0 + 1e-12);
            assert!(cover.iter().all(|c| c.fraction >= LEAST_SHARE));
            assert!(cover.windows(2).all(|pair| pair[0].pft.index() < pair[1].pft.index()));
        }
    }

    #[test]
    fn plains_have_crops_mountains_none_and_deserts_nothing() {
        let crops = |cover: &[Cover]| cover.iter().find(|c| c.pft == Pft::C3Crop).map_or(0.0, |c| c.fraction);
        assert!(crops(&cover(&GERMANY, 100.0, &[0.0; 3])) > 0.2);
        let alpine = Bioclimate { mean: 272.0, coldest: 264.0, degree_days: 400.0, wetness: 3.0 };
        assert!(crops(&cover(&alpine, 2_200.0, &[0.0; 3])) < 1e-12);
        let desert = Bioclimate { mean: 295.0, coldest: 285.0, degree_days: 5_000.0, wetness: 0.03 };
        assert!(cover(&desert, 200.0, &[0.0; 3]).is_empty());
    }

    #[test]
    fn the_taiga_is_needleleaf_and_the_mediterranean_evergreen() {
        let taiga = Bioclimate { mean: 276.0, coldest: 263.0, degree_days: 1_100.0, wetness: 1.3 };
        let has = |cover: &[Cover], pft: Pft| cover.iter().any(|c| c.pft == pft);
        assert!(has(&cover(&taiga, 150.0, &[0.0; 3]), Pft::NeedleleafEvergreenBoreal));
        let coast = Bioclimate { mean: 290.0, coldest: 282.0, degree_days: 4_200.0, wetness: 0.6 };
        let found = cover(&coast, 150.0, &[0.0; 3]);
        assert!(has(&found, Pft::BroadleafEvergreenTemperate) && has(&found, Pft::EvergreenShrub));
    }
}
