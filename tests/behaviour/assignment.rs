//! Who gets which variant: golden vectors, uniformity, independence, growth, order of decisions.
//!
//! Samples are fixed, so each test either always passes or never does; the bounds are 99.9 % points of
//! the χ² distribution.

use std::collections::BTreeSet;
use std::sync::Arc;

use experiment_core::assignment::{
    Allocation, CompileError, CompiledExperiment, Customer, Decision, HashPrefix, Memory, NoMemory,
    NotAssignedReason, Purpose, Reason, Share, Snapshot, assign, explain, hash,
};
use experiment_core::decimal::Decimal;
use experiment_core::definition::{Experiment, Status, read_document};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::json;

const CUSTOMERS: u64 = 100_000;

/// 99.9 % points of χ² by degrees of freedom (any table).
const CHI_SQUARE_999: [(usize, f64); 3] = [(2, 13.816), (80, 124.839), (100, 149.449)];
/// 0.1 % point of χ² with 100 degrees of freedom: evener than chance is wrong too.
const CHI_SQUARE_001_100: f64 = 61.918;

fn parse(text: &str) -> Experiment {
    Experiment::parse(read_document(text).unwrap()).unwrap()
}

fn compile(text: &str, status: Status) -> CompiledExperiment {
    CompiledExperiment::new(Arc::new(parse(text)), status, 1, Some(0)).unwrap()
}

fn running(text: &str) -> CompiledExperiment {
    compile(text, Status::Running)
}

/// A memory in which the customer met this variant of every experiment.
fn remembers(variant: Option<usize>) -> impl Memory {
    move |_: &CompiledExperiment| variant
}

fn assigned(variant: usize, reason: Reason) -> Decision {
    Decision::Assigned { variant, reason }
}

fn chi_square(observed: &[u64], shares: &[f64]) -> f64 {
    let total: u64 = observed.iter().sum();
    let cell = |(observed, share): (&u64, &f64)| {
        let expected = total as f64 * share;
        (*observed as f64 - expected).powi(2) / expected
    };
    observed.iter().zip(shares).map(cell).sum()
}

fn critical(degrees_of_freedom: usize) -> f64 {
    CHI_SQUARE_999.iter().find(|(df, _)| *df == degrees_of_freedom).unwrap().1
}

/// Which of `count` equal slices a hash is in.
fn slice(hash: u64, count: u64) -> usize {
    usize::try_from((u128::from(hash) * u128::from(count)) >> 64).unwrap()
}

