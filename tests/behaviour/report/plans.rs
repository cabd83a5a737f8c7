//! What each plan's method makes of the same sums. Expected numbers are SciPy's, from the formulas in the methods'
//! sources.

use experiment_core::definition::{BetaShape, Correction, Method, Prior, Ship, Spending};
use experiment_core::report::{Comparison, Shows};

use super::*;

fn close(got: f64, want: f64) {
    assert!((got - want).abs() < 1e-9, "{got} is not {want}");
}

/// Everybody of these sums entered on day 0 and is mature; more may enter.
fn running(method: Method) -> Design {
    let mut design = design(vec![metric("kept", Role::Primary, Direction::Up)]);
    design.stage = Stage::Running;
    design.plan.method = method;
    design
}

fn at(design: &Design, aggregates: &Aggregates, day: i32) -> Report {
    let report = report(design, aggregates, Some(Day(day).start())).unwrap();
    assert!(!report.verdict.reasons.is_empty(), "a verdict gives its reasons");
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
    report
}

fn first(report: &Report) -> &Comparison {
    &report.metrics[0].comparisons[0]
}

/// Adds customers who enter on `day`: (n, successes) of control and variant, of the only metric.
fn enter(aggregates: &mut Aggregates, day: i32, arms: [(i64, i64); 2]) {
    if aggregates.metrics.is_empty() {
        aggregates.metrics.push(experiment_core::report::Cells::new());
    }
    for (arm, (n, successes)) in arms.into_iter().enumerate() {
        let place = cell(arm as u16, Population::Analysed, day);
        aggregates.exposed.insert(place.clone(), counted(n));
        aggregates.metrics[0].insert(place, proportion(n, successes));
    }
}

#[test]
fn an_always_valid_plan_may_decide_on_any_day() {
    let mut plan = running(Method::AlwaysValid);
    let found = at(&plan, &aggregates((1_000, 1_000), &[(300, 370)]), 30);
    let sequence = first(&found).always_valid.unwrap();
    close(sequence.p_value, 0.030_494_865_211_446_138);
    close(sequence.lower.unwrap(), 0.004_244_635_618_079_362);
    close(sequence.upper.unwrap(), 0.135_755_363_819_206_7);
    assert_eq!(first(&found).adjusted_p_value, Some(sequence.p_value));
    assert_eq!(first(&found).decision.unwrap().shows, Some(Shows::Better));
    assert_eq!(found.verdict.verdict, VerdictCode::Ship);
    assert!(found.verdict.reasons[0].contains("adjusted always-valid p 0.0305"), "{:?}", found.verdict);

    // A fixed test would have said yes at p = 0.004: looking daily costs that much.
    let unsure = aggregates((1_000, 1_000), &[(300, 360)]);
    let found = at(&plan, &unsure, 30);
    close(first(&found).always_valid.unwrap().p_value, 0.091_299_858_935_444_8);
    assert_eq!(found.verdict.verdict, VerdictCode::Continue);
    plan.plan.target = Some(Target::CustomersPerArm(1_000));
    assert_eq!(at(&plan, &unsure, 30).verdict.verdict, VerdictCode::Inconclusive);

    plan.plan.min_days = 31;
    assert_eq!(
        at(&plan, &aggregates((1_000, 1_000), &[(300, 400)]), 30).verdict.verdict,
        VerdictCode::Continue
    );
}

#[test]
fn an_always_valid_plan_waits_for_customers_and_events() {
    let plan = running(Method::AlwaysValid);
    for (n, successes, decides) in [
        ((99, 1_000), (50, 900), false),
        ((100, 1_000), (50, 900), true),
        ((1_000, 1_000), (19, 300), false),
        ((1_000, 1_000), (20, 300), true),
        ((1_000, 1_000), (500, 981), false),
    ] {
        let mut plan = plan.clone();
        (plan.variants[0].weight, plan.variants[1].weight) = (n.0 as f64, n.1 as f64);
        let found = at(&plan, &aggregates(n, &[successes]), 30);
        assert_eq!(first(&found).always_valid.is_some(), decides, "{n:?} {successes:?}");
        assert_eq!(found.verdict.verdict == VerdictCode::Ship, decides, "{n:?} {successes:?}");
    }
}

#[test]
fn always_valid_intervals_and_p_values_agree_in_a_family() {
    let mut plan = running(Method::AlwaysValid);
    plan.metrics.push(metric("active", Role::Primary, Direction::Up));
    for correction in [Correction::Bonferroni, Correction::None] {
        plan.plan.correction = correction;
        for successes in (300..=420).step_by(4) {
            let found = at(&plan, &aggregates((1_000, 1_000), &[(300, successes), (300, 300)]), 30);
            let decision = first(&found).decision.unwrap();
            assert_eq!(decision.significant, decision.lower.unwrap() > 0.0, "{successes} {correction:?}");
        }
    }
}

