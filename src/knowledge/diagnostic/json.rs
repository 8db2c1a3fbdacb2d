//! Diagnostics for scripts: one JSON document. Its keys are a contract; both languages are always there.

use serde_json::{Value, json};

use super::{Bilingual, Diagnostic, Tally};

/// The document: `articles`, `errors`, `warnings`, `diagnostics`.
pub fn document(articles: usize, diagnostics: &[Diagnostic]) -> Value {
    let tally = Tally::of(diagnostics);
    json!({
        "articles": articles,
        "errors": tally.errors,
        "warnings": tally.warnings,
        "diagnostics": diagnostics.iter().map(diagnostic).collect::<Vec<_>>(),
    })
}

/// One diagnostic.
pub fn diagnostic(diagnostic: &Diagnostic) -> Value {
    json!({
        "code": diagnostic.code.as_str(),
        "name": diagnostic.code.name(),
        "severity": diagnostic.severity.as_str(),
        "file": diagnostic.file,
        "line": diagnostic.line,
        "column": diagnostic.column,
        "end_line": diagnostic.end_line,
        "end_column": diagnostic.end_column,
        "start_byte": diagnostic.span.start,
        "end_byte": diagnostic.span.end,
        "message": both(&diagnostic.message),
        "remedy": both(&diagnostic.remedy),
    })
}

fn both(text: &Bilingual) -> Value {
    json!({ "zh": text.zh, "en": text.en })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::diagnostic::{Code, Severity};
    use crate::knowledge::source::{Source, Span};

    #[test]
    fn keys_are_a_contract() {
        let source = Source::new("a.md", "---\ntitle：退款\n");
        let text = Bilingual::new("中", "en");
        let d =
            Diagnostic::new(Code::FullWidthColon, &source, Span::new(9, 12), text.clone(), text);
        let warning = d.clone().with_severity(Severity::Warning);
        insta::assert_snapshot!(document(3, &[d, warning]).to_string(), @r#"{"articles":3,"errors":1,"warnings":1,"diagnostics":[{"code":"Y2","name":"full-width-colon","severity":"error","file":"a.md","line":2,"column":6,"end_line":2,"end_column":7,"start_byte":9,"end_byte":12,"message":{"zh":"中","en":"en"},"remedy":{"zh":"中","en":"en"}},{"code":"Y2","name":"full-width-colon","severity":"warning","file":"a.md","line":2,"column":6,"end_line":2,"end_column":7,"start_byte":9,"end_byte":12,"message":{"zh":"中","en":"en"},"remedy":{"zh":"中","en":"en"}}]}"#);
    }
}
