//! `GET /v1/experiments/{key}/customers/{id}`.

use serde_json::{Value, json};

use super::under_test::{Served, WINBACK};

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
        [
            "status",
            "override",
            "external",
            "concluded",
            "sticky",
            "audience",
            "requires",
            "layer",
            "traffic",
            "variant"
        ]
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
fn says_which_attributes_keep_a_customer_out() {
    let served = Served::start();
    let aimed =
        WINBACK.replace("hypothesis:", "audience: {plan: basic, country: {$in: [DE, PL]}}\nhypothesis:");
    served.run(&aimed, "winback");
    let path = "/v1/experiments/winback/customers/c-1";
    let last = |query: &str| {
        served.get(&format!("{path}{query}")).json()["steps"].as_array().unwrap().last().unwrap().clone()
    };
    let outside = last("?attributes=%7B%22plan%22%3A%22basic%22%2C%22country%22%3A%22US%22%7D");
    assert_eq!(
        outside,
        json!({"step": "audience",
            "detail": "the customer is not in the audience: country: {\"$in\":[\"DE\",\"PL\"]}",
            "change": "attributes that meet country: {\"$in\":[\"DE\",\"PL\"]}"})
    );
    assert!(last("")["detail"].as_str().unwrap().ends_with("and no attributes of the customer are given"));
    let inside = last("?attributes=%7B%22plan%22%3A%22basic%22%2C%22country%22%3A%22PL%22%7D");
    assert_eq!(inside["step"], "variant");
    assert!(
        inside["position"].as_str().unwrap().parse::<u64>().is_ok()
            && inside["limits"].as_array().unwrap().len() == 2
    );

    let answer = served.post("/v1/assign", r#"{"experiment": "winback", "customer": {"id": "c-1"}}"#).json();
    assert_eq!(
        (&answer["variant"], &answer["reason"], &answer["exposure"]),
        (&json!(null), &json!("audience"), &json!("not_recorded"))
    );
    let of = |plan: &str| {
        let customer = json!({"id": "c-1", "attributes": {"plan": plan, "country": "PL"}});
        served.post("/v1/assign", &json!({"experiment": "winback", "customer": customer}).to_string()).json()
    };
    assert_eq!(of("basic")["exposure"], "recorded");
    // Once met, the variant stays whatever the audience says.
    assert_eq!((&of("pro")["reason"], &of("pro")["exposure"]), (&json!("sticky"), &json!("known")));

    served.get(&format!("{path}?attributes=%5B%5D")).problem(400, "invalid-parameter");
    served.get(&format!("{path}?attributes=plan")).problem(400, "invalid-parameter");
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
