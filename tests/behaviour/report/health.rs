//! What the checks find, and that they find nothing where nothing is wrong.

use experiment_core::report::{Cells, Check};

use super::*;

fn found(report: &Report, code: CheckCode) -> Option<&Check> {
    report.health.checks.iter().find(|check| check.check == code)
}

fn level_of(report: &Report, code: CheckCode) -> Option<Level> {
    found(report, code).map(|check| check.level)
}

fn kept() -> Design {
    design(vec![metric("kept", Role::Primary, Direction::Up)])
}

/// An arm's cell of one day with its customers, `successes` of whom have a 1.
fn enter(sums: &mut Aggregates, day: i32, arm: u16, n: i64, successes: i64) {
    let place = cell(arm, Population::Analysed, day);
    sums.exposed.insert(place.clone(), counted(n));
    if sums.metrics.is_empty() {
        sums.metrics.push(Cells::new());
    }
    sums.metrics[0].insert(place, proportion(n, successes));
}

#[test]
fn a_mismatch_within_a_dimension_is_found_though_all_together_look_even() {
    let one = kept();
    let read = |basic: (i64, i64), pro: (i64, i64)| {
        let mut sums = aggregates((1_000, 1_000), &[(300, 310)]);
        for (value, arms) in [("basic", basic), ("pro", pro)] {
            for (arm, n) in [arms.0, arms.1].into_iter().enumerate() {
                let (_, place) = cell(arm as u16, Population::Analysed, 0);
                let slice = Slice::Value { dimension: 0, value: value.to_owned() };
                sums.exposed.insert((slice, place), counted(n));
            }
        }
        report(&one, &sums, None).unwrap()
    };
    let even = read((500, 500), (500, 500));
    assert_eq!(level_of(&even, CheckCode::SrmDimensions), Some(Level::Ok));
    let skewed = read((560, 440), (440, 560));
    let check = found(&skewed, CheckCode::SrmDimensions).unwrap();
    assert_eq!((check.level, level(&skewed, CheckCode::Srm)), (Level::Fail, Level::Ok));
    assert!(check.detail.contains("Where plan is basic"), "{}", check.detail);
    // χ² = 10.0, p = 0.0016: enough for one test, not for the smaller of two.
    let slight = read((550, 450), (450, 550));
    assert_eq!(level_of(&slight, CheckCode::SrmDimensions), Some(Level::Ok));
}

#[test]
fn the_sequential_test_sees_a_small_mismatch_that_grows() {
    let mut running = kept();
    running.stage = Stage::Running;
    let mut sums = Aggregates::default();
    for day in 0..40 {
        enter(&mut sums, day, 0, 5_000, 1_500);
        enter(&mut sums, day, 1, 4_930, 1_500);
    }
    let read = |stage| {
        let mut design = running.clone();
        design.stage = stage;
        report(&design, &sums, Some(Day(60).start())).unwrap()
    };
    let now = read(Stage::Running);
    let srm = now.health.srm.as_ref().unwrap();
    // χ² p is 9e-6, below the running bar of 1e-4 as well; the sequential p stands beside it.
    assert!(srm.sequential_p_value.unwrap() < 0.001, "{:?}", srm.sequential_p_value);
    assert_eq!(now.verdict.verdict, VerdictCode::Invalid);
    assert_eq!(read(Stage::Final).health.srm.unwrap().sequential_p_value, None);
}

#[test]
fn crossing_more_from_one_arm_is_a_selection() {
    let one = kept();
    let crossed = |control: i64, variant: i64| {
        let mut sums = aggregates((10_000, 10_000), &[(3_000, 3_000)]);
        sums.exposed.insert(cell(0, Population::Crossed, 0), counted(control));
        sums.exposed.insert(cell(1, Population::Crossed, 0), counted(variant));
        report(&one, &sums, None).unwrap()
    };
    assert_eq!(level_of(&crossed(0, 0), CheckCode::CrossoverDifference), None);
    assert_eq!(level_of(&crossed(50, 52), CheckCode::CrossoverDifference), Some(Level::Ok));
    let uneven = crossed(20, 80);
    let check = found(&uneven, CheckCode::CrossoverDifference).unwrap();
    assert_eq!((check.level, level(&uneven, CheckCode::Crossover)), (Level::Warn, Level::Ok));
    assert!(check.detail.starts_with("0.79 % of the customers who first saw discount"), "{}", check.detail);
}

