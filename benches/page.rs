//! The results page of ten metrics, three arms and sixty days: how long it takes to make, and how heavy it is.
//!
//! A server in this process is given the campaign by its own API, once sliced by two dimensions and once without; then
//! the page is asked for as a browser does.
//! `EXPERIMENT_BENCH_STAY=1` leaves the server up, to look at the page.
#![allow(clippy::unwrap_used, reason = "a workload that cannot be built should stop the bench")]

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use experiment_core::time::{DAY, Timestamp};
use experiment_server::client::Client;
use experiment_server::http::Server;
use experiment_server::settings::Settings;
use experiment_server::store::system_clock;
use hdrhistogram::Histogram;
use mimalloc::MiMalloc;

/// That of the program.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const CUSTOMERS: u64 = 18_000;
const DAYS: i64 = 60;
const READINGS: usize = 200;
const DEFINITION: &str = "
key: win_back
hypothesis: A discount or a gift keeps customers who would otherwise leave, and earns back what it costs
assignment: external
variants:
  - {key: control}
  - {key: discount, offer: {kind: discount, taken: redeemed, cost: [{event: redeemed, each: 5}], per_exposure: 0.02}}
  - {key: gift, offer: {kind: gift, taken: redeemed, cost: [{event: redeemed, each: 8}], per_exposure: 0.05}}
dimensions: [plan, country]
metrics:
  - {key: retained, kind: retention, event: order, window: {from: 7d, to: 28d}, role: primary, min_effect: 0.02}
  - {key: revenue, kind: sum, event: order, window: {to: 28d}, role: primary, scale: 0.01,
     covariate: {event: order, lookback: 60d}}
  - {key: unsubscribed, kind: conversion, event: unsubscribe, window: {to: 28d}, direction: down, role: guardrail,
     margin: 0.01}
  - {key: support, kind: count, event: ticket, window: {to: 28d}, direction: down, role: guardrail, margin: 0.05}
  - {key: orders, kind: count, event: order, window: {to: 28d}}
  - {key: order_value, kind: ratio, numerator: {kind: sum, event: order}, denominator: {kind: count, event: order},
     window: {to: 28d}, scale: 0.01}
  - {key: p90_spend, kind: quantile, of: {kind: sum, event: order}, q: 0.9, window: {to: 28d}, scale: 0.01}
  - {key: recommend, kind: nps, event: survey, window: {to: 28d}}
  - {key: churned, kind: survival, event: cancel, horizon: 28d}
  - {key: net, kind: linear, terms: [{event: order, weight: 0.35}, {event: redeemed, each: -5}], window: {to: 28d}}
economics: {kept: retained, gross: {event: order, margin: 0.35}, window: {to: 28d}, rollout: 250000}
plan: {method: always_valid, correction: holm, target: {customers_per_arm: 5000}, min_days: 14}
";

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings::from_environment(folder.path().to_owned(), "127.0.0.1:0").unwrap();
    let server = Server::start(settings).unwrap();
    let client = Client::new(server.url(), None, None);
    play(&client);
    println!("{CUSTOMERS} customers, 3 arms, 10 metrics, {DAYS} days");
    for (name, path) in [
        ("report alone", "/v1/experiments/win_back/results"),
        ("results page", "/experiments/win_back_plain"),
        ("results page, two dimensions", "/experiments/win_back"),
        ("results page, two dimensions, by plan", "/experiments/win_back?effects=relative&by=plan"),
        ("list of both experiments, nothing new", "/"),
    ] {
        read(&client, name, path, || ());
    }
    read(&client, "list of both experiments, a customer more in one", "/", || enter(&client));
    println!("style, script and icon, kept by the browser: {} bytes", assets(&client));
    if std::env::var_os("EXPERIMENT_BENCH_STAY").is_some() {
        println!("{}/experiments/win_back", server.url());
        server.wait().unwrap();
        return;
    }
    server.stop().unwrap();
}

