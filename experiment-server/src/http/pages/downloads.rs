//! `GET /experiments/{key}/results.csv` and its like: what a page shows, as files with every digit.

use std::io::{self, Write};
use std::pin::Pin;

use axum::extract::State;
use axum::response::Response;
use experiment_core::report::Report;

use crate::http::body::off_thread;
use crate::http::experiments::find;
use crate::http::extract::{InPath, Query};
use crate::http::problem::Problem;
use crate::http::reply;
use crate::http::results::{csv_file, make_report, parse_day};
use crate::http::state::AppState;

/// What becomes of a request for a file.
type Answer = Pin<Box<dyn Future<Output = Result<Response, Problem>> + Send>>;

/// The report, as the API writes it as JSON.
pub(crate) async fn get_results_json(
    State(app): State<AppState>,
    InPath([key]): InPath<1>,
    query: Query,
) -> Result<Response, Problem> {
    reply::json(&report(app, key, query).await?)
}

/// A table of the report as a file, whose name ends in `suffix`.
pub(crate) fn file(
    suffix: &'static str,
    write: fn(&Report, &mut dyn Write) -> io::Result<()>,
) -> impl Fn(State<AppState>, InPath<1>, Query) -> Answer + Clone + Send + Sync + 'static {
    move |State(app): State<AppState>, InPath([key]): InPath<1>, query: Query| {
        Box::pin(async move { csv_file(&report(app, key, query).await?, suffix, write) }) as Answer
    }
}

/// The report, now or at the end of the day that `?as_of=` names.
async fn report(app: AppState, key: String, mut query: Query) -> Result<Report, Problem> {
    let as_of = query.take("as_of")?.map(|day| parse_day(&day, app.now())).transpose()?;
    query.end()?;
    find(&app.store.catalog(), &key)?;
    app.check_rebuilt()?;
    off_thread(move || make_report(&app, &key, as_of, false)).await
}
