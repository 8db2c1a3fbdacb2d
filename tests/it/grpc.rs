//! The gRPC door: what each call gives, health and reflection.

use firstline::proto::v1::{self, conversation_event, customer_message, part};
use tokio_stream::StreamExt as _;
use tonic::Code;
use tonic_health::ServingStatus;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::support::{
    ANSWERED, Fault, QUEUE, ROUTED, URGENT, ask, channel, decide, gateway, lives, message, service,
    supervisor,
};

#[tokio::test]
async fn a_message_is_answered_with_everything_that_belongs_to_it() {
    let service = service().await;
    let mut gateway = gateway(&service).await;
    let reply = gateway.handle(ask("c1", "r1", ANSWERED)).await.unwrap().into_inner();
    assert!(!reply.repeated_request);
    let decision = reply.decision.unwrap();
    assert_eq!(decision.action(), v1::Action::Answer);
    assert_eq!(
        (decision.conversation_id.as_str(), &*decision.request_ids),
        ("c1", &["r1".to_owned()][..])
    );
    assert_eq!(decision.mode(), v1::AutomationMode::On);
    assert!(decision.decided_at.is_some() && decision.timings.is_some());
    assert!(!decision.bundle.as_ref().unwrap().hash.is_empty());
    let Some(part::Outcome::Answer(answer)) = &decision.parts[0].outcome else {
        panic!("no answer: {decision:?}")
    };
    assert_eq!(answer.article_id, "refund-time");
    assert_eq!(decision.parts[0].reason(), v1::Reason::GatePassed);
    assert_eq!(decision.say.len(), 1);
    assert_eq!(decision.say[0].author(), v1::Author::Bot);
}

#[tokio::test]
async fn what_a_person_must_handle_becomes_a_ticket() {
    let service = service().await;
    let mut gateway = gateway(&service).await;
    let normal = decide(&mut gateway, "c1", "r1", ROUTED).await;
    let urgent = decide(&mut gateway, "c2", "r1", URGENT).await;
    assert_eq!(normal.action(), v1::Action::Route);
    let ticket = normal.ticket.unwrap();
    assert_eq!((ticket.state(), ticket.position), (v1::TicketState::Queued, Some(1)));
    let Some(part::Outcome::Route(route)) = &normal.parts[0].outcome else { panic!("not routed") };
    assert_eq!((route.outcome(), &route.ticket_id), (v1::RouteOutcome::Queued, &ticket.ticket_id));
    assert!(!normal.say.is_empty(), "the customer is told");
    assert_eq!(urgent.urgency.unwrap().class(), v1::PriorityClass::Urgent);
}

#[tokio::test]
async fn customers_are_never_an_error() {
    let service = service().await;
    let mut gateway = gateway(&service).await;
    let attachment = |kind: &str| {
        customer_message::Content::Attachment(v1::Attachment {
            kind: kind.to_owned(),
            ..Default::default()
        })
    };
    let text = |text: &str| customer_message::Content::Text(v1::Text { text: text.to_owned() });
    let choice = v1::Choice { clarify_id: "none".to_owned(), option_id: "1".to_owned() };
    let contents = [
        text(""),
        text("   \n\t"),
        text("😀😀😀"),
        text("a\u{0}b\u{7}c\u{202e}d"),
        text("Ich möchte mein Geld zurück, bitte"),
        text(&"This is the worst shop I have ever seen! ".repeat(75)),
        text(&"气".repeat(2730)),
        attachment("sticker"),
        attachment("hologram"),
        customer_message::Content::Opening(v1::Opening {}),
        customer_message::Content::Choice(choice),
    ];
    for (number, content) in contents.into_iter().enumerate() {
        let id = format!("oddity-{number}");
        let mut request = ask(&id, &id, "");
        // A dry run leaves no ticket, so that the queue takes them all.
        request.dry_run = true;
        request.message.as_mut().unwrap().content = Some(content.clone());
        let decision = gateway.handle(request).await.unwrap().into_inner().decision.unwrap();
        assert_ne!(decision.action(), v1::Action::Unspecified, "{content:?}");
        assert!(!decision.parts.is_empty(), "{content:?}");
    }
}

