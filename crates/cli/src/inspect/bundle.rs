//! Bundles: the results of stages.

use std::path::Path;

use reterra_io::read_bundle;

use crate::Failure;
use crate::table::align;

/// The arrays with shape and range, and the note of what they are.
pub fn describe(path: &Path) -> Result<String, Failure> {
    let (arrays, meta) = read_bundle(path)?;
    let mut rows = vec![["array", "shape", "min", "mean", "max"].map(str::to_owned).to_vec()];
    for (name, array) in &arrays {
        let shape: Vec<String> = array.shape().iter().map(ToString::to_string).collect();
        let [min, mean, max] = super::series::range(array.iter().copied());
        rows.push(vec![name.clone(), shape.join(" x "), min, mean, max]);
    }
    Ok(format!("{}: bundle, checksum intact\n\n{}\n{meta:#}\n", path.display(), align(&rows)))
}
