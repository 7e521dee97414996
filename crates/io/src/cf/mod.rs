//! Station products as CF-1.11 and ACDD-1.3 NetCDF-4 files: discrete sampling geometry `timeSeries` in its
//! orthogonal form, with an optional member dimension. Gridded ones are in [`grid`].
//!
//! The same product gives the same bytes with the same NetCDF library: no clock and no order of a hash enters.

pub mod grid;
pub(crate) mod numbers;
pub(crate) mod quiet;
pub(crate) mod read;
pub(crate) mod write;

use reterra_fields::{Field, MonthAxis, Station};

pub use read::{FileSummary, Statistics, VariableSummary, inspect, read_field};
pub use write::write_product;
pub(crate) use write::{FILL_DOUBLE, FILL_WHOLE, netcdf_error};

/// The dimension of stations.
pub const STATION: &str = "station";
/// The dimension of months.
pub const TIME: &str = "time";
/// The dimension of ensemble members.
pub const MEMBER: &str = "member";

/// Who made a product, of what, and how it may be used: ACDD's global attributes, empty ones left out.
/// Extent in space and time is added on writing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct About {
    /// A short description.
    pub title: String,
    /// A paragraph.
    pub summary: String,
    /// Comma-separated keywords.
    pub keywords: String,
    /// The model and its version.
    pub source: String,
    /// What was done, with dates if the caller wants them.
    pub history: String,
    /// Publications and addresses.
    pub references: String,
    /// Where it was made.
    pub institution: String,
    /// Who made it.
    pub creator_name: String,
    /// The licence of the product.
    pub license: String,
    /// Thanks and attribution of inputs.
    pub acknowledgement: String,
    /// A unique name of the product.
    pub id: String,
    /// ISO 8601 date; the only clock in the file, and only if given.
    pub date_created: String,
    /// Further global attributes, such as checksums of inputs.
    pub further: Vec<(String, String)>,
}

/// How a variable's values are stored.
#[derive(Clone, Debug, PartialEq)]
pub enum Storage {
    /// 64 bits.
    Double,
    /// 32 bits: seven figures, half the size.
    Single,
    /// One byte of these flags, value and meaning (one word each, underscores for spaces).
    Flags(Vec<(i8, String)>),
}

/// A variable of a product.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// Name, units, dimensions, values; NaN is written as missing.
    pub field: Field,
    /// How it is stored.
    pub storage: Storage,
    /// Variables that say how good it is, by name.
    pub ancillary: Vec<String>,
}

impl Variable {
    /// A variable in 64 bits without ancillary variables.
    #[must_use]
    pub fn double(field: Field) -> Variable {
        Variable { field, storage: Storage::Double, ancillary: Vec::new() }
    }

    /// A variable in 32 bits without ancillary variables.
    #[must_use]
    pub fn single(field: Field) -> Variable {
        Variable { field, storage: Storage::Single, ancillary: Vec::new() }
    }

    /// The same variable with ancillary variables.
    #[must_use]
    pub fn with_ancillary(mut self, names: &[&str]) -> Variable {
        self.ancillary = names.iter().map(|n| (*n).to_owned()).collect();
        self
    }
}

/// A product: stations, months, members, and variables over them.
#[derive(Clone, Debug, PartialEq)]
pub struct Product {
    /// Global attributes.
    pub about: About,
    /// The stations, along [`STATION`].
    pub stations: Vec<Station>,
    /// The months, along [`TIME`]; 0 of them where nothing depends on time, and the file is then no time series.
    pub axis: MonthAxis,
    /// The number of members along [`MEMBER`]; 0 for none.
    pub members: usize,
    /// Variables over any of these dimensions and dimensions of their own.
    pub variables: Vec<Variable>,
}

#[cfg(test)]
pub(crate) mod sample {
    use super::*;
    use ndarray::{Array2, Array3};
    use reterra_fields::{Calendar, Igbp};

    fn station(id: &str, latitude: f64, longitude: f64, elevation: Option<f64>) -> Station {
        Station {
            id: id.to_owned(),
            name: format!("{id} (tower)"),
            latitude,
            longitude,
            elevation,
            igbp: Igbp::ENF,
            country: None,
            soil: None,
            deims: None,
            network: None,
            nitrogen_deposition: None,
        }
    }

    /// Two stations, 14 months, 3 members: GPP in members, its mean with a gap, a flag.
    pub(crate) fn product() -> Product {
        let gpp = Array3::from_shape_fn((3, 2, 14), |(m, s, t)| 1e-5 * (1 + m + 3 * s + 6 * t) as f64);
        let mut mean = Array2::from_shape_fn((2, 14), |(s, t)| 1e-5 * (2 + 3 * s + 6 * t) as f64);
        mean[[1, 13]] = f64::NAN;
        let flag = Array2::from_shape_fn((2, 14), |(s, t)| f64::from(s == 1 && t == 13));
        let name = "gross_primary_productivity_of_biomass_expressed_as_carbon";
        let field = |id: &str, dims: &[&str], data| Field::new(id, "g m-2 s-1", dims, data).unwrap();
        let members = field("gpp_member", &[MEMBER, STATION, TIME], gpp.into_dyn())
            .described(Some(name), "gross primary production of each member")
            .with_cell_methods("time: mean");
        let mean = field("gpp", &[STATION, TIME], mean.into_dyn())
            .described(Some(name), "gross primary production, ensemble mean")
            .with_cell_methods("time: mean");
        let flag = Field::new("gpp_flag", "1", &[STATION, TIME], flag.into_dyn())
            .unwrap()
            .described(Some("quality_flag"), "quality of gross primary production");
        let meanings = [(0, "good".to_owned()), (1, "no_data".to_owned())];
        Product {
            about: About {
                title: "Sample product".to_owned(),
                summary: "Two stations over fourteen months, for a test.".to_owned(),
                keywords: "carbon, land".to_owned(),
                source: "reterra".to_owned(),
                further: vec![("input_sha256".to_owned(), "ab".to_owned())],
                ..About::default()
            },
            stations: vec![
                station("FI-Hyy", 61.85, 24.29, Some(181.0)),
                station("DE-Tha", 50.96, 13.57, None),
            ],
            axis: MonthAxis { start: "2003-12".parse().unwrap(), len: 14, calendar: Calendar::Standard },
            members: 3,
            variables: vec![
                Variable::double(mean).with_ancillary(&["gpp_flag"]),
                Variable::single(members),
                Variable { field: flag, storage: Storage::Flags(meanings.to_vec()), ancillary: Vec::new() },
            ],
        }
    }
}
