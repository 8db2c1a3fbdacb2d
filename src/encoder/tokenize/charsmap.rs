//! The normalisation that a SentencePiece model carries with it: a table from short texts to their replacements, compiled
//! by whoever trained the model. Which table is not known here, nor any rule of Unicode but where a grapheme ends.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use unicode_segmentation::UnicodeSegmentation;

/// Graphemes of this many bytes and more are looked up character by character only.
const LONG: usize = 6;

/// The table: a Darts double array whose values are places in `replacements`, where a text ends at a NUL.
#[derive(Debug)]
pub(super) struct Charsmap {
    units: Vec<u32>,
    replacements: String,
    /// Whether all printable ASCII stays as it is, which lets most texts through unread.
    keeps_ascii: bool,
}

impl Charsmap {
    /// Reads the base64 of a compiled table: the bytes of the double array as a number, the array, the replacements.
    pub(super) fn parse(encoded: &str) -> Option<Self> {
        let bytes = STANDARD.decode(encoded).ok()?;
        let (size, rest) = bytes.split_first_chunk()?;
        let units = usize::try_from(u32::from_le_bytes(*size)).ok()? / 4;
        let (array, text) = rest.split_at_checked(units.checked_mul(4)?)?;
        let units = array.as_chunks().0.iter().map(|unit| u32::from_le_bytes(*unit)).collect();
        let replacements = String::from_utf8(text.to_vec()).ok()?;
        let map = Self { units, replacements, keeps_ascii: false };
        let keeps_ascii = (b' '..=b'~').all(|byte| map.first_match(&[byte]).is_none());
        Some(Self { keeps_ascii, ..map })
    }

    /// The normal form of a text; nothing if it plainly is in that form.
    ///
    /// A short grapheme is replaced as a whole by what its shortest known beginning stands for: odd, yet it is how the
    /// reference implementation reads the table, and the models were trained on that.
    pub(super) fn normalize(&self, text: &str) -> Option<String> {
        if self.keeps_ascii && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return None;
        }
        let mut out = String::with_capacity(text.len());
        for grapheme in text.graphemes(true) {
            match self.replacement(grapheme).filter(|_| grapheme.len() < LONG) {
                Some(replacement) => out.push_str(replacement),
                None => self.normalize_chars(grapheme, &mut out),
            }
        }
        Some(out)
    }

    fn normalize_chars(&self, grapheme: &str, out: &mut String) {
        for part in grapheme.chars() {
            match self.replacement(part.encode_utf8(&mut [0; 4])) {
                Some(replacement) => out.push_str(replacement),
                None => out.push(part),
            }
        }
    }

    /// What the shortest entry that `part` begins with is replaced by.
    fn replacement(&self, part: &str) -> Option<&str> {
        let from = self.first_match(part.as_bytes())?;
        self.replacements.get(from..)?.split('\0').next()
    }

    fn first_match(&self, part: &[u8]) -> Option<usize> {
        let mut node = offset(self.unit(0)?);
        for byte in part.iter().take_while(|byte| **byte != 0) {
            node ^= u32::from(*byte);
            let unit = self.unit(node)?;
            if label(unit) != u32::from(*byte) {
                return None;
            }
            node ^= offset(unit);
            if has_value(unit) {
                return usize::try_from(value(self.unit(node)?)).ok();
            }
        }
        None
    }

    fn unit(&self, node: u32) -> Option<u32> {
        self.units.get(usize::try_from(node).ok()?).copied()
    }
}

/// The bits of a Darts unit. A label of nine bits never equals a byte: it marks a value.
fn label(unit: u32) -> u32 {
    unit & (1 << 31 | 0xff)
}
fn has_value(unit: u32) -> bool {
    unit >> 8 & 1 == 1
}
fn value(unit: u32) -> u32 {
    unit & !(1 << 31)
}
fn offset(unit: u32) -> u32 {
    (unit >> 10) << ((unit & 1 << 9) >> 6)
}
