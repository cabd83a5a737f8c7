//! `GET /v1/kpis`: worked cases by hand, and what is refused. The clock stands on 2026-03-01.

use std::fmt::Write;

use serde_json::{Value, json};

use super::under_test::{KEY, Served, error, with_key};

/// One event a line, with an id of its own.
fn events(facts: &[(&str, &str, &str, Option<f64>)]) -> String {
    let mut lines = String::new();
    for (number, (customer, event, at, value)) in facts.iter().enumerate() {
        let at = format!("{at}T12:00:00Z");
        let mut fact = json!({"id": format!("e-{number}"), "customer": customer, "event": event, "at": at});
        if let Some(value) = value {
            fact["value"] = json!(value);
        }
        writeln!(lines, "{fact}").unwrap();
    }
    lines
}

/// Orders of 10 by the customers numbered so.
fn orders(numbers: std::ops::Range<usize>, at: &str) -> String {
    let mut lines = String::new();
    for number in numbers {
        let fact = json!({"id": format!("{at}-{number}"), "customer": format!("c-{number}"), "event": "order",
            "at": format!("{at}T12:00:00Z"), "value": 10});
        writeln!(lines, "{fact}").unwrap();
    }
    lines
}

fn kpis(served: &Served, query: &str) -> Value {
    let answer = served.get(&format!("/v1/kpis?fresh&{query}"));
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

fn figure(kpis: &Value, name: &str) -> Value {
    let mut figures = kpis["figures"].as_array().unwrap().iter();
    figures.find(|figure| figure["figure"] == name).unwrap_or_else(|| panic!("no {name}: {kpis}")).clone()
}

/// The value and its interval; the ends have sixteen digits by another way, so the last two may differ.
fn is(kpis: &Value, name: &str, (numerator, denominator, value): (f64, f64, f64), ends: Option<(f64, f64)>) {
    let figure = figure(kpis, name);
    let number = |field: &str| figure[field].as_f64();
    assert_eq!(number("value"), Some(value), "{figure}");
    assert_eq!(
        (number("numerator"), number("denominator")),
        (Some(numerator), Some(denominator)),
        "{figure}"
    );
    match ends {
        None => assert!(figure.get("lower").is_none() && figure.get("upper").is_none(), "{figure}"),
        Some((lower, upper)) => {
            for (got, want) in [(number("lower").unwrap(), lower), (number("upper").unwrap(), upper)] {
                assert!((got - want).abs() <= 1e-11 * want.abs().max(1.0), "{name}: {got} is not {want}");
            }
        }
    }
}

/// 1/(1 + z²), z = Φ⁻¹(0.975).
const WILSON_ONE_OF_ONE: f64 = 0.20654931437723742;
const FEBRUARY: &str = "from=2026-02-01&to=2026-02-28";

#[test]
fn a_hundred_at_the_start_ninety_five_at_the_end_five_new() {
    let served = Served::start();
    let facts =
        [orders(0..100, "2026-01-10"), orders(0..90, "2026-02-10"), orders(100..105, "2026-02-20")].concat();
    served.send("/v1/conversions", &facts);
    let found = kpis(&served, FEBRUARY);
    assert_eq!(
        found["customers"],
        json!({"start": 100, "end": 95, "retained": 90, "lost": 10, "new": 5, "returned": 0, "active": 95,
            "buyers": 95})
    );
    // (95 − 5)/100; Wilson (1927) for 90 of 100.
    is(
        &found,
        "retention_rate",
        (90.0, 100.0, 0.9),
        Some((0.825_634_338_495_086_5, 0.944_770_862_939_324_9)),
    );
    is(&found, "growth", (-5.0, 100.0, -0.05), None);
    assert_eq!(found["sequence"], 195);
    assert!(found["figures"].as_array().unwrap().iter().all(|figure| figure["figure"] != "retention_cost"));
}

#[test]
fn a_hundred_that_become_ninety_churn_by_a_tenth() {
    let served = Served::start();
    let facts = [orders(0..100, "2026-01-10"), orders(0..90, "2026-02-10")].concat();
    served.send("/v1/conversions", &facts);
    let found = kpis(&served, FEBRUARY);
    is(&found, "churn_rate", (10.0, 100.0, 0.1), Some((0.055_229_137_060_675_1, 0.174_365_661_504_913_45)));
    is(&found, "growth", (-10.0, 100.0, -0.1), None);
    // Ten of a hundred equal customers left with a tenth of the money, and nobody bought more.
    assert_eq!(figure(&found, "gross_revenue_churn")["value"], 0.1);
    assert_eq!(figure(&found, "net_revenue_churn")["value"], 0.1);
}

/// a bought less, b more, c left, d is new, e came back.
const FIVE: [(&str, &str, &str, Option<f64>); 18] = [
    ("a", "order", "2026-01-10", Some(100.0)),
    ("a", "order", "2026-02-03", Some(40.0)),
    ("a", "order", "2026-02-05", Some(20.0)),
    ("b", "order", "2026-01-10", Some(50.0)),
    ("b", "order", "2026-02-27", Some(80.0)),
    ("c", "order", "2026-01-11", Some(50.0)),
    ("d", "order", "2026-02-14", Some(30.0)),
    ("e", "order", "2025-11-30", Some(10.0)),
    ("e", "order", "2026-02-14", Some(25.0)),
    ("a", "voucher", "2026-02-02", Some(6.0)),
    ("c", "voucher", "2026-02-02", Some(4.0)),
    ("d", "voucher", "2026-02-20", Some(2.0)),
    ("a", "survey", "2026-02-20", Some(9.0)),
    ("a", "survey", "2026-02-10", Some(0.0)),
    ("b", "survey", "2026-02-10", Some(3.0)),
    ("c", "survey", "2026-02-10", Some(11.0)),
    ("d", "survey", "2026-02-10", Some(8.0)),
    ("e", "survey", "2026-02-10", Some(10.0)),
];

#[test]
fn every_figure_by_hand() {
    let served = Served::start();
    served.send("/v1/conversions", &events(&FIVE));
    let found = kpis(&served, &format!("{FEBRUARY}&cost=voucher&survey=survey"));
    assert_eq!(
        found["customers"],
        json!({"start": 3, "end": 4, "retained": 2, "lost": 1, "new": 1, "returned": 1, "active": 4, "buyers": 4})
    );
    // Of 200: 40 of a and 50 of c are gone, and b brought 30 more. Intervals: the ratio's residuals by hand,
    // Student's t with one degree of freedom less than customers (4.3027, 3.1824, 2.7764).
    is(&found, "gross_revenue_churn", (90.0, 200.0, 0.45), Some((-0.495_421_660_099_1, 1.395_421_660_099_1)));
    is(&found, "net_revenue_churn", (60.0, 200.0, 0.3), Some((-1.225_015_762_844_1, 1.825_015_762_844_1)));
    is(
        &found,
        "repeat_purchase_rate",
        (1.0, 4.0, 0.25),
        Some((0.045_587_260_809_700_55, 0.699_358_157_417_598_1)),
    );
    is(&found, "purchase_frequency", (5.0, 4.0, 1.25), Some((0.454_388_423_679_1, 2.045_611_576_320_9)));
    is(&found, "average_order_value", (195.0, 5.0, 39.0), Some((3.891_015_427_513_0, 74.108_984_572_49)));
    is(&found, "lifetime_value", (140.0, 1.0, 140.0), Some((-766.625_187_588_14, 1_046.625_187_588_14)));
    is(&found, "value_to_date", (405.0, 5.0, 81.0), Some((6.707_392_330_874_7, 155.292_607_669_13)));
    is(&found, "retention_cost", (12.0, 2.0, 6.0), Some((-7.749_739_527_433_2, 19.749_739_527_43)));
    // Promoters a and e, detractor b, d neither; c's 11 is no answer. The score ends at ±100.
    is(&found, "net_promoter_score", (100.0, 4.0, 25.0), Some((-100.0, 100.0)));
    is(&found, "growth", (1.0, 3.0, 1.0 / 3.0), None);
    assert_eq!(found["scores_ignored"], 1);
    let mut cohorts = found["cohorts"].clone();
    let lower = cohorts[0]["months"][0].as_object_mut().unwrap().remove("lower").unwrap().as_f64().unwrap();
    assert!((lower - WILSON_ONE_OF_ONE).abs() < 1e-11, "{lower}");
    let first = json!({"since": 0, "active": 1, "share": 1.0, "upper": 1.0, "revenue": 30.0});
    assert_eq!(cohorts, json!([{"month": "2026-02", "customers": 1, "months": [first]}]));
    let autumn = kpis(&served, "from=2025-11-15&to=2026-02-15");
    let cells = |number: usize| {
        let months = autumn["cohorts"][number]["months"].as_array().unwrap();
        months.iter().map(|month| (month["active"].clone(), month["revenue"].clone())).collect::<Vec<_>>()
    };
    let pairs = |pairs: &[(u64, f64)]| {
        pairs.iter().map(|(active, revenue)| (json!(active), json!(revenue))).collect::<Vec<_>>()
    };
    assert_eq!(cells(0), pairs(&[(1, 10.0), (0, 0.0), (0, 0.0), (1, 25.0)]));
    assert_eq!(cells(1), pairs(&[(0, 0.0); 3]));
    assert_eq!(cells(2), pairs(&[(3, 200.0), (1, 60.0)]), "b's order came after the period");
    assert_eq!(cells(3), pairs(&[(1, 30.0)]));
    assert_eq!(autumn["partial_month"], "2026-02");
}

#[test]
fn activity_lapses_after_the_span_that_is_named() {
    let served = Served::start();
    let facts = [
        ("early", "login", "2026-01-26", None),
        ("early", "login", "2026-02-25", None),
        ("stale", "login", "2026-01-24", None),
        ("stale", "order", "2026-02-22", None),
        ("brief", "login", "2026-02-03", None),
        ("fresh", "order", "2026-02-22", Some(5.0)),
    ];
    served.send("/v1/conversions", &events(&facts));
    // Active on 1 February are those seen since 25 January, on 28 February at midnight those since the 22nd.
    let found = kpis(&served, &format!("{FEBRUARY}&active=order,login&within=7d"));
    assert_eq!(
        found["customers"],
        json!({"start": 1, "end": 3, "retained": 1, "lost": 0, "new": 1, "returned": 1, "active": 4, "buyers": 2}),
        "brief is new and gone again, stale returned"
    );
    is(&found, "retention_rate", (1.0, 1.0, 1.0), Some((WILSON_ONE_OF_ONE, 1.0)));
    assert_eq!(found["orders_without_value"], 1);
    assert_eq!(figure(&found, "average_order_value")["value"], 2.5);
    assert_eq!(figure(&found, "lifetime_value")["not_estimable"]["code"], "too_few_customers");
    assert_eq!(figure(&found, "lifetime_value").get("value"), None, "nobody was lost");
    // By orders alone, nobody was there at the start.
    let orders = kpis(&served, FEBRUARY);
    assert_eq!(orders["customers"]["start"], 0);
    assert_eq!(figure(&orders, "churn_rate")["not_estimable"]["code"], "too_few_customers");
}

#[test]
fn wrong_questions_are_explained() {
    let served = Served::start();
    let wrong = |query: &str| {
        served.get(&format!("/v1/kpis?{query}")).problem(400, "invalid-parameter")["errors"].clone()
    };
    let day = "send a UTC day such as 2026-03-01";
    assert_eq!(wrong("to=2026-02-28"), json!([error("from", "is missing", day)]));
    assert_eq!(
        wrong("from=february&to=2026-02-28"),
        json!([error("from", "\"february\" is not a day", day)])
    );
    assert_eq!(
        wrong("from=2026-02-01&to=2026-03-02"),
        json!([error("to", "2026-03-02 is in the future", "give 2026-03-01 or an earlier day")])
    );
    assert_eq!(
        wrong("from=2026-02-02&to=2026-02-01&level=95&within=0d"),
        json!([
            error("to", "2026-02-01 is before from", "give 2026-02-02 or a later day"),
            error("within", "it is no time at all", "give a span such as 30d"),
            error("level", "95 is not between 0 and 1", "give a fraction such as 0.95"),
        ])
    );
    assert_eq!(
        wrong("from=2006-02-02&to=2026-02-01"),
        json!([error("from", "the period has 7305 days", "ask for at most 3650 days")])
    );
    assert_eq!(
        wrong(FEBRUARY),
        json!([error("event", "no event is called \"order\"", "send events first: there is none yet")])
    );
    served.send("/v1/conversions", &events(&FIVE));
    assert_eq!(
        wrong(&format!("{FEBRUARY}&fresh&event=ordr&active=ordr,opened&cost=vouchr")),
        json!([
            error("event", "no event is called \"ordr\"", "did you mean \"order\"?"),
            error("active", "no event is called \"opened\"", "give the name of an event that was sent"),
            error("cost", "no event is called \"vouchr\"", "did you mean \"voucher\"?"),
        ])
    );
    assert_eq!(wrong(&format!("{FEBRUARY}&format=cvs"))[0]["mend"], "did you mean \"csv\"?");
    assert_eq!(wrong(&format!("{FEBRUARY}&until=1"))[0]["field"], "until");
}

#[test]
fn csv_has_the_same_numbers_and_a_key_is_needed() {
    let served = Served::start_with(with_key);
    let path = format!("/v1/kpis?{FEBRUARY}&fresh&format=csv");
    served.get(&path).problem(401, "unauthenticated");
    let key = format!("Bearer {KEY}");
    let headers = [("authorization", key.as_str()), ("content-type", "application/x-ndjson")];
    assert_eq!(served.call("POST", "/v1/conversions", &headers, &events(&FIVE)).json()["accepted"], 18);
    let answer = served.call("GET", &path, &headers[..1], "");
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, "text/csv; charset=utf-8; header=present")
    );
    let mut lines = answer.text.lines();
    assert_eq!(
        lines.next(),
        Some("figure,cohort,since,value,lower,upper,numerator,denominator,not_estimable")
    );
    assert_eq!(lines.next(), Some("customers_start,,,3,,,,,"));
    assert!(answer.text.contains("\r\ngrowth,,,0.3333333333333333,,,1,3,\r\n"), "{}", answer.text);
    assert!(answer.text.contains("\r\ncohort_revenue,2026-02,0,30,,,,,\r\n"), "{}", answer.text);
}
