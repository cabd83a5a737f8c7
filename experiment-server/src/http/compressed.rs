//! Answers in fewer bytes: tables, reports and bundles are mostly repetition.

use std::io::{self, Write};

use axum::body::{Body, HttpBody};
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, VARY};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::BodyExt;

use super::body::off_thread;
use super::problem::Problem;

const GZIP: HeaderValue = HeaderValue::from_static("gzip");
/// Below this there is little to save.
const LEAST_BYTES: u64 = 1_024;

/// Whether a client who sends this as `Accept-Encoding` reads gzip.
pub(super) fn takes_gzip(accepted: &HeaderValue) -> bool {
    let mut codings = accepted.to_str().unwrap_or_default().split(',').map(|coding| coding.replace(' ', ""));
    codings.any(|coding| coding.starts_with("gzip") && !coding.ends_with(";q=0"))
}

/// The same answer with its body compressed, if that is worth it and the client reads that. What is written while it is
/// read stays as it is. No secret stands beside what others can put in: whoever asks has shown a key or signed in, and
/// requests that other sites cause carry neither.
pub(crate) async fn compressed(accepted: Option<HeaderValue>, mut response: Response) -> Response {
    let is_long = response.body().size_hint().exact().is_some_and(|bytes| bytes >= LEAST_BYTES);
    if !is_long || response.status() != StatusCode::OK || response.headers().contains_key(CONTENT_ENCODING) {
        return response;
    }
    response.headers_mut().append(VARY, ACCEPT_ENCODING.into());
    match accepted.is_some_and(|accepted| takes_gzip(&accepted)) {
        // Seldom, so it takes no room in every request.
        true => Box::pin(compress(response)).await.unwrap_or_else(Problem::into_response),
        false => response,
    }
}

async fn compress(response: Response) -> Result<Response, Problem> {
    let (mut parts, body) = response.into_parts();
    let text = body.collect().await.map_err(Problem::internal)?.to_bytes();
    let smaller = off_thread(move || gzip(&text).map_err(Problem::internal)).await?;
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.insert(CONTENT_ENCODING, GZIP);
    Ok(Response::from_parts(parts, Body::from(smaller)))
}

fn gzip(text: &[u8]) -> io::Result<Vec<u8>> {
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
        let takes = |value: &'static str| takes_gzip(&HeaderValue::from_static(value));
        assert!(takes("gzip") && takes("br, gzip;q=0.8") && takes("deflate,gzip"));
        assert!(!takes("br") && !takes("gzip; q=0") && !takes(""));
    }
}
