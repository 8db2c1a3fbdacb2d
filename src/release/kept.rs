//! What was fitted before need not be fitted again: the readers and the gate of lately built bundles, on disk beside the
//! vectors. The key covers all that a fit depends on, the code included, so that what is found is what would come of
//! fitting, to the last bit on one kind of processor. Like the vectors it is a convenience: missing, torn, altered or
//! unwritable, it costs time and nothing else. It knows no reader and no gate, only their bytes.
//!
//! One file a fit: a header, the key, a checksum, then CBOR. Written aside and renamed; the oldest of many are removed.

use std::io::Error;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use fs_err as fs;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::build::hex;

/// The form of the file.
const MAGIC: &[u8; 8] = b"FLFIT01\n";
/// Bytes of a SHA-256.
const HASH: usize = 32;
/// Files kept, at most: a few policies, models and editions of the knowledge.
const MOST: usize = 8;
/// A file beyond this is not ours.
const LARGEST: u64 = 1 << 28;
const ENDING: &str = "fit";

/// The code that fits, and the versions of what it calls: other code may fit otherwise.
const CODE: &str = env!("FIRSTLINE_RULES");

/// What a fit depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key([u8; HASH]);

impl Key {
    /// Of a model's hash, a library's revision and the precision aimed at.
    pub(super) fn new(model: &str, revision: &str, target: f64) -> Self {
        let target = format!("{:016x}", target.to_bits());
        Self(Sha256::digest([CODE, model, revision, &target].join("\n")).into())
    }

    fn file(self) -> String {
        format!("{}.{ENDING}", hex(self.0.get(..8).unwrap_or(&self.0)))
    }
}

/// The fits of a folder; without one nothing is kept.
#[derive(Debug)]
pub(super) struct Kept<'a>(pub(super) Option<&'a Path>);

impl Kept<'_> {
    /// What was kept under a key.
    pub(super) fn find<T: DeserializeOwned>(&self, key: Key) -> Option<T> {
        let bytes = read(&self.0?.join(key.file())).unwrap_or_else(|error| {
            tracing::warn!(%error, "what was fitted before is not readable; it is fitted again");
            None
        })?;
        ciborium::from_reader(body(&bytes, key)?).ok()
    }

    /// Keeps a fit for the next time.
    pub(super) fn keep(&self, key: Key, fit: &impl Serialize) {
        let Some(folder) = self.0 else { return };
        if let Err(error) = write(folder, key, fit) {
            tracing::warn!(%error, "what was fitted cannot be kept; the next start fits again");
        }
    }
}