/// A customer more, in the sums.
fn enter(client: &Client) {
    static ENTERED: AtomicU64 = AtomicU64::new(0);
    let number = ENTERED.fetch_add(1, Ordering::Relaxed);
    let line = format!(r#"{{"customer":"new-{number}","experiment":"win_back_plain","variant":"gift"}}"#);
    client.post("/v1/exposures", "application/x-ndjson", line.as_bytes()).unwrap().success().unwrap();
    client.get("/v1/experiments/win_back_plain/results?fresh=true").unwrap().success().unwrap();
}

/// Asks again and again, each time after `before`; prints how long it took and how many bytes came.
fn read(client: &Client, name: &str, path: &str, before: impl Fn()) {
    let mut took = Histogram::<u64>::new(3).unwrap();
    let mut bytes = 0;
    // Connecting, and what is made once, are not what is asked.
    for _ in 0..3 {
        bytes = text(client, path).len();
    }
    for _ in 0..READINGS {
        before();
        let start = Instant::now();
        text(client, path);
        took.record(micros(start.elapsed())).unwrap();
    }
    let millis = |quantile: f64| took.value_at_quantile(quantile) as f64 / 1_000.0;
    println!("{name}: median {:.2} ms, p99 {:.2} ms, {bytes} bytes", millis(0.5), millis(0.99));
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

fn text(client: &Client, path: &str) -> String {
    let body = client.get(path).unwrap().success().unwrap().body;
    body.as_str().map_or_else(|| body.to_string(), str::to_owned)
}

fn assets(client: &Client) -> usize {
    let page = text(client, "/experiments/win_back");
    let names = page.split("\"/assets/").skip(1).map(|rest| rest.split('"').next().unwrap());
    names.map(|name| text(client, &format!("/assets/{name}")).len()).sum()
}

fn play(client: &Client) {
    let plain = DEFINITION
        .replace("key: win_back\n", "key: win_back_plain\n")
        .replace("dimensions: [plan, country]\n", "");
    for (key, definition) in [("win_back", DEFINITION), ("win_back_plain", &plain)] {
        client.post("/v1/experiments", "application/yaml", definition.as_bytes()).unwrap().success().unwrap();
        let start = format!("/v1/experiments/{key}/start");
        client.post(&start, "application/json", b"").unwrap().success().unwrap();
    }
    let first = Timestamp(system_clock()().day().start().0 - (DAYS + 20) * DAY);
    let mut random = Random(7);
    for batch in (0..CUSTOMERS).collect::<Vec<_>>().chunks(2_000) {
        let (mut exposures, mut events) = (String::new(), String::new());
        for customer in batch {
            write_customer(*customer, first, &mut random, &mut exposures, &mut events);
        }
        for (path, lines) in [("/v1/exposures", exposures), ("/v1/conversions", events)] {
            client.post(path, "application/x-ndjson", lines.as_bytes()).unwrap().success().unwrap();
        }
    }
    client.get("/v1/experiments/win_back/results?fresh=true").unwrap().success().unwrap();
}

fn write_customer(
    number: u64,
    first: Timestamp,
    random: &mut Random,
    exposures: &mut String,
    events: &mut String,
) {
    let arm = random.below(3);
    let variant = ["control", "discount", "gift"][arm as usize];
    let plan = ["basic", "plus", "family"][random.below(3) as usize];
    let country = ["DE", "PL", "FR", "ES"][random.below(4) as usize];
    let at = first.0 + (number as i64 * DAYS * DAY) / CUSTOMERS as i64;
    for experiment in ["win_back", "win_back_plain"] {
        let at = Timestamp(at);
        writeln!(
            exposures,
            r#"{{"id":"x","customer":"c{number}","experiment":"{experiment}","variant":"{variant}","at":"{at}","attributes":{{"plan":"{plan}","country":"{country}"}}}}"#,
        )
        .unwrap();
    }
    let mut count = 0;
    let mut event = |name: &str, day: i64, hour: u64, value: Option<f64>| {
        count += 1;
        let at = Timestamp(at + day * DAY + hour as i64 * DAY / 24);
        let value = value.map(|value| format!(r#","value":{value:.2}"#)).unwrap_or_default();
        writeln!(events, r#"{{"id":"{count}","customer":"c{number}","event":"{name}","at":"{at}"{value}}}"#)
            .unwrap();
    };
    let lift = [0, 4, 7][arm as usize] + if plan == "plus" { 3 } else { 0 };
    for day in [-40, -12, 3, 9, 16, 24] {
        if random.below(100) < 22 + if day > 0 { lift } else { 0 } {
            event("order", day, random.below(24), Some(20.0 + random.below(6_000) as f64 / 100.0));
        }
    }
    if arm > 0 && random.below(100) < 30 {
        event("redeemed", 4, 5, None);
    }
    for (name, chance, day) in [("unsubscribe", 3, 6), ("ticket", 9, 11)] {
        if random.below(100) < chance {
            event(name, day, random.below(24), None);
        }
    }
    if random.below(100) < 35 - 2 * arm {
        event("cancel", 1 + random.below(40) as i64, random.below(24), None);
    }
    if random.below(100) < 40 {
        event("survey", 20, 3, Some(random.below(11) as f64));
    }
}

/// Knuth's multiplicative congruence: the same campaign every time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}
