//! What can go wrong, with what the user can do about it.

use std::path::PathBuf;

/// An error of inversion or filtering.
#[derive(Debug, thiserror::Error)]
pub enum AssimilationError {
    /// An array has another shape than its partner.
    #[error("{what}: expected {expected} values, got {got}; check how the arrays were put together")]
    Shape {
        /// Which array and which of its dimensions.
        what: &'static str,
        /// The length wanted.
        expected: usize,
        /// The length met.
        got: usize,
    },
    /// A value is NaN or infinite.
    #[error(
        "{what} of row {row}, column {column} is not finite; leave a failed member or missing observation out"
    )]
    NotFinite {
        /// Which array.
        what: &'static str,
        /// Row (member).
        row: usize,
        /// Column (state variable or observation).
        column: usize,
    },
    /// A variance or a matrix is not positive.
    #[error("{what} number {index} is {value}; error variances must be positive and finite")]
    NotPositive {
        /// Which array.
        what: &'static str,
        /// Position, from 0.
        index: usize,
        /// The value met (a pivot for a matrix).
        value: f64,
    },
    /// An option lies outside its range.
    #[error("option {option} is {value}; it must lie in {range}")]
    Option {
        /// Its name.
        option: &'static str,
        /// The value met.
        value: f64,
        /// The range wanted.
        range: &'static str,
    },
    /// Too many members failed for an update.
    #[error(
        "only {surviving} of {members} members finished, {needed} are needed; first failure: {first}. \
         Run the failed members again or narrow the priors"
    )]
    TooFewMembers {
        /// Members with an output.
        surviving: usize,
        /// Ensemble size.
        members: usize,
        /// The minimum wanted.
        needed: usize,
        /// Why the first failed member failed.
        first: String,
    },
    /// Fewer than two members.
    #[error("an ensemble of {members} has no spread to weigh observations by; give it two members or more")]
    NoEnsemble {
        /// Its size.
        members: usize,
    },
    /// A list names something that is not there.
    #[error("{what}: number {number} of {count}, counted from 0; make the list for the arrays it goes with")]
    Number {
        /// What is listed where.
        what: &'static str,
        /// The number met.
        number: usize,
        /// How many there are.
        count: usize,
    },
    /// A list names something twice.
    #[error("{what}: number {number} comes twice and would count twice; list it once")]
    Twice {
        /// What is listed where.
        what: &'static str,
        /// The number.
        number: usize,
    },
    /// The inversion is already done.
    #[error("the inversion has already reached T = {t}; it takes no more outputs")]
    Finished {
        /// The pseudo-time reached.
        t: f64,
    },
    /// An eigenvalue solver did not converge.
    #[error("the eigenvalues of {what} did not converge; look for extreme values in the ensemble")]
    NoConvergence {
        /// Which matrix.
        what: &'static str,
    },
    /// A minimisation did not come to its end.
    #[error("no minimum after {iterations} steps; allow more steps or a larger residual")]
    NoMinimum {
        /// Steps taken.
        iterations: usize,
    },
    /// A method has no such form of localisation.
    #[error("{method} can't use {form}; give it {instead}")]
    Localisation {
        /// The method.
        method: &'static str,
        /// The form it was given.
        form: &'static str,
        /// What it can use.
        instead: &'static str,
    },
    /// A state layout can't hold a block.
    #[error("block {name} of the state layout {problem}")]
    Block {
        /// The block's name.
        name: String,
        /// What is wrong with it.
        problem: BlockProblem,
    },
    /// A Markov chain found no place to begin.
    #[error(
        "chain {chain} found no likelihood at any of {tries} draws of the prior; give it a start, or look whether the \
         model runs there"
    )]
    Start {
        /// The chain.
        chain: usize,
        /// Draws tried.
        tries: usize,
    },
    /// Markov chains don't agree, or are worth too few draws: what they give isn't a posterior.
    #[error(
        "chains of {parameter} have R-hat {rhat:.3} (wanted: at most {wanted_rhat}) and are worth {ess:.0} independent \
         draws (wanted: {wanted_ess}); draw more, or use a method for several modes"
    )]
    NotConverged {
        /// The parameter.
        parameter: String,
        /// Its R̂.
        rhat: f64,
        /// Its effective sample size.
        ess: f64,
        /// Largest R̂ that passes.
        wanted_rhat: f64,
        /// Least effective sample size that passes.
        wanted_ess: f64,
    },
    /// A model doesn't show what is observed.
    #[error(
        "the model shows no {quantity} of {support}; observe what it has, at depths above its bedrock, or leave the \
         record out"
    )]
    Unobservable {
        /// The quantity.
        quantity: &'static str,
        /// The area.
        support: String,
    },
    /// The windows of a record are out of order.
    #[error(
        "observation {index} of a record has the window {start} to {end}, where {free} is the first free step; sort \
         windows, and give those that overlap records of their own"
    )]
    Window {
        /// Position of the observation, from 0.
        index: usize,
        /// First step of its window.
        start: usize,
        /// Step after the last.
        end: usize,
        /// First step after the window before it.
        free: usize,
    },
    /// A file of acceptance problems cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A file of acceptance problems is not what it should be.
    #[error("{path} is not a file of inverse problems: {source}")]
    Parse {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: serde_json::Error,
    },
    /// Ranks would not see all observations of their columns.
    #[error(
        "the halo of {width} is narrower than the localisation radius of {radius}: columns at the border of a rank \
         would miss observations; widen the halo to the radius at least, or shorten the radius"
    )]
    Halo {
        /// Width of the halo, in the unit of the metric.
        width: f64,
        /// Localisation radius, in the same unit.
        radius: f64,
    },
    /// Ranks can't exchange.
    #[error(transparent)]
    Parallel(#[from] reterra_parallel::ParallelError),
    /// An emulator can't be fitted or used.
    #[error(transparent)]
    Emulator(#[from] reterra_emulators::EmulatorError),
    /// What would be a posterior isn't one.
    #[error("no posterior: {0}")]
    Refused(#[from] crate::ces::Refusal),
    /// Whoever waits for the result asked to stop.
    #[error("stopped before there was a result; begin again with the same seed for the same one")]
    Stopped,
    /// A prior is impossible.
    #[error(transparent)]
    Prior(#[from] reterra_statistics::PriorError),
}

/// What is wrong with a block of a state layout.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum BlockProblem {
    /// No layers or no tiles.
    #[error("has {layers} layers and {tiles} tiles; leave out a variable that a column does not have")]
    Empty {
        /// Its layers.
        layers: usize,
        /// Its tiles.
        tiles: usize,
    },
    /// Two blocks have its name.
    #[error("is there twice; give each variable a name of its own")]
    Twice,
    /// Bounds that nothing lies between.
    #[error(
        "has the bounds {lower} and {upper}; the lower must be below the upper, and both finite for a logit"
    )]
    Bounds {
        /// Lower bound.
        lower: f64,
        /// Upper bound.
        upper: f64,
    },
    /// A floor whose logarithm is nothing.
    #[error("has the floor {0}; a logarithm needs one above 0")]
    Floor(f64),
}
