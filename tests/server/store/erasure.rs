//! Erasing a customer: nothing of them stays, and everything else is as if they had never been there.

use std::path::Path;

use experiment_core::definition::{Catalog, read_document};
use experiment_core::time::{DAY, Day, Timestamp};
use experiment_server::store::{
    CatalogError, CustomerHash, Expected, Outcome, Proposal, ProposedExposure, ReapplyError, RefusalCode,
    Store, StoreError, restore,
};
use proptest::prelude::*;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

use super::recount::{
    EXPERIMENTS, SHARED, definitions, identity, proposed_event, proposed_exposure, with_metrics,
};
use super::world::{
    HOUR, MARCH, WINBACK, World, accepted, assign, attributes, copy_files, event, experiment, exposure,
    refused,
};

const ERASURES: TableDefinition<&[u8], (u64, i64, Option<i64>)> = TableDefinition::new("erasures");

/// An id that stands nowhere by chance.
const WHO: &str = "zq-erase-me-7f3a";

/// Which files of the folder hold the bytes.
fn files_with(folder: &Path, bytes: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let content = std::fs::read(entry.path()).unwrap();
        if content.windows(bytes.len()).any(|window| window == bytes.as_bytes()) {
            found.push(entry.file_name().into_string().unwrap());
        }
    }
    found.sort();
    found
}

fn seen(customer: &str, id: &str, variant: &str, plan: &str, at: i64) -> Proposal {
    Proposal::Exposure(ProposedExposure {
        customer: customer.to_owned(),
        experiment: "winback".to_owned(),
        variant: variant.to_owned(),
        id: Some(id.to_owned()),
        at: Some(Timestamp(at)),
        attributes: Some(attributes(plan)),
    })
}

fn erase(world: &World, customer: &str) {
    world.store().erase(customer).wait().unwrap();
    world.store().wait_for_erasures_blocking().unwrap();
}

/// What several days bring, with or without one customer: facts of `WHO` come before, between and after
/// those of the others, cross over, and bring a value of their own.
fn live(world: &World, with: bool) {
    let submit = |proposals: Vec<(bool, Proposal)>| {
        let wanted = proposals.into_iter().filter(|(is_who, _)| with || !is_who);
        let outcomes = world.submit(wanted.map(|(_, proposal)| proposal).collect());
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Accepted(_))), "{outcomes:?}");
    };
    let others = ["a-1", "b-2", "zz-3"];
    submit(vec![
        (true, event(WHO, "e0", "order", 12.0, MARCH - 2 * DAY)),
        (false, event("a-1", "e0", "order", 7.0, MARCH - DAY)),
        (true, event(WHO, "e1", "a name of their own", None, MARCH)),
    ]);
    submit(vec![(true, seen(WHO, "x", "control", "only theirs", MARCH + HOUR))]);
    submit(others.map(|id| (false, seen(id, "x", "discount", "basic", MARCH + HOUR))).into());
    world.settle();
    world.clock.advance(DAY);
    submit(vec![
        (false, event("b-2", "e1", "order", 30.5, MARCH + 26 * HOUR)),
        (true, event(WHO, "e2", "order", 99.0, MARCH + 27 * HOUR)),
        (false, event("zz-3", "e1", "cancel", None, MARCH + 27 * HOUR)),
    ]);
    world.clock.advance(DAY);
    submit(vec![
        (true, seen(WHO, "y", "discount", "basic", MARCH + 40 * HOUR)),
        (false, seen("zz-3", "y", "control", "pro", MARCH)),
        (true, event(WHO, "e3", "cancel", None, MARCH + 50 * HOUR)),
    ]);
    world.settle();
}

/// The sums of every day, and those of now.
fn sums(world: &World) -> Vec<experiment_core::report::Aggregates> {
    world.settle();
    let days = (-1..8).map(|day| Some(Day((MARCH / DAY) as i32 + day))).chain([None]);
    days.filter_map(|day| Some(world.store().aggregates("winback", day).ok()?.aggregates)).collect()
}

