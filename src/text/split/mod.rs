//! One message, several questions: the pieces that can each be answered alone. Conservative throughout, for a wrong cut
//! makes two unreadable halves where an uncut message is at worst routed whole. It cuts where a sentence ends or where a
//! connector (`另外`, `also`) opens a new matter, and only if both sides stand alone; a story with one question is one.
//!
//! Words alone cannot say what a comma divides. A text without a sure cut is cut there too, and says so: whether the pieces
//! mean different things is for a reader to tell.

mod clause;
#[rustfmt::skip] // word lists read better as paragraphs
mod words;

use clause::{Clause, Kind, Opener};

/// The questions of a text as written, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Questions {
    /// One piece, the whole text trimmed, where there is one question or none. Of several, a courtesy that stands alone
    /// (`你好！`, `Thanks.`) is left out.
    pub pieces: Vec<String>,
    /// Whether the pieces are matters of their own.
    pub certainty: Certainty,
}

/// How far the words say that the pieces of a text are matters of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    /// A sentence ends or a connector stands between them, or there is one.
    Sure,
    /// Only a pause stands between them (a comma, a space between Han characters, an `and`), and each asks.
    Likely,
    /// Only a pause stands between them, and one may be the other's story.
    Possible,
}

/// Finds the questions of a text.
pub fn questions(text: &str) -> Questions {
    let sure = cut(text, Cuts::Sure);
    let (pieces, certainty) = if sure.len() > 1 {
        (sure, Certainty::Sure)
    } else {
        let possible = cut(text, Cuts::Possible);
        let each_asks = possible.iter().all(|piece| piece.asks);
        let certainty = if each_asks { Certainty::Likely } else { Certainty::Possible };
        (possible, certainty)
    };
    if pieces.len() < 2 {
        return Questions { pieces: vec![text.trim().to_owned()], certainty: Certainty::Sure };
    }
    let written = pieces.iter().filter_map(|piece| text.get(piece.start..piece.end));
    Questions { pieces: written.map(|piece| piece.trim().to_owned()).collect(), certainty }
}

/// Which cuts are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cuts {
    /// Those that words alone justify.
    Sure,
    /// Those at a pause too.
    Possible,
}

fn cut(text: &str, cuts: Cuts) -> Vec<Piece> {
    let clauses = clause::clauses(text, cuts);
    let mut pieces = Pieces { cuts, done: Vec::new(), between: None };
    for clause in clauses.iter().filter(|clause| clause.kind != Kind::Courtesy) {
        pieces.place(clause);
    }
    pieces.finish()
}

/// Neighbouring clauses that belong together, as a byte range of the text.
#[derive(Debug, Clone, Copy)]
struct Piece {
    start: usize,
    end: usize,
    /// Holds a question of some substance.
    asks: bool,
    /// Holds a question, a wish or a complaint of some substance.
    needs: bool,
    /// Opened by a connector.
    connected: bool,
}

impl Piece {
    fn new(clause: &Clause) -> Self {
        Self {
            start: clause.start,
            end: clause.end,
            asks: clause.has_substance() && clause.kind == Kind::Question,
            needs: clause.has_substance() && matches!(clause.kind, Kind::Question | Kind::Need),
            connected: clause.opener == Opener::Connector,
        }
    }

    fn join(&mut self, next: &Self) {
        self.end = next.end;
        self.asks |= next.asks;
        self.needs |= next.needs;
    }

    /// Whether this piece and `clause` are two matters.
    fn ends_before(&self, clause: &Clause, cuts: Cuts) -> bool {
        match clause.opener {
            Opener::Start => true,
            Opener::Sentence if cuts == Cuts::Sure => self.asks && clause.can_follow_sentence(),
            Opener::Connector | Opener::Sentence | Opener::Pause => {
                self.needs && clause.can_follow_connector()
            }
        }
    }
}

#[derive(Debug)]
struct Pieces {
    cuts: Cuts,
    done: Vec<Piece>,
    /// A story after a finished question: of that question, or the introduction of the next one.
    between: Option<Piece>,
}

impl Pieces {
    fn place(&mut self, clause: &Clause) {
        let piece = Piece::new(clause);
        let Some(last) = self.done.last_mut() else {
            self.done.push(piece);
            return;
        };
        if last.ends_before(clause, self.cuts) {
            self.open(piece);
        } else if last.needs && clause.kind == Kind::Story {
            self.hold(piece);
        } else {
            self.settle();
            self.join_last(&piece);
        }
    }

    /// A connector opens its matter itself, so what was said before it belongs to the question before.
    fn open(&mut self, mut piece: Piece) {
        match self.between.take() {
            Some(story) if piece.connected && !story.connected => self.join_last(&story),
            Some(story) => piece.start = story.start,
            None => {}
        }
        self.done.push(piece);
    }

    fn hold(&mut self, story: Piece) {
        match &mut self.between {
            Some(held) => held.join(&story),
            None => self.between = Some(story),
        }
    }

    fn settle(&mut self) {
        if let Some(story) = self.between.take() {
            self.join_last(&story);
        }
    }

    fn join_last(&mut self, piece: &Piece) {
        if let Some(last) = self.done.last_mut() {
            last.join(piece);
        }
    }

    fn finish(mut self) -> Vec<Piece> {
        self.settle();
        self.done
    }
}

#[cfg(test)]
mod tests;
