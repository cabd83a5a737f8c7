//! One assignment beside the bare XXH3-64 of the same salt and id: one experiment by handle and by key, one
//! of 100 with an audience of three attributes, all 100 for one customer.
//!
//! Each benchmark goes through the customers of a fixed list once, so times are per 1,024 customers and the
//! ratio of two lines is the ratio of two assignments. Salt and id lie apart in memory, so the bare hash puts
//! them together in a buffer and hashes that; what hashing bytes that lie ready costs stands beside it. Lines
//! that are compared run one after the other in every round, and a ratio is the median over the rounds.
#![allow(clippy::unwrap_used, reason = "a workload that cannot be built should stop the bench")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use experiment_core::assignment::{
    CompiledExperiment, Customer, NoMemory, Purpose, Snapshot, assign, assign_all, explain, hash,
};
use experiment_core::definition::{Experiment, Status, read_document};
use serde_json::{Map, Value, json};
use xxhash_rust::xxh3::xxh3_64;

const CUSTOMERS: usize = 1_024;
const EXPERIMENTS: usize = 100;
const ROUNDS: usize = 301;
const AUDIENCE: &str = "audience: {country: {$in: [DE, FR, PL]}, plan: pro, age: {$gte: 18}},";

/// Ids of 20 to 24 bytes, as most systems have, and what is known of each customer.
fn customers() -> Vec<(String, Map<String, Value>)> {
    let customer = |n: usize| {
        let id = format!("customer-{:011}{}", n * 7_919, &"abcd"[..n % 5]);
        let country = ["DE", "FR", "JP", "PL", "US"][n * 7 % 5];
        let plan = ["free", "pro"][n * 13 / 3 % 2];
        let attributes = json!({"country": country, "plan": plan, "age": 14 + n * 31 % 50});
        (id, attributes.as_object().unwrap().clone())
    };
    (0..CUSTOMERS).map(customer).collect()
}

/// `checkout-experiment-000` and so on; `rest` is a part of each definition.
fn snapshot(rest: &str) -> Snapshot {
    let experiment = |n| {
        let text = format!(
            "{{key: checkout-experiment-{n:03}, {rest} variants: [{{key: control}}, {{key: discount}}]}}"
        );
        let experiment = Experiment::parse(read_document(&text).unwrap()).unwrap();
        (Arc::new(experiment), Status::Running, 1, None)
    };
    Snapshot::new(&(0..EXPERIMENTS).map(experiment).collect::<Vec<_>>()).unwrap()
}

/// What is hashed for the draw of a variant, ready.
fn bytes(key: &str, id: &str) -> Vec<u8> {
    let length = |text: &str| u32::try_from(text.len()).unwrap().to_le_bytes();
    let purpose = Purpose::Variant.name();
    let parts: [&[u8]; 6] =
        [&length(key), key.as_bytes(), &length(purpose), purpose.as_bytes(), &length(id), id.as_bytes()];
    parts.concat()
}

/// Salt and id put together and hashed, and nothing else.
#[inline]
fn bare(salt: &str, id: &str) -> u64 {
    let mut buffer = [0; 128];
    let (salt, id) = (salt.as_bytes(), id.as_bytes());
    let total = salt.len() + id.len();
    buffer[..salt.len()].copy_from_slice(salt);
    buffer[salt.len()..total].copy_from_slice(id);
    xxh3_64(&buffer[..total])
}

fn variant(experiment: &CompiledExperiment, customer: Customer<'_>) -> usize {
    assign(experiment, customer, &NoMemory).variant().unwrap_or(9)
}

struct Line<'a> {
    name: &'static str,
    run: Box<dyn Fn() -> u64 + 'a>,
    nanoseconds: Vec<f64>,
}

