//! `POST /v1/assign`.

use std::sync::Barrier;

use serde_json::{Value, json};

use super::under_test::{Served, WINBACK, error};

/// Draws `control` for winback under XXH3-64.
fn drawn(served: &Served, customer: &str) -> String {
    let body = json!({"experiment": "winback", "customer": {"id": customer}, "record": false});
    served.post("/v1/assign", &body.to_string()).json()["variant"].as_str().unwrap().to_owned()
}

/// A customer who is drawn into this variant.
fn someone_in(served: &Served, variant: &str) -> String {
    let customer = (0..100).map(|n| format!("c-{n}")).find(|customer| drawn(served, customer) == variant);
    customer.unwrap()
}

#[test]
fn the_first_call_records_and_the_next_knows() {
    let served = Served::with_winback();
    let customer = someone_in(&served, "discount");
    let body =
        json!({"experiment": "winback", "customer": {"id": customer, "attributes": {"plan": "basic"}}});
    let expected = |reason: &str, exposure: &str| {
        json!({
            "experiment": "winback",
            "variant": "discount",
            "offer": {"kind": "discount", "taken": "redeemed", "per_exposure": 0.02},
            "payload": {"percent": 20},
            "reason": reason,
            "exposure": exposure,
        })
    };
    let facts = served.server().store().log_position();
    served.post("/v1/assign", &body.to_string()).is(&expected("assigned", "recorded"));
    served.post("/v1/assign", &body.to_string()).is(&expected("sticky", "known"));
    assert_eq!(served.server().store().log_position(), facts + 1);
}

#[test]
fn a_control_has_no_offer() {
    let served = Served::with_winback();
    let customer = someone_in(&served, "control");
    let body = json!({"experiment": "winback", "customer": {"id": customer}, "record": false});
    served.post("/v1/assign", &body.to_string()).is(&json!({
        "experiment": "winback", "variant": "control", "offer": null, "payload": null,
        "reason": "assigned", "exposure": "not_recorded",
    }));
}

