//! A likeness of the likelihood that costs next to nothing: the logarithms of the emulators' variances, and means where they
//! are that simple, as parabolas that were fitted where the posterior is; other means by the emulators.
//!
//! Variances cost n² operations at every place, means d n. What is sampled is the likelihood itself
//! ([`crate::sampling::sample_by_surrogate`]); the likeness only has to be near it.

use ndarray::{Array1, Array2, ArrayView1, Axis};
use reterra_emulators::gaussian_process::{Gradient, Moments};

use super::{Emulation, Likelihood};
use crate::AssimilationError;
use crate::linear_algebra::{cholesky, solve_cholesky};
use crate::sampling::{Length, SmoothTarget, Target, sample_nuts};
use crate::stop::Stop;
use crate::transform::{column_means, column_sds};

/// Added to variances before their logarithm is taken, in observation errors: less makes no difference.
const LEAST: f64 = 1e-4;
/// Beyond the least and the largest variance seen, in logarithms, a parabola is cut.
const MARGIN: f64 = 1.0;
/// Places of the pilot chain, as a multiple of the parabolas' coefficients, and at least.
const PLACES: (usize, usize) = (4, 150);
/// Places are drawn so much further from their centre, so that tails are seen.
const WIDER: f64 = 1.5;
/// Penalty on coefficients of variances, relative to the number of places.
const RIDGE: f64 = 1e-3;
/// That on coefficients of means, which are far larger along directions that the data know well.
const RIDGE_OF_MEANS: f64 = 1e-8;
/// Root mean square of a parabola's error, over the likelihood's standard deviation there, up to which it stands for a mean.
const GOOD: f64 = 0.1;
/// Pilot chains, each on the likeness that the one before led to.
const ROUNDS: u64 = 2;

/// The likeness.
#[derive(Clone, Debug)]
pub(super) struct Likeness<'a> {
    likelihood: Likelihood<'a>,
    scale: Scale,
    /// None where a parabola isn't good enough.
    means: Vec<Option<Parabola>>,
    variances: Vec<LogParabola>,
}

impl<'a> Likeness<'a> {
    /// Parameters up to which it is used: coefficients grow as their square. A campaign with 22 parameters that began with it
    /// failed the gate at eight times the length; whether the likeness was the cause was not isolated.
    pub const MOST: usize = 12;

    /// Fits variances where short chains from `start` go.
    ///
    /// # Errors
    /// Those of the chains and of the emulators.
    pub fn new(
        likelihood: Likelihood<'a>,
        (seed, stop): (u64, Stop<'_>),
        start: ArrayView1<'_, f64>,
    ) -> Result<Self, AssimilationError> {
        let emulation = likelihood.emulation();
        let p = emulation.parameters();
        let start = start.insert_axis(Axis(0));
        let mut found = Self::fitted(likelihood, start.slice(ndarray::s![.., ..p]).to_owned())?;
        let coefficients = Scale::terms(p);
        let draws = (PLACES.0 * coefficients).max(PLACES.1);
        let mut starts = start.to_owned();
        for round in 1..=ROUNDS {
            let length = Length { chains: 1, warm_up: 100, draws, thin: 1 };
            // Other random numbers than those of the chains to come.
            let pilot = sample_nuts(&found, (length.until(stop), seed ^ (round << 32)), &starts)?.all();
            starts = pilot.slice(ndarray::s![-1.., ..]).to_owned();
            let mut places = pilot.slice(ndarray::s![.., ..p]).to_owned();
            let centre = column_means(places.view());
            places.rows_mut().into_iter().step_by(2).for_each(|mut row| {
                let wider = (&row - &centre) * WIDER + &centre;
                row.assign(&wider);
            });
            found = Self::fitted(likelihood, places)?;
        }
        Ok(found)
    }

    /// By the moments at `places` (rows).
    fn fitted(likelihood: Likelihood<'a>, places: Array2<f64>) -> Result<Self, AssimilationError> {
        let (mean, variance) = likelihood.emulation().predict(places.view())?;
        let scale = Scale::of(&places);
        let design = scale.design(&places);
        let logs = variance.mapv(|v| (v + LEAST).ln());
        let variances = logs.columns().into_iter().map(|logs| LogParabola::fit(&design, logs));
        let variances = variances.collect::<Result<Vec<_>, _>>()?;
        let pairs = mean.columns().into_iter().zip(variance.columns());
        let means = pairs.map(|(mean, variance)| Parabola::of_mean(&design, mean, variance));
        let means = means.collect::<Result<Vec<_>, _>>()?;
        Ok(Self { likelihood, scale, means, variances })
    }

    fn emulation(&self) -> &'a Emulation {
        self.likelihood.emulation()
    }
}

