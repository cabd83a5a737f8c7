//! `GET /v1/experiments/{key}/results`: the report.

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use experiment_core::report::{Check, CheckCode, Inputs, Level, Report};
use experiment_core::time::{Day, Timestamp};

use super::body::off_thread;
use super::experiments::find;
use super::extract::{InPath, Query, invalid};
use super::nearest::did_you_mean;
use super::problem::Problem;
use super::reply;
use super::state::AppState;
use crate::decision::Decisions;
use crate::output::write_csv;
use crate::store::{Reading, Store};

const CSV: HeaderValue = HeaderValue::from_static("text/csv; charset=utf-8; header=present");

/// How the report is written.
#[derive(Clone, Copy)]
enum Format {
    Json,
    Csv,
}

/// The report, now or as of the end of a day; `fresh` waits until everything acknowledged is in it.
pub(super) async fn get_results(
    State(app): State<AppState>,
    InPath(key): InPath<String>,
    mut query: Query,
) -> Result<Response, Problem> {
    let as_of = query.take("as_of")?.map(|day| parse_day(&day, app.now())).transpose()?;
    let fresh = query.flag("fresh")?;
    let with_inputs = query.flag("inputs")?;
    let format = parse_format(query.take("format")?.as_deref())?;
    query.end()?;
    if with_inputs && matches!(format, Format::Csv) {
        return Err(invalid("inputs", "are part of the JSON only", "send format=json, or no inputs"));
    }
    find(&app.store.catalog(), &key)?;
    app.check_rebuilt()?;
    if fresh {
        app.fold_all().await?;
    }
    let found = off_thread(move || make_report(&app, &key, as_of, with_inputs)).await?;
    match format {
        Format::Json => reply::json(&found),
        Format::Csv => as_csv(&found),
    }
}

/// The report of an experiment now, or as of the end of a day.
///
/// # Errors
/// The store can't be read, or sums are beyond what can be added up.
pub(crate) fn make_report(
    app: &AppState,
    key: &str,
    day: Option<Day>,
    with_inputs: bool,
) -> Result<Report, Problem> {
    let reading = app.store.aggregates(key, day)?;
    let now = app.now();
    // A day that has not ended yet is read as far as it has come. Once an experiment is concluded its
    // controls get the winner, so the days mature by then are all there will be.
    let concluded = app.store.catalog().get(key).and_then(|entry| entry.concluded_at());
    let as_of = day.map_or(now, |day| day.end().min(now)).min(concluded.unwrap_or(now));
    let checks = overflow_check(&reading)
        .into_iter()
        .chain(stale_check(&app.store))
        .chain(erased_check(&reading, day))
        .collect();
    let Reading { design, aggregates, sequence, .. } = reading;
    let mut inputs = Inputs { design, aggregates, checks, decision: None };
    let found = inputs.report(Some(as_of)).map_err(Problem::internal)?;
    let mut found = app.decisions.settle(&app.store, found).map_err(Problem::internal)?;
    found.sequence = Some(sequence);
    if with_inputs {
        inputs.decision = Decisions::inputs(&app.store, &found).map_err(Problem::internal)?;
        found.inputs = Some(Box::new(inputs));
    }
    Ok(found)
}

/// A store that has failed, or that waits for room, still answers with what it had.
fn stale_check(store: &Store) -> Option<Check> {
    let behind = store.log_position().saturating_sub(store.position());
    let detail = match store.ready().failed {
        Some(failed) => format!("The sums no longer follow the facts: {failed}."),
        None if behind > 0 => format!("The sums lack the last {behind} facts: {}.", store.shortage()?),
        None => return None,
    };
    Some(Check { check: CheckCode::Stale, level: Level::Fail, detail })
}

/// Metrics without sums would otherwise look like metrics without customers.
fn overflow_check(reading: &Reading) -> Option<Check> {
    let metrics = &reading.design.metrics;
    let failed = reading.failed_metrics.iter().filter_map(|index| metrics.get(*index));
    let failed: Vec<&str> = failed.map(|metric| metric.key.as_str()).collect();
    let detail = format!(
        "The sums of {} left 128 bits and are not kept; give the metric a coarser scale under a new key.",
        failed.join(", ")
    );
    (!failed.is_empty()).then_some(Check { check: CheckCode::Overflow, level: Level::Fail, detail })
}

/// A past day is told without whoever was erased since, so it may differ from what was read then.
fn erased_check(reading: &Reading, day: Option<Day>) -> Option<Check> {
    let day = day.filter(|_| reading.erased_since > 0)?;
    let missing = match reading.erased_since {
        1 => "1 customer who was known by then has been erased since and is".to_owned(),
        more => format!("{more} customers who were known by then have been erased since and are"),
    };
    let detail = format!("{missing} missing: what was read at the end of {day} may have differed.");
    Some(Check { check: CheckCode::ErasedCustomers, level: Level::Warn, detail })
}

/// A day that is not in the future.
///
/// # Errors
/// 400.
pub(crate) fn parse_day(text: &str, now: Timestamp) -> Result<Day, Problem> {
    let day: Day = text.parse().map_err(|error: experiment_core::time::TimeError| {
        invalid("as_of", error.to_string(), "send a UTC day such as 2026-03-01; its end is meant")
    })?;
    if day > now.day() {
        let mend = format!("send {} or an earlier day", now.day());
        return Err(invalid("as_of", format!("{day} is in the future"), mend));
    }
    Ok(day)
}

fn parse_format(text: Option<&str>) -> Result<Format, Problem> {
    match text {
        None | Some("json") => Ok(Format::Json),
        Some("csv") => Ok(Format::Csv),
        Some(other) => {
            let shown: String = other.chars().take(60).collect();
            let mend = did_you_mean(other, ["json", "csv"], || "send json or csv".to_owned());
            Err(invalid("format", format!("{shown:?} is no format"), mend))
        }
    }
}

fn as_csv(report: &Report) -> Result<Response, Problem> {
    let mut body = Vec::new();
    write_csv(report, &mut body).map_err(Problem::internal)?;
    let name = format!("attachment; filename=\"{}.csv\"", report.experiment);
    let disposition = HeaderValue::try_from(name).map_err(Problem::internal)?;
    Ok(([(CONTENT_TYPE, CSV), (CONTENT_DISPOSITION, disposition)], body).into_response())
}
