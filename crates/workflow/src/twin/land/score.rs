//! Members against the truth.

use ndarray::{Array2, Array3, Axis, s};
use reterra_assimilation::AssimilationError;
use reterra_assimilation::diagnostics::RankHistogram;
use reterra_statistics::random::{Stage, StreamKey};

use crate::cycle::Report;

/// Runs of one seed, with and without observations; text says why there is none.
pub(super) struct Trial {
    pub seed: u64,
    pub observations: usize,
    pub found: Result<Ended, String>,
    pub open: Result<Ended, String>,
}

/// A run that came to its end.
pub(super) struct Ended {
    pub errors: Errors,
    /// Figures of members at the end: members × figures × stations.
    pub members: Array3<f64>,
    /// Those of the truth: figures × stations.
    pub truth: Array2<f64>,
    pub report: Report,
}

/// Sums over months of each figure's error and spread over stations.
pub(super) struct Errors {
    sums: Vec<[f64; 2]>,
    months: usize,
}

impl Errors {
    pub fn new(figures: usize) -> Self {
        Self { sums: vec![[0.0; 2]; figures], months: 0 }
    }

    /// Adds a month: the root over stations of the mean squared error of the members' mean, and of their mean variance.
    pub fn add(&mut self, members: &Array3<f64>, truth: &Array2<f64>) {
        let stations = truth.len_of(Axis(1)) as f64;
        for (k, sums) in self.sums.iter_mut().enumerate() {
            let (mut error, mut variance) = (0.0, 0.0);
            for (members, truth) in members.index_axis(Axis(1), k).columns().into_iter().zip(truth.row(k)) {
                error += (members.mean().unwrap_or(f64::NAN) - truth).powi(2);
                variance += members.var(1.0);
            }
            sums[0] += (error / stations).sqrt();
            sums[1] += (variance / stations).sqrt();
        }
        self.months += 1;
    }

    /// Time means of a figure: error and spread.
    pub fn of(&self, figure: usize) -> [f64; 2] {
        self.sums[figure].map(|sum| sum / self.months as f64)
    }
}

impl Ended {
    /// Whether every number is one.
    pub fn is_finite(&self) -> bool {
        self.members.iter().all(|x| x.is_finite())
    }

    /// Adds the ranks of the truth's figures among the members', at the end of the run and in every station.
    pub fn rank(
        &self,
        figures: impl Iterator<Item = usize>,
        seed: u64,
        into: &mut RankHistogram,
    ) -> Result<(), AssimilationError> {
        for figure in figures {
            for (column, truth) in self.truth.row(figure).iter().enumerate() {
                let (member, column_number) = (figure as u32, column as u32);
                let key = StreamKey { seed, stage: Stage::Sample, cycle: 0, member, column: column_number };
                let members = self.members.slice(s![.., figure, column]).to_vec();
                into.push(*truth, &members, &mut key.stream())?;
            }
        }
        Ok(())
    }
}
