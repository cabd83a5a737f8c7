//! `GET /company`. The clock stands on 2026-03-01.

use std::fmt::Write;

use serde_json::Value;

use super::super::under_test::Served;
use super::{open, page, section, words};

/// Orders of 10 by the customers numbered so.
fn orders(numbers: std::ops::Range<usize>, day: &str) -> String {
    let mut lines = String::new();
    for n in numbers {
        let at = format!("{day}T12:00:00Z");
        writeln!(
            lines,
            "{{\"id\": \"{day}-{n}\", \"customer\": \"c-{n}\", \"event\": \"order\", \"at\": \"{at}\", \"value\": 10}}"
        )
        .unwrap();
    }
    lines
}

/// A hundred customers, of whom ninety stay, and five new ones.
fn served() -> Served {
    let served = Served::start();
    let facts =
        [orders(0..100, "2026-01-10"), orders(0..90, "2026-02-10"), orders(100..105, "2026-02-20")].concat();
    served.send("/v1/conversions", &facts);
    served.get("/v1/kpis?from=2026-02-01&to=2026-02-28&fresh");
    served
}

#[test]
fn figures_are_told_with_how_they_are_made() {
    let served = served();
    let html =
        open(&served, "/company?from=2026-02-01&to=2026-02-28&event=order&active=&within=&cost=&survey=");
    assert_eq!(
        section(&html, "counts"),
        "Customers Active: order within the 28d before. Purchase: order. Intervals at 95 %. \
         At the start 100 of them kept 90 of them lost 10 At the end 95 of them new 5 of them returned 0 \
         Active in the period 95 Bought in the period 95"
    );
    let figures = section(&html, "figures");
    // (95 − 5)/100; Wilson (1927) for 90 of 100.
    let kept = "Retention rate 90.00 % 82.56 % to 94.48 % 90 there at the end, of 100 at the start";
    assert!(figures.contains(kept), "{figures}");
    assert!(figures.contains("Growth −5.00 % a change of −5, of 100 at the start"), "{figures}");
    assert!(figures.contains("Average order value 10.00 10.00 to 10.00 950 in 95 purchases"), "{figures}");
    let since = open(&served, "/company?from=2026-01-01&to=2026-02-28");
    let cohorts = section(&since, "cohorts");
    assert!(cohorts.ends_with("2026-01 100 100.0 90.0 2026-02 5 100.0"), "{cohorts}");
    assert!(since.contains("<td class=\"number heat-9\">90.0</td>"));
    let file =
        html.split_once("href=\"/company.csv?").unwrap().1.split_once('"').unwrap().0.replace("&#38;", "&");
    assert_eq!(file, "from=2026-02-01&to=2026-02-28&event=order");
    let (csv, same) =
        (served.get(&format!("/company.csv?{file}")), served.get(&format!("/v1/kpis?{file}&format=csv")));
    assert_eq!((csv.status, csv.header("content-type")), (200, "text/csv; charset=utf-8; header=present"));
    assert_eq!(csv.text, same.text);
    assert_eq!(csv.header("content-disposition"), same.header("content-disposition"));
}

#[test]
fn the_last_thirty_whole_days_are_shown_unless_others_are_asked_for() {
    let served = served();
    let html = open(&served, "/company");
    for (name, value) in [("from", "2026-01-30"), ("to", "2026-02-28"), ("event", "order")] {
        assert!(html.contains(&format!("name=\"{name}\" value=\"{value}\"")), "{name}: {html}");
    }
    let file = served.get("/company.csv").text;
    assert_eq!(file, served.get("/v1/kpis?from=2026-01-30&to=2026-02-28&format=csv").text);
}

#[test]
fn an_event_that_is_none_is_asked_for_among_those_there_are() {
    let served = Served::start();
    let empty = open(&served, "/company");
    assert!(words(&empty).contains("No event was sent yet: there is nothing to show."), "{empty}");
    served.send(
        "/v1/conversions",
        r#"{"id": "1", "customer": "c", "event": "sale & more", "at": "2026-02-10T12:00:00Z"}"#,
    );
    served.get("/v1/kpis?from=2026-02-01&to=2026-02-28&event=sale+%26+more&fresh");
    let html = open(&served, "/company");
    assert!(words(&html).contains("No event is called order yet. Say which one is a purchase."), "{html}");
    let way = "/company?from=2026-01-30&#38;to=2026-02-28&#38;event=sale+%26+more";
    assert!(html.contains(&format!("<a href=\"{way}\">sale &#38; more</a>")), "{html}");
    open(&served, &way.replace("&#38;", "&"));
    let asked = served.get("/company?event=sael");
    let told = words(page(&asked, 400));
    assert!(told.contains("event: no event is called \"sael\""), "{told}");
    assert!(told.contains("Events there are: sale & more"), "{told}");
}

#[test]
fn what_was_typed_stays_beside_what_is_wrong_with_it() {
    let served = served();
    let refused = served.get("/company?from=2026-02-30&to=2026-02-28&event=order&cost=%22quoted%22");
    let html = page(&refused, 400);
    assert!(
        words(html).contains("from: \"2026-02-30\" is not a day; mend: send a UTC day such as 2026-03-01"),
        "{html}"
    );
    assert!(html.contains("name=\"from\" value=\"2026-02-30\""), "{html}");
    assert!(html.contains("name=\"cost\" value=\"&#34;quoted&#34;\""), "{html}");
    let told = words(page(&served.get("/company?from=2026-02-28&to=2026-02-01"), 400));
    assert!(told.contains("to: 2026-02-01 is before from"), "{told}");
    let kpis = served.get("/v1/kpis?from=2026-02-01&to=2026-02-28").json();
    assert_eq!(kpis["confidence_level"], Value::from(0.95));
    let level = section(&open(&served, "/company?from=2026-02-01&to=2026-02-28&level=0.9"), "counts");
    assert!(level.contains("Intervals at 90 %."), "{level}");
}
