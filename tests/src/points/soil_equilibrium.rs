//! Land point 4, first part: the equilibrium of a real eCLM spin-up that came to rest elsewhere.
//!
//! At ALP1 (61.02° N, alpine grassland) eCLM ran 40 years of accelerated decomposition and 30 years without. Its
//! carbon then drifts by 1 gC m⁻² yr⁻¹ only, but SOIL3 holds 29 % less than its own inputs and rates sustain.
//! The semi-analytic solution has to find that from the run's output.
//!
//! How the trace of the forcing cycle (years 61 to 70) is built:
//! - contents and decomposition: each month's mean pools by layer, times CLM5's rates, times the month's mean scalars
//!   of temperature, water and oxygen and CLM5's of depth. All ten years enter: in one of them the leaves
//!   hardly came out;
//! - mixing: CLM5's bioturbation above bedrock, since the restart's `altmax` says that the whole soil thaws each year
//!   (frost would mix where it stays above 2 m);
//! - contents before and after the cycle: the restarts of 1 January 61 and 71.
//!
//! What the cascade and mixing don't explain of a pool's change is its source, as in any recorded cycle. For litter
//! that is litterfall; for SOIL3, which has no other, it has to be nothing, layer by layer: the closure that is
//! measured too. It tests rates, transfers and mixing against eCLM before anything is solved. Scarce nitrogen isn't in
//! the output; it slows litter only, and what litter then passes on less is part of the source of SOIL1 and SOIL2.

use reterra_land::soil::{
    LAYERS, OperatorTrace, PeriodMeans, Pool, Pools, SoilColumn, SoilParameters, SoilState, column_totals,
    empty,
};

use crate::ValidationError;
use crate::clm::Output;
use crate::record::{Goal, Record};

const RUN: &str = "clm_alp1/eclm_run";
const SOIL3: usize = Pool::PassiveSoil as usize;
/// gC m⁻²: the column's inputs over its mean rate. The solution by layer lies 0.8 % above: carbon moves up to where it
/// turns over more slowly, and what SOIL3 loses comes back in part.
const EQUILIBRIUM: f64 = 4440.0;
/// Of the equilibrium.
const TOLERANCE: f64 = 0.03;

/// A recorded cycle and the soil that it is of.
struct Cycle {
    trace: OperatorTrace,
    soil: SoilColumn,
    /// At the end of the cycle.
    state: SoilState,
}

/// SOIL3 in equilibrium, how far the run is from it, and what its record leaves open.
///
/// # Errors
/// [`ValidationError::NoData`], and where a variable is missing or the cycle can't be solved.
pub fn measure() -> Result<Vec<Record>, ValidationError> {
    let p = SoilParameters::default();
    let Cycle { trace, soil, state } = cycle(&p)?;
    let solved = column_totals(&trace.solve(&state, &soil, &p)?.carbon)[SOIL3];
    let distance = trace.distance_to_equilibrium(&soil, &p)?[SOIL3];
    let source = trace.carbon_source(&soil, &p)?;
    eprintln!(
        "SOIL3: eCLM holds {:.0} gC m-2 after {} days, {:.1} % below its equilibrium of {solved:.0}",
        column_totals(&state.carbon)[SOIL3],
        trace.days,
        100.0 * distance
    );
    let goal = Goal::Between((1.0 - TOLERANCE) * EQUILIBRIUM, (1.0 + TOLERANCE) * EQUILIBRIUM);
    Ok(vec![
        Record::new("land-4-eclm-soil3", solved, goal, "g m-2"),
        Record::new("land-4-eclm-distance", distance, Goal::Between(0.27, 0.31), "1"),
        Record::new("land-4-eclm-closure", unexplained(&trace, &source), Goal::AtMost(0.01), "1"),
    ])
}

/// What SOIL3 received in all layers other than by the cascade and mixing, without regard of sign, over what the
/// cascade and mixing brought.
fn unexplained(trace: &OperatorTrace, source: &Pools) -> f64 {
    let total = |pools: &Pools| column_totals(pools)[SOIL3];
    // SOIL3 has one path, which has its pool's place.
    let lost: f64 = trace.carbon_loss.iter().map(|paths| paths[SOIL3]).sum();
    let gained = (total(&trace.last_carbon) - total(&trace.first_carbon) + lost) / trace.days as f64;
    let open: f64 = source.iter().map(|layer| layer[SOIL3].abs()).sum();
    open / (gained - total(source))
}

