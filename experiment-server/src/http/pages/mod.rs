//! Pages for people, served by the same binary: requests in, the page's text out.
//!
//! What stands on a page is made in [`crate::page`]; here it is read from the store, and sent with what browsers need
//! to be told. Pages read and change nothing.

mod asset;
mod catalog;
mod company;
mod customer;
mod definition;
mod downloads;
mod experiments;
mod listed;
mod results;
mod sign_in;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    ACCEPT, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LOCATION, REFERRER_POLICY,
    WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use experiment_core::time::SECOND;
use xxhash_rust::xxh3::xxh3_64;

pub(crate) use asset::get_asset;
pub(crate) use catalog::{get_layers_csv, show_layers, show_segments};
pub(crate) use company::{get_company_csv, show_company};
pub(crate) use customer::show_customer;
pub(crate) use definition::show_definition;
pub(crate) use downloads::{file, get_results_json};
pub(crate) use experiments::list_experiments;
pub(crate) use listed::Rows;
pub(crate) use results::show_results;
pub(crate) use sign_in::{show_sign_in, sign_in, sign_out};

use super::auth::{Caller, Identity};
use super::etag::{etag, etag_value, is_known};
use super::problem::{Kind, Problem, Told};
use super::router::Route;
use super::state::AppState;
use crate::page::{self, Catching, Frame, Section};

/// Facts that the sums are behind before it is worth a word, as while many are sent at once.
const MANY: u64 = 5_000;
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
/// Scripts and styles of this server only and none within the page, calls and forms to this server only.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
);

/// Browsers tell which page a form was sent from to this server, and to no other.
const REFERRER: HeaderValue = HeaderValue::from_static("same-origin");

/// A page, with what it may run.
fn send(status: StatusCode, page: Result<String, askama::Error>) -> Result<Response, Problem> {
    let page = page.map_err(Problem::internal)?;
    let headers = [(CONTENT_TYPE, HTML), (CONTENT_SECURITY_POLICY, POLICY), (REFERRER_POLICY, REFERRER)];
    Ok((status, headers, page).into_response())
}

/// The frame of a page for whoever reads it.
fn frame(app: &AppState, caller: &Caller, section: Section, moment: &Moment) -> Frame {
    let mut frame = Frame::new(section);
    frame.moment = Some(etag(moment.0));
    let signed_in = !matches!(caller.identity, Identity::Loopback);
    frame.reader = signed_in.then(|| caller.name().into_owned());
    let readiness = app.store.ready();
    let behind = behind(app);
    frame.catching = match readiness.ready {
        false => Some(Catching::rebuilt(readiness.folded, readiness.of)),
        true => (behind > MANY).then(|| Catching::behind(behind)),
    };
    frame
}

/// How many facts are on disk and not in the sums yet.
fn behind(app: &AppState) -> u64 {
    app.store.log_position().saturating_sub(app.store.position())
}

/// The present minute: windows end as time passes.
fn minute(app: &AppState) -> i64 {
    app.now().0.div_euclid(60 * SECOND)
}

/// Names what a page shows at a moment. What is read changes with the facts, the definitions, and the clock.
struct Moment(u64);

impl Moment {
    fn of(app: &AppState, caller: &Caller) -> Moment {
        let store = &app.store;
        let changes = [store.position(), store.log_position(), store.changes_beside_facts()];
        let minute = minute(app);
        let ready = store.ready();
        let text = format!("{changes:?} {minute} {} {} {}", ready.ready, ready.folded, caller.name());
        Moment(xxh3_64(text.as_bytes()))
    }

    /// The same for a day, for what is too much work to follow every fact.
    fn of_day(app: &AppState, caller: &Caller) -> Moment {
        let (day, ready, behind) = (app.now().day(), app.store.ready(), behind(app) > MANY);
        let rebuilt = (!ready.ready).then_some(ready.folded);
        let text = format!("{day} {rebuilt:?} {behind} {}", caller.name());
        Moment(xxh3_64(text.as_bytes()))
    }

    /// 304 for whoever has the page of this moment.
    fn if_known(&self, headers: &HeaderMap) -> Option<Response> {
        is_known(headers.get_all(IF_NONE_MATCH), self.0)
            .then(|| self.put(StatusCode::NOT_MODIFIED.into_response()))
    }

    fn put(&self, mut response: Response) -> Response {
        response.headers_mut().insert(ETAG, etag_value(self.0));
        response
    }
}

fn wants_page(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|media| media.trim_start().starts_with("text/html"))
}

/// The form of refusals for people: a page, or the way to sign in.
pub(crate) struct AsPage {
    uri: Uri,
    is_reading: bool,
}

impl AsPage {
    /// `None` for requests of anything else.
    pub(crate) fn of<B>(request: &Request<B>, route: Option<Route>) -> Option<AsPage> {
        let is_reading = matches!(*request.method(), Method::GET | Method::HEAD);
        let is_page = match route {
            Some(route) => route.page,
            // Somebody mistyped an address; programs don't ask for pages.
            None => is_reading && wants_page(request.headers()),
        };
        is_page.then(|| AsPage { uri: request.uri().clone(), is_reading })
    }

    /// A refusal as a page, whoever found it; anything else stays.
    pub(crate) fn put(self, response: &mut Response) {
        if let Some(told) = response.extensions_mut().remove::<Told>() {
            self.refuse(&told, response);
        }
    }

    fn refuse(self, told: &Told, response: &mut Response) {
        let headers = response.headers_mut();
        headers.remove(WWW_AUTHENTICATE);
        headers.insert(CONTENT_TYPE, HTML);
        headers.insert(CONTENT_SECURITY_POLICY, POLICY);
        headers.insert(REFERRER_POLICY, REFERRER);
        if told.kind == Kind::Unauthenticated && self.is_reading {
            let next = self.uri.path_and_query().map_or("/", |target| target.as_str());
            let query = form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
            // What was encoded is visible ASCII.
            let location = HeaderValue::try_from(format!("/sign-in?{query}"));
            headers.insert(LOCATION, location.unwrap_or(HeaderValue::from_static("/sign-in")));
            *response.status_mut() = StatusCode::SEE_OTHER;
            *response.body_mut() = Body::empty();
            return;
        }
        let (status, _, title) = told.kind.facts();
        let passes = status == StatusCode::SERVICE_UNAVAILABLE;
        // Without a template there is still the status.
        *response.body_mut() = Body::from(page::problem(title, &told.in_full(), passes).unwrap_or_default());
    }
}
