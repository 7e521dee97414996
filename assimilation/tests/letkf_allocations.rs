//! The local filter's loop allocates nothing: what an analysis allocates doesn't grow with its columns.

#![allow(clippy::unwrap_used, reason = "a test")]

use allocation_counter::measure;
use ndarray::Axis;
use reterra_assimilation::letkf::waves::{FORGETTING, RADIUS, Waves};
use reterra_assimilation::letkf::{Columns, Letkf};
use reterra_assimilation::localisation::{Locality, Metric, Network, ObservationSet, Taper};

/// Allocations of an analysis of waves on a square grid, on this thread.
fn allocations(edge: usize) -> u64 {
    let waves = Waves { nx: edge, ny: edge, members: 20 };
    let (mut e, observed) = (waves.prior(), waves.observed());
    let locality = Locality::new(Metric::Plane, Taper::GaspariCohn, RADIUS).unwrap();
    let network = Network {
        places: &observed.places,
        slices: None,
        values: &observed.values,
        variances: &observed.variances,
    };
    let set = ObservationSet::new(&locality, &network, observed.predicted(e.view()).view()).unwrap();
    let filter = Letkf::new(locality).with_forgetting(FORGETTING).unwrap();
    let columns = Columns::uniform(waves.places(), 1);
    let state = e.view_mut().insert_axis(Axis(1));
    measure(|| {
        filter.analyse(&set, &columns, state).unwrap();
    })
    .count_total
}

#[test]
fn ten_times_the_columns_allocate_no_more_than_their_largest_block() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build().unwrap();
    let (few, many) = pool.install(|| (allocations(28), allocations(88)));
    // 784 and 7,744 columns, both in one task. Larger blocks let the workspace's vectors grow once more each.
    assert!(few > 0 && many < few + 40, "{few} and {many} allocations");
}
