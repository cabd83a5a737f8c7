//! `GET /metrics`: what the server did, as Prometheus reads it. Customers never appear in it.

use std::borrow::Cow;
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use super::auth::Access;
use super::problem::Problem;
use super::state::AppState;
use crate::store::{RoomFor, Space};
use crate::telemetry::{Exposition, MEDIA_TYPE};

/// Ends of the buckets of a latency: seconds as they are told, microseconds as they are counted.
const LATENCY: [(f64, u64); 17] = [
    (0.000_05, 50),
    (0.000_1, 100),
    (0.000_25, 250),
    (0.000_5, 500),
    (0.001, 1_000),
    (0.002_5, 2_500),
    (0.005, 5_000),
    (0.01, 10_000),
    (0.025, 25_000),
    (0.05, 50_000),
    (0.1, 100_000),
    (0.25, 250_000),
    (0.5, 500_000),
    (1.0, 1_000_000),
    (2.5, 2_500_000),
    (10.0, 10_000_000),
    (60.0, 60_000_000),
];
/// Shares of the requests whose latency is told beside the buckets, exact to two digits.
const QUANTILES: [(&str, f64); 5] =
    [("0.5", 0.5), ("0.9", 0.9), ("0.99", 0.99), ("0.999", 0.999), ("1", 1.0)];
/// Ends of the buckets of a commit, in facts.
const COMMIT_FACTS: [(f64, u64); 9] = [
    (1.0, 1),
    (2.0, 2),
    (5.0, 5),
    (10.0, 10),
    (50.0, 50),
    (100.0, 100),
    (1_000.0, 1_000),
    (10_000.0, 10_000),
    (20_000.0, 20_000),
];

/// What anybody may know who can reach the server; by experiment only for callers who may read those.
pub(super) async fn get_metrics(
    State(app): State<AppState>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut exposition = Exposition::default();
    tell_server(&app, &mut exposition);
    tell_requests(&app, &mut exposition);
    tell_store(&app, &mut exposition);
    if app.caller(&headers).is_ok_and(|caller| caller.may(Access::Read).is_ok()) {
        tell_assignments(&app, &mut exposition);
    }
    let text = exposition.write().map_err(Problem::internal)?;
    Ok(([(CONTENT_TYPE, MEDIA_TYPE)], text).into_response())
}

fn tell_server(app: &AppState, told: &mut Exposition) {
    let version = vec![("version", Cow::from(env!("CARGO_PKG_VERSION")))];
    told.gauges("experiment_build_info", "The version that runs", [(version, 1.0)]);
    let started = app.started.0 as f64 / 1e6;
    told.gauge("process_start_time_seconds", "When the server started, seconds since 1970", started);
    let open = app.connections.load(Ordering::Relaxed) as f64;
    told.gauge("experiment_http_connections", "Connections that are open", open);
    let free = app.requests.available_permits();
    let busy = app.settings.max_requests.saturating_sub(free) as f64;
    let help = "Requests in progress, without probes and scrapes";
    told.gauge("experiment_http_requests_in_progress", help, busy);
}

fn tell_requests(app: &AppState, told: &mut Exposition) {
    let answered = app.answered.read();
    let route = |name: &'static str| ("route", Cow::from(name));
    let counts = answered.iter().flat_map(|(name, answered)| {
        answered.counts.iter().map(|((method, status), count)| {
            let labels =
                vec![route(name), ("method", Cow::from(*method)), ("status", Cow::from(status.to_string()))];
            (labels, *count)
        })
    });
    told.counters("experiment_http_requests", "Requests answered", counts);
    let took = answered
        .iter()
        .map(|(name, answered)| (vec![route(name)], answered.took.as_secs_f64(), &answered.latency));
    let help = "Seconds from the end of a request's head to its answer's head";
    told.histograms("experiment_http_request_duration_seconds", help, &LATENCY, took);
    let quantiles = answered.iter().flat_map(|(name, answered)| {
        QUANTILES.iter().map(|(told, share)| {
            let micros = answered.latency.value_at_quantile(*share);
            (vec![route(name), ("quantile", Cow::from(*told))], micros as f64 / 1e6)
        })
    });
    let help = "Seconds that this share of the requests since the start did not exceed";
    told.gauges("experiment_http_request_quantile_seconds", help, quantiles);
}

fn tell_store(app: &AppState, told: &mut Exposition) {
    let store = &app.store;
    let counters = store.counters();
    // The fold is read first: what is logged meanwhile must not make it seem ahead.
    let folded = store.position();
    let logged = store.log_position();
    told.gauge("experiment_queue_facts", "Facts that wait for the writer", store.queued() as f64);
    told.gauge("experiment_log_position", "Facts in the log", logged as f64);
    told.gauge("experiment_fold_lag_facts", "Facts in the log that the sums lack", (logged - folded) as f64);
    let has_room = store.shortage().is_none_or(|shortage| shortage.room_for != RoomFor::Intake);
    let ready = f64::from(u8::from(store.ready().ready && has_room));
    told.gauge("experiment_ready", "1 while facts are taken in", ready);
    if let Some(Space { free, reserve }) = store.space() {
        told.gauge("experiment_disk_free_bytes", "Bytes that can still be written to the disk", free as f64);
        let help = "Bytes of them that intake leaves free, and folding twice as many";
        told.gauge("experiment_disk_reserve_bytes", help, reserve as f64);
    }
    told.counter("experiment_commits", "Commits to the log, each with one fsync", counters.commits);
    told.counter("experiment_facts", "Facts written to the log", counters.facts);
    told.counter("experiment_duplicates", "Facts that were known and not written again", counters.duplicates);
    told.counter("experiment_known", "Assigns answered with a variant that was known", counters.known);
    told.counter("experiment_refused", "Facts refused by the store", counters.refused);
    let help = "Facts dated too far ahead, stored at their time of receipt";
    told.counter("experiment_future_clamped", help, counters.future_clamped);
    told.counter("experiment_folds", "Batches that the sums took in", counters.folds);
    let sizes = store.commit_sizes();
    let row = (Vec::new(), counters.facts as f64, &sizes);
    told.histograms("experiment_commit_facts", "Facts of a commit", &COMMIT_FACTS, [row]);
}

fn tell_assignments(app: &AppState, told: &mut Exposition) {
    let rows = app.assignments.read().into_iter().map(|(experiment, reason, count)| {
        (vec![("experiment", Cow::from(experiment)), ("reason", Cow::from(reason))], count)
    });
    told.counters("experiment_assignments", "Assignments answered", rows);
}
