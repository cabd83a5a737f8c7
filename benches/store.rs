//! The store beside the bare database, in one run: what admission, records and sums cost.
//!
//! `cargo bench -p experiment-benches --bench store [-- FACTS]`; without `--bench` a small run that only
//! shows that it works. Each figure stands beside one of bare redb writing the same bytes in the same
//! commits, so that the ratio says something on any machine.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use experiment_core::definition::{Experiment, LifecycleStep, read_document};
use experiment_core::time::{DAY, SECOND, Timestamp};
use experiment_server::store::{
    Attributes, Expected, Outcome, Proposal, ProposedEvent, ProposedExposure, Store, system_clock,
};
use redb::{Builder, Database, Durability, ReadableDatabase, ReadableTable, TableDefinition};

type Error = Box<dyn std::error::Error>;

const FACTS: TableDefinition<u64, &[u8]> = TableDefinition::new("facts");
const ROWS: TableDefinition<&[u8], &[u8]> = TableDefinition::new("rows");
/// As the store's own.
const LOG_CACHE_BYTES: usize = 64 << 20;
const STATE_CACHE_BYTES: usize = 256 << 20;
const FOLD_BATCH: usize = 100_000;
const CHECKPOINT_FACTS: usize = 1_000_000;
/// Facts of one customer, on average.
const FACTS_PER_CUSTOMER: u64 = 10;
/// Bytes of an entry of the bare row.
const BARE_ENTRY: [u8; 28] = [7; 28];

const DEFINITION: &str = "
key: winback
variants: [{key: control}, {key: discount}]
dimensions: [plan]
metrics:
  - {key: retained, kind: retention, event: order, window: {from: 1d, to: 10d}, role: primary}
  - {key: revenue, kind: sum, event: order, window: {to: 10d}, covariate: {event: order, lookback: 10d}}
  - {key: orders, kind: count, event: order, window: {to: 10d}}
  - {key: aov, kind: ratio, numerator: {kind: sum, event: order}, denominator: {kind: count, event: order}, window: {to: 10d}}
  - {key: left, kind: conversion, event: cancel, window: {to: 10d}}
plan: {method: fixed, target: {customers_per_arm: 1000}}
";

fn main() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().collect();
    let measured = arguments.iter().any(|argument| argument == "--bench");
    let chosen = arguments.iter().find_map(|argument| argument.parse().ok());
    let facts: u64 = chosen.unwrap_or(if measured { 2_000_000 } else { 20_000 });
    ingest(facts)?;
    fold(facts, if measured { 3 } else { 1 })?;
    backfill(facts)
}

/// Facts of `total / FACTS_PER_CUSTOMER` customers in random order, one in ten an exposure.
struct Workload {
    state: u64,
    customers: u64,
    made: u64,
    start: i64,
}

impl Workload {
    fn new(total: u64, start: i64) -> Workload {
        Workload { state: 42, customers: (total / FACTS_PER_CUSTOMER).max(1), made: 0, start }
    }

