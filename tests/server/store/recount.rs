//! Random lives of a store: whatever comes in whatever order, the sums are those of a recount.

use std::collections::BTreeMap;

use experiment_core::report::{Cells, Distributions};
use experiment_core::time::{DAY, Timestamp};
use experiment_server::store::{
    Outcome, Proposal, ProposedAssign, ProposedEvent, ProposedExposure, Reading, RefusalCode,
};
use proptest::prelude::*;
use redb::{Database, ReadableTable, TableDefinition};

use super::world::{HOUR, MARCH, WINBACK, World, accepted, attributes, event, exposure};

pub(super) const EXPERIMENTS: [&str; 3] = ["winback", "outside", "exact"];

/// What they share.
pub(super) const SHARED: &str = "{segments: {basic: {id: {$inGroup: chosen}}}, groups: {chosen: [c-0]}}";

/// A metric of each kind that WINBACK lacks.
const KINDS: &str = "
  - {key: net, kind: linear, terms: [{event: order, weight: 0.35}, {event: login, each: -0.5}, {event: order, each: -1}], \
     discount: {per_year: 0.9}, window: {from: 1h, to: 4d}, cap: {low: -1, high: 200}, covariate: {event: order, lookback: 5d}}
  - {key: spent, kind: sum, event: order, window: {to: 3d}, scale: 0.01, covariates: [{event: order, lookback: 5d}, {event: login, lookback: 2d, kind: count}]}
  - {key: repeat, kind: ratio, numerator: {kind: conversion, event: order, at_least: 2}, denominator: {kind: retention, event: order}, \
     window: {to: 3d}, covariate: {event: order, lookback: 5d, kind: count}}
  - {key: worth, kind: ratio, numerator: {kind: linear, terms: [{event: order, weight: 2}], cap: 99}, denominator: {kind: count, event: order, cap: 1}, window: {to: 2d}}
  - {key: nps, kind: nps, event: login, window: {from: 6h, to: 3d}}
  - {key: median, kind: quantile, of: {kind: sum, event: order}, q: 0.5, window: {to: 3d}}
  - {key: p90, kind: quantile, of: {kind: linear, terms: [{event: order, weight: -3}, {event: login, each: 0.1}]}, q: 0.9, window: {to: 2d}, scale: 0.01}
  - {key: cancelled, kind: survival, event: cancel, horizon: 4d}
  - {key: silent, kind: survival, inactive: {event: order, for: 36h}, horizon: 3d, window: {grace: 1d}}
  - {key: long, kind: sum, event: order, window: {to: 14d}, cap: 300, role: primary}
  - {key: often, kind: conversion, event: order, at_least: 2, window: {to: 15d}, role: primary}
  - {key: busy, kind: linear, terms: [{event: order, each: 1}, {event: login, each: -1}], window: {to: 2d}, role: guardrail, margin: 1}
";

/// An offer whose cost depends on what its customers do.
const OFFER: &str = "{key: discount, offer: {kind: discount, taken: login, per_exposure: 0.5, \
     cost: [{event: order, weight: 0.1}, {event: login, each: 2}]}}";
const ECONOMICS: &str =
    "economics: {kept: retained, gross: {event: order, margin: 0.35, cap: 80}, window: {to: 4d}}";

/// The same definition under three keys and modes, two of them with all kinds of metrics, sliced by a segment and
/// stratified by it and the plan together.
pub(super) fn definitions() -> [String; 3] {
    let other = |key: &str, mode: &str| {
        let sliced = WINBACK.replace("dimensions: [plan]", "dimensions: [{segment: basic}, plan]");
        let sliced = sliced.replace(
            "\nplan: {",
            &format!("{KINDS}{ECONOMICS}\nplan: {{stratify: [plan, 'segment:basic'], "),
        );
        let sliced = sliced.replace("{key: discount}", OFFER);
        sliced.replace("key: winback", &format!("key: {key}")) + &format!("\nassignment: {mode}")
    };
    [
        format!("{WINBACK}\noverrides: {{discount: [c-0]}}"),
        other("outside", "external"),
        other("exact", "strict"),
    ]
}

#[derive(Debug, Clone)]
enum Act {
    Propose(Vec<Proposal>),
    Advance(i64),
    Restart,
    Crash,
    LoseState,
    Settle,
    Redefine(u8),
    /// Which of the secondary metrics there are from now on in one of the experiments.
    Metrics(usize, u16),
    /// Steps of the walk that counts those that came.
    Walk(u8),
    Share(u8),
}

