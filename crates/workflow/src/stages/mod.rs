//! The stages of a reanalysis, in order.

pub mod assimilate;
pub mod baselines;
pub mod calibrate;
pub mod product;
pub mod report;
pub mod spinup;
pub mod validation;

#[cfg(test)]
mod fixture;

use crate::engine::Stage;

pub use validation::skill_table;

/// Every stage, in the order that they run.
#[must_use]
pub fn stages() -> Vec<Box<dyn Stage>> {
    vec![
        Box::new(spinup::SpinUp),
        Box::new(calibrate::Calibration),
        Box::new(assimilate::Assimilation),
        Box::new(baselines::Baselines),
        Box::new(product::Reanalysis),
        Box::new(validation::Validation),
        Box::new(report::HtmlReport),
    ]
}

/// The parameter names that a workflow file may give.
#[must_use]
pub fn known_parameters() -> &'static [&'static str] {
    reterra_land::parameters::NAMES
}
