//! Output of CLM5: variables by soil layer, whatever the order of a file's dimensions.

use std::path::PathBuf;

use ndarray::Axis;
use reterra_io::cf::read_field;
use reterra_land::soil::grid::{NODE, THICKNESS};
use reterra_land::soil::{LAYERS, POOLS, Pool, Pools, SoilParameters, depth_scalar};

use crate::{ValidationError, places};

/// Names that the dimension of soil layers has: in histories, in restarts, in the ensemble's state (by length).
const LAYER_DIMENSIONS: [&str; 5] = ["levsoi", "levgrnd", "levdcmp", "20", "25"];

/// A value by layer.
pub type Profile = [f64; LAYERS];

/// A file of output.
#[derive(Clone, Debug)]
pub struct Output {
    path: PathBuf,
}

impl Output {
    /// A file below the shared test data.
    ///
    /// # Errors
    /// [`ValidationError::NoData`].
    pub fn shared(relative: &str) -> Result<Output, ValidationError> {
        Ok(Output { path: places::shared(relative)? })
    }

    /// A variable's values in the file's order, in its units.
    ///
    /// # Errors
    /// Where it can't be read.
    pub fn values(&self, name: &str) -> Result<Vec<f64>, ValidationError> {
        Ok(read_field(&self.path, name)?.data().iter().copied().collect())
    }

    /// The 20 soil layers of a variable at each time or cell.
    ///
    /// # Errors
    /// Where it can't be read or has no soil layers.
    pub fn profiles(&self, name: &str) -> Result<Vec<Profile>, ValidationError> {
        let field = read_field(&self.path, name)?;
        let layers = field.dims().iter().position(|dim| LAYER_DIMENSIONS.contains(&dim.as_str()));
        let layers = layers.filter(|&axis| field.data().len_of(Axis(axis)) >= LAYERS);
        let axis = Axis(layers.ok_or_else(|| self.absent(&format!("soil layers of {name}")))?);
        let profile = |lane: ndarray::ArrayView1<'_, f64>| std::array::from_fn(|j| lane[j]);
        Ok(field.data().lanes(axis).into_iter().map(profile).collect())
    }

    /// The pools of an element at each time or cell, g m⁻² by layer. `name` gives a pool's variable, in g m⁻³.
    ///
    /// # Errors
    /// Those of [`Self::profiles`].
    pub fn pools(&self, name: impl Fn(Pool) -> String) -> Result<Vec<Pools>, ValidationError> {
        let mut contents: Vec<Pools> = Vec::new();
        for pool in Pool::ALL {
            let densities = self.profiles(&name(pool))?;
            contents.resize(densities.len(), [[0.0; POOLS]; LAYERS]);
            for (content, density) in contents.iter_mut().zip(densities) {
                for (j, thickness) in THICKNESS.iter().enumerate() {
                    content[j][pool as usize] = density[j] * thickness;
                }
            }
        }
        Ok(contents)
    }

    /// What scales decomposition at each time or cell: the file's scalars of temperature, water and oxygen times
    /// CLM5's of depth, which no file has.
    ///
    /// # Errors
    /// Those of [`Self::profiles`].
    pub fn decomposition_scalars(&self) -> Result<Vec<Profile>, ValidationError> {
        let p: SoilParameters = SoilParameters::default();
        let (water, oxygen) = (self.profiles("W_SCALAR")?, self.profiles("O_SCALAR")?);
        let mut scalars = self.profiles("T_SCALAR")?;
        for ((scalar, water), oxygen) in scalars.iter_mut().zip(water).zip(oxygen) {
            for j in 0..LAYERS {
                scalar[j] *= water[j] * oxygen[j] * depth_scalar(NODE[j], &p);
            }
        }
        Ok(scalars)
    }

    /// That something isn't in this file.
    #[must_use]
    pub fn absent(&self, what: &str) -> ValidationError {
        ValidationError::Absent { what: what.to_owned(), path: self.path.clone() }
    }
}
