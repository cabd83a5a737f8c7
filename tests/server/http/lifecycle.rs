//! The steps of an experiment's life.

use serde_json::json;

use super::under_test::{Served, WINBACK};

fn token(served: &Served) -> String {
    served.token()
}

#[test]
fn steps_may_be_repeated() {
    let served = Served::start();
    assert_eq!(served.post_yaml("/v1/experiments", WINBACK).status, 201);
    let step = |name: &str, body: &str| {
        let token = token(&served);
        let headers = [("content-type", "application/json"), ("x-start-token", token.as_str())];
        served.call("POST", &format!("/v1/experiments/winback/{name}"), &headers, body)
    };
    for (name, body, status) in [
        ("start", "", "running"),
        ("stop", "{}", "stopped"),
        ("conclude", r#"{"variant": "discount", "force": true}"#, "concluded"),
        ("archive", "", "archived"),
    ] {
        let first = step(name, body);
        assert_eq!((first.status, &first.json()["status"]), (200, &json!(status)), "{}", first.text);
        let facts = served.server().store().log_position();
        let again = step(name, body);
        assert_eq!((again.status, again.json()), (200, first.json()));
        assert_eq!(served.server().store().log_position(), facts, "a repeat writes nothing");
    }
    assert_eq!(served.get("/v1/experiments/winback").json()["winner"], "discount");
}

#[test]
fn only_what_the_status_allows() {
    let served = Served::start();
    assert_eq!(served.post_yaml("/v1/experiments", WINBACK).status, 201);
    let problem = served.post("/v1/experiments/winback/stop", "").problem(409, "wrong-status");
    assert_eq!(
        problem["detail"],
        "cannot stop an experiment that is draft; mend: start it first, or archive it"
    );
    served.post("/v1/experiments/winback/conclude", r#"{"variant": "control"}"#).problem(409, "wrong-status");
    served.post("/v1/experiments/nothing/start", "").problem(404, "unknown-experiment");
}

#[test]
fn starting_needs_a_complete_plan() {
    let served = Served::start();
    let draft = "key: bare\nvariants: [{key: control}, {key: discount}]";
    assert_eq!(served.post_yaml("/v1/experiments", draft).status, 201);
    let problem = served.post("/v1/experiments/bare/start", "").problem(422, "not-ready-to-start");
    let errors = problem["errors"].as_array().unwrap();
    let paths: Vec<&str> = errors.iter().map(|error| error["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["metrics", "plan.target"]);
}

#[test]
fn concluding_waits_for_the_windows() {
    let served = Served::with_winback();
    let conclude = |body: &str| served.post("/v1/experiments/winback/conclude", body);
    assert_eq!(served.post("/v1/experiments/winback/stop", "").status, 200);
    let problem = conclude(r#"{"variant": "discount"}"#).problem(409, "windows-open");
    assert!(
        problem["detail"].as_str().unwrap().contains("end at 2026-03-23T00:00:00Z"),
        "20 days and 1 of grace after the end of the last cohort day: {problem}"
    );
    // 2026-03-22T23:00 and 2026-03-23T00:00
    served.pass("21d");
    served.pass("11h");
    conclude(r#"{"variant": "discount"}"#).problem(409, "windows-open");
    served.pass("1h");
    let problem = conclude(r#"{"variant": "discont"}"#).problem(422, "invalid-request");
    assert_eq!(problem["errors"][0]["field"], "variant");
    assert_eq!(conclude(r#"{"variant": "discount"}"#).status, 200);
    conclude(r#"{"variant": "control"}"#).problem(409, "wrong-status");
}

#[test]
fn a_forced_conclusion_fixes_the_days_that_are_read() {
    let served = Served::with_winback();
    let exposure = r#"{"customer": "a", "experiment": "winback", "variant": "control", "id": "x"}"#;
    served.send("/v1/exposures", exposure);
    served.pass("10d");
    served.send("/v1/exposures", &exposure.replace("\"a\"", "\"b\""));
    assert_eq!(served.post("/v1/experiments/winback/stop", "").status, 200);
    served.pass("11d");
    let headers = [("content-type", "application/json"), ("x-start-token", &token(&served))];
    let force = r#"{"variant": "discount", "force": true}"#;
    assert_eq!(served.call("POST", "/v1/experiments/winback/conclude", &headers, force).status, 200);
    served.pass("60d");
    let report = served.get("/v1/experiments/winback/results?fresh").json();
    assert_eq!(report["as_of"], "2026-03-22T12:00:00Z");
    assert_eq!(
        (&report["metrics"][0]["arms"][0]["n"], &report["metrics"][0]["immature"]),
        (&json!(1), &json!(1))
    );
}

#[test]
fn what_cannot_be_undone_needs_the_start_token() {
    let served = Served::with_winback();
    assert_eq!(served.post("/v1/experiments/winback/stop", "").status, 200);
    let force = r#"{"variant": "discount", "force": true}"#;
    let with = |path: &str, token: &str, body: &str| {
        let headers = [("content-type", "application/json"), ("x-start-token", token)];
        served.call("POST", path, &headers, body)
    };
    served.post("/v1/experiments/winback/conclude", force).problem(403, "start-token-needed");
    with("/v1/experiments/winback/conclude", "wrong", force).problem(403, "start-token-needed");
    served.post("/v1/experiments/winback/archive", "").problem(403, "start-token-needed");
    assert_eq!(served.get("/v1/experiments/winback").json()["status"], "stopped");
    assert_eq!(with("/v1/experiments/winback/conclude", &token(&served), force).status, 200);
    assert_eq!(with("/v1/experiments/winback/archive", &token(&served), "").status, 200);
}

#[test]
fn bodies_are_read_strictly() {
    let served = Served::with_winback();
    let problem =
        served.post("/v1/experiments/winback/stop", r#"{"now": true}"#).problem(422, "invalid-request");
    assert_eq!(problem["errors"][0]["mend"], "this call has no fields");
    let problem = served.post("/v1/experiments/winback/conclude", "").problem(422, "invalid-request");
    assert_eq!(problem["errors"][0]["field"], "variant");
    served.post("/v1/experiments/winback/stop", "{").problem(400, "invalid-body");
    served.post("/v1/experiments/winback/phase", "{}").problem(501, "not-supported");
    assert_eq!(served.get("/v1/experiments/winback").json()["status"], "running");
}
