//! `GET /experiments/{key}/customer`.

use serde_json::Value;

use super::super::under_test::{Served, WINBACK};
use super::{open, page, section, words};

const PATH: &str = "/experiments/winback/customer";

#[test]
fn the_page_tells_the_steps_that_the_api_tells() {
    let served = Served::with_winback();
    for id in ["m%C3%BCller%2F1", "qa-1"] {
        let told = served.get(&format!("/v1/experiments/winback/customers/{id}")).json();
        let answer = section(&open(&served, &format!("{PATH}?id={id}&attributes=")), "answer");
        let (customer, variant) = (told["customer"].as_str().unwrap(), told["variant"].as_str().unwrap());
        assert!(answer.starts_with(&format!("{customer} gets {variant} ")), "{answer}");
        let mut rest = answer.as_str();
        for step in told["steps"].as_array().unwrap() {
            let detail = step["detail"].as_str().unwrap();
            let place = rest.find(detail).unwrap_or_else(|| panic!("{detail}: {answer}"));
            rest = &rest[place + detail.len()..];
        }
        assert_eq!(answer.matches(" decides ").count(), 1, "{answer}");
        assert!(answer.ends_with("No exposure of this customer to this experiment is known."), "{answer}");
    }
    let steps = section(&open(&served, &format!("{PATH}?id=qa-1")), "answer");
    assert!(
        steps.contains("Override list decides the customer is on the override list of discount"),
        "{steps}"
    );

    let assigned = served.post("/v1/assign", r#"{"experiment": "winback", "customer": {"id": "c"}}"#).json();
    let variant = assigned["variant"].as_str().unwrap();
    let met = section(&open(&served, &format!("{PATH}?id=c")), "answer");
    assert!(met.contains(&format!("{variant} 2026-03-01 12:00:00 assign –")), "{met}");
    assert!(met.contains("Reason sticky"), "{met}");
}

#[test]
fn attributes_are_asked_of_the_audience() {
    let served = Served::start();
    served.run(&WINBACK.replace("hypothesis:", "audience: {plan: basic}\nhypothesis:"), "winback");
    let answer =
        |attributes: &str| section(&open(&served, &format!("{PATH}?id=c&attributes={attributes}")), "answer");
    let outside = answer("%7B%22plan%22%3A%22gold%22%7D");
    assert!(outside.starts_with("c gets no variant Reason audience"), "{outside}");
    assert!(outside.contains("This would change it: attributes that meet plan: \"basic\"."), "{outside}");
    assert!(answer("%7B%22plan%22%3A%22basic%22%7D").contains("Reason assigned"));
    assert!(answer("").contains("no attributes of the customer are given"));
}

#[test]
fn what_was_typed_stays_beside_what_is_wrong_with_it() {
    let served = Served::with_winback();
    let form = open(&served, PATH);
    assert!(form.contains("<input id=\"id\" name=\"id\" value=\"\""), "{form}");
    assert!(!form.contains("id=\"answer\""));
    for (query, detail) in [
        ("id=c-1&attributes=%7Bplan", "attributes: is not JSON; mend: send a JSON object"),
        ("id=c-1&attributes=%5B1%5D", "attributes: is not an object; mend: send an object"),
    ] {
        let answer = served.get(&format!("{PATH}?{query}"));
        let html = page(&answer, 400);
        assert!(words(html).contains(detail), "{html}");
        assert!(html.contains("value=\"c-1\""), "{html}");
        let typed = query
            .split_once("attributes=")
            .unwrap()
            .1
            .replace("%7B", "{")
            .replace("%5B", "[")
            .replace("%5D", "]");
        assert!(html.contains(&format!("\n{typed}</textarea>")), "{html}");
        assert!(!answer.headers.contains_key("etag"));
    }
    let long = format!("{PATH}?id={}", "x".repeat(257));
    assert!(words(page(&served.get(&long), 400)).contains("id: "), "an id that is too long");
    assert!(words(page(&served.get(&format!("{PATH}?id=")), 400)).contains("mend: use 1 to 256 bytes"));
    assert_eq!(
        served.get("/v1/experiments/winback/customers/c").json()["exposures"],
        Value::Array(Vec::new())
    );
}