#[tokio::test]
async fn a_repeat_gets_its_earlier_reply() {
    let service = service().await;
    let mut gateway = gateway(&service).await;
    let first = gateway.handle(ask("c1", "r1", ROUTED)).await.unwrap().into_inner();
    let again = gateway.handle(ask("c1", "r1", ROUTED)).await.unwrap().into_inner();
    assert!(!first.repeated_request && again.repeated_request);
    assert_eq!(first.decision, again.decision);
    let queues = supervisor(&service).await.list_queues(v1::ListQueuesRequest {}).await.unwrap();
    let waiting: u32 =
        queues.into_inner().queues.iter().flat_map(|q| &q.waiting).map(|d| d.tickets).sum();
    assert_eq!(waiting, 1, "one ticket, however often it is asked for");
}

#[tokio::test]
async fn a_dry_run_leaves_no_trace() {
    let service = service().await;
    let mut gateway = gateway(&service).await;
    let request = v1::HandleRequest { dry_run: true, ..ask("c1", "r1", ROUTED) };
    let decision = gateway.handle(request).await.unwrap().into_inner().decision.unwrap();
    let Some(part::Outcome::Route(route)) = &decision.parts[0].outcome else {
        panic!("not routed")
    };
    assert_eq!(route.outcome(), v1::RouteOutcome::WouldQueue);
    assert!(decision.ticket.is_none());
    let read = v1::GetConversationRequest { conversation_id: "c1".to_owned() };
    let status = gateway.get_conversation(read).await.unwrap_err();
    Fault::of(&status).expect(Code::NotFound, "CONVERSATION_NOT_FOUND");
}

#[tokio::test]
async fn the_why_comes_in_the_detail_that_was_asked_for() {
    let service = service().await;
    let mut gateway = gateway(&service).await;
    let mut explained = async |level: v1::ExplainLevel| {
        let request =
            v1::HandleRequest { explain: level.into(), ..ask("c1", level.as_str_name(), ANSWERED) };
        let reply = gateway.handle(request).await.unwrap().into_inner();
        reply.decision.unwrap().parts.remove(0).explanation
    };
    assert_eq!(explained(v1::ExplainLevel::None).await, None);
    let summary = explained(v1::ExplainLevel::Summary).await.unwrap();
    assert!(summary.candidates.len() <= 1 && summary.evidence.is_empty());
    assert!(explained(v1::ExplainLevel::Full).await.is_some());
    assert!(explained(v1::ExplainLevel::Unspecified).await.is_some());
}

#[tokio::test]
async fn a_conversation_can_be_followed_and_left() {
    let service = service().await;
    let mut gateway = gateway(&service).await;
    decide(&mut gateway, "c1", "r1", ANSWERED).await;
    decide(&mut gateway, "c1", "r2", ROUTED).await;
    let read = || v1::GetConversationRequest { conversation_id: "c1".to_owned() };
    let view = gateway.get_conversation(read()).await.unwrap().into_inner();
    assert_eq!(view.state(), v1::ConversationState::Waiting);
    assert_eq!(view.ticket.unwrap().state(), v1::TicketState::Queued);
    assert!(view.transcript.len() >= 3, "{:?}", view.transcript);
    let left = v1::ConversationEvent {
        request_id: "e1".to_owned(),
        conversation_id: "c1".to_owned(),
        event: Some(conversation_event::Event::CustomerLeft(v1::CustomerLeft {})),
    };
    gateway.send_event(v1::SendEventRequest { event: Some(left) }).await.unwrap();
    let view = gateway.get_conversation(read()).await.unwrap().into_inner();
    assert_eq!((view.state(), view.ticket), (v1::ConversationState::Bot, None));
}

