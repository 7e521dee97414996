//! Adaptive inflation over the assimilated period.

use crate::axes::Area;
use crate::figure::Figure;
use crate::input::Inflation;
use crate::number;
use crate::scale::{extent, padded};
use crate::series::years;
use crate::svg;

const SIZE: (f64, f64) = (1160.0, 150.0);
const AREA: Area = Area { left: 38.0, top: 12.0, width: 1116.0, height: 112.0 };

pub(crate) fn draw(inflation: &Inflation) -> Figure {
    let mut figure = Figure::new(SIZE.0, SIZE.1, "Inflation of the ensemble by month");
    let count = inflation.mean.len();
    let lists = [&inflation.mean, &inflation.smallest, &inflation.largest];
    let (low, high) = extent(lists.into_iter().flatten().flatten().copied()).unwrap_or((1.0, 1.1));
    let y = AREA.y(padded((low.min(1.0), high.max(1.0)), 0.06));
    let x = |i: usize| AREA.left + (i as f64 + 0.5) / count.max(1) as f64 * AREA.width;
    let limits = inflation.smallest.iter().zip(&inflation.largest).enumerate();
    let band: Vec<_> = limits.map(|(i, (low, high))| Some((x(i), y.at((*low)?), y.at((*high)?)))).collect();
    let mean: Vec<_> = inflation.mean.iter().enumerate().map(|(i, v)| v.map(|v| (x(i), y.at(v)))).collect();
    figure.add(AREA.horizontal_grid(&y, 4));
    figure.add(years(&AREA, inflation.start, count));
    figure.add(svg::path(&svg::band(&band), "band accent"));
    figure.add(svg::path(&svg::polyline(&mean), "mean accent"));
    figure.add(svg::line((AREA.left, y.at(1.0)), (AREA.right(), y.at(1.0)), "zero"));
    figure
}

/// Mean and range in words; `None` where there are no values.
pub(crate) fn summary(inflation: &Inflation) -> Option<String> {
    let values: Vec<f64> = inflation.mean.iter().flatten().copied().filter(|v| v.is_finite()).collect();
    let (low, high) = extent(inflation.smallest.iter().chain(&inflation.largest).flatten().copied())?;
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    let text = |value| number::fixed(Some(value), 2);
    (!values.is_empty()).then(|| {
        format!(
            "On average {} over stations and months, between {} and {}.",
            text(mean),
            text(low),
            text(high)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::Month;

    #[test]
    fn the_summary_gives_mean_and_range() {
        let inflation = Inflation {
            start: Month { year: 2001, month: 1 },
            mean: vec![Some(1.1), None, Some(1.3)],
            smallest: vec![Some(1.0), None, Some(1.05)],
            largest: vec![Some(1.2), None, Some(2.5)],
        };
        assert_eq!(
            summary(&inflation).unwrap(),
            "On average 1.20 over stations and months, between 1.00 and 2.50."
        );
        assert_eq!(summary(&Inflation::default()), None);
        assert!(!draw(&Inflation::default()).inline().contains("NaN"));
    }
}
