//! Metrics that are added and removed while experiments run.

use std::collections::BTreeMap;

use experiment_core::measure::Slice;
use experiment_core::report::{Aggregates, Rebuilding};
use experiment_core::time::{DAY, Day, Timestamp};
use experiment_server::store::{Outcome, Proposal, ProposedExposure};
use proptest::prelude::*;

use super::recount::{
    EXPERIMENTS, SHARED, definitions, fill_sums, identity, proposed_event, proposed_exposure, with_metrics,
};
use super::world::{HOUR, MARCH, WINBACK, World, accepted, attributes, event, exposure};

#[derive(Debug, Clone)]
enum Act {
    Propose(Vec<Proposal>),
    Advance(i64),
    Metrics(usize, u16),
    Walk(u8),
    Restart,
    Crash,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    // Ids that the server makes are not those of another life.
    let proposal = prop_oneof![3 => proposed_event(), 2 => proposed_exposure()]
        .prop_filter("named", |proposal| identity(proposal).is_some());
    let act = prop_oneof![
        8 => proptest::collection::vec(proposal, 1..12).prop_map(Act::Propose),
        3 => (1..30 * HOUR).prop_map(Act::Advance),
        3 => (0..3_usize, any::<u16>()).prop_map(|(experiment, kept)| Act::Metrics(experiment, kept)),
        4 => (1..5_u8).prop_map(Act::Walk),
        1 => Just(Act::Restart),
        1 => Just(Act::Crash),
    ];
    proptest::collection::vec(act, 1..25)
}

/// What is known now and what was on each day of the test.
fn known(world: &World, key: &str) -> BTreeMap<Option<Day>, Aggregates> {
    let days = (0..32).map(|days| Some(Timestamp(MARCH + days * DAY).day()));
    let known = days.chain([None]).map(|day| (day, world.store().aggregates(key, day).unwrap().aggregates));
    known.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn a_metric_that_came_late_counts_as_if_it_had_always_been_there(acts in acts()) {
        let (mut late, always) = (World::by_hand(), World::new());
        let mut metrics = [0_u16; 3];
        for act in &acts {
            if let Act::Metrics(experiment, kept) = act {
                metrics[*experiment] = *kept;
            }
        }
        for world in [&late, &always] {
            world.share(SHARED);
        }
        for (definition, kept) in definitions().iter().zip(metrics) {
            late.start(&with_metrics(definition, 0));
            always.start(&with_metrics(definition, kept));
        }
        for act in acts {
            match act {
                Act::Propose(proposals) => {
                    let is_accepted = |outcome: &Outcome| matches!(outcome, Outcome::Accepted(_));
                    let taken_in = |world: &World| -> Vec<bool> {
                        world.submit(proposals.clone()).iter().map(is_accepted).collect()
                    };
                    prop_assert_eq!(taken_in(&late), taken_in(&always));
                }
                Act::Advance(by) => {
                    late.clock.advance(by);
                    always.clock.advance(by);
                }
                Act::Metrics(experiment, kept) => {
                    late.define(&with_metrics(&definitions()[experiment], kept));
                }
                Act::Walk(steps) => late.walk(steps),
                Act::Restart => late.restart(),
                Act::Crash => late.crash(),
            }
        }
        late.verify();
        late.walk_to_the_end();
        late.verify();
        always.verify();
        for key in EXPERIMENTS {
            prop_assert_eq!(known(&late, key), known(&always, key));
        }
    }
}

/// [`WINBACK`] with one metric more.
fn with(metric: &str) -> String {
    WINBACK.replace("\nplan:", &format!("\n  - {metric}\nplan:"))
}

const LOGINS: &str = "{key: logins, kind: count, event: login, window: {to: 3d}}";

/// Ten customers who logged in once each, the fold at rest.
fn ten_customers() -> World {
    let world = World::by_hand();
    world.start(WINBACK);
    for customer in 0..10 {
        let customer = format!("c-{customer}");
        accepted(world.one(exposure(&customer, "x", "control", MARCH)));
        accepted(world.one(event(&customer, "e", "login", None, MARCH)));
    }
    world
}

