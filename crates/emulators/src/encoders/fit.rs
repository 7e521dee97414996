//! Coordinates from data.

use faer::Mat;
use ndarray::{Array1, Array2, ArrayView2, Axis, s};

use super::affine::Affine;
use super::{Encoder, Keep, Side};
use crate::emulator::EmulatorError;

/// Singular values below this share of the largest are rounding.
const RANK: f64 = 1e-10;

/// `U diag(s) Vᵀ` of a matrix, without what is rounding.
struct Decomposed {
    u: Array2<f64>,
    s: Array1<f64>,
    v: Array2<f64>,
}

/// Variances of observation errors in the coordinates that an encoder meets, where it wants them: the outputs' own, or
/// those of outputs that were rescaled before.
pub(super) fn noise_after<'a>(
    encoder: &Encoder,
    side: Side,
    forward: impl Iterator<Item = &'a Array2<f64>>,
) -> Result<Option<Vec<f64>>, EmulatorError> {
    let Encoder::LikelihoodInformed { noise, .. } = encoder else { return Ok(None) };
    if let Some(row) = noise.iter().position(|noise| !(noise.is_finite() && *noise > 0.0)) {
        return Err(EmulatorError::Noise { row, value: noise[row] });
    }
    let mut noise = Array1::from(noise.clone());
    if side == Side::Outputs {
        for forward in forward {
            if forward.nrows() != noise.len() {
                return Err(EmulatorError::Inputs { expected: forward.nrows(), got: noise.len() });
            }
            noise = noise.dot(&forward.mapv(|weight| weight * weight));
        }
    }
    Ok(Some(noise.to_vec()))
}

/// An encoder fitted to values (n × p) beside those of the other side (n × q).
pub(super) fn affine(
    encoder: &Encoder,
    side: Side,
    (own, other): (ArrayView2<'_, f64>, ArrayView2<'_, f64>),
    noise: Option<&[f64]>,
) -> Result<Affine, EmulatorError> {
    match encoder {
        Encoder::Standardise => Ok(standardise(own)),
        Encoder::PrincipalComponents(keep) => principal(own, means(own), *keep),
        Encoder::TruncatedSvd(keep) => principal(own, Array1::zeros(own.ncols()), *keep),
        Encoder::CanonicalCorrelation(keep) => canonical(own, other, *keep),
        Encoder::LikelihoodInformed { keep, .. } => {
            let (noise, columns) =
                (noise.unwrap_or_default(), [other, own][usize::from(side == Side::Outputs)]);
            if noise.len() != columns.ncols() {
                return Err(EmulatorError::Inputs { expected: columns.ncols(), got: noise.len() });
            }
            let sds = noise.iter().map(|noise| noise.sqrt()).collect();
            match side {
                Side::Inputs => informed_inputs(own, other, (&sds, *keep)),
                Side::Outputs => informed_outputs(own, other, (&sds, *keep)),
            }
        }
    }
}

fn means(values: ArrayView2<'_, f64>) -> Array1<f64> {
    values.sum_axis(Axis(0)) / values.nrows() as f64
}

fn standardise(own: ArrayView2<'_, f64>) -> Affine {
    let shift = means(own);
    let variance = (&own - &shift).mapv(|gap| gap * gap).sum_axis(Axis(0)) / own.nrows() as f64;
    let sds = variance.mapv(|variance| if variance > 0.0 { variance.sqrt() } else { 1.0 });
    let (forward, back) = (Array2::from_diag(&sds.mapv(f64::recip)), Array2::from_diag(&sds));
    Affine::new(shift, forward, back, own)
}

fn principal(own: ArrayView2<'_, f64>, shift: Array1<f64>, keep: Keep) -> Result<Affine, EmulatorError> {
    let Decomposed { s, v, .. } = decomposed(&(&own - &shift))?;
    let k = keep.of(&s.mapv(|s| s * s));
    let (directions, sds) = (v.slice(s![.., ..k]), s.slice(s![..k]).to_owned() / (own.nrows() as f64).sqrt());
    let forward = &directions / &sds;
    let back = (&directions * &sds).reversed_axes();
    Ok(Affine::new(shift, forward, back, own))
}

