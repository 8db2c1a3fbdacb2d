//! The 4-bit file that carries multilingual-e5-small → `config.json` and `model.safetensors`, in half precision.
//!
//! The file, little-endian: magic `E5S1`; u32 version; i32 hidden, layers, heads, intermediate, vocabulary, positions,
//! types; f32 epsilon; i32 block; a tokenizer (i32 pieces, four i32 ids, u64 blob length, u32 offsets\[pieces + 1\],
//! f32 scores\[pieces\], blob) and a normalisation map (i32 entries, u32 bytes, then those bytes), both skipped; i32 tensors,
//! each a u16-counted name, u8 type, u32 count, u64 offset from the start, u64 bytes. Type 0 is f32. Type 1 is blocks of 32
//! weights: an f16 scale and 16 bytes; byte j holds weight j in its low and weight j + 16 in its high half, less 8, in scales.

use std::collections::HashMap;
use std::io::{self, Write};

use half::f16;
use serde_json::json;

use super::{
    ATTENDED, ATTENDED_NORM, DOWN, EMBEDDING_NORM, KEY, OUTPUT_NORM, POSITIONS, QUERY, TYPES, UP,
    VALUE, WORDS, in_layer,
};

const BLOCK: usize = 32;
const BLOCK_BYTES: usize = 2 + BLOCK / 2;

/// What is wrong with the file, in words.
pub(in crate::encoder) type Problem = String;

/// The file, its table of contents read and every offset and length checked against the bytes there are.
#[derive(Debug)]
pub(in crate::encoder) struct Packed<'a> {
    shape: Shape,
    tensors: HashMap<String, Stored<'a>>,
}

#[derive(Debug, Clone, Copy)]
struct Shape {
    hidden: usize,
    layers: usize,
    heads: usize,
    intermediate: usize,
    vocabulary: usize,
    positions: usize,
    types: usize,
    pad: usize,
}

#[derive(Debug, Clone, Copy)]
enum Stored<'a> {
    Plain(&'a [[u8; 4]]),
    Blocks(&'a [[u8; BLOCK_BYTES]]),
}

/// What an output tensor is called, has as its shape, and is called in the packed file.
struct Entry {
    name: String,
    shape: Vec<usize>,
    packed: String,
}

impl<'a> Packed<'a> {
    /// Reads the table of contents.
    pub(in crate::encoder) fn parse(bytes: &'a [u8]) -> Result<Self, Problem> {
        let mut cursor = Cursor { bytes, at: 0 };
        if cursor.take(4)? != b"E5S1" || cursor.u32()? != 1 {
            return Err("not a 4-bit model file of version 1".to_owned());
        }
        let shape = cursor.shape()?;
        cursor.skip_map()?;
        let count = cursor.count(1 << 16)?;
        let mut tensors = HashMap::with_capacity(count);
        for _ in 0..count {
            let (name, stored) = cursor.tensor()?;
            tensors.insert(name, stored);
        }
        let packed = Self { shape, tensors };
        for entry in packed.entries() {
            packed.stored(&entry)?;
        }
        Ok(packed)
    }

    /// `config.json` of the same shape.
    pub(in crate::encoder) fn config(&self) -> String {
        let shape = &self.shape;
        let config = json!({
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_act": "gelu",
            "hidden_size": shape.hidden,
            "num_hidden_layers": shape.layers,
            "num_attention_heads": shape.heads,
            "intermediate_size": shape.intermediate,
            "max_position_embeddings": shape.positions,
            "type_vocab_size": shape.types,
            "vocab_size": shape.vocabulary,
            "layer_norm_eps": 1e-12,
            "pad_token_id": shape.pad,
        });
        format!("{config:#}\n")
    }

    /// Writes the weights as safetensors in f16; `progress` gets the share that is done, 0..=1.
    pub(in crate::encoder) fn write(
        &self,
        output: &mut impl Write,
        progress: &mut dyn FnMut(f64),
    ) -> io::Result<()> {
        let entries = self.entries();
        let header = header(&entries);
        output.write_all(&(header.len() as u64).to_le_bytes())?;
        output.write_all(header.as_bytes())?;
        let total: usize = entries.iter().map(Entry::numbers).sum();
        let mut done = 0;
        for entry in &entries {
            let stored = self.stored(entry).map_err(io::Error::other)?;
            stored.write(output)?;
            done += entry.numbers();
            progress(done as f64 / total.max(1) as f64);
        }
        Ok(())
    }

    /// The tensor behind an entry, which has as many numbers as the shape says.
    fn stored(&self, entry: &Entry) -> Result<Stored<'a>, Problem> {
        let stored =
            self.tensors.get(&entry.packed).ok_or_else(|| format!("no {}", entry.packed))?;
        if stored.numbers() == entry.numbers() {
            Ok(*stored)
        } else {
            let (has, needs) = (stored.numbers(), entry.numbers());
            Err(format!("{} has {has} numbers where the shape needs {needs}", entry.packed))
        }
    }

    /// Every tensor of the model, in the order in which it is written.
    fn entries(&self) -> Vec<Entry> {
        let shape = self.shape;
        let (hidden, wide) = (shape.hidden, shape.intermediate);
        let table = |name: &str, rows, packed: &str| Entry {
            name: name.to_owned(),
            shape: vec![rows, hidden],
            packed: packed.to_owned(),
        };
        let mut entries = vec![
            table(WORDS, shape.vocabulary, "emb.word"),
            table(POSITIONS, shape.positions, "emb.pos"),
            table(TYPES, shape.types, "emb.type"),
        ];
        let mut pair = |name: String, shape: Vec<usize>, packed: String| {
            let bias = shape.iter().take(1).copied().collect();
            entries.push(Entry {
                name: format!("{name}.weight"),
                shape,
                packed: format!("{packed}.w"),
            });
            entries.push(Entry {
                name: format!("{name}.bias"),
                shape: bias,
                packed: format!("{packed}.b"),
            });
        };
        pair(EMBEDDING_NORM.to_owned(), vec![hidden], "emb.ln".to_owned());
        for layer in 0..shape.layers {
            let parts = [
                (QUERY, vec![hidden, hidden], "q"),
                (KEY, vec![hidden, hidden], "k"),
                (VALUE, vec![hidden, hidden], "v"),
                (ATTENDED, vec![hidden, hidden], "ao"),
                (ATTENDED_NORM, vec![hidden], "aln"),
                (UP, vec![wide, hidden], "fi"),
                (DOWN, vec![hidden, wide], "fo"),
                (OUTPUT_NORM, vec![hidden], "oln"),
            ];
            for (name, shape, packed) in parts {
                pair(in_layer(layer, name), shape, format!("l{layer}.{packed}"));
            }
        }
        entries
    }
}

