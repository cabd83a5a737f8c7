//! What the store refuses, as problems.

use axum::http::header::ETAG;

use super::etag::etag_value;
use super::nearest::did_you_mean;
use super::problem::{FieldError, Kind, Problem};
use crate::store::{Catalog, CatalogError, IntakeError, StoreError};

impl From<IntakeError> for Problem {
    fn from(error: IntakeError) -> Problem {
        match error {
            IntakeError::Busy { .. } => Problem::busy(error.to_string()),
            IntakeError::TooMany { .. } => Problem::new(Kind::TooLarge, error.to_string()),
            IntakeError::DiskFull(shortage) => Problem::new(Kind::DiskFull, shortage.to_string()),
            IntakeError::StoreFailed => Problem::new(Kind::StoreFailed, error.to_string()),
            IntakeError::Closed => Problem::busy("the server is stopping; mend: try again in a moment"),
        }
    }
}

impl From<CatalogError> for Problem {
    fn from(error: CatalogError) -> Problem {
        let detail = error.to_string();
        let fields = |problems: Vec<_>| problems.into_iter().map(FieldError::from).collect();
        match error {
            CatalogError::Intake(error) => error.into(),
            CatalogError::UnknownExperiment { .. } => Problem::new(Kind::UnknownExperiment, detail),
            CatalogError::Exists { hash, .. } => {
                Problem::new(Kind::Exists, detail).with_header(ETAG, etag_value(hash))
            }
            CatalogError::PreconditionFailed { hash, .. } => {
                let problem = Problem::new(Kind::PreconditionFailed, detail);
                match hash {
                    Some(hash) => problem.with_header(ETAG, etag_value(hash)),
                    None => problem,
                }
            }
            CatalogError::Invalid { problems } => {
                Problem::of_fields(Kind::InvalidDefinition, fields(problems))
            }
            CatalogError::NotAllowed { problems } => Problem::of_fields(Kind::WrongStatus, fields(problems)),
            CatalogError::NotReady { problems } => {
                Problem::of_fields(Kind::NotReadyToStart, fields(problems))
            }
            CatalogError::Lifecycle(_) | CatalogError::OtherWinner { .. } => {
                Problem::new(Kind::WrongStatus, detail)
            }
            CatalogError::UnknownVariant { detail, mend } => {
                Problem::of_field(Kind::InvalidRequest, FieldError::new("variant", detail, mend))
            }
            CatalogError::TooManyExperiments { .. } => Problem::new(Kind::LimitReached, detail),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        match error {
            StoreError::UnknownExperiment { key } => {
                Problem::new(Kind::UnknownExperiment, format!("no experiment has the key {key:?}"))
            }
            StoreError::Closed => IntakeError::Closed.into(),
            StoreError::DiskFull(shortage) => IntakeError::DiskFull(shortage).into(),
            error => Problem::internal(error),
        }
    }
}

/// No experiment has this key; `path` is the field that names it, empty where the address does.
pub(crate) fn unknown_experiment(catalog: &Catalog, key: &str, path: &str) -> Problem {
    Problem::of_field(Kind::UnknownExperiment, no_such_experiment(catalog, key, path))
}

/// That, in words.
pub(crate) fn no_such_experiment(catalog: &Catalog, key: &str, path: &str) -> FieldError {
    let shown: String = key.chars().take(128).collect();
    let keys = catalog.iter().map(|entry| entry.key.as_str());
    let mend = did_you_mean(key, keys, || "see GET /v1/experiments for those there are".to_owned());
    FieldError::new(path, format!("no experiment has the key {shown:?}"), mend)
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use axum::response::IntoResponse;

    use super::*;
    use crate::store::{RoomFor, Shortage};

    #[test]
    fn only_what_passes_by_itself_asks_to_try_again() {
        let busy = IntakeError::Busy { reason: "the state is being rebuilt" };
        let full = Shortage { room_for: RoomFor::Intake, free: 1, needed: 2 };
        for (error, status, try_again) in [
            (busy, StatusCode::SERVICE_UNAVAILABLE, true),
            (IntakeError::Closed, StatusCode::SERVICE_UNAVAILABLE, true),
            (IntakeError::StoreFailed, StatusCode::SERVICE_UNAVAILABLE, false),
            (IntakeError::DiskFull(full), StatusCode::INSUFFICIENT_STORAGE, false),
            (IntakeError::TooMany { count: 2, most: 1 }, StatusCode::PAYLOAD_TOO_LARGE, false),
        ] {
            let response = Problem::from(error).into_response();
            assert_eq!(response.status(), status);
            assert_eq!(response.headers().contains_key("retry-after"), try_again);
        }
    }

    #[tokio::test]
    async fn what_failed_inside_is_for_the_log_only() {
        let error = StoreError::Io { what: "reading", detail: "/secret/place".to_owned() };
        let problem = Problem::from(error);
        assert!(format!("{problem:?}").contains("/secret/place"));
        let response = problem.into_response();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        assert!(!String::from_utf8_lossy(&body).contains("secret"));
    }
}
