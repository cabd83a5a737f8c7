//! Without keys, only this machine may ask, and no web page of another origin may drive its browser to.
//!
//! A page anywhere can send requests to a loopback address, and can point its own name at one (DNS
//! rebinding). The browser then tells on it: in `Origin`, or in `Host`.

use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::middleware::Next;
use axum::response::Response;

use super::problem::{FieldError, Kind, Problem};
use super::state::AppState;

/// Refuses requests whose `Host` is not this machine or whose `Origin` is not this server.
pub(crate) async fn refuse_foreign(
    State(app): State<AppState>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if app.gate.admin_key.is_none() {
        check(&request)?;
    }
    Ok(next.run(request).await)
}

fn check(request: &Request) -> Result<(), Problem> {
    let sent = |name| request.headers().get(name).map(|value| value.to_str().unwrap_or_default());
    let authority = request.uri().authority().map(axum::http::uri::Authority::as_str);
    let host = authority.or_else(|| sent(HOST)).unwrap_or_default();
    if !is_loopback(host) || sent(HOST).is_some_and(|host| !is_loopback(host)) {
        let mend =
            "ask for http://127.0.0.1 or http://localhost, or configure a key to be asked from elsewhere";
        return Err(foreign("Host", "is not a name of this machine", mend));
    }
    match sent(ORIGIN) {
        Some(origin) if origin.strip_prefix("http://") != Some(host) => {
            let mend = "call from a page of this server or from no page at all, or configure a key";
            Err(foreign("Origin", "is a web page of another origin", mend))
        }
        _ => Ok(()),
    }
}

fn foreign(header: &str, detail: &str, mend: &str) -> Problem {
    Problem::of_field(Kind::ForeignOrigin, FieldError::new(header, detail, mend))
}

/// Whether `host`, with or without a port, can only mean this machine.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, port)) if port.is_empty() || port.starts_with(':') => address,
            _ => return false,
        },
        None => host.split_once(':').map_or(host, |(name, _)| name),
    };
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    let address = name.parse::<std::net::IpAddr>();
    name == "localhost" || name.ends_with(".localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn knows_this_machine() {
        for host in
            ["localhost", "LOCALHOST:8016", "a.localhost", "127.0.0.1", "127.8.8.8:1", "[::1]:8016", "[::1]"]
        {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "",
            "example.com",
            "localhost.example.com",
            "127.0.0.1.example.com",
            "0.0.0.0",
            "10.0.0.1:80",
            "[::2]",
            "[::1",
            "[::1]x",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
