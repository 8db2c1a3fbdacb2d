use proptest::prelude::*;

use super::*;
use crate::knowledge::article::{Expect, Section};
use crate::message::{Handling, Priority, Risk};

fn parsed(text: &str) -> Parsed {
    parse_bytes("kb/zh/refund-time.md", Path::new("zh/refund-time.md"), text.as_bytes())
}

/// `severity code line:column` of each finding.
fn findings(text: &str) -> String {
    let show =
        |d: &Diagnostic| format!("{} {} {}:{}", d.severity, d.code.as_str(), d.line, d.column);
    parsed(text).diagnostics.iter().map(show).collect::<Vec<_>>().join("; ")
}

/// The remedies, in English.
fn remedies(text: &str) -> String {
    let found = parsed(text).diagnostics;
    found.iter().map(|d| d.remedy.en.clone()).collect::<Vec<_>>().join("; ")
}

const FULL: &str = "\
---
id: refund-time                 # stable
title: 退款多久到账？
lang: zh
questions:
  - 退款什么时候能到
  - 钱多久退回来
tests:
  - ask: 我退货的钱几天到账
  - ask: 帮我催一下退款
    expect: route
  - 什么时候退
intent: refund.status
handling: answer
queue: refunds
priority: high
risk: money
channels: [web, wechat]
valid_from: 2026-01-01
valid_until: 2027-01-01
review_by: 2026-12-01
aliases: [refund-arrival]
tags: [refund]
---
三个工作日。

## 细节
更多。
";

#[test]
fn every_key_is_read() {
    let Parsed { article, diagnostics } = parsed(FULL);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let article = article.unwrap();
    assert_eq!(article.id.as_str(), "refund-time");
    assert_eq!(article.title, "退款多久到账？");
    assert_eq!(article.lang, Language::ZH);
    let questions: Vec<&str> = article.questions.iter().map(|q| q.value.as_str()).collect();
    assert_eq!(questions, ["退款什么时候能到", "钱多久退回来"]);
    let expects: Vec<&Expect> = article.tests.iter().map(|t| &t.expect).collect();
    assert_eq!(expects, [&Expect::Own, &Expect::Handling(Handling::Route), &Expect::Own]);
    assert_eq!(article.intent.as_str(), "refund.status");
    assert_eq!(article.queue.as_ref().unwrap().as_str(), "refunds");
    assert_eq!((article.priority, article.risk), (Priority::High, Risk::Money));
    assert_eq!(article.channels.len(), 2);
    assert_eq!(article.valid_until.unwrap().to_string(), "2027-01-01");
    assert_eq!(article.aliases[0].as_str(), "refund-arrival");
    assert_eq!(article.answer, "三个工作日。");
    let [Section { heading, markdown, .. }] = &article.sections[..] else { panic!("{article:?}") };
    assert_eq!((heading.as_str(), markdown.as_str()), ("细节", "更多。"));
    for question in &article.questions {
        assert_eq!(article.source.slice(question.span), question.value);
    }
    assert_eq!(article.source.slice(article.mark("answer")), "三个工作日。");
}

#[test]
fn defaults_come_from_the_path_and_the_text() {
    let article = parsed("---\ntitle: Refunds\nqueue:\n---\nThree working days.").article.unwrap();
    assert_eq!(article.id.as_str(), "zh/refund-time");
    assert_eq!(article.intent.as_str(), "zh/refund-time");
    assert_eq!(article.lang, Language::EN);
    assert_eq!(article.queue, None);
}

#[test]
fn toml_says_the_same() {
    let text = "+++\nid = \"refund-time\"\ntitle = \"退款\"\nvalid_from = 2026-01-01\ndraft = true\n[[tests]]\nask = \"钱呢\"\nexpect = \"route\"\n+++\n答案";
    let Parsed { article, diagnostics } = parsed(text);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let article = article.unwrap();
    assert!(article.draft && article.tests.len() == 1 && article.valid_from.is_some());
    assert_eq!(findings("+++\ntitle = 退款\n+++\n"), "error Y1 2:9");
    assert_eq!(findings("+++\ntitle = \"退款\"\ntitel = 1\n+++\n"), "warning Y9 3:1");
}

#[test]
fn line_ends_and_byte_order_mark_change_nothing_that_is_served() {
    let plain = parsed(FULL).article.unwrap();
    let windows = format!("\u{feff}{}", FULL.replace('\n', "\r\n"));
    let same = parsed(&windows);
    assert!(same.diagnostics.is_empty(), "{:?}", same.diagnostics);
    let same = same.article.unwrap();
    assert_eq!(same.revision, plain.revision);
    assert_eq!(same.source.slice(same.questions[1].span), "钱多久退回来");
}

#[test]
fn heads_that_cannot_be_read_are_explained() {
    let check = |text: &str, expect: &str| assert_eq!(findings(text), expect, "{text:?}");
    check("", "error Y8 1:1");
    check("只有正文\n", "error Y8 1:1");
    check("———\ntitle: 退款\n———\n正文", "error Y8 1:1");
    check("---\ntitle: 退款\n正文", "error Y7 3:1");
    check("---\ntitle: 退款\n———\n正文", "error Y7 3:1");
    check("---\ntitle：退款\n正文", "error Y2 2:6; error Y7 3:1");
    check("---\n---\n正文", "error Y10 2:1");
    check("---\ntitle: \"退款\n---\n正文", "error Y1 2:8");
    check("---\ntitle: 退款: 多久\n---\n", "error Y1 2:10");
    check("---\n- 一\n---\n", "error Y1 2:1");
    check("---\ntitle: a\ntitle: b\n---\n", "error Y12 3:1");
}