impl Entry {
    fn numbers(&self) -> usize {
        self.shape.iter().product()
    }
}

impl Stored<'_> {
    fn numbers(&self) -> usize {
        match self {
            Self::Plain(numbers) => numbers.len(),
            Self::Blocks(blocks) => blocks.len() * BLOCK,
        }
    }

    fn write(self, output: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Plain(numbers) => numbers.iter().try_for_each(|x| {
                output.write_all(&f16::from_f32(f32::from_le_bytes(*x)).to_le_bytes())
            }),
            Self::Blocks(blocks) => {
                blocks.iter().try_for_each(|block| output.write_all(&unpack(*block)))
            }
        }
    }
}

/// One block as 32 numbers in f16.
fn unpack(block: [u8; BLOCK_BYTES]) -> [u8; 2 * BLOCK] {
    let [low, high, pairs @ ..] = block;
    let scale = f16::from_le_bytes([low, high]).to_f32();
    let weight = |nibble: u8| f16::from_f32((f32::from(nibble) - 8.0) * scale).to_le_bytes();
    let halves = pairs.iter().map(|pair| pair & 15).chain(pairs.iter().map(|pair| pair >> 4));
    let mut numbers = [0; 2 * BLOCK];
    for (number, nibble) in numbers.as_chunks_mut::<2>().0.iter_mut().zip(halves) {
        *number = weight(nibble);
    }
    numbers
}

/// The safetensors table of contents, padded with spaces to a multiple of eight bytes.
fn header(entries: &[Entry]) -> String {
    let mut start = 0;
    let mut table = serde_json::Map::new();
    for entry in entries {
        let end = start + 2 * entry.numbers();
        let info = json!({ "dtype": "F16", "shape": entry.shape, "data_offsets": [start, end] });
        table.insert(entry.name.clone(), info);
        start = end;
    }
    let mut header = serde_json::Value::Object(table).to_string();
    let padding = header.len().next_multiple_of(8) - header.len();
    header.extend(std::iter::repeat_n(' ', padding));
    header
}

