//! When leaves come and go: evergreen, seasonal-deciduous and stress-deciduous habits.
//!
//! CLM5 technical note, chapter 20 (White et al. 1997, doi:10.1029/97GB00330): onset at a soil degree-day sum
//! that grows with the mean annual temperature, offset below a day length, or by drought and frost counters.

use crate::batched;
use crate::constants::FREEZING;
use crate::lanes::{Batched, Real};
use crate::parameters::Parameters;
use crate::plant::pft::LeafHabit;
use crate::plant::state::{Season, Vegetation};

/// Days of drought, frost or wetness that flip a stress-deciduous plant (CLM `crit_*`).
const CRITICAL_DAYS: f64 = 15.0;
/// Share of storage that evergreens turn to display in a day: 0.0002 in each of CLM's half hours.
const EVERGREEN_TRANSFER: f64 = 0.0096;
/// Shortest day with leaves of stress-deciduous plants, s.
const SHORTEST_DAY: f64 = 6.0 * 3_600.0;

batched! {
    /// What the plant senses.
    #[derive(Clone, Copy, Debug)]
    pub struct Signals {
        /// Soil temperature at about 9 cm, K.
        pub soil_temperature: T,
        /// Soil water potential there, MPa.
        pub soil_potential: T,
        /// Day length, s.
        pub day_length: T,
        /// 1 where days get longer, else 0.
        pub lengthening: T,
        /// Leaf area index.
        pub lai: T,
    }
}

batched! {
    /// What a day's phenology asks for.
    #[derive(Clone, Copy, Debug, Default, PartialEq)]
    pub struct LeafTurnover {
        /// Share of storage that goes to transfer.
        pub transferred: T,
        /// Share of transfer that goes to display.
        pub displayed: T,
        /// Share of leaves shed.
        pub leaf_share: T,
        /// Share of fine roots shed.
        pub froot_share: T,
    }
}

/// Advances the season by a day.
pub fn advance<T: Real>(
    plant: &mut Vegetation<T>,
    p: &Parameters<T>,
    habit: LeafHabit,
    signals: &Signals<T>,
) -> LeafTurnover<T> {
    let background = || LeafTurnover {
        leaf_share: T::of(1.0) / (p.leaf_long * 365.0),
        froot_share: T::of(1.0) / (p.froot_long * 365.0),
        ..LeafTurnover::default()
    };
    let (mut turnover, rule): (_, Rule<T>) = match habit {
        LeafHabit::Evergreen => {
            let (transferred, displayed) = (T::of(EVERGREEN_TRANSFER), T::of(1.0));
            return LeafTurnover { transferred, displayed, ..background() };
        }
        LeafHabit::SeasonalDeciduous => (LeafTurnover::default(), seasonal),
        LeafHabit::StressDeciduous => (background(), stress),
    };
    for k in 0..T::WIDTH {
        let mut own = turnover.lane(k);
        *plant.season.at_mut(k) = rule(&One { plant, p, signals, lane: k }, &mut own);
        turnover.set_lane(k, &own);
    }
    turnover
}

/// The next season of one column; what it sheds and displays goes to the turnover.
type Rule<T> = fn(&One<T>, &mut LeafTurnover) -> Season;

/// One column of a batch: seasons differ between neighbours.
struct One<'a, T: Real> {
    plant: &'a Vegetation<T>,
    p: &'a Parameters<T>,
    signals: &'a Signals<T>,
    lane: usize,
}

impl<T: Real> One<'_, T> {
    fn season(&self) -> Season {
        *self.plant.season.at(self.lane)
    }

    fn signals(&self) -> Signals {
        self.signals.lane(self.lane)
    }

    fn of(&self, value: T) -> f64 {
        value.at(self.lane)
    }

    fn degree_day_threshold(&self) -> f64 {
        let warmth = self.of(self.plant.t_annual) - FREEZING;
        Real::exp(self.of(self.p.gddfunc_p1) + self.of(self.p.gddfunc_p2) * warmth)
    }

    fn onset(&self, turnover: &mut LeafTurnover) -> Season {
        turnover.transferred = self.of(self.p.fstor2tran);
        Season::Onset { days_left: self.of(self.p.ndays_on).round() }
    }

    fn offset(&self, by_cold: bool) -> Season {
        Season::Offset { days_left: self.of(self.p.ndays_off).round(), by_cold }
    }
}

