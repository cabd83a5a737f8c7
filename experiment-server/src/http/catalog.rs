//! `/v1/catalog`: what experiments share.

use std::collections::BTreeMap;

use axum::extract::{Request, State};
use axum::http::header::ETAG;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use experiment_core::definition;
use experiment_core::openapi::catalog_reference;
use experiment_core::time::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::auth::Caller;
use super::body::off_thread;
use super::definition_body::{invalid_definition, read_document_body};
use super::etag::{etag, etag_value, if_match};
use super::extract::Query;
use super::problem::Problem;
use super::reply;
use super::state::AppState;
use crate::store::SharedCatalog;

/// What experiments share, as it stands.
#[derive(Serialize, ToSchema)]
#[schema(as = Catalog)]
pub(super) struct CatalogView<'a> {
    /// 0 as long as there is none.
    version: u32,
    /// Names the version.
    etag: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    received_at: Option<Timestamp>,
    /// How many values each group has; which they are is not told.
    groups: BTreeMap<&'a str, usize>,
    /// The catalog as it was sent, without groups.
    #[schema(schema_with = catalog_reference)]
    document: &'a Value,
}

/// The catalog as it stands.
pub(super) async fn get_catalog(State(app): State<AppState>, query: Query) -> Result<Response, Problem> {
    query.end()?;
    answer(StatusCode::OK, app.store.catalog().shared())
}

/// Puts a new catalog over the one that `If-Match` names. One without `groups` leaves those there are.
pub(super) async fn put_catalog(
    State(app): State<AppState>,
    headers: HeaderMap,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let present = app.store.catalog();
    let expected = if_match(&headers, present.shared().tag())?;
    let document = read_document_body(&app, request).await?;
    let read = move || {
        let groups = &present.shared().catalog.groups;
        definition::Catalog::parse_with_groups(document, groups).map_err(invalid_definition)
    };
    let catalog = off_thread(read).await?;
    app.store.acting(&caller.name()).share(catalog, expected).await?;
    answer(StatusCode::OK, app.store.catalog().shared())
}

fn answer(status: StatusCode, shared: &SharedCatalog) -> Result<Response, Problem> {
    let groups = shared.catalog.groups.iter().map(|(name, values)| (name.as_str(), values.len())).collect();
    let view = CatalogView {
        version: shared.version,
        etag: etag(shared.tag()),
        received_at: shared.received_at,
        groups,
        document: &shared.catalog.document,
    };
    let mut response = reply::json_with(status, &view)?;
    response.headers_mut().insert(ETAG, etag_value(shared.tag()));
    Ok(response)
}
