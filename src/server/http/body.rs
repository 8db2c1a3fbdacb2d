//! Reads a request's body whole, within the limits, and says in our own words what is wrong with it.

use std::time::Duration;

use axum::body::Body;
use http::{HeaderMap, header};
use tokio_stream::StreamExt as _;

use crate::server::error::DoorError;
use crate::server::limit::MAX_BODY;

/// A peer that takes longer than this to send its body is not listening.
const PATIENCE: Duration = Duration::from_secs(10);

/// The text of a JSON body.
pub(super) async fn json(headers: &HeaderMap, body: Body) -> Result<String, DoorError> {
    if !is_json(headers) {
        return Err(DoorError::ContentType);
    }
    let whole = tokio::time::timeout(PATIENCE, bytes(body)).await;
    let bytes = whole.map_err(|_| DoorError::BodyBroken)??;
    String::from_utf8(bytes)
        .map_err(|error| DoorError::BodyNotUtf8 { offset: error.utf8_error().valid_up_to() })
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media = value.and_then(|value| value.split(';').next()).map(str::trim);
    media.is_some_and(|media| media.eq_ignore_ascii_case("application/json"))
}

async fn bytes(body: Body) -> Result<Vec<u8>, DoorError> {
    let mut pieces = body.into_data_stream();
    let mut whole = Vec::new();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| DoorError::BodyBroken)?;
        if whole.len() + piece.len() > MAX_BODY {
            return Err(DoorError::BodyTooLarge { limit: MAX_BODY });
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(content_type: &str, body: impl Into<Body>) -> Result<String, DoorError> {
        let value = content_type.parse().unwrap();
        json(&HeaderMap::from_iter([(header::CONTENT_TYPE, value)]), body.into()).await
    }

    #[tokio::test]
    async fn only_json_in_utf8_within_the_limit_is_read() {
        assert_eq!(read("application/json", "{}").await, Ok("{}".to_owned()));
        assert_eq!(read("Application/JSON; charset=utf-8", "{}").await, Ok("{}".to_owned()));
        assert_eq!(read("text/plain", "{}").await, Err(DoorError::ContentType));
        assert_eq!(read("application/jsonp", "{}").await, Err(DoorError::ContentType));
        let invalid = read("application/json", vec![b'"', b'a', 0xff, b'"']).await;
        assert_eq!(invalid, Err(DoorError::BodyNotUtf8 { offset: 2 }));
        assert!(read("application/json", vec![b' '; MAX_BODY]).await.is_ok());
        let large = read("application/json", vec![b' '; MAX_BODY + 1]).await;
        assert_eq!(large, Err(DoorError::BodyTooLarge { limit: MAX_BODY }));
        let no_type = json(&HeaderMap::new(), Body::empty()).await;
        assert_eq!(no_type, Err(DoorError::ContentType));
    }
}
