//! The points that are measured: one file each.

pub mod campaigns;
pub mod ces_calibrators;
pub mod ces_chain;
pub mod ces_lorenz;
pub mod ces_plants;
pub mod ces_sampler;
pub mod ces_sobol;
pub mod ces_speed;
pub mod ces_stations;
pub mod clm_fire;
pub mod clm_site;
pub mod clm_soil;
pub mod closure;
pub mod column_speed;
pub mod cycles;
pub mod daily;
pub mod ensemble;
pub mod equilibrium;
pub mod exit;
pub mod inversion;
pub mod land_twin;
pub mod left_out;
pub mod local_filter;
pub mod local_filter_speed;
pub mod pools;
pub mod product;
pub mod refusals;
pub mod resume;
pub mod skill;
pub mod soil_equilibrium;
pub mod soil_water;
pub mod solling;
pub mod speed;
pub mod trials;
pub mod twins;
pub mod ways;

use crate::ValidationError;
use crate::record::Record;

/// A point: the beginning of its records' names, what it is, and how it is measured.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// `reanalysis-<number>`, `land-<number>` for what the land model is checked against, `assimilation-<number>`, or
    /// `ces-<number>` for what calibrates, emulates and samples, with a word where a number has several points.
    pub name: &'static str,
    /// One line.
    pub title: &'static str,
    /// Measures every figure of the point.
    pub measure: fn() -> Result<Vec<Record>, ValidationError>,
}

/// Every point, in order.
pub const POINTS: &[Point] = &[
    Point { name: "reanalysis-1", title: "time and memory of the main job", measure: speed::measure },
    Point { name: "reanalysis-2", title: "skill on withheld months of 48 stations", measure: skill::measure },
    Point { name: "reanalysis-3", title: "closure of every step of that run", measure: closure::measure },
    Point {
        name: "reanalysis-4",
        title: "matrix spin-up against 10,000 years",
        measure: equilibrium::measure,
    },
    Point { name: "reanalysis-5", title: "inversion against exact posteriors", measure: inversion::measure },
    Point { name: "reanalysis-6", title: "kill, resume, threads: equal bytes", measure: resume::measure },
    Point {
        name: "reanalysis-7",
        title: "the product in xarray and the CF checker",
        measure: product::measure,
    },
    Point { name: "land-1", title: "decomposition of real CLM5 pools", measure: clm_soil::measure },
    Point { name: "land-1-fire", title: "fires in real CLM5 pools", measure: clm_fire::measure },
    Point { name: "land-2", title: "an alpine site against eCLM", measure: clm_site::measure },
    Point {
        name: "land-3-stations",
        title: "skill beside that of the first reanalysis",
        measure: skill::against_the_first,
    },
    Point { name: "land-3-daily", title: "daily GPP of two towers", measure: daily::measure },
    Point { name: "land-3-solling", title: "soil water of a beech stand", measure: solling::measure },
    Point {
        name: "land-3-left-out",
        title: "48 stations predicted by their vegetation types",
        measure: left_out::measure,
    },
    Point {
        name: "land-4",
        title: "the equilibrium of a real eCLM spin-up",
        measure: soil_equilibrium::measure,
    },
    Point { name: "land-5", title: "column-years a second", measure: column_speed::measure },
    Point {
        name: "land-6",
        title: "100 members at 1,000 columns of synthetic Europe",
        measure: ensemble::measure,
    },
    Point { name: "land-7", title: "random columns under random weather", measure: trials::measure },
    Point {
        name: "land-4-exit",
        title: "leaving accelerated decomposition where eCLM went wrong",
        measure: exit::measure,
    },
    Point { name: "land-4-ways", title: "ways to equilibrium against 20,000 years", measure: ways::measure },
    Point { name: "assimilation-1", title: "published scores of twin experiments", measure: twins::measure },
    Point {
        name: "assimilation-2",
        title: "check values of the local filter",
        measure: local_filter::check_values,
    },
    Point {
        name: "assimilation-3",
        title: "time and memory of the local filter against PDAF",
        measure: local_filter_speed::measure,
    },
    Point {
        name: "assimilation-4",
        title: "bits of the local filter on ranks and threads",
        measure: local_filter::same_bits,
    },
    Point {
        name: "assimilation-5",
        title: "a twin experiment with the land model",
        measure: land_twin::measure,
    },
    Point {
        name: "assimilation-6",
        title: "daily soil water of three forests, and what it does to fluxes",
        measure: soil_water::measure,
    },
    Point {
        name: "assimilation-7",
        title: "skill of the main job beside that before its filter was built on the crate",
        measure: skill::against_its_own_state,
    },
    Point { name: "assimilation-8", title: "land cycles killed and resumed", measure: cycles::measure },
    Point {
        name: "ces-1-calibrators",
        title: "calibrations that claim a posterior beside known ones",
        measure: ces_calibrators::measure,
    },
    Point {
        name: "ces-1-linear",
        title: "calibrate, emulate, sample: a linear model",
        measure: ces_chain::linear,
    },
    Point {
        name: "ces-1-elliptic-normal",
        title: "calibrate, emulate, sample: an elliptic equation under a normal prior",
        measure: ces_chain::elliptic_normal,
    },
    Point {
        name: "ces-1-elliptic-bounded",
        title: "calibrate, emulate, sample: the same under a prior with bounds",
        measure: ces_chain::elliptic_bounded,
    },
    Point {
        name: "ces-1-sinusoid",
        title: "calibrate, emulate, sample: a sinusoid",
        measure: ces_chain::sinusoid,
    },
    Point {
        name: "ces-1-lorenz63",
        title: "calibrate, emulate, sample: time means of Lorenz-63",
        measure: ces_lorenz::measure,
    },
    Point { name: "ces-1-ishigami", title: "Sobol' indices from 300 runs", measure: ces_sobol::measure },
    Point {
        name: "ces-2-global",
        title: "emulators of CLM5 from its own parameter ensemble",
        measure: ces_plants::globe,
    },
    Point { name: "ces-2-biomes", title: "the same for its biomes", measure: ces_plants::biomes },
    Point {
        name: "ces-3",
        title: "a campaign of the land model at 48 stations, scored on withheld months",
        measure: ces_stations::measure,
    },
    Point {
        name: "ces-4",
        title: "time of emulators beside scikit-learn and LightGBM",
        measure: ces_speed::measure,
    },
    Point {
        name: "ces-4-sampler",
        title: "effective draws a second beside emcee",
        measure: ces_sampler::measure,
    },
    Point { name: "ces-5", title: "what must not become a posterior", measure: refusals::measure },
    Point {
        name: "ces-6",
        title: "a campaign of a program, killed and resumed",
        measure: campaigns::measure,
    },
];

