//! A twin experiment with the land model at stations, as one rank runs it: members against the truth, failures, bits.

pub mod faulty;
pub mod program;

use std::path::PathBuf;

use ndarray::{Array2, Array3};
use reterra_assimilation::letkf::{Letkf, Relaxation};
use reterra_assimilation::localisation::metric::EARTH_RADIUS;
use reterra_assimilation::localisation::{Locality, Metric, Taper};
use reterra_io::checksum::sha256_bytes;
use reterra_land::column::{Column, ColumnState};
use reterra_land::parameters::NAMES;
use reterra_parallel::Communicator;
use reterra_statistics::design::{Design, LatinHypercube};
use reterra_statistics::normal;
use reterra_workflow::config::{self, ErrorModel, Overrides, Variable, Workflow};
use reterra_workflow::cycle::land::{LandModel, SpinUps};
use reterra_workflow::cycle::twin::{Sensor, Truth};
use reterra_workflow::cycle::{
    Checkpoints, Cycles, Kind, MemberOf, Model, Observed, Options, Report, Sharing, Smoother,
};
use reterra_workflow::engine::StageError;
use reterra_workflow::experiment::{ParameterSpace, load_cases};
use serde::{Deserialize, Serialize};

use crate::{ValidationError, places};
use faulty::Faulty;

/// What to run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Run {
    /// Workflow file whose stations, weather and priors are taken.
    pub workflow: String,
    /// Where its series are, if it has any.
    pub data: Option<PathBuf>,
    /// Stations, the first so many.
    pub stations: usize,
    /// Members N.
    pub members: usize,
    /// Months.
    pub months: usize,
    /// Years of a spin-up cycle.
    pub cycle_years: u32,
    /// Cycles of a member's spin-up, at most.
    pub member_cycles: usize,
    /// Unknown parameters, with the workflow's priors.
    pub parameters: Vec<String>,
    /// Observed variables.
    pub sensors: Vec<(Variable, Window)>,
    /// Localisation radius, km.
    pub radius: f64,
    /// Relaxation to the prior spread.
    pub relaxation: f64,
    /// Forgetting factor.
    pub forgetting: f64,
    /// Who shares parameters.
    pub sharing: Sharing,
    /// What comes before the filter.
    pub smoother: Option<Smoother>,
    /// Seed of the whole experiment.
    pub seed: u64,
    /// How the truth is drawn.
    pub truths: Truths,
    /// Groups of ranks that members run on.
    pub groups: usize,
    /// Where checkpoints go, every month.
    pub checkpoints: Option<PathBuf>,
    /// Whether members fail on their way.
    pub faults: Faults,
}

/// Window and error of observations.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Window {
    /// Months of a mean.
    pub months: usize,
    /// Standard deviation of the error at least, in the variable's unit, and as a share of the value.
    pub error: [f64; 2],
}

/// How a truth is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Truths {
    /// As a member is.
    Independent,
    /// As one of several whose parameters are a Latin hypercube of the prior over all their stations: each is a draw of
    /// the prior still, and together they have its moments.
    Stratified {
        /// Its number among them.
        number: usize,
        /// How many there are.
        of: usize,
        /// Seed of the hypercube.
        seed: u64,
    },
}

/// Members that fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Faults {
    /// None but those that the model itself gives up.
    None,
    /// One by an error, one by a panic, one whose parameters can't be.
    Three,
}

/// What came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// Checksum over every number of every member's parameters and state.
    pub bits: String,
    /// Report of the cycles.
    pub report: Report,
    /// Figures of members at the end: members × figures × stations; see [`figures`].
    pub members: Array3<f64>,
    /// Those of the truth: figures × stations.
    pub truth: Array2<f64>,
}

/// Figures of a member after its parameters.
pub const FIGURES: [&str; 3] = ["soil organic carbon", "litter and woody debris", "plant carbon"];

/// Figures of a member: its parameters, unconstrained, then [`FIGURES`], gC m⁻².
#[must_use]
pub fn figures(parameters: &[f64], column: &Column, state: &ColumnState) -> Vec<f64> {
    let pools = state.soil.carbon_by_pool();
    let (litter, soil) = (pools[..4].iter().sum(), pools[4..].iter().sum());
    parameters.iter().copied().chain([soil, litter, state.vegetation_carbon(column)]).collect()
}

