//! From exact sums to the verdict.

use experiment_core::definition::{Direction, Plan, Role, Sides, Target, Window};
use experiment_core::measure::{Cell, Contribution, Moments, Population, Slice, bucket};
use experiment_core::report::{
    Aggregates, Bound, CheckCode, Design, Distribution, Estimand, Level, MetricDesign, Reading, Rebuilding,
    RelativeSet, Report, Stage, VariantDesign, VerdictCode, report,
};
use experiment_core::time::{DAY, Day, Span, Timestamp};

mod daily;
mod economics;
mod health;
mod inputs;
mod interaction;
mod lasting;
mod phases;
mod plans;
mod progress;
mod strata;

const PLACES: u32 = 6;
const ONE: i64 = 1_000_000;

fn metric(key: &str, role: Role, direction: Direction) -> MetricDesign {
    MetricDesign {
        key: key.to_owned(),
        estimand: Estimand::Proportion,
        role,
        direction,
        margin: (role == Role::Guardrail).then_some(0.01),
        min_effect: None,
        places: PLACES,
        covariates: 0,
        quantile: None,
        answered: false,
        window: Window { from: Span(0), to: Some(Span(7 * DAY)), grace: Span(0) },
    }
}

fn design(metrics: Vec<MetricDesign>) -> Design {
    let variant = |key: &str| VariantDesign { key: key.to_owned(), weight: 1.0, changes: Vec::new() };
    Design {
        experiment: "winback".to_owned(),
        definition_version: Some(1),
        stage: Stage::Final,
        variants: vec![variant("control"), variant("discount")],
        phases: Vec::new(),
        control: 0,
        metrics,
        economics: None,
        dimensions: vec!["plan".to_owned()],
        plan: Plan::default(),
    }
}

fn cell(variant: u16, population: Population, day: i32) -> (Slice, Cell) {
    (Slice::All, Cell { phase: 1, variant, population, day: Day(day) })
}

/// `n` customers of whom `successes` have a 1.
fn proportion(n: i64, successes: i64) -> Moments {
    let sum = i128::from(successes) * i128::from(ONE);
    Moments::from_parts(n, 0, 0, vec![sum], vec![sum * i128::from(ONE)]).unwrap()
}

fn counted(n: i64) -> Moments {
    Moments::from_parts(n, 0, 0, vec![], vec![]).unwrap()
}

/// One day's arms: (n, successes) of control and variant for each metric.
fn aggregates(n: (i64, i64), successes: &[(i64, i64)]) -> Aggregates {
    let mut aggregates = Aggregates::default();
    let arms = [(0, n.0), (1, n.1)];
    aggregates.exposed = arms.map(|(arm, n)| (cell(arm, Population::Analysed, 0), counted(n))).into();
    for (control, variant) in successes {
        let sums = [(0, proportion(n.0, *control)), (1, proportion(n.1, *variant))];
        aggregates
            .metrics
            .push(sums.map(|(arm, moments)| (cell(arm, Population::Analysed, 0), moments)).into());
    }
    aggregates
}

fn verdict_of(design: &Design, aggregates: &Aggregates) -> (VerdictCode, Option<String>) {
    let report = report(design, aggregates, None).unwrap();
    assert!(!report.verdict.reasons.is_empty(), "a verdict gives its reasons");
    (report.verdict.verdict, report.verdict.variant)
}

fn level(report: &Report, code: CheckCode) -> Level {
    report.health.checks.iter().find(|check| check.check == code).unwrap().level
}

#[test]
fn published_retention_counts_give_the_published_decision() {
    // Cookie Cats: retention after 1 and 7 days; the p-values are those of the reference records.
    let metrics = ["r1", "r7"].map(|key| metric(key, Role::Primary, Direction::Up));
    let design = design(metrics.into());
    let sums = aggregates((44_700, 45_489), &[(20_034, 20_119), (8_502, 8_279)]);
    let report = report(&design, &sums, None).unwrap();
    let [r1, r7] = [0, 1].map(|i| &report.metrics[i].comparisons[0]);
    assert!((r1.p_value.unwrap() - 0.074_409_655_296_919_13).abs() < 1e-12);
    assert!((r7.p_value.unwrap() - 0.001_554_249_975_614_329).abs() < 1e-12);
    assert!((r7.adjusted_p_value.unwrap() - 2.0 * 0.001_554_249_975_614_329).abs() < 1e-12);
    assert_eq!(r7.decision.unwrap().confidence_level, 0.975);
    assert!(r7.decision.unwrap().upper.unwrap() > r7.effect.unwrap().upper.unwrap());
    assert!((report.health.srm.as_ref().unwrap().p_value - 0.008_607_987_810_836_262).abs() < 1e-12);
    assert_eq!(level(&report, CheckCode::Srm), Level::Ok);
    assert_eq!(report.verdict.verdict, VerdictCode::KeepControl);
    assert!(
        report.verdict.reasons[0]
            .contains("r7 is lower in discount than in control: 18.20 % against 19.02 %")
    );
}

