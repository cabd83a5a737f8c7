//! `POST /v1/conversions`.

use serde_json::{Value, json};

use super::under_test::{Served, error};

const PATH: &str = "/v1/conversions";
const VALUE_MEND: &str = "send a finite number within ±1000000000, or leave it out";

fn item(index: usize, id: Option<&str>, field: &str, detail: &str, mend: &str) -> Value {
    let mut item = error(field, detail, mend);
    let fields = item.as_object_mut().unwrap();
    fields.insert("index".to_owned(), json!(index));
    fields.insert("id".to_owned(), json!(id));
    item
}

fn counts(accepted: u64, duplicates: u64) -> Value {
    json!({"accepted": accepted, "duplicates": duplicates, "rejected": 0, "errors": []})
}

#[test]
fn one_object_a_list_and_lines() {
    let served = Served::start();
    served.post(PATH, r#"{"id": "1", "customer": "c", "event": "order", "value": 9.5}"#).is(&counts(1, 0));
    let list = r#"{"events": [{"id": "2", "customer": "c", "event": "order"},
        {"id": "3", "customer": "c", "event": "order"}]}"#;
    served.post(PATH, list).is(&counts(2, 0));
    let lines = "{\"id\": \"4\", \"customer\": \"c\", \"event\": \"order\"}\n\n{\"id\": \"5\", \"customer\": \"c\", \"event\": \"order\"}\r\n";
    served.post_ndjson(PATH, lines).is(&counts(2, 0));
    // Several lines are NDJSON whatever the content type says.
    served.post(PATH, &lines.replace('4', "6")).is(&counts(1, 1));
    served.post(PATH, r#"{"events": []}"#).is(&counts(0, 0));
    assert_eq!(served.server().store().log_position(), 6);
}

#[test]
fn an_identical_repeat_is_a_duplicate_and_another_content_a_conflict() {
    let served = Served::start();
    let sent =
        r#"{"id": "o-1", "customer": "c", "event": "order", "value": 25.5, "at": "2026-02-27T10:00:00Z"}"#;
    served.post(PATH, sent).is(&counts(1, 0));
    served.post(PATH, sent).is(&counts(0, 1));
    let answer = served.post(PATH, &sent.replace("25.5", "26")).json();
    assert_eq!((&answer["accepted"], &answer["rejected"]), (&json!(0), &json!(1)));
    let conflict = &answer["errors"][0];
    assert_eq!((&conflict["index"], &conflict["id"]), (&json!(0), &json!("o-1")));
    assert_eq!(conflict["field"], "id");
    let both =
        format!("{}\n{}", sent.replace("o-1", "o-2"), sent.replace("o-1", "o-2").replace("order", "login"));
    let answer = served.post_ndjson(PATH, &both).json();
    assert_eq!((&answer["accepted"], &answer["rejected"]), (&json!(1), &json!(1)), "{answer}");
}