fn read(file: &Path) -> Result<Option<Vec<u8>>, Error> {
    match fs::metadata(file) {
        Ok(found) if found.len() <= LARGEST => fs::read(file).map(Some),
        Ok(_) => Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// What stands behind the header, if it is whole and was fitted on the same.
fn body(bytes: &[u8], key: Key) -> Option<&[u8]> {
    let rest = bytes.strip_prefix(MAGIC)?.strip_prefix(&key.0)?;
    let (check, body) = rest.split_first_chunk::<HASH>()?;
    (Sha256::digest(body).as_slice() == check).then_some(body)
}

fn write(folder: &Path, key: Key, fit: &impl Serialize) -> Result<(), Error> {
    let mut body = Vec::new();
    ciborium::into_writer(fit, &mut body).map_err(Error::other)?;
    let bytes = [&MAGIC[..], &key.0, &Sha256::digest(&body), &body].concat();
    fs::create_dir_all(folder)?;
    let aside = folder.join("fit.tmp");
    fs::write(&aside, bytes)?;
    fs::rename(aside, folder.join(key.file()))?;
    thin_out(folder)
}

/// Removes the oldest fits beyond [`MOST`].
fn thin_out(folder: &Path) -> Result<(), Error> {
    let mut fits: Vec<(SystemTime, PathBuf)> = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == ENDING) {
            fits.push((fs::metadata(&path)?.modified()?, path));
        }
    }
    fits.sort();
    let spare = fits.len().saturating_sub(MOST);
    fits.into_iter().take(spare).try_for_each(|(_, path)| fs::remove_file(path))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder =
            std::env::temp_dir().join(format!("firstline-kept-{}-{name}", std::process::id()));
        drop(fs::remove_dir_all(&folder));
        folder
    }

    fn key(revision: &str) -> Key {
        Key::new("model", revision, 0.9)
    }

    #[test]
    fn numbers_come_back_to_the_last_bit() {
        let folder = folder("bits");
        let floats = [0.1f32, f32::MIN_POSITIVE, -0.0];
        let doubles = [1.0 / 3.0, f64::NEG_INFINITY, 5e-324];
        Kept(Some(&folder)).keep(key("a"), &(floats, doubles));
        let found: ([f32; 3], [f64; 3]) = Kept(Some(&folder)).find(key("a")).unwrap();
        assert_eq!(found.0.map(f32::to_bits), floats.map(f32::to_bits));
        assert_eq!(found.1.map(f64::to_bits), doubles.map(f64::to_bits));
    }

    #[test]
    fn every_part_of_a_key_counts() {
        let check = |other: Key| assert_ne!(other, Key::new("model", "a", 0.9));
        check(Key::new("other", "a", 0.9));
        check(Key::new("model", "b", 0.9));
        check(Key::new("model", "a", 0.95));
        assert_eq!(key("a"), key("a"));
    }

    #[test]
    fn a_damaged_or_foreign_file_is_as_if_it_were_not_there() {
        let check = |name: &str, damage: fn(&mut Vec<u8>)| {
            let folder = folder(name);
            let kept = Kept(Some(&folder));
            kept.keep(key("a"), &vec![1.5f64; 40]);
            let file = folder.join(key("a").file());
            let mut bytes = fs::read(&file).unwrap();
            damage(&mut bytes);
            fs::write(&file, bytes).unwrap();
            assert_eq!(kept.find::<Vec<f64>>(key("a")), None, "{name}");
            kept.keep(key("a"), &vec![2.5f64; 40]);
            assert_eq!(kept.find::<Vec<f64>>(key("a")), Some(vec![2.5; 40]), "{name}");
        };
        check("torn", |bytes| bytes.truncate(bytes.len() - 5));
        check("bit", |bytes| bytes[150] ^= 1);
        check("header", |bytes| bytes[0] ^= 1);
        check("key", |bytes| bytes[10] ^= 1);
        check("checksum", |bytes| bytes[50] ^= 1);
        check("empty", Vec::clear);
        check("longer", |bytes| bytes.push(0));
    }

    #[test]
    fn another_shape_is_not_read_as_this_one() {
        let folder = folder("shape");
        Kept(Some(&folder)).keep(key("a"), &[1.0f64, 2.0]);
        assert_eq!(Kept(Some(&folder)).find::<[f64; 3]>(key("a")), None);
    }

    #[test]
    fn the_number_of_fits_is_bounded_and_the_newest_stays() {
        let folder = folder("many");
        let kept = Kept(Some(&folder));
        for revision in 0..2 * MOST as u64 {
            let key = key(&revision.to_string());
            kept.keep(key, &revision);
            let file = fs::OpenOptions::new().write(true).open(folder.join(key.file())).unwrap();
            // Files of one moment would have no order.
            let written = SystemTime::UNIX_EPOCH + Duration::from_secs(revision);
            file.file().set_modified(written).unwrap();
        }
        assert_eq!(fs::read_dir(&folder).unwrap().count(), MOST);
        assert_eq!(kept.find(key("15")), Some(15));
        assert_eq!(kept.find::<usize>(key("0")), None);
    }

    #[test]
    fn without_a_folder_nothing_is_kept() {
        let blocked = folder("file");
        fs::write(&blocked, "in the way").unwrap();
        for kept in [Kept(None), Kept(Some(&blocked))] {
            kept.keep(key("a"), &1);
            assert_eq!(kept.find::<i32>(key("a")), None);
        }
    }
}
