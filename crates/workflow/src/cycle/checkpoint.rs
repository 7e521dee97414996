//! Checkpoints: what every member carries, by rank, and a marker that makes them count.
//!
//! ```text
//! DIRECTORY/month-000012/members-0000-0032.columns-000000-000024.nc     one file a rank, with its members
//!                        complete.json                                  written last, by rank 0, with all checksums
//!           pass-000002/                                                the same after a pass of the smoother
//! ```
//!
//! A folder without its marker is what a killed run left, and counts for nothing. Files say which members and columns they
//! hold, so another number of ranks can go on from them.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use reterra_assimilation::inflation::belief::Belief;
use reterra_io::atomic;
use reterra_io::checksum::{sha256_bytes, sha256_file};
use reterra_io::columns::{Layout, read_columns, write_columns};
use serde::{Deserialize, Serialize};

use super::engine::{MemberOf, Setting};
use super::failure::{everyone, remade};
use super::inflation::Inflated;
use super::shared::Shared;
use super::{Checkpoints, CycleError, Cycles, Member, Model, Report, Stored};

const MARKER: &str = "complete.json";
/// Complete checkpoints that stay: the last one, and one to go back to should that be damaged.
const KEPT: usize = 2;

/// Where a run is, in the order in which it gets there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum At {
    /// So many passes of the smoother are done, and members spun up for the next.
    Pass(usize),
    /// So many months of the filter are done.
    Month(usize),
}

impl At {
    fn folder(self) -> String {
        match self {
            Self::Pass(passes) => format!("pass-{passes:06}"),
            Self::Month(months) => format!("month-{months:06}"),
        }
    }

    /// What the folder of a checkpoint is called; none for other folders.
    fn of(folder: &str) -> Option<Self> {
        let (kind, number) = folder.split_once('-')?;
        let number = number.parse().ok()?;
        match kind {
            "pass" => Some(Self::Pass(number)),
            "month" => Some(Self::Month(number)),
            _ => None,
        }
    }
}

/// What is written last.
#[derive(Debug, Serialize, Deserialize)]
struct Marker {
    /// Checksum of what the run was asked for.
    run: String,
    /// Passes of the smoother that are done.
    passes: usize,
    months: usize,
    shared: Option<Shared>,
    /// Of all columns, column by column.
    inflation: Option<Vec<Belief>>,
    report: Report,
    parts: Vec<Part>,
}

/// A file of members.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Part {
    members: Range<usize>,
    columns: Range<usize>,
    file: String,
    sha256: String,
}

/// A complete checkpoint.
pub(super) struct Found {
    folder: PathBuf,
    marker: Marker,
}

/// Writes a checkpoint where one is due, and deletes the one before the last.
pub(super) fn save_if_due<M: Model>(cycles: &Cycles<'_, M>) -> Result<(), CycleError> {
    let Some(checkpoints) = cycles.setting.checkpoints else { return Ok(()) };
    let last = cycles.month == cycles.setting.options.months;
    if !last && !cycles.month.is_multiple_of(checkpoints.every.max(1)) {
        return Ok(());
    }
    save(cycles, checkpoints, At::Month(cycles.month))
}

/// Writes one after a pass of the smoother, however many months lie between others: a pass is a whole run.
pub(super) fn save_pass<M: Model>(cycles: &Cycles<'_, M>) -> Result<(), CycleError> {
    let Some(checkpoints) = cycles.setting.checkpoints else { return Ok(()) };
    save(cycles, checkpoints, At::Pass(cycles.smoothed))
}

fn save<M: Model>(cycles: &Cycles<'_, M>, checkpoints: &Checkpoints, at: At) -> Result<(), CycleError> {
    let setting = &cycles.setting;
    let folder = checkpoints.directory.join(at.folder());
    fs::create_dir_all(&folder).map_err(directory("create", &folder))?;
    let own = part(setting, &folder, &cycles.members)?;
    // Everybody's files are in their places when everybody's checksums are here.
    let parts: Vec<Part> = everyone(setting.ranks, &[own])?;
    let inflation = cycles.inflation.as_ref().map(|inflation| inflation.everywhere(setting)).transpose()?;
    if setting.ranks.rank() == 0 {
        let marker = Marker {
            run: run(setting, checkpoints)?,
            passes: cycles.smoothed,
            months: cycles.month,
            shared: cycles.shared.clone(),
            inflation,
            report: cycles.report.clone(),
            parts,
        };
        let json = serde_json::to_vec(&marker).map_err(CycleError::Message)?;
        atomic::replace(&folder.join(MARKER), &json)?;
        forget_but(&checkpoints.directory, KEPT)?;
    }
    Ok(setting.ranks.wait()?)
}

fn part<M: Model>(
    setting: &Setting<'_, M>,
    folder: &Path,
    members: &[MemberOf<M>],
) -> Result<Part, CycleError> {
    let (own, columns) = (setting.share.members.clone(), setting.share.columns.clone());
    let file =
        format!("members-{:04}-{:04}.columns-{:06}-{:06}.nc", own.start, own.end, columns.start, columns.end);
    let path = folder.join(&file);
    let stored: Vec<&Stored<M::State>> = members.iter().map(|member| &member.stored).collect();
    let attributes = [("title", "Members of an ensemble assimilation between two months")];
    write_columns(&path, &stored, Layout { dimensions: &[], attributes: &attributes })?;
    Ok(Part { members: own, columns, file, sha256: sha256_file(&path)? })
}

