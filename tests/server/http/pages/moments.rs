//! Pages follow the facts: who has the page of a moment is spared it.

use super::super::under_test::{Answer, Served, WINBACK};

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
    let path = "/experiments/winback/customer?id=qa-2";
    let etag = served.get(path).header("etag").to_owned();
    let definition = WINBACK.replace("[qa-1]", "[qa-1, qa-2]");
    let current = served.get("/v1/experiments/winback").header("etag").to_owned();
    let headers = [("content-type", "application/yaml"), ("if-match", current.as_str())];
    assert_eq!(served.call("PUT", "/v1/experiments/winback", &headers, &definition).status, 200);
    assert_eq!(known(&served, path, &etag).status, 200, "an override list alone");
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

/// Status, days and customers of an experiment in the list.
fn row(served: &Served, key: &str) -> [String; 3] {
    let page = served.get("/").text;
    let from = page.find(&format!("<a href=\"/experiments/{key}\">")).unwrap();
    let row = &page[from..from + page[from..].find("</tr>").unwrap()];
    ["Status", "Days", "Customers"].map(|column| {
        let cell = row.split("<td").find(|cell| cell.contains(&format!("data-label=\"{column}\""))).unwrap();
        let text = cell.split_once('>').unwrap().1.replace("</span>", "").replace("</td>", "");
        text.rsplit('>').next().unwrap().trim().to_owned()
    })
}

#[test]
fn each_row_of_the_list_follows_its_facts_its_definition_and_the_clock() {
    let served = Served::with_winback();
    served.run(&WINBACK.replace("key: winback", "key: other"), "other");
    let met = |experiment: &str, customer: &str| {
        let ask = format!(r#"{{"experiment": "{experiment}", "customer": {{"id": "{customer}"}}}}"#);
        assert_eq!(served.post("/v1/assign", &ask).status, 200);
        served.get(&format!("/v1/experiments/{experiment}/results?fresh"));
    };
    met("winback", "c-1");
    assert_eq!(row(&served, "winback"), ["running", "1", "1"]);
    assert_eq!(row(&served, "other"), ["running", "1", "0"]);
    met("winback", "c-2");
    assert_eq!(row(&served, "winback"), ["running", "1", "2"]);
    met("other", "c-2");
    assert_eq!(row(&served, "other"), ["running", "1", "1"]);
    served.pass("24h");
    assert_eq!(row(&served, "winback"), ["running", "2", "2"]);
    assert_eq!(served.post("/v1/experiments/winback/stop", "").status, 200);
    assert_eq!(row(&served, "winback")[0], "stopped");
    assert_eq!(row(&served, "other"), ["running", "2", "1"]);
    let token = served.token();
    let erased = served.call("DELETE", "/v1/customers/c-2", &[("x-start-token", &token)], "");
    assert!(erased.status < 300, "{}", erased.text);
    served.server().store().wait_for_erasures_blocking().unwrap();
    assert_eq!([row(&served, "winback")[2].as_str(), row(&served, "other")[2].as_str()], ["1", "0"]);
}
