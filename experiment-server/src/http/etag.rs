//! ETags name a version of a definition, and a change says which one it was made from; or they name an answer,
//! and who has it already is spared it.

use axum::http::header::{ETAG, IF_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64;

use super::problem::{FieldError, Kind, Problem};
use super::reply;
use crate::store::Expected;

/// The ETag of a version, as it is written.
pub(crate) fn etag(hash: u64) -> String {
    format!("\"{hash:016x}\"")
}

/// The ETag of a version as a header.
pub(crate) fn etag_value(hash: u64) -> HeaderValue {
    // Quotes and hex digits, so it always is one.
    HeaderValue::try_from(etag(hash)).unwrap_or(HeaderValue::from_static("\"\""))
}

/// What `If-Match` says that the change was made from; `hash` names what there is.
///
/// # Errors
/// 428 without the header, 412 when it names other versions only, 400 when it can't be read.
pub(crate) fn if_match(headers: &HeaderMap, hash: u64) -> Result<Expected, Problem> {
    let mut tags = headers.get_all(IF_MATCH).iter().peekable();
    let current = etag(hash);
    let wrong = |kind, detail: String, mend: String| {
        let error = FieldError::new("If-Match", detail, mend);
        Err(Problem::of_field(kind, error).with_header(ETAG, etag_value(hash)))
    };
    if tags.peek().is_none() {
        let mend = "send If-Match with the ETag of the GET that the change was made from";
        return wrong(Kind::PreconditionRequired, "is missing".to_owned(), mend.to_owned());
    }
    for value in tags {
        let Ok(text) = value.to_str() else {
            return wrong(
                Kind::InvalidParameter,
                "is not a text".to_owned(),
                format!("send an ETag such as {current}"),
            );
        };
        for tag in text.split(',').map(str::trim) {
            // The store compares again, so a change in between is noticed.
            if tag == "*" || tag == current {
                return Ok(Expected::Hash(hash));
            }
            if !tag.trim_start_matches("W/").starts_with('"') {
                let shown: String = tag.chars().take(60).collect();
                return wrong(
                    Kind::InvalidParameter,
                    format!("{shown} is not an ETag"),
                    format!("send it with its quotes, such as {current}"),
                );
            }
        }
    }
    let mend = format!("read it again, repeat the change, and send If-Match: {current}");
    wrong(Kind::PreconditionFailed, "names a version that is not in force".to_owned(), mend)
}

/// Whether one of the values of `If-None-Match` names what has this hash.
pub(crate) fn is_known<'a>(known: impl IntoIterator<Item = &'a HeaderValue>, hash: u64) -> bool {
    let current = etag(hash);
    known.into_iter().any(|value| {
        let mut tags = value.to_str().unwrap_or_default().split(',').map(str::trim);
        tags.any(|tag| tag == "*" || tag.trim_start_matches("W/") == current)
    })
}

/// An answer that is named by its bytes.
#[derive(Debug, Clone)]
pub(crate) struct Tagged {
    body: Bytes,
    tag: u64,
}

impl Tagged {
    /// The answer that `view` is as JSON.
    ///
    /// # Errors
    /// A fault of ours: a type that JSON can't write.
    pub(crate) fn json<T: Serialize>(view: &T) -> Result<Tagged, Problem> {
        let body = serde_json::to_vec(view).map_err(Problem::internal)?;
        Ok(Tagged { tag: xxh3_64(&body), body: body.into() })
    }

    /// 200 with all of it, or 304 for whoever has it: `known` are the values of `If-None-Match`.
    pub(crate) fn unless_known(&self, known: &[HeaderValue]) -> Response {
        let mut response = match is_known(known, self.tag) {
            true => StatusCode::NOT_MODIFIED.into_response(),
            false => reply::json_bytes(self.body.clone()),
        };
        response.headers_mut().insert(ETAG, etag_value(self.tag));
        response
    }
}