fn seasonal<T: Real>(one: &One<T>, turnover: &mut LeafTurnover) -> Season {
    let s = one.signals();
    let lengthening = s.lengthening > 0.5;
    match one.season() {
        Season::Dormant { degree_days, .. } => {
            let warmth = (s.soil_temperature - FREEZING).max(0.0);
            let sum = if lengthening { degree_days + warmth } else { 0.0 };
            if sum > one.degree_day_threshold() {
                one.onset(turnover)
            } else {
                Season::Dormant { degree_days: sum, wet_days: 0.0, cold_days: 0.0, needs_warmth: true }
            }
        }
        Season::Onset { days_left } => display(turnover, days_left),
        Season::Growing { .. } if !lengthening && s.day_length < one.of(one.p.crit_dayl) => one.offset(true),
        Season::Offset { days_left, by_cold } => shed(turnover, days_left, by_cold),
        growing @ Season::Growing { .. } => growing,
    }
}

fn display(turnover: &mut LeafTurnover, days_left: f64) -> Season {
    // CLM's rate: fast at first, falling to zero at the end of onset.
    turnover.displayed = (2.0 / days_left.max(1.0)).min(1.0);
    if days_left <= 1.0 {
        Season::Growing { dry_days: 0.0, cold_days: 0.0 }
    } else {
        Season::Onset { days_left: days_left - 1.0 }
    }
}

fn shed(turnover: &mut LeafTurnover, days_left: f64, by_cold: bool) -> Season {
    turnover.leaf_share = 1.0 / days_left.max(1.0);
    turnover.froot_share = turnover.leaf_share;
    if days_left <= 1.0 {
        Season::Dormant { degree_days: 0.0, wet_days: 0.0, cold_days: 0.0, needs_warmth: by_cold }
    } else {
        Season::Offset { days_left: days_left - 1.0, by_cold }
    }
}

fn stress<T: Real>(one: &One<T>, turnover: &mut LeafTurnover) -> Season {
    let s = one.signals();
    match one.season() {
        Season::Dormant { degree_days, wet_days, cold_days, needs_warmth } => {
            let frozen = s.soil_temperature <= FREEZING;
            let cold = if frozen { cold_days + 1.0 } else { cold_days };
            let wait = needs_warmth || cold >= CRITICAL_DAYS;
            let warmth = (s.soil_temperature - FREEZING).max(0.0);
            let sum = if s.lengthening > 0.5 { degree_days + warmth } else { 0.0 };
            let wet = if s.soil_potential >= one.of(one.p.soilpsi_on) { wet_days + 1.0 } else { wet_days };
            let warm = !wait || sum > one.degree_day_threshold();
            if warm && wet >= CRITICAL_DAYS && s.day_length >= SHORTEST_DAY && !frozen {
                one.onset(turnover)
            } else {
                Season::Dormant { degree_days: sum, wet_days: wet, cold_days: cold, needs_warmth: wait }
            }
        }
        Season::Onset { days_left } => display(turnover, days_left),
        Season::Growing { dry_days, cold_days } => {
            let room = (1.0 - s.lai / one.of(one.p.laimx)).max(0.0);
            turnover.transferred = one.of(one.p.fstor2tran) * room / one.of(one.p.regrowth_days);
            turnover.displayed = 1.0;
            growing(dry_days, cold_days, one)
        }
        Season::Offset { days_left, by_cold } => shed(turnover, days_left, by_cold),
    }
}

