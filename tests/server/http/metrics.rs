//! Metrics that are added to and removed from an experiment that runs.

use experiment_server::store::Pace;
use serde_json::{Value, json};

use super::under_test::{Answer, Served};

const SPENT: &str =
    "  - {key: spent, kind: sum, event: order, window: {to: 5d}, covariate: {event: order, lookback: 9d}}\n";

/// Whose arms are drawn elsewhere.
fn definition(key: &str, added: &str) -> String {
    format!(
        "key: {key}\nassignment: external\nvariants: [{{key: control}}, {{key: discount}}]\ndimensions: [plan]\n\
         metrics:\n  - {{key: kept, kind: conversion, event: order, window: {{to: 5d}}, role: primary}}\n\
         \x20 - {{key: logins, kind: count, event: login, window: {{to: 5d}}}}\n{added}\
         plan: {{target: {{customers_per_arm: 100}}}}\n"
    )
}

/// `late` gets `spent` when it runs, `always` has it from the start; both see the same facts.
fn served() -> Served {
    let served = Served::start_with(|settings| settings.pace = Pace { customers: 1, by_hand: true });
    served.run(&definition("late", ""), "late");
    served.run(&definition("always", SPENT), "always");
    served
}

/// Five customers an arm in both experiments, each of whom orders.
fn wave(served: &Served, name: &str) {
    let (mut exposures, mut orders) = (Vec::new(), Vec::new());
    for i in 0..10 {
        let customer = format!("{i}-{name}");
        let (variant, plan) = (["control", "discount"][i % 2], ["basic", "pro"][i / 5]);
        for experiment in ["late", "always"] {
            let exposure = json!({"customer": customer, "experiment": experiment, "variant": variant, "id": "x",
                "attributes": {"plan": plan}});
            exposures.push(exposure.to_string());
        }
        let order = json!({"customer": customer, "event": "order", "id": name, "value": i * i});
        orders.push(order.to_string());
    }
    served.send("/v1/exposures", &exposures.join("\n"));
    served.send("/v1/conversions", &orders.join("\n"));
}

fn redefine(served: &Served, definition: &str) -> Answer {
    let path = "/v1/experiments/late";
    let etag = served.get(path).headers["etag"].to_str().unwrap().to_owned();
    let headers = [("content-type", "application/yaml"), ("if-match", etag.as_str())];
    served.call("PUT", path, &headers, definition)
}

fn report(served: &Served, key: &str, query: &str) -> Value {
    served.get(&format!("/v1/experiments/{key}/results?fresh&{query}")).json()
}

fn checks(report: &Value) -> Vec<&str> {
    let checks = report["health"]["checks"].as_array().unwrap();
    checks.iter().map(|check| check["check"].as_str().unwrap()).collect()
}

#[test]
fn a_metric_that_is_added_is_rebuilt_and_then_as_if_it_had_always_been_there() {
    let mut served = served();
    wave(&served, "a");
    served.pass("2d");
    assert_eq!(redefine(&served, &definition("late", SPENT)).status, 200);
    let now = report(&served, "late", "");
    let waiting = json!({"metric": "spent", "kind": "mean", "role": "secondary", "direction": "up",
        "rebuilding": {"done": 0, "of": 10}, "arms": [], "comparisons": []});
    assert_eq!(now["metrics"][2], waiting);
    assert_eq!(now["dimensions"][1]["metrics"][2], waiting);
    let check = now["health"]["checks"].as_array().unwrap().last().unwrap();
    assert_eq!((&check["check"], &check["level"]), (&json!("rebuilding"), &json!("warn")));
    assert_eq!(served.get("/readyz").status, 200);
    let csv = served.get("/v1/experiments/late/results?format=csv").text;
    assert!(csv.lines().any(|row| row.contains(",spent,mean,") && row.ends_with(",0,10")), "{csv}");

    // In mid-walk, with facts on both sides of its cursor, through a restart.
    for _ in 0..4 {
        served.server().store().step_backfill().unwrap();
    }
    wave(&served, "b");
    assert_eq!(report(&served, "late", "")["metrics"][2]["rebuilding"], json!({"done": 7, "of": 20}));
    served.restart(|settings| settings.pace = Pace { customers: 3, by_hand: false });
    let store = served.server().store();
    while store.is_backfilling() {
        std::thread::yield_now();
    }
    served.pass("20d");
    for query in ["", "as_of=2026-03-01", "as_of=2026-03-03", "as_of=2026-03-10"] {
        let (late, always) = (report(&served, "late", query), report(&served, "always", query));
        assert_eq!(late["metrics"][2]["metric"], "spent");
        assert!(late["metrics"][2]["arms"][0]["n"].is_number());
        for part in ["metrics", "dimensions", "verdict"] {
            assert_eq!(late[part], always[part], "{query}");
        }
        assert!(!checks(&late).contains(&"rebuilding"));
    }
    assert_eq!(served.server().store().verify().unwrap().differences, Vec::<String>::new());
}

#[test]
fn what_decides_cannot_be_added_and_a_secondary_can_go() {
    let served = served();
    wave(&served, "a");
    let refused = redefine(&served, &definition("late", &SPENT.replace("}}\n", "}, role: primary}\n")));
    assert_eq!(refused.status, 409, "{}", refused.text);
    let problem = &refused.json()["errors"][0];
    assert_eq!(problem["field"], "metrics[2].role", "{problem}");
    let other = definition("late", "").replace("key: kept", "key: other");
    assert_eq!(redefine(&served, &other).status, 409);
    let logins = "  - {key: logins, kind: count, event: login, window: {to: 5d}}\n";
    assert!(definition("late", "").contains(logins));
    assert_eq!(redefine(&served, &definition("late", "").replace(logins, "")).status, 200);
    let report = report(&served, "late", "");
    assert_eq!(report["metrics"].as_array().unwrap().len(), 1);
    assert!(!served.server().store().is_backfilling());
}
