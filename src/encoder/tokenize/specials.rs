//! Tokens that are recognised in the text as it was written, before anything else reads it, such as `<mask>`.

use super::file::AddedToken;
use super::trie::Trie;

/// The added tokens of a tokenizer.
#[derive(Debug)]
pub(super) struct Specials {
    /// From the text of a token to its place in `tokens`.
    trie: Trie,
    tokens: Vec<Special>,
}

#[derive(Debug)]
struct Special {
    id: u32,
    /// Whether it takes the white space before it along.
    takes_space: bool,
}

/// A stretch of text, or a token found between two.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stretch<'t> {
    Text(&'t str),
    Token(u32),
}

impl Specials {
    /// `id_of` knows the vocabulary. Nothing if a token is not in it, is there twice, or asks for more than is done here.
    pub(super) fn new(
        mut added: Vec<AddedToken>,
        id_of: impl Fn(&str) -> Option<u32>,
    ) -> Option<Self> {
        added.sort_by(|a, b| a.content.cmp(&b.content));
        let twice = added.windows(2).any(|pair| pair[0].content == pair[1].content);
        if twice || !added.iter().all(is_plain) {
            return None;
        }
        let keys: Vec<_> = added.iter().map(|token| token.content.as_bytes()).zip(0..).collect();
        let special = |token: &AddedToken| {
            Some(Special { id: id_of(&token.content)?, takes_space: token.lstrip })
        };
        let tokens = added.iter().map(special).collect::<Option<_>>()?;
        Some(Self { trie: Trie::new(&keys), tokens })
    }

    /// Cuts a text at its tokens, at the longest where several begin. No stretch of text is empty.
    pub(super) fn cut<'t>(&self, text: &'t str) -> Vec<Stretch<'t>> {
        let (mut cut, mut rest) = (Vec::new(), text);
        while let Some((at, length, token)) = self.first_in(rest) {
            let (before, found) = rest.split_at(at);
            let before = if token.takes_space { before.trim_end() } else { before };
            cut.extend(stretch(before));
            cut.push(Stretch::Token(token.id));
            rest = found.split_at(length).1;
        }
        cut.extend(stretch(rest));
        cut
    }

    /// The first token in a text: where it begins, and its length in bytes.
    fn first_in(&self, text: &str) -> Option<(usize, usize, &Special)> {
        (0..text.len()).find_map(|at| {
            let (length, place) = self.trie.prefixes(&text.as_bytes()[at..]).last()?;
            Some((at, length, self.tokens.get(usize::try_from(place).ok()?)?))
        })
    }
}

fn is_plain(token: &AddedToken) -> bool {
    !token.content.is_empty() && !token.normalized && !token.single_word && !token.rstrip
}

fn stretch(text: &str) -> Option<Stretch<'_>> {
    (!text.is_empty()).then_some(Stretch::Text(text))
}