/// A twin experiment, ready to be cycled with or without its observations.
pub struct Experiment {
    run: Run,
    model: LandModel,
    truth: Truth<LandModel>,
    observations: Vec<Observed>,
}

impl Experiment {
    /// Reads stations, spins them up, draws the truth and observes it.
    ///
    /// # Errors
    /// Unreadable input, a station that the model can't run.
    pub fn new(run: &Run) -> Result<Self, ValidationError> {
        let cases_failed = |reason: String| ValidationError::Cases { reason };
        let overrides = Overrides { data: run.data.as_deref(), seed: Some(run.seed) };
        let mut workflow = config::load(&places::workflow(&run.workflow), overrides, NAMES)?;
        workflow.forcing.cycle_years = run.cycle_years;
        let mut cases = load_cases(&workflow).map_err(|e| cases_failed(text(&e)))?;
        cases.truncate(run.stations);
        let (space, spin_ups) = (run.space(&workflow)?, SpinUps::with_member_cycles(run.member_cycles));
        let model =
            LandModel::new(cases, space, spin_ups, run.seed).map_err(|e| cases_failed(e.to_string()))?;
        let truth = run.truth(&model, &workflow)?;
        let observations = truth.observed(&run.sensors(), run.seed);
        Ok(Self { run: run.clone(), model, truth, observations })
    }

    /// With observations, one rank's part; and members of the prior without any, which no smoother has seen either.
    ///
    /// # Errors
    /// Those of the cycles.
    pub fn with_open_loop(&self, ranks: &dyn Communicator) -> Result<[Outcome; 2], ValidationError> {
        let (options, free) = (self.run.options()?, Run { smoother: None, ..self.run.clone() }.options()?);
        let mut cycles = Cycles::new(&self.model, &options, &self.observations, ranks)?;
        let mut open = Cycles::new(&self.model, &free, &self.observations, ranks)?.open_loop();
        cycles.run()?;
        open.run()?;
        Ok([self.outcome(&cycles, ranks)?, self.outcome(&open, ranks)?])
    }

    /// With observations, one rank's part.
    ///
    /// # Errors
    /// Those of the cycles.
    pub fn assimilated(&self, ranks: &dyn Communicator) -> Result<Outcome, ValidationError> {
        match self.run.faults {
            Faults::None => self.cycled(&self.model, ranks),
            Faults::Three => self.cycled(&Faulty::new(&self.model), ranks),
        }
    }

    fn cycled<M>(&self, model: &M, ranks: &dyn Communicator) -> Result<Outcome, ValidationError>
    where
        M: Model<State = ColumnState, Column = Column>,
    {
        let options = self.run.options()?;
        let mut cycles = Cycles::new(model, &options, &self.observations, ranks)?;
        cycles.run()?;
        self.outcome(&cycles, ranks)
    }

    fn outcome<M>(&self, cycles: &Cycles<'_, M>, ranks: &dyn Communicator) -> Result<Outcome, ValidationError>
    where
        M: Model<State = ColumnState, Column = Column>,
    {
        let figures =
            |member: &MemberOf<M>| figures(&member.stored.parameters, &member.column, &member.stored.state);
        Ok(Outcome {
            bits: bits(cycles, ranks)?,
            report: cycles.report().clone(),
            members: cycles.gather(figures)?,
            truth: self.true_figures(),
        })
    }

    fn true_figures(&self) -> Array2<f64> {
        let columns = self.truth.columns.iter();
        let last = columns.filter_map(|c| Some((c, c.states.last()?)));
        let figures: Vec<_> = last.map(|(c, state)| figures(&c.parameters, &c.column, state)).collect();
        Array2::from_shape_fn((figures[0].len(), figures.len()), |(k, column)| figures[column][k])
    }
}

impl Run {
    /// Six stations under their normals, eight members, one year; three members fail on their way.
    #[must_use]
    pub fn small() -> Self {
        let window = |months, error| Window { months, error };
        Self {
            workflow: "european-stations.toml".to_owned(),
            data: None,
            stations: 6,
            members: 8,
            months: 14,
            cycle_years: 1,
            member_cycles: 10,
            parameters: ["flnr", "slatop", "medlynslope", "leaf_long"].map(str::to_owned).to_vec(),
            sensors: vec![
                (Variable::Gpp, window(1, [1.2e-5, 0.1])),
                (Variable::Lai, window(1, [0.5, 0.2])),
                (Variable::Biomass, window(12, [200.0, 0.2])),
            ],
            radius: 300.0,
            relaxation: 0.2,
            forgetting: 1.0,
            sharing: Sharing::Columns,
            smoother: None,
            seed: 7,
            truths: Truths::Independent,
            groups: 1,
            checkpoints: None,
            faults: Faults::Three,
        }
    }

