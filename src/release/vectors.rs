//! Texts that were encoded before need no second pass: a cache on disk from text to vector, so that a second start takes
//! seconds. The key covers the model's hash, so a vector of another model is never found. It is a convenience: missing,
//! torn or unwritable, it costs time and nothing else.
//!
//! One file per model, appended to and never rewritten: a header, then records of one size, each with its own checksum.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use fs_err as fs;
use sha2::{Digest, Sha256};

use crate::encoder::{Batcher, Embedding, EncoderError, Model, Role};

const MAGIC: &[u8; 8] = b"FLVEC01\n";
const KEY: usize = 32;
const CHECK: usize = 8;
/// A file that grew beyond this is begun anew.
const LARGEST: u64 = 1 << 30;

type Key = [u8; KEY];

/// The vectors of one model.
#[derive(Debug)]
pub struct VectorCache {
    model: String,
    dimensions: usize,
    /// `None` keeps them in memory only.
    file: Option<PathBuf>,
    known: Mutex<HashMap<Key, Embedding>>,
}

impl VectorCache {
    /// Reads what is there for this model in `dir`; whatever cannot be read is as if it were not there.
    pub fn open(dir: &Path, model: &Model) -> Self {
        let short: String = model.hash.chars().take(16).collect();
        let file = dir.join(format!("{short}.vectors"));
        let known = read(&file, model.dimensions).unwrap_or_else(|error| {
            tracing::warn!(%error, "the vector cache is not readable; texts are encoded again");
            HashMap::new()
        });
        Self { file: Some(file), ..Self::holding(model, known) }
    }

    /// A cache that ends with the process.
    pub fn in_memory(model: &Model) -> Self {
        Self::holding(model, HashMap::new())
    }

    fn holding(model: &Model, known: HashMap<Key, Embedding>) -> Self {
        let (model, dimensions) = (model.hash.clone(), model.dimensions);
        Self { model, dimensions, file: None, known: Mutex::new(known) }
    }

    /// Where its file is; `None` keeps it in memory only.
    pub(super) fn folder(&self) -> Option<&Path> {
        self.file.as_deref()?.parent()
    }

    /// How many vectors it holds.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The vector of a text, if it was encoded before.
    pub fn get(&self, text: &str, role: Role) -> Option<Embedding> {
        self.lock().get(&self.key(text, role)).cloned()
    }

