//! Files of parameters and of a training run: safetensors, written under a temporary name and renamed, with a checksum.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use candle_core::{Device, Tensor};
use reterra_io::{IoError, replace, sha256_bytes};
use safetensors::{SafeTensors, serialize, tensor::View};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::adamw::Memory;
use super::stopping::Best;
use crate::error::NnError;
use crate::parameters::Parameters;

/// The one entry of a file's header beside its tensors.
const HEADER: &str = "reterra";

/// Named tensors.
pub(super) type Named = BTreeMap<String, Tensor>;

/// What a header says beside the checksum.
#[derive(Debug, Serialize, Deserialize)]
struct Header<S> {
    checksum: String,
    state: S,
}

/// How far a training run is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    /// The run's seed; all random numbers follow from it and from the two counts below.
    pub seed: u64,
    /// Steps done.
    pub step: u64,
    /// Samples drawn.
    pub drawn: u64,
    /// Parts of steps done.
    pub parts: u32,
    /// The best validation score.
    pub best: Option<Best>,
}

/// Everything that a run goes on from.
pub(super) struct Snapshot {
    pub state: State,
    pub memories: BTreeMap<String, Memory>,
    /// Parameters of the best score, where there is one.
    pub best: Option<Named>,
}

/// Writes parameters alone, as for shipping.
///
/// # Errors
/// `Io` where the file can't be written; those of candle.
pub fn write_parameters(path: &Path, tensors: &BTreeMap<String, Tensor>) -> Result<(), NnError> {
    write(path, tensors, &())
}

/// Reads parameters into a network of the same names and shapes.
///
/// # Errors
/// `Io` or `Checkpoint` where the file can't be read, is damaged or is of another network; the parameters are then what
/// they were.
pub fn read_parameters(path: &Path, parameters: &Parameters) -> Result<(), NnError> {
    let (mut tensors, ()) = read(path)?;
    let found = fitting(path, "", &mut tensors, parameters)?;
    install(&found, parameters)
}

/// Writes a run.
pub(super) fn write_run(path: &Path, parameters: &Parameters, snapshot: &Snapshot) -> Result<(), NnError> {
    let mut tensors = Named::new();
    for (name, variable) in parameters.iter() {
        tensors.insert(format!("parameter/{name}"), variable.as_detached_tensor());
    }
    for (name, memory) in &snapshot.memories {
        tensors.insert(format!("first/{name}"), memory.first.clone());
        tensors.insert(format!("second/{name}"), memory.second.clone());
        if let Some(average) = &memory.average {
            tensors.insert(format!("average/{name}"), average.clone());
        }
    }
    for (name, tensor) in snapshot.best.iter().flatten() {
        tensors.insert(format!("best/{name}"), tensor.clone());
    }
    write(path, &tensors, &snapshot.state)
}

/// Reads a run; parameters get their values once all is found to fit.
pub(super) fn read_run(path: &Path, parameters: &Parameters) -> Result<Snapshot, NnError> {
    let (mut tensors, state) = read::<State>(path)?;
    let values = fitting(path, "parameter/", &mut tensors, parameters)?;
    let mut first = fitting(path, "first/", &mut tensors, parameters)?;
    let mut second = fitting(path, "second/", &mut tensors, parameters)?;
    let mut optional = |prefix: &str| {
        let there = tensors.keys().any(|name| name.starts_with(prefix));
        there.then(|| fitting(path, prefix, &mut tensors, parameters)).transpose()
    };
    let (mut averages, best) = (optional("average/")?, optional("best/")?);
    let mut memories = BTreeMap::new();
    for (name, _) in parameters.iter() {
        if let (Some(first), Some(second)) = (first.remove(name), second.remove(name)) {
            let average = averages.as_mut().and_then(|a| a.remove(name));
            memories.insert(name.to_owned(), Memory { first, second, average });
        }
    }
    install(&values, parameters)?;
    Ok(Snapshot { state, memories, best })
}

/// Gives parameters these values.
pub(super) fn install(values: &Named, parameters: &Parameters) -> Result<(), NnError> {
    for (name, variable) in parameters.iter() {
        if let Some(value) = values.get(name) {
            variable.set(value)?;
        }
    }
    Ok(())
}

/// Takes the tensor of every parameter, in its shape and type.
fn fitting(
    path: &Path,
    prefix: &str,
    tensors: &mut Named,
    parameters: &Parameters,
) -> Result<Named, NnError> {
    let mut found = Named::new();
    for (name, variable) in parameters.iter() {
        let full = format!("{prefix}{name}");
        let tensor = tensors.remove(&full).ok_or_else(|| {
            damaged(path, format!("has no {full}; give the file of a network with the same blocks"))
        })?;
        if tensor.dims() != variable.dims() || tensor.dtype() != variable.dtype() {
            let (is, wanted) = (format!("{:?} {:?}", tensor.dtype(), tensor.dims()), variable.dims());
            let reason = format!(
                "{full} is {is}, the network wants {:?} {wanted:?}; give the options it was trained with",
                variable.dtype()
            );
            return Err(damaged(path, reason));
        }
        found.insert(name.to_owned(), tensor.to_device(parameters.device())?);
    }
    match tensors.keys().find(|name| prefix.is_empty() || name.starts_with(prefix)) {
        Some(name) => Err(damaged(
            path,
            format!("has {name}, which the network hasn't; give the options it was trained with"),
        )),
        None => Ok(found),
    }
}