#[test]
fn each_verdict_has_its_case() {
    use VerdictCode::{Inconclusive, Invalid, KeepControl, Ship};
    let up = |role| metric("kept", role, Direction::Up);
    let one = design(vec![up(Role::Primary)]);
    let winner = Some("discount".to_owned());
    assert_eq!(verdict_of(&one, &aggregates((1_000, 1_000), &[(300, 400)])), (Ship, winner.clone()));
    assert_eq!(verdict_of(&one, &aggregates((1_000, 1_000), &[(400, 300)])).0, KeepControl);
    assert_eq!(verdict_of(&one, &aggregates((1_000, 1_000), &[(400, 405)])), (Inconclusive, None));
    assert_eq!(verdict_of(&one, &aggregates((1_000, 1_200), &[(300, 480)])).0, Invalid);

    let down = design(vec![metric("left", Role::Primary, Direction::Down)]);
    assert_eq!(verdict_of(&down, &aggregates((1_000, 1_000), &[(400, 300)])), (Ship, winner.clone()));

    let guarded = design(vec![up(Role::Primary), metric("left", Role::Guardrail, Direction::Down)]);
    let good = [(300, 400), (100, 80)];
    let bad = [(300, 400), (100, 120)];
    assert_eq!(verdict_of(&guarded, &aggregates((1_000, 1_000), &good)), (Ship, winner));
    assert_eq!(verdict_of(&guarded, &aggregates((1_000, 1_000), &bad)), (Inconclusive, None));

    let mut tiny = one.clone();
    tiny.metrics[0].min_effect = Some(0.1);
    assert_eq!(verdict_of(&tiny, &aggregates((1_000, 1_000), &[(400, 405)])).0, KeepControl);

    let secondary = design(vec![up(Role::Primary), up(Role::Secondary)]);
    assert_eq!(
        verdict_of(&secondary, &aggregates((1_000, 1_000), &[(400, 405), (300, 500)])).0,
        Inconclusive
    );
}

#[test]
fn a_metric_that_is_rebuilding_gives_no_numbers_and_moves_none() {
    let metrics = |keys: &[&str]| {
        let secondary = |key: &&str| metric(key, Role::Secondary, Direction::Up);
        design(
            [metric("kept", Role::Primary, Direction::Up)]
                .into_iter()
                .chain(keys.iter().map(secondary))
                .collect(),
        )
    };
    let (kept, here, added) = ((400, 405), (300, 350), (300, 500));
    // The sums of one that is not complete are not looked at, whatever they are.
    let mut partial = aggregates((1_000, 1_000), &[kept, added, here]);
    partial.rebuilding = [(1, Rebuilding { done: 3, of: 10 })].into();
    let whole = report(&metrics(&["here"]), &aggregates((1_000, 1_000), &[kept, here]), None).unwrap();
    let mut found = report(&metrics(&["added", "here"]), &partial, None).unwrap();
    let waiting = found.metrics.remove(1);
    assert_eq!(
        (waiting.metric.as_str(), waiting.rebuilding),
        ("added", Some(Rebuilding { done: 3, of: 10 }))
    );
    assert!(waiting.arms.is_empty() && waiting.comparisons.is_empty() && waiting.so_far.is_none());
    let json = serde_json::to_value(&waiting).unwrap();
    assert_eq!(json["rebuilding"], serde_json::json!({"done": 3, "of": 10}));
    assert!(serde_json::to_value(&whole.metrics[0]).unwrap().get("rebuilding").is_none());
    let check = found.health.checks.pop().unwrap();
    assert_eq!((check.check, check.level), (CheckCode::Rebuilding, Level::Warn));
    assert!(
        check.detail.starts_with("added was added or changed while the experiment ran"),
        "{}",
        check.detail
    );
    assert!(check.detail.contains("3 of 10 so far"), "{}", check.detail);
    // All the rest is as if it were not there: its family, the checks, the verdict.
    assert_eq!(found, whole);
    let verdict = experiment_core::report::verdict_of(&metrics(&["added", "here"]), &partial, None).unwrap();
    assert_eq!(verdict, whole.verdict);
}