impl Target for Likeness<'_> {
    fn dimension(&self) -> usize {
        self.likelihood.dimension()
    }

    fn log_likelihood(&self, z: &[f64]) -> f64 {
        self.with_gradient(z, &mut vec![0.0; z.len()])
    }
}

impl SmoothTarget for Likeness<'_> {
    fn with_gradient(&self, z: &[f64], gradient: &mut [f64]) -> f64 {
        gradient.fill(0.0);
        let place = &z[..self.emulation().parameters()];
        let w = self.scale.row(place);
        let at = |k: usize| {
            let (mean, by_mean) = match &self.means[k] {
                Some(parabola) => self.scale.by_place(parabola.at(&w)),
                None => self.emulation().mean(k, place)?,
            };
            let (variance, by_variance) = self.scale.by_place(self.variances[k].at(&w));
            Ok((Moments { mean, variance }, Some(Gradient { mean: by_mean, variance: by_variance })))
        };
        self.likelihood.of(z, Some(gradient), at).unwrap_or(f64::NEG_INFINITY)
    }
}

/// Where parabolas are at home.
#[derive(Clone, Debug)]
struct Scale {
    centre: Array1<f64>,
    sd: Array1<f64>,
}

impl Scale {
    fn of(places: &Array2<f64>) -> Self {
        let sd = if places.nrows() > 1 { column_sds(places.view()) } else { Array1::ones(places.ncols()) };
        Self { centre: column_means(places.view()), sd: sd.mapv(|sd| if sd > 0.0 { sd } else { 1.0 }) }
    }

    fn row(&self, z: &[f64]) -> Vec<f64> {
        z.iter().zip(&self.centre).zip(&self.sd).map(|((z, centre), sd)| (z - centre) / sd).collect()
    }

    /// Derivatives by w as those by z.
    fn by_place(&self, (value, mut slopes): (f64, Vec<f64>)) -> (f64, Vec<f64>) {
        slopes.iter_mut().zip(&self.sd).for_each(|(slope, sd)| *slope /= sd);
        (value, slopes)
    }

    /// Coefficients of a parabola in p dimensions.
    fn terms(p: usize) -> usize {
        1 + p + p * (p + 1) / 2
    }

    /// 1, the inputs, and their products, for each place.
    fn design(&self, places: &Array2<f64>) -> Array2<f64> {
        let p = places.ncols();
        let mut design = Array2::zeros((places.nrows(), Self::terms(p)));
        for (mut terms, z) in design.rows_mut().into_iter().zip(places.rows()) {
            let w = self.row(&z.to_vec());
            let products = (0..p).flat_map(|i| (0..=i).map(move |j| (i, j)));
            let all = std::iter::once(1.0).chain(w.iter().copied());
            let all = all.chain(products.map(|(i, j)| w[i] * w[j]));
            terms.iter_mut().zip(all).for_each(|(term, value)| *term = value);
        }
        design
    }
}

/// `c + bᵀ w + wᵀ A w`.
#[derive(Clone, Debug)]
struct Parabola {
    constant: f64,
    slope: Vec<f64>,
    /// Lower triangle, row after row.
    bend: Vec<f64>,
}

impl Parabola {
    /// By least squares with a penalty, relative to the number of places, on all but the constant.
    fn fit(design: &Array2<f64>, values: ArrayView1<'_, f64>, ridge: f64) -> Result<Self, AssimilationError> {
        let mean = values.sum() / values.len() as f64;
        let mut normal = design.t().dot(design);
        let penalty = ridge * design.nrows() as f64;
        normal.diag_mut().mapv_inplace(|x| x + penalty);
        let factor = cholesky(normal.view(), "places of the pilot chain")?;
        let mut found = design.t().dot(&(&values - mean)).to_vec();
        solve_cholesky(factor.view(), &mut found);
        // terms = 1 + p + p (p + 1) / 2
        let p = ((((8 * found.len() + 1) as f64).sqrt() - 3.0) / 2.0).round() as usize;
        Ok(Self { constant: mean + found[0], slope: found[1..=p].to_vec(), bend: found[p + 1..].to_vec() })
    }

