//! What pages show, as files with every digit.

use serde_json::Value;

use super::super::under_test::{Answer, Served};

const SURVIVAL: &str = "
key: lasting
assignment: external
variants: [{key: control}, {key: gift, offer: {kind: gift, per_exposure: 0.5}}]
metrics:
  - {key: kept, kind: conversion, event: order, window: {to: 2d}, role: primary}
  - {key: stays, kind: survival, event: cancel, horizon: 10d}
dimensions: [plan]
economics: {kept: kept, gross: {event: order, margin: 0.5}, window: {to: 2d}}
plan: {method: always_valid}
";

/// Ten customers an arm on each of three days.
fn served() -> Served {
    let served = Served::start();
    served.run(SURVIVAL, "lasting");
    for day in 0..3 {
        let (mut exposures, mut events) = (String::new(), String::new());
        for n in 0..20 {
            let (arm, customer) = (["control", "gift"][n % 2], format!("{day}-{n}"));
            let plan = ["=basic", "plus"][n / 10];
            exposures += &format!(
                "{{\"id\": \"x\", \"experiment\": \"lasting\", \"customer\": \"{customer}\", \"variant\": \"{arm}\", \"attributes\": {{\"plan\": \"{plan}\"}}}}\n"
            );
            let event = if n % 3 == 0 { "cancel" } else { "order" };
            events += &format!(
                "{{\"id\": \"e\", \"customer\": \"{customer}\", \"event\": \"{event}\", \"value\": {n}}}\n"
            );
        }
        served.send("/v1/exposures", &exposures);
        served.pass("1h");
        served.send("/v1/conversions", &events);
        served.pass("23h");
    }
    served.pass("20d");
    served.get("/v1/experiments/lasting/results?fresh");
    served
}

fn rows(answer: &Answer) -> Vec<Vec<String>> {
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, "text/csv; charset=utf-8; header=present")
    );
    let reader = csv::ReaderBuilder::new().has_headers(false).from_reader(answer.text.as_bytes());
    reader.into_records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// A file of the experiment has these rows under these columns.
fn assert_file(served: &Served, name: &str, header: &[&str], expected: &[Vec<String>]) {
    let answer = served.get(&format!("/experiments/lasting/{name}.csv"));
    let disposition = format!("attachment; filename=\"lasting-{name}.csv\"");
    assert_eq!(answer.header("content-disposition"), disposition);
    let rows = rows(&answer);
    assert_eq!(rows[0], header);
    assert_eq!(rows[1..], *expected);
}

/// A number as the report has it; blank where it has none.
fn cell(value: &Value) -> String {
    if value.is_null() { String::new() } else { value.to_string() }
}

#[test]
fn the_report_is_the_one_that_the_api_gives() {
    let served = served();
    for query in ["", "?as_of=2026-03-03"] {
        let api = format!("/v1/experiments/lasting/results{query}");
        let page = |name: &str| served.get(&format!("/experiments/lasting/{name}{query}"));
        assert_eq!(page("results.json").json(), served.get(&api).json());
        assert_eq!(page("results.json").header("content-type"), "application/json");
        let and = if query.is_empty() { '?' } else { '&' };
        let csv = served.get(&format!("{api}{and}format=csv"));
        assert_eq!(page("results.csv").text, csv.text);
        assert_eq!(page("results.csv").header("content-disposition"), csv.header("content-disposition"));
    }
}

#[test]
fn every_day_of_the_curve_is_a_row() {
    let served = served();
    let report = served.get("/v1/experiments/lasting/results").json();
    let mut expected: Vec<Vec<String>> = Vec::new();
    for metric in report["metrics"].as_array().unwrap() {
        for day in metric["daily"].as_array().into_iter().flatten() {
            for found in day["comparisons"].as_array().unwrap() {
                let text = |value: &Value| value.as_str().unwrap().to_owned();
                let (effect, all) = (&found["effect"], &found["always_valid"]);
                expected.push(vec![
                    "lasting".to_owned(),
                    text(&report["as_of"]),
                    text(&metric["metric"]),
                    text(&metric["kind"]),
                    text(&day["day"]),
                    text(&found["variant"]),
                    "control".to_owned(),
                    cell(&found["control_n"]),
                    cell(&found["n"]),
                    cell(&effect["estimate"]),
                    cell(&effect["lower"]),
                    cell(&effect["upper"]),
                    cell(&all["lower"]),
                    cell(&all["upper"]),
                ]);
            }
        }
    }
    assert!(expected.len() >= 3 && expected.iter().any(|row| !row[10].is_empty()), "{expected:?}");
    assert_file(&served, "daily", &experiment_server::output::DAILY_CSV_HEADER, &expected);
}