#[test]
fn arms_that_differed_before_exposure_are_told() {
    let mut one = design(vec![metric("spend", Role::Primary, Direction::Up)]);
    (one.metrics[0].estimand, one.metrics[0].covariates) = (Estimand::Mean, 1);
    let read = |shift: i64| {
        let mut sums = aggregates((500, 500), &[]);
        let mut cells = Cells::new();
        for arm in [0_i64, 1] {
            let mut moments = Moments::new(2);
            for i in 0..500 {
                let before = (i * 37) % 100 + arm * shift;
                moments.add(&Contribution::new(&[(i * 53) % 7 * ONE, before * ONE])).unwrap();
            }
            cells.insert(cell(arm as u16, Population::Analysed, 0), moments);
        }
        sums.metrics.push(cells);
        report(&one, &sums, None).unwrap()
    };
    assert_eq!(level_of(&read(0), CheckCode::PreExposureBalance), Some(Level::Ok));
    let shifted = read(10);
    let check = found(&shifted, CheckCode::PreExposureBalance).unwrap();
    assert_eq!(check.level, Level::Warn);
    assert!(check.detail.contains("was 59.5000 in discount and 49.5000 in control"), "{}", check.detail);
    assert_eq!(
        level_of(
            &report(&kept(), &aggregates((9, 9), &[(3, 3)]), None).unwrap(),
            CheckCode::PreExposureBalance
        ),
        None
    );
}

#[test]
fn an_effect_that_wears_off_from_week_to_week_is_told() {
    let read = |weeks: [i64; 3]| {
        let mut sums = Aggregates::default();
        for day in 0..21 {
            enter(&mut sums, day, 0, 300, 90);
            enter(&mut sums, day, 1, 300, weeks[day as usize / 7]);
        }
        report(&kept(), &sums, Some(Day(60).start())).unwrap()
    };
    assert_eq!(level_of(&read([100, 100, 100]), CheckCode::Drift), Some(Level::Ok));
    let fading = read([120, 105, 90]);
    let check = found(&fading, CheckCode::Drift).unwrap();
    assert_eq!(check.level, Level::Warn);
    assert!(
        check.detail.contains("+0.1000 among those of the first week, +0.0000 among"),
        "{}",
        check.detail
    );
    // SciPy: Q over three weeks of 2,100 an arm, rates 0.3 and 0.4, 0.35, 0.3, is 24.147, p = 5.707e-6.
    assert!(check.detail.contains("p = 5.71e-6"), "{}", check.detail);
    let mut sums = Aggregates::default();
    enter(&mut sums, 0, 0, 1_000, 300);
    enter(&mut sums, 0, 1, 1_000, 300);
    assert_eq!(level_of(&report(&kept(), &sums, Some(Day(60).start())).unwrap(), CheckCode::Drift), None);
}

#[test]
fn arms_that_answer_differently_are_not_comparable() {
    let mut nps = metric("nps", Role::Primary, Direction::Up);
    (nps.estimand, nps.answered) = (Estimand::Mean, true);
    let one = design(vec![nps]);
    let read = |answered: [i64; 2]| {
        let mut sums = Aggregates { metrics: vec![Cells::new()], ..Aggregates::default() };
        for (arm, answered) in (0..).zip(answered) {
            let points: Vec<i64> = (0..answered).map(|i| (i % 3 - 1) * 100).collect();
            sums.exposed.insert(cell(arm, Population::Analysed, 0), counted(1_000));
            sums.metrics[0].insert(cell(arm, Population::Analysed, 0), columns(&[&points]));
            // Open windows tell nothing of who will answer.
            sums.exposed.insert(cell(arm, Population::Analysed, 40), counted(1_000 * i64::from(arm)));
        }
        report(&one, &sums, Some(Day(41).start())).unwrap()
    };
    assert_eq!(level_of(&read([300, 360]), CheckCode::DifferentialResponse), Some(Level::Ok));
    let apart = read([300, 380]);
    let check = found(&apart, CheckCode::DifferentialResponse).unwrap();
    assert_eq!(check.level, Level::Warn);
    // z = 0.08/√(0.34 · 0.66 · 2/1000) = 3.776, p = 1.59e-4.
    assert!(
        check.detail.starts_with(
            "38.00 % of the customers in discount answered for nps, 30.00 % of those in control (p = 1.59e-4)."
        ),
        "{}",
        check.detail
    );
    assert_eq!(level_of(&read([0, 0]), CheckCode::DifferentialResponse), None);
    let nobody_is_asked = report(&kept(), &aggregates((9, 9), &[(3, 3)]), None).unwrap();
    assert_eq!(level_of(&nobody_is_asked, CheckCode::DifferentialResponse), None);
}