#[test]
fn sums_are_as_if_the_customer_had_never_been_there() {
    let (mut with, without) = (World::running(), World::running());
    live(&with, true);
    live(&without, false);
    assert_ne!(sums(&with), sums(&without));
    erase(&with, WHO);
    assert_eq!(sums(&with).len(), 9);
    assert_eq!(sums(&with), sums(&without));
    with.verify();
    with.restart();
    assert_eq!(sums(&with), sums(&without));
    // What follows goes on from there.
    for world in [&with, &without] {
        world.clock.advance(DAY);
        accepted(world.one(event("b-2", "later", "order", 5.0, MARCH + 30 * HOUR)));
        accepted(world.one(seen("new", "x", "control", "basic", MARCH + 60 * HOUR)));
    }
    assert_eq!(sums(&with), sums(&without));
    with.verify();
}

#[test]
fn a_dimension_that_the_customer_made_too_large_is_kept_again() {
    let (with, without) = (World::running(), World::running());
    for world in [&with, &without] {
        let plans = 0..200;
        let seen =
            plans.map(|plan| seen(&format!("c-{plan}"), "x", "control", &format!("plan-{plan}"), MARCH));
        world.submit(seen.collect());
    }
    accepted(with.one(seen(WHO, "x", "control", "one too many", MARCH)));
    assert_eq!(with.reading("winback").aggregates.dropped_dimensions, [0]);
    erase(&with, WHO);
    assert_eq!(with.reading("winback").aggregates, without.reading("winback").aggregates);
    with.verify();
}

#[test]
fn a_metric_that_came_late_is_without_the_customer_too() {
    let later =
        WINBACK.replace("metrics:", "metrics:\n  - {key: came, kind: count, event: order, window: {to: 2d}}");
    let (with, without) = (World::running(), World::running());
    for (world, all) in [(&with, true), (&without, false)] {
        live(world, all);
        world.define(&later);
    }
    erase(&with, WHO);
    with.walk_to_the_end();
    without.walk_to_the_end();
    assert_eq!(sums(&with), sums(&without));
    with.verify();
}

#[test]
fn no_byte_of_the_id_is_left_in_any_file() {
    let world = World::new();
    world.share(&format!("groups: {{vip: [{WHO}, other], numbers: [7]}}"));
    world.start(&WINBACK.replace("metrics:", &format!("overrides: {{discount: [{WHO}, qa-2]}}\nmetrics:")));
    accepted(world.one(event(WHO, &format!("order of {WHO}"), "order", 12.0, MARCH)));
    world.settle();
    accepted(world.one(exposure(WHO, "x", "control", MARCH)));
    // Folded and not folded alike; a neighbour stays.
    accepted(world.one(event("neighbour-5d1c", "e", "order", 1.0, MARCH)));
    accepted(world.one(event(WHO, "late", "order", 3.0, MARCH)));
    assert!(files_with(world.folder.path(), WHO).contains(&"log.redb".to_owned()));
    erase(&world, WHO);
    assert_eq!(files_with(world.folder.path(), WHO), Vec::<String>::new());
    assert_eq!(files_with(world.folder.path(), "neighbour-5d1c"), ["log.redb", "state.redb"]);
    assert_eq!(files_with(world.folder.path(), "log.redb.swap"), Vec::<String>::new());
    let catalog = world.store().catalog();
    assert_eq!(catalog.get("winback").unwrap().overrides.keys().collect::<Vec<_>>(), ["qa-2"]);
    assert_eq!(catalog.shared().catalog.groups["vip"], ["other"]);
    assert_eq!(catalog.shared().catalog.groups["numbers"], [7]);
    world.verify();

    let mut world = world;
    world.restart();
    assert_eq!(files_with(world.folder.path(), WHO), Vec::<String>::new());
    let files = std::fs::read_dir(world.folder.path()).unwrap().count();
    assert_eq!(files, 2, "log.redb and state.redb, and nothing beside them");
    let catalog = world.store().catalog();
    assert_eq!(catalog.get("winback").unwrap().overrides.len(), 1);
    assert_eq!(catalog.shared().catalog.groups["vip"], ["other"]);
}

