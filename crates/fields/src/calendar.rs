//! Months and dates in the two calendars of land models, and CF time axes of months.
//!
//! `standard` is the Gregorian calendar, here without its Julian past (dates before 1582-10-15 are proleptic);
//! `noleap` has 365 days in every year (CF-1.11, section 4.4.1). Day numbers follow Hinnant's civil-calendar
//! algorithm (<https://howardhinnant.github.io/date_algorithms.html>).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::FieldError;

/// Seconds of a day.
pub const SECONDS_PER_DAY: f64 = 86_400.0;

/// Days of a noleap year before the first of each month, and of the year.
const DAYS_BEFORE: [i64; 13] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];

/// A CF calendar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Calendar {
    /// Gregorian, with leap years.
    #[default]
    Standard,
    /// 365 days in every year.
    NoLeap,
}

impl Calendar {
    /// The name CF gives it.
    #[must_use]
    pub fn cf_name(self) -> &'static str {
        match self {
            Calendar::Standard => "standard",
            Calendar::NoLeap => "noleap",
        }
    }

    /// Whether the year has a 29th of February.
    #[must_use]
    pub fn is_leap(self, year: i32) -> bool {
        self == Calendar::Standard && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    /// Days in the year.
    #[must_use]
    pub fn days_in_year(self, year: i32) -> u32 {
        365 + u32::from(self.is_leap(year))
    }

    /// The day's number, with 1970-01-01 as 0.
    #[must_use]
    pub fn day_number(self, date: Date) -> i64 {
        let year = i64::from(date.year);
        let leap_days = match self {
            Calendar::NoLeap => 0,
            Calendar::Standard => {
                let before = |y: i64| y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400);
                before(year - 1) - before(1969)
            }
        };
        (year - 1970) * 365 + leap_days + i64::from(self.day_of_year(date)) - 1
    }

    /// The date of a day number, the inverse of [`Calendar::day_number`].
    #[must_use]
    pub fn date(self, day_number: i64) -> Date {
        let start = |year: i64| self.day_number(Date { year: year as i32, month: 1, day: 1 });
        let mut year = 1970 + day_number.div_euclid(366).min(day_number.div_euclid(365));
        while start(year + 1) <= day_number {
            year += 1;
        }
        let mut rest = day_number - start(year);
        let mut month = Month { year: year as i32, month: 1 };
        while rest >= i64::from(month.days(self)) {
            rest -= i64::from(month.days(self));
            month = month.next();
        }
        Date { year: month.year, month: month.month, day: rest as u8 + 1 }
    }

    /// The day of the year, with 1 January as 1.
    #[must_use]
    pub fn day_of_year(self, date: Date) -> u16 {
        let before = DAYS_BEFORE.get(usize::from(date.month).wrapping_sub(1)).copied().unwrap_or(0);
        let leap_day = date.month > 2 && self.is_leap(date.year);
        before as u16 + u16::from(leap_day) + u16::from(date.day)
    }
}

/// A month of a year. Read one from outside with `parse`, which checks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Month {
    /// The year.
    pub year: i32,
    /// The month, 1 to 12.
    pub month: u8,
}

impl Month {
    /// The month after.
    #[must_use]
    pub fn next(self) -> Self {
        self.plus(1)
    }

    /// The month this many months later, or earlier.
    #[must_use]
    pub fn plus(self, months: i32) -> Self {
        let index = self.index() + i64::from(months);
        Month { year: index.div_euclid(12) as i32, month: index.rem_euclid(12) as u8 + 1 }
    }

    /// Months since `earlier`, negative where that is later.
    #[must_use]
    pub fn since(self, earlier: Month) -> i64 {
        self.index() - earlier.index()
    }