#[test]
fn less_than_a_week_is_too_early() {
    let mut sums = Aggregates::default();
    for day in 0..10 {
        enter(&mut sums, day, 0, 300, 90);
        enter(&mut sums, day, 1, 300, 95);
    }
    let on =
        |day: i32| level_of(&report(&kept(), &sums, Some(Day(day).start())).unwrap(), CheckCode::TooEarly);
    // Day 5 is mature from the start of day 13 on, day 6 a day later.
    assert_eq!((on(13), on(14), on(30)), (Some(Level::Warn), None, None));
    assert_eq!(level_of(&report(&kept(), &sums, None).unwrap(), CheckCode::TooEarly), None);
}

#[test]
fn a_target_too_small_for_the_smallest_effect_is_told() {
    let read = |target: u64, min_effect: Option<f64>| {
        let mut one = kept();
        one.stage = Stage::Running;
        one.plan.target = Some(Target::CustomersPerArm(target));
        one.metrics[0].min_effect = min_effect;
        report(&one, &aggregates((1_000, 1_000), &[(300, 300)]), Some(Day(30).start())).unwrap()
    };
    // 80 % power for 30 % against 33 % takes 2 · 0.21 · (1.96 + 0.8416)²/0.03² = 3,663 an arm.
    assert_eq!(level_of(&read(3_700, Some(0.03)), CheckCode::Underpowered), None);
    let small = read(2_000, Some(0.03));
    let check = found(&small, CheckCode::Underpowered).unwrap();
    // z = 0.03/√(0.42/2000) − 1.96 = 0.110: 54 %.
    assert!(
        check.detail.contains("in 54 % of such") && check.detail.contains("about 3663 an arm"),
        "{}",
        check.detail
    );
    assert_eq!(level_of(&read(100, None), CheckCode::Underpowered), None);
}

#[test]
fn a_fixed_plan_that_pleases_too_soon_is_told_not_to_be_read() {
    let mut fixed = kept();
    fixed.stage = Stage::Running;
    let read = |design: &Design, successes| {
        let sums = aggregates((1_000, 1_000), &[successes]);
        level_of(&report(design, &sums, Some(Day(30).start())).unwrap(), CheckCode::Peeking)
    };
    for (target, peeked) in [
        (Target::CustomersPerArm(5_000), Some(Level::Warn)),
        (Target::CustomersPerArm(1_000), None),
        (Target::End(Day(40)), Some(Level::Warn)),
        (Target::End(Day(20)), None),
    ] {
        fixed.plan.target = Some(target);
        assert_eq!((read(&fixed, (300, 350)), read(&fixed, (300, 310))), (peeked, None), "{target:?}");
    }
    fixed.plan.target = Some(Target::CustomersPerArm(5_000));
    fixed.plan.method = experiment_core::definition::Method::AlwaysValid;
    assert_eq!(read(&fixed, (300, 350)), None);
}

#[test]
fn several_changes_at_once_are_told() {
    let mut one = kept();
    let read = |design: &Design| report(design, &aggregates((500, 500), &[(100, 100)]), None).unwrap();
    one.variants[1].changes = vec!["price".to_owned()];
    assert_eq!(level_of(&read(&one), CheckCode::SeveralChanges), None);
    one.variants[1].changes.push("layout".to_owned());
    let told = read(&one);
    assert!(found(&told, CheckCode::SeveralChanges).unwrap().detail.contains("(price, layout)"));
}

/// A metric with customers in a year's worth of one day, each arm's halves given as (n, early, late) successes.
fn halves(early: (i64, i64), late: (i64, i64)) -> Report {
    let n = 2_000;
    let mut sums = aggregates((n, n), &[(600, 640)]);
    let arm = |early: i64, late: i64| {
        let mut moments = Moments::new(2);
        for i in 0..n {
            let both = [i64::from(i < early) * ONE, i64::from(i % 1_000 * 2 + i / 1_000 < late) * ONE];
            moments.add(&Contribution::new(&both)).unwrap();
        }
        moments
    };
    let arms = [(0, arm(early.0, late.0)), (1, arm(early.1, late.1))];
    sums.halves = vec![arms.map(|(variant, sums)| (cell(variant, Population::Analysed, 0), sums)).into()];
    report(&kept(), &sums, None).unwrap()
}