fn damaged(path: &Path, reason: String) -> NnError {
    NnError::Checkpoint { path: path.display().to_string(), reason }
}

fn write<S: Serialize>(path: &Path, tensors: &Named, state: &S) -> Result<(), NnError> {
    let tensors =
        tensors.iter().map(|(name, t)| Ok((name.as_str(), t.to_device(&Device::Cpu)?.contiguous()?)));
    let tensors = tensors.collect::<Result<Vec<_>, NnError>>()?;
    let digests = tensors.iter().map(|(name, t)| (*name, View::shape(t).to_vec(), View::data(t)));
    let header = Header { checksum: checksum(digests), state };
    let failed = |error: &dyn std::fmt::Display| damaged(path, format!("can't be written: {error}"));
    let header = serde_json::to_string(&header).map_err(|e| failed(&e))?;
    let header = HashMap::from([(HEADER.to_owned(), header)]);
    let bytes = serialize(tensors, Some(header)).map_err(|e| failed(&e))?;
    Ok(replace(path, &bytes)?)
}

fn read<S: DeserializeOwned>(path: &Path) -> Result<(Named, S), NnError> {
    let bytes = std::fs::read(path).map_err(|source| IoError::File {
        path: path.to_owned(),
        action: "read",
        source,
    })?;
    let broken = |error: &dyn std::fmt::Display| {
        damaged(path, format!("not a whole file of parameters ({error}); get or write it again"))
    };
    let (_, metadata) = SafeTensors::read_metadata(&bytes).map_err(|e| broken(&e))?;
    let header = metadata.metadata().as_ref().and_then(|m| m.get(HEADER));
    let header =
        header.ok_or_else(|| damaged(path, "was written by another program; give one of ours".into()))?;
    let header: Header<S> = serde_json::from_str(header).map_err(|e| broken(&e))?;
    let file = SafeTensors::deserialize(&bytes).map_err(|e| broken(&e))?;
    let views: BTreeMap<String, _> = file.tensors().into_iter().collect();
    let digests = views.iter().map(|(name, view)| (name.as_str(), view.shape().to_vec(), view.data()));
    if checksum(digests) != header.checksum {
        return Err(broken(&"its checksum doesn't fit"));
    }
    let tensors = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu)?;
    Ok((tensors.into_iter().collect(), header.state))
}

/// Of names, shapes and numbers, in the order of names.
fn checksum<'a, D: AsRef<[u8]>>(tensors: impl Iterator<Item = (&'a str, Vec<usize>, D)>) -> String {
    let lines: Vec<String> = tensors
        .map(|(name, shape, data)| format!("{name} {shape:?} {}\n", sha256_bytes(data.as_ref())))
        .collect();
    sha256_bytes(lines.concat().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::values;
    use candle_core::DType;

    fn network(seed: u64, outputs: usize) -> Parameters {
        let mut parameters = Parameters::new(seed, DType::F32, &Device::Cpu);
        parameters.root().normal("a.weight", (outputs, 2), 1.0).unwrap();
        parameters.root().normal("b.weight", 4, 1.0).unwrap();
        parameters
    }

    fn named(parameters: &Parameters) -> Named {
        parameters.iter().map(|(name, v)| (name.to_owned(), v.as_detached_tensor())).collect()
    }

    fn all(parameters: &Parameters) -> Vec<f64> {
        parameters.iter().flat_map(|(_, v)| values(v)).collect()
    }

    #[test]
    fn parameters_come_back_bit_for_bit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("network.safetensors");
        let (one, two) = (network(1, 3), network(2, 3));
        write_parameters(&path, &named(&one)).unwrap();
        read_parameters(&path, &two).unwrap();
        assert_eq!(all(&one), all(&two));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "a temporary file is left");
    }

    #[test]
    fn the_same_parameters_give_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let bytes = ["one", "two"].map(|name| {
            let path = folder.path().join(name);
            write_parameters(&path, &named(&network(1, 3))).unwrap();
            std::fs::read(path).unwrap()
        });
        assert_eq!(bytes[0], bytes[1]);
    }

    #[test]
    fn a_damaged_file_or_one_of_another_network_is_refused_and_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("network.safetensors");
        write_parameters(&path, &named(&network(1, 3))).unwrap();
        let whole = std::fs::read(&path).unwrap();
        let mut flipped = whole.clone();
        *flipped.last_mut().unwrap() ^= 1;
        let other_shape = network(1, 5);
        let mut more = network(1, 3);
        more.root().constant("c.bias", 1, 0.0).unwrap();
        let same = network(2, 3);
        let cases: [(&[u8], &Parameters, &str); 4] = [
            (&flipped, &same, "checksum"),
            (&whole[..whole.len() - 3], &same, "not a whole file"),
            (&whole, &other_shape, "wants F32 [5, 2]"),
            (&whole, &more, "has no c.bias"),
        ];
        for (bytes, parameters, wanted) in cases {
            let before = all(parameters);
            std::fs::write(&path, bytes).unwrap();
            let error = read_parameters(&path, parameters).unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
            assert_eq!(all(parameters), before);
        }
    }
}
