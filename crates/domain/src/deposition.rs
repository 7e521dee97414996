//! Nitrogen deposition: highest around the Low Countries and in the Po plain, little in the north.

use crate::outline::DEGREE;

/// Far from all sources, gN m⁻² yr⁻¹.
const BACKGROUND: f64 = 0.1;
/// Centres (latitude, longitude), what they add, gN m⁻² yr⁻¹, and their width, km. Together they give the regional
/// figures that the station table's notes name: Svalbard 0.1, Finland 0.2 to 0.4, Mediterranean 0.6 to 1.0, central
/// Europe 1.3 to 1.8, Low Countries and Po plain 1.8 to 2.0.
const CENTRES: [((f64, f64), f64, f64); 2] = [((51.0, 7.0), 1.7, 1_100.0), ((45.3, 10.0), 0.6, 220.0)];

/// Deposition at a latitude and longitude, gN m⁻² yr⁻¹.
pub(crate) fn nitrogen(latitude: f64, longitude: f64) -> f64 {
    let from = |((lat, lon), amount, width): ((f64, f64), f64, f64)| {
        let x = (longitude - lon) * DEGREE * (0.5 * (latitude + lat)).to_radians().cos();
        let y = (latitude - lat) * DEGREE;
        amount * (-(x * x + y * y) / (width * width)).exp()
    };
    BACKGROUND + CENTRES.map(from).iter().sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_get_what_the_station_table_says() {
        for (latitude, longitude, low, high) in [
            (78.2, 15.9, 0.1, 0.15),
            (61.8, 24.3, 0.2, 0.4),
            (41.0, 12.0, 0.5, 1.1),
            (50.8, 13.7, 1.3, 1.8),
            (52.2, 5.1, 1.7, 2.0),
            (45.2, 9.1, 1.6, 2.1),
        ] {
            let found = nitrogen(latitude, longitude);
            assert!((low..=high).contains(&found), "{latitude} {longitude}: {found}");
        }
    }
}