/// The cycle of years 61 to 70.
fn cycle(p: &SoilParameters) -> Result<Cycle, ValidationError> {
    let history = Output::shared(&format!("{RUN}/eclm_alp1_postAD_monthly_y61-70.nc"))?;
    let (first, _) = restart(61)?;
    let (last, thaw) = restart(71)?;
    let soil = column(&history)?;
    let mut trace = OperatorTrace { first_carbon: first, last_carbon: last, ..OperatorTrace::new() };
    let carbon = history.pools(|pool| format!("{}C_vr", pool.name()))?;
    let scalars = history.decomposition_scalars()?;
    for ((days, carbon), scalar) in days_of_months(&history)?.into_iter().zip(carbon).zip(scalars) {
        let means = PeriodMeans { carbon, nitrogen: empty(), scalar, fpi: [1.0; LAYERS], burned: 0.0 };
        trace.add_period(days, &means, thaw, &soil, p);
    }
    Ok(Cycle { trace, soil, state: SoilState { carbon: last, ..SoilState::default() } })
}

/// Carbon pools on 1 January of a year, gC m⁻² by layer, and the largest thaw depth of that year and the last, m.
fn restart(year: usize) -> Result<(Pools, f64), ValidationError> {
    let file = Output::shared(&format!("{RUN}/eclm_alp1_postAD.clm2.r.{year:04}.nc"))?;
    let pools = file.pools(|pool| format!("{}c_vr", pool.name().to_lowercase()))?;
    let thaw = file.values("altmax")?.into_iter().chain(file.values("altmax_lastyear")?);
    let carbon = pools.first().copied().ok_or_else(|| file.absent("a column"))?;
    Ok((carbon, thaw.fold(0.0, f64::max)))
}

/// Days of each month; the bounds of the first one begin a time step before its year.
fn days_of_months(history: &Output) -> Result<Vec<usize>, ValidationError> {
    let bounds = history.values("time_bounds")?;
    Ok(bounds.chunks_exact(2).map(|month| (month[1] - month[0]).round() as usize).collect())
}

/// The soil above bedrock, with what the solution needs of it.
fn column(history: &Output) -> Result<SoilColumn, ValidationError> {
    let surface = Output::shared(&format!("{RUN}/surfdata_ALP1_natveg.nc"))?;
    let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
    let bedrock = history.values("nbedrock")?;
    let bedrock = bedrock.first().copied().ok_or_else(|| history.absent("nbedrock"))?;
    let unused = [0.0; LAYERS];
    Ok(SoilColumn {
        sand: mean(surface.values("PCT_SAND")?),
        clay: mean(surface.values("PCT_CLAY")?),
        active_layers: bedrock as usize,
        bulk_density: unused,
        porosity: unused,
        root_fraction: unused,
        litter_profile: unused,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::places;

    #[test]
    fn passive_carbon_of_eclm_is_solved_from_its_output() {
        if places::shared_or_skip(RUN).is_none() {
            return;
        }
        for record in measure().unwrap() {
            assert!(record.pass, "{}", record.line());
        }
    }

    #[test]
    fn a_wrong_rate_or_mixing_does_not_close() {
        if places::shared_or_skip(RUN).is_none() {
            return;
        }
        let right = SoilParameters::default();
        for wrong in [
            SoilParameters { tau_s3: 1.05 * right.tau_s3, ..right.clone() },
            SoilParameters { tau_s2: 1.05 * right.tau_s2, ..right.clone() },
            SoilParameters { rf_s2s3: 1.05 * right.rf_s2s3, ..right.clone() },
            SoilParameters { som_diffus: 1.05 * right.som_diffus, ..right.clone() },
        ] {
            let Cycle { trace, soil, .. } = cycle(&wrong).unwrap();
            let source = trace.carbon_source(&soil, &wrong).unwrap();
            assert!(unexplained(&trace, &source) > 0.01, "{wrong:?}");
        }
    }
}
