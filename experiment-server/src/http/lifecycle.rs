//! `POST /v1/experiments/{key}/start`, `stop`, `conclude`, `archive`: steps that may be repeated.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use experiment_core::definition::{Experiment, LifecycleStep, Status};
use experiment_core::time::Timestamp;
use serde_json::{Map, Value, json};

use super::auth::{Access, Caller};
use super::body::{MediaType, json_of, media_type, read_body};
use super::experiments::{ExperimentView, answer, find};
use super::extract::InPath;
use super::fields::Fields;
use super::limits::MAX_BODY_BYTES;
use super::problem::{FieldError, Kind, Problem};
use super::state::AppState;
use crate::store::Entry;

/// draft → running.
pub(super) async fn start_experiment(
    State(app): State<AppState>,
    InPath([key]): InPath<1>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    read_fields(&app, request).await?.end()?;
    step(&app, &caller, &key, LifecycleStep::Start).await
}

/// running → stopped.
pub(super) async fn stop_experiment(
    State(app): State<AppState>,
    InPath([key]): InPath<1>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    read_fields(&app, request).await?.end()?;
    step(&app, &caller, &key, LifecycleStep::Stop).await
}

/// stopped → concluded with a winner, once all windows have ended or by force.
pub(super) async fn conclude_experiment(
    State(app): State<AppState>,
    InPath([key]): InPath<1>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let mut fields = read_fields(&app, request).await?;
    let variant = fields.required("variant", "the variant that everybody gets from now on");
    let force = fields.flag("force").unwrap_or(false);
    fields.end()?;
    if force {
        caller.may(Access::Destroy)?;
    }
    let catalog = app.store.catalog();
    let entry = find(&catalog, &key)?;
    if !force && entry.status == Status::Stopped {
        check_windows(entry, app.now())?;
    }
    // A body without a variant has been refused above.
    step(&app, &caller, &key, LifecycleStep::Conclude { variant: variant.unwrap_or_default() }).await
}

/// What [`conclude_experiment`] reads.
pub(super) fn conclude_schema() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["variant"],
        "properties": {
            "variant": {"type": "string", "description": "The variant that everybody gets from now on."},
            "force": {
                "type": "boolean",
                "default": false,
                "description": "Whether to conclude although windows are open; without keys it takes the start token.",
            },
        },
        "examples": [{"variant": "discount"}, {"variant": "discount", "force": true}],
    })
}

/// What the other steps read: nothing.
pub(super) fn no_fields_schema() -> Value {
    json!({"type": "object", "additionalProperties": false})
}

/// draft, stopped or concluded → archived.
pub(super) async fn archive_experiment(
    State(app): State<AppState>,
    InPath([key]): InPath<1>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    read_fields(&app, request).await?.end()?;
    step(&app, &caller, &key, LifecycleStep::Archive).await
}

/// Weights, variants and audience of a running experiment can't change yet.
pub(super) async fn begin_phase(
    State(app): State<AppState>,
    InPath([key]): InPath<1>,
) -> Result<Response, Problem> {
    find(&app.store.catalog(), &key)?;
    let detail = "phases are not supported yet: weights, variants and audience of a running experiment stay; \
                  mend: stop it and start another under a new key";
    Err(Problem::new(Kind::NotSupported, detail))
}

/// The fields of the body; nothing is an empty object.
async fn read_fields(app: &AppState, request: Request) -> Result<Fields, Problem> {
    let headers = request.headers().clone();
    let body = read_body(request, MAX_BODY_BYTES, app.settings.timeouts.body).await?;
    let value = if body.trim_ascii().is_empty() {
        Value::Object(Map::new())
    } else {
        media_type(&headers, &[MediaType::Json])?;
        json_of(&body)?
    };
    Fields::of_body(value)
}

async fn step(app: &AppState, caller: &Caller, key: &str, step: LifecycleStep) -> Result<Response, Problem> {
    find(&app.store.catalog(), key)?;
    app.store.acting(&caller.name()).step(key, step).await?;
    let catalog = app.store.catalog();
    let entry = find(&catalog, key)?;
    answer(StatusCode::OK, entry, &ExperimentView::brief(entry))
}

fn check_windows(entry: &Entry, now: Timestamp) -> Result<(), Problem> {
    let end = entry.stopped_at.and_then(|stopped| windows_end(&entry.current().experiment, stopped));
    match end {
        Some(end) if end > now => {
            let detail = format!(
                "the windows of the last customers end at {end}, and concluding gives the controls the winner"
            );
            let mend = format!(
                "wait until {end}, or send \"force\": true to fix the analysis at the days mature now"
            );
            Err(Problem::of_field(Kind::WindowsOpen, FieldError::new("force", detail, mend)))
        }
        _ => Ok(()),
    }
}

/// When the last window of a customer exposed as late as `stopped` ends, grace included; `None` when no
/// metric has a window that ends.
fn windows_end(experiment: &Experiment, stopped: Timestamp) -> Option<Timestamp> {
    let windows = experiment.metrics.iter().map(|metric| metric.window);
    let last_day = stopped.day().end();
    windows.filter_map(|window| Some(last_day.after(window.to?).after(window.grace))).max()
}
