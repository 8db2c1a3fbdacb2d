use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use super::judge::Right;
use super::*;
use crate::decision::{Decision, Outcome};
use crate::encoder::{Embedding, Encoder, Model, Pooling, Role, Tokens, batcher};
use crate::eval::record::Relevance;
use crate::knowledge::Article;
use crate::knowledge::article::Choice;
use crate::knowledge::source::Span;
use crate::message::{ArticleId, Handling, Language, QueueId};

/// An encoder that knows words and nothing of their meaning: equal words, equal directions.
#[derive(Debug)]
struct Words(Model);

const WIDTH: usize = 48;

impl Encoder for Words {
    fn model(&self) -> &Model {
        &self.0
    }
    fn tokenize(&self, text: &str, _: Role) -> Result<Tokens, EncoderError> {
        let id = |word: &str| {
            let mut hasher = DefaultHasher::new();
            word.to_lowercase().hash(&mut hasher);
            u32::try_from(hasher.finish() % 100_000).unwrap()
        };
        Ok(Tokens::new(text.split_whitespace().map(id).chain([0]).collect(), false))
    }
    fn encode(&self, batch: &[Tokens]) -> Result<Vec<Embedding>, EncoderError> {
        Ok(batch.iter().map(|tokens| direction(tokens.ids())).collect())
    }
}

fn direction(ids: &[u32]) -> Embedding {
    let mut sum = vec![0.01; WIDTH];
    for (place, number) in sum.iter_mut().enumerate() {
        for id in ids {
            let mut hasher = DefaultHasher::new();
            (id, place).hash(&mut hasher);
            *number += f32::from(u16::try_from(hasher.finish() % 2001).unwrap()) / 1000.0 - 1.0;
        }
    }
    Embedding::from_raw(sum)
}

fn batcher() -> Arc<Batcher> {
    let model = Model {
        name: "words".to_owned(),
        dimensions: WIDTH,
        layers: 1,
        vocabulary: 100_000,
        multiplied: 0,
        max_tokens: 64,
        pooling: Pooling::Mean,
        hash: "words".repeat(8),
    };
    Arc::new(Batcher::start(Arc::new(Words(model)), &batcher::Config::default()).unwrap())
}

fn article(id: &str, answer: &str, questions: &[&str]) -> Article {
    let mut article = Article::new(id, "", Language::EN).unwrap();
    article.questions = questions.iter().map(|question| (*question).into()).collect();
    article.answer = answer.to_owned();
    article
}

fn message(text: &str, relevant: &[&str]) -> Record {
    let ids: Vec<ArticleId> = relevant.iter().map(|id| ArticleId::new(id).unwrap()).collect();
    Record { relevant: Relevance::from(ids), ..Record::plain(text.to_owned()) }
}

/// Four topics; `kettle` and `pot` give the same answer.
fn articles() -> Vec<Article> {
    vec![
        article(
            "refund",
            "Three days.",
            &[
                "when will my refund arrive",
                "how long does a refund take",
                "refund not on my card yet",
                "where is the refund for my return",
                "how many days until the refund",
            ],
        ),
        article(
            "invoice",
            "In your account.",
            &[
                "please send me an invoice",
                "how to get an invoice for my order",
                "invoice for the company",
                "can you issue an invoice",
                "download the invoice",
            ],
        ),
        article(
            "kettle",
            "With vinegar.",
            &[
                "how to descale the kettle",
                "white stains inside the kettle",
                "clean the kettle",
                "kettle has limescale",
                "descaling a kettle",
            ],
        ),
        article(
            "pot",
            "With vinegar.",
            &[
                "how to clean the burnt pot",
                "black stains on the pot",
                "scrub the pot",
                "pot is burnt",
                "burnt food in the pot",
            ],
        ),
    ]
}

fn set(kind: Kind, messages: Vec<Record>) -> Dataset {
    Dataset {
        name: "toy".to_owned(),
        kind,
        articles: articles(),
        phrases: None,
        outside: Vec::new(),
        messages,
        language: Language::EN,
    }
}

fn options(name: &str) -> Options {
    Options {
        targets: vec![0.8],
        confidence: 0.9,
        repeats: Repeats { splits: 4, draws: 10 },
        cache: std::env::temp_dir()
            .join(format!("firstline-quality-{name}-{}", std::process::id())),
        policy: policy::Config::new(QueueId::new("general").unwrap()),
    }
}

fn measured(name: &str, kind: Kind, messages: Vec<Record>) -> (Document, Details) {
    let options = options(name);
    let result = run(set(kind, messages), &batcher(), &options, &mut |_| ()).unwrap();
    fs_err::remove_dir_all(&options.cache).ok();
    result
}

fn traffic() -> Vec<Record> {
    vec![
        message("how long does a refund take", &["refund"]),
        message("an invoice for my order", &["invoice"]),
        message("how to descale the kettle", &["pot"]),
        message("how to descale the kettle", &["invoice"]),
        message("purple elephants dance tonight", &[]),
        message("hello", &[]),
    ]
}

