use super::*;
use crate::dispatch::Feedback;
use crate::message::{Channel, Content, ConversationId, CustomerId, Language, Message, RequestId};
use crate::proto::v1::{self, customer_message};
use crate::server::status::Refusal;

/// A message in which every field is filled and right.
fn whole() -> v1::CustomerMessage {
    v1::CustomerMessage {
        request_id: "r1".to_owned(),
        conversation_id: "c1".to_owned(),
        sequence: 3,
        sent_at: Some(prost_types::Timestamp { seconds: 1_700_000_000, nanos: 5 }),
        channel: "web".to_owned(),
        language_hint: "zh-CN".to_owned(),
        customer: Some(v1::Customer {
            customer_id: "u1".to_owned(),
            display_name: "小王".to_owned(),
        }),
        content: Some(text("退款多久到账")),
        attributes: [("vip".to_owned(), "yes".to_owned())].into(),
    }
}

fn text(words: &str) -> customer_message::Content {
    customer_message::Content::Text(v1::Text { text: words.to_owned() })
}

fn attachment(kind: &str, caption: &str) -> customer_message::Content {
    let (kind, caption) = (kind.to_owned(), caption.to_owned());
    let attachment = v1::Attachment { kind, uri: "https://x.example/1".to_owned(), caption };
    customer_message::Content::Attachment(attachment)
}

#[test]
fn a_whole_message_arrives_whole() {
    let message = Message::try_from(whole()).unwrap();
    let expect = Message {
        request_id: RequestId::new("r1").unwrap(),
        conversation_id: ConversationId::new("c1").unwrap(),
        sequence: Some(3),
        sent_at: Some("2023-11-14T22:13:20.000000005Z".parse().unwrap()),
        channel: Channel::new("web").unwrap(),
        language_hint: Some(Language::ZH),
        customer_id: Some(CustomerId::new("u1").unwrap()),
        customer_name: Some("小王".to_owned()),
        content: Content::Text("退款多久到账".to_owned()),
        attributes: [("vip".to_owned(), "yes".to_owned())].into(),
    };
    assert_eq!(message, expect);
}

#[test]
fn whatever_a_customer_can_do_is_content() {
    let check = |content, expect: Content| {
        let content = Some(content);
        let message = Message::try_from(v1::CustomerMessage { content, ..whole() }).unwrap();
        assert_eq!(message.content, expect);
    };
    check(text(""), Content::Text(String::new()));
    check(text("a\u{0}b\u{7}"), Content::Text("a\u{0}b\u{7}".to_owned()));
    check(text(&"气".repeat(2730)), Content::Text("气".repeat(2730)));
    let sent = |kind: &str, caption: &str| Content::Attachment {
        kind: kind.to_owned(),
        uri: "https://x.example/1".to_owned(),
        caption: caption.to_owned(),
    };
    check(attachment("sticker", ""), sent("sticker", ""));
    check(attachment("hologram", "look"), sent("other", "look"));
    check(customer_message::Content::Opening(v1::Opening {}), Content::Opening);
}

#[test]
fn each_wrong_field_is_named() {
    let check = |spoil: fn(&mut v1::CustomerMessage), field: &str, reason: &str| {
        let mut message = whole();
        spoil(&mut message);
        let refusal = Refusal::from(Message::try_from(message).unwrap_err());
        let problem = refusal.to_problem("");
        let fields: Vec<&str> = problem.fields.iter().map(|wrong| wrong.field.as_str()).collect();
        assert_eq!((fields.as_slice(), problem.reason.as_str()), ([field].as_slice(), reason));
        assert!(!problem.remedy.is_empty());
    };
    check(|m| m.request_id.clear(), "request_id", "FIELD_MISSING");
    check(|m| m.request_id = "a\u{1}b".to_owned(), "request_id", "FIELD_INVALID");
    check(|m| m.conversation_id = "x".repeat(129), "conversation_id", "FIELD_INVALID");
    check(|m| m.conversation_id = "对话".to_owned(), "conversation_id", "FIELD_INVALID");
    check(|m| m.channel.clear(), "channel", "FIELD_MISSING");
    check(|m| m.language_hint = "中文".to_owned(), "language_hint", "FIELD_INVALID");
    check(|m| m.content = None, "content", "FIELD_MISSING");
    check(|m| m.content = Some(text(&"a".repeat(8193))), "text.text", "TEXT_TOO_LONG");
    check(
        |m| m.content = Some(attachment("image", &"a".repeat(8193))),
        "attachment.caption",
        "TEXT_TOO_LONG",
    );
    check(|m| m.sent_at.as_mut().unwrap().nanos = -1, "sent_at", "FIELD_INVALID");
    check(|m| m.sent_at.as_mut().unwrap().seconds = i64::MAX, "sent_at", "FIELD_INVALID");
    check(
        |m| m.customer.as_mut().unwrap().display_name = "n".repeat(257),
        "customer.display_name",
        "TEXT_TOO_LONG",
    );
    check(
        |m| m.attributes = (0..33).map(|n| (n.to_string(), String::new())).collect(),
        "attributes",
        "FIELD_INVALID",
    );
    check(
        |m| m.attributes = [(String::new(), String::new())].into(),
        "attributes",
        "FIELD_INVALID",
    );
    check(
        |m| m.attributes = [("k".to_owned(), "v".repeat(257))].into(),
        "attributes",
        "FIELD_INVALID",
    );
}

