//! What becomes of proposals.

use experiment_core::definition::LifecycleStep;
use experiment_core::time::{DAY, Timestamp};
use experiment_server::store::{
    IntakeError, MAX_AHEAD, MAX_EVENTS_PER_CUSTOMER, MAX_PROPOSALS, MAX_QUEUED_FACTS, Outcome, Proposal,
    ProposedAssign, RefusalCode,
};

use super::world::{HOUR, MARCH, WINBACK, World, accepted, assign, attributes, event, exposure, refused};

fn known(variant: &str) -> Outcome {
    Outcome::Known { variant: variant.to_owned() }
}

#[test]
fn a_repeat_is_a_duplicate_wherever_the_first_copy_is() {
    let mut world = World::running();
    let order = || event("c", "e-1", "order", 5.0, MARCH);
    let met = || exposure("c", "x-1", "discount", MARCH);
    // In the same batch, in the overlay, in the state, after a restart.
    let outcomes = world.submit(vec![order(), order(), met(), met()]);
    assert!(matches!(
        outcomes[..],
        [Outcome::Accepted(_), Outcome::Duplicate, Outcome::Accepted(_), Outcome::Duplicate]
    ));
    let repeated = vec![Outcome::Duplicate, Outcome::Duplicate];
    assert_eq!(world.submit(vec![order(), met()]), repeated);
    world.settle();
    assert_eq!(world.submit(vec![order(), met()]), repeated);
    world.restart();
    assert_eq!(world.submit(vec![order(), met()]), repeated);
    world.crash();
    assert_eq!(world.submit(vec![order(), met()]), repeated);
    assert_eq!(world.store().log_position(), 4, "definition, start, event, exposure");
    world.verify();
}

#[test]
fn the_same_id_with_other_content_is_a_conflict() {
    let world = World::running();
    let first = event("c", "e-1", "order", 5.0, MARCH);
    let Proposal::Event(base) = first.clone() else { unreachable!() };
    accepted(world.one(first));
    for folded in [false, true] {
        if folded {
            world.settle();
        }
        let mut others = vec![base.clone(); 5];
        others[0].value = None;
        others[1].value = Some(5.5);
        others[2].event = "login".to_owned();
        others[3].at = Some(Timestamp(MARCH + 1));
        others[4].attributes = Some(attributes("basic"));
        for other in others {
            assert_eq!(refused(world.one(Proposal::Event(other))), (RefusalCode::IdConflict, "id"));
        }
        let mut without_time = base.clone();
        without_time.at = None;
        assert_eq!(
            world.one(Proposal::Event(without_time)),
            Outcome::Duplicate,
            "an absent time matches any"
        );
    }
    let met = |variant| exposure("c", "x-1", variant, MARCH);
    accepted(world.one(met("control")));
    assert_eq!(refused(world.one(met("discount"))).0, RefusalCode::IdConflict);
    // Another customer, another kind: other identities.
    accepted(world.one(event("d", "e-1", "login", None, MARCH)));
    accepted(world.one(exposure("c", "e-1", "control", MARCH)));
    world.verify();
}

#[test]
fn two_first_assigns_at_once_get_one_variant() {
    let world = World::running();
    assert_eq!(world.store().known_variant("winback", "c").unwrap(), None);
    world.clock.hold();
    let held = world.store().submit(vec![event("z", "e", "order", None, MARCH)]);
    world.clock.wait_until_read();
    let (one, other) = (
        world.store().submit(vec![assign("c", "discount")]),
        world.store().submit(vec![assign("c", "control")]),
    );
    world.clock.release();
    held.wait().unwrap();
    assert!(matches!(one.wait().unwrap()[..], [Outcome::Accepted(_)]));
    assert_eq!(other.wait().unwrap(), [known("discount")]);
    assert_eq!(world.store().known_variant("winback", "c").unwrap(), Some(1));
    world.settle();
    assert_eq!(world.one(assign("c", "control")), known("discount"));
    let seen = world.store().customer("winback", "c").unwrap();
    assert_eq!(seen.len(), 1);
    assert_eq!((seen[0].id.as_str(), seen[0].variant.as_str()), ("assign:winback", "discount"));
    assert!(seen[0].made_by_assign && !seen[0].off_assignment);
    world.verify();
}

