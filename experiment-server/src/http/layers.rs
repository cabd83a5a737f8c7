//! What happens around every request: bounds, panics, headers, a count, a line in the log.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::{Cause, Problem};
use super::security_headers;
use super::state::AppState;
use crate::telemetry::{NO_ROUTE, REQUEST_ID, TRACEPARENT, trace_of};

/// Recounts take as long as they take.
const WITHOUT_TIMEOUT: &str = "/v1/verify";
/// Probes are answered even when nothing else is.
const WITHOUT_BOUND: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// At most so many requests at once, each within its time.
pub(crate) async fn bound(
    State(app): State<AppState>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let path = request.uri().path();
    if WITHOUT_BOUND.contains(&path) {
        return Ok(next.run(request).await);
    }
    let Ok(_permit) = app.requests.try_acquire() else {
        return Err(Problem::busy("too many requests are in progress; mend: try again in a moment"));
    };
    if path == WITHOUT_TIMEOUT {
        return Ok(next.run(request).await);
    }
    let timeouts = app.settings.timeouts;
    let answer = tokio::time::timeout(timeouts.body + timeouts.answer, next.run(request)).await;
    answer.map_err(|_| {
        let seconds = timeouts.answer.as_secs_f64();
        Problem::busy(format!(
            "no answer within {seconds} s; mend: try again, writes may be repeated safely with the same ids"
        ))
    })
}

/// A handler that panics costs its request, not the server.
pub(crate) async fn catch_panic(request: Request, next: Next) -> Response {
    let mut answer = pin!(next.run(request));
    let guarded = poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(context))) {
        Ok(poll) => poll.map(Ok),
        Err(panic) => Poll::Ready(Err(panic)),
    });
    guarded.await.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        Problem::internal(format!("a handler panicked: {}", text.unwrap_or("without a text"))).into_response()
    })
}

/// The headers that every answer has, its count, and its line in the log: the route, never the ids in it.
pub(crate) async fn finish(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let asked = Asked::of(&app, &request);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    security_headers::put(headers);
    headers.insert(REQUEST_ID, asked.id.clone());
    let took = start.elapsed();
    app.answered.count(asked.route(), &asked.method, response.status(), took);
    asked.log(&response, took);
    response
}

/// What is told of a request once it is answered.
struct Asked {
    id: HeaderValue,
    trace: Option<HeaderValue>,
    method: Method,
    route: Option<MatchedPath>,
}

impl Asked {
    fn of(app: &AppState, request: &Request) -> Asked {
        Asked {
            id: app.request_ids.of(request.headers()),
            trace: request.headers().get(TRACEPARENT).cloned(),
            method: request.method().clone(),
            route: request.extensions().get().cloned(),
        }
    }

    fn route(&self) -> Option<&str> {
        self.route.as_ref().map(MatchedPath::as_str)
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
        let (method, route) = (&self.method, self.route().unwrap_or(NO_ROUTE));
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
    use axum::Router;
    use axum::body::Body;
    use axum::http::StatusCode;
    use axum::middleware::from_fn;
    use axum::routing::get;
    use hyper_util::service::TowerToHyperService;

    #[tokio::test]
    async fn a_panic_is_a_problem_and_the_next_request_is_answered() {
        let router: Router = Router::new()
            .route("/panic", get(async || -> &'static str { panic!("on purpose") }))
            .route("/fine", get(async || "fine"))
            .layer(from_fn(catch_panic));
        let service = TowerToHyperService::new(router);
        let ask = async |path: &str| {
            let request = Request::builder().uri(path).body(Body::empty()).unwrap();
            hyper::service::Service::call(&service, request).await.unwrap()
        };
        let response = ask("/panic").await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        assert_eq!(ask("/fine").await.status(), StatusCode::OK);
    }
}
