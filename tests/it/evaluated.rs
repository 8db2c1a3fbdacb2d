//! What `bench quality` measures is what serves: the same messages through the gRPC door and through the evaluation's bulk
//! path come to the same decisions, with the same probabilities from the same evidence.

use std::sync::Arc;

use firstline::decision::{self, Decision};
use firstline::message::Channel;
use firstline::proto::v1::{self, part};
use firstline::release::VectorCache;
use firstline::triage::{Triage, Turn};

use crate::shop::SHOP;
use crate::support::{ANSWERED, PERSON, ROUTED, URGENT, ask, gateway, service};

const MESSAGES: [&str; 12] = [
    ANSWERED,
    ROUTED,
    PERSON,
    URGENT,
    "how much is delivery to the islands",
    "refund still not on my card and what does shipping cost",
    "How long does a refund take? Can I pay with a gift card?",
    "password",
    "hello",
    "thanks!",
    "退款什么时候到",
    "😀😀",
];

#[tokio::test]
async fn evaluation_and_service_decide_alike() {
    let (service, measured) = (service().await, measured());
    let mut gateway = gateway(&service).await;
    let mut kinds = std::collections::BTreeSet::new();
    for (text, measured) in MESSAGES.iter().zip(&measured) {
        let mut request = ask(&uuid::Uuid::new_v4().to_string(), "r1", text);
        request.set_explain(v1::ExplainLevel::Full);
        request.dry_run = true;
        let reply = gateway.handle(request).await.unwrap().into_inner();
        let served = reply.decision.unwrap();
        kinds.insert(served.action().as_str_name());
        alike(text, &served, measured);
    }
    assert!(kinds.len() >= 3, "the messages say too little: {kinds:?}");
}

/// The decisions of the evaluation, in bulk.
fn measured() -> Vec<Decision> {
    let triage = Triage::new(Arc::clone(&SHOP.current), Arc::clone(&SHOP.batcher));
    let turn = |text: &&str| Turn {
        language_hint: Some(firstline::message::Language::EN),
        ..Turn::words(text, Channel::new("web").unwrap())
    };
    let turns: Vec<Turn> = MESSAGES.iter().map(turn).collect();
    let vectors = VectorCache::in_memory(SHOP.batcher.model());
    triage.decide_all(&turns, &vectors, &mut |_, _| ()).unwrap()
}

fn alike(text: &str, served: &v1::Decision, measured: &Decision) {
    let action = format!("{:?}", measured.action).to_uppercase();
    assert_eq!(served.action().as_str_name(), format!("ACTION_{action}"), "{text:?}");
    assert_eq!(served.language, measured.language.as_str(), "{text:?}");
    let urgency = served.urgency.as_ref().unwrap();
    assert_eq!(urgency.reasons, measured.urgency.reasons, "{text:?}");
    same(text, urgency.probability, measured.urgency.probability.get());
    assert_eq!(served.parts.len(), measured.parts.len(), "{text:?}");
    for (served, measured) in served.parts.iter().zip(&measured.parts) {
        assert_eq!(served.text, measured.text, "{text:?}");
        assert_eq!(answer_of_wire(served), answer(measured), "{text:?}");
        explained_alike(text, served.explanation.as_ref().unwrap(), &measured.explanation);
    }
}

fn explained_alike(text: &str, served: &v1::Explanation, measured: &decision::Explanation) {
    assert_eq!(served.rule, measured.rule, "{text:?}");
    same(text, served.threshold, measured.threshold);
    assert_eq!(served.candidates.len(), measured.candidates.len(), "{text:?}");
    for (served, measured) in served.candidates.iter().zip(&measured.candidates) {
        assert_eq!(served.article_id, measured.article.as_str(), "{text:?}");
        assert_eq!(served.matched_question, measured.matched.to_string(), "{text:?}");
        same(text, served.probability, measured.probability.get());
        same(text, served.dense, measured.dense);
    }
    assert_eq!(served.evidence.len(), measured.evidence.len(), "{text:?}");
    for (served, measured) in served.evidence.iter().zip(&measured.evidence) {
        assert_eq!(served.name, measured.name, "{text:?}");
        same(text, served.value, measured.value);
        same(text, served.contribution, measured.contribution);
    }
}

fn same(text: &str, served: f64, measured: f64) {
    assert!((served - measured).abs() < 1e-9, "{text:?}: {served} served, {measured} measured");
}

/// The article that is answered with and its probability, to nine decimals.
fn answer(part: &decision::Part) -> Option<(String, String)> {
    let decision::Outcome::Answer(answer) = &part.outcome else { return None };
    Some((answer.article.to_string(), format!("{:.9}", answer.probability.get())))
}

fn answer_of_wire(part: &v1::Part) -> Option<(String, String)> {
    let Some(part::Outcome::Answer(answer)) = &part.outcome else { return None };
    Some((answer.article_id.clone(), format!("{:.9}", answer.probability)))
}
