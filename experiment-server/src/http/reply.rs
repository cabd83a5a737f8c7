//! What goes back when nothing is wrong.

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;

use super::problem::Problem;

/// The media type of every answer that is no problem and no file.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

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
    let body = serde_json::to_vec(body).map_err(Problem::internal)?;
    Ok((status, [(CONTENT_TYPE, JSON)], body).into_response())
}

/// JSON that has been written already, with status 200.
pub(crate) fn json_bytes(body: Bytes) -> Response {
    ([(CONTENT_TYPE, JSON)], body).into_response()
}
