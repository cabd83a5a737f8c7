//! `POST /v1/export`: facts as text, as a stream.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::experiments::find;
use super::extract::{Query, invalid, shown};
use super::nearest::did_you_mean;
use super::problem::Problem;
use super::state::AppState;
use super::stream::stream;
use crate::store::ExportFormat;

/// Everything, or what belongs to one experiment; one copy at a time, like [a backup](super::backup).
pub(super) async fn export(State(app): State<AppState>, mut query: Query) -> Result<Response, Problem> {
    let experiment = query.take("experiment")?;
    let (format, media_type) = match query.take("format")?.as_deref() {
        None | Some("ndjson") => (ExportFormat::Ndjson, "application/x-ndjson"),
        Some("csv") => (ExportFormat::Csv, "text/csv; charset=utf-8; header=present"),
        Some(other) => {
            let shown = shown(other);
            let mend = did_you_mean(other, ["ndjson", "csv"], || "send ndjson or csv".to_owned());
            return Err(invalid("format", format!("{shown:?} is no format"), mend));
        }
    };
    query.end()?;
    if let Some(key) = &experiment {
        find(&app.store.catalog(), key)?;
    }
    app.check_rebuilt()?;
    let Ok(turn) = Arc::clone(&app.copies).try_acquire_owned() else {
        return Err(Problem::busy("another copy is under way; mend: wait for it to end"));
    };
    let store = Arc::clone(&app.store);
    Ok(stream(media_type, move |to| {
        let _turn = turn;
        store.export(experiment.as_deref(), format, to, &mut |_, _| ()).map(drop)
    }))
}
