//! `GET /v1/definitions`: the bundle, and that whoever assigns from it decides as the server does.

use experiment_core::assignment::{Bundle, CompiledExperiment, Customer, NoMemory, Snapshot, assign};
use serde_json::{Map, Value, json};

use super::under_test::{Answer, KEY, Served, WINBACK, with_key};

const CATALOG: &str = "
segments:
  at_risk: {days_since_order: {$gt: 60}}
  staff: {id: {$inGroup: staff}}
layers: {offers: {salt: offers-2026}}
groups: {staff: [c-3, c-14, c-159], vips: [gold, platinum]}
";

/// Everything that can make a difference to who gets what.
const EXPERIMENTS: [(&str, &str); 14] = [
    ("plain", "variants: [{key: a}, {key: b, payload: {percent: 20.0}}]"),
    (
        "weighed",
        "traffic: 0.37\nsalt: other\nvariants: [{key: a, weight: 1}, {key: b, weight: 2}, {key: c, weight: 0.5}]",
    ),
    ("first", "layer: {key: offers, ranges: [[0, 0.3], [0.9, 1]]}\nvariants: [{key: a}, {key: b}]"),
    ("second", "layer: {key: offers, share: 0.4}\nvariants: [{key: a}, {key: b}]"),
    ("third", "layer: {key: offers, share: 0.1}\nvariants: [{key: a}, {key: b}]"),
    ("lapsed", "audience: {segment: at_risk, plan: {$inGroup: vips}}\nvariants: [{key: a}, {key: b}]"),
    (
        "hidden",
        "audience: {$not: {segment: staff}}\ndimensions: [plan, {segment: at_risk}]\nvariants: [{key: a}, {key: b}]",
    ),
    ("follows", "requires: {experiment: weighed, variant: b}\nvariants: [{key: a}, {key: b}]"),
    ("listed", "traffic: 0.1\nvariants: [{key: a}, {key: b}]\noverrides: {b: [c-1, c-2], a: [c-3]}"),
    ("elsewhere", "assignment: external\nvariants: [{key: a}, {key: b}]\noverrides: {a: [c-9]}"),
    (
        "growthbook",
        "hash: {name: growthbook-js, version: 2, seed: s1, namespace: {name: n, from: 0, to: 0.6}}\nvariants: [{key: a}, {key: b}]",
    ),
    (
        "unleash",
        "traffic: 0.4\nhash: {name: unleash, group: g}\nvariants: [{key: a, weight: 500}, {key: b, weight: 500}]",
    ),
    ("eppo", "hash: {name: eppo, salt: t}\nvariants: [{key: a}, {key: b}]"),
    (
        "optimizely",
        "hash: {name: optimizely, parent: '7', ranges: {a: [[0, 3000]], b: [[3000, 6000]]}}\nvariants: [{key: a}, {key: b}]",
    ),
];

fn definition(key: &str, rest: &str) -> String {
    format!(
        "key: {key}\n{rest}
metrics: [{{key: bought, kind: conversion, event: order, window: {{to: 10d}}, role: primary}}]
plan: {{method: fixed, target: {{customers_per_arm: 100}}}}\n"
    )
}

fn fetch(served: &Served, known: &[&str]) -> Answer {
    let headers: Vec<(&str, &str)> = known.iter().map(|tag| ("if-none-match", *tag)).collect();
    served.call("GET", "/v1/definitions", &headers, "")
}

fn compiled(answer: &Answer) -> Snapshot {
    Bundle::read(answer.text.as_bytes()).unwrap().compile().unwrap()
}

fn share(served: &Served, catalog: &str) {
    let etag = served.get("/v1/catalog").header("etag").to_owned();
    let headers = [("content-type", "application/yaml"), ("if-match", etag.as_str())];
    let answer = served.call("PUT", "/v1/catalog", &headers, catalog);
    assert_eq!(answer.status, 200, "{}", answer.text);
}

fn attributes(n: usize) -> Map<String, Value> {
    let plans = ["basic", "gold", "platinum", "free"];
    let Value::Object(mut map) = json!({"plan": plans[n % 4], "days_since_order": n % 120}) else { panic!() };
    // Some are known by nothing.
    map.retain(|_, _| !n.is_multiple_of(7));
    map.insert("id".to_owned(), json!(format!("c-{n}")));
    map
}

/// Variant, reason and payload.
type Told = [Value; 3];

/// What the server decides for a customer in each of these experiments, writing nothing.
fn by_server(served: &Served, keys: &[&str], n: usize) -> Vec<Told> {
    let customer = json!({"id": format!("c-{n}"), "attributes": attributes(n)});
    let body = json!({"experiments": keys, "customer": customer, "record": false});
    let answer = served.post("/v1/assign", &body.to_string()).json();
    let list = answer["assignments"].as_array().unwrap_or_else(|| panic!("{answer}")).iter();
    list.map(|one| ["variant", "reason", "payload"].map(|name| one[name].clone())).collect()
}

