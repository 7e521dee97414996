//! Early stop: where a score on data that training doesn't see no longer falls (Prechelt 1998,
//! doi:10.1007/3-540-49430-8_3).

use serde::{Deserialize, Serialize};

/// When to score, and when to give up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopping {
    /// Steps between scores.
    pub every: u64,
    /// Scores without a better one after which training ends.
    pub patience: u32,
}

/// The best score so far.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// The lowest.
    pub score: f64,
    /// Steps that were done then.
    pub step: u64,
    /// Scores since.
    pub since: u32,
}

/// What a score means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The best so far.
    Better,
    /// Not the best, and there is patience left.
    Worse,
    /// Patience is spent.
    Stop,
}

impl Stopping {
    /// Judges a score, lower is better, after so many steps. A score that is no number is never better.
    pub fn judge(&self, best: &mut Option<Best>, score: f64, step: u64) -> Verdict {
        match best {
            Some(best) if score.is_nan() || score >= best.score => {
                best.since += 1;
                if best.since >= self.patience { Verdict::Stop } else { Verdict::Worse }
            }
            None if score.is_nan() => Verdict::Worse,
            _ => {
                *best = Some(Best { score, step, since: 0 });
                Verdict::Better
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Verdict::{Better, Stop, Worse};
    use super::*;

    #[test]
    fn patience_counts_scores_since_the_best() {
        let stopping = Stopping { every: 1, patience: 2 };
        let mut best = None;
        let scores = [f64::NAN, 3.0, 4.0, 2.0, 2.0, f64::NAN];
        let verdicts: Vec<Verdict> =
            (0..).zip(scores).map(|(step, score)| stopping.judge(&mut best, score, step)).collect();
        assert_eq!(verdicts, [Worse, Better, Worse, Better, Worse, Stop]);
        assert_eq!(best, Some(Best { score: 2.0, step: 3, since: 2 }));
    }
}
