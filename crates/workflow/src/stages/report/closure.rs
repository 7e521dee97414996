//! The books of carbon, nitrogen and water over the period, mean over stations and members.

use ndarray::Array3;
use reterra_land::column::LargestImbalance;
use reterra_land::constants::DAY;
use reterra_land::forcing::MONTH_DAYS;
use reterra_report::input::{Closure, Element, Flow};

use super::Material;
use crate::results::EnsembleOutput;

/// The land model's own limit on the error of a step, relative to the stock.
const TOLERANCE: f64 = 1e-10;

/// An element's books: its stock, and its flows with their sign.
struct Books {
    element: Element,
    stock: &'static str,
    flows: &'static [(&'static str, &'static str, f64)],
    of: fn(&LargestImbalance) -> f64,
}

const BOOKS: [Books; 3] = [
    Books {
        element: Element::Carbon,
        stock: "TOTECOSYSC",
        flows: &[
            ("GPP", "gross primary production", 1.0),
            ("AR", "plant respiration", -1.0),
            ("HR", "soil respiration", -1.0),
            ("HARVESTC", "harvest", -1.0),
            ("COL_FIRE_CLOSS", "fire", -1.0),
        ],
        of: |i| i.carbon,
    },
    Books {
        element: Element::Nitrogen,
        stock: "TOTECOSYSN",
        flows: &[
            ("NINPUT", "deposition, fertiliser and fixation", 1.0),
            ("NLOSS", "gas, leaching, harvest and fire", -1.0),
        ],
        of: |i| i.nitrogen,
    },
    Books {
        element: Element::Water,
        stock: "TWS",
        flows: &[
            ("PRECIP", "precipitation", 1.0),
            ("ET", "evapotranspiration", -1.0),
            ("RUNOFF", "runoff and drainage", -1.0),
        ],
        of: |i| i.water,
    },
];

/// The books of the three elements; an element whose variables are missing is left out.
pub(super) fn all(material: &Material) -> Vec<Closure> {
    let books = BOOKS.iter().enumerate();
    books.filter_map(|(index, books)| close(material, books, index)).collect()
}

fn close(material: &Material, books: &Books, index: usize) -> Option<Closure> {
    let (largest_relative_error, largest_at) = largest(material, books.of);
    let stations = closed_stations(&material.analysis, books)?;
    let first = material.cases.first().map_or(0, |c| usize::from(c.start.month) - 1);
    let mean = |of: &dyn Fn(usize, &[usize]) -> f64| mean_over_stations(&stations, of);
    let stock = material.analysis.array(books.stock)?;
    let last = stock.dim().1.checked_sub(1)?;
    let mut flows = Vec::new();
    let mut first_month = 0.0;
    for &(name, label, sign) in books.flows {
        let array = material.analysis.array(name)?;
        let amount = mean(&|s, members| sign * amount(array, s, members, first, 0..=last));
        first_month += mean(&|s, members| sign * self::amount(array, s, members, first, 0..=0));
        flows.push(Flow { label: label.to_owned(), amount });
    }
    let increments: Vec<f64> = stations
        .iter()
        .filter_map(|(s, _)| material.assimilation.get(*s)?.increments.get(index).copied())
        .collect();
    Some(Closure {
        element: books.element,
        largest_relative_error,
        largest_at,
        tolerance: TOLERANCE,
        // Stocks are known at the ends of months; the first month's flows lead back to its beginning.
        initial_stock: mean(&|s, members| mean_of(stock, s, members, 0)) - first_month,
        flows,
        assimilation_increment: increments.iter().sum::<f64>() / stations.len().max(1) as f64,
        final_stock: mean(&|s, members| mean_of(stock, s, members, last)),
    })
}

/// Stations with the members that hold every variable of the books in every month.
fn closed_stations(ensemble: &EnsembleOutput, books: &Books) -> Option<Vec<(usize, Vec<usize>)>> {
    let names = books.flows.iter().map(|f| f.0).chain([books.stock]);
    let arrays: Vec<&Array3<f64>> = names.map(|n| ensemble.array(n)).collect::<Option<_>>()?;
    let (stations, _, members) = arrays.first()?.dim();
    let whole = |s: usize, k: usize| {
        arrays.iter().all(|a| a.slice(ndarray::s![s, .., k]).iter().all(|v| v.is_finite()))
    };
    let of = |s: usize| (s, (0..members).filter(|k| whole(s, *k)).collect::<Vec<_>>());
    let found: Vec<_> = (0..stations).map(of).filter(|(_, members)| !members.is_empty()).collect();
    (!found.is_empty()).then_some(found)
}

fn mean_over_stations(stations: &[(usize, Vec<usize>)], of: &dyn Fn(usize, &[usize]) -> f64) -> f64 {
    stations.iter().map(|(s, members)| of(*s, members)).sum::<f64>() / stations.len() as f64
}

fn mean_of(array: &Array3<f64>, station: usize, members: &[usize], month: usize) -> f64 {
    members.iter().map(|k| array[[station, month, *k]]).sum::<f64>() / members.len() as f64
}

/// What a flux, per second, amounts to over months of the noleap calendar; `first` is the calendar month
/// (0 = January) of the run's first.
fn amount(
    flux: &Array3<f64>,
    station: usize,
    members: &[usize],
    first: usize,
    months: std::ops::RangeInclusive<usize>,
) -> f64 {
    let seconds = |m: usize| MONTH_DAYS[(first + m) % 12] as f64 * DAY;
    months.map(|m| mean_of(flux, station, members, m) * seconds(m)).sum()
}

/// The largest budget error of any step of the run, and where it was.
fn largest(material: &Material, of: fn(&LargestImbalance) -> f64) -> (f64, String) {
    let spinup =
        material.spinup.stations.iter().map(|s| (of(&s.report.imbalance), format!("spin-up, {}", s.id)));
    let calibration = [(of(&material.calibration.imbalance), "calibration".to_owned())];
    let assimilation =
        material.assimilation.iter().map(|s| (of(&s.imbalance), format!("assimilation, {}", s.id)));
    spinup.chain(calibration).chain(assimilation).fold((0.0, String::new()), |largest, one| {
        // A number that isn't finite is the largest of all, and stays so.
        if one.0 > largest.0 || (one.0.is_nan() && !largest.0.is_nan()) { one } else { largest }
    })
}
