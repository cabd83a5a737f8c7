//! Every bound of the HTTP face, with its unit. `docs/configuration.md` lists them.

use std::time::Duration;

/// Largest batch of facts in bytes.
pub(crate) const MAX_BATCH_BYTES: usize = 10 * 1024 * 1024;
/// Largest other request body in bytes: read as a tree of values, it takes many times that in memory.
pub(crate) const MAX_BODY_BYTES: usize = 512 * 1024;
/// How much of a body that nobody wants is still read, in bytes, so that the client gets to read the answer.
pub(crate) const MAX_DISCARDED_BYTES: usize = 64 * 1024 * 1024;
/// Window of a body in zstd as a power of two, in bytes: what RFC 8878 asks every decoder to bear, and no more.
pub(crate) const ZSTD_WINDOW_LOG: u32 = 23;
/// Most items in one batch of exposures or conversions.
pub(crate) const MAX_BATCH_ITEMS: usize = crate::store::MAX_PROPOSALS;
/// Most experiments that one call of `assign` may name.
pub(crate) const MAX_NAMED_EXPERIMENTS: usize = 1_000;
/// Most attributes of one customer, exposure or event.
pub(crate) const MAX_ATTRIBUTES: usize = 100;
/// Longest text of one attribute in bytes.
pub(crate) const MAX_ATTRIBUTE_BYTES: usize = 1_024;
/// Largest value of an event, either way.
pub(crate) const MAX_VALUE: f64 = 1e9;
/// Most readings of all customers at once; further ones wait their turn.
pub(crate) const MAX_SCANS: usize = 2;
/// Bytes of an answer that is written while the client reads it, in one piece.
pub(crate) const STREAM_CHUNK_BYTES: usize = 64 * 1024;
/// Items of a stream that are committed together at most.
pub(crate) const STREAM_BATCH_ITEMS: usize = 1_000;
/// Longest line of a stream of facts in bytes.
pub(crate) const MAX_ITEM_BYTES: usize = 64 * 1024;
/// Most streams of facts at once: each has a thread that waits for the store.
pub(crate) const MAX_STREAMS: usize = 32;
/// How long a stream waits for a busy store.
pub(crate) const STREAM_BUSY: Duration = Duration::from_secs(30);
/// Pieces that may wait for the client.
pub(crate) const STREAM_CHUNKS: usize = 8;
/// How long such a client may read nothing.
pub(crate) const STREAM_STALL: Duration = Duration::from_secs(60);
/// Longest query string in bytes.
pub(crate) const MAX_QUERY_BYTES: usize = 4_096;
/// Connections that may wait to be taken, so that a burst of them finds no closed door; the system may allow fewer.
pub(crate) const BACKLOG: u32 = 4_096;
/// Most bytes of request line and headers together.
pub(crate) const MAX_HEAD_BYTES: usize = 32 * 1024;
/// Most headers of one request.
pub(crate) const MAX_HEADERS: usize = 100;
/// Bodies beyond this many bytes are read off the threads that answer other requests.
pub(crate) const INLINE_BODY_BYTES: usize = 64 * 1024;
/// Longest wait for the sums to include everything acknowledged.
pub(crate) const FRESH_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest `Idempotency-Key` in characters.
pub(crate) const MAX_IDEMPOTENCY_KEY_CHARS: usize = 255;
/// Answers that are kept for repeats of a change, about.
pub(crate) const IDEMPOTENT_ANSWERS: usize = 1_000;
/// Bytes that those take at most, about.
pub(crate) const IDEMPOTENT_BYTES: u64 = 16 << 20;
/// What a busy server asks its client to wait, in whole seconds.
pub(crate) const RETRY_AFTER_SECONDS: u32 = 1;
