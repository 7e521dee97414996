//! `reterra emulate` on NetCDF tables: what it makes of CSV, to the bit, and what it refuses.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use reterra_tests::program::{Program, Said};
use tempfile::TempDir;

/// Runs of a smooth model of two inputs, with a station each; from a sequence of low discrepancy.
struct Runs {
    a: Vec<f64>,
    b: Vec<f64>,
    y: Vec<f64>,
    site: Vec<String>,
}

impl Runs {
    fn new(first: u32, rows: u32) -> Self {
        let at = |step: f64| (first..first + rows).map(move |i| (f64::from(i) * step).fract());
        let (a, b): (Vec<f64>, Vec<f64>) = (at(0.754_877_666).collect(), at(0.569_840_291).collect());
        let y = a.iter().zip(&b).map(|(a, b)| (3.0 * a).sin() + b * b).collect();
        let site = (first..first + rows).map(|i| format!("S{}", i % 7)).collect();
        Self { a, b, y, site }
    }

    fn csv(&self) -> String {
        let mut text = "a,b,y,site\n".to_owned();
        for i in 0..self.a.len() {
            writeln!(text, "{},{},{},{}", self.a[i], self.b[i], self.y[i], self.site[i]).unwrap();
        }
        text
    }

    /// With a coordinate of records and a map, which are no columns.
    fn write(&self, path: &Path) {
        let mut file = netcdf::create(path).unwrap();
        for (name, size) in [("run", self.a.len()), ("lat", 3)] {
            file.add_dimension(name, size).unwrap();
        }
        let numbers: Vec<i32> = (0..).take(self.a.len()).collect();
        file.add_variable::<i32>("run", &["run"]).unwrap().put_values(&numbers, ..).unwrap();
        for (name, values) in [("a", &self.a), ("b", &self.b), ("y", &self.y)] {
            file.add_variable::<f64>(name, &["run"]).unwrap().put_values(values, ..).unwrap();
        }
        file.add_variable::<f64>("map", &["run", "lat"]).unwrap();
        let mut site = file.add_string_variable("site", &["run"]).unwrap();
        self.site.iter().enumerate().for_each(|(i, text)| site.put_string(text, i).unwrap());
        file.close().unwrap();
    }
}

struct Tables {
    folder: TempDir,
    program: Program,
}

impl Tables {
    /// The same runs as CSV and as NetCDF, and the emulators that are fitted to each.
    fn fitted() -> Self {
        let tables = Self { folder: tempfile::tempdir().unwrap(), program: Program::built().unwrap() };
        for (name, runs) in [("train", Runs::new(1, 42)), ("new", Runs::new(43, 20))] {
            std::fs::write(tables.path(&format!("{name}.csv")), runs.csv()).unwrap();
            runs.write(&tables.path(&format!("{name}.nc")));
        }
        for kind in ["csv", "nc"] {
            let words = format!("fit @train.{kind} --outputs y --blocks site --seed 3 -o @{kind}.json");
            let said = tables.emulate(&words).success().unwrap();
            assert!(said.out.starts_with("inputs: a, b\n"), "{}", said.out);
        }
        tables
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Runs `reterra emulate`; words that begin with @ are files of the folder.
    fn emulate(&self, words: &str) -> Said {
        let word = |word: &str| word.strip_prefix('@').map_or_else(|| word.into(), |name| self.path(name));
        let words: Vec<PathBuf> = std::iter::once("emulate").chain(words.split(' ')).map(word).collect();
        self.program.run(&words).unwrap()
    }
}

#[test]
fn netcdf_tables_give_the_bits_of_csv_tables() {
    let tables = Tables::fitted();
    assert!(tables.text("csv.json") == tables.text("nc.json"));

    let csv = tables.emulate("predict @csv.json @new.csv").success().unwrap().out;
    assert!(csv == tables.emulate("predict @nc.json @new.nc").success().unwrap().out);
    tables.emulate("predict @nc.json @new.nc -o @predicted.nc").success().unwrap();
    let file = netcdf::open(tables.path("predicted.nc")).unwrap();
    let columns = ["y", "y_sd"].map(|name| {
        let variable = file.variable(name).unwrap();
        assert_eq!(variable.dimensions()[0].name(), "run");
        variable.get_values::<f64, _>(..).unwrap()
    });
    let lines: Vec<String> = (0..20).map(|i| format!("{},{}", columns[0][i], columns[1][i])).collect();
    assert_eq!(csv.trim_end(), format!("y,y_sd\n{}", lines.join("\n")));

    let scores = |words: &str| tables.emulate(words).success().unwrap().out;
    assert_eq!(
        scores("validate @csv.json @new.csv --json"),
        scores("validate @nc.json @new.nc --json"),
        "scores"
    );
    let said = tables.emulate("validate @nc.json @train.nc");
    assert!(said.err.contains("have not seen"), "{}", said.err);
}

#[test]
fn bad_netcdf_tables_are_told_with_their_place_and_write_nothing() {
    let tables = Tables::fitted();
    let mut gap = Runs::new(43, 5);
    gap.b[3] = f64::NAN;
    gap.write(&tables.path("gap.nc"));
    let mut file = netcdf::create(tables.path("two.nc")).unwrap();
    for name in ["run", "lat"] {
        file.add_dimension(name, 2).unwrap();
        file.add_variable::<f64>(name, &[name]).unwrap();
    }
    file.close().unwrap();
    let bytes = std::fs::read(tables.path("new.nc")).unwrap();
    std::fs::write(tables.path("half.nc"), &bytes[..bytes.len() / 2]).unwrap();
    for (words, part) in [
        ("predict @nc.json @gap.nc -o @out", "gap.nc, variable `b`, entry 3 of `run` (from 0): no value"),
        (
            "predict @nc.json @two.nc -o @out",
            "two.nc is no table of records: its variables lie along lat, run",
        ),
        ("predict @nc.json @half.nc -o @out", "half.nc"),
        ("fit @train.nc --inputs a,map --outputs y -o @out", "variable `map` has the dimensions (run, lat)"),
        ("fit @train.nc --outputs y -o @out", "variable `site` holds text"),
        ("fit @train.nc --inputs a,c --outputs y -o @out", "no variable `c`; it has: a, b, y, site"),
    ] {
        let said = tables.emulate(words);
        assert!(said.err.contains(part) && !said.err.contains("panicked"), "{words}: {}", said.err);
        assert_eq!(said.code, Some(1), "{words}");
        assert!(said.out.is_empty() && !tables.path("out").exists(), "{words}");
    }
}
