//! `/v1/experiments`: definitions and their versions.

use axum::extract::{Request, State};
use axum::http::header::{ETAG, LOCATION};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use experiment_core::assignment::Placement;
use experiment_core::definition::{Experiment, Status};
use experiment_core::openapi::definition_reference;
use experiment_core::time::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::auth::Caller;
use super::body::off_thread;
use super::definition_body::{invalid_definition, read_document_body};
use super::etag::{etag, etag_value, if_match};
use super::extract::{InPath, Query, invalid, shown};
use super::nearest::did_you_mean;
use super::problem::{Kind, Problem};
use super::reply;
use super::state::AppState;
use super::store_problem::unknown_experiment;
use crate::store::{Catalog, Change, Entry, Expected};

/// An experiment as it stands.
#[derive(Serialize, ToSchema)]
#[schema(as = Experiment)]
pub(super) struct ExperimentView<'a> {
    /// Its name everywhere.
    key: &'a str,
    status: Status,
    /// Of the definition, from 1.
    version: u32,
    /// Names the version, not the status.
    etag: String,
    /// How many customers are on override lists; who they are is not told.
    overrides: usize,
    /// What is believed, in the owner's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    hypothesis: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped_at: Option<Timestamp>,
    /// The variant that everybody gets.
    #[serde(skip_serializing_if = "Option::is_none")]
    winner: Option<&'a str>,
    /// The definition as it was sent, without overrides.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = definition_reference)]
    document: Option<&'a Value>,
}

/// Experiments in the order of their keys.
#[derive(Serialize, ToSchema)]
#[schema(as = Experiments)]
pub(super) struct ListView<'a> {
    experiments: Vec<ExperimentView<'a>>,
}

/// A version of a definition.
#[derive(Serialize, ToSchema)]
#[schema(as = DefinitionVersion)]
pub(super) struct VersionView<'a> {
    /// From 1.
    version: u32,
    /// The ETag of a definition without override lists.
    hash: String,
    received_at: Timestamp,
    /// Which hashes get which variant: `[from, to, variant]`, both ends included; and its part of its layer.
    #[serde(flatten)]
    placement: &'a Placement,
    /// The definition as it was sent, without overrides.
    #[schema(schema_with = definition_reference)]
    document: &'a Value,
}

/// Every version of a definition.
#[derive(Serialize, ToSchema)]
#[schema(as = DefinitionVersions)]
pub(super) struct VersionsView<'a> {
    /// The first one first.
    versions: Vec<VersionView<'a>>,
}

impl<'a> ExperimentView<'a> {
    /// Without the document.
    pub(super) fn brief(entry: &'a Entry) -> ExperimentView<'a> {
        let current = entry.current();
        ExperimentView {
            key: &entry.key,
            status: entry.status,
            version: current.number,
            etag: etag(entry.tag()),
            overrides: entry.overrides.len(),
            hypothesis: current.experiment.hypothesis.as_deref(),
            started_at: entry.started_at,
            stopped_at: entry.stopped_at,
            winner: winner(entry),
            document: None,
        }
    }

    fn whole(entry: &'a Entry) -> ExperimentView<'a> {
        let document = Some(&entry.current().experiment.document);
        ExperimentView { document, ..ExperimentView::brief(entry) }
    }
}

fn winner(entry: &Entry) -> Option<&str> {
    let variant = entry.current().experiment.variants.get(entry.winner?)?;
    Some(&variant.key)
}

/// The experiment with this key.
///
/// # Errors
/// 404, with the nearest key there is.
pub(super) fn find<'a>(catalog: &'a Catalog, key: &str) -> Result<&'a Entry, Problem> {
    catalog.get(key).map(AsRef::as_ref).ok_or_else(|| unknown_experiment(catalog, key, "key"))
}

/// All experiments in the order of their keys, without documents; `?status=` keeps those of one status.
pub(super) async fn list_experiments(
    State(app): State<AppState>,
    mut query: Query,
) -> Result<Response, Problem> {
    let wanted = query.take("status")?.map(|text| parse_status(&text)).transpose()?;
    query.end()?;
    let catalog = app.store.catalog();
    let entries = catalog.iter().filter(|entry| wanted.is_none_or(|status| entry.status == status));
    reply::json(&ListView { experiments: entries.map(|entry| ExperimentView::brief(entry)).collect() })
}

