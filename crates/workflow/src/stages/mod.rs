//! The stages of a reanalysis, in order.

pub mod assimilate;
pub mod baselines;
pub mod calibrate;
pub mod cross_validation;
pub mod product;
pub mod report;
pub mod sensitivity;
pub mod spinup;
pub mod validation;

#[cfg(test)]
mod fixture;

use crate::config::Workflow;
use crate::engine::Stage;

pub use validation::skill_table;

/// The stages of a workflow, in the order that they run.
#[must_use]
pub fn stages(workflow: &Workflow) -> Vec<Box<dyn Stage>> {
    let mut stages: Vec<Box<dyn Stage>> = vec![
        Box::new(spinup::SpinUp),
        Box::new(calibrate::Calibration),
        Box::new(assimilate::Assimilation),
        Box::new(baselines::Baselines),
        Box::new(product::Reanalysis),
        Box::new(validation::Validation),
        Box::new(report::HtmlReport),
    ];
    if let Some(folds) = workflow.validation.folds {
        stages.insert(2, Box::new(cross_validation::CrossValidation { folds }));
    }
    stages
}

/// The parameter names that a workflow file may give.
#[must_use]
pub fn known_parameters() -> &'static [&'static str] {
    reterra_land::parameters::NAMES
}
