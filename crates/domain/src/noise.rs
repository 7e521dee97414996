//! Correlated noise keyed by absolute position: fractal sums of gradient noise on the sphere.
//!
//! Gradient noise after Perlin (2002, doi:10.1145/566654.566636), in three dimensions so that the sphere has neither seam
//! nor pole. An octave of half the wavelength has 2^−H of the amplitude, which makes a power spectrum of k^−(2H+1) along
//! a line. Lattice gradients come from a hash of (seed, field, octave, lattice point), not from a generator, so a point
//! has its value without any other being drawn.

/// Radius of the Earth, km.
const RADIUS: f64 = 6_371.0;
/// Standard deviation of three-dimensional gradient noise with these gradients (measured; a test holds it).
const GRADIENT_SD: f64 = 0.2785;

/// What a noise field is for. Part of every result: never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub(crate) enum Field {
    Coast = 1,
    Plain = 2,
    Mountain = 3,
    Sand = 4,
    Silt = 5,
    Clay = 6,
    Depth = 7,
    Forest = 8,
    Conifer = 9,
    Crop = 10,
    Cloud = 11,
    Rain = 12,
    /// Temperature of a month; a field of its own for each month of the calendar.
    WarmMonth = 13,
    /// Rain of a month.
    WetMonth = 14,
}

/// A fractal noise field of zero mean and unit variance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fractal {
    /// Longest wavelength, km.
    pub longest: f64,
    /// Shortest wavelength, km.
    pub shortest: f64,
    /// Roughness H: 1 is smooth, 0 is all scales alike.
    pub hurst: f64,
}

impl Fractal {
    /// Its value at a point of the unit sphere. `key` tells fields apart.
    pub fn at(&self, point: [f64; 3], key: u64) -> f64 {
        let (mut wavelength, mut amplitude) = (self.longest, 1.0);
        let (mut sum, mut variance, mut octave) = (0.0, 0.0, 0);
        while wavelength >= self.shortest {
            let scale = RADIUS / wavelength;
            sum += amplitude * gradient_noise(point.map(|x| x * scale), mix(key, octave));
            variance += amplitude * amplitude;
            wavelength *= 0.5;
            amplitude *= 2.0_f64.powf(-self.hurst);
            octave += 1;
        }
        sum / (GRADIENT_SD * variance.sqrt())
    }
}

/// The key of a field, or of the field of a month.
pub(crate) fn key(seed: u64, field: Field, month: i64) -> u64 {
    mix(mix(seed, field as u64), month as u64)
}

/// A point of the unit sphere.
pub(crate) fn on_sphere(latitude: f64, longitude: f64) -> [f64; 3] {
    let ((sin_phi, cos_phi), (sin_lambda, cos_lambda)) =
        (latitude.to_radians().sin_cos(), longitude.to_radians().sin_cos());
    [cos_phi * cos_lambda, cos_phi * sin_lambda, sin_phi]
}

/// Two words into one, by the finaliser of `SplitMix64` (Steele et al. 2014, doi:10.1145/2660193.2660195).
fn mix(a: u64, b: u64) -> u64 {
    let mut z = (a ^ b.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn gradient_noise(point: [f64; 3], key: u64) -> f64 {
    let base = point.map(f64::floor);
    let inside: [f64; 3] = std::array::from_fn(|i| point[i] - base[i]);
    let blend = inside.map(|t| t * t * t * (t * (t * 6.0 - 15.0) + 10.0));
    let mut sum = 0.0;
    for corner in 0..8_u64 {
        let up: [f64; 3] = std::array::from_fn(|i| ((corner >> i) & 1) as f64);
        let lattice: [u64; 3] = std::array::from_fn(|i| (base[i] + up[i]) as i64 as u64);
        let hash = mix(mix(mix(key, lattice[0]), lattice[1]), lattice[2]);
        let weight: f64 = (0..3).map(|i| if up[i] > 0.0 { blend[i] } else { 1.0 - blend[i] }).product();
        sum += weight * slope(hash, std::array::from_fn(|i| inside[i] - up[i]));
    }
    sum
}

/// Product of a distance with one of Perlin's twelve gradients, the middles of a cube's edges.
fn slope(hash: u64, [x, y, z]: [f64; 3]) -> f64 {
    let (a, b) = match (hash >> 32) % 3 {
        0 => (x, y),
        1 => (x, z),
        _ => (y, z),
    };
    (if hash & 1 == 0 { a } else { -a }) + if hash & 2 == 0 { b } else { -b }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELD: Fractal = Fractal { longest: 400.0, shortest: 20.0, hurst: 0.5 };

    fn along_a_meridian(spacing_km: f64) -> Vec<f64> {
        let key = key(1, Field::Sand, 0);
        let degrees = spacing_km / 111.2;
        (0..8_000)
            .map(|i| {
                let (lane, step) = (i % 40, i / 40);
                FIELD.at(on_sphere(35.0 + f64::from(step) * degrees, 4.0 * f64::from(lane)), key)
            })
            .collect()
    }

    #[test]
    fn mean_is_zero_and_variance_one() {
        let values = along_a_meridian(20.0);
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64;
        assert!(mean.abs() < 0.1, "{mean}");
        assert!((variance - 1.0).abs() < 0.15, "{variance}");
    }

    /// The mean square of differences grows as distance^2H between the wavelengths.
    #[test]
    fn differences_grow_with_distance_as_the_spectrum_says() {
        let structure = |km: f64| {
            let values = along_a_meridian(km);
            let square = |i: usize| (values[i + 40] - values[i]).powi(2);
            (0..values.len() - 40).map(square).sum::<f64>() / (values.len() - 40) as f64
        };
        let slope = (structure(80.0) / structure(20.0)).ln() / 4.0_f64.ln();
        assert!((slope - 2.0 * FIELD.hurst).abs() < 0.25, "{slope}");
    }

    #[test]
    fn fields_and_seeds_are_independent() {
        let point = |i: i32| on_sphere(40.0 + f64::from(i % 60) * 0.5, f64::from(i / 60) * 2.0);
        let correlation = |a: u64, b: u64| {
            (0..3_000).map(|i| FIELD.at(point(i), a) * FIELD.at(point(i), b)).sum::<f64>() / 3_000.0
        };
        let sand = key(1, Field::Sand, 0);
        for other in [key(1, Field::Clay, 0), key(2, Field::Sand, 0), key(1, Field::Sand, 1)] {
            assert!(correlation(sand, other).abs() < 0.15, "{}", correlation(sand, other));
        }
    }
}
