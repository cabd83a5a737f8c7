//! What a request is called, so that a client's report and a line of the log can be put together.

use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// Carries the id, both ways.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Carries the place in a trace: W3C Trace Context.
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// Most characters of an id that a client makes.
const MAX_REQUEST_ID_CHARS: usize = 128;
/// Most bytes of an id that is made here: two numbers in hex digits, and a hyphen.
const MAX_MADE_BYTES: usize = 33;

/// Makes ids that no other process makes: eight random bytes at start, then a number.
#[derive(Debug)]
pub(crate) struct RequestIds {
    /// Those bytes as hex digits, with a hyphen.
    prefix: String,
    next: AtomicU64,
}

impl RequestIds {
    /// # Errors
    /// The system gives no random bytes.
    pub(crate) fn new() -> Result<RequestIds, getrandom::Error> {
        Ok(RequestIds { prefix: format!("{:016x}-", getrandom::u64()?), next: AtomicU64::new(0) })
    }

    /// The id that the client sent, or a new one. One with characters that would need care in a log is replaced.
    pub(crate) fn of(&self, headers: &HeaderMap) -> HeaderValue {
        let is_plain = |sent: &&HeaderValue| {
            let bytes = sent.as_bytes();
            let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(byte);
            (1..=MAX_REQUEST_ID_CHARS).contains(&bytes.len()) && bytes.iter().all(is_plain)
        };
        headers.get(REQUEST_ID).filter(is_plain).cloned().unwrap_or_else(|| self.make())
    }

    fn make(&self) -> HeaderValue {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut id = [0; MAX_MADE_BYTES];
        let mut rest = id.as_mut_slice();
        // It always fits, and digits and a hyphen are always a header's value.
        let _ = write!(rest, "{}{number:x}", self.prefix);
        let length = MAX_MADE_BYTES - rest.len();
        HeaderValue::from_bytes(&id[..length]).unwrap_or_else(|_| HeaderValue::from_static("unknown"))
    }
}

/// The trace and the caller's span that a `traceparent` names, if it is one.
///
/// # References
/// W3C (2021), *Trace Context*, section 3.2.
pub(crate) fn trace_of(traceparent: &HeaderValue) -> Option<(&str, &str)> {
    let text = traceparent.to_str().ok()?;
    let mut parts = text.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |part: &str, length| {
        part.len() == length && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_known = |part: &str| part.bytes().any(|byte| byte != b'0');
    let is_sound = is_hex(version, 2) && version != "ff" && is_hex(trace, 32) && is_hex(span, 16);
    // Later versions may add parts; the present one has none.
    let is_whole = is_hex(flags, 2) && (version != "00" || parts.next().is_none());
    (is_sound && is_whole && is_known(trace) && is_known(span)).then_some((trace, span))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn an_id_is_taken_over_or_made() {
        let ids = RequestIds::new().unwrap();
        assert_eq!(ids.of(&with(REQUEST_ID, "order-17:a")), "order-17:a");
        let long = "x".repeat(MAX_REQUEST_ID_CHARS + 1);
        for refused in ["", "a b", "a\"b", "{}", long.as_str()] {
            let made = ids.of(&with(REQUEST_ID, refused));
            assert!(made != refused && made.len() >= 18, "{made:?}");
        }
        assert_ne!(ids.of(&HeaderMap::new()), ids.of(&HeaderMap::new()));
        let ids = RequestIds { prefix: "00000000000000ab-".to_owned(), next: AtomicU64::new(u64::MAX) };
        assert_eq!(ids.make(), "00000000000000ab-ffffffffffffffff");
        assert_eq!(ids.make(), "00000000000000ab-0");
    }

    #[test]
    fn a_trace_is_read_when_it_is_one() {
        let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        let read = |text: String| trace_of(&HeaderValue::from_str(&text).unwrap()).is_some();
        assert!(read(format!("00-{trace}-{span}-01")));
        assert!(read(format!("cc-{trace}-{span}-01-what-the-future-will-be-like")));
        let (no_trace, no_span) = ("0".repeat(32), "0".repeat(16));
        for wrong in [
            format!("00-{trace}-{span}"),
            format!("00-{trace}-{span}-01-more"),
            format!("ff-{trace}-{span}-01"),
            format!("00-{no_trace}-{span}-01"),
            format!("00-{trace}-{no_span}-01"),
            format!("00-{}-{span}-01", trace.to_uppercase()),
            "00".to_owned(),
        ] {
            assert!(!read(wrong.clone()), "{wrong}");
        }
    }
}
