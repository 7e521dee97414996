//! Inflation of the posterior: multiplicative, or relaxation to the prior's spread or perturbations.
//!
//! Only columns that the analysis moved are inflated: a state that no observation reaches would grow without
//! bound otherwise.

use ndarray::{ArrayView2, ArrayViewMut2};

use crate::AssimilationError;

/// What is done to the posterior's anomalies.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Posterior {
    /// Nothing.
    #[default]
    None,
    /// They are multiplied by a factor (the covariance by its square).
    Multiplicative(f64),
    /// Their spread is relaxed to the prior's: factor `1 + α (σb - σa) / σa`
    /// (Whitaker and Hamill 2012, doi:10.1175/MWR-D-11-00276.1).
    Rtps(f64),
    /// They themselves are relaxed to the prior's: `(1 - α) Aa + α Ab`
    /// (Zhang et al. 2004, doi:10.1175/1520-0493(2004)132<1238:IOIEAO>2.0.CO;2).
    Rtpp(f64),
}

impl Posterior {
    /// Inflates `posterior` (N × n), the analysis of `prior` (N × n).
    ///
    /// # Errors
    /// `Shape`, and `Option` for a factor that isn't positive or an α outside [0, 1].
    pub fn inflate(
        self,
        prior: ArrayView2<'_, f64>,
        mut posterior: ArrayViewMut2<'_, f64>,
    ) -> Result<(), AssimilationError> {
        self.check()?;
        for (what, expected, got) in [
            ("the prior's members beside the posterior's", posterior.nrows(), prior.nrows()),
            ("the prior's columns beside the posterior's", posterior.ncols(), prior.ncols()),
        ] {
            if expected != got {
                return Err(AssimilationError::Shape { what, expected, got });
            }
        }
        if self == Self::None {
            return Ok(());
        }
        for (b, mut a) in prior.columns().into_iter().zip(posterior.columns_mut()) {
            if a != b {
                self.column(&Moments::of(b.iter()), b.iter(), &mut a);
            }
        }
        Ok(())
    }

    fn column<'a>(
        self,
        before: &Moments,
        prior: impl Iterator<Item = &'a f64>,
        posterior: &mut ndarray::ArrayViewMut1<'_, f64>,
    ) {
        let after = Moments::of(posterior.iter());
        if let Self::Rtpp(alpha) = self {
            for (a, b) in posterior.iter_mut().zip(prior) {
                *a = after.mean + (1.0 - alpha) * (*a - after.mean) + alpha * (b - before.mean);
            }
        } else {
            let growth = self.growth(before.sd, after.sd);
            posterior.iter_mut().for_each(|a| *a = (*a - after.mean) * growth + after.mean);
        }
    }

    fn growth(self, before: f64, after: f64) -> f64 {
        match self {
            Self::Multiplicative(factor) => factor,
            Self::Rtps(alpha) => spread_growth(alpha, before, after),
            Self::None | Self::Rtpp(_) => 1.0,
        }
    }

    fn check(self) -> Result<(), AssimilationError> {
        let (option, value, range, good) = match self {
            Self::None => return Ok(()),
            Self::Multiplicative(f) => ("inflation", f, "(0, infinity)", f > 0.0 && f.is_finite()),
            Self::Rtps(alpha) | Self::Rtpp(alpha) => ("alpha", alpha, "[0, 1]", (0.0..=1.0).contains(&alpha)),
        };
        if good { Ok(()) } else { Err(AssimilationError::Option { option, value, range }) }
    }
}

/// The factor that relaxes spread `after` to spread `before`; 1 where nothing is left to grow.
pub(crate) fn spread_growth(alpha: f64, before: f64, after: f64) -> f64 {
    if after > 0.0 { 1.0 + alpha * (before - after) / after } else { 1.0 }
}

/// Mean and standard deviation (n - 1) of a column.
struct Moments {
    mean: f64,
    sd: f64,
}

impl Moments {
    fn of<'a>(values: impl ExactSizeIterator<Item = &'a f64> + Clone) -> Self {
        let n = values.len() as f64;
        let mean = values.clone().sum::<f64>() / n;
        let squares: f64 = values.map(|x| (x - mean) * (x - mean)).sum();
        Self { mean, sd: (squares / (n - 1.0)).sqrt() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;
    use ndarray::{Array2, array};

    /// Prior with sd 2 in both columns; the analysis moved the first to mean 1 and sd 1, and left the second.
    fn columns() -> (Array2<f64>, Array2<f64>) {
        (array![[-2.0, 1.0], [0.0, 3.0], [2.0, 5.0]], array![[0.0, 1.0], [1.0, 3.0], [2.0, 5.0]])
    }

    fn inflated(how: Posterior) -> Vec<f64> {
        let (prior, mut posterior) = columns();
        how.inflate(prior.view(), posterior.view_mut()).unwrap();
        assert_eq!(posterior.column(1), prior.column(1), "an unobserved column grew under {how:?}");
        posterior.column(0).to_vec()
    }

    #[test]
    fn every_way_gives_its_spread_and_keeps_the_mean_and_what_was_not_updated() {
        for (how, sd) in [
            (Posterior::None, 1.0),
            (Posterior::Multiplicative(1.2), 1.2),
            (Posterior::Rtps(0.5), 1.5),
            (Posterior::Rtpp(0.25), 1.25),
        ] {
            let found = inflated(how);
            assert_abs_diff_eq!(found[..], [1.0 - sd, 1.0, 1.0 + sd], epsilon = 1e-14);
        }
    }

    #[test]
    fn values_outside_their_range_are_refused() {
        let (prior, mut posterior) = columns();
        for how in [Posterior::Multiplicative(0.0), Posterior::Rtps(1.1), Posterior::Rtpp(-0.1)] {
            let error = how.inflate(prior.view(), posterior.view_mut()).unwrap_err();
            assert!(matches!(error, AssimilationError::Option { .. }), "{how:?}");
        }
    }
}
