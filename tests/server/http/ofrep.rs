//! `/ofrep`: experiments as flags.

use std::io::{Read, Write};

use serde_json::{Value, json};

use super::under_test::{Answer, KEY, Served, WINBACK, with_key};

const BULK: &str = "/ofrep/v1/evaluate/flags";

/// An experiment that may be started, with these variants and whatever else.
fn experiment(key: &str, variants: &str, more: &str) -> String {
    format!(
        "key: {key}\nvariants: {variants}\n{more}
metrics: [{{key: bought, kind: conversion, event: order, window: {{to: 10d}}, role: primary}}]
plan: {{method: fixed, target: {{customers_per_arm: 100}}}}\n"
    )
}

/// Everybody gets its control, and qa-1 the other one.
fn settled(key: &str, control: &str, other: &str) -> String {
    let variants =
        format!("[{{key: control, payload: {control}}}, {{key: other, weight: 0, payload: {other}}}]");
    experiment(key, &variants, "overrides: {other: [qa-1]}")
}

fn context(customer: &str) -> String {
    json!({"context": {"targetingKey": customer}}).to_string()
}

fn evaluate(served: &Served, flag: &str, customer: &str) -> Answer {
    served.post(&format!("{BULK}/{flag}"), &context(customer))
}

/// A customer whom winback's draw gives this variant.
fn someone_in(served: &Served, variant: &str) -> String {
    let drawn = |customer: &String| {
        let body = json!({"experiment": "winback", "customer": {"id": customer}, "record": false});
        served.post("/v1/assign", &body.to_string()).json()["variant"] == variant
    };
    (0..100).map(|n| format!("c-{n}")).find(drawn).unwrap()
}

#[test]
fn a_flag_has_the_payload_of_the_customers_variant_and_records_nothing() {
    let served = Served::with_winback();
    let facts = served.server().store().log_position();
    let customer = someone_in(&served, "discount");
    for _ in 0..2 {
        evaluate(&served, "winback", &customer).is(&json!({
            "key": "winback", "value": {"percent": 20}, "variant": "discount", "reason": "SPLIT", "errorDetails": "",
            "metadata": {
                "experiment": "winback", "version": 1, "reason": "assigned", "enrolled": true,
                "exposure": "not_recorded",
            },
        }));
    }
    assert_eq!(served.server().store().log_position(), facts);
}