pub(super) fn customer() -> impl Strategy<Value = String> {
    (0..5_u8).prop_map(|i| format!("c-{i}"))
}

pub(super) fn time() -> impl Strategy<Value = Option<Timestamp>> {
    proptest::option::weighted(0.8, (-6 * 24..10 * 24_i64).prop_map(|hours| Timestamp(MARCH + hours * HOUR)))
}

pub(super) fn plan() -> impl Strategy<Value = Option<&'static str>> {
    proptest::option::of(prop_oneof![Just("basic"), Just("pro"), Just("")])
}

pub(super) fn proposed_event() -> impl Strategy<Value = Proposal> {
    let value = prop_oneof![
        4 => (-100..1_000_i32).prop_map(|cents| Some(f64::from(cents) / 4.0)),
        2 => (-1..12_i8).prop_map(|score| Some(f64::from(score))),
        1 => Just(None),
        1 => Just(Some(0.000_000_5)),
        1 => Just(Some(f64::NAN)),
        1 => Just(Some(1e9)),
        1 => Just(Some(2e9)),
    ];
    let name = prop_oneof![4 => Just("order"), 1 => Just("cancel"), 1 => Just("login")];
    (customer(), proptest::option::weighted(0.9, 0..12_u8), name, value, time()).prop_map(
        |(customer, id, event, value, at)| {
            let (id, event) = (id.map(|id| format!("e-{id}")), event.to_owned());
            Proposal::Event(ProposedEvent { customer, event, id, value, at, attributes: None })
        },
    )
}

pub(super) fn proposed_exposure() -> impl Strategy<Value = Proposal> {
    let variant = prop_oneof![5 => Just("control"), 5 => Just("discount"), 1 => Just("bonus")];
    let id = proptest::option::weighted(0.9, 0..4_u8);
    (customer(), 0..3_usize, variant, id, time(), plan()).prop_map(
        |(customer, experiment, variant, id, at, plan)| {
            Proposal::Exposure(ProposedExposure {
                customer,
                experiment: EXPERIMENTS[experiment].to_owned(),
                variant: variant.to_owned(),
                id: id.map(|id| format!("x-{id}")),
                at,
                attributes: plan.map(attributes),
            })
        },
    )
}

pub(super) fn proposed_assign() -> impl Strategy<Value = Proposal> {
    let variant = prop_oneof![Just("control"), Just("discount")];
    (customer(), 0..3_usize, variant, plan()).prop_map(|(customer, experiment, variant, plan)| {
        Proposal::Assign(ProposedAssign {
            customer,
            experiment: EXPERIMENTS[experiment].to_owned(),
            variant: variant.to_owned(),
            attributes: plan.map(attributes),
        })
    })
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let proposal = prop_oneof![5 => proposed_event(), 3 => proposed_exposure(), 2 => proposed_assign()];
    let act = prop_oneof![
        12 => proptest::collection::vec(proposal, 1..12).prop_map(Act::Propose),
        4 => (1..30 * HOUR).prop_map(Act::Advance),
        1 => Just(Act::Restart),
        1 => Just(Act::Crash),
        1 => Just(Act::LoseState),
        2 => Just(Act::Settle),
        1 => (0..3_u8).prop_map(Act::Redefine),
        3 => (0..3_usize, any::<u16>()).prop_map(|(experiment, kept)| Act::Metrics(experiment, kept)),
        4 => (1..5_u8).prop_map(Act::Walk),
        1 => (0..3_u8).prop_map(Act::Share),
    ];
    proptest::collection::vec(act, 1..40)
}

/// What was answered "accepted", by identity where the sender named it.
#[derive(Default)]
struct Accounts {
    facts: u64,
    named: BTreeMap<(String, String, String), Proposal>,
}

pub(super) fn identity(proposal: &Proposal) -> Option<(String, String, String)> {
    match proposal {
        Proposal::Event(event) => Some((event.customer.clone(), String::new(), event.id.clone()?)),
        Proposal::Exposure(exposure) => {
            Some((exposure.customer.clone(), exposure.experiment.clone(), exposure.id.clone()?))
        }
        Proposal::Assign(_) => None,
    }
}

