//! A vegetation type's mark: colour and shape, so that it reads without colour too.

use crate::input::Vegetation;
use crate::svg::{self, Element};

/// Short name of a vegetation type in style sheets.
pub(crate) fn class(vegetation: Vegetation) -> &'static str {
    match vegetation {
        Vegetation::EvergreenNeedleleaf => "enf",
        Vegetation::DeciduousNeedleleaf => "dnf",
        Vegetation::EvergreenBroadleaf => "ebf",
        Vegetation::DeciduousBroadleaf => "dbf",
        Vegetation::MixedForest => "mf",
        Vegetation::Shrubland => "shr",
        Vegetation::Savanna => "sav",
        Vegetation::Grassland => "gra",
        Vegetation::Cropland => "cro",
        Vegetation::Wetland => "wet",
        Vegetation::Tundra => "tun",
        Vegetation::Other => "oth",
    }
}

/// The mark, centred at a point; `radius` is a circle's, other shapes have about its area.
pub(crate) fn draw(vegetation: Vegetation, (x, y): (f64, f64), radius: f64) -> Element {
    let corners = |offsets: &[(f64, f64)]| {
        let points: Vec<_> = offsets.iter().map(|(dx, dy)| (x + radius * dx, y + radius * dy)).collect();
        Element::new("path").attr("d", svg::ring(&points))
    };
    let shape = match vegetation {
        Vegetation::Shrubland | Vegetation::Savanna => corners(&[(0.0, -1.3), (1.2, 0.9), (-1.2, 0.9)]),
        Vegetation::Wetland => corners(&[(0.0, 1.3), (1.2, -0.9), (-1.2, -0.9)]),
        Vegetation::Grassland => corners(&[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]),
        Vegetation::Cropland => corners(&[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)]),
        Vegetation::Tundra => {
            corners(&[(-0.55, -1.05), (0.55, -1.05), (1.15, 0.0), (0.55, 1.05), (-0.55, 1.05), (-1.15, 0.0)])
        }
        _ => svg::circle(x, y, radius),
    };
    shape.class(&format!("mark veg-{}", class(vegetation)))
}

/// The mark alone, as an inline picture of 14 pixels.
pub(crate) fn icon(vegetation: Vegetation) -> String {
    let picture = Element::new("svg").attr("viewBox", "0 0 14 14").attr("width", 14).attr("height", 14);
    picture.class("icon").attr("aria-hidden", "true").child(draw(vegetation, (7.0, 7.0), 4.8)).to_string()
}