fn in_process(snapshot: &Snapshot, keys: &[&str], n: usize) -> Vec<Told> {
    let (id, attributes) = (format!("c-{n}"), attributes(n));
    let customer = Customer::new(&id).with_attributes(&attributes);
    let decide = |key: &&str| {
        let compiled = snapshot.get(key).unwrap();
        let decision = assign(compiled, customer, &NoMemory);
        let variant = decision.variant().map(|index| &compiled.experiment().variants[index]);
        let payload = variant.map_or(Value::Null, |variant| variant.payload.clone());
        [json!(variant.map(|variant| &variant.key)), json!(decision.reason()), payload]
    };
    keys.iter().map(decide).collect()
}

#[test]
fn a_bundle_holds_what_assigning_needs_and_no_more() {
    let served = Served::start();
    let empty = fetch(&served, &[]);
    empty.is(&json!({"format": 1, "effective_at": null, "catalog": {}, "experiments": []}));
    assert_eq!(served.post_yaml("/v1/experiments", &WINBACK.replace("winback", "draft")).status, 201);
    assert_eq!(fetch(&served, &[]).header("etag"), empty.header("etag"), "drafts are in nobody's way");
    served.pass("1h");
    share(&served, "groups: {staff: [anna]}");
    served.run(WINBACK, "winback");
    served.pass("1h");
    let half = u64::MAX / 2;
    fetch(&served, &[]).is(&json!({
        "format": 1,
        "effective_at": "2026-03-01T13:00:00Z",
        "catalog": {"groups": {"staff": ["anna"]}},
        "experiments": [{
            "version": 1,
            "status": "running",
            "winner": null,
            "placement": {"allocation": [[0, half, 0], [half + 1, u64::MAX, 1]]},
            "definition": {
                "key": "winback",
                "variants": [
                    {"key": "control"},
                    {
                        "key": "discount", "payload": {"percent": 20},
                        "offer": {"kind": "discount", "taken": "redeemed", "per_exposure": 0.02},
                    },
                ],
                "overrides": {"discount": ["qa-1"]},
                "dimensions": ["plan"],
            },
        }],
    }));
}

