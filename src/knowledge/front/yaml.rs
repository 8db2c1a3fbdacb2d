//! YAML → [`Node`], from the parser's events. Anchors, aliases and several documents are refused: a head has no use for
//! them, and without aliases no small file can grow large.

use serde_saphyr::granit_parser::{self, ErrorKind, Event, Parser, ScalarStyle, ScanError};

use super::node::{Node, Pair, Unreadable, Value};
use crate::knowledge::diagnostic::Bilingual;
use crate::knowledge::source::{Span, Spanned};

/// Lists and tables inside each other; an article needs three.
const DEEPEST: usize = 12;

/// Reads the head `text`, which stands at byte `offset` of its file.
pub(crate) fn read(text: &str, offset: usize) -> Result<Node, Unreadable> {
    let mut reader =
        Reader { events: Parser::new_from_str(text), offset, length: text.len(), depth: 0 };
    let root = reader.root()?;
    reader.rest()?;
    Ok(root)
}

struct Reader<'a> {
    events: Parser<'a, granit_parser::StrInput<'a>>,
    offset: usize,
    length: usize,
    depth: usize,
}

type Located<'a> = (Event<'a>, Span);

impl<'a> Reader<'a> {
    /// The next event that carries data; `None` at the end.
    fn next(&mut self) -> Result<Option<Located<'a>>, Unreadable> {
        loop {
            let Some(event) = self.events.next_event() else { return Ok(None) };
            let (event, span) = event.map_err(|error| self.unreadable(&error))?;
            let span = self.span(&span);
            if !matches!(event, Event::Comment(..) | Event::StreamStart | Event::DocumentStart(..))
            {
                return Ok(Some((event, span)));
            }
        }
    }

    fn span(&self, span: &granit_parser::Span) -> Span {
        let start = span.start.byte_offset().unwrap_or(0).min(self.length);
        let end = span.end.byte_offset().unwrap_or(start).min(self.length);
        Span::new(start, end).shifted(self.offset)
    }

    fn root(&mut self) -> Result<Node, Unreadable> {
        match self.next()? {
            Some((event, span)) if !ends(&event) => self.node(event, span),
            _ => Ok(Node::new(Value::Table(Vec::new()), Span::new(self.offset, self.offset))),
        }
    }

    fn node(&mut self, event: Event<'_>, span: Span) -> Result<Node, Unreadable> {
        if self.depth >= DEEPEST {
            return Err(refused(span, "嵌套太深", "nested too deeply"));
        }
        self.depth += 1;
        let node = if let Event::Scalar(text, style, ..) = event {
            Node::new(scalar(&text, style), span)
        } else if matches!(event, Event::SequenceStart(..)) {
            self.list(span)?
        } else if matches!(event, Event::MappingStart(..)) {
            self.table(span)?
        } else {
            return Err(refused(
                span,
                "这里不支持 YAML 的锚点和别名",
                "YAML anchors and aliases are not supported here",
            ));
        };
        self.depth -= 1;
        Ok(node)
    }

    fn list(&mut self, start: Span) -> Result<Node, Unreadable> {
        let mut items = Vec::new();
        while let Some((event, span)) = self.next()? {
            if ends(&event) {
                return Ok(Node::new(Value::List(items), Span::new(start.start, span.end)));
            }
            items.push(self.node(event, span)?);
        }
        Ok(Node::new(Value::List(items), start))
    }

    fn table(&mut self, start: Span) -> Result<Node, Unreadable> {
        let mut pairs = Vec::new();
        while let Some((event, span)) = self.next()? {
            if ends(&event) {
                return Ok(Node::new(Value::Table(pairs), Span::new(start.start, span.end)));
            }
            let key = self.node(event, span)?;
            let key = Spanned::new(key_text(key.value), key.span);
            let Some((event, span)) = self.next()? else { break };
            pairs.push(Pair { key, value: self.node(event, span)? });
        }
        Ok(Node::new(Value::Table(pairs), start))
    }

    /// Nothing may follow the one document.
    fn rest(&mut self) -> Result<(), Unreadable> {
        while let Some((event, span)) = self.next()? {
            if !ends(&event) {
                return Err(refused(
                    span,
                    "开头只能有一段 YAML",
                    "the head holds one YAML document",
                ));
            }
        }
        Ok(())
    }

    fn unreadable(&self, error: &ScanError) -> Unreadable {
        let at = error.marker().byte_offset().unwrap_or(self.length).min(self.length);
        let (message, remedy) = explain(error);
        Unreadable { span: Span::new(at, at).shifted(self.offset), message, remedy }
    }
}