#[test]
fn a_right_answer_is_one_of_the_same_answer() {
    let (document, details) = measured("groups", Kind::Faq, traffic());
    assert_eq!((document.n, document.in_scope), (6, 4));
    assert_eq!(document.scores.hit_at_1, Some(0.75));
    let rights: Vec<bool> = details.messages.iter().map(|seen| seen.right).take(5).collect();
    // The kettle's article gives the pot's answer; nothing answers what is out of scope.
    assert_eq!(rights, [true, true, true, false, false]);
    assert_eq!(document.nearest_question_similarity, None);
}

#[test]
fn small_talk_is_never_answered_at_any_threshold() {
    let (_, details) = measured("small-talk", Kind::Faq, traffic());
    let hello = details.messages.last().unwrap();
    assert!(hello.score.is_infinite() && hello.score < 0.0, "{hello:?}");
    assert!(details.messages[..5].iter().all(|seen| seen.score.is_finite()));
}

#[test]
fn the_nearest_question_of_a_known_text_is_itself() {
    let (document, _) = measured("nearest", Kind::Knowledge, traffic());
    let nearest = document.nearest_question_similarity.unwrap();
    assert!((nearest.max - 1.0).abs() < 1e-5 && nearest.min < 0.7, "{nearest:?}");
}

#[test]
fn keys_are_the_contract() {
    let (document, _) = measured("keys", Kind::Labels, traffic());
    let json = serde_json::to_value(&document).unwrap();
    for key in [
        "dataset",
        "kind",
        "n",
        "in_scope",
        "accuracy_in_scope",
        "hit_at_1",
        "hit_at_5",
        "mrr",
        "auroc_oos",
        "ece",
        "curve",
        "plugin",
        "guarantee",
        "timings",
        "slices",
        "unanswered",
        "confusions",
        "urgency",
        "messages",
    ] {
        assert!(json.get(key).is_some(), "{key}");
    }
    for key in ["target", "mean_coverage", "mean_precision"] {
        assert!(json["plugin"][0].get(key).is_some(), "plugin {key}");
    }
    for key in [
        "target",
        "confidence",
        "draws",
        "mean_coverage",
        "mean_precision",
        "violations",
        "nothing_passed",
    ] {
        assert!(json["guarantee"][0].get(key).is_some(), "guarantee {key}");
    }
    assert_eq!(json["curve"][0]["precision"], 0.8);
    assert_eq!(json["kind"], "labels");
}

#[test]
fn slices_and_messages_add_up_to_the_plugin() {
    let (document, _) = measured("slices", Kind::Faq, traffic());
    let answers = document.slices[0].answers[0];
    let coverage = answers.coverage.unwrap().share;
    assert!((coverage - document.plugin[0].mean_coverage).abs() < 1e-9, "{answers:?}");
    let held: f64 = document.unanswered.iter().map(|one| one.messages).sum();
    assert!(document.messages.rows.len() == 6 && document.messages.targets == [0.8]);
    assert!((held - (6.0 - answers.answered)).abs() < 1.0, "{held} {answers:?}");
    assert_eq!(document.messages.rows[3].rank, Some(2));
    assert_eq!(document.messages.rows[0].rank, Some(1));
}

#[test]
fn the_fingerprint_is_of_texts_and_labels() {
    let of = |messages: Vec<Record>| measured("prints", Kind::Faq, messages).0.messages.sha256;
    let same = of(traffic());
    assert_eq!(same, of(traffic()));
    let mut relabelled = traffic();
    relabelled[0].relevant = Relevance::OutOfScope;
    assert_ne!(same, of(relabelled));
    let mut reworded = traffic();
    reworded[0].text.push('?');
    assert_ne!(same, of(reworded));
}

#[test]
fn what_stands_in_the_way_is_named() {
    use Obstacle::{NoArticle, NotCertain, NotFirst, OutOfScope};
    let mut messages = traffic();
    messages.push(message("how long does a refund take", &["retired"]));
    let (_, details) = measured("obstacles", Kind::Faq, messages);
    let obstacles: Vec<Obstacle> = details.messages.iter().map(|seen| seen.obstacle).collect();
    let expect = [NotCertain, NotCertain, NotCertain, NotFirst, OutOfScope, OutOfScope, NoArticle];
    assert_eq!(obstacles, expect);
}

#[test]
fn a_wrong_answer_is_explained_as_ask_explains_it() {
    let (_, details) = measured("why", Kind::Faq, traffic());
    let wrong = &details.messages[3];
    let why = wrong.why.as_ref().unwrap();
    assert_eq!(why.candidates[0].article.as_str(), wrong.best.as_ref().unwrap().as_str());
    assert_eq!(why.evidence.len(), Readings::COUNT);
    assert_eq!(
        (wrong.right_group.as_deref(), wrong.sent_group.as_str()),
        (Some("invoice"), "kettle")
    );
    assert!(details.messages[0].why.is_none());
}

