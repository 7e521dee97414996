//! From estimates and observations to rows of scores.

use reterra_statistics::scores::{Coverage, Pairwise, crps_ensemble, ilamb};

use super::estimate::Estimate;
use super::predictive::Predictive;
use super::{Against, IlambRow, SkillRow, StationSkill};
use crate::config::{ErrorModel, Observations, Variable};
use crate::experiment::StationCase;
use crate::stages::product::output_name;
use crate::stages::product::statistics::{quantiles, survivors};

/// Ends of the 90 % band.
const BAND: [f64; 2] = [0.05, 0.95];

/// Observations, and how far they are trusted.
pub(super) struct Judge<'a> {
    /// The stations.
    pub cases: &'a [StationCase],
    /// Which of their observations count.
    pub kind: Against,
    /// Errors of observations.
    pub observations: &'a Observations,
}

/// Scores over some months.
#[derive(Clone, Debug, Default)]
struct Tally {
    pairs: Pairwise,
    coverage: Coverage,
    crps: f64,
}

impl Judge<'_> {
    /// Stations without scores yet.
    pub(super) fn empty_stations(&self) -> Vec<StationSkill> {
        let empty =
            |c: &StationCase| StationSkill { id: c.station.id.clone(), rows: Vec::new(), ilamb: Vec::new() };
        self.cases.iter().map(empty).collect()
    }

    /// Adds the rows of an estimate and variable; none where nothing can be compared.
    pub(super) fn score(
        &self,
        estimate: &Estimate,
        variable: Variable,
        pooled: &mut Vec<SkillRow>,
        stations: &mut [StationSkill],
    ) {
        let mut all = Tally::default();
        for (index, station) in stations.iter_mut().enumerate() {
            let pairs = self.pairs(estimate, variable, index);
            let tally = self.tally(estimate, variable, index, &pairs);
            if !pairs.is_empty() {
                station.rows.push(tally.row(estimate, variable));
                station.ilamb.push(ilamb_row(estimate, variable, &pairs, self.first_month(index)));
            }
            all.merge(&tally);
        }
        if all.pairs.n() > 0 {
            pooled.push(all.row(estimate, variable));
        }
    }

    fn first_month(&self, station: usize) -> usize {
        self.cases.get(station).map_or(0, |c| usize::from(c.start.month) - 1)
    }

    /// Month, observation and estimate, where both are there.
    fn pairs(&self, estimate: &Estimate, variable: Variable, station: usize) -> Vec<(usize, f64, f64)> {
        let (Some(case), Some(mean)) = (self.cases.get(station), estimate.mean.get(&variable)) else {
            return Vec::new();
        };
        let source = match self.kind {
            Against::Withheld => &case.withheld,
            Against::Assimilated => &case.assimilated,
        };
        let series = source.get(&variable).map_or(&[][..], Vec::as_slice);
        let pair = |(month, obs): (usize, &Option<f64>)| {
            let value = mean.get([station, month]).copied().filter(|v| v.is_finite())?;
            Some((month, (*obs)?, value))
        };
        series.iter().enumerate().filter_map(pair).collect()
    }

    fn tally(
        &self,
        estimate: &Estimate,
        variable: Variable,
        station: usize,
        pairs: &[(usize, f64, f64)],
    ) -> Tally {
        let mut tally = Tally::default();
        let error = self.observations.errors.get(&variable);
        for &(month, obs, value) in pairs {
            tally.pairs.push(obs, value);
            let ensemble = estimate.ensemble.as_ref();
            let members =
                ensemble.and_then(|e| e.members(output_name(variable), station, month)).map(survivors);
            if let Some(members) = members.filter(|m| !m.is_empty()) {
                tally.push_band(obs, &members, error.map_or(0.0, |e: &ErrorModel| e.sd(value)));
            }
        }
        tally
    }
}

impl Tally {
    /// Adds the band of an observation; without an error model (sd 0) the band is the ensemble's own.
    fn push_band(&mut self, obs: f64, members: &[f64], sd: f64) {
        let ([low, high], crps) = if sd > 0.0 {
            let predictive = Predictive { members, sd };
            (BAND.map(|p| predictive.quantile(p)), predictive.crps(obs))
        } else {
            (quantiles(members, BAND), crps_ensemble(members, obs))
        };
        self.coverage.push(obs, low, high);
        self.crps += crps;
    }

    fn merge(&mut self, other: &Self) {
        self.pairs.merge(&other.pairs);
        self.coverage.merge(&other.coverage);
        self.crps += other.crps;
    }

    fn row(&self, estimate: &Estimate, variable: Variable) -> SkillRow {
        let banded = self.coverage.n();
        SkillRow {
            run: estimate.run,
            variable,
            n: self.pairs.n(),
            r2: self.pairs.r2(),
            rmse: self.pairs.rmse(),
            bias: self.pairs.bias(),
            coverage: self.coverage.fraction(),
            crps: (banded > 0).then(|| self.crps / banded as f64),
        }
    }
}

fn ilamb_row(estimate: &Estimate, variable: Variable, pairs: &[(usize, f64, f64)], first: usize) -> IlambRow {
    let (obs, model): (Vec<f64>, Vec<f64>) = pairs.iter().map(|(_, o, m)| (*o, *m)).unzip();
    let cycle = |of: fn(&(usize, f64, f64)) -> f64| mean_year(pairs, first, of);
    let cycles = cycle(|p| p.1).zip(cycle(|p| p.2));
    let (bias, rmse) = (ilamb::bias_score(&obs, &model), ilamb::rmse_score(&obs, &model));
    let seasonal = cycles.map(|(obs, model)| ilamb::seasonal_score(&obs, &model));
    let overall = bias
        .zip(rmse)
        .zip(seasonal)
        .map(|((bias, rmse), seasonal)| ilamb::IlambScores { bias, rmse, seasonal }.overall());
    IlambRow { run: estimate.run, variable, bias, rmse, seasonal, overall }
}

/// Means by calendar month, or none where one has no pair.
fn mean_year(
    pairs: &[(usize, f64, f64)],
    first: usize,
    of: fn(&(usize, f64, f64)) -> f64,
) -> Option<[f64; 12]> {
    let (mut sums, mut counts) = ([0.0; 12], [0.0; 12]);
    for pair in pairs {
        sums[(first + pair.0) % 12] += of(pair);
        counts[(first + pair.0) % 12] += 1.0;
    }
    counts.iter().all(|n| *n > 0.0).then(|| std::array::from_fn(|k| sums[k] / counts[k]))
}
