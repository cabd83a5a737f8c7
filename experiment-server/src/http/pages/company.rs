//! `GET /company`: figures of the whole company.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use experiment_core::time::Day;

use super::{Moment, frame, send};
use crate::http::auth::Caller;
use crate::http::body::off_thread;
use crate::http::extract::Query;
use crate::http::kpis::{DEFAULT_EVENT, as_csv, figures, read_wish};
use crate::http::problem::{Kind, Problem};
use crate::http::state::AppState;
use crate::page::{self, CompanyWish, Figures, Section};

/// Days of the period, unless the reader says which.
const DEFAULT_DAYS: i32 = 30;

/// The form and the figures. The page does not follow the facts: each reading is one of every customer's history.
pub(crate) async fn show_company(
    State(app): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
    query: Query,
) -> Result<Response, Problem> {
    app.check_rebuilt()?;
    let moment = Moment::of_day(&app, &caller);
    if let Some(known) = moment.if_known(&headers) {
        return Ok(known);
    }
    let is_bare = query.is_bare();
    let mut query = with_defaults(&app, query);
    let asked = asked(&query);
    let frame = frame(&app, &caller, Section::Company, &moment);
    let names = app.clone();
    let events = off_thread(move || Ok(names.store.event_names()?)).await?;
    if is_bare && events.iter().all(|name| name != DEFAULT_EVENT) {
        return send(StatusCode::OK, page::company(&frame, &asked, &events, &Figures::ToChoose));
    }
    let wish = read_wish(&mut query).and_then(|wish| query.end().map(|()| wish));
    let found = match wish {
        Ok(wish) => figures(app, wish, false).await,
        Err(problem) => Err(problem),
    };
    match found {
        Ok(kpis) => {
            let page = page::company(&frame, &asked, &events, &Figures::Found(&kpis));
            Ok(moment.put(send(StatusCode::OK, page)?))
        }
        Err(problem) if problem.kind() == Kind::InvalidParameter => {
            let refused = Figures::Refused(problem.in_full());
            send(problem.kind().facts().0, page::company(&frame, &asked, &events, &refused))
        }
        Err(problem) => Err(problem),
    }
}

/// The figures, as the API writes them as CSV.
pub(crate) async fn get_company_csv(State(app): State<AppState>, query: Query) -> Result<Response, Problem> {
    let mut query = with_defaults(&app, query);
    let wish = read_wish(&mut query)?;
    query.end()?;
    as_csv(&figures(app, wish, false).await?)
}

/// The last whole days, by the usual event, for whoever says nothing else.
fn with_defaults(app: &AppState, query: Query) -> Query {
    let mut query = query.without_blanks();
    let last = Day(app.now().day().0 - 1);
    let to: Day = query.peek("to").parse().unwrap_or(last);
    query.or("to", to);
    query.or("from", Day(to.0.saturating_sub(DEFAULT_DAYS - 1)));
    query.or("event", DEFAULT_EVENT);
    query
}

/// What the form says.
fn asked(query: &Query) -> CompanyWish {
    CompanyWish {
        from: query.peek("from"),
        to: query.peek("to"),
        within: query.peek("within"),
        event: query.peek("event"),
        active: query.peek("active"),
        cost: query.peek("cost"),
        survey: query.peek("survey"),
        level: query.peek("level"),
    }
}