fn rebuilding(world: &World) -> BTreeMap<usize, Rebuilding> {
    world.reading("winback").aggregates.rebuilding
}

fn customers_counted(world: &World, metric: usize) -> i64 {
    let reading = world.reading("winback");
    let everybody = reading.aggregates.metrics[metric].iter().filter(|((slice, _), _)| *slice == Slice::All);
    everybody.map(|(_, moments)| moments.n()).sum()
}

#[test]
fn a_walk_goes_on_after_a_restart_and_new_customers_need_none() {
    let mut world = ten_customers();
    world.define(&with(LOGINS));
    assert_eq!(rebuilding(&world), [(5, Rebuilding { done: 0, of: 10 })].into());
    world.walk(4);
    assert_eq!(rebuilding(&world), [(5, Rebuilding { done: 4, of: 10 })].into());
    assert_eq!(customers_counted(&world, 5), 0, "nothing is shown of it");
    world.verify();
    // Behind the cursor, before it, and new on both sides.
    for (customer, id) in [("c-1", "f"), ("c-8", "f"), ("c-00", "f"), ("d", "f")] {
        world.one(exposure(customer, "x", "control", MARCH));
        accepted(world.one(event(customer, id, "login", None, MARCH)));
    }
    assert_eq!(rebuilding(&world), [(5, Rebuilding { done: 5, of: 12 })].into());
    world.verify();
    world.restart();
    assert_eq!(rebuilding(&world), [(5, Rebuilding { done: 5, of: 12 })].into());
    world.walk(3);
    world.crash();
    assert_eq!(rebuilding(&world), [(5, Rebuilding { done: 5, of: 12 })].into(), "as of the last checkpoint");
    assert!(world.store().ready().ready && world.store().is_backfilling());
    world.walk(6);
    assert_eq!(rebuilding(&world), [(5, Rebuilding { done: 11, of: 12 })].into());
    world.walk(1);
    assert_eq!(rebuilding(&world), [].into());
    assert_eq!(customers_counted(&world, 5), 12);
    world.verify();
}

#[test]
fn what_waits_together_walks_together() {
    let world = ten_customers();
    world.start(&WINBACK.replace("key: winback", "key: other"));
    let other = exposure("c-3", "x", "control", MARCH);
    let Proposal::Exposure(other) = other else { panic!() };
    accepted(world.one(Proposal::Exposure(ProposedExposure { experiment: "other".to_owned(), ..other })));
    world.define(&with(LOGINS));
    world.define(&with(LOGINS).replace("key: winback", "key: other"));
    world.walk(4);
    // One that comes in mid-walk waits for its end.
    let more = "{key: more, kind: sum, event: order, window: {to: 2d}}";
    let both = with(&format!("{LOGINS}\n  - {more}"));
    world.define(&both);
    let progress = |done| Rebuilding { done, of: 10 };
    assert_eq!(rebuilding(&world), [(5, progress(4)), (6, progress(0))].into());
    assert_eq!(world.reading("other").aggregates.rebuilding, [(5, progress(4))].into());
    world.walk(6);
    assert_eq!(rebuilding(&world), [(6, progress(0))].into());
    assert_eq!(world.reading("other").aggregates.rebuilding, [].into());
    assert_eq!(customers_counted(&world, 5), 10);
    world.verify();
    world.walk(2);
    // One that goes in mid-walk takes what was counted of it along; nobody is left to walk for.
    world.define(&with(LOGINS));
    world.verify();
    assert_eq!(rebuilding(&world), [].into());
    assert!(!world.store().is_backfilling());
    // And is counted from the start when it comes again.
    world.define(&both);
    assert_eq!(rebuilding(&world), [(6, progress(0))].into());
    world.walk_to_the_end();
    assert_eq!((rebuilding(&world), customers_counted(&world, 6)), ([].into(), 10));
    world.verify();
}

