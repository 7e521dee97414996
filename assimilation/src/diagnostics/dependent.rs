//! Flatness of rank histograms where ranks come in clusters: variables of one place and time depend on each other.
//!
//! χ² takes ranks as independent. Parameters that observations tell apart only together, or pools that feed each other,
//! have ranks that rise together, and a histogram over all of them is more uneven than χ² allows for, though each rank is
//! uniform. Here the distribution of `Σ (count - expected)² / expected` comes from clusters drawn with the correlations
//! that the ranks' normal scores have (a Gaussian copula) and uniform ranks.

use ndarray::{Array2, ArrayView2};
use reterra_statistics::normal;
use reterra_statistics::random::{Stage, Stream, StreamKey};

use crate::AssimilationError;
use crate::linear_algebra::cholesky;

/// Shares that scores are taken of are this far from 0 and 1 at least.
const END: f64 = 1e-4;
/// Weight of independence in the correlations, so that they can be factored.
const INDEPENDENT: f64 = 1e-6;

/// Probability of counts at least as uneven as these over `classes` of equal width, from where truths or observations lie
/// among members: shares in [0, 1], clusters × variables, uniform where they might be one of them. By `draws` simulations, so
/// never below `1 / (draws + 1)`; none with fewer than two classes or three clusters.
///
/// # Errors
/// `NotFinite` where a share isn't.
pub fn flatness(
    shares: ArrayView2<'_, f64>,
    classes: usize,
    (draws, seed): (usize, u64),
) -> Result<Option<f64>, AssimilationError> {
    let (clusters, variables) = shares.dim();
    if classes < 2 || clusters < 3 || variables == 0 {
        return Ok(None);
    }
    let l = cholesky(correlations(shares).view(), "the correlations of ranks")?;
    let found = unevenness(shares.iter().copied(), classes);
    let key = StreamKey { seed, stage: Stage::Resample, cycle: 0, member: 0, column: 0 };
    let mut stream = key.stream();
    let mut beyond = 0;
    for _ in 0..draws {
        let drawn = (0..clusters).flat_map(|_| cluster(&l, &mut stream));
        beyond += usize::from(unevenness(drawn, classes) >= found);
    }
    Ok(Some((beyond + 1) as f64 / (draws + 1) as f64))
}

/// Of the normal scores, which have mean 0 and variance 1 where shares are uniform: so what isn't flat is no part of them.
fn correlations(shares: ArrayView2<'_, f64>) -> Array2<f64> {
    let mut scores = shares.mapv(|share| normal::quantile(share.clamp(END, 1.0 - END)));
    for mut column in scores.columns_mut() {
        let (mean, sd) = (column.sum() / column.len() as f64, column.std(1.0).max(END));
        column.mapv_inplace(|z| (z - mean) / sd);
    }
    let correlations = scores.t().dot(&scores) / (scores.nrows() - 1) as f64;
    let independent = Array2::<f64>::eye(correlations.nrows());
    correlations * (1.0 - INDEPENDENT) + independent * INDEPENDENT
}

/// Uniform shares of a cluster.
fn cluster(l: &Array2<f64>, stream: &mut Stream) -> Vec<f64> {
    let independent: Vec<f64> = (0..l.nrows()).map(|_| stream.normal()).collect();
    let score = |row: ndarray::ArrayView1<'_, f64>| row.iter().zip(&independent).map(|(l, z)| l * z).sum();
    l.rows().into_iter().map(score).map(normal::cumulative).collect()
}

/// `Σ (count - expected)² / expected` of shares in [0, 1] over `classes` of equal width, one at least.
#[must_use]
pub fn unevenness(shares: impl Iterator<Item = f64>, classes: usize) -> f64 {
    let mut counts = vec![0.0; classes];
    for share in shares {
        counts[((share * classes as f64) as usize).min(classes - 1)] += 1.0;
    }
    let expected = counts.iter().sum::<f64>() / classes as f64;
    counts.iter().map(|count| (count - expected).powi(2) / expected).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use reterra_statistics::tail::chi_square_tail;

    const CLASSES: usize = 9;

    /// Pools that feed each other, members too narrow by a factor.
    fn shares(number: u32, narrow: f64) -> Array2<f64> {
        let mut all = Array2::zeros((144, 3));
        for (cluster, mut row) in all.rows_mut().into_iter().enumerate() {
            let column = cluster as u32;
            let key = StreamKey { seed: 8, stage: Stage::Test, cycle: number, member: 0, column };
            let mut stream = key.stream();
            let common = stream.normal();
            for (share, load) in row.iter_mut().zip([0.75_f64, 0.97, 0.85]) {
                let z = load * common + (1.0 - load * load).sqrt() * stream.normal();
                *share = normal::cumulative(z / narrow);
            }
        }
        all
    }

    fn rejected(narrow: f64, p: impl Fn(&Array2<f64>) -> f64) -> f64 {
        let trials = 300;
        let found = (0..trials).filter(|number| p(&shares(*number, narrow)) < 0.05).count();
        found as f64 / f64::from(trials)
    }

    fn independent(shares: &Array2<f64>) -> f64 {
        chi_square_tail(unevenness(shares.iter().copied(), CLASSES), (CLASSES - 1) as f64)
    }

    #[test]
    fn ranks_that_rise_together_are_rejected_as_often_as_it_says() {
        let dependent = |shares: &Array2<f64>| flatness(shares.view(), CLASSES, (300, 1)).unwrap().unwrap();
        let found = rejected(1.0, dependent);
        assert!((0.02..0.08).contains(&found), "{found}");
        // χ² rejects members that the truth is one of three times as often as it says.
        let found = rejected(1.0, independent);
        assert!(found > 0.15, "{found}");
        // And what is too narrow is seen.
        let found = rejected(0.7, dependent);
        assert!(found > 0.8, "{found}");
    }

    #[test]
    fn one_variable_has_the_probability_of_chi_square() {
        for number in 0..5 {
            let one = shares(number, 1.0).slice_move(ndarray::s![.., ..1]);
            let found = flatness(one.view(), CLASSES, (20_000, 2)).unwrap().unwrap();
            assert!((found - independent(&one)).abs() < 0.02, "{found} {}", independent(&one));
        }
    }

    #[test]
    fn too_few_clusters_tell_nothing() {
        assert_eq!(flatness(Array2::zeros((2, 3)).view(), 3, (10, 1)).unwrap(), None);
        assert_eq!(flatness(Array2::zeros((9, 3)).view(), 1, (10, 1)).unwrap(), None);
    }
}