    fn random(&mut self) -> u64 {
        // SplitMix64.
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn batch(&mut self, size: usize) -> Vec<Proposal> {
        (0..size).map(|_| self.proposal()).collect()
    }

    fn proposal(&mut self) -> Proposal {
        let drawn = self.random();
        let customer = format!("customer-{:010}", drawn % self.customers);
        // Spread over the fortnight after the start; later than "now" would be clamped.
        let back = (self.random() % 14) as i64 * DAY + (self.random() % 86_400) as i64 * SECOND;
        let (id, at) = (Some(format!("{:016x}-{:x}", self.random(), self.made)), self.start + back);
        self.made += 1;
        if drawn >> 32 & 1023 < 102 {
            let plan = ["basic", "plus", "pro", "team", "trial"][(drawn >> 42) as usize % 5];
            return Proposal::Exposure(ProposedExposure {
                experiment: "winback".to_owned(),
                // One arm a customer, as a client with its own memory would report.
                variant: if (drawn % self.customers).is_multiple_of(2) { "control" } else { "discount" }
                    .to_owned(),
                customer,
                id,
                at: Some(Timestamp(at)),
                attributes: Some(Attributes::from_iter([("plan".to_owned(), plan.into())])),
            });
        }
        let event = ["order", "login", "order", "cancel", "order"][(drawn >> 45) as usize % 5].to_owned();
        let value = (event == "order").then_some((drawn >> 50) as f64 / 100.0);
        Proposal::Event(ProposedEvent {
            customer,
            event,
            id,
            value,
            at: Some(Timestamp(at)),
            attributes: None,
        })
    }
}

/// A store in which the experiment runs from the first second on.
fn open(folder: &Path) -> Result<(Store, i64), Error> {
    let now = (system_clock())();
    let start = now.0 - 20 * DAY;
    let store = Store::open(folder, std::sync::Arc::new(move || Timestamp(start)))?;
    store.define(Experiment::parse(read_document(DEFINITION)?)?, Expected::Any).wait()?;
    store.step("winback", LifecycleStep::Start).wait()?;
    store.shutdown()?;
    drop(store);
    Ok((Store::open(folder, system_clock())?, start))
}

fn ingest(facts: u64) -> Result<(), Error> {
    println!(
        "full ingest (admission, log with fsync, fold behind) beside bare redb appending the same records"
    );
    for (size, share) in [(1, 400), (100, 10), (1_000, 4), (10_000, 2)] {
        let folder = tempfile::tempdir()?;
        let commits = (facts / share / size as u64).max(2);
        let total = commits * size as u64;
        let (store, start) = open(folder.path())?;
        let mut workload = Workload::new(total, start);
        let mut spent = Duration::ZERO;
        for _ in 0..commits {
            let batch = workload.batch(size);
            let begun = Instant::now();
            let outcomes = store.submit(batch).wait()?;
            spent += begun.elapsed();
            if let Some(other) = outcomes.iter().find(|outcome| !matches!(outcome, Outcome::Accepted(_))) {
                return Err(format!("not accepted: {other:?}").into());
            }
        }
        let lag = store.log_position() - store.position();
        store.shutdown()?;
        drop(store);
        let (bare, bytes) = bare_append(folder.path(), size)?;
        let rate = |spent: Duration| total as f64 / spent.as_secs_f64();
        println!(
            "  {size:>6} a commit: {:>9.0} facts/s, bare {:>9.0}, ratio {:.2} ({bytes:.0} bytes a fact, {lag} behind)",
            rate(spent),
            rate(bare),
            bare.as_secs_f64() / spent.as_secs_f64()
        );
    }
    Ok(())
}

/// Appends the records of the log in `folder` to a new file, `size` a commit; also their mean size.
fn bare_append(folder: &Path, size: usize) -> Result<(Duration, f64), Error> {
    let records: Vec<Vec<u8>> = {
        let log = Database::open(folder.join("log.redb"))?;
        let reading = log.begin_read()?;
        let table = reading.open_table(FACTS)?;
        let rows = ReadableTable::range(&table, 2..)?;
        rows.map(|row| Ok(row?.1.value().to_vec())).collect::<Result<_, redb::StorageError>>()?
    };
    let database = Builder::new().set_cache_size(LOG_CACHE_BYTES).create(folder.join("bare.redb"))?;
    let begun = Instant::now();
    let mut sequence = 0;
    for commit in records.chunks(size) {
        let mut transaction = database.begin_write()?;
        transaction.set_durability(Durability::Immediate)?;
        {
            let mut table = transaction.open_table(FACTS)?;
            for record in commit {
                table.insert(sequence, record.as_slice())?;
                sequence += 1;
            }
        }
        transaction.commit()?;
    }
    let bytes: usize = records.iter().map(Vec::len).sum();
    Ok((begun.elapsed(), bytes as f64 / records.len() as f64))
}

fn fold(facts: u64, rounds: usize) -> Result<(), Error> {
    println!("fold of {facts} facts (5 metrics, a covariate, a dimension) beside the bare row loop");
    let folder = tempfile::tempdir()?;
    let (store, start) = open(folder.path())?;
    let mut workload = Workload::new(facts, start);
    while workload.made < facts {
        store.submit(workload.batch(10_000.min((facts - workload.made) as usize))).wait()?;
    }
    store.shutdown()?;
    drop(store);
    let customers = customers(folder.path())?;
    let mut ratios = Vec::new();
    for _ in 0..rounds {
        let bare = bare_rows(folder.path(), &customers)?;
        std::fs::remove_file(folder.path().join("state.redb"))?;
        let begun = Instant::now();
        let store = Store::open(folder.path(), system_clock())?;
        store.wait_for_blocking(store.ready().of)?;
        let spent = begun.elapsed();
        let folds = store.counters().folds;
        drop(store);
        let ratio = bare.as_secs_f64() / spent.as_secs_f64();
        ratios.push(ratio);
        println!(
            "  {:>9.0} facts/s, bare {:>9.0}, ratio {ratio:.2} ({folds} transactions)",
            facts as f64 / spent.as_secs_f64(),
            facts as f64 / bare.as_secs_f64(),
        );
    }
    ratios.sort_by(f64::total_cmp);
    println!("  median ratio {:.2}", ratios[ratios.len() / 2]);
    Ok(())
}

/// A metric that is added to a store whose facts came over a fortnight.
fn backfill(facts: u64) -> Result<(), Error> {
    println!("a metric added behind {facts} facts received on 14 days, beside folding them all again");
    let folder = tempfile::tempdir()?;
    let (store, start) = open(folder.path())?;
    drop(store);
    let now = Arc::new(AtomicI64::new(start));
    let read = Arc::clone(&now);
    let clock = Arc::new(move || Timestamp(read.load(Ordering::SeqCst)));
    let store = Store::open(folder.path(), Arc::clone(&clock) as _)?;
    let mut workload = Workload::new(facts, start);
    while workload.made < facts {
        now.store(start + (workload.made * 14 / facts) as i64 * DAY, Ordering::SeqCst);
        store.submit(workload.batch(10_000.min((facts - workload.made) as usize))).wait()?;
    }
    store.wait_for_blocking(store.log_position())?;
    let customers = workload.customers as f64;
    for added in [
        "{key: spent, kind: sum, event: order, window: {to: 9d}, covariate: {event: order, lookback: 9d}}",
        "{key: p90, kind: quantile, of: {kind: sum, event: order}, q: 0.9, window: {to: 8d}}",
    ] {
        let definition = DEFINITION.replace("\nplan:", &format!("\n  - {added}\nplan:"));
        let defined = store.define(Experiment::parse(read_document(&definition)?)?, Expected::Any).wait()?;
        let begun = Instant::now();
        store.wait_for_blocking(defined.sequence)?;
        let mut waits = Vec::new();
        // Facts go on coming in, one at a time, each waited for until it is folded.
        while store.is_backfilling() {
            let asked = Instant::now();
            workload.made += 1;
            store.submit(workload.batch(1)).wait()?;
            store.wait_for_blocking(store.log_position())?;
            waits.push(asked.elapsed());
        }
        let spent = begun.elapsed();
        waits.sort_unstable();
        let longest = waits.last().copied().unwrap_or_default();
        println!(
            "  {:>9.0} customers/s in {:.2} s; a new fact was folded after {:.0} ms at most ({} of them)",
            customers / spent.as_secs_f64(),
            spent.as_secs_f64(),
            longest.as_secs_f64() * 1e3,
            waits.len()
        );
    }
    store.shutdown()?;
    drop(store);
    std::fs::remove_file(folder.path().join("state.redb"))?;
    let begun = Instant::now();
    let store = Store::open(folder.path(), clock)?;
    store.wait_for_blocking(store.ready().of)?;
    println!("  folded again in {:.2} s", begun.elapsed().as_secs_f64());
    Ok(())
}

/// Whose each fact of the log is.
fn customers(folder: &Path) -> Result<Vec<String>, Error> {
    // The customer is the first text after the fixed part, whose length the flags give.
    let log = Database::open(folder.join("log.redb"))?;
    let reading = log.begin_read()?;
    let table = reading.open_table(FACTS)?;
    let mut customers = Vec::new();
    for row in ReadableTable::range(&table, 2..)? {
        let row = row?;
        let record = row.1.value();
        let at = record.windows(9).position(|window| window == b"customer-").ok_or("no customer")?;
        customers.push(std::str::from_utf8(&record[at..at + 19])?.to_owned());
    }
    Ok(customers)
}

/// Reads, extends and writes one row a customer and batch: what any fold must do at least.
fn bare_rows(folder: &Path, customers: &[String]) -> Result<Duration, Error> {
    let path = folder.join("rows.redb");
    let _ = std::fs::remove_file(&path);
    let database = Builder::new().set_cache_size(STATE_CACHE_BYTES).create(&path)?;
    let begun = Instant::now();
    let mut since_checkpoint = 0;
    let mut row = Vec::new();
    for batch in customers.chunks(FOLD_BATCH) {
        let mut sorted: Vec<&str> = batch.iter().map(String::as_str).collect();
        sorted.sort_unstable();
        since_checkpoint += batch.len();
        let durable = since_checkpoint >= CHECKPOINT_FACTS;
        let mut transaction = database.begin_write()?;
        transaction.set_durability(if durable { Durability::Immediate } else { Durability::None })?;
        {
            let mut table = transaction.open_table(ROWS)?;
            for same in sorted.chunk_by(|one, other| one == other) {
                row.clear();
                if let Some(stored) = table.get(same[0].as_bytes())? {
                    row.extend_from_slice(stored.value());
                }
                same.iter().for_each(|_| row.extend_from_slice(&BARE_ENTRY));
                table.insert(same[0].as_bytes(), row.as_slice())?;
            }
        }
        transaction.commit()?;
        if durable {
            since_checkpoint = 0;
        }
    }
    let spent = begun.elapsed();
    drop(database);
    std::fs::remove_file(&path)?;
    Ok(spent)
}
