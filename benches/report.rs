//! A report of ten metrics, three arms and sixty cohort days, from stored sums.
#![allow(clippy::unwrap_used, reason = "a workload that cannot be built should stop the bench")]

use criterion::{Criterion, criterion_group, criterion_main};
use experiment_core::definition::{Direction, Plan, Role, Window};
use experiment_core::measure::{Cell, Contribution, Moments, Population, Slice};
use experiment_core::report::{
    Aggregates, Design, Estimand, Inputs, MetricDesign, Stage, VariantDesign, report,
};
use experiment_core::time::{DAY, Day, Span};

const METRICS: usize = 10;
const DAYS: i32 = 60;
const ARMS: u16 = 3;
const CUSTOMERS_A_CELL: i64 = 50;

fn design() -> Design {
    let metric = |i: usize| MetricDesign {
        key: format!("metric_{i}"),
        estimand: [Estimand::Proportion, Estimand::Mean, Estimand::Ratio][i % 3],
        role: if i == 0 { Role::Primary } else { Role::Secondary },
        direction: Direction::Up,
        margin: None,
        min_effect: None,
        places: 6,
        covariates: usize::from(i % 3 == 1),
        quantile: None,
        answered: false,
        window: Window { from: Span(0), to: Some(Span(7 * DAY)), grace: Span(0) },
    };
    Design {
        experiment: "bench".to_owned(),
        definition_version: Some(1),
        stage: Stage::Final,
        variants: (0..ARMS)
            .map(|arm| VariantDesign { key: format!("arm_{arm}"), weight: 1.0, changes: Vec::new() })
            .collect(),
        phases: Vec::new(),
        control: 0,
        metrics: (0..METRICS).map(metric).collect(),
        economics: None,
        dimensions: Vec::new(),
        plan: Plan::default(),
    }
}

fn aggregates(design: &Design) -> Aggregates {
    let mut aggregates = Aggregates { metrics: vec![Default::default(); METRICS], ..Aggregates::default() };
    for (day, arm) in (0..DAYS).flat_map(|day| (0..ARMS).map(move |arm| (day, arm))) {
        let place =
            || (Slice::All, Cell { phase: 1, variant: arm, population: Population::Analysed, day: Day(day) });
        let counted = Moments::from_parts(CUSTOMERS_A_CELL, 0, 0, vec![], vec![]).unwrap();
        aggregates.exposed.insert(place(), counted);
        for (metric, cells) in design.metrics.iter().zip(&mut aggregates.metrics) {
            let mut moments = Moments::new(metric.parts());
            for i in 0..CUSTOMERS_A_CELL {
                let one = (i * 31 + i64::from(day) * 17 + i64::from(arm)) % 3 / 2 * 1_000_000;
                let values = [one, 1_000_000 + i, i];
                moments.add(&Contribution::new(&values[..metric.parts()])).unwrap();
            }
            cells.insert(place(), moments);
        }
    }
    aggregates
}

fn results(criterion: &mut Criterion) {
    let design = design();
    let aggregates = aggregates(&design);
    let as_of = Some(Day(DAYS + 10).start());
    criterion.bench_function("report/10 metrics, 3 arms, 60 days", |bencher| {
        bencher.iter(|| report(&design, &aggregates, as_of).unwrap());
    });
    let made = report(&design, &aggregates, as_of).unwrap();
    criterion.bench_function("report/as JSON", |bencher| {
        bencher.iter(|| serde_json::to_vec(&made).unwrap());
    });
    let inputs = Inputs { design, aggregates, checks: Vec::new(), decision: None };
    let carried = serde_json::to_string(&inputs).unwrap();
    println!("report {} bytes, its inputs {}", serde_json::to_vec(&made).unwrap().len(), carried.len());
    criterion.bench_function("report/inputs from JSON", |bencher| {
        bencher.iter(|| serde_json::from_str::<Inputs>(&carried).unwrap());
    });
}

criterion_group!(benches, results);
criterion_main!(benches);
