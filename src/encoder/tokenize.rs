//! Text → token ids, by the model's own `tokenizer.json`. Padding and truncation of that file are switched off: a batch is
//! padded where it is made, and a cut is ours to make and to report.

use std::path::Path;

use tokenizers::Tokenizer;

use super::{EncoderError, Tokens};

/// A token stands for at least one character, but spaces and marks may vanish: texts beyond this many characters for each
/// token that is read are cut before the tokenizer sees them, which bounds its work.
const CHARS_PER_TOKEN: usize = 32;

#[derive(Debug)]
pub(super) struct TextReader {
    tokenizer: Tokenizer,
    vocabulary: usize,
    max_tokens: usize,
}

impl TextReader {
    /// Parses a tokenizer file. `vocabulary` is how many ids the weights have vectors for.
    pub(super) fn new(
        path: &Path,
        bytes: &[u8],
        vocabulary: usize,
        max_tokens: usize,
    ) -> Result<Self, EncoderError> {
        let malformed = |error: tokenizers::Error| EncoderError::malformed(path, error.to_string());
        let mut tokenizer = Tokenizer::from_bytes(bytes).map_err(malformed)?;
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(malformed)?;
        Ok(Self { tokenizer, vocabulary, max_tokens })
    }

    /// The ids of `prefix` and `text`, at most `max_tokens` of them.
    pub(super) fn read(&self, prefix: &str, text: &str) -> Result<Tokens, EncoderError> {
        let (text, cut) = head(text, self.max_tokens.saturating_mul(CHARS_PER_TOKEN));
        let encoding = self
            .tokenizer
            .encode_fast([prefix, text].concat(), true)
            .map_err(|error| EncoderError::Tokenizer(error.to_string()))?;
        let mut ids = encoding.get_ids().to_vec();
        let long = ids.len() > self.max_tokens;
        if long {
            shorten(&mut ids, encoding.get_special_tokens_mask(), self.max_tokens);
        }
        match ids.iter().find(|id| usize::try_from(**id).is_ok_and(|id| id >= self.vocabulary)) {
            Some(id) => Err(EncoderError::Vocabulary { id: *id, vocabulary: self.vocabulary }),
            None => Ok(Tokens::new(ids, cut || long)),
        }
    }
}

/// Keeps `most` ids, the closing special token among them if there is one.
fn shorten(ids: &mut Vec<u32>, special: &[u32], most: usize) {
    let closing = ids.last().copied().filter(|_| special.last() == Some(&1));
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
        let check = |special: &[u32], most: usize, expect: &[u32]| {
            let mut ids = vec![101, 7, 8, 9, 102];
            shorten(&mut ids, special, most);
            assert_eq!(ids, expect);
        };
        check(&[1, 0, 0, 0, 1], 3, &[101, 7, 102]);
        check(&[1, 0, 0, 0, 0], 3, &[101, 7, 8]);
        check(&[], 0, &[]);
    }

    #[test]
    fn the_head_ends_between_characters() {
        assert_eq!(head("退货怎么办", 2), ("退货", true));
        assert_eq!(head("退货", 2), ("退货", false));
        assert_eq!(head("", 0), ("", false));
    }
}
