//! Markdown as plain text, by one fixed rule, for channels without markup: a link becomes `text (address)`, list items
//! keep their `- ` or number, a table row becomes `a | b`, headings and emphasis keep their words, HTML tags go. It
//! reads anything and never fails; it does not shorten.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// The markdown dialect of articles: `CommonMark` with tables, strikethrough and task lists.
pub(crate) const DIALECT: Options =
    Options::ENABLE_TABLES.union(Options::ENABLE_STRIKETHROUGH).union(Options::ENABLE_TASKLISTS);

/// The plain text of a piece of markdown, trimmed; at most one empty line in a row.
pub fn to_plain(markdown: &str) -> String {
    let mut writer = Writer::default();
    for event in Parser::new_ext(markdown, DIALECT) {
        writer.event(event);
    }
    writer.finish()
}

#[derive(Default)]
struct Writer {
    out: String,
    /// The open lists: the next number, or `None` for bullets.
    lists: Vec<Option<u64>>,
    /// The open links and images: where their text starts in `out`, and their address.
    links: Vec<(usize, String)>,
    /// The current cell is not the first of its row.
    in_row: bool,
    /// A soft break waits for the next character to know whether it is a space.
    soft_break: bool,
}

impl Writer {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text)
            | Event::Code(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text)
            | Event::FootnoteReference(text) => self.text(&text),
            Event::Html(html) | Event::InlineHtml(html) => self.html(&html),
            Event::SoftBreak => self.soft_break = true,
            Event::HardBreak => self.line(),
            Event::Rule => self.paragraph(),
            Event::TaskListMarker(done) => self.text(if done { "[x] " } else { "[ ] " }),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::List(first) => {
                self.line();
                self.lists.push(first);
            }
            Tag::Item => self.item(),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.settle_soft_break(' ');
                self.links.push((self.out.len(), dest_url.into_string()));
            }
            Tag::TableHead | Tag::TableRow => {
                self.line();
                self.in_row = false;
            }
            Tag::TableCell => self.cell(),
            Tag::Paragraph
            | Tag::Heading { .. }
            | Tag::BlockQuote(_)
            | Tag::CodeBlock(_)
            | Tag::HtmlBlock
            | Tag::FootnoteDefinition(_)
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::Table(_)
            | Tag::Emphasis
            | Tag::Strong
            | Tag::Strikethrough
            | Tag::Superscript
            | Tag::Subscript
            | Tag::MetadataBlock(_) => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::List(_) => {
                self.lists.pop();
                self.block();
            }
            TagEnd::Item => self.line(),
            TagEnd::Link | TagEnd::Image => self.address(),
            TagEnd::Paragraph
            | TagEnd::Heading(_)
            | TagEnd::BlockQuote(_)
            | TagEnd::CodeBlock
            | TagEnd::HtmlBlock
            | TagEnd::FootnoteDefinition
            | TagEnd::DefinitionList
            | TagEnd::DefinitionListTitle
            | TagEnd::DefinitionListDefinition
            | TagEnd::Table
            | TagEnd::MetadataBlock(_) => self.block(),
            TagEnd::TableHead
            | TagEnd::TableRow
            | TagEnd::TableCell
            | TagEnd::Emphasis
            | TagEnd::Strong
            | TagEnd::Strikethrough
            | TagEnd::Superscript
            | TagEnd::Subscript => {}
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(first) = text.chars().next() {
            self.settle_soft_break(first);
        }
        self.out.push_str(text);
    }

    /// A line break in the source is a space between words and nothing between Chinese characters.
    fn settle_soft_break(&mut self, next: char) {
        let wide = |c: char| c >= '\u{2e80}';
        let before = self.out.chars().next_back();
        let joined = wide(next) && before.is_some_and(wide);
        let at_gap = before.is_none_or(char::is_whitespace);
        if std::mem::take(&mut self.soft_break) && !joined && !at_gap {
            self.out.push(' ');
        }
    }

    fn item(&mut self) {
        self.line();
        let depth = self.lists.len().saturating_sub(1);
        self.out.push_str(&"  ".repeat(depth));
        match self.lists.last_mut() {
            Some(Some(number)) => {
                self.out.push_str(&number.to_string());
                self.out.push_str(". ");
                *number = number.saturating_add(1);
            }
            Some(None) | None => self.out.push_str("- "),
        }
    }

    fn cell(&mut self) {
        if self.in_row {
            self.out.push_str(" | ");
        }
        self.in_row = true;
    }

    fn address(&mut self) {
        let Some((start, address)) = self.links.pop() else { return };
        let shown = self.out.get(start..).unwrap_or_default();
        let bare = address.strip_prefix("mailto:").or(address.strip_prefix("tel:"));
        let same = shown == address || bare == Some(shown);
        if !same && !address.is_empty() {
            let gap = if shown.is_empty() { "" } else { " " };
            self.out.extend([gap, "(", &address, ")"]);
        }
    }

    fn html(&mut self, html: &str) {
        if html.trim_start().to_ascii_lowercase().starts_with("<br") {
            return self.line();
        }
        let text = without_tags(html);
        if !text.is_empty() {
            self.text(&text);
        }
    }

    /// Ends a block: an empty line follows, or a new line inside a list.
    fn block(&mut self) {
        if self.lists.is_empty() { self.paragraph() } else { self.line() }
    }

    fn line(&mut self) {
        self.soft_break = false;
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
    }

    fn paragraph(&mut self) {
        self.line();
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    fn finish(self) -> String {
        self.out.trim().to_owned()
    }
}

/// HTML without what stands between `<` and `>`.
fn without_tags(html: &str) -> String {
    let mut inside = false;
    html.chars()
        .filter(|c| {
            let before = inside;
            inside = (inside || *c == '<') && *c != '>';
            !before && !inside
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn markup_becomes_readable_text() {
        let check = |markdown: &str, expect: &str| {
            assert_eq!(to_plain(markdown), expect, "{markdown:?}");
        };
        check("退款 **3** 个`工作日`。", "退款 3 个工作日。");
        check("一行\n二行", "一行二行");
        check("one\ntwo", "one two");
        check("one  \ntwo", "one\ntwo");
        check("one\n\ntwo\n\n\n\nthree", "one\n\ntwo\n\nthree");
        check("[我的订单](https://a.example/o)", "我的订单 (https://a.example/o)");
        check("<https://a.example/o>", "https://a.example/o");
        check("[help@a.example](mailto:help@a.example)", "help@a.example");
        check("![图](a.png)", "图 (a.png)");
        check("- a\n- b\n\nc", "- a\n- b\n\nc");
        check("3. a\n4. b", "3. a\n4. b");
        check("- a\n  - b\n- c", "- a\n  - b\n- c");
        check("- a\n\n- b", "- a\n- b");
        check("### 说明\n\n文字", "说明\n\n文字");
        check("|a|b|\n|-|-|\n|1|2|", "a | b\n1 | 2");
        check("a<br>b", "a\nb");
        check("<div>a</div>\n", "a");
        check("> 引用", "引用");
        check("```\ncode\n```", "code");
        check("a\n\n---\n\nb", "a\n\nb");
        check("- [x] 已付", "- [x] 已付");
        check("~~旧~~新", "旧新");
        check("", "");
    }

    proptest! {
        #[test]
        fn anything_has_a_plain_text(markdown in "\\PC{0,200}") {
            let plain = to_plain(&markdown);
            prop_assert!(!plain.contains("\n\n\n\n"), "{plain:?}");
            prop_assert_eq!(plain.trim(), plain.as_str());
        }
    }
}