#[test]
fn who_was_erased_is_not_put_on_a_list_again() {
    let mut world = World::running();
    erase(&world, WHO);
    erase(&world, "77");
    world.restart();
    let facts = world.store().log_position();
    let lists =
        |who: &str| WINBACK.replace("metrics:", &format!("overrides: {{discount: [{who}, qa-2]}}\nmetrics:"));
    let problems = |error: CatalogError| match error {
        CatalogError::Invalid { problems } => problems.iter().map(ToString::to_string).collect::<Vec<_>>(),
        other => panic!("{other}"),
    };
    let refused = world.store().define(experiment(&lists(WHO)), Expected::Any).wait().unwrap_err();
    assert_eq!(
        problems(refused),
        [format!(
            "overrides.discount: names {WHO:?}, a customer who was erased; mend: take them off the list"
        )]
    );
    let groups = format!("groups: {{vip: [{WHO}, other], numbers: [7, 77]}}");
    let catalog = Catalog::parse(read_document(&groups).unwrap()).unwrap();
    let refused = problems(world.store().share(catalog, Expected::Any).wait().unwrap_err());
    assert_eq!(refused.len(), 2, "{refused:?}");
    assert!(refused[0].starts_with("groups.numbers: names \"77\"") && refused[1].starts_with("groups.vip: "));
    assert_eq!(world.store().log_position(), facts);
    assert_eq!(files_with(world.folder.path(), WHO), Vec::<String>::new());
    world.define(&lists("qa-1"));
    world.share("groups: {vip: [other], numbers: [7]}");
}

#[test]
fn a_late_retry_does_not_bring_the_customer_back() {
    let mut world = World::running();
    let order = event(WHO, "e", "order", 12.0, MARCH);
    let shown = exposure(WHO, "x", "control", MARCH);
    accepted(world.one(order.clone()));
    accepted(world.one(shown.clone()));
    let erasure = world.store().erase(WHO).wait().unwrap();
    for restarts in 0..3 {
        let facts = world.store().log_position();
        let again =
            [order.clone(), shown.clone(), assign(WHO, "control"), event(WHO, "f", "order", 1.0, MARCH)];
        for proposal in again {
            assert_eq!(refused(world.one(proposal)), (RefusalCode::Erased, "customer"));
        }
        assert_eq!(world.store().log_position(), facts);
        // Erasing again changes nothing.
        world.store().wait_for_erasures_blocking().unwrap();
        let repeated = world.store().erase(WHO).wait().unwrap();
        assert_eq!((repeated.sequence, repeated.requested_at), (erasure.sequence, erasure.requested_at));
        assert_eq!(repeated.erased_at, Some(Timestamp(MARCH)));
        assert_eq!(world.store().erasure(WHO).unwrap(), Some(repeated));
        assert_eq!(world.store().known_variant("winback", WHO).unwrap(), None);
        accepted(world.one(event(&format!("someone-else-{restarts}"), "e", "order", 12.0, MARCH)));
        world.restart();
    }
    assert_eq!(world.store().erasure("nobody").unwrap(), None);
    world.verify();
}

#[test]
fn facts_and_erasure_in_one_commit_leave_nothing() {
    let world = World::running();
    // Held at its clock, the writer takes in everything that waits at once.
    world.clock.hold();
    let first = world.store().submit(vec![event("other", "e", "order", 1.0, MARCH)]);
    world.clock.wait_until_read();
    let facts = world.store().submit(vec![event(WHO, "e", "order", 1.0, MARCH), assign(WHO, "control")]);
    let erasure = world.store().erase(WHO);
    let after = world.store().submit(vec![event(WHO, "f", "order", 1.0, MARCH)]);
    world.clock.release();
    first.wait().unwrap();
    assert!(facts.wait().unwrap().iter().all(|outcome| matches!(outcome, Outcome::Accepted(_))));
    erasure.wait().unwrap();
    assert_eq!(refused(after.wait().unwrap().remove(0)), (RefusalCode::Erased, "customer"));
    world.store().wait_for_erasures_blocking().unwrap();
    assert_eq!(files_with(world.folder.path(), WHO), Vec::<String>::new());
    world.verify();
}

/// As a crash after the first commit of an erasure left it: not done, with whatever state.
fn undo_done(folder: &Path) {
    let log = Database::open(folder.join("log.redb")).unwrap();
    let transaction = log.begin_write().unwrap();
    {
        let mut erasures = transaction.open_table(ERASURES).unwrap();
        let row = erasures.first().unwrap().map(|(hash, row)| (hash.value().to_vec(), row.value()));
        let (hash, (sequence, requested_at, erased_at)) = row.unwrap();
        assert!(erased_at.is_some());
        erasures.insert(hash.as_slice(), (sequence, requested_at, None)).unwrap();
    }
    transaction.commit().unwrap();
}

