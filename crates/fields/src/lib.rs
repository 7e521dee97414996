//! calendars, stations and named fields with units.
