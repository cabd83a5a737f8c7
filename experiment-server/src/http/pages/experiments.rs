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
    mut query: Query,
) -> Result<Response, Problem> {
    // The page filters by itself; its address says by what.
    query.take("filter")?;
    query.take("status")?;
    query.end()?;
    let moment = Moment::of(&app, &caller);
    if let Some(known) = moment.if_known(&headers) {
        return Ok(known);
    }
    let frame = frame(&app, &caller, Section::Experiments, &moment);
    let response = off_thread(move || {
        let rows = app.store.catalog().iter().map(|entry| listed(&app, entry)).collect();
        send(StatusCode::OK, page::experiments(&frame, rows))
    })
    .await?;
    Ok(moment.put(response))
}

fn listed(app: &AppState, entry: &Entry) -> Listed {
    // Drafts have no customers, and what is half rebuilt would mislead.
    let is_told = entry.status != Status::Draft && app.check_rebuilt().is_ok();
    // One that can't be read is no reason to hide the others; its own page says why.
    let report = is_told.then(|| make_report(app, &entry.key, None, false).ok()).flatten();
    Listed::of(&Subject::of(entry), report.as_ref())
}
