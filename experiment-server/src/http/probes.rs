//! `GET /healthz` and `/readyz`: whether the server is alive, and whether it can do its work.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::{Kind, Problem};
use super::reply;
use super::state::AppState;

/// The process lives.
#[derive(Serialize, ToSchema)]
#[schema(as = Alive)]
pub(super) struct Health {
    /// Always `alive`.
    status: &'static str,
    /// The server's version.
    version: &'static str,
}

/// Intake is open.
#[derive(Serialize, ToSchema)]
pub(super) struct Ready {
    /// `ready`, or `degraded` while something waits for room on the disk.
    status: &'static str,
    /// What the disk has no room for at the moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    waits_for: Option<String>,
    /// Facts that the sums include.
    position: u64,
    /// Facts in the log.
    log_position: u64,
}

/// Always 200 while the process answers.
pub(super) async fn get_health() -> Result<Response, Problem> {
    reply::json(&Health { status: "alive", version: env!("CARGO_PKG_VERSION") })
}

/// 200 once intake is open, else 503 with the progress of the rebuild or with what failed. On a full disk it is
/// still 200: assigning and reading go on, and no other server could stand in for this one.
pub(super) async fn get_readiness(State(app): State<AppState>) -> Result<Response, Problem> {
    let readiness = app.store.ready();
    if let Some(failed) = readiness.failed {
        return Err(Problem::new(Kind::NotReady, failed));
    }
    app.check_rebuilt()?;
    let waits_for = app.store.shortage().map(|shortage| shortage.to_string());
    let status = if waits_for.is_some() { "degraded" } else { "ready" };
    let (position, log_position) = (app.store.position(), app.store.log_position());
    reply::json(&Ready { status, waits_for, position, log_position })
}
