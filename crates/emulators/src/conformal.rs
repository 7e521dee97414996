//! Boosted trees with a spread that covers: bands are scaled until they hold as many outputs as they say, judged on rows
//! that each fold left out (Vovk 2015, doi:10.1007/s10472-013-9368-4; Barber et al. 2021, doi:10.1214/20-AOS1965).

use ndarray::{ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::boosting::{Boosting, BoostingOptions, Loss};
use crate::emulator::{Emulator, EmulatorError, Gradient, LeaveOneOut, Prediction};
use crate::groups::Fold;
use crate::scores::{BAND, half_width};

/// A spread is at least this share of its mean, so that no row is taken for exact.
const LEAST: f64 = 0.05;

/// How the spread of trees follows from rows that were left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spread {
    /// The same everywhere.
    Constant,
    /// As further trees predict the absolute error (Lei et al. 2018, doi:10.1080/01621459.2017.1307116, section 5.2).
    #[default]
    Local,
    /// As quantiles at 5 and 95 % by further trees lie apart (Romano et al. 2019, <https://arxiv.org/abs/1905.03222>).
    Quantiles,
}

/// How trees with a spread are fitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConformalOptions {
    /// How trees grow; their number is a limit.
    pub boosting: BoostingOptions,
    /// How the spread is made.
    pub spread: Spread,
    /// Trees without gain on the rows left out, after which the search for their number ends.
    pub patience: usize,
}

impl Default for ConformalOptions {
    /// Small slow trees with broad leaves, for a few hundred model runs.
    fn default() -> Self {
        let boosting = BoostingOptions {
            trees: 2000,
            learning_rate: 0.05,
            depth: 3,
            leaf_rows: 5,
            input_share: 0.5,
            row_share: 0.7,
            ..Default::default()
        };
        Self { boosting, spread: Spread::default(), patience: 100 }
    }
}

/// Boosted trees for the mean, and what says how far off they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConformalTrees {
    mean: Boosting,
    spread: SpreadModel,
    left_out: LeaveOneOut,
}

/// Standard deviations: where they are large, and how large for bands to cover.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct SpreadModel {
    shape: Shape,
    /// Least value of the shape.
    least: f64,
    /// Standard deviation for a shape of one.
    factor: f64,
}

/// Standard deviations but for a factor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Shape {
    Constant,
    Local { error: Boosting },
    Quantiles { low: Boosting, high: Boosting },
}

/// The value that a share of new values of the same kind stays below: the ⌈share (n + 1)⌉-th smallest, or the largest.
#[must_use]
pub fn bound(mut values: Vec<f64>, share: f64) -> f64 {
    let place = (share * (values.len() + 1) as f64).ceil() as usize;
    values.sort_unstable_by(f64::total_cmp);
    values.get(place.max(1) - 1).or(values.last()).copied().unwrap_or(f64::NAN)
}

impl ConformalTrees {
    /// Fits trees to inputs `x` (n × d, NaN where missing) and outputs `y` (n), with folds that decide on their number and
    /// their spread; each row must be left out by one fold.
    ///
    /// # Errors
    /// As [`Boosting::fit_with_stopping`], and `Folds` where a row is never left out.
    pub fn fit(
        (x, y): (ArrayView2<'_, f64>, &[f64]),
        options: &ConformalOptions,
        folds: &[Fold],
    ) -> Result<Self, EmulatorError> {
        let fit = |y: &[f64], boosting: &BoostingOptions| {
            Boosting::fit_with_stopping((x, y), boosting, folds, options.patience)
        };
        let (mean, stopping) = fit(y, &options.boosting)?;
        if stopping.predicted.iter().any(|predicted| predicted.is_nan()) {
            return Err(EmulatorError::Folds { folds: folds.len(), groups: y.len() });
        }
        let gaps: Vec<f64> = y.iter().zip(&stopping.predicted).map(|(y, mean)| y - mean).collect();
        let (shape, values) = match options.spread {
            Spread::Constant => (Shape::Constant, vec![1.0; gaps.len()]),
            Spread::Local => local(&gaps, &options.boosting, fit)?,
            Spread::Quantiles => quantiles(y, &options.boosting, fit)?,
        };
        let (spread, sds) = SpreadModel::calibrated(shape, &values, &gaps);
        let left_out = LeaveOneOut {
            z: gaps.iter().zip(&sds).map(|(gap, sd)| gap / sd).collect(),
            variance: sds.iter().map(|sd| sd * sd).collect(),
            mean: stopping.predicted,
        };
        Ok(Self { mean, spread, left_out })
    }

    /// The trees of the mean.
    #[must_use]
    pub fn trees(&self) -> &Boosting {
        &self.mean
    }

    /// Refuses trees that lead nowhere; for what comes from a file.
    pub(crate) fn check_stored(&self) -> Result<(), EmulatorError> {
        let others = match &self.spread.shape {
            Shape::Constant => Vec::new(),
            Shape::Local { error } => vec![error],
            Shape::Quantiles { low, high } => vec![low, high],
        };
        others.into_iter().chain([&self.mean]).try_for_each(Boosting::check_stored)
    }
}

impl SpreadModel {
    /// Scales a shape until bands around means hold their share of the rows left out; given by row, the shape and the
    /// error. With standard deviations by row.
    fn calibrated(shape: Shape, values: &[f64], gaps: &[f64]) -> (Self, Vec<f64>) {
        let mean = values.iter().map(|value| value.abs()).sum::<f64>() / values.len() as f64;
        let least = (LEAST * mean).max(f64::MIN_POSITIVE);
        let scores = values.iter().zip(gaps).map(|(value, gap)| gap.abs() / value.max(least));
        let factor = (bound(scores.collect(), BAND) / half_width()).max(f64::MIN_POSITIVE);
        let model = Self { shape, least, factor };
        let sds = values.iter().map(|&value| model.sd(value)).collect();
        (model, sds)
    }

