//! `spinup.nc`: how every station's spin-up went, and all of them together, by CLM's measures.

use ndarray::{ArrayD, arr0};
use reterra_fields::{Calendar, Field, MonthAxis};
use reterra_io::cf::{About, Product, STATION, Storage, Variable};
use reterra_land::soil::Pool;
use reterra_land::spinup::{Method, Report, Summary};

use crate::config::Workflow;
use crate::engine::StageError;
use crate::experiment::StationCase;
use crate::results::StationSpinUp;

/// Methods and limits, by what they are used for.
const REFERENCES: &str = "Measures of drift: CLM's SpinupStability scripts, Lawrence et al. 2019, \
    doi:10.1029/2018MS001583. Semi-analytic spin-up: Xia et al. 2012, doi:10.5194/gmd-5-1259-2012. \
    Anderson acceleration: Khatiwala 2024, doi:10.1126/sciadv.adn2839.";

/// CLM's measures, in the order of [`Report::drifts`]: name, what drifts, unit. The model's year has 365 days.
const DRIFTS: [(&str, &str, &str); 6] = [
    ("TOTECOSYSC", "carbon of plants and soil", "g m-2 common_year-1"),
    ("TOTSOMC", "carbon of soil organic matter", "g m-2 common_year-1"),
    ("TOTVEGC", "carbon of plants", "g m-2 common_year-1"),
    ("GPP", "gross primary production", "g m-2 common_year-2"),
    ("TLAI", "leaf area index", "common_year-1"),
    ("TWS", "water of soil, snow and canopy", "kg m-2 common_year-1"),
];

/// Wood's two pools, in the order of [`Report::wood_distance`].
const WOOD: [(&str, &str); 2] = [("LIVEWOOD", "live wood"), ("DEADWOOD", "dead wood")];

/// The product of a spin-up.
///
/// # Errors
/// None that a caller could cause: shapes follow from the number of stations.
pub fn product(
    workflow: &Workflow,
    cases: &[StationCase],
    stations: &[StationSpinUp],
) -> Result<Product, StageError> {
    let reports: Vec<&Report> = stations.iter().map(|station| &station.report).collect();
    let mut variables = by_station(&reports)?;
    variables.append(&mut together(&reports)?);
    Ok(Product {
        about: about(workflow),
        stations: cases.iter().map(|case| case.station.clone()).collect(),
        axis: MonthAxis { start: workflow.period.start, len: 0, calendar: Calendar::NoLeap },
        members: 0,
        variables,
    })
}

fn about(workflow: &Workflow) -> About {
    let version = env!("CARGO_PKG_VERSION");
    About {
        title: format!("{}: spin-up", workflow.title),
        summary: format!(
            "How far every station is from equilibrium after its spin-up with default parameters: drifts over the \
             last forcing cycle of {} years, and distances of soil and wood pools from the equilibrium that their own \
             inputs and rates define.",
            workflow.forcing.cycle_years
        ),
        keywords: "land model, spin-up, equilibrium, carbon cycle, nitrogen cycle".to_owned(),
        source: format!("reterra {version}, embedded land model"),
        history: format!("reterra {version}: spinup"),
        references: REFERENCES.to_owned(),
        license: "CC-BY-4.0, https://creativecommons.org/licenses/by/4.0/".to_owned(),
        id: format!("{}-spinup", workflow.name),
        ..About::default()
    }
}

/// Variables along stations.
fn by_station(reports: &[&Report]) -> Result<Vec<Variable>, StageError> {
    let each = |name: &str, units: &str, long: &str, of: &dyn Fn(&Report) -> f64| {
        let values: ArrayD<f64> =
            reports.iter().map(|report| of(report)).collect::<ndarray::Array1<f64>>().into_dyn();
        Ok::<_, StageError>(Field::new(name, units, &[STATION], values)?.described(None, long))
    };
    let mut all = Vec::new();
    for (i, (name, what, units)) in DRIFTS.into_iter().enumerate() {
        let long = format!("drift of {what} over the last forcing cycle");
        let drift = |report: &Report| report.drifts()[i].unwrap_or(f64::NAN);
        all.push(Variable::double(each(&format!("{name}_drift"), units, &long, &drift)?));
    }
    let distance = |pool: &str| format!("distance of {pool} from its linear equilibrium, relative to it");
    for pool in Pool::ALL {
        let (name, long) =
            (format!("{}_distance", pool.name()), distance(&format!("carbon in {}", pool.name())));
        all.push(Variable::double(each(&name, "1", &long, &|report| report.distance[pool as usize])?));
    }
    for (i, (name, what)) in WOOD.into_iter().enumerate() {
        let long = distance(&format!("carbon in {what}"));
        all.push(Variable::double(each(&format!("{name}_distance"), "1", &long, &|r| r.wood_distance[i])?));
    }
    let years = each("years", "common_year", "years simulated", &|report| report.years)?;
    let cycles = each("cycles", "1", "forcing cycles simulated", &|report| report.cycles as f64)?;
    all.extend([Variable::double(years), Variable::double(cycles)]);
    let ways = Method::ALL.iter().zip(0..).map(|(method, i)| (i, method.name().replace('-', "_"))).collect();
    let way = |report: &Report| {
        Method::ALL.iter().position(|method| *method == report.method).map_or(f64::NAN, |i| i as f64)
    };
    all.push(flags(each("way", "1", "way to equilibrium", &way)?, ways));
    let rest = [(0, "moving".to_owned()), (1, "at_rest".to_owned())].to_vec();
    let at_rest = |report: &Report| f64::from(u8::from(report.converged));
    all.push(flags(each("at_rest", "1", "whether the stop rule was met", &at_rest)?, rest));
    Ok(all)
}

