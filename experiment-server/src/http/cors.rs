//! Which web pages may read answers: those of the origins that the operator named, and no others.
//!
//! The questions that browsers ask beforehand are answered before anybody is asked for a key, which they never
//! carry. No answer says `*`, and none lets a page use what the browser keeps for this server: a page sends a key
//! of its own, or nothing.

use std::time::Duration;

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH, ORIGIN, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, Method};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::auth::API_KEY;
use super::rate::{RATE_LIMIT, RATE_LIMIT_POLICY};
use crate::web_origin::WebOrigin;

/// So that a write that is repeated is done once.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// How long a browser may remember what it was told beforehand.
const REMEMBERED: Duration = Duration::from_secs(3_600);

/// What answers browsers; `None` where no origin is named, and they are told nothing.
pub(crate) fn cors(named: &[WebOrigin]) -> Option<CorsLayer> {
    if named.is_empty() {
        return None;
    }
    // An origin is visible ASCII, so each is a header's value.
    let origins = named.iter().filter_map(|origin| HeaderValue::from_str(origin.as_str()).ok());
    let layer = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers([AUTHORIZATION, API_KEY, CONTENT_TYPE, IF_NONE_MATCH, IF_MATCH, IDEMPOTENCY_KEY])
        .expose_headers([ETAG, RETRY_AFTER, RATE_LIMIT, RATE_LIMIT_POLICY])
        .max_age(REMEMBERED)
        .vary([ORIGIN]);
    Some(layer)
}
