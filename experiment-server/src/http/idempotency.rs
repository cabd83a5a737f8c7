//! `Idempotency-Key`: a change that is sent again is answered as before, and not made again.
//!
//! # References
//! Jena, J., Dalal, S. (2025), *The Idempotency-Key HTTP Header Field*, draft-ietf-httpapi-idempotency-key-header.

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, ETAG, IF_MATCH, LOCATION};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use experiment_core::time::{DAY, Timestamp};
use http_body_util::BodyExt;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};

use super::admitted::{Admitted, Answering};
use super::body::read_sent;
use super::limits::{IDEMPOTENT_ANSWERS, IDEMPOTENT_BYTES, MAX_BODY_BYTES, MAX_IDEMPOTENCY_KEY_CHARS};
use super::problem::{FieldError, Kind, Problem};

/// Names a change.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// The headers of an answer that are given again.
const KEPT_HEADERS: [HeaderName; 3] = [CONTENT_TYPE, ETAG, LOCATION];
/// How long an answer is kept, unless room is needed.
const KEPT_FOR: i64 = DAY;

/// Answers to changes, by caller and key.
#[derive(Debug)]
pub(crate) struct Answers(Cache<Named, Kept, Weight>);

/// Who made a change, and how they called it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Named {
    caller: String,
    key: String,
}

/// An answer that was given.
#[derive(Debug, Clone)]
struct Kept {
    /// Of what was asked.
    fingerprint: [u8; 32],
    at: Timestamp,
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

/// Bytes in memory, roughly.
#[derive(Debug, Clone)]
struct Weight;

impl Weighter<Named, Kept> for Weight {
    fn weight(&self, named: &Named, kept: &Kept) -> u64 {
        (512 + named.caller.len() + named.key.len() + kept.body.len()) as u64
    }
}

impl Default for Answers {
    fn default() -> Answers {
        Answers(Cache::with_weighter(IDEMPOTENT_ANSWERS, IDEMPOTENT_BYTES, Weight))
    }
}

/// Makes a change that has a name once. A repeat gets the first answer; one that comes while the first is under
/// way waits for it. What failed on our side is not kept: a repeat tries again.
pub(crate) async fn once(
    request: Request,
    admitted: Admitted,
    answer: impl FnOnce(Request, Admitted) -> Answering,
) -> Result<Response, Problem> {
    let Some(key) = read_key(request.headers())? else { return Ok(answer(request, admitted).await) };
    let (app, caller) = (admitted.app.clone(), admitted.caller()?);
    let (parts, body) = request.into_parts();
    let body = read_sent(body, MAX_BODY_BYTES, app.settings.timeouts.body).await?;
    let fingerprint = fingerprint(&parts, &body);
    let named = Named { caller: caller.name().into_owned(), key };
    let now = app.now();
    loop {
        let guard = match app.idempotent.0.get_value_or_guard_async(&named).await {
            Ok(kept) if now.0 - kept.at.0 >= KEPT_FOR => {
                app.idempotent.0.remove(&named);
                continue;
            }
            Ok(kept) if kept.fingerprint != fingerprint => return Err(other_change()),
            Ok(kept) => return Ok(kept.again()),
            Err(guard) => guard,
        };
        let response = answer(Request::from_parts(parts, Body::from(body)), admitted).await;
        let (head, body) = response.into_parts();
        let body = body.collect().await.map_err(Problem::internal)?.to_bytes();
        if !head.status.is_server_error() && head.status != StatusCode::TOO_MANY_REQUESTS {
            let kept = |name: &HeaderName| Some((name.clone(), head.headers.get(name)?.clone()));
            let headers = KEPT_HEADERS.iter().filter_map(kept).collect();
            let kept = Kept { fingerprint, at: now, status: head.status, headers, body: body.clone() };
            // Refused only when it was removed meanwhile.
            let _ = guard.insert(kept);
        }
        return Ok(Response::from_parts(head, Body::from(body)));
    }
}

impl Kept {
    fn again(self) -> Response {
        let mut response = (self.status, self.body).into_response();
        *response.headers_mut() = self.headers;
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        response
    }
}

/// The name, with or without the quotes that the standard puts around it.
fn read_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut sent = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = sent.next() else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    let inner = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    let is_name = inner.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\');
    if !is_name || !(1..=MAX_IDEMPOTENCY_KEY_CHARS).contains(&inner.len()) || sent.next().is_some() {
        let detail = format!("is not one text of 1 to {MAX_IDEMPOTENCY_KEY_CHARS} visible ASCII characters");
        let error = FieldError::new("Idempotency-Key", detail, "send a new UUID for each change");
        return Err(Problem::of_field(Kind::InvalidParameter, error));
    }
    Ok(Some(inner.to_owned()))
}

/// Everything that makes a change what it is.
fn fingerprint(parts: &axum::http::request::Parts, body: &[u8]) -> [u8; 32] {
    let mut digest = Sha256::new();
    let uri = parts.uri.to_string();
    let [media, made_from] = [CONTENT_TYPE, IF_MATCH]
        .map(|name| parts.headers.get(name).map_or(b"".as_slice(), HeaderValue::as_bytes));
    for text in [parts.method.as_str().as_bytes(), uri.as_bytes(), media, made_from] {
        // With its length, so that two texts can't be cut otherwise into the same bytes.
        digest.update((text.len() as u64).to_le_bytes());
        digest.update(text);
    }
    digest.update(body);
    digest.finalize().into()
}

fn other_change() -> Problem {
    let error = FieldError::new(
        "Idempotency-Key",
        "was sent before with another change",
        "send a new key for each change",
    );
    Problem::of_field(Kind::InvalidRequest, error)
}
