//! The JSON twin, and the admin port.

use std::sync::Arc;

use firstline::proto::v1;
use serde_json::{Value, json};
use tonic::Code;

use crate::support::{
    ANSWERED, Ask, Fault, ROUTED, URGENT, admin, decide, gateway, get, http, lives, post, service,
};

const JSON: (&str, &str) = ("content-type", "application/json");

fn body(conversation: &str, request: &str, text: &str) -> String {
    json!({ "message": {
        "requestId": request, "conversationId": conversation, "channel": "web", "languageHint": "en",
        "text": { "text": text },
    }})
    .to_string()
}

#[tokio::test]
async fn the_twin_says_what_grpc_says() {
    let service = service().await;
    let mut gateway = gateway(&service).await;
    let page = post(&service, "/v1/messages", &body("c1", "r1", ROUTED)).await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("application/json")));
    // The same request over the other transport gets the recorded outcome: field for field the same decision.
    let decision = decide(&mut gateway, "c1", "r1", ROUTED).await;
    let json = page.json();
    let told = &json["decision"];
    assert_eq!(told["decisionId"], decision.decision_id.as_str());
    assert_eq!(told["action"], "ACTION_ROUTE");
    assert_eq!(told["requestIds"], json!(["r1"]));
    assert_eq!(told["parts"][0]["reason"], decision.parts[0].reason().as_str_name());
    assert_eq!(told["parts"][0]["route"]["class"], "PRIORITY_CLASS_NORMAL");
    assert_eq!(told["ticket"]["ticketId"], decision.ticket.unwrap().ticket_id.as_str());
    assert_eq!(told["ticket"]["position"], 1);
    assert_eq!(told["say"].as_array().unwrap().len(), decision.say.len());
    assert_eq!(told["say"][0]["text"], decision.say[0].text.as_str());
    let again = post(&service, "/v1/messages", &body("c1", "r1", ROUTED)).await.json();
    assert_eq!(again["repeatedRequest"], true);
    assert_eq!(again["decision"], *told);
}

#[tokio::test]
async fn the_other_paths_are_twins_too() {
    let service = service().await;
    let decision = post(&service, "/v1/messages", &body("c 1", "r1", ROUTED)).await.json();
    let read = get(&service, "/v1/conversations/c%201").await.json();
    assert_eq!(read["state"], "CONVERSATION_STATE_WAITING");
    assert_eq!(read["transcript"][0]["customer"]["text"]["text"], ROUTED);
    let left = json!({ "requestId": "e1", "customerLeft": {} }).to_string();
    let page = post(&service, "/v1/conversations/c%201/events", &left).await;
    assert_eq!((page.status, page.body.as_str()), (200, "{}"));
    let read = get(&service, "/v1/conversations/c%201").await.json();
    assert_eq!(read["state"], "CONVERSATION_STATE_BOT");
    let verdict = json!({
        "requestId": "f1", "decisionId": decision["decision"]["decisionId"],
        "verdict": "VERDICT_WRONG", "source": "FEEDBACK_SOURCE_AGENT",
    });
    let page = post(&service, "/v1/feedback", &verdict.to_string()).await;
    assert_eq!((page.status, page.body.as_str()), (200, "{}"));
    let other = json!({ "requestId": "e2", "conversationId": "c2", "customerLeft": {} });
    let page = post(&service, "/v1/conversations/c%201/events", &other.to_string()).await;
    let fault = Fault::of_json(&page.json());
    fault.expect(Code::InvalidArgument, "FIELD_INVALID");
    assert_eq!(fault.fields, ["conversation_id"]);
}

