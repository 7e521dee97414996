//! How much of the arithmetic of a batch's years is in vectors: this program runs itself under callgrind.

use std::fmt::Write as _;
use std::process::Command;

use super::batches::{self, Batch};
use crate::ValidationError;
use crate::arithmetic::{Executed, by_function};
use crate::program::collect;

/// The environment variable that asks this program for the years to profile and nothing else.
pub const PROFILED: &str = "RETERRA_PROFILED_YEARS";
/// The function whose instructions count; `*` stands for its path.
const COUNTED: &str = "*years_of_batches*";
/// C libraries repeat one instruction a byte to fill or copy much memory; callgrind counts every byte. Loops then.
const NO_REPETITION: &str =
    "glibc.cpu.x86_rep_stosb_threshold=1000000000:glibc.cpu.x86_rep_movsb_threshold=1000000000";
/// Batches of synthetic Europe that are profiled beside the one of a single type.
const OF_EUROPE: usize = 2;
/// Lines of the table.
const HOTTEST: usize = 10;

/// What was executed: in all, and by function, the busiest first.
pub(super) struct Vectorised {
    total: Executed,
    functions: Vec<(String, Executed)>,
}

/// Profiles; none where valgrind or objdump isn't installed.
///
/// # Errors
/// Where the profiled program fails or its profile can't be read.
pub(super) fn measure() -> Result<Option<Vectorised>, ValidationError> {
    if let Some(missing) = ["valgrind", "objdump"].into_iter().find(|program| !is_installed(program)) {
        eprintln!("land-5-vectorised-share: skipped, {missing} is not installed");
        return Ok(None);
    }
    let folder = tempfile::tempdir().map_err(ValidationError::file("create", &std::env::temp_dir()))?;
    let profile = folder.path().join("callgrind.out");
    let own = std::env::current_exe().map_err(ValidationError::file("find", folder.path()))?;
    let mut callgrind = Command::new("valgrind");
    callgrind.args(["--tool=callgrind", "--dump-instr=yes", "--dump-line=no"]);
    callgrind.args(["--compress-pos=no", "--compress-strings=no"]).arg(format!("--toggle-collect={COUNTED}"));
    callgrind.arg(format!("--callgrind-out-file={}", profile.display())).arg(own);
    collect(callgrind.env(PROFILED, "1").env("GLIBC_TUNABLES", NO_REPETITION))?.success()?;
    let functions = by_function(&profile)?;
    let mut total = Executed::default();
    for (_, executed) in &functions {
        total += *executed;
    }
    Ok(Some(Vectorised { total, functions }))
}

fn is_installed(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

/// What the profiled program does: a pass of a batch of one type, and of some of synthetic Europe.
///
/// # Errors
/// Where a column can't be made.
pub fn run_profiled() -> Result<(), ValidationError> {
    let mut profiled = vec![batches::one_type()?];
    profiled.extend(batches::europe()?.into_iter().take(OF_EUROPE));
    std::hint::black_box(years_of_batches(&profiled));
    Ok(())
}

/// A function of its own, so that making the batches doesn't count.
#[inline(never)]
fn years_of_batches(batches: &[Batch]) -> f64 {
    batches.iter().map(Batch::pass).sum()
}

impl Vectorised {
    /// Share of the arithmetic instructions that work on four columns at once.
    pub fn share(&self) -> f64 {
        self.total.wide_share()
    }

    /// The hottest functions.
    pub fn table(&self) -> String {
        let mut text = String::from(
            "| function | instructions | arithmetic, 256 bits | 128 bits | scalar | share of 256 bits |\n\
             |---|---|---|---|---|---|\n",
        );
        let rows = self.functions.iter().take(HOTTEST).map(|(name, executed)| (short(name), *executed));
        for (name, executed) in rows.chain([("all".to_owned(), self.total)]) {
            let percent = 100.0 * executed.all as f64 / self.total.all as f64;
            let Executed { wide, narrow, scalar, .. } = executed;
            let share = if executed.arithmetic() == 0 {
                "–".to_owned()
            } else {
                format!("{:.4}", executed.wide_share())
            };
            let _ = writeln!(text, "| `{name}` | {percent:.1} % | {wide} | {narrow} | {scalar} | {share} |");
        }
        text
    }
}

/// A function's name without crate and disambiguation.
fn short(name: &str) -> String {
    name.replace("reterra_land::", "")
}
