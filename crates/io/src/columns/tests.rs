//! Structs that come back as they were, and those that don't fit.

use serde::{Deserialize, Serialize};

use super::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Phase {
    Asleep,
    Awake { since: f64, hungry: bool },
    Eating { what: [f64; 2] },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Animal {
    weight: f64,
    phase: Phase,
    legs: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Stable {
    animals: Vec<Animal>,
    hay: [[f64; 2]; 3],
    open: bool,
    cell: u32,
}

fn stable(cell: u32, animals: &[Phase]) -> Stable {
    let animal = |(i, phase): (usize, &Phase)| Animal {
        weight: 0.1 + 1.0 / (3.0 + i as f64),
        phase: phase.clone(),
        legs: 4,
    };
    Stable {
        animals: animals.iter().enumerate().map(animal).collect(),
        hay: [[1.0, -0.0], [f64::MIN_POSITIVE, 5e-324], [1e300, 0.1 + 0.2]],
        open: cell.is_multiple_of(2),
        cell,
    }
}

fn stables() -> Vec<Stable> {
    let (asleep, awake) = (Phase::Asleep, Phase::Awake { since: 1.5, hungry: true });
    let eating = Phase::Eating { what: [0.25, -7.0] };
    vec![
        stable(7, &[asleep.clone(), awake.clone()]),
        stable(8, &[]),
        stable(9, &[eating.clone(), asleep, Phase::Awake { since: -0.0, hungry: false }]),
        stable(10, &[eating]),
        stable(11, &[awake]),
    ]
}

const LAYOUT: Layout<'_> = Layout { dimensions: &[(3, "layer")], attributes: &[("title", "stables")] };

/// Equality of floating-point numbers does not tell 0 from −0; their text does.
fn exact(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

#[test]
fn every_variant_list_and_number_comes_back_bit_for_bit() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("stables.nc");
    for columns in [stables(), stables()[1..2].to_vec(), Vec::new()] {
        write_columns(&path, &columns, LAYOUT).unwrap();
        let back: Vec<Stable> = read_columns(&path).unwrap();
        assert_eq!(exact(&back), exact(&columns));
    }
}

#[test]
fn variables_follow_the_struct() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("stables.nc");
    write_columns(&path, &stables(), LAYOUT).unwrap();
    crate::cf::quiet::hdf5();
    let file = netcdf::open(&path).unwrap();
    let sizes = |name: &str| -> Vec<usize> {
        file.variable(name).unwrap().dimensions().iter().map(netcdf::Dimension::len).collect()
    };
    assert_eq!(sizes("animals_weight"), [5, 3]);
    assert_eq!(sizes("animals_phase_Eating_what"), [5, 3, 2]);
    assert_eq!(sizes("hay"), [5, 3, 2]);
    assert_eq!(sizes("cell"), [5]);
    assert_eq!(file.variable("hay").unwrap().dimensions()[1].name(), "layer");
}

#[test]
fn what_is_no_number_is_refused_with_its_place() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("stables.nc");
    let mut columns = stables();
    columns[2].hay[1][1] = f64::NAN;
    let error = write_columns(&path, &columns, LAYOUT).unwrap_err().to_string();
    assert!(error.contains("`hay` of column 2") && error.contains("stables.nc"), "{error}");
    assert!(!path.exists());
}

#[test]
fn columns_of_another_struct_are_refused_with_what_is_missing() {
    #[derive(Debug, Deserialize)]
    struct Other {
        #[allow(dead_code, reason = "it is only asked for")]
        tractors: f64,
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("stables.nc");
    write_columns(&path, &stables(), LAYOUT).unwrap();
    let error = read_columns::<Other>(&path).unwrap_err().to_string();
    assert!(error.contains("tractors") && error.contains("stables.nc"), "{error}");
}