    /// Keeps vectors for the next time.
    pub fn add<'a>(&self, vectors: impl Iterator<Item = (&'a str, Role, &'a Embedding)>) {
        let mut fresh = Vec::new();
        let mut known = self.lock();
        for (text, role, vector) in vectors.filter(|(.., v)| v.dimensions() == self.dimensions) {
            let key = self.key(text, role);
            if known.insert(key, vector.clone()).is_none() {
                fresh.extend(record(&key, vector.as_slice()));
            }
        }
        drop(known);
        let Some(file) = self.file.as_deref().filter(|_| !fresh.is_empty()) else { return };
        if let Err(error) = append(file, self.dimensions, &fresh) {
            tracing::warn!(%error, "the vector cache is not writable; the next start encodes again");
        }
    }

    /// The vectors of texts, in order: from the cache, or encoded now and kept. `progress` gets how many of those that were
    /// missing are encoded, and how many those are.
    pub fn embed(
        &self,
        texts: &[(String, Role)],
        batcher: &Batcher,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Vec<Embedding>, EncoderError> {
        let missing: Vec<&(String, Role)> =
            texts.iter().filter(|(text, role)| self.get(text, *role).is_none()).collect();
        let mut before = 0;
        for role in [Role::Query, Role::Passage] {
            let of_role = missing.iter().filter(|(_, wanted)| *wanted == role);
            let fresh: Vec<String> = of_role.map(|(text, _)| text.clone()).collect();
            let mut tell = |done: usize| progress(before + done, missing.len());
            let encoded = batcher.encode_all(&fresh, role, &mut tell)?;
            self.add(fresh.iter().zip(&encoded).map(|(text, v)| (text.as_str(), role, v)));
            before += fresh.len();
        }
        let known =
            |(text, role): &(String, Role)| self.get(text, *role).ok_or(EncoderError::Stopped);
        texts.iter().map(known).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Embedding>> {
        // A map of finished vectors is whole whatever panicked beside it.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn key(&self, text: &str, role: Role) -> Key {
        let role = match role {
            Role::Query => b"q",
            Role::Passage => b"p",
        };
        let mut hash = Sha256::new();
        hash.update(self.model.as_bytes());
        hash.update(role);
        hash.update(text.as_bytes());
        hash.finalize().into()
    }
}

fn header(dimensions: usize) -> Vec<u8> {
    let width = u32::try_from(dimensions).unwrap_or(u32::MAX);
    [&MAGIC[..], &width.to_le_bytes()].concat()
}

fn record(key: &Key, vector: &[f32]) -> Vec<u8> {
    let mut bytes = key.to_vec();
    bytes.extend(vector.iter().flat_map(|x| x.to_le_bytes()));
    let check = Sha256::digest(&bytes);
    bytes.extend(check.iter().take(CHECK));
    bytes
}

/// The records, but for a torn or altered one.
fn read(file: &Path, dimensions: usize) -> std::io::Result<HashMap<Key, Embedding>> {
    let mut bytes = Vec::new();
    match fs::File::open(file) {
        Ok(mut opened) if opened.metadata()?.len() <= LARGEST => opened.read_to_end(&mut bytes)?,
        Ok(_) => return Ok(HashMap::new()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(HashMap::new()),
        Err(error) => return Err(error),
    };
    let Some(records) = bytes.strip_prefix(header(dimensions).as_slice()) else {
        return Ok(HashMap::new());
    };
    let records = records.chunks(record_length(dimensions));
    Ok(records.filter_map(|bytes| parse(bytes, dimensions)).collect())
}

fn record_length(dimensions: usize) -> usize {
    KEY + 4 * dimensions + CHECK
}

fn parse(bytes: &[u8], dimensions: usize) -> Option<(Key, Embedding)> {
    let (body, check) = bytes.split_at_checked(KEY + 4 * dimensions)?;
    if check.len() != CHECK || !Sha256::digest(body).starts_with(check) {
        return None;
    }
    let (key, numbers) = body.split_first_chunk::<KEY>()?;
    let (numbers, _) = numbers.as_chunks::<4>();
    let vector = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    Some((*key, Embedding::from_raw(vector)))
}

/// Appends whole records in one write. A torn tail is cut off first; a file of another kind is begun anew.
fn append(file: &Path, dimensions: usize, records: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    match sound_length(file, dimensions)? {
        Some(length) => fs::OpenOptions::new().write(true).open(file)?.set_len(length)?,
        None => fs::write(file, header(dimensions))?,
    }
    fs::OpenOptions::new().append(true).open(file)?.write_all(records)
}

/// How many bytes of the file are whole records after the right header; `None` if it is no file to go on with.
fn sound_length(file: &Path, dimensions: usize) -> std::io::Result<Option<u64>> {
    let header = header(dimensions);
    let mut opened = match fs::File::open(file) {
        Ok(opened) => opened,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut start = vec![0; header.len()];
    if opened.read_exact(&mut start).is_err() || start != header {
        return Ok(None);
    }
    let length = opened.metadata()?.len();
    let torn = (length - header.len() as u64) % record_length(dimensions) as u64;
    Ok(Some(length - torn).filter(|length| *length <= LARGEST))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoder::Pooling;

    fn model(hash: &str) -> Model {
        Model {
            name: "tiny".into(),
            dimensions: 3,
            layers: 1,
            vocabulary: 10,
            multiplied: 0,
            max_tokens: 16,
            pooling: Pooling::Mean,
            hash: hash.into(),
        }
    }

    fn folder(name: &str) -> PathBuf {
        let folder =
            std::env::temp_dir().join(format!("firstline-vectors-{}-{name}", std::process::id()));
        drop(fs::remove_dir_all(&folder));
        folder
    }

    fn filled(folder: &Path, texts: &[&str]) {
        let vector = Embedding::from_raw(vec![1.0, 2.0, 2.0]);
        VectorCache::open(folder, &model("a"))
            .add(texts.iter().map(|text| (*text, Role::Query, &vector)));
    }

    fn only_file(folder: &Path) -> PathBuf {
        fs::read_dir(folder).unwrap().next().unwrap().unwrap().path()
    }

    #[test]
    fn a_second_start_finds_what_the_first_one_kept() {
        let folder = folder("again");
        filled(&folder, &["one"]);
        filled(&folder, &["one", "two"]);
        let cache = VectorCache::open(&folder, &model("a"));
        assert_eq!(cache.len(), 2);
        assert_eq!(cache.get("two", Role::Query), Some(Embedding::from_raw(vec![1.0, 2.0, 2.0])));
        assert_eq!(cache.get("two", Role::Passage), None);
        assert_eq!(VectorCache::open(&folder, &model("b")).get("two", Role::Query), None);
    }

    #[test]
    fn a_damaged_file_loses_its_tail_and_works_on() {
        let check = |name: &str, damage: fn(&mut Vec<u8>), left: usize| {
            let folder = folder(name);
            filled(&folder, &["one", "two", "three"]);
            let file = only_file(&folder);
            let mut bytes = fs::read(&file).unwrap();
            damage(&mut bytes);
            fs::write(&file, bytes).unwrap();
            assert_eq!(VectorCache::open(&folder, &model("a")).len(), left, "{name}");
            filled(&folder, &["one", "two", "three", "four"]);
            assert_eq!(VectorCache::open(&folder, &model("a")).len(), 4, "{name}");
        };
        check("torn", |bytes| bytes.truncate(bytes.len() - 5), 2);
        check("bit", |bytes| bytes[100] ^= 1, 2);
        check("header", |bytes| bytes[0] ^= 1, 0);
        check("empty", Vec::clear, 0);
    }

    #[test]
    fn a_folder_that_cannot_be_written_costs_nothing_but_time() {
        let folder = folder("file");
        fs::write(&folder, "in the way").unwrap();
        filled(&folder, &["one"]);
        assert!(VectorCache::open(&folder, &model("a")).is_empty());
    }
}