    fn space(&self, workflow: &Workflow) -> Result<ParameterSpace, ValidationError> {
        let prior = |name: &String| {
            let found = workflow.parameters.iter().find(|p| p.name == *name).cloned();
            found.ok_or_else(|| ValidationError::Cases { reason: format!("no prior of {name}") })
        };
        Ok(ParameterSpace::new(self.parameters.iter().map(prior).collect::<Result<_, _>>()?))
    }

    fn truth(&self, model: &LandModel, workflow: &Workflow) -> Result<Truth<LandModel>, ValidationError> {
        let lacking = |(column, reason)| ValidationError::Cases {
            reason: format!("no truth of station {column}: {reason}"),
        };
        let Truths::Stratified { number, of, seed } = self.truths else {
            return Truth::draw(model, self.months).map_err(lacking);
        };
        let (priors, columns) = (self.space(workflow)?.priors(), model.columns());
        let points = LatinHypercube { size: of * columns, candidates: 1 }.sample(priors.len(), seed).points;
        let of_column = |column: usize| {
            let point = priors.iter().zip(&points[number * columns + column]);
            point.map(|(prior, p)| prior.u_mean() + prior.u_sd() * normal::quantile(*p)).collect()
        };
        Truth::planned(model, self.months, of_column).map_err(lacking)
    }

    fn sensors(&self) -> Vec<Sensor> {
        let sensor = |(variable, window): &(Variable, Window)| {
            let number = Variable::ALL.iter().position(|v| v == variable).unwrap_or(0);
            let [floor, relative] = window.error;
            let kind = Kind { variable: number, months: window.months };
            Sensor { kind, error: ErrorModel { floor, relative } }
        };
        self.sensors.iter().map(sensor).collect()
    }

    fn options(&self) -> Result<Options, ValidationError> {
        let metric = Metric::GreatCircle { radius: EARTH_RADIUS };
        let locality = Locality::new(metric, Taper::GaspariCohn, 1e3 * self.radius)?;
        let filter = Letkf::new(locality)
            .with_forgetting(self.forgetting)?
            .with_relaxation(Relaxation::Spread(self.relaxation))?;
        let checkpoints = self.checkpoints.as_ref().map(|directory| Checkpoints {
            directory: directory.clone(),
            every: 1,
            model: format!(
                "{} stations of {}, {:?}, {:?}",
                self.stations, self.workflow, self.parameters, self.faults
            ),
        });
        Ok(Options {
            members: self.members,
            months: self.months,
            seed: self.seed,
            groups: self.groups,
            filter,
            inflation: None,
            control: None,
            kinds: self.sensors().iter().map(|sensor| sensor.kind).collect(),
            sharing: self.sharing,
            smoother: self.smoother,
            checkpoints,
        })
    }
}

/// A sum over members of a hash of who they are and what they carry: the same on any number of ranks.
fn bits<M: Model>(cycles: &Cycles<'_, M>, ranks: &dyn Communicator) -> Result<String, ValidationError> {
    let mut sum = 0_u64;
    for member in cycles.members() {
        let json = serde_json::to_vec(&member.stored)
            .map_err(|source| ValidationError::Json { path: "a member".into(), source })?;
        let hash = u64::from_str_radix(&sha256_bytes(&json)[..16], 16).unwrap_or_default();
        sum = sum.wrapping_add(hash);
    }
    // Halves of 32 bits are whole numbers that a rank can send.
    let halves = [(sum >> 32) as f64, (sum & 0xFFFF_FFFF) as f64];
    let all = ranks.gather(&halves).map_err(reterra_assimilation::AssimilationError::from)?;
    let of = |halves: &[f64]| ((halves[0] as u64) << 32) | halves[1] as u64;
    Ok(format!("{:016x}", all.iter().map(of).fold(0_u64, u64::wrapping_add)))
}

fn text(error: &StageError) -> String {
    match error {
        StageError::Interrupted => "interrupted".to_owned(),
        StageError::Failed(e) => e.to_string(),
    }
}
