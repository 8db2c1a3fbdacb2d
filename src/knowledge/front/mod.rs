//! Front matter: the YAML (`---`) or TOML (`+++`) at the head of an article. `split` finds it, `yaml` and `toml` turn it
//! into one tree of [`node::Node`]s, `fields` reads an article from the tree, `slips` explains what people type by
//! mistake. The text below it is the business of `body`.

pub(super) mod fields;
pub(super) mod node;
pub(super) mod slips;
pub(super) mod toml;
pub(super) mod yaml;

use super::source::{Source, Span};

/// Which notation a head is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notation {
    /// Between two lines `---`.
    Yaml,
    /// Between two lines `+++`.
    Toml,
}

impl Notation {
    pub(super) fn delimiter(self) -> &'static str {
        match self {
            Self::Yaml => "---",
            Self::Toml => "+++",
        }
    }
}

/// Where the parts of a file are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Split {
    /// Head and body.
    Whole {
        /// How the head is written.
        notation: Notation,
        /// The lines between the delimiters.
        head: Span,
        /// Everything after the closing delimiter's line.
        body: Span,
    },
    /// An opening delimiter without a closing one.
    Open {
        /// How the head is written.
        notation: Notation,
        /// From the line after the delimiter to the end.
        rest: Span,
    },
    /// No delimiter; holds the first line that is not blank, from 1.
    None {
        /// Its number.
        line: usize,
    },
}

/// Finds the head of a file. Blank lines before it are tolerated.
pub(super) fn split(source: &Source) -> Split {
    let blank = |line: &usize| source.line(*line).trim().is_empty();
    let first = (1..=source.lines()).find(|line| !blank(line)).unwrap_or(1);
    let opening = source.line(first).trim_end();
    let Some(notation) =
        [Notation::Yaml, Notation::Toml].into_iter().find(|n| n.delimiter() == opening)
    else {
        return Split::None { line: first };
    };
    let start = source.line_span(first).end;
    let closes = |line: &usize| source.line(*line).trim_end() == notation.delimiter();
    match (first + 1..=source.lines()).find(closes).map(|line| source.line_span(line)) {
        Some(closing) => Split::Whole {
            notation,
            head: Span::new(start, closing.start),
            body: Span::new(closing.end, source.text().len()),
        },
        None => Split::Open { notation, rest: Span::new(start, source.text().len()) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_stands_between_two_delimiters() {
        let check = |text: &str, expect: Option<(&str, &str)>| {
            let source = Source::new("a.md", text);
            let found = match split(&source) {
                Split::Whole { head, body, .. } => Some((source.slice(head), source.slice(body))),
                Split::Open { .. } | Split::None { .. } => None,
            };
            assert_eq!(found, expect, "{text:?}");
        };
        check("---\na: 1\n---\nbody", Some(("a: 1\n", "body")));
        check("+++\na = 1\n+++\n", Some(("a = 1\n", "")));
        check("\u{feff}---\r\na: 1\r\n---\r\nbody", Some(("a: 1\r\n", "body")));
        check("\n\n---\n---", Some(("", "")));
        check("---\na: 1\n---  \nb\n---\n", Some(("a: 1\n", "b\n---\n")));
        check("---\na: 1\n", None);
        check("---\na: 1\n+++\n", None);
        check("# Title\n---\n", None);
        check("", None);
    }
}
