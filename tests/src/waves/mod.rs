//! The local filter's timing problem as one rank runs it: time, memory, and the bits of the result.

pub mod program;

use std::time::Instant;

use ndarray::{Array2, Array3, ArrayView3, Axis};
use rayon::ThreadPool;
use reterra_assimilation::AssimilationError;
use reterra_assimilation::distributed::{Decomposition, Distributed, Share, Stations};
use reterra_assimilation::letkf::waves::{FORGETTING, Observed, RADIUS, Waves};
use reterra_assimilation::letkf::{Columns, Letkf};
use reterra_assimilation::localisation::{Locality, Metric, Network, Taper};
use reterra_parallel::Communicator;
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use crate::ValidationError;

/// What to run.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// Grid points along both coordinates, and members.
    pub size: [usize; 3],
    /// Threads of a rank.
    pub threads: usize,
    /// Analyses.
    pub repeats: usize,
    /// Groups of ranks that members run on; none where the state is laid out by columns from the start.
    pub groups: Option<usize>,
}

/// What came of it; the largest of any rank. Times are those of the whole analysis, observations sorted and exchanged,
/// in the quickest repeat.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Outcome {
    /// CPU time of all threads of a rank, s.
    pub cpu_seconds: f64,
    /// Wall time, s.
    pub wall_seconds: f64,
    /// Peak resident memory of a rank, MB (10⁶ bytes).
    pub peak_megabytes: f64,
    /// A checksum over the bits of every number of the analysis.
    pub bits: String,
}

/// Runs one rank's part.
///
/// # Errors
/// Where ranks, threads or the filter refuse.
pub fn on_rank(run: &Run, ranks: &dyn Communicator) -> Result<Outcome, ValidationError> {
    let [nx, ny, members] = run.size;
    let waves = Waves { nx, ny, members };
    let observed = waves.observed();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(run.threads)
        .build()
        .map_err(|e| ValidationError::Cases { reason: format!("no thread pool: {e}") })?;
    let part = Part::new(&waves, &observed, ranks, run.groups)?;
    let mut state = Array3::zeros((part.share.members.len(), 1, part.share.columns.len()));
    let mut best = [f64::INFINITY; 2];
    for _ in 0..run.repeats {
        part.fill(&mut state);
        let predicted = part.predicted(&state);
        ranks.wait().map_err(AssimilationError::from)?;
        let (cpu, wall) = (cpu_seconds(), Instant::now());
        part.analyse(ranks, &pool, predicted, &mut state)?;
        best[0] = best[0].min(cpu_seconds() - cpu);
        best[1] = best[1].min(wall.elapsed().as_secs_f64());
    }
    let own = [best[0], best[1], peak_megabytes()];
    let all = ranks.gather(&own).map_err(AssimilationError::from)?;
    let largest = |k: usize| all.iter().map(|of| of[k]).fold(0.0, f64::max);
    Ok(Outcome {
        cpu_seconds: largest(0),
        wall_seconds: largest(1),
        peak_megabytes: largest(2),
        bits: part.bits(ranks, &state.view())?,
    })
}

/// A rank's part of the problem.
struct Part<'a> {
    waves: &'a Waves,
    share: Share,
    /// The state variable of each observation that this rank predicts.
    seen: Vec<usize>,
    filter: Distributed<'a>,
    moves: bool,
}

impl<'a> Part<'a> {
    fn new(
        waves: &'a Waves,
        observed: &'a Observed,
        ranks: &dyn Communicator,
        groups: Option<usize>,
    ) -> Result<Self, ValidationError> {
        let size = (waves.members, waves.points());
        let decomposition = Decomposition::new(size, groups.unwrap_or(1), ranks.size())?;
        let share = decomposition.forecast(ranks.rank());
        let network = Network {
            places: &observed.places,
            slices: None,
            values: &observed.values,
            variances: &observed.variances,
        };
        let stations = Stations { network, columns: &observed.points };
        let own = decomposition.analysis(ranks.rank()).map(|l| waves.place(l)).collect();
        let locality = Locality::new(Metric::Plane, Taper::GaspariCohn, RADIUS)?;
        let filter = Letkf::new(locality).with_forgetting(FORGETTING)?;
        let seen = stations.within(share.columns.clone()).map(|k| observed.points[k]).collect();
        let parts = (decomposition, Columns::uniform(own, 1));
        let filter = Distributed::new(ranks, filter, parts, stations, RADIUS)?;
        Ok(Self { waves, share, seen, filter, moves: groups.is_some() })
    }

