//! Other systems' hashes: golden vectors of an independent implementation, values the systems publish.

use experiment_core::assignment::compat::growthbook::{self, BucketRange, HashVersion, Units};
use experiment_core::assignment::compat::{eppo, optimizely, planout, statsig, unleash};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    growthbook: Vec<GrowthBook>,
    growthbook_namespace: Vec<Namespace>,
    unleash: Vec<Unleash>,
    planout: Vec<PlanOut>,
    eppo: Vec<Eppo>,
    statsig: Vec<Statsig>,
    optimizely: Vec<Optimizely>,
    weights: Vec<Vec<u32>>,
}

#[derive(Deserialize)]
struct GrowthBook {
    units: String,
    version: u64,
    seed: String,
    id: String,
    hash: f64,
}

#[derive(Deserialize)]
struct Namespace {
    units: String,
    name: String,
    id: String,
    hash: f64,
}

#[derive(Deserialize)]
struct Unleash {
    group: String,
    id: String,
    rollout: u32,
    number: u32,
    variants: Vec<usize>,
}

#[derive(Deserialize)]
struct PlanOut {
    salt: String,
    name: String,
    unit: String,
    hash: String,
    uniform: [usize; 3],
    weighted: Vec<usize>,
}

#[derive(Deserialize)]
struct Eppo {
    salt: String,
    id: String,
    total: u32,
    shard: u32,
}

#[derive(Deserialize)]
struct Statsig {
    spec: String,
    rule: String,
    id: String,
    hash: String,
    pass: u64,
    group: u64,
}

#[derive(Deserialize)]
struct Optimizely {
    id: String,
    parent: String,
    bucket: u64,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../data/golden/compat.json")).unwrap()
}

fn units(name: &str) -> Units {
    if name == "utf16" { Units::Utf16 } else { Units::Utf8 }
}

#[test]
fn growthbook_vectors() {
    let golden = golden();
    assert!(golden.growthbook.len() > 300 && golden.growthbook_namespace.len() > 150, "vectors are lost");
    for vector in golden.growthbook {
        let version = HashVersion::from_number(vector.version).unwrap();
        let found = growthbook::hash(units(&vector.units), version, &vector.seed, &vector.id);
        assert_eq!(
            found, vector.hash,
            "{} {} {:?} {:?}",
            vector.units, vector.version, vector.seed, vector.id
        );
    }
    for vector in golden.growthbook_namespace {
        let inside = |from, to| {
            let range = BucketRange { from, to };
            growthbook::in_namespace(units(&vector.units), &vector.id, &vector.name, range)
        };
        let behind = vector.hash + 0.000_5;
        assert!(inside(vector.hash, behind) && !inside(behind, 1.0) && !inside(0.0, vector.hash));
    }
    assert_eq!(HashVersion::from_number(3), None);
}

#[test]
fn growthbook_ranges() {
    let ranges = |count, coverage, weights: Option<&[f64]>| {
        let ranges = growthbook::bucket_ranges(count, coverage, weights);
        ranges.iter().map(|range| (range.from, range.to)).collect::<Vec<_>>()
    };
    assert_eq!(ranges(2, 1.0, None), [(0.0, 0.5), (0.5, 1.0)]);
    assert_eq!(ranges(2, 0.5, None), [(0.0, 0.25), (0.5, 0.75)]);
    assert_eq!(ranges(2, 7.0, Some(&[0.4, 0.6])), [(0.0, 0.4), (0.4, 1.0)]);
    assert_eq!(ranges(2, -1.0, None), [(0.0, 0.0), (0.5, 0.5)]);
    // Sums within a hundredth of 1 are taken as they are, others and wrong counts are not.
    assert_eq!(ranges(2, 1.0, Some(&[0.4, 0.595])), [(0.0, 0.4), (0.4, 0.995)]);
    for wrong in [&[0.4, 0.5][..], &[0.7, 0.6], &[1.0], &[]] {
        assert_eq!(ranges(2, 1.0, Some(wrong)), [(0.0, 0.5), (0.5, 1.0)], "{wrong:?}");
    }
    let half = growthbook::bucket_ranges(2, 0.5, None);
    let chosen = [0.0, 0.2499, 0.25, 0.5, 0.75].map(|n| growthbook::choose_variation(n, &half));
    assert_eq!(chosen, [Some(0), Some(0), None, Some(1), None]);
    assert_eq!(growthbook::equal_weights(0), [0.0; 0]);
}

#[test]
fn unleash_vectors() {
    let golden = golden();
    assert!(golden.unleash.len() > 80, "vectors are lost");
    for vector in golden.unleash {
        let (group, id) = (&vector.group, &vector.id);
        assert_eq!(unleash::rollout(group, id), vector.rollout, "{group:?} {id:?}");
        assert!(unleash::is_rolled_out(group, id, vector.rollout));
        assert!(!unleash::is_rolled_out(group, id, vector.rollout - 1));
        assert_eq!(unleash::variant_number(group, id, 1_000), vector.number, "{group:?} {id:?}");
        let variants = golden.weights.iter().map(|weights| unleash::variant(group, id, weights).unwrap());
        assert!(variants.eq(vector.variants), "{group:?} {id:?}");
    }
    // Of its client specification.
    assert_eq!(
        (unleash::rollout("demo", "user-1"), unleash::variant_number("demo", "user-1", 100)),
        (95, 93)
    );
    for nothing in [&[][..], &[0, 0], &[u32::MAX, 1]] {
        assert_eq!(unleash::variant("demo", "user-1", nothing), None);
    }
}

