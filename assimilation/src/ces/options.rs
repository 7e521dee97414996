//! How a campaign runs.

use reterra_emulators::gaussian_process::Kernel;
use serde::{Deserialize, Serialize};

use crate::calibration::Method;
use crate::sampling::{self, Gate, Length};

/// Everything about a campaign but the problem.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CesOptions {
    /// What places the runs.
    pub calibration: Method,
    /// Its members.
    pub members: usize,
    /// Emulators.
    pub emulators: EmulatorOptions,
    /// What the model lacks beside observation errors.
    pub discrepancy: Discrepancy,
    /// How the posterior is sampled.
    pub sampler: Sampler,
    /// How much of it. Where that doesn't pass the gate, chains of twice the length are drawn, up to three times.
    pub length: Length,
    /// What chains have to reach.
    pub gate: Gate,
    /// Runs at draws of the posterior that check the emulators, each round.
    pub held_out: usize,
    /// Rounds of such runs before a campaign gives up.
    pub rounds: u32,
    /// What a posterior has to reach.
    pub limits: Limits,
    /// Seed of everything random.
    pub seed: u64,
}

impl Default for CesOptions {
    fn default() -> Self {
        Self {
            calibration: Method::default(),
            members: 50,
            emulators: EmulatorOptions::default(),
            discrepancy: Discrepancy::default(),
            sampler: Sampler::default(),
            length: Length { chains: 4, warm_up: 400, draws: 750, thin: 1 },
            gate: Gate::default(),
            held_out: 25,
            rounds: 5,
            limits: Limits::default(),
            seed: 0,
        }
    }
}

/// How outputs are emulated.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EmulatorOptions {
    /// Kernel of the Gaussian processes.
    pub kernel: Kernel,
    /// Starts of the search for hyperparameters.
    pub starts: usize,
    /// Runs that emulators are fitted to at most: the latest half, and of those before the ones that miss the data
    /// least.
    pub runs: usize,
    /// Principal components at most.
    pub components: usize,
    /// Variance of the whitened outputs that may be left to further components, in observation error variances.
    pub left_out: f64,
}

impl Default for EmulatorOptions {
    fn default() -> Self {
        Self { kernel: Kernel::Matern52, starts: 2, runs: 200, components: 30, left_out: 0.01 }
    }
}

/// What the model lacks, as independent errors beside those of the observations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Discrepancy {
    /// Nothing.
    #[default]
    None,
    /// Its standard deviation, in those of the observation errors.
    Known(f64),
    /// The same, to be inferred: lognormal with this median and this standard deviation of its logarithm. It is the last
    /// parameter of the sample.
    Inferred {
        /// Median.
        median: f64,
        /// Standard deviation of the logarithm.
        log_sd: f64,
    },
}

/// How chains move.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sampler {
    /// The no-U-turn sampler on a likeness of the likelihood whose variances are parabolas; the likelihood itself accepts
    /// its steps. Without the likeness where it accepts too few of them, and beyond a dozen parameters.
    #[default]
    Surrogate,
    /// The no-U-turn sampler, by gradients of the emulators and their variances.
    Nuts,
    /// A method without gradients.
    Plain(sampling::Method),
}

/// What a posterior has to reach to be called one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Least share of the outputs' variance that emulators explain of runs left out one by one.
    pub skill: f64,
    /// Largest share of draws outside the design.
    pub outside: f64,
    /// Least coverage of 90 % intervals, of runs at draws of the posterior.
    pub coverage: f64,
    /// Error of an emulator, in observation errors, that is too small to matter: intervals are that much wider.
    pub negligible: f64,
    /// Mean share of emulator variance in the likelihood's above which runs are added while rounds are left.
    pub ignorance: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { skill: 0.2, outside: 0.05, coverage: 0.85, negligible: 0.05, ignorance: 0.05 }
    }
}