#[test]
fn a_bundle_is_named_and_changes_with_what_it_holds() {
    let served = Served::with_winback();
    let mut tags: Vec<String> = Vec::new();
    let mut is_new = || {
        let answer = fetch(&served, &[]);
        let tag = answer.header("etag").to_owned();
        assert_eq!(answer.status, 200);
        for known in [vec![tag.as_str()], vec!["\"x\"", &tag], vec!["*"]] {
            let again = fetch(&served, &known);
            assert_eq!((again.status, again.text.as_str(), again.header("etag")), (304, "", tag.as_str()));
        }
        let is_new = !tags.contains(&tag);
        tags.push(tag);
        is_new
    };
    assert!(is_new());
    assert!(!is_new());
    // The definition, its lists, the catalog, its groups, the life cycle: each makes a difference.
    let put = |definition: &str| {
        let etag = served.get("/v1/experiments/winback").header("etag").to_owned();
        let headers = [("content-type", "application/yaml"), ("if-match", etag.as_str())];
        assert_eq!(served.call("PUT", "/v1/experiments/winback", &headers, definition).status, 200);
    };
    put(&format!("traffic: 0.5\n{WINBACK}"));
    assert!(is_new());
    put(&format!("traffic: 0.5\n{}", WINBACK.replace("[qa-1]", "[qa-1, qa-2]")));
    assert!(is_new());
    share(&served, "segments: {vip: {plan: gold}}");
    assert!(is_new());
    share(&served, "segments: {vip: {plan: gold}}\ngroups: {staff: [anna]}");
    assert!(is_new());
    served.post_yaml("/v1/experiments", &WINBACK.replace("winback", "draft"));
    assert!(!is_new());
    assert_eq!(served.post("/v1/experiments/winback/stop", "").status, 200);
    assert!(is_new());
    served.pass("60d");
    assert_eq!(served.post("/v1/experiments/winback/conclude", r#"{"variant": "discount"}"#).status, 200);
    assert!(is_new());
    assert_eq!(fetch(&served, &[]).json()["experiments"][0]["winner"], "discount");
    let token = served.token();
    let headers = [("x-start-token", token.as_str())];
    assert_eq!(served.call("POST", "/v1/experiments/winback/archive", &headers, "").status, 200);
    assert!(is_new());
    let last = fetch(&served, &[]).json();
    assert_eq!((&last["experiments"], &last["effective_at"]), (&json!([]), &json!("2026-04-30T12:00:00Z")));
}

#[test]
fn a_bundle_is_the_same_after_a_restart() {
    let mut served = Served::with_winback();
    let before = fetch(&served, &[]);
    served.restart(|_| {});
    assert_eq!(fetch(&served, &[]).text, before.text);
    assert_eq!(fetch(&served, &[before.header("etag")]).status, 304);
}

#[test]
fn whoever_assigns_from_a_bundle_decides_as_the_server_does() {
    const CUSTOMERS: usize = 2_000;
    let served = Served::start();
    share(&served, CATALOG);
    for (key, rest) in EXPERIMENTS {
        served.run(&definition(key, rest), key);
    }
    for key in ["stopped", "won"] {
        served.run(&definition(key, "audience: {segment: at_risk}\nvariants: [{key: a}, {key: b}]"), key);
        assert_eq!(served.post(&format!("/v1/experiments/{key}/stop"), "").status, 200);
    }
    // Required by one that runs, so they are in the bundle as well.
    let (draft, old) = ("waiting", "old");
    let rest = "layer: {key: offers, share: 0.05}\nvariants: [{key: a}, {key: b}]\noverrides: {a: [c-5]}";
    assert_eq!(served.post_yaml("/v1/experiments", &definition(draft, rest)).status, 201);
    served.run(&definition(old, "audience: {segment: at_risk}\nvariants: [{key: a}, {key: b}]"), old);
    let rest = "requires: [{experiment: waiting, variant: a}, {experiment: old, variant: a}]\nvariants: [{key: a}, {key: b}]";
    served.run(&definition("never", rest), "never");
    assert_eq!(served.post(&format!("/v1/experiments/{old}/stop"), "").status, 200);
    served.pass("60d");
    assert_eq!(served.post("/v1/experiments/won/conclude", r#"{"variant": "b"}"#).status, 200);
    let token = served.token();
    let headers = [("x-start-token", token.as_str())];
    assert_eq!(served.call("POST", "/v1/experiments/old/archive", &headers, "").status, 200);

    let snapshot = compiled(&fetch(&served, &[]));
    let keys: Vec<&str> = snapshot.iter().map(|compiled| compiled.experiment().key.as_str()).collect();
    assert_eq!(keys.len(), EXPERIMENTS.len() + 5);
    let mut seen: Vec<(usize, Told)> = Vec::new();
    for n in 0..CUSTOMERS {
        let (server, here) = (by_server(&served, &keys, n), in_process(&snapshot, &keys, n));
        assert_eq!(server, here, "c-{n}");
        for answer in here.into_iter().enumerate() {
            if !seen.contains(&answer) {
                seen.push(answer);
            }
        }
    }
    // All there is to decide was decided.
    let reasons = [
        "assigned",
        "override",
        "concluded",
        "draft",
        "stopped",
        "archived",
        "external",
        "audience",
        "requires",
        "layer",
        "traffic",
    ];
    for reason in reasons {
        assert!(seen.iter().any(|(_, [_, told, _])| told == reason), "nobody was told {reason}");
    }
    let arms = |key: &str| {
        let at = keys.iter().position(|known| *known == key).unwrap();
        let drawn = |[_, reason, _]: &Told| reason == "assigned";
        seen.iter().filter(|(experiment, told)| *experiment == at && drawn(told)).count()
    };
    for (key, expected) in [
        ("plain", 2),
        ("weighed", 3),
        ("second", 2),
        ("lapsed", 2),
        ("follows", 2),
        ("growthbook", 2),
        ("unleash", 2),
        ("eppo", 2),
        ("optimizely", 2),
        ("never", 0),
    ] {
        assert_eq!(arms(key), expected, "{key}");
    }
}

#[test]
fn whoever_remembers_keeps_a_customer_as_the_server_does() {
    let served = Served::with_winback();
    let body = json!({"experiment": "winback", "customer": {"id": "c-1"}}).to_string();
    let first = served.post("/v1/assign", &body).json();
    let etag = served.get("/v1/experiments/winback").header("etag").to_owned();
    let headers = [("content-type", "application/yaml"), ("if-match", etag.as_str())];
    let changed = served.call("PUT", "/v1/experiments/winback", &headers, &format!("traffic: 0\n{WINBACK}"));
    assert_eq!(changed.status, 200, "{}", changed.text);
    let snapshot = compiled(&fetch(&served, &[]));
    let winback = snapshot.get("winback").unwrap();
    assert_eq!(winback.version(), 2);
    assert_eq!(assign(winback, Customer::new("c-1"), &NoMemory).reason(), "traffic");
    let met = winback.experiment().variant_index(first["variant"].as_str().unwrap());
    let memory = |_: &CompiledExperiment| met;
    let kept = assign(winback, Customer::new("c-1"), &memory);
    assert_eq!((kept.variant(), kept.reason()), (met, "sticky"));
    assert_eq!(served.post("/v1/assign", &body).json()["reason"], "sticky");
}

#[test]
fn a_bundle_needs_a_key_where_there_are_any() {
    let served = Served::start_with(with_key);
    served.get("/v1/definitions").problem(401, "unauthenticated");
    assert_eq!(served.call("GET", "/v1/definitions", &[("x-api-key", KEY)], "").status, 200);
    let answer = served.call("GET", "/v1/definitions?all", &[("x-api-key", KEY)], "");
    answer.problem(400, "invalid-parameter");
}
