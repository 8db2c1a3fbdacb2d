//! Files that are whole or not there: written beside their place, synced, and renamed into it. Readable by their owner.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use fs_err as fs;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::CertifyError;

/// Puts `bytes` in the place of `path`.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), CertifyError> {
    write(path, bytes).map_err(|error| CertifyError::file(path, error))
}

fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let beside = path.with_extension(format!("new-{}", std::process::id()));
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    // The rename itself; a file system that cannot sync a folder has nothing better to offer.
    std::fs::File::open(folder)?.sync_all().or(Ok(()))
}

/// The bytes of a file; `None` where there is none.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, CertifyError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(CertifyError::file(path, error)),
    }
}

/// A TOML document; `None` where there is none.
pub(super) fn read_toml<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, CertifyError> {
    let malformed = |message: String| CertifyError::Malformed { path: path.to_owned(), message };
    let Some(bytes) = read(path)? else { return Ok(None) };
    let text = String::from_utf8(bytes).map_err(|_| malformed("it is not UTF-8".to_owned()))?;
    // The parser's own words quote the file; the first line says enough.
    toml::from_str(&text).map(Some).map_err(|error| malformed(error.message().to_owned()))
}

/// Puts a TOML document in the place of `path`, under a heading for people.
pub(super) fn replace_toml(
    path: &Path,
    heading: &str,
    document: &impl Serialize,
) -> Result<(), CertifyError> {
    let text = toml::to_string(document).map_err(|error| CertifyError::Malformed {
        path: path.to_owned(),
        message: error.to_string(),
    })?;
    replace(path, format!("{heading}\n\n{text}").as_bytes())
}