#[test]
fn an_effect_that_wears_off_is_told() {
    let steady = halves((500, 540), (500, 540));
    assert_eq!(level_of(&steady, CheckCode::Novelty), Some(Level::Ok));
    let wearing = halves((500, 640), (500, 505));
    let check = found(&wearing, CheckCode::Novelty).unwrap();
    assert_eq!(check.level, Level::Warn);
    let told = "The effect of discount on kept wears off: +28.00 % in the first half of the window, +1.00 %";
    assert!(check.detail.starts_with(told), "{}", check.detail);
    let [told] = &wearing.metrics[0].halves[..] else { panic!("{:?}", wearing.metrics[0].halves) };
    assert_eq!((told.variant.as_str(), told.early, told.relative), ("discount", 0.28, true));
    assert!((told.late - 0.01).abs() < 1e-15, "{}", told.late);
    assert!(told.p_value < 0.001);
    let growing = halves((500, 505), (500, 640));
    assert!(found(&growing, CheckCode::Novelty).unwrap().detail.contains("grows: +1.00 %"));
    // Everybody does less later on, and the effect is the same share of it.
    let falling = halves((1_000, 1_300), (500, 650));
    assert_eq!(level_of(&falling, CheckCode::Novelty), Some(Level::Ok));
    let turning = halves((500, 620), (500, 440));
    assert!(found(&turning, CheckCode::Novelty).unwrap().detail.contains("turns round"));
    // Whoever comes at first comes later as well, in both arms.
    let mut alike = aggregates((1_000, 1_000), &[(300, 310)]);
    let both = |n: i64| {
        Moments::from_parts(
            1_000,
            0,
            0,
            vec![(n * ONE).into(); 2],
            vec![i128::from(n * ONE) * i128::from(ONE); 3],
        )
    };
    let arms = [(0, both(300).unwrap()), (1, both(310).unwrap())];
    alike.halves = vec![arms.map(|(variant, sums)| (cell(variant, Population::Analysed, 0), sums)).into()];
    assert_eq!(level_of(&report(&kept(), &alike, None).unwrap(), CheckCode::Novelty), Some(Level::Ok));
    // Nothing to tell it by.
    let none = report(&kept(), &aggregates((1_000, 1_000), &[(300, 310)]), None).unwrap();
    assert_eq!(level_of(&none, CheckCode::Novelty), None);
}

/// A mean whose variant has some customers of a large value.
fn amounts(large: i64, customers: i64) -> Report {
    let spend = MetricDesign { estimand: Estimand::Mean, ..metric("spend", Role::Primary, Direction::Up) };
    let design = design(vec![spend]);
    let n = 5_000;
    let ordinary = |arm: i64| (0..10).map(move |i| (bucket((i + arm) * ONE), n / 10));
    let control: Distribution = ordinary(0).collect();
    let mut variant: Distribution = ordinary(0).collect();
    *variant.entry(bucket(large * ONE)).or_default() += customers;
    let mut sums = Aggregates::default();
    for (arm, counts) in [(0, &control), (1, &variant)] {
        let place = cell(arm, Population::Analysed, 0);
        let mut moments = Moments::new(1);
        for (bucket, customers) in counts {
            let value = experiment_core::measure::bucket_value(*bucket);
            (0..*customers).for_each(|_| moments.add(&Contribution::new(&[value])).unwrap());
        }
        sums.exposed.insert(place.clone(), counted(moments.n()));
        sums.metrics.resize(1, Cells::new());
        sums.metrics[0].insert(place.clone(), moments);
        sums.values.resize(1, Default::default());
        sums.values[0].insert(place, counts.clone());
    }
    report(&design, &sums, None).unwrap()
}

#[test]
fn a_few_customers_who_make_the_effect_are_told() {
    let check = |report: &Report| found(report, CheckCode::OutlierInfluence).cloned();
    // Nine of 10,009 customers bring an average of 1.8 more: all of the effect.
    let made = check(&amounts(1_000, 9)).unwrap();
    assert_eq!(made.level, Level::Warn);
    let told = "Without the 9 customers whose spend is largest, about one in 1000, the effect of discount is roughly +0.0000";
    assert!(made.detail.starts_with(told), "{}", made.detail);
    assert_eq!(
        check(&amounts(9, 9)).map(|check| check.level),
        None,
        "the largest value is that of every tenth"
    );
    assert_eq!(check(&amounts(12, 9)).map(|check| check.level), Some(Level::Ok));
    // Eleven are more than one in a thousand: they are no few.
    assert_eq!(check(&amounts(1_000, 11)), None);
}
