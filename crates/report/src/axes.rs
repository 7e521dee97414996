//! The frame of a plot: where it lies, its grid lines and their labels.

use crate::number;
use crate::scale::Scale;
use crate::svg::{self, Element};

pub(crate) const MONTH_INITIALS: [&str; 12] = ["J", "F", "M", "A", "M", "J", "J", "A", "S", "O", "N", "D"];
pub(crate) const MONTH_NAMES: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Where a plot lies in its figure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Area {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl Area {
    pub(crate) fn right(&self) -> f64 {
        self.left + self.width
    }

    pub(crate) fn bottom(&self) -> f64 {
        self.top + self.height
    }

    /// A horizontal axis in figure coordinates.
    pub(crate) fn x(&self, domain: (f64, f64)) -> Scale {
        Scale::new(domain, (self.left, self.right()))
    }

    /// A vertical axis in figure coordinates, upwards.
    pub(crate) fn y(&self, domain: (f64, f64)) -> Scale {
        Scale::new(domain, (self.bottom(), self.top))
    }

    /// Clips what is drawn in figure coordinates to this area.
    pub(crate) fn clip(&self, content: impl IntoIterator<Item = Element>) -> Element {
        let inner = svg::group_at(-self.left, -self.top).children(content);
        svg::viewport(self.left, self.top, self.width, self.height).child(inner)
    }

    /// Horizontal grid lines with labels on the left; the one at zero is drawn stronger.
    pub(crate) fn horizontal_grid(&self, scale: &Scale, count: usize) -> Element {
        let (ticks, step) = scale.ticks(count);
        let one = |value: f64| {
            let y = scale.at(value);
            let class = if value == 0.0 { "zero" } else { "grid" };
            let label = svg::text(self.left - 5.0, y + 3.5, "tick end", &number::tick(value, step));
            Element::new("g").child(svg::line((self.left, y), (self.right(), y), class)).child(label)
        };
        Element::new("g").children(ticks.into_iter().map(one))
    }

    /// Vertical grid lines with labels below.
    pub(crate) fn vertical_grid(&self, scale: &Scale, count: usize) -> Element {
        let (ticks, step) = scale.ticks(count);
        let one = |value: f64| {
            let x = scale.at(value);
            let label = svg::text(x, self.bottom() + 13.0, "tick middle", &number::tick(value, step));
            Element::new("g").child(svg::line((x, self.top), (x, self.bottom()), "grid")).child(label)
        };
        Element::new("g").children(ticks.into_iter().map(one))
    }

    /// As [`Area::decades`], for a horizontal axis.
    pub(crate) fn decades_across(&self, exponents: &Scale) -> Element {
        let (low, high) = exponents.domain();
        let one = |exponent: i32| {
            let x = exponents.at(f64::from(exponent));
            let label = svg::text(x, self.bottom() + 13.0, "tick middle", &number::power_of_ten(exponent));
            Element::new("g").child(svg::line((x, self.top), (x, self.bottom()), "grid")).child(label)
        };
        Element::new("g").children((low.ceil() as i32..=high.floor() as i32).map(one))
    }

    /// Grid lines at powers of ten between the exponents of a logarithmic axis' domain.
    pub(crate) fn decades(&self, exponents: &Scale) -> Element {
        let (low, high) = exponents.domain();
        let every = (((high - low) / 4.0).ceil() as i32).max(1);
        let one = |exponent: i32| {
            let y = exponents.at(f64::from(exponent));
            let label = svg::text(self.left - 5.0, y + 3.5, "tick end", &number::power_of_ten(exponent));
            Element::new("g").child(svg::line((self.left, y), (self.right(), y), "grid")).child(label)
        };
        let shown = (low.ceil() as i32..=high.floor() as i32).filter(move |exponent| exponent % every == 0);
        Element::new("g").children(shown.map(one))
    }
}
