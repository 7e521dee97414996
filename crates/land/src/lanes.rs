//! One source for one column and for a batch of them: formulas are generic over [`Real`], which is `f64` (one
//! column) or [`Lanes`] (one column a lane).
//!
//! Lanes never mix: what a lane computes does not depend on its neighbours, and it is bit for bit what `f64`
//! computes, because both take exponential and logarithm from the same polynomials (`wide`; error at most one unit in
//! the last place). A branch on data becomes [`Real::select`]; a branch on what a batch has in common (plant
//! functional type, depth of the soil) stays a branch.

use std::fmt::Debug;
use std::ops::{Add, AddAssign, BitAnd, BitOr, Div, DivAssign, Mul, MulAssign, Neg, Not, Sub, SubAssign};

use serde::{Deserialize, Serialize};
use wide::{f64x2, f64x4};

use crate::exponential;

/// A batch's worth of numbers, one a column.
pub type Lanes = f64x4;

/// Columns in a batch.
pub const WIDTH: usize = 4;

/// What [`PerColumn`] can hold.
pub trait Item: Clone + Debug + PartialEq + Send + Sync + 'static {}

impl<V: Clone + Debug + PartialEq + Send + Sync + 'static> Item for V {}

/// A number of one column, or of a batch of columns.
pub trait Real:
    Copy
    + Debug
    + Default
    + PartialEq
    + Send
    + Sync
    + 'static
    + From<f64>
    + Batched<Column = f64>
    + Neg<Output = Self>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Add<f64, Output = Self>
    + Sub<f64, Output = Self>
    + Mul<f64, Output = Self>
    + Div<f64, Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
{
    /// The result of a comparison, lane by lane.
    type Mask: Copy
        + Debug
        + Send
        + Sync
        + BitAnd<Output = Self::Mask>
        + BitOr<Output = Self::Mask>
        + Not<Output = Self::Mask>;

    /// Something that is not a number, one a column.
    type Each<V: Item>: Clone + Debug + PartialEq + Send + Sync + AsRef<[V]> + AsMut<[V]>;

    /// How many columns it holds.
    const WIDTH: usize;

    /// Builds one of each.
    #[must_use]
    fn each<V: Item>(value: impl FnMut(usize) -> V) -> Self::Each<V>;

    /// The same number in every lane.
    #[must_use]
    fn of(value: f64) -> Self {
        Self::from(value)
    }

    /// One number a lane.
    #[must_use]
    fn from_lanes(value: impl FnMut(usize) -> f64) -> Self;

    /// The number of a lane.
    #[must_use]
    fn at(self, lane: usize) -> f64;

    /// eˣ.
    #[must_use]
    fn exp(self) -> Self;

    /// eˣ − 1, exact near zero.
    #[must_use]
    fn exp_m1(self) -> Self;

    /// Natural logarithm.
    #[must_use]
    fn ln(self) -> Self;

    /// ln(1 + x), exact near zero.
    #[must_use]
    fn ln_1p(self) -> Self;

    /// Square root.
    #[must_use]
    fn sqrt(self) -> Self;

    /// xʸ for x > 0; zero for x = 0.
    #[must_use]
    fn powf(self, exponent: impl Into<Self>) -> Self {
        (self.ln() * exponent.into()).exp()
    }

    /// Absolute value.
    #[must_use]
    fn abs(self) -> Self;

    /// The larger one; not a number where either is not, so that no bound hides a failure.
    #[must_use]
    fn max(self, other: impl Into<Self>) -> Self;

    /// The smaller one; not a number where either is not.
    #[must_use]
    fn min(self, other: impl Into<Self>) -> Self;

    /// Within bounds.
    #[must_use]
    fn clamp(self, lower: impl Into<Self>, upper: impl Into<Self>) -> Self {
        Real::min(Real::max(self, lower), upper)
    }

    /// Where it is larger.
    #[must_use]
    fn over(self, other: impl Into<Self>) -> Self::Mask;

    /// Where it is smaller.
    #[must_use]
    fn under(self, other: impl Into<Self>) -> Self::Mask;

    /// Where it is larger or equal.
    #[must_use]
    fn at_least(self, other: impl Into<Self>) -> Self::Mask;

    /// Where it is smaller or equal.
    #[must_use]
    fn at_most(self, other: impl Into<Self>) -> Self::Mask;

    /// `yes` where the mask holds, `no` elsewhere.
    #[must_use]
    fn select(mask: Self::Mask, yes: impl Into<Self>, no: impl Into<Self>) -> Self;

    /// Whether a mask holds in some lane.
    #[must_use]
    fn any(mask: Self::Mask) -> bool;

    /// Whether a mask holds in a lane.
    #[must_use]
    fn holds(mask: Self::Mask, lane: usize) -> bool;
}

