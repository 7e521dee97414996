//! The map: Europe's coast, a graticule, and the stations, moved apart where they would hide each other.

mod frame;
mod label;
mod place;
mod projection;

use crate::figure::Figure;
use crate::input::Station;
use crate::marker;
use crate::svg::{self, Element};
use frame::Frame;
use reterra_fields::coast::{LAKES, LAND, Ring};

const WIDTH: f64 = 640.0;
/// Stations north of this are shown in an inset of Svalbard.
const INSET_LATITUDE: f64 = 73.5;
const INSET_SIZE: (f64, f64) = (132.0, 136.0);
const INSET_MARGIN: f64 = 12.0;
/// In the upper right, over Russia: the upper left is Iceland's.
const INSET_LEFT: f64 = WIDTH - INSET_SIZE.0 - INSET_MARGIN;

/// Where a click on a station leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Links {
    /// To the station's section of the same page.
    InPage,
    /// Nowhere: the figure stands alone.
    Absent,
}

/// Draws the stations; those without usable coordinates are left out.
pub(crate) fn draw(stations: &[Station], links: Links) -> Figure {
    let (north, south): (Vec<_>, Vec<_>) =
        stations.iter().enumerate().partition(|(_, station)| station.latitude > INSET_LATITUDE);
    let frame = Frame::europe(&south, WIDTH);
    let mut figure = Figure::new(WIDTH, frame.height(), "Map of the stations, coloured by vegetation type");
    figure.add(land(&frame));
    let inset = (!north.is_empty()).then(|| Frame::svalbard(INSET_SIZE));
    let taken = inset.as_ref().map(|_| (INSET_LEFT, INSET_MARGIN, INSET_SIZE.0, INSET_SIZE.1));
    figure.add(markers(&south, &frame, links, taken));
    if let Some(inset) = inset {
        figure.add(draw_inset(&north, &inset, links));
    }
    figure
}

fn draw_inset(stations: &[(usize, &Station)], frame: &Frame, links: Links) -> Element {
    let (width, height) = INSET_SIZE;
    let border = svg::rect(0.0, 0.0, width, height).class("inset-border");
    let title = svg::text(8.0, height - 8.0, "tick", "Svalbard");
    let clipped = svg::viewport(0.0, 0.0, width, height).child(land(frame));
    svg::group_at(INSET_LEFT, INSET_MARGIN)
        .child(clipped)
        .child(markers(stations, frame, links, None))
        .child(border)
        .child(title)
}

fn land(frame: &Frame) -> Element {
    let rings = |rings: &[Ring]| rings.iter().map(|ring| svg::ring(&frame.ring(ring))).collect::<String>();
    let graticule: String = frame.graticule().iter().map(|line| svg::polyline(line)).collect();
    svg::viewport(0.0, 0.0, frame.width(), frame.height())
        .child(svg::rect(0.0, 0.0, frame.width(), frame.height()).class("sea"))
        .child(svg::path(&rings(&LAND), "land"))
        .child(svg::path(&rings(&LAKES), "lake"))
        .child(svg::path(&graticule, "graticule"))
        .children(
            frame
                .graticule_labels()
                .into_iter()
                .map(|(x, y, text)| svg::text(x, y, "graticule-label", &text)),
        )
}

type Box4 = (f64, f64, f64, f64);

fn markers(stations: &[(usize, &Station)], frame: &Frame, links: Links, taken: Option<Box4>) -> Element {
    let located: Vec<(usize, &Station, (f64, f64))> = stations
        .iter()
        .filter_map(|&(i, station)| {
            frame.at(station.longitude, station.latitude).map(|place| (i, station, place))
        })
        .collect();
    let true_places: Vec<_> = located.iter().map(|(_, _, place)| *place).collect();
    let places = place::spread(&true_places);
    let codes: Vec<&str> = located.iter().map(|(_, station, _)| station.code.as_str()).collect();
    let labels = label::arrange(&places, &codes, (frame.width(), frame.height()), taken);
    let leaders = true_places.iter().zip(&places).filter_map(|(from, to)| leader(*from, *to));
    let points =
        located.iter().zip(&places).map(|((i, station, _), place)| point(*i, station, *place, links));
    let texts =
        labels.into_iter().zip(&codes).filter_map(|(label, code)| label.map(|label| label.draw(code)));
    Element::new("g").children(leaders).children(texts).children(points)
}

fn leader(from: (f64, f64), to: (f64, f64)) -> Option<Element> {
    const VISIBLE: f64 = 4.0;
    ((from.0 - to.0).hypot(from.1 - to.1) > VISIBLE).then(|| {
        Element::new("g")
            .child(svg::line(from, to, "leader"))
            .child(svg::circle(from.0, from.1, 1.3).class("leader-foot"))
    })
}

fn point(index: usize, station: &Station, (x, y): (f64, f64), links: Links) -> Element {
    let name = if station.name.is_empty() { String::new() } else { format!(" · {}", station.name) };
    let tooltip = format!("{}{name}\n{}", station.code, station.vegetation.label());
    let marker = marker::draw(station.vegetation, (x, y), 4.6).tooltip(&tooltip);
    match links {
        Links::InPage => Element::new("a")
            .attr("href", format!("#{}", crate::station::anchor(index, &station.code)))
            .attr("aria-label", &station.code)
            .child(marker),
        Links::Absent => marker,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn station(code: &str, longitude: f64, latitude: f64) -> Station {
        Station { code: code.into(), longitude, latitude, ..Station::default() }
    }

    #[test]
    fn svalbard_gets_its_inset_only_when_a_station_is_there() {
        let inland = [station("FI-Hyy", 24.3, 61.8)];
        assert!(!draw(&inland, Links::Absent).inline().contains("Svalbard"));
        let north = [station("FI-Hyy", 24.3, 61.8), station("SJ-Blv", 11.8, 78.9)];
        assert!(draw(&north, Links::InPage).inline().contains("Svalbard"));
    }

    #[test]
    fn a_station_without_coordinates_is_left_out() {
        let svg = draw(&[station("nowhere", f64::NAN, 50.0)], Links::Absent).inline();
        assert!(!svg.contains("NaN") && !svg.contains("nowhere"));
    }
}
