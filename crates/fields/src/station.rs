//! A station: where it is, what grows there, what it stands on.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::FieldError;

/// Land cover of the International Geosphere-Biosphere Programme (Loveland et al. 2000,
/// doi:10.1080/014311600210191), by the codes of the flux networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[allow(clippy::upper_case_acronyms, reason = "the codes are the programme's own names")]
pub enum Igbp {
    /// Evergreen needleleaf forest.
    ENF,
    /// Evergreen broadleaf forest.
    EBF,
    /// Deciduous needleleaf forest.
    DNF,
    /// Deciduous broadleaf forest.
    DBF,
    /// Mixed forest.
    MF,
    /// Closed shrubland.
    CSH,
    /// Open shrubland.
    OSH,
    /// Woody savanna.
    WSA,
    /// Savanna.
    SAV,
    /// Grassland.
    GRA,
    /// Permanent wetland.
    WET,
    /// Cropland.
    CRO,
    /// Urban and built-up land.
    URB,
    /// Cropland and natural vegetation mosaic.
    CVM,
    /// Snow and ice.
    SNO,
    /// Barren or sparsely vegetated land.
    BSV,
}

impl Igbp {
    /// All classes, in the order of the codes.
    pub const ALL: [Igbp; 16] = {
        use Igbp::{BSV, CRO, CSH, CVM, DBF, DNF, EBF, ENF, GRA, MF, OSH, SAV, SNO, URB, WET, WSA};
        [ENF, EBF, DNF, DBF, MF, CSH, OSH, WSA, SAV, GRA, WET, CRO, URB, CVM, SNO, BSV]
    };
    /// The codes, in the same order.
    pub const CODES: [&'static str; 16] = {
        let mut codes = [""; 16];
        let mut i = 0;
        while i < codes.len() {
            codes[i] = NAMES[i].0;
            i += 1;
        }
        codes
    };

    /// The code, as `ENF`.
    #[must_use]
    pub fn code(self) -> &'static str {
        NAMES[self as usize].0
    }

    /// What it stands for, as `evergreen needleleaf forest`.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        NAMES[self as usize].1
    }
}

/// Codes and meanings, in the order of the enum.
const NAMES: [(&str, &str); 16] = [
    ("ENF", "evergreen needleleaf forest"),
    ("EBF", "evergreen broadleaf forest"),
    ("DNF", "deciduous needleleaf forest"),
    ("DBF", "deciduous broadleaf forest"),
    ("MF", "mixed forest"),
    ("CSH", "closed shrubland"),
    ("OSH", "open shrubland"),
    ("WSA", "woody savanna"),
    ("SAV", "savanna"),
    ("GRA", "grassland"),
    ("WET", "permanent wetland"),
    ("CRO", "cropland"),
    ("URB", "urban and built-up land"),
    ("CVM", "cropland and natural vegetation mosaic"),
    ("SNO", "snow and ice"),
    ("BSV", "barren or sparsely vegetated land"),
];

impl fmt::Display for Igbp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Igbp {
    type Err = FieldError;
    fn from_str(text: &str) -> Result<Self, FieldError> {
        let found = Igbp::ALL.into_iter().find(|class| class.code() == text);
        found.ok_or_else(|| FieldError::NotAnIgbpClass(text.to_owned()))
    }
}

/// The fine earth's texture, and its carbon where known.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SoilTexture {
    /// Sand, mass-% of the mineral fine earth.
    pub sand: f64,
    /// Clay, mass-% of the mineral fine earth.
    pub clay: f64,
    /// Organic carbon of the topsoil, mass-% of the fine earth.
    pub organic_carbon: Option<f64>,
}

