//! Errors in the protocol's own form, those included that come from outside its handlers.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::http::problem::{FieldError, Kind, Problem, Told};
use crate::http::reply::JSON;

/// What every address of the protocol begins with.
const PREFIX: &str = "/ofrep";
/// What stands before the key of a flag.
const FLAGS: &str = "/ofrep/v1/evaluate/flags/";

/// OpenFeature's error codes, as far as they are ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = FlagErrorCode)]
pub(crate) enum Code {
    /// No experiment has this key.
    FlagNotFound,
    /// The body is no JSON object.
    ParseError,
    /// Nobody is named whom the flag is for.
    TargetingKeyMissing,
    /// Something in the context can't be used.
    InvalidContext,
    /// Anything else.
    General,
}

/// An error on its way to the client.
#[derive(Debug)]
pub(crate) enum Failure {
    /// One that the protocol has a code for.
    Refused {
        /// Which.
        code: Code,
        /// What is wrong and how to mend it.
        details: String,
    },
    /// One that any call may end with.
    Other(Problem),
}

/// What a refusal says, beside its answer until [`OwnForm`] writes it down.
#[derive(Debug, Clone)]
struct Said {
    code: Code,
    details: String,
}

/// As it is written. A flag's failure has the fields of its evaluation too: some clients read them first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FlagFailure)]
pub(crate) struct FailureView<'a> {
    /// The flag's, where one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    /// Empty, beside a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<&'static str>,
    /// Empty, beside a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    metadata: Option<Map<String, Value>>,
    error_code: Code,
    /// What is wrong and how to mend it.
    error_details: &'a str,
}

impl Failure {
    /// One that the protocol has a code for, with everything that is wrong.
    pub(super) fn refused(code: Code, errors: &[FieldError]) -> Failure {
        let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
        Failure::Refused { code, details: told.join("\n") }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Failure {
        Failure::Other(problem)
    }
}

impl Said {
    fn of(Told { kind, detail, .. }: Told, key: Option<&str>) -> Said {
        let (code, details) = match (kind, key) {
            // Clients don't encode keys, so one may be empty or have slashes; no experiment's has.
            (Kind::UnknownRoute, Some(key)) => {
                let shown: String = key.chars().take(128).collect();
                let mend = "see GET /v1/experiments for those there are";
                (Code::FlagNotFound, format!("no experiment has the key {shown:?}; mend: {mend}"))
            }
            (Kind::InvalidBody, _) => (Code::ParseError, detail),
            _ => (Code::General, detail),
        };
        Said { code, details }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (code, details) = match self {
            Failure::Other(problem) => return problem.into_response(),
            Failure::Refused { code, details } => (code, details),
        };
        let status = if code == Code::FlagNotFound { StatusCode::NOT_FOUND } else { StatusCode::BAD_REQUEST };
        let mut response = status.into_response();
        response.extensions_mut().insert(Said { code, details });
        response
    }
}

/// The form of errors under `/ofrep`.
pub(crate) struct OwnForm(Uri);

impl OwnForm {
    /// `None` for requests of anything else.
    pub(crate) fn of(uri: &Uri) -> Option<OwnForm> {
        uri.path().starts_with(PREFIX).then(|| OwnForm(uri.clone()))
    }

    /// Puts an error into it, whoever found it; status and headers stay.
    pub(crate) fn put(self, response: &mut Response) {
        let extensions = response.extensions_mut();
        let (told, said) = (extensions.remove::<Told>(), extensions.remove::<Said>());
        if told.is_none() && said.is_none() {
            return;
        }
        let key = flag_of(self.0.path());
        let Some(said) = said.or_else(|| Some(Said::of(told?, key.as_deref()))) else { return };
        let (variant, metadata) = (key.as_ref().map(|_| ""), key.as_ref().map(|_| Map::new()));
        let (error_code, error_details) = (said.code, said.details.as_str());
        let view = FailureView { key: key.as_deref(), variant, metadata, error_code, error_details };
        // Texts only: writing them cannot fail.
        *response.body_mut() = Body::from(serde_json::to_vec(&view).unwrap_or_default());
        response.headers_mut().insert(CONTENT_TYPE, JSON);
    }
}

/// The key of the flag that an address names: all that comes behind, since clients don't encode it, with what
/// is percent-encoded read.
pub(super) fn flag_of(path: &str) -> Option<Cow<'_, str>> {
    path.strip_prefix(FLAGS).map(|key| percent_decode_str(key).decode_utf8_lossy())
}