fn is_done(folder: &Path) -> bool {
    let log = Database::open(folder.join("log.redb")).unwrap();
    let erasures = log.begin_read().unwrap().open_table(ERASURES).unwrap();
    let row = erasures.first().unwrap().unwrap().1.value();
    row.2.is_some()
}

#[test]
fn a_crash_at_any_point_of_an_erasure_goes_on_with_it() {
    let without = World::running();
    live(&without, false);
    // What a crash may leave: the state of before or the new one, begun copies or none, the log old or new. And
    // what nobody should leave: an old state beside a log that says that all is done.
    for (old_state, pending, copies) in [
        (true, true, true),
        (true, true, false),
        (false, true, true),
        (false, true, false),
        (true, false, false),
    ] {
        let mut world = World::running();
        live(&world, true);
        world.restart();
        world.close();
        let before = std::fs::read(world.folder.path().join("state.redb")).unwrap();
        world.open();
        erase(&world, WHO);
        world.store().shutdown().unwrap();
        world.close();
        let folder = world.folder.path().to_owned();
        if old_state {
            std::fs::write(folder.join("state.redb"), before).unwrap();
            assert_eq!(files_with(&folder, WHO), ["state.redb"]);
        }
        if pending {
            undo_done(&folder);
        }
        if copies {
            std::fs::write(folder.join("log.redb.swap"), WHO).unwrap();
            std::fs::write(folder.join("state.redb.swap"), WHO).unwrap();
        }
        world.open();
        world.store().wait_for_erasures_blocking().unwrap();
        assert_eq!(files_with(&folder, WHO), Vec::<String>::new(), "{old_state} {pending} {copies}");
        assert_eq!(sums(&world), sums(&without));
        world.verify();
        world.store().shutdown().unwrap();
        world.close();
        assert!(is_done(&folder));
    }
}

#[test]
fn a_store_closed_before_the_last_bytes_went_goes_on_when_opened() {
    let mut world = World::running();
    live(&world, true);
    for customer in [WHO, "b-2"] {
        world.store().erase(customer).wait().unwrap();
        // Wherever the sweep is.
        world.close();
        world.open();
    }
    world.store().wait_for_erasures_blocking().unwrap();
    assert_eq!(files_with(world.folder.path(), WHO), Vec::<String>::new());
    assert_eq!(world.store().erasures().unwrap().erasures.len(), 2);
    world.verify();
}

#[test]
fn an_erasure_that_cannot_copy_stays_pending_and_says_so() {
    let mut world = World::running();
    live(&world, true);
    let in_the_way = world.folder.path().join("log.redb.swap");
    std::fs::create_dir(&in_the_way).unwrap();
    assert_eq!(world.store().erase(WHO).wait().unwrap().erased_at, None);
    let error = world.store().wait_for_erasures_blocking().unwrap_err();
    assert!(matches!(error, StoreError::Io { .. }), "{error}");
    assert!(world.store().verify().is_err());
    assert_eq!(world.store().erasure(WHO).unwrap().unwrap().erased_at, None);
    // All else goes on.
    accepted(world.one(event("b-2", "later", "order", 5.0, MARCH + 30 * HOUR)));
    world.settle();
    world.close();
    std::fs::remove_dir(&in_the_way).unwrap();
    world.open();
    world.store().wait_for_erasures_blocking().unwrap();
    assert_eq!(files_with(world.folder.path(), WHO), Vec::<String>::new());
    world.verify();
}