fn parse_status(text: &str) -> Result<Status, Problem> {
    let all = [Status::Draft, Status::Running, Status::Stopped, Status::Concluded, Status::Archived];
    let names = all.map(|status| status.to_string());
    let found = all.into_iter().zip(&names).find(|(_, name)| *name == text);
    found.map(|(status, _)| status).ok_or_else(|| {
        let shown = shown(text);
        let mend = did_you_mean(text, names.iter().map(String::as_str), || {
            format!("send one of {}", names.join(", "))
        });
        invalid("status", format!("{shown:?} is no status"), mend)
    })
}

/// One experiment with its document.
pub(super) async fn get_experiment(
    State(app): State<AppState>,
    InPath([key]): InPath<1>,
    query: Query,
) -> Result<Response, Problem> {
    query.end()?;
    let catalog = app.store.catalog();
    let entry = find(&catalog, &key)?;
    answer(StatusCode::OK, entry, &ExperimentView::whole(entry))
}

/// Every version of a definition, the first one first.
pub(super) async fn list_versions(
    State(app): State<AppState>,
    InPath([key]): InPath<1>,
    query: Query,
) -> Result<Response, Problem> {
    query.end()?;
    let catalog = app.store.catalog();
    let versions = find(&catalog, &key)?.versions.iter().map(|version| VersionView {
        version: version.number,
        hash: format!("{:016x}", version.hash),
        received_at: version.received_at,
        placement: &version.placement,
        document: &version.experiment.document,
    });
    reply::json(&VersionsView { versions: versions.collect() })
}

/// Creates a draft: 201. The same content again is 200, other content under the key 409.
pub(super) async fn create_experiment(
    State(app): State<AppState>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let experiment = read_experiment(&app, request).await?;
    let key = experiment.key.clone();
    let defined = app.store.acting(&caller.name()).define(experiment, Expected::New).await?;
    let status = if defined.change == Change::Created { StatusCode::CREATED } else { StatusCode::OK };
    let catalog = app.store.catalog();
    let entry = find(&catalog, &key)?;
    let mut response = answer(status, entry, &ExperimentView::whole(entry))?;
    let location = HeaderValue::try_from(format!("/v1/experiments/{key}")).map_err(Problem::internal)?;
    response.headers_mut().insert(LOCATION, location);
    Ok(response)
}

/// Puts a new version over the one that `If-Match` names.
pub(super) async fn put_experiment(
    State(app): State<AppState>,
    InPath([key]): InPath<1>,
    headers: HeaderMap,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let expected = if_match(&headers, find(&app.store.catalog(), &key)?.tag())?;
    let experiment = read_experiment(&app, request).await?;
    if experiment.key != key {
        let detail = format!("\"{}\" is not the key in the address", experiment.key);
        let mend = format!("write key: {key}, or make a new experiment with POST /v1/experiments");
        let problem = experiment_core::definition::Problem::new("key", detail, mend);
        return Err(Problem::of_field(Kind::InvalidDefinition, problem.into()));
    }
    app.store.acting(&caller.name()).define(experiment, expected).await?;
    let catalog = app.store.catalog();
    let entry = find(&catalog, &key)?;
    answer(StatusCode::OK, entry, &ExperimentView::whole(entry))
}

/// An experiment's answer with its ETag.
pub(super) fn answer(
    status: StatusCode,
    entry: &Entry,
    view: &ExperimentView<'_>,
) -> Result<Response, Problem> {
    let mut response = reply::json_with(status, view)?;
    response.headers_mut().insert(ETAG, etag_value(entry.tag()));
    Ok(response)
}

async fn read_experiment(app: &AppState, request: Request) -> Result<Experiment, Problem> {
    let document = read_document_body(app, request).await?;
    // A wide definition takes a while to check, so never where other requests are answered.
    off_thread(move || Experiment::parse(document).map_err(invalid_definition)).await
}