    /// That of a mean, if it is as good as the likelihood's variance at the places asks for.
    fn of_mean(
        design: &Array2<f64>,
        mean: ArrayView1<'_, f64>,
        variance: ArrayView1<'_, f64>,
    ) -> Result<Option<Self>, AssimilationError> {
        let (places, terms) = design.dim();
        if places < 2 * terms {
            return Ok(None);
        }
        let found = Self::fit(design, mean, RIDGE_OF_MEANS)?;
        let fitted = design.dot(&found.coefficients());
        let gaps = mean.iter().zip(&fitted).zip(variance);
        let squares: f64 = gaps.map(|((mean, fitted), v)| (mean - fitted).powi(2) / (1.0 + v)).sum();
        let error = (squares / (places - terms) as f64).sqrt();
        Ok((error <= GOOD).then_some(found))
    }

    /// In the order of [`Scale::design`].
    fn coefficients(&self) -> Array1<f64> {
        std::iter::once(&self.constant).chain(&self.slope).chain(&self.bend).copied().collect()
    }

    /// Value and derivatives by w.
    fn at(&self, w: &[f64]) -> (f64, Vec<f64>) {
        let mut value = self.constant;
        let mut gradient = self.slope.clone();
        let mut bends = self.bend.iter();
        for i in 0..w.len() {
            value += self.slope[i] * w[i];
            for (j, bend) in (0..=i).zip(bends.by_ref()) {
                value += bend * w[i] * w[j];
                gradient[i] += bend * w[j];
                gradient[j] += bend * w[i];
            }
        }
        (value, gradient)
    }
}

/// A variance by the parabola of its logarithm, cut at what was seen.
#[derive(Clone, Debug)]
struct LogParabola {
    log: Parabola,
    range: (f64, f64),
}

impl LogParabola {
    fn fit(design: &Array2<f64>, logs: ArrayView1<'_, f64>) -> Result<Self, AssimilationError> {
        let least = logs.iter().copied().fold(f64::INFINITY, f64::min);
        let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Ok(Self { log: Parabola::fit(design, logs, RIDGE)?, range: (least - MARGIN, most + MARGIN) })
    }

    /// The variance and its derivatives by w.
    fn at(&self, w: &[f64]) -> (f64, Vec<f64>) {
        let (log, gradient) = self.log.at(w);
        let cut = log.clamp(self.range.0, self.range.1);
        let variance = (cut.exp() - LEAST).max(0.0);
        let slope = if (cut - log).abs() > 0.0 || variance <= 0.0 { 0.0 } else { cut.exp() };
        (variance, gradient.into_iter().map(|g| g * slope).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;

    /// Places along which one combination varies much less than the inputs do.
    fn places() -> Array2<f64> {
        let at = |i: usize, step: f64| (i as f64 * step).fract() - 0.5;
        Array2::from_shape_fn((60, 2), |(i, j)| at(i, 0.754_877_666) + [0.0, 0.02][j] * at(i, 0.569_840_291))
    }

    fn mean_of(f: impl Fn(f64, f64) -> f64) -> (Scale, Option<Parabola>) {
        let places = places();
        let scale = Scale::of(&places);
        let mean: Array1<f64> = places.rows().into_iter().map(|z| f(z[0], z[1])).collect();
        let none = Array1::zeros(mean.len());
        let found = Parabola::of_mean(&scale.design(&places), mean.view(), none.view()).unwrap();
        (scale, found)
    }

    #[test]
    fn a_mean_that_is_a_parabola_comes_back_with_its_derivatives() {
        let f = |x: f64, y: f64| 1.0 + 50.0 * (x - y) + x * x - 3.0 * x * y;
        let (scale, found) = mean_of(f);
        let (value, slopes) = scale.by_place(found.unwrap().at(&scale.row(&[0.2, 0.1])));
        assert_abs_diff_eq!(value, f(0.2, 0.1), epsilon = 0.01);
        assert_abs_diff_eq!(slopes[0], 50.0 + 0.4 - 0.3, epsilon = 0.1);
        assert_abs_diff_eq!(slopes[1], -50.0 - 0.6, epsilon = 0.1);
    }

    #[test]
    fn a_mean_that_is_no_parabola_is_left_to_its_emulator() {
        assert!(mean_of(|x, _| 5.0 * (8.0 * x).sin()).1.is_none());
    }
}
