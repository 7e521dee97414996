//! What a rotation adds to the errors of observations: a column grows one crop, a field another one every year.

use reterra_land::plant::pft::VegetationClass;

/// Variance that a rotation adds, as a multiple of that of the error, where too few years are known to tell.
const UNKNOWN: f64 = 2.0;
/// Fewest observations that tell how years differ.
const FEWEST: usize = 24;
/// Longest memory that months are given, as autocorrelation.
const LONGEST: f64 = 0.8;

/// How the years of a field differ.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Rotation {
    /// No crops.
    None,
    /// Crops of which little is known.
    Unknown,
    /// Variance by month of the year of the run, square of the series' unit.
    Known([f64; 12]),
}

impl Rotation {
    /// That of a station's series, one entry a month.
    ///
    /// Squared deviations of observed months from the mean of their calendar month, with those of the months beside it.
    /// They last as long as a crop: n months of them say as much as n (1 − r) / (1 + r) independent ones, r the
    /// autocorrelation of neighbouring months (Bayley and Hammersley 1946, doi:10.2307/2983560).
    pub fn of(class: VegetationClass, series: &[Option<f64>]) -> Self {
        if class != VegetationClass::Crop {
            return Self::None;
        }
        if series.iter().flatten().count() < FEWEST {
            return Self::Unknown;
        }
        let deviations = deviations(series);
        let memory = autocorrelation(&deviations).clamp(0.0, LONGEST);
        let worth = (1.0 + memory) / (1.0 - memory);
        Self::Known(std::array::from_fn(|month| worth * variance_about(month, &deviations)))
    }

    /// Variance that it adds to an observation of the run's `month` whose own error variance is `error`.
    pub fn variance(&self, month: usize, error: f64) -> f64 {
        match self {
            Self::None => 0.0,
            Self::Unknown => UNKNOWN * error,
            Self::Known(variances) => variances[month % 12],
        }
    }
}

/// Each month less the mean of its calendar month.
fn deviations(series: &[Option<f64>]) -> Vec<Option<f64>> {
    let mean = |k: usize| {
        let same: Vec<f64> = series.iter().skip(k).step_by(12).flatten().copied().collect();
        same.iter().sum::<f64>() / same.len().max(1) as f64
    };
    let means: [f64; 12] = std::array::from_fn(mean);
    series.iter().enumerate().map(|(m, value)| value.map(|v| v - means[m % 12])).collect()
}

/// Of months that follow each other.
fn autocorrelation(deviations: &[Option<f64>]) -> f64 {
    let pairs = || deviations.windows(2).filter_map(|pair| pair[0].zip(pair[1]));
    let products: f64 = pairs().map(|(a, b)| a * b).sum();
    let squares: f64 = pairs().map(|(a, b)| 0.5 * (a * a + b * b)).sum();
    if squares > 0.0 { products / squares } else { 0.0 }
}

/// Unbiased variance of the deviations of a month of the year and the two beside it.
fn variance_about(month: usize, deviations: &[Option<f64>]) -> f64 {
    let (mut sum, mut count, mut means) = (0.0, 0, 0);
    for k in [month + 11, month, month + 1] {
        let before = count;
        for d in deviations.iter().skip(k % 12).step_by(12).flatten() {
            sum += d * d;
            count += 1;
        }
        means += usize::from(count > before);
    }
    sum / (count - means).max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use reterra_statistics::{Stage, StreamKey};

    /// Years of a season of its own size: a field's, with the same deviation in all months of a year.
    fn field(years: usize, sd: f64) -> Vec<Option<f64>> {
        let mut draws = StreamKey { seed: 7, stage: Stage::Test, cycle: 0, member: 0, column: 0 }.stream();
        let season = |k: usize| 5.0 - 5.0 * (std::f64::consts::TAU * k as f64 / 12.0).cos();
        (0..years)
            .flat_map(|_| {
                let year = sd * draws.normal();
                (0..12).map(move |k| Some(season(k) + year))
            })
            .collect()
    }

    #[test]
    fn years_that_differ_by_three_have_a_variance_of_nine_and_a_long_memory() {
        let series = field(400, 3.0);
        let deviations = deviations(&series);
        assert!((variance_about(6, &deviations) - 9.0).abs() < 1.5);
        assert!((autocorrelation(&deviations) - 11.0 / 12.0).abs() < 0.03);
        let Rotation::Known(variances) = Rotation::of(VegetationClass::Crop, &series) else { panic!() };
        // (1 + 0.8) / (1 − 0.8) = 9.
        assert!(variances.iter().all(|v| (v / 81.0 - 1.0).abs() < 0.2), "{variances:?}");
    }

    #[test]
    fn few_years_are_given_the_error_of_three_and_forests_their_own() {
        let short = &field(2, 3.0)[..23];
        assert_eq!(Rotation::of(VegetationClass::Crop, short), Rotation::Unknown);
        assert!((Rotation::Unknown.variance(5, 1.5) - 3.0).abs() < 1e-12);
        let forest = Rotation::of(VegetationClass::EvergreenNeedleleaf, &field(9, 3.0));
        assert!(forest.variance(5, 1.0) == 0.0);
    }

    #[test]
    fn gaps_and_lone_months_add_nothing() {
        let mut series = field(8, 0.0);
        series[3] = None;
        for k in (9..96).step_by(12).skip(1) {
            series[k] = None;
        }
        let Rotation::Known(variances) = Rotation::of(VegetationClass::Crop, &series) else { panic!() };
        assert!(variances.iter().all(|v| v.abs() < 1e-20), "{variances:?}");
    }
}
