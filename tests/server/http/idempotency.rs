//! Changes that are sent again under their name.

use serde_json::json;

use super::under_test::{Served, WINBACK};

const NAMED: (&str, &str) = ("idempotency-key", "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"");
const YAML: (&str, &str) = ("content-type", "application/yaml");

#[test]
fn a_change_that_is_sent_again_is_answered_as_before() {
    let served = Served::start();
    let create = || served.call("POST", "/v1/experiments", &[YAML, NAMED], WINBACK);
    let (first, again) = (create(), create());
    assert_eq!((first.status, again.status), (201, 201), "{}", again.text);
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), ("", "true"));
    assert_eq!(first.text, again.text);
    for name in ["etag", "location", "content-type"] {
        assert_eq!(first.header(name), again.header(name));
    }
    let changed = WINBACK.replace("percent: 20", "percent: 25");
    let put = |name| {
        let headers = [YAML, ("if-match", first.header("etag")), ("idempotency-key", name)];
        served.call("PUT", "/v1/experiments/winback", &headers, &changed)
    };
    // Without the name, the repeat would meet its own change: 412.
    let (first_put, again) = (put("put-1"), put("put-1"));
    assert_eq!((first_put.status, again.status, again.text), (200, 200, first_put.text));
    assert_eq!(put("put-2").status, 412);
    assert_eq!(served.get("/v1/experiments/winback").json()["version"], 2);
}

#[test]
fn a_name_belongs_to_one_change() {
    let served = Served::start();
    assert_eq!(served.call("POST", "/v1/experiments", &[YAML, NAMED], WINBACK).status, 201);
    let other = WINBACK.replace("key: winback", "key: other");
    let problem =
        served.call("POST", "/v1/experiments", &[YAML, NAMED], &other).problem(422, "invalid-request");
    assert_eq!(problem["errors"][0]["field"], "Idempotency-Key");
    served.get("/v1/experiments/other").problem(404, "unknown-experiment");
    let start = served.call("POST", "/v1/experiments/winback/start", &[NAMED], "");
    start.problem(422, "invalid-request");
    for wrong in ["", "\"\"", "two words", &"x".repeat(256)] {
        let named = [YAML, ("idempotency-key", wrong)];
        served.call("POST", "/v1/experiments", &named, &other).problem(400, "invalid-parameter");
    }
}

#[test]
fn a_refusal_is_an_answer_too_and_a_day_later_it_is_forgotten() {
    let served = Served::start();
    let create = || served.call("POST", "/v1/experiments/winback/start", &[NAMED], "");
    create().problem(404, "unknown-experiment");
    assert_eq!(served.post_yaml("/v1/experiments", WINBACK).status, 201);
    create().problem(404, "unknown-experiment");
    served.pass("24h");
    let answer = create();
    assert_eq!((answer.status, answer.json()["status"].clone()), (200, json!("running")), "{}", answer.text);
}

#[test]
fn repeats_at_once_make_one_change() {
    let served = Served::start();
    let answers: Vec<_> = std::thread::scope(|scope| {
        let send = || served.call("POST", "/v1/experiments", &[YAML, NAMED], WINBACK);
        let sent: Vec<_> = (0..8).map(|_| scope.spawn(send)).collect();
        sent.into_iter().map(|sent| sent.join().unwrap()).collect()
    });
    assert!(answers.iter().all(|answer| answer.status == 201 && answer.text == answers[0].text));
    let first: Vec<_> =
        answers.iter().filter(|answer| answer.header("idempotency-replayed").is_empty()).collect();
    assert_eq!(first.len(), 1);
    assert_eq!(served.server().store().log_position(), 1);
}
