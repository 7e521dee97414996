//! Trajectories of one step in each parameter (Morris 1991, doi:10.1080/00401706.1991.10484804).

use super::{Design, Sample, Step, TAIL};
use crate::random::{Stage, Stream, StreamKey};

/// Levels of every parameter, from 5 % to 95 % of its distribution, and the levels of a step: Morris's choice of an
/// even number and half of it makes all levels equally likely.
const LEVELS: usize = 4;
const JUMP: usize = LEVELS / 2;

/// Trajectories from random points, each of which changes every parameter once, in random order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Morris {
    /// Number of trajectories; each takes one run more than there are parameters.
    pub trajectories: usize,
}

impl Design for Morris {
    fn sample(&self, parameters: usize, seed: u64) -> Sample {
        let mut sample = Sample::default();
        for trajectory in 0..self.trajectories {
            let stage = Stage::Design;
            let key = StreamKey { seed, stage, cycle: trajectory as u32, member: 1, column: 0 };
            walk(&mut sample, parameters, &mut key.stream());
        }
        sample
    }
}

/// Adds a trajectory.
fn walk(sample: &mut Sample, parameters: usize, stream: &mut Stream) {
    let mut levels: Vec<usize> = (0..parameters).map(|_| stream.index(LEVELS)).collect();
    let mut order: Vec<usize> = (0..parameters).collect();
    stream.shuffle(&mut order);
    let point = |levels: &[usize]| levels.iter().map(|&level| probability(level)).collect();
    sample.points.push(point(&levels));
    for parameter in order {
        let before = levels[parameter];
        let after = if before < JUMP { before + JUMP } else { before - JUMP };
        levels[parameter] = after;
        let runs = [sample.points.len() - 1, sample.points.len()];
        sample.steps.push(Step { parameter, runs, change: probability(after) - probability(before) });
        sample.points.push(point(&levels));
    }
}

fn probability(level: usize) -> f64 {
    TAIL + (1.0 - 2.0 * TAIL) * level as f64 / (LEVELS - 1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trajectory_changes_every_parameter_once() {
        let sample = Morris { trajectories: 50 }.sample(5, 3);
        assert_eq!((sample.points.len(), sample.steps.len()), (50 * 6, 50 * 5));
        for (i, step) in sample.steps.iter().enumerate() {
            assert_eq!(step.runs, [i / 5 * 6 + i % 5, i / 5 * 6 + i % 5 + 1]);
            let [from, to] = step.runs.map(|run| &sample.points[run]);
            for parameter in 0..5 {
                let change = to[parameter] - from[parameter];
                let expected = if parameter == step.parameter { step.change } else { 0.0 };
                assert!((change - expected).abs() < 1e-15);
            }
            assert!((step.change.abs() - 0.6).abs() < 1e-12);
        }
        for trajectory in sample.steps.chunks(5) {
            let mut changed: Vec<usize> = trajectory.iter().map(|step| step.parameter).collect();
            changed.sort_unstable();
            assert_eq!(changed, [0, 1, 2, 3, 4]);
        }
    }

    #[test]
    fn all_levels_are_equally_likely() {
        let sample = Morris { trajectories: 2_000 }.sample(2, 9);
        for level in 0..LEVELS {
            let at = |p: &&f64| (**p - probability(level)).abs() < 1e-12;
            let count = sample.points.iter().flatten().filter(at).count() as f64;
            let share = count / (2.0 * sample.points.len() as f64);
            assert!((share - 0.25).abs() < 0.02, "level {level}: {share}");
        }
    }
}