#[test]
fn an_evaluation_is_an_exposure_if_the_definition_says_so() {
    let served = Served::start();
    served.run(&format!("{WINBACK}expose: on_evaluate\n"), "winback");
    let body = json!({"context": {"targetingKey": "a", "plan": "basic"}}).to_string();
    let flag = format!("{BULK}/winback");
    let metadata = |answer: &Answer| {
        let json = answer.json();
        assert_eq!(json["reason"], "SPLIT");
        ["reason", "enrolled", "exposure"].map(|name| json["metadata"][name].clone())
    };
    let facts = served.server().store().log_position();
    // Fetching all flags is no exposure.
    served.post(BULK, &body);
    assert_eq!(served.server().store().log_position(), facts);
    let first = served.post(&flag, &body);
    assert_eq!(metadata(&first), [json!("assigned"), json!(true), json!("recorded")]);
    let second = served.post(&flag, &body);
    assert_eq!(metadata(&second), [json!("sticky"), json!(true), json!("known")]);
    assert_eq!(first.json()["variant"], second.json()["variant"]);
    assert_eq!(served.server().store().log_position(), facts + 1);
    // It is the exposure that `assign` would have recorded, with what the context says.
    let known = served.post("/v1/assign", r#"{"experiment": "winback", "customer": {"id": "a"}}"#).json();
    assert_eq!((&known["variant"], &known["exposure"]), (&first.json()["variant"], &json!("known")));
    let results = served.get("/v1/experiments/winback/results?fresh").json();
    assert_eq!(results["dimensions"][0]["value"], "basic", "{results}");
    // Overrides and those who don't enter are never recorded.
    let facts = served.server().store().log_position();
    assert_eq!(evaluate(&served, "winback", "qa-1").json()["metadata"]["exposure"], "not_recorded");
    assert_eq!(served.server().store().log_position(), facts);
}

#[test]
fn a_variant_met_before_is_kept() {
    let served = Served::with_winback();
    let customer = someone_in(&served, "control");
    let exposure = json!({"customer": customer, "experiment": "winback", "variant": "discount", "id": "x"});
    served.send("/v1/exposures", &exposure.to_string());
    // A reported exposure is known once it is folded.
    assert_eq!(served.get("/v1/experiments/winback/results?fresh").status, 200);
    let answer = evaluate(&served, "winback", &customer).json();
    assert_eq!((&answer["variant"], &answer["reason"]), (&json!("discount"), &json!("SPLIT")));
    assert_eq!(answer["metadata"]["reason"], "sticky");
    assert_eq!(answer["metadata"]["exposure"], "known");
}

#[test]
fn reasons_say_why_in_the_protocols_words() {
    let served = Served::start();
    served.run(&settled("running", "1", "2"), "running");
    for key in ["stopped", "concluded", "archived"] {
        served.run(&settled(key, "1", "2"), key);
        assert_eq!(served.post(&format!("/v1/experiments/{key}/stop"), "").status, 200);
    }
    served.pass("60d");
    let answer = served.post("/v1/experiments/concluded/conclude", r#"{"variant": "other"}"#);
    assert_eq!(answer.status, 200, "{}", answer.text);
    let token = served.token();
    let headers = [("x-start-token", token.as_str())];
    assert_eq!(served.call("POST", "/v1/experiments/archived/archive", &headers, "").status, 200);
    assert_eq!(served.post_yaml("/v1/experiments", &settled("draft", "1", "2")).status, 201);
    for (key, more) in [
        ("audience", "audience: {plan: vip}"),
        ("traffic", "traffic: 0"),
        ("external", "assignment: external"),
        ("requires", "requires: {experiment: running, variant: other}"),
    ] {
        let variants = "[{key: control, payload: 1}, {key: other, payload: 2}]";
        served.run(&experiment(key, variants, more), key);
    }
    let told = |flag: &str, customer: &str| -> Value {
        let answer = evaluate(&served, flag, customer).json();
        let metadata = &answer["metadata"];
        json!([
            answer["reason"],
            answer["variant"],
            answer["value"],
            metadata["reason"],
            metadata["enrolled"]
        ])
    };
    for (flag, customer, expected) in [
        ("running", "a", json!(["SPLIT", "control", 1, "assigned", true])),
        ("running", "qa-1", json!(["TARGETING_MATCH", "other", 2, "override", false])),
        ("concluded", "a", json!(["STATIC", "other", 2, "concluded", false])),
        ("draft", "a", json!(["DISABLED", "control", 1, "draft", false])),
        ("stopped", "a", json!(["DISABLED", "control", 1, "stopped", false])),
        ("archived", "a", json!(["DISABLED", "control", 1, "archived", false])),
        ("audience", "a", json!(["DEFAULT", "control", 1, "audience", false])),
        ("traffic", "a", json!(["DEFAULT", "control", 1, "traffic", false])),
        ("external", "a", json!(["DEFAULT", "control", 1, "external", false])),
        ("requires", "a", json!(["DEFAULT", "control", 1, "requires", false])),
    ] {
        assert_eq!(told(flag, customer), expected, "{flag} {customer}");
    }
    // In bulk the same, without what is archived.
    let flags = served.post(BULK, &context("a")).json()["flags"].clone();
    let told: Vec<(&str, &str)> = flags
        .as_array()
        .unwrap()
        .iter()
        .map(|flag| (flag["key"].as_str().unwrap(), flag["reason"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            ("audience", "DEFAULT"),
            ("concluded", "STATIC"),
            ("draft", "DISABLED"),
            ("external", "DEFAULT"),
            ("requires", "DEFAULT"),
            ("running", "SPLIT"),
            ("stopped", "DISABLED"),
            ("traffic", "DEFAULT"),
        ]
    );
}

#[test]
fn values_come_as_they_were_written() {
    let served = Served::start();
    for (flag, control, value) in [
        ("truth", "true", r#""value":true,"#),
        ("untruth", "false", r#""value":false,"#),
        ("text", "\"5\"", r#""value":"5","#),
        ("empty", "''", r#""value":"","#),
        ("whole", "5", r#""value":5,"#),
        ("float", "5.0", r#""value":5.0,"#),
        ("negative", "-0.5", r#""value":-0.5,"#),
        ("large", "9007199254740993", r#""value":9007199254740993,"#),
        ("list", "[1, 2.0]", r#""value":[1,2.0],"#),
        ("object", "{b: 1.0, a: {c: null}}", r#""value":{"a":{"c":null},"b":1.0},"#),
    ] {
        served.run(&settled(flag, control, control), flag);
        let expected = format!(
            r#"{{"key":"{flag}",{value}"variant":"control","reason":"SPLIT","errorDetails":"","metadata":{{"experiment":"{flag}","version":1,"reason":"assigned","enrolled":true,"exposure":"not_recorded"}}}}"#
        );
        assert_eq!(evaluate(&served, flag, "a").text, expected);
        // Sent as JSON, they are the same.
        let document = json!({"key": format!("{flag}-json"), "variants": [{"key": "a"}, {"key": "b"}]});
        let written = document.to_string().replace(
            r#"{"key":"a"}"#,
            &format!(r#"{{"key":"a",{}}}"#, value.trim_end_matches(',').replace("value", "payload")),
        );
        assert_eq!(served.post("/v1/experiments", &written).status, 201, "{written}");
        let answer = evaluate(&served, &format!("{flag}-json"), "a").text;
        assert!(answer.contains(value), "{answer}");
    }
}

#[test]
fn without_payloads_the_variants_keys_are_the_values() {
    let served = Served::start();
    served.run(
        &experiment("plain", "[{key: old}, {key: new, weight: 0}]", "overrides: {new: [qa-1]}"),
        "plain",
    );
    let value = |flag: &str, customer: &str| {
        let answer = evaluate(&served, flag, customer).json();
        (answer["variant"].clone(), answer.get("value").cloned())
    };
    assert_eq!(value("plain", "a"), (json!("old"), Some(json!("old"))));
    assert_eq!(value("plain", "qa-1"), (json!("new"), Some(json!("new"))));
    // One that says nothing beside others that do leaves it to the app.
    let variants = "[{key: old}, {key: new, weight: 0, payload: 7}]";
    served.run(&experiment("half", variants, "overrides: {new: [qa-1]}"), "half");
    assert_eq!(value("half", "a"), (json!("old"), None));
    assert_eq!(value("half", "qa-1"), (json!("new"), Some(json!(7))));
}

#[test]
fn what_a_context_says_is_asked_of_the_audience() {
    let served = Served::start();
    let variants = "[{key: control, payload: 1}, {key: other, payload: 2}]";
    served
        .run(&experiment("vips", variants, "audience: {plan: vip, 'address.country': {$in: [DE]}}"), "vips");
    let reason = |body: &str| served.post(&format!("{BULK}/vips"), body).json()["reason"].clone();
    assert_eq!(
        reason(r#"{"context": {"targetingKey": "a", "plan": "vip", "address": {"country": "DE"}}}"#),
        "SPLIT"
    );
    assert_eq!(reason(r#"{"context": {"targetingKey": "a", "plan": "vip"}, "more": 1}"#), "DEFAULT");
    assert_eq!(reason(r#"{"context": {"targetingKey": "a", "plan": null}}"#), "DEFAULT");
}

#[test]
fn bodies_are_read_whatever_they_call_themselves() {
    let served = Served::with_winback();
    for headers in [
        vec![],
        vec![("content-type", "text/plain;charset=UTF-8")],
        vec![("content-type", "application/json; charset=utf-8")],
        vec![("content-type", "application/x-www-form-urlencoded")],
        vec![("content-type", "application/yaml")],
        vec![("content-type", "\u{e9}")],
    ] {
        for path in [BULK.to_owned(), format!("{BULK}/winback")] {
            assert_eq!(served.call("POST", &path, &headers, &context("a")).status, 200, "{headers:?}");
        }
    }
    for (encoding, status, code) in [("br", 415, "GENERAL"), ("gzip", 400, "PARSE_ERROR")] {
        let answer = served.call("POST", BULK, &[("content-encoding", encoding)], &context("a"));
        assert_eq!((answer.status, &answer.json()["errorCode"]), (status, &json!(code)), "{encoding}");
    }
}

#[test]
fn errors_have_the_protocols_form() {
    let served = Served::with_winback();
    let sample = r#"send {"context": {"targetingKey": "c-42"}}"#;
    let long = "x".repeat(257);
    for (body, code, details) in [
        ("{}".to_owned(), "TARGETING_KEY_MISSING", format!("context: is missing; mend: {sample}")),
        (r#"{"context": null}"#.to_owned(), "TARGETING_KEY_MISSING", format!("context: is missing; mend: {sample}")),
        (r#"{"context": {"plan": "vip"}}"#.to_owned(), "TARGETING_KEY_MISSING", format!("context.targetingKey: is missing; mend: {sample}")),
        (context(""), "TARGETING_KEY_MISSING", format!("context.targetingKey: is empty; mend: {sample}")),
        (r#"{"context": {"targetingKey": 7}}"#.to_owned(), "INVALID_CONTEXT", "context.targetingKey: is a number, not a text; mend: send the customer's id as a text".to_owned()),
        (r#"{"context": {"targetingKey": NaN}}"#.to_owned(), "INVALID_CONTEXT", "context.targetingKey: is not a finite number, not a text; mend: send the customer's id as a text".to_owned()),
        (context(&long), "INVALID_CONTEXT", "context.targetingKey: is 257 bytes long, the most is 256; mend: use 1 to 256 bytes".to_owned()),
        (r#"{"context": [1]}"#.to_owned(), "INVALID_CONTEXT", format!("context: is a list, not an object; mend: {sample}")),
        (
            r#"{"context": {"targetingKey": "a", "b": NaN, "c": {"d": -Infinity}, "e": 1}}"#.to_owned(),
            "INVALID_CONTEXT",
            "context.b: NaN is not a finite number; mend: send a number, or leave it out\ncontext.c: -Infinity is not a finite number; mend: send a number, or leave it out".to_owned(),
        ),
        ("[]".to_owned(), "PARSE_ERROR", format!("is a list, not an object; mend: {sample}")),
        ("{\"context\":\n {\"targetingKey\" \"a\"}}".to_owned(), "PARSE_ERROR", "context: line 2, column 18: expected `:`; mend: check commas, quotes and brackets just before this place".to_owned()),
        (r#"{"context": {"a": 1, "a": 2}}"#.to_owned(), "PARSE_ERROR", "context: line 1, column 24: duplicate key \"a\"; mend: keep one of the two".to_owned()),
        (String::new(), "PARSE_ERROR", format!("the body is empty; mend: {sample}")),
    ] {
        let single = served.post(&format!("{BULK}/winback"), &body);
        assert_eq!((single.status, single.header("content-type")), (400, "application/json"), "{body}");
        assert_eq!(
            single.json(),
            json!({"key": "winback", "errorCode": code, "errorDetails": details, "variant": "", "metadata": {}})
        );
        let bulk = served.post(BULK, &body);
        assert_eq!((bulk.status, bulk.header("content-type")), (400, "application/json"), "{body}");
        assert_eq!(bulk.json(), json!({"errorCode": code, "errorDetails": details}));
    }
    let too_many: Vec<String> = (0..101).map(|n| format!("\"a{n}\": 1")).collect();
    let body = format!("{{\"context\": {{\"targetingKey\": \"a\", {}}}}}", too_many.join(", "));
    assert_eq!(
        served.post(BULK, &body).json()["errorDetails"],
        "context: has 101 attributes, the most is 100; mend: send only those that experiments read"
    );
    let answer = served.post(BULK, &" ".repeat(512 * 1024 + 1));
    assert_eq!((answer.status, &answer.json()["errorCode"]), (413, &json!("GENERAL")));
}

#[test]
fn a_key_that_nobody_has_is_not_found_however_it_is_written() {
    let served = Served::with_winback();
    for (written, key) in [
        ("winbak", "winbak"),
        ("", ""),
        ("winback/", "winback/"),
        ("a/b/c", "a/b/c"),
        ("a%2Fb", "a/b"),
        ("white%20space", "white space"),
        ("50%off", "50%off"),
        ("50%25", "50%"),
        ("%E2%82%AC", "€"),
        ("%FF", "\u{fffd}"),
        ("%00", "\u{0}"),
        ("a;b=c&d", "a;b=c&d"),
        ("a+b", "a+b"),
        ("winbac?k", "winbac"),
    ] {
        let answer = evaluate(&served, written, "a");
        let json = answer.json();
        assert_eq!((answer.status, answer.header("content-type")), (404, "application/json"), "{written}");
        assert_eq!((&json["key"], &json["errorCode"]), (&json!(key), &json!("FLAG_NOT_FOUND")), "{json}");
        assert_eq!((&json["variant"], &json["metadata"]), (&json!(""), &json!({})));
        let shown = json["errorDetails"].as_str().unwrap();
        assert!(shown.starts_with("no experiment has the key ") && shown.contains("; mend: "), "{shown}");
    }
    let details = evaluate(&served, "winbak", "a").json()["errorDetails"].clone();
    assert_eq!(details, r#"no experiment has the key "winbak"; mend: did you mean "winback"?"#);
    // An encoded key is the same key, and what stands behind a question mark is no part of it.
    assert_eq!(evaluate(&served, "win%62ack?x=1", "a").json()["key"], "winback");
}

#[test]
fn bulk_names_its_answer_and_spares_whoever_has_it() {
    let served = Served::start();
    served.run(&settled("b", "1", "2"), "b");
    served.run(&settled("a", "5.0", "6.0"), "a");
    let ask = |customer: &str, known: &[&str]| {
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(known.iter().map(|tag| ("if-none-match", *tag)));
        served.call("POST", BULK, &headers, &context(customer))
    };
    let first = ask("c-1", &[]);
    let flag = |key: &str, value: &str| {
        format!(
            r#"{{"key":"{key}","value":{value},"variant":"control","reason":"SPLIT","errorDetails":"","metadata":{{"experiment":"{key}","version":1,"reason":"assigned","enrolled":true,"exposure":"not_recorded"}}}}"#
        )
    };
    assert_eq!(first.text, format!(r#"{{"flags":[{},{}]}}"#, flag("a", "5.0"), flag("b", "1")));
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() == 18, "{tag}");
    let same = |known: &[&str]| {
        let answer = ask("c-1", known);
        assert_eq!(answer.header("etag"), tag);
        assert_eq!(answer.text.is_empty(), answer.status == 304, "{}", answer.text);
        answer.status == 304
    };
    let weak = format!("W/{tag}");
    let several = format!("\"x\", {tag}");
    for known in [vec![tag.as_str()], vec![&weak], vec![&several], vec!["\"x\"", &tag], vec!["*"]] {
        assert!(same(&known), "{known:?}");
    }
    for known in [vec![], vec!["\"x\""], vec![&tag[1..17]], vec![""], vec!["\u{e9}"]] {
        assert!(!same(&known), "{known:?}");
    }
    // The tag is that of the result: whoever gets the same has it already, whoever gets something else has not.
    assert_eq!(ask("c-2", &[&tag]).status, 304);
    let other = ask("qa-1", &[&tag]);
    assert_eq!((other.status, &other.json()["flags"][0]["value"]), (200, &json!(6.0)));
    assert_ne!(other.header("etag"), tag);
    assert_eq!(served.post("/v1/experiments/b/stop", "").status, 200);
    let changed = ask("c-1", &[&tag]);
    assert_eq!((changed.status, &changed.json()["flags"][1]["reason"]), (200, &json!("DISABLED")));
    // Without a flag there is an answer all the same.
    let none = Served::start();
    assert_eq!(none.post(BULK, &context("a")).text, r#"{"flags":[]}"#);
}

#[test]
fn what_goes_wrong_before_a_flag_is_looked_at_has_that_form_too() {
    let served = Served::start_with(with_key);
    let flag = format!("{BULK}/winback");
    let form = |answer: &Answer, status: u16, key: Option<&str>| -> String {
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (status, "application/json"),
            "{}",
            answer.text
        );
        assert_eq!(answer.header("cache-control"), "no-store");
        let json = answer.json();
        let names: Vec<&String> = json.as_object().unwrap().keys().collect();
        match key {
            Some(key) => {
                assert_eq!(names, ["errorCode", "errorDetails", "key", "metadata", "variant"]);
                assert_eq!(json["key"], key);
            }
            None => assert_eq!(names, ["errorCode", "errorDetails"]),
        }
        assert_eq!(json["errorCode"], "GENERAL");
        json["errorDetails"].as_str().unwrap().to_owned()
    };
    // A key is needed as under /v1, before anything is told.
    for (path, key) in [(BULK, None), (&flag, Some("winback")), ("/ofrep/v1/nothing", None)] {
        let answer = served.post(path, "{");
        assert_eq!(
            form(&answer, 401, key),
            "no key was sent; mend: send Authorization: Bearer KEY or X-API-Key: KEY"
        );
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"experiment\"");
    }
    let bearer = format!("Bearer {KEY}");
    for headers in [[("x-api-key", KEY)], [("authorization", bearer.as_str())]] {
        assert_eq!(served.call("POST", BULK, &headers, &context("a")).text, r#"{"flags":[]}"#);
        let answer = served.call("GET", &flag, &headers, "");
        let details = form(&answer, 405, Some("winback"));
        assert_eq!(details, "GET is not for this address; mend: use a method that the Allow header names");
        assert_eq!(answer.header("allow"), "POST");
        let details = form(&served.call("POST", "/ofrep/v1/evaluate/flag", &headers, "{}"), 404, None);
        assert_eq!(
            details,
            "nothing is at /ofrep/v1/evaluate/flag; mend: did you mean /ofrep/v1/evaluate/flags?"
        );
    }
    // A problem stays one everywhere else.
    served.post("/v1/assign", "{}").problem(401, "unauthenticated");
    let open = Served::start();
    let answer = open.call("POST", BULK, &[("origin", "http://evil.example")], &context("a"));
    form(&answer, 403, None);
}

#[test]
fn a_busy_server_says_when_to_ask_again() {
    let served = Served::start_with(|settings| settings.max_requests = 1);
    let mut slow = served.connect();
    let head = format!(
        "POST {BULK} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n"
    );
    slow.write_all(head.as_bytes()).unwrap();
    // The server asks for the body once the request is in progress.
    let mut interim = [0; 25];
    slow.read_exact(&mut interim).unwrap();
    let answer = evaluate(&served, "winback", "a");
    assert_eq!((answer.status, answer.header("retry-after")), (503, "1"));
    assert_eq!(
        answer.json(),
        json!({
            "key": "winback", "errorCode": "GENERAL", "variant": "", "metadata": {},
            "errorDetails": "too many requests are in progress; mend: try again in a moment",
        })
    );
    slow.write_all(b"{}").unwrap();
    let mut rest = String::new();
    slow.read_to_string(&mut rest).unwrap();
    assert!(rest.starts_with("HTTP/1.1 400 ") && rest.contains("TARGETING_KEY_MISSING"), "{rest}");
}
