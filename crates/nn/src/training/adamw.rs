//! Adam with weight decay apart from the gradient (Loshchilov and Hutter 2019, doi:10.48550/arXiv.1711.05101), and the
//! moving average of parameters, in one pass over a parameter.

use std::collections::BTreeMap;

use candle_core::{Tensor, Var};
use rayon::prelude::*;

use super::Gradients;
use crate::error::NnError;
use crate::float::{Float, by_dtype, has_kernel, with_numbers};
use crate::parameters::Parameters;

const NAME: &str = "AdamW";

/// Numbers of a task.
const NUMBERS: usize = 16_384;

/// Settings of the optimiser.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamWOptions {
    /// Memory of the first moment.
    pub beta1: f64,
    /// Memory of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Share of a weight that decays in a step, times the learning rate. Weights decay; biases, scales and position
    /// biases don't.
    pub decay: f64,
    /// Whether an average of parameters is kept.
    pub averaging: Averaging,
}

/// The moving average of parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Averaging {
    /// None.
    Off,
    /// Exponential, with this memory a step; shorter in the first steps, min(memory, (1 + step) / (10 + step)), so that
    /// it forgets where training began.
    Exponential(f64),
}

impl Default for AdamWOptions {
    /// Swin's: 0.9, 0.999, 1e-8, decay 0.05; an average with memory 0.999.
    fn default() -> Self {
        let averaging = Averaging::Exponential(0.999);
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1.0e-8, decay: 0.05, averaging }
    }
}

impl AdamWOptions {
    fn check(&self) -> Result<(), NnError> {
        let memory = match self.averaging {
            Averaging::Off => 0.0,
            Averaging::Exponential(memory) => memory,
        };
        let shares = [("beta1", self.beta1), ("beta2", self.beta2), ("memory of the average", memory)];
        for (what, value) in shares {
            if !(0.0..1.0).contains(&value) {
                return Err(NnError::Setting {
                    what,
                    value: value.to_string(),
                    wanted: "give a share in [0, 1)",
                });
            }
        }
        for (what, value) in [("epsilon", self.epsilon), ("decay", self.decay)] {
            if !(value.is_finite() && value >= 0.0) {
                let wanted = "give a number from zero up";
                return Err(NnError::Setting { what, value: value.to_string(), wanted });
            }
        }
        Ok(())
    }
}

/// What the optimiser remembers of one parameter.
#[derive(Clone, Debug)]
pub struct Memory {
    /// Mean of gradients.
    pub first: Tensor,
    /// Mean of squared gradients.
    pub second: Tensor,
    /// Mean of the parameter itself, where it is kept.
    pub average: Option<Tensor>,
}

/// The optimiser of a network's parameters.
#[derive(Clone, Debug)]
pub struct AdamW {
    options: AdamWOptions,
    step: u64,
    memories: BTreeMap<String, Memory>,
}

impl AdamW {
    /// Before its first step: moments zero, averages the parameters themselves.
    ///
    /// # Errors
    /// `Setting` where options make no sense; those of candle.
    pub fn new(parameters: &Parameters, options: AdamWOptions) -> Result<Self, NnError> {
        options.check()?;
        let begin = |(name, variable): (&str, &Var)| {
            let zero = variable.zeros_like()?;
            let average = match options.averaging {
                Averaging::Off => None,
                Averaging::Exponential(_) => Some(variable.copy()?.detach()),
            };
            Ok((name.to_owned(), Memory { first: zero.clone(), second: zero, average }))
        };
        let memories = parameters.iter().map(begin).collect::<Result<_, NnError>>()?;
        Ok(Self { options, step: 0, memories })
    }

    /// Goes on from a checkpoint.
    pub(super) fn restored(options: AdamWOptions, step: u64, memories: BTreeMap<String, Memory>) -> Self {
        Self { options, step, memories }
    }

    /// Moves the parameters against gradients times `scale`, at this learning rate.
    ///
    /// # Errors
    /// Those of candle.
    pub fn step(
        &mut self,
        parameters: &Parameters,
        gradients: &Gradients,
        scale: f64,
        rate: f64,
    ) -> Result<(), NnError> {
        self.step += 1;
        for ((name, variable), gradient) in parameters.iter().zip(gradients.tensors()) {
            let decays = name.ends_with("weight") && variable.rank() > 1;
            let coefficients = self.coefficients(scale, rate, decays);
            let memory =
                self.memories.get_mut(name).ok_or_else(|| NnError::NoGradient { name: name.to_owned() })?;
            let moved = if has_kernel(variable) {
                fused(variable, gradient, memory, coefficients)?
            } else {
                composed(variable, gradient, memory, coefficients)?
            };
            variable.set(&moved)?;
        }
        Ok(())
    }

    /// Steps so far.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// What is remembered of each parameter, by name.
    #[must_use]
    pub fn memories(&self) -> &BTreeMap<String, Memory> {
        &self.memories
    }

