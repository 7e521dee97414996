//! What can go wrong in a column.

/// Errors of the land model.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LandError {
    /// A budget of one step does not close.
    #[error(
        "{quantity} does not balance on day {day}: off by {error:e} of a stock of {stock:e}; \
         this is a defect of the model, please report the site and its parameters"
    )]
    Balance {
        /// Which budget: carbon, nitrogen or water.
        quantity: &'static str,
        /// Day of the year, 0-based.
        day: usize,
        /// Absolute error, in the stock's unit.
        error: f64,
        /// The stock it is compared with.
        stock: f64,
    },
    /// A state became infinite or not a number.
    #[error("{variable} became {value} on day {day}; check the forcing of that day and the parameters")]
    NotFinite {
        /// The state's name.
        variable: &'static str,
        /// Its value.
        value: f64,
        /// Day of the year, 0-based.
        day: usize,
    },
    /// A parameter's name is not known.
    #[error("unknown land parameter `{name}`; the known ones are in `parameters::NAMES`")]
    UnknownParameter {
        /// The name as given.
        name: String,
    },
    /// A parameter's value is outside of what the model can run with.
    #[error("land parameter `{name}` = {value} is outside [{lower}, {upper}]")]
    ParameterRange {
        /// The parameter.
        name: &'static str,
        /// Its value.
        value: f64,
        /// Smallest value accepted.
        lower: f64,
        /// Largest value accepted.
        upper: f64,
    },
    /// The forcing is impossible.
    #[error("forcing {variable} = {value} in month {month} is impossible (accepted: {lower} to {upper})")]
    Forcing {
        /// Name of the forcing variable.
        variable: &'static str,
        /// Its value.
        value: f64,
        /// Position in the series, 0-based.
        month: usize,
        /// Smallest value accepted.
        lower: f64,
        /// Largest value accepted.
        upper: f64,
    },
    /// What covers a column makes no sense.
    #[error(
        "a column of {tiles} tiles got {parameters} sets of parameters and {covered} of its area covered; give one set \
         a tile, at most {most} tiles, and shares above 0 that sum to at most 1", most = crate::column::MOST_TILES
    )]
    Cover {
        /// Tiles.
        tiles: usize,
        /// Sets of parameters.
        parameters: usize,
        /// Sum of the shares.
        covered: f64,
    },
    /// A member's spin-up ran away.
    #[error(
        "the spin-up still changed by {drift:.0} gC m-2 yr-1 after {cycles} cycles (limit {limit:.0}); \
         these parameters have no equilibrium nearby"
    )]
    Runaway {
        /// Drift of the last cycle, gC m⁻² yr⁻¹.
        drift: f64,
        /// Cycles run.
        cycles: usize,
        /// Largest drift accepted, gC m⁻² yr⁻¹.
        limit: f64,
    },
    /// The semi-analytic solution failed.
    #[error("the semi-analytic spin-up cannot be solved")]
    Unsolvable {
        /// Why.
        source: crate::spinup::SpinupError,
    },
}
