//! Land point 7: random columns under random weather, with anything that the model accepts.
//!
//! Every day of every column is looked at: no pool and no gross flow below zero, nothing infinite, budgets closed; and
//! columns of a batch end as each ends alone. What is drawn is `reterra_land::trials`, of which the land crate's
//! property tests run the first few hundred of another seed.

use std::sync::atomic::{AtomicU32, Ordering};

use rayon::prelude::*;
use reterra_land::error::LandError;
use reterra_land::lanes::WIDTH;
use reterra_land::trials::{Trial, Verdict, YEARS};

use crate::ValidationError;
use crate::record::{Goal, Record};

const SEED: u64 = 7;
/// Trials, of four columns each.
const TRIALS: u32 = 5_000;
/// Of these, every so manyth runs its columns alone, too.
const ALONE_EVERY: u32 = 10;
/// Relative to the stock.
const LIMIT: f64 = 1e-10;
/// Column-years that count as many.
const MANY: f64 = 5_000.0;
/// Columns of which standard error tells.
const TOLD: u32 = 20;

/// What some trials came to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Tally {
    columns: f64,
    negative: f64,
    not_finite: f64,
    imbalance: f64,
    /// Columns that ran alone, and those of them that ended otherwise than in their batch.
    alone: f64,
    different: f64,
}

impl Tally {
    fn of(verdict: &Verdict) -> Self {
        Self {
            columns: 1.0,
            negative: f64::from(u8::from(verdict.was_negative())),
            not_finite: f64::from(u8::from(verdict.was_not_finite())),
            imbalance: verdict.largest_imbalance(),
            ..Self::default()
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            columns: self.columns + other.columns,
            negative: self.negative + other.negative,
            not_finite: self.not_finite + other.not_finite,
            imbalance: self.imbalance.max(other.imbalance),
            alone: self.alone + other.alone,
            different: self.different + other.different,
        }
    }
}

/// Columns with negative or infinite quantities, the largest budget error, and how much was tried.
///
/// # Errors
/// Where a trial can't be drawn.
pub fn measure() -> Result<Vec<Record>, ValidationError> {
    let told = AtomicU32::new(0);
    let tallies: Vec<Tally> = (0..TRIALS)
        .into_par_iter()
        .map(|number| {
            run(number, &told)
                .map_err(|source| ValidationError::Land { station: format!("trial {number}"), source })
        })
        .collect::<Result<_, _>>()?;
    let all = tallies.into_iter().fold(Tally::default(), Tally::and);
    let count = |what: &str, n| Record::new(format!("land-7-{what}"), n, Goal::AtMost(0.0), "columns");
    Ok(vec![
        count("negative-pools", all.negative),
        count("not-finite", all.not_finite),
        Record::new("land-7-balance", all.imbalance, Goal::AtMost(LIMIT), "1"),
        count("not-alike-alone", all.different),
        Record::new("land-7-alone", all.alone, Goal::AtLeast(MANY / 10.0), "columns"),
        Record::new("land-7-cases", all.columns * YEARS as f64, Goal::AtLeast(MANY), "column-years"),
    ])
}

fn run(number: u32, told: &AtomicU32) -> Result<Tally, LandError> {
    let trial = Trial::draw(SEED, number)?;
    let verdicts = trial.run();
    let mut tally = Tally::default();
    for (lane, verdict) in verdicts.iter().enumerate() {
        if !verdict.is_sound() && told.fetch_add(1, Ordering::Relaxed) < TOLD {
            eprintln!("trial {number}, lane {lane}: {:?} {:?}", verdict.breach, verdict.failure);
        }
        tally = tally.and(Tally::of(verdict));
    }
    if number.is_multiple_of(ALONE_EVERY) {
        // Debug prints each number so that it reads back as the same bits.
        let differs =
            |&lane: &usize| format!("{:?}", trial.run_alone(lane)) != format!("{:?}", verdicts[lane]);
        tally.alone = WIDTH as f64;
        tally.different = (0..WIDTH).filter(differs).count() as f64;
    }
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tallies_add_up_and_keep_the_worst_budget() {
        let verdict = Trial::draw(SEED, 0).unwrap().run().remove(0);
        let good = Tally::of(&verdict);
        assert!(good.negative == 0.0 && good.imbalance > 0.0 && good.imbalance < LIMIT, "{good:?}");
        let stopped = LandError::Balance { quantity: "carbon", day: 3, error: 0.5, stock: 10.0 };
        let bad = Tally::of(&Verdict { failure: Some(stopped), ..verdict });
        let both = good.and(bad);
        assert!((both.imbalance - 0.05).abs() < 1e-15 && (both.columns - 2.0).abs() < 1e-15);
    }
}
