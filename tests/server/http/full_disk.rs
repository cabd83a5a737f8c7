//! Every call on a disk that counts as full, since more is to stay free than there is.

use serde_json::{Value, json};

use super::under_test::{Served, WINBACK};

/// A server with some facts, started again on a disk of which more is to stay free than it has.
fn full() -> Served {
    let mut served = Served::with_winback();
    let body = r#"{"experiment": "winback", "customer": {"id": "known"}}"#;
    assert_eq!(served.post("/v1/assign", body).json()["exposure"], "recorded");
    served.send("/v1/conversions", r#"{"id": "1", "customer": "known", "event": "order"}"#);
    served.get("/v1/experiments/winback/results?fresh=true").json();
    served.restart(|settings| settings.disk_reserve = Some(u64::MAX / 8));
    served
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn what_would_be_written_is_refused_with_what_is_needed() {
    let served = full();
    let position = served.server().store().log_position();
    let token = served.token();
    let admin = [("x-start-token", token.as_str())];
    let fact = r#"{"id": "2", "customer": "new", "event": "order"}"#;
    let exposure = r#"{"id": "2", "customer": "new", "experiment": "winback", "variant": "control"}"#;
    let problem = served.post("/v1/conversions", fact).problem(507, "disk-full");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("needs") && detail.contains("MiB free, and there are"), "{detail}");
    assert!(detail.contains("mend: make room on it, and this goes on by itself"), "{detail}");
    served.post("/v1/exposures", exposure).problem(507, "disk-full");
    served
        .post_yaml("/v1/experiments", &WINBACK.replace("key: winback", "key: other"))
        .problem(507, "disk-full");
    served.post("/v1/experiments/winback/stop", "").problem(507, "disk-full");
    let etag = served.get("/v1/experiments/winback").header("etag").to_owned();
    let put = [("content-type", "application/yaml"), ("if-match", etag.as_str())];
    let changed = format!("{WINBACK}\ntraffic: 0.5");
    served.call("PUT", "/v1/experiments/winback", &put, &changed).problem(507, "disk-full");
    let etag = served.get("/v1/catalog").header("etag").to_owned();
    let put = [("content-type", "application/yaml"), ("if-match", etag.as_str())];
    served.call("PUT", "/v1/catalog", &put, "segments: {vip: {orders: {$gt: 3}}}").problem(507, "disk-full");
    served.call("DELETE", "/v1/customers/known", &admin, "").problem(507, "disk-full");
    // A stream of facts ends with it.
    let streamed = [("content-type", "application/x-ndjson"), ("accept", "application/x-ndjson")];
    let told = lines(&served.call("POST", "/v1/conversions", &streamed, fact).text);
    let last = told.last().unwrap();
    assert_eq!((&last["complete"], &last["problem"]["status"]), (&json!(false), &json!(507)), "{last}");
    assert_eq!(served.server().store().log_position(), position);
}

#[test]
fn what_is_not_written_goes_on() {
    let served = full();
    let repeat = served.post("/v1/conversions", r#"{"id": "1", "customer": "known", "event": "order"}"#);
    assert_eq!(repeat.json()["duplicates"], 1);
    let assign = |customer: &str| {
        let body = format!(r#"{{"experiment": "winback", "customer": {{"id": "{customer}"}}}}"#);
        served.post("/v1/assign", &body).json()
    };
    assert_eq!(assign("known")["exposure"], "known");
    let new = assign("new");
    assert_eq!((&new["exposure"], &new["reason"]), (&json!("not_recorded"), &json!("assigned")));
    assert!(new["detail"].as_str().unwrap().contains("nearly full"), "{new}");
    let several = served.post("/v1/assign", r#"{"record": true, "customer": {"id": "new"}}"#).json();
    assert_eq!(several["assignments"][0]["exposure"], "not_recorded");
    // All facts are in the sums: no report is behind.
    let report = served.get("/v1/experiments/winback/results?fresh=true").json();
    let checks = report["health"]["checks"].as_array().unwrap();
    assert!(checks.iter().all(|check| check["check"] != "stale"), "{checks:?}");
    served.get("/healthz").json();
    let ready = served.get("/readyz").json();
    assert_eq!(ready["status"], "degraded");
    assert!(ready["waits_for"].as_str().unwrap().contains("taking facts in needs"), "{ready}");
    let metrics = served.get("/metrics").text;
    assert!(metrics.lines().any(|line| line.starts_with("experiment_ready 0")), "{metrics}");
    let token = served.token();
    let admin = [("x-start-token", token.as_str())];
    for path in ["/v1/export", "/v1/verify"] {
        assert_eq!(served.call("POST", path, &admin, "").status, 200, "{path}");
    }
    let mut backup = Vec::new();
    assert_eq!(served.server().store().back_up(&mut backup, &mut |_, _| ()).unwrap().facts, 4);
}
