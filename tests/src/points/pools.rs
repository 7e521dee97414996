//! What a column holds, pool by pool, and how far two columns are apart.

use reterra_land::column::ColumnState;
use reterra_land::soil::{POOLS, Pool, column_totals};

/// A pool of less than this, g m⁻², is compared as if it held this much.
const SMALL: f64 = 1.0;

/// Every pool of a column with its name: soil carbon and nitrogen, vegetation carbon; g m⁻².
#[must_use]
pub fn pools(state: &ColumnState) -> Vec<(String, f64)> {
    let carbon = column_totals(&state.soil.carbon);
    let nitrogen = column_totals(&state.soil.nitrogen);
    let mut pools: Vec<(String, f64)> = Vec::with_capacity(2 * POOLS + 6);
    for pool in Pool::ALL {
        pools.push((format!("{} carbon", pool.name()), carbon[pool as usize]));
        pools.push((format!("{} nitrogen", pool.name()), nitrogen[pool as usize]));
    }
    for plant in &state.plants {
        for (name, value) in [
            ("leaf", plant.leaf),
            ("fine root", plant.froot),
            ("live wood", plant.livewood),
            ("dead wood", plant.deadwood),
            ("storage", plant.storage),
            ("transfer", plant.transfer),
            ("reserve", plant.reserve),
        ] {
            pools.push((format!("{name} carbon"), value));
        }
    }
    pools
}

/// Relative to the second; pools below 1 g m⁻² count absolutely, so that 0.5 % is 0.005 g m⁻².
#[must_use]
pub fn largest_difference(found: &[(String, f64)], truth: &[(String, f64)]) -> (f64, String) {
    let relative = |(a, b): (&(String, f64), &(String, f64))| {
        let difference = (a.1 - b.1).abs() / b.1.abs().max(SMALL);
        // What isn't a number is the largest difference of all.
        (if difference.is_nan() { f64::INFINITY } else { difference }, b.0.clone())
    };
    let all = found.iter().zip(truth).map(relative);
    all.fold((0.0, "none".to_owned()), |a, b| if b.0 > a.0 { b } else { a })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_pool_is_found_and_small_ones_count_absolutely() {
        let named =
            |values: [f64; 3]| ["a", "b", "c"].map(str::to_owned).into_iter().zip(values).collect::<Vec<_>>();
        let truth = named([1000.0, 0.01, 50.0]);
        let (d, name) = largest_difference(&named([1004.0, 0.013, 49.0]), &truth);
        assert!((d - 0.02).abs() < 1e-12 && name == "c", "{d} {name}");
        let (d, name) = largest_difference(&named([1000.0, 0.02, 50.0]), &truth);
        assert!((d - 0.01).abs() < 1e-12 && name == "b", "{d} {name}");
        assert!(largest_difference(&named([f64::NAN, 0.01, 50.0]), &truth).0.is_infinite());
    }
}