#[tokio::test]
async fn every_mistake_of_a_caller_is_named() {
    let service = service().await;
    let address = service.public_addr();
    let check = async |ask: Ask<'_>, status: u16, code: Code, reason: &str| {
        let page = http(address, ask).await;
        assert_eq!(page.status, status, "{page:?}");
        assert_eq!(page.header("content-type"), Some("application/json"));
        Fault::of_json(&page.json()).expect(code, reason);
        page
    };
    let invalid = Code::InvalidArgument;
    let path = "/v1/messages";
    let good = body("c1", "r1", ANSWERED);
    let post = |headers, body| Ask("POST", path, headers, body);
    check(post(&[], good.as_bytes()), 400, invalid, "CONTENT_TYPE_UNSUPPORTED").await;
    let plain = [("content-type", "text/plain")];
    check(post(&plain, good.as_bytes()), 400, invalid, "CONTENT_TYPE_UNSUPPORTED").await;
    check(post(&[JSON], b""), 400, invalid, "JSON_MALFORMED").await;
    check(post(&[JSON], b"{\"message\": nonsense"), 400, invalid, "JSON_MALFORMED").await;
    check(post(&[JSON], b"{\"message\": \"\xff\xfe\"}"), 400, invalid, "BODY_NOT_UTF8").await;
    check(post(&[JSON], b"{\"mesage\": {}}"), 400, invalid, "FIELD_UNKNOWN").await;
    let secret =
        check(post(&[JSON], b"{\"message\": \"my secret\"}"), 400, invalid, "JSON_MISMATCH").await;
    assert!(!secret.body.contains("secret"), "{secret:?}");
    check(post(&[JSON], b"{\"explain\": \"LOUD\"}"), 400, invalid, "JSON_MISMATCH").await;
    let missing = check(post(&[JSON], b"{}"), 400, invalid, "FIELD_MISSING").await;
    assert_eq!(Fault::of_json(&missing.json()).fields, ["message"]);
    let long = body("c1", "r1", &"长".repeat(350_000));
    let long = check(post(&[JSON], long.as_bytes()), 400, invalid, "TEXT_TOO_LONG").await;
    assert!(!long.body.contains('长'));
    let larger = vec![b' '; 3 << 20];
    check(post(&[JSON], &larger), 400, invalid, "BODY_TOO_LARGE").await;
    let control = body("c\u{1}1", "r1", ANSWERED);
    let control = check(post(&[JSON], control.as_bytes()), 400, invalid, "FIELD_INVALID").await;
    assert_eq!(Fault::of_json(&control.json()).fields, ["message.conversation_id"]);
    let late = [JSON, ("x-request-timeout", "0")];
    check(post(&late, good.as_bytes()), 504, Code::DeadlineExceeded, "DEADLINE_EXCEEDED").await;
    let soon = [JSON, ("x-request-timeout", "soon")];
    check(post(&soon, good.as_bytes()), 400, invalid, "TIMEOUT_MALFORMED").await;
    lives(&service).await;
}

#[tokio::test]
async fn what_is_not_there_is_said_so() {
    let service = service().await;
    let check = async |ask: Ask<'_>, status: u16, reason: &str| {
        let page = http(service.public_addr(), ask).await;
        assert_eq!(page.status, status, "{page:?}");
        assert_eq!(Fault::of_json(&page.json()).reason, reason);
        page
    };
    let unknown =
        check(Ask("GET", "/v1/conversations/never", &[], b""), 404, "CONVERSATION_NOT_FOUND").await;
    let details = unknown.json()["details"].clone();
    let resource = details.as_array().unwrap().iter().find(|d| d["resourceName"] == "never");
    assert!(resource.is_some(), "{details}");
    check(Ask("GET", "/v1/conversations/%ff", &[], b""), 400, "FIELD_INVALID").await;
    check(Ask("GET", "/v1/messages", &[], b""), 404, "ROUTE_UNKNOWN").await;
    check(Ask("GET", "/", &[], b""), 404, "ROUTE_UNKNOWN").await;
    check(Ask("DELETE", "/v1/feedback", &[], b""), 404, "ROUTE_UNKNOWN").await;
    let reused = async |text: &str| post(&service, "/v1/messages", &body("c1", "r1", text)).await;
    assert_eq!(reused(ANSWERED).await.status, 200);
    let page = reused(ROUTED).await;
    assert_eq!(page.status, 409);
    Fault::of_json(&page.json()).expect(Code::AlreadyExists, "REQUEST_ID_REUSED");
    lives(&service).await;
}

#[tokio::test]
async fn probes_say_why_it_is_not_ready() {
    let config = crate::support::config();
    let service = firstline::server::open(config, Arc::default()).await.unwrap();
    assert_eq!(admin(&service, "/healthz").await.status, 200);
    let starting = admin(&service, "/readyz").await;
    assert_eq!(starting.status, 503);
    Fault::of_json(&starting.json()).expect(Code::Unavailable, "NOT_READY");
    assert!(starting.body.contains("the model and the knowledge"));
    assert_eq!(admin(&service, "/admin/status").await.json()["state"], "starting");
    assert_eq!(admin(&service, "/admin/queues").await.status, 503);
    let early = post(&service, "/v1/messages", &body("c1", "r1", ANSWERED)).await;
    assert_eq!((early.status, early.header("retry-after")), (503, Some("1")));
    service.ready(crate::support::parts()).await;
    assert_eq!(admin(&service, "/readyz").await.status, 200);
    let status = admin(&service, "/admin/status").await.json();
    assert_eq!(
        (&status["state"], &status["version"]),
        (&json!("ready"), &json!(env!("CARGO_PKG_VERSION")))
    );
    assert!(status["bundle"]["hash"].is_string() && status["channels"].is_array(), "{status}");
    lives(&service).await;
}