/// Reads forward and never past the end.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Problem> {
        let end = self.at.checked_add(count);
        let taken = end.and_then(|end| self.bytes.get(self.at..end));
        self.at = self.at.saturating_add(count);
        taken.ok_or_else(|| "the file ends too early".to_owned())
    }
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Problem> {
        let bytes = self.take(N)?;
        bytes.try_into().map_err(|_| "the file ends too early".to_owned())
    }
    fn u32(&mut self) -> Result<u32, Problem> {
        self.array().map(u32::from_le_bytes)
    }
    fn u64(&mut self) -> Result<u64, Problem> {
        self.array().map(u64::from_le_bytes)
    }
    /// An i32 in 0..=`most`.
    fn count(&mut self, most: usize) -> Result<usize, Problem> {
        let value = self.array().map(i32::from_le_bytes)?;
        usize::try_from(value)
            .ok()
            .filter(|count| *count <= most)
            .ok_or_else(|| format!("a count of {value} cannot be right"))
    }

    /// The numbers of the head, then the tokenizer, of which only the padding id is kept.
    fn shape(&mut self) -> Result<Shape, Problem> {
        let [hidden, layers, heads, intermediate] =
            [self.count(1 << 13)?, self.count(128)?, self.count(256)?, self.count(1 << 15)?];
        let [vocabulary, positions, types] =
            [self.count(1 << 22)?, self.count(1 << 15)?, self.count(64)?];
        self.take(4)?; // epsilon, 1e-12 in this version
        if self.count(1 << 10)? != BLOCK {
            return Err(format!("blocks are not of {BLOCK}"));
        }
        let pieces = self.count(1 << 22)?;
        self.take(8)?; // ids of begin and end
        let pad = self.count(1 << 22)?;
        self.take(4)?; // id of unknown
        let blob = length(self.u64()?)?;
        self.take(4 * (pieces + 1))?;
        self.take(4 * pieces)?;
        self.take(blob)?;
        Ok(Shape { hidden, layers, heads, intermediate, vocabulary, positions, types, pad })
    }

    fn skip_map(&mut self) -> Result<(), Problem> {
        self.take(4)?;
        let bytes = length(u64::from(self.u32()?))?;
        self.take(bytes).map(drop)
    }

    fn tensor(&mut self) -> Result<(String, Stored<'a>), Problem> {
        let name_length = usize::from(self.array().map(u16::from_le_bytes)?);
        let name = String::from_utf8_lossy(self.take(name_length)?).into_owned();
        let [kind] = self.array()?;
        let count = length(u64::from(self.u32()?))?;
        let (offset, bytes) = (length(self.u64()?)?, length(self.u64()?)?);
        let data = offset
            .checked_add(bytes)
            .and_then(|end| self.bytes.get(offset..end))
            .ok_or_else(|| format!("{name} lies outside the file"))?;
        let (stored, rest) = match kind {
            0 => split(data.as_chunks(), Stored::Plain),
            1 => split(data.as_chunks(), Stored::Blocks),
            _ => return Err(format!("{name} is of unknown type {kind}")),
        };
        if rest != 0 || stored.numbers() != count {
            return Err(format!("{name} has {bytes} bytes, which do not hold {count} numbers"));
        }
        Ok((name, stored))
    }
}

fn split<'a, T>(
    (whole, rest): (T, &'a [u8]),
    wrap: impl Fn(T) -> Stored<'a>,
) -> (Stored<'a>, usize) {
    (wrap(whole), rest.len())
}

