//! Compressed bodies, and facts as a stream in which each line is answered.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use experiment_server::store::Role;

use serde_json::{Value, json};

use crate::analyze::gzipped as gzip;

use super::under_test::{Served, WINBACK};

const NDJSON: (&str, &str) = ("content-type", "application/x-ndjson");
const EACH_LINE: (&str, &str) = ("accept", "application/x-ndjson");

fn zstd(text: &[u8]) -> Vec<u8> {
    zstd::encode_all(text, 3).unwrap()
}

fn orders(ids: std::ops::Range<usize>) -> String {
    ids.map(|id| format!("{{\"id\": \"{id}\", \"customer\": \"c-{id}\", \"event\": \"order\"}}\n")).collect()
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn compressed_bodies_are_read_wherever_bodies_are() {
    let served = Served::start();
    let zipped = [("content-type", "application/yaml"), ("content-encoding", "gzip")];
    assert_eq!(served.call_bytes("POST", "/v1/experiments", &zipped, &gzip(WINBACK.as_bytes())).status, 201);
    let body = br#"{"experiment": "winback", "customer": {"id": "a"}}"#;
    let packed = [("content-encoding", "zstd")];
    let answer = served.call_bytes("POST", "/v1/assign", &packed, &zstd(body));
    assert_eq!((answer.status, answer.json()["reason"].clone()), (200, json!("draft")), "{}", answer.text);
    let text = orders(0..1_000);
    for (encoding, body) in [("gzip", gzip(text.as_bytes())), ("zstd", zstd(text.as_bytes()))] {
        let answer =
            served.call_bytes("POST", "/v1/conversions", &[NDJSON, ("content-encoding", encoding)], &body);
        let sum = answer.json()["accepted"].as_u64().unwrap() + answer.json()["duplicates"].as_u64().unwrap();
        assert_eq!(sum, 1_000, "{}", answer.text);
    }
    assert_eq!(served.server().store().log_position(), 1_001);
}

#[test]
fn a_compressed_body_that_is_not_whole_or_holds_too_much_is_refused() {
    let served = Served::start();
    let send = |encoding, body: &[u8]| {
        served.call_bytes("POST", "/v1/conversions", &[NDJSON, ("content-encoding", encoding)], body)
    };
    let text = orders(0..100);
    for (encoding, body) in [("gzip", gzip(text.as_bytes())), ("zstd", zstd(text.as_bytes()))] {
        send(encoding, &body[..body.len() - 3]).problem(400, "invalid-body");
        send(encoding, b"not compressed at all").problem(400, "invalid-body");
    }
    let bomb = " ".repeat(20 << 20);
    for (encoding, body) in [("gzip", gzip(bomb.as_bytes())), ("zstd", zstd(bomb.as_bytes()))] {
        assert!(body.len() < 100_000);
        let problem = send(encoding, &body).problem(413, "too-large");
        assert!(problem["detail"].as_str().unwrap().contains("10485760 bytes"), "{problem}");
    }
    send("gzip, zstd", b"{}").problem(415, "unsupported-media-type");
    assert_eq!(served.server().store().log_position(), 0);
}

#[test]
fn each_line_of_a_stream_is_answered_by_a_line() {
    let served = Served::start();
    let body = "{\"id\": \"1\", \"customer\": \"a\", \"event\": \"order\"}\n\
                \n\
                {\"id\": \"1\", \"customer\": \"a\", \"event\": \"order\"}\r\n\
                {\"id\": \"2\", \"customer\": \"a\", \"evnt\": \"order\"}\n\
                {\"id\": \"3\", \"customer\": \"\n\
                {\"customer\": \"b\", \"event\": \"order\", \"at\": \"2030-01-01T00:00:00Z\"}";
    let answer = served.call("POST", "/v1/conversions", &[NDJSON, EACH_LINE], body);
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/x-ndjson"));
    let told = lines(&answer.text);
    assert_eq!(told[0], json!({"index": 0, "id": "1", "outcome": "accepted"}));
    assert_eq!(told[1], json!({"index": 1, "id": "1", "outcome": "duplicate"}));
    assert_eq!((&told[2]["outcome"], &told[2]["id"]), (&json!("rejected"), &json!("2")));
    let fields: Vec<&Value> = told[2]["errors"].as_array().unwrap().iter().map(|e| &e["field"]).collect();
    assert_eq!(fields, ["event", "evnt"], "{}", told[2]);
    assert_eq!((&told[3]["outcome"], &told[3]["id"]), (&json!("rejected"), &Value::Null));
    assert_eq!((&told[4]["outcome"], &told[4]["flagged"][0]["field"]), (&json!("accepted"), &json!("at")));
    assert!(told[4]["id"].is_string(), "the id that the server made");
    assert_eq!(told[5], json!({"accepted": 2, "duplicates": 1, "rejected": 2, "complete": true}));
    assert_eq!(told.len(), 6);
}

#[test]
fn a_stream_may_be_longer_than_a_batch_and_compressed() {
    let served = Served::start();
    let text = orders(0..25_000);
    served.post_ndjson("/v1/conversions", &text).problem(413, "too-large");
    for (encoding, body) in [("identity", text.as_bytes().to_vec()), ("gzip", gzip(text.as_bytes()))] {
        let headers = [NDJSON, EACH_LINE, ("content-encoding", encoding)];
        let answer = served.call_bytes("POST", "/v1/conversions", &headers, &body);
        let told = lines(&answer.text);
        assert_eq!(told.len(), 25_001);
        assert!(told[..25_000].iter().enumerate().all(|(index, line)| line["index"] == index));
        let accepted = if encoding == "identity" { 25_000 } else { 0 };
        let total =
            json!({"accepted": accepted, "duplicates": 25_000 - accepted, "rejected": 0, "complete": true});
        assert_eq!(told[25_000], total);
    }
    assert_eq!(served.server().store().log_position(), 25_000);
}

#[test]
fn who_sends_slowly_is_answered_at_once() {
    let served = Served::start();
    let (mut stream, mut answers) = begin(&served, "");
    for id in 0..3 {
        send(&mut stream, id);
        // The next line is sent only once this one is answered, which means that it is on disk.
        let told: Value = serde_json::from_str(&answers.next().unwrap()).unwrap();
        assert_eq!(told["index"], id);
        assert_eq!(served.server().store().log_position(), id as u64 + 1);
    }
    stream.write_all(b"0\r\n\r\n").unwrap();
    let last = answers.next().unwrap();
    assert!(last.contains("\"complete\":true"), "{last}");
}

/// A stream that was begun with these headers: what is written to, and the lines of the answer.
fn begin(served: &Served, headers: &str) -> (TcpStream, impl Iterator<Item = String> + use<>) {
    let mut stream = served.connect();
    let head = "POST /v1/conversions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nAccept: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n";
    stream.write_all(format!("{head}{headers}\r\n").as_bytes()).unwrap();
    let answers = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
    (stream, answers.filter(|line| line.starts_with("{\"")))
}

fn send(stream: &mut TcpStream, id: usize) {
    let line = orders(id..id + 1);
    write!(stream, "{:x}\r\n{line}\r\n", line.len()).unwrap();
}

#[test]
fn a_stream_ends_with_its_key() {
    let mut served = Served::start();
    for by_key in [false, true] {
        let (id, key) = if by_key { served.make_key("shop", Role::Client) } else { Default::default() };
        let (mut stream, mut answers) = begin(&served, &format!("X-API-Key: {key}\r\n"));
        let known = served.server().store().log_position();
        send(&mut stream, usize::from(by_key));
        assert!(answers.next().unwrap().contains("\"accepted\""));
        // The key is revoked; or there is one now, and the stream came without.
        if by_key {
            served.revoke(&id)
        } else {
            drop(served.make_key("other", Role::Admin))
        };
        send(&mut stream, 2);
        let last: Value = serde_json::from_str(&answers.next().unwrap()).unwrap();
        assert_eq!((&last["accepted"], &last["complete"]), (&json!(1), &json!(false)));
        assert_eq!(last["problem"]["type"], "urn:experiment:problem:unauthenticated");
        assert_eq!(served.server().store().log_position(), known + 1);
    }
    served.stop();
}

#[test]
fn what_comes_together_in_a_stream_counts_as_a_request() {
    let served = Served::start();
    let key = served.make_limited_key("shop", Role::Client, "1000/d");
    let headers = [NDJSON, EACH_LINE, ("x-api-key", key.as_str())];
    let told = lines(&served.call("POST", "/v1/conversions", &headers, &orders(0..5_000)).text);
    assert_eq!(told.last().unwrap()["accepted"], 5_000);
    let answer = served.call("POST", "/v1/conversions", &[("x-api-key", key.as_str())], "{}");
    let left = answer.header("ratelimit").strip_prefix("\"key\";r=").unwrap().split(';').next().unwrap();
    // The stream, each thousand of its lines, and this one; one may have come back meanwhile.
    assert!(left.parse::<u32>().unwrap() <= 1_000 - 1 - 5 - 1 + 1, "{left}");
}

#[test]
fn a_stream_that_breaks_says_so_and_keeps_what_it_answered() {
    let served = Served::start();
    let text = orders(0..3_000);
    let mut packed = gzip(text.as_bytes());
    packed.truncate(packed.len() - 4);
    let headers = [NDJSON, EACH_LINE, ("content-encoding", "gzip")];
    let told = lines(&served.call_bytes("POST", "/v1/conversions", &headers, &packed).text);
    let last = told.last().unwrap();
    assert_eq!((&last["complete"], &last["problem"]["status"]), (&json!(false), &json!(400)), "{last}");
    let accepted = last["accepted"].as_u64().unwrap();
    assert_eq!(accepted, served.server().store().log_position());
    assert_eq!(told.len() as u64, accepted + 1);
    let long = format!("{{\"id\": \"{}\"}}\n{}", "x".repeat(100_000), orders(5_000..5_001));
    let told = lines(&served.call("POST", "/v1/conversions", &[NDJSON, EACH_LINE], &long).text);
    assert_eq!(told[0]["errors"][0]["detail"], "the line has more than 65536 bytes");
    assert_eq!(told[1]["outcome"], "accepted");
}
