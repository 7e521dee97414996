//! What every operation has to pass: its gradients are the finite differences, it agrees with candle's operations, and
//! the number of threads doesn't change a bit.

use candle_core::{DType, Device, Shape, Tensor, Var};
use reterra_statistics::random::{Stage, StreamKey};

use crate::error::NnError;

/// An operation on some tensors.
pub(crate) type Operation<'a> = &'a (dyn Fn(&[Tensor]) -> Result<Tensor, NnError> + Sync);

/// Normal numbers, the same for the same seed.
pub(crate) fn random<S: Into<Shape>>(seed: u64, shape: S, dtype: DType) -> Tensor {
    let shape = shape.into();
    let mut stream = StreamKey { seed, stage: Stage::Test, cycle: 0, member: 0, column: 0 }.stream();
    let numbers: Vec<f64> = (0..shape.elem_count()).map(|_| stream.normal()).collect();
    Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap().to_dtype(dtype).unwrap()
}

/// All numbers of a tensor.
pub(crate) fn values(tensor: &Tensor) -> Vec<f64> {
    tensor.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

/// Refuses numbers that differ by more than `tolerance` times the largest of `wanted`, or times one.
#[track_caller]
pub(crate) fn assert_close(what: &str, got: &Tensor, wanted: &Tensor, tolerance: f64) {
    assert_eq!(got.dims(), wanted.dims(), "{what}");
    let (got, wanted) = (values(got), values(wanted));
    let scale = wanted.iter().fold(1.0_f64, |s, x| s.max(x.abs()));
    for (k, (got, wanted)) in got.iter().zip(&wanted).enumerate() {
        assert!((got - wanted).abs() <= tolerance * scale, "{what}, number {k}: {got} instead of {wanted}");
    }
}

/// An operation under test.
pub(crate) struct Check<'a> {
    operation: Operation<'a>,
}

impl<'a> Check<'a> {
    pub(crate) fn new(operation: Operation<'a>) -> Self {
        Self { operation }
    }

    /// Result, and the gradient of every input where the loss is the result times fixed random numbers.
    fn run(operation: Operation<'_>, inputs: &[Tensor]) -> (Tensor, Vec<Tensor>) {
        let variables: Vec<Var> = inputs.iter().map(|t| Var::from_tensor(t).unwrap()).collect();
        let tensors: Vec<Tensor> = variables.iter().map(|v| v.as_tensor().clone()).collect();
        let out = operation(&tensors).unwrap();
        let store = loss(&out).backward().unwrap();
        let gradients = variables.iter().map(|v| store.get(v).expect("a gradient").clone()).collect();
        (out, gradients)
    }

    /// Central differences in every number of every input, which have to be `f64`.
    #[track_caller]
    pub(crate) fn finite_differences(&self, inputs: &[Tensor]) {
        const STEP: f64 = 1.0e-5;
        let (_, gradients) = Self::run(self.operation, inputs);
        for (which, gradient) in gradients.iter().enumerate() {
            assert!(values(gradient).iter().any(|g| g.abs() > 1.0e-3), "input {which} has no gradient");
            let differences: Vec<f64> = (0..gradient.elem_count())
                .map(|k| {
                    let moved = |by: f64| {
                        let mut inputs = inputs.to_vec();
                        let mut numbers = values(&inputs[which]);
                        numbers[k] += by;
                        inputs[which] = Tensor::from_vec(numbers, gradient.shape(), &Device::Cpu).unwrap();
                        loss(&(self.operation)(&inputs).unwrap()).to_scalar::<f64>().unwrap()
                    };
                    (moved(STEP) - moved(-STEP)) / (2.0 * STEP)
                })
                .collect();
            let differences = Tensor::from_vec(differences, gradient.shape(), &Device::Cpu).unwrap();
            assert_close(&format!("gradient of input {which}"), gradient, &differences, 1.0e-8);
        }
    }

    /// Result and gradients within 1e-6 of those of another way, relative to the largest number.
    #[track_caller]
    pub(crate) fn agrees_with(&self, other: Operation<'_>, inputs: &[Tensor]) {
        let (got, got_gradients) = Self::run(self.operation, inputs);
        let (wanted, wanted_gradients) = Self::run(other, inputs);
        assert_close("result", &got, &wanted, 1.0e-6);
        for (which, (got, wanted)) in got_gradients.iter().zip(&wanted_gradients).enumerate() {
            assert_close(&format!("gradient of input {which}"), got, wanted, 1.0e-6);
        }
    }

    /// The same bits on one, two and four threads.
    #[track_caller]
    pub(crate) fn same_on_threads(&self, inputs: &[Tensor]) {
        let bits = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let (out, gradients) = pool.install(|| Self::run(self.operation, inputs));
            let all = std::iter::once(&out).chain(&gradients);
            all.map(|t| values(t).iter().map(|x| x.to_bits()).collect()).collect::<Vec<Vec<u64>>>()
        };
        let one = bits(1);
        assert!(one == bits(2) && one == bits(4), "the number of threads changed the result");
    }
}

/// The sum of all numbers of a result, each times a fixed random number.
fn loss(out: &Tensor) -> Tensor {
    let weights = random(77, out.shape(), out.dtype());
    (out * weights).unwrap().sum_all().unwrap()
}
