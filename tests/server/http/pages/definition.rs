//! `GET /experiments/{key}/definition`.

use super::super::under_test::{Served, WINBACK};
use super::{open, page, section, words};

const PATH: &str = "/experiments/winback/definition";

/// With a hypothesis that was changed before the start.
fn served() -> Served {
    let served = Served::start();
    assert_eq!(served.post_yaml("/v1/experiments", WINBACK).status, 201);
    served.pass("1h");
    let etag = served.get("/v1/experiments/winback").header("etag").to_owned();
    let put = [("content-type", "application/yaml"), ("if-match", etag.as_str())];
    let changed = WINBACK.replace("A discount keeps", "A gift keeps") + "traffic: 0.5\n";
    assert_eq!(served.call("PUT", "/v1/experiments/winback", &put, &changed).status, 200);
    served.pass("1h");
    assert_eq!(served.post("/v1/experiments/winback/start", "").status, 200);
    served
}

#[test]
fn versions_steps_and_lists_are_told() {
    let served = served();
    let html = open(&served, PATH);
    assert_eq!(
        section(&html, "life"),
        "Life Step When Created 2026-03-01 12:00:00 Started 2026-03-01 14:00:00 \
         1 customer is on an override list and always sees the same variant."
    );
    assert_eq!(
        section(&html, "versions"),
        "Versions Version When What changed 2 in force 2026-03-01 13:00:00 hypothesis, traffic \
         1 2026-03-01 12:00:00 the first one"
    );
    assert!(!html.contains("qa-1"), "who is on a list is not told");
    served.post("/v1/experiments/winback/stop", "");
    served.pass("40d");
    assert_eq!(served.post("/v1/experiments/winback/conclude", r#"{"variant": "discount"}"#).status, 200);
    let life = section(&open(&served, PATH), "life");
    assert!(
        life.contains("Stopped 2026-03-01 14:00:00 Concluded with discount 2026-04-10 14:00:00"),
        "{life}"
    );
}

#[test]
fn what_is_in_force_can_be_read_back() {
    let served = served();
    let html = open(&served, PATH);
    let yaml = html.split_once("<pre>").unwrap().1.split_once("</pre>").unwrap().0;
    let yaml = yaml.replace("&#34;", "\"").replace("&#39;", "'");
    assert!(
        yaml.starts_with("key: winback\nhypothesis: A gift keeps more customers\ntraffic: 0.5\n"),
        "{yaml}"
    );
    let answer = served.post_yaml("/v1/experiments", &yaml);
    assert_eq!(answer.status, 200, "the same: {}", answer.text);
    assert_eq!(answer.json()["version"], 2);
}

#[test]
fn two_versions_are_compared_line_by_line() {
    let served = served();
    let compared = |query: &str| section(&open(&served, &format!("{PATH}{query}")), "compare");
    let last_two = compared("");
    let lines = "key: winback − removed hypothesis: A discount keeps more customers \
                 + added hypothesis: A gift keeps more customers + added traffic: 0.5 variants:";
    assert!(last_two.contains("Lines: 2 added, 1 removed."), "{last_two}");
    assert!(last_two.contains(lines), "{last_two}");
    assert_eq!(compared("?from=1&to=2"), last_two);
    assert!(compared("?from=2&to=1").contains("Lines: 1 added, 2 removed."));
    assert!(compared("?from=2&to=2").contains("These two say the same."));
    for (query, detail) in [
        ("?from=0", "from: \"0\" is no version; mend: send a number from 1 to 2"),
        ("?to=3", "to: \"3\" is no version; mend: send a number from 1 to 2"),
        ("?from=x", "from: \"x\" is no version; mend: send a number from 1 to 2"),
    ] {
        let told = words(page(&served.get(&format!("{PATH}{query}")), 400));
        assert!(told.contains(detail), "{told}");
    }
}

#[test]
fn one_version_is_compared_with_nothing() {
    let served = Served::with_winback();
    assert!(!open(&served, PATH).contains("id=\"compare\""));
}
