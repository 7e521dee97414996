//! One process at a time in a run directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::Path;

use crate::WorkflowError;

/// Name of the lock file. Its presence means nothing; the operating system's lock on it does.
pub(super) const LOCK: &str = "lock";

/// Holds the lock until dropped. A killed process loses it, so there are no stale locks.
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    pub fn take(directory: &Path) -> Result<Lock, WorkflowError> {
        let path = directory.join(LOCK);
        let mut options = OpenOptions::new();
        let opened = options.read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = opened.map_err(WorkflowError::io("open the lock file", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(WorkflowError::Locked {
                    directory: directory.to_owned(),
                    pid: holder(&mut file),
                });
            }
            Err(TryLockError::Error(e)) => return Err(WorkflowError::io("lock", &path)(e)),
        }
        file.set_len(0).map_err(WorkflowError::io("write", &path))?;
        file.write_all(std::process::id().to_string().as_bytes())
            .map_err(WorkflowError::io("write", &path))?;
        Ok(Lock { _file: file })
    }
}

/// Whether a directory has a lock file.
pub(crate) fn has_lock(directory: &Path) -> bool {
    directory.join(LOCK).exists()
}

/// The process that works in a run directory now, if one does.
#[must_use]
pub fn running_process(directory: &Path) -> Option<String> {
    let mut file = File::open(directory.join(LOCK)).ok()?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Some(holder(&mut file)),
        _ => None,
    }
}

fn holder(file: &mut File) -> String {
    let mut pid = String::new();
    let read = file.read_to_string(&mut pid).is_ok();
    if read && !pid.trim().is_empty() { pid.trim().to_owned() } else { "unknown".to_owned() }
}
