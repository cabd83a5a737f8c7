//! What happens around every request: bounds, panics, headers, a count, a line in the log.

use std::convert::Infallible;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::{Duration, Instant};

use axum::extract::Request;
use axum::http::{HeaderValue, Method};
use axum::response::{IntoResponse, Response};
use tower::{Layer, ServiceExt, service_fn};

use super::admitted::Admitted;
use super::auth::{Entry, enter};
use super::compressed::{compressed, takes_gzip};
use super::leftover::{Leftover, Sent};
use super::ofrep::OwnForm;
use super::origin::refuse_foreign;
use super::pages::AsPage;
use super::problem::{Cause, Problem};
use super::router::Target;
use super::security_headers;
use super::state::AppState;
use crate::telemetry::{NO_ROUTE, REQUEST_ID, TRACEPARENT, trace_of};

/// Recounts take as long as they take.
const WITHOUT_TIMEOUT: &str = "/v1/verify";
/// Probes are answered even when nothing else is.
const WITHOUT_BOUND: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// Everything around a call.
pub(crate) async fn around<B: Sent>(app: AppState, request: Request<B>) -> Result<Response, Infallible> {
    let target = Target::of(request.method(), request.uri().path());
    let asked = Asked::of(&app, target, &request);
    let response = match &app.cors {
        None => guarded(&app, target, request).await,
        // Who may not read answers learns nothing of what is further in. It has a place of its own in memory, so that
        // requests of servers without it stay small.
        Some(cors) => {
            let inner = service_fn(async |request| Ok::<_, Infallible>(guarded(&app, target, request).await));
            let Ok(response) = Box::pin(cors.layer(inner).oneshot(request)).await;
            response
        }
    };
    Ok(asked.finish(&app, response))
}

/// An answer whatever happens inside, in the form that is asked for, on a connection that can be used again.
async fn guarded<B: Sent>(app: &AppState, target: Target, request: Request<B>) -> Response {
    let form = OwnForm::of(request.uri());
    let page = AsPage::of(&request, target.route());
    let (request, leftover) = Leftover::of(request);
    let answered = catch_panic(pin!(bounded(app, target, request))).await;
    let mut response = answered.and_then(|answered| answered).unwrap_or_else(Problem::into_response);
    if let Some(leftover) = leftover {
        leftover.discard(app.settings.timeouts.body, &mut response).await;
    }
    if let Some(form) = form {
        form.put(&mut response);
    }
    if let Some(page) = page {
        page.put(&mut response);
    }
    response
}

/// At most so many requests at once, of those who may, each within its time.
async fn bounded(app: &AppState, target: Target, request: Request) -> Result<Response, Problem> {
    let path = request.uri().path();
    let is_probe = WITHOUT_BOUND.contains(&path);
    let has_timeout = !is_probe && path != WITHOUT_TIMEOUT;
    let permit = (!is_probe).then(|| app.requests.try_acquire()).transpose();
    let Ok(_permit) = permit else {
        return Err(Problem::busy("too many requests are in progress; mend: try again in a moment"));
    };
    refuse_foreign(app, &request)?;
    let Entry { caller, allowed, rate } = enter(app, target.route(), &request)?;
    let admitted = Admitted { app: app.clone(), caller };
    let mut response = match allowed {
        Err(refused) => refused.into_response(),
        Ok(()) if has_timeout => {
            let gzip = takes_gzip(request.headers());
            let answer = async { compressed(gzip, target.answer(request, admitted).await).await };
            timely(app, pin!(answer)).await
        }
        Ok(()) => target.answer(request, admitted).await,
    };
    if let Some(rate) = rate {
        rate.put(response.headers_mut());
    }
    Ok(response)
}

