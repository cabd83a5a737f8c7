//! Probes and the recount.

use serde_json::json;

use super::under_test::{KEY, Served, with_key};

#[test]
fn alive_and_ready() {
    let served = Served::with_winback();
    served.get("/healthz").is(&json!({"status": "alive", "version": env!("CARGO_PKG_VERSION")}));
    let ready = served.get("/readyz").json();
    assert_eq!((&ready["status"], &ready["log_position"]), (&json!("ready"), &json!(2)));
}

#[test]
fn probes_need_no_key() {
    let served = Served::start_with(with_key);
    assert_eq!(served.get("/healthz").status, 200);
    assert_eq!(served.get("/readyz").status, 200);
}

#[test]
fn a_recount_agrees_with_the_sums() {
    let served = Served::with_winback();
    let body = r#"{"experiment": "winback", "customer": {"id": "a"}}"#;
    assert_eq!(served.post("/v1/assign", body).status, 200);
    served.post("/v1/verify", "").problem(403, "start-token-needed");
    let token = served.token();
    let answer = served.call("POST", "/v1/verify", &[("x-start-token", &token)], "");
    let found = answer.json();
    assert_eq!((&found["facts"], &found["differences"]), (&json!(3), &json!([])), "{found}");
    assert!(found["rows_compared"].as_u64().unwrap() > 0, "{found}");
}

#[test]
fn with_a_key_both_key_and_start_token_may_recount() {
    let served = Served::start_with(with_key);
    served.post("/v1/verify", "").problem(401, "unauthenticated");
    let token = served.token();
    assert_eq!(served.call("POST", "/v1/verify", &[("x-start-token", &token)], "").status, 200);
    assert_eq!(served.call("POST", "/v1/verify", &[("x-api-key", KEY)], "").status, 200);
    // The token alone opens nothing else.
    served.call("GET", "/v1/experiments", &[("x-start-token", &token)], "").problem(401, "unauthenticated");
}
