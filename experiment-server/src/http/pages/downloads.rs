//! `GET /experiments/{key}/results.csv` and its like: what a page shows, as files with every digit.

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
use crate::output::{write_csv, write_daily_csv, write_survival_csv, write_weekly_csv, write_whom_csv};

/// The report, as the API writes it as CSV.
pub(crate) async fn get_results_csv(
    State(app): State<AppState>,
    InPath([key]): InPath<1>,
    query: Query,
) -> Result<Response, Problem> {
    csv_file(&report(app, key, query).await?, "", write_csv)
}

/// The report, as the API writes it as JSON.
pub(crate) async fn get_results_json(
    State(app): State<AppState>,
    InPath([key]): InPath<1>,
    query: Query,
) -> Result<Response, Problem> {
    reply::json(&report(app, key, query).await?)
}

/// Every effect from day to day.
pub(crate) async fn get_daily_csv(
    State(app): State<AppState>,
    InPath([key]): InPath<1>,
    query: Query,
) -> Result<Response, Problem> {
    csv_file(&report(app, key, query).await?, "-daily", write_daily_csv)
}

/// Every effect by week of entry.
pub(crate) async fn get_weekly_csv(
    State(app): State<AppState>,
    InPath([key]): InPath<1>,
    query: Query,
) -> Result<Response, Problem> {
    csv_file(&report(app, key, query).await?, "-weekly", write_weekly_csv)
}

/// Every survival curve.
pub(crate) async fn get_survival_csv(
    State(app): State<AppState>,
    InPath([key]): InPath<1>,
    query: Query,
) -> Result<Response, Problem> {
    csv_file(&report(app, key, query).await?, "-survival", write_survival_csv)
}

/// Whom to give each offer to.
pub(crate) async fn get_whom_csv(
    State(app): State<AppState>,
    InPath([key]): InPath<1>,
    query: Query,
) -> Result<Response, Problem> {
    csv_file(&report(app, key, query).await?, "-whom", write_whom_csv)
}

/// The report, now or at the end of the day that `?as_of=` names.
async fn report(app: AppState, key: String, mut query: Query) -> Result<Report, Problem> {
    let as_of = query.take("as_of")?.map(|day| parse_day(&day, app.now())).transpose()?;
    query.end()?;
    find(&app.store.catalog(), &key)?;
    app.check_rebuilt()?;
    off_thread(move || make_report(&app, &key, as_of, false)).await
}