/// One arm's sums over customers given as columns of whole units.
fn columns(columns: &[&[i64]]) -> Moments {
    let mut moments = Moments::new(columns.len());
    for customer in 0..columns[0].len() {
        let vector: Vec<i64> = columns.iter().map(|column| column[customer] * ONE).collect();
        moments.add(&Contribution::new(&vector)).unwrap();
    }
    moments
}

/// A report of one primary over two arms given as sums.
fn report_of(metric: MetricDesign, arms: [Moments; 2]) -> Report {
    let mut aggregates = Aggregates::default();
    let arms = arms.into_iter().zip(0..).map(|(moments, arm)| (cell(arm, Population::Analysed, 0), moments));
    aggregates.metrics.push(arms.collect());
    report(&design(vec![metric]), &aggregates, None).unwrap()
}

#[test]
fn several_covariates_explain_together() {
    let mut spent = metric("spent", Role::Primary, Direction::Up);
    (spent.estimand, spent.covariates) = (Estimand::Mean, 2);
    let control = columns(&[&[3, 5, 4, 6, 8, 7], &[1, 2, 2, 3, 5, 4], &[2, 1, 3, 2, 1, 4]]);
    let variant = columns(&[&[4, 7, 6, 9, 7], &[1, 3, 2, 5, 3], &[3, 2, 5, 1, 4]]);
    let report = report_of(spent, [control, variant]);
    let comparison = &report.metrics[0].comparisons[0];
    let cuped = comparison.cuped.as_ref().unwrap();
    // NumPy: least squares on both arms as one sample, Welch on what is left.
    assert!((cuped.thetas[0] - 1.279_431_849_221_524_4).abs() < 1e-12);
    assert_eq!((cuped.theta, cuped.thetas.len()), (cuped.thetas[0], 2));
    assert!((cuped.p_value - 0.002_942_132_339_082_228).abs() < 1e-12);
    assert_eq!(comparison.decision.unwrap().reading, Reading::Cuped);
}

#[test]
fn a_ratio_is_adjusted_along_its_linear_form() {
    let mut value = metric("value", Role::Primary, Direction::Up);
    (value.estimand, value.covariates) = (Estimand::Ratio, 1);
    let control = columns(&[&[3, 5, 4, 6, 8, 7], &[1, 2, 1, 2, 3, 2], &[1, 2, 2, 3, 5, 4]]);
    let variant = columns(&[&[4, 7, 6, 9, 7], &[1, 2, 2, 3, 2], &[1, 3, 2, 5, 3]]);
    let report = report_of(value, [control, variant]);
    let metric = &report.metrics[0];
    assert_eq!((metric.arms[0].estimate, metric.arms[0].denominator), (Some(3.0), Some(11.0 / 6.0)));
    let cuped = metric.comparisons[0].cuped.as_ref().unwrap();
    // NumPy and SciPy: (y - Rx) / mean x with R and mean x of both arms together, its slope on the covariate,
    // each arm's own linear form moved along it, Welch.
    assert!((cuped.theta - -0.09908037288989677).abs() < 1e-12);
    assert!((cuped.effect.estimate - 0.29669732090366985).abs() < 1e-12);
    assert!((cuped.p_value - 0.2436808368554289).abs() < 1e-12);
}

#[test]
fn a_score_is_read_over_those_who_answer() {
    let mut nps = metric("nps", Role::Primary, Direction::Up);
    (nps.estimand, nps.answered) = (Estimand::Mean, true);
    let day = 20_000;
    let mut aggregates = Aggregates::default();
    let mut scores = std::collections::BTreeMap::new();
    for (arm, asked, points) in [(0, 8, vec![100, 100, 0, -100]), (1, 5, vec![100, 100, 100, 0, 100])] {
        aggregates.exposed.insert(cell(arm, Population::Analysed, day), counted(asked));
        aggregates.exposed.insert(cell(arm, Population::Analysed, day + 1), counted(3));
        scores.insert(cell(arm, Population::Analysed, day), columns(&[&points]));
    }
    scores.insert(cell(0, Population::Analysed, day + 1), columns(&[&[-100]]));
    aggregates.metrics.push(scores);
    let as_of = Some(Day(day + 7).end());
    let report = report(&design(vec![nps]), &aggregates, as_of).unwrap();
    let metric = &report.metrics[0];
    let [control, variant] = &metric.arms[..] else { panic!("{metric:?}") };
    assert_eq!((control.n, control.estimate, control.response_rate), (4, Some(25.0), Some(0.5)));
    assert_eq!((variant.n, variant.estimate, variant.response_rate), (5, Some(80.0), Some(1.0)));
    assert_eq!(control.variance, Some(27_500.0 / 3.0));
    assert_eq!(metric.immature, Some(6), "everybody whose window is open, not only who answered");
    assert_eq!(metric.so_far.as_ref().unwrap().arms[0].estimate, Some(0.0));
}

