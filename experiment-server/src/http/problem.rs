//! What every error looks like: RFC 9457 problem details that name the field and the mend.
//!
//! Status codes are chosen here and nowhere else. What went wrong inside stays in the log.
//!
//! # References
//! Nottingham, M., Wilde, E., Dalal, S. (2023), *Problem Details for HTTP APIs*, RFC 9457.

use std::fmt;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::ser::{Serialize, SerializeMap, Serializer};
use utoipa::ToSchema;

use super::limits::RETRY_AFTER_SECONDS;

/// The media type of a problem.
const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");
/// What stands before the name of a problem in its `type`.
const TYPE_PREFIX: &str = "urn:experiment:problem:";

/// The problems there are. Names and statuses are a public contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// The body is not the JSON, NDJSON or YAML it should be.
    InvalidBody,
    /// A path, query parameter or header can't be read.
    InvalidParameter,
    /// A key is needed.
    Unauthenticated,
    /// The key's role does not allow this.
    Forbidden,
    /// Without keys only this machine may ask, and no web page of another origin.
    ForeignOrigin,
    /// Without keys some calls need the token printed at start.
    StartTokenNeeded,
    /// No such address.
    UnknownRoute,
    /// No experiment has this key.
    UnknownExperiment,
    /// No key has this id.
    UnknownKey,
    /// The address exists, for other methods.
    MethodNotAllowed,
    /// The body came too slowly.
    BodyTimeout,
    /// The key is taken by other content.
    Exists,
    /// The status of the experiment does not allow this.
    WrongStatus,
    /// Windows of the last customers are still open.
    WindowsOpen,
    /// There are as many as may be.
    LimitReached,
    /// The key is not in force any more.
    KeyEnded,
    /// It has changed since it was read.
    PreconditionFailed,
    /// More bytes or items than one request may have.
    TooLarge,
    /// Not a media type that this call reads.
    UnsupportedMediaType,
    /// Well-formed, and some field is wrong.
    InvalidRequest,
    /// The definition is wrong somewhere.
    InvalidDefinition,
    /// Something is missing before customers may enter.
    NotReadyToStart,
    /// A change must say what it was made from.
    PreconditionRequired,
    /// More requests than the key may send.
    RateLimited,
    /// A fault of ours.
    Internal,
    /// Known, and not built yet.
    NotSupported,
    /// Too much to do; try again.
    Busy,
    /// The state is being rebuilt or the store is failing.
    NotReady,
    /// A commit failed; somebody has to look at the disk.
    StoreFailed,
    /// The disk has no room for it.
    DiskFull,
}

impl Kind {
    /// Every kind, in the order of the table in `docs/http.md`.
    #[cfg(test)]
    pub(crate) const ALL: [Kind; 30] = [
        Kind::InvalidBody,
        Kind::InvalidParameter,
        Kind::Unauthenticated,
        Kind::Forbidden,
        Kind::ForeignOrigin,
        Kind::StartTokenNeeded,
        Kind::UnknownRoute,
        Kind::UnknownExperiment,
        Kind::UnknownKey,
        Kind::MethodNotAllowed,
        Kind::BodyTimeout,
        Kind::Exists,
        Kind::WrongStatus,
        Kind::WindowsOpen,
        Kind::LimitReached,
        Kind::KeyEnded,
        Kind::PreconditionFailed,
        Kind::TooLarge,
        Kind::UnsupportedMediaType,
        Kind::InvalidRequest,
        Kind::InvalidDefinition,
        Kind::NotReadyToStart,
        Kind::PreconditionRequired,
        Kind::RateLimited,
        Kind::Internal,
        Kind::NotSupported,
        Kind::Busy,
        Kind::NotReady,
        Kind::StoreFailed,
        Kind::DiskFull,
    ];

