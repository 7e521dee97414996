//! A bundle: named arrays and a note of what they are, for a stage's results.
//!
//! Layout, all integers little-endian:
//!
//! | bytes | content |
//! |---|---|
//! | 8 | `RETERRA1` |
//! | 8 | length of the header |
//! | … | header, JSON: `{"meta": …, "arrays": [{"name": …, "shape": […]}, …]}`, names in order |
//! | … | the arrays as f64, C order, in the header's order |
//! | 32 | SHA-256 of everything before |
//!
//! The same content gives the same bytes. Reading checks the checksum before anything else is believed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ndarray::ArrayD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Corruption, IoError, atomic};

const MAGIC: &[u8; 8] = b"RETERRA1";
const CHECKSUM: usize = 32;

#[derive(Serialize, Deserialize)]
struct Header {
    meta: serde_json::Value,
    arrays: Vec<Shape>,
}

#[derive(Serialize, Deserialize)]
struct Shape {
    name: String,
    shape: Vec<usize>,
}

/// Named arrays.
pub type Arrays = BTreeMap<String, ArrayD<f64>>;

/// Writes a bundle, atomically.
///
/// # Errors
/// A file that cannot be written.
pub fn write_bundle(path: &Path, arrays: &Arrays, meta: &serde_json::Value) -> Result<(), IoError> {
    atomic::replace(path, &encode(arrays, meta))
}

/// Reads a bundle.
///
/// # Errors
/// A file that cannot be read, or whose content is not what was written.
pub fn read_bundle(path: &Path) -> Result<(Arrays, serde_json::Value), IoError> {
    let bytes = fs::read(path).map_err(|e| IoError::file(path, "read", e))?;
    decode(&bytes).map_err(|what| IoError::Corrupt { path: path.to_owned(), what })
}

fn encode(arrays: &Arrays, meta: &serde_json::Value) -> Vec<u8> {
    let shapes = arrays.iter().map(|(name, a)| Shape { name: name.clone(), shape: a.shape().to_vec() });
    let header = serde_json::json!(Header { meta: meta.clone(), arrays: shapes.collect() }).to_string();
    let mut bytes = MAGIC.to_vec();
    bytes.extend((header.len() as u64).to_le_bytes());
    bytes.extend(header.as_bytes());
    for value in arrays.values().flatten() {
        bytes.extend(value.to_le_bytes());
    }
    let checksum = Sha256::digest(&bytes);
    bytes.extend(&checksum[..]);
    bytes
}

fn decode(bytes: &[u8]) -> Result<(Arrays, serde_json::Value), Corruption> {
    if !bytes.starts_with(MAGIC) {
        return Err(if MAGIC.starts_with(bytes) { Corruption::Truncated } else { Corruption::NotABundle });
    }
    let (content, checksum) = bytes.split_last_chunk::<CHECKSUM>().ok_or(Corruption::Truncated)?;
    if Sha256::digest(content)[..] != checksum[..] {
        return Err(if is_short(content) { Corruption::Truncated } else { Corruption::Checksum });
    }
    let (header, data) = split_header(content).ok_or(Corruption::Truncated)?;
    let header: Header = serde_json::from_slice(header).map_err(|_| Corruption::Header)?;
    let (chunks, _) = data.as_chunks::<8>();
    let mut values = chunks.iter().map(|b| f64::from_le_bytes(*b));
    let mut arrays = Arrays::new();
    for Shape { name, shape } in header.arrays {
        let size = size(&shape).filter(|n| *n <= values.len()).ok_or(Corruption::Header)?;
        let array = ArrayD::from_shape_vec(shape, values.by_ref().take(size).collect());
        arrays.insert(name, array.map_err(|_| Corruption::Header)?);
    }
    Ok((arrays, header.meta))
}

fn split_header(content: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = content.get(MAGIC.len()..)?.split_first_chunk::<8>()?;
    rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)
}

/// Whether the content is shorter than its header announces.
fn is_short(content: &[u8]) -> bool {
    let Some((header, data)) = split_header(content) else { return true };
    let announced = serde_json::from_slice::<Header>(header)
        .ok()
        .and_then(|h| h.arrays.iter().try_fold(0_usize, |sum, a| sum.checked_add(size(&a.shape)?)));
    announced.is_some_and(|n| data.len() / 8 < n)
}

fn size(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1_usize, |product, n| product.checked_mul(*n))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn sample() -> (Arrays, serde_json::Value) {
        let arrays = Arrays::from([
            ("state".to_owned(), array![[1.0, -0.0], [f64::MIN_POSITIVE, f64::INFINITY]].into_dyn()),
            ("scalar".to_owned(), ndarray::arr0(0.1 + 0.2).into_dyn()),
            ("empty".to_owned(), ArrayD::zeros(vec![0, 3])),
        ]);
        (arrays, serde_json::json!({"stage": "spinup", "drift": 0.1, "key": "ab"}))
    }

    fn bits(arrays: &Arrays) -> Vec<(String, Vec<usize>, Vec<u64>)> {
        let of = |a: &ArrayD<f64>| a.iter().map(|v| v.to_bits()).collect();
        arrays.iter().map(|(name, a)| (name.clone(), a.shape().to_vec(), of(a))).collect()
    }

    #[test]
    fn a_bundle_comes_back_bit_by_bit_and_is_deterministic() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.bundle");
        let (arrays, meta) = sample();
        write_bundle(&path, &arrays, &meta).unwrap();
        let (back, meta_back) = read_bundle(&path).unwrap();
        assert_eq!((bits(&back), meta_back), (bits(&arrays), meta.clone()));
        assert_eq!(fs::read(&path).unwrap(), encode(&back, &meta));
    }

    /// A transposed view is written in C order of its own shape.
    #[test]
    fn memory_order_does_not_matter() {
        let transposed = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]].reversed_axes().into_dyn();
        let arrays = Arrays::from([("a".to_owned(), transposed.clone())]);
        let (back, _) = decode(&encode(&arrays, &serde_json::Value::Null)).unwrap();
        assert_eq!(back["a"], transposed);
    }

    #[test]
    fn every_truncation_and_every_flipped_byte_is_found() {
        let (arrays, meta) = sample();
        let bytes = encode(&arrays, &meta);
        for length in 0..bytes.len() {
            assert!(decode(&bytes[..length]).is_err(), "{length}");
        }
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 0x10;
            assert!(decode(&flipped).is_err(), "{at}");
        }
        assert_eq!(decode(&bytes[..bytes.len() - 40]).unwrap_err(), Corruption::Truncated);
        assert_eq!(decode(b"a,b\n1,2\n").unwrap_err(), Corruption::NotABundle);
    }

    #[test]
    fn the_error_names_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("b.bundle");
        fs::write(&path, b"RETERRA1garbage").unwrap();
        let error = read_bundle(&path).unwrap_err().to_string();
        assert!(error.contains("b.bundle") && error.contains("run its stage again"), "{error}");
    }
}
