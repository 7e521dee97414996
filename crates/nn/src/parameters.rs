//! The parameters of a network: named, drawn from a seed, the same on every machine.

use std::collections::BTreeMap;

use candle_core::{DType, Device, Shape, Tensor, Var};
use reterra_statistics::random::{Stage, StreamKey};

use crate::error::NnError;

/// Standard deviations beyond which a drawn weight is drawn again.
const CUT: f64 = 2.0;

/// All parameters of a network, by name.
#[derive(Debug)]
pub struct Parameters {
    variables: BTreeMap<String, Var>,
    seed: u64,
    dtype: DType,
    device: Device,
}

impl Parameters {
    /// None yet; blocks add theirs. Weights will be drawn from `seed`, by name in the order of creation.
    #[must_use]
    pub fn new(seed: u64, dtype: DType, device: &Device) -> Self {
        Self { variables: BTreeMap::new(), seed, dtype, device: device.clone() }
    }

    /// Where blocks put their parameters.
    pub fn root(&mut self) -> Scope<'_> {
        Scope { parameters: self, prefix: String::new() }
    }

    /// Parameters in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Var)> {
        self.variables.iter().map(|(name, variable)| (name.as_str(), variable))
    }

    /// Numbers in all parameters together.
    #[must_use]
    pub fn count(&self) -> usize {
        self.variables.values().map(|v| v.elem_count()).sum()
    }

    /// The seed that weights are drawn from.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Where they are.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Their type.
    #[must_use]
    pub fn dtype(&self) -> DType {
        self.dtype
    }
}

/// A place in a network: parameters that are made here have its name before theirs.
#[derive(Debug)]
pub struct Scope<'a> {
    parameters: &'a mut Parameters,
    prefix: String,
}

impl Scope<'_> {
    /// A place within this one.
    pub fn child(&mut self, name: &str) -> Scope<'_> {
        let prefix = format!("{}{name}.", self.prefix);
        Scope { parameters: self.parameters, prefix }
    }

    /// A parameter of normal numbers with this standard deviation, cut at two of them.
    ///
    /// # Errors
    /// `Twice` where the name is taken; those of candle.
    pub fn normal<S: Into<Shape>>(&mut self, name: &str, shape: S, sd: f64) -> Result<Tensor, NnError> {
        let shape = shape.into();
        let (seed, column) = (self.parameters.seed, self.parameters.variables.len() as u32);
        let mut stream = StreamKey { seed, stage: Stage::Weights, cycle: 0, member: 0, column }.stream();
        let mut draw = || {
            let mut z = stream.normal();
            while z.abs() > CUT {
                z = stream.normal();
            }
            sd * z
        };
        let numbers: Vec<f64> = (0..shape.elem_count()).map(|_| draw()).collect();
        self.add(name, &Tensor::from_vec(numbers, shape, &Device::Cpu)?)
    }

    /// A parameter that begins with one number everywhere.
    ///
    /// # Errors
    /// As [`Self::normal`].
    pub fn constant<S: Into<Shape>>(&mut self, name: &str, shape: S, value: f64) -> Result<Tensor, NnError> {
        self.add(name, &Tensor::full(value, shape, &Device::Cpu)?)
    }

    fn add(&mut self, name: &str, start: &Tensor) -> Result<Tensor, NnError> {
        let name = format!("{}{name}", self.prefix);
        if self.parameters.variables.contains_key(&name) {
            return Err(NnError::Twice { name });
        }
        let start = start.to_dtype(self.parameters.dtype)?.to_device(&self.parameters.device)?;
        let variable = Var::from_tensor(&start)?;
        let tensor = variable.as_tensor().clone();
        self.parameters.variables.insert(name, variable);
        Ok(tensor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::values;

    fn drawn(seed: u64) -> Vec<f64> {
        let mut parameters = Parameters::new(seed, DType::F32, &Device::Cpu);
        let mut root = parameters.root();
        let first = root.child("a").normal("weight", (100, 100), 0.5).unwrap();
        let second = root.child("b").normal("weight", 10, 0.5).unwrap();
        values(&first).into_iter().chain(values(&second)).collect()
    }

    #[test]
    fn weights_follow_from_the_seed() {
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
        assert_ne!(drawn(1)[..10], drawn(1)[10_000..], "two parameters drew the same numbers");
    }

    /// The variance of a normal distribution that is cut at two standard deviations is 0.7737 of the whole one's.
    #[test]
    fn weights_have_the_spread_of_a_cut_normal_distribution() {
        let drawn = drawn(3);
        let variance = drawn.iter().map(|x| x * x).sum::<f64>() / drawn.len() as f64;
        assert!((variance / 0.25 - 0.7737).abs() < 0.04, "{variance}");
        assert!(drawn.iter().all(|x| x.abs() <= 1.0 + 1.0e-6));
    }

    #[test]
    fn names_tell_the_place_and_are_given_once() {
        let mut parameters = Parameters::new(1, DType::F32, &Device::Cpu);
        parameters.root().child("block").constant("bias", 3, 0.0).unwrap();
        let error = parameters.root().child("block").constant("bias", 3, 0.0).unwrap_err();
        assert!(error.to_string().contains("block.bias"));
        assert_eq!(parameters.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["block.bias"]);
        assert_eq!(parameters.count(), 3);
    }
}
