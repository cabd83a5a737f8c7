//! Where a web page comes from: scheme, host and port.
//!
//! # References
//! Barth, A. (2011), *The Web Origin Concept*, RFC 6454.

use std::fmt;
use std::str::FromStr;

use axum::http::uri::Authority;

/// The ports that browsers leave out.
const DEFAULT_PORTS: [(&str, &str); 2] = [("http", ":80"), ("https", ":443")];

/// An origin as browsers send it: `https://shop.example`, in lower case, without the port that goes without saying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebOrigin(String);

/// A text is no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not an origin such as https://shop.example: a scheme, a host and perhaps a port, without a path, and never *"
)]
pub struct WebOriginError(String);

impl WebOrigin {
    /// The origin of pages that a plain HTTP server gives out under this `Host`.
    #[must_use]
    pub fn of_http_host(host: &str) -> Option<WebOrigin> {
        format!("http://{host}").parse().ok()
    }

    /// As it stands in headers.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for WebOrigin {
    type Err = WebOriginError;

    fn from_str(text: &str) -> Result<WebOrigin, WebOriginError> {
        let error = || WebOriginError(text.chars().take(100).collect());
        let lower = text.to_ascii_lowercase();
        let (scheme, authority) = lower.split_once("://").ok_or_else(error)?;
        let is_scheme = scheme.starts_with(|first: char| first.is_ascii_lowercase())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        let is_host = authority.parse::<Authority>().is_ok_and(|parsed| {
            let has_no_port = parsed.host().len() == authority.len();
            !parsed.host().is_empty() && (has_no_port || parsed.port_u16().is_some())
        });
        // A star is a fine host for a parser.
        let is_host = is_host && !authority.contains(['@', '*']);
        if !is_scheme || !is_host {
            return Err(error());
        }
        let default = DEFAULT_PORTS.iter().find(|(name, _)| *name == scheme).map(|(_, port)| *port);
        let authority = default.and_then(|port| authority.strip_suffix(port)).unwrap_or(authority);
        Ok(WebOrigin(format!("{scheme}://{authority}")))
    }
}

impl fmt::Display for WebOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_read_as_browsers_write_them() {
        for (text, read) in [
            ("https://shop.example", "https://shop.example"),
            ("HTTPS://Shop.Example:443", "https://shop.example"),
            ("http://shop.example:443", "http://shop.example:443"),
            ("http://localhost:80", "http://localhost"),
            ("http://[::1]:3000", "http://[::1]:3000"),
            ("capacitor://localhost", "capacitor://localhost"),
        ] {
            assert_eq!(text.parse::<WebOrigin>().unwrap().as_str(), read);
        }
        assert_eq!(WebOrigin::of_http_host("LOCALHOST:80"), "http://localhost".parse().ok());
    }

    #[test]
    fn other_texts_are_none() {
        for text in [
            "",
            "*",
            "null",
            "shop.example",
            "https://",
            "https://*",
            "https://*.shop.example",
            "https://shop.example/",
            "https://shop.example/path",
            "https://user@shop.example",
            "https://shop.example, https://other.example",
            "https://shop.example\r\nx: y",
            "https://shöp.example",
            "https://shop.example:99999999",
            "https://shop.example:",
            "://shop.example",
        ] {
            assert!(text.parse::<WebOrigin>().is_err(), "{text}");
        }
    }
}
