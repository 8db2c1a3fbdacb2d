//! The markdown below the head: the answer above the first `##`, the sections after it. Only a `##` line at the left
//! margin of the document starts a section; one inside a list, a quotation or a code block is text.

use std::collections::BTreeSet;

use pulldown_cmark::{Event, HeadingLevel, Parser, Tag};

use super::article::Section;
use super::plain::{DIALECT, to_plain};
use super::source::{Source, Span};

/// What stands below a head.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Body {
    /// The answer, trimmed, `\n` line ends.
    pub(super) answer: String,
    /// Where the answer stands, without the blank lines around it.
    pub(super) answer_span: Span,
    /// The sections in order.
    pub(super) sections: Vec<Section>,
}

/// Reads the body at `span` of a file.
pub(super) fn read(source: &Source, span: Span) -> Body {
    let text = source.slice(span);
    let headings = headings(text);
    let first = headings.first().map_or(text.len(), |heading| heading.start);
    let answer_span = trimmed(source, Span::new(0, first).shifted(span.start));
    let mut anchors = BTreeSet::new();
    let ends = headings.iter().skip(1).map(|next| next.start).chain([text.len()]);
    let section = |(heading, end): (&Heading, usize)| {
        let below = text.get(heading.end..end).unwrap_or_default();
        Section {
            heading: heading.text.clone(),
            anchor: unique(&mut anchors, &anchor(&heading.text)),
            markdown: unix_lines(below.trim()),
            span: trimmed(source, Span::new(heading.start, end).shifted(span.start)),
        }
    };
    Body {
        answer: unix_lines(source.slice(answer_span)),
        answer_span,
        sections: headings.iter().zip(ends).map(section).collect(),
    }
}

struct Heading {
    start: usize,
    end: usize,
    text: String,
}

/// The `##` headings of the document itself.
fn headings(text: &str) -> Vec<Heading> {
    let mut found = Vec::new();
    let mut depth = 0_usize;
    for (event, range) in Parser::new_ext(text, DIALECT).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level: HeadingLevel::H2, .. }) if depth == 0 => {
                let written = text.get(range.clone()).unwrap_or_default();
                if let Some(words) = written.trim_start().strip_prefix("##") {
                    found.push(Heading {
                        start: range.start,
                        end: range.end,
                        text: to_plain(words.trim().trim_end_matches('#')),
                    });
                }
                depth += 1;
            }
            Event::Start(_) => depth += 1,
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::Text(_)
            | Event::Code(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::Html(_)
            | Event::InlineHtml(_)
            | Event::FootnoteReference(_)
            | Event::SoftBreak
            | Event::HardBreak
            | Event::Rule
            | Event::TaskListMarker(_) => {}
        }
    }
    found
}

/// A span without the white space at its ends.
fn trimmed(source: &Source, span: Span) -> Span {
    let text = source.slice(span);
    let start = span.start + (text.len() - text.trim_start().len());
    Span::new(start, start + text.trim().len())
}

fn unix_lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// A heading as a link target: lower case, letters and digits of every script, `-` between words.
fn anchor(heading: &str) -> String {
    let words = heading.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let slug = words.collect::<Vec<_>>().join("-").to_lowercase();
    if slug.is_empty() { "section".to_owned() } else { slug }
}

fn unique(taken: &mut BTreeSet<String>, anchor: &str) -> String {
    let numbered = |n: usize| if n == 1 { anchor.to_owned() } else { format!("{anchor}-{n}") };
    let mut number = 1;
    while !taken.insert(numbered(number)) {
        number += 1;
    }
    numbered(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str) -> Body {
        read(&Source::new("a.md", text), Span::new(0, text.len()))
    }

    /// `answer | anchor: markdown | …`
    fn show(text: &str) -> String {
        let body = body(text);
        let section = |s: &Section| format!("{}={}: {}", s.heading, s.anchor, s.markdown);
        let mut parts = vec![body.answer.clone()];
        parts.extend(body.sections.iter().map(section));
        parts.join(" | ")
    }

    #[test]
    fn the_answer_ends_at_the_first_section() {
        let check = |text: &str, expect: &str| assert_eq!(show(text), expect, "{text:?}");
        check("answer\n", "answer");
        check("\n\nanswer\n\n## 细节\n正文\n", "answer | 细节=细节: 正文");
        check("a\r\nb\r\n\r\n## C\r\nd\r\n", "a\nb | C=c: d");
        check("## Only\ntext", " | Only=only: text");
        check("a\n## X\n## X\n", "a | X=x:  | X=x-2: ");
        check("a\n## **Bold** & more ##\nb", "a | Bold & more=bold-more: b");
        check("a\n### not a section\nb", "a\n### not a section\nb");
        check("# Title\na", "# Title\na");
        check("a\n---\nb", "a\n---\nb");
        check("```\n## code\n```", "```\n## code\n```");
        check("- ## in a list", "- ## in a list");
        check("> ## quoted", "> ## quoted");
        check("##没有空格\n", "##没有空格");
        check("a\n## \nb", "a | =section: b");
        check("", "");
    }

    #[test]
    fn spans_are_places_in_the_file() {
        let text = "---\nx\n---\n\n 答案 \n\n## 节\n文\n";
        let source = Source::new("a.md", text);
        let body = read(&source, Span::new(10, text.len()));
        assert_eq!(source.slice(body.answer_span), "答案");
        assert_eq!(source.slice(body.sections[0].span), "## 节\n文");
    }
}
