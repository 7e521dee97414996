//! The checksums of everything that a run wrote, to compare runs byte by byte.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use reterra_io::sha256_file;

use crate::ValidationError;

/// Files that say when or by whom, not what: they differ between equal runs.
const APART: [&str; 3] = ["timing.json", "lock", "run.json"];

/// SHA-256 of every file below a run directory, by relative path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    files: BTreeMap<PathBuf, String>,
}

impl Tree {
    /// Reads all files below `root`, but for times and the lock.
    ///
    /// # Errors
    /// [`ValidationError::File`], and [`ValidationError::Absent`] for an empty directory: nothing compared proves
    /// nothing.
    pub fn of(root: &Path) -> Result<Tree, ValidationError> {
        let mut files = BTreeMap::new();
        let mut open = vec![root.to_owned()];
        while let Some(folder) = open.pop() {
            let entries = std::fs::read_dir(&folder).map_err(ValidationError::file("list", &folder))?;
            for entry in entries {
                let path = entry.map_err(ValidationError::file("list", &folder))?.path();
                if path.is_dir() {
                    open.push(path);
                } else if !path.file_name().is_some_and(|name| APART.iter().any(|apart| name == *apart)) {
                    let sum = sha256_file(&path).map_err(|e| ValidationError::File {
                        action: "checksum",
                        path: path.clone(),
                        source: std::io::Error::other(e),
                    })?;
                    files.insert(path.strip_prefix(root).unwrap_or(&path).to_owned(), sum);
                }
            }
        }
        if files.is_empty() {
            return Err(ValidationError::Absent { what: "any result".to_owned(), path: root.to_owned() });
        }
        Ok(Tree { files })
    }

    /// Paths that are in one only, or differ.
    #[must_use]
    pub fn differing(&self, other: &Tree) -> Vec<PathBuf> {
        let all = self.files.keys().chain(other.files.keys());
        let mut paths: Vec<PathBuf> =
            all.filter(|p| self.files.get(*p) != other.files.get(*p)).cloned().collect();
        paths.sort();
        paths.dedup();
        paths
    }
}

/// Copies a directory with all below it.
///
/// # Errors
/// [`ValidationError::File`].
pub fn copy(from: &Path, to: &Path) -> Result<(), ValidationError> {
    std::fs::create_dir_all(to).map_err(ValidationError::file("create", to))?;
    for entry in std::fs::read_dir(from).map_err(ValidationError::file("list", from))? {
        let path = entry.map_err(ValidationError::file("list", from))?.path();
        let Some(name) = path.file_name() else { continue };
        if path.is_dir() {
            copy(&path, &to.join(name))?;
        } else {
            std::fs::copy(&path, to.join(name)).map_err(ValidationError::file("copy", &path))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_a_new_and_a_lost_file_are_all_seen() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (folder.path().join("a"), folder.path().join("b"));
        std::fs::create_dir_all(a.join("stage")).unwrap();
        for name in ["same", "changed", "lost", "timing.json"] {
            std::fs::write(a.join("stage").join(name), name).unwrap();
        }
        copy(&a, &b).unwrap();
        assert_eq!(Tree::of(&a).unwrap().differing(&Tree::of(&b).unwrap()), Vec::<PathBuf>::new());
        std::fs::write(b.join("stage/changed"), "x").unwrap();
        std::fs::write(b.join("stage/new"), "").unwrap();
        std::fs::write(b.join("stage/timing.json"), "other").unwrap();
        std::fs::remove_file(b.join("stage/lost")).unwrap();
        let differing = Tree::of(&a).unwrap().differing(&Tree::of(&b).unwrap());
        assert_eq!(differing, ["stage/changed", "stage/lost", "stage/new"].map(PathBuf::from));
        std::fs::create_dir(folder.path().join("empty")).unwrap();
        assert!(Tree::of(&folder.path().join("empty")).is_err());
    }
}
