//! Whether segments differ.

use experiment_core::report::Cells;

use super::*;

/// Cochran's Q of the effects below in Python, with unpooled errors; on two degrees of freedom p is exp(−Q/2).
const KEPT_Q: f64 = 15.694156409672525;
const KEPT_P: f64 = 0.00039089240892435455;

/// Adds the arms of one value: (n, successes) of control and variant, of the metric at `index`.
fn add(sums: &mut Aggregates, index: usize, place: (u16, &str), arms: [(i64, i64); 2]) {
    for (arm, (n, successes)) in (0_u16..).zip(arms) {
        let (_, cell) = cell(arm, Population::Analysed, 0);
        let slice = Slice::Value { dimension: place.0, value: place.1.to_owned() };
        sums.exposed.insert((slice.clone(), cell), counted(n));
        sums.metrics[index].insert((slice, cell), proportion(n, successes));
    }
}

fn two_metrics() -> (Design, Aggregates) {
    let kept = |key: &str| metric(key, Role::Primary, Direction::Up);
    let mut design = design(vec![kept("kept"), kept("upgraded")]);
    design.dimensions.push("country".to_owned());
    let sums = Aggregates { metrics: vec![Cells::new(); 2], ..Aggregates::default() };
    (design, sums)
}

#[test]
fn effects_that_differ_between_values_are_told_from_those_that_do_not() {
    let (design, mut sums) = two_metrics();
    let plans = [
        ("basic", [(500, 150), (500, 160)]),
        ("pro", [(400, 120), (500, 240)]),
        ("vip", [(300, 90), (300, 99)]),
    ];
    for (value, arms) in plans {
        add(&mut sums, 0, (0, value), arms);
        add(&mut sums, 1, (0, value), [(500, 100), (500, 110)]);
    }
    // Too few events: no effect to compare.
    add(&mut sums, 0, (0, "trial"), [(500, 19), (500, 200)]);
    add(&mut sums, 0, (1, "PL"), [(500, 150), (500, 160)]);
    add(&mut sums, 0, (1, "DE"), [(99, 30), (99, 60)]);
    let report = report(&design, &sums, None).unwrap();
    let [kept, upgraded] = &report.interactions[..] else { panic!("{:?}", report.interactions) };
    let names = |i: &experiment_core::report::Interaction| {
        (i.dimension.clone(), i.metric.clone(), i.variant.clone(), i.values)
    };
    assert_eq!(names(kept), ("plan".to_owned(), "kept".to_owned(), "discount".to_owned(), 3));
    assert_eq!(names(upgraded), ("plan".to_owned(), "upgraded".to_owned(), "discount".to_owned(), 3));
    let close = |got: f64, want: f64| assert!((got / want - 1.0).abs() < 1e-9, "{got} is not {want}");
    close(kept.statistic, KEPT_Q);
    close(kept.p_value, KEPT_P);
    close(kept.i_squared, 1.0 - 2.0 / KEPT_Q);
    assert_eq!(kept.degrees_of_freedom, 2.0);
    // Two dimensions × two metrics × one variant, two of which can't be tested.
    close(kept.adjusted_p_value, 4.0 * KEPT_P);
    assert!(kept.significant);
    assert!(upgraded.statistic < 1e-20 && upgraded.p_value == 1.0 && upgraded.i_squared == 0.0);
    assert!(!upgraded.significant);
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
}

#[test]
fn the_reading_that_decides_is_compared() {
    let mut spent = metric("spent", Role::Primary, Direction::Up);
    (spent.estimand, spent.covariates) = (Estimand::Mean, 1);
    let mut design = design(vec![spent]);
    let mut sums = Aggregates { metrics: vec![Cells::new()], ..Aggregates::default() };
    // Noise of 0 to 49 that the covariate explains; the variant adds 1 for basic and 2 for pro.
    for (value, extra) in [("basic", 1), ("pro", 2)] {
        for arm in 0..2_u16 {
            let before: Vec<i64> = (0..200).map(|i| i * 7 % 50).collect();
            let after: Vec<i64> = (0..200).map(|i| i * 7 % 50 + i % 3 + i64::from(arm) * extra).collect();
            let (_, cell) = cell(arm, Population::Analysed, 0);
            let slice = Slice::Value { dimension: 0, value: value.to_owned() };
            sums.exposed.insert((slice.clone(), cell), counted(200));
            sums.metrics[0].insert((slice, cell), columns(&[&after, &before]));
        }
    }
    let read = |design: &Design| report(design, &sums, None).unwrap().interactions[0].clone();
    assert!(read(&design).significant);
    design.plan.cuped = false;
    assert!(!read(&design).significant);
}
