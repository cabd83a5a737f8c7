//! Definitions: what is accepted, what is refused and in which words, what may change.

use std::collections::BTreeMap;

use experiment_core::decimal::Decimal;
use experiment_core::definition::{
    AssignmentMode, BetaShape, Cap, Churn, Correction, Cost, CostBasis, Covariate, Dimension, Direction,
    Discount, Economics, Experiment, Expose, Factor, Gross, LifecycleStep, Measure, MeasureKind, Method,
    Metric, MetricKind, Offer, Plan, Prior, Problem, Role, Ship, Sides, Spending, Status, Target, Term,
    Window, allowed_while_running, read_document,
};
use experiment_core::time::Span;
use proptest::prelude::*;
use serde_json::{Value, json};

const WINBACK: &str = include_str!("../data/definition/winback.yaml");
const LATER: &str = include_str!("../data/definition/later.yaml");
const GUIDE: &str = include_str!("../../docs/definition.md");

fn parse(text: &str) -> Result<Experiment, Vec<Problem>> {
    let document = read_document(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    Experiment::parse(document).map_err(|invalid| invalid.problems)
}

/// The problems of `key`, two variants and `rest`, as `path: detail`.
fn problems(rest: &str) -> Vec<String> {
    let text = format!("key: k\nvariants: [{{key: control}}, {{key: discount}}]\n{rest}");
    shown(&parse(&text).expect_err(&text))
}

fn shown(problems: &[Problem]) -> Vec<String> {
    assert!(problems.iter().all(|problem| !problem.mend.is_empty()), "{problems:?}");
    problems.iter().map(|problem| format!("{}: {}", problem.path, problem.detail)).collect()
}

fn metric_problems(metric: &str) -> Vec<String> {
    problems(&format!("metrics: [{{key: m, {metric}}}]"))
}

fn metric(metric: &str) -> Metric {
    let text = format!("key: k\nvariants: [{{key: a}}, {{key: b}}]\nmetrics: [{{key: m, {metric}}}]");
    parse(&text).unwrap_or_else(|problems| panic!("{text}: {problems:?}")).metrics.remove(0)
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn days(count: u32) -> Span {
    format!("{count}d").parse().unwrap()
}

fn measure(kind: MeasureKind, event: &str) -> Measure {
    capped(kind, event, Cap::default())
}

fn capped(kind: MeasureKind, event: &str, cap: Cap) -> Measure {
    Measure::Events { kind, event: event.to_owned(), cap }
}

#[test]
fn the_sample_is_read_field_by_field() {
    let experiment = parse(WINBACK).unwrap();
    assert_eq!(experiment.key, "winback_2026");
    assert!(experiment.hypothesis.as_deref().is_some_and(|text| text.starts_with("A 20 % discount")));
    assert_eq!(experiment.traffic, decimal("0.5"));
    assert_eq!(experiment.salt, "winback_2026");
    assert_eq!((experiment.assignment, experiment.expose), (AssignmentMode::Server, Expose::None));
    assert_eq!(experiment.control, 0);
    assert_eq!(experiment.overrides, BTreeMap::from([("qa-1".to_owned(), 1)]));
    let dimensions: Vec<_> = experiment.dimensions.iter().map(|dimension| dimension.name()).collect();
    assert_eq!(dimensions, ["plan", "country"]);

    let [control, discount] = &experiment.variants[..] else { panic!("{:?}", experiment.variants) };
    assert_eq!((&*control.key, control.weight, &control.payload), ("control", Decimal::ONE, &Value::Null));
    assert_eq!((&control.changes[..], &control.offer), (&[][..], &None));
    assert_eq!(
        (&discount.payload, &discount.changes[..]),
        (&json!({"percent": 20}), &["price".to_owned()][..])
    );
    let offer = Offer {
        kind: "discount".to_owned(),
        taken: Some("redeemed".to_owned()),
        cost: vec![Cost { event: "redeemed".to_owned(), basis: CostBasis::Each(decimal("5")) }],
        per_exposure: Some(decimal("0.02")),
    };
    assert_eq!(discount.offer, Some(offer));

    let base = |key: &str, kind: MetricKind, from: u32| Metric {
        key: key.to_owned(),
        kind,
        window: Window { from: days(from), to: Some(days(60)), grace: Span(0) },
        covariates: Vec::new(),
        role: Role::Secondary,
        direction: Direction::Up,
        margin: None,
        min_effect: None,
        places: 6,
    };
    let retained = MetricKind::Single(measure(MeasureKind::Retention, "order"));
    let cap = Cap { low: None, high: Some(decimal("500")) };
    let revenue = MetricKind::Single(capped(MeasureKind::Sum, "order", cap));
    let aov = MetricKind::Ratio {
        numerator: measure(MeasureKind::Sum, "order"),
        denominator: measure(MeasureKind::Count, "order"),
    };
    let unsubscribed = MetricKind::Single(measure(MeasureKind::Conversion { at_least: 1 }, "unsubscribe"));
    let covariate = Covariate { kind: MeasureKind::Sum, event: "order".to_owned(), lookback: days(90) };
    assert_eq!(
        experiment.metrics,
        [
            Metric { role: Role::Primary, ..base("retained", retained, 30) },
            Metric { covariates: vec![covariate], ..base("revenue", revenue, 0) },
            base("aov", aov, 0),
            Metric {
                direction: Direction::Down,
                role: Role::Guardrail,
                margin: Some(decimal("0.005")),
                ..base("unsubscribed", unsubscribed, 0)
            },
        ]
    );
    let plan = Plan {
        method: Method::Fixed,
        alpha: 0.05,
        sides: Sides::Two,
        correction: Correction::Holm,
        target: Some(Target::CustomersPerArm(20_000)),
        min_days: 14,
        ..Plan::default()
    };
    assert_eq!(experiment.plan, plan);
    assert_eq!(experiment.ready_to_start(), []);
}

#[test]
fn defaults() {
    let experiment = parse("{key: k, variants: [{key: a}, {key: b, control: true}], salt: null}").unwrap();
    assert_eq!((experiment.control, experiment.traffic), (1, Decimal::ONE));
    assert_eq!((experiment.salt.as_str(), experiment.hypothesis), ("k", None));
    assert!(experiment.overrides.is_empty() && experiment.metrics.is_empty());
    assert_eq!(experiment.plan, Plan::default());
    assert_eq!(experiment.plan.target, None);

    assert_eq!(metric("kind: churn, event: e, window: {to: 1d}").direction, Direction::Down);
    assert_eq!(metric("kind: count, event: e").window, Window::default());
    assert_eq!(metric("kind: sum, event: e, scale: 0.01").places, 2);
    assert_eq!(metric("kind: sum, event: e, scale: 1e-9").places, 9);
    assert_eq!(metric("kind: sum, event: e, scale: 1").places, 0);
    let both = metric("kind: sum, event: e, cap: {low: -1.5, high: 2}").kind;
    let cap = Cap { low: Some(decimal("-1.5")), high: Some(decimal("2")) };
    assert_eq!(both, MetricKind::Single(capped(MeasureKind::Sum, "e", cap)));
    let repeat = metric("kind: conversion, event: e, at_least: 2, covariate: {event: e, lookback: 9d}");
    let kind = MeasureKind::Conversion { at_least: 2 };
    assert_eq!(repeat.covariates[0].kind, kind);
    let other = metric("kind: sum, event: e, covariate: {event: s, lookback: 9d, kind: count}");
    assert_eq!(other.covariates[0].kind, MeasureKind::Count);
}

#[test]
fn a_linear_metric_is_read() {
    let net = metric(
        "kind: linear, terms: [{event: order, weight: 0.35}, {event: redeemed, each: -5}], \
         discount: {per_year: 0.10}, window: {to: 60d}, cap: {low: -100}, covariate: {event: order, lookback: 9d}",
    );
    let term = |event: &str, factor| Term { event: event.to_owned(), factor };
    let measure = Measure::Linear {
        terms: vec![
            term("order", Factor::Weight(decimal("0.35"))),
            term("redeemed", Factor::Each(decimal("-5"))),
        ],
        discount: Some(Discount { per_year: decimal("0.1") }),
        cap: Cap { low: Some(decimal("-100")), high: None },
    };
    assert_eq!((net.kind, net.direction), (MetricKind::Single(measure), Direction::Up));
    assert_eq!(net.covariates[0].kind, MeasureKind::Sum);
}

#[test]
fn a_quantile_is_read() {
    let p90 = metric(
        "kind: quantile, of: {kind: sum, event: order, cap: 500}, q: 0.90, window: {to: 60d}, scale: 0.01",
    );
    let cap = Cap { low: None, high: Some(decimal("500")) };
    let of = capped(MeasureKind::Sum, "order", cap);
    assert_eq!((p90.kind, p90.places), (MetricKind::Quantile { of, q: decimal("0.9") }, 2));
}

#[test]
fn survival_is_read() {
    let left = metric("kind: survival, event: cancel, horizon: 90d, window: {grace: 1d}, role: primary");
    assert_eq!(left.kind, MetricKind::Survival(Churn::Event("cancel".to_owned())));
    assert_eq!(left.window, Window { from: Span(0), to: Some(days(90)), grace: days(1) });
    assert_eq!((left.direction, left.role), (Direction::Up, Role::Primary));
    let silent = metric("kind: survival, inactive: {event: session, for: 30d}, horizon: 12w");
    let churn = Churn::Inactive { event: "session".to_owned(), lasts: days(30) };
    assert_eq!((silent.kind, silent.window.to), (MetricKind::Survival(churn), Some(days(84))));
}

#[test]
fn a_score_is_read() {
    let nps = metric("kind: nps, event: survey, window: {to: 30d}, role: guardrail, margin: 5");
    assert_eq!(nps.kind, MetricKind::Nps { event: "survey".to_owned() });
    assert_eq!((nps.direction, nps.margin), (Direction::Up, Some(decimal("5"))));
}

fn economics(fields: &str) -> Result<Economics, Vec<String>> {
    let metrics = "metrics:
  - {key: retained, kind: retention, event: order, window: {from: 30d, to: 60d, grace: 9d}}
  - {key: bought, kind: conversion, event: order}
  - {key: spend, kind: sum, event: order, window: {to: 60d}}
  - {key: cancelled, kind: conversion, event: cancel, window: {to: 60d}, direction: down}";
    let text = format!(
        "key: k\nvariants: [{{key: control}}, {{key: discount}}]\n{metrics}\neconomics: {{{fields}}}"
    );
    parse(&text).map(|experiment| experiment.economics.unwrap()).map_err(|problems| shown(&problems))
}

#[test]
fn economics_are_read() {
    let read = economics(
        "kept: retained, gross: {event: order, margin: 0.35, cap: 40}, window: {to: 65d}, rollout: 100000",
    );
    let read = read.unwrap();
    assert_eq!((&*read.kept, read.rollout), ("retained", Some(100_000)));
    let cap = Cap { low: None, high: Some(decimal("40")) };
    assert_eq!(read.gross, Some(Gross { event: "order".to_owned(), margin: decimal("0.35"), cap }));
    // The 60 days and 9 of grace of `retained` are over four days after these 65.
    assert_eq!(read.window, Window { from: days(0), to: Some(days(65)), grace: days(4) });
    let least = economics("kept: retained, window: {to: 60d}").unwrap();
    assert_eq!((least.gross, least.rollout, least.window.grace), (None, None, days(9)));
}

#[test]
fn economics_say_whom_they_count_and_until_when() {
    let refused = |fields: &str| economics(fields).unwrap_err();
    assert_eq!(refused("window: {to: 60d}"), ["economics.kept: is missing"]);
    assert_eq!(refused("kept: retained"), ["economics.window: is missing"]);
    assert_eq!(
        refused("kept: retaned, window: {to: 60d}"),
        ["economics.kept: \"retaned\" is no metric of this experiment"]
    );
    assert_eq!(
        refused("kept: spend, window: {to: 60d}"),
        ["economics.kept: \"spend\" does not say of each customer whether they were kept"]
    );
    assert_eq!(
        refused("kept: cancelled, window: {to: 60d}"),
        ["economics.kept: \"cancelled\" counts who is lost: less of it is better"]
    );
    assert_eq!(
        refused("kept: bought, window: {to: 60d}"),
        ["economics.kept: \"bought\" has a window without end, so nobody's account is ever closed"]
    );
    assert_eq!(
        refused("kept: retained, window: {to: 59d}"),
        ["economics.window.to: 59d is before the end of the window of \"retained\", 60d"]
    );
    assert_eq!(
        refused("kept: retained, window: {from: 1d, to: 60d}"),
        ["economics.window.from: has no meaning here: cost and value count from exposure on"]
    );
    assert_eq!(
        refused("kept: retained, window: {}, gross: {margin: 0.123456789012}, rollout: 0"),
        [
            "economics.gross.event: is missing",
            "economics.gross.margin: 0.123456789012 has more than 11 digits",
            "economics.rollout: expected a whole number from 1 to 10000000000, found 0",
            "economics.window.to: is missing: without an end nobody's account is ever closed",
        ]
    );
}

#[test]
fn covariates_are_one_or_a_list() {
    let several = metric(
        "kind: sum, event: e, covariates: [{event: e, lookback: 9d}, {event: s, lookback: 3d, kind: count}]",
    );
    let covariate = |kind, event: &str, lookback| Covariate { kind, event: event.to_owned(), lookback };
    let expected = [covariate(MeasureKind::Sum, "e", days(9)), covariate(MeasureKind::Count, "s", days(3))];
    assert_eq!(several.covariates, expected);
    let ratio = metric(
        "kind: ratio, numerator: {kind: linear, terms: [{event: e, weight: 2}]}, \
         denominator: {kind: conversion, event: e, at_least: 2}, covariate: {event: s, lookback: 9d}",
    );
    assert_eq!(ratio.covariates, [covariate(MeasureKind::Sum, "s", days(9))]);
    let MetricKind::Ratio { numerator, denominator } = ratio.kind else { panic!("{ratio:?}") };
    assert!(matches!(numerator, Measure::Linear { .. }));
    assert_eq!(denominator, measure(MeasureKind::Conversion { at_least: 2 }, "e"));
}

#[test]
fn the_guides_examples_are_accepted() {
    let blocks: Vec<&str> =
        GUIDE.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let [full, smallest] = blocks[..] else { panic!("{} examples", blocks.len()) };
    let experiment = parse(full).unwrap();
    assert_eq!(experiment.ready_to_start(), []);
    assert!(parse(smallest).is_ok());

    // Every field of the language is in the example, and every field of the example is in the tables.
    let rows: Vec<&str> = GUIDE.lines().filter(|line| line.starts_with("| `")).collect();
    for field in experiment.document.as_object().unwrap().keys() {
        assert!(rows.iter().any(|row| row.contains(&format!("`{field}`"))), "{field} is not in the guide");
    }
    let known = problems("nonsense: 1");
    assert_eq!(known, ["nonsense: unknown field"]);
    let mend = &parse("{key: k, variants: [{key: a}, {key: b}], nonsense: 1}").unwrap_err()[0].mend;
    for field in mend.strip_prefix("known: ").unwrap().split(", ") {
        let written = field == "overrides" || experiment.document.get(field).is_some();
        assert!(written, "{field} is not in the guide's example");
    }
}

#[test]
fn everything_later_is_refused_by_name() {
    let found = parse(LATER).unwrap_err();
    let paths: Vec<&str> = found.iter().map(|problem| problem.path.as_str()).collect();
    let expected = ["contact", "holdout"];
    assert_eq!(paths, expected);
    assert!(found.iter().all(|problem| problem.detail.contains("not supported yet")), "{found:?}");

    let section = GUIDE.split("## Not supported yet").nth(1).unwrap();
    let in_guide = |name: &str| assert!(section.contains(&format!("`{name}`")), "{name} is not in the guide");
    let names = paths.iter().filter_map(|path| path.rsplit('.').next());
    names.filter(|name| !["kind", "method", "correction"].contains(name)).for_each(in_guide);
}

#[test]
fn every_problem_is_reported_at_once() {
    let text = "
kee: winback
variants:
  - {key: a, wieght: -1, weight: -1}
  - {key: a, control: 3, offer: {kind: '', cost: [{event: e}, {event: e, each: 1, weight: 1}]}}
overrides: {b: [1, '']}
traffic: 1.5
metrics:
  - {key: a b, kind: sum, windwo: {to: 1d}}
  - {key: q, kind: retention, event: x, role: primary, margin: 3}
plan: {alpha: 2, target: {}}
";
    let found = parse(text).unwrap_err();
    assert_eq!(
        shown(&found),
        [
            "key: is missing",
            "traffic: 1.5 is not between 0 and 1",
            "variants[0].weight: -1 is negative",
            "variants[0].wieght: unknown field",
            "variants[1].key: \"a\" is already at variants[0].key",
            "variants[1].control: expected true or false, found 3",
            "variants[1].offer.kind: is empty",
            "variants[1].offer.cost[0].weight: is missing, and so is each",
            "variants[1].offer.cost[1].weight: stands beside each",
            "overrides.b: is not the key of a variant",
            "overrides.b[0]: expected text, found 1",
            "overrides.b[1]: is empty",
            "metrics[0].key: has ' ', which a key cannot hold",
            "metrics[0].event: is missing",
            "metrics[0].windwo: unknown field",
            "metrics[1].window.to: is missing: retention and churn are about a stretch of time",
            "metrics[1].margin: belongs to role guardrail",
            "plan.alpha: 2 is not in (0, 0.5]",
            "plan.target.end: is missing, and so is customers_per_arm",
            "kee: unknown field",
        ]
    );
    let line = found.iter().find(|problem| problem.path == "metrics[0].windwo").unwrap().to_string();
    let expected = "metrics[0].windwo: unknown field; mend: did you mean \"window\"? known: key, kind, event";
    assert!(line.starts_with(expected), "{line}");
    let all = Experiment::parse(read_document(text).unwrap()).unwrap_err().to_string();
    assert_eq!(all.lines().count(), found.len());
}

#[test]
fn a_flood_of_problems_is_counted() {
    let fields: Vec<String> = (0..10_000).map(|n| format!("\"variantz{n}\": 1")).collect();
    let found = parse(&format!("{{{}}}", fields.join(","))).unwrap_err();
    assert_eq!(found.len(), 201);
    assert_eq!(found[200].detail, "9802 more problems are not listed", "10,000 fields, no key, no variants");
}

#[test]
fn documents_that_are_no_objects() {
    for (text, found) in [("", "nothing"), ("[1]", "a list"), ("\"x\"", "\"x\""), ("5", "5")] {
        let problems = parse(text).unwrap_err();
        assert_eq!(shown(&problems), [format!(": expected an object, found {found}")]);
        assert!(problems[0].to_string().starts_with("definition: expected"));
    }
}

#[test]
fn keys_and_texts() {
    let of_key = |key: &str| {
        let document = json!({"key": key, "variants": [{"key": "a"}, {"key": "b"}]});
        Experiment::parse(document).map_err(|invalid| invalid.problems[0].detail.clone())
    };
    assert!(of_key("A-Z.a_z-0").is_ok() && of_key(&"k".repeat(128)).is_ok());
    assert_eq!(of_key(&"k".repeat(129)).unwrap_err(), "is 129 bytes long, the most is 128");
    assert_eq!(of_key("a/b").unwrap_err(), "has '/', which a key cannot hold");
    assert_eq!(problems("salt: ''"), ["salt: is empty"]);
    assert_eq!(problems(&format!("salt: {}", "é".repeat(129))), ["salt: is 258 bytes long, the most is 256"]);
    assert_eq!(problems(&format!("hypothesis: {}", "h".repeat(4_097))), ["hypothesis: is too long"]);
    assert_eq!(
        problems("hash: sha1"),
        [
            "hash: \"sha1\" is not one of xxh3, growthbook-js, growthbook-bytes, unleash, planout, eppo, statsig, optimizely"
        ]
    );
    assert_eq!(
        problems("assignment: servr"),
        ["assignment: \"servr\" is not one of server, external, strict"]
    );
    assert_eq!(problems("expose: on_evaluat"), ["expose: \"on_evaluat\" is not one of none, on_evaluate"]);
    let exposing = parse("{key: k, expose: on_evaluate, variants: [{key: a}, {key: b}]}").unwrap();
    assert_eq!(exposing.expose, Expose::OnEvaluate);
    assert_eq!(problems("dimensions: [plan, plan]"), ["dimensions[1]: \"plan\" is already at dimensions[0]"]);
    assert_eq!(problems("dimensions: ['']"), ["dimensions[0]: is empty"]);
    let many: Vec<String> = (0..21).map(|n| format!("d{n}")).collect();
    assert_eq!(problems(&format!("dimensions: [{}]", many.join(","))), ["dimensions: 21 items are too many"]);
    assert_eq!(
        metric_problems("kind: count, event: \"a\\tb\""),
        ["metrics[0].event: has the control character '\\t'"]
    );
}

#[test]
fn variants() {
    let of = |variants: &str| match parse(&format!("{{key: k, variants: {variants}}}")) {
        Ok(_) => vec![],
        Err(problems) => shown(&problems),
    };
    assert_eq!(of("[{key: a}]"), ["variants: fewer than two variants leave nothing to compare"]);
    assert_eq!(of("{a: 1}"), ["variants: expected a list, found an object"]);
    assert_eq!(of("null"), ["variants: is missing"]);
    assert_eq!(
        of("[{key: a, control: true}, {key: b, control: true}]"),
        ["variants[1].control: a second variant says control: true"]
    );
    assert_eq!(
        of("[{key: a, weight: 0}, {key: b, weight: 0}]"),
        ["variants: all weights are 0, so nobody could enter"]
    );
    assert_eq!(
        of("[{key: a, weight: 0}, {key: b}]"),
        ["variants[0].weight: the control has weight 0, so nothing could be compared with it"]
    );
    assert_eq!(of("[{key: a, weight: 0}, {key: b, control: true}]"), [""; 0]);
    assert!(parse("{key: k, assignment: external, variants: [{key: a, weight: 0}, {key: b}]}").is_ok());
    assert_eq!(
        of("[{key: a, weight: 1e-21}, {key: b, weight: 1e10}]"),
        [
            "variants[0].weight: 0.000000000000000000001 is beyond ±1000000000 or has more than 20 decimals",
            "variants[1].weight: 10000000000 is beyond ±1000000000 or has more than 20 decimals",
        ]
    );
    assert_eq!(
        of("[{key: a}, {key: b, offer: {kind: x, per_exposure: -1}}]"),
        ["variants[1].offer.per_exposure: -1 is negative"]
    );
    let many: Vec<String> = (0..101).map(|n| format!("{{key: v{n}}}")).collect();
    assert_eq!(of(&format!("[{}]", many.join(","))), ["variants: 101 items are too many"]);
    assert_eq!(of(&format!("[{}]", many[..100].join(","))), [""; 0]);
}

#[test]
fn overrides() {
    assert_eq!(problems("overrides: {discnt: [a]}"), ["overrides.discnt: is not the key of a variant"]);
    let found = parse("{key: k, variants: [{key: a.b}, {key: b}], overrides: {a.c: []}}").unwrap_err();
    assert_eq!(
        (found[0].path.as_str(), found[0].mend.as_str()),
        ("overrides[\"a.c\"]", "did you mean \"a.b\"?")
    );
    assert_eq!(
        problems("overrides: {control: [qa], discount: [x, qa]}"),
        ["overrides.discount[1]: \"qa\" is already at overrides.control[0]"]
    );
    let long = "é".repeat(129);
    assert_eq!(
        problems(&format!("overrides: {{discount: [{long}]}}")),
        ["overrides.discount[0]: is 258 bytes long, the most is 256"]
    );
    let half = |from: u32| (from..from + 5_001).map(|n| format!("c{n}")).collect::<Vec<_>>().join(",");
    let text = format!("overrides: {{control: [{}], discount: [{}]}}", half(0), half(10_000));
    assert_eq!(problems(&text), ["overrides: 10002 customers are too many"]);
}

#[test]
fn metric_rules() {
    for (metric, expected) in [
        (
            "kind: summ, event: e",
            "metrics[0].kind: \"summ\" is not one of conversion, retention, churn, count, sum, linear, ratio, quantile, nps, survival",
        ),
        ("event: e", "metrics[0].kind: is missing"),
        (
            "kind: sum, event: e, window: {from: 2d, to: 2d}",
            "metrics[0].window.from: 2d is not before the end, 2d",
        ),
        ("kind: sum, event: e, window: {to: 60}", "metrics[0].window.to: expected a span, found 60"),
        (
            "kind: sum, event: e, window: {to: 4000d}",
            "metrics[0].window.to: expected a span of at most 3650d, found \"4000d\"",
        ),
        (
            "kind: churn, event: e",
            "metrics[0].window.to: is missing: retention and churn are about a stretch of time",
        ),
        (
            "kind: sum, event: e, role: primary",
            "metrics[0].window.to: is missing: without an end no day is ever mature, so the metric cannot decide",
        ),
        (
            "kind: sum, event: e, role: guardrail, margin: 0",
            "metrics[0].window.to: is missing: without an end no day is ever mature, so the metric cannot decide",
        ),
        ("kind: sum, event: e, role: guardrail, window: {to: 1d}", "metrics[0].margin: is missing"),
        (
            "kind: sum, event: e, role: guardrail, window: {to: 1d}, margin: -1",
            "metrics[0].margin: -1 is negative",
        ),
        ("kind: sum, event: e, margin: 1", "metrics[0].margin: belongs to role guardrail"),
        ("kind: sum, event: e, min_effect: -0.1", "metrics[0].min_effect: -0.1 is negative"),
        (
            "kind: conversion, event: e, cap: 5",
            "metrics[0].cap: belongs to kinds count, sum and linear: the others are 0 or 1",
        ),
        ("kind: sum, event: e, at_least: 2", "metrics[0].at_least: belongs to kind conversion"),
        (
            "kind: conversion, event: e, at_least: 0",
            "metrics[0].at_least: expected a whole number from 1 to 4294967295, found 0",
        ),
        ("kind: sum, event: e, cap: {low: 2, high: 1}", "metrics[0].cap.low: 2 is not below high, 1"),
        ("kind: sum, event: e, cap: {}", "metrics[0].cap.high: is missing, and so is low"),
        ("kind: sum, event: e, cap: high", "metrics[0].cap: is neither a number nor {low, high}"),
        (
            "kind: sum, event: e, cap: 100000001",
            "metrics[0].cap: 100000001 is beyond ±100000000, where every total ends anyway",
        ),
        (
            "kind: sum, event: e, scale: 0.02",
            "metrics[0].scale: 0.02 is not a power of ten from 0.000000001 to 1",
        ),
        (
            "kind: sum, event: e, scale: 10",
            "metrics[0].scale: 10 is not a power of ten from 0.000000001 to 1",
        ),
        (
            "kind: sum, event: e, covariate: {event: e, lookback: 0d}",
            "metrics[0].covariate.lookback: 0 looks at nothing",
        ),
        ("kind: sum, event: e, covariate: {lookback: 1d}", "metrics[0].covariate.event: is missing"),
        ("kind: sum, event: e, numerator: {}", "metrics[0].numerator: belongs to kind ratio"),
        (
            "kind: ratio, event: e, numerator: {kind: sum, event: e}, denominator: {kind: count, event: e}",
            "metrics[0].event: has no meaning for a ratio as a whole",
        ),
        ("kind: ratio, numerator: {kind: sum, event: e}", "metrics[0].denominator: is missing"),
        (
            "kind: ratio, numerator: {kind: ratio, event: e}, denominator: {kind: count, event: e}",
            "metrics[0].numerator.kind: \"ratio\" is not one of conversion, retention, churn, count, sum, linear",
        ),
        (
            "kind: ratio, numerator: {kind: retention, event: e}, denominator: {kind: count, event: e}",
            "metrics[0].window.to: is missing: retention and churn are about a stretch of time",
        ),
        (
            "kind: ratio, numerator: {kind: sum, event: e}, denominator: {kind: count, event: e}, \
             covariates: [{event: e, lookback: 1d}, {event: e, lookback: 2d}]",
            "metrics[0].covariates: 2 are too many for a ratio, which takes one",
        ),
        (
            "kind: sum, event: e, covariate: {event: e, lookback: 1d}, covariates: []",
            "metrics[0].covariates: stands beside covariate",
        ),
        (
            "kind: sum, event: e, covariates: [{event: e, lookback: 1d}, {lookback: 1d}]",
            "metrics[0].covariates[1].event: is missing",
        ),
        (
            "kind: sum, event: e, covariates: [1, 2, 3, 4, 5, 6]",
            "metrics[0].covariates: 6 items are too many",
        ),
        ("kind: sum, event: e, evnt: e", "metrics[0].evnt: unknown field"),
        ("kind: sum, event: e, terms: []", "metrics[0].terms: belongs to kind linear"),
        ("kind: count, event: e, discount: 1", "metrics[0].discount: belongs to kind linear"),
        ("kind: quantile, q: 0.5", "metrics[0].of: is missing"),
        ("kind: quantile, of: {kind: sum, event: e}", "metrics[0].q: is missing"),
        ("kind: quantile, of: {kind: sum, event: e}, q: 1", "metrics[0].q: 1 is not between 0 and 1"),
        (
            "kind: quantile, of: {kind: conversion, event: e}, q: 0.5",
            "metrics[0].of: is 0 or 1, so no quantile says anything",
        ),
        (
            "kind: quantile, of: {kind: sum, event: e}, q: 0.5, covariates: []",
            "metrics[0].covariates: has no meaning for kind quantile",
        ),
        ("kind: sum, event: e, q: 0.5", "metrics[0].q: belongs to kind quantile"),
        (
            "kind: quantile, of: {kind: linear, terms: [{event: e, each: 1}], discount: {per_year: 1}}, q: 0.5",
            "metrics[0].window.to: is missing: a discounted value needs a horizon",
        ),
        ("kind: survival, horizon: 9d", "metrics[0].event: is missing, and so is inactive"),
        (
            "kind: survival, event: e, inactive: {event: e, for: 1d}, horizon: 9d",
            "metrics[0].inactive: stands beside event",
        ),
        ("kind: survival, inactive: {event: e}, horizon: 9d", "metrics[0].inactive.for: is missing"),
        ("kind: survival, event: 5, horizon: 9d", "metrics[0].event: expected text, found 5"),
        (
            "kind: survival, inactive: {event: e, for: 0d}, horizon: 9d",
            "metrics[0].inactive.for: 0 is no silence",
        ),
        ("kind: survival, event: e, role: primary", "metrics[0].horizon: is missing"),
        ("kind: survival, event: e, horizon: 36h", "metrics[0].horizon: 36h is not a whole number of days"),
        (
            "kind: survival, event: e, horizon: 9d, window: {to: 9d}",
            "metrics[0].window: has a start or an end, where survival has its horizon",
        ),
        ("kind: survival, event: e, horizon: 9d, cap: 1", "metrics[0].cap: has no meaning for kind survival"),
        ("kind: sum, event: e, horizon: 9d", "metrics[0].horizon: belongs to kind survival"),
        ("kind: nps, event: e, inactive: 9d", "metrics[0].inactive: has no meaning for kind nps"),
        ("kind: nps", "metrics[0].event: is missing"),
        ("kind: nps, event: e, cap: 1", "metrics[0].cap: has no meaning for kind nps"),
        (
            "kind: nps, event: e, covariate: {event: e, lookback: 1d}",
            "metrics[0].covariate: has no meaning for kind nps",
        ),
        ("kind: nps, event: e, scale: 1", "metrics[0].scale: has no meaning for kind nps"),
        ("kind: linear", "metrics[0].terms: is missing"),
        ("kind: linear, terms: []", "metrics[0].terms: is empty"),
        (
            "kind: linear, event: e, terms: [{event: e, each: 1}]",
            "metrics[0].event: has no meaning for a linear measure",
        ),
        ("kind: linear, terms: [{event: e}]", "metrics[0].terms[0].weight: is missing, and so is each"),
        (
            "kind: linear, terms: [{event: e, weight: 1, each: 1}]",
            "metrics[0].terms[0].each: stands beside weight",
        ),
        (
            "kind: linear, terms: [{event: e, weight: 0.123456789012}]",
            "metrics[0].terms[0].weight: 0.123456789012 has more than 11 digits",
        ),
        (
            "kind: linear, terms: [{event: e, weight: 1}], discount: {per_year: 11}, window: {to: 1d}",
            "metrics[0].discount.per_year: 11 is above 10",
        ),
        (
            "kind: linear, terms: [{event: e, weight: 1}], discount: {}, window: {to: 1d}",
            "metrics[0].discount.per_year: is missing",
        ),
        (
            "kind: linear, terms: [{event: e, weight: 1}], discount: {per_year: 0.1}",
            "metrics[0].window.to: is missing: a discounted value needs a horizon",
        ),
        (
            "kind: ratio, terms: [], numerator: {kind: sum, event: e}, denominator: {kind: count, event: e}",
            "metrics[0].terms: has no meaning for a ratio as a whole",
        ),
    ] {
        assert_eq!(metric_problems(metric), [expected], "{metric}");
    }
    assert_eq!(
        problems("metrics: [{key: m, kind: count, event: e}, {key: m, kind: count, event: e}]"),
        ["metrics[1].key: \"m\" is already at metrics[0].key"]
    );
    let many = vec!["1"; 101].join(",");
    assert_eq!(problems(&format!("metrics: [{many}]")), ["metrics: 101 items are too many"]);
}

#[test]
fn plan_rules() {
    for (plan, expected) in [
        ("alpha: 0", "plan.alpha: 0 is not in (0, 0.5]"),
        ("alpha: 0.51", "plan.alpha: 0.51 is not in (0, 0.5]"),
        ("alpha: five", "plan.alpha: expected a number, found \"five\""),
        ("sides: three", "plan.sides: \"three\" is not one of one, two"),
        (
            "method: fixd",
            "plan.method: \"fixd\" is not one of fixed, always_valid, group_sequential, bayesian",
        ),
        ("min_days: -1", "plan.min_days: expected a whole number from 0 to 3650, found -1"),
        ("min_days: 1.5", "plan.min_days: expected a whole number from 0 to 3650, found 1.5"),
        ("cuped: yes", "plan.cuped: expected true or false, found \"yes\""),
        ("target: 5", "plan.target: expected an object, found 5"),
        ("target: {end: 2026-13-01}", "plan.target.end: expected a day, found \"2026-13-01\""),
        (
            "target: {end: 2026-12-31, customers_per_arm: 5}",
            "plan.target.end: stands beside customers_per_arm",
        ),
        (
            "target: {customers_per_arm: 0}",
            "plan.target.customers_per_arm: expected a whole number from 1 to 100000000, found 0",
        ),
    ] {
        assert_eq!(problems(&format!("plan: {{{plan}}}")), [expected], "{plan}");
    }
    let ends = plan("target: {end: 2026-12-31}, alpha: 0.5");
    assert_eq!(ends.target, Some(Target::End("2026-12-31".parse().unwrap())));
    assert_eq!(ends.alpha, 0.5);
}

#[test]
fn strata_are_dimensions_of_the_experiment() {
    let with = |dimensions: &str, stratify: &str| {
        format!(
            "{{key: k, variants: [{{key: a}}, {{key: b}}], dimensions: {dimensions}, plan: {{stratify: {stratify}}}}}"
        )
    };
    let four = "[plan, country, {segment: vip}, tenure]";
    let several = parse(&with(four, "['segment:vip', plan]")).unwrap();
    assert_eq!(several.plan.stratify, ["segment:vip", "plan"]);
    let slots = |experiment: &Experiment| -> Vec<String> {
        let names = |slot: &Vec<&Dimension>| -> Vec<String> {
            slot.iter().map(|dimension| dimension.name().into_owned()).collect()
        };
        experiment.slots().iter().map(|slot| names(slot).join("+")).collect()
    };
    assert_eq!(slots(&several), ["plan", "country", "segment:vip", "tenure", "segment:vip+plan"]);
    let one = parse(&with(four, "[country]")).unwrap();
    assert_eq!(slots(&one), ["plan", "country", "segment:vip", "tenure"]);

    for (dimensions, stratify, expected, mend) in [
        (
            four,
            "[contry]",
            "plan.stratify[0]: \"contry\" is not one of the experiment's dimensions",
            "did you mean \"country\"?",
        ),
        (
            four,
            "[plan, vip]",
            "plan.stratify[1]: \"vip\" is not one of the experiment's dimensions",
            "add it to dimensions, or name one of them: plan, country, segment:vip, tenure",
        ),
        (
            "[]",
            "[plan]",
            "plan.stratify[0]: \"plan\" is not one of the experiment's dimensions",
            "list it under dimensions",
        ),
        (
            four,
            "[plan, plan]",
            "plan.stratify[1]: \"plan\" is already at plan.stratify[0]",
            "choose another name",
        ),
        (four, "[]", "plan.stratify: names no dimension", "leave it out, or name one: stratify: [plan]"),
        (four, "plan", "plan.stratify: expected a list, found \"plan\"", "write a list: [ … ]"),
        (four, "[7]", "plan.stratify[0]: expected text, found 7", "put it in quotes: \"7\""),
        (four, "[a, b, c, d, e, f]", "plan.stratify: 6 items are too many", "keep to at most 5"),
        // Of dimensions that are wrong themselves nothing more is said.
        (
            "[plan, plan]",
            "[country]",
            "dimensions[1]: \"plan\" is already at dimensions[0]",
            "choose another name",
        ),
    ] {
        let found = parse(&with(dimensions, stratify)).unwrap_err();
        let [problem] = &found[..] else { panic!("{found:?}") };
        assert_eq!(format!("{}: {}", problem.path, problem.detail), expected);
        assert_eq!(problem.mend, mend);
    }

    let refused = allowed_while_running(&one, &several).unwrap_err();
    assert_eq!(refused.iter().map(|problem| &*problem.path).collect::<Vec<_>>(), ["plan"]);
}

fn plan(fields: &str) -> Plan {
    parse(&format!("{{key: k, variants: [{{key: a}}, {{key: b}}], plan: {{{fields}}}}}")).unwrap().plan
}

#[test]
fn each_method_reads_its_own_fields() {
    let sequential =
        plan("method: group_sequential, looks: [0.25, 0.5, 1], spending: {power: 3}, tuning: 500");
    assert_eq!(
        sequential,
        Plan {
            method: Method::GroupSequential,
            correction: Correction::Bonferroni,
            looks: vec![0.25, 0.5, 1.0],
            spending: Spending::Power(3.0),
            tuning: Some(500),
            ..Plan::default()
        }
    );
    assert_eq!(plan("method: group_sequential, looks: [1], spending: pocock").spending, Spending::Pocock);
    assert_eq!(plan("method: group_sequential, looks: [1]").spending, Spending::ObrienFleming);
    let anytime = plan("method: always_valid, correction: benjamini_yekutieli, sides: one");
    assert_eq!((anytime.method, anytime.sides), (Method::AlwaysValid, Sides::One));
    assert_eq!(anytime.correction, Correction::BenjaminiYekutieli);
    assert_eq!(plan("method: always_valid").correction, Correction::Holm);
    let bayesian = plan(
        "method: bayesian, prior: {relative_sd: 0.3, alpha: 20, beta: 80}, ship: {chance: 0.95, max_loss: 0.001}",
    );
    assert_eq!(
        bayesian,
        Plan {
            method: Method::Bayesian,
            correction: Correction::None,
            prior: Prior { relative_sd: Some(0.3), rate: Some(BetaShape { alpha: 20.0, beta: 80.0 }) },
            ship: Some(Ship { chance: 0.95, max_loss: 0.001 }),
            ..Plan::default()
        }
    );
    let tunings =
        ["tuning: 800, target: {customers_per_arm: 90}", "target: {customers_per_arm: 90}", "alpha: 0.1"];
    assert_eq!(tunings.map(|fields| plan(fields).tuning_customers()), [800, 90, 5_000]);
}

#[test]
fn a_method_allows_the_corrections_under_which_it_keeps_its_promise() {
    let all = [
        "none",
        "bonferroni",
        "sidak",
        "holm",
        "holm_sidak",
        "hochberg",
        "hommel",
        "benjamini_hochberg",
        "benjamini_yekutieli",
    ];
    let allowed: [(&str, &[&str]); 4] = [
        ("fixed", &all),
        ("always_valid", &["none", "bonferroni", "holm", "benjamini_yekutieli"]),
        ("group_sequential", &["bonferroni"]),
        ("bayesian", &["none"]),
    ];
    for (method, allowed) in allowed {
        for correction in all {
            let fields = format!("method: {method}, correction: {correction}");
            if allowed.contains(&correction) {
                plan(&fields);
            } else {
                let expected = format!("plan.correction: method {method} keeps no promise with it");
                assert_eq!(problems(&format!("plan: {{{fields}}}")), [expected]);
            }
        }
    }
}

#[test]
fn a_plan_holds_nothing_that_its_method_does_not_read() {
    for (plan, expected) in [
        ("looks: [1]", "plan.looks: belongs to method group_sequential"),
        ("method: always_valid, spending: pocock", "plan.spending: belongs to method group_sequential"),
        ("method: always_valid, prior: {relative_sd: 0.3}", "plan.prior: belongs to method bayesian"),
        ("ship: {chance: 0.9, max_loss: 1}", "plan.ship: belongs to method bayesian"),
        ("method: bayesian, sides: one", "plan.sides: method bayesian has none: it asks who wins"),
        (
            "method: always_valid, sides: one, alpha: 0.5",
            "plan.alpha: always_valid with one side needs a chance below 0.5",
        ),
        ("method: group_sequential, looks: []", "plan.looks: does not rise from above 0 to 1"),
        ("method: group_sequential, looks: [0, 1]", "plan.looks: does not rise from above 0 to 1"),
        ("method: group_sequential, looks: [0.5, 0.5, 1]", "plan.looks: does not rise from above 0 to 1"),
        ("method: group_sequential, looks: [0.5, 0.9]", "plan.looks: does not rise from above 0 to 1"),
        ("method: group_sequential, looks: [0.5, 1.1]", "plan.looks[1]: 1.1 is not between 0 and 1"),
        (
            "method: group_sequential, spending: linear",
            "plan.spending: \"linear\" is not one of obrien_fleming, pocock",
        ),
        ("method: group_sequential, spending: {}", "plan.spending.power: is missing"),
        (
            "method: group_sequential, spending: {power: 0}",
            "plan.spending.power: 0 is not between 0.1 and 20",
        ),
        ("tuning: 0", "plan.tuning: expected a whole number from 1 to 200000000, found 0"),
        (
            "method: bayesian, prior: {relative_sd: 0}",
            "plan.prior.relative_sd: 0 is not between 0.000001 and 1000",
        ),
        ("method: bayesian, prior: {alpha: 1}", "plan.prior.beta: is missing beside alpha"),
        ("method: bayesian, prior: {beta: 1}", "plan.prior.alpha: is missing beside beta"),
        ("method: bayesian, ship: {chance: 0.95}", "plan.ship.max_loss: is missing"),
        (
            "method: bayesian, ship: {chance: 0.5, max_loss: 1}",
            "plan.ship.chance: 0.5 is not between 0.5 and 1",
        ),
        ("method: bayesian, ship: {chance: 0.9, max_loss: 0}", "plan.ship.max_loss: 0 is not above 0"),
    ] {
        assert_eq!(problems(&format!("plan: {{{plan}}}")), [expected], "{plan}");
    }
}

#[test]
fn starting_demands_what_decides() {
    let missing = |rest: &str| {
        let text = format!("key: k\nvariants: [{{key: a}}, {{key: b}}]\n{rest}");
        let problems = parse(&text).unwrap().ready_to_start();
        problems.into_iter().map(|problem| problem.path).collect::<Vec<_>>()
    };
    let target = "plan: {target: {customers_per_arm: 10}}";
    let primary = "{key: m, kind: count, event: e, window: {to: 1d}, role: primary}";
    let ratio = "{key: r, kind: ratio, numerator: {kind: sum, event: e}, denominator: {kind: count, event: e}, window: {to: 1d}, role: primary}";
    assert_eq!(missing(""), ["metrics", "plan.target"]);
    assert_eq!(missing(&format!("metrics: [{primary}]")), ["plan.target"]);
    let plan = |fields: &str| missing(&format!("metrics: [{primary}]\nplan: {{{fields}}}"));
    assert_eq!(plan("method: always_valid"), [""; 0]);
    assert_eq!(plan("method: group_sequential"), ["plan.target", "plan.looks"]);
    assert_eq!(plan("method: group_sequential, looks: [0.5, 1], target: {end: 2026-12-31}"), [""; 0]);
    assert_eq!(plan("method: bayesian"), ["plan.ship"]);
    assert_eq!(missing(&format!("metrics: [{ratio}]\n{target}")), ["metrics"]);
    assert_eq!(missing(&format!("metrics: [{ratio}, {primary}]\n{target}")), [""; 0]);
}

#[test]
fn a_version_is_the_document_without_overrides() {
    let experiment = parse(WINBACK).unwrap();
    assert!(experiment.document.get("overrides").is_none());
    let mut again = Experiment::parse(experiment.document.clone()).unwrap();
    assert_eq!(again.version_hash(), experiment.version_hash());
    assert_eq!((again.states_overrides, experiment.states_overrides), (false, true));
    again.overrides.clone_from(&experiment.overrides);
    again.states_overrides = true;
    assert_eq!(again, experiment);

    let other_lists = parse(&WINBACK.replace("[qa-1]", "[qa-2, qa-3]")).unwrap();
    assert_eq!(other_lists.version_hash(), experiment.version_hash());
    let other_traffic = parse(&WINBACK.replace("traffic: 0.5", "traffic: 0.6")).unwrap();
    assert_ne!(other_traffic.version_hash(), experiment.version_hash());
    // Made with Python: xxhash.xxh3_64_hexdigest(b'{"key":"k","variants":[{"key":"a"},{"key":"b"}]}').
    let smallest = parse("{variants: [{key: a}, {key: b}], key: k}").unwrap();
    assert_eq!(format!("{:016x}", smallest.version_hash()), "2fde26281ac31ae2");
}

#[test]
fn running_experiments_change_only_a_little() {
    let old = parse(WINBACK).unwrap();
    let changed = |from: &str, to: &str| {
        assert!(WINBACK.contains(from), "{from}");
        let new = parse(&WINBACK.replace(from, to)).unwrap();
        match allowed_while_running(&old, &new) {
            Ok(()) => vec![],
            Err(problems) => shown(&problems),
        }
    };
    assert_eq!(changed("traffic: 0.5", "traffic: 0.7"), [""; 0]);
    assert_eq!(changed("[qa-1]", "[qa-1, qa-2]"), [""; 0]);
    assert_eq!(changed("A 20 %", "A 25 %"), [""; 0]);
    let by_phase = "weights, variants and audience change only by a new phase: not supported yet";
    assert_eq!(
        changed("{key: control, weight: 1}", "{key: control, weight: 2}"),
        [format!("variants: {by_phase}")]
    );
    assert_eq!(changed("percent: 20", "percent: 25"), [format!("variants: {by_phase}")]);
    assert_eq!(changed("key: discount,", "key: discount, control: true,"), [format!("variants: {by_phase}")]);
    assert_eq!(changed("key: winback_2026", "key: other\nsalt: winback_2026"), ["key: is frozen at start"]);
    assert_eq!(changed("hash: xxh3", "salt: other"), ["salt: is frozen at start"]);
    assert_eq!(changed("assignment: server", "assignment: strict"), ["assignment: is frozen at start"]);
    assert_eq!(changed("hash: xxh3", "hash: xxh3\nexpose: on_evaluate"), ["expose: is frozen at start"]);
    assert_eq!(changed("[plan, country]", "[plan]"), ["dimensions: is frozen at start"]);
    assert_eq!(changed("alpha: 0.05", "alpha: 0.1"), ["plan: is frozen at start"]);
    assert_eq!(changed("margin: 0.35", "margin: 0.4"), ["economics: is frozen at start"]);
    // Secondary metrics come, go, change and move; what decides stays.
    assert_eq!(changed("cap: 500", "cap: 600"), [""; 0]);
    let revenue = "  - {key: revenue, kind: sum, event: order, window: {to: 60d}, cap: 500, covariate: {event: order, lookback: 90d}}\n";
    assert_eq!(changed(revenue, ""), [""; 0]);
    let logins = "{key: logins, kind: count, event: login, window: {to: 60d}";
    let more = |metric: &str| changed("metrics:\n", &format!("metrics:\n  - {metric}\n"));
    assert_eq!(more(&format!("{logins}}}")), [""; 0]);
    assert_eq!(
        more(&format!("{logins}, role: primary}}")),
        ["metrics[0].role: \"logins\" is new: what decides is frozen at start"]
    );
    assert_eq!(
        more(&format!("{logins}, role: guardrail, margin: 1}}")),
        ["metrics[0].role: \"logins\" is new: what decides is frozen at start"]
    );
    assert_eq!(
        changed("cap: 500", "cap: 500, role: primary"),
        ["metrics[1].role: \"revenue\" was secondary at start: what decides is frozen at start"]
    );
}

#[test]
fn what_decides_stays_field_by_field() {
    const METRICS: [(&str, &str); 7] = [
        (
            "m",
            "kind: sum, event: e, cap: 5, window: {to: 2d}, covariate: {event: e, lookback: 9d, kind: sum}, scale: 0.01, min_effect: 1",
        ),
        ("net", "kind: linear, terms: [{event: e, weight: 2}], discount: {per_year: 0.1}, window: {to: 2d}"),
        ("nps", "kind: nps, event: e, window: {to: 2d}"),
        ("p90", "kind: quantile, of: {kind: sum, event: e}, q: 0.9, window: {to: 2d}"),
        ("gone", "kind: survival, event: e, horizon: 9d"),
        ("quiet", "kind: survival, inactive: {event: e, for: 2d}, horizon: 9d"),
        (
            "safe",
            "kind: ratio, numerator: {kind: sum, event: e}, denominator: {kind: count, event: e}, window: {to: 2d}",
        ),
    ];
    let text = |metrics: &[String]| {
        format!(
            "key: k\nvariants: [{{key: a}}, {{key: b}}]\nmetrics: [{}]\nplan: {{target: {{customers_per_arm: 9}}}}",
            metrics.join(", ")
        )
    };
    let written = |(key, rest): &(&str, &str)| {
        let role = if *key == "safe" { "role: guardrail, margin: 1" } else { "role: primary" };
        format!("{{key: {key}, {rest}, {role}}}")
    };
    let metrics: Vec<String> = METRICS.iter().map(written).collect();
    let old = parse(&text(&metrics)).unwrap();
    let refused = |metrics: &[String]| {
        let new = parse(&text(metrics)).unwrap_or_else(|problems| panic!("{metrics:?}: {problems:?}"));
        allowed_while_running(&old, &new).err().unwrap_or_default()
    };
    assert_eq!(refused(&metrics), []);
    for (index, from, to, fields) in [
        (0, "kind: sum, event: e, cap", "kind: count, event: e, cap", "kind"),
        (2, "kind: nps", "kind: count", "kind"),
        (0, "event: e, cap", "event: f, cap", "event"),
        (0, "cap: 5", "cap: 6", "cap"),
        (0, "to: 2d", "to: 3d", "window"),
        (0, "9d", "8d", "covariates"),
        (0, "scale: 0.01", "scale: 0.1", "scale"),
        (0, "min_effect: 1", "min_effect: 2", "min_effect"),
        (0, "role: primary", "role: secondary", "role"),
        (0, "role: primary", "role: primary, direction: down", "direction"),
        (1, "weight: 2", "weight: 3", "terms"),
        (1, "0.1", "0.2", "discount"),
        (1, "window", "cap: 9, window", "cap"),
        (2, "event: e", "event: f", "event"),
        (3, "event: e", "event: f", "of"),
        (3, "q: 0.9", "q: 0.8", "q"),
        (4, "event: e", "event: f", "event"),
        (4, "horizon: 9d", "horizon: 8d", "horizon"),
        (5, "for: 2d", "for: 3d", "inactive"),
        (6, "kind: sum", "kind: count", "numerator"),
        (6, "denominator: {kind: count, event: e", "denominator: {kind: count, event: f", "denominator"),
        (6, "margin: 1", "margin: 2", "margin"),
    ] {
        let mut changed = metrics.clone();
        assert!(changed[index].contains(from), "{from}");
        changed[index] = changed[index].replace(from, to);
        let paths: Vec<String> = refused(&changed).into_iter().map(|problem| problem.path).collect();
        assert_eq!(paths, [format!("metrics[{index}].{fields}")], "{from} -> {to}");
    }
    assert_eq!(
        shown(&refused(&metrics[1..])),
        ["metrics: \"m\" is missing: it decides, and is frozen at start"]
    );
    // What economics count by stays, whatever its role.
    let with_economics = |kept: &str| {
        let kept = format!("{{key: kept, kind: retention, event: {kept}, window: {{to: 9d}}}}");
        text(&[metrics[0].clone(), kept]) + "\neconomics: {kept: kept, window: {to: 9d}}"
    };
    let [old_economics, new_economics] = ["e", "f"].map(|event| parse(&with_economics(event)).unwrap());
    assert_eq!(
        shown(&allowed_while_running(&old_economics, &new_economics).unwrap_err()),
        ["metrics[1].event: \"kept\" says who is kept, and is frozen at start"]
    );
    let mut turned = metrics.clone();
    turned.swap(0, 1);
    let problems = refused(&turned);
    assert_eq!(shown(&problems), ["metrics: the order of the metrics that decide is frozen at start"]);
    assert_eq!(problems[0].mend, "keep them in the order m, net, nps, p90, gone, quiet, safe");
}

#[test]
fn life_cycle() {
    use Status::{Archived, Concluded, Draft, Running, Stopped};
    let steps = [
        LifecycleStep::Start,
        LifecycleStep::Stop,
        LifecycleStep::Conclude { variant: "discount".to_owned() },
        LifecycleStep::Archive,
    ];
    // Start, stop, conclude, archive; a dash is a refusal.
    let table = [
        (Draft, [Some(Running), None, None, Some(Archived)]),
        (Running, [Some(Running), Some(Stopped), None, None]),
        (Stopped, [None, Some(Stopped), Some(Concluded), Some(Archived)]),
        (Concluded, [None, Some(Concluded), Some(Concluded), Some(Archived)]),
        (Archived, [None, None, None, Some(Archived)]),
    ];
    for (status, expected) in table {
        for (step, expected) in steps.iter().zip(expected) {
            assert_eq!(status.after(step).ok(), expected, "{status:?} {step:?}");
        }
    }
    let error = Running.after(&steps[2]).unwrap_err();
    assert_eq!(error.to_string(), "cannot conclude an experiment that is running; mend: stop it first");
    assert_eq!(serde_json::to_value(&steps[2]).unwrap(), json!({"step": "conclude", "variant": "discount"}));
}

/// Any JSON, with the language's own words among its names and texts.
fn any_json() -> impl Strategy<Value = Value> {
    const WORDS: [&str; 40] = [
        "key",
        "variants",
        "metrics",
        "plan",
        "overrides",
        "dimensions",
        "traffic",
        "salt",
        "hash",
        "assignment",
        "weight",
        "control",
        "payload",
        "offer",
        "cost",
        "each",
        "event",
        "kind",
        "window",
        "from",
        "to",
        "cap",
        "low",
        "high",
        "role",
        "margin",
        "covariate",
        "lookback",
        "numerator",
        "denominator",
        "alpha",
        "target",
        "customers_per_arm",
        "end",
        "sum",
        "ratio",
        "retention",
        "primary",
        "30d",
        "layer",
    ];
    let word =
        || prop_oneof![4 => prop::sample::select(&WORDS[..]).prop_map(str::to_owned), 1 => "\\PC{0,9}"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0.0..2.0).prop_map(Value::from),
        word().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(word(), inner, 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Puts `value` in the place of the `n`-th part of `document`.
fn replace(document: &mut Value, n: &mut usize, value: &Value) {
    if *n == 0 {
        *document = value.clone();
        *n = usize::MAX;
        return;
    }
    *n -= 1;
    match document {
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, n, value)),
        Value::Object(fields) => fields.values_mut().for_each(|field| replace(field, n, value)),
        _ => {}
    }
}

fn sound_or_with_problems(document: Value) -> Result<(), TestCaseError> {
    match Experiment::parse(document) {
        Ok(experiment) => {
            let again = Experiment::parse(experiment.document.clone()).unwrap();
            let mut expected = experiment;
            expected.overrides.clear();
            expected.states_overrides = false;
            prop_assert_eq!(again, expected);
        }
        Err(invalid) => {
            prop_assert!(!invalid.problems.is_empty());
            prop_assert!(invalid.problems.iter().all(|p| !p.detail.is_empty() && !p.mend.is_empty()));
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_document_is_read_or_refused(document in any_json()) {
        sound_or_with_problems(document)?;
    }

    #[test]
    fn any_change_of_the_sample_is_read_or_refused(value in any_json(), n in 0_usize..140) {
        let mut document = read_document(WINBACK).unwrap();
        replace(&mut document, &mut { n }, &value);
        sound_or_with_problems(document)?;
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[\\PC\n\t{}\\[\\]:,\"'&*!|>%@#-]{0,80}") {
        if let Err(error) = read_document(&text) {
            prop_assert!(error.to_string().contains("mend: "));
        }
    }

    #[test]
    fn a_document_means_the_same_in_json_and_yaml(document in any_json()) {
        // JSON is YAML; the comment makes it be read as that.
        prop_assert_eq!(read_document(&document.to_string()), Ok(document.clone()));
        prop_assert_eq!(read_document(&format!("# as YAML\n{document}")), Ok(document.clone()));
    }
}
