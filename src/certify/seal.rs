//! Records that only the key's owner can read: ChaCha20-Poly1305, each bound to its file and its place, so that one that is
//! cut, altered, moved or another service's is named instead of read.
//!
//! A file is a head of eight bytes, then per record its length (`u32`, little-endian), a random nonce of twelve bytes, and
//! the sealed JSON with its tag.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::CertifyError;
use super::files;
use super::keys::Keys;
use crate::seal::Cipher;

const HEAD: &[u8; 8] = b"FLSEAL1\n";
/// A record beyond this is none of ours: a message has 8 KiB.
const LARGEST: usize = 1 << 20;

/// A sealed file.
#[derive(Debug)]
pub(super) struct Sealed {
    path: PathBuf,
    cipher: Cipher,
    name: String,
}

/// What a sealed file holds.
#[derive(Debug)]
pub(super) struct Contents<T> {
    pub(super) records: Vec<T>,
    /// The record inside which the file ends.
    torn: Option<usize>,
    /// Bytes of whole records, with the head.
    sound: usize,
}

impl Sealed {
    pub(super) fn new(folder: &Path, name: &str, keys: &Keys) -> Self {
        Self { path: folder.join(name), cipher: keys.cipher(), name: name.to_owned() }
    }

    /// All records, of a file that was written whole; none where there is no file.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<Vec<T>, CertifyError> {
        let contents = self.contents()?;
        match contents.torn {
            Some(record) => Err(CertifyError::Torn { path: self.path.clone(), record }),
            None => Ok(contents.records),
        }
    }

    /// The whole records of a file that grows: a process that was killed leaves a torn one at its end.
    pub(super) fn read_grown<T: DeserializeOwned>(&self) -> Result<Vec<T>, CertifyError> {
        let contents = self.contents()?;
        if let Some(record) = contents.torn {
            tracing::warn!(file = %self.path.display(), record, "a torn record at the end is left out");
        }
        Ok(contents.records)
    }

    fn contents<T: DeserializeOwned>(&self) -> Result<Contents<T>, CertifyError> {
        let foreign = |record| CertifyError::Foreign { path: self.path.clone(), record };
        let mut contents = Contents { records: Vec::new(), torn: None, sound: HEAD.len() };
        let Some(bytes) = files::read(&self.path)? else { return Ok(contents) };
        let mut rest = bytes.strip_prefix(HEAD).ok_or_else(|| foreign(0))?;
        while !rest.is_empty() {
            let place = contents.records.len() + 1;
            let Some((frame, after)) = frame(rest).map_err(|()| foreign(place))? else {
                contents.torn = Some(place);
                break;
            };
            let json = self.open(place, frame).ok_or_else(|| foreign(place))?;
            let record = serde_json::from_slice(&json).map_err(|_| foreign(place))?;
            contents.records.push(record);
            contents.sound = bytes.len() - after.len();
            rest = after;
        }
        Ok(contents)
    }

    /// Puts these records in the place of the file.
    pub(super) fn replace<T: Serialize>(&self, records: &[T]) -> Result<(), CertifyError> {
        let mut bytes = HEAD.to_vec();
        for (at, record) in records.iter().enumerate() {
            bytes.extend(self.frame(at + 1, record)?);
        }
        files::replace(&self.path, &bytes)
    }

    /// Adds records at the end, in one write. `after` is how many there are.
    pub(super) fn append<T: Serialize>(
        &self,
        after: usize,
        records: &[T],
    ) -> Result<(), CertifyError> {
        let frames: Result<Vec<Vec<u8>>, CertifyError> =
            (after + 1..).zip(records).map(|(place, record)| self.frame(place, record)).collect();
        let frames = frames?.concat();
        let write = || -> std::io::Result<()> {
            if let Some(folder) = self.path.parent() {
                fs_err::create_dir_all(folder)?;
            }
            let mut file = std::fs::OpenOptions::new()
                .append(true)
                .create(true)
                .mode(0o600)
                .open(&self.path)?;
            let head = if file.metadata()?.len() == 0 { HEAD.as_slice() } else { &[] };
            file.write_all(&[head, &frames].concat())
        };
        write().map_err(|error| CertifyError::file(&self.path, error))
    }

    /// Cuts a torn end off, so that the file can grow; how many records it holds.
    pub(super) fn mend(&self) -> Result<usize, CertifyError> {
        // They are opened and counted; what they say would be a hundred megabytes for nothing.
        let contents: Contents<serde::de::IgnoredAny> = self.contents()?;
        if contents.torn.is_some() {
            let cut = || {
                std::fs::OpenOptions::new()
                    .write(true)
                    .open(&self.path)?
                    .set_len(contents.sound as u64)
            };
            cut().map_err(|error| CertifyError::file(&self.path, error))?;
        }
        Ok(contents.records.len())
    }

    fn frame<T: Serialize>(&self, place: usize, record: &T) -> Result<Vec<u8>, CertifyError> {
        let broken = || CertifyError::Foreign { path: self.path.clone(), record: place };
        let json = serde_json::to_vec(record).map_err(|_| broken())?;
        let sealed = self.cipher.seal(&self.bound(place), &json).ok_or_else(broken)?;
        let length = u32::try_from(sealed.len()).map_err(|_| broken())?;
        Ok([&length.to_le_bytes()[..], &sealed].concat())
    }

    fn open(&self, place: usize, frame: &[u8]) -> Option<Vec<u8>> {
        self.cipher.open(&self.bound(place), frame)
    }

    /// What a record is bound to: the file's name and its place in it.
    fn bound(&self, place: usize) -> Vec<u8> {
        [self.name.as_bytes(), &(place as u64).to_le_bytes()].concat()
    }
}

/// A record's bytes and what follows.
type Frame<'b> = (&'b [u8], &'b [u8]);

/// The next record; `None` where the file ends inside it.
fn frame(bytes: &[u8]) -> Result<Option<Frame<'_>>, ()> {
    let Some((length, rest)) = bytes.split_first_chunk::<4>() else { return Ok(None) };
    let length = u32::from_le_bytes(*length) as usize;
    if length > LARGEST {
        return Err(());
    }
    Ok(rest.split_at_checked(length))
}
