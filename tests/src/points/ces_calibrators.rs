//! Every calibration that claims a posterior beside known ones.
//!
//! All of them are derived for linear models, so that is where their figures have goals. Which of them may be believed
//! elsewhere, the last column of `out/validation/ces-1-calibrators.md` says.

use reterra_assimilation::acceptance::{Known, Problems, Reached, reached};
use reterra_assimilation::calibration::{
    EksOptions, GnkiOptions, IesOptions, Langevin, Method, Schedule, TemperingOptions, UkiOptions,
};

use crate::posterior_table::{self, MEAN_ERROR, Row, SD_RATIO};
use crate::record::{Goal, Record};
use crate::{ValidationError, places};

/// Members of every ensemble.
pub const MEMBERS: usize = 50;
/// Seeds of every method.
pub const SEEDS: u32 = 30;

/// A method that claims a posterior.
#[derive(Clone, Debug)]
pub struct Claimant {
    /// For records.
    pub key: &'static str,
    /// For people.
    pub name: &'static str,
    /// The method.
    pub method: Method,
}

/// All of them.
#[must_use]
pub fn claimants() -> Vec<Claimant> {
    let tempering = TemperingOptions::default();
    let finer = TemperingOptions { step_scale: 0.25, max_iterations: 200, ..tempering };
    let eks = EksOptions { dynamics: Langevin::Eks, ..EksOptions::default() };
    let of = |key, name, method| Claimant { key, name, method };
    vec![
        of("etki", "ETKI", Method::default()),
        of("etki-fine", "ETKI, steps of a quarter", Method::Etki(finer, Schedule::default())),
        of("eki", "EKI", Method::Eki(tempering, Schedule::default())),
        of("es-mda", "ES-MDA, 8 steps", Method::Eki(tempering, Schedule::equal(8, 1.0))),
        of("uki", "UKI", Method::Uki(UkiOptions::default())),
        of("eks", "EKS", Method::Eks(eks)),
        of("aldi", "ALDI", Method::Eks(EksOptions::default())),
        of("gnki", "GNKI", Method::Gnki(GnkiOptions::default())),
        of("ies", "iterative ensemble smoother", Method::Ies(IesOptions::default())),
    ]
}

/// Mean errors and ratios of standard deviations on the linear problem; a table of all problems.
///
/// # Errors
/// [`ValidationError::NoData`], and those of calibrations.
pub fn measure() -> Result<Vec<Record>, ValidationError> {
    let problems = Problems::read(&places::shared("../acceptance/inverse_problems.json")?)?;
    let (mut rows, mut records) = (Vec::new(), Vec::new());
    for known in problems.known() {
        for claimant in claimants() {
            let Some(found) = solve(known, &claimant)? else { continue };
            if known.name() == problems.linear.name() {
                records.extend(judged(&claimant, &found));
            }
            rows.push(Row::of(claimant.name, &found));
        }
    }
    posterior_table::write("ces-1-calibrators", &rows)?;
    Ok(records)
}

fn solve(known: &dyn Known, claimant: &Claimant) -> Result<Option<Reached>, ValidationError> {
    Ok(reached(known, &claimant.method, (MEMBERS, SEEDS))?)
}

fn judged(claimant: &Claimant, found: &Reached) -> [Record; 3] {
    let name = |what: &str| format!("ces-1-calibrators-{}-{what}", claimant.key);
    let ratio = Goal::Between(SD_RATIO.0, SD_RATIO.1);
    let [first, second] = found.sd_ratios;
    [
        Record::new(name("mean-error"), found.mean_error, Goal::AtMost(MEAN_ERROR), "posterior sd"),
        Record::new(name("sd-ratio-1"), first, ratio, "1"),
        Record::new(name("sd-ratio-2"), second, ratio, "1"),
    ]
}
