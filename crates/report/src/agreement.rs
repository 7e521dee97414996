//! How observations and the ensemble that assimilated them agree: a table and rank histograms.

use serde::Serialize;

use crate::axes::Area;
use crate::figure::Figure;
use crate::input::{Agreement, Measured, Ranks};
use crate::seasonal::class;
use crate::svg::{self, Element};
use crate::{number, scale};

/// Probability below which a histogram counts as not flat.
const NOT_FLAT: f64 = 0.05;
/// Standard errors beyond which a ratio differs from 1, and a standard normal number from 0.
const FAR: f64 = 2.0;
const SIZE: (f64, f64) = (284.0, 150.0);
const AREA: Area = Area { left: 34.0, top: 36.0, width: 244.0, height: 88.0 };

/// A row of the table.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    class: &'static str,
    label: &'static str,
    unit: &'static str,
    used: String,
    others: String,
    innovation: String,
    ratios: [Ratio; 3],
    signal: String,
    crps: String,
}

/// A ratio that is 1 where all is well.
#[derive(Debug, Serialize)]
pub(crate) struct Ratio {
    text: String,
    agrees: bool,
}

pub(crate) fn rows(agreement: &[Agreement]) -> Vec<Row> {
    agreement.iter().map(row).collect()
}

fn row(found: &Agreement) -> Row {
    let variable = found.variable;
    let shown = |value: f64| number::significant(variable.display(value), 2);
    let others = found.others.iter().filter(|fate| fate.count > 0);
    let others: Vec<String> =
        others.map(|fate| format!("{} {}", number::whole(fate.count as f64), fate.label)).collect();
    let display = |m: Measured| Measured {
        value: variable.display(m.value),
        error: m.error.map(|error| variable.display(error)),
    };
    Row {
        class: class(variable),
        label: variable.label(),
        unit: variable.display_unit(),
        used: number::whole(found.used as f64),
        others: if others.is_empty() { number::MISSING.to_owned() } else { others.join(", ") },
        innovation: text(found.innovation.map(display)),
        ratios: [found.consistency, found.error_ratio, found.background_ratio].map(ratio),
        signal: number::fixed(found.signal, 2),
        crps: found.crps.map_or(number::MISSING.to_owned(), |[before, after]| {
            format!("{} → {}", shown(before), shown(after))
        }),
    }
}

fn ratio(measured: Option<Measured>) -> Ratio {
    let far = measured.is_some_and(|m| m.error.is_some_and(|error| (m.value - 1.0).abs() > FAR * error));
    Ratio { text: text(measured), agrees: !far }
}

/// A number with its standard error, both to the decimal that the error's first two digits reach.
fn text(measured: Option<Measured>) -> String {
    let Some(Measured { value, error }) = measured else { return number::MISSING.to_owned() };
    match error.filter(|error| error.is_finite() && *error > 0.0) {
        None => number::significant(value, 2),
        Some(error) => {
            let decimals = usize::try_from(1 - error.log10().floor() as i32).unwrap_or(0);
            format!("{} ± {}", number::fixed(Some(value), decimals), number::fixed(Some(error), decimals))
        }
    }
}

/// One histogram a variable, on a shared axis.
pub(crate) fn draw(agreement: &[Agreement]) -> Vec<Figure> {
    let with_ranks = || agreement.iter().filter_map(|a| Some((a, a.ranks.as_ref()?)));
    let heights = with_ranks().flat_map(|(_, ranks)| ranks.frequencies.iter().copied());
    let (_, highest) = scale::extent(heights).unwrap_or((0.0, 1.0));
    with_ranks().map(|(found, ranks)| histogram(found, ranks, highest.max(1.5))).collect()
}

