//! Closure: the books of carbon, nitrogen and water.

use serde::Serialize;

use crate::input::{Closure, Flow};
use crate::number;

/// The books of one element, ready for the page.
#[derive(Debug, Serialize)]
pub(crate) struct Books {
    label: &'static str,
    unit: &'static str,
    closed: bool,
    largest: String,
    largest_at: String,
    tolerance: String,
    initial: String,
    flows: Vec<Entry>,
    increment: Entry,
    last: String,
    residual: String,
}

#[derive(Debug, Serialize)]
struct Entry {
    label: String,
    amount: String,
    inward: bool,
    /// Length of the entry's bar, per cent of the largest.
    share: String,
}

pub(crate) fn books(closure: &Closure) -> Books {
    let amounts = closure.flows.iter().map(|flow| flow.amount).chain([closure.assimilation_increment]);
    let largest = amounts.map(f64::abs).filter(|amount| amount.is_finite()).fold(0.0, f64::max);
    let entry = |flow: &Flow| entry(&flow.label, flow.amount, largest);
    Books {
        label: closure.element.label(),
        unit: closure.element.unit(),
        closed: closure.is_closed(),
        largest: number::significant(closure.largest_relative_error, 2),
        largest_at: closure.largest_at.clone(),
        tolerance: number::significant(closure.tolerance, 1),
        initial: amount(closure.initial_stock),
        flows: closure.flows.iter().map(entry).collect(),
        increment: self::entry("added by the assimilation", closure.assimilation_increment, largest),
        last: amount(closure.final_stock),
        residual: number::significant(closure.residual(), 2),
    }
}

impl Books {
    /// The largest relative error and where it arose.
    pub(crate) fn largest_text(&self) -> String {
        if self.largest_at.is_empty() {
            self.largest.clone()
        } else {
            format!("{} ({})", self.largest, self.largest_at)
        }
    }
}

fn amount(value: f64) -> String {
    if value.abs() >= 100.0 { number::whole(value) } else { number::significant(value, 3) }
}

fn entry(label: &str, value: f64, largest: f64) -> Entry {
    let share = if largest > 0.0 && value.is_finite() { 100.0 * value.abs() / largest } else { 0.0 };
    let text = amount(value);
    let plus = if value > 0.0 && text != "0" { "+" } else { "" };
    Entry {
        label: label.to_owned(),
        amount: format!("{plus}{text}"),
        inward: value > 0.0,
        share: format!("{share:.1}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::Element;

    #[test]
    fn bars_are_relative_to_the_largest_flow() {
        let flow = |label: &str, amount| Flow { label: label.into(), amount };
        let books = books(&Closure {
            element: Element::Carbon,
            largest_relative_error: 2e-13,
            largest_at: String::new(),
            tolerance: 1e-10,
            initial_stock: 20000.0,
            flows: vec![flow("GPP", 20000.0), flow("respiration", -10000.0)],
            assimilation_increment: 0.0,
            final_stock: 30000.0,
        });
        let shares: Vec<_> = books.flows.iter().map(|f| (f.amount.as_str(), f.share.as_str())).collect();
        assert_eq!(shares, [("+20\u{202f}000", "100.0"), ("\u{2212}10\u{202f}000", "50.0")]);
        assert_eq!(books.residual, "0");
        assert!(books.closed);
    }
}
