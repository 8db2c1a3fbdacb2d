//! One file → one [`Article`] and what is wrong with it. An article comes out only when all of its head could be read;
//! anything may go in: bytes that are no text, half a head, no head at all.

use std::path::Path;
use std::sync::Arc;

use super::article::Article;
use super::body;
use super::diagnostic::{Bilingual, Code, Diagnostic, Severity};
use super::front::node::{Node, Unreadable};
use super::front::{Notation, Split, fields, slips, split, toml, yaml};
use super::source::{Source, Span};
use crate::message::{ArticleId, IdError, IntentId, Language};
use crate::text::language;

/// What became of a file.
#[derive(Debug, Default)]
pub(crate) struct Parsed {
    /// The article; `None` if its head has errors.
    pub(crate) article: Option<Article>,
    /// What was found, in file order.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Reads the bytes of a file. `file` is the name shown, `path` the one relative to the knowledge directory.
pub(crate) fn parse_bytes(file: &str, path: &Path, bytes: &[u8]) -> Parsed {
    match std::str::from_utf8(bytes) {
        Ok(text) => parse(&Arc::new(Source::new(file, text)), path),
        Err(error) => {
            let readable = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let source = Source::new(file, &String::from_utf8_lossy(readable));
            let end = source.text().len();
            let found = Diagnostic::new(
                Code::File,
                &source,
                Span::new(end, end),
                Bilingual::new("文件不是 UTF-8 编码", "the file is not UTF-8"),
                Bilingual::new(
                    "用编辑器“另存为”，编码选 UTF-8（Windows 记事本默认可能是 ANSI）。",
                    "Save it again with the encoding UTF-8 (some editors default to ANSI).",
                ),
            );
            Parsed { article: None, diagnostics: vec![found] }
        }
    }
}

/// Reads the text of a file.
pub(crate) fn parse(source: &Arc<Source>, path: &Path) -> Parsed {
    match split(source) {
        Split::Whole { notation, head, body } => whole(source, path, notation, (head, body)),
        Split::Open { notation, rest } => refuse(not_closed(source, notation, rest)),
        Split::None { line } => refuse(vec![no_head(source, line)]),
    }
}

fn refuse(diagnostics: Vec<Diagnostic>) -> Parsed {
    Parsed { article: None, diagnostics }
}

fn whole(source: &Arc<Source>, path: &Path, notation: Notation, parts: (Span, Span)) -> Parsed {
    let (head, body) = parts;
    let Ok(mut article) = blank(source, path) else { return Parsed::default() };
    let found = match read_head(source, notation, head) {
        Ok(root) => {
            let mut found = fields::read(source, &root, &mut article);
            if !found.iter().any(|d| d.code == Code::Syntax) {
                found.extend(missing(source, head, &article));
            }
            found
        }
        Err(Unreadable { span, message, remedy }) => {
            vec![Diagnostic::new(Code::Syntax, source, span, message, remedy)]
        }
    };
    let slips = if notation == Notation::Yaml { slips::find(source, head) } else { Vec::new() };
    let mut diagnostics = explained(found, slips);
    diagnostics.sort();
    let readable = !diagnostics.iter().any(Diagnostic::is_error);
    Parsed { article: readable.then(|| finish(article, body)), diagnostics }
}

fn read_head(source: &Source, notation: Notation, head: Span) -> Result<Node, Unreadable> {
    match notation {
        Notation::Yaml => yaml::read(source.slice(head), head.start),
        Notation::Toml => toml::read(source.slice(head), head.start),
    }
}

/// The id an article has when its file gives none: the path without its extension. `None` if that is no identifier.
fn default_id(path: &Path) -> Option<ArticleId> {
    let parts: Vec<_> =
        path.with_extension("").iter().map(|p| p.to_string_lossy().into_owned()).collect();
    ArticleId::new(&parts.join("/")).ok()
}

/// An article with nothing but its id and its place.
fn blank(source: &Arc<Source>, path: &Path) -> Result<Article, IdError> {
    let id = default_id(path);
    let name = id.as_ref().map_or("unnamed", ArticleId::as_str);
    let article = Article::new(name, "", Language::UND)?;
    Ok(Article { path: path.to_path_buf(), source: Arc::clone(source), ..article })
}

/// The keys that have to be there: a title, and an id where the path gives none.
fn missing(source: &Source, head: Span, article: &Article) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut report = |message, remedy| {
        let start = Span::new(head.start, head.start);
        found.push(Diagnostic::new(Code::MissingKey, source, start, message, remedy));
    };
    if !article.marks.contains_key("title") {
        report(
            Bilingual::new("少了 `title`", "`title` is missing"),
            Bilingual::new(
                "加一行 `title: 退款多久到账？`。",
                "Add a line such as `title: How long does a refund take?`.",
            ),
        );
    }
    if !article.marks.contains_key("id") && default_id(&article.path).is_none() {
        report(
            Bilingual::new(
                "少了 `id`：文件名不是半角字母，不能当作 id",
                "`id` is missing, and the file name cannot serve: it is not plain ASCII",
            ),
            Bilingual::new("加一行 `id: refund-time`。", "Add a line such as `id: refund-time`."),
        );
    }
    found
}

