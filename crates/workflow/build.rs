//! Names the code by what it says: two hashes over the workspace's sources, one for the stages that compute, one for
//! the report. Comments and tests don't count, so that only code that could change a result makes results stale.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// Folders whose code computes results, relative to the workspace.
const SCIENCE: [&str; 8] = [
    "crates/statistics/src",
    "crates/fields/src",
    "crates/io/src",
    "crates/land/src",
    "crates/domain/src",
    "crates/emulators/src",
    "assimilation/src",
    "crates/workflow/src",
];
/// Folders whose code shows them.
const REPORT: [&str; 2] = ["crates/report/src", "crates/workflow/src/stages/report"];
/// Parts of the science folders that no result depends on.
const APART: [&str; 4] = ["stages/report", "stages/report.rs", "engine", "campaign"];

fn main() -> io::Result<()> {
    let here = PathBuf::from(env("CARGO_MANIFEST_DIR")?);
    // A package that is built away from its workspace has no neighbours to name.
    let workspace = here.join("../..");
    for (name, folders) in [("RETERRA_SCIENCE", &SCIENCE[..]), ("RETERRA_REPORT", &REPORT[..])] {
        println!("cargo::rustc-env={name}={}", hash(&workspace, folders)?);
    }
    Ok(())
}

fn env(name: &str) -> io::Result<String> {
    std::env::var(name).map_err(|e| io::Error::other(format!("{name}: {e}")))
}

/// The first 16 hexadecimal digits of a hash over all files.
fn hash(workspace: &Path, folders: &[&str]) -> io::Result<String> {
    let mut digest = Sha256::new();
    for folder in folders {
        let path = workspace.join(folder);
        println!("cargo::rerun-if-changed={}", path.display());
        let mut files = Vec::new();
        if path.is_dir() {
            list(&path, &mut files)?;
        }
        files.sort();
        for file in files {
            let name = file.strip_prefix(&path).map_err(io::Error::other)?;
            if folder.ends_with("workflow/src") && APART.iter().any(|part| name.starts_with(part)) {
                continue;
            }
            digest.update(name.to_string_lossy().as_bytes());
            digest.update(code(&fs::read_to_string(&file)?));
        }
    }
    let first = digest.finalize().iter().take(8).fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    Ok(format!("{first:016x}"))
}

/// Rust files below a folder, tests apart.
fn list(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, files)?;
        } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("tests.rs") {
            files.push(path);
        }
    }
    Ok(())
}

/// A file's lines without comments of their own, up to the module of its tests.
fn code(text: &str) -> String {
    let tests = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    let lines = text[..tests].lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with("//")).collect::<Vec<_>>().join("\n")
}
