//! The list and the results say what the API's report says.

use super::super::results::Campaign;
use super::super::under_test::Served;
use super::{open, section, words};

/// Sixty customers an arm, of whom 20 and 40 order.
fn decided() -> Served {
    let campaign = Campaign::start("{method: fixed, target: {customers_per_arm: 60}}");
    for (arm, orders) in [("control", 20), ("discount", 40)] {
        let customers = 0..60;
        let exposures = customers.clone().map(|n| {
            format!("{{\"id\": \"x\", \"experiment\": \"once\", \"customer\": \"{arm}-{n}\", \"variant\": \"{arm}\"}}\n")
        });
        campaign.served.send("/v1/exposures", &exposures.collect::<String>());
        let events = customers.take(orders).map(|n| {
            format!("{{\"id\": \"o\", \"customer\": \"{arm}-{n}\", \"event\": \"order\", \"value\": 5}}\n")
        });
        campaign.served.send("/v1/conversions", &events.collect::<String>());
    }
    campaign.served.pass("10d");
    campaign.served
}

/// A share as pages show it.
fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

#[test]
fn the_page_says_what_the_report_says() {
    let served = decided();
    let report = served.get("/v1/experiments/once/results?fresh").json();
    let html = open(&served, "/experiments/once");
    let text = words(&html);
    assert_eq!(report["verdict"]["verdict"], "ship");
    assert!(section(&html, "verdict").starts_with("Verdict Ship discount "), "{}", section(&html, "verdict"));
    for reason in report["verdict"]["reasons"].as_array().unwrap() {
        assert!(section(&html, "verdict").contains(reason.as_str().unwrap()), "{reason}");
    }
    assert!(text.contains("Customers 120 Version 1 As of 2026-03-11 12:00"), "{text}");

    let metric = &report["metrics"][0];
    let [control, discount] = [0, 1].map(|arm| metric["arms"][arm]["estimate"].as_f64().unwrap());
    assert_eq!((percent(control), percent(discount)), ("33.33 %".to_owned(), "66.67 %".to_owned()));
    let comparison = &metric["comparisons"][0];
    let effect = &comparison["effect"];
    let points = |number: &serde_json::Value| format!("{:+.2}", number.as_f64().unwrap() * 100.0);
    let metrics = section(&html, "primary");
    assert!(metrics.contains("control 60 33.33 % 20 of 60 "), "{metrics}");
    let row = format!("discount 60 66.67 % 40 of 60 {} pp", points(&effect["estimate"]));
    assert_eq!(points(&effect["estimate"]), "+33.33");
    assert!(metrics.contains(&row), "{metrics}");
    let decision = &comparison["decision"];
    let interval = format!("{} to {}", points(&decision["lower"]), points(&decision["upper"]));
    assert!(metrics.contains(&interval), "{interval}: {metrics}");
    assert!(metrics.contains("better"), "{metrics}");

    let list = section(&open(&served, "/"), "experiments");
    assert!(list.contains("once running ship discount 11 120 "), "{list}");
}

#[test]
fn a_page_of_a_past_day_leaves_out_what_came_later() {
    let served = decided();
    let report = served.get("/v1/experiments/once/results?as_of=2026-03-01").json();
    assert_eq!(report["verdict"]["verdict"], "continue");
    let html = open(&served, "/experiments/once?as_of=2026-03-01");
    assert!(section(&html, "verdict").starts_with("Verdict Continue: too early to tell"), "{html}");
    assert!(words(&html).contains("This is how it was at the end of 2026-03-01: later facts are left out."));
    assert!(html.contains("href=\"/experiments/once/results.csv?as_of=2026-03-01\""));
}
