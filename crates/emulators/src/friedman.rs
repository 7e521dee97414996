//! A function to learn.

use ndarray::Array2;
use reterra_statistics::{Stage, Stream, StreamKey};

/// Friedman's first function of ten (Friedman 1991, doi:10.1214/aos/1176347963) with inputs to spare: inputs (n × d), the
/// function, and the stream to draw errors from.
pub fn friedman1(n: usize, inputs: usize, part: u32) -> (Array2<f64>, Vec<f64>, Stream) {
    let key = StreamKey { seed: 1, stage: Stage::Test, cycle: part, member: 0, column: 0 };
    let mut stream = key.stream();
    let x = Array2::from_shape_fn((n, inputs), |_| stream.uniform());
    let truth = x
        .rows()
        .into_iter()
        .map(|x| {
            10.0 * (std::f64::consts::PI * x[0] * x[1]).sin()
                + 20.0 * (x[2] - 0.5) * (x[2] - 0.5)
                + 10.0 * x[3]
                + 5.0 * x[4]
        })
        .collect();
    (x, truth, stream)
}
