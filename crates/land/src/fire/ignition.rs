//! What sets fire to a place, and what people do about it.

use serde::{Deserialize, Serialize};

use crate::plant::pft::Pft;

/// Ignitions a person makes in a month, before there is fuel (CLM5 `pot_hmn_ign_counts_alpha`).
const PER_PERSON: f64 = 0.01;
/// Share of cloud-to-ground flashes that ignite (Prentice and Mackerras 1977; Latham and Schlieter 1989).
const IGNITING: f64 = 0.22;
/// Hours in CLM's month.
const MONTH_HOURS: f64 = 720.0;
const DAY_HOURS: f64 = 24.0;
/// People per km² below whom nobody fights fires.
const NOBODY: f64 = 0.1;
/// Gross domestic product, thousand US$ of 1995 a head, above which forest fires are fought as the rich do, or as those
/// do who are on their way.
const RICH: f64 = 20.0;
const RISING: f64 = 8.0;

/// What sets vegetation on fire: lightning and people.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ignition {
    /// Lightning flashes, those between clouds included, km⁻² h⁻¹ by calendar month.
    pub lightning: [f64; 12],
    /// People, km⁻².
    pub population: f64,
    /// Gross domestic product, thousand US$ of 1995 a head.
    pub wealth: f64,
}

impl Ignition {
    /// Where nothing is known: lightning by latitude, and as many people as Europe has there.
    ///
    /// Flashes fall as `9 exp(-(latitude/42)²)` km⁻² yr⁻¹ from the tropics to the poles: 3.6 at 40°, 1.2 at 60°. Europe
    /// has 0.5 to 3 at a network that sees the flashes to ground and a quarter of the others (Enno et al. 2020,
    /// doi:10.1016/j.atmosres.2019.104769), and some 0.3 to ground in the north, a quarter of all (Mäkelä et al. 2014,
    /// doi:10.1016/j.atmosres.2014.01.008). Outside the tropics they come in the half-year around mid-July (January in
    /// the south). People are 100 km⁻² up to 55°, near the mean of the European Union, and fewer by a factor to 3 at 65°
    /// (2.2 at Finse, 61° N and high, in CLM's own data); they earn 25,000 US$ of 1995 a year.
    #[must_use]
    pub fn usual(latitude: f64) -> Self {
        let polewards = latitude.abs();
        let yearly = 9.0 * (-(polewards / 42.0).powi(2)).exp();
        let seasonal = ((polewards - 10.0) / 30.0).clamp(0.0, 1.0);
        let peak = if latitude < 0.0 { 0.0 } else { 6.0 };
        let month = |m: usize| {
            let warm = (std::f64::consts::TAU * (m as f64 - peak) / 12.0).cos().max(0.0);
            yearly / (12.0 * MONTH_HOURS) * (1.0 - seasonal + seasonal * 4.0 * warm * warm)
        };
        let remote = ((polewards - 55.0) / 10.0).clamp(0.0, 1.0);
        Self {
            lightning: std::array::from_fn(month),
            population: 100.0 * 0.03_f64.powf(remote),
            wealth: 25.0,
        }
    }

    /// Ignitions of a day of the month that people don't put out at once, km⁻² d⁻¹.
    #[must_use]
    pub fn unsuppressed(&self, latitude: f64, month: usize) -> f64 {
        let people = self.population.max(0.0);
        let to_ground = 1.0 / (5.16 + 2.16 * (3.0 * latitude.abs().min(60.0)).to_radians().cos());
        let struck = self.lightning[month] * to_ground * IGNITING;
        let lit = PER_PERSON * 6.8 * people.powf(0.43) / MONTH_HOURS;
        let missed = 0.01 + 0.98 * (-0.025 * people).exp();
        (struck + lit) * missed * DAY_HOURS
    }

