//! Files of a model folder: hashing them, comparing them with their pins.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::manifest::{Entry, Pin};
use super::{SourceError, Step};
use crate::encoder::layout::ENCODER;

/// Bytes as hexadecimal digits.
pub(in crate::encoder) fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The hash of a file; `None` if there is none.
pub(super) fn hash(path: &Path, seen: &mut dyn FnMut(u64)) -> Result<Option<String>, SourceError> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(SourceError::files(path)(error)),
    };
    let (mut digest, mut block, mut total) = (Sha256::new(), vec![0; 1 << 18], 0);
    loop {
        let read = file.read(&mut block).map_err(SourceError::files(path))?;
        if read == 0 {
            return Ok(Some(hex(&digest.finalize())));
        }
        digest.update(block.get(..read).unwrap_or_default());
        total += read as u64;
        seen(total);
    }
}

/// Whether the folder holds files of the right sizes: what can be said without reading them.
pub(super) fn look_complete(dir: &Path, entry: &Entry) -> bool {
    let fits = |pin: &Pin| dir.join(&pin.name).metadata().is_ok_and(|file| file.len() == pin.size);
    dir.join(ENCODER).is_file() && entry.variants().any(|pins| pins.iter().all(fits))
}

/// Compares a folder with the pins of one source; the first difference is the error.
pub(super) fn check(
    dir: &Path,
    pins: &[Pin],
    progress: &mut dyn FnMut(Step<'_>),
) -> Result<(), SourceError> {
    for pin in pins {
        let path = dir.join(&pin.name);
        let mut seen = |done| progress(Step::Checking { file: &pin.name, done, total: pin.size });
        let actual = hash(&path, &mut seen)?.unwrap_or_else(|| "none".to_owned());
        if actual != pin.sha256 {
            let (file, expected) = (pin.name.clone(), pin.sha256.clone());
            return Err(SourceError::WrongHash { file, expected, actual });
        }
    }
    Ok(())
}

/// Compares a folder with every source of its model; any will do. The error is that of the source which fits best.
pub(super) fn check_any(
    dir: &Path,
    entry: &Entry,
    progress: &mut dyn FnMut(Step<'_>),
) -> Result<(), SourceError> {
    let fits = |pin: &&Pin| dir.join(&pin.name).metadata().is_ok_and(|file| file.len() == pin.size);
    let closest = entry.variants().max_by_key(|pins| pins.iter().filter(fits).count());
    check(dir, closest.unwrap_or_default(), progress)?;
    let path = dir.join(ENCODER);
    let said = std::fs::read_to_string(&path).map_err(SourceError::files(&path))?;
    if said == entry.encoder {
        return Ok(());
    }
    let problem = "it is not what the manifest says; vectors will differ from the measured ones";
    Err(SourceError::Malformed { file: path.display().to_string(), problem: problem.to_owned() })
}
