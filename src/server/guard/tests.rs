use axum::Router;
use axum::body::Body;
use axum::middleware::from_fn_with_state;
use axum::routing::post;
use tower::ServiceExt as _;

use super::*;
use crate::message::CallerId;
use crate::proto::DESCRIPTORS;
use crate::server::auth::Keyring;
use crate::server::limit::{Gate, Limits};

#[test]
fn every_method_and_every_twin_has_a_label() {
    let pool = prost_reflect::DescriptorPool::decode(DESCRIPTORS).unwrap();
    let methods: Vec<String> = pool
        .services()
        .flat_map(|service| {
            let name = service.full_name().to_owned();
            service
                .methods()
                .map(move |method| format!("{name}/{}", method.name()))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(methods.len() >= 9);
    for method in &methods {
        assert!(METHODS.contains(&method.as_str()), "add {method} to METHODS");
    }
    assert!(TWINS.iter().all(|(_, method)| METHODS.contains(method)));
}

fn doors(calls: usize) -> Arc<Doors> {
    let limits = Limits { calls, ..Limits::default() };
    let keyring = Keyring::new(Vec::new(), CallerId::new("local").unwrap());
    Arc::new(Doors::new(Gate::new(limits), keyring, Arc::default()))
}

/// What a guarded router answers to one request.
async fn answer(doors: &Arc<Doors>, content_type: &str) -> Response {
    let router = Router::new()
        .route("/v1/messages", post(async || -> String { panic!("on purpose") }))
        .layer(from_fn_with_state(Arc::clone(doors), guard));
    let request = Request::post("/v1/messages")
        .header("host", "localhost")
        .header("content-type", content_type)
        .body(Body::empty())
        .unwrap();
    router.oneshot(request).await.unwrap()
}

#[tokio::test]
async fn a_bug_ends_one_call_in_the_form_of_its_transport() {
    let doors = doors(1);
    for _ in 0..3 {
        let json = answer(&doors, "application/json").await;
        assert_eq!(json.status(), 500);
        assert_eq!(json.extensions().get::<Refused>().unwrap().reason, "INTERNAL");
        let grpc = answer(&doors, "application/grpc").await;
        assert_eq!(grpc.status(), 200);
        let status = Status::from_header_map(grpc.headers()).unwrap();
        assert_eq!(status.code(), Code::Internal);
        assert_eq!(status.get_details_error_info().unwrap().reason, "INTERNAL");
        assert!(!status.message().contains("purpose"), "the detail is for the log");
    }
    // With room for one call, a permit that a panic had kept would show.
    assert_eq!(doors.metrics.calls_in_flight(), 0);
}

#[tokio::test]
async fn no_room_is_said_at_once() {
    let doors = doors(1);
    let _taken = doors.gate.call().unwrap();
    let response = answer(&doors, "application/json").await;
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["retry-after"], "1");
}
