//! Effects averaged over strata: what they are by hand, and that they decide.

use experiment_core::definition::{Correction, Method, Ship};
use experiment_core::report::{Comparison, DimensionReport};
use experiment_core::stats::TestOptions;
use experiment_core::stats::bayes::normal_effect;
use experiment_core::stats::distribution::normal;
use experiment_core::stats::sequential::confidence_sequence::{
    LookEstimate, asymptotic, asymptotic_of_width, mixture_width,
};
use proptest::prelude::*;

use super::*;

/// One customer: arm, stratum, outcome and covariates in whole units, day of entry.
#[derive(Debug, Clone)]
struct Person {
    arm: u16,
    stratum: String,
    vector: Vec<i64>,
    day: i32,
}

fn person(arm: u16, stratum: &str, vector: &[i64]) -> Person {
    Person { arm, stratum: stratum.to_owned(), vector: vector.to_vec(), day: 0 }
}

/// Their sums, everybody's and by value of one dimension.
fn sums(people: &[Person], dimension: u16) -> Aggregates {
    let mut sums = Aggregates { metrics: vec![Default::default()], ..Aggregates::default() };
    for person in people {
        let Person { arm, stratum, vector, day } = person;
        let vector: Vec<i64> = vector.iter().map(|value| value * ONE).collect();
        for slice in [Slice::All, Slice::Value { dimension, value: stratum.clone() }] {
            let place = (slice, cell(*arm, Population::Analysed, *day).1);
            let moments = sums.metrics[0].entry(place.clone()).or_insert_with(|| Moments::new(vector.len()));
            moments.add(&Contribution::new(&vector)).unwrap();
            sums.exposed.entry(place).or_default().merge(&counted(1)).unwrap();
        }
    }
    sums
}

fn stratified(metric: MetricDesign) -> Design {
    let mut design = design(vec![metric]);
    design.plan.stratify = vec!["plan".to_owned()];
    design
}

fn spent(covariates: usize) -> MetricDesign {
    let spent = metric("spent", Role::Primary, Direction::Up);
    MetricDesign { estimand: Estimand::Mean, covariates, ..spent }
}

