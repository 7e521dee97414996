//! The weight of an observation for a slice of a column: by distance, by kind, by depth.

use ndarray::Array2;

use super::metric::{Metric, Place};
use super::require_positive;
use super::taper::Taper;
use crate::AssimilationError;

/// What an observation's weight follows from. The weight multiplies the inverse of its error variance (localisation in
/// observation space: Hunt et al. 2007, doi:10.1016/j.physd.2006.11.008).
#[derive(Clone, Debug, PartialEq)]
pub struct Locality {
    metric: Metric,
    taper: Taper,
    radius: f64,
    /// Weights from kinds of state variables (rows) to kinds of observations (columns); 1 throughout where there are none.
    kinds: Option<Array2<f64>>,
    vertical: Option<Vertical>,
}

/// How weights fall with the difference in depth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Vertical {
    /// Shape.
    pub taper: Taper,
    /// Support radius, m.
    pub radius: f64,
}

/// What distinguishes the variables of one column in localisation: those that share a slice share a transform.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Slice {
    /// Row of the weights between kinds: a variable, a subgrid type, or a pair of both.
    pub kind: usize,
    /// Depth below the surface, m.
    pub depth: f64,
}

impl Locality {
    /// Weights by distance alone: `taper` with its support radius, in the unit of `metric`.
    ///
    /// # Errors
    /// `Option` where the radius, or the extent of the metric, is not a positive finite number.
    pub fn new(metric: Metric, taper: Taper, radius: f64) -> Result<Self, AssimilationError> {
        metric.check()?;
        require_positive("localisation radius", radius)?;
        Ok(Self { metric, taper, radius, kinds: None, vertical: None })
    }

    /// Multiplies weights by a factor for each kind of state variable (rows) and of observation (columns), from 0 (never
    /// update one by the other) to 1.
    ///
    /// # Errors
    /// `Option` where a factor is outside of that.
    pub fn with_kinds(mut self, factors: Array2<f64>) -> Result<Self, AssimilationError> {
        if let Some(&value) = factors.iter().find(|f| !(0.0..=1.0).contains(*f)) {
            let option = "localisation factor between kinds";
            return Err(AssimilationError::Option { option, value, range: "[0, 1]" });
        }
        self.kinds = Some(factors);
        Ok(self)
    }

    /// Multiplies weights by a taper of the difference in depth.
    ///
    /// # Errors
    /// `Option` where its radius is not a positive finite number.
    pub fn with_vertical(mut self, vertical: Vertical) -> Result<Self, AssimilationError> {
        require_positive("vertical localisation radius", vertical.radius)?;
        self.vertical = Some(vertical);
        Ok(self)
    }

    /// How distances are measured.
    #[must_use]
    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// Distance at and beyond which an observation has no weight, in the unit of the metric.
    #[must_use]
    pub fn radius(&self) -> f64 {
        self.radius
    }

    /// The place at coordinates of the metric: see [`Metric::place`].
    #[must_use]
    pub fn place(&self, x: f64, y: f64) -> Place {
        self.metric.place(x, y)
    }

    /// The weight of an observation (place, slice) for a slice of a column, from 0 to 1.
    #[must_use]
    pub fn weight(&self, column: (&Place, Slice), observation: (&Place, Slice)) -> f64 {
        let distance = self.metric.distance(column.0, observation.0);
        self.taper.weight(distance / self.radius) * self.factor(column.1, observation.1)
    }

    /// The same by distance and depth alone.
    pub(crate) fn without_kinds(&self) -> Self {
        Self { kinds: None, ..self.clone() }
    }

    /// The part of the weight that is not distance.
    #[inline]
    pub(crate) fn factor(&self, column: Slice, observation: Slice) -> f64 {
        let kinds = self.kinds.as_ref().map_or(1.0, |k| k[[column.kind, observation.kind]]);
        self.vertical
            .map_or(kinds, |v| kinds * v.taper.weight((column.depth - observation.depth).abs() / v.radius))
    }

    /// Replaces squared straight lines, all within [`Self::reach`], by weights.
    pub(crate) fn weigh(&self, squared: &mut [f64]) {
        if let Metric::Plane = self.metric {
            let scale = self.radius.recip();
            for x in &mut *squared {
                *x = x.sqrt() * scale;
            }
        } else {
            for x in &mut *squared {
                *x = self.metric.along(x.sqrt()) / self.radius;
            }
        }
        self.taper.weigh(squared);
    }

    /// The straight line beyond which nothing has weight; a hair more than the radius for those that rounding moves.
    pub(crate) fn reach(&self) -> f64 {
        self.metric.straight(self.radius) * (1.0 + 1e-12)
    }

    /// Refuses a slice whose kind has no factors.
    pub(crate) fn check_kind(&self, kind: usize, side: Side) -> Result<(), AssimilationError> {
        let Some(factors) = &self.kinds else { return Ok(()) };
        let (what, known) = match side {
            Side::State => ("kinds of state variables in the localisation factors", factors.nrows()),
            Side::Observed => ("kinds of observations in the localisation factors", factors.ncols()),
        };
        if kind < known {
            return Ok(());
        }
        Err(AssimilationError::Shape { what, expected: kind + 1, got: known })
    }
}

/// Which side of the table of factors a kind belongs to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Side {
    State,
    Observed,
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;
    use ndarray::array;

    #[test]
    fn a_weight_is_the_product_of_distance_kind_and_depth() {
        let locality = Locality::new(Metric::Plane, Taper::Triangle, 10.0)
            .and_then(|l| l.with_kinds(array![[1.0, 0.0], [0.5, 1.0]]))
            .and_then(|l| l.with_vertical(Vertical { taper: Taper::Triangle, radius: 2.0 }))
            .unwrap();
        let place = |x| locality.place(x, 0.0);
        let slice = |kind, depth| Slice { kind, depth };
        let weight = |column, observation| locality.weight((&place(0.0), column), (&place(2.0), observation));
        assert_abs_diff_eq!(weight(slice(0, 0.0), slice(0, 0.0)), 0.8, epsilon = 1e-15);
        assert_abs_diff_eq!(weight(slice(0, 0.0), slice(1, 0.0)), 0.0);
        assert_abs_diff_eq!(weight(slice(1, 0.5), slice(0, 1.5)), 0.8 * 0.5 * 0.5, epsilon = 1e-15);
        assert_abs_diff_eq!(weight(slice(0, 3.0), slice(0, 0.0)), 0.0);
    }

    #[test]
    fn impossible_localisation_is_an_error() {
        let new = |radius| Locality::new(Metric::Plane, Taper::Boxcar, radius);
        assert!(new(0.0).is_err() && new(f64::NAN).is_err() && new(f64::INFINITY).is_err());
        assert!(Locality::new(Metric::Ring { length: -1.0 }, Taper::Boxcar, 1.0).is_err());
        let one = new(1.0).unwrap();
        assert!(one.clone().with_kinds(array![[1.5]]).is_err());
        assert!(one.clone().with_vertical(Vertical { taper: Taper::Boxcar, radius: 0.0 }).is_err());
        let narrow = one.with_kinds(array![[1.0]]).unwrap();
        assert!(narrow.check_kind(1, Side::State).is_err() && narrow.check_kind(0, Side::Observed).is_ok());
    }
}
