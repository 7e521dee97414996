//! A figure of fixed size that can stand in the page or alone in a file.

use crate::svg::Element;

/// Colours and strokes of all figures; the page includes the same text once.
pub(crate) const STYLE: &str = include_str!("figure.css");

#[derive(Debug, Clone)]
pub(crate) struct Figure {
    width: f64,
    height: f64,
    title: String,
    body: Element,
}

impl Figure {
    pub(crate) fn new(width: f64, height: f64, title: &str) -> Self {
        Self { width, height, title: title.to_owned(), body: Element::new("g") }
    }

    pub(crate) fn add(&mut self, element: Element) {
        let body = std::mem::replace(&mut self.body, Element::new("g"));
        self.body = body.child(element);
    }

    pub(crate) fn size(&self) -> (f64, f64) {
        (self.width, self.height)
    }

    pub(crate) fn title(&self) -> &str {
        &self.title
    }

    /// The drawing alone, to be put into another figure.
    pub(crate) fn into_body(self) -> Element {
        self.body
    }

    /// For a page that already has [`STYLE`].
    pub(crate) fn inline(self) -> String {
        self.root().child(self.body.clone()).to_string()
    }

    /// A file of its own, with its style, background and margin.
    pub(crate) fn standalone(self) -> String {
        let background = crate::svg::rect(0.0, 0.0, self.width, self.height).class("paper");
        self.root()
            .attr("xmlns", "http://www.w3.org/2000/svg")
            .child(Element::new("style").text(STYLE))
            .child(background)
            .child(self.body.clone())
            .to_string()
    }

    fn root(&self) -> Element {
        let view = format!("0 0 {} {}", crate::svg::pixel(self.width), crate::svg::pixel(self.height));
        Element::new("svg")
            .class("figure")
            .attr("viewBox", view)
            .num("width", self.width)
            .num("height", self.height)
            .attr("role", "img")
            .attr("aria-label", &self.title)
    }
}
