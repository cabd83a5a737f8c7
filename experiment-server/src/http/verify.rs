//! `POST /v1/verify`: recount everything and compare.

use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::body::off_thread;
use super::problem::Problem;
use super::reply;
use super::state::AppState;

/// What a recount found.
#[derive(Serialize, ToSchema)]
#[schema(as = Verification)]
pub(super) struct VerificationView {
    /// Facts recounted.
    facts: u64,
    /// Rows of sums that were compared.
    rows_compared: u64,
    /// One sentence a row that differs.
    differences: Vec<String>,
}

/// Gives way for the next recount, however this one ends.
struct Turn(AppState);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.verifying.store(false, Ordering::Release);
    }
}

/// Recounts every sum from the raw log, one recount at a time; differences are no error.
pub(super) async fn verify_store(State(app): State<AppState>) -> Result<Response, Problem> {
    if app.verifying.swap(true, Ordering::AcqRel) {
        return Err(Problem::busy("another recount is under way; mend: wait for it to end"));
    }
    let turn = Turn(app);
    turn.0.fold_all().await?;
    let found = off_thread(move || Ok(turn.0.store.verify()?)).await?;
    let (facts, rows_compared, differences) = (found.facts, found.rows_compared, found.differences);
    reply::json(&VerificationView { facts, rows_compared, differences })
}
