use super::*;
use crate::decision::{Candidate, Contribution};
use crate::eval::compare::{Change, Comparison, Difference, Fate, Figure};
use crate::eval::dataset::Kind;
use crate::eval::gate::{CurvePoint, Plugin};
use crate::eval::quality::{
    Answers, Confusion, Confusions, Details, Dimension, Document, Messages, Obstacle, Seen, Served,
    Slice, Timings, Unanswered, Why,
};
use crate::eval::score::Scores;
use crate::message::{ArticleId, Probability};

const MARKUP: &str = "<script>alert(1)</script>\"'{{x}}";

fn why() -> Why {
    let candidate = Candidate {
        article: ArticleId::new("a").unwrap(),
        revision: "".into(),
        matched: MARKUP.into(),
        dense: 0.81,
        lexical: 0.5,
        intent: 0.25,
        probability: Probability::new(0.77),
        group: "a".into(),
    };
    let contribution = |name, contribution| Contribution { name, value: 0.5, contribution };
    Why {
        candidates: vec![candidate],
        evidence: vec![contribution("lexical".into(), -0.1), contribution("question".into(), 2.5)],
    }
}

fn messages() -> Vec<Seen> {
    let wrong = |text: &str, relevant: Option<&str>| Seen {
        matched: MARKUP.into(),
        right: false,
        why: Some(why()),
        ..Seen::example(text, relevant)
    };
    let held = Seen { answered: vec![Some(0.4)], ..wrong("held back", Some("b")) };
    vec![Seen::example("fine", Some("a")), wrong(MARKUP, Some("b")), wrong("outside", None), held]
}

fn document() -> Document {
    let share = Share::counted(1, 3);
    let slice = |by, value: &str| Slice {
        by,
        value: value.to_owned(),
        n: 4,
        in_scope: 3,
        accuracy_in_scope: share,
        hit_at_1: share,
        auroc_oos: None,
        ece: None,
        answers: vec![Answers { target: 0.75, answered: 3.0, coverage: share, precision: share }],
    };
    Document {
        dataset: MARKUP.to_owned(),
        kind: Kind::Faq,
        model: "m".to_owned(),
        n: 4,
        in_scope: 3,
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
            calibration_messages: 2,
        }],
        guarantee: Vec::new(),
        served: Served::default(),
        nearest_question_similarity: None,
        unanswered: vec![Unanswered {
            target: 0.75,
            obstacle: Obstacle::Risk,
            messages: 1.0,
            share: 0.25,
        }],
        slices: vec![slice(Dimension::All, "all"), slice(Dimension::Kind, MARKUP)],
        confusions: vec![Confusions {
            target: 0.75,
            wrong: 2,
            pairs: vec![Confusion {
                right: Some(MARKUP.to_owned()),
                sent: "a".to_owned(),
                messages: 1,
                share: 0.5,
            }],
        }],
        urgency: None,
        timings: Timings::default(),
        messages: Messages { sha256: String::new(), targets: Vec::new(), rows: Vec::new() },
    }
}

fn page() -> String {
    let details = Details { messages: messages(), provisional: Vec::new(), fitted: Vec::new() };
    render_quality(&document(), &details, true).unwrap()
}

#[test]
fn hostile_texts_stay_texts() {
    let page = page();
    // Dataset in title and heading, mark, confusion, text, and twice the question it was found by.
    assert!(page.matches("&#60;script&#62;alert(1)").count() >= 6 && !page.contains("<script"));
}

#[test]
fn a_coverage_never_stands_alone() {
    let page = page();
    for needed in ["30.0 %", "71.0 %", "75.0 %", "precision", "准确率", "<polyline"] {
        assert!(page.contains(needed), "{needed}");
    }
}

#[test]
fn what_stands_in_the_way_is_said_in_both_languages() {
    let page = page();
    for needed in ["涉及钱、法律或安全", "money, law or safety", "width:25.000%"] {
        assert!(page.contains(needed), "{needed}");
    }
}

#[test]
fn every_wrong_answer_shows_its_reasons() {
    let page = page();
    // What was held back is no wrong answer.
    assert_eq!(page.matches("<details>").count(), 2);
    assert!(!page.contains("held back"));
    let place = |needle: &str| page.find(needle).unwrap();
    // In scope before out of scope; the weightiest reading first.
    assert!(place("Wrong answers to what is in scope") < place(">outside<"));
    assert!(place("question 0.50") < place("lexical 0.50") && page.contains("+2.50"));
}

#[test]
fn a_comparison_names_what_changed_and_escapes_it() {
    let figure = |fate| Figure { fate, rank: None, best: None, score: Some(0.4) };
    let difference = Difference {
        a: Some(0.5),
        b: Some(0.6),
        difference: Some(0.1),
        low: Some(0.02),
        high: Some(0.15),
    };
    let comparison = Comparison {
        dataset: MARKUP.to_owned(),
        models: ["m".to_owned(), "n".to_owned()],
        n: 10,
        in_scope: 9,
        accuracy_in_scope: difference,
        hit_at_1: Difference::default(),
        targets: Vec::new(),
        better: vec![Change {
            message: 1,
            text: MARKUP.to_owned(),
            a: figure(Fate::Wrong),
            b: figure(Fate::Right),
        }],
        worse: Vec::new(),
    };
    let page = render_comparisons(&[comparison], false).unwrap();
    assert!(page.contains("n up\">+10.0") && page.contains("+2.0 … +15.0"), "{page}");
    assert!(!page.contains("<script"));
}
