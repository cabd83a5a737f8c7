//! The curve of effects from cohort day to cohort day.

use experiment_core::definition::Method;
use experiment_core::report::{Cells, Comparison, DailyComparison, Effect};

use super::*;

/// Customers of an arm who enter on a day: a share, a mean with a covariate and a ratio, all of the same values.
pub(super) fn enter(sums: &mut Aggregates, population: Population, day: i32, arm: u16, n: i64) {
    let place = cell(arm, population, day);
    sums.exposed.insert(place.clone(), counted(n));
    let kept: Vec<i64> = (0..n).map(|i| i64::from((i + i64::from(arm)) % 3 == 0)).collect();
    let spent: Vec<i64> = (0..n).map(|i| (i * 7 + i64::from(day)) % 50 + i64::from(arm) * 3).collect();
    let before: Vec<i64> = (0..n).map(|i| (i * 7) % 50).collect();
    let orders: Vec<i64> = (0..n).map(|i| i % 3 + 1).collect();
    let vectors: [&[&[i64]]; 3] = [&[&kept], &[&spent, &before], &[&spent, &orders]];
    for (cells, vector) in sums.metrics.iter_mut().zip(vectors) {
        cells.insert(place.clone(), columns(vector));
    }
}

pub(super) fn world() -> (Design, Aggregates) {
    let mut spent = metric("spent", Role::Secondary, Direction::Up);
    (spent.estimand, spent.covariates) = (Estimand::Mean, 1);
    let mut value = metric("value", Role::Secondary, Direction::Up);
    value.estimand = Estimand::Ratio;
    let design = design(vec![metric("kept", Role::Primary, Direction::Up), spent, value]);
    let mut sums = Aggregates { metrics: vec![Cells::new(); 3], ..Aggregates::default() };
    // Nobody enters on day 2.
    for day in [0, 1, 3, 4] {
        enter(&mut sums, Population::Analysed, day, 0, 70 + i64::from(day));
        enter(&mut sums, Population::Analysed, day, 1, 80);
        enter(&mut sums, Population::Crossed, day, 1, 5);
    }
    (design, sums)
}

fn agree(point: &DailyComparison, whole: &Comparison, reading: Reading) {
    let effect =
        if reading == Reading::Cuped { whole.cuped.as_ref().map(|c| c.effect) } else { whole.effect };
    assert_eq!(point.effect, effect.map(|effect| Effect { std_error: None, ..effect }));
    let ends = whole.always_valid.map(|sequence| (sequence.lower, sequence.upper));
    assert_eq!(point.always_valid.map(|sequence| (sequence.lower, sequence.upper)), ends);
}

#[test]
fn a_point_is_the_report_of_the_day_on_which_its_cohort_became_mature() {
    let (mut design, sums) = world();
    design.plan.method = Method::AlwaysValid;
    // Day 3 is mature after its end and seven days, day 4 is not yet.
    let last = report(&design, &sums, Some(Day(10).end())).unwrap();
    let readings = [Reading::Unadjusted, Reading::Cuped, Reading::Unadjusted];
    for (index, reading) in readings.into_iter().enumerate() {
        let daily = &last.metrics[index].daily;
        assert_eq!(daily.iter().map(|point| point.day).collect::<Vec<_>>(), [Day(0), Day(1), Day(3)]);
        for point in daily {
            let then = report(&design, &sums, Some(Day(point.day.0 + 7).end())).unwrap();
            let (metric, [shown]) = (&then.metrics[index], &point.comparisons[..]) else {
                panic!("{point:?}")
            };
            assert_eq!((shown.control_n, shown.n), (metric.arms[0].n, metric.arms[1].n));
            assert_eq!(shown.variant, "discount");
            agree(shown, &metric.comparisons[0], reading);
        }
        let sequences: Vec<_> =
            daily.iter().map(|point| point.comparisons[0].always_valid.is_some()).collect();
        assert_eq!(sequences, [false, true, true], "70 customers are too few for a sequence");
    }
    let text = serde_json::to_string(&last).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), last);
    assert!(text.contains(
        r#""daily":[{"day":"1970-01-01","comparisons":[{"variant":"discount","control_n":70,"n":80,"#
    ));
}

#[test]
fn the_sequence_is_there_under_every_plan_and_the_same() {
    let (mut design, sums) = world();
    let curve =
        |design: &Design| report(design, &sums, Some(Day(20).start())).unwrap().metrics[0].daily.clone();
    design.plan.tuning = Some(300);
    let fixed = curve(&design);
    assert_eq!(fixed.len(), 4);
    for method in [Method::AlwaysValid, Method::GroupSequential, Method::Bayesian] {
        design.plan.method = method;
        assert_eq!(curve(&design), fixed, "{method:?}");
    }
    let last = fixed[3].comparisons[0].always_valid.unwrap();
    let effect = fixed[3].comparisons[0].effect.unwrap();
    assert!(last.lower < effect.lower && last.upper > effect.upper, "looking daily costs width");
    design.plan.sides = Sides::One;
    let one_sided = curve(&design)[3].comparisons[0].clone();
    assert_eq!((one_sided.always_valid.unwrap().upper, one_sided.effect.unwrap().upper), (None, None));
}

#[test]
fn what_does_not_wait_has_no_curve() {
    let (mut design, sums) = world();
    design.metrics[1].window.to = None;
    let read = |as_of| report(&design, &sums, as_of).unwrap();
    assert!(read(None).metrics.iter().all(|metric| metric.daily.is_empty()));
    let points: Vec<_> =
        read(Some(Day(20).start())).metrics.iter().map(|metric| metric.daily.len()).collect();
    assert_eq!(points, [4, 0, 4]);
    let survival = survival_report(survival_design(), &[(0, 0, 4, &[(1, 1)]), (1, 0, 4, &[(2, 1)])]);
    assert!(survival.metrics[0].daily.is_empty());
}

#[test]
fn a_dimension_has_no_curve_and_a_long_one_is_thinned() {
    let (design, mut sums) = world();
    for day in 0..1_000 {
        enter(&mut sums, Population::Analysed, day, 0, 3);
        enter(&mut sums, Population::Analysed, day, 1, 3);
    }
    let in_slice = |cells: &Cells| -> Cells {
        let slice = Slice::Value { dimension: 0, value: "basic".to_owned() };
        cells.iter().map(|((_, cell), moments)| ((slice.clone(), *cell), moments.clone())).collect()
    };
    let (exposed, metrics) = (in_slice(&sums.exposed), sums.metrics.iter().map(in_slice).collect::<Vec<_>>());
    sums.exposed.extend(exposed);
    sums.metrics.iter_mut().zip(metrics).for_each(|(cells, more)| cells.extend(more));
    let read = report(&design, &sums, Some(Day(2_000).start())).unwrap();
    let days: Vec<i32> = read.metrics[0].daily.iter().map(|point| point.day.0).collect();
    assert_eq!((days.len(), &days[..3], days.last()), (400, &[2, 4, 7][..], Some(&999)));
    assert_eq!(read.metrics[0].daily[399].comparisons[0].n, 3_000);
    assert_eq!(read.dimensions[0].metrics[0].arms[0].n, 3_000);
    assert!(read.dimensions[0].metrics.iter().all(|metric| metric.daily.is_empty()));
}
