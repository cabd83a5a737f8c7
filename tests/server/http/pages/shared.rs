//! `GET /segments`, `GET /layers`.

use super::super::under_test::{Served, WINBACK};
use super::{open, section};

const CATALOG: &str = "
segments:
  at_risk: {days_since_order: {$gt: 60}}
  vip: {value_365d: {$gte: 500}}
layers: {homepage: {}, winback: {salt: one}}
groups: {staff: [staff-1, staff-2], empty: []}
";

/// An experiment with more in its definition.
fn define(served: &Served, key: &str, more: &str) {
    let definition = WINBACK.replace("key: winback", &format!("key: {key}\n{more}"));
    let answer = served.post_yaml("/v1/experiments", &definition);
    assert_eq!(answer.status, 201, "{}", answer.text);
}

fn served() -> Served {
    let served = Served::start();
    let etag = served.get("/v1/catalog").header("etag").to_owned();
    let put = [("content-type", "application/yaml"), ("if-match", etag.as_str())];
    assert_eq!(served.call("PUT", "/v1/catalog", &put, CATALOG).status, 200);
    served
}

#[test]
fn segments_are_told_with_who_uses_them_and_groups_by_their_size() {
    let served = served();
    define(&served, "a", "audience: {segment: at_risk}");
    let sliced = WINBACK.replace("key: winback", "key: b").replace("[plan]", "[plan, {segment: at_risk}]");
    assert_eq!(served.post_yaml("/v1/experiments", &sliced).status, 201);
    let html = open(&served, "/segments");
    let segments = section(&html, "segments");
    assert!(
        segments.ends_with("at_risk days_since_order: $gt: 60 a b vip value_365d: $gte: 500 – –"),
        "{segments}"
    );
    assert!(section(&html, "groups").ends_with("Group Values empty 0 staff 2"), "{html}");
    assert!(!html.contains("staff-1"), "who is in a group is not told");
}

#[test]
fn layers_are_told_with_who_has_which_part() {
    let served = served();
    define(&served, "a", "layer: {key: winback, ranges: [[0, 0.25], [0.5, 0.6]]}");
    define(&served, "b", "layer: {key: winback, share: 0.3}");
    define(&served, "alone", "");
    assert_eq!(served.post("/v1/experiments/a/start", "").status, 200);
    let html = open(&served, "/layers");
    assert_eq!(
        section(&html, "layers").split_once("homepage").unwrap().1,
        " 100.00 % free homepage Experiment Status From To Share free – 0.00 % 100.00 % 100.00 % \
         winback 35.00 % free a a b a a b winback Experiment Status From To Share \
         a running 0.00 % 25.00 % 25.00 % free – 25.00 % 50.00 % 25.00 % a running 50.00 % 60.00 % 10.00 % \
         b draft 60.00 % 90.00 % 30.00 % free – 90.00 % 100.00 % 10.00 % CSV"
    );
    let file = served.get("/layers.csv");
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"layers.csv\"");
    let rows = [
        "layer,from,to,experiment,status",
        "homepage,0,1,,",
        "winback,0,0.25,a,running",
        "winback,0.25,0.5,,",
        "winback,0.5,0.6,a,running",
        "winback,0.6,0.9,b,draft",
        "winback,0.9,1,,",
    ];
    assert_eq!(file.text.lines().collect::<Vec<_>>(), rows);
    assert!(section(&html, "outside").ends_with("alone draft"), "{html}");
    // Who is stopped leaves its part.
    assert_eq!(served.post("/v1/experiments/a/stop", "").status, 200);
    let html = open(&served, "/layers");
    assert!(section(&html, "layers").contains("winback 70.00 % free"), "{html}");
    assert!(section(&html, "outside").ends_with("a stopped alone draft"), "{html}");
}

#[test]
fn without_a_catalog_the_pages_say_so() {
    let served = Served::start();
    let html = open(&served, "/segments");
    assert!(section(&html, "segments").contains("The catalog names no segment."), "{html}");
    assert!(section(&html, "groups").ends_with("There is no group."), "{html}");
    let html = open(&served, "/layers");
    assert!(section(&html, "layers").contains("No layer is in use, and the catalog names none."), "{html}");
    assert!(section(&html, "outside").ends_with("Every experiment has a part of a layer."), "{html}");
}
