//! `GET /experiments/{key}/definition`: what is in force, what was before, and what changed.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::{Moment, frame, send};
use crate::http::auth::Caller;
use crate::http::body::off_thread;
use crate::http::experiments::find;
use crate::http::extract::{InPath, Query, invalid, shown};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::page::{self, Section, Subject};

/// The page; `?from=` and `?to=` name the versions that are compared, unless said otherwise the last two.
pub(crate) async fn show_definition(
    State(app): State<AppState>,
    InPath([key]): InPath<1>,
    caller: Caller,
    headers: HeaderMap,
    query: Query,
) -> Result<Response, Problem> {
    let mut query = query.without_blanks();
    let (from, to) = (query.take("from")?, query.take("to")?);
    query.end()?;
    let catalog = app.store.catalog();
    let last = find(&catalog, &key)?.current().number;
    let to = to.map_or(Ok(last), |text| read_version("to", &text, last))?;
    let from = from.map_or(Ok(to.saturating_sub(1).max(1)), |text| read_version("from", &text, last))?;
    let moment = Moment::of(&app, &caller);
    if let Some(known) = moment.if_known(&headers) {
        return Ok(known);
    }
    let frame = frame(&app, &caller, Section::Experiments, &moment);
    let response = off_thread(move || {
        let entry = find(&catalog, &key)?;
        send(StatusCode::OK, page::definition(&frame, &Subject::of(entry), entry, (from, to)))
    })
    .await?;
    Ok(moment.put(response))
}

/// The number of a version there is.
fn read_version(name: &'static str, text: &str, last: u32) -> Result<u32, Problem> {
    text.parse().ok().filter(|number| (1..=last).contains(number)).ok_or_else(|| {
        let shown = shown(text);
        invalid(name, format!("{shown:?} is no version"), format!("send a number from 1 to {last}"))
    })
}
