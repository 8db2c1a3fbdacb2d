//! The unigram language model of SentencePiece: of all ways to cut a word into pieces, the one of the highest total score.
//! T. Kudo, "Subword Regularization" (2018), section 3.2. Only the best cut, as Viterbi finds it: nothing is sampled.

use std::iter;
use std::ops::Range;

use super::pieces::Pieces;
use super::trie::Trie;

/// How far an unknown character scores below the worst piece: a constant of SentencePiece, and so of every model.
const UNKNOWN_PENALTY: f64 = 10.0;

/// The pieces and their scores.
#[derive(Debug)]
pub(super) struct Unigram {
    trie: Trie,
    scores: Vec<f64>,
    unknown: u32,
    unknown_score: f64,
}

/// The last piece of the best way to cut a word up to some place.
#[derive(Debug, Clone, Copy)]
struct Last {
    piece: u32,
    from: usize,
    /// Of the whole way.
    score: f64,
}

/// For every place in a word, what the best way there ends with. Kept between words for its memory.
#[derive(Debug, Default)]
pub(super) struct Lattice(Vec<Option<Last>>);

impl Unigram {
    /// Nothing if `unknown` is not the id of a piece.
    pub(super) fn new(pieces: Pieces, unknown: u32) -> Option<Self> {
        pieces.scores.get(usize::try_from(unknown).ok()?)?;
        let worst = pieces.scores.iter().copied().fold(f64::INFINITY, f64::min);
        Some(Self {
            trie: Trie::new(&pieces.sorted()),
            scores: pieces.scores,
            unknown,
            unknown_score: worst - UNKNOWN_PENALTY,
        })
    }

    /// The id of a piece.
    pub(super) fn id(&self, piece: &str) -> Option<u32> {
        self.trie.get(piece.as_bytes())
    }

    /// Appends the ids of a word. Neighbours that are unknown become one.
    pub(super) fn encode(&self, word: &str, lattice: &mut Lattice, ids: &mut Vec<u32>) {
        self.search(word, lattice);
        let first = ids.len();
        let mut unknown: Option<Range<usize>> = None;
        for (place, piece) in lattice.back_from(word.len()) {
            if piece == self.unknown {
                unknown = Some(place.start..unknown.map_or(place.end, |later| later.end));
                continue;
            }
            ids.extend(unknown.take().map(|place| self.id_of_unknown(&word.as_bytes()[place])));
            ids.push(piece);
        }
        ids.extend(unknown.map(|place| self.id_of_unknown(&word.as_bytes()[place])));
        ids[first..].reverse();
    }

    /// Unknown neighbours can make up a piece that scores too low to have been chosen.
    fn id_of_unknown(&self, text: &[u8]) -> u32 {
        self.trie.get(text).unwrap_or(self.unknown)
    }

    /// Fills the lattice from left to right. Of equal ways the one found first stays.
    fn search(&self, word: &str, lattice: &mut Lattice) {
        lattice.clear(word.len());
        for (from, first) in word.char_indices() {
            let so_far = lattice.score(from);
            let mut known = false;
            for (length, piece) in self.trie.prefixes(&word.as_bytes()[from..]) {
                let score = self.score(piece) + so_far;
                lattice.offer(from + length, Last { piece, from, score });
                known |= length == first.len_utf8();
            }
            if !known {
                let score = self.unknown_score + so_far;
                lattice.offer(from + first.len_utf8(), Last { piece: self.unknown, from, score });
            }
        }
    }

    fn score(&self, piece: u32) -> f64 {
        let known = usize::try_from(piece).ok().and_then(|piece| self.scores.get(piece));
        known.copied().unwrap_or(self.unknown_score)
    }
}

impl Lattice {
    fn clear(&mut self, length: usize) {
        self.0.clear();
        self.0.resize(length + 1, None);
    }

    /// The score of the best way to `place`; nothing has been read before the first.
    fn score(&self, place: usize) -> f64 {
        self.last(place).map_or(0.0, |last| last.score)
    }

    fn offer(&mut self, place: usize, last: Last) {
        if let Some(best) = self.0.get_mut(place)
            && best.is_none_or(|best| last.score > best.score)
        {
            *best = Some(last);
        }
    }

    /// The pieces of the best way to `end`, last first.
    fn back_from(&self, end: usize) -> impl Iterator<Item = (Range<usize>, u32)> {
        let mut end = end;
        iter::from_fn(move || {
            let Last { piece, from, .. } = self.last(end)?;
            let place = from..end;
            end = from;
            Some((place, piece))
        })
    }

    fn last(&self, place: usize) -> Option<Last> {
        self.0.get(place).copied().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pieces: &[(&str, f64)], word: &str, expect: &[u32]) {
        let unigram = Unigram::new(pieces.iter().copied().collect(), 0).unwrap();
        let mut ids = vec![7];
        unigram.encode(word, &mut Lattice::default(), &mut ids);
        assert_eq!(ids, [&[7], expect].concat(), "{word:?}");
    }

    #[test]
    fn the_highest_total_score_wins() {
        let pieces =
            [("<unk>", 0.0), ("a", -3.0), ("b", -3.0), ("ab", -7.0), ("abc", -1.0), ("退", -2.0)];
        check(&pieces, "ab", &[1, 2]);
        check(&pieces, "abc", &[4]);
        check(&pieces, "ab退", &[1, 2, 5]);
        check(&pieces, "", &[]);
    }

    #[test]
    fn of_equal_ways_the_one_with_the_longer_last_piece_stays() {
        check(&[("<unk>", 0.0), ("a", -1.0), ("b", -1.0), ("ab", -2.0)], "ab", &[3]);
    }

    #[test]
    fn unknown_neighbours_are_one() {
        let pieces = [("<unk>", 0.0), ("a", -3.0), ("xy", 30.0), ("xyz", 1.0), ("z", 0.0)];
        check(&pieces, "退货a款", &[0, 1, 0]);
        check(&pieces, "<unk>款a", &[0, 1]);
        check(&pieces, "xy", &[2]);
    }

    #[test]
    fn unknown_neighbours_may_be_a_piece() {
        check(&[("<unk>", 40.0), ("xy", 30.5), ("z", 30.0)], "xyz", &[1, 2]);
    }

    #[test]
    fn of_pieces_that_are_the_same_the_last_counts() {
        check(&[("<unk>", 0.0), ("a", -1.0), ("a", -9.0), ("", -1.0)], "aa", &[2, 2]);
    }

    #[test]
    fn the_unknown_must_be_a_piece() {
        assert!(Unigram::new([("a", 0.0)].into_iter().collect(), 1).is_none());
    }
}
