//! One parameter at a time about the middle of all, as CLM5's first ensemble of parameters was drawn
//! (Kennedy et al. 2025, doi:10.1029/2024MS004715).

use super::{Design, Sample, Step, TAIL};

/// The median of all parameters, then each parameter alone at some levels, down to 5 % and up to 95 % of its
/// distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OneAtATime {
    /// Levels on either side of the median; with one each parameter runs at its two ends.
    pub levels: usize,
}

impl OneAtATime {
    /// Probabilities of the levels, the outermost last.
    fn probabilities(self) -> impl Iterator<Item = f64> {
        let aside = move |i: usize| (0.5 - TAIL) * i as f64 / self.levels as f64;
        (1..=self.levels).flat_map(move |i| [0.5 - aside(i), 0.5 + aside(i)])
    }
}

impl Design for OneAtATime {
    fn sample(&self, parameters: usize, _: u64) -> Sample {
        let middle = vec![0.5; parameters];
        let mut sample = Sample { points: vec![middle.clone()], steps: Vec::new() };
        for parameter in 0..parameters {
            for p in self.probabilities() {
                let mut point = middle.clone();
                point[parameter] = p;
                let runs = [0, sample.points.len()];
                sample.steps.push(Step { parameter, runs, change: p - 0.5 });
                sample.points.push(point);
            }
        }
        sample
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_but_the_first_changes_one_parameter() {
        for levels in 1..5 {
            let sample = OneAtATime { levels }.sample(3, 1);
            assert_eq!(sample.points.len(), 1 + 3 * 2 * levels);
            for step in &sample.steps {
                let [base, run] = step.runs.map(|run| &sample.points[run]);
                let changed: Vec<usize> = (0..3).filter(|&i| base[i].to_bits() != run[i].to_bits()).collect();
                assert_eq!(changed, [step.parameter]);
                assert!((run[step.parameter] - 0.5 - step.change).abs() < 1e-15 && step.change.abs() > 0.01);
            }
        }
    }

    #[test]
    fn one_level_is_the_ends_and_two_have_the_middles_too() {
        for (levels, expected) in [(1, &[0.05, 0.95][..]), (2, &[0.275, 0.725, 0.05, 0.95][..])] {
            let found: Vec<f64> = OneAtATime { levels }.probabilities().collect();
            assert_eq!(found.len(), expected.len());
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
        }
    }
}
