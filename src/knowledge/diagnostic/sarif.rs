//! Diagnostics as SARIF 2.1.0, which code hosts show beside a change.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Code, Diagnostic, Severity};
use crate::message::Language;

/// The SARIF log of one run.
pub fn document(diagnostics: &[Diagnostic], language: Language) -> Value {
    let used: BTreeSet<Code> = diagnostics.iter().map(|d| d.code).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "firstline",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": used.iter().map(|code| rule(*code, language)).collect::<Vec<_>>(),
            }},
            "columnKind": "utf16CodeUnits",
            "results": diagnostics.iter().map(|d| result(d, language)).collect::<Vec<_>>(),
        }],
    })
}

fn rule(code: Code, language: Language) -> Value {
    let explanation = code.explanation();
    json!({
        "id": code.as_str(),
        "name": code.name(),
        "fullDescription": { "text": explanation.get(language) },
        "defaultConfiguration": { "level": level(code.severity()) },
    })
}

fn result(diagnostic: &Diagnostic, language: Language) -> Value {
    let message = diagnostic.message.get(language);
    let remedy = diagnostic.remedy.get(language);
    json!({
        "ruleId": diagnostic.code.as_str(),
        "level": level(diagnostic.severity),
        "message": { "text": format!("{message}\n{remedy}").trim() },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(&diagnostic.file) },
            "region": {
                "startLine": diagnostic.line,
                "startColumn": diagnostic.column,
                "endLine": diagnostic.end_line,
                "endColumn": diagnostic.end_column,
                "byteOffset": diagnostic.span.start,
                "byteLength": diagnostic.span.end - diagnostic.span.start,
            },
        }}],
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

/// A relative URI reference: everything but unreserved characters and `/` is percent-encoded.
fn uri(file: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~/".contains(&b);
    file.bytes()
        .map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::diagnostic::Bilingual;
    use crate::knowledge::source::{Source, Span};

    #[test]
    fn results_point_at_the_place_and_rules_explain_them() {
        let source = Source::new("知识/a b.md", "---\ntitle：退款\n");
        let (message, remedy) = (Bilingual::new("消息", "message"), Bilingual::new("修正", "fix"));
        let d = Diagnostic::new(Code::FullWidthColon, &source, Span::new(9, 12), message, remedy);
        let log = document(&[d.clone(), d], Language::EN);
        let run = &log["runs"][0];
        assert_eq!(run["tool"]["driver"]["rules"].as_array().unwrap().len(), 1);
        let result = &run["results"][0];
        assert_eq!(result["message"]["text"], "message\nfix");
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "%E7%9F%A5%E8%AF%86/a%20b.md");
        assert_eq!(place["region"]["startColumn"], 6);
        assert_eq!(place["region"]["byteLength"], 3);
    }
}
