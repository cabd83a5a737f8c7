//! Bounds: bodies, batches, headers, slow clients, many requests.

use std::io::{Read, Write};
use std::time::Duration;

use super::under_test::Served;

const TEN_MIB: usize = 10 * 1024 * 1024;

#[test]
fn a_body_is_read_up_to_its_bound_and_one_byte_more_is_not() {
    let served = Served::start();
    let line = r#"{"customer": "c", "event": "order", "id": "a"}"#;
    let body = |bytes: usize| format!("{line}{}", " ".repeat(bytes - line.len()));
    assert_eq!(served.post("/v1/conversions", &body(TEN_MIB)).json()["accepted"], 1);
    let too_large = |path: &str, bytes: usize| {
        let problem = served.post(path, &body(bytes)).problem(413, "too-large");
        problem["detail"].as_str().unwrap().to_owned()
    };
    let detail = too_large("/v1/conversions", TEN_MIB + 1);
    assert!(detail.contains("10485760") && detail.contains("split the batch"), "{detail}");
    for path in ["/v1/assign", "/v1/experiments", "/v1/power"] {
        let detail = too_large(path, 512 * 1024 + 1);
        assert!(detail.contains("524288") && detail.contains("send less"), "{detail}");
    }
    assert_eq!(served.post("/v1/assign", &body(512 * 1024)).status, 422);
}

#[test]
fn a_chunked_body_is_bounded_too() {
    let served = Served::start();
    let mut stream = served.connect();
    let head = "POST /v1/conversions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let chunk = format!("100000\r\n{}\r\n", " ".repeat(1 << 20));
    for _ in 0..11 {
        stream.write_all(chunk.as_bytes()).unwrap();
    }
    stream.write_all(b"0\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[test]
fn whoever_asks_before_sending_too_much_is_told_at_once() {
    let served = Served::start();
    let head = format!(
        "POST /v1/conversions HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        TEN_MIB + 1
    );
    assert!(served.raw(&head).starts_with("HTTP/1.1 413 "));
}

#[test]
fn a_batch_has_ten_thousand_items_at_most() {
    let served = Served::start();
    let batch = |items: usize| {
        let line = |n: usize| format!("{{\"customer\": \"c{n}\", \"event\": \"order\", \"id\": \"a\"}}\n");
        (0..items).map(line).collect::<String>()
    };
    assert_eq!(served.post_ndjson("/v1/conversions", &batch(10_000)).json()["accepted"], 10_000);
    let problem = served.post_ndjson("/v1/conversions", &batch(10_001)).problem(413, "too-large");
    assert_eq!(
        problem["detail"],
        "10001 items are too many for one batch, the most is 10000; mend: split the batch"
    );
}

#[test]
fn a_media_type_nobody_reads_is_415() {
    let served = Served::start();
    for path in ["/v1/assign", "/v1/conversions", "/v1/power"] {
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let problem = served.call("POST", path, &form, "{}").problem(415, "unsupported-media-type");
        assert_eq!(problem["errors"][0]["field"], "Content-Type");
        let zipped = [("content-encoding", "br")];
        let problem = served.call("POST", path, &zipped, "{}").problem(415, "unsupported-media-type");
        assert_eq!(problem["errors"][0]["field"], "Content-Encoding");
    }
}

#[test]
fn headers_are_bounded() {
    let served = Served::start();
    let many: String = (0..200).map(|n| format!("X-{n}: 1\r\n")).collect();
    let long = format!("X-Long: {}\r\n", "x".repeat(100_000));
    for more in [many, long] {
        let answer = served.raw(&format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\n{more}\r\n"));
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
}

#[test]
fn slow_clients_are_let_go() {
    let served = Served::start_with(|settings| {
        settings.timeouts.head = Duration::from_millis(600);
        settings.timeouts.body = Duration::from_millis(600);
    });
    // Headers that never end.
    let answer = served.raw("GET /healthz HTTP/1.1\r\nHost: local");
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{answer}");
    // A connection on which nothing is asked.
    assert_eq!(served.raw(""), "");
    // A body that never ends.
    let answer = served.raw("POST /v1/assign HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{");
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("urn:experiment:problem:body-timeout"), "{answer}");
    assert_eq!(served.get("/healthz").status, 200);
}

#[test]
fn one_request_too_many_is_asked_to_wait_and_probes_are_not() {
    let served = Served::start_with(|settings| settings.max_requests = 1);
    let mut slow = served.connect();
    let head = "POST /v1/assign HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n";
    slow.write_all(head.as_bytes()).unwrap();
    // The server asks for the body once the request is in progress.
    let mut interim = [0; 25];
    slow.read_exact(&mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    let answer = served.get("/v1/experiments");
    answer.problem(503, "busy");
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(served.get("/healthz").status, 200);
    slow.write_all(b"{}").unwrap();
    let mut rest = String::new();
    slow.read_to_string(&mut rest).unwrap();
    assert!(rest.starts_with("HTTP/1.1 422 "), "{rest}");
    assert_eq!(served.get("/v1/experiments").status, 200);
}

#[test]
fn a_body_that_ends_early_is_no_batch() {
    let served = Served::start();
    let mut stream = served.connect();
    let head = "POST /v1/conversions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{}";
    stream.write_all(head.as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert_eq!(served.server().store().log_position(), 0);
}

#[test]
fn a_refusal_before_the_body_leaves_the_connection_usable() {
    let served = Served::start_with(super::under_test::with_key);
    let body = "x".repeat(5 << 20);
    let mut stream = served.connect();
    let head = |more: &str| {
        let length = body.len();
        format!("POST /v1/conversions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n{more}\r\n")
    };
    stream.write_all(head("").as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    stream.write_all(head("Connection: close\r\n").as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    assert_eq!(answers.matches("HTTP/1.1 401 ").count(), 2, "{answers}");
}
