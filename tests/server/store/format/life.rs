//! The life of a small store in which everything comes about that its files can hold.

use experiment_core::assignment::{Customer, NoMemory, assign as decide};
use experiment_core::definition::{Catalog, LifecycleStep, read_document};
use experiment_core::time::{DAY, Span, Timestamp};
use experiment_server::store::{
    Attributes, Expected, Expires, NewKey, Outcome, Proposal, ProposedAssign, ProposedEvent,
    ProposedExposure, Role, Rotation,
};

use super::super::recount::definitions;
use super::super::world::{HOUR, MARCH, WINBACK, World, event, experiment};

/// A customer who is erased.
pub(super) const ERASED: &str = "zq-erased";
/// On an override list.
const TESTER: &str = "qa-1";
/// Customers who come on each day.
const A_DAY: i64 = 2;
const DAYS: i64 = 4;

const SHARED: &str = "
segments: {basic: {id: {$inGroup: chosen}}, rich: {spent: {$gte: 100}}}
groups: {chosen: [c-00, c-04, zq-erased], numbers: [7, 8.5]}
layers: {seasons: {salt: winter}}
";

/// It has all its life behind it, and more shops than are sliced by.
const PAST: &str = "
key: past
hypothesis: shops differ
variants: [{key: a}, {key: b}]
layer: {key: seasons, share: 0.25}
audience: {segment: rich}
dimensions: [shop]
metrics: [{key: bought, kind: conversion, event: order, window: {to: 1d}, role: primary}]
plan: {target: {customers_per_arm: 100}}
";

/// Metrics that come while the experiment runs.
const LATE: [&str; 2] = ["  - {key: nps,", "  - {key: cancelled,"];

/// Three experiments, four days of facts, keys, an erasure that is done, and a walk that is half done.
pub(super) fn lived() -> World {
    let world = World::by_hand();
    world.share("groups: {chosen: [c-00]}");
    let shared = Catalog::parse(read_document(SHARED).unwrap()).unwrap();
    world.store().acting("alice").share(shared, Expected::Any).wait().unwrap();
    let [winback, _, exact] = definitions();
    let winback = winback.replace("[c-0]", &format!("[{TESTER}, {ERASED}]"));
    let early: Vec<&str> =
        exact.lines().filter(|line| !LATE.iter().any(|late| line.starts_with(late))).collect();
    for definition in [&winback, PAST, &early.join("\n")] {
        world.store().acting("bob").define(experiment(definition), Expected::New).wait().unwrap();
        world.step(&experiment(definition).key, LifecycleStep::Start);
    }
    keys(&world);
    for day in 0..DAYS {
        world.clock.set(MARCH + day * DAY + 20 * HOUR);
        let facts = facts(&world, day);
        accept(&world, facts);
        if day == 1 {
            shops(&world);
        }
    }
    world.clock.advance(DAY);
    world.step("past", LifecycleStep::Stop);
    world.step("past", LifecycleStep::Conclude { variant: "b".to_owned() });
    world.step("past", LifecycleStep::Archive);
    world.store().acting("carol").erase(ERASED).wait().unwrap();
    world.store().wait_for_erasures_blocking().unwrap();
    // Other lists under the same definition, then another definition under the same lists.
    world.define(&winback.replace(ERASED, "qa-2"));
    world.define(&format!("{WINBACK}\ntraffic: 0.5"));
    world.define(&exact);
    world.walk(3);
    world
}

/// A key in force for good, one that another took the place of, and one that was taken back.
fn keys(world: &World) {
    let store = world.store();
    let made = |mut key: NewKey, expires: Option<i64>, rate: Option<&str>| {
        key.expires = expires.map_or(Expires::Never, |span| Expires::After(Span(span)));
        key.rate = rate.map(|rate| rate.parse().unwrap());
        store.create_key(key).wait().unwrap().key.id
    };
    made(NewKey::new("ops", Role::Admin).unwrap(), None, None);
    let shop = made(NewKey::new("shop", Role::Client).unwrap(), Some(90 * DAY), Some("500/s"));
    let report = made(NewKey::new("reports", Role::Analyst).unwrap(), None, Some("20/m"));
    world.clock.advance(HOUR);
    let rotation = Rotation { old: shop, overlap: Span(7 * DAY), expires: None };
    store.acting("dave").rotate_key(rotation).wait().unwrap();
    store.acting("dave").revoke_key(report).wait().unwrap();
}

fn accept(world: &World, proposals: Vec<Proposal>) {
    let outcomes = world.submit(proposals);
    let refused = outcomes.iter().find(|outcome| !matches!(outcome, Outcome::Accepted(_)));
    assert_eq!(refused, None);
}

