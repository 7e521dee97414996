//! Bad input: the error says what, where and what to do, and leaves nothing that passes for a result.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

use reterra_tests::program::Program;
use reterra_tests::sandbox::{NORMALS, STATIONS, Sandbox, WORKFLOW};

/// One edit of a file of the sandbox, and what has to be said about it.
struct Case {
    what: &'static str,
    file: &'static str,
    edit: fn(&str) -> String,
    code: i32,
    said: &'static [&'static str],
}

/// Replaces the value of a column in one line (from 1) of a table.
fn set(table: &str, line: usize, column: &str, value: &str) -> String {
    let header: Vec<&str> = table.lines().next().unwrap().split(',').collect();
    let position = header.iter().position(|name| *name == column).unwrap();
    let edited = table.lines().enumerate().map(|(i, text)| {
        let mut cells: Vec<&str> = text.split(',').collect();
        if i + 1 == line {
            cells[position] = value;
        }
        cells.join(",") + "\n"
    });
    edited.collect()
}

/// Cuts a text in the middle of its last line but one.
fn cut(text: &str) -> String {
    let end = text.trim_end().rfind('\n').unwrap();
    let before = text[..end].rfind('\n').unwrap();
    text[..before + (end - before) / 2].to_owned()
}

const CASES: &[Case] = &[
    Case {
        what: "a misspelt key",
        file: WORKFLOW,
        edit: |t| t.replace("cycle_years", "cycle_yeras"),
        code: 2,
        said: &["tiny.toml:", "unknown key `cycle_yeras`", "did you mean `cycle_years`?"],
    },
    Case {
        what: "a misspelt parameter",
        file: WORKFLOW,
        edit: |t| t.replace("\"medlynslope\"", "\"medlynslop\""),
        code: 2,
        said: &["tiny.toml:", "medlynslop", "did you mean `medlynslope`?"],
    },
    Case {
        what: "text where a number belongs",
        file: WORKFLOW,
        edit: |t| t.replacen("members = 8", "members = \"many\"", 1),
        code: 2,
        said: &["tiny.toml:", "calibrate.members"],
    },
    Case {
        what: "a unit that GPP doesn't have",
        file: WORKFLOW,
        edit: |t| t.replacen("unit = \"gC m-2 d-1\"", "unit = \"mm d-1\"", 1),
        code: 2,
        said: &["tiny.toml:", "observations.error.GPP.unit", "mm d-1", "gC m-2 d-1"],
    },
    Case {
        what: "a file that isn't there",
        file: WORKFLOW,
        edit: |t| t.replace("site_normals.csv", "site_norms.csv"),
        code: 2,
        said: &["tiny.toml:", "forcing.file", "site_norms.csv", "looked for", "--data"],
    },
    Case {
        what: "a station that isn't in the table",
        file: WORKFLOW,
        edit: |t| t.replace("\"AT-Neu\"", "\"AT-New\""),
        code: 1,
        said: &["AT-New", "stations.csv", "AT-Neu"],
    },
    Case {
        what: "a truncated table of stations",
        file: STATIONS,
        edit: cut,
        code: 1,
        said: &["stations.csv, line 3", "truncated"],
    },
    Case {
        what: "truncated normals",
        file: NORMALS,
        edit: cut,
        code: 1,
        said: &["site_normals.csv, line 36", "truncated"],
    },
    Case {
        what: "a station that ends early",
        file: NORMALS,
        edit: |t| t.lines().take(30).flat_map(|line| [line, "\n"]).collect(),
        code: 1,
        said: &["site_normals.csv", "months of normals", "give all 12"],
    },
    Case {
        what: "a table without rows",
        file: NORMALS,
        edit: |t| t.lines().next().unwrap().to_owned(),
        code: 1,
        said: &["site_normals.csv", "no data"],
    },
    Case {
        what: "a station without soil data",
        file: STATIONS,
        edit: |t| set(&set(t, 2, "sand", ""), 2, "clay", ""),
        code: 1,
        said: &["FI-Hyy", "soil texture", "sand", "exclude"],
    },
    Case {
        what: "more sand than soil",
        file: STATIONS,
        edit: |t| set(t, 2, "sand", "130"),
        code: 1,
        said: &["stations.csv, line 2", "sand", "130"],
    },
    Case {
        what: "an unknown land cover",
        file: STATIONS,
        edit: |t| set(t, 3, "igbp", "XYZ"),
        code: 1,
        said: &["stations.csv, line 3", "igbp", "XYZ"],
    },
    Case {
        what: "NaN in the forcing",
        file: NORMALS,
        edit: |t| set(t, 5, "ssrd_MJ_m2_d", "NaN"),
        code: 1,
        said: &["site_normals.csv, line 5", "ssrd_MJ_m2_d"],
    },
    Case {
        what: "a gap in the forcing",
        file: NORMALS,
        edit: |t| set(t, 5, "vpd_hPa", ""),
        code: 1,
        said: &["site_normals.csv, line 5", "vpd_hPa", "fill the gap"],
    },
    Case {
        what: "negative precipitation",
        file: NORMALS,
        edit: |t| set(t, 4, "precip_mm_d", "-2.5"),
        code: 1,
        said: &["site_normals.csv, line 4", "precip_mm_d", "-2.5", "impossible"],
    },
    Case {
        what: "400 degrees Celsius",
        file: NORMALS,
        edit: |t| set(t, 7, "tmax_degC", "400"),
        code: 1,
        said: &["site_normals.csv, line 7", "tmax_degC", "400", "impossible"],
    },
    Case {
        what: "minimum and maximum swapped",
        file: NORMALS,
        edit: |t| t.replace("tmin_degC,tmax_degC", "tmax_degC,tmin_degC"),
        code: 1,
        said: &["site_normals.csv, line 2", "tmin_degC", "swapped"],
    },
    Case {
        what: "a word for a number",
        file: NORMALS,
        edit: |t| set(t, 6, "gpp_gC_m2_d", "n.a"),
        code: 1,
        said: &["site_normals.csv, line 6", "gpp_gC_m2_d", "n.a", "not a number"],
    },
    Case {
        what: "a column that is missing",
        file: NORMALS,
        edit: |t| t.replace("vpd_hPa", "humidity"),
        code: 1,
        said: &["site_normals.csv", "vpd_hPa", "missing"],
    },
];

