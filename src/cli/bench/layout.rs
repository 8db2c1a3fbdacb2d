//! How a JSON document of a benchmark is laid out: a line for each entry down to a depth, what is below it on that line, so
//! that thousands of messages stay readable and small.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// The document as text; objects and arrays nested deeper than `depth` stand on one line.
pub(super) fn text(document: &impl Serialize, depth: usize) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    let lines = Lines { depth, filled: Vec::new() };
    document.serialize(&mut Serializer::with_formatter(&mut bytes, lines))?;
    Ok(String::from_utf8(bytes)?)
}

struct Lines {
    depth: usize,
    /// For each object and array that is open, whether it holds anything yet.
    filled: Vec<bool>,
}

impl Lines {
    fn begin<W: Write + ?Sized>(&mut self, writer: &mut W, bracket: &str) -> io::Result<()> {
        self.filled.push(false);
        writer.write_all(bracket.as_bytes())
    }

    fn end<W: Write + ?Sized>(&mut self, writer: &mut W, bracket: &str) -> io::Result<()> {
        let broken = self.breaks();
        let filled = self.filled.pop().unwrap_or_default();
        if broken && filled {
            self.line(writer)?;
        }
        writer.write_all(bracket.as_bytes())
    }

    fn entry<W: Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if let Some(filled) = self.filled.last_mut() {
            *filled = true;
        }
        if !first {
            writer.write_all(b",")?;
        }
        if self.breaks() { self.line(writer) } else { Ok(()) }
    }

    /// Whether the innermost that is open has a line for each entry.
    fn breaks(&self) -> bool {
        self.filled.len() <= self.depth
    }

    fn line<W: Write + ?Sized>(&self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b"\n")?;
        self.filled.iter().try_for_each(|_| writer.write_all(b"  "))
    }
}

impl Formatter for Lines {
    fn begin_array<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.begin(writer, "[")
    }
    fn end_array<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.end(writer, "]")
    }
    fn begin_array_value<W: Write + ?Sized>(&mut self, w: &mut W, first: bool) -> io::Result<()> {
        self.entry(w, first)
    }
    fn begin_object<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.begin(writer, "{")
    }
    fn end_object<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.end(writer, "}")
    }
    fn begin_object_key<W: Write + ?Sized>(&mut self, w: &mut W, first: bool) -> io::Result<()> {
        self.entry(w, first)
    }
    fn begin_object_value<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_is_deep_stands_on_one_line() {
        let document = json!({ "n": 2, "none": [], "rows": [{ "a": [1, 2] }, { "a": [] }] });
        let found = text(&document, 2).unwrap();
        let expect = "{\n  \"n\": 2,\n  \"none\": [],\n  \"rows\": [\n    {\"a\": [1,2]},\n    {\"a\": []}\n  ]\n}";
        assert_eq!(found, expect);
        for depth in 0..5 {
            let text = text(&document, depth).unwrap();
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), document, "{text}");
        }
    }
}
