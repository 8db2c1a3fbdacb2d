//! `model.safetensors` → [`Weights`], in one pass over the file that also hashes it.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use half::{bf16, f16};
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};
use sha2::{Digest, Sha256};

use super::{Array, Numbers, Weights, expected};
use crate::encoder::EncoderError;
use crate::encoder::layout::BertShape;

/// A header of a few hundred tensors takes some tens of KiB.
const LONGEST_HEADER: u64 = 16 << 20;
const BLOCK: usize = 1 << 20;

/// Reads the file, which must hold every tensor of `shape` in f32, f16 or bf16; others are skipped.
pub(in crate::encoder) fn read(path: &Path, shape: &BertShape) -> Result<Weights, EncoderError> {
    let unreadable = |source| EncoderError::Unreadable { path: path.to_owned(), source };
    let malformed = |problem: String| EncoderError::malformed(path, problem);
    let file = File::open(path).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    let mut input = Hashed { inner: BufReader::new(file), digest: Sha256::new() };
    let header = read_header(&mut input, length).map_err(malformed)?;
    let wanted = wanted(&header, shape).map_err(malformed)?;
    let mut arrays = HashMap::with_capacity(wanted.len());
    for stored in header.offset_keys() {
        let Some(info) = header.info(&stored) else { continue };
        if wanted.contains(&stored) {
            let name = canonical(&stored);
            let numbers = read_numbers(&mut input, info)
                .map_err(|error| malformed(format!("{stored}: {error}")))?;
            arrays.insert(name, Array { shape: info.shape.clone(), numbers });
        } else {
            let bytes = info.data_offsets.1 - info.data_offsets.0;
            io::copy(&mut (&mut input).take(bytes as u64), &mut io::sink()).map_err(unreadable)?;
        }
    }
    Ok(Weights::new(arrays, crate::encoder::source::hex(&input.digest.finalize())))
}

/// A reader that hashes what passes.
struct Hashed<R> {
    inner: R,
    digest: Sha256,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.digest.update(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

/// The table of contents, which must account for every byte of a file of `length` bytes.
fn read_header(input: &mut impl Read, length: u64) -> Result<Metadata, String> {
    let mut size = [0; 8];
    input.read_exact(&mut size).map_err(|_| "too short for a safetensors file".to_owned())?;
    let size = u64::from_le_bytes(size);
    if size > LONGEST_HEADER || size > length.saturating_sub(8) {
        return Err(format!("a header of {size} bytes cannot be right"));
    }
    let mut json = Vec::new();
    input.take(size).read_to_end(&mut json).map_err(|error| error.to_string())?;
    let header: Metadata =
        serde_json::from_slice(&json).map_err(|error| format!("bad header: {error}"))?;
    let expect = (header.data_len() as u64).saturating_add(8 + size);
    if expect != length {
        return Err(format!("the file has {length} bytes where its header says {expect}"));
    }
    Ok(header)
}

/// The stored names of all the tensors that the shape needs; all are there, once, with the right shape and a known type.
fn wanted(header: &Metadata, shape: &BertShape) -> Result<Vec<String>, String> {
    let mut missing = expected(shape);
    let mut wanted = Vec::with_capacity(missing.len());
    for (stored, info) in header.tensors() {
        let name = canonical(&stored);
        if let Some(shape) = missing.get(&name) {
            check(&stored, info, shape)?;
            missing.remove(&name);
            wanted.push(stored);
        }
    }
    match missing.keys().min() {
        Some(name) => Err(format!("{name} is missing ({} tensors are)", missing.len())),
        None => Ok(wanted),
    }
}

fn check(name: &str, info: &TensorInfo, shape: &[usize]) -> Result<(), String> {
    if info.shape != shape {
        return Err(format!("{name} is {:?}; by config.json it must be {shape:?}", info.shape));
    }
    if !matches!(info.dtype, Dtype::F32 | Dtype::F16 | Dtype::BF16) {
        return Err(format!("{name} is {:?}; only F32, F16 and BF16 are supported", info.dtype));
    }
    Ok(())
}

/// The usual name of a tensor: a checkpoint with a head puts `bert.` before it, and an old one says gamma and beta.
fn canonical(stored: &str) -> String {
    let name = stored.strip_prefix("bert.").unwrap_or(stored);
    name.replace(".LayerNorm.gamma", ".LayerNorm.weight")
        .replace(".LayerNorm.beta", ".LayerNorm.bias")
}

/// Reads one tensor of a type that [`check`] let pass, in blocks, so that the file never stands in memory beside its numbers.
fn read_numbers(input: &mut impl Read, info: &TensorInfo) -> Result<Numbers, String> {
    let bytes = info.data_offsets.1 - info.data_offsets.0;
    let numbers = if info.dtype == Dtype::F32 {
        Numbers::F32(decode(input, bytes, f32::from_le_bytes)?)
    } else if info.dtype == Dtype::BF16 {
        Numbers::F32(decode(input, bytes, |b| bf16::from_le_bytes(b).to_f32())?)
    } else {
        Numbers::F16(decode(input, bytes, f16::from_le_bytes)?)
    };
    let finite = match &numbers {
        Numbers::F32(numbers) => numbers.iter().all(|x| x.is_finite()),
        Numbers::F16(numbers) => numbers.iter().all(|x| x.is_finite()),
    };
    if finite { Ok(numbers) } else { Err("holds a number that is not finite".to_owned()) }
}

fn decode<const N: usize, T>(
    input: &mut impl Read,
    bytes: usize,
    decode: impl Fn([u8; N]) -> T,
) -> Result<Vec<T>, String> {
    let mut numbers = Vec::with_capacity(bytes / N);
    let mut block = vec![0; BLOCK.min(bytes)];
    let mut left = bytes;
    while left > 0 {
        let part = block.get_mut(..left.min(BLOCK)).unwrap_or_default();
        input.read_exact(part).map_err(|error| error.to_string())?;
        numbers.extend(part.as_chunks::<N>().0.iter().map(|bytes| decode(*bytes)));
        left -= part.len();
    }
    Ok(numbers)
}
