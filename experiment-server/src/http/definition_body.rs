//! Bodies that are documents: definitions and the catalog, in JSON or YAML.

use axum::extract::Request;
use experiment_core::definition::{DocumentError, InvalidDefinition, MAX_DOCUMENT_BYTES, read_document};
use serde_json::Value;

use super::body::{MediaType, empty_body, json_of, media_type, off_thread, read_body};
use super::limits::MAX_BODY_BYTES;
use super::problem::{FieldError, Kind, Problem};
use super::state::AppState;

/// The document that a body holds, by its content type.
///
/// # Errors
/// A problem with line and column where it can't be read.
pub(super) async fn read_document_body(app: &AppState, request: Request) -> Result<Value, Problem> {
    let media = media_type(request.headers(), &[MediaType::Json, MediaType::Yaml])?;
    let body = read_body(request, MAX_BODY_BYTES, app.settings.timeouts.body).await?;
    off_thread(move || parse_document(&body, media)).await
}

/// Everything that is wrong with a definition, as a problem.
pub(super) fn invalid_definition(invalid: InvalidDefinition) -> Problem {
    let errors = invalid.problems.into_iter().map(FieldError::from).collect();
    Problem::of_fields(Kind::InvalidDefinition, errors)
}

fn parse_document(body: &[u8], media: MediaType) -> Result<Value, Problem> {
    let text = std::str::from_utf8(body).map_err(|error| {
        let line = 1 + body[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
        let error = FieldError::new("", format!("line {line}: not UTF-8"), "save it as UTF-8").at(line, 1);
        Problem::of_field(Kind::InvalidBody, error)
    })?;
    if text.trim().is_empty() {
        return Err(empty_body());
    }
    // What is said to be JSON must be JSON; the document's own reader would also take YAML.
    if media == MediaType::Json && text.len() <= MAX_DOCUMENT_BYTES {
        json_of(body)?;
    }
    read_document(text).map_err(|error| match error {
        DocumentError::Broken { line, column, detail, mend } => {
            let detail = format!("line {line}, column {column}: {detail}");
            Problem::of_field(Kind::InvalidBody, FieldError::new("", detail, mend).at(line, column))
        }
        error => Problem::new(Kind::TooLarge, error.to_string()),
    })
}