#[test]
fn a_one_sided_sequence_sees_what_is_worse() {
    let mut plan = running(Method::AlwaysValid);
    plan.stage = Stage::Final;
    plan.plan.sides = Sides::One;
    let verdict = |successes| at(&plan, &aggregates((1_000, 1_000), &[successes]), 30).verdict.verdict;
    assert_eq!(verdict((300, 400)), VerdictCode::Ship);
    assert_eq!(verdict((400, 300)), VerdictCode::KeepControl);
    assert_eq!(verdict((300, 310)), VerdictCode::Inconclusive);
}

#[test]
fn a_guardrail_of_an_always_valid_plan_bears_looking() {
    let mut plan = running(Method::AlwaysValid);
    plan.metrics.push(metric("left", Role::Guardrail, Direction::Down));
    let read = |left, margin| {
        let mut plan = plan.clone();
        plan.metrics[1].margin = Some(margin);
        at(&plan, &aggregates((1_000, 1_000), &[(300, 400), left]), 30)
    };
    let bound = |report: &Report| report.metrics[1].comparisons[0].decision.unwrap().upper.unwrap();
    // No events at all: the score bound is 0.27 points, and one that bears looking is wider.
    let none = read((0, 0), 0.01);
    assert!(bound(&none) > 0.002_7 && bound(&none) < 0.01, "{}", bound(&none));
    assert_eq!(none.verdict.verdict, VerdictCode::Ship);
    let some = read((100, 100), 0.03);
    // The plain one-sided bound is 2.2 points.
    assert!(bound(&some) > 0.022, "{}", bound(&some));
    assert_eq!(some.verdict.verdict, VerdictCode::Continue);
    assert!(some.verdict.reasons.iter().any(|reason| reason.contains("It is not shown that left")));
    assert_eq!(read((100, 100), 0.1).verdict.verdict, VerdictCode::Ship);
}

#[test]
fn harm_stops_under_every_plan() {
    for method in [Method::Fixed, Method::AlwaysValid, Method::GroupSequential, Method::Bayesian] {
        let mut plan = running(method);
        plan.plan.target = Some(Target::CustomersPerArm(5_000));
        plan.plan.min_days = 300;
        plan.plan.looks = vec![1.0];
        plan.plan.spending = Spending::Pocock;
        plan.plan.ship = Some(Ship { chance: 0.95, max_loss: 0.001 });
        let found = at(&plan, &aggregates((1_000, 1_000), &[(400, 300)]), 30);
        let harm = first(&found).harm.unwrap();
        assert_eq!((harm.threshold, harm.confidence_level, harm.shown), (0.0, 0.99, true));
        close(harm.bound, -0.027_087_325_705_904_067);
        assert_eq!(found.verdict.verdict, VerdictCode::StopForHarm, "{method:?}");
        assert_eq!(found.verdict.variant.as_deref(), Some("discount"));
        assert!(
            found.verdict.reasons[0].contains("worse than in control by at least 2.71 percentage points")
        );
        // 300 against 370 in the bad direction is not sure enough at 1 %.
        assert_eq!(
            at(&plan, &aggregates((1_000, 1_000), &[(370, 300)]), 30).verdict.verdict,
            VerdictCode::Continue
        );
        // Nothing is left to stop.
        plan.stage = Stage::Final;
        let over = at(&plan, &aggregates((1_000, 1_000), &[(400, 300)]), 310);
        assert_eq!((first(&over).harm, over.verdict.verdict), (None, VerdictCode::KeepControl), "{method:?}");
    }
}

#[test]
fn a_guardrail_beyond_its_margin_is_harm() {
    let mut plan = running(Method::Fixed);
    plan.plan.target = Some(Target::CustomersPerArm(5_000));
    plan.metrics.push(metric("left", Role::Guardrail, Direction::Down));
    let read = |left: (i64, i64)| at(&plan, &aggregates((1_000, 1_000), &[(300, 400), left]), 30);
    let found = read((300, 400));
    let harm = found.metrics[1].comparisons[0].harm.unwrap();
    // Two metrics share the 1 %.
    assert_eq!((harm.threshold, harm.confidence_level), (0.01, 0.995));
    close(harm.bound, 0.022_590_422_954_195_763);
    assert_eq!(found.verdict.verdict, VerdictCode::StopForHarm);
    assert!(found.verdict.reasons[0].contains("beyond the margin of 1.00 percentage points"));
    // Worse, but not beyond the margin for sure.
    assert_eq!(read((300, 380)).verdict.verdict, VerdictCode::Continue);
    // Twenty rare complaints are enough, though the control has none.
    assert!(!read((0, 19)).metrics[1].comparisons[0].harm.is_some_and(|harm| harm.shown));
    assert!(read((0, 60)).metrics[1].comparisons[0].harm.unwrap().shown);
}