fn flags(field: Field, meanings: Vec<(i8, String)>) -> Variable {
    Variable { field, storage: Storage::Flags(meanings), ancillary: Vec::new() }
}

/// Single numbers for all stations, each of which counts the same.
fn together(reports: &[&Report]) -> Result<Vec<Variable>, StageError> {
    let Some(summary) = Summary::of(reports.iter().map(|report| (1.0, *report))) else {
        return Ok(Vec::new());
    };
    let one = |name: &str, units: &str, long: &str, value: f64| {
        let field = Field::new(name, units, &[], arr0(value).into_dyn())?.described(None, long);
        Ok::<_, StageError>(Variable::double(field))
    };
    let mut all = Vec::new();
    for ((name, what, units), drift) in DRIFTS.into_iter().zip(summary.mean_drifts) {
        let long = format!("drift of {what}, mean over stations");
        all.push(one(&format!("{name}_drift_mean"), units, &long, drift.unwrap_or(f64::NAN))?);
    }
    let share = summary.converged as f64 / summary.columns as f64;
    for (name, units, long, value) in [
        ("distance_largest", "1", "largest distance of a soil pool of a station", summary.largest_distance),
        ("distance_mean", "1", "mean over stations of the largest distance of a pool", summary.mean_distance),
        (
            "disequilibrium",
            "1",
            "share of stations whose ecosystem carbon drifts by more than 1 gC m-2 a year",
            summary.disequilibrium,
        ),
        ("at_rest_share", "1", "share of stations that met the stop rule", share),
        ("years_total", "common_year", "years simulated at all stations", summary.years),
    ] {
        all.push(one(name, units, long, value)?);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::load_cases;
    use crate::stages::fixture::Bench;
    use reterra_io::cf::{read_field, write_product};

    #[test]
    fn what_was_measured_comes_back_and_what_was_not_is_missing() {
        let bench = Bench::of_normals();
        let cases = load_cases(bench.workflow()).unwrap();
        let station = |case: &StationCase| StationSpinUp {
            id: case.station.id.clone(),
            pft: case.site.dominant(),
            report: Report {
                drift: -0.25,
                years: 40.0,
                converged: true,
                ..Report::new(Method::MatrixAnderson)
            },
        };
        let mut stations: Vec<StationSpinUp> = cases.iter().map(station).collect();
        stations[1].report.distance[Pool::PassiveSoil as usize] = 0.29;
        stations[2].report.drift = 2.25;
        let file = bench.directory().with_file_name("figures.nc");
        write_product(&file, &product(bench.workflow(), &cases, &stations).unwrap()).unwrap();
        let read = |name: &str| read_field(&file, name).unwrap().data().iter().copied().collect::<Vec<f64>>();
        assert_eq!(read("TOTECOSYSC_drift"), [-0.25, -0.25, 2.25]);
        assert_eq!(read("SOIL3_distance"), [1.0, 0.29, 1.0]);
        assert!(read("GPP_drift").iter().all(|drift| drift.is_nan()));
        assert!((read("TOTECOSYSC_drift_mean")[0] - 1.75 / 3.0).abs() < 1e-12);
        assert!((read("disequilibrium")[0] - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!(read("years_total"), [120.0]);
        let way = Method::ALL.iter().position(|method| *method == Method::MatrixAnderson).unwrap() as f64;
        assert_eq!(read("way"), [way; 3]);
        assert_eq!(read("at_rest"), [1.0; 3]);
    }
}