/// What can be put together from columns and taken apart again. [`batched!`](crate::batched) writes it for structs.
pub trait Batched: Sized {
    /// What one column has of it.
    type Column: 'static;

    /// Puts columns together, one a lane.
    fn gather<'a>(column: &dyn Fn(usize) -> &'a Self::Column) -> Self;

    /// The column of a lane.
    fn lane(&self, lane: usize) -> Self::Column;

    /// Replaces the column of a lane.
    fn set_lane(&mut self, lane: usize, column: &Self::Column);
}

impl Batched for f64 {
    type Column = f64;
    #[inline]
    fn gather<'a>(column: &dyn Fn(usize) -> &'a f64) -> Self {
        *column(0)
    }
    #[inline]
    fn lane(&self, _: usize) -> f64 {
        *self
    }
    #[inline]
    fn set_lane(&mut self, _: usize, column: &f64) {
        *self = *column;
    }
}

impl Batched for Lanes {
    type Column = f64;
    #[inline]
    fn gather<'a>(column: &dyn Fn(usize) -> &'a f64) -> Self {
        <Self as Real>::from_lanes(|k| *column(k))
    }
    #[inline]
    fn lane(&self, lane: usize) -> f64 {
        self.to_array()[lane]
    }
    #[inline]
    fn set_lane(&mut self, lane: usize, column: &f64) {
        self.as_mut_array()[lane] = *column;
    }
}

impl<B: Batched, const N: usize> Batched for [B; N] {
    type Column = [B::Column; N];
    fn gather<'a>(column: &dyn Fn(usize) -> &'a Self::Column) -> Self {
        std::array::from_fn(|i| B::gather(&|k| &column(k)[i]))
    }
    fn lane(&self, lane: usize) -> Self::Column {
        std::array::from_fn(|i| self[i].lane(lane))
    }
    fn set_lane(&mut self, lane: usize, column: &Self::Column) {
        for (mine, theirs) in self.iter_mut().zip(column) {
            mine.set_lane(lane, theirs);
        }
    }
}

impl<B: Batched> Batched for Vec<B> {
    type Column = Vec<B::Column>;
    fn gather<'a>(column: &dyn Fn(usize) -> &'a Self::Column) -> Self {
        (0..column(0).len()).map(|i| B::gather(&|k| &column(k)[i])).collect()
    }
    fn lane(&self, lane: usize) -> Self::Column {
        self.iter().map(|item| item.lane(lane)).collect()
    }
    fn set_lane(&mut self, lane: usize, column: &Self::Column) {
        for (mine, theirs) in self.iter_mut().zip(column) {
            mine.set_lane(lane, theirs);
        }
    }
}

/// What all columns of a batch share; who builds the batch sees to it.
impl Batched for usize {
    type Column = usize;
    fn gather<'a>(column: &dyn Fn(usize) -> &'a usize) -> Self {
        *column(0)
    }
    fn lane(&self, _: usize) -> usize {
        *self
    }
    fn set_lane(&mut self, _: usize, column: &usize) {
        debug_assert_eq!(self, column);
    }
}

/// Something that is not a number, one a column.
#[derive(Clone, Debug, PartialEq)]
pub struct PerColumn<T: Real, V: Item>(T::Each<V>);

