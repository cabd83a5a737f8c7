//! `GET /v1/experiments/{key}/results`: the report.

use std::io::{self, Write};

use axum::extract::State;
use axum::response::Response;
use experiment_core::report::Report;
use experiment_core::time::{Day, Timestamp};

use super::body::off_thread;
use super::experiments::find;
use super::extract::{InPath, Query, invalid, shown};
use super::nearest::did_you_mean;
use super::problem::Problem;
use super::reply;
use super::state::AppState;
use crate::output::write_csv;
use crate::reporting::{ReportError, report_of};

/// How the report is written.
#[derive(Clone, Copy)]
enum Format {
    Json,
    Csv,
}

/// The report, now or as of the end of a day; `fresh` waits until everything acknowledged is in it.
pub(super) async fn get_results(
    State(app): State<AppState>,
    InPath([key]): InPath<1>,
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
        Format::Csv => csv_file(&found, "", write_csv),
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
    report_of(&app.store, &app.decisions, key, app.now(), day, with_inputs).map_err(|error| match error {
        ReportError::Store(error) => error.into(),
        ReportError::TooEarly { made, .. } => {
            invalid("as_of", error.to_string(), format!("send {made} or a later day"))
        }
        other => Problem::internal(other),
    })
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
            let shown = shown(other);
            let mend = did_you_mean(other, ["json", "csv"], || "send json or csv".to_owned());
            Err(invalid("format", format!("{shown:?} is no format"), mend))
        }
    }
}

/// A table of a report as a file, whose name ends in `suffix`.
///
/// # Errors
/// A fault of ours.
pub(super) fn csv_file(
    report: &Report,
    suffix: &str,
    write: fn(&Report, &mut dyn Write) -> io::Result<()>,
) -> Result<Response, Problem> {
    // Keys are letters, digits and `._-`.
    reply::csv(&[&report.experiment, suffix].concat(), |out| write(report, out))
}