fn ends(event: &Event<'_>) -> bool {
    matches!(event, Event::SequenceEnd | Event::MappingEnd | Event::DocumentEnd | Event::StreamEnd)
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    let nothing = matches!(text, "" | "~" | "null" | "Null" | "NULL");
    if style == ScalarStyle::Plain && nothing {
        Value::Null
    } else {
        Value::Scalar(text.to_owned())
    }
}

fn key_text(value: Value) -> String {
    match value {
        Value::Scalar(text) => text,
        Value::Null | Value::List(_) | Value::Table(_) => String::new(),
    }
}

fn refused(span: Span, zh: &str, en: &str) -> Unreadable {
    Unreadable {
        span,
        message: Bilingual::new(zh, en),
        remedy: Bilingual::new(
            "只用 `键: 值`、`- 列表项` 这两种写法。",
            "Use only `key: value` and `- list item`.",
        ),
    }
}

/// What the parser stumbled over, in the words of an editor: message and remedy, Chinese and English.
type Known = (fn(&ErrorKind) -> bool, [&'static str; 4]);

/// The errors that editors meet; for the rest the parser's own words must do.
const KNOWN: &[Known] = &[
    (
        is_colon,
        [
            "这里不能有冒号",
            "a colon is not possible here",
            "值里有冒号时，把整个值放进半角双引号：`title: \"退款: 多久到账\"`。",
            "Put a value that holds a colon into quotes: `title: \"Refunds: how long\"`.",
        ],
    ),
    (
        is_quote,
        [
            "引号没有成对，或引号之后还有文字",
            "a quote is not closed, or text follows it",
            "让引号包住整个值；值里的引号写成 `\\\"`。",
            "Let the quotes enclose the whole value; write `\\\"` for a quote inside it.",
        ],
    ),
    (
        is_bracket,
        [
            "方括号没有成对",
            "a bracket is not closed",
            "行内列表写成 `[a, b]`。",
            "Write a list on one line as `[a, b]`.",
        ],
    ),
    (
        is_key,
        [
            "这一行不是 `键: 值`，或缩进不齐",
            "this line is no `key: value`, or its indentation is uneven",
            "同一层的键对齐；冒号用半角并跟一个空格；列表项以 `- ` 开头。",
            "Align keys of one level; a colon is followed by a space; list items start with `- `.",
        ],
    ),
    (
        is_indentation,
        [
            "缩进不齐",
            "the indentation is uneven",
            "用半角空格缩进，同一层对齐；列表项比它的键多两格。",
            "Indent with spaces and align one level; list items stand two further than their key.",
        ],
    ),
];

fn is_colon(kind: &ErrorKind) -> bool {
    use ErrorKind as K;
    matches!(
        kind,
        K::MappingValueNotAllowed | K::InvalidMappingValueWhitespace | K::InvalidColonPlacement
    )
}

fn is_quote(kind: &ErrorKind) -> bool {
    use ErrorKind as K;
    matches!(
        kind,
        K::UnclosedQuotedScalar
            | K::InvalidTrailingDoubleQuotedScalar
            | K::InvalidTrailingSingleQuotedScalar
            | K::DocumentIndicatorInQuotedScalar
    )
}

fn is_bracket(kind: &ErrorKind) -> bool {
    use ErrorKind as K;
    matches!(
        kind,
        K::UnclosedFlowCollection { .. }
            | K::UnexpectedEofFlowSequence
            | K::ExpectedFlowSequenceSeparator
            | K::MismatchedFlowCollectionEnd { .. }
            | K::MisplacedFlowCollectionEnd
    )
}

fn is_key(kind: &ErrorKind) -> bool {
    use ErrorKind as K;
    matches!(kind, K::SimpleKeyExpected | K::InvalidSimpleKey | K::ExpectedBlockMappingKey)
}

fn is_indentation(kind: &ErrorKind) -> bool {
    use ErrorKind as K;
    matches!(
        kind,
        K::InvalidIndentation
            | K::BlockSequenceEntryNotAllowed
            | K::ExpectedBlockSequenceEntry
            | K::TabInIndentation
            | K::TabInBlockIndentation
            | K::TabNotAllowed
    )
}

fn explain(error: &ScanError) -> (Bilingual, Bilingual) {
    let known = KNOWN.iter().find(|(is, _)| is(error.kind()));
    if let Some((_, [zh, en, remedy_zh, remedy_en])) = known {
        return (Bilingual::new(*zh, *en), Bilingual::new(*remedy_zh, *remedy_en));
    }
    let info = error.info();
    (
        Bilingual::new(
            format!("YAML 读不出来：{info}"),
            format!("the YAML cannot be read: {info}"),
        ),
        Bilingual::new(
            "对照一篇好的文章检查这一行；有特殊符号的值放进半角双引号。",
            "Compare this line with a good article; put a value with special characters into quotes.",
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree as text: `{key: value}`, `[item]`, `~`.
    fn show(node: &Node) -> String {
        match &node.value {
            Value::Null => "~".to_owned(),
            Value::Scalar(text) => format!("{text:?}"),
            Value::List(items) => {
                format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(", "))
            }
            Value::Table(pairs) => {
                let pair = |p: &Pair| format!("{}: {}", p.key.value, show(&p.value));
                format!("{{{}}}", pairs.iter().map(pair).collect::<Vec<_>>().join(", "))
            }
        }
    }

    #[test]
    fn yaml_becomes_a_tree() {
        let check = |text: &str, expect: &str| {
            assert_eq!(read(text, 0).map(|n| show(&n)).unwrap(), expect, "{text:?}");
        };
        check("", "{}");
        check("# only a comment\n", "{}");
        check("a: 1\nb: true\r\nc:\n", r#"{a: "1", b: "true", c: ~}"#);
        check("q:\n  - 一\n  - \"二: x\"\n", r#"{q: ["一", "二: x"]}"#);
        check("q:\n- ask: x\n  expect: route\n", r#"{q: [{ask: "x", expect: "route"}]}"#);
        check("t: [a, b]", r#"{t: ["a", "b"]}"#);
        check("t: |\n  one\n  two\n", r#"{t: "one\ntwo\n"}"#);
        check("t: 'null'", r#"{t: "null"}"#);
        check("a: 1\na: 2", r#"{a: "1", a: "2"}"#);
    }

    #[test]
    fn spans_are_bytes_of_the_file() {
        let text = "title: 退款多久\nquestions:\n  - 钱呢\n";
        let node = read(text, 4).unwrap();
        let Value::Table(pairs) = node.value else { panic!("{node:?}") };
        let span = pairs[0].value.span;
        assert_eq!(text.get(span.start - 4..span.end - 4), Some("退款多久"));
        let Value::List(items) = &pairs[1].value.value else { panic!("{pairs:?}") };
        let span = items[0].span;
        assert_eq!(text.get(span.start - 4..span.end - 4), Some("钱呢"));
    }

    #[test]
    fn what_is_not_needed_is_refused() {
        let check = |text: &str| assert!(read(text, 0).is_err(), "{text:?}");
        check("a: &x 1\nb: *x");
        check("a: b: c");
        check("a: [1, 2");
        check("a: \"x");
        check(&format!("a: {}1{}", "[".repeat(40), "]".repeat(40)));
    }
}