#[test]
fn all_mistakes_are_told_at_once() {
    let refusal = Refusal::from(Message::try_from(v1::CustomerMessage::default()).unwrap_err());
    insta::assert_snapshot!(
        refusal.to_problem("").message,
        @"request_id must be given; conversation_id must be given; channel must be given; content must be one of text, choice, attachment and opening"
    );
}

#[test]
fn what_is_asked_besides_messages_is_checked_too() {
    let check = |result: Result<(), Invalid>, expect: &[&str]| {
        let fields = match result {
            Ok(()) => Vec::new(),
            Err(invalid) => Refusal::from(invalid).to_problem("").fields,
        };
        let fields: Vec<&str> = fields.iter().map(|wrong| wrong.field.as_str()).collect();
        assert_eq!(fields, expect);
    };
    let feedback = |wire| Feedback::try_from(wire).map(drop);
    check(
        feedback(v1::RecordFeedbackRequest::default()),
        &["request_id", "decision_id", "verdict", "source"],
    );
    let verdict = v1::RecordFeedbackRequest {
        request_id: "f1".to_owned(),
        decision_id: "d1".to_owned(),
        verdict: v1::Verdict::Right.into(),
        source: v1::FeedbackSource::Editor.into(),
        ..Default::default()
    };
    check(feedback(verdict.clone()), &[]);
    check(feedback(v1::RecordFeedbackRequest { verdict: 99, ..verdict.clone() }), &["verdict"]);
    let audit = v1::RecordFeedbackRequest { source: 4, ..verdict.clone() };
    check(feedback(audit), &["source"]);
    let comment = v1::RecordFeedbackRequest { comment: "x".repeat(2049), ..verdict };
    check(feedback(comment), &["comment"]);
    check(event(v1::SendEventRequest::default()).map(drop), &["event"]);
    let nothing = v1::SendEventRequest { event: Some(v1::ConversationEvent::default()) };
    check(event(nothing).map(drop), &["event.request_id", "event.conversation_id", "event.event"]);
    let page = |token: &str| {
        let page_token = token.to_owned();
        Page::try_from(v1::ListTicketsRequest { page_token, ..Default::default() })
    };
    check(page("next").map(drop), &["page_token"]);
    assert_eq!(
        page("200").unwrap(),
        Page { queue: None, states: Vec::new(), agent: None, size: 100, skip: 200 }
    );
    check(Switch::try_from(v1::SetAutomationRequest::default()).map(drop), &["request_id", "mode"]);
    let attach = v1::Attach { explain: 9, instance: "web\n1".to_owned(), ..Default::default() };
    check(Attach::try_from(attach).map(drop), &["attach.instance", "attach.explain"]);
}

#[test]
fn moments_before_the_epoch_keep_their_order() {
    let check = |text: &str, seconds: i64, nanos: i32| {
        let wire = moment(text.parse().unwrap());
        assert_eq!((wire.seconds, wire.nanos), (seconds, nanos), "{text}");
    };
    check("1970-01-01T00:00:01.5Z", 1, 500_000_000);
    check("1969-12-31T23:59:59.25Z", -1, 250_000_000);
    check("2026-11-24T08:00:00Z", 1_795_507_200, 0);
}

#[test]
fn names_lose_their_enumeration() {
    assert_eq!(bare(v1::Reason::GatePassed.as_str_name(), "REASON_"), "GATE_PASSED");
    assert_eq!(bare("OTHER", "REASON_"), "OTHER");
}