fn histogram(found: &Agreement, ranks: &Ranks, highest: f64) -> Figure {
    let label = found.variable.label();
    let mut figure = Figure::new(SIZE.0, SIZE.1, &format!("Rank histogram of {label}"));
    let y = AREA.y((0.0, 1.06 * highest));
    let width = AREA.width / ranks.frequencies.len().max(1) as f64;
    figure.add(svg::text(2.0, 13.0, "panel-title", &format!("{label}, ranks among the members")));
    figure.add(svg::text(2.0, 27.0, "subtitle", &caption(ranks)));
    figure.add(AREA.horizontal_grid(&y, 3));
    let bars = ranks.frequencies.iter().enumerate().filter(|(_, f)| f.is_finite()).map(|(k, &frequency)| {
        let top = y.at(frequency);
        svg::rect(AREA.left + (k as f64 + 0.08) * width, top, 0.84 * width, AREA.bottom() - top)
            .class(&format!("bar {}", class(found.variable)))
            .tooltip(&format!("{} of the expected count", number::fixed(Some(frequency), 2)))
    });
    figure.add(Element::new("g").children(bars));
    figure.add(svg::line((AREA.left, y.at(1.0)), (AREA.right(), y.at(1.0)), "limit"));
    figure.add(svg::text(AREA.left, AREA.bottom() + 14.0, "tick", "below all members"));
    figure.add(svg::text(AREA.right(), AREA.bottom() + 14.0, "tick end", "above all"));
    figure
}

/// Whether the histogram is flat, and if not what its shape says.
fn caption(ranks: &Ranks) -> String {
    if ranks.p_value.is_nan() || ranks.p_value >= NOT_FLAT {
        return format!("flat: p = {}", number::fixed(Some(ranks.p_value), 2));
    }
    let said = [
        (ranks.outer > FAR, "ensemble too narrow"),
        (ranks.outer < -FAR, "ensemble too wide"),
        (ranks.slope > FAR, "prior too low"),
        (ranks.slope < -FAR, "prior too high"),
    ];
    let said: Vec<&str> = said.into_iter().filter(|(holds, _)| *holds).map(|(_, text)| text).collect();
    let shape = if said.is_empty() { "no single shape".to_owned() } else { said.join(", ") };
    let p = if ranks.p_value < 0.001 { "< 0.001".to_owned() } else { format!("= {:.3}", ranks.p_value) };
    format!("not flat, p {p}: {shape}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::Variable;

    fn ranks(p_value: f64, slope: f64, outer: f64) -> Ranks {
        Ranks { frequencies: vec![1.0, 0.5, f64::NAN], p_value, slope, outer }
    }

    #[test]
    fn a_histogram_says_what_its_shape_means() {
        assert_eq!(caption(&ranks(0.31, 3.0, 3.0)), "flat: p = 0.31");
        assert_eq!(
            caption(&ranks(1e-9, -3.0, 5.0)),
            "not flat, p < 0.001: ensemble too narrow, prior too high"
        );
        assert_eq!(caption(&ranks(0.02, 0.0, -2.5)), "not flat, p = 0.020: ensemble too wide");
        assert_eq!(caption(&ranks(0.02, 1.0, 1.0)), "not flat, p = 0.020: no single shape");
    }

    #[test]
    fn ratios_far_from_one_are_marked_and_numbers_carry_their_error() {
        let measured = |value, error| Some(Measured { value, error });
        let far = ratio(measured(1.2345, Some(0.05)));
        assert_eq!((far.text.as_str(), far.agrees), ("1.234 ± 0.050", false));
        assert!(ratio(measured(1.09, Some(0.05))).agrees && ratio(None).agrees);
        assert_eq!(text(measured(0.5, None)), "0.50");
    }

    #[test]
    fn a_variable_without_anything_draws() {
        let empty = Agreement {
            variable: Variable::Lai,
            used: 0,
            others: Vec::new(),
            innovation: None,
            consistency: None,
            error_ratio: None,
            background_ratio: None,
            signal: None,
            crps: None,
            ranks: Some(ranks(f64::NAN, f64::NAN, f64::NAN)),
        };
        assert_eq!(rows(std::slice::from_ref(&empty))[0].others, number::MISSING);
        let svg: String = draw(&[empty]).into_iter().map(Figure::inline).collect();
        assert!(!svg.contains("NaN") && svg.contains("ranks among the members"));
    }
}