/// Half of the target enters on day 0, the rest on day 5.
fn two_waves(first: [(i64, i64); 2], second: [(i64, i64); 2]) -> Aggregates {
    let mut sums = Aggregates::default();
    enter(&mut sums, 0, first);
    enter(&mut sums, 5, second);
    sums
}

fn sequential() -> Design {
    let mut plan = running(Method::GroupSequential);
    plan.plan.correction = Correction::Bonferroni;
    plan.plan.looks = vec![0.5, 1.0];
    plan.plan.target = Some(Target::CustomersPerArm(1_000));
    plan
}

#[test]
fn a_group_sequential_plan_decides_at_its_looks_only() {
    let plan = sequential();
    // The first wave: p = 0.0024, below the first boundary's 0.00305.
    let sums = two_waves([(500, 150), (500, 196)], [(500, 150), (500, 120)]);
    let before = at(&plan, &sums, 7);
    assert_eq!((before.looks.len(), first(&before).decision), (0, None));
    assert_eq!(before.verdict.verdict, VerdictCode::Continue);
    assert!(before.verdict.reasons[0].contains("0 of 2 planned looks are over. The next look is at 50 %"));
    let look = at(&plan, &sums, 8);
    close(1.0 - first(&look).decision.unwrap().confidence_level, 0.003_050_645_515_977_819);
    assert_eq!((look.looks[0].planned, look.looks[0].reached), (Some(0.5), 0.5));
    assert_eq!(look.looks[0].at, Some(Day(8).start()));
    assert_eq!(first(&look).adjusted_p_value, None);
    assert_eq!(look.verdict.verdict, VerdictCode::Ship);
    // The second look reads everybody, at its own boundary.
    let last = at(&plan, &sums, 13);
    let decision = first(&last).decision.unwrap();
    close(1.0 - decision.confidence_level, 0.048_999_543_584_354_36);
    assert_eq!((last.looks.len(), last.verdict.verdict), (2, VerdictCode::Inconclusive));
    assert!(decision.lower.unwrap() < first(&last).effect.unwrap().lower.unwrap());
}

#[test]
fn what_comes_between_looks_decides_nothing() {
    let plan = sequential();
    let mut sums = two_waves([(500, 150), (500, 160)], [(499, 100), (499, 300)]);
    let look = at(&plan, &sums, 8);
    // 99.9 % of the target: the decision is still the first look's, whatever the second wave says.
    let between = at(&plan, &sums, 13);
    assert_eq!(between.looks, look.looks);
    assert_eq!(first(&between).decision, first(&look).decision);
    assert!(first(&between).p_value.unwrap() < 1e-6);
    assert_eq!(between.verdict.verdict, VerdictCode::Continue);
    // Stopped short of the target, the rest is read once, and all but the last of α is spent.
    let mut stopped = plan.clone();
    stopped.stage = Stage::Final;
    let over = at(&stopped, &sums, 13);
    assert_eq!((over.looks.len(), over.looks[1].planned, over.looks[1].reached), (2, None, 0.999));
    assert_eq!(over.verdict.verdict, VerdictCode::Ship);
    assert!(first(&over).decision.unwrap().confidence_level > 0.951);
    enter(&mut sums, 6, [(1, 0), (1, 1)]);
    assert_eq!(at(&plan, &sums, 14).verdict.verdict, VerdictCode::Ship);
}

#[test]
fn looks_follow_a_calendar_target_and_families_share_the_error_rate() {
    let mut plan = sequential();
    plan.plan.target = Some(Target::End(Day(9)));
    plan.plan.spending = Spending::Pocock;
    let mut sums = Aggregates::default();
    for day in 0..10 {
        enter(&mut sums, day, [(100, 30), (100, 30)]);
    }
    let read = |plan: &Design, day: i32| at(plan, &sums, day);
    // Day 4 is the fifth of ten and matures eight days later.
    assert_eq!((read(&plan, 11).looks.len(), read(&plan, 12).looks.len()), (0, 1));
    let spent = |report: &Report| 1.0 - first(report).decision.unwrap().confidence_level;
    // α ln(1 + (e − 1)/2), each side for itself.
    close(spent(&read(&plan, 12)), 0.05 * (1.0 + (std::f64::consts::E - 1.0) / 2.0).ln());
    plan.metrics.push(metric("active", Role::Primary, Direction::Up));
    sums.metrics.push(sums.metrics[0].clone());
    let shared = at(&plan, &sums, 12);
    close(spent(&shared), 0.025 * (1.0 + (std::f64::consts::E - 1.0) / 2.0).ln());
}

