//! Every bound of the store, reached: the last one in is taken, the next one is refused in words, and nothing else
//! suffers.

use experiment_core::measure::{MAX_DIMENSION_VALUES, Slice};
use experiment_core::time::DAY;
use experiment_server::store::{
    Attributes, MAX_ATTRIBUTES_BYTES, MAX_EVENT_NAMES, MAX_EXPOSURES_PER_CUSTOMER, MAX_PROPOSALS, Outcome,
    Proposal,
};
use serde_json::json;

use super::world::{MARCH, World, accepted, event, exposure};

#[track_caller]
fn refused(outcome: Outcome) -> String {
    match outcome {
        Outcome::Refused(refusal) => refusal.detail,
        other => panic!("{other:?} is no refusal"),
    }
}

#[test]
fn exposures_of_one_customer() {
    let world = World::running();
    let met = |i: usize| exposure("c", &format!("x-{i}"), "control", MARCH);
    let most = MAX_EXPOSURES_PER_CUSTOMER;
    world.submit((0..most).map(met).collect()).into_iter().for_each(|outcome| {
        accepted(outcome);
    });
    let detail = refused(world.one(met(most)));
    assert!(detail.contains("1000"), "{detail}");
    assert_eq!(world.one(met(0)), Outcome::Duplicate, "a repeat is still known");
    accepted(world.one(exposure("d", "x", "control", MARCH)));
    world.verify();
}

#[test]
fn proposals_of_one_commit() {
    let world = World::running();
    world.clock.hold();
    let held = world.store().submit(vec![event("c", "e", "order", None, MARCH)]);
    world.clock.wait_until_read();
    let batch = |n: usize| {
        let one = |i: usize| event(&format!("c-{}", i % 100), &format!("{n}-{i}"), "order", None, MARCH);
        (0..MAX_PROPOSALS).map(one).collect()
    };
    let before = world.store().counters();
    let waiting: Vec<_> = (0..5).map(|n| world.store().submit(batch(n))).collect();
    world.clock.release();
    held.wait().unwrap();
    waiting.into_iter().for_each(|pending| assert_eq!(pending.wait().unwrap().len(), MAX_PROPOSALS));
    let after = world.store().counters();
    // Two batches fill a commit: one for what was held, and three for the five.
    assert_eq!((after.commits - before.commits, after.facts - before.facts), (4, 50_001));
}

#[test]
fn bytes_of_attributes_and_of_a_dimension() {
    let world = World::running();
    let with = |bytes: usize| {
        let Proposal::Exposure(mut proposed) = exposure("c", &format!("x-{bytes}"), "control", MARCH) else {
            unreachable!()
        };
        // Quotes, name, colon and braces beside the text.
        let text = "x".repeat(bytes - r#"{"plan":""}"#.len());
        proposed.attributes = Some([("plan".to_owned(), json!(text))].into_iter().collect());
        Proposal::Exposure(proposed)
    };
    let detail = refused(world.one(with(MAX_ATTRIBUTES_BYTES + 1)));
    assert!(detail.contains("16385 bytes as JSON, the most is 16384"), "{detail}");
    accepted(world.one(with(MAX_ATTRIBUTES_BYTES)));
    let exposed = world.reading("winback").aggregates.exposed;
    let values: Vec<&String> = exposed
        .keys()
        .filter_map(|(slice, _)| match slice {
            Slice::Value { value, .. } => Some(value),
            Slice::All => None,
        })
        .collect();
    assert_eq!(values, [&"x".repeat(256)], "cut");
}

#[test]
fn names_of_events() {
    let world = World::running();
    world.clock.set(MARCH + DAY);
    let named = |i: usize| event(&format!("c-{i}"), "1", &format!("event-{i}"), None, MARCH);
    for start in (0..MAX_EVENT_NAMES).step_by(MAX_PROPOSALS) {
        let end = (start + MAX_PROPOSALS).min(MAX_EVENT_NAMES);
        let outcomes = world.submit((start..end).map(named).collect());
        outcomes.into_iter().for_each(|outcome| {
            accepted(outcome);
        });
    }
    let detail = refused(world.one(named(MAX_EVENT_NAMES)));
    assert!(detail.contains("65536"), "{detail}");
    accepted(world.one(event("new", "1", "event-7", None, MARCH)));
}

#[test]
fn values_of_a_dimension() {
    let world = World::running();
    let with = |i: usize| {
        let Proposal::Exposure(mut proposed) = exposure(&format!("c-{i}"), "x", "control", MARCH) else {
            unreachable!()
        };
        let attributes: Attributes = [("plan".to_owned(), json!(format!("plan-{i}")))].into_iter().collect();
        proposed.attributes = Some(attributes);
        Proposal::Exposure(proposed)
    };
    world.submit((0..MAX_DIMENSION_VALUES).map(with).collect());
    let sliced = |world: &World| {
        let exposed = world.reading("winback").aggregates.exposed;
        exposed.keys().filter(|(slice, _)| *slice != Slice::All).count()
    };
    assert_eq!(sliced(&world), MAX_DIMENSION_VALUES);
    accepted(world.one(with(MAX_DIMENSION_VALUES)));
    assert_eq!(sliced(&world), 0, "dropped whole");
    assert_eq!(world.reading("winback").aggregates.dropped_dimensions, [0]);
    world.verify();
}