impl Point {
    /// Whether a prefix of record names asks for anything of this point. `reanalysis-1` doesn't ask for a point 10.
    ///
    /// A prefix that says more than a point's name asks for the point with the longest name that it begins with.
    #[must_use]
    pub fn is_wanted(&self, prefix: &str) -> bool {
        let longest = POINTS.iter().filter(|p| p.begins(prefix)).map(|p| p.name.len()).max();
        self.name.starts_with(prefix) || self.begins(prefix) && longest == Some(self.name.len())
    }

    /// Whether a record's name may belong to this point by its beginning.
    fn begins(&self, name: &str) -> bool {
        let next = name.strip_prefix(self.name).map(|rest| rest.chars().next());
        next.is_some_and(|c| c.is_none_or(|c| !c.is_ascii_digit()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_asks_for_the_points_whose_records_it_begins() {
        let wanted =
            |prefix| -> Vec<&str> { POINTS.iter().filter(|p| p.is_wanted(prefix)).map(|p| p.name).collect() };
        assert_eq!(wanted("").len(), POINTS.len());
        let parts = ["reanalysis", "land", "assimilation", "ces"];
        assert_eq!(parts.iter().map(|part| wanted(part).len()).sum::<usize>(), POINTS.len());
        assert_eq!(wanted("land-4-eclm"), ["land-4"]);
        assert_eq!(wanted("land-4"), ["land-4", "land-4-exit", "land-4-ways"]);
        assert_eq!(wanted("land-4-ways-years"), ["land-4-ways"]);
        assert_eq!(wanted("reanalysis-2"), ["reanalysis-2"]);
        assert_eq!(wanted("reanalysis-2-gpp"), ["reanalysis-2"]);
        assert!(wanted("reanalysis-22").is_empty() && wanted("other").is_empty());
    }
}
