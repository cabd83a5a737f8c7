//! `GET /`: all experiments.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use experiment_core::definition::Status;

use super::{Moment, frame, send};
use crate::http::auth::Caller;
use crate::http::body::off_thread;
use crate::http::extract::Query;
use crate::http::problem::Problem;
use crate::http::results::make_report;
use crate::http::state::AppState;
use crate::page::{self, Listed, Section, Subject};
use crate::store::Entry;

/// Every experiment with its verdict.
pub(crate) async fn list_experiments(
    State(app): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
    query: Query,
) -> Result<Response, Problem> {
    query.end()?;
    let moment = Moment::of(&app, &caller);
    if let Some(known) = moment.if_known(&headers) {
        return Ok(known);
    }
    let frame = frame(&app, &caller, Section::Experiments, &moment);
    let response = off_thread(move || {
        let rows: Result<Vec<Listed>, Problem> =
            app.store.catalog().iter().map(|entry| listed(&app, entry)).collect();
        send(StatusCode::OK, page::experiments(&frame, rows?))
    })
    .await?;
    Ok(moment.put(response))
}

fn listed(app: &AppState, entry: &Entry) -> Result<Listed, Problem> {
    // Drafts have no customers, and what is half rebuilt would mislead.
    let is_told = entry.status != Status::Draft && app.check_rebuilt().is_ok();
    let report = is_told.then(|| make_report(app, &entry.key, None, false)).transpose()?;
    Ok(Listed::of(&Subject::of(entry), report.as_ref()))
}
