//! The land model under the cycles: stations as columns, batches of members of a station.

use std::sync::Arc;

use rayon::prelude::*;
use reterra_assimilation::AssimilationError;
use reterra_assimilation::state::Layout;
use reterra_land::column::{Column, ColumnState, MonthlyOutput, simulate_batch};
use reterra_land::energy::solar::SolarTable;
use reterra_land::error::LandError;
use reterra_land::lanes::{Batched, Lanes, WIDTH};
use reterra_land::plant::pft::VegetationClass;
use reterra_land::spinup::{self, Method, spin_up};
use reterra_statistics::random::{Stage, StreamKey};

use super::{Lane, Model, Ran};
use crate::config::Variable;
use crate::ensemble::{Added, land};
use crate::experiment::{ParameterSpace, StationCase, member::observe, run_members};

/// Stations, and the parameters of theirs that are unknown.
pub struct LandModel {
    cases: Vec<StationCase>,
    space: ParameterSpace,
    /// Equilibria of the default parameters, from which members spin up.
    from: Vec<ColumnState>,
    layouts: Vec<Layout>,
    /// Each station's sun over a batch.
    suns: Vec<Arc<SolarTable<Lanes>>>,
    classes: Vec<VegetationClass>,
    member: spinup::Options,
    seed: u64,
}

/// How stations and members come to equilibrium.
#[derive(Clone, Copy, Debug)]
pub struct SpinUps {
    /// Of a station with its type's default parameters, from a cold start.
    pub station: spinup::Options,
    /// Of a member, from there.
    pub member: spinup::Options,
}

/// How far a member's pools may be from equilibrium, as a share: what its spin-up leaves is part of the prior.
const MEMBER_DISTANCE: f64 = 0.02;

impl SpinUps {
    /// By the matrix solution, with so many cycles of a member at most.
    #[must_use]
    pub fn with_member_cycles(max_cycles: usize) -> Self {
        let station = spinup::Options::default();
        let (method, distance_limit) = (Method::Matrix, MEMBER_DISTANCE);
        Self {
            station,
            member: spinup::Options { method, min_cycles: 1, distance_limit, max_cycles, ..station },
        }
    }
}

/// What keeps stations from being columns of a land model.
#[derive(Debug, thiserror::Error)]
pub enum LandModelError {
    /// A station that can't be made, or has no equilibrium.
    #[error("station {station}: {source}")]
    Station {
        /// The station.
        station: String,
        /// Why.
        source: LandError,
    },
    /// A column that has no layout.
    #[error(transparent)]
    Layout(#[from] AssimilationError),
}

impl LandModel {
    /// Brings every station to equilibrium with its default parameters. `seed` is that of the prior's draws.
    ///
    /// # Errors
    /// A station that can't be made, or that the model can't run.
    pub fn new(
        cases: Vec<StationCase>,
        space: ParameterSpace,
        spin_ups: SpinUps,
        seed: u64,
    ) -> Result<Self, LandModelError> {
        let equilibrium = |case: &StationCase| -> Result<(ColumnState, Layout), LandModelError> {
            let failed = |source| LandModelError::Station { station: case.station.id.clone(), source };
            let column = case.column(case.defaults()).map_err(failed)?;
            let cycle = case.weather.slice(0..case.cycle_months);
            let spun = spin_up(&column, &case.cold_start(&column), &cycle, &spin_ups.station);
            Ok((spun.map_err(failed)?.0, land::layout(&column)?))
        };
        let made: Vec<_> = cases.par_iter().map(equilibrium).collect::<Result<_, _>>()?;
        let (from, layouts) = made.into_iter().unzip();
        let suns = cases.iter().map(|case| Arc::new(SolarTable::gather(&|_| &*case.solar))).collect();
        let mut classes: Vec<VegetationClass> = Vec::new();
        for case in &cases {
            if !classes.contains(&case.class) {
                classes.push(case.class);
            }
        }
        Ok(Self { cases, space, from, layouts, suns, classes, member: spin_ups.member, seed })
    }

    /// The stations.
    #[must_use]
    pub fn cases(&self) -> &[StationCase] {
        &self.cases
    }

    /// The unknown parameters.
    #[must_use]
    pub fn space(&self) -> &ParameterSpace {
        &self.space
    }
}

impl Model for LandModel {
    type State = ColumnState;
    type Column = Column;

    fn columns(&self) -> usize {
        self.cases.len()
    }

    fn place(&self, column: usize) -> [f64; 2] {
        let station = &self.cases[column].station;
        [station.longitude, station.latitude]
    }

    fn layout(&self, column: usize) -> &Layout {
        &self.layouts[column]
    }

    /// In the order of [`Variable::ALL`].
    fn variables(&self) -> usize {
        Variable::ALL.len()
    }

    fn types(&self) -> usize {
        self.classes.len()
    }

    fn type_of(&self, column: usize) -> usize {
        self.classes.iter().position(|class| *class == self.cases[column].class).unwrap_or(0)
    }

    fn draw(&self, member: usize, vector: usize) -> Vec<f64> {
        let (member, column) = (member as u32, vector as u32);
        let key = StreamKey { seed: self.seed, stage: Stage::Prior, cycle: 0, member, column };
        let mut stream = key.stream();
        let parameters = self.space.parameters().iter();
        parameters.map(|p| p.prior.u_mean() + p.prior.u_sd() * stream.normal()).collect()
    }

    fn column(&self, column: usize, parameters: &[f64]) -> Result<Column, String> {
        let case = &self.cases[column];
        let mut all = case.defaults();
        let made = self.space.apply(parameters, &mut all).and_then(|()| case.column(all));
        made.map_err(|e| e.to_string())
    }

    fn start(&self, column: usize, members: &[(usize, &Column)]) -> Vec<Result<ColumnState, String>> {
        // A station is one tile: its parameters are those of the column.
        let parameters = members.iter().map(|(_, column)| Ok(column.parameters.clone())).collect();
        let runs = run_members(&self.cases[column], parameters, &self.from[column], &self.member, 0);
        runs.into_iter().map(|run| run.map(|run| run.start).map_err(|e| e.to_string())).collect()
    }

    fn run(
        &self,
        (column, month): (usize, usize),
        lanes: &[Lane<'_, Column, ColumnState>],
    ) -> Vec<Ran<ColumnState>> {
        let weather = self.cases[column].weather.slice(month..month + 1);
        // Lanes without a member repeat the last.
        let of = |lane: usize| &lanes[lane.min(lanes.len() - 1)];
        let batch = Column::under(Arc::clone(&self.suns[column]), &|lane| of(lane).column);
        let mut state = ColumnState::<Lanes>::gather(&|lane| of(lane).state);
        let mut output = MonthlyOutput::default();
        let outcome =
            simulate_batch(&batch, &mut state, &[&weather; WIDTH], None, |_, month| output = *month);
        let ran = |(lane, failure): (usize, Option<LandError>)| {
            if let Some(failure) = failure {
                return Err(failure.to_string());
            }
            let output = output.lane(lane);
            Ok((state.lane(lane), Variable::ALL.map(|variable| observe(variable, &output)).to_vec()))
        };
        outcome.failures.into_iter().take(lanes.len()).enumerate().map(ran).collect()
    }

    fn read(&self, column: &Column, state: &ColumnState) -> Vec<f64> {
        land::read(state, column)
    }

    fn write(&self, column: &Column, state: &mut ColumnState, rows: &[f64]) -> Added {
        land::write(state, column, rows)
    }
}