#[test]
fn many_erasures_and_facts_at_once_lose_nothing() {
    const CUSTOMERS: usize = 400;
    let mut world = World::running();
    let facts = |customer: usize| {
        let id = format!("cust-{customer:04}");
        vec![exposure(&id, "x", "control", MARCH), event(&id, "e", "order", 2.0, MARCH + HOUR)]
    };
    world.submit((0..CUSTOMERS).flat_map(facts).collect());
    let store = world.store();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for customer in (0..CUSTOMERS).step_by(4) {
                store.erase(&format!("cust-{customer:04}")).wait().unwrap();
            }
        });
        scope.spawn(|| {
            for customer in CUSTOMERS..2 * CUSTOMERS {
                let outcomes = store.submit(facts(customer)).wait().unwrap();
                assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Accepted(_))));
            }
        });
        for _ in 0..20 {
            store.wait_for_blocking(store.log_position()).unwrap();
            store.aggregates("winback", None).unwrap();
            store.known_variant("winback", "cust-0001").unwrap();
        }
    });
    for restarted in [false, true] {
        if restarted {
            world.restart();
        }
        world.store().wait_for_erasures_blocking().unwrap();
        world.verify();
        let exposed = world.reading("winback").aggregates.exposed;
        let exposed: i64 = exposed
            .iter()
            .filter(|((slice, _), _)| *slice == experiment_core::measure::Slice::All)
            .map(|(_, moments)| moments.n())
            .sum();
        assert_eq!(exposed, (2 * CUSTOMERS - CUSTOMERS / 4) as i64);
        assert_eq!(world.store().log_position(), 2 + 4 * CUSTOMERS as u64 + CUSTOMERS as u64 / 4);
        assert_eq!(files_with(world.folder.path(), "cust-0004"), Vec::<String>::new());
        assert!(world.store().erasures().unwrap().erasures.iter().all(|erasure| erasure.erased_at.is_some()));
    }
}

#[test]
fn past_days_say_how_many_are_missing() {
    let world = World::running();
    live(&world, true);
    world.clock.advance(3 * DAY);
    erase(&world, WHO);
    accepted(world.one(event("b-2", "later", "order", 5.0, MARCH + 30 * HOUR)));
    world.settle();
    let missing = |day| {
        let day = Day((MARCH / DAY) as i32 + day);
        world.store().aggregates("winback", Some(day)).unwrap().erased_since
    };
    assert_eq!([0, 1, 4, 5, 6].map(missing), [1, 1, 1, 0, 0]);
    assert_eq!(world.reading("winback").erased_since, 0);
}

#[test]
fn an_older_backup_is_erased_again() {
    let mut world = World::running();
    live(&world, true);
    world.store().shutdown().unwrap();
    world.close();
    let backup = tempfile::tempdir().unwrap();
    copy_files(world.folder.path(), backup.path());
    world.open();
    for customer in [WHO, "came-later"] {
        erase(&world, customer);
    }
    let erasures = world.store().erasures().unwrap();

    let restored = Store::open(backup.path(), world.clock()).unwrap();
    assert_eq!(restored.reapply(&erasures).unwrap(), 2);
    assert_eq!(restored.reapply(&erasures).unwrap(), 0);
    restored.wait_for_erasures_blocking().unwrap();
    assert_eq!(files_with(backup.path(), WHO), Vec::<String>::new());
    for customer in [WHO, "came-later"] {
        let late = restored.submit(vec![event(customer, "e", "order", 1.0, MARCH)]).wait().unwrap().remove(0);
        assert_eq!(refused(late).0, RefusalCode::Erased);
    }
    assert_eq!(restored.verify().unwrap().differences, Vec::<String>::new());
    let day = Day((MARCH / DAY) as i32 + 2);
    let sums = |store: &Store| store.aggregates("winback", Some(day)).unwrap().aggregates;
    assert_eq!(sums(&restored), sums(world.store()));

    let other = World::new();
    assert!(matches!(other.store().reapply(&erasures), Err(ReapplyError::OtherKey)));
    assert_eq!(other.store().erasures().unwrap().erasures, []);
}

#[test]
fn a_restored_backup_keeps_erasures_and_their_key() {
    let world = World::running();
    live(&world, true);
    erase(&world, WHO);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("copy.backup");
    let mut copy = std::fs::File::create(&file).unwrap();
    world.store().back_up(&mut copy, &mut |_, _| ()).unwrap();
    assert_eq!(files_with(folder.path(), WHO), Vec::<String>::new());
    let before = world.store().erasures().unwrap();
    erase(&world, "a-1");

    let restored = folder.path().join("restored");
    restore(&file, &restored, &mut |_, _| ()).unwrap();
    let restored = Store::open(&restored, world.clock()).unwrap();
    restored.wait_for_blocking(restored.log_position()).unwrap();
    assert_eq!(restored.erasures().unwrap(), before);
    assert_eq!(restored.audit().unwrap().broken, None);
    assert_eq!(restored.reapply(&world.store().erasures().unwrap()).unwrap(), 1);
    restored.wait_for_erasures_blocking().unwrap();
    assert_eq!(restored.verify().unwrap().differences, Vec::<String>::new());
    let sums = |store: &Store| store.aggregates("winback", None).unwrap().aggregates;
    assert_eq!(sums(&restored), sums(world.store()));
}

