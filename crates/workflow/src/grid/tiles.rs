//! Tiles as files: each is done when its note is there, written last.

use std::fs;
use std::path::{Path, PathBuf};

use reterra_fields::Window;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::WorkflowError;
use crate::config::grid::GridWorkflow;
use crate::engine::{Context, StageError};
use crate::results::{read_json, write_json};

/// A tile with its files' place.
pub(super) struct Tile<'a> {
    /// Its cells.
    pub window: &'a Window,
    number: usize,
    directory: PathBuf,
}

impl Tile<'_> {
    /// Its file of a kind, `tile_00012.nc`.
    pub fn file(&self, extension: &str) -> PathBuf {
        self.directory.join(name(self.number, extension))
    }
}

/// Name of a tile's file.
pub(super) fn name(number: usize, extension: &str) -> String {
    format!("tile_{number:05}.{extension}")
}

/// Runs `work` for every tile that has no note yet; what it gives is the note. Returns all notes in order.
pub(super) fn each<N: Serialize + DeserializeOwned>(
    context: &Context<'_, GridWorkflow>,
    work: impl Fn(&Tile<'_>) -> Result<N, StageError>,
) -> Result<Vec<N>, StageError> {
    let directory = context.checkpoint_dir()?;
    let tiles = context.workflow().domain.tiles();
    let mut notes = Vec::with_capacity(tiles.len());
    for (number, window) in tiles.iter().enumerate() {
        context.check_interrupt()?;
        let tile = Tile { window, number, directory: directory.clone() };
        let path = tile.file("json");
        if !path.exists() {
            write_json(&path, &work(&tile)?)?;
        }
        notes.push(read_json(&path)?);
        context.progress("tiles", number as u64 + 1, tiles.len() as u64);
    }
    Ok(notes)
}

/// Gives a tile's file of the checkpoint a place among the stage's results, without moving it: a stage that is killed
/// here finds it again.
pub(super) fn publish(context: &Context<'_, GridWorkflow>, file: &str) -> Result<(), StageError> {
    let (from, to) = (context.checkpoint_dir()?.join(file), context.directory().join(file));
    if to.exists() {
        fs::remove_file(&to).map_err(WorkflowError::io("delete", &to))?;
    }
    // Some file systems have no hard links.
    fs::hard_link(&from, &to).or_else(|_| copy(&from, &to))?;
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<(), StageError> {
    let bytes = fs::read(from).map_err(WorkflowError::io("read", from))?;
    Ok(reterra_io::replace(to, &bytes)?)
}