#[test]
fn record_defaults_to_true_only_for_one_named_experiment() {
    let served = Served::with_winback();
    let exposure = |customer: &str, extra: Value| -> Vec<String> {
        let mut body = json!({"customer": {"id": customer}});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let answer = served.post("/v1/assign", &body.to_string()).json();
        let one = [answer.clone()];
        let list = answer["assignments"].as_array().map_or(&one[..], Vec::as_slice);
        list.iter().map(|answer| answer["exposure"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(exposure("a", json!({"experiment": "winback"})), ["recorded"]);
    assert_eq!(exposure("b", json!({"experiments": ["winback"]})), ["recorded"]);
    assert_eq!(exposure("c", json!({"experiments": ["winback", "winback"]})), ["recorded"]);
    assert_eq!(exposure("d", json!({})), ["not_recorded"]);
    assert_eq!(exposure("e", json!({"experiments": []})), Vec::<String>::new());
    assert_eq!(exposure("f", json!({"experiment": "winback", "record": false})), ["not_recorded"]);
    assert_eq!(exposure("g", json!({"record": true})), ["recorded"]);
    // A null field counts as absent.
    assert_eq!(exposure("h", json!({"experiment": null, "record": null})), ["not_recorded"]);
}

#[test]
fn lists_are_sorted_and_leave_out_what_does_not_run() {
    let served = Served::with_winback();
    served.run(&WINBACK.replace("winback", "another"), "another");
    let draft = WINBACK.replace("winback", "draft");
    assert_eq!(served.post_yaml("/v1/experiments", &draft).status, 201);
    let keys = |body: &str| -> Vec<(String, String)> {
        let answer = served.post("/v1/assign", body).json();
        let list = answer["assignments"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        list.map(|answer| (text(&answer["experiment"]), text(&answer["reason"]))).collect()
    };
    let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(key, reason)| ((*key).to_owned(), (*reason).to_owned())).collect()
    };
    assert_eq!(
        keys(r#"{"customer": {"id": "a"}}"#),
        pairs(&[("another", "assigned"), ("winback", "assigned")])
    );
    assert_eq!(
        keys(r#"{"experiments": ["winback", "draft"], "customer": {"id": "a"}}"#),
        pairs(&[("draft", "draft"), ("winback", "assigned")])
    );
}

#[test]
fn several_are_recorded_in_one_commit() {
    let served = Served::with_winback();
    served.run(&WINBACK.replace("winback", "another"), "another");
    let commits = served.server().store().counters().commits;
    let body = r#"{"experiments": ["winback", "another"], "customer": {"id": "a"}, "record": true}"#;
    let answer = served.post("/v1/assign", body).json();
    for one in answer["assignments"].as_array().unwrap() {
        assert_eq!(one["exposure"], "recorded");
    }
    assert_eq!(served.server().store().counters().commits, commits + 1);
}

#[test]
fn overrides_and_winners_are_never_recorded() {
    let served = Served::with_winback();
    let facts = served.server().store().log_position();
    let body = |customer: &str| json!({"experiment": "winback", "customer": {"id": customer}}).to_string();
    let answer = served.post("/v1/assign", &body("qa-1")).json();
    assert_eq!((&answer["variant"], &answer["reason"]), (&json!("discount"), &json!("override")));
    assert_eq!(answer["exposure"], "not_recorded");
    assert_eq!(served.server().store().log_position(), facts);
    assert_eq!(served.post("/v1/experiments/winback/stop", "").status, 200);
    let answer = served.post("/v1/assign", &body("a")).json();
    assert_eq!((&answer["variant"], &answer["reason"]), (&Value::Null, &json!("stopped")));
    served.pass("60d");
    let concluded = served.post("/v1/experiments/winback/conclude", r#"{"variant": "discount"}"#);
    assert_eq!(concluded.status, 200, "{}", concluded.text);
    let facts = served.server().store().log_position();
    let answer = served.post("/v1/assign", &body("a")).json();
    assert_eq!((&answer["variant"], &answer["reason"]), (&json!("discount"), &json!("concluded")));
    assert_eq!(answer["exposure"], "not_recorded");
    assert_eq!(served.server().store().log_position(), facts);
}

#[test]
fn whoever_is_not_assigned_gets_the_reason() {
    let served = Served::start();
    served.run(&format!("traffic: 0\n{WINBACK}"), "winback");
    served.post("/v1/assign", r#"{"experiment": "winback", "customer": {"id": "a"}}"#).is(&json!({
        "experiment": "winback", "variant": null, "offer": null, "payload": null,
        "reason": "traffic", "exposure": "not_recorded",
    }));
}

#[test]
fn a_known_customer_stays_when_the_traffic_goes() {
    let served = Served::with_winback();
    let body = r#"{"experiment": "winback", "customer": {"id": "a"}}"#;
    let first = served.post("/v1/assign", body).json();
    let etag = served.get("/v1/experiments/winback").header("etag").to_owned();
    let headers = [("content-type", "application/yaml"), ("if-match", etag.as_str())];
    let changed = served.call("PUT", "/v1/experiments/winback", &headers, &format!("traffic: 0\n{WINBACK}"));
    assert_eq!(changed.status, 200, "{}", changed.text);
    let second = served.post("/v1/assign", body).json();
    assert_eq!(second["variant"], first["variant"]);
    assert_eq!(second["reason"], "sticky");
    let other = served.post("/v1/assign", &body.replace("\"a\"", "\"b\"")).json();
    assert_eq!(other["reason"], "traffic");
}

#[test]
fn an_exposure_sent_by_a_client_counts_as_met() {
    let served = Served::with_winback();
    let customer = someone_in(&served, "control");
    let exposure = json!({"customer": customer, "experiment": "winback", "variant": "discount", "id": "x"});
    served.send("/v1/exposures", &exposure.to_string());
    let body = json!({"experiment": "winback", "customer": {"id": customer}});
    let answer = served.post("/v1/assign", &body.to_string()).json();
    assert_eq!(
        (&answer["variant"], &answer["reason"], &answer["exposure"]),
        (&json!("discount"), &json!("sticky"), &json!("known"))
    );
}

#[test]
fn first_calls_at_once_give_one_variant_and_one_exposure() {
    const CALLS: usize = 16;
    let served = Served::with_winback();
    for round in 0..5 {
        let facts = served.server().store().log_position();
        let body = json!({"experiment": "winback", "customer": {"id": format!("c-{round}")}}).to_string();
        let barrier = Barrier::new(CALLS);
        let answers: Vec<Value> = std::thread::scope(|scope| {
            let ask = || {
                barrier.wait();
                served.post("/v1/assign", &body).json()
            };
            let calls: Vec<_> = (0..CALLS).map(|_| scope.spawn(ask)).collect();
            calls.into_iter().map(|call| call.join().unwrap()).collect()
        });
        assert!(answers.iter().all(|answer| answer["variant"] == answers[0]["variant"]), "{answers:?}");
        let recorded = answers.iter().filter(|answer| answer["exposure"] == "recorded").count();
        assert_eq!(recorded, 1, "{answers:?}");
        assert_eq!(served.server().store().log_position(), facts + 1);
    }
}

#[test]
fn every_wrong_field_is_named_at_once() {
    let served = Served::with_winback();
    let body = r#"{"experment": "winback", "experiments": ["a", 1], "customer": {"id": "", "age": 3,
        "attributes": {"a": [1, Infinity], "b": NaN, "consent": {"email": true}}}, "record": "yes"}"#;
    let problem = served.post("/v1/assign", body).problem(422, "invalid-request");
    assert_eq!(
        problem["errors"],
        json!([
            error("experiments[1]", "is a number, not a text", "send the key of an experiment"),
            error("customer.id", "is empty", "use 1 to 256 bytes"),
            error(
                "customer.attributes.a",
                "Infinity is not a finite number",
                "send a number, or leave it out"
            ),
            error("customer.attributes.b", "NaN is not a finite number", "send a number, or leave it out"),
            error("customer.age", "is not a field of this call", "the fields are id, attributes"),
            error("record", "is a text, not true or false", "send true or false"),
            error("experment", "is not a field of this call", "did you mean \"experiment\"?"),
        ])
    );
}

#[test]
fn unusable_bodies_say_what_is_missing() {
    let served = Served::with_winback();
    let one = |body: &str, status: u16, kind: &str| -> Value {
        served.post("/v1/assign", body).problem(status, kind)["errors"][0].clone()
    };
    assert_eq!(one("{}", 422, "invalid-request")["field"], "customer");
    assert_eq!(one("[]", 422, "invalid-request")["detail"], "is a list, not an object");
    assert_eq!(
        one(r#"{"customer": {"id": 7}}"#, 422, "invalid-request"),
        error("customer.id", "is a number, not a text", "put it in quotes: \"7\"")
    );
    let long = json!({"customer": {"id": "x".repeat(10_000)}}).to_string();
    assert_eq!(
        one(&long, 422, "invalid-request"),
        error("customer.id", "is 10000 bytes long, the most is 256", "use 1 to 256 bytes")
    );
    let both = r#"{"experiment": "a", "experiments": ["b"], "customer": {"id": "c"}}"#;
    assert_eq!(one(both, 422, "invalid-request")["field"], "experiments");
    assert_eq!(one("", 400, "invalid-body")["detail"], "the body is empty");
    let broken = one("{\"customer\":\n {\"id\" \"a\"}}", 400, "invalid-body");
    assert_eq!((&broken["line"], &broken["column"]), (&json!(2), &json!(8)), "{broken}");
    let twice = one(r#"{"customer": {"id": "a", "id": "b"}}"#, 400, "invalid-body");
    assert_eq!(twice["mend"], "keep one of the two");
}

#[test]
fn an_unknown_experiment_is_404_with_the_nearest() {
    let served = Served::with_winback();
    let problem = served
        .post("/v1/assign", r#"{"experiment": "winbak", "customer": {"id": "a"}}"#)
        .problem(404, "unknown-experiment");
    let expected = error("experiment", "no experiment has the key \"winbak\"", "did you mean \"winback\"?");
    assert_eq!(problem["errors"], json!([expected]));
    let body = r#"{"experiments": ["winback", "nothing-like-it"], "customer": {"id": "a"}}"#;
    let problem = served.post("/v1/assign", body).problem(404, "unknown-experiment");
    assert_eq!(problem["errors"][0]["mend"], "see GET /v1/experiments for those there are");
}
