//! Point 1: the main job from nothing, its time and its memory.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::program::Program;
use crate::record::{Goal, Record};
use crate::{ValidationError, places};

/// Ten minutes on two cores.
const SECONDS: f64 = 600.0;
/// No figure was asked for; a small virtual machine has this much to spare.
const MEBIBYTES: f64 = 2048.0;
const PAUSE: Duration = Duration::from_millis(20);

/// Seconds and peak memory of `workflows/european-stations.toml` into an empty directory.
///
/// # Errors
/// Where the program doesn't build or the run fails.
pub fn measure() -> Result<Vec<Record>, ValidationError> {
    let program = Program::built()?;
    let folder = tempfile::tempdir().map_err(ValidationError::file("create", &std::env::temp_dir()))?;
    let workflow = places::workflow("european-stations.toml");
    let out = folder.path().join("run");
    let arguments = ["run".as_ref(), workflow.as_os_str(), "--out".as_ref(), out.as_os_str()];
    let (seconds, peak) = seconds_and_peak(&program, &arguments)?;
    Ok(vec![
        Record::new("reanalysis-1-seconds", seconds, Goal::AtMost(SECONDS), "s"),
        Record::new("reanalysis-1-peak-memory", peak, Goal::AtMost(MEBIBYTES), "MiB"),
    ])
}

/// Runs a command of the program; its wall time and its peak resident memory, MiB.
///
/// # Errors
/// Where it can't be started or fails.
pub fn seconds_and_peak(program: &Program, arguments: &[&OsStr]) -> Result<(f64, f64), ValidationError> {
    let start = Instant::now();
    let mut command = program.command(arguments);
    let mut child =
        command.stdout(Stdio::null()).spawn().map_err(ValidationError::file("start", program.path()))?;
    let (code, peak) = watch(&mut child, program.path())?;
    if code == Some(0) {
        return Ok((start.elapsed().as_secs_f64(), peak));
    }
    let words: Vec<_> = arguments.iter().map(|word| word.to_string_lossy()).collect();
    let command = format!("reterra {}", words.join(" "));
    Err(ValidationError::Command { command, code, err: "its last words are above".to_owned() })
}

/// Waits for the end; exit code and largest resident memory seen, MiB (NaN where the system doesn't tell).
pub(super) fn watch(child: &mut Child, program: &Path) -> Result<(Option<i32>, f64), ValidationError> {
    let mut peak = f64::NAN;
    loop {
        peak = resident_peak(child.id()).map_or(peak, |now| now.max(peak));
        if let Some(status) = child.try_wait().map_err(ValidationError::file("wait for", program))? {
            return Ok((status.code(), peak));
        }
        std::thread::sleep(PAUSE);
    }
}

/// `VmHWM` of a process, MiB; Linux only, and only while it runs.
fn resident_peak(process: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<f64>().ok().map(|kibibytes| kibibytes / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_of_a_process_is_what_it_touched() {
        let Some(before) = resident_peak(std::process::id()) else {
            println!("skipped: this system has no /proc");
            return;
        };
        let touched = std::hint::black_box(vec![1_u8; 64 << 20]);
        let after = resident_peak(std::process::id()).unwrap();
        assert!(after >= 64.0 && after >= before, "{before} {after} {}", touched.len());
    }
}
