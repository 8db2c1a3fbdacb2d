use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use super::*;

const KINDS: [Kind; 12] = [
    Kind::InvalidArgument,
    Kind::NotFound,
    Kind::AlreadyExists,
    Kind::FailedPrecondition,
    Kind::OutOfRange,
    Kind::Unauthenticated,
    Kind::PermissionDenied,
    Kind::Overloaded,
    Kind::DeadlineExceeded,
    Kind::Cancelled,
    Kind::Unavailable,
    Kind::Internal,
];

#[test]
fn the_table() {
    let mut table = String::new();
    for kind in KINDS {
        let (code, http) = codes(kind);
        writeln!(table, "{kind:?} → {} {http}", code_name(code)).unwrap();
    }
    insta::assert_snapshot!(table, @r"
    InvalidArgument → INVALID_ARGUMENT 400
    NotFound → NOT_FOUND 404
    AlreadyExists → ALREADY_EXISTS 409
    FailedPrecondition → FAILED_PRECONDITION 400
    OutOfRange → OUT_OF_RANGE 400
    Unauthenticated → UNAUTHENTICATED 401
    PermissionDenied → PERMISSION_DENIED 403
    Overloaded → RESOURCE_EXHAUSTED 429
    DeadlineExceeded → DEADLINE_EXCEEDED 504
    Cancelled → CANCELLED 499
    Unavailable → UNAVAILABLE 503
    Internal → INTERNAL 500
    ");
}

fn refusal() -> Refusal {
    Refusal::new(Problem {
        kind: Kind::NotFound,
        reason: "NOT_READY",
        message: "nothing here".to_owned(),
        remedy: "Look there.".into(),
        retry_after: Some(Duration::from_millis(1500)),
        metadata: vec![("limit", "7".to_owned())],
    })
    .with_fields(vec![Violation {
        field: "message.channel".to_owned(),
        description: "must be given".to_owned(),
        reason: "FIELD_MISSING",
    }])
    .about("conversation", "c1")
}

#[test]
fn a_grpc_caller_gets_every_detail_once() {
    let status = refusal().to_status();
    assert_eq!(status.code(), Code::NotFound);
    assert_eq!(status.message(), "nothing here. Look there.");
    let details = status.get_error_details_vec();
    let infos = details.iter().filter(|detail| matches!(detail, ErrorDetail::ErrorInfo(_)));
    assert_eq!(infos.count(), 1);
    let details = status.get_error_details();
    let info = details.error_info().unwrap();
    assert_eq!((info.reason.as_str(), info.domain.as_str()), ("NOT_READY", "firstline"));
    assert_eq!(info.metadata["limit"], "7");
    assert_eq!(info.metadata["remedy"], "Look there.");
    let violation = &details.bad_request().unwrap().field_violations[0];
    assert_eq!(violation.field, "message.channel");
    assert_eq!(violation.reason, "FIELD_MISSING");
    assert_eq!(details.retry_info().unwrap().retry_delay, Some(Duration::from_millis(1500)));
    assert_eq!(details.resource_info().unwrap().resource_name, "c1");
}

#[test]
fn an_http_caller_gets_the_same_as_json() {
    insta::assert_snapshot!(serde_json::to_string_pretty(&refusal().to_json()).unwrap(), @r#"
    {
      "code": 5,
      "message": "nothing here. Look there.",
      "details": [
        {
          "@type": "type.googleapis.com/google.rpc.ErrorInfo",
          "reason": "NOT_READY",
          "domain": "firstline",
          "metadata": {
            "limit": "7",
            "remedy": "Look there."
          }
        },
        {
          "@type": "type.googleapis.com/google.rpc.BadRequest",
          "fieldViolations": [
            {
              "field": "message.channel",
              "description": "must be given",
              "reason": "FIELD_MISSING"
            }
          ]
        },
        {
          "@type": "type.googleapis.com/google.rpc.RetryInfo",
          "retryDelay": "1.5s"
        },
        {
          "@type": "type.googleapis.com/google.rpc.ResourceInfo",
          "resourceType": "conversation",
          "resourceName": "c1",
          "description": "nothing here"
        }
      ]
    }
    "#);
    let response = refusal().to_response();
    assert_eq!(response.status(), 404);
    assert_eq!(response.headers()["retry-after"], "2");
}

#[test]
fn a_stream_gets_the_same_as_a_problem() {
    let problem = refusal().to_problem("r1");
    assert_eq!((problem.request_id.as_str(), problem.code), ("r1", 5));
    assert_eq!((problem.reason.as_str(), problem.remedy.as_str()), ("NOT_READY", "Look there."));
    assert_eq!(problem.metadata["limit"], "7");
    assert_eq!(problem.fields[0].field, "message.channel");
    assert!(problem.retry_after.is_some());
}

#[test]
fn a_library_s_status_gets_details_and_our_own_keeps_its() {
    let check = |status: Status, code: Code, reason: &str| {
        let completed = complete(status);
        assert_eq!(completed.code(), code, "{completed:?}");
        let details = completed.get_error_details();
        assert_eq!(details.error_info().map(|info| info.reason.as_str()), Some(reason));
    };
    check(Status::unimplemented(""), Code::Unimplemented, "METHOD_UNKNOWN");
    check(Status::out_of_range("too large"), Code::InvalidArgument, "BODY_TOO_LARGE");
    check(Status::internal("Missing request message."), Code::InvalidArgument, "MESSAGE_MALFORMED");
    check(Status::not_found("no such service"), Code::NotFound, "SERVICE_UNKNOWN");
    check(refusal().to_status(), Code::NotFound, "NOT_READY");
}

/// Every `fn reason` of the crate's errors is read from its source: the list is closed, and nothing on it is dead.
#[test]
fn the_list_of_reasons_is_closed() {
    let mut used = BTreeSet::new();
    visit(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut used);
    let listed: BTreeSet<String> = REASONS.iter().map(|reason| (*reason).to_owned()).collect();
    assert_eq!(REASONS.len(), listed.len(), "a reason stands twice");
    let missing: Vec<_> = used.difference(&listed).collect();
    let dead: Vec<_> = listed.difference(&used).collect();
    assert!(missing.is_empty(), "add to REASONS: {missing:#?}");
    assert!(dead.is_empty(), "no error has these REASONS: {dead:#?}");
    assert!(listed.iter().all(|reason| reason.len() <= 63));
    assert!(REASONS.is_sorted(), "keep REASONS in order");
}

fn visit(folder: &Path, used: &mut BTreeSet<String>) {
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            visit(&path, used);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            collect(&fs_err::read_to_string(&path).unwrap(), used);
        }
    }
}

fn collect(source: &str, used: &mut BTreeSet<String>) {
    for body in source.split("fn reason(&self) -> &'static str {").skip(1) {
        let body = body.split("\n    }\n").next().unwrap_or_default();
        used.extend(body.split('"').filter(|text| is_reason(text)).map(str::to_owned));
    }
}

fn is_reason(text: &str) -> bool {
    let letters =
        text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    letters && text.starts_with(|first: char| first.is_ascii_uppercase())
}