impl Accounts {
    fn book(&mut self, proposals: Vec<Proposal>, outcomes: Vec<Outcome>) {
        assert_eq!(proposals.len(), outcomes.len());
        for (proposal, outcome) in proposals.into_iter().zip(outcomes) {
            let identity = identity(&proposal);
            match outcome {
                Outcome::Accepted(accepted) => {
                    self.facts += 1;
                    assert_eq!(accepted.generated_id.is_some(), identity.is_none() && !is_assign(&proposal));
                    if let Some(identity) = identity {
                        let twice = self.named.insert(identity, proposal);
                        assert!(twice.is_none(), "accepted twice: {twice:?}");
                    }
                }
                Outcome::Duplicate => {
                    let first = identity.and_then(|identity| self.named.get(&identity));
                    assert!(first.is_some(), "a duplicate of nothing: {proposal:?}");
                }
                Outcome::Known { .. } => assert!(is_assign(&proposal)),
                Outcome::Refused(refusal) if refusal.code == RefusalCode::IdConflict => {
                    let first = identity.and_then(|identity| self.named.get(&identity));
                    assert_ne!(first, Some(&proposal), "an identical repeat is no conflict");
                }
                Outcome::Refused(_) => {}
            }
        }
    }

    /// Everything that was acknowledged is there, once.
    fn audit(&self, world: &World, catalog_facts: u64) {
        assert_eq!(world.store().log_position(), self.facts + catalog_facts);
        let again: Vec<Proposal> = self.named.values().cloned().collect();
        let outcomes = world.submit(again.clone());
        for (proposal, outcome) in again.iter().zip(outcomes) {
            assert_eq!(outcome, Outcome::Duplicate, "{proposal:?}");
        }
    }
}

fn is_assign(proposal: &Proposal) -> bool {
    matches!(proposal, Proposal::Assign(_))
}