    /// Its days.
    #[must_use]
    pub fn days(self, calendar: Calendar) -> u32 {
        match self.month {
            2 => 28 + u32::from(calendar.is_leap(self.year)),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    /// Its length in seconds.
    #[must_use]
    pub fn seconds(self, calendar: Calendar) -> f64 {
        f64::from(self.days(calendar)) * SECONDS_PER_DAY
    }

    /// Its first day.
    #[must_use]
    pub fn first_day(self) -> Date {
        Date { year: self.year, month: self.month, day: 1 }
    }

    fn index(self) -> i64 {
        i64::from(self.year) * 12 + i64::from(self.month) - 1
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl FromStr for Month {
    type Err = FieldError;
    fn from_str(text: &str) -> Result<Self, FieldError> {
        let parsed = text.split_once('-').and_then(|(year, month)| {
            let month = Month { year: digits(year, 4)?.into(), month: digits(month, 2)? as u8 };
            (1..=12).contains(&month.month).then_some(month)
        });
        parsed.ok_or_else(|| FieldError::NotAMonth(text.to_owned()))
    }
}

impl TryFrom<String> for Month {
    type Error = FieldError;
    fn try_from(text: String) -> Result<Self, FieldError> {
        text.parse()
    }
}

impl From<Month> for String {
    fn from(month: Month) -> Self {
        month.to_string()
    }
}

/// A day. Read one from outside with [`Date::parse`], which checks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date {
    /// The year.
    pub year: i32,
    /// The month, 1 to 12.
    pub month: u8,
    /// The day of the month, from 1.
    pub day: u8,
}

impl Date {
    /// Reads `2001-01-31`.
    ///
    /// # Errors
    /// Another form, or a day that the calendar does not have.
    pub fn parse(text: &str, calendar: Calendar) -> Result<Date, FieldError> {
        let parts: Vec<&str> = text.split('-').collect();
        let date = match parts[..] {
            [year, month, day] => digits(year, 4)
                .zip(digits(month, 2))
                .zip(digits(day, 2))
                .map(|((year, month), day)| Date { year: year.into(), month: month as u8, day: day as u8 }),
            _ => None,
        };
        let date = date.ok_or_else(|| FieldError::NotADate(text.to_owned()))?;
        let days = 1..=date.month().days(calendar);
        if !(1..=12).contains(&date.month) || !days.contains(&u32::from(date.day)) {
            return Err(FieldError::NoSuchDay { date: text.to_owned(), calendar: calendar.cf_name() });
        }
        Ok(date)
    }

    /// Its month.
    #[must_use]
    pub fn month(self) -> Month {
        Month { year: self.year, month: self.month }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// Exactly `n` decimal digits.
fn digits(text: &str, n: usize) -> Option<u16> {
    let valid = text.len() == n && text.bytes().all(|b| b.is_ascii_digit());
    if valid { text.parse().ok() } else { None }
}

/// A CF time axis of consecutive months, in days since the first of January of its first year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonthAxis {
    /// The first month.
    pub start: Month,
    /// How many months.
    pub len: usize,
    /// The calendar of its days.
    pub calendar: Calendar,
}

impl MonthAxis {
    /// The months in order.
    #[must_use = "the months are only made when asked for"]
    pub fn months(&self) -> impl Iterator<Item = Month> + use<> {
        std::iter::successors(Some(self.start), |m| Some(m.next())).take(self.len)
    }

    /// The place of a month on the axis.
    #[must_use]
    pub fn position(&self, month: Month) -> Option<usize> {
        usize::try_from(month.since(self.start)).ok().filter(|i| *i < self.len)
    }

    /// The unit, as CF writes it: `days since 2001-01-01 00:00:00`.
    #[must_use]
    pub fn units(&self) -> String {
        format!("days since {} 00:00:00", self.epoch())
    }

    /// Start and end of every month.
    #[must_use]
    pub fn bounds(&self) -> Vec<[f64; 2]> {
        let epoch = self.calendar.day_number(self.epoch());
        let start = |m: Month| (self.calendar.day_number(m.first_day()) - epoch) as f64;
        self.months().map(|m| [start(m), start(m.next())]).collect()
    }

    /// The middle of every month.
    #[must_use]
    pub fn mid(&self) -> Vec<f64> {
        self.bounds().iter().map(|[start, end]| 0.5 * (start + end)).collect()
    }

    fn epoch(&self) -> Date {
        Date { year: self.start.year, month: 1, day: 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JANUARY: Month = Month { year: 2001, month: 1 };

    fn date(text: &str) -> Date {
        Date::parse(text, Calendar::Standard).unwrap()
    }

    /// Day numbers by `cftime.date2num(…, "days since 1970-01-01", calendar)`.
    #[test]
    fn day_numbers_agree_with_cftime() {
        for (text, standard, noleap) in [
            ("1970-01-01", 0, 0),
            ("1969-12-31", -1, -1),
            ("1900-03-01", -25_508, -25_491),
            ("2000-03-01", 11_017, 11_009),
            ("2016-12-31", 17_166, 17_154),
            ("2100-03-01", 47_541, 47_509),
        ] {
            assert_eq!(Calendar::Standard.day_number(date(text)), standard, "{text}");
            assert_eq!(Calendar::NoLeap.day_number(date(text)), noleap, "{text}");
        }
    }

    #[test]
    fn every_day_of_four_centuries_comes_back() {
        for calendar in [Calendar::Standard, Calendar::NoLeap] {
            let mut last = calendar.date(-62_000);
            for number in -61_999..90_000 {
                let date = calendar.date(number);
                assert_eq!(calendar.day_number(date), number);
                assert!(date > last);
                last = date;
            }
        }
    }

    #[test]
    fn a_day_of_the_year_counts_the_leap_day() {
        let day = |calendar: Calendar, text| calendar.day_of_year(date(text));
        assert_eq!(day(Calendar::Standard, "2004-12-31"), 366);
        assert_eq!(day(Calendar::NoLeap, "2004-12-31"), 365);
        assert_eq!(day(Calendar::Standard, "2004-02-29"), 60);
        assert_eq!(Calendar::Standard.days_in_year(1900), 365);
    }

    #[test]
    fn months_count_over_the_turn_of_the_year() {
        let december = Month { year: 2000, month: 12 };
        assert_eq!(december.next(), JANUARY);
        assert_eq!(JANUARY.plus(-1), december);
        assert_eq!(JANUARY.plus(191), "2016-12".parse().unwrap());
        assert_eq!("2016-12".parse::<Month>().unwrap().since(JANUARY), 191);
        assert_eq!(Month { year: 2004, month: 2 }.days(Calendar::Standard), 29);
        assert_eq!(Month { year: 2004, month: 2 }.days(Calendar::NoLeap), 28);
    }

    #[test]
    fn texts_that_are_no_date_are_refused() {
        for text in ["2001", "2001-13", "2001-00", "2001-1", "01-2001", "2001-01-01", "+201-01", ""] {
            assert_eq!(text.parse::<Month>(), Err(FieldError::NotAMonth(text.to_owned())));
        }
        for text in ["2001-02-29", "2001-13-01", "2001-04-31", "2001-01-00"] {
            let error = Date::parse(text, Calendar::Standard).unwrap_err();
            assert!(matches!(error, FieldError::NoSuchDay { .. }), "{text}: {error}");
        }
        assert!(Date::parse("2004-02-29", Calendar::NoLeap).is_err());
        assert!(matches!(Date::parse("20010101", Calendar::Standard), Err(FieldError::NotADate(_))));
    }

    #[test]
    fn an_axis_joins_its_months_without_gaps() {
        let axis = MonthAxis { start: JANUARY.plus(1), len: 192, calendar: Calendar::Standard };
        let bounds = axis.bounds();
        assert_eq!(axis.units(), "days since 2001-01-01 00:00:00");
        assert_eq!(format!("{:?}", bounds[0]), "[31.0, 59.0]");
        assert!(bounds.windows(2).all(|w| w[0][1].to_bits() == w[1][0].to_bits()));
        assert_eq!(format!("{:?}", bounds.last().unwrap()), "[5844.0, 5875.0]");
        assert_eq!(format!("{}", axis.mid()[0]), "45");
        assert_eq!(axis.position("2017-01".parse().unwrap()), Some(191));
        assert_eq!(axis.position("2017-02".parse().unwrap()), None);
        assert_eq!(axis.position(JANUARY), None);
    }

    #[test]
    fn months_are_stored_as_text() {
        assert_eq!(serde_json::to_string(&JANUARY).unwrap(), "\"2001-01\"");
        assert!(serde_json::from_str::<Month>("\"2001-14\"").is_err());
    }
}