fn growing<T: Real>(dry_days: f64, cold_days: f64, one: &One<T>) -> Season {
    let s = one.signals();
    let parched = s.soil_potential <= one.of(one.p.soilpsi_off);
    let dry = if parched { dry_days + 1.0 } else { (dry_days - 1.0).max(0.0) };
    let frozen = s.soil_temperature <= FREEZING;
    let cold = if frozen { cold_days + 1.0 } else { (cold_days - 1.0).max(0.0) };
    let by_cold = cold >= CRITICAL_DAYS || s.day_length < SHORTEST_DAY;
    if by_cold || dry >= CRITICAL_DAYS {
        one.offset(by_cold)
    } else {
        Season::Growing { dry_days: dry, cold_days: cold }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::energy::solar::SolarTable;
    use crate::lanes::{Lanes, WIDTH};
    use crate::plant::fixtures::{columns, same, together};
    use crate::plant::pft::Pft;

    /// Runs years of a smooth climate; gives the first day of onset and of offset in the last year.
    fn calendar(pft: Pft, latitude: f64, mean: f64, amplitude: f64) -> (Option<usize>, Option<usize>) {
        let p = Parameters::for_pft(pft);
        let sun = SolarTable::new(latitude);
        let mut plant = Vegetation::cold_start(&p, pft.is_woody(), pft.leaf_habit(), mean);
        let (mut first_onset, mut first_offset) = (None, None);
        for d in 0..3 * 365 {
            let day = d % 365;
            let phase = 2.0 * std::f64::consts::PI * (day as f64 - 200.0) / 365.0;
            let signals = Signals {
                soil_temperature: mean + amplitude * phase.cos(),
                soil_potential: -0.05,
                day_length: sun.days[day].day_length,
                lengthening: sun.days[day].lengthening,
                lai: 1.0,
            };
            advance(&mut plant, &p, pft.leaf_habit(), &signals);
            if d >= 730 {
                match plant.season.at(0) {
                    Season::Onset { .. } => first_onset = first_onset.or(Some(day)),
                    Season::Offset { .. } => first_offset = first_offset.or(Some(day)),
                    _ => {}
                }
            }
        }
        (first_onset, first_offset)
    }

    #[test]
    fn beech_at_hainich_flushes_in_spring_and_falls_in_october() {
        let (on, off) = calendar(Pft::BroadleafDeciduousTemperate, 51.1, 281.5, 9.0);
        let (on, off) = (on.unwrap(), off.unwrap());
        assert!((100..145).contains(&on), "onset {on}");
        assert!((275..300).contains(&off), "offset {off}: day length falls below 39,300 s in October");
    }

    #[test]
    fn grass_in_frosty_winter_rests_and_in_mild_winter_stays() {
        let (on, off) = calendar(Pft::C3Grass, 61.0, 276.0, 12.0);
        assert!(on.is_some() && off.is_some());
        let (_, never) = calendar(Pft::C3Grass, 48.0, 284.0, 6.0);
        assert!(never.is_none());
    }

    #[test]
    fn grass_where_no_winter_is_leafs_out_with_the_first_rains() {
        // 27 degrees all year, wet half a year: by degree-days alone it would wait for 4,000 K d of one spring.
        let p = Parameters::for_pft(Pft::C4Grass);
        let mut plant = Vegetation::cold_start(&p, false, LeafHabit::StressDeciduous, 300.0);
        let mut leafless = 0;
        for day in 0..365 {
            let signals = Signals {
                soil_temperature: 300.0,
                soil_potential: if day < 100 { -3.0 } else { -0.05 },
                day_length: 43_200.0,
                lengthening: f64::from(u8::from(!(172..355).contains(&day))),
                lai: 1.0,
            };
            advance(&mut plant, &p, LeafHabit::StressDeciduous, &signals);
            leafless += usize::from(matches!(plant.season.at(0), Season::Dormant { .. }));
        }
        assert_eq!(leafless, 114, "15 days after the rains begin on day 100");
    }

    #[test]
    fn onset_empties_transfer_in_thirty_days_at_a_falling_rate() {
        let p = Parameters::for_pft(Pft::BroadleafDeciduousTemperate);
        let mut plant = Vegetation::cold_start(&p, true, LeafHabit::SeasonalDeciduous, 283.0);
        let (stored, stored_n) = (plant.storage, plant.nitrogen.storage);
        let (c, n) = (plant.carbon(), plant.total_nitrogen());
        let spring = Signals {
            soil_temperature: 300.0,
            soil_potential: -0.05,
            day_length: 50_000.0,
            lengthening: 1.0,
            lai: 0.0,
        };
        let mut grown = Vec::new();
        while !matches!(plant.season.at(0), Season::Growing { .. }) {
            let waits = matches!(plant.season.at(0), Season::Dormant { .. });
            let turnover = advance(&mut plant, &p, LeafHabit::SeasonalDeciduous, &spring);
            let leaf = plant.leaf;
            crate::plant::turnover::display(&mut plant, &p, &turnover);
            if waits {
                assert!(plant.leaf.abs() < 1e-12);
            } else {
                grown.push(plant.leaf - leaf);
            }
        }
        // CLM5 technical note, chapter 20: 2 over the days left, which takes (n - k) / (n (n - 1) / 2) on day k.
        assert_eq!(grown.len(), 30);
        let leaves = 0.5 * stored / (1.0 + p.froot_leaf);
        for (k, day) in grown.iter().enumerate() {
            let expected = leaves * (29.0 - k as f64) / 435.0;
            assert!((day - expected).abs() < 1e-12 * leaves, "day {k}: {day} {expected}");
        }
        assert!(plant.transfer == 0.0 && plant.nitrogen.transfer == 0.0);
        assert!((plant.storage - 0.5 * stored).abs() < 1e-12 && (plant.leaf - leaves).abs() < 1e-12);
        assert!((plant.nitrogen.storage - 0.5 * stored_n).abs() < 1e-12);
        assert!((plant.carbon() - c).abs() < 1e-11 && (plant.total_nitrogen() - n).abs() < 1e-12);
    }

    #[test]
    fn offset_sheds_all() {
        let mut turnover = LeafTurnover::default();
        let (mut leaf, mut season) = (100.0, Season::Offset { days_left: 15.0, by_cold: true });
        while let Season::Offset { days_left, by_cold } = season {
            season = shed(&mut turnover, days_left, by_cold);
            leaf *= 1.0 - turnover.leaf_share;
        }
        assert!(leaf.abs() < 1e-12);
    }

    /// What four columns sense on a day: one frosty in winter, one mild, one dry in summer, one between.
    fn senses(sun: &SolarTable, d: usize) -> [Signals; WIDTH] {
        let day = &sun.days[d % 365];
        let phase = (2.0 * std::f64::consts::PI * (d as f64 - 200.0) / 365.0).cos();
        std::array::from_fn(|k| Signals {
            soil_temperature: [276.0, 285.0, 287.0, 279.0][k] + [14.0, 5.0, 9.0, 10.0][k] * phase,
            soil_potential: if k == 2 && phase > 0.6 { -2.5 } else { -0.05 },
            day_length: day.day_length,
            lengthening: day.lengthening,
            lai: [0.5, 2.0, 4.0, 8.0][k],
        })
    }

    #[test]
    fn a_batch_is_its_columns() {
        let sun = SolarTable::new(66.0);
        for pft in [Pft::C3Grass, Pft::BroadleafDeciduousTemperate, Pft::NeedleleafEvergreenBoreal] {
            let (parameters, mut plants) = columns(pft);
            let mut batch: Vegetation<Lanes> = together(&plants);
            let together_p = together(&parameters);
            let mut mixed = false;
            for d in 0..2 * 365 {
                let signals = senses(&sun, d);
                let turnover = advance(&mut batch, &together_p, pft.leaf_habit(), &together(&signals));
                for k in 0..WIDTH {
                    let alone = advance(&mut plants[k], &parameters[k], pft.leaf_habit(), &signals[k]);
                    same(&turnover.lane(k), &alone);
                    same(&batch.lane(k), &plants[k]);
                }
                let kind = |k| std::mem::discriminant(batch.season.at(k));
                mixed |= (1..WIDTH).any(|k| kind(k) != kind(0));
            }
            assert!(mixed || pft.leaf_habit() == LeafHabit::Evergreen);
        }
    }
}