#[test]
fn urgency_is_counted_both_ways() {
    let urgent = |text: &str| Record { urgent: true, ..message(text, &[]) };
    let messages = vec![
        urgent("the pot is on fire right now, emergency"),
        urgent("purple elephants"),
        message("how long does a refund take", &["refund"]),
        message("my kettle is on fire right now, emergency", &[]),
    ];
    let (document, _) = measured("urgency", Kind::Faq, messages);
    let urgency = document.urgency.unwrap();
    assert_eq!((urgency.labelled, urgency.ordinary), (2, 2));
    assert_eq!((urgency.recognised, urgency.false_urgent), (1, 1), "{urgency:?}");
    assert!(urgency.recall.unwrap().high < 1.0);
    let (unlabelled, _) = measured("calm", Kind::Faq, traffic());
    assert_eq!(unlabelled.urgency, None);
}

#[tokio::test]
async fn what_is_measured_is_what_serves() {
    let (batcher, options) = (batcher(), options("serves"));
    let vectors = VectorCache::in_memory(batcher.model());
    let set = set(Kind::Faq, traffic());
    let turns = turns(&set).unwrap();
    let mut clock = Clock::start();
    let (asked, _) = ask(set, (&batcher, &vectors), (&options, &mut clock), &mut |_| ()).unwrap();
    let serving = Triage::new(Arc::new(Arc::clone(&asked.bundle).into()), batcher);
    for (turn, measured) in turns.into_iter().zip(&asked.decisions) {
        let served = serving.decide(turn, None).await.unwrap().decision;
        assert_eq!(served.action, measured.action);
        assert_eq!(served.evidence, measured.evidence);
    }
}

/// Texts that are known to be answered by nothing lower what is like them, and leave alone what is not.
#[test]
fn a_text_like_those_outside_is_less_certain() {
    let inside = |name: &str, outside: &[&str]| -> Vec<f64> {
        let mut set = set(Kind::Labels, traffic());
        set.outside = outside.iter().map(|text| (*text).to_owned()).collect();
        let (batcher, options) = (batcher(), options(name));
        let vectors = VectorCache::in_memory(batcher.model());
        let mut clock = Clock::start();
        let (asked, _) =
            ask(set, (&batcher, &vectors), (&options, &mut clock), &mut |_| ()).unwrap();
        let inside = |decision: &Decision| decision.evidence.whole.sightings[0].readings.inside;
        asked.decisions.iter().map(inside).collect()
    };
    let without = inside("nothing-outside", &[]);
    assert!(without.iter().all(|inside| inside.abs() < f64::EPSILON), "{without:?}");
    let elephants =
        ["elephants dance", "purple elephants", "elephants tonight", "dance tonight purple"];
    let with = inside("outside", &elephants);
    assert!(with[0] > 0.0 && with[4] < 0.0, "{with:?}");
}

/// A question asked back and answered by a number means nothing without what was said before.
#[test]
fn what_was_said_before_is_said_before() {
    let mut vague = article("vague", "", &["which of them please", "which one", "which of these"]);
    vague.handling = Handling::Clarify;
    let option = |label: &str, article: &str| Choice {
        label: label.to_owned(),
        article: ArticleId::new(article).unwrap(),
        span: Span::new(0, 0),
    };
    vague.options = vec![option("Refund", "refund"), option("Invoice", "invoice")];
    let history = vec!["which of them please".to_owned(), "hello".to_owned()];
    let second = Record { history, ..message("2", &["invoice"]) };
    let mut set = set(Kind::Faq, vec![second, message("2", &["invoice"])]);
    set.articles.push(vague);
    let (batcher, options) = (batcher(), options("history"));
    let vectors = VectorCache::in_memory(batcher.model());
    let mut clock = Clock::start();
    let (asked, _) = ask(set, (&batcher, &vectors), (&options, &mut clock), &mut |_| ()).unwrap();
    let answers = |decision: &Decision| {
        let Outcome::Answer(answer) = &decision.parts[0].outcome else { return None };
        Some(answer.article.to_string())
    };
    let answers: Vec<_> = asked.decisions.iter().map(answers).collect();
    assert_eq!(answers, [Some("invoice".to_owned()), None]);
}

#[test]
fn an_article_that_is_not_there_is_never_right() {
    let batcher = batcher();
    let vectors = VectorCache::in_memory(batcher.model());
    let options = options("unknown");
    let source = Source {
        articles: articles(),
        phrases: crate::knowledge::Phrases::default(),
        policy: options.policy,
        outside: Vec::new(),
    };
    let bundle = Bundle::build(source, &batcher, &vectors, &mut |_| ()).unwrap();
    let check = |relevant: &[&str], article: &str, expect: bool| {
        let right = Right::of(&message("x", relevant), bundle.library());
        assert_eq!(right.is(&ArticleId::new(article).unwrap()), expect, "{relevant:?} {article}");
    };
    check(&["refund"], "refund", true);
    check(&["pot"], "kettle", true);
    check(&["retired"], "refund", false);
    check(&["retired"], "retired", false);
    check(&[], "refund", false);
}