impl<T: Real, V: Item> PerColumn<T, V> {
    /// One of each.
    #[must_use]
    pub fn new(value: impl FnMut(usize) -> V) -> Self {
        Self(T::each(value))
    }

    /// That of a lane.
    #[must_use]
    pub fn at(&self, lane: usize) -> &V {
        &self.0.as_ref()[lane]
    }

    /// That of a lane, to change.
    pub fn at_mut(&mut self, lane: usize) -> &mut V {
        &mut self.0.as_mut()[lane]
    }
}

impl<T: Real, V: Item> Batched for PerColumn<T, V> {
    type Column = PerColumn<f64, V>;
    fn gather<'a>(column: &dyn Fn(usize) -> &'a Self::Column) -> Self {
        Self::new(|k| column(k).0[0].clone())
    }
    fn lane(&self, lane: usize) -> Self::Column {
        PerColumn([self.at(lane).clone()])
    }
    fn set_lane(&mut self, lane: usize, column: &Self::Column) {
        *self.at_mut(lane) = column.0[0].clone();
    }
}

impl<V: Item + Serialize> Serialize for PerColumn<f64, V> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0[0].serialize(serializer)
    }
}

impl<'de, V: Item + Deserialize<'de>> Deserialize<'de> for PerColumn<f64, V> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self([V::deserialize(deserializer)?]))
    }
}

