//! What holds for every column that the model accepts.
//!
//! Trials come from the model's own random streams, not from proptest: a trial draws tens of thousands of numbers, which
//! proptest would keep as a tree and shrink for hours; here two numbers name a trial, and the validation runs draw
//! thousands more of the same.

use reterra_land::lanes::WIDTH;
use reterra_land::trials::Trial;

const SEED: u64 = 2026;
/// Trials, of four columns each.
const TRIALS: u32 = 300;
/// Trials whose columns run alone, too.
const ALONE: u32 = 60;

#[test]
fn nothing_turns_negative_or_infinite_and_all_budgets_close() {
    let mut unsound = Vec::new();
    for number in 0..TRIALS {
        for (lane, verdict) in Trial::draw(SEED, number).unwrap().run().into_iter().enumerate() {
            if !verdict.is_sound() {
                unsound
                    .push(format!("trial {number}, lane {lane}: {:?} {:?}", verdict.breach, verdict.failure));
            }
            assert!(!verdict.is_sound() || verdict.largest_imbalance() <= 1e-10);
        }
    }
    assert!(unsound.is_empty(), "{} columns:\n{}", unsound.len(), unsound.join("\n"));
}

#[test]
fn a_column_does_alone_what_it_does_among_others() {
    for number in 0..ALONE {
        let trial = Trial::draw(SEED, number).unwrap();
        let together = trial.run();
        for lane in (0..WIDTH).filter(|&k| together[k].is_sound()) {
            // Debug prints each number so that it reads back as the same bits.
            let alone = format!("{:?}", trial.run_alone(lane));
            assert!(alone == format!("{:?}", together[lane]), "trial {number}, lane {lane}");
        }
    }
}
