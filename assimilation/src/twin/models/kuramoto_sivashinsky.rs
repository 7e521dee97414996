//! A flame front, the simplest chaotic partial differential equation: `u_t = -u u_x - u_xx - u_xxxx` on a ring.
//!
//! Exponential time differencing with a Runge-Kutta scheme of order four, coefficients by contour integrals (Kassam and
//! Trefethen 2005, doi:10.1137/S1064827502410633).

use std::f64::consts::PI;
use std::sync::Arc;

use ndarray::ArrayViewMut2;
use realfft::num_complex::Complex64;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

use super::Model;

/// Points on the contour around each eigenvalue, in its upper half.
const CONTOUR: usize = 16;

/// The equation on n points of a ring of length `DL π`, with its coefficients for one step.
#[derive(Clone)]
pub struct KuramotoSivashinsky {
    n: usize,
    dt: f64,
    forward: Arc<dyn RealToComplex<f64>>,
    backward: Arc<dyn ComplexToReal<f64>>,
    /// `-i k / 2` over the number of points squared: transforms come without their factor.
    gradient: Vec<Complex64>,
    modes: Vec<Mode>,
}

/// What a wave number's scheme needs.
#[derive(Clone, Copy, Debug)]
struct Mode {
    whole: f64,
    half: f64,
    q: f64,
    f: [f64; 3],
}

impl KuramotoSivashinsky {
    /// `n` points (even) on a ring of `length` times π, step `dt`.
    #[must_use]
    pub fn new(n: usize, length: f64, dt: f64) -> Self {
        let mut planner = RealFftPlanner::new();
        // The highest wave has no direction: its derivative is taken as zero, and so is its growth.
        let wave = |k: usize| if k == n / 2 { 0.0 } else { 2.0 * k as f64 / length };
        Self {
            n,
            dt,
            forward: planner.plan_fft_forward(n),
            backward: planner.plan_fft_inverse(n),
            gradient: (0..=n / 2).map(|k| Complex64::new(0.0, -0.5 * wave(k) / (n * n) as f64)).collect(),
            modes: (0..=n / 2).map(|k| Mode::new(wave(k).powi(2) - wave(k).powi(4), dt)).collect(),
        }
    }

    /// The state that the papers' experiments start from: Kassam and Trefethen's, after 150 units of time.
    #[must_use]
    pub fn start(&self, length: f64) -> Vec<f64> {
        let place = |i: usize| length * PI * (i + 1) as f64 / self.n as f64 / 16.0;
        let mut u =
            ndarray::Array2::from_shape_fn((1, self.n), |(_, i)| place(i).cos() * (1.0 + place(i).sin()));
        self.advance(u.view_mut(), (150.0 / self.dt) as usize);
        u.into_iter().collect()
    }

    /// `-½ ∂x u²` in waves, of a state in waves.
    fn nonlinear(&self, v: &[Complex64], room: &mut Room, out: &mut [Complex64]) {
        room.waves.copy_from_slice(v);
        room.invert(self);
        room.grid.iter_mut().for_each(|u| *u *= *u);
        // Lengths are those that the plans were made for, the only thing that they refuse.
        let _ = self.forward.process_with_scratch(&mut room.grid, out, &mut room.scratch);
        out.iter_mut().zip(&self.gradient).for_each(|(x, g)| *x *= g);
    }

    fn step(&self, v: &mut [Complex64], room: &mut Room, stages: &mut [Vec<Complex64>; 7]) {
        let [n1, n2a, n2b, n3, a, b, c] = stages;
        self.nonlinear(v, room, n1);
        self.each(a, |k, m| v[k] * m.half + n1[k] * m.q);
        self.nonlinear(a, room, n2a);
        self.each(b, |k, m| v[k] * m.half + n2a[k] * m.q);
        self.nonlinear(b, room, n2b);
        self.each(c, |k, m| a[k] * m.half + (n2b[k] * 2.0 - n1[k]) * m.q);
        self.nonlinear(c, room, n3);
        for (k, m) in self.modes.iter().enumerate() {
            v[k] = v[k] * m.whole + n1[k] * m.f[0] + (n2a[k] + n2b[k]) * (2.0 * m.f[1]) + n3[k] * m.f[2];
        }
    }

    fn each(&self, out: &mut [Complex64], value: impl Fn(usize, &Mode) -> Complex64) {
        for (k, mode) in self.modes.iter().enumerate() {
            out[k] = value(k, mode);
        }
    }
}

impl Mode {
    fn new(growth: f64, dt: f64) -> Self {
        let mut sums = [0.0; 4];
        for j in 0..CONTOUR {
            let z = growth * dt + Complex64::from_polar(1.0, PI * (0.5 + j as f64) / CONTOUR as f64);
            let (z3, e) = (z * z * z, z.exp());
            let terms = [
                ((z / 2.0).exp() - 1.0) / z,
                (-4.0 - z + e * (4.0 - z * 3.0 + z * z)) / z3,
                (2.0 + z + e * (-2.0 + z)) / z3,
                (-4.0 - z * 3.0 - z * z + e * (4.0 - z)) / z3,
            ];
            sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += dt * term.re / CONTOUR as f64);
        }
        let [q, f1, f2, f3] = sums;
        Self { whole: (growth * dt).exp(), half: (growth * dt / 2.0).exp(), q, f: [f1, f2, f3] }
    }
}

/// Buffers of the transforms.
struct Room {
    grid: Vec<f64>,
    waves: Vec<Complex64>,
    scratch: Vec<Complex64>,
}

impl Room {
    fn new(model: &KuramotoSivashinsky) -> Self {
        let scratch = model.forward.get_scratch_len().max(model.backward.get_scratch_len());
        let zero = Complex64::new(0.0, 0.0);
        Self { grid: vec![0.0; model.n], waves: vec![zero; model.n / 2 + 1], scratch: vec![zero; scratch] }
    }

    /// `waves` to `grid`, times n; the two waves without a direction have no imaginary part.
    fn invert(&mut self, model: &KuramotoSivashinsky) {
        let last = self.waves.len() - 1;
        self.waves[0].im = 0.0;
        self.waves[last].im = 0.0;
        let _ = model.backward.process_with_scratch(&mut self.waves, &mut self.grid, &mut self.scratch);
    }
}

impl Model for KuramotoSivashinsky {
    fn dimension(&self) -> usize {
        self.n
    }

    fn step_length(&self) -> f64 {
        self.dt
    }

    fn advance(&self, mut states: ArrayViewMut2<'_, f64>, steps: usize) {
        let mut room = Room::new(self);
        let zero = vec![Complex64::new(0.0, 0.0); self.modes.len()];
        let (mut v, mut stages) = (zero.clone(), std::array::from_fn(|_| zero.clone()));
        for mut row in states.rows_mut() {
            room.grid.iter_mut().zip(&row).for_each(|(u, x)| *u = *x);
            let _ = self.forward.process_with_scratch(&mut room.grid, &mut v, &mut room.scratch);
            (0..steps).for_each(|_| self.step(&mut v, &mut room, &mut stages));
            room.waves.copy_from_slice(&v);
            room.invert(self);
            row.iter_mut().zip(&room.grid).for_each(|(x, u)| *x = u / self.n as f64);
        }
    }
}
