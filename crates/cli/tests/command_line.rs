//! The binary from outside: exit codes, what it says, and `inspect`.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::Command;

struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

fn reterra(directory: &Path, arguments: &[&str]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reterra"));
    let output = command.args(arguments).current_dir(directory).output().unwrap();
    Said {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Runs a command that must fail with this code and say all of these.
fn check_refusal(directory: &Path, arguments: &[&str], code: i32, expected: &[&str]) {
    let said = reterra(directory, arguments);
    assert_eq!(said.code, Some(code), "{arguments:?}\n{}", said.err);
    for part in expected {
        assert!(said.err.contains(part), "{arguments:?}: expected `{part}` in\n{}", said.err);
    }
}

#[test]
fn version_is_the_packages() {
    let said = reterra(Path::new("."), &["--version"]);
    assert_eq!(
        (said.code, said.out.as_str()),
        (Some(0), concat!("reterra ", env!("CARGO_PKG_VERSION"), "\n"))
    );
}

#[test]
fn bad_commands_and_workflows_exit_with_two_and_help() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    check_refusal(here, &["staus"], 2, &["staus", "status"]);
    check_refusal(
        here,
        &["run", "none.toml"],
        2,
        &["error: cannot read the workflow file none.toml", "because"],
    );
    fs::write(here.join("bad.toml"), "version = 1\nnmae = \"x\"\n").unwrap();
    let expected = ["error: bad.toml:2: unknown key `nmae`", "help: did you mean `name`?"];
    check_refusal(here, &["run", "bad.toml"], 2, &expected);
    check_refusal(here, &["plan", "bad.toml"], 2, &expected);
    assert!(!here.join("out").exists(), "a refused workflow writes nothing");
}

#[test]
fn commands_without_a_run_say_how_to_get_one() {
    let directory = tempfile::tempdir().unwrap();
    for verb in ["status", "resume", "validate", "report"] {
        check_refusal(directory.path(), &[verb], 2, &["error: there is no run here", "help: start one"]);
        check_refusal(directory.path(), &[verb, "nowhere"], 2, &["nowhere holds no reterra run"]);
    }
    for name in ["a", "b"] {
        fs::create_dir_all(directory.path().join("out").join(name)).unwrap();
        fs::write(directory.path().join("out").join(name).join("run.json"), "{}").unwrap();
    }
    check_refusal(directory.path(), &["status"], 2, &["several runs", "out/a, out/b"]);
}

#[test]
fn inspect_tells_files_apart() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let array = ndarray::ArrayD::from_shape_vec(vec![2, 2], vec![1.0, 2.0, 3.0, 6.0]).unwrap();
    let arrays = [("pools".to_owned(), array)].into_iter().collect();
    reterra_io::write_bundle(&here.join("a.bundle"), &arrays, &serde_json::json!({ "unit": "gC m-2" }))
        .unwrap();
    let said = reterra(here, &["inspect", "a.bundle"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    for part in ["pools", "2 x 2", "3.000000e0", "gC m-2"] {
        assert!(said.out.contains(part), "{}", said.out);
    }
    let table = "id,latitude,longitude,igbp\nFI-Hyy,61.8474,24.2948,ENF\n";
    fs::write(here.join("stations.csv"), table).unwrap();
    let said = reterra(here, &["inspect", "stations.csv"]);
    assert!(said.out.contains("1 stations") && said.out.contains("61.8474"), "{}{}", said.out, said.err);
    fs::write(here.join("letter.txt"), "Dear Sir").unwrap();
    check_refusal(here, &["inspect", "letter.txt"], 1, &["no NetCDF file, bundle or CSV", "help:"]);
    check_refusal(here, &["inspect", "nothing.nc"], 1, &["nothing.nc"]);
    let mut bytes = fs::read(here.join("a.bundle")).unwrap();
    bytes.truncate(bytes.len() - 5);
    fs::write(here.join("cut.bundle"), bytes).unwrap();
    check_refusal(here, &["inspect", "cut.bundle"], 1, &["cut.bundle"]);
}
