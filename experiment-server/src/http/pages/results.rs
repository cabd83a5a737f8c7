//! `GET /experiments/{key}`: the results of one experiment.

use std::borrow::Cow;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::{Moment, frame, send};
use crate::http::auth::Caller;
use crate::http::body::off_thread;
use crate::http::experiments::find;
use crate::http::extract::{InPath, Query, invalid, shown};
use crate::http::nearest::did_you_mean;
use crate::http::problem::Problem;
use crate::http::results::{make_report, parse_day};
use crate::http::state::AppState;
use crate::page::{self, Section, Shown, Subject, Wish};

/// Most customers of a rollout.
const MAX_ROLLOUT: u64 = 10_000_000_000;

/// The page, as the reader wishes to see it.
pub(crate) async fn show_results(
    State(app): State<AppState>,
    InPath([key]): InPath<1>,
    caller: Caller,
    headers: HeaderMap,
    mut query: Query,
) -> Result<Response, Problem> {
    let wish = read_wish(&app, &mut query)?;
    query.end()?;
    let catalog = app.store.catalog();
    let subject = Subject::of(find(&catalog, &key)?);
    check_dimension(wish.by.as_deref(), &subject)?;
    let moment = Moment::of(&app, &caller);
    if let Some(known) = moment.if_known(&headers) {
        return Ok(known);
    }
    app.check_rebuilt()?;
    let frame = frame(&app, &caller, Section::Experiments, &moment);
    let response = off_thread(move || {
        let report = make_report(&app, &key, wish.as_of, false)?;
        send(StatusCode::OK, page::results(&frame, &subject, &report, &wish))
    })
    .await?;
    Ok(moment.put(response))
}

/// Whether there is such a dimension.
fn check_dimension(by: Option<&str>, subject: &Subject) -> Result<(), Problem> {
    let Some(by) = by else { return Ok(()) };
    let names = subject.experiment.dimensions.iter().map(|dimension| dimension.name());
    let names: Vec<Cow<'_, str>> = names.collect();
    if names.iter().any(|name| name == by) {
        return Ok(());
    }
    let shown = shown(by);
    let mend = did_you_mean(by, names.iter().map(AsRef::as_ref), || match names.as_slice() {
        [] => "leave it out: the definition names no dimensions".to_owned(),
        names => format!("send one of {}", names.join(", ")),
    });
    Err(invalid("by", format!("{shown:?} is no dimension of this experiment"), mend))
}

fn read_wish(app: &AppState, query: &mut Query) -> Result<Wish, Problem> {
    let effects = query.take("effects")?;
    let customers = query.take("customers")?.filter(|text| !text.is_empty());
    let customers = customers.map(|text| {
        let whole = text.parse().ok().filter(|customers| (1..=MAX_ROLLOUT).contains(customers));
        whole.ok_or_else(|| {
            let shown = shown(&text);
            let mend = format!("send a whole number from 1 to {MAX_ROLLOUT}");
            invalid("customers", format!("{shown:?} is no number of customers"), mend)
        })
    });
    let customers = customers.transpose()?;
    let shown = match effects.as_deref() {
        None | Some("absolute") => Shown::Absolute,
        Some("relative") => Shown::Relative,
        Some("scaled") => Shown::Scaled(customers.unwrap_or(page::DEFAULT_ROLLOUT)),
        Some(other) => {
            let shown = shown(other);
            let mend = did_you_mean(other, ["absolute", "relative", "scaled"], || {
                "send absolute, relative or scaled".to_owned()
            });
            return Err(invalid("effects", format!("{shown:?} is no way to show effects"), mend));
        }
    };
    // A form sends its empty fields too.
    let named = |text: String| (!text.is_empty()).then_some(text);
    let by = query.take("by")?.and_then(named);
    let as_of = query.take("as_of")?.and_then(named).map(|day| parse_day(&day, app.now())).transpose()?;
    Ok(Wish { shown, by, as_of })
}