#[tokio::test]
async fn a_verdict_is_taken_for_a_known_decision_only() {
    let service = service().await;
    let mut gateway = gateway(&service).await;
    let decision = decide(&mut gateway, "c1", "r1", ANSWERED).await;
    let verdict = |decision_id: &str| v1::RecordFeedbackRequest {
        request_id: "f1".to_owned(),
        decision_id: decision_id.to_owned(),
        verdict: v1::Verdict::Right.into(),
        source: v1::FeedbackSource::Editor.into(),
        ..Default::default()
    };
    gateway.record_feedback(verdict(&decision.decision_id)).await.unwrap();
    let status = gateway.record_feedback(verdict("never-decided")).await.unwrap_err();
    Fault::of(&status).expect(Code::NotFound, "DECISION_NOT_FOUND");
}

#[tokio::test]
async fn a_supervisor_sees_and_steers() {
    let service = service().await;
    let (mut gateway, mut desk) = (gateway(&service).await, supervisor(&service).await);
    let words = format!("{ROUTED}, call 13800138000");
    for number in 0..3 {
        decide(&mut gateway, &format!("c{number}"), "r1", &words).await;
    }
    let page = |token: &str| v1::ListTicketsRequest {
        page_size: 2,
        page_token: token.to_owned(),
        ..Default::default()
    };
    let first = desk.list_tickets(page("")).await.unwrap().into_inner();
    let rest = desk.list_tickets(page(&first.next_page_token)).await.unwrap().into_inner();
    assert_eq!((first.tickets.len(), rest.tickets.len()), (2, 1));
    assert!(rest.next_page_token.is_empty());
    for ticket in first.tickets.iter().chain(&rest.tickets) {
        assert_ne!(ticket.why_not_bot(), v1::Reason::Unspecified, "{ticket:?}");
        assert!(ticket.last_words.starts_with(ROUTED), "{ticket:?}");
        assert!(!ticket.last_words.contains("138"), "not redacted: {ticket:?}");
    }
    let ticket_id = first.tickets[0].ticket_id.clone();
    let cancel = |ticket_id: &str| v1::CancelTicketRequest {
        request_id: "x1".to_owned(),
        ticket_id: ticket_id.to_owned(),
    };
    for _ in 0..2 {
        let cancelled = desk.cancel_ticket(cancel(&ticket_id)).await.unwrap().into_inner();
        assert_eq!(cancelled.ticket.unwrap().state(), v1::TicketState::Cancelled);
    }
    let status = desk.cancel_ticket(cancel("never-opened")).await.unwrap_err();
    Fault::of(&status).expect(Code::NotFound, "TICKET_NOT_FOUND");
}

#[tokio::test]
async fn the_switch_stops_the_bot() {
    let service = service().await;
    let (mut gateway, mut desk) = (gateway(&service).await, supervisor(&service).await);
    let off = v1::SetAutomationRequest {
        request_id: "s1".to_owned(),
        mode: v1::AutomationMode::Off.into(),
        channel: "web".to_owned(),
        ..Default::default()
    };
    let switched = desk.set_automation(off).await.unwrap().into_inner();
    assert_eq!(switched.mode(), v1::AutomationMode::Off);
    let decision = decide(&mut gateway, "c1", "r1", ANSWERED).await;
    assert_eq!(decision.action(), v1::Action::Route);
    assert_eq!(decision.parts[0].reason(), v1::Reason::AutomationOff);
    let unset = v1::SetAutomationRequest { request_id: "s2".to_owned(), ..Default::default() };
    let status = desk.set_automation(unset).await.unwrap_err();
    let fault = Fault::of(&status);
    fault.expect(Code::InvalidArgument, "FIELD_MISSING");
    assert_eq!(fault.fields, ["mode"]);
}

#[tokio::test]
async fn a_full_queue_is_told_to_the_customer_and_is_no_error() {
    let service = service().await;
    let mut gateway = gateway(&service).await;
    let mut outcomes = Vec::new();
    for number in 0..=QUEUE {
        let decision = decide(&mut gateway, &format!("c{number}"), "r1", ROUTED).await;
        let Some(part::Outcome::Route(route)) = &decision.parts[0].outcome else {
            panic!("not routed")
        };
        outcomes.push(route.outcome());
        assert!(!decision.say.is_empty());
    }
    assert_eq!(outcomes.pop(), Some(v1::RouteOutcome::QueueFull));
    assert!(outcomes.iter().all(|outcome| *outcome == v1::RouteOutcome::Queued));
}

