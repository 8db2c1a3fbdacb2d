//! Files of a training run, each written whole or not at all: beside its place, to the disk, then renamed.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use candle_core::safetensors::Load as _;
use candle_core::{Device, Tensor};
use safetensors::SafeTensors;

use crate::error::{Classify, Kind};

/// The state of a run that was not over: what it takes to go on as if nothing had happened.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Checkpoint {
    /// What is not numbers, in the writer's own form.
    pub note: String,
    /// Numbers by name.
    pub arrays: BTreeMap<String, Vec<f32>>,
}

/// Why a file of a run could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The system refused to write; nothing was left half-written under the file's name.
    #[error("cannot write {}: {source}", path.display())]
    Unwritable {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file is there and is no checkpoint.
    #[error("{} is not a checkpoint: {problem}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The place of the result is taken.
    #[error("{} is there already", path.display())]
    Taken {
        /// The folder.
        path: PathBuf,
    },
    /// A name that is no folder's.
    #[error("{name:?} cannot be the name of a model")]
    Name {
        /// What was given.
        name: String,
    },
}

impl Classify for StoreError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unwritable { .. } => Kind::Unavailable,
            Self::Malformed { .. } => Kind::FailedPrecondition,
            Self::Taken { .. } => Kind::AlreadyExists,
            Self::Name { .. } => Kind::InvalidArgument,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Unwritable { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                "DISK_FULL"
            }
            Self::Unwritable { .. } => "FILE_UNWRITABLE",
            Self::Malformed { .. } => "CHECKPOINT_MALFORMED",
            Self::Taken { .. } => "MODEL_EXISTS",
            Self::Name { .. } => "BAD_MODEL_NAME",
        }
    }

    fn remedy(&self) -> Cow<'static, str> {
        match self {
            Self::Unwritable { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                "Make room on the disk and run the same command again; it goes on from the last checkpoint.".into()
            }
            Self::Unwritable { .. } => {
                "Check that this user may write there, and run the same command again.".into()
            }
            Self::Malformed { .. } => "Remove the file; training starts from the beginning.".into(),
            Self::Taken { .. } => "Choose another --out, or remove that folder.".into(),
            Self::Name { .. } => {
                "Use letters, digits, dots, dashes and underscores, not starting with a dot.".into()
            }
        }
    }
}

impl StoreError {
    pub(super) fn unwritable(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        |source| Self::Unwritable { path: path.to_owned(), source }
    }
}

impl Checkpoint {
    /// Writes it under `path`, in place of an earlier one.
    pub fn write(&self, path: &Path) -> Result<(), StoreError> {
        let malformed = |problem: String| StoreError::Malformed { path: path.to_owned(), problem };
        let mut tensors = BTreeMap::new();
        for (name, numbers) in &self.arrays {
            let tensor = Tensor::from_slice(numbers, numbers.len(), &Device::Cpu);
            tensors.insert(name, tensor.map_err(|error| malformed(error.to_string()))?);
        }
        let note = HashMap::from([("note".to_owned(), self.note.clone())]);
        let bytes = safetensors::serialize(&tensors, Some(note))
            .map_err(|error| malformed(error.to_string()))?;
        write_whole(path, &bytes)
    }

    /// Reads one; `None` if there is none.
    pub fn read(path: &Path) -> Result<Option<Self>, StoreError> {
        let malformed = |problem: String| StoreError::Malformed { path: path.to_owned(), problem };
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(malformed(error.to_string())),
        };
        parse(&bytes).map(Some).map_err(malformed)
    }
}

fn parse(bytes: &[u8]) -> Result<Checkpoint, String> {
    let said = |error: candle_core::Error| error.to_string();
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| error.to_string())?;
    let note = header.metadata().as_ref().and_then(|note| note.get("note")).cloned();
    let file = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
    let mut arrays = BTreeMap::new();
    for (name, view) in file.tensors() {
        let tensor = view.load(&Device::Cpu).map_err(said)?;
        arrays.insert(name, tensor.to_vec1::<f32>().map_err(said)?);
    }
    Ok(Checkpoint { note: note.ok_or("it has no note")?, arrays })
}

/// Writes beside `path`, to the disk, and renames: a crash or a full disk leaves what was there before.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let beside = path.with_extension("part");
    let written = File::create(&beside)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        drop(fs::remove_file(&beside));
    }
    written.map_err(StoreError::unwritable(path))
}
