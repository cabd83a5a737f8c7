//! What operators see: numbers to scrape and lines of the log.

use std::fs::File;

use serde_json::Value;

use crate::process::Process;

use super::under_test::{KEY, Served, with_key};

/// The value of a line of `/metrics`.
#[track_caller]
fn value(metrics: &str, name: &str) -> f64 {
    let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name} in\n{metrics}")).parse().unwrap()
}

#[test]
fn what_was_done_is_counted() {
    let served = Served::with_winback();
    let assign = |customer: &str| {
        let body = format!(r#"{{"experiment": "winback", "customer": {{"id": "{customer}"}}}}"#);
        assert_eq!(served.post("/v1/assign", &body).status, 200);
    };
    ["anna-1", "anna-1", "qa-1"].into_iter().for_each(assign);
    served.send("/v1/conversions", "{\"id\": \"1\", \"customer\": \"anna-1\", \"event\": \"order\"}\n{\"customer\": \"bob-2\", \"event\": \"order\"}");
    served.post("/v1/conversions", r#"{"id": "1", "customer": "anna-1", "event": "order"}"#);
    served.get("/v1/experiments/winback/customers/anna-1");
    served.get("/v1/nowhere/anna-1");
    let answer = served.get("/metrics");
    assert_eq!(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let metrics = answer.text;
    let is = |name: &str, expected: f64| assert_eq!(value(&metrics, name), expected, "{name}\n{metrics}");
    is("experiment_http_requests_total{route=\"/v1/assign\",method=\"POST\",status=\"200\"}", 3.0);
    is("experiment_http_requests_total{route=\"/v1/conversions\",method=\"POST\",status=\"200\"}", 2.0);
    is("experiment_http_requests_total{route=\"(none)\",method=\"GET\",status=\"404\"}", 1.0);
    is("experiment_http_request_duration_seconds_count{route=\"/v1/assign\"}", 3.0);
    is("experiment_http_request_duration_seconds_bucket{route=\"/v1/assign\",le=\"+Inf\"}", 3.0);
    assert!(
        value(&metrics, "experiment_http_request_quantile_seconds{route=\"/v1/assign\",quantile=\"1\"}")
            > 0.0
    );
    // Definition, start, exposure, two events.
    is("experiment_facts_total", 5.0);
    is("experiment_log_position", 5.0);
    is("experiment_commits_total", 4.0);
    is("experiment_commit_facts_bucket{le=\"1\"}", 3.0);
    is("experiment_commit_facts_bucket{le=\"2\"}", 4.0);
    is("experiment_commit_facts_sum", 5.0);
    is("experiment_duplicates_total", 1.0);
    is("experiment_queue_facts", 0.0);
    is("experiment_ready", 1.0);
    let [free, reserve] =
        ["free", "reserve"].map(|of| value(&metrics, &format!("experiment_disk_{of}_bytes")));
    assert!(free > reserve && reserve >= 4_194_304.0, "{free} free, {reserve} to stay so");
    is("experiment_http_requests_in_progress", 0.0);
    for (reason, count) in [("assigned", 1.0), ("sticky", 1.0), ("override", 1.0)] {
        let name = format!("experiment_assignments_total{{experiment=\"winback\",reason=\"{reason}\"}}");
        is(&name, count);
    }
    for customer in ["anna", "bob", "qa-1"] {
        assert!(!metrics.contains(customer), "{customer} in\n{metrics}");
    }
}

#[test]
fn numbers_by_experiment_are_for_those_who_may_read_it() {
    let served = Served::start_with(with_key);
    let with = [("x-api-key", KEY), ("content-type", "application/yaml")];
    let definition = "{key: secret, variants: [{key: a}, {key: b}], metrics: [{key: m, kind: conversion, event: e, window: {to: 1d}, role: primary}]}";
    assert_eq!(served.call("POST", "/v1/experiments", &with, definition).status, 201);
    let body = r#"{"experiment": "secret", "customer": {"id": "c"}}"#;
    assert_eq!(served.call("POST", "/v1/assign", &[with[0]], body).status, 200);
    let open = served.get("/metrics");
    assert_eq!(open.status, 200);
    assert!(!open.text.contains("secret") && open.text.contains("experiment_facts_total"), "{}", open.text);
    let read = served.call("GET", "/metrics", &[with[0]], "").text;
    assert_eq!(value(&read, "experiment_assignments_total{experiment=\"secret\",reason=\"draft\"}"), 1.0);
}

#[test]
fn every_answer_has_the_id_of_its_request() {
    let served = Served::start();
    let sent = served.call("GET", "/healthz", &[("x-request-id", "checkout-17")], "");
    assert_eq!(sent.headers["x-request-id"], "checkout-17");
    let made = served.get("/v1/nowhere").headers["x-request-id"].clone();
    assert_ne!(served.get("/v1/nowhere").headers["x-request-id"], made);
}

#[test]
fn the_log_is_json_when_asked_and_says_which_request_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let said = folder.path().join("stderr");
    let process = Process::start_with(&folder.path().join("data"), |command| {
        command.envs([("EXPERIMENT_LOG", "debug"), ("EXPERIMENT_LOG_FORMAT", "json")]);
        command.stderr(File::create(&said).unwrap());
    });
    let url = process.client.url();
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let answer = ureq::get(format!("{url}/v1/experiments"))
        .header("x-request-id", "checkout-17")
        .header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"))
        .call();
    assert_eq!(answer.unwrap().status(), 200);
    assert!(process.terminate().success());
    let log = std::fs::read_to_string(&said).unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let line =
        lines.iter().find(|line| line["request_id"] == "checkout-17").unwrap_or_else(|| panic!("{log}"));
    let fields = [&line["level"], &line["message"], &line["trace_id"], &line["parent_id"], &line["route"]];
    assert_eq!(fields, ["DEBUG", "answered", trace, "00f067aa0ba902b7", "/v1/experiments"]);
    assert_eq!(line["status"], 200);
    assert!(lines.iter().any(|line| line["message"] == "stopped"), "{log}");
}