#[test]
fn every_week_of_entry_is_a_row() {
    let served = served();
    let report = served.get("/v1/experiments/lasting/results").json();
    let mut expected: Vec<Vec<String>> = Vec::new();
    for metric in report["metrics"].as_array().unwrap() {
        for week in metric["weekly"].as_array().into_iter().flatten() {
            for found in week["comparisons"].as_array().unwrap() {
                let texts = ["lasting", report["as_of"].as_str().unwrap()].map(str::to_owned);
                let named = [&metric["metric"], &metric["kind"], &week["from"], &found["variant"]];
                let named = named.map(|value| value.as_str().unwrap().to_owned());
                let effect = &found["effect"];
                let numbers = [&found["control_n"], &found["n"], &effect["estimate"], &effect["std_error"]];
                let ends = [&effect["lower"], &effect["upper"]];
                let mut row = [&texts[..], &named, &["control".to_owned()]].concat();
                row.extend(numbers.into_iter().chain(ends).map(cell));
                expected.push(row);
            }
        }
    }
    assert!(!expected.is_empty());
    assert_file(&served, "weekly", &experiment_server::output::WEEKLY_CSV_HEADER, &expected);
}

#[test]
fn every_day_of_a_survival_curve_is_a_row() {
    let served = served();
    let report = served.get("/v1/experiments/lasting/results").json();
    let mut expected: Vec<Vec<String>> = Vec::new();
    for arm in report["metrics"][1]["arms"].as_array().unwrap() {
        for day in arm["survival"].as_array().unwrap() {
            let mut row =
                ["lasting", report["as_of"].as_str().unwrap(), "stays", arm["variant"].as_str().unwrap()]
                    .map(str::to_owned)
                    .to_vec();
            row.extend(
                ["day", "at_risk", "events", "survival", "lower", "upper"].map(|name| cell(&day[name])),
            );
            expected.push(row);
        }
    }
    assert!(expected.len() >= 2, "{expected:?}");
    assert_file(&served, "survival", &experiment_server::output::SURVIVAL_CSV_HEADER, &expected);
}

#[test]
fn every_value_of_a_dimension_is_a_row_with_its_advice() {
    let served = served();
    let report = served.get("/v1/experiments/lasting/results").json();
    let mut expected: Vec<Vec<String>> = Vec::new();
    for whom in report["economics"][0]["whom"].as_array().unwrap() {
        // What a spreadsheet would take for a formula is marked as text.
        let value = whom["value"].as_str().unwrap().replace("=basic", "'=basic");
        let texts = ["lasting", report["as_of"].as_str().unwrap(), "gift", "control", "plan", &value];
        let mut row = texts.map(str::to_owned).to_vec();
        row.push(cell(&whom["customers"]));
        for effect in [&whom["kept_per_1000"], &whom["net_value_per_customer"]] {
            row.extend(["estimate", "std_error", "lower", "upper"].map(|name| cell(&effect[name])));
        }
        row.extend(["chance_it_pays", "adjusted_p_value"].map(|name| cell(&whom[name])));
        row.push(whom["advice"].as_str().unwrap().to_owned());
        row.push(whom["not_estimable"]["code"].as_str().unwrap_or_default().to_owned());
        expected.push(row);
    }
    assert!(expected.len() == 2 && expected[0][5] == "'=basic", "{expected:?}");
    assert_file(&served, "whom", &experiment_server::output::WHOM_CSV_HEADER, &expected);
}

#[test]
fn without_curves_there_is_the_header_alone() {
    let served = Served::with_winback();
    for name in ["daily", "survival", "weekly", "whom"] {
        let answer = served.get(&format!("/experiments/winback/{name}.csv"));
        assert_eq!(rows(&answer).len(), 1, "{name}");
        assert!(answer.text.ends_with("\r\n"));
    }
}
