//! TOML → [`Node`]: for front matter between `+++` and for `phrases.toml`.

use ::toml::Spanned as TomlSpanned;
use ::toml::de::{DeTable, DeValue};

use super::node::{Node, Pair, Unreadable, Value};
use crate::knowledge::diagnostic::Bilingual;
use crate::knowledge::source::{Span, Spanned};

/// Reads the document `text`, which stands at byte `offset` of its file.
pub(crate) fn read(text: &str, offset: usize) -> Result<Node, Unreadable> {
    let reader = Reader { text, offset };
    match DeTable::parse(text) {
        Ok(table) => Ok(reader.table(table.get_ref(), table.span().into())),
        Err(error) => Err(reader.unreadable(&error)),
    }
}

struct Reader<'a> {
    text: &'a str,
    offset: usize,
}

impl Reader<'_> {
    fn table(&self, table: &DeTable<'_>, span: Span) -> Node {
        let pair = |(key, value): (&TomlSpanned<_>, &TomlSpanned<DeValue<'_>>)| {
            let name: &std::borrow::Cow<'_, str> = key.get_ref();
            let span = self.span(key.span().into());
            Pair { key: Spanned::new(name.to_string(), span), value: self.value(value) }
        };
        let mut pairs: Vec<Pair> = table.iter().map(pair).collect();
        pairs.sort_by_key(|pair| pair.key.span);
        Node::new(Value::Table(pairs), self.span(span))
    }

    fn value(&self, value: &TomlSpanned<DeValue<'_>>) -> Node {
        let span = self.span(value.span().into());
        let value = match value.get_ref() {
            DeValue::String(text) => Value::Scalar(text.to_string()),
            DeValue::Integer(number) => Value::Scalar(number.to_string()),
            DeValue::Float(number) => Value::Scalar(number.to_string()),
            DeValue::Boolean(truth) => Value::Scalar(truth.to_string()),
            DeValue::Datetime(time) => Value::Scalar(time.to_string()),
            DeValue::Array(items) => Value::List(items.iter().map(|i| self.value(i)).collect()),
            DeValue::Table(table) => return self.table(table, value.span().into()),
        };
        Node::new(value, span)
    }

    fn span(&self, span: Span) -> Span {
        let inside = |at: usize| self.text.floor_char_boundary(at);
        Span::new(inside(span.start), inside(span.end)).shifted(self.offset)
    }

    fn unreadable(&self, error: &::toml::de::Error) -> Unreadable {
        let end = self.text.len();
        let what = error.message().lines().next().unwrap_or_default();
        Unreadable {
            span: self.span(error.span().unwrap_or(end..end).into()),
            message: Bilingual::new(
                format!("TOML 读不出来：{what}"),
                format!("the TOML cannot be read: {what}"),
            ),
            remedy: Bilingual::new(
                "TOML 写成 `键 = \"值\"`，文字放在半角双引号里。",
                "TOML is written `key = \"value\"`, text between ordinary double quotes.",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toml_becomes_the_same_tree_in_file_order() {
        let text = "title = \"退款\"\ndraft = true\nday = 2026-01-02\n[[tests]]\nask = \"钱呢\"\n";
        let Value::Table(pairs) = read(text, 0).unwrap().value else { panic!("no table") };
        let keys: Vec<&str> = pairs.iter().map(|p| p.key.value.as_str()).collect();
        assert_eq!(keys, ["title", "draft", "day", "tests"]);
        assert_eq!(pairs[1].value.value, Value::Scalar("true".to_owned()));
        assert_eq!(pairs[2].value.value, Value::Scalar("2026-01-02".to_owned()));
        let span = pairs[0].value.span;
        assert_eq!(text.get(span.range()), Some("\"退款\""));
    }

    #[test]
    fn errors_have_a_place() {
        let check = |text: &str| {
            let error = read(text, 10).unwrap_err();
            assert!(error.span.start >= 10 && error.span.end <= 10 + text.len(), "{error:?}");
        };
        check("title = 退款");
        check("title");
        check("a = 1\na = 2");
        check("[a");
    }
}
