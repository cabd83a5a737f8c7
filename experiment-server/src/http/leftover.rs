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
use axum::extract::Request;
use axum::http::header::{CONNECTION, EXPECT};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;

use super::limits::MAX_DISCARDED_BYTES;

/// Where a body is left that was not read to its end.
pub(crate) struct Leftover {
    slot: Arc<Mutex<Option<Left>>>,
    waits_for_leave: bool,
}

impl Leftover {
    /// The request with a body that comes back here; `None` for one without a body.
    pub(crate) fn of(request: Request) -> (Request, Option<Leftover>) {
        if request.body().is_end_stream() {
            return (request, None);
        }
        let waits_for_leave = request.headers().contains_key(EXPECT);
        let slot = Arc::default();
        let request = request.map(|body| Body::new(Lent { body, asked: false, slot: Arc::clone(&slot) }));
        (request, Some(Leftover { slot, waits_for_leave }))
    }

    /// Reads and forgets what the handler left.
    pub(crate) async fn discard(self, timeout: Duration, response: &mut Response) {
        let left = self.slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Left { body, asked }) = left else { return };
        // Asking for a body that waits for leave would call it in; one that was too slow stays so.
        let may_ask = asked || !self.waits_for_leave;
        let discarded =
            may_ask && response.status() != StatusCode::REQUEST_TIMEOUT && discard(body, timeout).await;
        if !discarded {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
    }
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
