//! The product of an invented run, read back.

use ndarray::Ix2;
use reterra_io::cf::{inspect, read_field};

use super::*;
use crate::stages::fixture::{Bench, FAILED_EVERYWHERE};

#[test]
fn product_holds_mean_spread_flags_and_observations() {
    let bench = Bench::of_series();
    let file = bench.run_until("product").join(FILE);
    let read =
        |name: &str| read_field(&file, name).unwrap().data().clone().into_dimensionality::<Ix2>().unwrap();
    let ensemble = EnsembleOutput::read(&bench.directory().join("assimilate/assimilated.bundle")).unwrap();
    let (mean, sd, flag) = (read("GPP"), read("GPP_sd"), read("GPP_flag"));
    let members = statistics::survivors(ensemble.members("GPP", 0, 5).unwrap());
    let expected = Moments::of(&members);
    approx::assert_relative_eq!(mean[[0, 5]], expected.mean, max_relative = 1e-6);
    approx::assert_relative_eq!(sd[[0, 5]], expected.sd, max_relative = 1e-6);
    let inside =
        members.iter().filter(|v| (read("GPP_p05")[[0, 5]]..=read("GPP_p95")[[0, 5]]).contains(*v)).count();
    assert!(inside < members.len() && 2 * inside > members.len(), "{inside} of {}", members.len());
    // Months 0 to 23 are assimilated, 24 to 35 withheld; LAI has neither at the end; the last station has failed.
    assert_eq!((flag[[0, 3]], flag[[0, 30]], read("LAI_flag")[[0, 30]]), (1.0, 2.0, 0.0));
    assert_eq!((flag[[FAILED_EVERYWHERE, 3]], mean[[FAILED_EVERYWHERE, 3]].is_nan()), (3.0, true));
    assert!(read("GPP_observed")[[0, 3]].is_finite() && read("GPP_observed")[[0, 30]].is_nan());
    assert_eq!(read_mean(&file, Variable::Biomass).unwrap().dim(), (3, 36));
    let history = inspect(&file).unwrap().attributes.into_iter().find(|(n, _)| n == "history").unwrap().1;
    assert!(history.starts_with("reterra ") && history.ends_with("assimilate, product"), "{history}");
}

#[test]
fn members_are_written_where_the_workflow_wants_them() {
    let bench = Bench::of_normals();
    let file = bench.run_until("product").join(FILE);
    let field = read_field(&file, "TWS_member").unwrap();
    assert_eq!((field.dims()[0].as_str(), field.data().shape()[1..].to_vec()), ("member", vec![3, 24]));
}
