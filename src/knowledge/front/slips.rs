//! The typing mistakes that a Chinese keyboard makes in YAML, found line by line, each with the exact fix. It reads text,
//! not YAML, so it works where YAML does not; it looks only at lines that can hold a key or a list item.

use super::fields::{WORD_LISTS, known_keys};
use crate::knowledge::diagnostic::{Bilingual, Code, Diagnostic};
use crate::knowledge::source::{Source, Span};

/// The slips in a YAML head, in file order.
pub(crate) fn find(source: &Source, head: Span) -> Vec<Diagnostic> {
    let mut scan = Scan { source, found: Vec::new(), block: None, key: "" };
    let first = source.place(head.start).line;
    for line in first..=source.lines() {
        let span = source.line_span(line);
        if span.start >= head.end {
            break;
        }
        scan.line(source.line(line), span.start);
    }
    scan.found
}

/// A full-width form of one delimiter: `———`, `－－－`, `----`.
pub(crate) fn is_almost_delimiter(line: &str) -> bool {
    let line = line.trim();
    let dash = |c: char| matches!(c, '-' | '－' | '—' | '–' | '─' | '―' | '_' | '＿');
    line.chars().count() >= 2 && line.chars().all(dash) && line != "---"
}

/// Whether a line can belong to a head: where a head that was never closed probably ends.
pub(crate) fn looks_like_head(line: &str) -> bool {
    let text = line.trim_start();
    let indented = text.len() < line.len();
    let listed = text.starts_with("- ") || text == "-";
    let keyed = key_of(text).is_some_and(|(key, rest)| {
        known_keys().any(|known| known == key) && rest.starts_with([':', '：'])
    });
    indented || listed || keyed || text.starts_with('#') && !text.starts_with("# ")
}

struct Scan<'a> {
    source: &'a Source,
    found: Vec<Diagnostic>,
    /// Inside a block scalar (`|`, `>`): the indentation of its key.
    block: Option<usize>,
    /// The last key at the left margin.
    key: &'static str,
}

impl<'a> Scan<'a> {
    fn line(&mut self, line: &'a str, start: usize) {
        let content = line.trim_start();
        let indent = line.len() - content.len();
        if content.is_empty() || content.starts_with('#') || self.in_block(indent) {
            return;
        }
        self.indentation(line, indent, start);
        let item = self.item(content, start + indent, indent);
        let (listed, content) = (item.is_some(), item.unwrap_or(content));
        let at = start + line.len() - content.len();
        match self.keyed(content, at, listed || indent > 0) {
            Some(value) => self.value(value, start + line.len() - value.len(), indent),
            None if listed => self.quotes(content.trim_end(), at),
            None => {}
        }
    }

    fn in_block(&mut self, indent: usize) -> bool {
        let inside = self.block.is_some_and(|key| indent > key);
        if !inside {
            self.block = None;
        }
        inside
    }

    fn report(&mut self, code: Code, span: Span, message: (&str, &str), fix: &str) {
        self.found.push(Diagnostic::new(
            code,
            self.source,
            span,
            Bilingual::new(message.0, message.1),
            Bilingual::new(format!("写成 `{fix}`"), format!("write `{fix}`")),
        ));
    }

    fn indentation(&mut self, line: &str, indent: usize, start: usize) {
        let margin = line.get(..indent).unwrap_or_default();
        if margin.chars().all(|c| c == ' ') {
            return;
        }
        let fix = format!("  {}", line.trim());
        self.report(
            Code::Indentation,
            Span::new(start, start + indent),
            ("缩进里有制表符或全角空格", "indented with a tab or a full-width space"),
            &fix,
        );
    }

