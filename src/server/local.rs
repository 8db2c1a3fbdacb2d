//! Whether a request comes from this machine by its own name. A port without keys must not be reached by a page of the
//! web: a browser sends what a page tells it to, even to loopback, but it cannot lie about the host and the origin.

use http::{HeaderMap, Request, header};

use super::error::DoorError;

/// Fails unless the request names a loopback host: another name that resolves to loopback is a page's trick.
pub(crate) fn check_host<B>(request: &Request<B>) -> Result<(), DoorError> {
    let authority = request.uri().authority().map(http::uri::Authority::as_str);
    let host = authority.or_else(|| text(request.headers(), &header::HOST));
    if host.is_some_and(is_loopback) { Ok(()) } else { Err(DoorError::HostRefused) }
}

/// Fails if a page of another origin sent the request.
pub(crate) fn check_origin<B>(request: &Request<B>) -> Result<(), DoorError> {
    let headers = request.headers();
    let host = text(headers, &header::HOST).unwrap_or_default();
    let own = match headers.get(header::ORIGIN) {
        None => true,
        Some(origin) => origin.to_str().is_ok_and(|origin| origin == format!("http://{host}")),
    };
    let from = headers.get("sec-fetch-site").map(http::HeaderValue::as_bytes);
    let near = from.is_none_or(|from| from == b"same-origin" || from == b"none");
    if own && near { Ok(()) } else { Err(DoorError::OriginRefused) }
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn is_loopback(authority: &str) -> bool {
    let Ok(authority) = authority.parse::<http::uri::Authority>() else { return false };
    let host = authority.host();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&str, &str)]) -> Request<()> {
        let builder = Request::builder().uri("/admin/queues");
        headers.iter().fold(builder, |b, (name, value)| b.header(*name, *value)).body(()).unwrap()
    }

    #[test]
    fn only_loopback_names_are_hosts() {
        let check = |host: &str, ok: bool| {
            assert_eq!(check_host(&request(&[("host", host)])).is_ok(), ok, "{host:?}");
        };
        check("localhost", true);
        check("localhost:9701", true);
        check("LOCALHOST", true);
        check("127.0.0.1:9701", true);
        check("127.8.9.1", true);
        check("[::1]:9701", true);
        check("evil.example", false);
        check("localhost.evil.example", false);
        check("127.0.0.1.evil.example", false);
        check("192.168.0.7:9701", false);
        check("evil@localhost", true); // the host is what stands after the user
        check("localhost@evil.example", false);
        check("", false);
        assert_eq!(check_host(&request(&[])), Err(DoorError::HostRefused));
        let absolute = Request::builder().uri("http://evil.example/admin").body(()).unwrap();
        assert_eq!(check_host(&absolute), Err(DoorError::HostRefused));
    }

    #[test]
    fn a_page_of_another_origin_is_refused() {
        let check = |headers: &[(&str, &str)], ok: bool| {
            let mut all = vec![("host", "localhost:9701")];
            all.extend(headers);
            assert_eq!(check_origin(&request(&all)).is_ok(), ok, "{headers:?}");
        };
        check(&[], true);
        check(&[("origin", "http://localhost:9701")], true);
        check(&[("origin", "http://localhost:9702")], false);
        check(&[("origin", "https://evil.example")], false);
        check(&[("origin", "null")], false);
        check(&[("sec-fetch-site", "same-origin")], true);
        check(&[("sec-fetch-site", "none")], true);
        check(&[("sec-fetch-site", "cross-site")], false);
        check(&[("sec-fetch-site", "same-site")], false);
    }
}
