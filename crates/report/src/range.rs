//! The value range that all stations share for a variable, in readers' units.

use crate::input::{Station, Variable};
use crate::scale::{extent, padded};

/// By how much of the range of means and observations a band may widen the axis; what lies beyond is cut off.
const BAND_ROOM: f64 = 0.3;
const PADDING: f64 = 0.05;

/// Range of all stations' mean seasonal cycles of a variable; `None` where none has a value.
pub(crate) fn seasonal(stations: &[Station], variable: Variable) -> Option<(f64, f64)> {
    let cycles =
        || stations.iter().flat_map(|station| &station.seasonal).filter(|cycle| cycle.variable == variable);
    let core = cycles().flat_map(|c| [&c.observed_train, &c.observed_withheld, &c.mean, &c.prior]).flatten();
    let band = cycles().flat_map(|c| [&c.lower, &c.upper]).flatten();
    shared(variable, core, band)
}

/// Range of all stations' monthly series of a variable.
pub(crate) fn series(stations: &[Station], variable: Variable) -> Option<(f64, f64)> {
    let all =
        || stations.iter().flat_map(|station| &station.series).filter(|series| series.variable == variable);
    let core = all().flat_map(|s| [&s.observed_train, &s.observed_withheld, &s.mean]).flatten();
    let band = all().flat_map(|s| [&s.lower, &s.upper]).flatten();
    shared(variable, core, band)
}

fn shared<'a>(
    variable: Variable,
    core: impl Iterator<Item = &'a Option<f64>>,
    band: impl Iterator<Item = &'a Option<f64>>,
) -> Option<(f64, f64)> {
    let (low, high) = extent(core.flatten().map(|value| variable.display(*value)))?;
    let (low, high) = (low.min(0.0), high.max(0.0));
    let room = BAND_ROOM * (high - low);
    let (band_low, band_high) = extent(band.flatten().map(|v| variable.display(*v))).unwrap_or((low, high));
    let low_end = low.min(band_low.max(low - room));
    let high_end = high.max(band_high.min(high + room));
    Some(padded((low_end, high_end), PADDING))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::Seasonal;

    #[test]
    fn a_wild_band_does_not_squeeze_the_observations() {
        let mut cycle = Seasonal::empty(Variable::Lai);
        cycle.mean = [Some(4.0); 12];
        cycle.upper = [Some(400.0); 12];
        let station = Station { seasonal: vec![cycle], ..Station::default() };
        let (low, high) = seasonal(&[station], Variable::Lai).unwrap();
        assert!((low + 0.26).abs() < 1e-9 && (high - 5.46).abs() < 1e-9, "{low} {high}");
    }

    #[test]
    fn no_values_give_no_range() {
        let station = Station { seasonal: vec![Seasonal::empty(Variable::Gpp)], ..Station::default() };
        assert_eq!(seasonal(&[station], Variable::Gpp), None);
    }
}