    /// What follows a list dash; a dash without its space, or a wide one, is reported.
    fn item(&mut self, content: &'a str, at: usize, indent: usize) -> Option<&'a str> {
        let mut chars = content.chars();
        let bullet = chars.next().filter(|c| matches!(c, '-' | '－' | '—' | '–' | '•' | '·'))?;
        let rest = chars.as_str();
        if bullet == '-' && (rest.is_empty() || rest.starts_with([' ', '\t'])) {
            return Some(rest.trim_start());
        }
        if rest.starts_with('-') || rest.trim().is_empty() {
            return None; // `--`: no list item
        }
        let fix = format!("{}- {}", " ".repeat(indent), rest.trim());
        self.report(
            Code::MissingSpace,
            Span::new(at, at + bullet.len_utf8()),
            ("列表项要以半角短横和一个空格开头", "a list item starts with a dash and a space"),
            &fix,
        );
        Some(rest.trim_start())
    }

    /// The value of a line `key: value`; a wide colon or a missing space is reported.
    fn keyed(&mut self, content: &'a str, at: usize, nested: bool) -> Option<&'a str> {
        let (key, rest) = key_of(content)?;
        let known = known_keys().find(|known| *known == key);
        if !nested {
            self.key = known.unwrap_or_default();
        }
        let after = at + content.len() - rest.len();
        // Inside a list any word may precede a colon; only the keys that belong there count.
        let meant_as_key = if nested { known.is_some() } else { true };
        if let Some(value) = rest.strip_prefix('：') {
            if meant_as_key {
                let fix = format!("{key}: {}", value.trim());
                let span = Span::new(after, after + '：'.len_utf8());
                self.report(
                    Code::FullWidthColon,
                    span,
                    ("键后面用了全角冒号“：”", "a full-width colon `：` follows the key"),
                    &fix,
                );
            }
            return meant_as_key.then_some(value);
        }
        let value = rest.strip_prefix(':')?;
        if value.starts_with(|c: char| !c.is_whitespace()) && meant_as_key {
            let fix = format!("{key}: {}", value.trim());
            let span = Span::new(after, after + 1);
            self.report(
                Code::MissingSpace,
                span,
                ("冒号后面少了空格", "the space after the colon is missing"),
                &fix,
            );
        }
        Some(value)
    }

    fn value(&mut self, value: &'a str, at: usize, indent: usize) {
        let text = value.trim();
        let at = at + value.len() - value.trim_start().len();
        if text.starts_with(['|', '>']) {
            self.block = Some(indent);
        } else if text.starts_with(['[', '［', '【']) || self.is_bare_word_list(text) {
            self.list(text, at);
        } else {
            self.quotes(text, at);
        }
    }

    /// `tags: 退款，换货`: a list without brackets.
    fn is_bare_word_list(&self, text: &str) -> bool {
        WORD_LISTS.contains(&self.key)
            && !text.starts_with(['"', '\''])
            && text.contains(['，', '、'])
    }

    fn list(&mut self, text: &str, at: usize) {
        let wide = ['，', '、', '［', '］', '【', '】'];
        if text.contains(['"', '\'']) || !text.contains(wide) {
            return;
        }
        let bare = text.trim_matches(['[', ']', '［', '］', '【', '】']);
        let items: Vec<&str> = bare.split(['，', '、', ',']).map(str::trim).collect();
        let fix = format!("[{}]", items.join(", "));
        let span = Span::new(at, at + text.len());
        self.report(
            Code::FullWidthList,
            span,
            (
                "行内列表用了全角逗号或全角括号",
                "a list on one line uses full-width commas or brackets",
            ),
            &fix,
        );
    }

    /// A value that stands in full-width quotes as a whole.
    fn quotes(&mut self, text: &str, at: usize) {
        let quote = |c: char| matches!(c, '“' | '”' | '‘' | '’' | '＂' | '「' | '」');
        let Some(inner) = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) else {
            return;
        };
        if inner.is_empty() || inner.contains(quote) {
            return; // “退款”和“换货”: quotes inside a sentence
        }
        let fix = format!("\"{inner}\"");
        let span = Span::new(at, at + text.len());
        self.report(
            Code::FullWidthQuotes,
            span,
            ("值用了全角引号", "the value stands in full-width quotes"),
            &fix,
        );
    }
}

/// The ASCII word at the head of a line and what follows it.
fn key_of(content: &str) -> Option<(&str, &str)> {
    let end =
        content.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(content.len());
    let (key, rest) = content.split_at_checked(end)?;
    let starts_well = key.starts_with(|c: char| c.is_ascii_alphabetic());
    let rest = rest.trim_start_matches(' ');
    (starts_well && rest.starts_with([':', '：'])).then_some((key, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `code line:column fix` of each slip.
    fn slips(head: &str) -> String {
        let source = Source::new("a.md", head);
        let show = |d: &Diagnostic| {
            let fix = d.remedy.en.trim_start_matches("write ");
            format!("{} {}:{} {fix}", d.code.as_str(), d.line, d.column)
        };
        let found = find(&source, Span::new(0, head.len()));
        found.iter().map(show).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn slips_are_found_with_their_exact_fix() {
        let check = |head: &str, expect: &str| assert_eq!(slips(head), expect, "{head:?}");
        check("title：退款多久到账", "Y2 1:6 `title: 退款多久到账`");
        check("title ：退款", "Y2 1:7 `title: 退款`");
        check("tests:\n  - ask：钱呢", "Y2 2:8 `ask: 钱呢`");
        check("title:退款", "Y6 1:6 `title: 退款`");
        check("tests:\n  - ask:钱呢", "Y6 2:8 `ask: 钱呢`");
        check("questions:\n  -钱呢", "Y6 2:3 `  - 钱呢`");
        check("questions:\n  － 钱呢", "Y6 2:3 `  - 钱呢`");
        check("questions:\n\t- 钱呢", "Y4 2:1 `  - 钱呢`");
        check("questions:\n　- 钱呢", "Y4 2:1 `  - 钱呢`");
        check("title: “退款: 多久”", "Y3 1:8 `\"退款: 多久\"`");
        check("questions:\n  - “钱呢”", "Y3 2:5 `\"钱呢\"`");
        check("tags: [退款，换货]", "Y5 1:7 `[退款, 换货]`");
        check("tags: 【退款、换货】", "Y5 1:7 `[退款, 换货]`");
        check("channels: web，wechat", "Y5 1:11 `[web, wechat]`");
    }

    #[test]
    fn good_lines_are_left_alone() {
        let check = |head: &str| assert_eq!(slips(head), "", "{head:?}");
        check("title: 退款：多久到账");
        check("title: \"退款: 多久\"");
        check(
            "questions:\n  - 我想问：退款多久\n  - App：怎么下载\n  - 链接 https://a.example 打不开",
        );
        check("questions:\n  - “退款”和“换货”有什么区别\n  - “退款”是什么意思");
        check("tags: [退款, 换货]");
        check("tags: [\"退款，换货\"]");
        check("title: 一，二");
        check("title: |\n  id：不是键\n  -也不是列表");
        check("# id：注释");
        check("valid_from: 2026-01-01\n");
        check("lang: zh\r\ntitle: 退款\r\n");
    }

    #[test]
    fn delimiters_that_are_almost_right() {
        for line in ["———", "－－－", "----", "--", "—— "] {
            assert!(is_almost_delimiter(line), "{line}");
        }
        for line in ["---", "", "-", "- a", "正文"] {
            assert!(!is_almost_delimiter(line), "{line}");
        }
    }
}
