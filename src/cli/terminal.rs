//! Where commands print: results to standard output, notes and progress to standard error.

use std::io::{self, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::message::Language;

/// Standard output and error of a command.
#[derive(Debug, Clone)]
pub struct Terminal {
    language: Language,
    interactive: bool,
}

impl Default for Terminal {
    fn default() -> Self {
        Self::new()
    }
}

impl Terminal {
    /// The terminal of this process; its language follows `LC_ALL`, `LC_MESSAGES` and `LANG`.
    pub fn new() -> Self {
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .iter()
            .find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
        Self {
            language: language_of(locale.as_deref().unwrap_or_default()),
            interactive: io::stderr().is_terminal(),
        }
    }

    /// The language a person reads here: Chinese or English.
    pub fn language(&self) -> Language {
        self.language
    }

    /// Of two texts, the one in the reader's language.
    pub fn pick<'t>(&self, zh: &'t str, en: &'t str) -> &'t str {
        if self.language == Language::ZH { zh } else { en }
    }

    /// One line of a result. A closed pipe ends the output quietly, as `head` expects.
    pub fn line(&mut self, text: &str) {
        self.ignore_closed_pipe(&writeln!(io::stdout().lock(), "{text}"));
    }

    /// The one JSON document of a `--json` run.
    pub fn json(&mut self, document: &impl Serialize) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(document)?;
        self.line(&text);
        Ok(())
    }

    /// A remark beside the result, never on standard output.
    pub fn note(&mut self, text: &str) {
        self.ignore_closed_pipe(&writeln!(io::stderr().lock(), "{text}"));
    }

    /// An error with what to do next, in one line each.
    pub fn error(&mut self, error: &anyhow::Error) {
        self.note(&format!("{}: {error:#}", self.pick("错误", "error")));
    }

    /// A bar for long work; hidden where nobody watches.
    pub fn bar(&self, label: &str, total: u64) -> ProgressBar {
        let target = if self.interactive {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let style = ProgressStyle::with_template("{msg:28} {bar:32} {pos}/{len} {eta}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        ProgressBar::with_draw_target(Some(total), target)
            .with_style(style)
            .with_message(label.to_owned())
    }

    fn ignore_closed_pipe(&mut self, written: &io::Result<()>) {
        if written.is_err() {
            self.interactive = false;
        }
    }
}

fn language_of(locale: &str) -> Language {
    if locale.starts_with("zh") { Language::ZH } else { Language::EN }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_picks_the_language() {
        let check =
            |locale: &str, expect: Language| assert_eq!(language_of(locale), expect, "{locale:?}");
        check("zh_CN.UTF-8", Language::ZH);
        check("en_US.UTF-8", Language::EN);
        check("C", Language::EN);
        check("", Language::EN);
    }
}
