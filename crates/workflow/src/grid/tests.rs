//! A small region from its file to its product, stopped and resumed, on one thread and two.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reterra_io::cf::read_field;

use super::restart::read_restart;
use super::*;
use crate::engine::{Engine, Interrupt, OnStale, Progress, Request, Run};

/// Twelve cells in the western Alps, four tiles, two of them with one row.
const WORKFLOW: &str = r#"version = 1
name = "small"
seed = 5
[domain]
kind = "grid"
resolution = 0.5
region = { south = -4.4, north = -2.9, west = -7.5, east = -5.5 }
tile = 2
[forcing]
cycle_years = 1
[period]
start = "2001-01"
end = "2002-06"
[spinup]
max_cycles = 4
[product]
variables = ["GPP", "TOTVEGC"]
"#;

struct Bench(tempfile::TempDir);

impl Bench {
    fn new() -> Self {
        let bench = Self(tempfile::tempdir().unwrap());
        fs::write(bench.path("small.toml"), WORKFLOW).unwrap();
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn open(&self, out: &str) -> Run<GridWorkflow> {
        let request =
            Request { file: self.path("small.toml"), out: Some(self.path(out)), ..Request::default() };
        Run::requested(&request, &[]).unwrap()
    }

    fn run(&self, out: &str, interrupt: &Interrupt) -> Result<Vec<&'static str>, crate::WorkflowError> {
        let (run, stages, progress) = (self.open(out), stages(), Progress::silent());
        Ok(Engine::new(&run, &stages, interrupt, &progress).run(OnStale::Refuse, None)?.ran)
    }

    /// Tiles with a note in a stage's checkpoint.
    fn tiles_done(&self, out: &str, stage: &str) -> usize {
        let checkpoints = fs::read_dir(self.path(out).join(stage).join(".checkpoint"));
        let files = checkpoints.into_iter().flatten().flatten().flat_map(|d| fs::read_dir(d.path()).unwrap());
        files.flatten().filter(|f| f.path().extension().is_some_and(|e| e == "json")).count()
    }

    fn stop_after_first_tile(
        &self,
        out: &str,
        stage: &str,
    ) -> Result<Vec<&'static str>, crate::WorkflowError> {
        let interrupt = Interrupt::new();
        let ended = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while self.tiles_done(out, stage) == 0 && !ended.load(Ordering::SeqCst) {
                    std::thread::sleep(Duration::from_micros(200));
                }
                interrupt.request();
            });
            let result = self.run(out, &interrupt);
            ended.store(true, Ordering::SeqCst);
            result
        })
    }

    /// Every result, but for times.
    fn results(&self, out: &str) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        for stage in ["domain", "spinup", "simulate"] {
            for entry in fs::read_dir(self.path(out).join(stage)).unwrap() {
                let path = entry.unwrap().path();
                if path.file_name().is_none_or(|name| name != "timing.json") {
                    let inside = path.strip_prefix(self.path(out)).unwrap().to_owned();
                    found.push((inside, fs::read(path).unwrap()));
                }
            }
        }
        found.sort();
        found
    }
}

fn values(path: &Path, name: &str) -> Vec<f64> {
    read_field(path, name).unwrap().data().iter().copied().collect()
}

#[test]
fn a_region_runs_to_its_product_and_a_run_that_was_stopped_ends_alike() {
    let bench = Bench::new();
    assert_eq!(bench.run("whole", &Interrupt::new()).unwrap(), ["domain", "spinup", "simulate"]);
    let whole = bench.path("whole");
    let land = values(&whole.join("domain/surface.nc"), "land_fraction");
    let gpp = read_field(&whole.join("simulate/monthly.nc"), "GPP").unwrap();
    assert_eq!(gpp.data().shape(), [18, 3, 4]);
    for (cell, land) in land.iter().enumerate() {
        let value = gpp.data()[[6, cell / 4, cell % 4]];
        assert_eq!(value.is_nan(), *land < 0.5, "cell {cell}: {value}");
    }
    assert!(gpp.data().iter().filter(|v| v.is_finite()).any(|v| *v > 1e-5), "July's forests grow");
    let ends = read_restart(&whole.join("simulate/tile_00000.nc")).unwrap();
    assert!(!ends.is_empty() && ends.iter().all(|end| end.months == 18));

    // One thread, stopped after the first tile of each long stage.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    pool.install(|| {
        for stage in ["spinup", "simulate"] {
            let error = bench.stop_after_first_tile("stopped", stage).unwrap_err();
            assert!(matches!(error, crate::WorkflowError::Interrupted { .. }), "{error}");
            assert_eq!(bench.tiles_done("stopped", stage), 1);
        }
        assert_eq!(bench.run("stopped", &Interrupt::new()).unwrap(), ["simulate"]);
    });
    let (expected, found) = (bench.results("whole"), bench.results("stopped"));
    assert_eq!(expected.len(), found.len());
    for ((name, a), (_, b)) in expected.iter().zip(&found) {
        assert!(a == b, "{} differs", name.display());
    }
}
