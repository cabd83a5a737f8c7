//! `experiment report`, run as in a shell: the same from a folder and from a server, and a page that stands alone.

use std::fmt::Write as _;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use experiment_core::time::{DAY, Timestamp};
use experiment_server::client::Client;
use experiment_server::http::Server;
use experiment_server::settings::Settings;
use experiment_server::store::system_clock;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::process::{complaint, fine};

const DEFINITION: &str = "
key: gift
hypothesis: A gift <keeps> \"customers\" & pays
assignment: external
variants:
  - {key: control}
  - {key: gift, offer: {kind: gift, taken: redeemed, cost: [{event: redeemed, each: 3}]}}
dimensions: [plan, region]
metrics:
  - {key: retained, kind: retention, event: order, window: {from: 1d, to: 7d}, role: primary}
  - {key: complained, kind: conversion, event: ticket, window: {to: 7d}, direction: down, role: guardrail, margin: 0.02}
economics: {kept: retained, gross: {event: order, margin: 0.5}, window: {to: 7d}}
plan: {method: fixed, target: {customers_per_arm: 300}}
";

fn serve(data: &Path) -> Server {
    Server::start(Settings::from_environment(data, "127.0.0.1:0").unwrap()).unwrap()
}

/// A folder with a campaign that is over: 600 customers over ten days, of whom the gift keeps more.
fn played(data: &Path) {
    let server = serve(data);
    let client = Client::new(server.url(), None, None);
    client.post("/v1/experiments", "application/yaml", DEFINITION.as_bytes()).unwrap().success().unwrap();
    client.post("/v1/experiments/gift/start", "application/json", b"").unwrap().success().unwrap();
    let first = system_clock()().day().start().0 - 30 * DAY;
    let (mut exposures, mut events) = (String::new(), String::new());
    for i in 0..600_i64 {
        let (variant, plan) =
            (["control", "gift"][(i % 2) as usize], ["basic", "<plus>"][(i % 3 / 2) as usize]);
        let at = Timestamp(first + i / 60 * DAY);
        writeln!(
            exposures,
            r#"{{"customer":"c{i}","experiment":"gift","variant":"{variant}","at":"{at}","attributes":{{"plan":"{plan}"}}}}"#
        )
        .unwrap();
        if i % 10 < if i % 2 == 0 { 3 } else { 6 } {
            let at = Timestamp(at.0 + 3 * DAY);
            writeln!(events, r#"{{"id":"o","customer":"c{i}","event":"order","value":20,"at":"{at}"}}"#)
                .unwrap();
        }
    }
    for (path, lines) in [("/v1/exposures", exposures), ("/v1/conversions", events)] {
        client.post(path, "application/x-ndjson", lines.as_bytes()).unwrap().success().unwrap();
    }
    server.stop().unwrap();
}

fn without_as_of(mut report: Value) -> Value {
    assert!(report.as_object_mut().unwrap().remove("as_of").is_some());
    report
}

#[test]
fn a_folder_and_a_server_tell_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    played(&data);
    let data = data.to_str().unwrap();
    let today = system_clock()().day().to_string();
    let read = |place: [&str; 2], format: &str| {
        fine(&["report", "gift", place[0], place[1], "--as-of", &today, "--format", format])
    };
    // The day goes on, and with it the instant that is spoken of.
    let json = |place| without_as_of(serde_json::from_str(&read(place, "json")).unwrap());
    let (from_folder, as_csv) = (json(["--data", data]), read(["--data", data], "csv"));
    let server = serve(Path::new(data));
    assert_eq!(json(["--url", server.url()]), from_folder);
    // A folder that a server holds is asked of the server.
    assert_eq!(json(["--data", data]), from_folder);
    let client = Client::new(server.url(), None, None);
    let told = client.get(&format!("/v1/experiments/gift/results?as_of={today}")).unwrap().success().unwrap();
    assert_eq!(without_as_of(told.body), from_folder);
    assert_eq!(as_csv.lines().next(), Some(experiment_server::output::CSV_HEADER.join(",").as_str()));
    server.stop().unwrap();
    let table = fine(&["report", "gift", "--data", data]);
    assert!(table.contains("Verdict:") && table.contains("retained (proportion, more is better)"), "{table}");
}

#[test]
fn a_page_stands_alone() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    played(&data);
    let file = folder.path().join("gift.html");
    let (data, file) = (data.to_str().unwrap(), file.to_str().unwrap());
    let told = fine(&["report", "gift", "--data", data, "--html", file]);
    let page = std::fs::read_to_string(file).unwrap();
    assert_eq!(told, format!("{file} written, {} bytes; open it in a browser\n", page.len()));
    // What is written in it may run, and nothing else.
    let within = |tag: &str| {
        let (_, rest) = page.split_once(&format!("<{tag}>")).unwrap();
        let text = rest.split_once(&format!("</{tag}>")).unwrap().0;
        format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)))
    };
    let policy =
        format!("default-src 'none'; style-src {}; script-src {}", within("style"), within("script"));
    let policy = policy.replace('\'', "&#39;");
    assert!(
        page.contains(&format!(r#"http-equiv="Content-Security-Policy" content="{policy}""#)),
        "{policy}"
    );
    for elsewhere in ["src=", "href=\"/", "href=\"http", "url(", "@import", " style=", " onclick"] {
        assert!(!page.contains(elsewhere), "{elsewhere}");
    }
    // Names are text, whatever is in them.
    assert!(page.contains("A gift &#60;keeps&#62; &#34;customers&#34; &#38; pays"));
    assert!(page.contains("&#60;plus&#62;") && !page.contains("<plus>"));
    // Nobody can pick a dimension in a file, so all are there: one of them nobody had.
    assert!(page.contains(">basic<") && page.contains("(missing)"));
    assert!(page.contains("<svg"));
}

#[test]
fn what_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    played(&data);
    let data = data.to_str().unwrap();
    let unknown = complaint(&["report", "gfit", "--data", data]);
    assert!(unknown.contains("no experiment has the key gfit; did you mean gift?"), "{unknown}");
    let ahead = complaint(&["report", "gift", "--data", data, "--as-of", "2999-01-01"]);
    assert!(ahead.contains("--as-of 2999-01-01 is in the future"), "{ahead}");
    let before = complaint(&["report", "gift", "--data", data, "--as-of", "2020-01-01"]);
    assert!(before.contains("so nothing is known of it at the end of 2020-01-01"), "{before}");
    let nowhere = complaint(&["report", "gift", "--data", &format!("{data}/none")]);
    assert!(nowhere.contains("holds no store"), "{nowhere}");
    let unwritable = complaint(&["report", "gift", "--data", data, "--html", data]);
    assert!(unwritable.contains(&format!("writing {data}")), "{unwritable}");
}
