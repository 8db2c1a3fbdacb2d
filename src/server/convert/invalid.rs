//! Collects what is wrong with a request, field by field, so that a caller learns all of it at once. Values never enter:
//! they may be a customer's.

use std::borrow::Cow;

use crate::error::{Classify, Kind, Problem};
use crate::message::IdError;
use crate::server::status::{Refusal, Violation};

/// The fields of a request that are not what they must be; never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", sentences(violations))]
pub struct Invalid {
    violations: Vec<Violation>,
}

fn sentences(violations: &[Violation]) -> String {
    let sentences = violations.iter().map(|wrong| format!("{} {}", wrong.field, wrong.description));
    sentences.collect::<Vec<_>>().join("; ")
}

impl Invalid {
    fn has(&self, reason: &str) -> bool {
        self.violations.iter().any(|wrong| wrong.reason == reason)
    }
}

impl Classify for Invalid {
    fn kind(&self) -> Kind {
        Kind::InvalidArgument
    }

    /// The most telling of the fields' reasons.
    fn reason(&self) -> &'static str {
        if self.has(TEXT_TOO_LONG) {
            "TEXT_TOO_LONG"
        } else if self.has(FIELD_MISSING) {
            "FIELD_MISSING"
        } else {
            "FIELD_INVALID"
        }
    }

    fn remedy(&self) -> Cow<'static, str> {
        if self.has(TEXT_TOO_LONG) {
            "Cut the text before sending it, or send it in several messages; a longer one is rarely a question.".into()
        } else if self.has(FIELD_MISSING) {
            "Fill the named fields; proto/firstline/v1 says which are required.".into()
        } else {
            "Correct the named fields; proto/firstline/v1 says what each may hold.".into()
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        let fields: Vec<&str> = self.violations.iter().map(|wrong| wrong.field.as_str()).collect();
        vec![("fields", fields.join(","))]
    }
}

impl From<Invalid> for Refusal {
    fn from(invalid: Invalid) -> Self {
        Self::new(Problem::from(&invalid)).with_fields(invalid.violations)
    }
}

const TEXT_TOO_LONG: &str = "TEXT_TOO_LONG";
const FIELD_MISSING: &str = "FIELD_MISSING";
const FIELD_INVALID: &str = "FIELD_INVALID";

/// Checks fields one by one. Every check that fails is noted, and `finish` tells them all.
#[derive(Debug, Default)]
pub(super) struct Check {
    violations: Vec<Violation>,
}

/// A field is wrong, and the check has noted how.
#[derive(Debug, Clone, Copy)]
pub(super) struct Noted;

impl Check {
    /// The value, if nothing was wrong.
    pub(super) fn finish<T>(self, value: Result<T, Noted>) -> Result<T, Invalid> {
        match value {
            Ok(value) if self.violations.is_empty() => Ok(value),
            Ok(_) | Err(Noted) => Err(Invalid { violations: self.violations }),
        }
    }

    /// Notes that a field is wrong.
    pub(super) fn wrong(&mut self, field: &str, description: impl Into<String>) -> Noted {
        self.note(field, description, FIELD_INVALID)
    }

    /// Notes that a required field is missing, and what would fill it.
    pub(super) fn missing(&mut self, field: &str, description: impl Into<String>) -> Noted {
        self.note(field, description, FIELD_MISSING)
    }

    fn note(&mut self, field: &str, description: impl Into<String>, reason: &'static str) -> Noted {
        let (field, description) = (field.to_owned(), description.into());
        self.violations.push(Violation { field, description, reason });
        Noted
    }

    /// A field that must be there.
    pub(super) fn required<T>(&mut self, field: &str, value: Option<T>) -> Result<T, Noted> {
        value.ok_or_else(|| self.missing(field, "must be given"))
    }

    /// An identifier that must be there.
    pub(super) fn id<T>(&mut self, field: &str, value: &str, new: NewId<T>) -> Result<T, Noted> {
        let value = self.required(field, Some(value).filter(|value| !value.is_empty()))?;
        new(value).map_err(|_| {
            self.wrong(field, "must be 1 to 128 printable ASCII characters, no space at either end")
        })
    }

    /// An identifier that may be missing.
    pub(super) fn optional_id<T>(
        &mut self,
        field: &str,
        value: &str,
        new: NewId<T>,
    ) -> Result<Option<T>, Noted> {
        if value.is_empty() { Ok(None) } else { self.id(field, value, new).map(Some) }
    }

    /// A text of at most `limit` bytes.
    pub(super) fn text(
        &mut self,
        field: &str,
        value: String,
        limit: usize,
    ) -> Result<String, Noted> {
        if value.len() <= limit {
            return Ok(value);
        }
        let size = value.len();
        let description = format!("must have at most {limit} bytes, and has {size}");
        Err(self.note(field, description, TEXT_TOO_LONG))
    }

    /// An enumeration's value, the unset one included.
    pub(super) fn known<W: TryFrom<i32>>(&mut self, field: &str, value: i32) -> Result<W, Noted> {
        W::try_from(value).map_err(|_| self.wrong(field, "must be a value that this version knows"))
    }

    /// An enumeration's value that must be there: `read` gives `None` for the unset one.
    pub(super) fn value<W: TryFrom<i32>, T>(
        &mut self,
        field: &str,
        value: i32,
        read: fn(W) -> Option<T>,
    ) -> Result<T, Noted> {
        let value = read(self.known(field, value)?);
        self.required(field, value)
    }

    /// Takes over what another check found, below a field of its own.
    pub(super) fn nested<T>(&mut self, field: &str, value: Result<T, Invalid>) -> Result<T, Noted> {
        value.map_err(|invalid| {
            for mut wrong in invalid.violations {
                wrong.field = format!("{field}.{}", wrong.field);
                self.violations.push(wrong);
            }
            Noted
        })
    }
}

/// How an identifier is made.
pub(super) type NewId<T> = fn(&str) -> Result<T, IdError>;
