//! `GET /v1/audit`: who changed what, and whether the log of it holds.

use axum::extract::State;
use axum::response::Response;

use super::body::off_thread;
use super::extract::Query;
use super::problem::Problem;
use super::reply;
use super::state::AppState;

/// Every entry, and what is wrong with the first one that is broken.
pub(super) async fn get_audit(State(app): State<AppState>, query: Query) -> Result<Response, Problem> {
    query.end()?;
    let audit = off_thread(move || Ok(app.store.audit()?)).await?;
    reply::json(&audit)
}
