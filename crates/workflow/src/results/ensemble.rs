//! Monthly output of an ensemble at all stations.

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::{Array2, Array3, ArrayView1, s};
use reterra_io::IoError;
use reterra_io::bundle::{read_bundle, write_bundle};
use reterra_land::column::MonthlyOutput;

/// A variable of the model's monthly output.
#[derive(Clone, Copy)]
pub struct Output {
    /// Name in bundles and products.
    pub name: &'static str,
    /// Unit (CF spelling).
    pub unit: &'static str,
    /// Long name.
    pub long_name: &'static str,
    /// CF standard name, where there is one.
    pub standard_name: Option<&'static str>,
    /// Mean over the month, or value at its end.
    pub cell_methods: &'static str,
    /// Reads it.
    pub of: fn(&MonthlyOutput) -> f64,
}

macro_rules! output {
    ($name:literal, $unit:literal, $long:literal, $standard:expr, $cell:literal, $of:expr) => {
        Output {
            name: $name,
            unit: $unit,
            long_name: $long,
            standard_name: $standard,
            cell_methods: $cell,
            of: $of,
        }
    };
}

/// All variables, the observed ones first, in the order of [`crate::config::Variable::ALL`] (`biomass` is TOTVEGC).
pub const OUTPUTS: &[Output] = &[
    output!(
        "GPP",
        "g m-2 s-1",
        "gross primary production of carbon",
        Some("gross_primary_productivity_of_biomass_expressed_as_carbon"),
        "time: mean",
        |m| m.gpp
    ),
    output!(
        "NEE",
        "g m-2 s-1",
        "net ecosystem exchange of carbon, positive to the atmosphere",
        None,
        "time: mean",
        MonthlyOutput::nee
    ),
    output!(
        "ET",
        "kg m-2 s-1",
        "evapotranspiration",
        Some("water_evapotranspiration_flux"),
        "time: mean",
        |m| m.et
    ),
    output!("LAI", "1", "leaf area index", Some("leaf_area_index"), "time: mean", |m| m.lai),
    output!(
        "TOTVEGC",
        "g m-2",
        "carbon in living vegetation",
        Some("vegetation_carbon_content"),
        "time: point",
        |m| m.vegetation_carbon
    ),
    output!("AR", "g m-2 s-1", "autotrophic respiration of carbon", None, "time: mean", |m| m.ra),
    output!("HR", "g m-2 s-1", "heterotrophic respiration of carbon", None, "time: mean", |m| m.hr),
    output!("HARVESTC", "g m-2 s-1", "carbon removed by harvest", None, "time: mean", |m| m.harvest),
    output!(
        "COL_FIRE_CLOSS",
        "g m-2 s-1",
        "carbon of plants, litter and woody debris that burned",
        Some(
            "surface_upward_mass_flux_of_carbon_dioxide_expressed_as_carbon_due_to_emission_from_fires_excluding_anthropogenic_land_use_change"
        ),
        "time: mean",
        |m| m.fire
    ),
    output!("FAREA_BURNED", "s-1", "share of the ground that burned", None, "time: mean", |m| m.burned),
    output!("TRANSP", "kg m-2 s-1", "transpiration", Some("transpiration_flux"), "time: mean", |m| m
        .transpiration),
    output!(
        "PRECIP",
        "kg m-2 s-1",
        "precipitation after station correction",
        Some("precipitation_flux"),
        "time: mean",
        |m| m.precipitation
    ),
    output!("RUNOFF", "kg m-2 s-1", "surface runoff and drainage", Some("runoff_flux"), "time: mean", |m| m
        .runoff),
    output!("NINPUT", "g m-2 s-1", "nitrogen deposited, fertilised and fixed", None, "time: mean", |m| m
        .nitrogen_in),
    output!(
        "NLOSS",
        "g m-2 s-1",
        "nitrogen lost as gas, by leaching, by harvest and by fire",
        None,
        "time: mean",
        |m| m.nitrogen_out
    ),
    output!(
        "TOTLITC",
        "g m-2",
        "carbon in litter and woody debris",
        Some("litter_mass_content_of_carbon"),
        "time: point",
        |m| m.litter_carbon
    ),
    output!(
        "TOTSOMC",
        "g m-2",
        "carbon in soil organic matter",
        Some("soil_mass_content_of_carbon"),
        "time: point",
        |m| m.soil_carbon
    ),
    output!("TOTECOSYSC", "g m-2", "carbon in vegetation, litter and soil", None, "time: point", |m| m
        .ecosystem_carbon),
    output!("TOTECOSYSN", "g m-2", "nitrogen in vegetation, litter and soil", None, "time: point", |m| m
        .ecosystem_nitrogen),
    output!("SMINN", "g m-2", "mineral nitrogen in soil", None, "time: point", |m| m.mineral_nitrogen),
    output!("TWS", "kg m-2", "water on canopy, in snow and in soil", None, "time: point", |m| m.water),
    output!("H2OSNO", "kg m-2", "snow water equivalent", Some("surface_snow_amount"), "time: point", |m| m
        .snow),
    output!(
        "H2OSOI",
        "m3 m-3",
        "soil water of the top 0.48 m",
        Some("volume_fraction_of_condensed_water_in_soil"),
        "time: point",
        |m| m.soil_moisture
    ),
    output!("TSOI", "K", "soil temperature at 0.2 m", Some("soil_temperature"), "time: point", |m| m
        .soil_temperature),
    output!("BTRAN", "1", "soil water limitation of transpiration, 1 = none", None, "time: mean", |m| m
        .btran),
    output!(
        "NSUPPLY",
        "1",
        "nitrogen supply of growth over demand, 1 = no limitation",
        None,
        "time: mean",
        |m| m.nitrogen_supply
    ),
];