    fn coefficients(&self, scale: f64, rate: f64, decays: bool) -> Coefficients {
        let AdamWOptions { beta1, beta2, epsilon, decay, averaging } = self.options;
        let t = self.step as f64;
        let average = match averaging {
            Averaging::Off => 0.0,
            Averaging::Exponential(memory) => memory.min((1.0 + t) / (10.0 + t)),
        };
        Coefficients {
            scale,
            beta1,
            beta2,
            epsilon,
            average,
            rate: rate / (1.0 - beta1.powf(t)),
            root: 1.0 / (1.0 - beta2.powf(t)).sqrt(),
            kept: if decays { 1.0 - rate * decay } else { 1.0 },
        }
    }
}

/// Numbers of one step.
#[derive(Clone, Copy)]
struct Coefficients {
    scale: f64,
    beta1: f64,
    beta2: f64,
    epsilon: f64,
    average: f64,
    /// Learning rate, over the part of the first moment that is known.
    rate: f64,
    /// What the root of the second moment is multiplied by, for the same reason.
    root: f64,
    /// Share of a weight that doesn't decay.
    kept: f64,
}

/// The moved parameter; the memory moves along.
fn fused(variable: &Var, gradient: &Tensor, memory: &mut Memory, c: Coefficients) -> Result<Tensor, NnError> {
    let average = memory.average.as_ref().unwrap_or(variable);
    let read = [variable, gradient, &memory.first, &memory.second, average];
    let [parameter, first, second, average] = by_dtype!(NAME, variable.dtype(), T => {
        with_numbers::<T, _, _>(NAME, read, |numbers| {
            let [p, m, v, a] = pass(numbers, c);
            let like = |numbers| Tensor::from_vec(numbers, variable.shape(), variable.device());
            Ok([like(p)?, like(m)?, like(v)?, like(a)?])
        })
    })?;
    memory.first = first;
    memory.second = second;
    memory.average = memory.average.is_some().then_some(average);
    Ok(parameter)
}

/// Parameter, moments and average after the step, from parameter, gradient, moments and average.
fn pass<T: Float>([p, g, m, v, a]: [&[T]; 5], c: Coefficients) -> [Vec<T>; 4] {
    let number = T::from_f64;
    let mut out = [(); 4].map(|()| vec![T::zero(); p.len()]);
    let [p_out, m_out, v_out, a_out] = &mut out;
    let written = (p_out, m_out, v_out, a_out);
    let written = (
        written.0.par_chunks_mut(NUMBERS),
        written.1.par_chunks_mut(NUMBERS),
        written.2.par_chunks_mut(NUMBERS),
        written.3.par_chunks_mut(NUMBERS),
    );
    let read = [p, g, m, v, a].map(|x| x.par_chunks(NUMBERS));
    let [p, g, m, v, a] = read;
    written.into_par_iter().zip((p, g, m, v, a).into_par_iter()).for_each(|(out, (p, g, m, v, a))| {
        for k in 0..p.len() {
            let g = g[k] * number(c.scale);
            out.1[k] = m[k] * number(c.beta1) + g * number(1.0 - c.beta1);
            out.2[k] = v[k] * number(c.beta2) + g * g * number(1.0 - c.beta2);
            let size = out.2[k].sqrt() * number(c.root) + number(c.epsilon);
            out.0[k] = p[k] * number(c.kept) - number(c.rate) * out.1[k] / size;
            out.3[k] = a[k] * number(c.average) + out.0[k] * number(1.0 - c.average);
        }
    });
    out
}

