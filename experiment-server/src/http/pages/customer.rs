//! `GET /experiments/{key}/customer`: why a customer gets what they get.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::{Moment, frame, send};
use crate::http::auth::Caller;
use crate::http::compressed::Verbatim;
use crate::http::customers::{CustomerView, look_up, read_attributes};
use crate::http::experiments::find;
use crate::http::extract::{InPath, Query};
use crate::http::problem::{Kind, Problem};
use crate::http::state::AppState;
use crate::page::{self, Asked, Explained, Met, Section, Subject};

/// The form and, where `?id=` names a customer, the answer; `?attributes=` is what the audience is asked of.
pub(crate) async fn show_customer(
    State(app): State<AppState>,
    InPath([key]): InPath<1>,
    caller: Caller,
    headers: HeaderMap,
    mut query: Query,
) -> Result<Response, Problem> {
    let (id, attributes) = (query.take("id")?, query.take("attributes")?);
    query.end()?;
    let subject = Subject::of(find(&app.store.catalog(), &key)?);
    app.check_rebuilt()?;
    let moment = Moment::of(&app, &caller);
    if let Some(known) = moment.if_known(&headers) {
        return Ok(known);
    }
    let frame = frame(&app, &caller, Section::Experiments, &moment);
    let asked = Asked { id: id.clone().unwrap_or_default(), attributes: attributes.unwrap_or_default() };
    let Some(id) = id else {
        return Ok(moment.put(send(StatusCode::OK, page::customer(&frame, &subject, &asked, None))?));
    };
    let attributes = Some(asked.attributes.trim()).filter(|text| !text.is_empty()).map(read_attributes);
    let found = match attributes.transpose() {
        Ok(attributes) => look_up(app, key, id, attributes).await,
        Err(problem) => Err(problem),
    };
    match found {
        Ok(view) => {
            let explained = explained(view);
            let mut page =
                send(StatusCode::OK, page::customer(&frame, &subject, &asked, Some(Ok(&explained))))?;
            page.extensions_mut().insert(Verbatim);
            Ok(moment.put(page))
        }
        Err(problem) if problem.kind() == Kind::InvalidParameter => {
            let page = page::customer(&frame, &subject, &asked, Some(Err(&problem.in_full())));
            send(problem.kind().facts().0, page)
        }
        Err(problem) => Err(problem),
    }
}

/// What the API answers, as the page tells it.
fn explained(view: CustomerView) -> Explained {
    let met = view.exposures.into_iter().map(|seen| Met {
        variant: seen.variant,
        at: seen.at,
        recorded_by: seen.recorded_by,
        is_override: seen.is_override,
        off_assignment: seen.off_assignment,
    });
    Explained { variant: view.variant, reason: view.reason, met: met.collect(), steps: view.steps }
}