/// What is wrong with how a case is refused; empty where all is well.
fn check(program: &Program, case: &Case) -> Vec<String> {
    let sandbox = Sandbox::new().unwrap();
    let good = sandbox.text(case.file).unwrap();
    let bad = (case.edit)(&good);
    assert_ne!(good, bad, "{}: the edit changes nothing", case.what);
    sandbox.write(case.file, &bad).unwrap();
    let said = sandbox.run(program).unwrap();
    let mut wrong: Vec<String> = case
        .said
        .iter()
        .filter(|part| !said.err.contains(*part))
        .map(|part| format!("no `{part}`"))
        .collect();
    let conditions = [
        (said.code == Some(case.code), "another exit code"),
        (said.err.contains("error: ") && !said.err.contains("panicked"), "no plain error"),
        (said.out.is_empty(), "results are named"),
        (!any_done(&sandbox), "a stage passes for done"),
    ];
    wrong.extend(conditions.iter().filter(|(good, _)| !good).map(|(_, text)| (*text).to_owned()));
    if !wrong.is_empty() {
        wrong.push(format!("exit code {:?}\n{}", said.code, said.err));
    }
    wrong
}

fn any_done(sandbox: &Sandbox) -> bool {
    let stages = std::fs::read_dir(sandbox.out()).into_iter().flatten().flatten();
    stages.into_iter().any(|stage| stage.path().join("stage.json").exists())
}

#[test]
fn every_bad_input_is_told_with_its_place_and_a_way_out() {
    let program = Program::built().unwrap();
    let checked = CASES.iter().map(|case| (case.what, check(&program, case)));
    let wrong: Vec<String> =
        checked.filter(|(_, w)| !w.is_empty()).map(|(what, w)| format!("{what}: {}", w.join(", "))).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_mended_input_runs_in_the_directory_where_the_bad_one_failed() {
    let (program, sandbox) = (Program::built().unwrap(), Sandbox::new().unwrap());
    let good = sandbox.text(NORMALS).unwrap();
    sandbox.write(NORMALS, &set(&good, 4, "precip_mm_d", "-2.5")).unwrap();
    assert_eq!(sandbox.run(&program).unwrap().code, Some(1));
    sandbox.write(NORMALS, &good).unwrap();
    let arguments = sandbox.run_arguments(&sandbox.out(), &["--until", "spinup"]);
    program.run(&arguments).unwrap().success().unwrap();
    assert!(any_done(&sandbox));
}

#[test]
fn a_damaged_result_is_seen_and_made_again() {
    let (program, sandbox) = (Program::built().unwrap(), Sandbox::new().unwrap());
    let arguments = sandbox.run_arguments(&sandbox.out(), &["--until", "spinup"]);
    program.run(&arguments).unwrap().success().unwrap();
    let result = sandbox.out().join("spinup/spinup.json");
    let before = std::fs::read(&result).unwrap();
    std::fs::write(&result, &before[..before.len() / 2]).unwrap();
    let again = program.run(&arguments).unwrap().success().unwrap();
    assert!(again.err.contains("corrupt"), "{}", again.err);
    assert!(std::fs::read(&result).unwrap() == before);
}
