//! Fire, as in CLM5: how much of a column burns on a day, and what becomes of what stood and lay there.
//!
//! Li et al. 2012 (doi:10.5194/bg-9-2761-2012), 2013 (doi:10.5194/bg-10-2293-2013) and Li and Lawrence 2017
//! (doi:10.1175/JCLI-D-16-0460.1); CLM5 technical note, chapter 2.24, with the constants of its `li2016crufrc`.
//! [Ignitions](Ignition) by lightning and people, less what people put out, meet [fuel](availability) that has to be
//! there and [dry](Weather::combustibility); fires spread with wind, faster in grass than in trees
//! ([`FireRegime`]). What burns and what dies of it is a matter of the plant type ([`burn`]); litter and woody debris
//! burn layer by layer in [`crate::soil::step`].
//!
//! Left out: peat fires (CLM takes their carbon from nowhere), fires of deforestation, for which a column would have
//! to lose forest, and the burning of crop residues, which Europe forbids. So crops don't burn, and neither does a
//! closed tropical forest.

mod area;
mod effects;
mod ignition;
#[cfg(test)]
pub(crate) mod tests;

pub use area::{FireRegime, Weather, availability, woodiness};
pub use effects::{FireTraits, burn};
pub use ignition::Ignition;

/// Share of litter that burns where fire passes (CLM5 `cmb_cmplt_fact`).
pub const LITTER_COMPLETENESS: f64 = 0.5;
/// Share of woody debris that burns where fire passes.
pub const DEBRIS_COMPLETENESS: f64 = 0.28;