#[test]
fn what_waits_is_committed_together() {
    let world = World::running();
    let before = world.store().counters();
    world.clock.hold();
    let held = world.store().submit(vec![event("c", "e", "order", None, MARCH)]);
    world.clock.wait_until_read();
    let waiting: Vec<_> = (0..50)
        .map(|i| world.store().submit(vec![event(&format!("c-{i}"), "e", "order", None, MARCH)]))
        .collect();
    world.clock.release();
    held.wait().unwrap();
    let mut sequences: Vec<u64> =
        waiting.into_iter().map(|pending| accepted(pending.wait().unwrap().remove(0)).sequence).collect();
    sequences.dedup();
    assert_eq!(sequences, (3..53).collect::<Vec<_>>());
    let after = world.store().counters();
    assert_eq!((after.commits - before.commits, after.facts - before.facts), (2, 51));
    // Nothing new, no commit.
    assert_eq!(world.one(event("c", "e", "order", None, MARCH)), Outcome::Duplicate);
    assert_eq!(world.store().counters().commits, after.commits);
    assert_eq!(world.store().counters().duplicates, 1);
}

#[test]
fn an_exposure_of_any_id_makes_the_variant_known() {
    let world = World::running();
    accepted(world.one(exposure("c", "x-1", "discount", MARCH)));
    assert_eq!(world.one(assign("c", "control")), known("discount"));
    // An earlier one arrives late: now that is the first.
    world.clock.advance(HOUR);
    accepted(world.one(exposure("c", "x-2", "control", MARCH + HOUR)));
    assert_eq!(world.one(assign("c", "control")), known("discount"));
    world.settle();
    assert_eq!(world.store().known_variant("winback", "c").unwrap(), Some(1));
    accepted(world.one(exposure("c", "x-0", "control", MARCH)));
    assert_eq!(world.one(assign("c", "discount")), known("control"), "x-0 comes before x-1");
    world.settle();
    assert_eq!(world.store().known_variant("winback", "c").unwrap(), Some(0));
    world.verify();
}

#[test]
fn ids_are_made_where_none_is_sent() {
    let world = World::running();
    let mut proposal = event("c", "", "order", 1.0, MARCH);
    if let Proposal::Event(event) = &mut proposal {
        event.id = None;
    }
    let one = accepted(world.one(proposal.clone())).generated_id.unwrap();
    let other = accepted(world.one(proposal.clone())).generated_id.unwrap();
    assert_ne!(one, other);
    // Whoever sends the made id back is recognised.
    assert_eq!(world.one(event("c", &one, "order", 1.0, MARCH)), Outcome::Duplicate);
    world.verify();
}

#[test]
fn the_far_future_is_kept_at_the_time_of_receipt() {
    let world = World::running();
    let at = MARCH + MAX_AHEAD.0;
    assert!(!accepted(world.one(event("c", "near", "order", None, at))).future_clamped);
    assert!(accepted(world.one(event("c", "far", "order", None, at + 1))).future_clamped);
    assert!(accepted(world.one(exposure("c", "far", "control", at + DAY))).future_clamped);
    assert_eq!(world.store().counters().future_clamped, 2);
    // Compared as sent, not as kept.
    world.clock.advance(2 * DAY);
    assert_eq!(world.one(event("c", "far", "order", None, at + 1)), Outcome::Duplicate);
    assert_eq!(refused(world.one(event("c", "far", "order", None, MARCH))).0, RefusalCode::IdConflict);
    world.settle();
    assert_eq!(world.store().customer("winback", "c").unwrap()[0].at, Timestamp(MARCH));
    world.verify();
}

