//! Published experiments through the whole server: facts in over HTTP, the report out, every number held against
//! its record; and the same facts in another order, sent twice, with restarts between: the same bytes.

use std::fmt::Write;
use std::path::Path;

use experiment_core::report::Report;
use experiment_core::time::{DAY, Timestamp};
use experiment_server::client::Client;
use experiment_server::http::Server;
use experiment_server::settings::Settings;
use tempfile::TempDir;

use crate::published::{
    Records, check_arms, check_cuped, check_mean, check_proportion, check_ratio, check_segments, check_srm,
    data_set, inflated,
};

/// 2026-05-01T12:00:00Z: the clock stands still, so that a report says the same whenever it is asked for.
const NOW: i64 = 20_574 * DAY + DAY / 2;
/// The first exposures, long enough before that every window has ended.
const FIRST: i64 = 20_500 * DAY;
/// Exposures are spread over so many days.
const ENTRY_DAYS: i64 = 14;
const HOUR: i64 = DAY / 24;
/// Facts of one request.
const BATCH: usize = 10_000;

/// Where a fact goes, and its line.
type Fact = (&'static str, String);

/// A server on a folder of its own that can be stopped and started again.
struct Served {
    data: TempDir,
    server: Option<Server>,
}

impl Served {
    /// One in which the experiment runs.
    fn with(definition: &str, key: &str) -> Served {
        let data = tempfile::tempdir().unwrap();
        let served = Served { server: Some(start(data.path())), data };
        let created =
            served.client().post("/v1/experiments", "application/yaml", definition.as_bytes()).unwrap();
        assert_eq!(created.status, 201, "{}", created.body);
        let path = format!("/v1/experiments/{key}/start");
        served.client().post(&path, "application/json", b"").unwrap().success().unwrap();
        served
    }

    fn url(&self) -> &str {
        self.server.as_ref().unwrap().url()
    }

    fn client(&self) -> Client {
        Client::new(self.url(), None, None)
    }

    /// Sends facts; says how many were new, the others being known.
    fn send(&self, facts: &[Fact]) -> usize {
        let mut new = 0;
        for path in ["/v1/exposures", "/v1/conversions"] {
            let (mut lines, mut count) = (String::new(), 0);
            for (_, line) in facts.iter().filter(|(to, _)| *to == path) {
                lines.push_str(line);
                lines.push('\n');
                count += 1;
            }
            if count == 0 {
                continue;
            }
            let answer = self.client().post(path, "application/x-ndjson", lines.as_bytes()).unwrap();
            let body = answer.success().unwrap().body;
            assert_eq!(body["rejected"], 0, "{body}");
            new += usize::try_from(body["accepted"].as_u64().unwrap()).unwrap();
            assert_eq!(body["accepted"].as_u64().unwrap() + body["duplicates"].as_u64().unwrap(), count);
        }
        new
    }

    /// The report as it is sent.
    fn results(&self, key: &str) -> String {
        let path = format!("{}/v1/experiments/{key}/results?fresh=true", self.url());
        let mut answer = ureq::get(path).call().unwrap();
        answer.body_mut().with_config().limit(u64::MAX).read_to_string().unwrap()
    }

    /// Ends the server in good order and starts it again on what it left.
    fn restart(&mut self) {
        self.server.take().unwrap().stop().unwrap();
        self.server = Some(start(self.data.path()));
    }

    /// The same, after the sums were lost: they are made again from the log.
    fn lose_sums(&mut self) {
        self.server.take().unwrap().stop().unwrap();
        std::fs::remove_file(self.data.path().join("state.redb")).unwrap();
        self.server = Some(start(self.data.path()));
    }

    /// The sums are those of a recount.
    fn verify(&self) {
        let token = self.server.as_ref().unwrap().running().start_token.clone();
        let client = Client::new(self.url(), None, Some(token));
        let answer = client.post("/v1/verify", "application/json", b"").unwrap().success().unwrap();
        assert_eq!(answer.body["differences"], serde_json::json!([]));
    }
}

fn start(data: &Path) -> Server {
    let mut settings = Settings::new(data);
    settings.listen = "127.0.0.1:0".to_owned();
    settings.threads = 2;
    settings.clock = std::sync::Arc::new(|| Timestamp(NOW));
    let server = Server::start(settings).unwrap();
    let client = Client::new(server.url(), None, None);
    while client.get("/readyz").unwrap().status != 200 {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    server
}

/// Sends the facts as they stand, then in another order, twice and with restarts; all reports are the same text.
fn report_of(definition: &str, key: &str, mut facts: Vec<Fact>) -> String {
    let mut first = Served::with(definition, key);
    for batch in facts.chunks(BATCH) {
        assert_eq!(first.send(batch), batch.len());
    }
    let report = first.results(key);
    first.lose_sums();
    assert!(first.results(key) == report, "sums made again change the report");

    let mut keyed: Vec<(u64, Fact)> = facts.drain(..).zip(0..).map(|(fact, i)| (scramble(i), fact)).collect();
    keyed.sort_unstable_by_key(|(key, _)| *key);
    let facts: Vec<Fact> = keyed.into_iter().map(|(_, fact)| fact).collect();
    let mut second = Served::with(definition, key);
    let batches = facts.chunks(BATCH).count();
    for (index, batch) in facts.chunks(BATCH).enumerate() {
        assert_eq!(second.send(batch), batch.len());
        if index == batches / 2 {
            second.restart();
        }
        // Once more, some of it to a server that has only its files to know it by.
        assert_eq!(second.send(batch), 0);
    }
    assert!(second.results(key) == report, "another order changes the report");
    second.verify();
    report
}

/// Spreads indices over 64 bits, each to its own (a bijection: `SplitMix64`'s finaliser).
fn scramble(i: u64) -> u64 {
    let x = i.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// When the customer of a row was exposed.
fn exposed(row: usize) -> i64 {
    FIRST + (row as i64 % ENTRY_DAYS) * DAY + (row as i64 % 23) * HOUR
}

fn exposure(customer: &str, experiment: &str, variant: &str, at: i64, attributes: &str) -> Fact {
    let at = Timestamp(at);
    let mut line = format!(
        r#"{{"id":"x","customer":"{customer}","experiment":"{experiment}","variant":"{variant}","at":"{at}""#
    );
    if !attributes.is_empty() {
        write!(line, r#","attributes":{attributes}"#).unwrap();
    }
    line.push('}');
    ("/v1/exposures", line)
}

/// An event; `value` is written as the file has it.
fn event(customer: &str, id: &str, event: &str, value: Option<&str>, at: i64) -> Fact {
    let at = Timestamp(at);
    let value = value.map_or_else(String::new, |value| format!(r#","value":{value}"#));
    let line = format!(r#"{{"id":"{id}","customer":"{customer}","event":"{event}"{value},"at":"{at}"}}"#);
    ("/v1/conversions", line)
}

const CATS: &str = "
key: cookie_cats
assignment: external
variants: [{key: gate_30}, {key: gate_40}]
metrics:
  - {key: retention_1, kind: retention, event: session, window: {from: 1d, to: 2d}, role: primary}
  - {key: retention_7, kind: retention, event: session, window: {from: 7d, to: 8d}, role: primary}
  - {key: sum_gamerounds, kind: sum, event: rounds, window: {to: 14d}}
plan: {target: {customers_per_arm: 44000}}
";

#[test]
fn cookie_cats() {
    let Some((path, mut records)) = data_set("cookie_cats.csv.gz", "cookie_cats") else { return };
    let mut facts = Vec::new();
    for (row, line) in inflated(&path).lines().skip(1).enumerate() {
        let cells: Vec<&str> = line.trim_end().split(',').collect();
        let [player, variant, rounds, one, seven] = cells[..] else { panic!("{line}") };
        let at = exposed(row);
        facts.push(exposure(player, "cookie_cats", variant, at, ""));
        if rounds != "0" {
            facts.push(event(player, "r", "rounds", Some(rounds), at + HOUR));
        }
        for (came, day) in [(one, 1), (seven, 7)] {
            if came == "TRUE" {
                facts.push(event(player, &format!("s{day}"), "session", None, at + day * DAY + 12 * HOUR));
            }
        }
    }
    let text = report_of(CATS, "cookie_cats", facts);
    let report: Report = serde_json::from_str(&text).unwrap();
    check_srm(&mut records, &report, "assignment");
    check_proportion(&mut records, &report.metrics[0], "retention_1");
    check_proportion(&mut records, &report.metrics[1], "retention_7");
    check_mean(&mut records, &report.metrics[2], "sum_gamerounds");
    records.finish(51);
}

/// What was spent in the year before is known by orders before exposure; newcomers and channels are attributes.
/// Visits and conversions stand twice, as rates and as the means that the records have.
const HILLSTROM: &str = "
key: hillstrom
assignment: external
variants: [{key: No_E-Mail}, {key: Mens_E-Mail}, {key: Womens_E-Mail}]
dimensions: [newbie, channel]
metrics:
  - {key: visit, kind: conversion, event: visit, window: {to: 14d}, role: primary}
  - {key: conversion, kind: conversion, event: order, window: {to: 14d}, role: primary}
  - {key: spend, kind: sum, event: order, window: {to: 14d}, covariate: {event: order, lookback: 365d}}
  - {key: visits, kind: count, event: visit, window: {to: 14d}, covariate: {event: order, lookback: 365d, kind: sum}}
  - {key: spend_per_visit, kind: ratio, window: {to: 14d},
     numerator: {kind: sum, event: order}, denominator: {kind: count, event: visit}}
  - {key: conversion_per_visit, kind: ratio, window: {to: 14d},
     numerator: {kind: conversion, event: order}, denominator: {kind: conversion, event: visit}}
plan: {target: {customers_per_arm: 21000}}
";

#[test]
fn hillstrom() {
    let Some((path, mut records)) = data_set("hillstrom.csv.gz", "hillstrom") else { return };
    let text = inflated(&path);
    let mut rows = csv::Reader::from_reader(text.as_bytes());
    let header = rows.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|head| head == name).unwrap();
    let (recency, history) = (column("recency"), column("history"));
    let (newbie, channel, segment) = (column("newbie"), column("channel"), column("segment"));
    let (visit, conversion, spend) = (column("visit"), column("conversion"), column("spend"));
    let mut facts = Vec::new();
    for (row, cells) in rows.records().enumerate() {
        let (customer, at, cells) = (format!("row-{row}"), exposed(row), cells.unwrap());
        let attributes = format!(r#"{{"newbie":"{}","channel":"{}"}}"#, &cells[newbie], &cells[channel]);
        let variant = cells[segment].replace(' ', "_");
        facts.push(exposure(&customer, "hillstrom", &variant, at, &attributes));
        // The last order, so many months ago, stands for all that the year brought.
        let months: i64 = cells[recency].parse().unwrap();
        facts.push(event(&customer, "h", "order", Some(&cells[history]), at - months * 30 * DAY));
        if &cells[visit] == "1" {
            facts.push(event(&customer, "v", "visit", None, at + DAY));
        }
        if &cells[conversion] == "1" {
            facts.push(event(&customer, "o", "order", Some(&cells[spend]), at + DAY + HOUR));
        }
    }
    // Keys have no spaces, the records' arms have.
    let text = report_of(HILLSTROM, "hillstrom", facts).replace("_E-Mail", " E-Mail");
    let report: Report = serde_json::from_str(&text).unwrap();
    check_hillstrom(&mut records, &report);
    records.finish(322);
}

fn check_hillstrom(records: &mut Records, report: &Report) {
    check_srm(records, report, "assignment");
    check_proportion(records, &report.metrics[0], "visit");
    check_proportion(records, &report.metrics[1], "conversion");
    check_mean(records, &report.metrics[2], "spend");
    check_cuped(records, &report.metrics[2], "spend", "history");
    check_arms(records, &report.metrics[3], "visit");
    check_cuped(records, &report.metrics[3], "visit", "history");
    check_ratio(records, &report.metrics[4], "spend_per_visit");
    check_ratio(records, &report.metrics[5], "conversion_per_visit");
    let (newbie, channel): (Vec<_>, Vec<_>) =
        report.dimensions.iter().cloned().partition(|slice| slice.dimension == "newbie");
    assert_eq!((newbie.len(), channel.len()), (2, 3));
    let slices = |dimensions| Report { dimensions, ..report.clone() };
    check_segments(records, &slices(newbie), 2, "spend", "newbie");
    check_segments(records, &slices(channel), 3, "visit", "channel");
}
