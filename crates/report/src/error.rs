//! What can be wrong with a report's input.

use thiserror::Error;

/// Errors of rendering a report or a figure.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReportError {
    /// Two stations share a code.
    #[error("station `{code}` is listed twice; give every station its own code")]
    DuplicateStation {
        /// The code.
        code: String,
    },
    /// A figure was asked for a station that the input does not have.
    #[error("no station `{code}` in this report; it has: {known}")]
    UnknownStation {
        /// The code asked for.
        code: String,
        /// The codes there are.
        known: String,
    },
    /// The lists of a series differ in length.
    #[error(
        "{place}: `{list}` has {found} months, `mean` has {expected}; give every list one entry per month"
    )]
    SeriesLength {
        /// Station and variable, or `inflation`.
        place: String,
        /// The list that differs.
        list: &'static str,
        /// Length of `mean`.
        expected: usize,
        /// Length found.
        found: usize,
    },
    /// A month lies outside 1–12.
    #[error("{place}: month {month} does not exist; months are 1 to 12")]
    Month {
        /// Where the month stands.
        place: String,
        /// The month found.
        month: u32,
    },
    /// The period ends before it starts.
    #[error("the period ends ({last}) before it starts ({first}); exchange the two")]
    PeriodReversed {
        /// First month, `YYYY-MM`.
        first: String,
        /// Last month, `YYYY-MM`.
        last: String,
    },
    /// The page's template could not be filled in.
    #[error("the report's template failed; this is a defect of reterra-report, please report it")]
    Template(#[from] minijinja::Error),
}
