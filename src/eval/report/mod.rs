//! Reports as HTML pages that need nothing else, in Chinese and English: a manager reads the first screen, whoever mends the
//! knowledge reads the rest. Numbers come from the documents; nothing is computed here that is not in them or in the
//! details. Every text of a customer or an article is escaped by the templates.

mod svg;
mod words;
mod load;
mod quality;
mod compare;

use std::borrow::Borrow;

pub use compare::render as render_comparisons;
pub use load::render as render_load;
pub use quality::render as render_quality;

use super::interval::Share;

/// Messages of one list that are shown.
const LISTED: usize = 200;

/// A fraction of 1 as a percentage with one decimal. The templates hand in values and references.
fn share(value: impl Borrow<f64>) -> String {
    format!("{:.1} %", value.borrow() * 100.0)
}

fn share_or_dash(value: impl Borrow<Option<f64>>) -> String {
    value.borrow().map_or_else(|| "–".to_owned(), share)
}

/// A share with its interval below; markup, made of numbers alone.
fn interval(value: impl Borrow<Option<Share>>) -> String {
    value.borrow().map_or_else(
        || "–".to_owned(),
        |s| format!("{}<small>{:.0}–{:.0}</small>", share(s.share), s.low * 100.0, s.high * 100.0),
    )
}

/// An expected count, rounded.
fn whole(value: impl Borrow<f64>) -> String {
    format!("{:.0}", value.borrow())
}

/// A fraction of 1 as a CSS width.
fn width(value: impl Borrow<f64>) -> String {
    format!("{:.3}%", value.borrow() * 100.0)
}

fn decimals(value: impl Borrow<f64>) -> String {
    format!("{:.2}", value.borrow())
}

fn signed(value: impl Borrow<f64>) -> String {
    format!("{:+.2}", value.borrow())
}

/// The class of a number that speaks against or for something.
fn sign(value: impl Borrow<f64>) -> &'static str {
    if *value.borrow() < 0.0 { "low" } else { "up" }
}

#[cfg(test)]
mod tests;
