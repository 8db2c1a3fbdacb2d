//! The master keys of one service: the newest seals, the older ones only open. They lie in the storage directory as `key`,
//! `key.1`, `key.2`, …, newest first, each 64 hexadecimal digits that their owner alone may read; or they are given, newest
//! first, separated by commas, and then no file is read or made.

use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::error::SealError;
use super::secret::{Secret, hex};

/// The newest key's file; older ones have a number after it.
const FILE: &str = "key";
/// Keys that one service may have at a time; a rotation needs two.
const MOST: usize = 16;
/// Bytes of a key's public number.
const ID: usize = 4;

/// The master keys.
#[derive(Debug)]
pub struct Keyring {
    newest: Secret,
    older: Vec<Secret>,
    made: Option<PathBuf>,
}

/// A secret under a master key: the key's public number of 4 bytes, then the sealed secret.
pub type Wrapped = Vec<u8>;

impl Keyring {
    /// Takes the given keys; else those of the storage directory, and makes the first one where there is none.
    pub fn open(storage: &Path, given: Option<&str>) -> Result<Self, SealError> {
        match given {
            Some(keys) => Self::given(keys),
            None => Self::stored(storage),
        }
    }

    fn given(keys: &str) -> Result<Self, SealError> {
        let origin = || SealError::BadKey { origin: "FIRSTLINE_KEY".to_owned() };
        let mut keys = keys.split(',').map(|key| Secret::from_hex(key.trim()).ok_or_else(origin));
        let newest = keys.next().ok_or_else(origin)??;
        Ok(Self { newest, older: keys.collect::<Result<_, _>>()?, made: None })
    }

    fn stored(storage: &Path) -> Result<Self, SealError> {
        let path = storage.join(FILE);
        let (newest, made) = match read(&path)? {
            Some(key) => (key, None),
            None => make(&path)?,
        };
        let older = (1..MOST).map_while(|number| read(&older(storage, number)).transpose());
        Ok(Self { newest, older: older.collect::<Result<_, _>>()?, made })
    }

    /// The file of a key that was made just now: whoever runs the service must be told to keep it.
    pub fn made(&self) -> Option<&Path> {
        self.made.as_deref()
    }

    /// The key that seals from now on.
    pub fn newest(&self) -> &Secret {
        &self.newest
    }

    /// The key of the longest standing.
    pub fn oldest(&self) -> &Secret {
        self.older.last().unwrap_or(&self.newest)
    }

    /// Puts a secret under the newest master key, bound to a place.
    pub fn wrap(&self, place: &[u8], secret: &Secret) -> Result<Wrapped, SealError> {
        let sealed = wrapper(&self.newest).cipher().seal(place, secret.bytes());
        let sealed = sealed.ok_or(SealError::Foreign)?;
        Ok([id(&self.newest).as_slice(), &sealed].concat())
    }

    /// Takes a secret out again, whichever of the master keys it is under.
    pub fn unwrap(&self, place: &[u8], wrapped: &[u8]) -> Result<Secret, SealError> {
        let (number, sealed) = wrapped.split_first_chunk::<ID>().ok_or(SealError::Foreign)?;
        let mut keys = std::iter::once(&self.newest).chain(&self.older);
        let key = keys.find(|key| id(key) == *number).ok_or_else(|| SealError::UnknownMaster {
            id: hex(number),
            known: 1 + self.older.len(),
        })?;
        let opened = wrapper(key).cipher().open(place, sealed).ok_or(SealError::Foreign)?;
        Secret::from_bytes(&opened).ok_or(SealError::Foreign)
    }

    /// Whether a secret is under the newest master key.
    pub fn is_newest(&self, wrapped: &[u8]) -> bool {
        wrapped.starts_with(&id(&self.newest))
    }
}

/// What tells master keys apart without telling anything about them.
fn id(key: &Secret) -> [u8; ID] {
    let [a, b, c, d, ..] = key.sign(&[b"id v1"]);
    [a, b, c, d]
}

fn wrapper(key: &Secret) -> Secret {
    key.derive("wrap v1")
}

fn older(storage: &Path, number: usize) -> PathBuf {
    storage.join(format!("{FILE}.{number}"))
}

/// Puts a new master key in front of those of the storage directory; each of them becomes one older.
pub fn rotate(storage: &Path) -> Result<PathBuf, SealError> {
    let newest = storage.join(FILE);
    let count = (1..MOST).take_while(|number| older(storage, *number).exists()).count();
    for number in (1..=count).rev() {
        rename(&older(storage, number), &older(storage, number + 1))?;
    }
    if newest.exists() {
        rename(&newest, &older(storage, 1))?;
    }
    make(&newest)?;
    Ok(newest)
}

fn rename(from: &Path, to: &Path) -> Result<(), SealError> {
    fs::rename(from, to).map_err(|error| SealError::file(from, error))
}

fn read(path: &Path) -> Result<Option<Secret>, SealError> {
    match fs::read_to_string(path) {
        Ok(text) => Secret::from_hex(text.trim())
            .map(Some)
            .ok_or_else(|| SealError::BadKey { origin: path.display().to_string() }),
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(SealError::file(path, error)),
    }
}

fn make(path: &Path) -> Result<(Secret, Option<PathBuf>), SealError> {
    let key = Secret::random();
    if write_new(path, &hex(key.bytes())).map_err(|error| SealError::file(path, error))? {
        return Ok((key, Some(path.to_owned())));
    }
    // Somebody else made it in this very moment.
    let theirs = read(path)?;
    let origin = || SealError::BadKey { origin: path.display().to_string() };
    theirs.map(|key| (key, None)).ok_or_else(origin)
}

/// Whether the file is ours; an existing one is left alone.
fn write_new(path: &Path, text: &str) -> io::Result<bool> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let opened = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match opened {
        Ok(mut file) => {
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            Ok(true)
        }
        Err(there) if there.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}
