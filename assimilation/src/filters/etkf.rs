//! Ensemble transform Kalman filter with the symmetric square root
//! (Bishop et al. 2001, doi:10.1175/1520-0493(2001)129<0420:ASWTET>2.0.CO;2; Hunt et al. 2007,
//! doi:10.1016/j.physd.2006.11.008). In local domains it is the LETKF.

use serde::{Deserialize, Serialize};

use crate::AssimilationError;
use crate::analysis::{Departures, Transform, TransformFilter};
use crate::transform::transform;

/// `T = (I + S Sᵀ)^(-1/2)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Etkf;

impl TransformFilter for Etkf {
    fn transform(&self, seen: &Departures) -> Result<Transform, AssimilationError> {
        transform(seen.s.view(), &seen.d)
    }
}