#[test]
fn a_metric_that_counts_what_another_does_is_there_at_once() {
    let world = ten_customers();
    world.define(&with(
        "{key: bought, kind: count, event: order, window: {to: 3d, grace: 1d}, direction: down}",
    ));
    let reading = world.reading("winback");
    assert_eq!(reading.aggregates.rebuilding, [].into());
    assert_eq!(reading.aggregates.metrics[5], reading.aggregates.metrics[2]);
    assert_eq!(customers_counted(&world, 5), 10);
    // Neither is one lost with the other.
    let bought = "{key: bought, kind: count, event: order, window: {to: 3d}}";
    world.define(
        &with(bought).replace("  - {key: orders, kind: count, event: order, window: {to: 3d}}\n", ""),
    );
    let reading = world.reading("winback");
    assert_eq!((reading.aggregates.rebuilding.len(), reading.design.metrics.len()), (0, 5));
    assert_eq!(customers_counted(&world, 4), 10);
    world.verify();
}

#[test]
fn a_draft_has_nobody_to_count() {
    let world = World::by_hand();
    world.define(WINBACK);
    world.define(&with(LOGINS));
    assert_eq!(rebuilding(&world), [].into());
    assert!(!world.store().is_backfilling());
}

#[test]
fn days_before_a_dimension_was_dropped_are_told_by_it() {
    let (late, always) = (World::by_hand(), World::new());
    late.start(WINBACK);
    always.start(&with(LOGINS));
    let expose = |world: &World, i: usize| {
        let seen = exposure(&format!("c-{i}"), "x", "control", MARCH);
        let Proposal::Exposure(seen) = seen else { panic!() };
        let attributes = Some(attributes(&format!("plan-{i}")));
        accepted(world.one(Proposal::Exposure(ProposedExposure { attributes, ..seen })));
        accepted(world.one(event(&format!("c-{i}"), "e", "login", None, MARCH)));
    };
    for (day, customers) in [(0, 0..120), (1, 120..199), (2, 199..203), (3, 203..204)] {
        for world in [&late, &always] {
            world.clock.set(MARCH + day * DAY);
            customers.clone().for_each(|i| expose(world, i));
        }
    }
    late.define(&with(LOGINS));
    late.walk_to_the_end();
    late.verify();
    always.verify();
    let found = known(&late, "winback");
    assert_eq!(found, known(&always, "winback"));
    let slices = |day: i64| found[&Some(Timestamp(MARCH + day * DAY).day())].metrics[5].len();
    assert_eq!((slices(0), slices(1), slices(2)), (1 + 120, 1 + 199, 1));
}

#[test]
fn a_sum_beyond_its_bits_ends_a_metric_in_its_walk() {
    let mut world = World::by_hand();
    world.start(WINBACK);
    for customer in ["a", "b"] {
        accepted(world.one(exposure(customer, "x", "control", MARCH)));
        accepted(world.one(event(customer, "e", "login", None, MARCH)));
    }
    world.define(&with(LOGINS));
    world.walk(1);
    world.restart();
    world.close();
    fill_sums(&world);
    world.open();
    world.walk_to_the_end();
    for _ in 0..2 {
        let reading = world.reading("winback");
        assert_eq!((reading.failed_metrics, reading.aggregates.rebuilding), (vec![5], [].into()));
        // It was not complete on any day.
        let past = world.store().aggregates("winback", Some(Timestamp(MARCH).day())).unwrap();
        assert_eq!(past.failed_metrics, [5]);
        world.verify();
        world.restart();
    }
    // Removed and added again it is counted anew.
    world.define(WINBACK);
    world.define(&with(LOGINS));
    world.walk_to_the_end();
    assert_eq!((world.reading("winback").failed_metrics, customers_counted(&world, 5)), (vec![], 2));
    world.verify();
}