/// A station's facts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Station {
    /// The id, unique in a network: `FI-Hyy`. Names files.
    pub id: String,
    /// The name people use.
    pub name: String,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// Metres above sea level, where known.
    pub elevation: Option<f64>,
    /// Land cover.
    pub igbp: Igbp,
    /// Country.
    pub country: Option<String>,
    /// Soil texture, where known.
    pub soil: Option<SoilTexture>,
    /// The DEIMS-SDR id of an eLTER site.
    pub deims: Option<String>,
    /// Networks it belongs to, as written in the table.
    pub network: Option<String>,
    /// Nitrogen deposition, gN m-2 s-1, where known.
    pub nitrogen_deposition: Option<f64>,
}

impl Station {
    /// Checks that every figure is possible.
    ///
    /// # Errors
    /// The first figure that is not, with the range it must lie in; or an id that cannot name a file.
    pub fn check(&self) -> Result<(), FieldError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if self.id.is_empty() || self.id.starts_with('.') || !self.id.chars().all(plain) {
            return Err(FieldError::StationId(self.id.clone()));
        }
        self.range("latitude (degrees north)", self.latitude, [-90.0, 90.0])?;
        self.range("longitude (degrees east)", self.longitude, [-180.0, 360.0])?;
        if let Some(elevation) = self.elevation {
            self.range("elevation (m)", elevation, [-500.0, 9000.0])?;
        }
        if let Some(soil) = self.soil {
            self.range("sand (%)", soil.sand, [0.0, 100.0])?;
            self.range("clay (%)", soil.clay, [0.0, 100.0])?;
            self.range("sand + clay (%)", soil.sand + soil.clay, [0.0, 100.0])?;
            self.range("organic carbon (%)", soil.organic_carbon.unwrap_or(0.0), [0.0, 60.0])?;
        }
        self.range("nitrogen deposition (gN m-2 s-1)", self.nitrogen_deposition.unwrap_or(0.0), [0.0, 1e-6])
    }

    fn range(
        &self,
        quantity: &'static str,
        value: f64,
        [lowest, highest]: [f64; 2],
    ) -> Result<(), FieldError> {
        if (lowest..=highest).contains(&value) {
            return Ok(());
        }
        Err(FieldError::StationValue { station: self.id.clone(), quantity, value, lowest, highest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hyytiala() -> Station {
        Station {
            id: "FI-Hyy".to_owned(),
            name: "Hyytiälä".to_owned(),
            latitude: 61.85,
            longitude: 24.29,
            elevation: Some(181.0),
            igbp: Igbp::ENF,
            country: Some("Finland".to_owned()),
            soil: Some(SoilTexture { sand: 60.0, clay: 6.0, organic_carbon: None }),
            deims: None,
            network: None,
            nitrogen_deposition: None,
        }
    }

    #[test]
    fn codes_and_classes_belong_together() {
        for class in Igbp::ALL {
            assert_eq!(class.code().parse::<Igbp>(), Ok(class));
            assert_eq!(format!("{class:?}"), class.code());
        }
        assert_eq!(Igbp::WSA.meaning(), "woody savanna");
        let error = "Forest".parse::<Igbp>().unwrap_err().to_string();
        assert!(error.contains("`Forest`") && error.contains("ENF, EBF"), "{error}");
    }

    #[test]
    fn impossible_facts_are_refused_with_their_range() {
        assert_eq!(hyytiala().check(), Ok(()));
        let with_soil = |sand, clay| Station {
            soil: Some(SoilTexture { sand, clay, organic_carbon: None }),
            ..hyytiala()
        };
        for (wrong, said) in [
            (Station { latitude: 95.0, ..hyytiala() }, "latitude"),
            (Station { longitude: f64::NAN, ..hyytiala() }, "longitude"),
            (Station { elevation: Some(1e5), ..hyytiala() }, "elevation"),
            (with_soil(80.0, 30.0), "sand + clay (%) 110"),
            (with_soil(-1.0, 30.0), "sand (%) -1"),
            (Station { id: "../x".to_owned(), ..hyytiala() }, "`../x`"),
        ] {
            let error = wrong.check().unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