#[test]
fn a_slip_replaces_what_the_parser_says_about_it() {
    let check = |text: &str, expect: &str| assert_eq!(findings(text), expect, "{text:?}");
    check("---\ntitle：退款\nlang: zh\n---\n", "error Y2 2:6");
    check("---\ntitle: a\ntests:\n  - ask：钱呢\n---\n", "error Y2 4:8");
    check("---\ntitle: a\nquestions:\n\t- 钱呢\n---\n", "error Y4 4:1");
    check("---\ntitle: a\nquestions:\n  - 一\n  -二\n---\n", "error Y6 5:3");
    check("---\ntitle:退款\n---\n", "error Y6 2:6");
    check("---\ntitle: “退款: 多久”\n---\n", "error Y3 2:8");
    check("---\ntitle: “退款多久”\n---\n", "warning Y3 2:8");
    check("---\ntitle: a\ntags: [退款，换货]\n---\n", "warning Y5 3:7");
    check("---\ntitle: a\nchannels: [web，wechat]\n---\n", "error Y5 3:11");
    check("---\ntitle: a\ntags: 【退款】\n---\n", "warning Y5 3:7");
}

#[test]
fn wrong_values_come_with_a_fix() {
    let check = |line: &str, code: &str, fix: &str| {
        let text = format!("---\ntitle: a\n{line}\n---\n");
        let (found, remedy) = (findings(&text), remedies(&text));
        assert!(found.contains(code) && remedy.contains(fix), "{line:?}: {found} / {remedy}");
    };
    check("titel: x", "warning Y9 3:1", "`title`");
    check("colour: x", "warning Y9 3:1", "questions");
    check("handling: anser", "error Y11 3:11", "`answer`");
    check("handling: 人工", "error Y11 3:11", "answer, clarify, route");
    check("priority: sofort", "error Y11 3:11", "low, normal, high, urgent");
    check("valid_from: 2026/1/5", "error Y11 3:13", "`2026-01-05`");
    check("valid_from: 2026年1月5日", "error Y11 3:13", "`2026-01-05`");
    check("valid_from: 2026-13-01", "error Y11 3:13", "`2026-12-31`");
    check("lang: 中文", "error Y11 3:7", "`zh`");
    check("id: 退款", "error Y11 3:5", "`refund-time`");
    check("questions:\n  - 退款: 多久", "error Y11 4:5", "`\"退款: 多久\"`");
    check("questions: {a: b}", "error Y11 3:12", "each starting with `- `");
    check("tests:\n  - expect: route", "error Y11 4:5", "`ask: …`");
    check("tests:\n  - ask: x\n    expct: route", "warning Y9 5:5", "`expect`");
    check("options:\n  - 退货", "error Y11 4:5", "`- label: Returns`");
    check("draft: 是", "error Y11 3:8", "true, false");
    check("title2: ''\nqueue: ''", "error Y11 4:8", "Fill it in");
}

#[test]
fn a_file_name_that_is_no_id_asks_for_one() {
    let text = "---\ntitle: 退款\n---\n答案";
    let found = parse_bytes("kb/退款.md", Path::new("退款.md"), text.as_bytes());
    assert_eq!(found.diagnostics[0].code, Code::MissingKey);
    let text = "---\ntitle: 退款\nid: refund\n---\n答案";
    let found = parse_bytes("kb/退款.md", Path::new("退款.md"), text.as_bytes());
    assert_eq!(found.article.unwrap().id.as_str(), "refund");
}

#[test]
fn bytes_that_are_no_text_have_a_place() {
    let found = parse_bytes("kb/a.md", Path::new("a.md"), b"---\ntitle: \xcd\xcb\xbf\xee\n---\n");
    assert!(found.article.is_none());
    let d = &found.diagnostics[0];
    assert_eq!((d.code, d.line, d.column), (Code::File, 2, 8));
}

fn in_bounds(text: &str, span: Span) -> bool {
    span.start <= span.end && text.get(span.range()).is_some()
}

fn all_spans_in_bounds(found: &Parsed) {
    for d in &found.diagnostics {
        assert!(d.line >= 1 && d.column >= 1 && d.end_line >= d.line, "{d:?}");
    }
    let Some(article) = &found.article else { return };
    let text = article.source.text();
    let questions = article.questions.iter().map(|q| q.span);
    let tests = article.tests.iter().map(|t| t.ask.span);
    let sections = article.sections.iter().map(|s| s.span);
    let spans = questions.chain(tests).chain(sections).chain(article.marks.values().copied());
    spans.for_each(|span| assert!(in_bounds(text, span), "{span:?} in {text:?}"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_bytes_are_parsed_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        all_spans_in_bounds(&parse_bytes("a.md", Path::new("a.md"), &bytes));
    }

    #[test]
    fn any_head_is_parsed_without_panic(
        head in "([a-z]{0,3}|title|tests|- |ask|: |：|\\[|\\]|\\{|“|”|\"|'|\n|\n  |\t|#|&a|\\*a|\\||>|!|%|退款|😀|\r\n|，){0,30}",
        body in "(## |x|\n|```|> |- |退|\r\n|\\[|\\]|<b>|---\n|\\|){0,20}",
        mark in "\u{feff}?",
    ) {
        let text = format!("{mark}---\n{head}\n---\n{body}");
        let found = parse_bytes("a.md", Path::new("a.md"), text.as_bytes());
        all_spans_in_bounds(&found);
        for d in &found.diagnostics {
            prop_assert!(in_bounds(&text, d.span), "{:?} in {:?}", d, text);
        }
        let toml = format!("+++\n{head}\n+++\n{body}");
        all_spans_in_bounds(&parse_bytes("a.md", Path::new("a.md"), toml.as_bytes()));
    }
}
