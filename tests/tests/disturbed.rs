//! Kill, Ctrl-C, a full disk, other numbers of threads: the run goes on, and the bytes are the same.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;

use reterra_tests::disturb::{Moment, Signal, stop_in_stage};
use reterra_tests::points::resume::{differing_after_kill, differing_with_threads};
use reterra_tests::program::{Program, collect};
use reterra_tests::sandbox::Sandbox;
use reterra_tests::tree::Tree;

/// One undisturbed run that everything is compared with.
fn reference(program: &Program, sandbox: &Sandbox) -> (std::path::PathBuf, Tree) {
    let reference = sandbox.file("reference");
    let arguments = sandbox.run_arguments(&reference, &["--threads", "1"]);
    program.run(&arguments).unwrap().success().unwrap();
    let tree = Tree::of(&reference).unwrap();
    (reference, tree)
}

#[test]
fn disturbed_runs_give_the_bytes_of_an_undisturbed_one() {
    let (program, sandbox) = (Program::built().unwrap(), Sandbox::new().unwrap());
    let (reference, expected) = reference(&program, &sandbox);
    assert_eq!(differing_with_threads(&program, &sandbox, &expected, 2).unwrap(), 0, "2 threads");
    let stages = program.stages(&reference).unwrap();
    for (i, (stage, _)) in stages.iter().enumerate() {
        // Early in one stage, late in the next.
        let moment = Moment { stage, share: if i % 2 == 0 { 0.1 } else { 0.7 } };
        let differing = differing_after_kill(&program, &sandbox, (&reference, &expected), moment).unwrap();
        assert_eq!(differing, 0, "killed in {stage}");
    }
    interrupted(&program, &sandbox, (&reference, &expected));
}

#[test]
fn a_disturbed_gridded_run_gives_the_bytes_of_an_undisturbed_one() {
    let (program, sandbox) = (Program::built().unwrap(), Sandbox::of_grid().unwrap());
    let (reference, expected) = reference(&program, &sandbox);
    assert_eq!(differing_with_threads(&program, &sandbox, &expected, 2).unwrap(), 0, "2 threads");
    for (stage, share) in [("domain", 0.5), ("spinup", 0.2), ("spinup", 0.8), ("simulate", 0.4)] {
        let moment = Moment { stage, share };
        let differing = differing_after_kill(&program, &sandbox, (&reference, &expected), moment).unwrap();
        assert_eq!(differing, 0, "killed in {stage}");
    }
}

/// Ctrl-C ends with 130, and the run goes on.
fn interrupted(program: &Program, sandbox: &Sandbox, (reference, expected): (&Path, &Tree)) {
    let out = sandbox.file("interrupted");
    let moment = Moment { stage: "calibrate", share: 0.3 };
    let code = stop_in_stage(program, sandbox, (reference, &out), moment, Signal::Interrupt).unwrap();
    assert_eq!(code, Some(130));
    program.run(&["resume".as_ref(), out.as_os_str()]).unwrap().success().unwrap();
    assert_eq!(Tree::of(&out).unwrap().differing(expected), Vec::<std::path::PathBuf>::new());
}

/// A disk that is too small for the results, made large enough later. Runs in a mount namespace of its own: the disk
/// is gone with the shell. Prints both exit codes.
const SMALL_DISK: &str = r#"
set -u
mkdir -p "$DISK" && mount -t tmpfs -o size=$SIZE none "$DISK" || exit 9
"$PROGRAM" run "$WORKFLOW" --out "$DISK/run" >&2; echo "full: $?"
mount -o remount,size=64m "$DISK" || exit 9
"$PROGRAM" resume "$DISK/run" >&2; echo "freed: $?"
cp -r "$DISK/run" "$COPY"
"#;

/// Too small for the first results, and just too small for the product, which another library writes.
#[test]
fn a_run_on_a_full_disk_stops_with_advice_and_goes_on_when_there_is_room() {
    let (program, sandbox) = (Program::built().unwrap(), Sandbox::new().unwrap());
    let (reference, expected) = reference(&program, &sandbox);
    let up_to_product: u64 = ["", "spinup", "calibrate", "assimilate", "baselines", "product"]
        .iter()
        .map(|stage| pages(&reference.join(stage)))
        .sum();
    for (name, pages) in [("first", 12), ("product", up_to_product - 4)] {
        let copy = sandbox.file(&format!("freed-{name}"));
        let mut shell = Command::new("unshare");
        shell.args(["--user", "--map-root-user", "--mount", "bash", "-c", SMALL_DISK]);
        shell.env("DISK", sandbox.file("disk")).env("COPY", &copy).env("PROGRAM", program.path());
        shell.env("WORKFLOW", sandbox.file("tiny.toml")).env("SIZE", format!("{}k", 4 * pages));
        let said = match collect(&mut shell) {
            Ok(said) if said.code == Some(0) => said,
            Ok(said) => return println!("skipped: no small disk can be mounted here: {}", said.err),
            Err(e) => return println!("skipped: no small disk can be mounted here: {e}"),
        };
        assert_eq!(said.out, "full: 1\nfreed: 0\n", "{name}: {}", said.err);
        assert!(said.err.contains("the disk is full"), "{name}: {}", said.err);
        assert!(said.err.contains("free space"), "{name}: {}", said.err);
        let differing = Tree::of(&copy).unwrap().differing(&expected);
        assert_eq!(differing, Vec::<std::path::PathBuf>::new(), "after a full disk: {name}");
    }
}

/// Memory pages of 4 KiB that the files of a folder take.
fn pages(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).unwrap().flatten().filter(|entry| entry.path().is_file());
    files.map(|file| file.metadata().unwrap().len().div_ceil(4096)).sum()
}
