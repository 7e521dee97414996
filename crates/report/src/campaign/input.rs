//! What a campaign's figures are drawn from. Values are physical unless it says otherwise.

/// Points of [`Parameter::ring`]; a multiple of four.
pub const RING: usize = 64;

/// A sampled posterior with what it was checked by.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Campaign {
    /// Name of the campaign.
    pub name: String,
    /// What it is, in a sentence or two.
    pub lead: String,
    /// Parameters.
    pub parameters: Vec<Parameter>,
    /// Observed outputs with their emulators.
    pub outputs: Vec<Output>,
    /// Shares of the held-out runs' outputs within intervals of the emulators: probability, share. Empty without such runs.
    pub calibration: Vec<(f64, f64)>,
    /// Rounds of runs at draws of the posterior.
    pub rounds: Vec<Round>,
    /// Coverage of 90 % intervals that was asked for.
    pub wanted_coverage: f64,
    /// Misfit by step of the calibration: pseudo-time after the step, mean misfit of the members before it.
    pub misfit: Vec<(f64, f64)>,
    /// Facts for the page: what, how much, and whether it is as it should be.
    pub facts: Vec<Fact>,
    /// Files beside the page: name and what is in it.
    pub files: Vec<(String, String)>,
}

/// A figure of merit.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// What.
    pub label: String,
    /// How much.
    pub value: String,
    /// What was asked for; none where nothing was.
    pub wanted: Option<(String, bool)>,
}

/// A parameter's prior and its chains.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Density of the prior: value, density per unit; values rise.
    pub prior: Vec<(f64, f64)>,
    /// Mean and standard deviation of the prior.
    pub prior_moments: (f64, f64),
    /// Values at the prior's scores `2.146 cos(2π k / RING)`: two parameters' rings, one a quarter behind, trace the region
    /// that holds 90 % of their prior.
    pub ring: Vec<f64>,
    /// Draws, chain by chain.
    pub chains: Vec<Vec<f64>>,
    /// Mean and standard deviation of the posterior.
    pub moments: (f64, f64),
    /// 5 and 95 % quantiles of the posterior.
    pub interval: (f64, f64),
    /// Rank-normalised split R̂.
    pub rhat: f64,
    /// Effective sample size, the smaller of bulk and tails.
    pub ess: f64,
}

impl Parameter {
    /// All draws, chain after chain.
    pub(super) fn draws(&self) -> impl Iterator<Item = f64> + '_ {
        self.chains.iter().flatten().copied()
    }
}

/// An observed output.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// What held-out runs gave, the emulator's mean, and the half-width of its 90 % interval.
    pub held_out: Vec<(f64, f64, f64)>,
    /// Share of its variance that is due to each parameter alone, with the standard error.
    pub first: Vec<(f64, f64)>,
    /// Share that stays while a parameter alone is unknown, with the standard error.
    pub total: Vec<(f64, f64)>,
}

/// A round of runs at draws of the posterior.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Round {
    /// Runs.
    pub runs: usize,
    /// Share of their components within the emulators' 90 % intervals.
    pub coverage: f64,
    /// Root mean square of the emulators' errors, in observation errors.
    pub rmse: f64,
}