/// The last complete checkpoint, the same on every rank.
pub(super) fn last<M: Model>(setting: &Setting<'_, M>) -> Result<Option<Found>, CycleError> {
    let Some(checkpoints) = setting.checkpoints else { return Ok(None) };
    // What rank 0 sees counts, so that all go on from the same.
    let own: Vec<At> = if setting.ranks.rank() == 0 { complete(&checkpoints.directory)? } else { Vec::new() };
    let Some(at) = everyone(setting.ranks, &own)?.pop() else { return Ok(None) };
    let folder = checkpoints.directory.join(at.folder());
    let path = folder.join(MARKER);
    let json = fs::read(&path).map_err(directory("read", &path))?;
    let damaged = |e: serde_json::Error| CycleError::Damaged { path: path.clone(), what: e.to_string() };
    let marker: Marker = serde_json::from_slice(&json).map_err(damaged)?;
    if marker.run != run(setting, checkpoints)? {
        return Err(CycleError::OtherRun { directory: checkpoints.directory.clone() });
    }
    Ok(Some(Found { folder, marker }))
}

impl Found {
    /// A run that goes on from here.
    pub fn resume<M: Model>(self, setting: Setting<'_, M>) -> Result<Cycles<'_, M>, CycleError> {
        let own = setting.share.clone();
        let mut stored: Vec<Stored<M::State>> = Vec::new();
        let meets = |a: &Range<usize>, b: &Range<usize>| a.start.max(b.start) < a.end.min(b.end);
        let parts = self.marker.parts.iter();
        for part in parts.filter(|p| meets(&p.members, &own.members) && meets(&p.columns, &own.columns)) {
            let path = self.folder.join(&part.file);
            if sha256_file(&path)? != part.sha256 {
                let what = "it doesn't have its checksum".to_owned();
                return Err(CycleError::Damaged { path, what });
            }
            let all = read_columns::<Stored<M::State>>(&path)?;
            stored.extend(all.into_iter().filter(|s| {
                own.members.contains(&(s.member as usize)) && own.columns.contains(&(s.column as usize))
            }));
        }
        stored.sort_by_key(|s| (s.column, s.member));
        let found = stored.iter().map(|s| (s.column as usize, s.member as usize));
        if !found.eq(setting.own()) {
            let what = "members are missing from its files".to_owned();
            return Err(CycleError::Damaged { path: self.folder.join(MARKER), what });
        }
        let member =
            |stored: Stored<M::State>| Ok(Member { column: remade(setting.model, &stored)?, stored });
        let members = stored.into_iter().map(member).collect::<Result<_, CycleError>>()?;
        let Marker { passes, months, shared, inflation, report, .. } = self.marker;
        let learnt = setting.options.inflation.zip(inflation);
        let resumed = learnt.map(|(options, beliefs)| Inflated::resumed(&setting, options, &beliefs));
        let inflation = resumed.transpose()?;
        let smoothed = passes;
        Ok(Cycles { setting, members, shared, inflation, report, pass: None, smoothed, month: months })
    }
}

/// Checksum of what decides the result of a run, but for how long it is and who computes it.
fn run<M: Model>(setting: &Setting<'_, M>, checkpoints: &Checkpoints) -> Result<String, CycleError> {
    let options = setting.options;
    let filter = format!("{:?}", options.filter);
    let asked = (
        (&checkpoints.model, options.members, options.seed),
        (filter, &options.kinds, options.sharing, options.smoother),
        (options.inflation, &options.control),
        setting.observations,
    );
    Ok(sha256_bytes(&serde_json::to_vec(&asked).map_err(CycleError::Message)?))
}

/// Checkpoints whose folders are there, complete or not, in their order.
fn begun(directory: &Path) -> Result<Vec<At>, CycleError> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(self::directory("list", directory)(e)),
    };
    let mut all: Vec<At> =
        entries.flatten().filter_map(|entry| At::of(entry.file_name().to_str()?)).collect();
    all.sort_unstable();
    Ok(all)
}

/// The complete ones, in their order.
fn complete(directory: &Path) -> Result<Vec<At>, CycleError> {
    let mut all = begun(directory)?;
    all.retain(|at| directory.join(at.folder()).join(MARKER).exists());
    Ok(all)
}

/// Deletes what is older than the last complete checkpoints: markers first, so that none is ever complete and half gone.
fn forget_but(directory: &Path, last: usize) -> Result<(), CycleError> {
    let complete = complete(directory)?;
    let Some(oldest) = complete.len().checked_sub(last).map(|first| complete[first]) else { return Ok(()) };
    for at in begun(directory)?.into_iter().filter(|at| *at < oldest) {
        let folder = directory.join(at.folder());
        if complete.contains(&at) {
            fs::remove_file(folder.join(MARKER)).map_err(self::directory("delete", &folder))?;
        }
        fs::remove_dir_all(&folder).map_err(self::directory("delete", &folder))?;
    }
    Ok(())
}

fn directory<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(std::io::Error) -> CycleError + 'a {
    move |source| CycleError::Directory { action, path: path.to_owned(), source }
}