fn line<'a>(name: &'static str, run: impl Fn() -> u64 + 'a) -> Line<'a> {
    Line { name, run: Box::new(run), nanoseconds: Vec::with_capacity(ROUNDS) }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    // `cargo bench` and `cargo test --benches` hand on flags of their own.
    let rounds = if std::env::args().any(|flag| flag == "--test") { 1 } else { ROUNDS };
    let everybody = snapshot("");
    let half = snapshot("traffic: 0.5,");
    let targeted = snapshot(AUDIENCE);
    let key = "checkout-experiment-050";
    let one = everybody.get(key).unwrap();
    let aimed = targeted.get(key).unwrap();
    let customers = customers();
    let ready: Vec<Vec<u8>> = customers.iter().map(|(id, _)| bytes(key, id)).collect();
    // The comparison is only fair if both hash the same.
    assert!(
        customers
            .iter()
            .zip(&ready)
            .all(|((id, _), bytes)| hash(key, Purpose::Variant, id) == xxh3_64(bytes))
    );
    let keys: Vec<String> = (0..EXPERIMENTS).map(|n| format!("checkout-experiment-{n:03}")).collect();
    // Each customer asks for another experiment, so that no branch is learned.
    let asked: Vec<&str> = (0..CUSTOMERS).map(|n| keys[n * 7_919 % EXPERIMENTS].as_str()).collect();
    let each = |run: &dyn Fn(&str, &Map<String, Value>) -> u64| {
        customers.iter().fold(0, |sum: u64, (id, attributes)| sum.wrapping_add(run(id, attributes)))
    };

    let mut lines = [
        line("bare hash of salt and id", || each(&|id, _| bare(black_box(key), black_box(id)))),
        line("bare hash of bytes that lie ready", || {
            ready.iter().fold(0, |sum: u64, bytes| sum.wrapping_add(xxh3_64(black_box(bytes))))
        }),
        line("one, by handle", || {
            each(&|id, _| variant(black_box(one), Customer::new(black_box(id))) as u64)
        }),
        line("one of 100, by key", || {
            let run = |(customer, key): (&(String, Map<String, Value>), &&str)| {
                everybody.get(black_box(key)).map_or(9, |it| variant(it, Customer::new(&customer.0)))
            };
            customers.iter().zip(&asked).map(run).sum::<usize>() as u64
        }),
        line("one of 100 at half traffic, by key", || {
            let run = |(customer, key): (&(String, Map<String, Value>), &&str)| {
                half.get(black_box(key)).map_or(9, |it| variant(it, Customer::new(&customer.0)))
            };
            customers.iter().zip(&asked).map(run).sum::<usize>() as u64
        }),
        line("one with an audience of three attributes, by handle", || {
            each(&|id, attributes| {
                variant(black_box(aimed), Customer::new(black_box(id)).with_attributes(attributes)) as u64
            })
        }),
        line("one of 100 with such an audience, by key", || {
            let run = |((id, attributes), key): (&(String, Map<String, Value>), &&str)| {
                let customer = Customer::new(id).with_attributes(attributes);
                targeted.get(black_box(key)).map_or(9, |it| variant(it, customer))
            };
            customers.iter().zip(&asked).map(run).sum::<usize>() as u64
        }),
        line("all 100 for one customer", || {
            each(&|id, _| {
                let all = assign_all(&everybody, Customer::new(black_box(id)), &NoMemory);
                all.map(|(_, decision)| decision.variant().unwrap_or(9)).sum::<usize>() as u64
            })
        }),
        line("all 100 with such audiences for one customer", || {
            each(&|id, attributes| {
                let customer = Customer::new(black_box(id)).with_attributes(attributes);
                let all = assign_all(&targeted, customer, &NoMemory);
                all.map(|(_, decision)| decision.variant().unwrap_or(9)).sum::<usize>() as u64
            })
        }),
        line("one, by handle, explained in words", || {
            each(&|id, _| explain(one, Customer::new(black_box(id)), &NoMemory).1.steps.len() as u64)
        }),
    ];
    for round in 0..=rounds {
        for line in &mut lines {
            let start = Instant::now();
            black_box((line.run)());
            let taken = start.elapsed().as_nanos() as f64 / CUSTOMERS as f64;
            // The first round warms the caches.
            if round > 0 {
                line.nanoseconds.push(taken);
            }
        }
    }
    let base = lines[0].nanoseconds.clone();
    println!("{:<52} {:>10} {:>8}", "a customer", "ns", "ratio");
    for line in &mut lines {
        let mut ratios: Vec<f64> = line.nanoseconds.iter().zip(&base).map(|(own, base)| own / base).collect();
        println!("{:<52} {:>10.1} {:>8.2}", line.name, median(&mut line.nanoseconds), median(&mut ratios));
    }
}
