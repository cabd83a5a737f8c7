//! Who may enter: audiences, segments, layers, prerequisites; and other systems' hashes in definitions.

use std::sync::Arc;

use experiment_core::assignment::compat::growthbook::{self, BucketRange, HashVersion, Units};
use experiment_core::assignment::compat::{eppo, optimizely, planout, statsig, unleash};
use experiment_core::assignment::{
    Allocation, CompileError, CompiledExperiment, Customer, Decision, MAX_PREREQUISITE_DEPTH, NoMemory,
    NotAssignedReason, Placement, PlacementError, Reason, Snapshot, assign, assign_all, explain,
};
use experiment_core::decimal::Decimal;
use experiment_core::definition::{
    Catalog, Experiment, LayerRange, Problem, Status, free_ranges, read_document,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const CATALOG: &str = include_str!("../../examples/catalog.yaml");

fn parse(text: &str) -> Arc<Experiment> {
    let document = read_document(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    Arc::new(Experiment::parse(document).unwrap_or_else(|error| panic!("{error}\n{text}")))
}

fn problems(text: &str) -> Vec<Problem> {
    Experiment::parse(read_document(text).unwrap()).expect_err(text).problems
}

fn catalog(text: &str) -> Catalog {
    Catalog::parse(read_document(text).unwrap()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn try_snapshot(texts: &[&str], catalog: &Catalog) -> Result<Snapshot, CompileError> {
    let running: Vec<_> = texts.iter().map(|text| (parse(text), Status::Running, 1, None)).collect();
    Snapshot::in_catalog(&running, catalog)
}

fn snapshot(texts: &[&str]) -> Snapshot {
    try_snapshot(texts, &Catalog::default()).unwrap()
}

fn attributes(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap()
}

fn not_assigned(reason: NotAssignedReason) -> Decision {
    Decision::NotAssigned(reason)
}

#[test]
fn an_audience_lets_in_whom_it_means() {
    let text = "{key: k, audience: {plan: basic, tenure_days: {$gt: 30}}, variants: [{key: a}, {key: b}]}";
    let snapshot = snapshot(&[text]);
    let experiment = snapshot.get("k").unwrap();
    let decide =
        |value: Value| assign(experiment, Customer::new("c").with_attributes(attributes(&value)), &NoMemory);
    assert!(decide(json!({"plan": "basic", "tenure_days": 31})).variant().is_some());
    let outside = not_assigned(NotAssignedReason::Audience);
    assert_eq!(decide(json!({"plan": "pro", "tenure_days": 31})), outside);
    assert_eq!(decide(json!({"plan": "basic"})), outside, "missing is not in");
    assert_eq!(decide(json!({"plan": ["basic"], "tenure_days": "no number"})), outside, "never an error");
    assert_eq!(assign(experiment, Customer::new("c"), &NoMemory), outside);
    // Whoever met a variant keeps it, whatever the audience says now.
    let remembered = |_: &CompiledExperiment| Some(1);
    let sticky = Decision::Assigned { variant: 1, reason: Reason::Sticky };
    assert_eq!(assign(experiment, Customer::new("c"), &remembered), sticky);
}

#[test]
fn comparisons_do_not_hold_for_what_is_missing() {
    let nothing = json!({"other": 1});
    for (condition, holds) in [
        (json!({"age": {"$lt": 18}}), false),
        (json!({"age": {"$lte": 0}}), false),
        (json!({"age": 0}), false),
        (json!({"age": "null"}), false),
        (json!({"age": {"$regex": "n"}}), false),
        (json!({"version": {"$vlt": "1.0.0"}}), false),
        (json!({"age": null}), true),
        (json!({"age": {"$exists": false}}), true),
        (json!({"age": {"$ne": 18}}), true),
        (json!({"age": {"$nin": [18]}}), true),
        (json!({"age": {"$not": {"$gt": 18}}}), true),
    ] {
        let text = json!({"key": "k", "audience": condition, "variants": [{"key": "a"}, {"key": "b"}]});
        let snapshot = snapshot(&[&text.to_string()]);
        let customer = Customer::new("c").with_attributes(attributes(&nothing));
        let decision = assign(snapshot.get("k").unwrap(), customer, &NoMemory);
        assert_eq!(decision.variant().is_some(), holds, "{condition}");
    }
}

#[test]
fn the_winner_is_for_the_audience() {
    let text =
        "{key: k, traffic: 0, audience: {plan: basic}, variants: [{key: a}, {key: b}], overrides: {a: [qa]}}";
    let experiment = CompiledExperiment::new(parse(text), Status::Concluded, 1, Some(1)).unwrap();
    let basic = json!({"plan": "basic"});
    let decide = |customer| assign(&experiment, customer, &NoMemory);
    let winner = Decision::Assigned { variant: 1, reason: Reason::Concluded };
    assert_eq!(decide(Customer::new("c").with_attributes(attributes(&basic))), winner);
    assert_eq!(decide(Customer::new("c")), not_assigned(NotAssignedReason::Audience));
    assert_eq!(decide(Customer::new("qa")), Decision::Assigned { variant: 0, reason: Reason::Override });
}

#[test]
fn the_shipped_segments_mean_whom_they_say() {
    let shipped = catalog(CATALOG);
    let within = |segment: &str, value: Value| {
        shipped.scope().is_in_segment(segment, "c", Some(attributes(&value))).unwrap()
    };
    assert!(within("new", json!({"tenure_days": 0})) && !within("new", json!({"tenure_days": 30})));
    assert!(!within("new", json!({})), "a customer of unknown tenure is not new");
    let lapsed = json!({"days_since_order": 61, "orders_365d": 2});
    assert!(within("at_risk", lapsed.clone()) && !within("active", lapsed));
    assert!(within("active", json!({"days_since_order": 3, "orders_365d": 2})));
    assert!(within("vip", json!({"orders_365d": 12})) && within("vip", json!({"value_365d": 500.5})));
    assert!(!within("vip", json!({"orders_365d": 11, "value_365d": 499})));
    assert_eq!(shipped.scope().is_in_segment("nobody", "c", None), None);
    assert_eq!(shipped.layer_salt("winback"), "winback-2026");
    assert_eq!(shipped.layer_salt("other"), "other");
}

#[test]
fn audiences_name_segments_and_groups() {
    let shared = catalog(CATALOG);
    let audiences = [
        ("{segment: at_risk}", true),
        ("{segment: {$in: [new, at_risk]}}", true),
        ("{segment: {$all: [vip, at_risk]}}", false),
        ("{segment: {$nin: [vip]}}", true),
        ("{segment: {$ne: at_risk}}", false),
        ("{$not: {segment: vip}, id: {$notInGroup: staff}}", true),
        ("{id: {$inGroup: staff}}", false),
        ("{$or: [{segment: vip}, {country: PL}]}", true),
    ];
    let customer = json!({"days_since_order": 90, "orders_365d": 3, "country": "PL"});
    for (audience, holds) in audiences {
        let text = format!("{{key: k, audience: {audience}, variants: [{{key: a}}, {{key: b}}]}}");
        let snapshot = try_snapshot(&[&text], &shared).unwrap();
        let customer = Customer::new("c").with_attributes(attributes(&customer));
        let decision = assign(snapshot.get("k").unwrap(), customer, &NoMemory);
        assert_eq!(decision.variant().is_some(), holds, "{audience}");
    }
    let staff = "{key: k, audience: {id: {$inGroup: staff}}, variants: [{key: a}, {key: b}]}";
    let snapshot = try_snapshot(&[staff], &shared).unwrap();
    let decide = |id| assign(snapshot.get("k").unwrap(), Customer::new(id), &NoMemory).variant();
    assert!(decide("staff-1").is_some() && decide("anna").is_none(), "the id is an attribute of everybody");
}

#[test]
fn what_an_audience_names_must_be_there() {
    let shared = catalog(CATALOG);
    let text = "{key: k, audience: {segment: at_rsk, id: {$inGroup: stff}}, variants: [{key: a}, {key: b}]}";
    let missing = parse(text).audience.as_ref().unwrap().missing_from(shared.scope());
    let shown: Vec<String> =
        missing.iter().map(|problem| format!("{}: {}", problem.path, problem.detail)).collect();
    assert_eq!(
        shown,
        [
            "audience.id[\"$inGroup\"]: there is no group \"stff\"",
            "audience.segment: there is no segment \"at_rsk\""
        ]
    );
    assert!(missing[1].mend.contains("did you mean \"at_risk\"?"), "{}", missing[1].mend);
    assert!(matches!(try_snapshot(&[text], &shared), Err(CompileError::Audience { .. })));
    assert!(matches!(try_snapshot(&[text], &Catalog::default()), Err(CompileError::Audience { .. })));
}

#[test]
fn a_wrong_audience_is_told_by_its_path() {
    let found = problems(
        "{key: k, audience: {age: {$gtt: 18}, segment: {$gt: 5}, mail: {$regex: '('}}, variants: [{key: a}, {key: b}]}",
    );
    let paths: Vec<&str> = found.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(
        paths,
        ["audience.age[\"$gtt\"]", "audience.mail[\"$regex\"]", "audience.segment[\"$gt\"]"],
        "{found:?}"
    );
    assert_eq!(problems("{key: k, audience: [], variants: [{key: a}, {key: b}]}")[0].path, "audience");
}

#[test]
fn a_wrong_catalog_is_told_by_its_paths() {
    let text = "
segments: {a b: {x: 1}, young: {age: {$ltt: 18}}, both: {segment: young}, grp: {id: {$inGroup: nobody}}}
layers: {winback: {slat: x}}
groups: {staff: [anna, [bob]]}
holdouts: {universal: {}}
segmets: {}
";
    let found = Catalog::parse(read_document(text).unwrap()).unwrap_err().problems;
    let paths: Vec<&str> = found.iter().map(|problem| problem.path.as_str()).collect();
    for path in [
        "groups.staff[1]",
        "layers.winback.slat",
        "segments[\"a b\"]",
        "segments.young.age[\"$ltt\"]",
        "segments.both.segment",
        "segments.grp.id[\"$inGroup\"]",
        "holdouts",
        "segmets",
    ] {
        // Segments are judged once the groups are sound.
        let later = path.starts_with("segments.") || path.starts_with("segments[");
        assert!(paths.contains(&path) || later, "{path} is missing: {found:?}");
    }
    let sound = text.replace("[anna, [bob]]", "[anna]");
    let found = Catalog::parse(read_document(&sound).unwrap()).unwrap_err().problems;
    let paths: Vec<&str> = found.iter().map(|problem| problem.path.as_str()).collect();
    assert!(paths.contains(&"segments.young.age[\"$ltt\"]"), "{found:?}");
    assert!(paths.contains(&"segments.both.segment") && paths.contains(&"segments[\"a b\"]"), "{found:?}");
}

fn layered(key: &str, part: &str) -> String {
    format!("{{key: {key}, layer: {{key: winback, {part}}}, variants: [{{key: a}}, {{key: b}}]}}")
}

#[test]
fn experiments_of_a_layer_exclude_each_other() {
    let texts = [
        layered("first", "ranges: [[0, 0.25], [0.75, 1]]"),
        layered("second", "ranges: [[0.25, 0.5]]"),
        layered("third", "ranges: [[0.5, 0.6]]"),
    ];
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let salted = catalog("layers: {winback: {salt: another}}");
    let (plain, salted) = (snapshot(&texts), try_snapshot(&texts, &salted).unwrap());
    let mut counts = [0_u32; 4];
    let mut moved = 0;
    for n in 0..20_000 {
        let id = format!("customer-{n}");
        let within = |snapshot: &Snapshot| -> Vec<String> {
            let all = assign_all(snapshot, Customer::new(&id), &NoMemory);
            all.filter(|(_, decision)| decision.variant().is_some())
                .map(|(experiment, _)| experiment.experiment().key.clone())
                .collect()
        };
        let here = within(&plain);
        assert!(here.len() <= 1, "{id} is in {here:?}");
        counts[here
            .first()
            .map_or(3, |key| ["first", "second", "third"].iter().position(|k| k == key).unwrap())] += 1;
        moved += u32::from(here != within(&salted));
    }
    // Shares 0.5, 0.25, 0.1 and nobody's 0.15, within five standard errors of 20,000 draws.
    for (count, share) in counts.iter().zip([0.5, 0.25, 0.1, 0.15]) {
        let error = (share * (1.0 - share) / 20_000_f64).sqrt();
        assert!((f64::from(*count) / 20_000.0 - share).abs() < 5.0 * error, "{counts:?}");
    }
    assert!(moved > 5_000, "another salt is another draw: {moved}");
    let outside = assign(plain.get("second").unwrap(), Customer::new("customer-1"), &NoMemory);
    let inside = assign(plain.get("first").unwrap(), Customer::new("customer-1"), &NoMemory);
    assert!(
        [outside, inside].contains(&not_assigned(NotAssignedReason::Layer)),
        "customer-1 is in one of them at most"
    );
}

proptest! {
    /// Whatever is asked for in whatever order, what was found is free, as large as asked, and everybody is in
    /// at most one.
    #[test]
    fn free_parts_never_overlap(shares in prop::collection::vec(1_u32..400, 1..12), ids in prop::collection::vec("\\PC{1,20}", 1..40)) {
        let mut taken: Vec<LayerRange> = Vec::new();
        let mut texts = Vec::new();
        for (index, thousandths) in shares.iter().enumerate() {
            let share = Decimal::new(i128::from(*thousandths), 3);
            let Some(found) = free_ranges(share, &taken) else {
                let used: f64 = taken.iter().map(|range| range.to.to_f64() - range.from.to_f64()).sum();
                prop_assert!(used + share.to_f64() > 1.0 - 1e-9, "{share} fits beside {used}");
                continue;
            };
            let size: f64 = found.iter().map(|range| range.to.to_f64() - range.from.to_f64()).sum();
            prop_assert!((size - share.to_f64()).abs() < 1e-12);
            for range in &found {
                prop_assert!(range.from < range.to && taken.iter().all(|other| !range.overlaps(other)));
            }
            let ranges: Vec<String> = found.iter().map(|range| format!("[{}, {}]", range.from, range.to)).collect();
            texts.push(layered(&format!("e{index}"), &format!("ranges: [{}]", ranges.join(", "))));
            taken.extend(found);
        }
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let snapshot = snapshot(&texts);
        for id in &ids {
            let within = assign_all(&snapshot, Customer::new(id), &NoMemory);
            prop_assert!(within.filter(|(_, decision)| decision.variant().is_some()).count() <= 1);
        }
    }
}

#[test]
fn a_placement_keeps_what_it_can() {
    let placed = |text: &str, taken: &[LayerRange]| Placement::first(&parse(text), taken);
    let range = |from: &str, to: &str| LayerRange { from: from.parse().unwrap(), to: to.parse().unwrap() };
    let share = layered("k", "share: 0.3");
    let first = placed(&share, &[range("0", "0.2")]).unwrap();
    assert_eq!(first.layer, [range("0.2", "0.5")]);
    assert_eq!(
        placed(&share, &[range("0", "0.8")]),
        Err(PlacementError::NoRoom { share: "0.3".parse().unwrap() })
    );
    // An unchanged claim keeps its ranges, whatever has become free.
    let traffic = share.replace("{key: k,", "{key: k, traffic: 0.5,");
    let second = first.next(&parse(&share), &parse(&traffic), &[]).unwrap();
    assert_eq!(second, first);
    let larger = first.next(&parse(&share), &parse(&layered("k", "share: 0.4")), &[]).unwrap();
    assert_eq!(larger.layer, [range("0", "0.4")]);
    // With a third variant a third of the hashes move, also when the others change places.
    let thirds = "{key: k, variants: [{key: b}, {key: c}, {key: a}]}";
    let next = first.next(&parse(&share), &parse(thirds), &[]).unwrap();
    let kept = |old: usize, new: usize| {
        let same =
            |hash: &u64| first.allocation.variant(*hash) == old && next.allocation.variant(*hash) == new;
        (0..3_000).map(|n| n * (u64::MAX / 3_000)).filter(same).count()
    };
    let moved = 3_000 - kept(0, 2) - kept(1, 0);
    assert!((995..=1_005).contains(&moved), "{moved}");
    // What is stored reads back the same.
    let written = serde_json::to_string(&first).unwrap();
    assert!(written.contains(r#""layer":[["0.2","0.5"]]"#), "{written}");
    assert_eq!(serde_json::from_str::<Placement>(&written).unwrap(), first);
    assert_eq!(first.allocation, Allocation::from_weights(&[Decimal::ONE; 2]).unwrap());
}

#[test]
fn wrong_layers_are_told() {
    let wrong = |part: &str| {
        let found = problems(&layered("k", part));
        format!("{}: {}", found[0].path, found[0].detail)
    };
    assert_eq!(wrong("ranges: [[0, 0.5], [0.4, 1]]"), "layer.ranges: [0, 0.5] and [0.4, 1] overlap");
    assert_eq!(wrong("ranges: [[0.5, 0.5]]"), "layer.ranges[0]: is no range");
    assert_eq!(wrong("ranges: [[0, 1.5]]"), "layer.ranges[0][1]: 1.5 is not between 0 and 1");
    assert_eq!(wrong("ranges: []"), "layer.ranges: is an empty list, which is nobody");
    assert_eq!(wrong("share: 0"), "layer.share: 0 of a layer is nobody");
    assert_eq!(wrong("share: 0.5, ranges: [[0, 1]]"), "layer.share: stands beside ranges");
    assert_eq!(wrong("rnge: 1"), "layer.share: is missing, and so is ranges");
}

const WELCOME: &str = "{key: welcome, variants: [{key: plain}, {key: bonus}]}";

#[test]
fn prerequisites_ask_what_the_other_experiment_answers() {
    let follow =
        "{key: follow, requires: {experiment: welcome, variant: bonus}, variants: [{key: a}, {key: b}]}";
    let snapshot = snapshot(&[follow, WELCOME]);
    let (follow, welcome) = (snapshot.get("follow").unwrap(), snapshot.get("welcome").unwrap());
    let mut met = 0;
    for n in 0..1_000 {
        let id = format!("customer-{n}");
        let in_bonus = assign(welcome, Customer::new(&id), &NoMemory).variant() == Some(1);
        let decision = assign(follow, Customer::new(&id), &NoMemory);
        assert_eq!(decision.variant().is_some(), in_bonus, "{id}");
        assert!(in_bonus || decision == not_assigned(NotAssignedReason::Requires));
        met += u32::from(in_bonus);
        // What the customer met there counts, whatever would be drawn now.
        let remembered = |experiment: &CompiledExperiment| {
            (experiment.experiment().key == "welcome").then_some(usize::from(!in_bonus))
        };
        assert_eq!(assign(follow, Customer::new(&id), &remembered).variant().is_some(), !in_bonus);
    }
    assert!((400..600).contains(&met), "{met}");
}

#[test]
fn a_prerequisite_that_is_over_counts_for_those_who_met_it() {
    let follow =
        "{key: follow, requires: {experiment: welcome, variant: bonus}, variants: [{key: a}, {key: b}]}";
    let experiments = [(parse(follow), Status::Running, 1, None), (parse(WELCOME), Status::Stopped, 1, None)];
    let snapshot = Snapshot::new(&experiments).unwrap();
    let follow = snapshot.get("follow").unwrap();
    let met = |variant| {
        move |experiment: &CompiledExperiment| {
            if experiment.experiment().key == "welcome" { variant } else { None }
        }
    };
    assert!(assign(follow, Customer::new("c"), &met(Some(1))).variant().is_some());
    let outside = not_assigned(NotAssignedReason::Requires);
    assert_eq!(assign(follow, Customer::new("c"), &met(Some(0))), outside);
    assert_eq!(assign(follow, Customer::new("c"), &NoMemory), outside);
    let (_, why) = explain(follow, Customer::new("c"), &met(Some(0)));
    let last = why.steps.last().unwrap();
    assert_eq!(last.detail, "welcome must have given the customer bonus, and the customer is plain there");
    assert_eq!(last.change.as_deref(), Some("bonus of welcome"));
}

#[test]
fn circles_and_what_is_not_there_are_refused() {
    let requiring = |key: &str, other: &str| {
        format!(
            "{{key: {key}, requires: [{{experiment: {other}, variant: a}}], variants: [{{key: a}}, {{key: b}}]}}"
        )
    };
    let link = |texts: &[String]| {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        try_snapshot(&texts, &Catalog::default()).map(|_| ()).unwrap_err().to_string()
    };
    assert_eq!(
        link(&[requiring("a", "b"), requiring("b", "c"), requiring("c", "a")]),
        "experiments require each other in a circle: a → b → c → a"
    );
    assert_eq!(link(&[requiring("a", "z")]), "experiment a requires z, which is not there");
    let other = WELCOME.to_owned();
    assert_eq!(
        link(&[requiring("a", "welcome"), other]),
        "experiment a requires the variant a of welcome, which is not there"
    );
    let chain: Vec<String> = (0..=MAX_PREREQUISITE_DEPTH)
        .map(|n| requiring(&format!("e{n:02}"), &format!("e{:02}", n + 1)))
        .collect();
    assert!(link(&chain).starts_with("more than 16 experiments require one another in a chain"));
    let own = problems(&requiring("a", "a"));
    assert_eq!(own[0].path, "requires[0].experiment");
    assert_eq!(own[0].detail, "an experiment cannot require itself");
}

/// Ids of every kind: numbered, addresses, beyond ASCII.
fn ids() -> impl Iterator<Item = String> {
    (0..3_000).map(|n| match n % 3 {
        0 => format!("user-{n}"),
        1 => format!("клиент{n}@пример.рф"),
        _ => format!("🎁{n}"),
    })
}

/// The variant of each id by a definition, beside what the system's own formulas say.
fn agrees(text: &str, expected: impl Fn(&str) -> Option<usize>) {
    let snapshot = snapshot(&[text]);
    let mut counts = [0_u32; 4];
    for id in ids() {
        let decision = assign(snapshot.get("k").unwrap(), Customer::new(&id), &NoMemory);
        assert_eq!(decision.variant(), expected(&id), "{text} {id}");
        let reason = not_assigned(NotAssignedReason::Traffic);
        assert!(decision.variant().is_some() || decision == reason, "{decision:?}");
        counts[decision.variant().unwrap_or(3)] += 1;
    }
    assert!(counts[0] > 100 && counts[1] > 100, "{text}: {counts:?}");
}

fn bucket(from: f64, to: f64) -> BucketRange {
    BucketRange { from, to }
}

#[test]
fn growthbooks_customers_keep_their_arms() {
    let plain = "{key: k, hash: {name: growthbook-js, version: 2, seed: s}, traffic: 0.8, variants: [{key: a, weight: 0.75}, {key: b, weight: 0.25}]}";
    agrees(plain, |id| {
        let ranges = growthbook::bucket_ranges(2, 0.8, Some(&[0.75, 0.25]));
        growthbook::choose_variation(growthbook::hash(Units::Utf16, HashVersion::V2, "s", id), &ranges)
    });
    let bytes = "{key: k, hash: {name: growthbook-bytes, version: 1, namespace: {name: ns, from: 0, to: 0.6}}, variants: [{key: a}, {key: b}, {key: c}]}";
    agrees(bytes, |id| {
        let ranges = growthbook::bucket_ranges(3, 1.0, None);
        let fraction = growthbook::hash(Units::Utf8, HashVersion::V1, "k", id);
        let within = growthbook::in_namespace(Units::Utf8, id, "ns", bucket(0.0, 0.6));
        if within { growthbook::choose_variation(fraction, &ranges) } else { None }
    });
    let ranges = "{key: k, hash: {name: growthbook-js, version: 2, ranges: {a: [[0, 0.3]], b: [[0.5, 0.9]]}, filters: [{seed: f, ranges: [[0.1, 0.5], [0.7, 1]]}]}, variants: [{key: a}, {key: b}]}";
    agrees(ranges, |id| {
        let filter = growthbook::hash(Units::Utf16, HashVersion::V2, "f", id);
        let within = bucket(0.1, 0.5).contains(filter) || bucket(0.7, 1.0).contains(filter);
        let fraction = growthbook::hash(Units::Utf16, HashVersion::V2, "k", id);
        let chosen = growthbook::choose_variation(fraction, &[bucket(0.0, 0.3), bucket(0.5, 0.9)]);
        chosen.filter(|_| within)
    });
}

#[test]
fn everybody_elses_customers_keep_their_arms() {
    let text = "{key: k, hash: {name: unleash, group: demo}, traffic: 0.6, variants: [{key: a, weight: 700}, {key: b, weight: 300}]}";
    agrees(text, |id| {
        let variant = unleash::variant("demo", id, &[700, 300]);
        variant.filter(|_| unleash::is_rolled_out("demo", id, 60))
    });
    let text = "{key: k, hash: {name: planout, salt: exp, parameter: offer}, variants: [{key: a}, {key: b}]}";
    agrees(text, |id| planout::uniform_choice(planout::hash("exp", "offer", id), 2));
    let text = "{key: k, hash: {name: planout, parameter: offer, traffic_parameter: enters}, traffic: 0.5, variants: [{key: a, weight: 2}, {key: b, weight: 1}]}";
    agrees(text, |id| {
        let enters = planout::bernoulli_trial(planout::hash("k", "enters", id), 0.5);
        let choice = planout::weighted_choice(planout::hash("k", "offer", id), &[2.0, 1.0]);
        choice.filter(|_| enters)
    });
    let text = "{key: k, hash: {name: eppo, salt: split, traffic_salt: traffic}, traffic: 0.5, variants: [{key: a, weight: 3}, {key: b, weight: 1}]}";
    agrees(text, |id| {
        let shard = |salt| eppo::shard(salt, id, 10_000).unwrap();
        (shard("traffic") < 5_000).then(|| usize::from(shard("split") >= 7_500))
    });
    let text = "{key: k, hash: {name: eppo, ranges: {a: [[0, 1000], [5000, 6000]], b: [[1000, 3000]]}}, variants: [{key: a}, {key: b}]}";
    agrees(text, |id| match eppo::shard("k", id, 10_000).unwrap() {
        0..1_000 | 5_000..6_000 => Some(0),
        1_000..3_000 => Some(1),
        _ => None,
    });
    let text = "{key: k, hash: {name: statsig, salt: groups, spec_salt: spec, rule_salt: rule}, traffic: 0.25, variants: [{key: a}, {key: b}]}";
    agrees(text, |id| {
        let group = usize::from(statsig::group_bucket("groups", id) >= 500);
        statsig::passes("spec", "rule", id, 25.0).then_some(group)
    });
    let text = "{key: k, hash: {name: optimizely, parent: '1886780721', ranges: {a: [[0, 4000]], b: [[5000, 9000]]}}, variants: [{key: a}, {key: b}]}";
    agrees(text, |id| match optimizely::bucket(id, "1886780721") {
        0..4_000 => Some(0),
        5_000..9_000 => Some(1),
        _ => None,
    });
}

#[test]
fn arms_are_expected_to_be_as_large_as_their_ranges() {
    let expected = |text: &str| parse(text).expected_weights();
    let weighed = "variants: [{key: a, weight: 3}, {key: b, weight: 1}]";
    assert_eq!(expected(&format!("{{key: k, {weighed}}}")), [3.0, 1.0]);
    assert_eq!(expected(&format!("{{key: k, hash: {{name: eppo}}, {weighed}}}")), [7_500.0, 2_500.0]);
    let ranges = "{a: [[0, 100], [900, 1000]], b: [[100, 200]]}";
    assert_eq!(
        expected(&format!("{{key: k, hash: {{name: statsig, ranges: {ranges}}}, {weighed}}}")),
        [200.0, 100.0]
    );
    let fractions = "{a: [[0.25, 0.75]], b: [[0, 0.25]]}";
    let text =
        format!("{{key: k, hash: {{name: growthbook-js, version: 2, ranges: {fractions}}}, {weighed}}}");
    assert_eq!(expected(&text), [0.5, 0.25]);
}

#[test]
fn more_traffic_moves_nobody_by_any_hash() {
    let hashes = [
        "xxh3",
        "{name: growthbook-js, version: 1}",
        "{name: growthbook-bytes, version: 2}",
        "{name: unleash}",
        "{name: planout, parameter: p, traffic_parameter: t}",
        "{name: eppo, traffic_salt: t}",
        "{name: statsig, spec_salt: s, rule_salt: r}",
    ];
    for hash in hashes {
        let at = |traffic: &str| {
            snapshot(&[&format!(
                "{{key: k, hash: {hash}, traffic: {traffic}, variants: [{{key: a}}, {{key: b}}]}}"
            )])
        };
        let steps: Vec<Snapshot> = ["0.1", "0.35", "0.8", "1"].map(at).into();
        for id in ids().take(1_500) {
            let variants: Vec<Option<usize>> =
                steps.iter().map(|step| step.get("k").unwrap().draw().of(&id)).collect();
            for pair in variants.windows(2) {
                assert!(pair[0].is_none() || pair[0] == pair[1], "{hash} {id}: {variants:?}");
            }
            assert!(variants[3].is_some(), "{hash} {id}");
        }
    }
}

#[test]
fn a_hash_that_cannot_be_drawn_as_there_is_refused() {
    let wrong = |rest: &str| -> Vec<String> {
        let found = problems(&format!("{{key: k, {rest}}}"));
        found.iter().map(|problem| format!("{}: {}", problem.path, problem.detail)).collect()
    };
    let two = "variants: [{key: a}, {key: b}]";
    let thirds = "variants: [{key: a, weight: 2}, {key: b, weight: 1}]";
    let cases = [
        (format!("hash: growthbook-js, {two}"), "hash: stands alone, and its parameters are not known"),
        (format!("hash: {{name: growthbok, version: 2}}, {two}"), "hash.name: \"growthbok\" is not one of"),
        (format!("hash: {{name: growthbook-js}}, {two}"), "hash.version: is missing"),
        (
            format!("hash: {{name: growthbook-js, version: 3}}, {two}"),
            "hash.version: expected a whole number",
        ),
        (format!("hash: {{name: growthbook-js, version: 2, group: x}}, {two}"), "hash.group: unknown field"),
        (
            format!("hash: {{name: growthbook-js, version: 2}}, {thirds}"),
            "variants: GrowthBook reads weights as",
        ),
        (
            format!("hash: {{name: growthbook-js, version: 2, ranges: {{z: [[0, 1]]}}}}, {two}"),
            "hash.ranges.z: is not the key of a variant",
        ),
        (
            format!(
                "hash: {{name: growthbook-js, version: 2, ranges: {{a: [[0, 1]]}}}}, traffic: 0.5, {two}"
            ),
            "traffic: stands beside ranges",
        ),
        (
            format!("hash: {{name: unleash}}, traffic: 0.125, {two}"),
            "traffic: Unleash rolls out by whole percents",
        ),
        (
            "hash: {name: unleash}, variants: [{key: a, weight: 0.5}, {key: b}]".to_owned(),
            "variants: Unleash draws by whole weights",
        ),
        (format!("hash: {{name: planout}}, {two}"), "hash.parameter: is missing"),
        (
            format!("hash: {{name: planout, parameter: p}}, traffic: 0.5, {two}"),
            "hash.traffic_parameter: is missing",
        ),
        (format!("hash: {{name: eppo}}, traffic: 0.5, {two}"), "hash.traffic_salt: is missing"),
        (format!("hash: {{name: eppo}}, {thirds}"), "hash.ranges: the weights do not divide 10000 buckets"),
        (
            format!("hash: {{name: eppo, ranges: {{a: [[0, 10]], b: [[5, 20]]}}}}, {two}"),
            "hash.ranges: bucket 5 has two variants",
        ),
        (
            format!("hash: {{name: statsig, spec_salt: s}}, {two}"),
            "hash.rule_salt: is missing beside spec_salt",
        ),
        (format!("hash: {{name: optimizely}}, traffic: 0.5, {two}"), "traffic: stands beside ranges"),
    ];
    for (text, expected) in cases {
        let found = wrong(&text);
        assert!(found.iter().any(|problem| problem.starts_with(expected)), "{text}: {found:?}");
    }
}

#[test]
fn every_step_is_explained() {
    let text = "{key: k, layer: {key: l, ranges: [[0, 0.5]]}, traffic: 0.5, audience: {plan: basic, country: {$in: [DE, PL]}},
                 requires: {experiment: welcome, variant: bonus}, variants: [{key: a}, {key: b}]}";
    let snapshot = snapshot(&[text, WELCOME]);
    let experiment = snapshot.get("k").unwrap();
    let polish = json!({"plan": "basic", "country": "PL"});
    let american = json!({"plan": "basic", "country": "US"});
    let why = |id: &str, value: &Value| {
        let customer = Customer::new(id).with_attributes(attributes(value));
        let (decision, why) = explain(experiment, customer, &NoMemory);
        assert_eq!(decision, assign(experiment, customer, &NoMemory), "explaining decides the same");
        let last = why.steps.last().unwrap().clone();
        (decision, why.steps.len(), last)
    };
    let (_, steps, last) = why("c", &american);
    assert_eq!((steps, last.step), (6, "audience"));
    assert_eq!(last.detail, "the customer is not in the audience: country: {\"$in\":[\"DE\",\"PL\"]}");
    assert_eq!(last.change.as_deref(), Some("attributes that meet country: {\"$in\":[\"DE\",\"PL\"]}"));

    let mut seen = std::collections::BTreeSet::new();
    for n in 0..200 {
        let id = format!("c{n}");
        let (decision, steps, last) = why(&id, &polish);
        seen.insert(last.step);
        match last.step {
            "requires" => assert_eq!(steps, 7),
            "layer" => {
                assert_eq!((steps, last.limits), (8, vec!["[0, 0.5)".to_owned()]));
                assert!(last.position.unwrap().parse::<u64>().unwrap() >= 1 << 63);
            }
            "traffic" => {
                assert_eq!((steps, last.limits), (9, vec![(1_u64 << 63).to_string()]));
                // The traffic that is named lets this customer in, and a millionth less does not.
                let least: Decimal = last
                    .change
                    .unwrap()
                    .strip_prefix("traffic of ")
                    .unwrap()
                    .strip_suffix(" or more")
                    .unwrap()
                    .parse()
                    .unwrap();
                let at = |traffic: Decimal| {
                    let text = text.replace("traffic: 0.5", &format!("traffic: {traffic}"));
                    let snapshot = crate::eligibility::snapshot(&[&text, WELCOME]);
                    let customer = Customer::new(&id).with_attributes(attributes(&polish));
                    assign(snapshot.get("k").unwrap(), customer, &NoMemory).variant().is_some()
                };
                let (steps, _) = least.scaled(6).unwrap();
                assert!(at(least) && !at(Decimal::new(steps - 1, 6)), "{id}: {least}");
            }
            "variant" => {
                assert_eq!((steps, last.limits.len()), (10, 2));
                assert!(decision.variant().is_some());
            }
            other => panic!("{other} decided about {id}"),
        }
    }
    assert_eq!(seen, ["layer", "requires", "traffic", "variant"].into());
}

#[test]
fn deciding_allocates_nothing_whatever_the_steps() {
    let shared = catalog(CATALOG);
    let text = |n: usize, hash: &str| {
        format!(
            "{{key: k{n}, hash: {hash}, traffic: 0.5, layer: {{key: winback, share: 0.5}},
               audience: {{segment: {{$nin: [vip]}}, country: {{$in: [DE, FR, PL]}}, plan: pro, age: {{$gte: 18}}}},
               requires: {{experiment: welcome, variant: bonus}}, variants: [{{key: a}}, {{key: b}}]}}"
        )
    };
    let hashes = [
        "xxh3",
        "{name: growthbook-js, version: 2}",
        "{name: growthbook-bytes, version: 1}",
        "{name: unleash}",
        "{name: planout, parameter: p, traffic_parameter: t}",
        "{name: eppo, traffic_salt: t}",
        "{name: statsig, spec_salt: s, rule_salt: r}",
    ];
    let mut texts: Vec<String> = (0..98).map(|n| text(n, hashes[n % hashes.len()])).collect();
    texts.push("{key: o, hash: {name: optimizely}, variants: [{key: a}, {key: b}]}".to_owned());
    texts.push(WELCOME.to_owned());
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let snapshot = try_snapshot(&texts, &shared).unwrap();
    let value = json!({"country": "PL", "plan": "pro", "age": 33, "orders_365d": 3});
    let ids: Vec<String> = ids().take(200).collect();
    let mut assigned = 0;
    let counted = allocation_counter::measure(|| {
        for id in &ids {
            let customer = Customer::new(id).with_attributes(attributes(&value));
            let all = assign_all(&snapshot, customer, &NoMemory);
            assigned += all.filter(|(_, decision)| decision.variant().is_some()).count();
            std::hint::black_box(snapshot.get("k50").map(|one| assign(one, customer, &NoMemory)));
        }
    });
    // Every kind of hash was reached by somebody.
    assert!(assigned > 1_000, "{assigned}");
    assert_eq!(counted.count_total, 0, "{counted:?}");
}
