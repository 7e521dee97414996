//! Why there is no posterior.

/// What keeps a sample from being called a posterior. Each is decided by a figure that is part of the message.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// Runs don't span the parameters.
    #[error(
        "the design has collapsed: {runs} runs span {spanned} of {parameters} parameters; spread runs over the prior before \
         anything is emulated"
    )]
    Collapsed {
        /// Runs with an output.
        runs: usize,
        /// Directions in which they differ.
        spanned: usize,
        /// Parameters.
        parameters: usize,
    },
    /// Outputs hardly differ between runs.
    #[error(
        "outputs of the {runs} runs have a variance of {variance:.1e} observation error variances in all: the design has \
         collapsed, or the data can tell nothing about these parameters; spread runs over the prior"
    )]
    NoContrast {
        /// Runs with an output.
        runs: usize,
        /// Sum of the variances of all whitened outputs.
        variance: f64,
    },
    /// Outputs don't depend on the parameters, as far as emulators can tell.
    #[error(
        "emulators explain {skill:.3} of the variance of outputs that they were not fitted to (wanted: {wanted}): the \
         outputs look like noise; check that runs and parameters belong together, average chaotic outputs over longer \
         times, or give more runs"
    )]
    NothingLearnt {
        /// Share of variance explained, leaving runs out one by one; below zero where the mean would do better.
        skill: f64,
        /// Share wanted.
        wanted: f64,
    },
    /// The posterior lies where no run was.
    #[error(
        "{share:.3} of the posterior lies outside the design (allowed: {allowed}) after {rounds} rounds: emulators \
         extrapolate there; add runs there, or look whether the data can be met within the prior"
    )]
    OutsideDesign {
        /// Share of draws.
        share: f64,
        /// Share allowed.
        allowed: f64,
        /// Rounds of added runs.
        rounds: u32,
    },
    /// Emulators claim more than they know.
    #[error(
        "90 % intervals of the emulators cover {coverage:.3} of runs at draws of the posterior (wanted: {wanted}) after \
         {rounds} rounds; add runs, choose another kernel, or calibrate fewer parameters"
    )]
    Coverage {
        /// Coverage of the last round.
        coverage: f64,
        /// Coverage wanted.
        wanted: f64,
        /// Rounds of added runs.
        rounds: u32,
    },
    /// Runs at draws of the posterior fail.
    #[error(
        "{failed} of {runs} runs at draws of the posterior failed, first: {first}; the model can't be judged there"
    )]
    RunsFailed {
        /// Runs that failed.
        failed: usize,
        /// Runs.
        runs: usize,
        /// Why the first one did.
        first: String,
    },
}
