//! Contributions and moments: how many customers a second one thread turns into sums.
#![allow(clippy::unwrap_used, reason = "a workload that cannot be built should stop the bench")]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use experiment_core::definition::{Experiment, read_document};
use experiment_core::measure::{Event, EventNames, Moments, Rule, contribution};
use experiment_core::time::{DAY, Timestamp};
use std::hint::black_box;

const DEFINITION: &str = "
key: winback
variants: [{key: control}, {key: discount}]
metrics:
  - {key: kept, kind: retention, event: order, window: {from: 30d, to: 60d}, role: primary}
  - {key: revenue, kind: sum, event: order, window: {to: 60d}, cap: 500, covariate: {event: order, lookback: 90d}}
  - {key: aov, kind: ratio, numerator: {kind: sum, event: order}, denominator: {kind: count, event: order}, window: {to: 60d}}
plan: {target: {customers_per_arm: 1000}}
";
const CUSTOMERS: usize = 10_000;
const EVENTS: i64 = 5;

fn measure(criterion: &mut Criterion) {
    let experiment = Experiment::parse(read_document(DEFINITION).unwrap()).unwrap();
    let mut names = EventNames::default();
    let rules: Vec<Rule> =
        experiment.metrics.iter().map(|metric| Rule::compile(metric, &mut names)).collect();
    let order = names.intern("order");
    let histories: Vec<Vec<Event>> = (0..CUSTOMERS as i64)
        .map(|customer| {
            let event = |i: i64| Event {
                at: Timestamp((customer * 7 + i * 13) % 120 * DAY - 60 * DAY),
                name: order,
                value: Some((customer % 900 + i) as f64 / 100.0),
            };
            (0..EVENTS).map(event).collect()
        })
        .collect();
    let mut group = criterion.benchmark_group("measure");
    for (metric, rule) in experiment.metrics.iter().zip(&rules) {
        group.throughput(Throughput::Elements(CUSTOMERS as u64));
        group.bench_function(format!("contribution/{}", metric.key), |bencher| {
            bencher.iter(|| {
                for history in &histories {
                    black_box(contribution(rule, Timestamp(0), history));
                }
            });
        });
        let vectors: Vec<_> =
            histories.iter().filter_map(|history| contribution(rule, Timestamp(0), history)).collect();
        group.bench_function(format!("moments/{}", metric.key), |bencher| {
            bencher.iter_batched(
                || Moments::new(rule.parts().len()),
                |mut moments| {
                    for vector in &vectors {
                        moments.add(vector).unwrap();
                    }
                    moments
                },
                BatchSize::SmallInput,
            );
        });
        group.bench_function(format!("bare f64 sums/{}", metric.key), |bencher| {
            bencher.iter(|| {
                let (mut sums, mut squares) = ([0.0_f64; 2], [0.0_f64; 3]);
                for vector in &vectors {
                    let values = vector.values();
                    let (y, x) = (values[0] as f64, values.get(1).copied().unwrap_or(0) as f64);
                    sums[0] += y;
                    sums[1] += x;
                    squares[0] += y * y;
                    squares[1] += y * x;
                    squares[2] += x * x;
                }
                (sums, squares)
            });
        });
    }
    group.finish();
}

criterion_group!(benches, measure);
criterion_main!(benches);
