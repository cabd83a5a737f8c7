//! Answers that are written while the client reads them.

use std::io::{self, Write};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::{Body, HttpBody};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use http_body::Frame;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::limits::{STREAM_CHUNK_BYTES, STREAM_CHUNKS, STREAM_STALL};

/// Runs `work` on a thread of its own; what it writes is the answer, as fast as the client takes it. If it
/// fails or the client stalls, the answer is cut off: HTTP has no other way to say so that late.
pub(super) fn stream<E: std::error::Error>(
    media_type: &'static str,
    work: impl FnOnce(&mut dyn Write) -> Result<(), E> + Send + 'static,
) -> Response {
    let (sender, receiver) = channel(STREAM_CHUNKS);
    tokio::task::spawn_blocking(move || {
        let mut sink = Sink { sender, buffer: BytesMut::new() };
        let written = work(&mut sink).map_err(|error| error.to_string());
        let written = written.and_then(|()| sink.flush().map_err(|error| error.to_string()));
        if let Err(error) = written {
            tracing::warn!(error, "an answer was cut off");
            // Whoever reads may have gone.
            let _ = sink.send(Err(io::Error::other(error)));
        }
    });
    ([(CONTENT_TYPE, HeaderValue::from_static(media_type))], Body::new(Streamed(receiver))).into_response()
}

/// How long to wait before asking for room again.
const PAUSE: Duration = Duration::from_millis(1);

type Chunk = io::Result<Bytes>;

/// Where the work writes to.
struct Sink {
    sender: Sender<Chunk>,
    buffer: BytesMut,
}

impl Sink {
    /// Waits until the client has room, for a while. Asks again and again: this thread may outlive the
    /// runtime, and with it whatever could wake it.
    fn send(&self, mut chunk: Chunk) -> io::Result<()> {
        let since = Instant::now();
        loop {
            chunk = match self.sender.try_send(chunk) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Closed(_)) => return Err(io::ErrorKind::BrokenPipe.into()),
                Err(TrySendError::Full(_)) if since.elapsed() > STREAM_STALL => {
                    return Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not read on"));
                }
                Err(TrySendError::Full(chunk)) => chunk,
            };
            std::thread::sleep(PAUSE);
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= STREAM_CHUNK_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let written = self.buffer.split().freeze();
        if written.is_empty() { Ok(()) } else { self.send(Ok(written)) }
    }
}

/// What the client reads from.
struct Streamed(Receiver<Chunk>);

impl HttpBody for Streamed {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        self.0.poll_recv(context).map(|chunk| chunk.map(|chunk| chunk.map(Frame::data)))
    }
}
