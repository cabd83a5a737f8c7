//! `GET /v1/kpis`: figures of the whole company over a period.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use experiment_core::report::kpi::{KpiRequest, KpiWish, Kpis};

use super::body::off_thread;
use super::extract::{Query, invalid, shown};
use super::nearest::did_you_mean;
use super::problem::{FieldError, Kind, Problem};
use super::reply;
use super::state::AppState;
use crate::output::write_kpis_csv;
use crate::store::KpiError;

/// The purchase unless another event is named.
pub(super) const DEFAULT_EVENT: &str = "order";
/// Coverage of the intervals unless said otherwise.
const DEFAULT_LEVEL: f64 = 0.95;

/// The figures; `fresh` waits until everything acknowledged is in them.
pub(super) async fn get_kpis(State(app): State<AppState>, mut query: Query) -> Result<Response, Problem> {
    let wish = read_wish(&mut query)?;
    let fresh = query.flag("fresh")?;
    let csv = match query.take("format")?.as_deref() {
        None | Some("json") => false,
        Some("csv") => true,
        Some(other) => {
            let mend = did_you_mean(other, ["json", "csv"], || "send json or csv".to_owned());
            return Err(invalid("format", format!("{:?} is no format", shown(other)), mend));
        }
    };
    query.end()?;
    let kpis = figures(app, wish, fresh).await?;
    if csv { as_csv(&kpis) } else { reply::json(&kpis) }
}

/// The figures; `fresh` waits until everything acknowledged is in them.
///
/// # Errors
/// 400 for a wish that can't be granted, 503 while the sums are rebuilt.
pub(super) async fn figures(app: AppState, wish: KpiWish, fresh: bool) -> Result<Kpis, Problem> {
    let request = KpiRequest::new(wish, app.now().day()).map_err(wrong_parameters)?;
    app.check_rebuilt()?;
    if fresh {
        app.fold_all().await?;
    }
    // Every packed row is read: further callers wait for their turn, as long as a request may take.
    let turn = Arc::clone(&app.scans).acquire_owned().await.map_err(Problem::internal)?;
    off_thread(move || {
        let kpis = app.store.kpis(&request)?;
        drop(turn);
        Ok(kpis)
    })
    .await
}

/// The figures as a file.
///
/// # Errors
/// A fault of ours.
pub(super) fn as_csv(kpis: &Kpis) -> Result<Response, Problem> {
    reply::csv("kpis", |out| write_kpis_csv(kpis, out))
}

/// What is asked, as the query says it.
///
/// # Errors
/// 400 for what can't be read.
pub(super) fn read_wish(query: &mut Query) -> Result<KpiWish, Problem> {
    let (from, to) = (day(query, "from")?, day(query, "to")?);
    let within = query.take("within")?.map(|text| {
        let wrong = |error: experiment_core::time::TimeError| {
            invalid("within", error.to_string(), "send a span such as 30d")
        };
        text.parse().map_err(wrong)
    });
    let active = query.take("active")?.unwrap_or_default();
    let level = query.take("level")?.map(|text| {
        let wrong = |_| invalid("level", format!("{:?} is no number", shown(&text)), "send 0.95");
        text.parse().map_err(wrong)
    });
    Ok(KpiWish {
        from,
        to,
        within: within.transpose()?,
        event: query.take("event")?.unwrap_or_else(|| DEFAULT_EVENT.to_owned()),
        active: active.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
        cost: query.take("cost")?,
        survey: query.take("survey")?,
        confidence_level: level.transpose()?.unwrap_or(DEFAULT_LEVEL),
    })
}

fn day(query: &mut Query, name: &'static str) -> Result<experiment_core::time::Day, Problem> {
    let mend = "send a UTC day such as 2026-03-01";
    let Some(text) = query.take(name)? else { return Err(invalid(name, "is missing", mend)) };
    text.parse().map_err(|_| invalid(name, format!("{:?} is not a day", shown(&text)), mend))
}

fn wrong_parameters(problems: Vec<experiment_core::definition::Problem>) -> Problem {
    let field = |problem: experiment_core::definition::Problem| {
        FieldError::new(problem.path, problem.detail, problem.mend)
    };
    Problem::of_fields(Kind::InvalidParameter, problems.into_iter().map(field).collect())
}

impl From<KpiError> for Problem {
    fn from(error: KpiError) -> Problem {
        match error {
            KpiError::UnknownEvents { problems } => wrong_parameters(problems),
            KpiError::Store(error) => error.into(),
            KpiError::Overflow => Problem::internal(error),
        }
    }
}
