//! What must not become a posterior, and what must.

use reterra_assimilation::AssimilationError;
use reterra_assimilation::acceptance::{Collapsed, Problems, of_collapsed_design, of_noise};
use reterra_assimilation::ces::{CesOptions, Posterior, Refusal, calibrate_emulate_sample};

use crate::record::{Goal, Record};
use crate::{ValidationError, places};

const SEEDS: u32 = 5;
const OUTPUTS: usize = 1000;

/// Shares of campaigns that end as they must, over seeds.
///
/// # Errors
/// [`ValidationError::NoData`], and those of the problem.
pub fn measure() -> Result<Vec<Record>, ValidationError> {
    let problems = Problems::read(&places::shared("../acceptance/inverse_problems.json")?)?;
    let known = &problems.sinusoid;
    let problem = reterra_assimilation::acceptance::Known::problem(known)?;
    let options = |seed: u32| CesOptions { seed: u64::from(seed), members: 30, ..CesOptions::default() };
    let share =
        |ends: &dyn Fn(u32) -> bool| (0..SEEDS).filter(|seed| ends(*seed)).count() as f64 / f64::from(SEEDS);
    let point = share(&|seed| {
        let found = of_collapsed_design(known, Collapsed::Point, &options(seed));
        matches!(said("a design at a point", found), Some(Refusal::NoContrast { .. }))
    });
    let corner = share(&|seed| {
        let found = of_collapsed_design(known, Collapsed::Corner, &options(seed));
        matches!(said("a design in a corner", found), Some(Refusal::OutsideDesign { .. }))
    });
    let line = share(&|seed| {
        let found = of_collapsed_design(known, Collapsed::Line, &options(seed));
        matches!(said("a design on a line", found), Some(Refusal::Collapsed { .. }))
    });
    let noise = share(&|seed| {
        let found = of_noise(OUTPUTS, options(seed));
        matches!(said("pure noise", found), Some(Refusal::NothingLearnt { .. }))
    });
    let good = share(&|seed| calibrate_emulate_sample(known, problem.clone(), options(seed)).is_ok());
    let record = |what: &str, value| Record::new(format!("ces-5-{what}"), value, Goal::AtLeast(1.0), "1");
    Ok(vec![
        record("collapsed-at-a-point", point),
        record("collapsed-in-a-corner", corner),
        record("collapsed-on-a-line", line),
        record("pure-noise", noise),
        record("good-design-accepted", good),
    ])
}

/// The refusal, printed.
fn said(what: &str, found: Result<Posterior, AssimilationError>) -> Option<Refusal> {
    match found {
        Ok(_) => {
            eprintln!("{what}: a posterior");
            None
        }
        Err(error) => {
            eprintln!("{what}: {error}");
            if let AssimilationError::Refused(refusal) = error { Some(refusal) } else { None }
        }
    }
}
