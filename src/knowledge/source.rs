//! The text of one file as an editor sees it: byte spans, lines, and columns in UTF-16 units. It knows nothing of
//! articles; a byte order mark and Windows line ends stay in the text, so that spans are positions on disk.

use std::ops::Range;
use std::sync::Arc;

/// A byte range of a file. `start <= end`, both on character boundaries of the [`Source`] it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// A span from `start` to `end`; an inverted one becomes empty.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end: end.max(start) }
    }
    /// The same span, `offset` bytes further on.
    #[must_use]
    pub fn shifted(self, offset: usize) -> Self {
        Self { start: self.start + offset, end: self.end + offset }
    }
    /// As a range.
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Self {
        Self::new(range.start, range.end)
    }
}

/// A value and where it stands in its file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Spanned<T = String> {
    /// The value.
    pub value: T,
    /// Where it stands; empty at 0 for a value that comes from no file.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// A value at a place.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

impl From<&str> for Spanned {
    fn from(value: &str) -> Self {
        Self::new(value.to_owned(), Span::default())
    }
}

/// A position as an editor counts it: from 1, columns in UTF-16 units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
}

/// The text of one file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Source {
    file: String,
    text: String,
    /// Where each line starts; the first one after the byte order mark, which no editor counts.
    starts: Vec<usize>,
}

/// U+FEFF as UTF-8.
const BYTE_ORDER_MARK: char = '\u{feff}';

impl Source {
    /// Wraps the text of `file`; `file` is shown in diagnostics as it is.
    pub fn new(file: &str, text: &str) -> Self {
        let first = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len_utf8() } else { 0 };
        let mut starts = vec![first];
        starts.extend(text.match_indices('\n').map(|(at, _)| at + 1));
        Self { file: file.to_owned(), text: text.to_owned(), starts }
    }

    /// The source of a value made in memory: every span is empty.
    pub fn none() -> Arc<Self> {
        Arc::new(Self::new("", ""))
    }

    /// The file's name as shown.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The whole text, byte order mark included.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The offset of the first character that is not a byte order mark.
    pub fn start(&self) -> usize {
        self.starts.first().copied().unwrap_or(0)
    }

    /// The text of a span; empty if it is none of this text.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or_default()
    }

    /// The position of a byte; one past the end is the end.
    pub fn place(&self, offset: usize) -> Place {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let end = offset.min(self.text.len()).max(start);
        let before = self.text.get(start..end).unwrap_or_default();
        Place { line, column: before.encode_utf16().count() + 1 }
    }

    /// The text of a line (from 1) without its line end.
    pub fn line(&self, line: usize) -> &str {
        self.slice(self.line_span(line)).trim_end_matches(['\n', '\r'])
    }

    /// The span of a line (from 1) with its line end; empty at the end of the text if there is no such line.
    pub fn line_span(&self, line: usize) -> Span {
        let bound = |at: usize| self.starts.get(at).copied().unwrap_or(self.text.len());
        Span::new(bound(line.wrapping_sub(1)), bound(line))
    }

    /// How many lines there are, at least 1.
    pub fn lines(&self) -> usize {
        self.starts.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_lines_from_one_and_columns_in_utf16() {
        let check = |text: &str, needle: &str, line: usize, column: usize| {
            let source = Source::new("a.md", text);
            let offset = text.find(needle).unwrap();
            assert_eq!(source.place(offset), Place { line, column }, "{text:?} {needle:?}");
        };
        check("abc", "a", 1, 1);
        check("a\nbc", "c", 2, 2);
        check("a\r\nbc", "b", 2, 1);
        check("退款多久", "久", 1, 4);
        check("😀x", "x", 1, 3);
        check("\u{feff}abc", "b", 1, 2);
    }

    #[test]
    fn lines_come_without_their_ends() {
        let source = Source::new("a.md", "\u{feff}一\r\n二\n");
        assert_eq!((source.line(1), source.line(2), source.line(3)), ("一", "二", ""));
        assert_eq!(source.line(0), "");
        assert_eq!(source.line(99), "");
        assert_eq!(source.place(10_000).line, 3);
    }
}
