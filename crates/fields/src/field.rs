//! A named array with units and dimensions, as a CF file holds it.

use ndarray::ArrayD;

use crate::FieldError;

/// A field: name, units, dimensions and data. NaN means a declared missing value, here and nowhere else.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The variable's name.
    pub name: String,
    /// Its CF standard name, where there is one.
    pub standard_name: Option<String>,
    /// What it is, in words.
    pub long_name: String,
    /// Its units, as UDUNITS reads them.
    pub units: String,
    /// How its values stand for their cells, as `time: mean`.
    pub cell_methods: Option<String>,
    dims: Vec<String>,
    data: ArrayD<f64>,
}

impl Field {
    /// A field without a standard name or cell methods.
    ///
    /// # Errors
    /// As many dimensions must be named as the data have.
    pub fn new(name: &str, units: &str, dims: &[&str], data: ArrayD<f64>) -> Result<Field, FieldError> {
        let dims: Vec<String> = dims.iter().map(|d| (*d).to_owned()).collect();
        if dims.len() != data.ndim() {
            let shape = data.shape().to_vec();
            return Err(FieldError::Dimensions { field: name.to_owned(), named: dims, shape });
        }
        let (name, units) = (name.to_owned(), units.to_owned());
        let long_name = name.clone();
        Ok(Field { name, standard_name: None, long_name, units, cell_methods: None, dims, data })
    }

    /// The same field, described.
    #[must_use]
    pub fn described(mut self, standard_name: Option<&str>, long_name: &str) -> Field {
        self.standard_name = standard_name.map(str::to_owned);
        long_name.clone_into(&mut self.long_name);
        self
    }

    /// The same field with cell methods.
    #[must_use]
    pub fn with_cell_methods(mut self, cell_methods: &str) -> Field {
        self.cell_methods = Some(cell_methods.to_owned());
        self
    }

    /// The dimensions' names, slowest first.
    #[must_use]
    pub fn dims(&self) -> &[String] {
        &self.dims
    }

    /// The data.
    #[must_use]
    pub fn data(&self) -> &ArrayD<f64> {
        &self.data
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_must_have_the_dimensions_named() {
        let data = ArrayD::zeros(vec![2, 3]);
        assert!(Field::new("gpp", "g m-2 s-1", &["station", "time"], data.clone()).is_ok());
        let error = Field::new("gpp", "g m-2 s-1", &["time"], data).unwrap_err().to_string();
        assert!(error.contains("`gpp`") && error.contains("[2, 3]"), "{error}");
    }
}
