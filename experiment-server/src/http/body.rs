//! Bodies: their media type, their bytes within bounds, and the JSON in them.

use std::pin::pin;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use serde_json::Value;

use super::around::within;
use super::compression::{Bounded, Decoder, Encoding};
use super::json::read_json;
use super::limits::{INLINE_BODY_BYTES, MAX_BATCH_BYTES, MAX_BODY_BYTES};
use super::problem::{FieldError, Kind, Problem};

/// What the client says that it sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MediaType {
    /// Nothing.
    Unsaid,
    /// `application/json` or `…+json`.
    Json,
    /// One JSON value a line.
    Ndjson,
    /// YAML.
    Yaml,
}

impl MediaType {
    /// Of the `Content-Type` header; `None` for one that nothing here reads.
    fn of(headers: &HeaderMap) -> Option<MediaType> {
        let Some(value) = headers.get(CONTENT_TYPE) else { return Some(MediaType::Unsaid) };
        if value == "application/json" {
            // As nearly everybody says it.
            return Some(MediaType::Json);
        }
        let essence = value.to_str().ok()?.split(';').next()?.trim().to_ascii_lowercase();
        match essence.as_str() {
            "" => Some(MediaType::Unsaid),
            "application/x-ndjson"
            | "application/ndjson"
            | "application/jsonl"
            | "application/jsonlines"
            | "application/x-jsonlines" => Some(MediaType::Ndjson),
            "application/yaml" | "application/x-yaml" | "text/yaml" | "text/x-yaml" => Some(MediaType::Yaml),
            "application/json" | "text/json" => Some(MediaType::Json),
            other if other.ends_with("+json") => Some(MediaType::Json),
            other if other.ends_with("+yaml") => Some(MediaType::Yaml),
            _ => None,
        }
    }
}

/// The media type, if it is one of `accepted` or unsaid.
///
/// # Errors
/// 415 with those that this call reads.
pub(crate) fn media_type(headers: &HeaderMap, accepted: &[MediaType]) -> Result<MediaType, Problem> {
    let names = || -> String {
        let name = |media: &MediaType| match media {
            MediaType::Ndjson => "application/x-ndjson",
            MediaType::Yaml => "application/yaml",
            MediaType::Json | MediaType::Unsaid => "application/json",
        };
        accepted.iter().map(name).collect::<Vec<_>>().join(" or ")
    };
    match MediaType::of(headers) {
        Some(media) if media == MediaType::Unsaid || accepted.contains(&media) => Ok(media),
        _ => {
            let sent = headers.get(CONTENT_TYPE).map_or("", |value| value.to_str().unwrap_or("not a text"));
            let shown: String = sent.chars().take(100).collect();
            let detail = format!("{shown:?} is not read here");
            let error = FieldError::new("Content-Type", detail, format!("send Content-Type: {}", names()));
            Err(Problem::of_field(Kind::UnsupportedMediaType, error))
        }
    }
}

/// All bytes of a body, at most `limit`, also of what is in it if it is compressed, and within its time. What is
/// not read is [dealt with](super::leftover).
///
/// # Errors
/// 415 for a compression that is not read here, 413 beyond `limit`, 408 when it takes longer than `timeout`, 400
/// when it ends early or is not compressed as it says.
pub(crate) async fn read_body(request: Request, limit: usize, timeout: Duration) -> Result<Bytes, Problem> {
    let encoding = Encoding::of(request.headers())?;
    let sent = read_sent(request.into_body(), limit, timeout).await?;
    if encoding == Encoding::Identity {
        return Ok(sent);
    }
    // A little may hold much, and to see that takes time.
    off_thread(move || decompress(&sent, encoding, limit)).await
}

fn decompress(sent: &[u8], encoding: Encoding, limit: usize) -> Result<Bytes, Problem> {
    let mut decoder = Decoder::new(encoding, Bounded::new(limit)).map_err(Problem::internal)?;
    match decoder.take(sent).and_then(|()| decoder.finish()) {
        Ok(()) => Ok(std::mem::take(&mut decoder.sink().bytes).into()),
        Err(_) if decoder.sink().is_over => Err(too_large(limit)),
        Err(error) => Err(not_compressed(encoding, &error)),
    }
}

/// The body is not what `Content-Encoding` says.
pub(crate) fn not_compressed(encoding: Encoding, error: &std::io::Error) -> Problem {
    let name = if encoding == Encoding::Zstd { "zstd" } else { "gzip" };
    let detail = format!("is not whole as {name}: {error}");
    let broken = FieldError::new("", detail, "send it again, or uncompressed without Content-Encoding");
    Problem::of_field(Kind::InvalidBody, broken)
}

/// The bytes that the client sends.
pub(crate) async fn read_sent(body: Body, limit: usize, timeout: Duration) -> Result<Bytes, Problem> {
    if body.size_hint().lower() > limit as u64 {
        return Err(too_large(limit));
    }
    match within(timeout, pin!(collect(body, limit))).await {
        Some(read) => read,
        None => {
            let seconds = timeout.as_secs_f64();
            let detail =
                format!("the body took longer than {seconds} s; mend: send smaller batches or send faster");
            Err(Problem::new(Kind::BodyTimeout, detail))
        }
    }
}

async fn collect(mut body: Body, limit: usize) -> Result<Bytes, Problem> {
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            let broken = FieldError::new("", "the body ended early", "send it again");
            Problem::of_field(Kind::InvalidBody, broken).with_cause(error)
        })?;
        let Ok(data) = frame.into_data() else { continue };
        if read.len() + data.len() > limit {
            return Err(too_large(limit));
        }
        if read.is_empty() && body.is_end_stream() {
            // Most bodies come in one piece, which needs no copy.
            return Ok(data);
        }
        read.extend_from_slice(&data);
    }
    Ok(read.freeze())
}

fn too_large(limit: usize) -> Problem {
    let mend = if limit == MAX_BATCH_BYTES { "split the batch" } else { "send less" };
    let detail = format!("the body has more than {limit} bytes, the most for this call; mend: {mend}");
    Problem::new(Kind::TooLarge, detail)
}

/// The JSON value that a body is.
///
/// # Errors
/// 400 with line and column.
pub(crate) fn json_of(body: &[u8]) -> Result<Value, Problem> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(empty_body());
    }
    read_json(body).map_err(|error| Problem::of_field(Kind::InvalidBody, error.into()))
}

/// There is nothing where something is needed.
pub(crate) fn empty_body() -> Problem {
    let error = FieldError::new("", "the body is empty", "send a JSON object");
    Problem::of_field(Kind::InvalidBody, error)
}

/// A whole request as JSON.
///
/// # Errors
/// 415, 413, 408, 400.
pub(crate) async fn read_json_body(request: Request, timeout: Duration) -> Result<Value, Problem> {
    media_type(request.headers(), &[MediaType::Json])?;
    let body = read_body(request, MAX_BODY_BYTES, timeout).await?;
    off_thread_if_large(body.len(), move || json_of(&body)).await
}

/// Runs `work` here if the body is small, and otherwise where it holds nobody up.
///
/// # Errors
/// What `work` gives, or a fault of ours.
pub(crate) async fn off_thread_if_large<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    if bytes <= INLINE_BODY_BYTES { work() } else { off_thread(work).await }
}

/// Runs `work` on a thread for work that takes long or waits for the disk.
///
/// # Errors
/// What `work` gives, or a fault of ours.
pub(crate) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(Problem::internal(error)))
}