/// The looks are planned by the primaries; a guardrail may be ready sooner or later than they.
#[test]
fn a_guardrail_with_a_window_of_its_own_is_read_at_looks_that_bring_nobody_new() {
    let mut sums = two_waves([(500, 150), (500, 180)], [(500, 150), (500, 180)]);
    sums.metrics.push(sums.metrics[0].clone());
    let mut plan = sequential();
    plan.metrics.push(metric("active", Role::Guardrail, Direction::Up));
    let spent = |plan: &Design, day| {
        let found = at(plan, &sums, day);
        let decision = found.metrics[1].comparisons[0].decision;
        (found.verdict.verdict, decision.map(|decision| 1.0 - decision.confidence_level))
    };
    // Two days: at the first look everybody is mature, at the second nobody new. All of α is spent on the same numbers:
    // first 2 − 2 Φ(z₀.₉₇₅ ÷ √½), in the end 0.05.
    plan.metrics[1].window.to = Some(Span(2 * DAY));
    let (verdict, half) = spent(&plan, 8);
    close(half.unwrap(), 0.005_574_596_680_784_305);
    assert_eq!(verdict, VerdictCode::Continue);
    let (verdict, all) = spent(&plan, 13);
    close(all.unwrap(), 0.05);
    assert_eq!(verdict, VerdictCode::Ship);
    // Ten days: at the first look nobody is mature, at the second the first wave.
    plan.metrics[1].window.to = Some(Span(10 * DAY));
    assert_eq!(spent(&plan, 8), (VerdictCode::Continue, None));
    let (verdict, all) = spent(&plan, 13);
    close(all.unwrap(), 0.05);
    assert_eq!(verdict, VerdictCode::Ship);
    // Twenty days: nobody is mature at either, and nothing is shown.
    plan.metrics[1].window.to = Some(Span(20 * DAY));
    assert_eq!(spent(&plan, 13), (VerdictCode::Inconclusive, None));
}

#[test]
fn a_bayesian_plan_ships_by_chance_and_loss() {
    let mut plan = running(Method::Bayesian);
    plan.plan.correction = Correction::None;
    plan.plan.ship = Some(Ship { chance: 0.9, max_loss: 0.001 });
    let sums = aggregates((1_000, 1_000), &[(300, 330)]);
    let found = at(&plan, &sums, 30);
    let bayes = first(&found).bayes.unwrap();
    close(bayes.chance_to_win, 0.925_529_740_795_084_7);
    close(bayes.expected_loss, 0.000_691_396_878_349_731_6);
    assert_eq!((found.verdict.verdict, first(&found).adjusted_p_value), (VerdictCode::Ship, None));
    assert!(found.verdict.reasons[0].contains("discount is the better one with a chance of 92.6 %"));
    for ship in [Ship { chance: 0.93, max_loss: 0.001 }, Ship { chance: 0.9, max_loss: 0.000_69 }] {
        plan.plan.ship = Some(ship);
        assert_eq!(at(&plan, &sums, 30).verdict.verdict, VerdictCode::Continue);
    }
    plan.plan.ship = Some(Ship { chance: 0.9, max_loss: 0.001 });
    // The control wins as the variant would; fewer being better turns it round.
    let worse = aggregates((1_000, 1_000), &[(330, 300)]);
    assert_eq!(at(&plan, &worse, 30).verdict.verdict, VerdictCode::KeepControl);
    let mut down = plan.clone();
    down.metrics[0].direction = Direction::Down;
    let turned = at(&down, &worse, 30);
    assert_eq!(turned.verdict.verdict, VerdictCode::Ship);
    close(first(&turned).bayes.unwrap().chance_to_win, 0.925_529_740_795_084_7);
    assert!(first(&turned).bayes.unwrap().upper > 0.0 && first(&turned).bayes.unwrap().lower < 0.0);
}

#[test]
fn a_prior_pulls_towards_no_effect() {
    let mut plan = running(Method::Bayesian);
    plan.plan.ship = Some(Ship { chance: 0.9, max_loss: 0.001 });
    plan.plan.prior = Prior { relative_sd: Some(0.3), rate: None };
    let sums = aggregates((1_000, 1_000), &[(300, 330)]);
    let bayes = |plan: &Design| first(&at(plan, &sums, 30)).bayes.unwrap();
    let normal = bayes(&plan);
    close(normal.chance_to_win, 0.920_419_863_636_397_4);
    close(normal.expected_loss, 0.000_729_037_779_076_220_7);
    close(normal.lower, -0.011_169_078_158_813_867);
    close(normal.upper, 0.068_137_112_761_620_07);
    plan.plan.prior.rate = Some(BetaShape { alpha: 1.0, beta: 1.0 });
    close(bayes(&plan).chance_to_win, 0.925_529_740_795_084_7);
}
