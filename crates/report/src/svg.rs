//! A small SVG writer: elements that are balanced and escaped by construction, and paths with gaps.

use std::fmt::{Display, Write};

/// An element under construction.
#[derive(Debug, Clone)]
pub(crate) struct Element {
    name: &'static str,
    attributes: String,
    content: String,
}

impl Element {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, attributes: String::new(), content: String::new() }
    }

    /// Adds an attribute, escaped.
    pub(crate) fn attr(mut self, key: &str, value: impl Display) -> Self {
        let _ = write!(self.attributes, " {key}=\"{}\"", escape(&value.to_string()));
        self
    }

    /// Adds a numeric attribute, to a tenth of a pixel; one that is not finite is left out.
    pub(crate) fn num(self, key: &str, value: f64) -> Self {
        if value.is_finite() { self.attr(key, pixel(value)) } else { self }
    }

    pub(crate) fn class(self, class: &str) -> Self {
        self.attr("class", class)
    }

    /// Adds text, escaped.
    pub(crate) fn text(mut self, text: &str) -> Self {
        self.content.push_str(&escape(text));
        self
    }

    pub(crate) fn child(self, child: Element) -> Self {
        self.children([child])
    }

    pub(crate) fn children(mut self, children: impl IntoIterator<Item = Element>) -> Self {
        children.into_iter().for_each(|child| child.write_to(&mut self.content));
        self
    }

    /// Adds a tooltip.
    pub(crate) fn tooltip(self, text: &str) -> Self {
        self.child(Element::new("title").text(text))
    }

    fn write_to(&self, out: &mut String) {
        let Self { name, attributes, content } = self;
        let _ = if content.is_empty() {
            write!(out, "<{name}{attributes}/>")
        } else {
            write!(out, "<{name}{attributes}>{content}</{name}>")
        };
    }
}

impl Display for Element {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut out = String::new();
        self.write_to(&mut out);
        f.write_str(&out)
    }
}

/// A group moved to (x, y).
pub(crate) fn group_at(x: f64, y: f64) -> Element {
    Element::new("g").attr("transform", format!("translate({} {})", pixel(x), pixel(y)))
}

/// A rectangle that clips what it contains and has its own origin.
pub(crate) fn viewport(x: f64, y: f64, width: f64, height: f64) -> Element {
    Element::new("svg").num("x", x).num("y", y).num("width", width).num("height", height)
}

pub(crate) fn line(from: (f64, f64), to: (f64, f64), class: &str) -> Element {
    Element::new("line").num("x1", from.0).num("y1", from.1).num("x2", to.0).num("y2", to.1).class(class)
}

pub(crate) fn rect(x: f64, y: f64, width: f64, height: f64) -> Element {
    Element::new("rect").num("x", x).num("y", y).num("width", width).num("height", height)
}

pub(crate) fn circle(x: f64, y: f64, radius: f64) -> Element {
    Element::new("circle").num("cx", x).num("cy", y).num("r", radius)
}

pub(crate) fn text(x: f64, y: f64, class: &str, content: &str) -> Element {
    Element::new("text").num("x", x).num("y", y).class(class).text(content)
}

pub(crate) fn path(data: &str, class: &str) -> Element {
    Element::new("path").attr("d", data).class(class)
}

/// Path data of a line through `points`, broken where a point is missing or not finite.
pub(crate) fn polyline(points: &[Option<(f64, f64)>]) -> String {
    let mut data = String::new();
    for run in runs(points) {
        trace(&mut data, run.iter().copied(), 'M');
        if run.len() == 1 {
            data.push_str("h0.1");
        }
    }
    data
}

/// Path data of a closed ring; empty without points.
pub(crate) fn ring(points: &[(f64, f64)]) -> String {
    let mut data = String::new();
    if !points.is_empty() {
        trace(&mut data, points.iter().copied(), 'M');
        data.push('Z');
    }
    data
}

/// Path data of the area between (x, low) and (x, high), given as (x, low, high), broken at gaps.
pub(crate) fn band(points: &[Option<(f64, f64, f64)>]) -> String {
    let mut data = String::new();
    let lows: Vec<_> = points.iter().map(|p| p.map(|(x, low, _)| (x, low))).collect();
    let highs: Vec<_> = points.iter().map(|p| p.map(|(x, _, high)| (x, high))).collect();
    for (low, high) in runs(&lows).into_iter().zip(runs(&highs)) {
        trace(&mut data, low.into_iter(), 'M');
        trace(&mut data, high.into_iter().rev(), 'L');
        data.push('Z');
    }
    data
}

/// Path data of dots, to be stroked with round caps.
pub(crate) fn dots(points: &[Option<(f64, f64)>]) -> String {
    let mut data = String::new();
    for (x, y) in points.iter().flatten().filter(|(x, y)| x.is_finite() && y.is_finite()) {
        let _ = write!(data, "M{} {}h0", pixel(*x), pixel(*y));
    }
    data
}

fn runs(points: &[Option<(f64, f64)>]) -> Vec<Vec<(f64, f64)>> {
    let finite = |p: &Option<(f64, f64)>| p.filter(|(x, y)| x.is_finite() && y.is_finite());
    let points: Vec<_> = points.iter().map(finite).collect();
    points
        .split(Option::is_none)
        .filter(|run| !run.is_empty())
        .map(|run| run.iter().flatten().copied().collect())
        .collect()
}

fn trace(data: &mut String, points: impl Iterator<Item = (f64, f64)>, first: char) {
    for (i, (x, y)) in points.enumerate() {
        let command = if i == 0 { first } else { 'L' };
        let _ = write!(data, "{command}{} {}", pixel(x), pixel(y));
    }
}

/// A coordinate to a tenth of a pixel.
pub(crate) fn pixel(value: f64) -> String {
    let text = format!("{value:.1}");
    let text = text.strip_suffix(".0").unwrap_or(&text);
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Text for XML content or a quoted attribute; characters that XML forbids are dropped.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() && !c.is_whitespace() => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_balance_and_escape() {
        let element =
            Element::new("g").attr("data-x", "a\"<b>").child(Element::new("text").text("R & D\u{1}"));
        assert_eq!(element.to_string(), "<g data-x=\"a&quot;&lt;b&gt;\"><text>R &amp; D</text></g>");
        assert_eq!(circle(1.04, f64::NAN, 2.0).to_string(), "<circle cx=\"1\" r=\"2\"/>");
    }

    #[test]
    fn lines_and_bands_break_at_gaps() {
        let points = [Some((0.0, 1.0)), Some((1.0, f64::NAN)), Some((2.0, 3.0)), None, Some((4.0, 5.0))];
        assert_eq!(polyline(&points), "M0 1h0.1M2 3h0.1M4 5h0.1");
        let band = band(&[Some((0.0, 1.0, 2.0)), Some((1.0, 1.0, 3.0)), None]);
        assert_eq!(band, "M0 1L1 1L1 3L0 2Z");
    }
}