    fn sd(&self, shape: f64) -> f64 {
        self.factor * shape.max(self.least)
    }

    fn sds(&self, x: ArrayView2<'_, f64>) -> Result<Vec<f64>, EmulatorError> {
        let shape = match &self.shape {
            Shape::Constant => vec![1.0; x.nrows()],
            Shape::Local { error } => error.predict(x)?,
            Shape::Quantiles { low, high } => widths(&low.predict(x)?, &high.predict(x)?),
        };
        Ok(shape.into_iter().map(|shape| self.sd(shape)).collect())
    }
}

/// Fits outputs with options, and says what folds predict of rows they left out.
type Fitted = Result<(Boosting, crate::boosting::Stopping), EmulatorError>;

fn local(
    gaps: &[f64],
    options: &BoostingOptions,
    fit: impl Fn(&[f64], &BoostingOptions) -> Fitted,
) -> Result<(Shape, Vec<f64>), EmulatorError> {
    let absolute: Vec<f64> = gaps.iter().map(|gap| gap.abs()).collect();
    // Directions of the mean say nothing of its errors.
    let options = BoostingOptions { loss: Loss::Squared, monotone: Vec::new(), ..options.clone() };
    let (error, stopping) = fit(&absolute, &options)?;
    Ok((Shape::Local { error }, stopping.predicted))
}

fn quantiles(
    y: &[f64],
    options: &BoostingOptions,
    fit: impl Fn(&[f64], &BoostingOptions) -> Fitted,
) -> Result<(Shape, Vec<f64>), EmulatorError> {
    let at = |probability| BoostingOptions { loss: Loss::Quantile(probability), ..options.clone() };
    let (low, below) = fit(y, &at(0.5 - 0.5 * BAND))?;
    let (high, above) = fit(y, &at(0.5 + 0.5 * BAND))?;
    Ok((Shape::Quantiles { low, high }, widths(&below.predicted, &above.predicted)))
}

fn widths(low: &[f64], high: &[f64]) -> Vec<f64> {
    low.iter().zip(high).map(|(low, high)| high - low).collect()
}

impl Emulator for ConformalTrees {
    fn inputs(&self) -> usize {
        self.mean.inputs()
    }

    fn predict(&self, x: ArrayView2<'_, f64>) -> Result<Vec<f64>, EmulatorError> {
        self.mean.predict(x)
    }

    fn distribution(&self, x: ArrayView2<'_, f64>) -> Result<Prediction, EmulatorError> {
        let mean = self.mean.predict(x)?;
        let sds = self.spread.sds(x)?;
        Ok(Prediction { mean, variance: sds.into_iter().map(|sd| sd * sd).collect() })
    }

    fn derivatives(&self, x: ArrayView1<'_, f64>) -> Result<Option<Gradient>, EmulatorError> {
        if x.len() == self.inputs() {
            Ok(None)
        } else {
            Err(EmulatorError::Inputs { expected: self.inputs(), got: x.len() })
        }
    }

    fn left_out(&self) -> LeaveOneOut {
        self.left_out.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::friedman::friedman1;
    use crate::groups::leave_groups_out;
    use crate::scores::Scores;
    use ndarray::Array2;

    /// Noise that grows with the last input.
    fn uneven(n: usize, part: u32) -> (Array2<f64>, Vec<f64>) {
        let (x, truth, mut stream) = friedman1(n, 6, part);
        let y = truth.iter().zip(x.column(5)).map(|(y, x)| y + (0.3 + 4.0 * x) * stream.normal()).collect();
        (x, y)
    }

    #[test]
    fn bands_cover_what_they_say_and_follow_uneven_noise() {
        let (x, y) = uneven(600, 0);
        let (test, truth) = uneven(4000, 1);
        let rows: Vec<usize> = (0..600).collect();
        let folds = leave_groups_out(&rows, 5, 0).unwrap();
        let mut crps = Vec::new();
        for spread in [Spread::Constant, Spread::Local, Spread::Quantiles] {
            let mut options = ConformalOptions { spread, ..Default::default() };
            options.boosting.trees = 300;
            let trees = ConformalTrees::fit((x.view(), &y), &options, &folds).unwrap();
            let scores = Scores::of(&truth, &trees.distribution(test.view()).unwrap());
            assert!((0.86..0.94).contains(&scores.coverage), "{spread:?} {scores:?}");
            let left_out = trees.left_out();
            let inside = left_out.z.iter().filter(|z| z.abs() < half_width()).count() as f64 / 600.0;
            assert!((inside - BAND).abs() < 0.01, "{inside}");
            crps.push(scores.crps);
        }
        assert!(crps[1] < 0.99 * crps[0] && crps[2] < 0.99 * crps[0], "{crps:?}");
    }

    #[test]
    fn a_bound_holds_its_share_of_new_values() {
        assert!((bound((1..=9).map(f64::from).collect(), 0.9) - 9.0).abs() < 1e-12);
        assert!((bound((1..=99).map(f64::from).collect(), 0.9) - 90.0).abs() < 1e-12);
        assert!((bound(vec![3.0], 0.9) - 3.0).abs() < 1e-12);
    }

    #[test]
    fn a_row_that_no_fold_leaves_out_is_refused() {
        let (x, y) = uneven(60, 0);
        let fold = Fold { train: (0..30).collect(), test: (30..60).collect() };
        let found = ConformalTrees::fit((x.view(), &y), &ConformalOptions::default(), &[fold]);
        assert!(matches!(found, Err(EmulatorError::Folds { .. })));
    }
}