#[test]
fn planout_vectors() {
    let golden = golden();
    assert!(golden.planout.len() > 150, "vectors are lost");
    for vector in golden.planout {
        let hash = planout::hash(&vector.salt, &vector.name, &vector.unit);
        assert_eq!(hash.to_string(), vector.hash, "{:?} {:?} {:?}", vector.salt, vector.name, vector.unit);
        assert_eq!([2, 3, 7].map(|count| planout::uniform_choice(hash, count).unwrap()), vector.uniform);
        let weighted = golden.weights.iter().map(|weights| {
            let weights: Vec<f64> = weights.iter().map(|weight| f64::from(*weight)).collect();
            planout::weighted_choice(hash, &weights).unwrap()
        });
        assert!(weighted.eq(vector.weighted), "{}", vector.hash);
    }
    assert_eq!((planout::uniform_choice(5, 0), planout::weighted_choice(5, &[])), (None, None));
    assert!(planout::bernoulli_trial((1 << 59) - 1, 0.5) && !planout::bernoulli_trial(1 << 59, 0.4999));
}

#[test]
fn eppo_vectors() {
    let golden = golden();
    assert!(golden.eppo.len() > 150, "vectors are lost");
    for vector in golden.eppo {
        let found = eppo::shard(&vector.salt, &vector.id, vector.total);
        assert_eq!(found, Some(vector.shard), "{:?} {:?}", vector.salt, vector.id);
    }
}

#[test]
fn eppo_splits_need_all_their_shards() {
    let total = eppo::TOTAL_SHARDS;
    let shard = |salt: &str, ranges: &[(u32, u32)]| eppo::Shard { salt: salt.into(), ranges: ranges.into() };
    let splits = [
        vec![shard("traffic", &[(0, 5_000)]), shard("split", &[(0, 2_000), (4_000, 5_000)])],
        vec![shard("traffic", &[(0, 5_000)]), shard("split", &[(2_000, 4_000), (5_000, total)])],
    ];
    let mut counts = [0; 3];
    for n in 0..2_000 {
        let id = format!("user-{n}");
        let [traffic, split] = ["traffic", "split"].map(|salt| eppo::shard(salt, &id, total).unwrap());
        let first = (0..2_000).contains(&split) || (4_000..5_000).contains(&split);
        let expected = (traffic < 5_000).then_some(usize::from(!first));
        assert_eq!(eppo::split(&splits, &id, total), expected, "{id}");
        counts[expected.unwrap_or(2)] += 1;
    }
    assert!(counts.iter().all(|count| *count > 200), "{counts:?}");
    assert_eq!(eppo::split(&[vec![], splits[0].clone()], "anyone", total), Some(0));
}

#[test]
fn statsig_vectors() {
    let golden = golden();
    assert!(golden.statsig.len() > 150, "vectors are lost");
    for vector in golden.statsig {
        let (spec, rule, id) = (&vector.spec, &vector.rule, &vector.id);
        assert_eq!(statsig::hash(&format!("{spec}.{rule}.{id}")).to_string(), vector.hash);
        assert_eq!(statsig::pass_bucket(spec, rule, id), vector.pass, "{spec:?} {rule:?} {id:?}");
        assert_eq!(statsig::group_bucket(spec, id), vector.group, "{spec:?} {id:?}");
        assert!(statsig::passes(spec, rule, id, 100.0) && !statsig::passes(spec, rule, id, 0.0));
        assert_eq!(statsig::passes(spec, rule, id, 12.34), vector.pass < 1_234);
    }
}

#[test]
fn optimizely_vectors() {
    let golden = golden();
    assert!(golden.optimizely.len() > 80, "vectors are lost");
    for vector in golden.optimizely {
        assert_eq!(optimizely::bucket(&vector.id, &vector.parent), vector.bucket, "{:?}", vector.id);
    }
    let entry = |bucket| optimizely::entry(bucket, &[2_500, 5_000]);
    assert_eq!([0, 2_499, 2_500, 4_999, 5_000].map(entry), [Some(0), Some(0), Some(1), Some(1), None]);
}

#[test]
fn hashing_does_not_allocate() {
    let ranges = growthbook::bucket_ranges(2, 0.5, None);
    let splits = [vec![eppo::Shard { salt: "traffic".into(), ranges: vec![(0, 5_000)] }]];
    let counted = allocation_counter::measure(|| {
        for id in ["user-1", "клиент42"] {
            for units in [Units::Utf16, Units::Utf8] {
                for version in [HashVersion::V1, HashVersion::V2] {
                    let fraction = growthbook::hash(units, version, "seed", id);
                    std::hint::black_box(growthbook::choose_variation(fraction, &ranges));
                }
                std::hint::black_box(growthbook::in_namespace(units, id, "name", ranges[0]));
            }
            std::hint::black_box(unleash::variant("demo", id, &[50, 50]));
            std::hint::black_box(planout::weighted_choice(planout::hash("salt", "name", id), &[1.0, 2.0]));
            std::hint::black_box(eppo::split(&splits, id, eppo::TOTAL_SHARDS));
            std::hint::black_box(statsig::passes("spec", "rule", id, 50.0));
            std::hint::black_box(optimizely::entry(optimizely::bucket(id, "parent"), &[5_000, 10_000]));
        }
    });
    assert_eq!(counted.count_total, 0, "{counted:?}");
}