/// Fields that follow from others, and the body.
fn finish(mut article: Article, body: Span) -> Article {
    let body = body::read(&article.source, body);
    article.answer = body.answer;
    article.sections = body.sections;
    article.marks.insert("answer", body.answer_span);
    if !article.marks.contains_key("intent")
        && let Ok(intent) = IntentId::new(article.id.as_str())
    {
        article.intent = intent;
    }
    if article.lang == Language::UND {
        article.lang = language::detect(&format!("{}\n{}", article.title, article.answer), None);
    }
    article.revision = article.served_hash().into();
    article
}

/// A slip explains what the parser stumbled over: the parser's own words on it are dropped. A slip that did no harm is a
/// warning.
fn explained(found: Vec<Diagnostic>, slips: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut all: Vec<Diagnostic> =
        slips
            .into_iter()
            .map(|slip| {
                if does_harm(&slip, &found) { slip } else { slip.with_severity(Severity::Warning) }
            })
            .collect();
    let lines: Vec<usize> =
        all.iter().filter(|slip| slip.is_error()).map(|slip| slip.line).collect();
    let first = lines.iter().min().copied();
    let follows = |d: &Diagnostic| {
        lines.contains(&d.line)
            || d.code == Code::Syntax && first.is_some_and(|slip| is_after(d.line, slip))
            || d.code == Code::MissingKey && first.is_some()
    };
    all.extend(found.into_iter().filter(|d| !follows(d)));
    all
}

/// Full-width quotes and commas are legal in YAML; they do harm where something on their line could not be read.
fn does_harm(slip: &Diagnostic, found: &[Diagnostic]) -> bool {
    let may_be_meant = matches!(slip.code, Code::FullWidthQuotes | Code::FullWidthList);
    let hit = |d: &Diagnostic| {
        d.is_error()
            && (d.line == slip.line || d.code == Code::Syntax && is_after(d.line, slip.line))
    };
    !may_be_meant || found.iter().any(hit)
}

/// Whether a parser's error can come from a slip: parsers report where they gave up, or where the value began in the line
/// before.
fn is_after(error: usize, slip: usize) -> bool {
    error + 1 >= slip
}

/// An opening delimiter without a closing one; says where the closing one belongs.
fn not_closed(source: &Source, notation: Notation, rest: Span) -> Vec<Diagnostic> {
    let first = source.place(rest.start).line;
    let lines = || (first..=source.lines()).map(|line| (line, source.line(line)));
    let almost = lines().find(|(_, text)| slips::is_almost_delimiter(text));
    let text_starts =
        lines().find(|(_, text)| !text.trim().is_empty() && !slips::looks_like_head(text));
    let delimiter = notation.delimiter();
    let (line, remedy) = match (almost, text_starts) {
        (Some((line, text)), _) => (
            line,
            Bilingual::new(
                format!("把这一行的 `{}` 改成 `{delimiter}`。", text.trim()),
                format!("Change `{}` on this line to `{delimiter}`.", text.trim()),
            ),
        ),
        (None, Some((line, _))) => (
            line,
            Bilingual::new(
                format!("在第 {line} 行之前加一行 `{delimiter}`。"),
                format!("Add a line `{delimiter}` before line {line}."),
            ),
        ),
        (None, None) => (
            source.lines(),
            Bilingual::new(
                format!("在最后一个键的下一行写 `{delimiter}`，再写正文。"),
                format!(
                    "Write `{delimiter}` on the line after the last key, and the text below it."
                ),
            ),
        ),
    };
    let head = Span::new(rest.start, source.line_span(line).start);
    let message = Bilingual::new(
        format!("开头的信息没有以 `{delimiter}` 收尾"),
        format!("the head is not closed with `{delimiter}`"),
    );
    let at = source.line_span(line);
    let at = Span::new(at.start, at.start + source.line(line).len());
    let mut found = vec![Diagnostic::new(Code::NotClosed, source, at, message, remedy)];
    if notation == Notation::Yaml {
        found.extend(slips::find(source, head));
    }
    found.sort();
    found
}

fn no_head(source: &Source, line: usize) -> Diagnostic {
    let text = source.line(line).trim();
    let remedy = if slips::is_almost_delimiter(text) {
        Bilingual::new(
            format!("把第一行的 `{text}` 改成 `---`。"),
            format!("Change `{text}` on the first line to `---`."),
        )
    } else {
        Bilingual::new(
            "在文件最前面写三行：`---`、`title: …`、`---`；`firstline kb new` 会给出完整的样子。",
            "Put three lines at the top: `---`, `title: …`, `---`; `firstline kb new` writes a complete example.",
        )
    };
    let span = source.line_span(line);
    let span = Span::new(span.start, span.start + source.line(line).len());
    let message = Bilingual::new("文件不是以 `---` 开头", "the file does not start with `---`");
    Diagnostic::new(Code::NoFrontMatter, source, span, message, remedy)
}

#[cfg(test)]
mod tests;
