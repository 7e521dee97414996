//! `reterra emulate` on a small table: what it learns, that it repeats itself, and what it refuses.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::path::Path;

use reterra_tests::program::{Program, Said};
use serde_json::Value;
use tempfile::TempDir;

/// Rows of a smooth model of two inputs with a third column that is neither; from a sequence of low discrepancy.
fn runs(first: u32, rows: u32) -> String {
    let mut text = "a,site,b,y,z\n".to_owned();
    for i in first..first + rows {
        let (a, b) = ((f64::from(i) * 0.754_877_666).fract(), (f64::from(i) * 0.569_840_291).fract());
        let (y, z) = ((3.0 * a).sin() + b * b, 5.0 + a * b);
        writeln!(text, "{a},S{},{b},{y},{z}", i % 7).unwrap();
    }
    text
}

struct Table {
    folder: TempDir,
    program: Program,
}

impl Table {
    fn new() -> Self {
        let table = Self { folder: tempfile::tempdir().unwrap(), program: Program::built().unwrap() };
        table.write("train.csv", &runs(1, 42));
        table.write("new.csv", &runs(43, 30));
        table
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// Runs `reterra emulate`; words that begin with @ are files of the folder.
    fn emulate(&self, words: &str) -> Said {
        let word =
            |word: &str| word.strip_prefix('@').map_or_else(|| word.to_owned(), |name| self.path(name));
        let words: Vec<String> = std::iter::once("emulate").chain(words.split(' ')).map(word).collect();
        self.program.run(&words).unwrap()
    }

    fn fitted() -> Self {
        let table = Self::new();
        let words = "fit @train.csv --outputs y,z --blocks site --seed 3 -o @model.json";
        let said = table.emulate(words).success().unwrap();
        assert!(said.out.starts_with("inputs: a, b\n"), "{}", said.out);
        assert!(said.out.contains("\ny\n") && said.out.contains("left out in 5 folds"), "{}", said.out);
        table
    }
}

fn text(path: &str) -> String {
    std::fs::read_to_string(Path::new(path)).unwrap()
}

#[test]
fn what_was_fitted_predicts_new_runs_and_the_same_bits_twice() {
    let table = Table::fitted();
    let again = "fit @train.csv --inputs a,b --outputs y,z --blocks site --seed 3 -o @again.json";
    table.emulate(again).success().unwrap();
    assert!(text(&table.path("model.json")) == text(&table.path("again.json")));

    table.emulate("predict @model.json @new.csv -o @predicted.csv").success().unwrap();
    let printed = table.emulate("predict @again.json @new.csv").success().unwrap().out;
    assert!(printed == text(&table.path("predicted.csv")));
    let mut lines = printed.lines();
    assert_eq!(lines.next(), Some("y,y_sd,z,z_sd"));
    let numbers = |line: &str| line.split(',').map(|c| c.parse::<f64>().unwrap()).collect::<Vec<_>>();
    let truth: Vec<Vec<f64>> =
        runs(43, 30).lines().skip(1).map(|l| numbers(l.splitn(4, ',').last().unwrap())).collect();
    let found: Vec<Vec<f64>> = lines.map(numbers).collect();
    assert_eq!(found.len(), truth.len());
    for (found, truth) in found.iter().zip(&truth) {
        assert!((found[0] - truth[0]).abs() < 0.1 && (found[2] - truth[1]).abs() < 0.1);
        assert!(found[1] > 0.0 && found[3] > 0.0);
    }
}

#[test]
fn scores_are_of_rows_that_the_fit_has_not_seen() {
    let table = Table::fitted();
    table.write("both.csv", &runs(33, 40));
    let json = table.emulate("validate @model.json @both.csv --json").success().unwrap().out;
    let found: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((found["rows"].as_u64(), found["rows_seen_by_fit"].as_u64()), (Some(30), Some(10)));
    for output in found["outputs"].as_array().unwrap() {
        let score = |name: &str| output["scores"][name].as_f64().unwrap();
        assert!(score("r2") > 0.98 && score("r2") < 1.0, "{json}");
        assert!(score("crps") > 0.0 && score("crps") < score("rmse") && score("coverage") > 0.5, "{json}");
    }
    let told = table.emulate("validate @model.json @new.csv").success().unwrap().out;
    assert!(told.starts_with("30 rows\noutput"), "{told}");
    let said = table.emulate("validate @model.json @train.csv");
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("train.csv") && said.err.contains("have not seen"), "{}", said.err);
}

#[test]
fn bad_tables_are_told_with_their_place_and_write_nothing() {
    let table = Table::fitted();
    table.write("without.csv", &runs(43, 5).replace("site,b", "site,c"));
    table.write("gap.csv", "a,b\n0.5,0.5\n0.1,\n");
    table.write("number.csv", "a,b\n0.5,0.5\n0.1,n.a\n");
    table.write("broken.json", &text(&table.path("model.json"))[..500]);
    table.write("flat.csv", "a,y\n1,2\n2,2\n3,2\n4,2\n5,2\n6,2\n");
    let cases = [
        ("predict @model.json @without.csv -o @out", "without.csv: column `b` is missing", 1),
        ("predict @model.json @gap.csv -o @out", "gap.csv, line 3, column `b`: no value", 1),
        (
            "predict @model.json @number.csv -o @out",
            "number.csv, line 3, column `b`: `n.a` is not a number",
            1,
        ),
        ("predict @broken.json @new.csv -o @out", "broken.json holds no emulators", 1),
        ("predict @absent.json @new.csv -o @out", "cannot read", 1),
        ("validate @model.json @gap.csv", "gap.csv, line 3", 1),
        ("fit @train.csv --outputs y -o @out", "train.csv, line 2, column `site`: `S1` is not a number", 1),
        ("fit @train.csv --inputs a,b --outputs w -o @out", "train.csv: column `w` is missing", 1),
        ("fit @train.csv --inputs a,b --outputs b -o @out", "column `b` is named twice", 2),
        ("fit @flat.csv --outputs y -o @out", "output `y` is the same in all rows", 2),
        ("fit @gap.csv --outputs b --seed 1 -o @out", "gap.csv, line 3", 1),
        ("fit @train.csv -o @out", "--inputs", 2),
    ];
    for (words, part, code) in cases {
        let said = table.emulate(words);
        assert!(said.err.contains(part) && !said.err.contains("panicked"), "{words}: {}", said.err);
        assert_eq!(said.code, Some(code), "{words}");
        assert!(said.out.is_empty() && !Path::new(&table.path("out")).exists(), "{words}");
    }
}