/// What one day brings.
fn facts(world: &World, day: i64) -> Vec<Proposal> {
    let mut facts = Vec::new();
    let (from, noon) = (MARCH + day * DAY, MARCH + day * DAY + 12 * HOUR);
    for i in day * A_DAY..(day + 1) * A_DAY {
        let (customer, other) = (format!("c-{i:02}"), i % 7 == 3);
        let variant = if i % 2 == 0 { "control" } else { "discount" };
        let plan = Some(["basic", "pro", ""][i as usize % 3]);
        facts.push(match i % 3 {
            0 => assigned("winback", &customer, variant, plan),
            1 => seen("winback", &customer, None, variant, None, None),
            _ => seen("winback", &customer, Some("x"), variant, Some(from + i * HOUR / 2), plan),
        });
        let drawn = drawn(world, &customer);
        let variant = if other == (drawn == "control") { "discount" } else { "control" };
        facts.push(seen("exact", &customer, Some("x"), variant, Some(from + i * HOUR / 3), plan));
    }
    for i in 0..(day + 1) * A_DAY {
        let customer = format!("c-{i:02}");
        let order = |value: f64, at| event(&customer, &format!("order-{day}"), "order", value, at);
        if (i + day) % 3 != 0 {
            facts.push(order((i * 7 + day * 3) as f64 / 4.0, noon + i * HOUR / 4));
        }
        if i % 4 == day {
            let score = ((i + day) % 11) as f64;
            facts.push(event(&customer, &format!("login-{day}"), "login", score, noon + HOUR));
        }
        if i % 8 == 5 && day == 3 {
            facts.push(event(&customer, "cancel", "cancel", None, noon));
        }
    }
    match day {
        0 => facts.extend([
            seen("winback", TESTER, Some("x"), "discount", Some(noon), Some("pro")),
            event(TESTER, "order", "order", 5.0, noon),
            bare("c-02", Some(-12.5), None, None),
            // Before the first exposure, and a value with more digits than are kept.
            event("c-03", "before", "order", 0.000_000_5, MARCH - 3 * DAY),
        ]),
        1 => facts.extend([
            // From one variant to the other.
            seen("winback", "c-01", Some("y"), "control", Some(noon), Some("pro")),
            // Dated ahead: kept at its time of receipt.
            event("c-05", "ahead", "order", 3.0, MARCH + 5 * DAY),
            bare("c-02", None, Some("note"), Some("from the \u{15f}op")),
            seen("exact", ERASED, Some("x"), drawn(world, ERASED), Some(noon), Some("basic")),
            event(ERASED, "order", "order", 50.0, noon + HOUR),
            event(ERASED, "own", "a name of their own", None, noon + HOUR),
        ]),
        3 => facts.extend([
            // After its window and grace are over.
            event("c-01", "late", "order", 40.0, MARCH + 6 * HOUR),
            event("c-06", "huge", "order", 1e9, noon),
            event(ERASED, "late", "order", 60.0, noon),
        ]),
        _ => {}
    }
    facts
}

/// Exposures of so many shops that none are told apart.
fn shops(world: &World) {
    let shops = (0..201).map(|shop| {
        let at = MARCH + DAY + HOUR + shop;
        let variant = if shop % 2 == 0 { "a" } else { "b" };
        let mut proposal = seen("past", &format!("s-{shop:03}"), Some("x"), variant, Some(at), None);
        if let Proposal::Exposure(exposure) = &mut proposal {
            let shop = [("shop".to_owned(), shop.into()), ("spent".to_owned(), 100.5.into())];
            exposure.attributes = Some(Attributes::from_iter(shop));
        }
        proposal
    });
    accept(world, shops.collect());
}

/// The variant of `exact` by our own draw.
fn drawn(world: &World, customer: &str) -> &'static str {
    let catalog = world.store().catalog();
    let decision = decide(catalog.snapshot().get("exact").unwrap(), Customer::new(customer), &NoMemory);
    if decision.variant() == Some(0) { "control" } else { "discount" }
}

fn plan(plan: Option<&str>) -> Option<Attributes> {
    plan.map(|plan| Attributes::from_iter([("plan".to_owned(), plan.into()), ("age".to_owned(), 7.into())]))
}

fn assigned(experiment: &str, customer: &str, variant: &str, of: Option<&str>) -> Proposal {
    Proposal::Assign(ProposedAssign {
        customer: customer.to_owned(),
        experiment: experiment.to_owned(),
        variant: variant.to_owned(),
        attributes: plan(of),
    })
}

fn seen(
    experiment: &str,
    customer: &str,
    id: Option<&str>,
    variant: &str,
    at: Option<i64>,
    of: Option<&str>,
) -> Proposal {
    Proposal::Exposure(ProposedExposure {
        customer: customer.to_owned(),
        experiment: experiment.to_owned(),
        variant: variant.to_owned(),
        id: id.map(str::to_owned),
        at: at.map(Timestamp),
        attributes: plan(of),
    })
}

/// An order without a time, perhaps without an id, and with more to it.
fn bare(customer: &str, value: Option<f64>, id: Option<&str>, note: Option<&str>) -> Proposal {
    let note = note.map(|note| Attributes::from_iter([("note".to_owned(), note.into())]));
    Proposal::Event(ProposedEvent {
        customer: customer.to_owned(),
        event: "order".to_owned(),
        id: id.map(str::to_owned),
        value,
        at: None,
        attributes: note,
    })
}
