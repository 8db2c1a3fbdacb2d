//! What can be said of the console without a browser: what is served, that it keeps to its own origin and to text, and that
//! it has words for everything in both languages.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::{self, Body};
use http::{Request, StatusCode};
use prost_reflect::DescriptorPool;
use tower::ServiceExt as _;

use super::*;
use crate::decision::evidence::Readings;

/// The whole console, in bytes as served: it is loaded at once and kept by no cache.
const LARGEST: usize = 96_000;

#[tokio::test]
async fn every_page_and_asset_comes_with_its_type_and_the_policy() {
    let pages = SCREENS.iter().map(|&(path, _)| (path, HTML));
    for (path, kind) in pages.chain(ASSETS.iter().map(|&(path, kind, _)| (path, kind))) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = router::<()>().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(response.headers()[header::CONTENT_TYPE], kind, "{path}");
        assert_eq!(response.headers()[header::CONTENT_SECURITY_POLICY], POLICY, "{path}");
        assert_eq!(response.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
    }
}

#[tokio::test]
async fn a_screen_is_there_before_any_script_runs() {
    for (path, name) in SCREENS {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = router::<()>().oneshot(request).await.unwrap();
        let page = body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let page = str::from_utf8(&page).unwrap();
        assert!(page.contains(&format!("<body data-view=\"{name}\">")), "{path}");
        assert!(page.contains(&format!("<main id=\"{name}\">")), "{path}");
    }
}

#[test]
fn the_console_is_small_and_whole() {
    let size = PAGE.len() + ASSETS.iter().map(|(_, _, content)| content.len()).sum::<usize>();
    assert!(size < LARGEST, "{size} bytes");
    for (path, ..) in ASSETS {
        let name = path.trim_start_matches("/console/");
        let named = |content: &str| content.contains(&format!("/{name}\""));
        let used = named(PAGE) || ASSETS.iter().any(|(_, _, content)| named(content));
        assert!(used, "{path} is served and asked for by nothing");
    }
}

#[test]
fn nothing_leaves_the_origin_and_nothing_parses_markup() {
    let banned = [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "DOMParser",
        "srcdoc",
        "eval(",
        "new Function",
        "javascript:",
        "style=\"",
        "onclick=",
        "onerror=",
        "http:",
        "https:",
    ];
    let namespace = "xmlns=\"http://www.w3.org/2000/svg\"";
    for (path, _, content) in ASSETS.iter().chain([&("/", HTML, PAGE)]) {
        let content = content.replace(namespace, "");
        for word in banned {
            assert!(!content.contains(word), "{path} has {word}");
        }
    }
    assert!(!PAGE.contains("<script>") && !PAGE.contains("<style"));
}

/// The singular form of a counted text, which only English has.
fn is_singular(key: &str) -> bool {
    key.rsplit('.').next() == Some("one")
}

#[test]
fn both_languages_have_the_same_texts() {
    let (zh, en) = (table("text-zh.js"), table("text-en.js"));
    let plain = |table: &BTreeMap<String, String>| -> BTreeSet<String> {
        table.keys().filter(|key| !is_singular(key)).cloned().collect()
    };
    assert_eq!(plain(&zh), plain(&en));
    for (key, text) in zh.iter().filter(|(key, _)| !is_singular(key)) {
        assert_eq!(placeholders(text), placeholders(&en[key]), "{key}");
        assert!(!text.is_empty() && !en[key].is_empty(), "{key}");
    }
}

#[test]
fn every_text_that_the_page_names_exists() {
    let en = table("text-en.js");
    for (path, _, content) in ASSETS.iter().chain([&("/", HTML, PAGE)]) {
        for start in ["t(\"", "label(\"", "data-t=\"", "data-t-label=\"", "data-t-placeholder=\""] {
            for rest in content.split(start).skip(1) {
                let key = rest.split('"').next().unwrap_or_default();
                let is_key = key.contains('.') && !key.contains(['/', ' ', '#']);
                assert!(!is_key || en.contains_key(key), "{path}: {key}");
            }
        }
    }
}

#[test]
fn every_name_of_the_wire_has_words() {
    let pool = DescriptorPool::decode(crate::proto::DESCRIPTORS).unwrap();
    let groups = [
        ("Action", "ACTION_", "action"),
        ("Reason", "REASON_", "reason"),
        ("PriorityClass", "PRIORITY_CLASS_", "class"),
        ("AutomationMode", "AUTOMATION_MODE_", "mode"),
        ("RouteOutcome", "ROUTE_OUTCOME_", "routed"),
        ("GuaranteeState", "GUARANTEE_STATE_", "guarantee"),
    ];
    for language in ["text-zh.js", "text-en.js"] {
        let table = table(language);
        for (name, prefix, group) in groups {
            let names = pool.get_enum_by_name(&format!("firstline.v1.{name}")).unwrap();
            // A ticket that waits shows its place instead.
            let named = |name: &str| !name.ends_with("_UNSPECIFIED") && !name.ends_with("_QUEUED");
            for value in names.values().filter(|value| named(value.name())) {
                let key =
                    format!("{group}.{}", value.name().trim_start_matches(prefix).to_lowercase());
                assert!(table.contains_key(&key), "{language}: {key}");
            }
        }
    }
}

#[test]
fn every_input_of_the_gate_has_words() {
    for language in ["text-zh.js", "text-en.js"] {
        let table = table(language);
        for name in Readings::NAMES {
            assert!(table.contains_key(&format!("evidence.{name}")), "{language}: {name}");
        }
    }
}

/// The texts of one language: the module is JSON but for its first words and its last.
fn table(name: &str) -> BTreeMap<String, String> {
    let path = format!("/console/{name}");
    let (_, _, content) = ASSETS.iter().find(|(asset, ..)| *asset == path).unwrap();
    let json = content.trim().trim_start_matches("export default").trim_end_matches(';');
    serde_json::from_str(json).unwrap()
}

fn placeholders(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect()
}
