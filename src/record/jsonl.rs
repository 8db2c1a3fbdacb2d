//! Files with one JSON value a line: read whole, with the line number in every error. What the values mean is the reader's
//! business.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::error::{Classify, Kind};

/// Why a file of JSON lines could not be read.
#[derive(Debug, thiserror::Error)]
pub enum JsonlError {
    /// The file is missing, unreadable or not UTF-8.
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line that is not the record it should be.
    #[error("{}:{line}: {message}", path.display())]
    BadLine {
        /// Which file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        message: String,
    },
    /// A file without a single record.
    #[error("{} holds no records", path.display())]
    Empty {
        /// Which file.
        path: PathBuf,
    },
}

impl Classify for JsonlError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unreadable { .. } => Kind::NotFound,
            Self::BadLine { .. } | Self::Empty { .. } => Kind::InvalidArgument,
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "FILE_UNREADABLE",
            Self::BadLine { .. } => "BAD_RECORD",
            Self::Empty { .. } => "NO_RECORDS",
        }
    }
    fn remedy(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Unreadable { .. } => "Check the path and that the file is readable UTF-8 text.",
            Self::BadLine { .. } => "Make the line one JSON object with the documented fields.",
            Self::Empty { .. } => "Give a file with one JSON object a line.",
        })
    }
}

/// All values of `path`, at least one. Blank lines and a byte-order mark are skipped.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, JsonlError> {
    parse(path, &read_text(path)?)
}

/// The text of `path` without a byte-order mark.
pub(crate) fn read_text(path: &Path) -> Result<String, JsonlError> {
    let text = fs_err::read_to_string(path)
        .map_err(|source| JsonlError::Unreadable { path: path.to_owned(), source })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> Result<Vec<T>, JsonlError> {
    let values = lines(text)
        .map(|(line, json)| {
            serde_json::from_str(json).map_err(|error| JsonlError::BadLine {
                path: path.to_owned(),
                line,
                message: without_position(&error),
            })
        })
        .collect::<Result<Vec<T>, _>>()?;
    if values.is_empty() {
        return Err(JsonlError::Empty { path: path.to_owned() });
    }
    Ok(values)
}

/// Lines that hold something, with their numbers from 1.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.trim()))
        .filter(|(_, line)| !line.is_empty())
}

/// The parser's message; its own "at line 1" would contradict the file's line.
fn without_position(error: &serde_json::Error) -> String {
    let full = error.to_string();
    match full.rsplit_once(" at line ") {
        Some((message, _)) => format!("{message} (column {})", error.column()),
        None => full,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_line() {
        let check = |text: &str, expect: &str| {
            let error = parse::<Vec<u8>>(Path::new("f.jsonl"), text).unwrap_err();
            assert_eq!(error.to_string(), expect, "{text:?}");
        };
        check("", "f.jsonl holds no records");
        check("\n  \n", "f.jsonl holds no records");
        check("[1]\n\n[2,", "f.jsonl:3: EOF while parsing a value (column 3)");
        check("[1]\r\n{}", "f.jsonl:2: invalid type: map, expected a sequence (column 0)");
    }

    #[test]
    fn blank_lines_are_no_records() {
        let values: Vec<Vec<u8>> = parse(Path::new("f"), "[1]\n\n  [2]\r\n").unwrap();
        assert_eq!(values, [[1], [2]]);
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = read::<Vec<u8>>(Path::new("/no/such.jsonl")).unwrap_err();
        assert!(error.to_string().starts_with("/no/such.jsonl cannot be read"), "{error}");
        assert_eq!(error.kind(), Kind::NotFound);
    }
}
