//! `GET /v1/experiments/{key}/results`.

use serde_json::{Value, json};

use super::under_test::Served;

const PATH: &str = "/v1/experiments/winback/results";

/// Two customers an arm; one of `discount` orders in the window.
fn with_facts() -> Served {
    let served = Served::with_winback();
    let exposure = |customer: &str, variant: &str| {
        json!({"customer": customer, "experiment": "winback", "variant": variant, "id": "x",
            "attributes": {"plan": "basic"}})
        .to_string()
    };
    let exposures = [
        exposure("a", "control"),
        exposure("b", "control"),
        exposure("c", "discount"),
        exposure("d", "discount"),
    ];
    served.send("/v1/exposures", &exposures.join("\n"));
    served.pass("15d");
    served.send("/v1/conversions", r#"{"customer": "c", "event": "order", "value": 30, "id": "o"}"#);
    served
}

#[test]
fn the_report_holds_everything_acknowledged() {
    let served = with_facts();
    let report = served.get(&format!("{PATH}?fresh=true")).json();
    // Definition, start, four exposures, one event.
    assert_eq!(report["sequence"], 7);
    assert_eq!(report["as_of"], "2026-03-16T12:00:00Z");
    assert_eq!(
        report["variants"],
        json!([{"variant": "control", "customers": 2}, {"variant": "discount", "customers": 2}])
    );
    let retained = &report["metrics"][0];
    assert_eq!((&retained["metric"], &retained["immature"]), (&json!("retained"), &json!(4)));
    assert_eq!(retained["so_far"]["arms"][1], json!({"variant": "discount", "n": 2, "estimate": 0.5}));
    assert_eq!(report["verdict"]["verdict"], "continue");

    served.pass("6d");
    let report = served.get(&format!("{PATH}?fresh")).json();
    let arms = &report["metrics"][0]["arms"];
    assert_eq!((&arms[0]["n"], &arms[1]["n"], &arms[1]["estimate"]), (&json!(2), &json!(2), &json!(0.5)));
}

/// An experiment whose arms are drawn elsewhere and whose windows last a day.
pub(super) struct Campaign {
    pub(super) served: Served,
}

impl Campaign {
    pub(super) fn start(plan: &str) -> Campaign {
        let served = Served::start();
        let definition = format!(
            "
key: once
assignment: external
variants: [{{key: control}}, {{key: discount}}]
metrics: [{{key: kept, kind: conversion, event: order, window: {{to: 1d}}, role: primary}}]
plan: {plan}
"
        );
        assert_eq!(served.post_yaml("/v1/experiments", &definition).status, 201);
        assert_eq!(served.post("/v1/experiments/once/start", "").status, 200);
        Campaign { served }
    }

    /// 200 customers an arm, of whom so many order.
    pub(super) fn wave(&self, name: &str, buyers: [usize; 2]) {
        let (mut exposures, mut orders) = (Vec::new(), Vec::new());
        for (variant, buyers) in ["control", "discount"].iter().zip(buyers) {
            for i in 0..200 {
                let customer = format!("{name}-{variant}-{i}");
                exposures.push(
                    json!({"customer": customer, "experiment": "once", "variant": variant, "id": "x"})
                        .to_string(),
                );
                if i < buyers {
                    orders.push(json!({"customer": customer, "event": "order", "id": "o"}).to_string());
                }
            }
        }
        self.served.send("/v1/exposures", &exposures.join("\n"));
        self.served.send("/v1/conversions", &orders.join("\n"));
    }

    pub(super) fn report(&self, query: &str) -> Value {
        self.served.get(&format!("/v1/experiments/once/results?{query}")).json()
    }

    fn verdict(&self, query: &str) -> Value {
        self.report(query)["verdict"].clone()
    }
}

#[test]
fn a_fixed_plan_decides_once() {
    let campaign = Campaign::start("{target: {customers_per_arm: 100}}");
    campaign.wave("first", [20, 80]);
    assert_eq!(campaign.verdict("fresh")["verdict"], "continue");
    campaign.served.pass("3d");
    let decided = campaign.verdict("fresh");
    assert_eq!((&decided["verdict"], &decided["decided_on"]), (&json!("ship"), &json!("2026-03-02")));
    // What comes later says the opposite and changes nothing.
    campaign.wave("second", [190, 10]);
    campaign.wave("third", [190, 10]);
    campaign.served.pass("3d");
    let report = campaign.report("fresh");
    assert_eq!(report["verdict"], decided);
    assert!(report["metrics"][0]["comparisons"][0]["effect"]["estimate"].as_f64().unwrap() < 0.0);
    assert_eq!(campaign.verdict("as_of=2026-03-01")["verdict"], "continue");
    assert_eq!(campaign.verdict("as_of=2026-03-02")["verdict"], "ship");
    assert_eq!(campaign.verdict("as_of=2026-03-05"), decided);
}

#[test]
fn the_first_crossing_of_a_sequence_stands() {
    let campaign = Campaign::start("{method: always_valid, min_days: 1, tuning: 400}");
    campaign.wave("first", [60, 62]);
    campaign.served.pass("1d");
    campaign.wave("second", [40, 110]);
    campaign.served.pass("1d");
    assert_eq!(campaign.verdict("fresh")["verdict"], "continue");
    campaign.served.pass("1d");
    // As it stands within the day, and from its end on for good.
    assert_eq!(campaign.verdict("fresh")["verdict"], "ship");
    campaign.wave("third", [110, 40]);
    campaign.served.pass("3d");
    let report = campaign.report("fresh");
    let decided = &report["verdict"];
    assert_eq!((&decided["verdict"], &decided["decided_on"]), (&json!("ship"), &json!("2026-03-03")));
    let comparison = &report["metrics"][0]["comparisons"][0];
    assert!(comparison["always_valid"]["p_value"].as_f64().unwrap() > 0.9, "{comparison}");
    assert_eq!(comparison["decision"]["significant"], false);
    assert_eq!(campaign.verdict("as_of=2026-03-02")["verdict"], "continue");
}

#[test]
fn harm_is_found_before_the_target_and_stands() {
    let campaign = Campaign::start("{target: {customers_per_arm: 100000}}");
    campaign.wave("first", [150, 60]);
    campaign.served.pass("1d");
    campaign.wave("second", [60, 150]);
    campaign.served.pass("4d");
    let decided = campaign.verdict("fresh");
    assert_eq!((&decided["verdict"], &decided["variant"]), (&json!("stop_for_harm"), &json!("discount")));
    assert_eq!(decided["decided_on"], "2026-03-02");
}

#[test]
fn a_past_day_shows_what_was_known_by_its_end() {
    let served = with_facts();
    assert_eq!(served.get(&format!("{PATH}?fresh")).status, 200);
    let report = served.get(&format!("{PATH}?as_of=2026-03-15")).json();
    assert_eq!(report["as_of"], "2026-03-16T00:00:00Z");
    assert_eq!(report["metrics"][0]["so_far"]["arms"][1]["estimate"], 0.0);
    // Today has not ended: it is read as far as it has come.
    let report = served.get(&format!("{PATH}?as_of=2026-03-16")).json();
    assert_eq!(report["as_of"], "2026-03-16T12:00:00Z");
    assert_eq!(report["metrics"][0]["so_far"]["arms"][1]["estimate"], 0.5);
}

#[test]
fn csv_has_a_header_and_a_row_per_metric_and_arm() {
    let served = with_facts();
    let answer = served.get(&format!("{PATH}?fresh&format=csv"));
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8; header=present");
    let lines: Vec<&str> = answer.text.lines().collect();
    assert!(lines[0].starts_with("experiment,as_of,dimension,value,metric,"), "{}", lines[0]);
    // Two metrics × two arms, for everybody and for plan = basic.
    assert_eq!(lines.len(), 1 + 4 + 4, "{}", answer.text);
    assert!(lines[1].starts_with("winback,2026-03-16T12:00:00Z,,,retained,proportion,primary,up,control,"));
}

#[test]
fn wrong_parameters_are_named() {
    let served = Served::with_winback();
    for (query, field, mend) in [
        ("as_of=2026-02-30", "as_of", "send a UTC day such as 2026-03-01; its end is meant"),
        ("as_of=2026-03-02", "as_of", "send 2026-03-01 or an earlier day"),
        ("as_of=2026-02-28", "as_of", "send 2026-03-01 or a later day"),
        ("as_of=2026-03-01&as_of=2026-03-01", "as_of", "send it once"),
        ("fresh=maybe", "fresh", "send true or false"),
        ("format=xml", "format", "send json or csv"),
        ("asof=2026-03-01", "asof", "did you mean \"as_of\"?"),
    ] {
        let problem = served.get(&format!("{PATH}?{query}")).problem(400, "invalid-parameter");
        let error = &problem["errors"][0];
        assert_eq!((&error["field"], &error["mend"]), (&json!(field), &json!(mend)), "{query}");
    }
    served.get("/v1/experiments/winbac/results").problem(404, "unknown-experiment");
}
