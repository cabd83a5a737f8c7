//! Without keys, only this machine may ask, and no web page of another origin may drive its browser to.
//!
//! A page anywhere can send requests to a loopback address, and can point its own name at one (DNS
//! rebinding). The browser then tells on it: in `Origin`, in `Host`, or in `Sec-Fetch-Site`. Pages of origins
//! that the operator named may.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::header::{HOST, HeaderName, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method};

use super::problem::{FieldError, Kind, Problem};
use super::state::AppState;
use crate::web_origin::WebOrigin;

pub(super) const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// Refuses requests whose `Host` is not this machine, or that come from a page of neither this server nor a
/// named origin.
///
/// # Errors
/// 403, naming the header.
pub(crate) fn refuse_foreign(app: &AppState, request: &Request) -> Result<(), Problem> {
    if app.needs_key() { Ok(()) } else { check(request, &app.settings.cors_origins) }
}

fn check(request: &Request, named: &[WebOrigin]) -> Result<(), Problem> {
    let headers = request.headers();
    // A target with an authority of its own says the same twice, and both must be this machine's.
    let target = request.uri().authority().map(Authority::as_str);
    let host = match (target, only(headers, &HOST)) {
        (Some(target), Ok(host)) if is_loopback(target) && host.is_none_or(is_loopback) => target,
        (None, Ok(Some(host))) if is_loopback(host) => host,
        _ => {
            let mend =
                "ask for http://127.0.0.1 or http://localhost, or configure a key to be asked from elsewhere";
            return Err(foreign("Host", "is not a name of this machine", mend));
        }
    };
    let is_fine = match only(headers, &ORIGIN) {
        Ok(Some(origin)) => origin.parse().is_ok_and(|origin| {
            WebOrigin::of_http_host(host).as_ref() == Some(&origin) || named.contains(&origin)
        }),
        Ok(None) => !is_from_another_page(request),
        Err(()) => false,
    };
    if is_fine {
        return Ok(());
    }
    let mend = "call from a page of this server or from no page at all, name the page's origin with --cors-origin, or configure a key";
    Err(foreign("Origin", "is a web page of another origin", mend))
}

/// The name by which this server was asked, if there is one.
pub(super) fn host_of(request: &Request) -> Option<&str> {
    let target = request.uri().authority().map(Authority::as_str);
    target.or_else(|| only(request.headers(), &HOST).ok().flatten())
}

/// The header's value, if it is there; two of them, or one that is no text, are an error.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, ()> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(drop),
        _ => Err(()),
    }
}

/// Whether a browser says that a page elsewhere asks without saying its origin, by an image for instance. That
/// somebody follows a link here is something else.
pub(super) fn is_from_another_page(request: &Request) -> bool {
    let says = |name: &HeaderName, word: &str| {
        request.headers().get_all(name).iter().any(|value| value.as_bytes() == word.as_bytes())
    };
    let follows_link = says(&SEC_FETCH_MODE, "navigate") && *request.method() == Method::GET;
    (says(&SEC_FETCH_SITE, "cross-site") || says(&SEC_FETCH_SITE, "same-site")) && !follows_link
}

fn foreign(header: &str, detail: &str, mend: &str) -> Problem {
    Problem::of_field(Kind::ForeignOrigin, FieldError::new(header, detail, mend))
}

/// Whether `host`, with or without a port, can only mean this machine.
fn is_loopback(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, port)) if address.contains(':') => (address, port),
            _ => return false,
        },
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    if !is_port(port) {
        return false;
    }
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_address = |address: IpAddr| address.to_canonical().is_loopback();
    let is_within = |domain: &str| {
        let (name, domain) = (name.as_bytes(), domain.as_bytes());
        name.len() >= domain.len() && name[name.len() - domain.len()..].eq_ignore_ascii_case(domain)
    };
    name.parse().is_ok_and(is_address) || name.eq_ignore_ascii_case("localhost") || is_within(".localhost")
}

/// Nothing, or a colon with a number.
fn is_port(text: &str) -> bool {
    match text.strip_prefix(':') {
        None => text.is_empty(),
        Some(number) => number.bytes().all(|byte| byte.is_ascii_digit()) && number.parse::<u16>().is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn knows_this_machine() {
        for host in [
            "localhost",
            "LOCALHOST:8016",
            "localhost.",
            "localhost.:8016",
            "a.localhost",
            "127.0.0.1",
            "127.0.0.1.",
            "127.8.8.8:1",
            "[::1]:8016",
            "[::1]",
            "[0:0:0:0:0:0:0:1]",
            "[::ffff:127.0.0.1]:8016",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "",
            ".",
            ":8016",
            "example.com",
            "localhost.example.com",
            "localhost..",
            "127.0.0.1.example.com",
            "notlocalhost",
            "0.0.0.0",
            "10.0.0.1:80",
            "127.1",
            "2130706433",
            "[::2]",
            "[::]",
            "[::ffff:10.0.0.1]",
            "[::1",
            "[::1]x",
            "[127.0.0.1]",
            "[localhost]",
            "::1",
            "localhost:",
            "localhost:x",
            "localhost:80:80",
            "localhost:+80",
            "localhost:99999",
            "localhost:80@example.com",
            "example.com@localhost",
            "localhost/",
            "localhost ",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
