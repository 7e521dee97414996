//! The truth: the model itself for 20,000 years, kept in the work folder under a key of the model's sources and of the
//! stations' inputs.

use std::path::{Path, PathBuf};
use std::time::Instant;

use rayon::prelude::*;
use reterra_io::sha256_bytes;
use reterra_land::column::{Column, ColumnState, simulate_batch};
use reterra_land::error::LandError;
use reterra_land::forcing::WeatherSeries;
use reterra_land::lanes::{Batched, Lanes, Real, WIDTH};
use reterra_land::soil::Pool;
use serde::{Deserialize, Serialize};

use super::Station;
use crate::points::pools::{largest_difference, pools};
use crate::{ValidationError, places, read_json};

/// Years of brute force.
pub const YEARS: usize = 20_000;
/// Years over which the truth's own change is told.
pub const LAST: usize = 1_000;
/// Where truths are kept, below the validation's folder.
const FOLDER: &str = "truths";
/// Sources that the truth depends on; those of the spin-up are not among them.
const SOURCES: [&str; 2] = ["crates/land/src", "crates/statistics/src"];

/// A column after [`YEARS`] years.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Truth {
    /// What it holds, g m⁻².
    pub pools: Vec<(String, f64)>,
    /// What it held [`LAST`] years before.
    pub before: Vec<(String, f64)>,
    /// Change of its carbon in the last cycle, gC m⁻² yr⁻¹.
    pub drift: f64,
    /// Wall time of its batch over the columns in it, s.
    pub seconds: f64,
}

impl Truth {
    /// Largest change of a pool in the last [`LAST`] years, and which.
    #[must_use]
    pub fn change(&self) -> (f64, String) {
        largest_difference(&self.before, &self.pools)
    }

    /// Carbon of plants, gC m⁻².
    #[must_use]
    pub fn plants(&self) -> f64 {
        let of_soil = |name: &str| Pool::ALL.iter().any(|pool| name.starts_with(pool.name()));
        self.pools.iter().filter(|(name, _)| !of_soil(name)).map(|(_, value)| value).sum()
    }
}

/// The truth of every station, in their order: those kept from before, the others run now.
///
/// # Errors
/// Files that can't be read or written, and errors of the model.
pub fn all(stations: &[Station]) -> Result<Vec<Truth>, ValidationError> {
    let sources = sources()?;
    let files: Vec<PathBuf> = stations.iter().map(|station| file(station, &sources)).collect();
    let open: Vec<usize> = (0..stations.len()).filter(|&i| !files[i].exists()).collect();
    batches(stations, &open).par_iter().try_for_each(|batch| {
        let members: Vec<&Station> = batch.iter().map(|&i| &stations[i]).collect();
        let truths = if members.len() == 1 { run::<f64>(&members) } else { run::<Lanes>(&members) }?;
        batch.iter().zip(truths).try_for_each(|(&i, truth)| write(&files[i], &truth))
    })?;
    files.iter().map(|file| read_json(file)).collect()
}

/// Groups of stations that can run side by side.
fn batches(stations: &[Station], open: &[usize]) -> Vec<Vec<usize>> {
    let mut batches: Vec<Vec<usize>> = Vec::new();
    for &i in open {
        let fits = |batch: &&mut Vec<usize>| {
            batch.len() < WIDTH && stations[batch[0]].column.is_like(&stations[i].column)
        };
        match batches.iter_mut().find(fits) {
            Some(batch) => batch.push(i),
            None => batches.push(vec![i]),
        }
    }
    batches
}

/// Runs stations side by side; lanes without a station repeat the last one.
fn run<T: Real>(stations: &[&Station]) -> Result<Vec<Truth>, ValidationError> {
    let start = Instant::now();
    let of = |k: usize| stations[k.min(stations.len() - 1)];
    let column = Column::<T>::gather(&|k| &of(k).column);
    let mut state = ColumnState::<T>::gather(&|k| &of(k).start);
    let weather: Vec<&WeatherSeries> = (0..T::WIDTH).map(|k| &of(k).weather).collect();
    let cycle = weather[0].months() / 12;
    let failed = |k: usize, source: LandError| ValidationError::Land { station: of(k).id.clone(), source };
    let mut cycles = |years: usize| {
        for _ in 0..years / cycle {
            let outcome = simulate_batch(&column, &mut state, &weather, None, |_, _| {});
            if let Some((k, error)) =
                outcome.failures.into_iter().enumerate().find_map(|(k, e)| Some((k, e?)))
            {
                return Err(failed(k, error));
            }
        }
        Ok(state.clone())
    };
    let before = cycles(YEARS - LAST)?;
    let last_but_one = cycles(LAST - cycle)?;
    let end = cycles(cycle)?;
    let seconds = start.elapsed().as_secs_f64() / stations.len() as f64;
    let truth = |(k, station): (usize, &&Station)| {
        let carbon = |state: &ColumnState<T>| state.lane(k).total_carbon(&station.column);
        eprintln!("{}: {YEARS} years of brute force took {seconds:.0} s a column", station.id);
        Truth {
            pools: pools(&end.lane(k)),
            before: pools(&before.lane(k)),
            drift: (carbon(&end) - carbon(&last_but_one)) / cycle as f64,
            seconds,
        }
    };
    Ok(stations.iter().enumerate().map(truth).collect())
}

/// Checksums of the model's sources, the spin-up left out: it has no part in brute force.
fn sources() -> Result<String, ValidationError> {
    let mut open: Vec<PathBuf> = SOURCES.map(|folder| places::workspace().join(folder)).into();
    let mut texts = Vec::new();
    while let Some(folder) = open.pop() {
        let entries = std::fs::read_dir(&folder).map_err(ValidationError::file("list", &folder))?;
        for entry in entries {
            let path = entry.map_err(ValidationError::file("list", &folder))?.path();
            if path.is_dir() && !path.ends_with("land/src/spinup") {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let bytes = std::fs::read(&path).map_err(ValidationError::file("read", &path))?;
                texts.push((path, sha256_bytes(&bytes)));
            }
        }
    }
    texts.sort();
    Ok(texts.into_iter().map(|(_, sum)| sum).collect())
}

/// Where a station's truth is kept.
fn file(station: &Station, sources: &str) -> PathBuf {
    let inputs = format!("{sources} {YEARS} {:?} {:?} {:?}", station.column, station.start, station.weather);
    let key = sha256_bytes(inputs.as_bytes());
    places::validation().join(FOLDER).join(format!("{}-{}.json", station.id, &key[..16]))
}

fn write(path: &Path, truth: &Truth) -> Result<(), ValidationError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(ValidationError::file("create", folder))?;
    }
    let json = serde_json::to_vec_pretty(truth)
        .map_err(|source| ValidationError::Json { path: path.to_owned(), source })?;
    std::fs::write(path, json).map_err(ValidationError::file("write", path))
}