/// The same by candle's operations.
fn composed(
    variable: &Var,
    gradient: &Tensor,
    memory: &mut Memory,
    c: Coefficients,
) -> Result<Tensor, NnError> {
    let gradient = (gradient * c.scale)?;
    memory.first = ((&memory.first * c.beta1)? + (&gradient * (1.0 - c.beta1))?)?;
    memory.second = ((&memory.second * c.beta2)? + (gradient.sqr()? * (1.0 - c.beta2))?)?;
    let size = ((memory.second.sqrt()? * c.root)? + c.epsilon)?;
    let moved = ((variable.as_detached_tensor() * c.kept)? - ((&memory.first / size)? * c.rate)?)?;
    if let Some(average) = &memory.average {
        memory.average = Some(((average * c.average)? + (&moved * (1.0 - c.average))?)?);
    }
    Ok(moved)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{assert_close, random, values};
    use candle_core::{DType, Device};
    use candle_nn::{AdamW as Other, Optimizer, ParamsAdamW};

    fn network(dtype: DType) -> Parameters {
        let mut parameters = Parameters::new(1, dtype, &Device::Cpu);
        parameters.root().normal("weight", (30, 20), 1.0).unwrap();
        parameters.root().normal("bias", 20, 1.0).unwrap();
        parameters
    }

    /// A loss that differs from step to step.
    fn loss(parameters: &Parameters, step: u64) -> Tensor {
        let terms = parameters.iter().map(|(_, v)| {
            let target = random(step, v.shape(), v.dtype());
            ((v.as_tensor() - target).unwrap().sqr().unwrap()).sum_all().unwrap()
        });
        terms.reduce(|a, b| (a + b).unwrap()).unwrap()
    }

    #[test]
    fn without_decay_it_moves_as_candles_own() {
        let ours = network(DType::F64);
        let theirs = network(DType::F64);
        let options = AdamWOptions { decay: 0.0, ..AdamWOptions::default() };
        let mut adam = AdamW::new(&ours, options).unwrap();
        let variables = theirs.iter().map(|(_, v)| v.clone()).collect();
        let other = ParamsAdamW { lr: 0.01, beta1: 0.9, beta2: 0.999, eps: 1.0e-8, weight_decay: 0.0 };
        let mut other = Other::new(variables, other).unwrap();
        for step in 0..7 {
            let gradients = Gradients::of(&loss(&ours, step), &ours).unwrap();
            adam.step(&ours, &gradients, 1.0, 0.01).unwrap();
            other.backward_step(&loss(&theirs, step)).unwrap();
        }
        for ((name, ours), (_, theirs)) in ours.iter().zip(theirs.iter()) {
            assert_close(name, ours, theirs, 1.0e-13);
        }
    }

    #[test]
    fn the_fused_pass_agrees_with_candles_operations() {
        let (parameters, c) = (network(DType::F32), {
            let options = AdamWOptions::default();
            AdamW { options, step: 5, memories: BTreeMap::new() }.coefficients(0.7, 0.01, true)
        });
        let variable = parameters.iter().next().unwrap().1;
        let like = |seed| random(seed, variable.shape(), DType::F32);
        let memory = Memory { first: like(1), second: like(2).sqr().unwrap(), average: Some(like(3)) };
        let (mut one, mut two) = (memory.clone(), memory);
        let moved = [
            fused(variable, &like(4), &mut one, c).unwrap(),
            composed(variable, &like(4), &mut two, c).unwrap(),
        ];
        assert_close("parameter", &moved[0], &moved[1], 1.0e-6);
        assert_close("first moment", &one.first, &two.first, 1.0e-6);
        assert_close("second moment", &one.second, &two.second, 1.0e-6);
        assert_close("average", &one.average.unwrap(), &two.average.unwrap(), 1.0e-6);
    }

    #[test]
    fn weights_decay_and_biases_do_not() {
        let parameters = network(DType::F64);
        let before: Vec<Tensor> = parameters.iter().map(|(_, v)| v.copy().unwrap()).collect();
        let options = AdamWOptions { decay: 0.5, ..AdamWOptions::default() };
        let mut adam = AdamW::new(&parameters, options).unwrap();
        let gradients = Gradients::of(&(loss(&parameters, 1) * 0.0).unwrap(), &parameters);
        // A loss times zero has no gradient in candle: zeros by hand.
        assert!(gradients.is_err());
        let zero =
            parameters.iter().map(|(_, v)| (v.as_tensor() - v.as_tensor()).unwrap().sum_all().unwrap());
        let zero = zero.reduce(|a, b| (a + b).unwrap()).unwrap();
        adam.step(&parameters, &Gradients::of(&zero, &parameters).unwrap(), 1.0, 0.1).unwrap();
        let after: Vec<&Var> = parameters.iter().map(|(_, v)| v).collect();
        assert_close("bias", after[0], &before[0], 0.0);
        assert_close("weight", after[1], &(&before[1] * 0.95).unwrap(), 1.0e-15);
    }

    /// After one step the memory is 2/11, after two 3/12.
    #[test]
    fn averages_follow_their_recurrence() {
        let parameters = network(DType::F64);
        let mut adam = AdamW::new(&parameters, AdamWOptions::default()).unwrap();
        let bias = || values(parameters.iter().next().unwrap().1)[0];
        let mut wanted = bias();
        for (step, memory) in [(1, 2.0 / 11.0), (2, 3.0 / 12.0)] {
            let gradients = Gradients::of(&loss(&parameters, step), &parameters).unwrap();
            adam.step(&parameters, &gradients, 1.0, 0.01).unwrap();
            wanted = memory * wanted + (1.0 - memory) * bias();
        }
        let average = values(adam.memories()["bias"].average.as_ref().unwrap())[0];
        assert!((average - wanted).abs() < 1.0e-15, "{average} instead of {wanted}");
    }

    #[test]
    fn impossible_settings_are_refused() {
        let options = AdamWOptions { beta2: 1.0, ..AdamWOptions::default() };
        assert!(AdamW::new(&network(DType::F32), options).unwrap_err().to_string().contains("beta2"));
    }
}