/// Ids of three common shapes: counted, padded numbers, and 128 random-looking bits (splitmix64).
fn id_shapes() -> [fn(u64) -> String; 3] {
    fn mix(seed: u64) -> u64 {
        let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    [
        |n| format!("customer-{n}"),
        |n| format!("{n:010}"),
        |n| format!("{:016x}{:016x}", mix(2 * n + 1), mix(2 * n + 2)),
    ]
}

#[derive(Deserialize)]
struct Golden {
    hashes: Vec<GoldenHash>,
    shares: Vec<GoldenShare>,
    allocations: Vec<GoldenAllocation>,
    assignments: Vec<GoldenAssignment>,
}

#[derive(Deserialize)]
struct GoldenHash {
    salt: String,
    purpose: Purpose,
    customer: String,
    hash: String,
}

#[derive(Deserialize)]
struct GoldenShare {
    share: String,
    threshold: String,
}

#[derive(Deserialize)]
struct GoldenAllocation {
    weights: Vec<String>,
    ranges: Vec<(String, String, usize)>,
}

#[derive(Deserialize)]
struct GoldenAssignment {
    salt: String,
    customer: String,
    traffic: String,
    weights: Vec<String>,
    variant: Option<usize>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../data/golden/assignment.json")).unwrap()
}

fn decimals(texts: &[String]) -> Vec<Decimal> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn golden_hashes() {
    let golden = golden();
    assert!(golden.hashes.len() > 400, "the file has lost its vectors");
    for vector in golden.hashes {
        let expected = u64::from_str_radix(&vector.hash, 16).unwrap();
        let (salt, purpose, customer) = (&vector.salt, vector.purpose, &vector.customer);
        assert_eq!(hash(salt, purpose, customer), expected, "{salt:?} {purpose:?} {customer:?}");
        assert_eq!(HashPrefix::new(salt, purpose).hash(customer), expected);
    }
}

#[test]
fn golden_thresholds_and_ranges() {
    let golden = golden();
    assert!(golden.shares.len() > 5 && golden.allocations.len() > 5, "the file has lost its vectors");
    for vector in golden.shares {
        let expected = u128::from_str_radix(&vector.threshold, 16).unwrap();
        assert_eq!(Share::of(vector.share.parse().unwrap()).threshold(), expected, "{}", vector.share);
    }
    for vector in golden.allocations {
        let number = |text: &String| u64::from_str_radix(text, 16).unwrap();
        let expected: Vec<_> =
            vector.ranges.iter().map(|(from, to, variant)| (number(from), number(to), *variant)).collect();
        let allocation = Allocation::from_weights(&decimals(&vector.weights)).unwrap();
        assert_eq!(allocation.ranges().collect::<Vec<_>>(), expected, "{:?}", vector.weights);
    }
}

#[test]
fn golden_assignments() {
    let golden = golden();
    assert!(golden.assignments.len() > 1_000, "the file has lost its vectors");
    for vector in golden.assignments {
        let number = |text: &String| serde_json::from_str::<serde_json::Value>(text).unwrap();
        let variants: Vec<_> = (vector.weights.iter().enumerate())
            .map(|(index, weight)| json!({"key": format!("v{index}"), "weight": number(weight)}))
            .collect();
        let document = json!({
            "key": "golden", "salt": vector.salt, "traffic": number(&vector.traffic), "variants": variants,
        });
        let experiment = Arc::new(Experiment::parse(document).unwrap());
        let compiled = CompiledExperiment::new(experiment, Status::Running, 1, None).unwrap();
        let expected = match vector.variant {
            Some(variant) => assigned(variant, Reason::Assigned),
            None => Decision::NotAssigned(NotAssignedReason::Traffic),
        };
        assert_eq!(
            assign(&compiled, Customer::new(&vector.customer), &NoMemory),
            expected,
            "{}",
            vector.customer
        );
        assert_eq!(compiled.draw().of(&vector.customer), vector.variant);
    }
}

#[test]
fn hashes_are_uniform() {
    for shape in id_shapes() {
        for purpose in [Purpose::Traffic, Purpose::Variant, Purpose::Half] {
            let prefix = HashPrefix::new("winback_2026", purpose);
            let mut observed = [0; 101];
            (0..CUSTOMERS).for_each(|n| observed[slice(prefix.hash(&shape(n)), 101)] += 1);
            let statistic = chi_square(&observed, &[1.0 / 101.0; 101]);
            let bounds = CHI_SQUARE_001_100..critical(100);
            assert!(bounds.contains(&statistic), "{} {purpose:?}: {statistic}", shape(1));
        }
    }
}

/// χ² of independence of two hashes over 11 × 9 cells.
fn dependence(first: &HashPrefix, second: &HashPrefix) -> f64 {
    let mut observed = vec![0; 99];
    for n in 0..CUSTOMERS {
        let id = format!("customer-{n}");
        observed[slice(first.hash(&id), 11) * 9 + slice(second.hash(&id), 9)] += 1;
    }
    let total = CUSTOMERS as f64;
    let row = |r: usize| observed[r * 9..(r + 1) * 9].iter().sum::<u64>() as f64 / total;
    let column = |c: usize| (0..11).map(|r| observed[r * 9 + c]).sum::<u64>() as f64 / total;
    let shares: Vec<f64> = (0..99).map(|cell| row(cell / 9) * column(cell % 9)).collect();
    chi_square(&observed, &shares)
}

#[test]
fn purposes_and_salts_are_independent() {
    let purposes = [Purpose::Traffic, Purpose::Variant, Purpose::Layer, Purpose::Holdout, Purpose::Half];
    let mut prefixes: Vec<HashPrefix> =
        purposes.map(|purpose| HashPrefix::new("winback_2026", purpose)).into();
    prefixes.extend(["winback_2027", "winback_202", "a"].map(|salt| HashPrefix::new(salt, Purpose::Variant)));
    for (index, first) in prefixes.iter().enumerate() {
        for second in &prefixes[..index] {
            let statistic = dependence(first, second);
            // 28 pairs at 99.9 %: one beyond the bound would be no surprise, but this sample has none.
            assert!(statistic < critical(80), "{first:?} {second:?}: {statistic}");
        }
    }
    assert!(dependence(&prefixes[0], &prefixes[0]) > critical(80), "the test must see dependence");
}

#[test]
fn weights_are_respected() {
    let experiment = running(
        "{key: w, variants: [{key: a, weight: 0.7}, {key: never, weight: 0}, {key: b, weight: 0.2}, {key: c, weight: 0.1}]}",
    );
    let mut observed = [0; 4];
    for n in 0..CUSTOMERS {
        let decision = assign(&experiment, Customer::new(&format!("customer-{n}")), &NoMemory);
        observed[decision.variant().unwrap()] += 1;
    }
    assert_eq!(observed[1], 0, "weight 0 is never drawn");
    let statistic = chi_square(&[observed[0], observed[2], observed[3]], &[0.7, 0.2, 0.1]);
    assert!(statistic < critical(2), "{observed:?}: {statistic}");
}

#[test]
fn traffic_is_respected_and_leaves_the_split_alone() {
    let experiment = running("{key: w, traffic: 0.3, variants: [{key: a}, {key: b}]}");
    let mut observed = [0; 3];
    for n in 0..CUSTOMERS {
        let variant = assign(&experiment, Customer::new(&format!("customer-{n}")), &NoMemory).variant();
        observed[variant.unwrap_or(2)] += 1;
    }
    let statistic = chi_square(&observed, &[0.15, 0.15, 0.7]);
    assert!(statistic < critical(2), "{observed:?}: {statistic}");
}

proptest! {
    #[test]
    fn more_traffic_moves_nobody(
        shares in (0_u32..=1_000_000, 0_u32..=1_000_000),
        ids in prop::collection::vec("\\PC{1,40}", 1..50),
    ) {
        let (small, large) = (shares.0.min(shares.1), shares.0.max(shares.1));
        let experiment = |millionths: u32| {
            let traffic = f64::from(millionths) / 1e6;
            running(&format!("{{key: k, traffic: {traffic}, variants: [{{key: a}}, {{key: b}}, {{key: c}}]}}"))
        };
        let (before, after) = (experiment(small), experiment(large));
        for id in &ids {
            if let Some(variant) = before.draw().of(id) {
                prop_assert_eq!(after.draw().of(id), Some(variant));
            }
        }
    }

    #[test]
    fn ranges_cover_every_hash_once(weights in prop::collection::vec(0_u64..2_000_000_000, 1..20), places in 0_u32..9) {
        let weights: Vec<Decimal> = weights.iter().map(|w| Decimal::new(i128::from(*w), places)).collect();
        prop_assume!(weights.iter().any(|weight| !weight.is_zero()));
        let allocation = Allocation::from_weights(&weights).unwrap();
        let mut next: u128 = 0;
        for (from, to, variant) in allocation.ranges() {
            prop_assert_eq!(u128::from(from), next);
            prop_assert!(to >= from && !weights[variant].is_zero());
            prop_assert_eq!((allocation.variant(from), allocation.variant(to)), (variant, variant));
            next = u128::from(to) + 1;
        }
        prop_assert_eq!(next, 1 << 64);
        // Each size is its exact share, but for the floor at both of its ends.
        let sum: f64 = weights.iter().map(|weight| weight.to_f64()).sum();
        for (variant, weight) in weights.iter().enumerate() {
            let share = allocation.size(variant) as f64 / 2_f64.powi(64);
            prop_assert!((share - weight.to_f64() / sum).abs() < 1e-12);
        }
    }
}

const LISTED: &str = "{key: k, traffic: 0, variants: [{key: a}, {key: b}, {key: c}], overrides: {b: [qa]}}";

#[test]
fn the_first_step_that_speaks_wins() {
    let [qa, other] = ["qa", "somebody"].map(Customer::new);
    let nobody = [
        (Status::Draft, NotAssignedReason::Draft),
        (Status::Stopped, NotAssignedReason::Stopped),
        (Status::Archived, NotAssignedReason::Archived),
    ];
    for (status, reason) in nobody {
        assert_eq!(assign(&compile(LISTED, status), qa, &remembers(Some(2))), Decision::NotAssigned(reason));
    }
    let experiment = running(LISTED);
    assert_eq!(assign(&experiment, qa, &remembers(Some(2))), assigned(1, Reason::Override));
    assert_eq!(assign(&experiment, other, &remembers(Some(2))), assigned(2, Reason::Sticky));
    assert_eq!(assign(&experiment, other, &NoMemory), Decision::NotAssigned(NotAssignedReason::Traffic));
    let unknown = assign(&experiment, other, &remembers(Some(3)));
    assert_eq!(unknown, Decision::NotAssigned(NotAssignedReason::Traffic), "an index of another version");

    let concluded = compile(LISTED, Status::Concluded);
    assert_eq!(assign(&concluded, qa, &remembers(Some(2))), assigned(1, Reason::Override));
    assert_eq!(assign(&concluded, other, &remembers(Some(2))), assigned(0, Reason::Concluded));

    let external = LISTED.replace("traffic: 0", "assignment: external");
    assert_eq!(assign(&running(&external), qa, &NoMemory), assigned(1, Reason::Override));
    for status in [Status::Running, Status::Concluded] {
        let decision = assign(&compile(&external, status), other, &remembers(Some(2)));
        assert_eq!(decision, Decision::NotAssigned(NotAssignedReason::External));
    }
    assert!(running(&external).draw().of("somebody").is_some(), "the bare draw knows no status and no lists");
    assert_eq!(experiment.draw().of("qa"), None);
}

#[test]
fn overrides_and_winners_are_not_analysed() {
    let analysed = |reason| assigned(0, reason).is_analysed();
    assert!(analysed(Reason::Assigned) && analysed(Reason::Sticky));
    assert!(!analysed(Reason::Override) && !analysed(Reason::Concluded));
    assert!(!Decision::NotAssigned(NotAssignedReason::Traffic).is_analysed());
}

#[test]
fn reasons_are_written_as_documented() {
    for reason in [Reason::Assigned, Reason::Override, Reason::Concluded, Reason::Sticky] {
        assert_eq!(serde_json::to_value(reason).unwrap(), reason.name());
    }
    use NotAssignedReason::{Archived, Audience, Draft, External, Layer, Requires, Stopped, Traffic};
    for reason in [Draft, Stopped, Archived, External, Audience, Requires, Layer, Traffic] {
        assert_eq!(serde_json::to_value(reason).unwrap(), reason.name());
    }
}

#[test]
fn explains_each_step_and_decides_the_same() {
    let experiment = running("{key: k, traffic: 0.5, variants: [{key: a}, {key: b}], overrides: {b: [qa]}}");
    for n in 0..100 {
        let id = format!("customer-{n}");
        for sticky in [None, Some(1)] {
            let (decision, explanation) = explain(&experiment, Customer::new(&id), &remembers(sticky));
            assert_eq!(decision, assign(&experiment, Customer::new(&id), &remembers(sticky)));
            let steps: Vec<&str> = explanation.steps.iter().map(|step| step.step).collect();
            let all = [
                "status",
                "override",
                "external",
                "concluded",
                "sticky",
                "audience",
                "requires",
                "layer",
                "traffic",
                "variant",
            ];
            let decided = match (sticky, decision.variant()) {
                (Some(_), _) => 5,
                (None, None) => 9,
                (None, Some(_)) => 10,
            };
            assert_eq!(steps, all[..decided]);
        }
    }
    let (_, explanation) = explain(&experiment, Customer::new("qa"), &NoMemory);
    assert_eq!(
        serde_json::to_value(explanation).unwrap(),
        json!({"steps": [
            {"step": "status", "detail": "the experiment is running"},
            {"step": "override", "detail": "the customer is on the override list of b", "change": "take the customer off the list"},
        ]})
    );
    let (_, explanation) = explain(&experiment, Customer::new("customer-1"), &NoMemory);
    let details: Vec<&str> = explanation.steps.iter().map(|step| step.detail.as_str()).collect();
    // The hash is the one of the golden vectors' algorithm for this salt; the threshold is 2^63.
    let hash = hash("k", Purpose::Traffic, "customer-1");
    let word = if hash < 1 << 63 { "is below" } else { "is not below" };
    assert!(details[8].contains(&format!("{hash} {word} the threshold 9223372036854775808 (traffic: 0.5)")));
}

#[test]
fn deciding_does_not_allocate() {
    let text =
        "{key: k, traffic: 0.5, variants: [{key: a}, {key: b}, {key: c}], overrides: {b: [qa-1, qa-2]}}";
    let experiments: Vec<_> = (0..100)
        .map(|n| (Arc::new(parse(&text.replace("key: k", &format!("key: k{n}")))), Status::Running, 1, None))
        .collect();
    let snapshot = Snapshot::new(&experiments).unwrap();
    let ids = ["qa-1".to_owned(), "customer-1".to_owned(), "x".repeat(256)];
    let mut variants = BTreeSet::new();
    let counted = allocation_counter::measure(|| {
        for id in &ids {
            for experiment in &snapshot {
                std::hint::black_box(assign(experiment, Customer::new(id), &NoMemory));
            }
            std::hint::black_box(snapshot.get("k50").and_then(|experiment| experiment.draw().of(id)));
        }
    });
    assert_eq!(counted.count_total, 0, "{counted:?}");
    // The counter does count: otherwise the line above would prove nothing.
    let counted = allocation_counter::measure(|| {
        variants.insert(assign(snapshot.get("k1").unwrap(), Customer::new(&ids[1]), &NoMemory).variant());
    });
    assert!(counted.count_total > 0);
}

#[test]
fn a_snapshot_finds_by_key_and_is_sorted() {
    let entry = |key: &str, version| {
        let text = format!("{{key: {key}, variants: [{{key: a}}, {{key: b}}]}}");
        (Arc::new(parse(&text)), Status::Running, version, None)
    };
    let snapshot = Snapshot::new(&[entry("b", 1), entry("a", 1), entry("c", 1), entry("a", 2)]).unwrap();
    let keys: Vec<&str> = snapshot.iter().map(|compiled| compiled.experiment().key.as_str()).collect();
    assert_eq!(keys, ["a", "b", "c"]);
    assert_eq!(snapshot.len(), 3);
    assert_eq!(snapshot.get("a").map(CompiledExperiment::version), Some(2));
    assert_eq!(snapshot.get("b").map(|compiled| compiled.experiment().key.as_str()), Some("b"));
    assert!(snapshot.get("d").is_none());
    assert!(Snapshot::default().is_empty());
}

#[test]
fn a_concluded_experiment_needs_its_winner() {
    let experiment = Arc::new(parse(LISTED));
    for winner in [None, Some(3)] {
        let error = Snapshot::new(&[(Arc::clone(&experiment), Status::Concluded, 1, winner)]).unwrap_err();
        assert_eq!(error, CompileError::Winner { key: "k".to_owned(), winner });
    }
    assert!(Snapshot::new(&[(experiment, Status::Concluded, 1, Some(2))]).is_ok());
}