/// Sums and counts of one value a customer.
fn distributed(values: impl Iterator<Item = i64>) -> (Moments, Distribution) {
    let (mut moments, mut counts) = (Moments::new(1), Distribution::new());
    for value in values {
        moments.add(&Contribution::new(&[value * ONE])).unwrap();
        *counts.entry(bucket(value * ONE)).or_default() += 1;
    }
    (moments, counts)
}

#[test]
fn a_quantile_is_read_from_counts() {
    let mut p90 = metric("p90", Role::Primary, Direction::Up);
    (p90.estimand, p90.quantile) = (Estimand::Quantile, Some(0.9));
    let mut aggregates = Aggregates::default();
    let (mut sums, mut counts) = (std::collections::BTreeMap::new(), std::collections::BTreeMap::new());
    for (arm, least) in [(0, 0), (1, 1)] {
        let place = |day| cell(arm, Population::Analysed, day);
        let (moments, distribution) = distributed(least..least + 999);
        sums.insert(place(0), moments);
        counts.insert(place(0), distribution);
        // A day that is not mature yet, with nothing but zeros.
        let (moments, distribution) = distributed([0; 2_000].into_iter());
        sums.insert(place(9), moments);
        counts.insert(place(9), distribution);
    }
    (aggregates.metrics, aggregates.distributions) = (vec![sums], vec![counts]);
    let report = report(&design(vec![p90]), &aggregates, Some(Day(10).end())).unwrap();
    let metric = &report.metrics[0];
    // NumPy's quantile; the ends by SciPy's binomial: ranks 880 and 918 of 999.
    let control = &metric.arms[0];
    assert_eq!((control.n, control.lower, control.upper), (999, Some(879.0), Some(917.0)));
    assert!((control.estimate.unwrap() - 898.2).abs() < 1e-9);
    assert_eq!(metric.immature, Some(4_000));
    assert!((metric.so_far.as_ref().unwrap().arms[0].estimate.unwrap() - 698.2).abs() < 1e-9);
    let comparison = &metric.comparisons[0];
    let effect = comparison.effect.unwrap();
    assert!((effect.estimate - 1.0).abs() < 1e-9);
    assert!((effect.std_error.unwrap() - 13.709_465_019_274_024).abs() < 1e-9);
    assert!((comparison.p_value.unwrap() - 0.941_859_336_212_042).abs() < 1e-9);
    assert_eq!(serde_json::to_value(comparison.method).unwrap(), "quantile_t");
    assert!(comparison.decision.is_some() && comparison.relative_effect.is_some());
}

/// Arm, cohort day, customers, and how many of them are lost so many days later.
type Cohort<'a> = (u16, i32, i64, &'a [(i32, i64)]);