async fn timely(app: &AppState, answer: Pin<&mut impl Future<Output = Response>>) -> Response {
    let timeouts = app.settings.timeouts;
    within(timeouts.body + timeouts.answer, answer).await.unwrap_or_else(|| {
        let seconds = timeouts.answer.as_secs_f64();
        let detail = format!(
            "no answer within {seconds} s; mend: try again, writes may be repeated safely with the same ids"
        );
        Problem::busy(detail).into_response()
    })
}

/// What comes within its time. Most of it is there at once, and costs no timer. It is pinned where it was made: passed
/// on by value, it would be copied for each function that holds it.
pub(crate) async fn within<T>(limit: Duration, mut work: Pin<&mut impl Future<Output = T>>) -> Option<T> {
    let begun = poll_fn(|context| Poll::Ready(work.as_mut().poll(context)));
    match begun.await {
        Poll::Ready(done) => Some(done),
        Poll::Pending => tokio::time::timeout(limit, work).await.ok(),
    }
}

/// A handler that panics costs its request, not the server.
async fn catch_panic<T>(mut work: Pin<&mut impl Future<Output = T>>) -> Result<T, Problem> {
    let guarded = poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
        Ok(poll) => poll.map(Ok),
        Err(panic) => Poll::Ready(Err(panic)),
    });
    guarded.await.map_err(|panic| {
        let text = panic.downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        Problem::internal(format!("a handler panicked: {}", text.unwrap_or("without a text")))
    })
}

/// What is told of a request once it is answered.
struct Asked {
    start: Instant,
    id: HeaderValue,
    trace: Option<HeaderValue>,
    method: Method,
    target: Target,
}

impl Asked {
    fn of<B>(app: &AppState, target: Target, request: &Request<B>) -> Asked {
        Asked {
            start: Instant::now(),
            id: app.request_ids.of(request.headers()),
            trace: request.headers().get(TRACEPARENT).cloned(),
            method: request.method().clone(),
            target,
        }
    }

    /// The headers that every answer has, its count, and its line in the log: the route, never the ids in it.
    fn finish(self, app: &AppState, mut response: Response) -> Response {
        let took = self.start.elapsed();
        app.answered.count(self.target.place, &self.method, response.status(), took);
        self.log(&response, took);
        let headers = response.headers_mut();
        security_headers::put(headers);
        headers.insert(REQUEST_ID, self.id);
        response
    }

    /// A fault of ours is always worth a line, with its cause; any other request when somebody looks closely.
    fn log(&self, response: &Response, took: Duration) {
        let cause = response.extensions().get::<Cause>();
        if cause.is_none() && !tracing::enabled!(tracing::Level::DEBUG) {
            return;
        }
        let request_id = self.id.to_str().unwrap_or_default();
        let trace = self.trace.as_ref().and_then(trace_of);
        let (trace_id, parent_id) = trace.map_or((None, None), |(trace, parent)| (Some(trace), Some(parent)));
        let (method, route) = (&self.method, self.target.address().unwrap_or(NO_ROUTE));
        let status = response.status().as_u16();
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        if let Some(Cause { problem, detail }) = cause {
            tracing::error!(request_id, trace_id, parent_id, %method, route, status, micros, problem, cause = detail, "request failed");
        } else {
            tracing::debug!(request_id, trace_id, parent_id, %method, route, status, micros, "answered");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_a_problem() {
        let caught: Result<Response, Problem> = catch_panic(pin!(async { panic!("on purpose") })).await;
        let response = caught.unwrap_or_else(Problem::into_response);
        assert_eq!(response.status(), 500);
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        assert_eq!(catch_panic(pin!(async { 7 })).await.ok(), Some(7));
    }

    #[tokio::test]
    async fn what_takes_too_long_is_given_up() {
        let soon = Duration::from_millis(10);
        assert_eq!(within(soon, pin!(async { 7 })).await, Some(7));
        assert_eq!(within(Duration::from_secs(60), pin!(tokio::task::yield_now())).await, Some(()));
        assert_eq!(within(soon, pin!(std::future::pending::<()>())).await, None);
    }
}