    fn fill(&self, state: &mut Array3<f64>) {
        let mut line = vec![0.0; self.share.columns.len()];
        for (k, mut member) in self.share.members.clone().zip(state.axis_iter_mut(Axis(0))) {
            self.waves.write_field(k as u64 + 1, self.share.columns.start, &mut line);
            member.iter_mut().zip(&line).for_each(|(x, value)| *x = *value);
        }
    }

    fn predicted(&self, state: &Array3<f64>) -> Array2<f64> {
        let shape = (state.len_of(Axis(0)), self.seen.len());
        Array2::from_shape_fn(shape, |(k, j)| state[[k, 0, self.seen[j] - self.share.columns.start]])
    }

    fn analyse(
        &self,
        ranks: &dyn Communicator,
        pool: &ThreadPool,
        predicted: Array2<f64>,
        state: &mut Array3<f64>,
    ) -> Result<(), AssimilationError> {
        // This thread talks to the other ranks; the pool's threads compute.
        let he = self.filter.observe(ranks, predicted)?;
        if !self.moves {
            pool.install(|| self.filter.update(he, state.view_mut()))?;
            return Ok(());
        }
        let mut columns = self.filter.decomposition().to_columns(ranks, state.view())?;
        pool.install(|| self.filter.update(he, columns.view_mut()))?;
        self.filter.decomposition().to_members(ranks, columns.view(), state.view_mut())
    }

    /// A sum over all numbers of a hash of where they are and what they are: the same on any number of ranks.
    fn bits(&self, ranks: &dyn Communicator, state: &ArrayView3<'_, f64>) -> Result<String, ValidationError> {
        let sum = state.indexed_iter().fold(0_u64, |sum, ((k, _, c), x)| {
            let at = (self.share.members.start + k) * self.waves.points() + self.share.columns.start + c;
            sum.wrapping_add(mixed(mixed(at as u64) ^ x.to_bits()))
        });
        // Halves of 32 bits are whole numbers that a rank can send.
        let halves = [(sum >> 32) as f64, (sum & 0xFFFF_FFFF) as f64];
        let all = ranks.gather(&halves).map_err(AssimilationError::from)?;
        let of = |halves: &[f64]| ((halves[0] as u64) << 32) | halves[1] as u64;
        Ok(format!("{:016x}", all.iter().map(of).fold(0_u64, u64::wrapping_add)))
    }
}

/// The finaliser of `SplitMix64`: every bit of the input changes half of the output's.
fn mixed(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// CPU time of all threads of this process, s.
fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// `VmHWM` of this process, MB; NaN where the system doesn't tell.
fn peak_megabytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|rest| rest.split_whitespace().next()).and_then(|n| n.parse::<f64>().ok());
    kibibytes.map_or(f64::NAN, |n| n * 1024e-6)
}

#[cfg(test)]
mod tests {
    use super::*;
    use reterra_parallel::{Alone, threads};

    #[test]
    fn the_checksum_does_not_depend_on_ranks_groups_or_threads_and_sees_a_single_bit() {
        let run = |members, threads, groups| Run { size: [40, 30, members], threads, repeats: 1, groups };
        let alone = on_rank(&run(6, 1, None), &Alone).unwrap().bits;
        for (ranks, groups, cores) in [(2, None, 1), (4, Some(2), 2), (3, Some(1), 1)] {
            let outcomes = threads::run(ranks, |rank| on_rank(&run(6, cores, groups), rank).unwrap());
            assert!(outcomes.iter().all(|outcome| outcome.bits == alone), "{ranks} {groups:?}");
        }
        assert_ne!(on_rank(&run(5, 1, None), &Alone).unwrap().bits, alone);
    }
}
