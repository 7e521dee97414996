//! Daily soil water of three forests, assimilated with states and parameters; what was withheld is predicted.
//!
//! Withheld are, at all depths at once, every second block of fourteen days, counted from the first day of the weather;
//! and the towers' gross primary production by day and evapotranspiration by month, of which nothing is assimilated.
//! Compared with what was read are means of forecasts, in units of the probe: no withheld value rescales anything. Open
//! loop is the same ensemble, the same draws and errors of forcing, that sees no reading. Both are scored from the day
//! of the first reading on.
//!
//! Readings of days of frost are flagged, as a network of such probes does, and neither assimilated nor scored.
//!
//! Soil water moves saturation by layer, porosity, conductivity and the depth of roots, what each probe reads over
//! what its layer holds, and the parameters that set how fast plants and soil use water; the rest of the shipped workflow's
//! parameters are as uncertain as there and are left as drawn. Published assimilation of soil water into CLM5 brought its
//! error down by 56 to 64 % and that of evapotranspiration up by 4 %.

mod places;

use reterra_land::forcing::MONTH_DAYS;
use reterra_land::parameters::NAMES;
use reterra_statistics::scores::Pairwise;
use reterra_workflow::config::{self, Overrides};
use reterra_workflow::ensemble::daily::Course;

use self::places::Place;
use super::skill::number;
use crate::record::{Goal, Record};
use crate::{ValidationError, places as paths};

/// Days of a block; every second one is withheld.
const BLOCK: usize = 14;
/// Change of the error of withheld soil water that is asked for.
const GOAL: f64 = -0.3;
/// Days of a model year.
const YEAR: f64 = 365.0;

/// Errors of soil water and fluxes with and without assimilation.
///
/// # Errors
/// [`ValidationError::NoData`], unreadable files, errors of the model.
pub fn measure() -> Result<Vec<Record>, ValidationError> {
    let data = paths::shared("sites_monthly")?;
    let file = paths::workflow("stations-monthly.toml");
    let workflow = config::load(&file, Overrides { data: Some(&data), seed: None }, NAMES)?;
    let mut records = Vec::new();
    for (number, place) in places::all(&workflow)?.iter().enumerate() {
        let [open, assimilated] = place.run(&workflow, number as u32)?;
        records.extend(place.records(&open, &assimilated));
    }
    Ok(records)
}

/// Whether readings of a day are withheld.
fn withheld(day: usize) -> bool {
    day / BLOCK % 2 == 1
}

/// Scores of withheld soil water.
struct Water {
    /// Over all probes, m³ m⁻³.
    rmse: f64,
    /// The same without each probe's bias.
    unbiased: f64,
    /// Mean over probes.
    correlation: f64,
}

impl Place {
    fn records(&self, open: &Course, filter: &Course) -> Vec<Record> {
        let record = |what: &str, value, goal, unit| {
            Record::new(format!("assimilation-6-{}-{what}", self.id.to_lowercase()), value, goal, unit)
        };
        self.tell(filter);
        let [before, after] = [open, filter].map(|course| self.water(course));
        let mut records = vec![
            record("soil-water-rmse-change", after.rmse / before.rmse - 1.0, Goal::AtMost(GOAL), "1"),
            record("soil-water-rmse", after.rmse, Goal::AtMost((1.0 + GOAL) * before.rmse), "m3 m-3"),
            record("soil-water-ubrmse", after.unbiased, Goal::AtMost(before.unbiased), "m3 m-3"),
            record("soil-water-correlation", after.correlation, Goal::AtLeast(before.correlation), "1"),
        ];
        for (name, score) in [("gpp", Self::gpp as fn(&Self, &Course) -> Pairwise), ("et", Self::et)] {
            let [before, after] = [open, filter].map(|course| score(self, course));
            if before.n() == 0 {
                continue;
            }
            let [open, assimilated] = [&before, &after].map(|pairs| number(pairs.rmse()));
            eprintln!(
                "{}: {name}, {} values, rmse {open:.4} open and {assimilated:.4} assimilated, bias {:.3} and {:.3}",
                self.id,
                before.n(),
                number(before.bias()),
                number(after.bias())
            );
            let change = assimilated / open - 1.0;
            records.push(record(&format!("{name}-rmse-change"), change, Goal::AtMost(0.0), "1"));
        }
        records
    }

    /// What updates did.
    fn tell(&self, filter: &Course) {
        let years = (self.case.weather.days.len() - self.first()) as f64 / YEAR;
        let account = &filter.account;
        let [used, refused, frozen] = account.readings;
        let factors = &account.inflation;
        eprintln!(
            "{}: {used} readings used, {refused} refused, {frozen} frozen; {} members replaced; updates add {:.0} kg m-2 yr-1 \
             of water and move {:.0}; mean covariance factor {:.2}",
            self.id,
            account.failures.len(),
            account.added.water / years,
            account.water_moved / years,
            factors.iter().sum::<f64>() / factors.len().max(1) as f64,
        );
    }

    fn gpp(&self, course: &Course) -> Pairwise {
        let mut pairs = Pairwise::default();
        for (day, observed) in self.gpp.iter().enumerate().skip(self.first()) {
            if let Some(value) = observed {
                pairs.push(*value, course.gpp[day]);
            }
        }
        pairs
    }

    /// Of whole months.
    fn et(&self, course: &Course) -> Pairwise {
        let mut pairs = Pairwise::default();
        let mut start = 0;
        for (m, observed) in self.et.iter().enumerate() {
            let days = start..start + MONTH_DAYS[(self.case.weather.first_month + m) % 12];
            start = days.end;
            if let Some(value) = observed.filter(|_| days.start >= self.first()) {
                pairs.push(value, course.et[days.clone()].iter().sum::<f64>() / days.len() as f64);
            }
        }
        pairs
    }

    fn water(&self, course: &Course) -> Water {
        let (mut all, mut without_gains) = (Pairwise::default(), Pairwise::default());
        let (mut unbiased, mut correlation) = (0.0, 0.0);
        for (k, probe) in self.probes.iter().enumerate() {
            let mut pairs = Pairwise::default();
            let days = probe.readings.iter().enumerate().filter(|(day, _)| withheld(*day));
            for (day, value) in days.filter_map(|(day, value)| Some((day, (*value)?))) {
                pairs.push(value, course.readings[k][day]);
                without_gains.push(value, course.water[k][day]);
            }
            let [rmse, bias, r] = [pairs.rmse(), pairs.bias(), pairs.correlation()].map(number);
            let (id, name, n) = (self.id, &probe.name, pairs.n());
            eprintln!("{id} {name}: {n} withheld days, rmse {rmse:.4}, bias {bias:.4}, correlation {r:.3}");
            unbiased += n as f64 * (rmse * rmse - bias * bias);
            correlation += r / self.probes.len() as f64;
            all.merge(&pairs);
        }
        let (rmse, own) = (number(all.rmse()), number(without_gains.rmse()));
        let unbiased = (unbiased / all.n() as f64).sqrt();
        eprintln!("{}: rmse {rmse:.4}, unbiased {unbiased:.4}; of the water itself {own:.4}", self.id);
        Water { rmse, unbiased, correlation }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_second_fortnight_is_withheld() {
        let kept: Vec<usize> = (0..60).filter(|day| !withheld(*day)).collect();
        assert_eq!(kept, (0..14).chain(28..42).chain(56..60).collect::<Vec<_>>());
    }
}
