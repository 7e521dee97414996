//! Files that are either there whole or not there: written beside their place, synced, then renamed.
//!
//! The temporary name is fixed (`.NAME.partial`), so that what a killed run left is overwritten by the next; a
//! path has one writer at a time. After the rename the directory is synced too, so that a power cut keeps
//! either the old or the new file.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::IoError;

/// Writes a file through `write` and puts it in its place.
///
/// # Errors
/// The path with what the operating system said; a full disk is told apart. The old file, if any, stays.
pub fn write_atomic(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), IoError> {
    publish(path, |partial| {
        let mut file = File::create(partial).map_err(|e| IoError::file(path, "create", e))?;
        write(&mut file).map_err(|e| IoError::file(path, "write", e))
    })
}

/// Puts these bytes in the file's place.
///
/// # Errors
/// As [`write_atomic`].
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), IoError> {
    write_atomic(path, |file| file.write_all(bytes))
}

/// Lets `write` make a file at a temporary path, then puts it in its place.
pub(crate) fn publish(path: &Path, write: impl FnOnce(&Path) -> Result<(), IoError>) -> Result<(), IoError> {
    let partial = Partial(partial_path(path)?);
    write(&partial.0)?;
    sync(&partial.0).map_err(|e| IoError::file(path, "write", e))?;
    fs::rename(&partial.0, path).map_err(|e| IoError::file(path, "write", e))?;
    sync(directory(path)).map_err(|e| IoError::file(path, "write the directory of", e))
}

/// Removes the temporary file unless it has been renamed.
struct Partial(PathBuf);

impl Drop for Partial {
    fn drop(&mut self) {
        // After the rename there is nothing to remove, and after a failure nothing more to say.
        let _ = fs::remove_file(&self.0);
    }
}

fn partial_path(path: &Path) -> Result<PathBuf, IoError> {
    let no_name = || IoError::file(path, "write", io::Error::from(io::ErrorKind::InvalidFilename));
    let mut name = OsString::from(".");
    name.push(path.file_name().ok_or_else(no_name)?);
    name.push(".partial");
    Ok(path.with_file_name(name))
}

fn directory(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_leaves_nothing_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.txt");
        replace(&path, b"old").unwrap();
        replace(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_failed_write_keeps_the_old_file_and_names_the_path() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.txt");
        replace(&path, b"old").unwrap();
        let failed = write_atomic(&path, |file| {
            file.write_all(b"ne")?;
            Err(io::Error::from(io::ErrorKind::StorageFull))
        });
        let error = failed.unwrap_err();
        assert!(matches!(error, IoError::DiskFull { .. }));
        assert!(error.to_string().contains("a.txt") && error.to_string().contains("disk is full"));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    /// `/dev/full` refuses every write as a full disk does.
    #[test]
    #[cfg(target_os = "linux")]
    fn the_systems_own_full_disk_error_is_recognised() {
        let dir = tempfile::tempdir().unwrap();
        let full = |_: &mut File| File::options().write(true).open("/dev/full")?.write_all(b"x");
        let error = write_atomic(&dir.path().join("a"), full).unwrap_err();
        assert!(matches!(error, IoError::DiskFull { .. }), "{error}");
    }

    #[test]
    fn a_missing_directory_is_an_error_with_the_path() {
        let dir = tempfile::tempdir().unwrap();
        let error = replace(&dir.path().join("no/such/file"), b"x").unwrap_err().to_string();
        assert!(error.contains("no/such/file"), "{error}");
        assert!(replace(Path::new("/"), b"x").is_err());
    }
}
