//! What a handler has not read of its request.
//!
//! A handler that refuses a request early drops the rest of the body. The client may still be sending it,
//! could then not read the answer, and would find the connection closed under its next request. So the rest
//! is read and forgotten, within bounds; beyond them the answer says that the connection closes.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::header::{CONNECTION, EXPECT};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;

use super::limits::MAX_DISCARDED_BYTES;

/// A body as it comes from a client.
pub(crate) trait Sent: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + Unpin + 'static {}

impl<B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + Unpin + 'static> Sent for B {}

/// Where a body is left that was not read to its end.
pub(crate) struct Leftover<B> {
    slot: Arc<Mutex<Option<Left<B>>>>,
    waits_for_leave: bool,
}

impl<B: Sent> Leftover<B> {
    /// The request with a body that comes back here; `None` for one without a body.
    pub(crate) fn of(request: Request<B>) -> (Request, Option<Leftover<B>>) {
        if request.body().is_end_stream() {
            return (request.map(|_| Body::empty()), None);
        }
        let waits_for_leave = request.headers().contains_key(EXPECT);
        let slot = Arc::<Mutex<_>>::default();
        let lend = |body| Body::new(Lent { body: Some(body), asked: false, slot: Arc::clone(&slot) });
        let request = request.map(lend);
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
async fn discard(mut body: impl Sent, timeout: Duration) -> bool {
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
struct Left<B> {
    body: B,
    /// Whether anything was asked of it.
    asked: bool,
}

/// A body that is given back when it is dropped before its end.
struct Lent<B: Sent> {
    /// There until it is dropped.
    body: Option<B>,
    asked: bool,
    slot: Arc<Mutex<Option<Left<B>>>>,
}

impl<B: Sent> HttpBody for Lent<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        self.asked = true;
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(B::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), B::size_hint)
    }
}

impl<B: Sent> Drop for Lent<B> {
    fn drop(&mut self) {
        if let Some(body) = self.body.take().filter(|body| !body.is_end_stream()) {
            let left = Left { body, asked: self.asked };
            *self.slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(left);
        }
    }
}