#[tokio::test]
async fn health_rises_with_the_parts_and_falls_first() {
    let config = crate::support::config();
    let opened = firstline::server::open(config, std::sync::Arc::default()).await.unwrap();
    let mut health = HealthClient::new(channel(&opened).await);
    let check = |service: &str| HealthCheckRequest { service: service.to_owned() };
    let names = ["", "firstline.v1.TriageService", "firstline.v1.DeskService"];
    for name in names {
        let status = health.check(check(name)).await.unwrap().into_inner().status;
        assert_eq!(status, ServingStatus::NotServing as i32, "{name}");
    }
    let mut gateway = gateway(&opened).await;
    let status = gateway.handle(ask("c1", "r1", ANSWERED)).await.unwrap_err();
    let fault = Fault::of(&status);
    fault.expect(Code::Unavailable, "NOT_READY");
    assert!(fault.retry);
    opened.ready(crate::support::parts()).await;
    for name in names {
        let status = health.check(check(name)).await.unwrap().into_inner().status;
        assert_eq!(status, ServingStatus::Serving as i32, "{name}");
    }
    lives(&opened).await;
    let unknown = health.check(check("nobody")).await.unwrap_err();
    Fault::of(&unknown).expect(Code::NotFound, "SERVICE_UNKNOWN");
    let mut watch = health.watch(check("")).await.unwrap().into_inner();
    let next = watch.next().await.unwrap().unwrap().status;
    assert_eq!(next, ServingStatus::Serving as i32);
    opened.shutdown().await;
    let last = watch.next().await.unwrap().unwrap().status;
    assert_eq!(last, ServingStatus::NotServing as i32);
    assert!(watch.next().await.is_none_or(|end| end.is_err()), "watchers are let go");
}

#[tokio::test]
async fn reflection_lists_every_service_in_both_versions() {
    use tonic_reflection::pb::{v1 as new, v1alpha as old};
    let service = service().await;
    let expect =
        ["firstline.v1.DeskService", "firstline.v1.TriageService", "grpc.health.v1.Health"];
    let listing = new::ServerReflectionRequest {
        message_request: Some(new::server_reflection_request::MessageRequest::ListServices(
            String::new(),
        )),
        ..Default::default()
    };
    let mut client =
        new::server_reflection_client::ServerReflectionClient::new(channel(&service).await);
    let mut replies =
        client.server_reflection_info(tokio_stream::once(listing)).await.unwrap().into_inner();
    let reply = replies.next().await.unwrap().unwrap().message_response.unwrap();
    let new::server_reflection_response::MessageResponse::ListServicesResponse(list) = reply else {
        panic!("{reply:?}")
    };
    let mut names: Vec<String> = list.service.into_iter().map(|service| service.name).collect();
    names.sort();
    for name in expect {
        assert!(names.iter().any(|known| known == name), "{names:?}");
    }
    let symbol = old::ServerReflectionRequest {
        message_request: Some(
            old::server_reflection_request::MessageRequest::FileContainingSymbol(
                "firstline.v1.Decision".to_owned(),
            ),
        ),
        ..Default::default()
    };
    let mut client =
        old::server_reflection_client::ServerReflectionClient::new(channel(&service).await);
    let mut replies =
        client.server_reflection_info(tokio_stream::once(symbol)).await.unwrap().into_inner();
    let reply = replies.next().await.unwrap().unwrap().message_response.unwrap();
    assert!(matches!(
        reply,
        old::server_reflection_response::MessageResponse::FileDescriptorResponse(_)
    ));
}

#[tokio::test]
async fn a_sequence_that_was_passed_is_refused() {
    let service = service().await;
    let mut gateway = gateway(&service).await;
    let numbered = |request: &str, sequence| v1::HandleRequest {
        message: Some(v1::CustomerMessage { sequence, ..message("c1", request, ANSWERED) }),
        ..Default::default()
    };
    gateway.handle(numbered("r1", 1)).await.unwrap();
    let status = gateway.handle(numbered("r2", 1)).await.unwrap_err();
    Fault::of(&status).expect(Code::FailedPrecondition, "SEQUENCE_PASSED");
}