fn compared(design: &Design, sums: &Aggregates) -> Comparison {
    report(design, sums, None).unwrap().metrics[0].comparisons[0].clone()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Σ(a − ā)(b − b̄).
fn spread(a: &[f64], b: &[f64]) -> f64 {
    let (mean_a, mean_b) = (mean(a), mean(b));
    a.iter().zip(b).map(|(a, b)| (a - mean_a) * (b - mean_b)).sum()
}

/// Effect and standard error as one works them out from the customers themselves: Miratrix, Sekhon and Yu's average
/// with GrowthBook's variance of the weights; with `adjusted`, of outcomes less the pooled within-arm slope.
fn by_hand(people: &[Person], strata: &[&str], adjusted: bool) -> (f64, f64) {
    let mut cells = Vec::new();
    for stratum in strata {
        let column = |arm: u16, part: usize| -> Vec<f64> {
            let here = people.iter().filter(|person| person.arm == arm && person.stratum == *stratum);
            here.map(|person| person.vector[part] as f64).collect()
        };
        let mut outcomes = [column(0, 0), column(1, 0)];
        if adjusted {
            let before = [column(0, 1), column(1, 1)];
            let xx: f64 = before.iter().map(|x| spread(x, x)).sum();
            let xy: f64 = before.iter().zip(&outcomes).map(|(x, y)| spread(x, y)).sum();
            let theta = if xx == 0.0 { 0.0 } else { xy / xx };
            for (y, x) in outcomes.iter_mut().zip(&before) {
                y.iter_mut().zip(x).for_each(|(y, x)| *y -= theta * x);
            }
        }
        let variance: f64 =
            outcomes.iter().map(|y| spread(y, y) / (y.len() as f64 - 1.0) / y.len() as f64).sum();
        let n = (outcomes[0].len() + outcomes[1].len()) as f64;
        cells.push((n, mean(&outcomes[1]) - mean(&outcomes[0]), variance));
    }
    let total: f64 = cells.iter().map(|(n, _, _)| n).sum();
    let effect: f64 = cells.iter().map(|(n, gap, _)| n / total * gap).sum();
    let within: f64 = cells.iter().map(|(n, _, variance)| (n / total) * (n / total) * variance).sum();
    let between: f64 = cells.iter().map(|(n, gap, _)| n / total * (gap - effect) * (gap - effect)).sum();
    (effect, (within + between / total).sqrt())
}

fn people(covariate: bool) -> impl Strategy<Value = Vec<Person>> {
    let fewest = if covariate { 20 } else { 2 };
    let arm = move || proptest::collection::vec((0..200_i64, -50..50_i64), fewest..fewest + 12);
    proptest::collection::vec((arm(), arm()), 2..5).prop_map(move |strata| {
        let mut people = Vec::new();
        for (name, arms) in ["a", "b", "c", "d"].into_iter().zip(strata) {
            for (arm, customers) in [(0, arms.0), (1, arms.1)] {
                for (y, x) in customers {
                    let vector = if covariate { vec![y, x] } else { vec![y] };
                    people.push(person(arm, name, &vector));
                }
            }
        }
        people
    })
}

fn check_by_hand(people: &[Person], adjusted: bool) -> Result<(), TestCaseError> {
    let mut strata: Vec<&str> = people.iter().map(|person| person.stratum.as_str()).collect();
    strata.dedup();
    let strata: std::collections::BTreeSet<&str> = strata.into_iter().collect();
    let strata: Vec<&str> = strata.into_iter().collect();
    let (effect, std_error) = by_hand(people, &strata, adjusted);
    let comparison = compared(&stratified(spent(usize::from(adjusted))), &sums(people, 0));
    let Some(got) = comparison.stratified else {
        prop_assert_eq!(std_error, 0.0);
        return Ok(());
    };
    let close = |got: f64, want: f64| (got - want).abs() < 1e-9 * (1.0 + want.abs());
    prop_assert_eq!(got.strata as usize, strata.len());
    prop_assert!(close(got.effect.estimate, effect), "{} is not {effect}", got.effect.estimate);
    prop_assert!(close(got.effect.std_error.unwrap(), std_error), "{:?} is not {std_error}", got.effect);
    prop_assert!(close(got.statistic, effect / std_error));
    prop_assert!(close(got.p_value, 2.0 * normal::sf((effect / std_error).abs())));
    let reading = if adjusted { Reading::StratifiedCuped } else { Reading::Stratified };
    let decision = comparison.decision.unwrap();
    prop_assert_eq!((decision.reading, got.theta.is_some()), (reading, adjusted));
    // A family of one: the interval that decides is the one that is shown.
    prop_assert_eq!((decision.lower, decision.upper), (got.effect.lower, got.effect.upper));
    prop_assert_eq!(comparison.adjusted_p_value, Some(got.p_value));
    Ok(())
}

proptest! {
    #[test]
    fn the_effect_is_the_one_worked_out_by_hand(people in people(false)) {
        check_by_hand(&people, false)?;
    }

    #[test]
    fn covariates_are_adjusted_within_strata(people in people(true)) {
        check_by_hand(&people, true)?;
    }
}

/// A third of the control is large, half of the variant is: the variant adds 2 to everybody.
fn uneven() -> Vec<Person> {
    let mut people = Vec::new();
    let noise = [-3, -2, -1, 0, 0, 1, 2, 3];
    let mut enter = |arm: u16, stratum: &str, level: i64, n: usize| {
        for i in 0..n {
            people.push(person(arm, stratum, &[level + noise[i % noise.len()] + 2 * i64::from(arm)]));
        }
    };
    enter(0, "small", 10, 160);
    enter(0, "large", 100, 80);
    enter(1, "small", 10, 120);
    enter(1, "large", 100, 120);
    people
}

#[test]
fn strata_that_differ_strongly_no_longer_drown_the_effect() {
    let comparison = compared(&stratified(spent(0)), &sums(&uneven(), 0));
    let (plain, reading) = (comparison.effect.unwrap(), comparison.stratified.as_ref().unwrap());
    // A sixth of the control more is large in the variant: 90 ÷ 6 of the difference is not the variant's doing.
    assert_eq!(plain.estimate, 17.0);
    assert!((reading.effect.estimate - 2.0).abs() < 1e-12, "{reading:?}");
    assert!(reading.effect.std_error.unwrap() < plain.std_error.unwrap() / 10.0);
    let left = reading.effect.std_error.unwrap() / plain.std_error.unwrap();
    assert!((reading.variance_reduction - (1.0 - left * left)).abs() < 1e-12 && left < 0.1);
    assert_eq!(reading.strata, 2);
    // Over the control's mean with the same weights: 280/480 of 10 and 200/480 of 100.
    let control = 280.0 / 480.0 * 10.0 + 200.0 / 480.0 * 100.0;
    assert!((reading.relative_effect.unwrap().estimate - 2.0 / control).abs() < 1e-12);
    let decision = comparison.decision.unwrap();
    assert_eq!((decision.reading, decision.significant), (Reading::Stratified, true));
    assert_eq!(decision.upper, reading.effect.upper);

    let report = report(&stratified(spent(0)), &sums(&uneven(), 0), None).unwrap();
    assert_eq!(level(&report, CheckCode::Strata), Level::Ok);
    assert_eq!(report.verdict.verdict, VerdictCode::Ship);
    assert!(
        report.verdict.reasons[0].contains("a difference of 2.0000 averaged over strata"),
        "{:?}",
        report.verdict
    );
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
}

#[test]
fn shares_and_scores_are_stratified_and_ratios_are_not() {
    let people: Vec<Person> = (0..400)
        .map(|i| person(u16::from(i % 2 == 1), ["a", "b"][i / 200], &[i64::from(i % 5 == 0 || i > 300)]))
        .collect();
    let kept = stratified(metric("kept", Role::Primary, Direction::Up));
    let comparison = compared(&kept, &sums(&people, 0));
    let (effect, std_error) = by_hand(&people, &["a", "b"], false);
    let reading = comparison.stratified.unwrap();
    assert!((reading.effect.estimate - effect).abs() < 1e-12);
    assert!((reading.effect.std_error.unwrap() - std_error).abs() < 1e-12);
    assert_eq!(comparison.decision.unwrap().reading, Reading::Stratified);
    assert!(comparison.statistic.is_some(), "the pooled z-test stands beside");

    let mut nps = stratified(MetricDesign { answered: true, ..spent(0) });
    assert_eq!(compared(&nps, &sums(&people, 0)).decision.unwrap().reading, Reading::Stratified);
    nps.plan.stratify.clear();
    let plain = compared(&nps, &sums(&people, 0));
    assert_eq!((plain.stratified, plain.decision.unwrap().reading), (None, Reading::Unadjusted));

    let pair = |(i, person): (usize, &Person)| {
        let vector = vec![person.vector[0] + i as i64 % 3, 1 + i as i64 % 2];
        Person { vector, ..person.clone() }
    };
    let pairs: Vec<Person> = people.iter().enumerate().map(pair).collect();
    let ratio = stratified(MetricDesign { estimand: Estimand::Ratio, ..spent(0) });
    let comparison = compared(&ratio, &sums(&pairs, 0));
    assert_eq!((comparison.stratified, comparison.decision.unwrap().reading), (None, Reading::Unadjusted));
}

#[test]
fn covariates_may_be_left_to_themselves() {
    let people: Vec<Person> = (0..200_i64)
        .map(|i| {
            let vector = [i * 7 % 31 + 40 * (i / 100), i * 7 % 31 + i % 3, i * 5 % 17];
            person((i % 2) as u16, ["a", "b"][(i / 100) as usize], &vector)
        })
        .collect();
    let two = stratified(spent(2));
    let both = compared(&two, &sums(&people, 0));
    let reading = both.stratified.unwrap();
    assert_eq!((both.decision.unwrap().reading, reading.thetas.len()), (Reading::StratifiedCuped, 2));
    assert_eq!(reading.theta, Some(reading.thetas[0]));
    assert!(reading.effect.std_error.unwrap() < both.cuped.unwrap().effect.std_error.unwrap());
    let mut plain = two.clone();
    plain.plan.cuped = false;
    let plain = compared(&plain, &sums(&people, 0));
    assert_eq!(
        (plain.decision.unwrap().reading, plain.stratified.unwrap().theta),
        (Reading::Stratified, None)
    );
}

#[test]
fn values_of_several_dimensions_are_strata_and_nothing_else() {
    let mut plan = stratified(spent(0));
    plan.plan.stratify = vec!["plan".to_owned(), "country".to_owned()];
    plan.dimensions = vec!["plan".to_owned(), "country".to_owned()];
    let mut all = sums(&uneven(), 2);
    let by_plan = sums(&uneven(), 0);
    all.exposed.extend(by_plan.exposed);
    all.metrics[0].extend(by_plan.metrics[0].clone());
    let report = report(&plan, &all, None).unwrap();
    assert_eq!(report.metrics[0].comparisons[0].stratified.as_ref().unwrap().strata, 2);
    let named = |slice: &DimensionReport| (slice.dimension.clone(), slice.value.clone());
    let named: Vec<_> = report.dimensions.iter().map(named).collect();
    assert_eq!(named, ["large", "small"].map(|value| ("plan".to_owned(), value.to_owned())));
    let in_slice = &report.dimensions[0].metrics[0].comparisons[0];
    assert_eq!(
        (in_slice.stratified.clone(), in_slice.decision.unwrap().reading),
        (None, Reading::Unadjusted)
    );

    // Two families in one dimension, none of strata: sizes that fit no weights there are seen by plan alone.
    let mut lopsided = all.clone();
    lopsided.exposed.retain(|(slice, _), _| !matches!(slice, Slice::Value { dimension: 0, .. }));
    let report = super::report(&plan, &lopsided, None).unwrap();
    assert!(report.health.checks.iter().all(|check| check.check != CheckCode::SrmDimensions));
}

#[test]
fn too_small_strata_are_one_together() {
    let mut people = uneven();
    // One customer of an arm, or none: no variance of their own.
    people.extend([
        person(0, "x", &[50]),
        person(1, "x", &[54]),
        person(0, "y", &[52]),
        person(1, "z", &[58]),
    ]);
    let design = stratified(spent(0));
    let got = compared(&design, &sums(&people, 0)).stratified.unwrap();
    let mut pooled = people.clone();
    pooled.iter_mut().filter(|p| p.stratum.len() == 1).for_each(|p| p.stratum = "other".to_owned());
    let (effect, std_error) = by_hand(&pooled, &["small", "large", "other"], false);
    assert_eq!(got.strata, 3);
    assert!((got.effect.estimate - effect).abs() < 1e-12);
    assert!((got.effect.std_error.unwrap() - std_error).abs() < 1e-12);

    // What is pooled and still too small takes in the smallest of the others: nobody is left out.
    let mut people = uneven();
    people.push(person(0, "x", &[50]));
    let third: Vec<Person> = (0..40).map(|i| person((i % 2) as u16, "third", &[i64::from(i)])).collect();
    people.extend(third);
    let got = compared(&design, &sums(&people, 0)).stratified.unwrap();
    let mut pooled = people.clone();
    pooled.iter_mut().filter(|p| p.stratum == "x").for_each(|p| p.stratum = "third".to_owned());
    let (effect, std_error) = by_hand(&pooled, &["small", "large", "third"], false);
    assert_eq!(got.strata, 3);
    assert!((got.effect.estimate - effect).abs() < 1e-12);
    assert!((got.effect.std_error.unwrap() - std_error).abs() < 1e-12);

    // Where that leaves one stratum, nothing is stratified: no customer of the variant is "large".
    let apart: Vec<Person> = uneven().into_iter().filter(|p| p.arm == 0 || p.stratum == "small").collect();
    let comparison = compared(&design, &sums(&apart, 0));
    assert_eq!((comparison.stratified, comparison.decision.unwrap().reading), (None, Reading::Unadjusted));
}

#[test]
fn of_many_values_the_rarest_are_one_stratum() {
    let mut people = Vec::new();
    // 60 values: the first fifty with 8 customers, the others with 6; equal ones go by name.
    for value in 0..60_i64 {
        for i in 0..if value < 50 { 8 } else { 6 } {
            people.push(person((i % 2) as u16, &format!("v-{value:02}"), &[value * 3 + i * i % 5]));
        }
    }
    let got = compared(&stratified(spent(0)), &sums(&people, 0)).stratified.unwrap();
    let mut pooled = people.clone();
    pooled.iter_mut().filter(|p| *p.stratum >= *"v-49").for_each(|p| p.stratum = "other".to_owned());
    let names: Vec<String> = (0..49).map(|value| format!("v-{value:02}")).collect();
    let strata: Vec<&str> = names.iter().map(String::as_str).chain(["other"]).collect();
    let (effect, std_error) = by_hand(&pooled, &strata, false);
    assert_eq!(got.strata, 50);
    assert!((got.effect.estimate - effect).abs() < 1e-12);
    assert!((got.effect.std_error.unwrap() - std_error).abs() < 1e-12);
}

#[test]
fn without_strata_the_plain_reading_decides_and_says_so() {
    let design = stratified(spent(0));
    let one: Vec<Person> = uneven().into_iter().map(|p| Person { stratum: String::new(), ..p }).collect();
    let mut dropped = sums(&uneven(), 0);
    dropped.metrics[0].retain(|(slice, _), _| *slice == Slice::All);
    dropped.exposed.retain(|(slice, _), _| *slice == Slice::All);
    dropped.dropped_dimensions = vec![0];
    for (sums, check) in [(sums(&one, 0), CheckCode::Strata), (dropped, CheckCode::DimensionValues)] {
        let report = report(&design, &sums, None).unwrap();
        let comparison = &report.metrics[0].comparisons[0];
        assert_eq!(
            (&comparison.stratified, comparison.decision.unwrap().reading),
            (&None, Reading::Unadjusted)
        );
        let warned: Vec<_> = report.health.checks.iter().filter(|check| check.level == Level::Warn).collect();
        let [found] = &warned[..] else { panic!("{warned:?}") };
        assert_eq!(found.check, check);
        assert!(found.detail.contains("not stratified"), "{}", found.detail);
    }
}

/// Two metrics of the same customers, stratified: what each method makes of the reading.
fn guarded(method: Method) -> (Design, Aggregates) {
    let mut design = stratified(spent(0));
    design.metrics.push(MetricDesign { role: Role::Guardrail, margin: Some(5.0), ..spent(0) });
    design.stage = Stage::Running;
    design.plan.method = method;
    design.plan.target = Some(Target::CustomersPerArm(200));
    design.plan.ship = Some(Ship { chance: 0.9, max_loss: 1.0 });
    let mut sums = sums(&uneven(), 0);
    sums.metrics.push(sums.metrics[0].clone());
    (design, sums)
}

#[test]
fn every_method_decides_on_the_stratified_reading() {
    let as_of = Some(Day(30).end());
    let n = 480;
    for method in [Method::Fixed, Method::AlwaysValid, Method::Bayesian, Method::GroupSequential] {
        let (mut design, sums) = guarded(method);
        if method == Method::GroupSequential {
            (design.plan.correction, design.plan.looks) = (Correction::Bonferroni, vec![1.0]);
        }
        let report = report(&design, &sums, as_of).unwrap();
        let [primary, guardrail] = [0, 1].map(|index| report.metrics[index].comparisons[0].clone());
        let reading = primary.stratified.clone().unwrap();
        let (effect, std_error) = (reading.effect.estimate, reading.effect.std_error.unwrap());
        let (decision, guard) = (primary.decision.unwrap(), guardrail.decision.unwrap());
        assert_eq!(
            (decision.reading, guard.reading),
            (Reading::Stratified, Reading::Stratified),
            "{method:?}"
        );
        let close =
            |got: f64, want: f64| assert!((got - want).abs() < 1e-9, "{method:?}: {got} is not {want}");
        let look = LookEstimate { n, effect, std_error };
        let one_sided = TestOptions::greater(0.95);
        match method {
            Method::Fixed | Method::GroupSequential => {
                let z = normal::upper_quantile((1.0 - decision.confidence_level) / 2.0);
                close(decision.lower.unwrap(), effect - z * std_error);
                let z = normal::upper_quantile(1.0 - guard.confidence_level);
                close(guard.lower.unwrap(), effect - z * std_error);
            }
            Method::AlwaysValid => {
                let sequence = asymptotic(&look, 200.0, &TestOptions::two_sided(0.95)).unwrap();
                close(decision.lower.unwrap(), sequence.interval.lower);
                close(primary.always_valid.unwrap().p_value, sequence.always_valid_p_value);
                close(guard.lower.unwrap(), asymptotic(&look, 200.0, &one_sided).unwrap().interval.lower);
            }
            Method::Bayesian => {
                let posterior = normal_effect(effect, std_error, None, 0.95).unwrap();
                close(primary.bayes.unwrap().chance_to_win, posterior.chance_to_win);
                close(decision.upper.unwrap(), posterior.interval.upper);
                close(guard.lower.unwrap(), effect - normal::upper_quantile(0.05) * std_error);
            }
        }
        // The alarm: one in a hundred, shared by two metrics, on the same estimate.
        let options = TestOptions::less(0.995);
        let rho = mixture_width(200.0, &options).unwrap();
        let alarm = asymptotic_of_width(&look, rho, &options).unwrap();
        close(primary.harm.unwrap().bound, alarm.interval.upper);
    }
}

#[test]
fn one_sided_plans_read_one_end() {
    let mut design = stratified(spent(0));
    design.plan.sides = Sides::One;
    let comparison = compared(&design, &sums(&uneven(), 0));
    let reading = comparison.stratified.unwrap();
    let z = normal::upper_quantile(0.05);
    let lower = reading.effect.estimate - z * reading.effect.std_error.unwrap();
    assert!((comparison.decision.unwrap().lower.unwrap() - lower).abs() < 1e-9);
    assert_eq!((reading.effect.upper, comparison.decision.unwrap().upper), (None, None));
}

#[test]
fn a_rare_outcome_is_guarded_by_the_score_bound() {
    let left = MetricDesign { margin: Some(0.05), ..metric("left", Role::Guardrail, Direction::Down) };
    let with = |events: usize| -> Vec<Person> {
        let customer = |i: usize| person((i % 2) as u16, ["a", "b"][i % 4 / 2], &[i64::from(i < 2 * events)]);
        (0..1_000).map(customer).collect()
    };
    for (events, reading) in [(10, Reading::Unadjusted), (30, Reading::Stratified)] {
        let mut design = stratified(left.clone());
        design.plan.method = Method::AlwaysValid;
        let comparison = compared(&design, &sums(&with(events), 0));
        assert!(comparison.stratified.is_some());
        assert_eq!(comparison.decision.unwrap().reading, reading);
    }
}

#[test]
fn only_mature_customers_are_in_the_strata() {
    let mut people = uneven();
    let late = people.iter().cloned().map(|p| Person { day: 5, vector: vec![1_000 * i64::from(p.arm)], ..p });
    let late: Vec<Person> = late.collect();
    people.extend(late);
    let design = stratified(spent(0));
    let of = |people: &[Person], day| {
        let report = report(&design, &sums(people, 0), Some(Day(day).start())).unwrap();
        report.metrics[0].comparisons[0].stratified.clone().unwrap()
    };
    assert_eq!(of(&people, 9), of(&uneven(), 9));
    assert!(of(&people, 13).effect.estimate > 100.0);
}
