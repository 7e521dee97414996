//! Where a trial's columns are, what grows there, and with which parameters.

use super::dice::Dice;
use crate::column::{Base, Cover, Site};
use crate::error::LandError;
use crate::fire::Ignition;
use crate::parameters::{NAMES, Parameters};
use crate::plant::pft::Pft;
use crate::soil::LAYERS;
use crate::soil::grid::NODE;

/// Most tiles of a trial.
const TILES: usize = 4;
/// Largest nitrogen deposition that stations may have, gN m⁻² yr⁻¹ (10⁻⁶ gN m⁻² s⁻¹).
const DEPOSITION: f64 = 31.5;
/// Keeps a type from having next to nothing of what others have 1 of on average.
const LEAST_PART: f64 = 1e-4;
/// By how much shares may sum to more than the whole, for their digits' sake.
const MOST_ROUNDING: f64 = 9e-10;
/// How far plausible values reach from their defaults, as a factor.
const PLAUSIBLE: f64 = 2.0;
/// How far from a default of zero, as a share of the range accepted.
const PLAUSIBLE_SHARE: f64 = 0.05;

/// What the columns of a batch have in common.
pub(super) struct Shared {
    types: Vec<Pft>,
    soil_depth: f64,
}

impl Shared {
    /// One to four types on soil from a film to beyond the deepest layer.
    pub fn draw(dice: &mut Dice) -> Self {
        let types = (0..=dice.0.index(TILES)).map(|_| dice.of(&Pft::ALL)).collect();
        Self { types, soil_depth: dice.decades(0.01, 12.0) }
    }
}

/// Mineral soil, peat on top of it, or peat throughout, kg m⁻³.
fn organic(dice: &mut Dice) -> [f64; LAYERS] {
    let top = if dice.one_in(2) { 0.0 } else { dice.within(0.0, 130.0) };
    let depth = dice.decades(0.02, 10.0);
    NODE.map(|z| top * (-z / depth).exp())
}

/// A place somewhere on Earth.
pub(super) fn site(shared: &Shared, dice: &mut Dice) -> Site {
    let (sand, clay) = texture(dice);
    let latitude = dice.within(-90.0, 90.0);
    Site {
        latitude,
        elevation: dice.within(-500.0, 9_000.0),
        cover: cover(&shared.types, dice),
        sand,
        clay,
        organic: organic(dice),
        soil_depth: shared.soil_depth,
        base: if dice.one_in(3) { Base::Bedrock { slope: dice.within(0.0, 60.0) } } else { Base::Open },
        wind: std::array::from_fn(|_| dice.within(0.05, 20.0)),
        nitrogen_deposition: if dice.one_in(4) { 0.0 } else { dice.decades(0.01, DEPOSITION) },
        ignition: ignition(latitude, dice),
    }
}

/// Anything from wilderness without a storm to a thunderous suburb.
fn ignition(latitude: f64, dice: &mut Dice) -> Ignition {
    let usual = Ignition::usual(latitude);
    if dice.one_in(2) {
        return usual;
    }
    let stormy = dice.within(0.0, 10.0);
    Ignition {
        lightning: usual.lightning.map(|flashes| flashes * stormy),
        population: dice.within(0.0, 2_000.0),
        wealth: dice.within(0.0, 100.0),
    }
}

/// Percent of sand and clay: a pure one, or a mixture.
fn texture(dice: &mut Dice) -> (f64, f64) {
    if dice.one_in(6) {
        return dice.of(&[(100.0, 0.0), (0.0, 100.0), (0.0, 0.0)]);
    }
    let parts: [f64; 3] = std::array::from_fn(|_| -dice.0.uniform().ln());
    let sum: f64 = parts.iter().sum();
    (100.0 * parts[0] / sum, 100.0 * parts[1] / sum)
}

/// Shares of the types; some ground is bare, or nearly all of it.
fn cover(types: &[Pft], dice: &mut Dice) -> Vec<Cover> {
    let covered = match dice.0.index(6) {
        0 => dice.between(0.02, 1.0),
        1 => dice.decades(1e-4, 1.0),
        2 => 1.0 + MOST_ROUNDING,
        _ => 1.0,
    };
    let parts: Vec<f64> = types.iter().map(|_| LEAST_PART - dice.0.uniform().ln()).collect();
    let sum: f64 = parts.iter().sum();
    let share = |(&pft, part): (&Pft, f64)| Cover { pft, fraction: covered * part / sum };
    types.iter().zip(parts).map(share).collect()
}

/// How far parameters are from their defaults.
#[derive(Clone, Copy)]
enum Spread {
    /// Not at all.
    None,
    /// Half to double, the way ensembles of CLM5 are drawn (Kennedy et al. 2025, doi:10.1029/2024MS004715).
    Plausible,
    /// So, but some anywhere within the range accepted.
    Mixed,
    /// All anywhere within it.
    Anywhere,
}

/// Parameters of every tile.
pub(super) fn parameters(site: &Site, dice: &mut Dice) -> Result<Vec<Parameters>, LandError> {
    let spread =
        dice.of(&[Spread::None, Spread::Plausible, Spread::Plausible, Spread::Mixed, Spread::Anywhere]);
    site.cover.iter().map(|cover| of_type(cover.pft, spread, dice)).collect()
}

fn of_type(pft: Pft, spread: Spread, dice: &mut Dice) -> Result<Parameters, LandError> {
    let mut p = Parameters::for_pft(pft);
    for name in NAMES {
        let (lower, upper) = Parameters::range(name)?;
        let default = p.get(name)?;
        let anywhere = match spread {
            Spread::None => continue,
            Spread::Plausible => false,
            Spread::Mixed => dice.one_in(4),
            Spread::Anywhere => true,
        };
        let value = if anywhere {
            dice.within(lower, upper)
        } else if default == 0.0 {
            dice.between(-PLAUSIBLE_SHARE, PLAUSIBLE_SHARE) * (upper - lower)
        } else {
            default * dice.decades(1.0 / PLAUSIBLE, PLAUSIBLE)
        };
        p.set(name, value.clamp(lower, upper))?;
    }
    Ok(p)
}
