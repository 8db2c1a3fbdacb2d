//! Text → token ids, by the model's own `tokenizer.json`. Padding and truncation of that file are switched off: a batch is
//! padded where it is made, and a cut is ours to make and to report.
//!
//! The large vocabularies of multilingual models are read by [`sentencepiece`]; all else by the `tokenizers` crate, which
//! is also what the former is held to.

mod file;
mod pieces;
mod trie;
mod charsmap;
mod metaspace;
mod specials;
mod unigram;
mod sentencepiece;
#[cfg(test)]
mod fixture;

use std::path::Path;

use sentencepiece::SentencePiece;
use tokenizers::Tokenizer;

use super::{EncoderError, Tokens};

/// A token stands for at least one character, but spaces and marks may vanish: texts beyond this many characters for each
/// token that is read are cut before the tokenizer sees them, which bounds its work.
const CHARS_PER_TOKEN: usize = 32;

#[derive(Debug)]
pub(super) struct TextReader {
    kind: Kind,
    vocabulary: usize,
    max_tokens: usize,
}

#[derive(Debug)]
enum Kind {
    SentencePiece(Box<SentencePiece>),
    Other(Box<Tokenizer>),
}

impl TextReader {
    /// Parses a tokenizer file. `vocabulary` is how many ids the weights have vectors for.
    pub(super) fn new(
        path: &Path,
        bytes: &[u8],
        vocabulary: usize,
        max_tokens: usize,
    ) -> Result<Self, EncoderError> {
        let kind = match SentencePiece::recognise(bytes) {
            Some(tokenizer) => Kind::SentencePiece(Box::new(tokenizer)),
            None => Kind::Other(Box::new(other(path, bytes)?)),
        };
        Ok(Self { kind, vocabulary, max_tokens })
    }

    /// The ids of `prefix` and `text`, at most `max_tokens` of them.
    pub(super) fn read(&self, prefix: &str, text: &str) -> Result<Tokens, EncoderError> {
        let (text, cut) = head(text, self.max_tokens.saturating_mul(CHARS_PER_TOKEN));
        let (mut ids, closes) = self.ids([prefix, text].concat())?;
        let long = ids.len() > self.max_tokens;
        if long {
            shorten(&mut ids, closes, self.max_tokens);
        }
        match ids.iter().find(|id| usize::try_from(**id).is_ok_and(|id| id >= self.vocabulary)) {
            Some(id) => Err(EncoderError::Vocabulary { id: *id, vocabulary: self.vocabulary }),
            None => Ok(Tokens::new(ids, cut || long)),
        }
    }

    /// The ids of a text, more than `max_tokens` if there are more, and whether the last one is a closing special token.
    fn ids(&self, text: String) -> Result<(Vec<u32>, bool), EncoderError> {
        match &self.kind {
            Kind::SentencePiece(own) => Ok((own.encode(&text, self.max_tokens), own.closes())),
            Kind::Other(tokenizer) => {
                let encoding = tokenizer
                    .encode_fast(text, true)
                    .map_err(|error| EncoderError::Tokenizer(error.to_string()))?;
                let closes = encoding.get_special_tokens_mask().last() == Some(&1);
                Ok((encoding.get_ids().to_vec(), closes))
            }
        }
    }
}

fn other(path: &Path, bytes: &[u8]) -> Result<Tokenizer, EncoderError> {
    let malformed = |error: tokenizers::Error| EncoderError::malformed(path, error.to_string());
    let mut tokenizer = Tokenizer::from_bytes(bytes).map_err(malformed)?;
    tokenizer.with_padding(None);
    tokenizer.with_truncation(None).map_err(malformed)?;
    Ok(tokenizer)
}

/// Keeps `most` ids, the last one among them if it `closes` the text.
fn shorten(ids: &mut Vec<u32>, closes: bool, most: usize) {
    let closing = ids.last().copied().filter(|_| closes);
    ids.truncate(most);
    if let (Some(closing), Some(last)) = (closing, ids.last_mut()) {
        *last = closing;
    }
}

/// The first `chars` characters, and whether that left any out.
fn head(text: &str, chars: usize) -> (&str, bool) {
    match text.char_indices().nth(chars).and_then(|(end, _)| text.split_at_checked(end)) {
        Some((head, _)) => (head, true),
        None => (text, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_keeps_the_closing_token() {
        let check = |closes: bool, most: usize, expect: &[u32]| {
            let mut ids = vec![101, 7, 8, 9, 102];
            shorten(&mut ids, closes, most);
            assert_eq!(ids, expect);
        };
        check(true, 3, &[101, 7, 102]);
        check(false, 3, &[101, 7, 8]);
        check(true, 0, &[]);
    }

    #[test]
    fn the_cap_is_held_and_reported() {
        let file = fixture::tokenizer().to_string();
        let reader = TextReader::new(Path::new("tokenizer.json"), file.as_bytes(), 26, 6).unwrap();
        assert!(matches!(reader.kind, Kind::SentencePiece(_)));
        let check = |text: &str, ids: &[u32], truncated: bool| {
            assert_eq!(reader.read("re", text).unwrap(), Tokens::new(ids.to_vec(), truncated));
        };
        check("fund 退", &[0, 10, 11, 4, 15, 2], false);
        check("fund 退款 退款", &[0, 10, 11, 4, 17, 2], true);
        check("fund<s><s>", &[0, 10, 11, 0, 0, 2], false);
        check("fund<s><s><s>", &[0, 10, 11, 0, 0, 2], true);
        check(&" ".repeat(1000), &[0, 10, 4, 2], true);
    }

    #[test]
    fn an_id_without_a_vector_is_refused() {
        let file = fixture::tokenizer().to_string();
        let reader = TextReader::new(Path::new("tokenizer.json"), file.as_bytes(), 15, 9).unwrap();
        let refused = reader.read("", "退").unwrap_err();
        assert!(matches!(refused, EncoderError::Vocabulary { id: 15, vocabulary: 15 }));
    }

    #[test]
    fn the_head_ends_between_characters() {
        assert_eq!(head("退货怎么办", 2), ("退货", true));
        assert_eq!(head("退货", 2), ("退货", false));
        assert_eq!(head("", 0), ("", false));
    }
}
