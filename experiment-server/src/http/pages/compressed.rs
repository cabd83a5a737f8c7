//! Pages in fewer bytes: a page of tables is mostly repetition.

use std::io::{self, Write};

use axum::body::Body;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::BodyExt;

use crate::http::body::off_thread;
use crate::http::problem::Problem;

const GZIP: HeaderValue = HeaderValue::from_static("gzip");
/// Below this there is nothing to save.
const LEAST_BYTES: usize = 1_024;

/// Whether the client reads gzip.
pub(crate) fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let mut codings = accepted.flat_map(|value| value.split(',')).map(|coding| coding.replace(' ', ""));
    codings.any(|coding| coding.starts_with("gzip") && !coding.ends_with(";q=0"))
}

/// The same answer with its body compressed, if that is worth it. No secret stands beside what others can put in:
/// what a page repeats of its address is shown to whoever signed in, and other sites' requests carry no session.
///
/// # Errors
/// A fault of ours.
pub(super) async fn compressed(response: Response) -> Result<Response, Problem> {
    if response.status() != StatusCode::OK {
        return Ok(response);
    }
    let (mut parts, body) = response.into_parts();
    let text = body.collect().await.map_err(Problem::internal)?.to_bytes();
    parts.headers.append(VARY, ACCEPT_ENCODING.into());
    if text.len() < LEAST_BYTES {
        return Ok(Response::from_parts(parts, Body::from(text)));
    }
    let smaller = off_thread(move || gzip(&text).map_err(Problem::internal)).await?;
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.insert(CONTENT_ENCODING, GZIP);
    Ok(Response::from_parts(parts, Body::from(smaller)))
}

fn gzip(text: &[u8]) -> io::Result<Vec<u8>> {
    // The lowest level: a page is made anew for each reader, and takes longer to make than to send.
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
        assert!(!takes("br") && !takes("gzip; q=0") && !takes("") && !takes_gzip(&HeaderMap::new()));
    }
}
