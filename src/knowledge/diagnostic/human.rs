//! Diagnostics for people: `file:line:column: severity[code] message`, the source line with the place underlined (Han
//! and emoji are two cells wide), and the remedy. The first line is what a problem matcher reads.

use std::fmt::Write as _;

use super::{Bilingual, Diagnostic, Tally};
use crate::message::Language;

/// The longest excerpt in cells; a longer line is shown around the place.
const WIDEST: usize = 96;
/// How much of a longer line is shown before the place, in cells.
const LEAD: usize = 24;

/// All diagnostics, an empty line between them.
pub fn render(diagnostics: &[Diagnostic], language: Language) -> String {
    let blocks: Vec<String> = diagnostics.iter().map(|d| render_one(d, language)).collect();
    blocks.join("\n")
}

/// One diagnostic; ends with a line end.
pub fn render_one(diagnostic: &Diagnostic, language: Language) -> String {
    let Diagnostic { file, line, column, severity, code, .. } = diagnostic;
    let message = printable(diagnostic.message.get(language));
    let remedy = printable(diagnostic.remedy.get(language));
    let gutter = " ".repeat(line.to_string().len());
    let mut out = format!("{file}:{line}:{column}: {severity}[{}] {message}\n", code.as_str());
    if let Some(Excerpt { text, indent, marks }) = excerpt(diagnostic) {
        // Writing to a String cannot fail.
        writeln!(out, "  {line} | {text}\n  {gutter} | {indent}{marks}").ok();
    }
    if !remedy.is_empty() {
        writeln!(out, "  {gutter} = {}{remedy}", heading().get(language)).ok();
    }
    out
}

/// The last line of a check.
pub fn summary(articles: usize, tally: Tally, language: Language) -> String {
    let Tally { errors, warnings, .. } = tally;
    Bilingual::new(
        format!("{articles} 篇文章，{errors} 个错误，{warnings} 个警告"),
        format!("{articles} articles, {errors} errors, {warnings} warnings"),
    )
    .get(language)
    .to_owned()
}

fn heading() -> Bilingual {
    Bilingual::new("修正：", "fix: ")
}

struct Excerpt {
    text: String,
    indent: String,
    marks: String,
}

/// The line and the marks under it; `None` where there is no line to show.
fn excerpt(diagnostic: &Diagnostic) -> Option<Excerpt> {
    let line = printable(&diagnostic.excerpt);
    if line.trim().is_empty() {
        return None;
    }
    let start = diagnostic.column - 1;
    let same_line = diagnostic.end_line == diagnostic.line;
    let end = if same_line { diagnostic.end_column - 1 } else { usize::MAX };
    let (before, rest) = split_utf16(&line, start);
    let (marked, after) = split_utf16(rest, end.saturating_sub(start));
    let (before, marked, after) = crop(before, marked, after);
    Some(Excerpt {
        indent: " ".repeat(width(&before)),
        marks: "^".repeat(width(&marked).max(1)),
        text: format!("{before}{marked}{after}"),
    })
}

/// Control characters become visible: a hostile article must not write to a terminal.
fn printable(text: &str) -> String {
    let visible = |c: char| match c {
        '\t' | '\n' => ' ',
        c if c.is_control() || is_bidi_control(c) => '\u{fffd}',
        c => c,
    };
    text.chars().map(visible).collect()
}

fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Splits after `units` UTF-16 units; inside a pair, before it.
fn split_utf16(text: &str, units: usize) -> (&str, &str) {
    let mut left = units;
    for (at, c) in text.char_indices() {
        if left < c.len_utf16() {
            return text.split_at_checked(at).unwrap_or((text, ""));
        }
        left -= c.len_utf16();
    }
    (text, "")
}

