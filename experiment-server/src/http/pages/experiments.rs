//! `GET /`: all experiments.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::{Moment, frame, send};
use crate::http::auth::Caller;
use crate::http::body::off_thread;
use crate::http::extract::Query;
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::page::{self, Section};

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
        let rows = app.store.catalog().iter().map(|entry| app.rows.of(&app, entry)).collect();
        send(StatusCode::OK, page::experiments(&frame, rows))
    })
    .await?;
    Ok(moment.put(response))
}
