//! `GET /segments`, `GET /layers`: what experiments share.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::{Moment, frame, send};
use crate::http::auth::Caller;
use crate::http::body::off_thread;
use crate::http::extract::Query;
use crate::http::problem::Problem;
use crate::http::reply;
use crate::http::state::AppState;
use crate::output::write_layers_csv;
use crate::page::{self, Frame, Section};
use crate::store::Catalog;

/// Segments, with who uses them, and groups.
pub(crate) async fn show_segments(
    State(app): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
    query: Query,
) -> Result<Response, Problem> {
    show(app, &caller, &headers, query, Section::Segments, page::segments).await
}

/// Layers, with who has which part.
pub(crate) async fn show_layers(
    State(app): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
    query: Query,
) -> Result<Response, Problem> {
    show(app, &caller, &headers, query, Section::Layers, page::layers).await
}

/// Layers, as a file.
pub(crate) async fn get_layers_csv(State(app): State<AppState>, query: Query) -> Result<Response, Problem> {
    query.end()?;
    reply::csv("layers", |out| write_layers_csv(&app.store.catalog(), out))
}

async fn show(
    app: AppState,
    caller: &Caller,
    headers: &HeaderMap,
    query: Query,
    section: Section,
    page: fn(&Frame, &Catalog) -> Result<String, askama::Error>,
) -> Result<Response, Problem> {
    query.end()?;
    let moment = Moment::of(&app, caller);
    if let Some(known) = moment.if_known(headers) {
        return Ok(known);
    }
    let frame = frame(&app, caller, section, &moment);
    let response = off_thread(move || send(StatusCode::OK, page(&frame, &app.store.catalog()))).await?;
    Ok(moment.put(response))
}