#[test]
fn one_customer_has_a_bound_on_events() {
    let world = World::running();
    let events = |from: usize, to: usize| {
        (from..to).map(|i| event("c", &format!("e-{i}"), "order", 1.0, MARCH)).collect::<Vec<_>>()
    };
    world
        .submit(events(0, MAX_EVENTS_PER_CUSTOMER - 5))
        .into_iter()
        .for_each(|outcome| drop(accepted(outcome)));
    world.settle();
    let outcomes = world.submit(events(MAX_EVENTS_PER_CUSTOMER - 5, MAX_EVENTS_PER_CUSTOMER + 1));
    let (last, before) = outcomes.split_last().unwrap();
    before.iter().for_each(|outcome| drop(accepted(outcome.clone())));
    assert_eq!(refused(last.clone()), (RefusalCode::TooManyEvents, "customer"));
    // Repeats and others are served on.
    assert_eq!(world.submit(events(7, 8)), [Outcome::Duplicate]);
    accepted(world.one(event("d", "e-1", "order", 1.0, MARCH)));
    world.settle();
    assert_eq!(refused(world.one(event("c", "more", "order", 1.0, MARCH))).0, RefusalCode::TooManyEvents);
    world.verify();
}

#[test]
fn fields_are_checked() {
    let world = World::running();
    let long = "x".repeat(257);
    for (proposal, code, field) in [
        (event("", "e", "order", None, MARCH), RefusalCode::InvalidName, "customer"),
        (event(&long, "e", "order", None, MARCH), RefusalCode::InvalidName, "customer"),
        (event("c", "", "order", None, MARCH), RefusalCode::InvalidName, "id"),
        (event("c", &long, "order", None, MARCH), RefusalCode::InvalidName, "id"),
        (event("c", "e", "or\tder", None, MARCH), RefusalCode::InvalidName, "event"),
        (event("c", "e", "order", f64::NAN, MARCH), RefusalCode::InvalidValue, "value"),
        (event("c", "e", "order", f64::INFINITY, MARCH), RefusalCode::InvalidValue, "value"),
        (event("c", "e", "order", 1.1e9, MARCH), RefusalCode::InvalidValue, "value"),
        (exposure("c", "e", "discuont", MARCH), RefusalCode::UnknownVariant, "variant"),
    ] {
        assert_eq!(refused(world.one(proposal)), (code, field));
    }
    let Outcome::Refused(refusal) = world.one(exposure("c", "e", "discuont", MARCH)) else { panic!() };
    assert_eq!(refusal.mend, "did you mean \"discount\"? known: control, discount");
    let Proposal::Exposure(mut elsewhere) = exposure("c", "e", "control", MARCH) else { unreachable!() };
    elsewhere.experiment = "winbck".to_owned();
    let Outcome::Refused(refusal) = world.one(Proposal::Exposure(elsewhere)) else { panic!() };
    assert_eq!((refusal.code, refusal.field), (RefusalCode::UnknownExperiment, "experiment"));
    assert_eq!(refusal.mend, "did you mean \"winback\"? known: winback");
    let Proposal::Event(mut large) = event("c", "e", "order", None, MARCH) else { unreachable!() };
    large.attributes = Some(attributes(&"x".repeat(20_000)));
    assert_eq!(refused(world.one(Proposal::Event(large))), (RefusalCode::TooLarge, "attributes"));
    assert_eq!(world.store().log_position(), 2);
    let many = vec![event("c", "e", "order", None, MARCH); MAX_PROPOSALS + 1];
    let refused = world.store().submit(many).wait().unwrap_err();
    assert_eq!(refused, IntakeError::TooMany { count: MAX_PROPOSALS + 1, most: MAX_PROPOSALS });
}

