//! `GET /v1/experiments/{key}/customers/{id}`.

use serde_json::{Value, json};

use super::under_test::Served;

#[test]
fn says_why_this_customer_got_this() {
    let served = Served::with_winback();
    let path = "/v1/experiments/winback/customers/m%C3%BCller%2F1";
    let before = served.get(path).json();
    assert_eq!(
        (&before["customer"], &before["reason"], &before["exposures"]),
        (&json!("müller/1"), &json!("assigned"), &json!([]))
    );
    let steps = |answer: &Value| -> Vec<String> {
        let steps = answer["steps"].as_array().unwrap().iter();
        steps.map(|step| step["step"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(
        steps(&before),
        ["status", "override", "external", "concluded", "sticky", "traffic", "variant"]
    );
    let assigned =
        served.post("/v1/assign", r#"{"experiment": "winback", "customer": {"id": "müller/1"}}"#).json();
    let after = served.get(path).json();
    assert_eq!(after["variant"], assigned["variant"]);
    assert_eq!((&after["variant"], &after["reason"]), (&before["variant"], &json!("sticky")));
    assert_eq!(steps(&after), ["status", "override", "external", "concluded", "sticky"]);
    assert_eq!(
        after["exposures"],
        json!([{"id": "assign:winback", "variant": assigned["variant"], "at": "2026-03-01T12:00:00Z",
            "sequence": 2, "recorded_by": "assign", "override": false, "off_assignment": false}])
    );
}

#[test]
fn refuses_what_is_nobody() {
    let served = Served::with_winback();
    served.get("/v1/experiments/nothing/customers/a").problem(404, "unknown-experiment");
    let long = format!("/v1/experiments/winback/customers/{}", "x".repeat(257));
    let problem = served.get(&long).problem(400, "invalid-parameter");
    assert_eq!(problem["errors"][0]["field"], "id");
    served.get("/v1/experiments/winback/customers/%ff").problem(400, "invalid-parameter");
    served.get("/v1/experiments/winback/customers/").problem(404, "unknown-route");
}