/// Both sides made white by their own decomposition; the singular values of what is left are the correlations.
fn canonical(
    own: ArrayView2<'_, f64>,
    other: ArrayView2<'_, f64>,
    keep: Keep,
) -> Result<Affine, EmulatorError> {
    let shift = means(own);
    let a = decomposed(&(&own - &shift))?;
    let b = decomposed(&(&other - &means(other)))?;
    let shared = decomposed(&a.u.t().dot(&b.u))?;
    let k = keep.of(&shared.s.mapv(|s| s * s));
    let rotation = shared.u.slice(s![.., ..k]);
    let root = (own.nrows() as f64).sqrt();
    let forward = (&a.v / &a.s).dot(&rotation) * root;
    let back = (&a.v * &a.s).dot(&rotation).reversed_axes() / root;
    Ok(Affine::new(shift, forward, back, own))
}

/// Directions of inputs by the singular values of the Jacobian in units of the errors.
fn informed_inputs(
    own: ArrayView2<'_, f64>,
    other: ArrayView2<'_, f64>,
    (sds, keep): (&Array1<f64>, Keep),
) -> Result<Affine, EmulatorError> {
    let shift = means(own);
    let jacobian = regression(&(&own - &shift), &(&(&other - &means(other)) / sds))?;
    let found = decomposed(&jacobian)?;
    let k = keep.of(&found.s.mapv(|s| s * s));
    let forward = found.u.slice(s![.., ..k]).to_owned();
    let back = forward.t().to_owned();
    Ok(Affine::new(shift, forward, back, own))
}

/// Directions of outputs by how far the runs' inputs move them in units of the errors.
fn informed_outputs(
    own: ArrayView2<'_, f64>,
    other: ArrayView2<'_, f64>,
    (sds, keep): (&Array1<f64>, Keep),
) -> Result<Affine, EmulatorError> {
    let shift = means(own);
    let inputs = &other - &means(other);
    let jacobian = regression(&inputs, &(&(&own - &shift) / sds))?;
    let found = decomposed(&inputs.dot(&jacobian))?;
    let k = keep.of(&found.s.mapv(|s| s * s));
    let directions = found.v.slice(s![.., ..k]);
    let column = sds.view().insert_axis(Axis(1));
    let forward = &directions / &column;
    let back = (&directions * &column).reversed_axes();
    Ok(Affine::new(shift, forward, back, own))
}

/// Coefficients of the linear regression of centred values on centred inputs, d × p.
fn regression(inputs: &Array2<f64>, values: &Array2<f64>) -> Result<Array2<f64>, EmulatorError> {
    let Decomposed { u, s, v } = decomposed(inputs)?;
    Ok((&v / &s).dot(&u.t().dot(values)))
}

fn decomposed(values: &Array2<f64>) -> Result<Decomposed, EmulatorError> {
    let (n, p) = values.dim();
    let failed = |reason: &str| EmulatorError::Fit { method: "an encoder", reason: reason.into() };
    let found = Mat::from_fn(n, p, |i, j| values[[i, j]]);
    let found = found.thin_svd().map_err(|_| failed("the singular values didn't converge"))?;
    let largest = if n.min(p) == 0 { 0.0 } else { found.S()[0] };
    let rank = (0..n.min(p)).take_while(|&k| found.S()[k] > RANK * largest).count();
    if rank == 0 {
        return Err(failed("nothing varies"));
    }
    Ok(Decomposed {
        u: Array2::from_shape_fn((n, rank), |(i, k)| found.U()[(i, k)]),
        s: Array1::from_shape_fn(rank, |k| found.S()[k]),
        v: Array2::from_shape_fn((p, rank), |(j, k)| found.V()[(j, k)]),
    })
}

impl Keep {
    /// How many of weights in falling order.
    fn of(self, weights: &Array1<f64>) -> usize {
        let all = weights.len();
        match self {
            Self::Count(count) => count.clamp(1, all),
            Self::Share(share) => {
                let enough = share * weights.sum();
                let mut sum = 0.0;
                let short = weights.iter().take_while(|weight| {
                    sum += **weight;
                    sum < enough
                });
                (short.count() + 1).min(all)
            }
        }
    }
}
