//! Inputs that a report carries: they come back whole, and no others make the analysis panic.

use experiment_core::definition::{BetaShape, Method, Prior, Ship, Spending};
use experiment_core::report::{Cells, Distributions, EconomicsDesign, Inputs, PhaseDesign};
use proptest::prelude::*;

use super::*;

/// A metric of each kind, two arms, four days, one dimension, crossed customers.
fn inputs() -> Inputs {
    let named = |key: &str, estimand| {
        let mut metric = metric(key, Role::Primary, Direction::Up);
        metric.estimand = estimand;
        metric
    };
    let mut spent = named("spent", Estimand::Mean);
    (spent.covariates, spent.min_effect) = (1, Some(0.1));
    let mut p90 = named("p90", Estimand::Quantile);
    p90.quantile = Some(0.9);
    let mut nps = named("nps", Estimand::Mean);
    (nps.answered, nps.role) = (true, Role::Secondary);
    let metrics = vec![
        named("kept", Estimand::Proportion),
        spent,
        named("value", Estimand::Ratio),
        p90,
        nps,
        named("stays", Estimand::Survival),
        metric("left", Role::Guardrail, Direction::Down),
    ];
    let mut aggregates = Aggregates {
        metrics: vec![Cells::new(); metrics.len()],
        distributions: vec![Distributions::new(); metrics.len()],
        halves: vec![Cells::new(); metrics.len()],
        values: vec![Distributions::new(); metrics.len()],
        ..Aggregates::default()
    };
    let value = |value: &str| Slice::Value { dimension: 0, value: value.to_owned() };
    let slices = [Slice::All, value("basic"), value("pro")];
    for (day, arm) in (0..4).flat_map(|day| [(day, 0_u16), (day, 1)]) {
        let n = 60 + i64::from(day) + i64::from(arm);
        for (slice, population) in slices.iter().flat_map(|slice| {
            [Population::Analysed, Population::Crossed].map(|population| (slice, population))
        }) {
            let place = || (slice.clone(), cell(arm, population, day).1);
            let customers = |value: &dyn Fn(i64) -> i64| (0..n).map(value).collect::<Vec<i64>>();
            let (kept, spent) = (customers(&|i| i % 3 / 2), customers(&|i| i * 7 % 50 + i64::from(arm)));
            let (before, orders) = (customers(&|i| i * 7 % 50), customers(&|i| i % 3 + 1));
            aggregates.exposed.insert(place(), counted(n));
            let sums = [
                columns(&[&kept]),
                columns(&[&spent, &before]),
                columns(&[&spent, &orders]),
                columns(&[&spent]),
                columns(&[&spent[..20]]),
                counted(n),
                columns(&[&kept]),
            ];
            for (cells, sums) in aggregates.metrics.iter_mut().zip(sums) {
                cells.insert(place(), sums);
            }
            let (_, by_value) = distributed(spent.iter().copied());
            aggregates.distributions[3].insert(place(), by_value.clone());
            aggregates.values[1].insert(place(), by_value);
            aggregates.halves[1].insert(place(), columns(&[&before, &orders]));
            let took = customers(&|i| i % 2);
            let kept_and_took = customers(&|i| i % 3 / 2 * (i % 2));
            let account = [&kept, &spent, &orders, &took, &kept_and_took].map(|column| column.as_slice());
            aggregates.economics.insert(place(), columns(&account));
            aggregates.distributions[5].insert(place(), [(1, 5), (6, 9)].into());
        }
    }
    let mut design = design(metrics);
    design.stage = Stage::Running;
    design.phases = vec![PhaseDesign { phase: 1, weights: vec![1.0, 1.0] }];
    design.plan.stratify = vec!["plan".to_owned()];
    let window = design.metrics[0].window;
    design.economics = Some(EconomicsDesign {
        window,
        rollout: Some(10_000),
        counts_gross: true,
        is_taken: vec![false, true],
    });
    Inputs { design, aggregates, checks: Vec::new(), decision: None }
}

