//! What an ensemble did, day by day.

use ndarray::{Array1, Array2, Array3, Axis, s};
use reterra_land::column::LargestImbalance;

use crate::ensemble::Added;

/// Values of a day besides the probes': gross primary production and evapotranspiration.
const FLUXES: usize = 2;
/// Values of a probe: water content, and that of ice alone.
const CONTENTS: usize = 2;

/// What an ensemble did, day by day: means over members of forecasts, none of which knows of its own day.
#[derive(Clone, Debug, Default)]
pub struct Course {
    /// Gross primary production, gC m⁻² d⁻¹.
    pub gpp: Vec<f64>,
    /// Evapotranspiration, kg m⁻² d⁻¹.
    pub et: Vec<f64>,
    /// What each probe would read, m³ m⁻³.
    pub readings: Vec<Vec<f64>>,
    /// Water at each probe's depth, liquid and ice, m³ m⁻³.
    pub water: Vec<Vec<f64>>,
    /// Ice there, as the volume of its water, m³ m⁻³.
    pub ice: Vec<Vec<f64>>,
    /// Standard deviation of [`Self::readings`] over members.
    pub spread: Vec<Vec<f64>>,
    /// What the balancer reports.
    pub account: Account,
}

/// What updates did.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// What updates added, mean over members, sum of all.
    pub added: Added,
    /// Water that they moved, kg m⁻²: the sum of their absolute values.
    pub water_moved: f64,
    /// Means over windows used, refused by the background check, and left out for frost.
    pub readings: [usize; 3],
    /// Covariance factor by analysis.
    pub inflation: Vec<f64>,
    /// Members that failed: day, number, reason.
    pub failures: Vec<(usize, usize, String)>,
    /// Largest budget error of any step.
    pub imbalance: LargestImbalance,
}

impl Course {
    pub(super) fn of(probes: usize) -> Self {
        let none = vec![Vec::new(); probes];
        Self {
            readings: none.clone(),
            water: none.clone(),
            ice: none.clone(),
            spread: none,
            ..Self::default()
        }
    }

    /// Adds days that members showed.
    pub(super) fn extend(&mut self, shown: &Array3<f64>, gains: &Array2<f64>) {
        for day in 0..shown.len_of(Axis(1)) {
            let mean = |v: usize| shown.slice(s![.., day, v]).mean().unwrap_or(f64::NAN);
            self.gpp.push(mean(0));
            self.et.push(mean(1));
            for probe in 0..self.readings.len() {
                let water = shown.slice(s![.., day, place(probe)]);
                let [gain, offset] = scale(gains, probe);
                let readings = &water * &gain + offset;
                self.readings[probe].push(readings.mean().unwrap_or(f64::NAN));
                self.spread[probe].push(readings.std(1.0));
                self.water[probe].push(mean(place(probe)));
                self.ice[probe].push(mean(place(probe) + 1));
            }
        }
    }
}

/// What a probe reads, members × days, of what members show.
pub(super) fn readings(shown: &Array3<f64>, gains: &Array2<f64>, probe: usize) -> Array2<f64> {
    let [gain, offset] = scale(gains, probe).map(|values| values.insert_axis(Axis(1)));
    &shown.slice(s![.., .., place(probe)]) * &gain + offset
}

/// Gain and offset of a probe, by member.
fn scale(gains: &Array2<f64>, probe: usize) -> [Array1<f64>; 2] {
    [gains.column(probe).mapv(f64::exp), gains.column(gains.ncols() / 2 + probe).to_owned()]
}

/// Where the contents of a probe begin among the values of a day.
pub(super) fn place(probe: usize) -> usize {
    FLUXES + CONTENTS * probe
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_probe_reads_gain_times_water_and_offset() {
        // Two members, two probes, one day: fluxes, then water and ice of each probe.
        let shown = array![[[1.0, 2.0, 0.2, 0.0, 0.3, 0.1]], [[1.0, 2.0, 0.4, 0.0, 0.5, 0.1]]];
        let gains = array![[0.0, 2.0_f64.ln(), 0.05, -0.1], [3.0_f64.ln(), 0.0, 0.0, 0.2]];
        let second = readings(&shown, &gains, 1);
        assert!((second[[0, 0]] - 0.5).abs() < 1e-15 && (second[[1, 0]] - 0.7).abs() < 1e-15);
        let mut course = Course::of(2);
        course.extend(&shown, &gains);
        assert!((course.readings[0][0] - 0.5 * (0.25 + 1.2)).abs() < 1e-15);
        assert!((course.water[0][0] - 0.3).abs() < 1e-15 && (course.ice[1][0] - 0.1).abs() < 1e-15);
    }
}