    /// What wealth leaves of fires, what wealth leaves of their size, and what people around leave of their size, 0 to 1
    /// each (Li et al. 2013).
    #[must_use]
    pub fn unfought(&self, pft: Pft) -> [f64; 3] {
        use std::f64::consts::PI;
        let (wealth, people) = (self.wealth.max(0.0), self.population);
        if people <= NOBODY {
            return [1.0; 3];
        }
        if !pft.is_tree() {
            return [
                0.1 + 0.9 * (-PI * (wealth / 8.0).sqrt()).exp(),
                0.2 + 0.8 * (-PI * wealth / 7.0).exp(),
                0.2 + 0.8 * (-PI * (people / 450.0).sqrt()).exp(),
            ];
        }
        let (number, size) = match wealth {
            w if w > RICH => (0.33, 0.62),
            w if w > RISING => (0.79, 0.83),
            _ => (1.0, 1.0),
        };
        [number, size, 0.4 + 0.6 * (-PI * people / 125.0).exp()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lightning_by_latitude_is_what_networks_count() {
        let yearly = |latitude| Ignition::usual(latitude).lightning.iter().sum::<f64>() * MONTH_HOURS;
        for (latitude, least, most) in
            [(0.0, 8.0, 10.0), (40.0, 3.0, 5.0), (60.0, 0.8, 1.6), (70.0, 0.2, 0.8)]
        {
            assert!((least..most).contains(&yearly(latitude)), "{latitude}: {}", yearly(latitude));
            assert!((yearly(-latitude) / yearly(latitude) - 1.0).abs() < 1e-9);
        }
        let north = Ignition::usual(61.0).lightning;
        assert!(
            north[0] == 0.0 && north[6] > 3.0 * north[4 - 1] && Ignition::usual(-61.0).lightning[0] > 0.0
        );
    }

    #[test]
    fn people_light_fires_and_put_them_out() {
        let with = |population| Ignition { population, ..Ignition::usual(45.0) }.unsuppressed(45.0, 6);
        // 0.01 x 6.8 x 10^0.43 / 720 an hour, of which 0.01 + 0.98 exp(-0.25) go on.
        let alone = Ignition { population: 10.0, lightning: [0.0; 12], ..Ignition::usual(45.0) };
        let by_hand = 0.068 * 10.0_f64.powf(0.43) / 30.0 * (0.01 + 0.98 * (-0.25_f64).exp());
        assert!((alone.unsuppressed(45.0, 6) / by_hand - 1.0).abs() < 1e-12);
        assert!(with(0.0) > 0.0 && with(10.0) > 3.0 * with(0.0) && with(300.0) < 0.1 * with(10.0));
    }

    #[test]
    fn lightning_strikes_the_ground_as_prentice_and_mackerras_have_it() {
        // One flash in 7.32 at the equator, one in 3 at 60°.
        let lightning = |latitude| {
            let nobody = Ignition { population: 0.0, lightning: [1.0; 12], wealth: 1.0 };
            nobody.unsuppressed(latitude, 0) / (0.99 * 24.0 * 0.22)
        };
        assert!((lightning(0.0) * 7.32 - 1.0).abs() < 1e-12 && (lightning(75.0) * 3.0 - 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_rich_and_the_many_fight_fires() {
        let of = |population, wealth| Ignition { population, wealth, ..Ignition::usual(45.0) };
        let tree = Pft::NeedleleafEvergreenTemperate;
        assert_eq!(of(0.05, 30.0).unfought(tree).map(f64::to_bits), [1.0_f64; 3].map(f64::to_bits));
        assert_eq!(of(50.0, 30.0).unfought(tree)[..2], [0.33, 0.62]);
        assert_eq!(of(50.0, 10.0).unfought(tree)[..2], [0.79, 0.83]);
        let [number, size, _] = of(50.0, 30.0).unfought(Pft::C3Grass);
        assert!((0.1..0.11).contains(&number) && (0.2..0.21).contains(&size));
    }
}
