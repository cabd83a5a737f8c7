//! `/sign-in`, `/sign-out`: a key opens the pages to a browser.

use axum::extract::{Request, State};
use axum::http::header::{LOCATION, ORIGIN, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::send;
use crate::http::auth::{API_KEY, Access};
use crate::http::body::read_body;
use crate::http::extract::Query;
use crate::http::origin::{SEC_FETCH_SITE, host_of, is_from_another_page};
use crate::http::problem::{FieldError, Kind, Problem};
use crate::http::state::AppState;
use crate::page;

/// A key and an address.
const MAX_FORM_BYTES: usize = 16 * 1024;

/// The form.
pub(crate) async fn show_sign_in(State(app): State<AppState>, mut query: Query) -> Result<Response, Problem> {
    let next = query.take("next")?;
    query.end()?;
    if !app.needs_key() {
        return Ok(go_to(&next_of(next.as_deref())));
    }
    send(StatusCode::OK, page::sign_in(&next_of(next.as_deref()), None))
}

/// Signs in whoever has a key that may read.
pub(crate) async fn sign_in(State(app): State<AppState>, request: Request) -> Result<Response, Problem> {
    refuse_other_pages(&request)?;
    let is_encrypted = is_encrypted(request.headers());
    let body = read_body(request, MAX_FORM_BYTES, app.settings.timeouts.body).await?;
    let (mut key, mut next) = (String::new(), None);
    for (name, value) in form_urlencoded::parse(&body) {
        match name.as_ref() {
            "key" => key = value.trim().to_owned(),
            "next" => next = Some(value.into_owned()),
            _ => {}
        }
    }
    let next = next_of(next.as_deref());
    if !app.needs_key() {
        return Ok(go_to(&next));
    }
    let caller = HeaderValue::from_str(&key)
        .map_err(|_| {
            Problem::unauthenticated("a key has visible characters only; mend: send it as it was shown")
        })
        .and_then(|key| app.caller(&HeaderMap::from_iter([(API_KEY, key)])))
        .and_then(|caller| caller.may(Access::Read).map(|()| caller));
    let caller = match caller {
        Ok(caller) => caller,
        Err(problem) => return send(problem.kind().facts().0, page::sign_in(&next, Some(problem.detail()))),
    };
    // Whoever has one key must not sign in so often that nobody else stays.
    app.rates.count(&caller, &app.store.api_keys())?;
    let cookie = app.sessions.begin(caller.identity, app.now(), is_encrypted).map_err(Problem::internal)?;
    let mut response = go_to(&next);
    response.headers_mut().insert(SET_COOKIE, cookie);
    Ok(response)
}

/// Ends the session.
pub(crate) async fn sign_out(State(app): State<AppState>, request: Request) -> Result<Response, Problem> {
    refuse_other_pages(&request)?;
    let mut response = go_to("/");
    response.headers_mut().insert(SET_COOKIE, app.sessions.end(request.headers()));
    Ok(response)
}

/// Nobody is signed in or out by a page of somebody else's.
fn refuse_other_pages(request: &Request) -> Result<(), Problem> {
    let origin = request.headers().get(ORIGIN).map(|origin| origin.to_str().ok());
    let is_own = match origin {
        // Only browsers say that, of themselves: a proxy may call this server by another name.
        _ if request.headers().get(SEC_FETCH_SITE).is_some_and(|site| site == "same-origin") => true,
        None => !is_from_another_page(request),
        // A form behind a proxy that encrypts is sent from https.
        Some(origin) => {
            origin.and_then(|origin| origin.split_once("://")).map(|(_, host)| host) == host_of(request)
        }
    };
    if is_own {
        return Ok(());
    }
    let error = FieldError::new("Origin", "is a page of another site", "use the form of this server");
    Err(Problem::of_field(Kind::ForeignOrigin, error))
}

fn is_encrypted(headers: &HeaderMap) -> bool {
    headers.get(ORIGIN).is_some_and(|origin| origin.as_bytes().starts_with(b"https://"))
}

/// An address of this server; anything else is the first page.
fn next_of(text: Option<&str>) -> String {
    let is_own = |text: &&str| {
        let rest = text.strip_prefix('/');
        rest.is_some_and(|rest| !rest.starts_with(['/', '\\']))
            && text.len() <= 2_000
            && text.bytes().all(|byte| byte.is_ascii_graphic())
    };
    text.filter(is_own).unwrap_or("/").to_owned()
}

fn go_to(address: &str) -> Response {
    let location = HeaderValue::try_from(address).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response()
}

#[cfg(test)]
mod tests {
    use super::next_of;

    #[test]
    fn leads_nowhere_else() {
        for own in ["/", "/experiments/winback?by=plan#money"] {
            assert_eq!(next_of(Some(own)), own);
        }
        for other in ["", "//example.com", "/\\example.com", "https://example.com", "/a\r\nx: y", "/ä", "x"]
        {
            assert_eq!(next_of(Some(other)), "/", "{other:?}");
        }
        assert_eq!(next_of(None), "/");
    }
}