    /// Status, the last part of `type`, and title.
    pub(crate) const fn facts(self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Kind::InvalidBody => (S::BAD_REQUEST, "invalid-body", "The body cannot be read"),
            Kind::InvalidParameter => (S::BAD_REQUEST, "invalid-parameter", "A parameter cannot be read"),
            Kind::Unauthenticated => (S::UNAUTHORIZED, "unauthenticated", "A valid key is needed"),
            Kind::Forbidden => (S::FORBIDDEN, "forbidden", "The key does not allow this"),
            Kind::ForeignOrigin => (S::FORBIDDEN, "foreign-origin", "Not from here"),
            Kind::StartTokenNeeded => (S::FORBIDDEN, "start-token-needed", "The start token is needed"),
            Kind::UnknownRoute => (S::NOT_FOUND, "unknown-route", "No such address"),
            Kind::UnknownExperiment => (S::NOT_FOUND, "unknown-experiment", "No such experiment"),
            Kind::UnknownKey => (S::NOT_FOUND, "unknown-key", "No such key"),
            Kind::MethodNotAllowed => (S::METHOD_NOT_ALLOWED, "method-not-allowed", "Not with this method"),
            Kind::BodyTimeout => (S::REQUEST_TIMEOUT, "body-timeout", "The body came too slowly"),
            Kind::Exists => (S::CONFLICT, "exists", "The key is taken"),
            Kind::WrongStatus => (S::CONFLICT, "wrong-status", "The experiment's status does not allow this"),
            Kind::WindowsOpen => (S::CONFLICT, "windows-open", "Not all windows have ended"),
            Kind::LimitReached => (S::CONFLICT, "limit-reached", "There are as many as may be"),
            Kind::KeyEnded => (S::CONFLICT, "key-ended", "The key is not in force any more"),
            Kind::PreconditionFailed => {
                (S::PRECONDITION_FAILED, "precondition-failed", "It has changed meanwhile")
            }
            Kind::TooLarge => (S::PAYLOAD_TOO_LARGE, "too-large", "Too much for one request"),
            Kind::UnsupportedMediaType => {
                (S::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "Not a media type this call reads")
            }
            Kind::InvalidRequest => (S::UNPROCESSABLE_ENTITY, "invalid-request", "A field is wrong"),
            Kind::InvalidDefinition => {
                (S::UNPROCESSABLE_ENTITY, "invalid-definition", "The definition is wrong")
            }
            Kind::NotReadyToStart => {
                (S::UNPROCESSABLE_ENTITY, "not-ready-to-start", "The definition is not complete")
            }
            Kind::PreconditionRequired => {
                (S::PRECONDITION_REQUIRED, "precondition-required", "If-Match is needed")
            }
            Kind::RateLimited => (S::TOO_MANY_REQUESTS, "rate-limited", "Too many requests with this key"),
            Kind::Internal => (S::INTERNAL_SERVER_ERROR, "internal", "A fault of the server"),
            Kind::NotSupported => (S::NOT_IMPLEMENTED, "not-supported", "Not supported yet"),
            Kind::Busy => (S::SERVICE_UNAVAILABLE, "busy", "Busy"),
            Kind::NotReady => (S::SERVICE_UNAVAILABLE, "not-ready", "Not ready"),
            Kind::StoreFailed => (S::SERVICE_UNAVAILABLE, "store-failed", "The store cannot write"),
            Kind::DiskFull => (S::INSUFFICIENT_STORAGE, "disk-full", "The disk is nearly full"),
        }
    }
}

/// One thing that is wrong in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldError {
    /// Where: `customer.id`, the name of a parameter or header; empty for all of it.
    pub(crate) field: String,
    /// What is wrong there.
    pub(crate) detail: String,
    /// What to send instead.
    pub(crate) mend: String,
    /// Line and column in the body, from 1, where the text itself is broken.
    place: Option<(usize, usize)>,
    /// The field is one of a definition, and is called a path.
    in_definition: bool,
}

impl FieldError {
    /// Something wrong with `field`.
    pub(crate) fn new(
        field: impl Into<String>,
        detail: impl Into<String>,
        mend: impl Into<String>,
    ) -> FieldError {
        let (field, detail, mend) = (field.into(), detail.into(), mend.into());
        FieldError { field, detail, mend, place: None, in_definition: false }
    }

    /// The same, at a place in the text; line 0 says that it isn't known.
    pub(crate) fn at(self, line: usize, column: usize) -> FieldError {
        FieldError { place: (line > 0).then_some((line, column)), ..self }
    }
}

/// As a sentence: what is wrong and where, and the mend.
impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let FieldError { field, detail, mend, .. } = self;
        match field.as_str() {
            "" => write!(f, "{detail}; mend: {mend}"),
            field => write!(f, "{field}: {detail}; mend: {mend}"),
        }
    }
}

/// One thing that is wrong in a request.
#[derive(ToSchema)]
#[schema(as = FieldError)]
#[expect(dead_code, reason = "says how a FieldError is written, which is done field by field below")]
struct WrittenFieldError {
    /// Where: `customer.id`, the name of a parameter or header; empty for all of it.
    field: String,
    /// The same, where the field is one of a definition.
    path: Option<String>,
    /// What is wrong there.
    detail: String,
    /// What to send instead.
    mend: String,
    /// Line in the body, from 1, where the text itself is broken.
    #[schema(minimum = 1)]
    line: Option<u64>,
    /// Column in that line, from 1.
    #[schema(minimum = 1)]
    column: Option<u64>,
}

/// As [`WrittenFieldError`]: always with `field`, in definitions also as `path`.
impl Serialize for FieldError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("field", &self.field)?;
        if self.in_definition {
            map.serialize_entry("path", &self.field)?;
        }
        map.serialize_entry("detail", &self.detail)?;
        map.serialize_entry("mend", &self.mend)?;
        if let Some((line, column)) = self.place {
            map.serialize_entry("line", &line)?;
            map.serialize_entry("column", &column)?;
        }
        map.end()
    }
}

impl From<experiment_core::definition::Problem> for FieldError {
    fn from(problem: experiment_core::definition::Problem) -> FieldError {
        FieldError { in_definition: true, ..FieldError::new(problem.path, problem.detail, problem.mend) }
    }
}

/// An error on its way to the client.
#[derive(Debug)]
pub(crate) struct Problem {
    kind: Kind,
    detail: String,
    errors: Vec<FieldError>,
    headers: Vec<(HeaderName, HeaderValue)>,
    cause: Option<String>,
}