/// The definition with those of its secondary metrics whose bit is set.
pub(super) fn with_metrics(definition: &str, kept: u16) -> String {
    let mut bit = 0;
    let lines = definition.lines().filter(|line| {
        let is_secondary = line.starts_with("  - {key: ") && !line.contains("role: ");
        bit += u32::from(is_secondary);
        !is_secondary || kept >> (bit - 1) & 1 == 1
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The sums by the keys of the metrics that are complete, everybody and counts by value among them.
fn by_metric(reading: &Reading) -> BTreeMap<String, (Cells, Distributions)> {
    let aggregates = &reading.aggregates;
    let metrics = reading.design.metrics.iter().enumerate();
    let complete =
        metrics.filter(|(index, _)| !aggregates.rebuilding.contains_key(index)).map(|(index, metric)| {
            let sums = (aggregates.metrics[index].clone(), aggregates.distributions[index].clone());
            (metric.key.clone(), sums)
        });
    let exposed = (String::new(), (aggregates.exposed.clone(), Distributions::new()));
    complete.chain([exposed]).collect()
}

fn readings(world: &World) -> Vec<Reading> {
    EXPERIMENTS.iter().map(|key| world.reading(key)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_life_gives_the_sums_of_a_recount(acts in acts()) {
        let mut world = World::by_hand();
        let mut accounts = Accounts::default();
        world.share(SHARED);
        for definition in definitions() {
            world.start(&definition);
        }
        let mut catalog_facts = 7;
        // What was known at the end of each day.
        let mut days: BTreeMap<_, Vec<Reading>> = BTreeMap::new();
        let mut now = MARCH;
        let mut traffic = 0;
        let mut metrics = [u16::MAX; 3];
        for act in acts {
            match act {
                Act::Propose(proposals) => {
                    let outcomes = world.submit(proposals.clone());
                    accounts.book(proposals, outcomes);
                }
                Act::Advance(by) => {
                    if Timestamp(now).day() != Timestamp(now + by).day() {
                        days.insert(Timestamp(now).day(), readings(&world));
                    }
                    now += by;
                    world.clock.set(now);
                }
                Act::Restart => world.restart(),
                Act::Crash => world.crash(),
                Act::LoseState => {
                    world.close();
                    std::fs::remove_file(world.folder.path().join("state.redb")).unwrap();
                    world.open();
                }
                Act::Settle => world.verify(),
                Act::Redefine(_) | Act::Metrics(..) => {
                    let experiment = match act {
                        Act::Redefine(to) => {
                            traffic = to;
                            2
                        }
                        Act::Metrics(experiment, kept) => {
                            metrics[experiment] = kept;
                            experiment
                        }
                        _ => unreachable!(),
                    };
                    let before = world.store().log_position();
                    let definition = with_metrics(&definitions()[experiment], metrics[experiment]);
                    let traffic = if experiment == 2 { format!("\ntraffic: 0.{traffic}") } else { String::new() };
                    world.define(&(definition + &traffic));
                    catalog_facts += world.store().log_position() - before;
                }
                Act::Walk(steps) => world.walk(steps),
                // The group behind the segment changes under running experiments.
                Act::Share(chosen) => {
                    let before = world.store().log_position();
                    world.share(&SHARED.replace("[c-0]", &format!("[c-{chosen}, c-4]")));
                    catalog_facts += world.store().log_position() - before;
                }
            }
        }
        world.verify();
        world.walk_to_the_end();
        world.verify();
        accounts.audit(&world, catalog_facts);
        for (day, known) in days {
            for (key, known) in EXPERIMENTS.iter().zip(known) {
                // Whatever came and went since: the metrics of then that are still there, as they were.
                let found = world.store().aggregates(key, Some(day)).unwrap();
                prop_assert!(found.aggregates.rebuilding.is_empty());
                let (found_metrics, known_metrics) = (by_metric(&found), by_metric(&known));
                for (metric, sums) in known_metrics {
                    prop_assert!(found_metrics.get(&metric).is_none_or(|found| *found == sums), "{metric} on {day}");
                }
                prop_assert_eq!(
                    (found.sequence, found.aggregates.off_assignment, found.design.definition_version),
                    (known.sequence, known.aggregates.off_assignment, known.design.definition_version)
                );
            }
        }
        world.close();
        std::fs::remove_file(world.folder.path().join("state.redb")).unwrap();
        world.open();
        world.verify();
        world.walk_to_the_end();
        world.verify();
    }

    #[test]
    fn results_are_a_function_of_the_set_of_facts(
        facts in proptest::collection::vec(
            prop_oneof![3 => proposed_event(), 2 => proposed_exposure()],
            1..60,
        ),
        order in proptest::collection::vec(any::<u32>(), 60),
        cut in 0..60_usize,
    ) {
        // One content for each identity, and nothing that only the time of receipt settles.
        let mut set = BTreeMap::new();
        for fact in facts {
            if let Some(identity) = identity(&fact) {
                set.entry(identity).or_insert(fact);
            }
        }
        let received = MARCH + 20 * DAY;
        let mut facts: Vec<Proposal> = set.into_values().collect();
        facts.iter_mut().for_each(|fact| match fact {
            Proposal::Event(event) => event.at = event.at.or(Some(Timestamp(MARCH))),
            Proposal::Exposure(exposure) => exposure.at = exposure.at.or(Some(Timestamp(MARCH))),
            Proposal::Assign(_) => {}
        });
        let mut shuffled: Vec<(u32, Proposal)> = order.into_iter().zip(facts.iter().cloned()).collect();
        shuffled.sort_by_key(|(key, _)| *key);
        let shuffled: Vec<Proposal> = shuffled.into_iter().map(|(_, fact)| fact).collect();

        let live = |facts: Vec<Proposal>, cut: usize| {
            let world = World::new();
            world.share(SHARED);
            definitions().iter().for_each(|definition| world.start(definition));
            world.clock.set(received);
            let (one, other) = facts.split_at(cut.min(facts.len()));
            world.submit(one.to_vec());
            world.settle();
            world.submit(other.to_vec());
            readings(&world)
        };
        prop_assert_eq!(live(facts, 0), live(shuffled, cut));
    }
}

#[test]
fn a_wrong_row_is_found() {
    const AGGREGATES: TableDefinition<&[u8], &[u8]> = TableDefinition::new("aggregates");
    const DELTAS: TableDefinition<&[u8], &[u8]> = TableDefinition::new("deltas");
    for table in [AGGREGATES, DELTAS] {
        let mut world = World::running();
        accepted(world.one(exposure("c", "x", "control", MARCH)));
        accepted(world.one(event("c", "e", "order", 5.0, MARCH)));
        world.verify();
        let rows = world.store().verify().unwrap().rows_compared;
        assert_eq!(rows, 2 * 2 * 6, "two tables, all and one plan, five metrics and the exposed");
        world.restart();
        world.close();
        let database = Database::create(world.folder.path().join("state.redb")).unwrap();
        let transaction = database.begin_write().unwrap();
        {
            let mut sums = transaction.open_table(table).unwrap();
            let (key, mut row) = {
                let (key, row) = sums.last().unwrap().unwrap();
                (key.value().to_vec(), row.value().to_vec())
            };
            row[25] ^= 1;
            sums.insert(key.as_slice(), row.as_slice()).unwrap();
        }
        transaction.commit().unwrap();
        drop(database);
        world.open();
        let found = world.store().verify().unwrap();
        assert_eq!((found.rows_compared, found.differences.len()), (rows, 1));
    }
}

#[test]
fn a_wrong_count_is_found() {
    const COUNTS: TableDefinition<&[u8], i64> = TableDefinition::new("counts");
    const COUNT_DELTAS: TableDefinition<&[u8], i64> = TableDefinition::new("count_deltas");
    let median = "metrics: [{key: median, kind: quantile, of: {kind: sum, event: order}, q: 0.5, window: {to: 3d}, role: primary}]\nplan: {target: {customers_per_arm: 9}}";
    for table in [COUNTS, COUNT_DELTAS] {
        let mut world = World::new();
        world.start(&format!("key: winback\nvariants: [{{key: control}}, {{key: discount}}]\n{median}"));
        accepted(world.one(exposure("c", "x", "control", MARCH)));
        accepted(world.one(exposure("d", "x", "control", MARCH)));
        accepted(world.one(event("c", "e", "order", 5.0, MARCH)));
        world.verify();
        let rows = world.store().verify().unwrap().rows_compared;
        assert_eq!(rows, 2 * 2 + 2 * 2, "two tables each: the metric and the exposed, counts at 0 and at 5");
        world.restart();
        world.close();
        let database = Database::create(world.folder.path().join("state.redb")).unwrap();
        let transaction = database.begin_write().unwrap();
        {
            let mut counts = transaction.open_table(table).unwrap();
            let key = counts.last().unwrap().unwrap().0.value().to_vec();
            counts.insert(key.as_slice(), 2).unwrap();
        }
        transaction.commit().unwrap();
        drop(database);
        world.open();
        let found = world.store().verify().unwrap();
        assert_eq!((found.rows_compared, found.differences.len()), (rows, 1));
    }
}

/// In a closed store, first sums as if 10^24 customers had been counted: no honest way leads there.
pub(super) fn fill_sums(world: &World) {
    const AGGREGATES: TableDefinition<&[u8], &[u8]> = TableDefinition::new("aggregates");
    let database = Database::create(world.folder.path().join("state.redb")).unwrap();
    let transaction = database.begin_write().unwrap();
    {
        let mut sums = transaction.open_table(AGGREGATES).unwrap();
        let rows: Vec<(Vec<u8>, Vec<u8>)> = (sums.iter().unwrap())
            .map(|row| row.map(|(key, row)| (key.value().to_vec(), row.value().to_vec())).unwrap())
            .collect();
        for (key, mut row) in rows {
            if row.get(25..41).is_some_and(|sum| sum.iter().any(|byte| *byte != 0)) {
                row[25..41].copy_from_slice(&i128::MAX.to_le_bytes());
                sums.insert(key.as_slice(), row.as_slice()).unwrap();
            }
        }
    }
    transaction.commit().unwrap();
}

#[test]
fn a_sum_beyond_its_bits_ends_its_metric_alone() {
    let mut world = World::running();
    world.clock.set(MARCH + 2 * DAY);
    accepted(world.one(exposure("c", "x", "control", MARCH)));
    accepted(world.one(event("c", "e", "order", 5.0, MARCH + DAY)));
    world.settle();
    world.restart();
    world.close();
    fill_sums(&world);
    world.open();
    world.clock.advance(DAY);
    accepted(world.one(exposure("d", "x", "control", MARCH)));
    accepted(world.one(event("d", "e", "order", 5.0, MARCH + DAY)));
    for _ in 0..2 {
        let reading = world.reading("winback");
        assert_eq!(reading.failed_metrics, [0, 1, 2, 3]);
        assert!(reading.aggregates.metrics[..4].iter().all(|cells| cells.is_empty()));
        assert!(reading.aggregates.metrics[4].values().all(|moments| moments.n() == 2));
        // The day before it is still told.
        let before = world.store().aggregates("winback", Some(Timestamp(MARCH + 2 * DAY).day())).unwrap();
        assert_eq!((before.failed_metrics.len(), before.aggregates.metrics[1].len()), (0, 2));
        world.verify();
        world.restart();
        accepted(world.one(event("d", &format!("e-{}", world.store().log_position()), "order", 5.0, MARCH)));
    }
}
