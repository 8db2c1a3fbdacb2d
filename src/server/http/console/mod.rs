//! The web console on the admin port: three screens that each answer a question. *Chat*: what would the bot say, and why?
//! *Queues*: who waits, for what, how long? *Knowledge*: which articles exist, in what health?
//!
//! It is one page of plain HTML, a style sheet and small modules, compiled into the binary, and it reads the JSON of the
//! admin port like any other client. It holds no data and decides nothing. What customers and editors wrote is put into the
//! page as text only; the content policy of every response says that nothing else could run.

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use http::header;

/// What a page of the console may do: its own scripts, its own style, its own service, and nothing that stands in the page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const IMAGE: &str = "image/svg+xml";

/// The page that every screen starts from; the marker of the first one stands in it.
const PAGE: &str = include_str!("assets/index.html");
const FIRST: &str = "data-view=\"chat\"";

/// Path of a screen → its name in the page.
const SCREENS: [(&str, &str); 4] =
    [("/", "chat"), ("/chat", "chat"), ("/queues", "queues"), ("/knowledge", "knowledge")];

macro_rules! assets {
    ($($kind:ident $name:literal)*) => {
        /// Path → type and content of everything that the page asks for.
        const ASSETS: &[(&str, &str, &str)] =
            &[$((concat!("/console/", $name), $kind, include_str!(concat!("assets/", $name))),)*];
    };
}

assets! {
    STYLE "style.css"
    IMAGE "icon.svg"
    SCRIPT "main.js"
    SCRIPT "dom.js"
    SCRIPT "i18n.js"
    SCRIPT "text-zh.js"
    SCRIPT "text-en.js"
    SCRIPT "api.js"
    SCRIPT "chat.js"
    SCRIPT "why.js"
    SCRIPT "queues.js"
    SCRIPT "knowledge.js"
}

/// The routes of the console, to be merged into those of the admin port.
pub(in crate::server) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let router = ASSETS.iter().fold(Router::new(), |router, &(path, kind, content)| {
        router.route(path, get(async move || reply(kind, content)))
    });
    SCREENS.iter().fold(router, |router, &(path, name)| {
        let page = PAGE.replace(FIRST, &format!("data-view=\"{name}\""));
        router.route(path, get(async move || reply(HTML, page.clone())))
    })
}

fn reply(kind: &'static str, content: impl IntoResponse) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, content)
}

#[cfg(test)]
mod tests;
