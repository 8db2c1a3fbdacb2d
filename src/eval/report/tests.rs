use super::tables::{confusions, cut, slices, wrong};
use super::*;
use crate::eval::dataset::Kind;
use crate::eval::quality::{Seen, Served, Timings};
use crate::eval::score::Scores;
use crate::message::{ArticleId, Language};

fn seen(text: &str, score: f64, best: &str, relevant: Option<&str>) -> Seen {
    let id = |text: &str| ArticleId::new(text).unwrap();
    Seen {
        text: text.to_owned(),
        language: if text.is_ascii() { Language::EN } else { Language::ZH },
        relevant: relevant.map(id).into_iter().collect(),
        best: Some(id(best)),
        matched: "a question".to_owned(),
        score,
        hit: relevant == Some(best),
        right: relevant == Some(best),
    }
}

fn messages() -> Vec<Seen> {
    vec![
        seen("where", 0.9, "track", Some("track")),
        seen("在哪", 0.8, "track", Some("track")),
        seen("<script>alert(1)</script>", 0.7, "track", None),
        seen("when", 0.6, "refund", Some("refund")),
        seen("why", 0.5, "refund", Some("track")),
        seen("held", f64::NEG_INFINITY, "refund", Some("refund")),
    ]
}

fn document() -> Document {
    Document {
        dataset: "<b>set</b>".to_owned(),
        kind: Kind::Faq,
        model: "m".to_owned(),
        n: 6,
        in_scope: 5,
        scores: Scores::of(&[]),
        curve: vec![
            CurvePoint { precision: 0.8, coverage: 0.5 },
            CurvePoint { precision: 0.9, coverage: 0.25 },
        ],
        plugin: vec![Plugin {
            target: 0.75,
            mean_coverage: 0.3,
            mean_precision: Some(0.71),
            splits: 50,
            calibration_messages: 3,
        }],
        guarantee: Vec::new(),
        served: Served::default(),
        nearest_question_similarity: None,
        timings: Timings::default(),
    }
}

#[test]
fn the_cut_is_the_lowest_that_reaches_the_target() {
    let check = |target: f64, expect: f64| {
        assert_eq!(cut(&messages(), target).to_bits(), expect.to_bits(), "{target}");
    };
    check(0.6, 0.5);
    check(0.75, 0.6);
    check(0.9, 0.8);
    assert!(cut(&messages()[4..], 0.9).is_infinite());
}

#[test]
fn wrong_answers_are_those_above_the_cut() {
    let messages = messages();
    let texts = |cut: f64| -> Vec<&str> { wrong(&messages, cut).iter().map(|w| w.text).collect() };
    assert_eq!(texts(0.6), ["<script>alert(1)</script>"]);
    assert_eq!(texts(0.5), ["<script>alert(1)</script>", "why"]);
    let pairs: Vec<(String, String)> =
        confusions(&messages, 0.5).into_iter().map(|c| (c.right, c.sent)).collect();
    assert_eq!(pairs, [(String::new(), "track".into()), ("track".into(), "refund".into())]);
}

#[test]
fn slices_are_by_language() {
    let slices = slices(&messages(), 0.6);
    let summary: Vec<(&str, usize, usize, f64)> =
        slices.iter().map(|s| (s.language.as_str(), s.messages, s.in_scope, s.coverage)).collect();
    assert_eq!(
        summary,
        [("en", 5, 4, 0.6), ("zh", 1, 1, 1.0)].map(|(l, m, i, c)| (
            match l {
                "en" => "en",
                _ => "zh",
            },
            m,
            i,
            c
        ))
    );
}

#[test]
fn hostile_texts_stay_texts() {
    let details = Details { messages: messages(), provisional: Vec::new(), fitted: Vec::new() };
    let page = render(&document(), &details).unwrap();
    assert!(page.contains("&#60;script&#62;alert(1)") && !page.contains("<script"), "{page}");
    assert!(page.contains("&#60;b&#62;set"));
}

#[test]
fn a_coverage_never_stands_alone() {
    let page =
        render(&document(), &Details { messages: messages(), provisional: vec![], fitted: vec![] })
            .unwrap();
    for needed in ["30.0 %", "71.0 %", "75.0 %", "precision", "准确率", "<polyline"] {
        assert!(page.contains(needed), "{needed}");
    }
}
