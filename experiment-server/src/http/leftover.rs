//! What a handler has not read of its request.
//!
//! A handler that refuses a request early drops the rest of the body. The client may still be sending it,
//! could then not read the answer, and would find the connection closed under its next request. So the rest
//! is read and forgotten, within bounds; beyond them the answer says that the connection closes.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::header::{CONNECTION, EXPECT};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;

use super::limits::MAX_DISCARDED_BYTES;
use super::state::AppState;

/// Reads and forgets what the handler left.
pub(crate) async fn discard_leftover(State(app): State<AppState>, request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let waits_for_leave = request.headers().contains_key(EXPECT);
    let slot = Arc::default();
    let request = request.map(|body| Body::new(Lent { body, asked: false, slot: Arc::clone(&slot) }));
    let mut response = next.run(request).await;
    let left = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(Left { body, asked }) = left {
        // Asking for a body that waits for leave would call it in; one that was too slow stays so.
        let may_ask = asked || !waits_for_leave;
        let discarded = may_ask
            && response.status() != StatusCode::REQUEST_TIMEOUT
            && discard(body, app.settings.timeouts.body).await;
        if !discarded {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
    }
    response
}

/// Whether the body came to its end within bounds.
async fn discard(mut body: Body, timeout: Duration) -> bool {
    let read = async {
        let mut seen = 0;
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else { return false };
            seen += frame.data_ref().map_or(0, Bytes::len);
            if seen > MAX_DISCARDED_BYTES {
                return false;
            }
        }
        true
    };
    tokio::time::timeout(timeout, read).await.unwrap_or(false)
}

/// A body that was given back before its end.
struct Left {
    body: Body,
    /// Whether anything was asked of it.
    asked: bool,
}

/// A body that is given back when it is dropped before its end.
struct Lent {
    body: Body,
    asked: bool,
    slot: Arc<Mutex<Option<Left>>>,
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.asked = true;
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if !self.body.is_end_stream() {
            let left = Left { body: std::mem::take(&mut self.body), asked: self.asked };
            *self.slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(left);
        }
    }
}