/// Declares a struct of numbers that is generic over [`Real`] (one column by default) and [`Batched`].
#[macro_export]
macro_rules! batched {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$field_meta:meta])* pub $field:ident: $kind:ty,)* }) => {
        $(#[$meta])*
        pub struct $name<T: $crate::lanes::Real = f64> {
            $($(#[$field_meta])* pub $field: $kind,)*
        }

        impl<T: $crate::lanes::Real> $crate::lanes::Batched for $name<T> {
            type Column = $name<f64>;
            fn gather<'a>(column: &dyn Fn(usize) -> &'a Self::Column) -> Self {
                Self { $($field: $crate::lanes::Batched::gather(&|k| &column(k).$field),)* }
            }
            fn lane(&self, lane: usize) -> Self::Column {
                $name { $($field: $crate::lanes::Batched::lane(&self.$field, lane),)* }
            }
            fn set_lane(&mut self, lane: usize, column: &Self::Column) {
                $($crate::lanes::Batched::set_lane(&mut self.$field, lane, &column.$field);)*
            }
        }
    };
}

impl Real for f64 {
    type Mask = bool;
    type Each<V: Item> = [V; 1];
    const WIDTH: usize = 1;

    #[inline]
    fn each<V: Item>(mut value: impl FnMut(usize) -> V) -> [V; 1] {
        [value(0)]
    }
    #[inline]
    fn from_lanes(mut value: impl FnMut(usize) -> f64) -> Self {
        value(0)
    }
    #[inline]
    fn at(self, _: usize) -> f64 {
        self
    }
    #[inline]
    fn exp(self) -> Self {
        exponential::two::exp(f64x2::splat(self)).to_array()[0]
    }
    #[inline]
    fn exp_m1(self) -> Self {
        exponential::two::exp_m1(f64x2::splat(self)).to_array()[0]
    }
    #[inline]
    fn ln(self) -> Self {
        f64x2::splat(self).ln().to_array()[0]
    }
    #[inline]
    fn ln_1p(self) -> Self {
        f64x2::splat(self).ln_1p().to_array()[0]
    }
    #[inline]
    fn sqrt(self) -> Self {
        f64::sqrt(self)
    }
    #[inline]
    fn abs(self) -> Self {
        f64::abs(self)
    }
    #[inline]
    fn max(self, other: impl Into<Self>) -> Self {
        let other = other.into();
        if self > other || self.is_nan() { self } else { other }
    }
    #[inline]
    fn min(self, other: impl Into<Self>) -> Self {
        let other = other.into();
        if self < other || self.is_nan() { self } else { other }
    }
    #[inline]
    fn over(self, other: impl Into<Self>) -> bool {
        self > other.into()
    }
    #[inline]
    fn under(self, other: impl Into<Self>) -> bool {
        self < other.into()
    }
    #[inline]
    fn at_least(self, other: impl Into<Self>) -> bool {
        self >= other.into()
    }
    #[inline]
    fn at_most(self, other: impl Into<Self>) -> bool {
        self <= other.into()
    }
    #[inline]
    fn select(mask: bool, yes: impl Into<Self>, no: impl Into<Self>) -> Self {
        if mask { yes.into() } else { no.into() }
    }
    #[inline]
    fn any(mask: bool) -> bool {
        mask
    }
    #[inline]
    fn holds(mask: bool, _: usize) -> bool {
        mask
    }
}

/// Where a comparison of lanes holds.
#[derive(Clone, Copy, Debug)]
pub struct LaneMask(f64x4);

impl BitAnd for LaneMask {
    type Output = Self;
    #[inline]
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl BitOr for LaneMask {
    type Output = Self;
    #[inline]
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Not for LaneMask {
    type Output = Self;
    #[inline]
    fn not(self) -> Self {
        Self(!self.0)
    }
}

impl Real for Lanes {
    type Mask = LaneMask;
    type Each<V: Item> = [V; WIDTH];
    const WIDTH: usize = WIDTH;

    #[inline]
    fn each<V: Item>(value: impl FnMut(usize) -> V) -> [V; WIDTH] {
        std::array::from_fn(value)
    }
    #[inline]
    fn from_lanes(value: impl FnMut(usize) -> f64) -> Self {
        Self::from(std::array::from_fn::<f64, WIDTH, _>(value))
    }
    #[inline]
    fn at(self, lane: usize) -> f64 {
        self.to_array()[lane]
    }
    #[inline]
    fn exp(self) -> Self {
        exponential::four::exp(self)
    }
    #[inline]
    fn exp_m1(self) -> Self {
        exponential::four::exp_m1(self)
    }
    #[inline]
    fn ln(self) -> Self {
        f64x4::ln(self)
    }
    #[inline]
    fn ln_1p(self) -> Self {
        f64x4::ln_1p(self)
    }
    #[inline]
    fn sqrt(self) -> Self {
        f64x4::sqrt(self)
    }
    #[inline]
    fn abs(self) -> Self {
        f64x4::abs(self)
    }
    #[inline]
    fn max(self, other: impl Into<Self>) -> Self {
        let other = other.into();
        // x86's maximum gives the second where neither is larger, as `f64` does above.
        let larger = if cfg!(target_feature = "avx") {
            self.fast_max(other)
        } else {
            self.simd_gt(other).select(self, other)
        };
        self.is_nan().select(self, larger)
    }
    #[inline]
    fn min(self, other: impl Into<Self>) -> Self {
        let other = other.into();
        let smaller = if cfg!(target_feature = "avx") {
            self.fast_min(other)
        } else {
            self.simd_lt(other).select(self, other)
        };
        self.is_nan().select(self, smaller)
    }
    #[inline]
    fn over(self, other: impl Into<Self>) -> LaneMask {
        LaneMask(self.simd_gt(other.into()))
    }
    #[inline]
    fn under(self, other: impl Into<Self>) -> LaneMask {
        LaneMask(self.simd_lt(other.into()))
    }
    #[inline]
    fn at_least(self, other: impl Into<Self>) -> LaneMask {
        LaneMask(self.simd_ge(other.into()))
    }
    #[inline]
    fn at_most(self, other: impl Into<Self>) -> LaneMask {
        LaneMask(self.simd_le(other.into()))
    }
    #[inline]
    fn select(mask: LaneMask, yes: impl Into<Self>, no: impl Into<Self>) -> Self {
        mask.0.select(yes.into(), no.into())
    }
    #[inline]
    fn any(mask: LaneMask) -> bool {
        mask.0.any()
    }
    #[inline]
    fn holds(mask: LaneMask, lane: usize) -> bool {
        (mask.0.to_bitmask() >> lane) & 1 == 1
    }
}

#[cfg(test)]
mod tests;
