//! What goes back when nothing is wrong.

use std::io::{self, Write};

use axum::body::Body;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;

use super::problem::Problem;

/// The media type of every answer that is no problem and no file.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");
const CSV: HeaderValue = HeaderValue::from_static("text/csv; charset=utf-8; header=present");
/// Headers of most answers at most, so that their map is made once: the type, the request's id, what browsers
/// are told.
const HEADERS: usize = 12;
/// Bytes that most answers have at most.
const USUAL_BYTES: usize = 512;

/// `body` as JSON, with status 200.
///
/// # Errors
/// A fault of ours: a type that JSON can't write.
pub(crate) fn json<T: Serialize>(body: &T) -> Result<Response, Problem> {
    json_with(StatusCode::OK, body)
}

/// `body` as JSON.
///
/// # Errors
/// A fault of ours: a type that JSON can't write.
pub(crate) fn json_with<T: Serialize>(status: StatusCode, body: &T) -> Result<Response, Problem> {
    let mut written = Vec::with_capacity(USUAL_BYTES);
    serde_json::to_writer(&mut written, body).map_err(Problem::internal)?;
    let mut response = json_bytes(written.into());
    *response.status_mut() = status;
    Ok(response)
}

/// JSON that has been written already, with status 200.
pub(crate) fn json_bytes(body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    headers.reserve(HEADERS);
    headers.insert(CONTENT_TYPE, JSON);
    response
}

/// A table that `write` writes, as a file of this name, with status 200.
///
/// # Errors
/// A fault of ours: what it fails with, or a name that is no part of a header.
pub(crate) fn csv(
    name: &str,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<Response, Problem> {
    let mut table = Vec::new();
    write(&mut table).map_err(Problem::internal)?;
    let disposition = format!("attachment; filename=\"{name}.csv\"");
    let disposition = HeaderValue::try_from(disposition).map_err(Problem::internal)?;
    Ok(([(CONTENT_TYPE, CSV), (CONTENT_DISPOSITION, disposition)], table).into_response())
}
