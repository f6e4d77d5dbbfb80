//! The OpenAPI document at its address: the one answer that is no envelope (§6.5.1). It holds no secret, so it needs no app, and
//! nothing is exchanged, so the interface log has no entry of it.

use super::door::Door;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use std::sync::Arc;

/// Answers it, or that the caller holds it already. The HTTP server leaves the body out where the method is HEAD.
pub(super) async fn answer(door: &Arc<Door>, headers: &HeaderMap) -> Response<Body> {
    let edition = door.documents.of(&door.dictionary.now());
    // Made the first time after the dictionary was replaced, which takes too long for an async thread.
    let document = match tokio::task::spawn_blocking(move || edition.openapi().clone()).await {
        Ok(document) => document,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    };
    let held = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let is_held = held.into_iter().any(|tags| document.is_held(tags));
    let mut response = match is_held {
        true => Response::new(Body::empty()),
        // The text is one for all callers: it takes no memory of the budget.
        false => Response::new(Body::from(document.bytes().clone())),
    };
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(document.etag()) {
        headers.insert(header::ETAG, tag);
    }
    // Caches ask each time: a dictionary may be replaced at any moment.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if is_held {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    }
    response
}
