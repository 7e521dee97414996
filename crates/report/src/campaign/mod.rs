//! A campaign's posterior: corner plot, validation of the emulators, chains, coverage, sensitivity; each as a figure, and
//! all of them on one page.

mod chains;
mod corner;
mod coverage;
mod density;
pub mod input;
mod page;
mod sensitivity;
#[cfg(test)]
mod tests;
mod validation;

pub use input::Campaign;
pub use page::render;

use crate::figures::with_margin;

/// Names and SVG text of a campaign's figures, as files of their own; those that have nothing to show are left out.
#[must_use]
pub fn figures(campaign: &Campaign) -> Vec<(&'static str, String)> {
    let drawn = [
        ("corner", Some(corner::draw(campaign))),
        ("emulators", validation::draw(&campaign.outputs)),
        ("chains", Some(chains::draw(campaign))),
        ("coverage", coverage::draw(campaign)),
        ("sensitivity", sensitivity::draw(campaign)),
    ];
    let file =
        |(name, figure): (&'static str, Option<_>)| Some((name, with_margin(figure?, "").standalone()));
    drawn.into_iter().filter_map(file).collect()
}
