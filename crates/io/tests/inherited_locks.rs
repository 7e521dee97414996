//! Files for other processes, while this one starts others. Alone in its process: what is started inherits the locks of all
//! files that are being written.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

use std::process::{Child, Command};

use reterra_io::run_files::{read_variables, write_scalars};

#[test]
fn files_can_be_read_at_once_while_processes_start() {
    let folder = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let start = |_| Command::new("sleep").arg("0.2").spawn().unwrap();
                let children: Vec<Child> = (0..300).map(start).collect();
                for mut child in children {
                    child.wait().unwrap();
                }
            });
        }
        for k in 0..150 {
            let path = folder.path().join(format!("{k}.nc"));
            write_scalars(&path, "parameters", &[("x".to_owned(), f64::from(k))]).unwrap();
            assert_eq!(read_variables(&path, &["x"]).unwrap(), [[f64::from(k)]], "file {k}");
        }
    });
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 150, "nothing else is left");
}
