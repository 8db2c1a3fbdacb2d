//! What is wrong with a file, as data: a code, a place, a message and a remedy in Chinese and English. Finding things is
//! the work of `parse` and `lint`; `human`, `json` and `sarif` only render.

pub mod code;
pub mod human;
pub mod json;
pub mod sarif;

use std::cmp::Ordering;
use std::fmt;

pub use code::Code;

use super::source::{Source, Span};
use crate::message::Language;

/// A text in both languages that diagnostics are written in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bilingual {
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

impl Bilingual {
    /// Both texts.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }
    /// The Chinese text for Chinese, the English one for every other language.
    pub fn get(&self, language: Language) -> &str {
        if language == Language::ZH { &self.zh } else { &self.en }
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The check fails.
    Error,
    /// Worth a look; the check passes.
    Warning,
    /// Worth knowing.
    Info,
}

impl Severity {
    /// The word that stands in the human format, in every language: problem matchers read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which kind of finding.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// The file as the caller named it, with `/`.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in UTF-16 units, from 1.
    pub column: usize,
    /// Line of the end.
    pub end_line: usize,
    /// Column of the end, one past the last unit.
    pub end_column: usize,
    /// The bytes of the file it is about; may be empty.
    pub span: Span,
    /// The first line of the span, without its line end.
    pub excerpt: String,
    /// What is wrong.
    pub message: Bilingual,
    /// What to do, exactly.
    pub remedy: Bilingual,
}

impl Diagnostic {
    /// A finding at a span, as severe as its code usually is.
    pub fn new(
        code: Code,
        source: &Source,
        span: Span,
        message: Bilingual,
        remedy: Bilingual,
    ) -> Self {
        let (start, end) = (source.place(span.start), source.place(span.end));
        Self {
            code,
            severity: code.severity(),
            file: source.file().to_owned(),
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
            span,
            excerpt: source.line(start.line).to_owned(),
            message,
            remedy,
        }
    }

    /// The same finding with another severity.
    #[must_use]
    pub fn with_severity(self, severity: Severity) -> Self {
        Self { severity, ..self }
    }

    /// Whether it fails a check.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl Ord for Diagnostic {
    /// By place: a person reads a file from top to bottom.
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |d: &Self| (d.file.clone(), d.span, d.severity, d.code, d.message.en.clone());
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for Diagnostic {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// How many findings there are of each severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Errors.
    pub errors: usize,
    /// Warnings.
    pub warnings: usize,
    /// Infos.
    pub infos: usize,
}

impl Tally {
    /// Counts.
    pub fn of(diagnostics: &[Diagnostic]) -> Self {
        let count = |severity| diagnostics.iter().filter(|d| d.severity == severity).count();
        Self {
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            infos: count(Severity::Info),
        }
    }
}
