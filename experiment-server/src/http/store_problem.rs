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
            error => Problem::internal(error),
        }
    }
}

/// No experiment has this key; `path` is the field that names it, empty where the address does.
pub(crate) fn unknown_experiment(catalog: &Catalog, key: &str, path: &str) -> Problem {
    let shown: String = key.chars().take(128).collect();
    let keys = catalog.iter().map(|entry| entry.key.as_str());
    let mend = did_you_mean(key, keys, || "see GET /v1/experiments for those there are".to_owned());
    let error = FieldError::new(path, format!("no experiment has the key {shown:?}"), mend);
    Problem::of_field(Kind::UnknownExperiment, error)
}
