//! One assignment beside the bare XXH3 of the same bytes: one experiment, one of 100, all 100.
//!
//! Each benchmark assigns every customer of a fixed list once, so times are per 1,024 customers and the
//! ratio of two lines is the ratio of two assignments. `bytes` below is what a decision at full traffic
//! has to hash and nothing else.
#![allow(clippy::unwrap_used, reason = "a workload that cannot be built should stop the bench")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use experiment_core::assignment::{
    CompiledExperiment, Customer, NoMemory, Purpose, Snapshot, assign, explain, hash,
};
use experiment_core::definition::{Experiment, Status, read_document};
use xxhash_rust::xxh3::xxh3_64;

const CUSTOMERS: usize = 1_024;
const EXPERIMENTS: usize = 100;

/// Ids of 20 to 24 bytes, as most systems have.
fn customers() -> Vec<String> {
    (0..CUSTOMERS).map(|n| format!("customer-{:011}{}", n * 7_919, &"abcd"[..n % 5])).collect()
}

/// `checkout-experiment-000` and so on, with the given traffic.
fn snapshot(traffic: &str) -> Snapshot {
    let experiments: Vec<_> = (0..EXPERIMENTS)
        .map(|n| {
            let text = format!(
                "{{key: checkout-experiment-{n:03}, traffic: {traffic}, variants: [{{key: control}}, {{key: discount}}]}}"
            );
            let experiment = Experiment::parse(read_document(&text).unwrap()).unwrap();
            (Arc::new(experiment), Status::Running, 1, None)
        })
        .collect();
    Snapshot::new(&experiments).unwrap()
}

fn decide(experiment: &CompiledExperiment, id: &str) -> Option<usize> {
    assign(experiment, Customer::new(id), &NoMemory).variant()
}

fn assignment(criterion: &mut Criterion) {
    let ids = customers();
    let everybody = snapshot("1");
    let half = snapshot("0.5");
    let key = "checkout-experiment-050";
    let one = everybody.get(key).unwrap();
    let length = |text: &str| u32::try_from(text.len()).unwrap().to_le_bytes();
    let bytes: Vec<Vec<u8>> = ids
        .iter()
        .map(|id| {
            let purpose = Purpose::Variant.name();
            let parts: [&[u8]; 6] = [
                &length(key),
                key.as_bytes(),
                &length(purpose),
                purpose.as_bytes(),
                &length(id),
                id.as_bytes(),
            ];
            parts.concat()
        })
        .collect();
    // The comparison below is only fair if both hash the same.
    assert!(ids.iter().zip(&bytes).all(|(id, bytes)| hash(key, Purpose::Variant, id) == xxh3_64(bytes)));

    let mut group = criterion.benchmark_group("assignment");
    group.throughput(Throughput::Elements(CUSTOMERS as u64));
    group.bench_function("bare hash of the same bytes", |bencher| {
        bencher.iter(|| bytes.iter().fold(0, |sum: u64, bytes| sum.wrapping_add(xxh3_64(black_box(bytes)))));
    });
    group.bench_function("one experiment", |bencher| {
        bencher
            .iter(|| ids.iter().map(|id| decide(black_box(one), black_box(id)).unwrap_or(9)).sum::<usize>());
    });
    group.bench_function("one of 100 by key", |bencher| {
        bencher.iter(|| {
            let decide = |id| everybody.get(black_box(key)).and_then(|experiment| decide(experiment, id));
            ids.iter().map(|id| decide(black_box(id)).unwrap_or(9)).sum::<usize>()
        });
    });
    group.bench_function("one of 100 at half traffic", |bencher| {
        bencher.iter(|| {
            let decide = |id| half.get(black_box(key)).and_then(|experiment| decide(experiment, id));
            ids.iter().map(|id| decide(black_box(id)).unwrap_or(9)).sum::<usize>()
        });
    });
    group.bench_function("one experiment, explained", |bencher| {
        bencher.iter(|| {
            ids.iter()
                .map(|id| explain(one, Customer::new(black_box(id)), &NoMemory).1.steps.len())
                .sum::<usize>()
        });
    });
    group.finish();

    let mut group = criterion.benchmark_group("all 100 experiments");
    group.throughput(Throughput::Elements((CUSTOMERS * EXPERIMENTS) as u64));
    group.bench_function("bare hash of the same bytes", |bencher| {
        bencher.iter(|| {
            let hashes =
                || bytes.iter().fold(0, |sum: u64, bytes| sum.wrapping_add(xxh3_64(black_box(bytes))));
            (0..EXPERIMENTS).fold(0, |sum: u64, _| sum.wrapping_add(hashes()))
        });
    });
    group.bench_function("assign", |bencher| {
        bencher.iter(|| {
            let decide_all = |id| everybody.iter().map(move |experiment| decide(experiment, id).unwrap_or(9));
            ids.iter().flat_map(|id| decide_all(black_box(id))).sum::<usize>()
        });
    });
    group.finish();
}

criterion_group!(benches, assignment);
criterion_main!(benches);