/// A report on survival within four days at the end of day 5.
fn survival_report(design: Design, cohorts: &[Cohort<'_>]) -> Report {
    let (mut sums, mut counts) = (std::collections::BTreeMap::new(), std::collections::BTreeMap::new());
    for (arm, day, n, places) in cohorts {
        sums.insert(cell(*arm, Population::Analysed, *day), counted(*n));
        counts.insert(cell(*arm, Population::Analysed, *day), places.iter().copied().collect());
    }
    let aggregates = Aggregates { metrics: vec![sums], distributions: vec![counts], ..Aggregates::default() };
    report(&design, &aggregates, Some(Day(5).end())).unwrap()
}

fn survival_design() -> Design {
    let mut kept = metric("kept", Role::Primary, Direction::Up);
    kept.estimand = Estimand::Survival;
    kept.window.to = Some(Span(4 * DAY));
    design(vec![kept])
}

#[test]
fn survival_is_read_from_days_of_churn() {
    // The loss on day 4 of the control's later cohort is dated ahead: it was followed for three days only.
    let cohorts: [Cohort<'_>; 4] =
        [(0, 0, 4, &[(1, 1), (3, 1)]), (0, 2, 3, &[(2, 1), (4, 1)]), (1, 0, 4, &[(4, 1)]), (1, 2, 3, &[])];
    let report = survival_report(survival_design(), &cohorts);
    let metric = &report.metrics[0];
    let [control, variant] = &metric.arms[..] else { panic!("{metric:?}") };
    assert_eq!((control.n, control.followed, metric.immature), (4, Some(7), Some(6)));
    let days: Vec<_> = control.survival.iter().map(|day| (day.day, day.at_risk, day.events)).collect();
    assert_eq!(days, [(1, 7, 1), (2, 6, 1), (3, 5, 1)]);
    // lifelines: the curve with its interval, the log-rank test, the mean within four days; its error by hand.
    assert!((control.survival[1].survival - 5.0 / 7.0).abs() < 1e-12);
    assert!((control.survival[1].lower.unwrap() - 0.258_154).abs() < 1e-6);
    assert!((control.survival[1].upper.unwrap() - 0.919_797).abs() < 1e-6);
    assert!((control.estimate.unwrap() - 22.0 / 7.0).abs() < 1e-12);
    assert_eq!(variant.estimate, Some(4.0));
    let comparison = &metric.comparisons[0];
    assert!((comparison.statistic.unwrap() - 1.722_489_874_227_244_3).abs() < 1e-12);
    assert!((comparison.p_value.unwrap() - 0.189_372_858_740_752_27).abs() < 1e-12);
    let effect = comparison.effect.unwrap();
    let variance = (225.0 / 42.0 + 81.0 / 30.0 + 16.0 / 20.0) / 49.0_f64;
    assert!((effect.estimate - 6.0 / 7.0).abs() < 1e-12);
    assert!((effect.std_error.unwrap() - variance.sqrt()).abs() < 1e-12);
    assert!((control.upper.unwrap() - 22.0 / 7.0 - 1.959_963_984_540_054 * variance.sqrt()).abs() < 1e-12);
    assert_eq!(serde_json::to_value(comparison.method).unwrap(), "log_rank");

    let one_sided = |direction| {
        let mut design = survival_design();
        design.plan.sides = Sides::One;
        design.metrics[0].direction = direction;
        survival_report(design, &cohorts).metrics[0].comparisons[0].p_value.unwrap()
    };
    assert!((one_sided(Direction::Up) - 0.189_372_858_740_752_27 / 2.0).abs() < 1e-12);
    assert!((one_sided(Direction::Down) - 1.0 + 0.189_372_858_740_752_27 / 2.0).abs() < 1e-12);
}

#[test]
fn survival_waits_for_its_horizon() {
    let report = survival_report(survival_design(), &[(0, 2, 3, &[(1, 1)]), (1, 2, 3, &[(2, 1)])]);
    let metric = &report.metrics[0];
    assert_eq!((metric.arms[0].n, metric.arms[0].followed, metric.arms[0].estimate), (0, Some(3), None));
    assert_eq!(metric.arms[0].survival.len(), 1);
    assert_eq!(metric.comparisons[0].p_value, None);
    assert_eq!(metric.comparisons[0].not_estimable.as_ref().unwrap().code, "impossible_input");
}

#[test]
fn a_one_sided_plan_sees_what_is_worse() {
    let mut two = design(["kept", "spent"].map(|key| metric(key, Role::Primary, Direction::Up)).into());
    two.plan.sides = Sides::One;
    let better = (300, 400);
    assert_eq!(verdict_of(&two, &aggregates((1_000, 1_000), &[better, better])).0, VerdictCode::Ship);
    assert_eq!(
        verdict_of(&two, &aggregates((1_000, 1_000), &[better, (900, 200)])).0,
        VerdictCode::KeepControl
    );
    let mut down = design(vec![metric("left", Role::Primary, Direction::Down)]);
    down.plan.sides = Sides::One;
    assert_eq!(verdict_of(&down, &aggregates((1_000, 1_000), &[(400, 300)])).0, VerdictCode::Ship);
    assert_eq!(verdict_of(&down, &aggregates((1_000, 1_000), &[(300, 400)])).0, VerdictCode::KeepControl);
    assert_eq!(verdict_of(&down, &aggregates((1_000, 1_000), &[(300, 301)])).0, VerdictCode::Inconclusive);
}

#[test]
fn a_guardrail_that_nobody_trips_passes() {
    let primary = metric("kept", Role::Primary, Direction::Up);
    let guarded = design(vec![primary.clone(), metric("complained", Role::Guardrail, Direction::Down)]);
    let ship = VerdictCode::Ship;
    assert_eq!(verdict_of(&guarded, &aggregates((1_000, 1_000), &[(300, 400), (0, 0)])).0, ship);
    // With 100 customers an arm the score bound is 2.6 points: not inside the margin of one.
    let few = aggregates((100, 100), &[(30, 60), (0, 0)]);
    assert_eq!(verdict_of(&guarded, &few).0, VerdictCode::Inconclusive);
    let mut refunds = metric("refunds", Role::Guardrail, Direction::Down);
    refunds.estimand = Estimand::Mean;
    let guarded = design(vec![primary, refunds]);
    assert_eq!(verdict_of(&guarded, &aggregates((1_000, 1_000), &[(300, 400), (0, 0)])).0, ship);
}

#[test]
fn an_arm_of_weight_zero_is_neither_tested_nor_waited_for() {
    let mut three = design(vec![metric("kept", Role::Primary, Direction::Up)]);
    three.variants.push(VariantDesign { key: "retired".to_owned(), weight: 0.0, changes: Vec::new() });
    three.stage = Stage::Running;
    three.plan.target = Some(Target::CustomersPerArm(1_000));
    let at = Some(Day(20).start());
    let read = |sums: &Aggregates| report(&three, sums, at).unwrap();
    let fine = read(&aggregates((1_000, 1_000), &[(300, 400)]));
    assert_eq!((level(&fine, CheckCode::Srm), fine.verdict.verdict), (Level::Ok, VerdictCode::Ship));
    let uneven = read(&aggregates((1_000, 1_400), &[(300, 400)]));
    assert_eq!((level(&uneven, CheckCode::Srm), uneven.verdict.verdict), (Level::Fail, VerdictCode::Invalid));
    let mut strays = aggregates((1_000, 1_000), &[(300, 400)]);
    strays.exposed.insert(cell(2, Population::Analysed, 0), counted(1));
    assert_eq!(read(&strays).verdict.verdict, VerdictCode::Invalid);
}

#[test]
fn of_several_winners_the_surest_is_shipped() {
    let mut three = design(vec![metric("kept", Role::Primary, Direction::Up)]);
    three.variants.push(VariantDesign { key: "bonus".to_owned(), weight: 1.0, changes: Vec::new() });
    let mut sums = aggregates((1_000, 1_000), &[(300, 400)]);
    sums.exposed.insert(cell(2, Population::Analysed, 0), counted(1_000));
    sums.metrics[0].insert(cell(2, Population::Analysed, 0), proportion(1_000, 450));
    assert_eq!(verdict_of(&three, &sums), (VerdictCode::Ship, Some("bonus".to_owned())));
}

#[test]
fn open_windows_are_shown_apart_and_decide_nothing() {
    let mut running = design(vec![metric("kept", Role::Primary, Direction::Up)]);
    running.stage = Stage::Running;
    running.plan.target = Some(Target::CustomersPerArm(1_000));
    let mut sums = aggregates((900, 900), &[(300, 400)]);
    for arm in [0, 1] {
        sums.exposed.insert(cell(arm, Population::Analysed, 3), counted(100));
        sums.metrics[0].insert(cell(arm, Population::Analysed, 3), proportion(100, 100));
    }
    // Day 0 is mature eight days after its start; day 3 is not.
    let at = |day: i32| Day(day).start();
    let early = report(&running, &sums, Some(at(8))).unwrap();
    let kept = &early.metrics[0];
    assert_eq!((kept.arms[0].n, kept.immature), (900, Some(200)));
    assert_eq!(kept.so_far.as_ref().unwrap().arms[1].n, 1_000);
    assert_eq!(early.verdict.verdict, VerdictCode::Continue);
    assert_eq!(early.variants[0].customers, 1_000);
    let before = report(&running, &sums, Some(Timestamp(at(8).0 - 1))).unwrap();
    assert_eq!((before.metrics[0].arms[0].n, before.metrics[0].immature), (0, Some(2_000)));
    let late = report(&running, &sums, Some(at(11))).unwrap();
    assert_eq!((late.metrics[0].arms[0].n, late.verdict.verdict), (1_000, VerdictCode::Ship));

    running.plan.min_days = 30;
    assert_eq!(report(&running, &sums, Some(at(11))).unwrap().verdict.verdict, VerdictCode::Continue);
    running.plan.min_days = 0;
    running.plan.target = Some(Target::End(Day(4)));
    assert_eq!(report(&running, &sums, Some(at(11))).unwrap().verdict.verdict, VerdictCode::Continue);
    assert_eq!(report(&running, &sums, Some(at(12))).unwrap().verdict.verdict, VerdictCode::Ship);
}

#[test]
fn crossed_customers_are_counted_but_not_compared() {
    let one = design(vec![metric("kept", Role::Primary, Direction::Up)]);
    let mut sums = aggregates((1_000, 1_000), &[(300, 320)]);
    sums.exposed.insert(cell(1, Population::Crossed, 0), counted(50));
    sums.metrics[0].insert(cell(1, Population::Crossed, 0), proportion(50, 50));
    let report = report(&one, &sums, None).unwrap();
    assert_eq!((report.health.crossed_over, report.variants[1].customers), (50, 1_050));
    assert_eq!(report.metrics[0].arms[1].n, 1_000);
    assert_eq!(report.health.srm.as_ref().unwrap().observed["discount"], 1_050);
    assert_eq!(level(&report, CheckCode::Crossover), Level::Warn);
    // Beside it everybody under the variant that they saw first: 370 of 1,050 against 300 of 1,000.
    let comparison = &report.metrics[0].comparisons[0];
    let as_assigned = comparison.intention_to_treat.unwrap();
    assert!((as_assigned.effect.estimate - (370.0 / 1_050.0 - 0.3)).abs() < 1e-15);
    assert!((as_assigned.p_value.unwrap() - 0.011_492_188_444_960_7).abs() < 1e-9, "{as_assigned:?}");
    assert!((comparison.effect.unwrap().estimate - 0.02).abs() < 1e-15);
}

#[test]
fn arms_of_which_many_crossed_are_not_shipped() {
    let one = design(vec![metric("kept", Role::Primary, Direction::Up)]);
    let crossed = |n: i64| {
        let mut sums = aggregates((1_000, 1_000), &[(300, 400)]);
        for arm in [0, 1] {
            sums.exposed.insert(cell(arm, Population::Crossed, 0), counted(n));
        }
        verdict_of(&one, &sums).0
    };
    assert_eq!((crossed(100), crossed(200)), (VerdictCode::Ship, VerdictCode::Inconclusive));
}

#[test]
fn a_covariate_decides_where_there_is_one() {
    let mut one = design(vec![metric("spend", Role::Primary, Direction::Up)]);
    (one.metrics[0].estimand, one.metrics[0].covariates) = (Estimand::Mean, 1);
    let mut sums = Aggregates::default();
    let mut cells = experiment_core::report::Cells::new();
    for arm in [0_i64, 1] {
        let mut moments = Moments::new(2);
        for i in 0..500 {
            let before = (i * 37) % 100;
            let noise = (i * 53) % 7;
            moments.add(&Contribution::new(&[(before + noise + arm) * ONE, before * ONE])).unwrap();
        }
        let place = cell(arm as u16, Population::Analysed, 0);
        sums.exposed.insert(place.clone(), counted(500));
        cells.insert(place, moments);
    }
    sums.metrics.push(cells);
    let decided = report(&one, &sums, None).unwrap();
    let comparison = &decided.metrics[0].comparisons[0];
    let cuped = comparison.cuped.as_ref().unwrap();
    assert!(cuped.variance_reduction > 0.9 && cuped.p_value < 1e-6 && comparison.p_value.unwrap() > 0.05);
    assert_eq!(comparison.decision.unwrap().reading, Reading::Cuped);
    assert_eq!(comparison.adjusted_p_value, Some(cuped.p_value));
    assert_eq!(decided.verdict.verdict, VerdictCode::Ship);
    one.plan.cuped = false;
    let plain = report(&one, &sums, None).unwrap();
    assert_eq!(plain.metrics[0].comparisons[0].decision.unwrap().reading, Reading::Unadjusted);
    assert_eq!(plain.verdict.verdict, VerdictCode::Inconclusive);
}

#[test]
fn a_mean_near_zero_has_a_set_rather_than_an_interval() {
    let mut one = design(vec![metric("net", Role::Primary, Direction::Up)]);
    one.metrics[0].estimand = Estimand::Mean;
    let set = |control: i64, variant: i64| {
        let mut sums = aggregates((100, 100), &[]);
        let mut cells = experiment_core::report::Cells::new();
        for (arm, mean) in [(0, control), (1, variant)] {
            let mut moments = Moments::new(1);
            for i in 0..100 {
                moments.add(&Contribution::new(&[mean + (i % 2 * 2 - 1) * ONE])).unwrap();
            }
            cells.insert(cell(arm, Population::Analysed, 0), moments);
        }
        sums.metrics.push(cells);
        report(&one, &sums, None).unwrap().metrics[0].comparisons[0].relative_effect
    };
    // The standard error of a mean is 0.1: by the logarithm, by Fieller, and by Fieller without bounds.
    let far = set(ONE, 2 * ONE).unwrap();
    assert_eq!((far.estimate, far.set, far.std_error.is_some()), (1.0, RelativeSet::Interval, true));
    let near = set(ONE / 4, ONE / 2).unwrap();
    assert_eq!((near.estimate, near.set, near.std_error), (1.0, RelativeSet::Interval, None));
    assert_eq!(set(ONE / 100, ONE / 100).map(|relative| relative.set), Some(RelativeSet::All));
    assert_eq!(set(ONE / 100, 2 * ONE).map(|relative| relative.set), Some(RelativeSet::Outside));
    assert_eq!(set(0, ONE), None);
}

#[test]
fn one_sided_plans_leave_the_far_end_open() {
    let mut one = design(vec![metric("kept", Role::Primary, Direction::Up)]);
    one.plan.sides = Sides::One;
    let report = report(&one, &aggregates((1_000, 1_000), &[(400, 300)]), None).unwrap();
    let comparison = &report.metrics[0].comparisons[0];
    assert_eq!(
        (comparison.unbounded.as_slice(), comparison.effect.unwrap().upper),
        ([Bound::Upper].as_slice(), None)
    );
    assert!(comparison.p_value.unwrap() > 0.999);
    assert_eq!(report.verdict.verdict, VerdictCode::KeepControl);
}

#[test]
fn degenerate_arms_give_reasons_not_nan() {
    let cases = [
        ((0, 0), (0, 0)),
        ((1, 1), (0, 1)),
        ((100, 100), (0, 0)),
        ((100, 100), (100, 100)),
        ((5, 0), (2, 0)),
    ];
    for (n, successes) in cases {
        for estimand in [Estimand::Proportion, Estimand::Mean] {
            let mut one = design(vec![metric("kept", Role::Primary, Direction::Up)]);
            one.metrics[0].estimand = estimand;
            let report = report(&one, &aggregates(n, &[successes]), None).unwrap();
            let comparison = &report.metrics[0].comparisons[0];
            assert_eq!(
                comparison.p_value.is_none(),
                comparison.not_estimable.is_some(),
                "{n:?} {successes:?}"
            );
            let text = serde_json::to_string(&report).unwrap();
            assert!(!text.contains("null") && !text.contains("NaN"), "{text}");
            assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
        }
    }
}

#[test]
fn dimensions_are_families_of_their_own() {
    let one = design(vec![metric("kept", Role::Primary, Direction::Up)]);
    let mut sums = aggregates((1_000, 1_000), &[(300, 400)]);
    for (value, arms) in [("basic", [(500, 150), (500, 160)]), ("pro", [(500, 150), (500, 240)])] {
        for (arm, (n, successes)) in arms.into_iter().enumerate() {
            let (_, place) = cell(arm as u16, Population::Analysed, 0);
            let slice = Slice::Value { dimension: 0, value: value.to_owned() };
            sums.exposed.insert((slice.clone(), place), counted(n));
            sums.metrics[0].insert((slice, place), proportion(n, successes));
        }
    }
    let report = report(&one, &sums, None).unwrap();
    let found: Vec<_> = report.dimensions.iter().map(|d| (d.dimension.as_str(), d.value.as_str())).collect();
    assert_eq!(found, [("plan", "basic"), ("plan", "pro")]);
    let p = |i: usize| report.dimensions[i].metrics[0].comparisons[0].p_value.unwrap();
    let adjusted = |i: usize| report.dimensions[i].metrics[0].comparisons[0].adjusted_p_value.unwrap();
    assert_eq!((adjusted(0), adjusted(1)), (p(0), 2.0 * p(1)));
}