#[test]
fn an_id_that_the_server_makes_is_told() {
    let served = Served::start();
    let answer = served.post(PATH, r#"{"customer": "c", "event": "order"}"#).json();
    let made = &answer["generated_ids"][0];
    assert_eq!(made["index"], 0);
    assert!(made["id"].as_str().is_some_and(|id| !id.is_empty()), "{answer}");
    let again = served.post(PATH, r#"{"customer": "c", "event": "order"}"#).json();
    assert_eq!(again["accepted"], 1, "no id, no deduplication");
}

#[test]
fn a_future_time_is_stored_as_received_and_flagged() {
    let served = Served::start();
    let body = r#"{"id": "1", "customer": "c", "event": "order", "at": "2026-03-01T12:05:01Z"}"#;
    let answer = served.post(PATH, body).json();
    assert_eq!(answer["accepted"], 1);
    assert_eq!(
        answer["flagged"],
        json!([{"index": 0, "id": "1", "field": "at",
            "detail": "was ahead of the server's clock by over 5 minutes: stored at the time of receipt"}])
    );
    let near = body.replace("12:05:01", "12:04:59").replace("\"1\"", "\"2\"");
    served.post(PATH, &near).is(&counts(1, 0));
}

#[test]
fn values_that_are_no_finite_number_are_refused_one_by_one() {
    let served = Served::start();
    let body = r#"{"events": [
        {"id": "fine", "customer": "c", "event": "order", "value": 1e9},
        {"id": "huge", "customer": "c", "event": "order", "value": 1e300},
        {"id": "nan", "customer": "c", "event": "order", "value": NaN},
        {"id": "minus", "customer": "c", "event": "order", "value": -Infinity},
        {"id": "text", "customer": "c", "event": "order", "value": "12"},
        {"id": "above", "customer": "c", "event": "order", "value": 1000000001}]}"#;
    served.post(PATH, body).is(&json!({
        "accepted": 1, "duplicates": 0, "rejected": 5,
        "errors": [
            item(1, Some("huge"), "value", "1e+300 is beyond ±1000000000", VALUE_MEND),
            item(2, Some("nan"), "value", "NaN is not a finite number", VALUE_MEND),
            item(3, Some("minus"), "value", "-Infinity is not a finite number", VALUE_MEND),
            item(4, Some("text"), "value", "is a text, not a number", VALUE_MEND),
            item(5, Some("above"), "value", "1000000001 is beyond ±1000000000", VALUE_MEND),
        ],
    }));
    // Beyond a 64-bit float the text itself can't be read, and still the field is named.
    let answer = served.post_ndjson(PATH, r#"{"customer": "c", "event": "order", "value": 1e999}"#).json();
    assert_eq!(answer["errors"][0]["field"], "value");
    assert_eq!(served.post_ndjson(PATH, "{\"value\": NaN}").json()["errors"][1]["field"], "event");
}

#[test]
fn names_and_ids_have_bounds() {
    let served = Served::start();
    let long = "x".repeat(10_000);
    let lines = [
        json!({"customer": "", "event": "order", "id": "a"}),
        json!({"customer": long, "event": "order", "id": "b"}),
        json!({"customer": "c", "event": "", "id": "c"}),
        json!({"customer": "c", "event": "a\tb", "id": "d"}),
        json!({"customer": "c", "event": "order", "id": ""}),
        json!({"customer": "c", "event": "order", "id": "x".repeat(257)}),
        json!({"customer": "é".repeat(128), "event": "order", "id": "x".repeat(256)}),
        json!({"event": "order"}),
        json!({"customer": null, "event": 3}),
    ];
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    let answer = served.post_ndjson(PATH, &lines.join("\n")).json();
    assert_eq!((&answer["accepted"], &answer["rejected"]), (&json!(1), &json!(8)));
    let errors = answer["errors"].as_array().unwrap();
    let found: Vec<(u64, &str, &str)> = (errors.iter())
        .map(|error| {
            let text = |name: &str| error[name].as_str().unwrap();
            (error["index"].as_u64().unwrap(), text("field"), text("detail"))
        })
        .collect();
    assert_eq!(
        found,
        [
            (0, "customer", "is empty"),
            (1, "customer", "is 10000 bytes long, the most is 256"),
            (2, "event", "is empty"),
            (3, "event", "has the control character '\\t'"),
            (4, "id", "is empty"),
            (5, "id", "is 257 bytes long, the most is 256"),
            (7, "customer", "is missing"),
            (8, "customer", "is missing"),
            (8, "event", "is a number, not a text"),
        ]
    );
}

#[test]
fn unknown_fields_times_and_attributes_are_named() {
    let served = Served::start();
    let lines = [
        r#"{"custmer": "c", "event": "order"}"#.to_owned(),
        r#"{"customer": "c", "event": "order", "at": "2026-02-30T00:00:00Z"}"#.to_owned(),
        r#"{"customer": "c", "event": "order", "at": "2026-02-28T10:00:00"}"#.to_owned(),
        r#"{"customer": "c", "event": "order", "at": 1700000000}"#.to_owned(),
        r#"{"customer": "c", "event": "order", "attributes": {"deep": {"er": [1, NaN]}}}"#.to_owned(),
        json!({"customer": "c", "event": "order", "attributes": {"long": "x".repeat(1_025)}}).to_string(),
        r#"{"customer": "c", "event": "order", "attributes": []}"#.to_owned(),
        "3".to_owned(),
        "{\"customer\": ".to_owned(),
    ];
    let answer = served.post_ndjson(PATH, &lines.join("\n")).json();
    assert_eq!((&answer["accepted"], &answer["rejected"]), (&json!(0), &json!(9)));
    let errors = answer["errors"].as_array().unwrap();
    let found: Vec<(u64, &str, &str)> = (errors.iter())
        .map(|error| {
            let text = |name: &str| error[name].as_str().unwrap();
            (error["index"].as_u64().unwrap(), text("field"), text("mend"))
        })
        .collect();
    assert_eq!(
        found,
        [
            (0, "customer", "name the customer: 1 to 256 bytes of text"),
            (0, "custmer", "did you mean \"customer\"?"),
            (1, "at", "send a time such as \"2026-03-01T09:30:00Z\""),
            (2, "at", "say in which zone: \"2026-02-28T10:00:00Z\" for UTC"),
            (3, "at", "send an RFC 3339 time such as \"2026-03-01T09:30:00Z\""),
            (4, "attributes.deep", "send a number, or leave it out"),
            (5, "attributes.long", "shorten it"),
            (6, "attributes", "send an object such as {\"plan\": \"basic\"}"),
            (7, "", "send an object such as {\"customer\": …}"),
            (8, "customer", "check commas, quotes and brackets just before this place"),
        ]
    );
}

#[test]
fn a_body_that_is_no_batch_is_refused_whole() {
    let served = Served::start();
    for (body, detail) in [
        ("", "the body is empty"),
        ("[]", "the body is JSON, but no object"),
        ("{\"events\": [", "line 1, column 12: EOF while parsing a list"),
        ("{\"events\": [], \"id\": \"x\"}", "stands beside \"events\""),
        ("{} {}", "another value follows on the same line"),
        ("customer=c", "line 1, column 1: expected value"),
    ] {
        let problem = served.post(PATH, body).problem(400, "invalid-body");
        assert_eq!(problem["errors"][0]["detail"], detail, "{body}");
    }
    assert_eq!(served.server().store().log_position(), 0);
}
