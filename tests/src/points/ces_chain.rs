//! Calibrate, emulate, sample against exact posteriors: one point a problem.

use reterra_assimilation::acceptance::{Known, Problems, reached_by_sampling};
use reterra_assimilation::ces::CesOptions;

use super::ces_calibrators::{MEMBERS, SEEDS};
use crate::posterior_table::{self, MEAN_ERROR, Row, SD_RATIO};
use crate::record::{Goal, Record};
use crate::{ValidationError, places};

/// Mean error and ratios of standard deviations on the linear problem.
///
/// # Errors
/// [`ValidationError::NoData`], and those of the problem.
pub fn linear() -> Result<Vec<Record>, ValidationError> {
    measure(|problems| &problems.linear)
}

/// The same on the elliptic equation under a normal prior.
///
/// # Errors
/// As [`linear`].
pub fn elliptic_normal() -> Result<Vec<Record>, ValidationError> {
    measure(|problems| &problems.elliptic_gaussian_prior)
}

/// The same under a prior with bounds.
///
/// # Errors
/// As [`linear`].
pub fn elliptic_bounded() -> Result<Vec<Record>, ValidationError> {
    measure(|problems| &problems.elliptic_bounded_prior)
}

/// The same on the sinusoid.
///
/// # Errors
/// As [`linear`].
pub fn sinusoid() -> Result<Vec<Record>, ValidationError> {
    measure(|problems| &problems.sinusoid)
}

fn measure(choose: fn(&Problems) -> &dyn Known) -> Result<Vec<Record>, ValidationError> {
    let problems = Problems::read(&places::shared("../acceptance/inverse_problems.json")?)?;
    let known = choose(&problems);
    let options = CesOptions { members: MEMBERS, ..CesOptions::default() };
    let (found, refused) = reached_by_sampling(known, &options, SEEDS)?;
    for reason in &refused {
        eprintln!("{}: {reason}", known.name());
    }
    let name = |what: &str| format!("ces-1-{}-{what}", known.name());
    posterior_table::write(
        &format!("ces-1-{}", known.name()),
        &[Row::of("calibrate, emulate, sample", &found)],
    )?;
    let posteriors = f64::from(found.seeds) / f64::from(SEEDS);
    let [first, second] = found.sd_ratios;
    let ratio = Goal::Between(SD_RATIO.0, SD_RATIO.1);
    // A mean over no seeds is no figure.
    let or_nan = |value: f64| if found.seeds == 0 { f64::NAN } else { value };
    Ok(vec![
        Record::new(name("posteriors"), posteriors, Goal::AtLeast(1.0), "1"),
        Record::new(name("mean-error"), or_nan(found.mean_error), Goal::AtMost(MEAN_ERROR), "posterior sd"),
        Record::new(name("sd-ratio-1"), or_nan(first), ratio, "1"),
        Record::new(name("sd-ratio-2"), or_nan(second), ratio, "1"),
    ])
}
