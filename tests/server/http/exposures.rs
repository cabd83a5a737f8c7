//! `POST /v1/exposures`.

use serde_json::{Value, json};

use super::under_test::Served;

const PATH: &str = "/v1/exposures";

#[test]
fn exposures_are_taken_in_once() {
    let served = Served::with_winback();
    let sent = r#"{"id": "e-1", "customer": "c", "experiment": "winback", "variant": "control", "attributes": {"plan": "basic", "gone": null}}"#;
    served.post(PATH, sent).is(&json!({"accepted": 1, "duplicates": 0, "rejected": 0, "errors": []}));
    served.post(PATH, sent).is(&json!({"accepted": 0, "duplicates": 1, "rejected": 0, "errors": []}));
    let seen = served.server().store();
    seen.wait_for_blocking(seen.log_position()).unwrap();
    assert_eq!(seen.customer("winback", "c").unwrap().len(), 1);
}

#[test]
fn unknown_names_get_the_nearest() {
    let served = Served::with_winback();
    let lines = [
        json!({"customer": "c", "experiment": "winbak", "variant": "control"}),
        json!({"customer": "c", "experiment": "winback", "variant": "contrl"}),
        json!({"customer": "c", "experiment": "winback"}),
        json!({"customer": "c", "experiment": "winback", "variant": "control", "event": "order"}),
        json!({"customer": "c", "experiment": "winback", "variant": "control", "value": 3}),
    ];
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    let answer = served.post_ndjson(PATH, &lines.join("\n")).json();
    assert_eq!((&answer["accepted"], &answer["rejected"]), (&json!(0), &json!(5)));
    let errors = answer["errors"].as_array().unwrap();
    let fields: Vec<&str> = errors.iter().map(|error| error["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["experiment", "variant", "variant", "event", "value"]);
    assert!(errors[0]["mend"].as_str().unwrap().contains("winback"), "{}", errors[0]);
    assert!(errors[1]["mend"].as_str().unwrap().contains("control"), "{}", errors[1]);
}

#[test]
fn what_was_before_the_start_is_refused() {
    let served = Served::with_winback();
    let sent =
        r#"{"customer": "c", "experiment": "winback", "variant": "control", "at": "2026-02-01T00:00:00Z"}"#;
    let answer = served.post(PATH, sent).json();
    assert_eq!((&answer["rejected"], &answer["errors"][0]["field"]), (&json!(1), &json!("at")));
    let draft = super::under_test::WINBACK.replace("winback", "draft");
    assert_eq!(served.post_yaml("/v1/experiments", &draft).status, 201);
    let answer =
        served.post(PATH, r#"{"customer": "c", "experiment": "draft", "variant": "control"}"#).json();
    assert_eq!((&answer["rejected"], &answer["errors"][0]["field"]), (&json!(1), &json!("experiment")));
}
