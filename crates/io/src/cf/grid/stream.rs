//! The thread that writes a gridded file, and the bounded channel to it.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use netcdf::{Extents, FileMut, Options};

use super::define::define;
use super::{GridFile, Part};
use crate::cf::quiet;
use crate::cf::write::{FILL_SINGLE, netcdf_error};
use crate::{IoError, atomic};

enum Message {
    Part(Part),
    Finish,
}

/// Writes a gridded file from any number of threads: [`GridWriter::put`] hands parts over and waits where the writer is
/// behind by more than its capacity.
///
/// The file appears under its name when [`GridWriter::finish`] returns; a writer that is dropped before leaves nothing.
#[derive(Debug)]
pub struct GridWriter {
    path: PathBuf,
    layout: GridFile,
    sender: SyncSender<Message>,
    thread: JoinHandle<Result<(), IoError>>,
}

impl GridWriter {
    /// Starts a file; at most `capacity` parts wait to be written.
    ///
    /// # Errors
    /// [`IoError::File`] where no thread can be started; what is wrong with the file comes with the first
    /// [`Self::finish`].
    pub fn create(path: &Path, layout: GridFile, capacity: usize) -> Result<Self, IoError> {
        let (sender, receiver) = sync_channel(capacity);
        let (target, parts) = (path.to_owned(), layout.clone());
        let thread = std::thread::Builder::new()
            .name("netcdf-writer".to_owned())
            .spawn(move || write(&target, &parts, &receiver))
            .map_err(|e| IoError::file(path, "start a thread that writes", e))?;
        Ok(Self { path: path.to_owned(), layout, sender, thread })
    }

    /// Hands over a part; waits while the channel is full.
    ///
    /// # Errors
    /// [`IoError::Product`] for a part that doesn't fit the file, [`IoError::WriterStopped`] where the writer has given
    /// up, for which [`Self::finish`] tells why.
    pub fn put(&self, part: Part) -> Result<(), IoError> {
        self.check(&part)?;
        let stopped = |_| IoError::WriterStopped { path: self.path.clone() };
        self.sender.send(Message::Part(part)).map_err(stopped)
    }

    /// Waits for the last part and puts the file in its place; its size in bytes.
    ///
    /// # Errors
    /// What stopped the writer; a full disk is told apart.
    pub fn finish(self) -> Result<u64, IoError> {
        // Where the writer has stopped, joining it says why.
        let _ = self.sender.send(Message::Finish);
        let ended = self.thread.join();
        ended.unwrap_or_else(|_| Err(IoError::WriterStopped { path: self.path.clone() }))?;
        let meta = std::fs::metadata(&self.path).map_err(|e| IoError::file(&self.path, "read", e))?;
        Ok(meta.len())
    }

    fn check(&self, part: &Part) -> Result<(), IoError> {
        let misfit = |variable: &str, dimension: &str, expected: usize, found: usize| IoError::Product {
            variable: variable.to_owned(),
            dimension: dimension.to_owned(),
            expected,
            found,
        };
        let variables = &self.layout.variables;
        let Some(variable) = variables.get(part.variable) else {
            return Err(misfit("", "variables", variables.len(), part.variable));
        };
        if variable.dims.len() != part.at.len() {
            return Err(misfit(&variable.name, "dimensions", variable.dims.len(), part.at.len()));
        }
        for (name, range) in variable.dims.iter().zip(&part.at) {
            let size = self.layout.size(name).unwrap_or(0);
            if range.is_empty() || range.end > size {
                return Err(misfit(&variable.name, name, size, range.end));
            }
        }
        let expected: usize = part.at.iter().map(ExactSizeIterator::len).product();
        if expected == part.values.len() {
            Ok(())
        } else {
            Err(misfit(&variable.name, "values", expected, part.values.len()))
        }
    }
}

/// What the thread does.
fn write(path: &Path, layout: &GridFile, parts: &Receiver<Message>) -> Result<(), IoError> {
    atomic::publish(path, |partial| {
        let failed = |action: String| move |source| netcdf_error(path, partial, action, source);
        quiet::hdf5();
        let mut file = netcdf::create_with(partial, Options::NETCDF4).map_err(failed("create".to_owned()))?;
        define(&mut file, layout).map_err(failed("describe".to_owned()))?;
        loop {
            match parts.recv() {
                Ok(Message::Part(part)) => {
                    let name = layout.variables.get(part.variable).map_or("", |v| &v.name);
                    put(&mut file, name, part).map_err(failed(format!("write variable `{name}` of")))?;
                }
                Ok(Message::Finish) => break,
                Err(_) => return Err(IoError::WriterStopped { path: path.to_owned() }),
            }
        }
        file.close().map_err(failed("finish".to_owned()))
    })
}

fn put(file: &mut FileMut, name: &str, mut part: Part) -> Result<(), netcdf::Error> {
    let missing = || netcdf::Error::NotFound(name.to_owned());
    let mut target = file.variable_mut(name).ok_or_else(missing)?;
    for value in part.values.iter_mut().filter(|value| value.is_nan()) {
        *value = FILL_SINGLE;
    }
    target.put_values(&part.values, Extents::from(part.at))
}