fn crop(before: &str, marked: &str, after: &str) -> (String, String, String) {
    if width(before) + width(marked) + width(after) <= WIDEST {
        return (before.to_owned(), marked.to_owned(), after.to_owned());
    }
    let lead = last_cells(before, LEAD);
    let head = first_cells(marked, WIDEST - LEAD);
    let room = WIDEST.saturating_sub(width(&lead) + width(&head));
    let tail = if head == marked { first_cells(after, room) } else { String::new() };
    (lead, head, tail)
}

/// The beginning of a text in at most `cells` cells, marked where it was cut.
fn first_cells(text: &str, cells: usize) -> String {
    if width(text) <= cells {
        return text.to_owned();
    }
    let mut used = 1;
    let fits = |c: &char| {
        used += cell_width(*c);
        used <= cells
    };
    let mut head: String = text.chars().take_while(fits).collect();
    head.push('…');
    head
}

/// The end of a text in at most `cells` cells, marked where it was cut.
fn last_cells(text: &str, cells: usize) -> String {
    if width(text) <= cells {
        return text.to_owned();
    }
    let reversed: String = text.chars().rev().collect();
    first_cells(&reversed, cells).chars().rev().collect()
}

fn width(text: &str) -> usize {
    text.chars().map(cell_width).sum()
}

/// Cells a character takes on a terminal: 2 for East Asian wide ones and emoji, 0 for combining ones.
fn cell_width(c: char) -> usize {
    match c {
        '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' | '\u{fe00}'..='\u{fe0f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{303e}'
        | '\u{3041}'..='\u{a4cf}'
        | '\u{a960}'..='\u{a97f}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff01}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1f64f}'
        | '\u{1f680}'..='\u{1f6ff}'
        | '\u{1f900}'..='\u{1f9ff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::diagnostic::Code;
    use crate::knowledge::source::{Source, Span};

    fn sample(text: &str, marked: &str) -> Diagnostic {
        let source = Source::new("knowledge/refund.md", text);
        let start = text.find(marked).unwrap();
        let span = Span::new(start, start + marked.len());
        let message = Bilingual::new("用了全角冒号", "a full-width colon");
        let remedy = Bilingual::new("写成 `title: 退款`", "write `title: 退款`");
        Diagnostic::new(Code::FullWidthColon, &source, span, message, remedy)
    }

    #[test]
    fn the_place_is_underlined_in_cells() {
        insta::assert_snapshot!(render_one(&sample("---\ntitle：退款\n", "：退款"), Language::ZH), @r"
        knowledge/refund.md:2:6: error[Y2] 用了全角冒号
          2 | title：退款
            |      ^^^^^^
            = 修正：写成 `title: 退款`
        ");
        insta::assert_snapshot!(render_one(&sample("---\n退款😀：x\n", "："), Language::EN), @r"
        knowledge/refund.md:2:5: error[Y2] a full-width colon
          2 | 退款😀：x
            |       ^^
            = fix: write `title: 退款`
        ");
    }

    #[test]
    fn long_lines_are_shown_around_the_place() {
        let text = format!("{}：{}", "前".repeat(300), "后".repeat(300));
        let shown = render_one(&sample(&text, "："), Language::ZH);
        let widest = shown.lines().skip(1).map(width).max().unwrap();
        assert!(widest <= WIDEST + 10, "{widest}: {shown}");
        assert!(shown.contains('：') && shown.matches('…').count() == 2, "{shown}");
    }

    #[test]
    fn control_characters_never_reach_a_terminal() {
        let shown = render_one(&sample("a\u{1b}[2J：\u{202e}b\u{7}\n", "："), Language::EN);
        assert!(!shown.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{shown:?}");
    }

    #[test]
    fn an_empty_line_has_no_excerpt() {
        let source = Source::new("a.md", "");
        let nothing = Bilingual::default();
        let d = Diagnostic::new(Code::File, &source, Span::default(), nothing.clone(), nothing);
        assert_eq!(render_one(&d, Language::EN), "a.md:1:1: error[K18] \n");
    }
}