fn as_of() -> Option<Timestamp> {
    Some(Day(11).start())
}

#[test]
fn inputs_come_back_whole_and_make_the_same_report() {
    let mut inputs = inputs();
    let made = inputs.report(as_of()).unwrap();
    assert_eq!(made, report(&inputs.design, &inputs.aggregates, as_of()).unwrap());
    assert!(made.metrics.iter().any(|metric| !metric.daily.is_empty()) && !made.dimensions.is_empty());
    assert!(!made.economics.is_empty() && made.metrics[0].comparisons[0].stratified.is_some());
    let shape = BetaShape { alpha: 0.1, beta: 1.0 / 3.0 };
    for (method, spending, target) in [
        (Method::Fixed, Spending::ObrienFleming, None),
        (Method::AlwaysValid, Spending::Pocock, Some(Target::CustomersPerArm(u64::MAX))),
        (Method::GroupSequential, Spending::Power(1.7), Some(Target::End(Day(30)))),
        (Method::Bayesian, Spending::Pocock, Some(Target::CustomersPerArm(7))),
    ] {
        let plan = &mut inputs.design.plan;
        (plan.method, plan.spending, plan.target) = (method, spending, target);
        plan.prior = Prior { relative_sd: Some(0.3), rate: Some(shape) };
        plan.ship = Some(Ship { chance: 0.95, max_loss: 1e-3 });
        (plan.looks, plan.tuning) = (vec![0.1 + 0.2, 1.0], Some(300));
        let text = serde_json::to_string(&inputs).unwrap();
        assert!(!text.contains("null"), "{text}");
        let back: Inputs = serde_json::from_str(&text).unwrap();
        assert_eq!(back, inputs);
        let (one, other) = (inputs.report(as_of()).unwrap(), back.report(as_of()).unwrap());
        assert_eq!(serde_json::to_string(&one).unwrap(), serde_json::to_string(&other).unwrap());
    }
}

/// The places of numbers, and of integers written as texts, within a document.
fn numbers(value: &serde_json::Value, path: &str, found: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(fields) => {
            fields.iter().for_each(|(key, value)| numbers(value, &format!("{path}/{key}"), found));
        }
        serde_json::Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, value)| numbers(value, &format!("{path}/{i}"), found));
        }
        value if value.is_number() || value.as_str().is_some_and(|text| text.parse::<i128>().is_ok()) => {
            found.push(path.to_owned());
        }
        _ => {}
    }
}

proptest! {
    /// Whatever numbers stand in a file, there is a report of finite numbers or a reason.
    #[test]
    fn changed_inputs_give_numbers_or_a_reason(
        method in prop::sample::select(vec!["fixed", "always_valid", "group_sequential", "bayesian"]),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), prop_oneof![
            any::<i128>().prop_map(|value| serde_json::Value::from(value.to_string())),
            any::<i64>().prop_map(serde_json::Value::from),
            (-3..300_i64).prop_map(serde_json::Value::from),
            any::<f64>().prop_map(serde_json::Value::from),
        ]), 1..4),
    ) {
        let mut inputs = inputs();
        inputs.design.plan.looks = vec![0.5, 1.0];
        inputs.design.plan.target = Some(Target::CustomersPerArm(150));
        inputs.design.plan.ship = Some(Ship { chance: 0.95, max_loss: 1e-3 });
        let mut json = serde_json::to_value(&inputs).unwrap();
        json["design"]["plan"]["method"] = method.into();
        let mut places = Vec::new();
        numbers(&json, "", &mut places);
        for (index, value) in changes {
            *json.pointer_mut(index.get(&places).as_str()).unwrap() = value;
        }
        if let Ok(inputs) = serde_json::from_value::<Inputs>(json)
            && let Ok(report) = inputs.report(as_of())
        {
            let text = serde_json::to_string(&report).unwrap();
            prop_assert!(!text.contains("null"), "{}", text);
        }
    }
}
