//! `POST /v1/backup`: the log as it is now, as a stream.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::problem::Problem;
use super::state::AppState;
use super::stream::stream;

/// A copy of the log, one at a time: while one is made, no page of the log that it reads is used again.
pub(super) async fn back_up(State(app): State<AppState>) -> Result<Response, Problem> {
    let Ok(turn) = Arc::clone(&app.copies).try_acquire_owned() else {
        return Err(Problem::busy("another copy is under way; mend: wait for it to end"));
    };
    let store = Arc::clone(&app.store);
    Ok(stream("application/octet-stream", move |to| {
        let _turn = turn;
        store.back_up(to, &mut |_, _| ()).map(drop)
    }))
}
