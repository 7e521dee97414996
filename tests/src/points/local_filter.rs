//! The local filter on waves: its published check values, its bits on ranks and threads.

use ndarray::{Array1, Array2, Axis};
use reterra_assimilation::letkf::waves::{FORGETTING, RADIUS, Waves};
use reterra_assimilation::letkf::{Columns, Letkf};
use reterra_assimilation::localisation::{Locality, Metric, Network, ObservationSet, Taper};

use crate::ValidationError;
use crate::record::{Goal, Record};
use crate::waves::program::{Launch, Priority, Program};

/// Digits that the check values have.
const TOLERANCE: f64 = 1e-10;

/// The largest deviation from each group of check values of the timing problem at 400 × 250 points and 32 members: sums
/// over the grid, before and after, and single points.
///
/// # Errors
/// Where the filter refuses.
pub fn check_values() -> Result<Vec<Record>, ValidationError> {
    let waves = Waves { nx: 400, ny: 250, members: 32 };
    let (truth, mut e, observed) = (Array1::from(waves.field(0)), waves.prior(), waves.observed());
    let locality = Locality::new(Metric::Plane, Taper::GaspariCohn, RADIUS)?;
    let network = Network {
        places: &observed.places,
        slices: None,
        values: &observed.values,
        variances: &observed.variances,
    };
    let set = ObservationSet::new(&locality, &network, observed.predicted(e.view()).view())?;
    let prior = [rms(&(mean(&e) - &truth)), spread(&e)];
    let filter = Letkf::new(locality).with_forgetting(FORGETTING)?;
    filter.analyse(&set, &Columns::uniform(waves.places(), 1), e.view_mut().insert_axis(Axis(1)))?;
    let after = mean(&e);
    let posterior = [rms(&(&after - &truth)), spread(&e), rms(&after), rms(&e.row(0).to_owned())];
    let points = [after[0], after[999], after[50_000]];
    let record = |what: &str, measured, goal, unit| {
        Record::new(format!("assimilation-2-{what}"), measured, goal, unit)
    };
    let close = |what: &str, found: &[f64], published: &[f64]| {
        let gap = found.iter().zip(published).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        record(what, gap, Goal::AtMost(TOLERANCE), "1")
    };
    let count = observed.points.len() as f64;
    Ok(vec![
        record("observations", count, Goal::Between(9917.0, 9917.0), "1"),
        close("prior", &prior, &[0.998045853353398, 0.998955806484746]),
        close(
            "posterior",
            &posterior,
            &[0.239928603815043, 0.296541133785686, 0.932828975117495, 0.978751039970376],
        ),
        close("points", &points, &[-0.604929174317339, -1.00746981804474, -1.08914350843295]),
    ])
}

fn mean(e: &Array2<f64>) -> Array1<f64> {
    e.sum_axis(Axis(0)) / e.nrows() as f64
}

fn rms(x: &Array1<f64>) -> f64 {
    (x.dot(x) / x.len() as f64).sqrt()
}

/// Root mean of the variances.
fn spread(e: &Array2<f64>) -> f64 {
    let anomalies = e - &mean(e);
    let squares: f64 = anomalies.iter().map(|a| a * a).sum();
    (squares / ((e.nrows() - 1) * e.ncols()) as f64).sqrt()
}

/// How many launches on 1, 2 and 4 ranks with 1 and 2 threads, and with members in groups of ranks, give other bits
/// than one rank on one thread; and whether ranks were processes.
///
/// # Errors
/// Where the program can't be built or run.
pub fn same_bits() -> Result<Vec<Record>, ValidationError> {
    let program = Program::built()?;
    let launch = |ranks, threads, groups| {
        program.run(&Launch {
            size: [400, 250, 32],
            ranks,
            threads,
            repeats: 1,
            groups,
            priority: Priority::Ordinary,
        })
    };
    let alone = launch(1, 1, None)?.bits;
    let (mut compared, mut unlike) = (0, 0);
    let mut compare = |ranks, threads, groups| -> Result<(), ValidationError> {
        compared += 1;
        unlike += usize::from(launch(ranks, threads, groups)?.bits != alone);
        Ok(())
    };
    compare(1, 2, None)?;
    let most = if program.has_ranks() { 4 } else { 1 };
    for (ranks, threads, groups) in [
        (2, 1, None),
        (2, 2, None),
        (4, 1, None),
        (4, 2, None),
        (2, 1, Some(2)),
        (4, 1, Some(2)),
        (4, 1, Some(4)),
    ] {
        if ranks <= most {
            compare(ranks, threads, groups)?;
        }
    }
    let record = |what: &str, measured, goal| {
        Record::new(format!("assimilation-4-{what}"), measured, goal, "launches")
    };
    Ok(vec![
        record("compared", f64::from(compared), Goal::AtLeast(8.0)),
        record("other-bits", unlike as f64, Goal::AtMost(0.0)),
    ])
}
