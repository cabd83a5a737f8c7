//! Answers in fewer bytes: tables, reports and bundles are mostly repetition.

use std::io::{self, Write};

use axum::body::{Body, HttpBody};
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::BodyExt;

use super::body::off_thread_if_large;
use super::problem::Problem;

const GZIP: HeaderValue = HeaderValue::from_static("gzip");
/// Below this there is little to save.
const LEAST_BYTES: u64 = 1_024;

/// Beside an answer that repeats what stands in its address: who made the address up could learn by its length what
/// stands beside that, if it were compressed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Verbatim;

/// Whether the client reads gzip.
pub(super) fn takes_gzip(headers: &HeaderMap) -> bool {
    let sent = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    sent.flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix(['q', 'Q']).and_then(|rest| rest.trim().strip_prefix('='));
        let is_refused = weight.is_some_and(|weight| weight.trim().parse() == Ok(0.0));
        name.trim().eq_ignore_ascii_case("gzip") && !is_refused
    })
}

/// The same answer with its body compressed, if that is worth it and the client reads that. What is written while it is
/// read stays as it is. No key or token stands beside what others can put in: they are told once, to whoever makes them.
pub(super) async fn compressed(takes_gzip: bool, mut response: Response) -> Response {
    let is_same = response.status() == StatusCode::NOT_MODIFIED;
    let is_long = response.body().size_hint().exact().is_some_and(|bytes| bytes >= LEAST_BYTES);
    let is_whole = is_long && response.status() == StatusCode::OK;
    let is_final = response.headers().contains_key(CONTENT_ENCODING)
        || response.extensions().get::<Verbatim>().is_some();
    if is_final || !(is_same || is_whole) {
        return response;
    }
    response.headers_mut().append(VARY, ACCEPT_ENCODING.into());
    match takes_gzip && is_whole {
        // Seldom, so it takes no room in every request.
        true => Box::pin(compress(response)).await.unwrap_or_else(Problem::into_response),
        false => response,
    }
}

/// An answer of what was compressed beforehand.
pub(super) fn ready(media_type: HeaderValue, packed: impl Into<Body>) -> Response {
    let headers = [(CONTENT_TYPE, media_type), (CONTENT_ENCODING, GZIP), (VARY, ACCEPT_ENCODING.into())];
    (headers, packed.into()).into_response()
}

async fn compress(response: Response) -> Result<Response, Problem> {
    let (mut parts, body) = response.into_parts();
    let text = body.collect().await.map_err(Problem::internal)?.to_bytes();
    let smaller = off_thread_if_large(text.len(), move || gzip(&text).map_err(Problem::internal)).await?;
    parts.headers.insert(CONTENT_ENCODING, GZIP);
    Ok(Response::from_parts(parts, Body::from(smaller)))
}

/// The text in fewer bytes.
///
/// # Errors
/// What the encoder fails with; writing to memory does not.
pub(super) fn gzip(text: &[u8]) -> io::Result<Vec<u8>> {
    // The lowest level: an answer is made anew for each reader, and takes longer to make than to send.
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 4), Compression::fast());
    encoder.write_all(text)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_who_reads_gzip() {
        let takes = |value: &'static str| {
            takes_gzip(&HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(value))]))
        };
        assert!(takes("gzip") && takes("br, gzip;q=0.8") && takes("deflate,gzip"));
        assert!(takes("GZIP") && takes("gzip ; Q=0.001"));
        assert!(!takes("br") && !takes("gzip; q=0") && !takes("gzip;q=0.000") && !takes("gzip;\tq = 0"));
        assert!(!takes("") && !takes("gzipped") && !takes_gzip(&HeaderMap::new()));
        let lines = ["br", "gzip"].map(|value| (ACCEPT_ENCODING, HeaderValue::from_static(value)));
        let mut both = HeaderMap::new();
        lines.into_iter().for_each(|(name, value)| {
            both.append(name, value);
        });
        assert!(takes_gzip(&both));
    }
}