/// Monthly output of an ensemble: per variable an array (station, month, member) in the code's units.
///
/// Members that failed at a station hold NaN there: a declared missing value.
#[derive(Clone, Debug, PartialEq)]
pub struct EnsembleOutput {
    arrays: BTreeMap<&'static str, Array3<f64>>,
}

impl EnsembleOutput {
    /// An empty one for the first `variables` of [`OUTPUTS`] (5: the observed ones).
    #[must_use]
    pub fn missing(variables: usize, (stations, months, members): (usize, usize, usize)) -> Self {
        let empty = || Array3::from_elem((stations, months, members), f64::NAN);
        Self { arrays: OUTPUTS.iter().take(variables).map(|o| (o.name, empty())).collect() }
    }

    /// Stores a month of a member.
    pub fn set(&mut self, (station, month, member): (usize, usize, usize), output: &MonthlyOutput) {
        for variable in OUTPUTS {
            if let Some(array) = self.arrays.get_mut(variable.name) {
                array[[station, month, member]] = (variable.of)(output);
            }
        }
    }

    /// Stores a month of all members (rows) for all variables (columns, in the order of [`OUTPUTS`]); what can't
    /// be negative is cut at zero.
    pub fn set_table(&mut self, station: usize, month: usize, table: &Array2<f64>) {
        for (variable, column) in OUTPUTS.iter().zip(table.columns()) {
            if let Some(array) = self.arrays.get_mut(variable.name) {
                let signed = variable.name == "NEE";
                for (member, &value) in column.iter().enumerate() {
                    array[[station, month, member]] = if signed { value } else { value.max(0.0) };
                }
            }
        }
    }

    /// Copies the only station of `from` to a station of this one.
    pub fn copy_station(&mut self, station: usize, from: &Self) {
        for (name, array) in &mut self.arrays {
            if let Some(source) = from.arrays.get(name) {
                array.slice_mut(s![station, .., ..]).assign(&source.slice(s![0, .., ..]));
            }
        }
    }

    /// Copies a station from another output of the same stations.
    pub fn copy(&mut self, station: usize, from: &Self) {
        for (name, array) in &mut self.arrays {
            if let Some(source) = from.arrays.get(name) {
                array.slice_mut(s![station, .., ..]).assign(&source.slice(s![station, .., ..]));
            }
        }
    }

    /// A variable's array (station, month, member), if it is stored.
    #[must_use]
    pub fn array(&self, name: &str) -> Option<&Array3<f64>> {
        self.arrays.get(name)
    }

    /// A variable's array to change, if it is stored.
    pub fn array_mut(&mut self, name: &str) -> Option<&mut Array3<f64>> {
        self.arrays.get_mut(name)
    }

    /// The members of one variable, station and month, if it is stored.
    #[must_use]
    pub fn members(&self, name: &str, station: usize, month: usize) -> Option<ArrayView1<'_, f64>> {
        self.arrays.get(name).map(|a| a.slice(s![station, month, ..]))
    }

    /// Writes a bundle.
    ///
    /// # Errors
    /// Those of [`write_bundle`].
    pub fn write(&self, path: &Path) -> Result<(), IoError> {
        let arrays = self.arrays.iter().map(|(n, a)| ((*n).to_owned(), a.clone().into_dyn())).collect();
        write_bundle(path, &arrays, &serde_json::json!({ "dims": ["station", "month", "member"] }))
    }

    /// Reads a bundle.
    ///
    /// # Errors
    /// Those of [`read_bundle`].
    pub fn read(path: &Path) -> Result<Self, IoError> {
        let (mut stored, _) = read_bundle(path)?;
        let arrays = OUTPUTS
            .iter()
            .filter_map(|o| stored.remove(o.name)?.into_dimensionality().ok().map(|a| (o.name, a)))
            .collect();
        Ok(Self { arrays })
    }
}
