//! A likeness of the likelihood that costs next to nothing: means by the emulators, the logarithms of their variances as
//! parabolas that were fitted where the posterior is.
//!
//! Variances cost n² operations at every place, means n. What is sampled is the likelihood itself
//! ([`crate::sampling::sample_by_surrogate`]); the likeness only has to be near it.

use ndarray::{Array1, Array2, ArrayView1, Axis};
use reterra_emulators::gaussian_process::{Gradient, Moments};

use super::{Emulation, Likelihood};
use crate::AssimilationError;
use crate::linear_algebra::{cholesky, solve_cholesky};
use crate::sampling::{Length, SmoothTarget, Target, sample_nuts};
use crate::transform::{column_means, column_sds};

/// Added to variances before their logarithm is taken, in observation errors: less makes no difference.
const LEAST: f64 = 1e-4;
/// Beyond the least and the largest variance seen, in logarithms, a parabola is cut.
const MARGIN: f64 = 1.0;
/// Places of the pilot chain, as a multiple of the parabolas' coefficients, and at least.
const PLACES: (usize, usize) = (4, 150);
/// Places are drawn so much further from their centre, so that tails are seen.
const WIDER: f64 = 1.5;
/// Penalty on coefficients, relative to the number of places.
const RIDGE: f64 = 1e-3;
/// Pilot chains, each on the likeness that the one before led to.
const ROUNDS: u64 = 2;

/// The likeness.
#[derive(Clone, Debug)]
pub(super) struct Likeness<'a> {
    likelihood: Likelihood<'a>,
    scale: Scale,
    variances: Vec<Parabola>,
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
        seed: u64,
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
            let pilot = sample_nuts(&found, (length, seed ^ (round << 32)), &starts)?.all();
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

    /// By the variances at `places` (rows).
    fn fitted(likelihood: Likelihood<'a>, places: Array2<f64>) -> Result<Self, AssimilationError> {
        let (_, variance) = likelihood.emulation().predict(places.view())?;
        let scale = Scale::of(&places);
        let design = scale.design(&places);
        let logs = variance.mapv(|v| (v + LEAST).ln());
        let variances = logs.columns().into_iter().map(|logs| Parabola::fit(&design, logs));
        let variances = variances.collect::<Result<Vec<_>, _>>()?;
        Ok(Self { likelihood, scale, variances })
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
            let (mean, by_mean) = self.emulation().mean(k, place)?;
            let (variance, mut by_variance) = self.variances[k].at(&w);
            by_variance.iter_mut().zip(&self.scale.sd).for_each(|(slope, sd)| *slope /= sd);
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

/// The logarithm of a variance: `c + bᵀ w + wᵀ A w`, cut at what was seen.
#[derive(Clone, Debug)]
struct Parabola {
    constant: f64,
    slope: Vec<f64>,
    /// Lower triangle, row after row.
    bend: Vec<f64>,
    range: (f64, f64),
}

impl Parabola {
    /// By least squares with a small penalty on all but the constant.
    fn fit(design: &Array2<f64>, logs: ArrayView1<'_, f64>) -> Result<Self, AssimilationError> {
        let mean = logs.sum() / logs.len() as f64;
        let mut normal = design.t().dot(design);
        let penalty = RIDGE * design.nrows() as f64;
        normal.diag_mut().mapv_inplace(|x| x + penalty);
        let factor = cholesky(normal.view(), "places of the pilot chain")?;
        let mut found = design.t().dot(&(&logs - mean)).to_vec();
        solve_cholesky(factor.view(), &mut found);
        // terms = 1 + p + p (p + 1) / 2
        let p = ((((8 * found.len() + 1) as f64).sqrt() - 3.0) / 2.0).round() as usize;
        let least = logs.iter().copied().fold(f64::INFINITY, f64::min);
        let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Ok(Self {
            constant: mean + found[0],
            slope: found[1..=p].to_vec(),
            bend: found[p + 1..].to_vec(),
            range: (least - MARGIN, most + MARGIN),
        })
    }

    /// The variance and its derivatives by w.
    fn at(&self, w: &[f64]) -> (f64, Vec<f64>) {
        let mut log = self.constant;
        let mut gradient = self.slope.clone();
        let mut bends = self.bend.iter();
        for i in 0..w.len() {
            log += self.slope[i] * w[i];
            for (j, bend) in (0..=i).zip(bends.by_ref()) {
                log += bend * w[i] * w[j];
                gradient[i] += bend * w[j];
                gradient[j] += bend * w[i];
            }
        }
        let cut = log.clamp(self.range.0, self.range.1);
        let variance = (cut.exp() - LEAST).max(0.0);
        let slope = if (cut - log).abs() > 0.0 || variance <= 0.0 { 0.0 } else { cut.exp() };
        (variance, gradient.into_iter().map(|g| g * slope).collect())
    }
}