#[test]
fn an_erasure_holds_no_more_than_a_hash() {
    let world = World::running();
    live(&world, true);
    let first = world.store().erase(WHO).wait().unwrap();
    assert_eq!(CustomerHash::parse(&first.customer.to_string()), Some(first.customer));
    let other = World::running();
    let elsewhere = other.store().erase(WHO).wait().unwrap();
    assert_ne!(elsewhere.customer, first.customer, "each log has a key of its own");
}

#[derive(Debug, Clone)]
enum Act {
    Propose(Vec<Proposal>),
    Advance(i64),
    Erase(u8),
    Restart,
    Crash,
    Settle,
    /// Which of the secondary metrics there are from now on in one of the experiments.
    Metrics(usize, u16),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    // An id that the server makes depends on how many facts there are, and ends ties.
    let named = |proposal: &Proposal| identity(proposal).is_some();
    let proposal = prop_oneof![5 => proposed_event(), 3 => proposed_exposure()].prop_filter("no id", named);
    let act = prop_oneof![
        12 => proptest::collection::vec(proposal, 1..12).prop_map(Act::Propose),
        4 => (1..30 * HOUR).prop_map(Act::Advance),
        2 => (0..5_u8).prop_map(Act::Erase),
        1 => Just(Act::Restart),
        1 => Just(Act::Crash),
        1 => Just(Act::Settle),
        2 => (0..3_usize, any::<u16>()).prop_map(|(experiment, kept)| Act::Metrics(experiment, kept)),
    ];
    proptest::collection::vec(act, 1..30)
}

/// Plays a life without the facts of `absent`; they are erased only if `erases`.
fn play(acts: &[Act], absent: &[String], erases: bool) -> World {
    let mut world = World::new();
    world.share(SHARED);
    for definition in definitions() {
        world.start(&definition);
    }
    for act in acts {
        match act {
            Act::Propose(proposals) => {
                let there = |proposal: &&Proposal| {
                    identity(proposal).is_none_or(|(customer, _, _)| erases || !absent.contains(&customer))
                };
                world.submit(proposals.iter().filter(there).cloned().collect());
            }
            Act::Advance(by) => world.clock.advance(*by),
            Act::Erase(customer) if erases => {
                world.store().erase(&format!("c-{customer}")).wait().unwrap();
            }
            Act::Erase(_) => {}
            Act::Restart => world.restart(),
            Act::Crash => {
                // No file may be swapped while it is copied.
                world.store().wait_for_erasures_blocking().unwrap();
                world.crash();
            }
            Act::Settle => world.verify(),
            Act::Metrics(experiment, kept) => {
                let definition = with_metrics(&definitions()[*experiment], *kept);
                // Who was erased is on no list any more, and can't be put on one again.
                let is_erased = world.store().erasure("c-0").unwrap().is_some();
                let lists = if is_erased { "[]" } else { "[c-0]" };
                world.define(&definition.replace("{discount: [c-0]}", &format!("{{discount: {lists}}}")));
            }
        }
    }
    world.store().wait_for_erasures_blocking().unwrap();
    world.walk_to_the_end();
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, ..ProptestConfig::default() })]

    #[test]
    fn any_life_with_erasures_is_one_without_whom_they_erased(acts in acts()) {
        let erased = acts.iter().filter_map(|act| match act {
            Act::Erase(customer) => Some(format!("c-{customer}")),
            _ => None,
        });
        let erased: Vec<String> = erased.collect();
        let (mut with, without) = (play(&acts, &erased, true), play(&acts, &erased, false));
        for reopened in [false, true] {
            if reopened {
                with.close();
                std::fs::remove_file(with.folder.path().join("state.redb")).unwrap();
                with.open();
                with.walk_to_the_end();
            }
            with.verify();
            for key in EXPERIMENTS {
                for day in (0..50).map(|day| Some(Day((MARCH / DAY) as i32 + day))).chain([None]) {
                    let sums = |world: &World| world.store().aggregates(key, day).unwrap().aggregates;
                    prop_assert_eq!(sums(&with), sums(&without), "{} on {:?}", key, day);
                }
            }
        }
        prop_assert_eq!(with.store().audit().unwrap().broken, None);
    }
}