/// What happened inside, on its way to the log beside the answer.
#[derive(Debug, Clone)]
pub(crate) struct Cause {
    /// The problem's name.
    pub(crate) problem: &'static str,
    /// What happened.
    pub(crate) detail: String,
}

impl Problem {
    /// A problem; `detail` says in a sentence what is wrong here and how to mend it.
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Problem {
        Problem { kind, detail: detail.into(), errors: Vec::new(), headers: Vec::new(), cause: None }
    }

    /// A problem with everything that is wrong, field by field.
    pub(crate) fn of_fields(kind: Kind, errors: Vec<FieldError>) -> Problem {
        let detail = match errors.as_slice() {
            [error] => error.to_string(),
            errors => format!("{} things are wrong, see `errors`", errors.len()),
        };
        Problem { errors, ..Problem::new(kind, detail) }
    }

    /// A problem with one field.
    pub(crate) fn of_field(kind: Kind, error: FieldError) -> Problem {
        Problem::of_fields(kind, vec![error])
    }

    /// A fault of ours; `cause` goes to the log only.
    pub(crate) fn internal(cause: impl ToString) -> Problem {
        let detail = "the server failed at this request; its log says why; mend: see to that, then try again";
        Problem { cause: Some(cause.to_string()), ..Problem::new(Kind::Internal, detail) }
    }

    /// Too much to do at the moment.
    pub(crate) fn busy(detail: impl Into<String>) -> Problem {
        let after = HeaderValue::from(RETRY_AFTER_SECONDS);
        Problem::new(Kind::Busy, detail).with_header(RETRY_AFTER, after)
    }

    /// A key is needed, and none or a wrong one came.
    pub(crate) fn unauthenticated(detail: impl Into<String>) -> Problem {
        let challenge = HeaderValue::from_static("Bearer realm=\"experiment\"");
        Problem::new(Kind::Unauthenticated, detail).with_header(WWW_AUTHENTICATE, challenge)
    }

    /// Which one it is.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// What is wrong, with the mend.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// What is wrong, with a line for each field where there are several.
    pub(crate) fn in_full(&self) -> String {
        in_full(&self.detail, &self.errors)
    }

    /// With one more header.
    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Problem {
        self.headers.push((name, value));
        self
    }

    /// As it is written.
    pub(crate) fn to_json(&self) -> String {
        let (status, name, title) = self.kind.facts();
        let r#type = format!("{TYPE_PREFIX}{name}");
        let (detail, errors) = (self.detail.as_str(), self.errors.as_slice());
        let body = Body { r#type, title, status: status.as_u16(), detail, errors };
        // Texts and numbers only: writing them cannot fail.
        serde_json::to_string(&body).unwrap_or_default()
    }

    /// With what happened inside, for the log.
    pub(crate) fn with_cause(mut self, cause: impl ToString) -> Problem {
        self.cause = Some(cause.to_string());
        self
    }
}

/// What a problem says, beside its answer for a face that says it in another form.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    /// Which.
    pub(crate) kind: Kind,
    /// For people, with the mend.
    pub(crate) detail: String,
    errors: Vec<FieldError>,
}

impl Told {
    /// What is wrong, with a line for each field where there are several.
    pub(crate) fn in_full(&self) -> String {
        in_full(&self.detail, &self.errors)
    }
}

fn in_full(detail: &str, errors: &[FieldError]) -> String {
    match errors {
        [] | [_] => detail.to_owned(),
        several => several.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    }
}

/// Why a call was refused, by RFC 9457.
#[derive(serde::Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Body<'a> {
    /// `urn:experiment:problem:` and the name of the problem.
    r#type: String,
    /// The same for every problem of this type.
    title: &'static str,
    /// The status of the answer.
    status: u16,
    /// What is wrong here, for people; ends with the mend.
    detail: &'a str,
    /// Each field that is wrong.
    #[serde(skip_serializing_if = "<[FieldError]>::is_empty")]
    #[schema(value_type = Vec<WrittenFieldError>)]
    errors: &'a [FieldError],
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, name, _) = self.kind.facts();
        let mut response = (status, [(CONTENT_TYPE, PROBLEM_JSON)], self.to_json()).into_response();
        response.extensions_mut().insert(Told { kind: self.kind, detail: self.detail, errors: self.errors });
        response.headers_mut().extend(self.headers.into_iter().map(|(name, value)| (Some(name), value)));
        if let Some(detail) = self.cause {
            response.extensions_mut().insert(Cause { problem: name, detail });
        }
        response
    }
}

/// The address exists, for the methods in the `Allow` header, which the router adds.
pub(crate) fn method_not_allowed(method: &axum::http::Method) -> Problem {
    let detail = format!("{method} is not for this address; mend: use a method that the Allow header names");
    Problem::new(Kind::MethodNotAllowed, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_docs_have_every_kind() {
        let docs = include_str!("../../../docs/http.md");
        for kind in Kind::ALL {
            let (status, name, _) = kind.facts();
            let row = format!("| {} | `{name}` |", status.as_u16());
            assert!(docs.contains(&row), "docs/http.md lacks {row:?}");
        }
    }
}