#[tokio::test]
async fn readiness_falls_while_the_service_drains() {
    let service = crate::support::service_with(|config| {
        config.notice = std::time::Duration::from_millis(500);
    })
    .await;
    let (address, public) = (service.admin_addr(), service.public_addr());
    let stopping = tokio::spawn(service.shutdown());
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    let page = http(address, Ask("GET", "/readyz", &[], b"")).await;
    assert_eq!(page.status, 503);
    Fault::of_json(&page.json()).expect(Code::Unavailable, "DRAINING");
    // Until the notice is over, whoever has not heard of it is still served.
    let request = body("c1", "r1", ANSWERED);
    let late = http(public, Ask("POST", "/v1/messages", &[JSON], request.as_bytes())).await;
    assert_eq!(late.status, 200);
    stopping.await.unwrap();
    assert!(tokio::net::TcpStream::connect(public).await.is_err(), "the port is closed");
}

#[tokio::test]
async fn metrics_count_what_happened() {
    let service = service().await;
    let mut gateway = gateway(&service).await;
    decide(&mut gateway, "c1", "r1", ANSWERED).await;
    decide(&mut gateway, "c1", "r1", ANSWERED).await;
    decide(&mut gateway, "c2", "r1", URGENT).await;
    post(&service, "/v1/messages", "nonsense").await;
    let page = admin(&service, "/metrics").await;
    assert!(page.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    let has = |line: &str| assert!(page.body.contains(line), "no {line} in\n{}", page.body);
    has(r#"firstline_decisions_total{action="ANSWER",reason="GATE_PASSED",channel="web"} 1"#);
    has(r#"firstline_decisions_total{action="ROUTE",reason="URGENT",channel="web"} 1"#);
    has(r#"firstline_stage_duration_seconds_count{stage="total"} 2"#);
    has(r#"rpc_method="firstline.v1.TriageService/Handle",rpc_response_status_code="OK"} 3"#);
    has(
        r#"rpc_system_name="http",rpc_method="firstline.v1.TriageService/Handle",rpc_response_status_code="INVALID_ARGUMENT"} 1"#,
    );
    has(r#"firstline_refused_total{reason="JSON_MALFORMED"} 1"#);
    has(r#"class="URGENT"} 1"#);
    has("firstline_bundle_info{");
    has("firstline_calls_in_flight 0");
    assert!(page.body.ends_with("# EOF\n"));
}

#[tokio::test]
async fn the_console_has_what_it_reads() {
    let service = service().await;
    let ask = json!({ "message": {
        "requestId": "r1", "conversationId": "c1", "channel": "web", "text": { "text": ROUTED },
    }, "explain": "EXPLAIN_LEVEL_FULL" });
    let ask = Ask("POST", "/admin/ask", &[JSON], ask.to_string().leak().as_bytes());
    let reply = http(service.admin_addr(), ask).await.json();
    assert_eq!(reply["decision"]["action"], "ACTION_ROUTE");
    assert!(reply["decision"]["parts"][0]["explanation"].is_object());
    let queues = admin(&service, "/admin/queues").await.json();
    assert_eq!(queues["mode"], "AUTOMATION_MODE_ON");
    let waiting = |queue: &Value| queue["waiting"][0]["tickets"] == 1;
    assert!(queues["queues"].as_array().unwrap().iter().any(waiting), "{queues}");
    let tickets = admin(&service, "/admin/tickets").await.json();
    assert_eq!(tickets["tickets"][0]["conversationId"], "c1");
    let articles = admin(&service, "/admin/articles").await.json();
    assert!(articles["articles"].is_array() && articles["diagnostics"].is_array());
    let unknown = admin(&service, "/admin/articles/never").await;
    assert_eq!(unknown.status, 404);
    Fault::of_json(&unknown.json()).expect(Code::NotFound, "ARTICLE_UNKNOWN");
    let page = admin(&service, "/").await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-security-policy").unwrap().contains("default-src 'none'"));
    // Conversations of the console are nobody else's.
    let read = v1::GetConversationRequest { conversation_id: "c1".to_owned() };
    let status = gateway(&service).await.get_conversation(read).await.unwrap_err();
    Fault::of(&status).expect(Code::NotFound, "CONVERSATION_NOT_FOUND");
}