#[test]
fn exposures_belong_to_the_run_of_their_experiment() {
    let world = World::new();
    world.define(WINBACK);
    assert_eq!(
        refused(world.one(exposure("c", "x", "control", MARCH))),
        (RefusalCode::NotStarted, "experiment")
    );
    assert_eq!(refused(world.one(assign("c", "control"))), (RefusalCode::NotStarted, "experiment"));
    world.clock.advance(HOUR);
    world.step("winback", LifecycleStep::Start);
    assert_eq!(refused(world.one(exposure("c", "x", "control", MARCH))), (RefusalCode::BeforeStart, "at"));
    accepted(world.one(exposure("c", "x", "control", MARCH + HOUR)));
    world.clock.advance(HOUR);
    world.step("winback", LifecycleStep::Stop);
    world.clock.advance(HOUR);
    for step in [LifecycleStep::Conclude { variant: "control".to_owned() }, LifecycleStep::Archive] {
        let stopped = MARCH + 2 * HOUR;
        assert_eq!(
            refused(world.one(exposure("d", "x", "control", stopped))),
            (RefusalCode::AfterStop, "at")
        );
        assert_eq!(refused(world.one(assign("d", "control"))), (RefusalCode::AfterStop, "at"));
        assert_eq!(world.one(assign("c", "discount")), known("control"));
        accepted(world.one(exposure("late", step.name(), "control", stopped - 1)));
        world.step("winback", step);
    }
    world.verify();
}

#[test]
fn an_external_experiment_keeps_what_was_before_its_start() {
    let world = World::new();
    world.start(&format!("{WINBACK}\nassignment: external"));
    accepted(world.one(exposure("c", "x", "control", MARCH - 90 * DAY)));
    let reading = world.reading("winback");
    assert_eq!(reading.aggregates.exposed.len(), 2, "all, and plan: nothing");
    assert_eq!(reading.aggregates.off_assignment, 0, "arms are drawn elsewhere");
    world.verify();
}

#[test]
fn override_customers_are_never_analysed() {
    let world = World::new();
    world.start(&format!("{WINBACK}\noverrides: {{discount: [qa-1]}}"));
    assert_eq!(world.one(assign("qa-1", "control")), known("discount"));
    accepted(world.one(exposure("qa-1", "x", "control", MARCH)));
    world.settle();
    assert!(world.store().customer("winback", "qa-1").unwrap()[0].is_override);
    assert_eq!(world.store().known_variant("winback", "qa-1").unwrap(), None);
    assert!(world.reading("winback").aggregates.exposed.is_empty());
    // Taken from the list, the customer is analysed from the next exposure on.
    world.define(&format!("{WINBACK}\noverrides: {{}}"));
    accepted(world.one(assign("qa-1", "control")));
    assert_eq!(world.reading("winback").aggregates.exposed.len(), 2);
    world.verify();
}

#[test]
fn an_assignment_keeps_only_what_is_analysed() {
    let world = World::running();
    let proposal = Proposal::Assign(ProposedAssign {
        customer: "c".to_owned(),
        experiment: "winback".to_owned(),
        variant: "control".to_owned(),
        attributes: Some(attributes("basic")),
    });
    accepted(world.one(proposal));
    let reading = world.reading("winback");
    let values: Vec<_> = reading.aggregates.exposed.keys().map(|(slice, _)| slice.clone()).collect();
    assert!(format!("{values:?}").contains("basic"));
    // A repeat as a client would send it says which attributes were kept.
    let Proposal::Exposure(mut repeat) = exposure("c", "assign:winback", "control", MARCH) else {
        unreachable!()
    };
    repeat.at = None;
    repeat.attributes = Some([("plan".to_owned(), "basic".into())].into_iter().collect());
    assert_eq!(world.one(Proposal::Exposure(repeat)), Outcome::Duplicate);
}

#[test]
fn the_queue_has_a_bound() {
    let world = World::running();
    world.clock.hold();
    let held = world.store().submit(vec![event("c", "e", "order", None, MARCH)]);
    world.clock.wait_until_read();
    let batch = || vec![event("", "e", "order", None, MARCH); MAX_PROPOSALS];
    let waiting: Vec<_> =
        (0..MAX_QUEUED_FACTS / MAX_PROPOSALS).map(|_| world.store().submit(batch())).collect();
    let refused = world.store().submit(vec![event("c", "f", "order", None, MARCH)]).wait();
    assert!(matches!(refused, Err(IntakeError::Busy { .. })), "{refused:?}");
    world.clock.release();
    held.wait().unwrap();
    waiting.into_iter().for_each(|pending| assert_eq!(pending.wait().unwrap().len(), MAX_PROPOSALS));
    accepted(world.one(event("c", "f", "order", None, MARCH)));
}
