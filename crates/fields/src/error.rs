//! What can be wrong with a date, a station, a field or an ensemble.

/// An impossible value, with what it was meant to be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FieldError {
    /// A text that is no month.
    #[error("`{0}` is not a month; write year and month as in 2001-01")]
    NotAMonth(String),
    /// A text that is no date.
    #[error("`{0}` is not a date; write it as in 2001-01-31")]
    NotADate(String),
    /// A day that the calendar does not have.
    #[error("{date} does not exist in the {calendar} calendar")]
    NoSuchDay {
        /// The date.
        date: String,
        /// The calendar's CF name.
        calendar: &'static str,
    },
    /// A text that is no IGBP class.
    #[error("`{0}` is not an IGBP class; use one of {classes}", classes = crate::station::Igbp::CODES.join(", "))]
    NotAnIgbpClass(String),
    /// A station's value outside what is possible.
    #[error("station `{station}`: {quantity} {value} is impossible; it must lie in {lowest} to {highest}")]
    StationValue {
        /// The station's id.
        station: String,
        /// The quantity with its unit.
        quantity: &'static str,
        /// Its value.
        value: f64,
        /// The least possible value.
        lowest: f64,
        /// The greatest possible value.
        highest: f64,
    },
    /// A station without an id, or with one that cannot name a file.
    #[error("station id `{0}` is not usable; use letters, digits, `-`, `_` and `.` only")]
    StationId(String),
    /// An array whose number of dimensions differs from the dimensions named.
    #[error("field `{field}` names the dimensions {named:?} but its data have the shape {shape:?}")]
    Dimensions {
        /// The field's name.
        field: String,
        /// The dimensions named.
        named: Vec<String>,
        /// The data's shape.
        shape: Vec<usize>,
    },
    /// An ensemble too small for what is asked of it.
    #[error("an ensemble of {members} members has no spread; give at least 2")]
    TooFewMembers {
        /// Its members.
        members: usize,
    },
}