fn length(value: u64) -> Result<usize, Problem> {
    usize::try_from(value).map_err(|_| format!("a length of {value} cannot be right"))
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use proptest::prelude::*;

    use super::*;
    use crate::encoder::fixture::{self, Folder};
    use crate::encoder::layout::WEIGHTS;
    use crate::encoder::weights::{Numbers, tensors};

    /// Appends a tensor's line of the table of contents.
    fn line(head: &mut Vec<u8>, name: &str, kind: u8, count: usize, place: Range<usize>) {
        head.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        head.extend(name.as_bytes());
        head.push(kind);
        head.extend(u32::try_from(count).unwrap().to_le_bytes());
        head.extend((place.start as u64).to_le_bytes());
        head.extend((place.len() as u64).to_le_bytes());
    }

    /// A packed file of the shape of the tiny test model: matrices in blocks, the rest plain.
    fn packed() -> Vec<u8> {
        let shape = Shape {
            hidden: 32,
            layers: 2,
            heads: 2,
            intermediate: 64,
            vocabulary: 40,
            positions: 48,
            types: 2,
            pad: 1,
        };
        let entries = Packed { shape, tensors: HashMap::new() }.entries();
        let mut head = b"E5S1".to_vec();
        head.extend(1u32.to_le_bytes());
        head.extend([32i32, 2, 2, 64, 40, 48, 2].map(i32::to_le_bytes).concat());
        head.extend(1e-12f32.to_le_bytes());
        head.extend([32i32, 1, 0, 2, 1, 3].map(i32::to_le_bytes).concat());
        head.extend(3u64.to_le_bytes());
        head.extend([0; 4 * 2 + 4 + 3]);
        head.extend([0, 0, 0, 0, 2, 0, 0, 0, 9, 9]);
        head.extend(i32::try_from(entries.len()).unwrap().to_le_bytes());
        let start = head.len() + entries.iter().map(|entry| entry.packed.len() + 23).sum::<usize>();
        let mut data = Vec::new();
        for entry in &entries {
            let (at, count) = (start + data.len(), entry.numbers());
            let blocks = entry.shape.len() == 2 && entry.name != POSITIONS;
            if blocks {
                let scale = f16::from_f32(0.5).to_le_bytes();
                let block: Vec<u8> =
                    scale.into_iter().chain((0..16).map(|j| j << 4 | (15 - j))).collect();
                data.extend(block.repeat(count / BLOCK));
            } else {
                data.extend(1.25f32.to_le_bytes().repeat(count));
            }
            line(&mut head, &entry.packed, u8::from(blocks), count, at..start + data.len());
        }
        head.extend(data);
        head
    }

    #[test]
    fn the_converted_file_holds_the_weights() {
        let file = packed();
        let model = Packed::parse(&file).unwrap();
        let folder = Folder::new();
        let (mut bytes, mut last) = (Vec::new(), 0.0);
        model.write(&mut bytes, &mut |share| last = share).unwrap();
        folder.write(WEIGHTS, bytes);
        let shape = serde_json::from_str(&model.config()).unwrap();
        let mut weights = tensors::read(&folder.path().join(WEIGHTS), &shape).unwrap();
        let Numbers::F16(words) = weights.take(WORDS).unwrap().numbers else {
            panic!("half precision")
        };
        let expect: Vec<f32> = (0..16)
            .map(|j| (7.0 - j as f32) * 0.5)
            .chain((0..16).map(|j| (j as f32 - 8.0) * 0.5))
            .collect();
        assert_eq!(words[..32].iter().map(|x| x.to_f32()).collect::<Vec<_>>(), expect);
        let norm = weights.take("encoder.layer.1.output.LayerNorm.bias").unwrap();
        assert_eq!(norm.numbers.into_f32(), [1.25; 32]);
        assert!((last - 1.0).abs() < 1e-9);
    }

    #[test]
    fn the_converted_config_is_the_models() {
        let (file, mut expect) = (packed(), fixture::config());
        let config: serde_json::Value =
            serde_json::from_str(&Packed::parse(&file).unwrap().config()).unwrap();
        expect["pad_token_id"] = 1.into();
        for (key, value) in
            config.as_object().unwrap().iter().filter(|(key, _)| *key != "architectures")
        {
            assert_eq!(value, &expect[key], "{key}");
        }
    }

    #[test]
    fn a_broken_file_is_told_apart() {
        let check = |words: &str, change: &dyn Fn(&mut Vec<u8>)| {
            let mut file = packed();
            change(&mut file);
            let problem = Packed::parse(&file).unwrap_err();
            assert!(problem.contains(words), "{problem} should say {words}");
        };
        check("not a 4-bit model", &|file| file[0] = b'X');
        check("not a 4-bit model", &|file| file[4] = 2);
        check("ends too early", &|file| file.truncate(3));
        check("lies outside", &|file| file.truncate(file.len() - 1));
        check("cannot be right", &|file| file[8..12].copy_from_slice(&(-1i32).to_le_bytes()));
        check("blocks are not", &|file| file[40] = 16);
        check("has 1280 numbers where the shape needs 2560", &|file| file[8] = 64);
        check("no l2.q.w", &|file| file[12] = 3);
    }

    proptest! {
        #[test]
        fn no_byte_panics(place in 0usize..1200, byte in any::<u8>(), length in 0usize..40_000) {
            let mut file = packed();
            file[place] = byte;
            file.truncate(length);
            drop(Packed::parse(&file).map(|model| model.write(&mut Vec::new(), &mut |_| ())));
        }
    }
}
