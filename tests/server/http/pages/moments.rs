//! Pages follow the facts: who has the page of a moment is spared it.

use super::super::under_test::{Answer, Served};

fn known(served: &Served, path: &str, etag: &str) -> Answer {
    served.call("GET", path, &[("if-none-match", etag)], "")
}

#[test]
fn a_page_that_is_known_is_not_sent_again_until_something_changes() {
    let served = Served::with_winback();
    served.get("/v1/experiments/winback/results?fresh");
    let paths = [
        "/",
        "/experiments/winback",
        "/experiments/winback/definition",
        "/experiments/winback/customer?id=c",
        "/segments",
        "/layers",
    ];
    for path in paths {
        let first = served.get(path);
        assert_eq!(first.status, 200, "{path}");
        let etag = first.header("etag").to_owned();
        let again = known(&served, path, &etag);
        assert_eq!(
            (again.status, again.header("etag"), again.text.as_str()),
            (304, etag.as_str(), ""),
            "{path}"
        );
        assert_eq!(known(&served, path, "\"0\"").status, 200, "{path}");
    }
    let etag = served.get("/").header("etag").to_owned();
    served.send("/v1/conversions", r#"{"id": "1", "customer": "c", "event": "order"}"#);
    served.get("/v1/experiments/winback/results?fresh");
    assert_eq!(known(&served, "/", &etag).status, 200, "a fact");
    let etag = served.get("/").header("etag").to_owned();
    served.pass("60s");
    assert_eq!(known(&served, "/", &etag).status, 200, "the clock");
}

#[test]
fn every_customer_is_read_again_on_another_day_only() {
    let served = Served::start();
    served.send(
        "/v1/conversions",
        r#"{"id": "1", "customer": "c", "event": "order", "at": "2026-02-20T12:00:00Z"}"#,
    );
    served.get("/v1/kpis?from=2026-02-01&to=2026-02-28&fresh");
    let etag = served.get("/company").header("etag").to_owned();
    served.send("/v1/conversions", r#"{"id": "2", "customer": "c", "event": "order"}"#);
    served.pass("11h");
    let again = known(&served, "/company", &etag);
    assert_eq!((again.status, again.header("etag")), (304, etag.as_str()));
    assert_eq!(served.get("/company").status, 200, "whoever asks anew");
    served.pass("1h");
    assert_eq!(known(&served, "/company", &etag).status, 200, "another day");
}
